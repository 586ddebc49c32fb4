#include "core/pnl.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::core;
using namespace heed::literals;

namespace {

Lot lot_of(const char* id, Side side, Quantity quantity, Price price) {
  Lot lot;
  lot.id = id;
  lot.strategy = "s";
  lot.side = side;
  apply(lot, entry_part(lot, quantity, value_of(price, quantity, 1_d), 0_d));
  return lot;
}

Money by_rule(const Lot& lot) {
  const auto gross = lot.exit_value - (lot.entry_value - lot.cost);
  return (lot.side == Side::buy ? gross : -gross) - lot.fees;
}

}  // namespace

TEST_CASE("pnl: profit is (exit - entry) * quantity * multiplier * sign - fees", "[core][pnl]") {
  struct Case {
    const char* name;
    Side side;
    Price entry, exit;
    Quantity quantity;
    Decimal multiplier;
    Money fee, profit;
  };
  const auto c = GENERATE(values<Case>({
    {"long up", Side::buy, 100_d, 110_d, 3_d, 1_d, 0_d, 30_d},
    {"long down", Side::buy, 100_d, 99_d, 3_d, 1_d, 0.5_d, Decimal{-4}},
    {"short down", Side::sell, 100_d, 90_d, 2_d, 1_d, 0.25_d, 19.5_d},
    {"short up", Side::sell, 100_d, 101.25_d, 2_d, 5_d, 0_d, Decimal::from_units(-12'500'000'000)},
    {"future", Side::buy, 21000.25_d, 21001.5_d, 4_d, 2_d, 1.24_d, 7.52_d},
    {"fraction of a share", Side::buy, 33.33_d, 33.34_d, 0.333_d, 1_d, 0_d, 0.00333_d},
  }));
  INFO(c.name);
  Lot lot;
  lot.side = c.side;
  apply(lot, entry_part(lot, c.quantity, value_of(c.entry, c.quantity, c.multiplier), c.fee));
  apply(lot, exit_part(lot, c.quantity, value_of(c.exit, c.quantity, c.multiplier), c.fee));
  CHECK(lot.realized == c.profit);
  CHECK(lot.quantity.is_zero());
  CHECK(lot.cost.is_zero());
}

TEST_CASE("pnl: odd parts lose nothing: their sum is the whole", "[core][pnl]") {
  Lot lot;
  lot.side = Side::buy;
  apply(lot, entry_part(lot, 3_d, 100_d, 0.1_d));
  apply(lot, entry_part(lot, 4_d, 133.333333333_d, 0.1_d));
  Money sum = lot.realized;
  for (const auto quantity : {1_d, 3_d, 2_d, 1_d}) {
    const auto part = exit_part(lot, quantity, value_of(33.333333333_d, quantity, 1_d), 0.07_d);
    apply(lot, part);
    sum += part.realized;
    CHECK(lot.realized == by_rule(lot));
  }
  CHECK(lot.realized == sum);
  CHECK(lot.cost.is_zero());
  CHECK(lot.realized == lot.exit_value - lot.entry_value - lot.fees);
}

TEST_CASE("pnl: a corrected price moves cost and profit by what was held and what was gone", "[core][pnl]") {
  auto lot = lot_of("a", Side::buy, 10_d, 100_d);
  apply(lot, exit_part(lot, 4_d, 440_d, 0_d));
  CHECK(lot.realized == 40_d);
  apply(lot, correction_part(lot, true, 10_d, 0.5_d));  // the entry cost 10 more
  CHECK(lot.cost == 606_d);
  CHECK(lot.realized == 35.5_d);
  CHECK(lot.realized == by_rule(lot));
  apply(lot, correction_part(lot, false, Decimal{-4}, 0_d));  // the exit brought 4 less
  CHECK(lot.realized == 31.5_d);
  CHECK(lot.realized == by_rule(lot));
}

TEST_CASE("pnl: first in first out trades costs between lots, and adds up", "[core][pnl]") {
  std::vector<Lot> lots{lot_of("a", Side::buy, 5_d, 100_d), lot_of("b", Side::buy, 5_d, 110_d)};
  std::vector<FillPart> parts;
  fifo_parts(lots, 1, 5_d, parts);
  for (const auto& part : parts)
    apply(part.lot == IntentId{"a"} ? lots[0] : lots[1], part);
  CHECK(lots[0].cost == 550_d);
  CHECK(lots[1].cost == 500_d);
  apply(lots[1], exit_part(lots[1], 5_d, 600_d, 0_d));
  CHECK(lots[1].realized == 100_d);
  CHECK(lots[0].realized == by_rule(lots[0]));
  parts.clear();
  fifo_parts(lots, 0, 5_d, parts);
  CHECK(parts.empty());  // the oldest itself
}

TEST_CASE("pnl: a trade was held for so many sessions of its calendar", "[core][pnl]") {
  Lot lot;
  lot.side = Side::buy;
  lot.entry_session = *parse_iso_date("2026-11-25");  // the Wednesday before Thanksgiving
  lot.last_exit_at = *parse_rfc3339("2026-11-30T15:00:00Z");
  const auto nyse = MarketCalendar::nyse();
  const auto always = MarketCalendar::always_open();
  const auto sessions = [&](const MarketCalendar* calendar) {
    const auto row = trade_row({}, lot, Decimal{1}, calendar);
    CHECK(row.exit_session == *parse_iso_date("2026-11-30"));
    CHECK(row.closed_at == lot.last_exit_at);
    return row.holding_sessions;
  };
  CHECK(sessions(&nyse) == 2);
  CHECK(sessions(&always) == 5);
  CHECK(sessions(nullptr) == 3);
}
