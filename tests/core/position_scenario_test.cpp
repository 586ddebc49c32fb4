// What the position machine does at each kind of venue: entries, protection, adds, closes, doubts; one row per case.
#include "core/calendar.hpp"
#include "core/entry_plan.hpp"
#include "core/pnl.hpp"
#include "tests/core/position_holding.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::seconds;

namespace {

// A position of 10 bought at 100, with a stop at 95 and a target at 110.
World held_ten(const VenueCapabilities& can, Side side = Side::buy) {
  World w{can};
  const bool buy = side == Side::buy;
  w.feed(w.entry(side, 10_d, buy ? 95_d : 105_d, buy ? 110_d : 90_d));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  return w;
}

void require_clean(World& w) {
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.venue.position.is_zero());
  CHECK(w.exits_text().empty());
  CHECK(w.venue.breaches.empty());
  CHECK(w.realized_in_trades() == w.venue.cash);
  CHECK(w.realized_in_fills() == w.venue.cash);
}

int submissions(const World& w, Leg leg) {
  int count = 0;
  for (const auto& [name, order] : w.submitted)
    count += order.leg == leg ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("position: entry fills, target hits, closed by the other side, at every venue", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto side = GENERATE(Side::buy, Side::sell);
  INFO(can.name << " " << to_string(side));
  auto w = held_ten(can, side);
  CHECK(phase(w.state) == Phase::open);
  CHECK_FALSE(naked_since(w.state));
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
  w.fill(Leg::take_profit, 4_d, side == Side::buy ? 110_d : 90_d);
  w.calm();
  CHECK(net_quantity(w.state).abs() == 6_d);
  CHECK(NaiveVenue::open(w.only(Leg::stop_loss)) == 6_d);
  w.fill(Leg::take_profit, 6_d, side == Side::buy ? 110_d : 90_d);
  w.calm();
  require_clean(w);
  REQUIRE(w.trades.size() == 1);
  const auto& trade = w.trades.begin()->second;
  CHECK(trade.reason == CloseReason::tp_hit);
  CHECK(trade.pnl == 100_d);
  CHECK(trade.side == side);
  CHECK(trade.strategy == StrategyId{"strat"});
}

TEST_CASE("position: a stop that fills ends the trade as SL_HIT", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = held_ten(can);
  w.fill(Leg::stop_loss, 10_d, 94.5_d);
  w.calm();
  require_clean(w);
  CHECK(w.trades.begin()->second.reason == CloseReason::sl_hit);
  CHECK(w.trades.begin()->second.pnl == Decimal{-55});
}

TEST_CASE("position: a target that fills while a close is on its way leaves one close at most", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto filled = GENERATE(10_d, 3_d);
  INFO(can.name << " fills " << filled.str());
  auto w = held_ten(can);
  const auto close = w.close();
  w.feed(close);  // cancels are on their way
  w.venue.fill(w.only(Leg::take_profit).made.client_order_id, filled, 110_d);
  w.calm();
  if (filled < 10_d) {
    CHECK(w.only(Leg::close).made.quantity == 7_d);
    w.fill(Leg::close, 7_d, 109_d);
    w.calm();
  }
  require_clean(w);
  CHECK(w.decision(close.intent) == "closed");
  CHECK(submissions(w, Leg::close) == (filled < 10_d ? 1 : 0));
  CHECK(w.trades.begin()->second.reason == (filled < 10_d ? CloseReason::strategy_exit : CloseReason::tp_hit));
}

TEST_CASE("position: closing is never doubled, never needed when flat", "[core][position]") {
  auto w = held_ten(alpaca_like());
  w.feed(w.close());
  const auto again = w.close();
  CHECK(w.feed(again).answer.str() == "no_op:already_closing");
  w.calm();
  CHECK(w.feed(w.close("")).answer.str() == "in_flight");  // a person's covers more: it waits its turn
  w.fill(Leg::close, 10_d, 101_d);
  w.calm();
  require_clean(w);
  CHECK(w.feed(w.close()).answer.str() == "no_op:flat");
  CHECK(submissions(w, Leg::close) == 1);
}

TEST_CASE("position: REDUCE closes so many, and protects the rest", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = held_ten(can);
  const auto reduce = w.close("strat", 4_d);
  w.feed(reduce);
  w.calm();
  CHECK(w.only(Leg::close).made.quantity == 4_d);
  w.fill(Leg::close, 4_d, 101_d);
  w.calm();
  CHECK(w.decision(reduce.intent) == "closed");
  CHECK(net_quantity(w.state) == 6_d);
  CHECK(w.only(Leg::stop_loss).now.quantity == 6_d);
  CHECK(w.only(Leg::take_profit).now.quantity == 6_d);
  CHECK_FALSE(naked_since(w.state));
}

TEST_CASE("position: REVERSE asks for the other side only once flat", "[core][position]") {
  auto w = held_ten(tradovate_like());
  auto reverse = w.close();
  reverse.then = w.intent(IntentAction::open, "strat", Side::sell);
  w.feed(reverse);
  w.calm();
  CHECK(w.entries_wanted.empty());
  w.fill(Leg::close, 10_d, 101_d);
  w.calm();
  REQUIRE(w.entries_wanted.size() == 1);
  CHECK(w.entries_wanted.front().intent_id == reverse.then->intent_id);
  CHECK(submissions(w, Leg::close) == 1);
  CHECK(w.venue.orders.back().made.quantity == 10_d);
}

TEST_CASE("position: an add moves the target to the new average; the stop rests all the while", "[core][position]") {
  const auto can = GENERATE(plain_like(), tradovate_like());
  const auto side = GENERATE(Side::buy, Side::sell);
  INFO(can.name << " " << to_string(side));
  World w{can};
  w.policy.max_adds = 1;
  const bool buy = side == Side::buy;
  const auto add = [&](Price price) {
    auto e = w.entry(side, 2_d, buy ? 90_d : 110_d, std::nullopt);
    e.intent.scale_in = ScaleIn::average;
    e.intent.protection.stop = Level{LevelKind::price, buy ? 90_d : 110_d};
    e.intent.protection.target = Level{LevelKind::ticks, 500_d};
    w.feed(e);
    w.calm();
    w.fill(Leg::entry, 2_d, price);
    while (!w.inbox.empty()) {
      w.deliver();
      CHECK(w.working(Leg::stop_loss).size() >=
            (w.submitted.size() > 1 && !w.working(Leg::stop_loss).empty() ? 1 : 0));
    }
    w.calm();
  };
  add(100_d);
  CHECK(w.only(Leg::take_profit).now.limit_price == (buy ? 105_d : 95_d));
  add(buy ? 98_d : 102_d);
  CHECK(net_quantity(w.state).abs() == 4_d);
  Quantity targets;
  Quantity stops;
  for (const auto* order : w.working(Leg::take_profit)) {
    CHECK(order->now.limit_price == (buy ? 104_d : 96_d));
    targets += NaiveVenue::open(*order);
  }
  for (const auto* order : w.working(Leg::stop_loss)) {
    CHECK(order->now.stop_price == (buy ? 90_d : 110_d));
    stops += NaiveVenue::open(*order);
  }
  CHECK(targets == 4_d);
  CHECK(stops == 4_d);
  auto third = w.entry(side, 2_d, std::nullopt, std::nullopt);
  third.intent.scale_in = ScaleIn::average;
  CHECK(w.feed(third).answer.str() == "no_op:max_adds");
}

TEST_CASE("position: a refused entry books nothing", "[core][position]") {
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  w.faults.refused = 1000;
  w.feed(entry);
  w.faults.refused = 0;
  w.calm();
  CHECK(w.decision(entry.intent) == "broker_rejected:40310000");
  require_clean(w);
  CHECK(w.fills.empty());
  CHECK(w.trades.empty());
}

TEST_CASE("position: an unknown submission is asked for, and sent again only when proven absent",
          "[core][position]") {
  const bool arrived = GENERATE(true, false);
  INFO((arrived ? "arrived" : "never arrived"));
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  (arrived ? w.faults.lost_after : w.faults.lost_before) = 1000;
  w.faults.dropped = 1000;
  w.feed(entry);
  w.faults = {};
  w.deliver();
  CHECK(w.decision(entry.intent) == "unknown");
  CHECK(busy(w.state));
  CHECK(w.feed(w.entry(Side::buy, 1_d, 95_d, 110_d)).answer.str() == "failed:busy");
  w.calm();
  CHECK(w.venue.orders.size() == (arrived ? 3U : 0U));
  w.pass(w.policy.resolve_grace - seconds{1});
  CHECK(w.venue.orders.size() == (arrived ? 3U : 0U));  // one look proves nothing
  w.pass(seconds{10});
  REQUIRE(w.venue.orders.size() == 3);
  CHECK(w.decision(entry.intent) == "in_flight");
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  CHECK(w.decision(entry.intent) == "filled");
  CHECK(submissions(w, Leg::entry) == 1);
}

TEST_CASE("position: somebody else's trade keeps an order in doubt only where it may have been that order's fill",
          "[core][position]") {
  const bool fits = GENERATE(true, false);
  INFO((fits ? "bought" : "sold"));
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  w.faults.lost_before = 1000;
  w.feed(entry);
  w.faults = {};
  w.deliver();
  w.venue.position = fits ? 5_d : Decimal{-5};
  w.calm();
  w.pass(w.policy.resolve_grace + seconds{60});
  CHECK(w.venue.orders.size() == (fits ? 0U : 3U));
  CHECK(w.alerted("UNEXPLAINED_POSITION") == fits);
  CHECK(w.decision(entry.intent) == (fits ? "unknown" : "in_flight"));
}

TEST_CASE("position: a bracket entry filled in part is cut after its grace, and what is held gets a pair",
          "[core][position]") {
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  w.feed(entry);
  w.calm();
  w.fill(Leg::entry, 4_d, 100_d);
  w.calm();
  CHECK(naked_since(w.state));
  w.pass(w.policy.partial_grace + seconds{1});
  CHECK(w.working(Leg::entry).empty());
  CHECK(w.only(Leg::stop_loss).now.quantity == 4_d);
  CHECK(w.only(Leg::take_profit).made.oco);
  CHECK_FALSE(naked_since(w.state));
  CHECK(w.decision(entry.intent) == "filled");
}

TEST_CASE("position: the same news again, or old news, changes nothing", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = held_ten(can);
  const auto hash = FieldsHash::of(w.state);
  for (int i = 0; i < 2; ++i) {
    w.reconcile();
    w.calm();
    CHECK(FieldsHash::of(w.state) == hash);
  }
  auto old = w.venue.orders.front().now;
  old.status = OrderStatus::accepted;
  old.cum_qty = {};
  old.avg_px.reset();
  w.feed(old);
  CHECK(FieldsHash::of(w.state) == hash);
  CHECK(w.out.events.empty());
}

TEST_CASE("position: a poll's growth and the stream's executions are one fill", "[core][position]") {
  World w{plain_like()};
  w.feed(w.entry(Side::buy, 10_d, std::nullopt, std::nullopt));
  w.calm();
  const auto id = w.only(Leg::entry).made.client_order_id;
  w.venue.fill(id, 4_d, 100_d);
  w.venue.fill(id, 6_d, 101_d);
  const auto news = w.venue.stream;
  w.venue.stream.clear();
  w.feed(w.venue.find(id)->now);  // the poll is first
  CHECK(net_quantity(w.state) == 10_d);
  w.feed(news[1]);
  w.feed(news[0]);
  w.feed(news[0]);
  CHECK(net_quantity(w.state) == 10_d);
  CHECK(w.state.lots.front().cost == 1006_d);
  CHECK(w.state.orders.front().inferred.empty());
}

TEST_CASE("position: fills after a cancel and over-fills are booked, and told", "[core][position]") {
  auto w = held_ten(full_like());
  SECTION("after the cancel, the symbol flat: what came is closed again") {
    World v{plain_like()};
    v.feed(v.entry(Side::buy, 10_d, std::nullopt, std::nullopt));
    v.calm();
    v.feed(v.close());
    v.calm();
    auto late = v.venue.orders.front().now;
    CHECK(late.status == OrderStatus::canceled);
    late.cum_qty = 3_d;
    late.avg_px = 100_d;
    v.venue.position = 3_d;
    v.feed(late);
    CHECK(v.alerted("FILL_AFTER_CANCEL"));
    CHECK(net_quantity(v.state) == 3_d);
    v.calm();
    v.fill(Leg::close, 3_d, 100_d);
    v.calm();
    CHECK(phase(v.state) == Phase::flat);
  }
  SECTION("a target filled for more than was held: the other side is closed") {
    auto report = w.only(Leg::take_profit).now;
    report.status = OrderStatus::filled;
    report.cum_qty = 12_d;
    report.avg_px = 110_d;
    w.venue.position = Decimal{-2};
    w.venue.end(w.only(Leg::take_profit), OrderStatus::canceled);
    w.venue.stream.clear();
    w.feed(report);
    CHECK(w.alerted("OVERFILL"));
    CHECK(net_quantity(w.state) == Decimal{-2});
    w.calm();
    CHECK(w.only(Leg::close).made.side == Side::buy);
    w.fill(Leg::close, 2_d, 111_d);
    w.calm();
    CHECK(net_quantity(w.state).is_zero());
    CHECK(w.exits_text().empty());
  }
}

TEST_CASE("position: news of orders that are not here is told, and harms nothing", "[core][position]") {
  World w{alpaca_like()};
  OrderReport report;
  report.client_order_id = "heed1.strat.en.aaaaaaaaaaaaaaaa";
  report.cum_qty = 5_d;
  w.feed(report);
  CHECK(w.alerted("FILL_FOR_UNKNOWN_ORDER"));
  report.ours = false;
  w.feed(report);
  CHECK(w.alerted("FOREIGN_ORDER"));
  CHECK(w.state.steps == 0);
}

TEST_CASE("position: a broker that holds less than the books is asked again, then the symbol is set apart",
          "[core][position]") {
  auto w = held_ten(full_like());
  w.venue.position = {};  // sold by somebody else
  const auto close = w.close();
  w.feed(close);
  w.pass(seconds{30});
  CHECK(w.alerted("POSITION_MISMATCH"));
  CHECK(phase(w.state) == Phase::quarantined);
  CHECK(submissions(w, Leg::close) == 0);
  CHECK(w.decision(close.intent) == "failed:position_mismatch");
  CHECK(w.exits_text().empty());  // nothing is there that an exit could take away
  CHECK(w.feed(w.entry(Side::buy, 1_d, 95_d, 110_d)).answer.str() == "no_op:quarantined");
}

TEST_CASE("position: a close that the broker cuts short is tried again, protected meanwhile", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = held_ten(can);
  const auto close = w.close();
  w.feed(close);
  w.calm();
  w.fill(Leg::close, 3_d, 101_d);
  w.venue.end(w.only(Leg::close), OrderStatus::expired);
  w.calm();
  CHECK(w.alerted("CLOSE_FAILED"));
  CHECK(w.only(Leg::stop_loss).now.quantity == 7_d);
  w.pass(w.policy.close_retry);
  CHECK(w.only(Leg::close).made.quantity == 7_d);
  w.fill(Leg::close, 7_d, 102_d);
  w.calm();
  require_clean(w);
  CHECK(w.decision(close.intent) == "closed");
  CHECK(submissions(w, Leg::close) == 2);
}

TEST_CASE("position: a stop that cannot rest any more closes the lot at market", "[core][position]") {
  World w{plain_like()};
  w.feed(w.entry(Side::buy, 10_d, 95_d, std::nullopt));
  w.calm();
  w.venue.fill(w.only(Leg::entry).made.client_order_id, 10_d, 94_d);
  w.collect();
  w.faults.refused = 1000;
  while (!w.inbox.empty() && w.submitted.size() < 2)
    w.deliver();
  w.faults.refused = 0;
  REQUIRE(std::holds_alternative<OrderRefused>(w.inbox.back()));
  std::get<OrderRefused>(w.inbox.back()).text = "stop price must be below the market";
  w.calm();
  CHECK(w.alerted("PROTECTION_IMPOSSIBLE"));
  w.fill(Leg::close, 10_d, 94_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.trades.begin()->second.reason == CloseReason::sl_hit);
}

TEST_CASE("position: a pair of exits whose target the price has passed closes the lot at market, as its target",
          "[core][position]") {
  auto w = held_ten(alpaca_like());
  w.venue.end(w.only(Leg::take_profit), OrderStatus::canceled);  // and its sibling with it
  w.collect();
  w.faults.refused = 1000;
  const auto before = w.submitted.size();
  while (!w.inbox.empty() && w.submitted.size() == before)
    w.deliver();
  w.faults.refused = 0;
  REQUIRE(std::ranges::any_of(w.submitted, [](const auto& sent) { return sent.second.oco; }));
  REQUIRE(std::holds_alternative<OrderRefused>(w.inbox.back()));
  std::get<OrderRefused>(w.inbox.back()).text = "take_profit.limit_price must be >= base_price + 0.01";
  w.calm();
  CHECK_FALSE(w.alerted("PROTECTION_REFUSED"));
  CHECK(w.alerted("PROTECTION_IMPOSSIBLE"));
  w.fill(Leg::close, 10_d, 112_d);
  w.calm();
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.trades.begin()->second.reason == CloseReason::tp_hit);
}

