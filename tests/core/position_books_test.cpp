// The books of a symbol as a whole: quantity, average, cost and realized profit are the broker's, whichever lots made
// them and in whichever order they go.
#include "core/entry_plan.hpp"
#include "tests/core/position_world.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

namespace {

// One fill: of the entry of lot `lot` (0, 1, 2), or of its stop.
struct Fill {
  std::size_t lot;
  Leg leg;
  Quantity quantity;
  Price price;
  // The books after it, by hand.
  Quantity held;
  Price average;
  Money realized;
};

struct Story {
  const char* name;
  Side side;
  std::vector<Quantity> lots;
  std::vector<Fill> fills;
  std::vector<Money> trades;  // of each lot, at its own prices
};

std::vector<Story> stories() {
  const auto in = Leg::entry;
  const auto out = Leg::stop_loss;
  return {
    {"two lots, the younger goes first",
     Side::buy,
     {10_d, 10_d},
     {{0, in, 10_d, 100_d, 10_d, 100_d, 0_d},
      {1, in, 10_d, 120_d, 20_d, 110_d, 0_d},
      {1, out, 10_d, 114_d, 10_d, 110_d, 40_d},
      {0, out, 10_d, 105_d, 0_d, 0_d, -10_d}},
     {50_d, -60_d}},
    {"two lots, the older goes first",
     Side::buy,
     {10_d, 10_d},
     {{0, in, 10_d, 100_d, 10_d, 100_d, 0_d},
      {1, in, 10_d, 120_d, 20_d, 110_d, 0_d},
      {0, out, 10_d, 114_d, 10_d, 110_d, 40_d},
      {1, out, 10_d, 105_d, 0_d, 0_d, -10_d}},
     {140_d, -150_d}},
    {"two short lots",
     Side::sell,
     {10_d, 10_d},
     {{0, in, 10_d, 120_d, -10_d, 120_d, 0_d},
      {1, in, 10_d, 100_d, -20_d, 110_d, 0_d},
      {1, out, 10_d, 106_d, -10_d, 110_d, 40_d},
      {0, out, 10_d, 115_d, 0_d, 0_d, -10_d}},
     {50_d, -60_d}},
    {"three lots, in parts, with averages that do not divide",
     Side::buy,
     {10_d, 20_d, 5_d},
     {{0, in, 10_d, 100_d, 10_d, 100_d, 0_d},
      {1, in, 20_d, 103_d, 30_d, 102_d, 0_d},
      {2, in, 5_d, 110_d, 35_d, 103.142857143_d, 0_d},
      {1, out, 4_d, 105_d, 31_d, 103.142857143_d, 7.428571429_d},
      {0, out, 10_d, 99_d, 21_d, 103.142857143_d, -34_d},
      {2, out, 5_d, 104_d, 16_d, 103.142857143_d, -29.714285714_d},
      {1, out, 16_d, 103_d, 0_d, 0_d, -32_d}},
     {-10_d, 8_d, -30_d}},
    {"three short lots, one of them entered after another had left",
     Side::sell,
     {10_d, 10_d, 10_d},
     {{0, in, 10_d, 100_d, -10_d, 100_d, 0_d},
      {1, in, 10_d, 90_d, -20_d, 95_d, 0_d},
      {0, out, 10_d, 101_d, -10_d, 95_d, -60_d},
      {2, in, 10_d, 85_d, -20_d, 90_d, -60_d},
      {1, out, 10_d, 88_d, -10_d, 90_d, -40_d},
      {2, out, 10_d, 92_d, 0_d, 0_d, -60_d}},
     {-10_d, 20_d, -70_d}},
  };
}

// The working order of that leg which belongs to the lot.
ClientOrderId order_of(const World& w, const IntentId& lot, Leg leg) {
  for (const auto& order : w.state.orders)
    if (order.lot == lot && order.row.leg == leg && !is_terminal(order.row.status))
      return order.row.client_order_id;
  FAIL("no working " << to_string(leg));
  return {};
}

void check_books(const World& w, Quantity held, Price average, Money realized) {
  const auto row = to_row(w.state, w.context);
  CHECK(row.quantity.str() == held.str());
  CHECK(row.avg_price.str() == average.str());
  CHECK(row.realized.str() == realized.str());
}

}  // namespace

