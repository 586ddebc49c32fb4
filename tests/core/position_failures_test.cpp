// What went wrong in the systems that Heed replaces, as far as a position had a part in it, and what else goes wrong
// around one: news that is lost or late, refusals, other people.
#include "core/entry_plan.hpp"
#include "tests/core/position_holding.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

int submissions(const World& w, Leg leg) {
  return static_cast<int>(std::ranges::count_if(w.submitted, [&](const auto& s) { return s.second.leg == leg; }));
}

void require_flat_once(World& w) {
  CHECK(phase(w.state) == Phase::flat);
  CHECK(w.venue.position.is_zero());
  CHECK(w.venue.breaches.empty());
  CHECK(w.exits_text().empty());
  REQUIRE(w.trades.size() == 1);
  CHECK(w.trades.begin()->second.pnl == w.venue.cash);
}

}  // namespace

TEST_CASE("failure 02: closing a short buys, and never adds or flips", "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto at_broker = GENERATE(Decimal{-3}, Decimal{-2}, 1_d);
  INFO(can.name << " broker holds " << at_broker.str());
  auto w = holding(can, Side::sell, 3_d);
  const auto close = w.close();
  w.venue.position = at_broker;
  w.feed(close);
  w.calm();
  if (at_broker.is_positive()) {  // nothing of ours is there to buy back
    w.pass(seconds{30});
    CHECK(submissions(w, Leg::close) == 0);
    CHECK(phase(w.state) == Phase::quarantined);
    return;
  }
  CHECK(w.only(Leg::close).made.side == Side::buy);
  CHECK(w.only(Leg::close).made.quantity == at_broker.abs());
  CHECK(w.only(Leg::close).made.reduce_only);
  w.fill(Leg::close, at_broker.abs(), 99_d);
  w.calm();
  CHECK(w.venue.position.is_zero());
  CHECK(w.venue.breaches.empty());
  if (at_broker == Decimal{-3})
    require_flat_once(w);
}

TEST_CASE("failure 03: a refused order is no trade, and an answer nobody understands is asked about",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  World w{can};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  w.feed(entry, 0);  // what is sent goes nowhere
  SECTION("refused with nothing said") {
    w.feed(OrderRefused{entry.client_order_id, "", ""});
    w.calm();
    CHECK(w.decision(entry.intent).starts_with("broker_rejected"));
    CHECK(phase(w.state) == Phase::flat);
    CHECK_FALSE(busy(w.state));
  }
  SECTION("an answer without a meaning") {
    const auto& out = w.feed(OrderInDoubt{entry.client_order_id, "body {}", {}}, 0);
    CHECK(std::ranges::any_of(out.effects, [](const auto& e) { return std::holds_alternative<QueryOrder>(e); }));
    CHECK(w.decision(entry.intent) == "unknown");
    CHECK(busy(w.state));
  }
  SECTION("turned away too often, and not there: not sent once more") {
    w.feed(OrderInDoubt{entry.client_order_id, "429", "NOT_SENT"});
    w.pass(seconds{120});
    w.calm();
    CHECK(w.decision(entry.intent) == "broker_rejected:NOT_SENT");
    CHECK(w.venue.orders.empty());
    CHECK(phase(w.state) == Phase::flat);
    CHECK_FALSE(busy(w.state));
  }
  CHECK(w.fills.empty());
  CHECK(w.trades.empty());
  CHECK(net_quantity(w.state).is_zero());
}

TEST_CASE("failure 04: a target that fills while a close is decided leaves one exit, not two",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto side = GENERATE(Side::buy, Side::sell);
  const bool heard = GENERATE(true, false);
  const bool before = GENERATE(true, false);
  INFO(can.name << " " << to_string(side) << (heard ? " heard" : " not heard") << (before ? " before" : " during"));
  auto w = holding(can, side, 10_d);
  const auto close = w.close();
  w.faults.dropped = heard ? 0 : 1000;
  if (!before)
    w.feed(close);
  w.fill(Leg::take_profit, 10_d, side == Side::buy ? 110_d : 90_d);
  if (before)
    w.feed(close);
  w.faults.dropped = 0;
  w.pass(seconds{60});
  CHECK(submissions(w, Leg::close) == 0);
  CHECK(w.decision(close.intent) == "closed");
  require_flat_once(w);
  CHECK(w.trades.begin()->second.reason == CloseReason::tp_hit);
}

