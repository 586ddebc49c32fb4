// A trailing stop follows the price by its distance, never back, and in steps that are worth a request.
#include "tests/core/position_world.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

namespace {

World trailing(const VenueCapabilities& can, Side side, Level stop, std::optional<Price> target = {}) {
  World w{can};
  const bool buy = side == Side::buy;
  auto entry = w.entry(side, 10_d, buy ? 92_d : 108_d, target);
  entry.intent.protection.stop = stop;
  if (target)
    entry.intent.protection.target = Level{LevelKind::price, *target};
  entry.intent.protection.trailing = true;
  entry.intent.protection.reward_risk = {};
  w.feed(entry);
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  return w;
}

Price stop_after(World& w, Price price) {
  w.feed(PriceSeen{price});
  w.calm();
  return *w.only(Leg::stop_loss).now.stop_price;
}

}  // namespace

TEST_CASE("trailing: the stop follows at every venue, and its end says so", "[core][position][trailing]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const bool pair = GENERATE(false, true);
  INFO(can.name << " " << pair);
  auto w = trailing(can, Side::buy, {LevelKind::percent, 8_d}, pair ? std::optional{150_d} : std::nullopt);
  CHECK(follows_price(w.state));
  CHECK(stop_after(w, 100_d) == 92_d);
  CHECK(stop_after(w, 110_d) == Decimal::parse("101.2").value());
  CHECK(stop_after(w, 104_d) == Decimal::parse("101.2").value());  // never back
  w.crash();
  w.restart();
  w.calm();
  CHECK(stop_after(w, 120_d) == Decimal::parse("110.4").value());
  CHECK_FALSE(naked_since(w.state));
  w.fill(Leg::stop_loss, 10_d, Decimal::parse("110.4").value());
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK_FALSE(follows_price(w.state));
  REQUIRE(w.trades.size() == 1);
  CHECK(w.trades.begin()->second.reason == CloseReason::sl_hit);
  CHECK(w.trades.begin()->second.subreason == "TRAILING_STOP_HIT");
  CHECK(w.exits_text().empty());
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("trailing: distances by price, percent and ticks, on both sides", "[core][position][trailing]") {
  const auto [level, side, price, expected] = GENERATE(table<Level, Side, const char*, const char*>({
    {{LevelKind::price, 92_d}, Side::buy, "110", "102"},
    {{LevelKind::percent, 8_d}, Side::buy, "110", "101.2"},
    {{LevelKind::ticks, 800_d}, Side::buy, "110", "102"},
    {{LevelKind::price, 108_d}, Side::sell, "90", "98"},
    {{LevelKind::percent, 8_d}, Side::sell, "90", "97.2"},
    {{LevelKind::ticks, 800_d}, Side::sell, "90", "98"},
    {{LevelKind::price, 92_d}, Side::buy, "100.79", "92"},  // less than a tenth of the distance
    {{LevelKind::price, 92_d}, Side::buy, "100.81", "92.81"},
    {{LevelKind::price, 92_d}, Side::buy, "95", "92"},
    {{LevelKind::price, 108_d}, Side::sell, "105", "108"},
  }));
  INFO(to_string(level.kind) << " " << to_string(side) << " at " << price);
  auto w = trailing(alpaca_like(), side, level);
  CHECK(stop_after(w, Decimal::parse(price).value()).str() == Decimal::parse(expected).value().str());
}

TEST_CASE("trailing: not for stops that stay, not while set apart, not what is being closed",
          "[core][position][trailing]") {
  const auto what = GENERATE(0, 1, 2, 3);
  INFO(what);
  auto w = trailing(alpaca_like(), Side::buy, {LevelKind::percent, 8_d}, 150_d);
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 95_d;
  modify.target = 150_d;
  switch (what) {
    case 0: w.feed(modify); break;  // a stop of a person's own, that does not trail
    case 1: w.feed(Quarantine{"differs"}); break;
    case 2: w.feed(w.close()); break;
    default: w.feed(PriceSeen{0_d}); break;
  }
  w.calm();
  const auto exits = w.exits_text();
  w.feed(PriceSeen{what == 3 ? 0_d : 130_d});
  w.calm();
  CHECK(w.exits_text() == exits);
}

TEST_CASE("trailing: a stop that was set anew trails from there", "[core][position][trailing]") {
  auto w = trailing(alpaca_like(), Side::buy, {LevelKind::percent, 8_d}, 150_d);
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.intent.protection.trailing = true;
  modify.stop = 96_d;
  modify.target = 150_d;
  w.feed(modify);
  w.calm();
  CHECK(stop_after(w, 110_d) == 106_d);
}

TEST_CASE("trailing: however long the stop has followed, the state stays small", "[core][position][trailing]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const bool pair = GENERATE(false, true);
  INFO(can.name << " " << pair);
  auto w = trailing(can, Side::buy, {LevelKind::percent, 8_d}, pair ? std::optional{9'000_d} : std::nullopt);
  for (int i = 0; i < 250; ++i) {
    stop_after(w, Decimal{110 + 10 * i});
    CHECK(w.state.orders.size() <= 97);
  }
  CHECK(w.venue.orders.size() > 150);
  w.crash();
  w.restart();
  w.calm();
  const auto stop = stop_after(w, 5'000_d);
  CHECK(stop == 4'600_d);
  w.fill(Leg::stop_loss, 10_d, stop);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  REQUIRE(w.trades.size() == 1);
  CHECK(w.exits_text().empty());
  CHECK(w.venue.breaches.empty());
}