TEST_CASE("position: the books of several lots are the broker's, fill by fill", "[core][position]") {
  const auto story = GENERATE(from_range(stories()));
  INFO(story.name);
  World w{alpaca_like()};
  std::vector<IntentId> lots;
  const auto open = [&](Quantity quantity) {
    const bool buy = story.side == Side::buy;
    const auto entry = w.entry(story.side, quantity, buy ? 80_d : 130_d, buy ? 140_d : 70_d);
    lots.push_back(entry.intent.intent_id);
    w.feed(entry);
    w.calm();
  };
  for (const auto& fill : story.fills) {
    if (fill.lot == lots.size())
      open(story.lots[fill.lot]);
    INFO("lot " << fill.lot << " " << to_string(fill.leg) << " " << fill.quantity.str());
    w.venue.fill(order_of(w, lots[fill.lot], fill.leg), fill.quantity, fill.price);
    w.collect();
    w.calm();
    check_books(w, fill.held, fill.average, fill.realized);
  }
  REQUIRE(w.trades.size() == story.trades.size());
  for (std::size_t i = 0; i < lots.size(); ++i)
    CHECK(w.trades.at(lots[i].str()).pnl.str() == story.trades[i].str());
  CHECK(w.realized_in_fills() == w.venue.cash);
}

TEST_CASE("position: fees count in what is realized, not in the average", "[core][position]") {
  World w{alpaca_like()};
  w.venue.fee_per_fill = 0.5_d;
  w.feed(w.entry(Side::buy, 10_d, 80_d, 140_d));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  check_books(w, 10_d, 100_d, -0.5_d);
  w.fill(Leg::stop_loss, 10_d, 103_d);
  w.calm();
  check_books(w, 0_d, 0_d, 29_d);
}

TEST_CASE("position: a price that is told later corrects the average and the profit", "[core][position]") {
  World w{plain_like()};
  const auto entry = w.entry(Side::buy, 10_d, std::nullopt, std::nullopt);
  w.feed(entry);
  OrderReport report;
  report.client_order_id = entry.client_order_id;
  report.venue_order_id = "v-1";
  report.status = OrderStatus::filled;
  report.quantity = report.cum_qty = 10_d;
  report.avg_px = 101_d;
  w.venue.position = 10_d;
  w.feed(report);  // a poll: the growth is booked at the average, its execution follows
  check_books(w, 10_d, 101_d, 0_d);
  report.execution = Execution{"x-1", 10_d, 100_d, 1_d, w.context.now};
  w.feed(report);
  check_books(w, 10_d, 100_d, -1_d);
}

TEST_CASE("position: what is sold beyond the lots is held short at its own price", "[core][position]") {
  World w{plain_like()};
  w.feed(w.entry(Side::buy, 10_d, 95_d, std::nullopt));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  auto report = w.only(Leg::stop_loss).now;
  report.status = OrderStatus::filled;
  report.cum_qty = 12_d;
  report.execution = Execution{"x-over", 12_d, 94_d, 0_d, w.context.now};
  w.venue.position = -2_d;
  w.feed(report, 0);
  check_books(w, -2_d, 94_d, -60_d);
}

TEST_CASE("position: with shares that are not ours the average is the broker's own", "[core][position]") {
  World w{plain_like()};
  w.feed(w.entry(Side::buy, 10_d, 95_d, std::nullopt));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  w.feed(ExternalChange{10_d, 104_d});  // the broker: 20 at 104
  check_books(w, 20_d, 104_d, 0_d);
  w.feed(ExternalChange{0_d, 100_d});
  check_books(w, 10_d, 100_d, 0_d);
}