TEST_CASE("failure 05: exits that filled at the broker unheard are booked by the reconciler, once",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto leg = GENERATE(Leg::take_profit, Leg::stop_loss);
  INFO(can.name << " " << to_string(leg));
  auto w = holding(can, Side::buy, 10_d);
  w.faults.dropped = 1000;
  w.fill(leg, 4_d, 101_d);
  w.fill(leg, 6_d, 102_d);
  w.faults.dropped = 0;
  CHECK(net_quantity(w.state) == 10_d);
  for (int i = 0; i < 3; ++i) {
    w.reconcile();
    w.calm();
    require_flat_once(w);
    CHECK(w.trades.begin()->second.reason == (leg == Leg::take_profit ? CloseReason::tp_hit : CloseReason::sl_hit));
    CHECK(w.realized_in_fills() == 16_d);
  }
}

TEST_CASE("a market order whose last fill nobody told is asked for, and what it left is protected",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const bool restart = GENERATE(false, true);
  const bool part_heard = GENERATE(false, true);
  INFO(can.name << (restart ? " after a restart" : "") << (part_heard ? " part heard" : ""));
  auto w = holding(can, Side::buy, 10_d);
  w.feed(w.close("strat", 4_d));
  w.calm();
  w.pass(seconds{1});
  if (part_heard)
    w.fill(Leg::close, 1_d, 99_d);
  w.calm();
  w.faults.dropped = 1000;
  w.fill(Leg::close, part_heard ? 3_d : 4_d, 99_d);
  w.calm();
  w.faults.dropped = 0;
  REQUIRE(net_quantity(w.state) == (part_heard ? 9_d : 10_d));
  if (restart) {
    w.crash();
    w.restart();
  }
  w.pass(seconds{5});
  CHECK(net_quantity(w.state) == 6_d);
  CHECK(w.only(Leg::stop_loss).made.quantity == 6_d);
  CHECK_FALSE(busy(w.state));
}

TEST_CASE("a market order that waits, as in a halt, is asked for ever more rarely, by one timer",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  w.feed(w.close());
  w.calm();
  const auto& order = w.only(Leg::close).made.client_order_id;
  for (int i = 0; i < 5; ++i)
    w.feed(AskAgain{order, "not reached"});
  w.pass(seconds{3600});
  CHECK(std::ranges::count(w.timers, TimerKind::resolve, &Timer::kind) == 1);
  w.fill(Leg::close, 10_d, 99_d);
  w.calm();
  require_flat_once(w);
}

TEST_CASE("an entry that waits, as in a halt, does not keep another lot from its plain stop",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const bool fills = GENERATE(false, true);
  INFO(can.name << (fills ? " fills in time" : " never fills"));
  auto w = holding(can, Side::buy, 10_d);
  const auto entry = w.entry(Side::buy, 5_d, 95_d, 110_d, "other");
  w.feed(entry);
  w.calm();
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 96_d;  // and no target any more: at some venues that is no pair, but a plain order
  w.feed(modify);
  w.calm();
  if (fills)
    w.fill(Leg::entry, 5_d, 100_d);
  w.pass(seconds{8});
  CHECK(std::ranges::any_of(w.working(Leg::stop_loss), [](const auto* order) {
    return order->now.stop_price == 96_d && order->now.quantity == 10_d;
  }));
  if (fills)
    CHECK(w.decision(entry.intent) == "filled");
  else if (can.opposite_orders_refused)
    CHECK(w.decision(entry.intent) == "cancelled");
  else
    CHECK(w.working(Leg::entry).size() == 1);
}

