// Adoption: what is not ours becomes a lot of ours, at its cost, protected, counted; or a reason why not.
#include "tests/core/position_world.hpp"
#include "tests/core/risk_support.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

namespace {

Level price_at(Price price) { return {LevelKind::price, price}; }
Level percent(Decimal value) { return {LevelKind::percent, value}; }

// Somebody else bought (or sold) `quantity` at 100, and the reconciler has seen it.
World with_external(Quantity quantity, const VenueCapabilities& can = alpaca_like()) {
  World w{can};
  w.venue.position = quantity;
  w.feed(ExternalChange{quantity, 100_d});
  return w;
}

AdoptExternal adoption(World& w, Side side = Side::buy, std::optional<Quantity> quantity = {}) {
  AdoptExternal out;
  out.intent = w.intent(IntentAction::adopt, "strat", side);
  out.intent.origin = Origin::manual;
  out.intent.size = quantity ? Size{SizeKind::quantity, *quantity, {}} : Size{SizeKind::all, {}, {}};
  out.intent.protection.stop = percent(8_d);
  out.intent.protection.target = percent(20_d);
  out.broker = w.venue.position;
  out.avg_px = 100_d;
  out.last_price = 101_d;
  return out;
}

OrderReport somebodys(Side side, Quantity quantity, OrderStatus status = OrderStatus::accepted) {
  OrderReport report;
  report.client_order_id = "by-hand";
  report.venue_order_id = "V-77";
  report.ours = false;
  report.side = side;
  report.type = OrderType::stop;
  report.status = status;
  report.quantity = quantity;
  return report;
}

const Lot& lot_of(const World& w, const std::string& strategy) {
  const auto found = std::ranges::find_if(
    w.state.lots, [&](const Lot& lot) { return lot.strategy == StrategyId{strategy} && !lot.quantity.is_zero(); });
  REQUIRE(found != w.state.lots.end());
  return *found;
}

}  // namespace