TEST_CASE("position: the broker's own average is taken over, and what was spent stays what it was",
          "[core][position]") {
  const auto side = GENERATE(Side::buy, Side::sell);
  World w{plain_like()};
  w.feed(w.entry(side, 10_d, std::nullopt, std::nullopt));
  w.calm();
  const auto net = side == Side::buy ? 10_d : -10_d;
  w.feed(AverageTold{net, 90_d});  // while the entry is at work the books move
  CHECK(w.out.events.empty());
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  w.feed(AverageTold{5_d, 90_d});  // told of another quantity
  check_books(w, net, 100_d, 0_d);
  w.feed(AverageTold{net, 97_d});
  check_books(w, net, 97_d, side == Side::buy ? -30_d : 30_d);
  w.feed(AverageTold{net, 97_d});
  CHECK(w.out.events.empty());
  w.feed(w.close());
  w.calm();
  w.fill(Leg::close, 10_d, 100_d);
  w.calm();
  check_books(w, 0_d, 0_d, 0_d);
  CHECK(w.realized_in_trades().is_zero());
}

TEST_CASE("position: a contract's multiplier is known before anything is counted, and stays", "[core][position]") {
  World w{plain_like()};
  w.context.instrument.asset_class = AssetClass::future;
  w.context.instrument.tick_size = 0.25_d;
  w.context.instrument.multiplier = w.venue.multiplier = 2_d;
  w.context.instrument_known = false;
  w.feed(w.entry(Side::buy, 10_d, 95_d, std::nullopt));
  CHECK(w.out.answer.str() == "failed:instrument");
  w.feed(ExternalChange{3_d, 100_d});
  CHECK(w.out.events.empty());
  w.context.instrument_known = true;
  auto entry = w.entry(Side::buy, 10_d, std::nullopt, std::nullopt);
  entry.intent.protection.stop = Level{LevelKind::ticks, 20_d};
  entry.stop = 95_d;
  w.feed(entry);
  w.calm();
  // A restart: what it is of is not asked for again before its fills are heard of.
  const auto instrument = std::exchange(w.context.instrument, Instrument{});
  w.context.instrument.symbol = "XYZ";
  w.context.instrument_known = false;
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  check_books(w, 10_d, 100_d, 0_d);
  CHECK(w.state.cost == 2'000_d);
  CHECK(w.only(Leg::stop_loss).now.stop_price == 95_d);  // 20 ticks of 0.25
  w.fill(Leg::stop_loss, 10_d, 95_d);
  w.calm();
  CHECK(w.realized_in_trades() == -100_d);
  CHECK(w.facts.back().multiplier == 2_d);
  // Flat: it may be another contract's from here on.
  w.context.instrument = instrument;
  w.context.instrument.multiplier = w.venue.multiplier = 5_d;
  w.context.instrument_known = true;
  w.feed(w.entry(Side::buy, 1_d, std::nullopt, std::nullopt));
  w.calm();
  w.context.instrument.multiplier = 7_d;  // not while something is held
  w.fill(Leg::entry, 1_d, 100_d);
  w.calm();
  CHECK(w.state.cost == 500_d);
}

TEST_CASE("position: the date that is shown is the date of the exit scan", "[core][position]") {
  using namespace std::chrono;
  World w{alpaca_like()};
  const Date soon = w.context.session + days{3};
  const Date later = w.context.session + days{10};
  const auto hold = [&](const std::string& strategy, std::optional<Date> due) {
    auto entry = w.entry(Side::buy, 10_d, 80_d, 140_d, strategy);
    entry.due_session = due;
    w.feed(entry);
    w.calm();
    w.fill(Leg::entry, 10_d, 100_d);
    w.calm();
  };
  hold("one", soon);
  CHECK(to_row(w.state, w.context).due_session == soon);
  hold("one", later);  // a top-up prolongs the whole
  CHECK(to_row(w.state, w.context).due_session == later);
  CHECK(due_strategies(w.state, soon).empty());
  CHECK(due_strategies(w.state, later) == std::vector<StrategyId>{"one"});
  hold("two", soon);  // another strategy's: the next exit is its
  CHECK(to_row(w.state, w.context).due_session == soon);
  CHECK(due_strategies(w.state, soon) == std::vector<StrategyId>{"two"});
  w.feed(w.close("two"));
  w.calm();
  w.fill(Leg::close, 10_d, 100_d);
  w.calm();
  CHECK(to_row(w.state, w.context).due_session == later);
}