TEST_CASE("an execution that is told after a fill was inferred at another price: the rows of fills add up",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  // Of the first execution nothing is told but what the order has filled in all; then the second one is told.
  w.faults.dropped = 1000;
  w.fill(Leg::take_profit, 4_d, 111_d);
  w.faults.dropped = 0;
  auto total = w.only(Leg::take_profit).now;
  total.execution.reset();
  w.feed(total);
  w.fill(Leg::take_profit, 6_d, 112_d);
  w.calm();
  require_flat_once(w);
  CHECK(w.realized_in_fills() == w.venue.cash);
  CHECK(w.cash_by_fills() == w.venue.cash);
}

TEST_CASE("of executions that a total told together one is told later and another never: the money is the total's",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  w.faults.dropped = 1000;
  w.fill(Leg::take_profit, 4_d, 111_d);
  w.fill(Leg::take_profit, 4_d, 112_d);
  w.faults.dropped = 0;
  const auto& order = w.only(Leg::take_profit);
  const auto told_late = order.executions.front();
  auto total = order.now;
  total.execution.reset();
  w.feed(total);
  w.feed(told_late);
  w.fill(Leg::take_profit, 2_d, 113_d);
  w.calm();
  require_flat_once(w);
  CHECK(w.realized_in_fills() == w.venue.cash);
  CHECK(w.cash_by_fills() == w.venue.cash);
  CHECK(w.realized_in_trades() == w.venue.cash);
}

TEST_CASE("failure 06: every order, fill and trade says whose it is", "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  w.feed(w.close("strat", 4_d));
  w.calm();
  w.fill(Leg::close, 4_d, 101_d);
  w.calm();
  w.fill(Leg::stop_loss, 6_d, 95_d);
  w.calm();
  require_flat_once(w);
  const auto belongs = [](const auto& row) {
    CHECK(row.account == AccountId{"acc"});
    CHECK(row.symbol == Symbol{"XYZ"});
    CHECK(row.strategy == StrategyId{"strat"});
    CHECK(row.source == SourceId{"src"});
    CHECK_FALSE(row.signal.empty());
  };
  CHECK(w.order_rows.size() >= 4);
  for (const auto& [name, row] : w.order_rows) {
    INFO(name);
    belongs(row);
    CHECK_FALSE(row.intent.empty());
    CHECK((row.leg == Leg::close || row.correlation_id == "call-1"));
  }
  for (const auto& [key, row] : w.fills) {
    belongs(row);
    CHECK_FALSE(row.client_order_id.empty());
    CHECK(row.lot == w.trades.begin()->second.trade);
  }
  belongs(w.trades.begin()->second);
}

TEST_CASE("failure 09: what was put off goes out under its own name, and once", "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto leg = GENERATE(Leg::entry, Leg::stop_loss, Leg::close);
  INFO(can.name << " " << to_string(leg));
  World w{can};
  const auto lost = [&](auto&& act) {
    w.faults.lost_before = 1000;
    act();
    while (!w.inbox.empty() && !std::holds_alternative<OrderInDoubt>(w.inbox.front()))
      w.deliver();
    w.faults.lost_before = 0;
    w.pass(seconds{60});
  };
  const auto either = [&](Leg which, auto&& act) {
    if (leg == which)
      return lost(act);
    act();
    w.calm();
  };
  either(Leg::entry, [&] { w.feed(w.entry(Side::buy, 10_d, 95_d, 110_d)); });
  either(Leg::stop_loss, [&] { w.fill(Leg::entry, 10_d, 100_d); });
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
  w.feed(w.close());
  w.venue.finish_cancels();
  w.collect();
  either(Leg::close, [] {});
  w.fill(Leg::close, 10_d, 101_d);
  w.calm();
  require_flat_once(w);
  CHECK(submissions(w, Leg::entry) == 1);
  CHECK(submissions(w, Leg::close) == 1);
}

