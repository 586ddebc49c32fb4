// After the loss of the journal: what the broker lists under our names is ours again, and is left as it is.
#include "core/calendar.hpp"
#include "tests/core/position_world.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

namespace {

const auto nyse = MarketCalendar::nyse();

/// What the reconciler would hand over: the venue's lists, and the strategies that are configured.
RebuildOwnership lists_of(const World& w, std::vector<StrategyTerms> strategies) {
  RebuildOwnership out;
  out.broker = w.venue.position;
  out.avg_px = 100_d;
  out.strategies = std::move(strategies);
  for (const auto& order : w.venue.orders) {
    auto report = order.now;
    report.created_at = report.at = w.context.now;
    out.orders.push_back(report);
  }
  return out;
}

std::vector<StrategyTerms> terms_of(std::vector<std::string> names) {
  std::vector<StrategyTerms> out;
  for (const auto& name : names) {
    StrategyTerms terms{StrategyId{name}, {}, 10};
    terms.protection.stop = Level{LevelKind::percent, 8_d};
    terms.protection.target = Level{LevelKind::percent, 20_d};
    out.push_back(terms);
  }
  return out;
}

ClientOrderId enter(World& w, const char* strategy, Side side, Quantity quantity) {
  const bool buy = side == Side::buy;
  const auto entry = w.entry(side, quantity, buy ? 92_d : 108_d, buy ? 120_d : 80_d, strategy);
  w.feed(entry);
  REQUIRE(w.out.answer.str() == "in_flight");
  w.calm();
  return entry.client_order_id;
}
void open(World& w, const char* strategy, Side side, Quantity quantity) {
  w.venue.fill(enter(w, strategy, side, quantity), quantity, 100_d);
  w.collect();
  w.calm();
}

/// The same venue; nothing is remembered.
void lose_journal(World& w) {
  w.crash();
  w.state = PositionState{};
  w.state.account = "acc";
  w.state.symbol = "XYZ";
  w.decisions.clear();
  w.order_rows.clear();
  w.fills.clear();
  w.alerts.clear();
  w.context.calendar = &nyse;
}

int alerts_of(const World& w, const std::string& code) {
  return static_cast<int>(std::ranges::count(w.alerts, code, &RaiseAlert::code));
}

}  // namespace

TEST_CASE("rebuild: a protected position is ours again, its exits are kept, and its target ends it",
          "[core][position][rebuild]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const auto side = GENERATE(Side::buy, Side::sell);
  INFO(can.name << " " << to_string(side));
  World w{can};
  open(w, "strat", side, 10_d);
  const auto exits = w.exits_text();
  const auto submitted = w.submitted.size();
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  CHECK(w.exits_text() == exits);
  CHECK(w.submitted.size() == submitted);
  CHECK(owned_quantity(w.state) == w.venue.position);
  CHECK(to_row(w.state, w.context).strategies == "strat");
  CHECK(to_row(w.state, w.context).protected_quantity == 10_d);
  CHECK(to_row(w.state, w.context).due_session == nyse.add_sessions(w.context.session, 10));
  CHECK_FALSE(naked_since(w.state));
  CHECK(alerts_of(w, "OWNERSHIP_REBUILT") == 1);
  w.pass(std::chrono::minutes{2});
  CHECK(w.exits_text() == exits);
  w.fill(Leg::take_profit, 10_d, side == Side::buy ? 120_d : 80_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.exits_text().empty());
  REQUIRE(w.trades.size() == 1);
  CHECK(w.trades.begin()->second.pnl == 200_d);
  CHECK(w.trades.begin()->second.reason == CloseReason::tp_hit);
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: the same call again is the same order", "[core][position][rebuild]") {
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 92_d, 120_d);
  w.feed(entry);
  w.calm();
  if (GENERATE(true, false)) {
    w.venue.fill(entry.client_order_id, 10_d, 100_d);
    w.collect();
    w.calm();
  }
  const bool filled = w.venue.position == 10_d;
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  const auto submitted = w.submitted.size();
  w.feed(entry);
  CHECK(w.out.answer.str() == (filled ? "filled" : "in_flight"));
  w.calm();
  CHECK(w.submitted.size() == submitted);
}