TEST_CASE("adoption: the whole is owned, protected and closed by its target, at every venue", "[core][position]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const auto side = GENERATE(Side::buy, Side::sell);
  INFO(can.name << " " << to_string(side));
  const bool buy = side == Side::buy;
  auto w = with_external(buy ? 10_d : -10_d, can);
  CHECK(w.exits_text().empty());  // listed, not touched
  auto adopt = adoption(w, side);
  adopt.due_session = w.context.session + std::chrono::days{14};
  adopt.last_price = 100_d;
  w.feed(adopt);
  CHECK(w.out.answer.str() == "filled");
  w.calm();
  CHECK(owned_quantity(w.state) == w.venue.position);
  CHECK(net_quantity(w.state) == w.venue.position);
  CHECK(lot_of(w, "strat").cost == 1'000_d);
  CHECK(w.only(Leg::stop_loss).now.stop_price == (buy ? 92_d : 108_d));
  CHECK_FALSE(naked_since(w.state));
  CHECK(to_row(w.state, w.context).strategies == "strat");
  CHECK(to_row(w.state, w.context).due_session == adopt.due_session);
  CHECK(to_row(w.state, w.context).protected_quantity == 10_d);
  w.fill(Leg::take_profit, 10_d, buy ? 120_d : 80_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.exits_text().empty());
  REQUIRE(w.trades.size() == 1);
  CHECK(w.trades.begin()->second.pnl == 200_d);
  CHECK(w.trades.begin()->second.strategy == StrategyId{"strat"});
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("external: gone and there again, it counts once", "[core][position]") {
  auto w = with_external(5_d);
  for (const auto now : {0_d, 7_d, 7_d, -3_d, 0_d, 2_d}) {
    w.feed(ExternalChange{now, 100_d});
    CHECK(net_quantity(w.state) == now);
    CHECK(w.state.cost == now.abs() * 100_d);
  }
}

TEST_CASE("adoption: a part leaves the rest as it was", "[core][position]") {
  auto w = with_external(10_d);
  w.feed(adoption(w, Side::buy, 4_d));
  CHECK(w.out.answer.str() == "filled");
  w.calm();
  CHECK(lot_of(w, "strat").quantity == 4_d);
  CHECK(lot_of(w, "external").quantity == 6_d);
  CHECK(lot_of(w, "external").cost == 600_d);
  CHECK(w.only(Leg::stop_loss).now.quantity == 4_d);
  CHECK(to_row(w.state, w.context).cost == 1'000_d);
  w.feed(w.close());
  w.calm();
  w.fill(Leg::close, 4_d, 103_d);
  w.calm();
  CHECK(w.venue.position == 6_d);  // somebody else's stay
  CHECK(net_quantity(w.state) == 6_d);
  CHECK(owned_quantity(w.state).is_zero());
  CHECK(w.exits_text().empty());
}

TEST_CASE("adoption: beside what Heed holds already", "[core][position]") {
  World w{alpaca_like()};
  w.feed(w.entry(Side::buy, 10_d, 95_d, 110_d, "other"));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  w.venue.position = 15_d;  // and 5 by hand
  auto adopt = adoption(w);
  w.feed(adopt);
  CHECK(w.out.answer.str() == "failed:position_mismatch");  // the books do not know of them yet
  CHECK(w.out.events.empty());
  w.feed(Quarantine{"differs"});  // what the reconciler makes of it
  w.feed(adopt);
  CHECK(w.out.answer.str() == "filled");
  w.calm();
  CHECK(lot_of(w, "other").quantity == 10_d);
  CHECK(lot_of(w, "strat").quantity == 5_d);
  CHECK(net_quantity(w.state) == w.venue.position);
  CHECK(w.venue.held_for_exits() == 15_d);
  CHECK_FALSE(naked_since(w.state));
  w.feed(LiftQuarantine{"reconciler", true});
  CHECK(w.state.quarantine.empty());
}

TEST_CASE("adoption: what the reconciler has not seen yet is seen now", "[core][position]") {
  World w{alpaca_like()};
  w.venue.position = 10_d;
  w.feed(adoption(w));
  CHECK(w.out.answer.str() == "filled");
  w.calm();
  CHECK(owned_quantity(w.state) == 10_d);
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
}

TEST_CASE("adoption: said twice, or decided again after a restart, it is one", "[core][position]") {
  auto w = with_external(10_d);
  const auto adopt = adoption(w, Side::buy, 4_d);
  w.feed(adopt);
  w.calm();
  w.feed(adopt);  // the same intent
  CHECK(w.out.answer.str() == "filled");
  CHECK(w.out.events.empty());
  w.feed(adoption(w));  // another: the rest
  w.calm();
  CHECK(owned_quantity(w.state) == 10_d);
  w.feed(adoption(w));
  CHECK(w.out.answer.str() == "no_op:nothing_external");
  CHECK(w.out.events.empty());
}

TEST_CASE("adoption: refusals name the thing", "[core][position]") {
  auto w = with_external(10_d);
  auto adopt = adoption(w);
  std::string answer;
  std::string told;
  const auto expect = [&](const std::string& disposition, const std::string& text) {
    answer = disposition;
    told = text;
  };
  SECTION("more than is there") {
    adopt = adoption(w, Side::buy, 11_d);
    expect("invalid:quantity", "the 10 that are not Heed's");
  }
  SECTION("nothing") {
    adopt = adoption(w, Side::buy, 0_d);
    expect("invalid:quantity", "0 is not between");
  }
  SECTION("the wrong side") {
    adopt = adoption(w, Side::sell);
    adopt.intent.protection.stop = price_at(120_d);
    expect("invalid:side", "is long 10");
  }
  SECTION("the owner it has") {
    adopt.intent.strategy = "external";
    expect("invalid:strategy", "shall own it");
  }
  SECTION("no levels") {
    adopt.intent.protection = {};
    expect("invalid:protection", "neither a stop nor a target");
  }
  SECTION("a stop that is passed already") {
    adopt.last_price = 90_d;
    expect("invalid:protection", "stop 92 is not below the last price 90");
  }
  SECTION("a target that is passed already") {
    adopt.last_price = 130_d;
    expect("invalid:protection", "target 120 is not above the last price 130");
  }
  SECTION("a price that is no price") {
    adopt.intent.protection.stop = price_at(0_d);
    expect("invalid:protection", "stop 0 is not");
  }
  SECTION("it was sold meanwhile") {
    adopt.broker = 0_d;
    expect("no_op:nothing_external", "holds 0");
  }
  SECTION("somebody else's stop would sell it") {
    adopt.foreign = {somebodys(Side::sell, 10_d), somebodys(Side::sell, 10_d, OrderStatus::held)};
    expect("no_op:others_orders", "of 10, 10 are promised to orders of somebody else: sell 10 stop (order V-77)");
  }
  w.feed(adopt);
  CHECK(w.out.answer.str() == answer);
  CHECK(w.out.reason.find(told) != std::string::npos);
  INFO(w.out.reason);
  CHECK(w.out.events.empty());
  CHECK(w.exits_text().empty());
}

TEST_CASE("adoption: what somebody's orders leave may be taken", "[core][position]") {
  auto w = with_external(10_d);
  auto adopt = adoption(w, Side::buy, 6_d);
  adopt.foreign = {somebodys(Side::sell, 4_d), somebodys(Side::buy, 5_d),
                   somebodys(Side::sell, 9_d, OrderStatus::filled)};
  w.feed(adopt);
  CHECK(w.out.answer.str() == "filled");
}

TEST_CASE("adoption: a price is where it rests, whatever was paid", "[core][position]") {
  auto w = with_external(10_d);
  auto adopt = adoption(w);
  adopt.last_price = 140_d;
  adopt.intent.protection.stop = price_at(130.004_d);  // locks a gain in
  adopt.intent.protection.target.reset();
  w.feed(adopt);
  w.calm();
  CHECK(w.only(Leg::stop_loss).now.stop_price == 130_d);
  CHECK(w.working(Leg::take_profit).empty());
}

TEST_CASE("adoption: waits while an entry is at work", "[core][position]") {
  auto w = with_external(10_d);
  w.feed(w.entry(Side::buy, 5_d, 95_d, 110_d, "other"));
  w.feed(adoption(w));
  CHECK(w.out.answer.str() == "failed:busy");
}

TEST_CASE("adoption: risk counts it for its new owner, once, and not as a trade of the day",
          "[core][position][risk]") {
  World w{alpaca_like()};
  RiskLedger ledger{"acc", wide_limits()};
  ledger.roll_day(w.context.session, 100'000_d);
  w.ledger = &ledger;
  w.venue.position = 10_d;
  w.feed(adoption(w, Side::buy, 4_d));
  const auto* risk = ledger.find("XYZ");
  REQUIRE(risk != nullptr);
  CHECK(risk->quantity == 10_d);
  CHECK(risk->cost == 1'000_d);
  CHECK(risk->strategies.at("strat").held == 4_d);
  CHECK(risk->strategies.at("external").held == 6_d);
  CHECK(ledger.open_positions() == 1);
  CHECK(ledger.state().today.trades == 0);
  w.feed(adoption(w));
  risk = ledger.find("XYZ");
  CHECK(risk->strategies.at("strat").held == 10_d);
  CHECK_FALSE(risk->strategies.contains("external"));
}