TEST_CASE("failure 10: a difference that nobody can explain sets the symbol apart, also over a restart",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  w.venue.position = Decimal{-4};
  w.feed(w.close());
  w.pass(seconds{60});
  CHECK(submissions(w, Leg::close) == 0);
  CHECK(w.alerted("QUARANTINED"));
  for (int i = 0; i < 2; ++i) {
    CHECK(phase(w.state) == Phase::quarantined);
    CHECK(net_quantity(w.state) == 10_d);  // our books stay as the venue's reports made them
    CHECK(w.feed(w.entry(Side::buy, 1_d, 95_d, 110_d)).answer.str() == "no_op:quarantined");
    w.crash();
    w.restart();
    w.pass(seconds{10});
  }
  w.venue.position = 10_d;
  w.feed(LiftQuarantine{"person"});
  w.calm();
  CHECK(phase(w.state) == Phase::open);
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
}

TEST_CASE("failure 11: a call that comes again places and closes nothing twice", "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  World w{can};
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  const auto close = w.close();
  const auto again = [&](const PositionInput& call) {
    const auto hash = FieldsHash::of(w.state);
    const auto answer = w.feed(call).answer.str();
    CHECK(FieldsHash::of(w.state) == hash);
    CHECK(w.out.effects.empty());
    return answer;
  };
  CHECK(w.feed(entry).answer.str() == "in_flight");
  CHECK(again(entry) == "in_flight");
  w.calm();
  CHECK(again(entry) == "in_flight");
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  CHECK(again(entry) == "filled");
  w.crash();
  w.restart();
  w.calm();
  CHECK(again(entry) == "filled");
  w.feed(close);
  CHECK(again(close) == "in_flight");
  w.calm();
  CHECK(again(close) == "in_flight");
  w.fill(Leg::close, 10_d, 101_d);
  w.calm();
  CHECK(again(close) == "no_op:flat");
  CHECK(again(entry) == "filled");
  require_flat_once(w);
  CHECK(submissions(w, Leg::entry) == 1);
  CHECK(submissions(w, Leg::close) == 1);
}

TEST_CASE("position: an exit that somebody else cancels comes back at once, and the next time after a while",
          "[core][position]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto leg = GENERATE(Leg::stop_loss, Leg::take_profit);
  INFO(can.name << " " << to_string(leg));
  auto w = holding(can, Side::buy, 10_d);
  const auto take_away = [&] {
    w.venue.end(w.only(leg), OrderStatus::canceled);
    w.collect();
    w.calm();
  };
  take_away();
  CHECK(w.alerted("EXIT_TAKEN_AWAY"));
  CHECK(w.only(leg).now.quantity == 10_d);
  CHECK_FALSE(naked_since(w.state));
  auto wait = w.policy.protect_retry;
  for (int i = 0; i < 3; ++i, wait *= 2) {
    take_away();
    CHECK(w.working(leg).empty());
    w.pass(wait - std::chrono::milliseconds{1});
    CHECK(w.working(leg).empty());
    w.pass(std::chrono::milliseconds{1});
    CHECK(w.only(leg).now.quantity == 10_d);
    CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
    CHECK_FALSE(naked_since(w.state));
  }
  w.pass(minutes{15});
  take_away();
  CHECK(w.only(leg).now.quantity == 10_d);  // it was long ago
}