TEST_CASE("rebuild: an entry at work goes on, and is protected when it fills", "[core][position][rebuild]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const auto filled_before = GENERATE(0_d, 4_d);
  INFO(can.name << " " << filled_before.str());
  World w{can};
  w.policy.partial_grace = std::chrono::hours{1};
  const auto entry = enter(w, "strat", Side::buy, 10_d);
  if (filled_before.is_positive()) {
    w.venue.fill(entry, filled_before, 100_d);
    w.collect();
    w.calm();
  }
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  CHECK(phase(w.state) == (filled_before.is_zero() ? Phase::opening : Phase::open));
  CHECK(net_quantity(w.state) == filled_before);
  // Where exits follow each fill, what is held is a lot beside the entry's.
  CHECK(w.decisions.size() == (can.native_bracket || filled_before.is_zero() ? 1U : 2U));
  w.venue.fill(entry, 10_d - filled_before, 100_d);
  w.collect();
  w.calm();
  w.pass(std::chrono::minutes{2});
  CHECK(owned_quantity(w.state) == 10_d);
  CHECK(to_row(w.state, w.context).protected_quantity == 10_d);
  for (const auto& [signal, disposition] : w.decisions)
    CHECK(disposition.str() == "filled");
  CHECK(w.venue.held_for_exits() <= (can.holds_quantity ? 10_d : 20_d));
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: each exit keeps its level, and each strategy what is its own", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "one", Side::buy, 10_d);
  open(w, "two", Side::buy, 5_d);
  open(w, "one", Side::buy, 3_d);
  w.venue.position += 7_d;  // somebody else's
  const auto exits = w.exits_text();
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"one", "two"})));
  w.calm();
  w.pass(std::chrono::minutes{1});
  CHECK(w.exits_text() == exits);
  CHECK(owned_quantity(w.state) == 18_d);
  CHECK(net_quantity(w.state) == 25_d);
  std::map<std::string, Quantity> by_owner;
  for (const auto& lot : w.state.lots)
    by_owner[lot.strategy.str()] += lot.quantity;
  CHECK(by_owner == std::map<std::string, Quantity>{{"external", 7_d}, {"one", 13_d}, {"two", 5_d}});
  w.feed(w.close("one"));
  w.calm();
  w.venue.fill(w.only(Leg::close).made.client_order_id, 13_d, 101_d);
  w.collect();
  w.calm();
  CHECK(owned_quantity(w.state) == 5_d);
  CHECK(w.venue.position == 12_d);
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: what a target filled in part is gone from its stop too", "[core][position][rebuild]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), full_like());
  INFO(can.name);
  World w{can};
  open(w, "strat", Side::buy, 10_d);
  w.fill(Leg::take_profit, 4_d, 120_d);
  w.calm();
  w.pass(std::chrono::minutes{1});
  const auto exits = w.exits_text();
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  w.pass(std::chrono::minutes{1});
  CHECK(w.exits_text() == exits);
  CHECK(owned_quantity(w.state) == 6_d);
  CHECK(to_row(w.state, w.context).protected_quantity == 6_d);
  w.fill(Leg::stop_loss, 6_d, 92_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.exits_text().empty());
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: where the list does not reach back to the entry, the exits tell", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "strat", Side::buy, 10_d);
  const auto exits = w.exits_text();
  lose_journal(w);
  auto lists = lists_of(w, terms_of({"strat"}));
  std::erase_if(lists.orders, [](const OrderReport& order) { return order.leg == Leg::entry; });
  w.feed(lists);
  w.calm();
  CHECK(owned_quantity(w.state) == 10_d);
  CHECK(w.exits_text() == exits);
  CHECK(to_row(w.state, w.context).avg_price == 100_d);  // the broker's
  w.fill(Leg::stop_loss, 10_d, 92_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
}