TEST_CASE("position: two strategies in one symbol close their own, a person closes all", "[core][position]") {
  auto w = held_ten(full_like());
  w.feed(w.entry(Side::buy, 5_d, 96_d, 112_d, "other"));
  w.calm();
  w.fill(Leg::entry, 5_d, 102_d);
  w.calm();
  CHECK(net_quantity(w.state) == 15_d);
  CHECK(w.feed(w.entry(Side::sell, 5_d, 110_d, 90_d, "third")).answer.str() == "no_op:opposite_position");
  w.feed(w.close("strat"));
  w.calm();
  CHECK(w.only(Leg::close).made.quantity == 10_d);
  w.fill(Leg::close, 10_d, 103_d);
  w.calm();
  CHECK(w.only(Leg::stop_loss).now.quantity == 5_d);
  w.feed(w.close(""));
  w.calm();
  w.fill(Leg::close, 5_d, 103_d);
  w.calm();
  require_clean(w);
  CHECK(w.trades.size() == 2);
}

TEST_CASE("position: a further entry moves the exit of all its strategy holds, and it stays moved",
          "[core][position]") {
  const auto day = [](unsigned d) { return Date{std::chrono::year{2026} / 1 / d}; };
  auto w = World{full_like()};
  const auto buy = [&](Date due, const std::string& strategy) {
    auto entry = w.entry(Side::buy, 5_d, 95_d, 110_d, strategy);
    entry.due_session = due;
    w.feed(entry);
    w.calm();
    w.fill(Leg::entry, 5_d, 100_d);
    w.calm();
  };
  buy(day(20), "strat");
  buy(day(21), "other");
  buy(day(23), "strat");
  buy(day(22), "strat");
  CHECK(due_strategies(w.state, day(22)) == std::vector{StrategyId{"other"}});
  std::vector<Date> due;
  for (const auto& lot : w.state.lots)
    due.push_back(*lot.due_session);
  CHECK(due == std::vector{day(23), day(21), day(23), day(22)});
}