TEST_CASE("position: people are told of an order of unknown fate, again when it stays so, and when it is known",
          "[core][position]") {
  World w{alpaca_like()};
  const auto told = [&](std::string_view code) {
    return std::ranges::count_if(w.alerts, [&](const RaiseAlert& a) { return a.code == code; });
  };
  w.faults.lost_after = w.faults.query_fails = w.faults.dropped = 1000;
  const auto entry = w.entry(Side::buy, 10_d, 95_d, 110_d);
  w.feed(entry);
  w.calm();
  CHECK(w.state.orders.front().row.status == OrderStatus::unknown);
  CHECK(w.decision(entry.intent) == "unknown");
  CHECK(told("ORDER_UNKNOWN") == 1);
  CHECK(w.feed(w.entry(Side::buy, 10_d, 95_d, 110_d)).answer.str() == "failed:busy");
  w.pass(seconds{30});
  CHECK(told("ORDER_STILL_UNKNOWN") == 0);
  w.pass(seconds{60});
  CHECK(told("ORDER_STILL_UNKNOWN") == 1);
  // The questions come ever more slowly, up to one in 30 seconds, and so do the reminders.
  CHECK(w.state.orders.front().resolves < 12);
  w.pass(std::chrono::minutes{30});
  CHECK(w.state.orders.front().resolves < 72);
  CHECK(told("ORDER_STILL_UNKNOWN") == 4);
  CHECK(told("ORDER_RESOLVED") == 0);
  w.faults = {};
  w.pass(seconds{31});
  CHECK(told("ORDER_RESOLVED") == 1);
  CHECK(w.state.orders.front().row.status == OrderStatus::accepted);
  CHECK(w.decision(entry.intent) == "in_flight");
  CHECK(w.submitted.size() == 1);
}

TEST_CASE("position: a replace that is refused does not count as a refused order", "[core][position]") {
  World w{tradovate_like()};
  w.feed(w.entry(Side::buy, 10_d, 95_d, 110_d));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  const auto rejected = [&] { return std::ranges::count(w.facts, RiskFactKind::rejected, &RiskFact::kind); };
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 96_d;
  modify.target = 110_d;
  w.only(Leg::stop_loss).cancelling = true;  // what is on its way out cannot be replaced
  w.feed(modify);
  w.only(Leg::stop_loss).cancelling = false;
  w.calm();
  CHECK_FALSE(w.alerted("PROTECTION_REFUSED"));  // the old one rests on, and the next attempt will do
  CHECK(rejected() == 0);
  w.pass(seconds{5});
  CHECK(w.only(Leg::stop_loss).now.stop_price == 96_d);
  // A refused order counts.
  World other{tradovate_like()};
  other.venue.refuse_next = true;
  other.feed(other.entry(Side::buy, 10_d, 95_d, 110_d));
  other.calm();
  CHECK(std::ranges::count(other.facts, RiskFactKind::rejected, &RiskFact::kind) == 1);
}

TEST_CASE("position: the venue's own id, once stored, says better whose report it is than a guessed name",
          "[core][position]") {
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  auto report = w.only(Leg::stop_loss).now;
  REQUIRE_FALSE(report.venue_order_id.empty());
  // An adapter that was started anew names a leg by its place, and its place may be under another order by now.
  report.client_order_id = "heed1.one.sl.zzzzzzzzzzzzzzzz";
  report.status = OrderStatus::filled;
  report.cum_qty = 10_d;
  report.avg_px = 95_d;
  w.feed(report);
  CHECK_FALSE(w.alerted("FILL_FOR_UNKNOWN_ORDER"));
  CHECK(net_quantity(w.state).is_zero());
}

TEST_CASE("protection changed by percent or ticks is measured from the average, not taken for a price",
          "[core][position]") {
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  auto intent = w.intent(IntentAction::modify_protection, "strat");
  intent.protection.stop = Level{LevelKind::percent, 4_d};
  intent.protection.target = Level{LevelKind::ticks, 800_d};
  const auto plan = plan_intent(intent, 10_d, false);
  w.feed(std::get<ModifyProtection>(plan));
  w.calm();
  w.pass(seconds{10});
  CHECK(w.only(Leg::stop_loss).now.stop_price == 96_d);
  CHECK(w.only(Leg::take_profit).now.limit_price == 108_d);
  // What makes no sense is refused before anything is cancelled.
  intent = w.intent(IntentAction::modify_protection, "strat");
  intent.protection.stop = Level{LevelKind::percent, 100_d};
  CHECK(w.feed(std::get<ModifyProtection>(plan_intent(intent, 10_d, false))).answer.str() == "invalid:protection");
  CHECK(w.only(Leg::stop_loss).now.stop_price == 96_d);
}