TEST_CASE("rebuild: held without an exit, it gets those of its strategy", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "strat", Side::buy, 10_d);
  for (const auto leg : {Leg::take_profit, Leg::stop_loss})
    for (auto* order : w.working(leg))
      w.venue.end(*order, OrderStatus::canceled);
  lose_journal(w);
  CHECK(w.exits_text().empty());
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  CHECK(w.only(Leg::stop_loss).now.stop_price == 92_d);
  CHECK(w.only(Leg::take_profit).now.limit_price == 120_d);
  CHECK_FALSE(naked_since(w.state));
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: a close at work is waited for, and nothing is protected beside it", "[core][position][rebuild]") {
  const auto can = GENERATE(alpaca_like(), plain_like());
  const auto part = GENERATE(std::optional<Quantity>{}, std::optional<Quantity>{4_d});
  INFO(can.name << " " << part.has_value());
  World w{can};
  open(w, "strat", Side::buy, 10_d);
  w.feed(w.close("strat", part));
  w.calm();
  const auto quantity = part.value_or(10_d);
  REQUIRE(w.only(Leg::close).now.quantity == quantity);
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  CHECK(phase(w.state) == Phase::closing);
  w.venue.fill(w.only(Leg::close).made.client_order_id, quantity, 101_d);
  w.collect();
  w.calm();
  w.pass(std::chrono::minutes{1});
  CHECK(w.venue.position == 10_d - quantity);
  CHECK(owned_quantity(w.state) == 10_d - quantity);
  CHECK(phase(w.state) == (part ? Phase::open : Phase::flat));
  CHECK(to_row(w.state, w.context).protected_quantity == 10_d - quantity);
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("rebuild: flat means clean, whatever was forgotten", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "strat", Side::buy, 10_d);
  w.venue.position = 0_d;  // sold by hand
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  w.calm();
  CHECK(w.exits_text().empty());
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.decisions.empty());
}

TEST_CASE("rebuild: what cannot be told is left as it is, and said", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "strat", Side::buy, 10_d);
  const auto exits = w.exits_text();
  const auto what = GENERATE(0, 1, 2);
  INFO(what);
  auto strategies = terms_of({"strat"});
  switch (what) {
    case 0: w.venue.position = 6_d; break;               // somebody sold of ours
    case 1: w.venue.position = -3_d; break;              // or more than all
    default: strategies = terms_of({"another"}); break;  // not one of those that trade here
  }
  lose_journal(w);
  const auto submitted = w.submitted.size();
  w.feed(lists_of(w, strategies));
  w.calm();
  w.pass(std::chrono::minutes{1});
  CHECK(w.exits_text() == exits);
  CHECK(w.submitted.size() == submitted);
  CHECK(owned_quantity(w.state).is_zero());
  CHECK(alerts_of(w, "OWNERSHIP_UNCLEAR") == (what < 2 ? 1 : 0));
  CHECK(w.order_rows.size() == 1);  // of what is over; the rest is not ours to keep books of
}

TEST_CASE("rebuild: whoever remembers is not told", "[core][position][rebuild]") {
  World w{alpaca_like()};
  open(w, "strat", Side::buy, 10_d);
  const auto before = FieldsHash::of(w.state);
  w.feed(lists_of(w, terms_of({"strat"})));
  CHECK(w.out.events.empty());
  CHECK(FieldsHash::of(w.state) == before);
  lose_journal(w);
  w.feed(lists_of(w, terms_of({"strat"})));
  CHECK_FALSE(w.out.events.empty());
  w.feed(lists_of(w, terms_of({"strat"})));
  CHECK(w.out.events.empty());
  w.crash();
  w.restart();
  w.calm();
  CHECK(owned_quantity(w.state) == 10_d);
}