TEST_CASE("position: a trade closed when its exit filled, not when that was heard of", "[core][position]") {
  auto w = held_ten(alpaca_like());
  const auto heard = w.context.now + std::chrono::hours{72};
  const auto filled = w.context.now + std::chrono::hours{1};
  w.fill(Leg::take_profit, 10_d, 110_d);
  for (auto& message : w.inbox)
    if (auto* report = std::get_if<OrderReport>(&message)) {
      report->at = filled;
      if (report->execution)
        report->execution->at = filled;
    }
  w.context.now = heard;
  w.calm();
  REQUIRE(w.trades.size() == 1);
  CHECK(w.trades.begin()->second.closed_at == filled);
  CHECK(w.trades.begin()->second.exit_session == new_york_date(filled));
}

TEST_CASE("position: a timer that the clock does not confirm waits on, and a clock set back stops nothing",
          "[core][position]") {
  World w{alpaca_like()};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  const auto id = entry.client_order_id;
  w.feed(entry);
  w.inbox.clear();
  w.feed(OrderInDoubt{id, "timeout", {}});
  w.feed(TimerDue{TimerKind::resolve, id});
  const auto asks = [&](std::chrono::seconds step) {
    w.timers.clear();
    w.context.now += step;
    const auto out = w.feed(TimerDue{TimerKind::resolve, id});
    CHECK_FALSE(w.timers.empty());
    return std::ranges::any_of(out.effects, [](const auto& e) { return std::holds_alternative<QueryOrder>(e); });
  };
  CHECK_FALSE(asks(seconds{0}));  // time stands still
  CHECK(asks(seconds{60}));
  CHECK_FALSE(asks(seconds{0}));
  CHECK(asks(seconds{-3600}));
}