TEST_CASE("position: an exit that ends before its sibling's fill is told was taken away by nobody",
          "[core][position]") {
  const auto filled = GENERATE(Leg::stop_loss, Leg::take_profit);
  const auto other = filled == Leg::stop_loss ? Leg::take_profit : Leg::stop_loss;
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  auto taken = w.only(other).now;
  auto fill = w.only(filled).now;
  taken.status = OrderStatus::canceled;
  w.feed(taken);
  CHECK_FALSE(w.alerted("EXIT_TAKEN_AWAY"));
  fill.status = OrderStatus::filled;
  fill.cum_qty = 10_d;
  fill.avg_px = 95_d;
  w.feed(fill);
  CHECK_FALSE(w.alerted("EXIT_TAKEN_AWAY"));
  CHECK(net_quantity(w.state).is_zero());
}

TEST_CASE("position: an exit that is refused because the old one has just filled is no alarm",
          "[core][position][failure]") {
  const auto can = GENERATE(alpaca_like(), tradovate_like());
  const auto filled = GENERATE(10_d, 4_d);
  INFO(can.name << " " << filled.str());
  auto w = holding(can, Side::buy, 10_d);
  const auto stop = w.only(Leg::stop_loss).made.client_order_id;
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 96_d;
  modify.target = 110_d;
  w.venue.fill(stop, filled, 95_d);
  w.venue.find(stop)->cancelling = true;  // what is filled, or on its way out, cannot be replaced
  w.venue.stream.clear();                 // the news of it comes late
  w.feed(modify);
  w.venue.find(stop)->cancelling = false;
  w.calm();
  CHECK_FALSE(w.alerted("PROTECTION_REFUSED"));
  w.pass(seconds{30});
  CHECK_FALSE(w.alerted("PROTECTION_REFUSED"));
  CHECK(net_quantity(w.state) == 10_d - filled);
  CHECK(phase(w.state) == (filled == 10_d ? Phase::flat : Phase::open));
  if (filled == 4_d)
    CHECK(w.only(Leg::stop_loss).now.stop_price == 96_d);
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("a close that is refused for days leaves no long past, and no storm of questions",
          "[core][position][failure]") {
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  w.faults.refused = 1'000;
  w.feed(w.close());
  w.pass(std::chrono::hours{30});
  CHECK(w.submitted.size() > 300);
  CHECK(w.state.orders.size() <= 97);
  std::size_t asked = 0;
  w.after_step = [&asked](const World& world) {
    asked += static_cast<std::size_t>(std::ranges::count_if(
      world.out.effects, [](const PositionEffect& e) { return std::holds_alternative<QueryOrder>(e); }));
  };
  w.venue.position = 0_d;  // somebody else sold: the books are looked at order by order
  w.pass(minutes{30});
  CHECK(w.alerted("POSITION_MISMATCH"));
  CHECK(asked <= 400);
}

TEST_CASE("a replacement in doubt of an exit that the venue has ended never came to be",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  INFO(can.name);
  auto w = holding(can, Side::buy, 10_d);
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 96_d;
  modify.target = 110_d;
  w.faults.lost_before = 1'000;
  w.feed(modify);
  w.calm();
  w.faults = {};
  w.faults.query_fails = 1'000;  // nothing can be looked up; what the venue says by itself comes
  for (auto& order : w.venue.orders)
    if (NaiveVenue::working(order))
      w.venue.end(order, OrderStatus::canceled);
  w.collect();
  w.pass(minutes{2});
  CHECK_FALSE(naked_since(w.state));
  CHECK(w.only(Leg::stop_loss).now.stop_price == 96_d);
  CHECK(w.venue.breaches.empty());
}