TEST_CASE("position: after a crash at any step, the end is the same", "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  const int crash_at = GENERATE(range(0, 40));
  const std::size_t performed = GENERATE(0U, 1U, 9U);
  INFO(can.name << " crash at step " << crash_at << " after " << performed << " effects");
  World w{can};
  int steps = 0;
  const auto feed = [&](const PositionInput& input) {
    const bool crash = steps++ == crash_at;
    w.feed(input, crash ? performed : SIZE_MAX);
    if (crash) {
      w.crash();
      w.restart();
    }
  };
  const auto quiet = [&] {
    for (int i = 0; i < 400; ++i) {
      w.venue.finish_cancels();
      w.collect();
      if (!w.inbox.empty()) {
        const auto message = w.inbox.front();
        w.inbox.pop_front();
        feed(message);
      } else if (!w.timers.empty()) {
        const auto next = std::ranges::min_element(w.timers, {}, &Timer::due);
        const auto timer = *next;
        w.timers.erase(next);
        w.context.now = std::max(w.context.now, timer.due);
        feed(TimerDue{timer.kind, timer.order});
      } else {
        break;
      }
    }
  };
  feed(w.entry(Side::buy, 10_d, 95_d, 110_d));
  quiet();
  w.fill(Leg::entry, 10_d, 100_d);
  quiet();
  w.reconcile();
  quiet();
  CHECK(net_quantity(w.state) == 10_d);
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
  feed(w.close());
  quiet();
  w.fill(Leg::close, 10_d, 104_d);
  quiet();
  w.reconcile();
  quiet();
  require_clean(w);
  CHECK(w.realized_in_trades() == 40_d);
  CHECK(submissions(w, Leg::entry) == 1);
  CHECK(submissions(w, Leg::close) == 1);
}
