// The position machine and the governor's ledger together: what the one tells, the other counts.
#include "core/entry_plan.hpp"
#include "core/pnl.hpp"
#include "core/risk.hpp"
#include "tests/core/position_world.hpp"
#include "tests/core/risk_support.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::seconds;

namespace {

// A world whose facts reach a ledger, in the order they are told; entries ask it first, as the shell does.
class Desk {
public:
  explicit Desk(VenueCapabilities can, RiskLimits limits = wide_limits()) : w{std::move(can)}, ledger{"acc", limits} {
    const auto day = std::chrono::floor<std::chrono::days>(w.context.now);
    ledger.roll_day(day, 100'000_d);
    auto report = account_report(100'000_d, w.context.now - std::chrono::hours{1});
    report.account = "acc";
    ledger.apply(report, w.context.now);
    ledger.set_reconciled(true);
  }

  World w;
  core::RiskLedger ledger;

  RiskAnswer ask(const PlaceEntry& e, Price worst = 101_d) {
    ReserveRisk q;
    q.order = e.client_order_id;
    q.intent = e.intent.intent_id;
    q.account = "acc";
    q.strategy = e.intent.strategy;
    q.symbol = "XYZ";
    q.side = e.intent.side;
    q.quantity = e.quantity;
    q.price = worst;
    q.last_price = 100_d;
    q.quote_at = w.context.now;
    q.multiplier = w.context.instrument.multiplier;
    q.cost_held = cost_at_risk(w.state, q.multiplier);
    return ledger.reserve(q, w.context.now).answer;
  }
  void enter(const PlaceEntry& e) {
    const auto answer = ask(e);
    INFO(answer.reason);
    REQUIRE(answer.granted);
    w.feed(e);
    hear();
  }
  void calm() {
    w.calm();
    hear();
  }
  void pass(Duration time) {
    w.pass(time);
    hear();
  }
  void fill(Leg leg, Quantity quantity, Price price) {
    w.fill(leg, quantity, price);
    calm();
  }
  /// Over the venue's orders of that leg, oldest first.
  void fill_some(Leg leg, Quantity quantity, Price price) {
    while (quantity.is_positive()) {
      const auto working = w.working(leg);
      REQUIRE_FALSE(working.empty());
      const auto part = std::min(quantity, NaiveVenue::open(*working.front()));
      w.venue.fill(working.front()->made.client_order_id, part, price);
      w.collect();
      calm();
      quantity -= part;
    }
  }
  /// What was told since, into the ledger.
  void hear() {
    for (; heard < w.facts.size(); ++heard)
      ledger.apply(w.facts[heard]);
  }

  const core::SymbolRisk& symbol() const {
    const auto* found = ledger.find("XYZ");
    static const core::SymbolRisk none;
    return found == nullptr ? none : *found;
  }
  Money cost() const {
    Money sum;
    for (const auto& lot : w.state.lots)
      sum += lot.cost;
    return sum;
  }
  /// Exposure is the position's, strategy by strategy, and what was made today is what the fills made.
  void require_same_books() {
    CHECK(symbol().quantity == net_quantity(w.state));
    CHECK(symbol().cost == cost());
    CHECK(ledger.state().day_realized == w.realized_in_fills());
    std::map<StrategyId, Quantity> held_by;
    for (const auto& lot : w.state.lots)
      held_by[lot.strategy] += lot.quantity;
    for (const auto& [strategy, quantity] : held_by) {
      INFO(strategy.str());
      const auto part = symbol().strategies.find(strategy);
      CHECK((part == symbol().strategies.end() ? Quantity{} : part->second.held) == quantity);
    }
  }
  void require_nothing_open() {
    require_same_books();
    CHECK(ledger.open_positions() == 0);
    CHECK(ledger.reserved("XYZ").is_zero());
    CHECK(symbol().live_orders == 0);
    CHECK(symbol().unknown_orders == 0);
    CHECK(symbol().strategies.empty());
    CHECK(ledger.state().day_realized == w.realized_in_trades());
    CHECK(w.venue.cash == ledger.state().day_realized);
  }

private:
  std::size_t heard = 0;
};

PlaceEntry ten(Desk& d, Side side, std::string strategy = "strat") {
  const bool buy = side == Side::buy;
  return d.w.entry(side, 10_d, buy ? 95_d : 105_d, buy ? 110_d : 90_d, std::move(strategy));
}

}  // namespace

TEST_CASE("position and risk: a trade from grant to end, at every venue and on both sides",
          "[core][position][risk]") {
  const auto can = GENERATE(alpaca_like(), plain_like(), tradovate_like(), full_like());
  const auto side = GENERATE(Side::buy, Side::sell);
  const auto exit = GENERATE(Leg::take_profit, Leg::stop_loss, Leg::close);
  const auto fee = GENERATE(0_d, 0.35_d);
  INFO(can.name << " " << to_string(side) << " " << to_string(exit) << " fee " << fee.str());
  Desk d{can};
  d.w.venue.fee_per_fill = fee;
  d.enter(ten(d, side));
  CHECK(d.ledger.reserved("XYZ") == 1010_d);
  CHECK(d.ledger.open_positions() == 1);
  CHECK(d.ledger.state().today.trades == 1);
  d.calm();

  d.w.fill(Leg::entry, 4_d, 100_d);
  d.calm();
  d.require_same_books();
  CHECK(d.ledger.reserved("XYZ") == 606_d);
  CHECK(d.symbol().cost == 400_d);
  d.fill(Leg::entry, 6_d, 100_d);
  d.require_same_books();
  CHECK(d.ledger.reserved("XYZ").is_zero());
  CHECK(d.symbol().live_orders == 0);
  CHECK(d.ledger.state().today.dollars == 1000_d);

  if (exit == Leg::close) {
    d.w.feed(d.w.close());
    d.calm();
  }
  const bool wins = exit == Leg::take_profit;
  const auto price = wins == (side == Side::buy) ? 105_d : 98_d;
  d.fill_some(exit, 3_d, price);
  d.require_same_books();
  CHECK(d.ledger.open_positions() == 1);
  CHECK(d.ledger.state().losses_in_row == 0);  // not over yet
  d.fill_some(exit, 7_d, price);
  d.require_nothing_open();
  CHECK(d.ledger.state().losses_in_row == (wins ? 0 : 1));
  CHECK(d.ledger.state().today.trades == 1);
  CHECK(d.symbol().closed_at.has_value());
}

TEST_CASE("position and risk: an entry that ends short gives back what it did not fill", "[core][position][risk]") {
  const auto side = GENERATE(Side::buy, Side::sell);
  const auto filled = GENERATE(0_d, 4_d);
  const auto end = GENERATE(OrderStatus::canceled, OrderStatus::expired);
  INFO(to_string(side) << " filled " << filled.str() << " " << to_string(end));
  Desk d{tradovate_like()};
  d.enter(ten(d, side));
  d.calm();
  if (filled.is_positive())
    d.fill(Leg::entry, filled, 100_d);
  d.w.venue.end(d.w.only(Leg::entry), end);
  d.w.collect();
  d.calm();
  d.require_same_books();
  CHECK(d.ledger.reserved("XYZ").is_zero());
  CHECK(d.symbol().live_orders == 0);
  CHECK(d.ledger.state().today.trades == (filled.is_positive() ? 1 : 0));
  CHECK(d.ledger.state().today.dollars == filled * 100_d);
  if (filled.is_positive()) {
    d.fill(Leg::stop_loss, filled, side == Side::buy ? 95_d : 105_d);
    CHECK(d.ledger.state().losses_in_row == 1);
  }
  d.require_nothing_open();
}

TEST_CASE("position and risk: refusals reserve nothing, and count as rejects once each", "[core][position][risk]") {
  auto limits = wide_limits();
  limits.rejects_in_row = 3;
  Desk d{alpaca_like(), limits};
  for (int i = 1; i <= 3; ++i) {
    const auto e = ten(d, Side::buy);
    REQUIRE(d.ask(e).granted);
    d.w.faults.refused = 1000;
    d.w.feed(e);
    d.w.faults.refused = 0;
    d.calm();
    d.require_nothing_open();
    CHECK(d.ledger.state().rejects_in_row == i % 3);  // the third trips the breaker
    CHECK(d.ledger.state().today.trades == 0);
  }
  const auto denied = d.ask(ten(d, Side::buy));
  CHECK_FALSE(denied.granted);
  CHECK(denied.limit == LimitName::rejects);
}

TEST_CASE("position and risk: an unknown entry holds its room and stops others until its fate is known",
          "[core][position][risk]") {
  const bool arrived = GENERATE(true, false);
  INFO((arrived ? "arrived" : "never arrived"));
  Desk d{full_like()};
  (arrived ? d.w.faults.lost_after : d.w.faults.lost_before) = 1000;
  d.w.faults.dropped = 1000;
  d.enter(ten(d, Side::buy));
  d.w.faults = {};
  d.w.deliver();
  d.hear();
  CHECK(d.symbol().unknown_orders == 1);
  CHECK(d.ledger.reserved("XYZ") == 1010_d);
  const auto denied = d.ask(ten(d, Side::buy));
  CHECK_FALSE(denied.granted);
  CHECK(denied.limit == LimitName::unknown_order);
  d.pass(seconds{20});
  CHECK(d.symbol().unknown_orders == 0);
  CHECK(d.ledger.reserved("XYZ") == 1010_d);  // found, or sent again
  d.fill(Leg::entry, 10_d, 100_d);
  d.require_same_books();
  d.fill(Leg::take_profit, 10_d, 110_d);
  d.require_nothing_open();
}

TEST_CASE("position and risk: an exit in doubt stops entries too, and only until it is found",
          "[core][position][risk]") {
  Desk d{plain_like()};
  d.enter(ten(d, Side::buy));
  d.calm();
  d.w.faults.lost_before = 1000;
  d.w.fill(Leg::entry, 10_d, 100_d);
  d.w.deliver_all();
  d.hear();
  CHECK(d.symbol().unknown_orders == 2);
  d.w.faults = {};
  d.pass(seconds{60});
  CHECK(d.symbol().unknown_orders == 0);
  d.fill(Leg::stop_loss, 10_d, 95_d);
  d.require_nothing_open();
}

TEST_CASE("position and risk: one close over two lots is told lot by lot", "[core][position][risk]") {
  const auto side = GENERATE(Side::buy, Side::sell);
  const bool fifo = GENERATE(false, true);
  const bool same_strategy = GENERATE(true, false);
  INFO(to_string(side) << (fifo ? " fifo" : " average") << (same_strategy ? " one strategy" : " two strategies"));
  Desk d{full_like()};
  d.w.policy.fifo = fifo;
  d.w.venue.fee_per_fill = 0.35_d;
  for (const auto* strategy : {"strat", same_strategy ? "strat" : "other"}) {
    d.enter(ten(d, side, strategy));
    d.calm();
    d.fill(Leg::entry, 10_d, 100_d);
    d.require_same_books();
  }
  CHECK(d.symbol().strategies.size() == (same_strategy ? 1U : 2U));
  CHECK(d.ledger.open_positions() == 1);
  d.w.feed(d.w.close(""));
  d.calm();
  const auto before = d.w.facts.size();
  d.fill(Leg::close, 20_d, side == Side::buy ? 99_d : 101_d);
  std::vector<IntentId> lots;
  for (auto i = before; i < d.w.facts.size(); ++i)
    if (d.w.facts[i].kind == RiskFactKind::closed) {
      CHECK(d.w.facts[i].quantity == (side == Side::buy ? -10_d : 10_d));
      CHECK(d.w.facts[i].trade_ended);
      lots.push_back(d.w.facts[i].lot);
    }
  REQUIRE(lots.size() == 2);
  CHECK(lots[0] != lots[1]);
  CHECK(d.ledger.state().losses_in_row == 2);
  d.require_nothing_open();
}

TEST_CASE("position and risk: what is learnt later of price and fee is told too", "[core][position][risk]") {
  Desk d{plain_like()};
  d.w.venue.fee_per_fill = 0.35_d;
  d.enter(d.w.entry(Side::buy, 10_d, std::nullopt, std::nullopt));
  d.calm();
  const auto id = d.w.only(Leg::entry).made.client_order_id;
  d.w.venue.fill(id, 4_d, 100_d);
  d.w.venue.fill(id, 6_d, 101_d);
  const auto executions = d.w.venue.stream;
  d.w.venue.stream.clear();
  d.w.feed(d.w.venue.find(id)->now);  // a poll: no fees, an average
  d.hear();
  d.require_same_books();
  CHECK(d.ledger.state().day_realized.is_zero());
  for (const auto& execution : executions) {
    d.w.feed(execution);
    d.hear();
    d.require_same_books();
  }
  CHECK(d.ledger.state().day_realized == -0.7_d);
  CHECK(d.ledger.state().today.trades == 1);
  CHECK(d.ledger.state().today.dollars == 1006_d);
  d.w.feed(d.w.close(""));
  d.calm();
  d.fill(Leg::close, 10_d, 102_d);
  d.require_nothing_open();
}

TEST_CASE("position and risk: an over-fill is exposure until it is closed again", "[core][position][risk]") {
  Desk d{full_like()};
  d.enter(ten(d, Side::buy));
  d.calm();
  d.fill(Leg::entry, 10_d, 100_d);
  auto report = d.w.only(Leg::take_profit).now;
  report.status = OrderStatus::filled;
  report.cum_qty = 12_d;
  report.avg_px = 110_d;
  d.w.venue.position = Decimal{-2};
  d.w.venue.end(d.w.only(Leg::take_profit), OrderStatus::canceled);
  d.w.venue.stream.clear();
  d.w.feed(report);
  d.hear();
  d.require_same_books();
  CHECK(d.symbol().quantity == Decimal{-2});
  d.calm();
  d.fill(Leg::close, 2_d, 111_d);
  d.require_same_books();
  CHECK(d.ledger.open_positions() == 0);
  CHECK(d.symbol().strategies.empty());
}

TEST_CASE("position and risk: what is not ours is exposure without being a trade", "[core][position][risk]") {
  Desk d{full_like()};
  d.w.feed(ExternalChange{5_d, 80_d});
  d.hear();
  d.require_same_books();
  CHECK(d.symbol().cost == 400_d);
  CHECK(d.ledger.open_positions() == 1);
  CHECK(d.ledger.state().today.trades == 0);
  d.w.feed(ExternalChange{0_d, 0_d});
  d.hear();
  CHECK(d.ledger.open_positions() == 0);
  CHECK(d.ledger.state().losses_in_row == 0);
}

TEST_CASE("position and risk: after a restart the ledger is told what still may fill", "[core][position][risk]") {
  Desk d{tradovate_like()};
  const bool market = GENERATE(true, false);
  auto e = ten(d, Side::sell);
  if (market) {
    e.worst_price = 101_d;  // what it was granted at: the venue cannot tell
  } else {
    e.intent.order_type = OrderType::limit;
    e.intent.limit_price = 101_d;
  }
  d.enter(e);
  d.calm();
  d.fill(Leg::entry, 4_d, 101_d);
  core::RiskLedger fresh{"acc", wide_limits()};  // knows of the position, not of the order
  fresh.set_held("XYZ", net_quantity(d.w.state), d.cost(), {{"strat", net_quantity(d.w.state)}});
  const auto before = d.w.facts.size();
  d.w.crash();
  d.w.restart();
  for (auto i = before; i < d.w.facts.size(); ++i)
    fresh.apply(d.w.facts[i]);
  CHECK(fresh.reserved("XYZ") == 606_d);
  CHECK(fresh.find("XYZ")->live_orders == 1);
  CHECK(fresh.find("XYZ")->quantity == Decimal{-4});
}

TEST_CASE("position and risk: shares whose fill has not been told yet count once", "[core][position][risk]") {
  auto limits = wide_limits();
  limits.position_dollars_max = 2'500_d;
  Desk d{plain_like(), limits};
  const auto bought = GENERATE(0_d, 4_d, 10_d);  // of ten
  const bool told = GENERATE(false, true);
  INFO("bought " << bought.str() << (told ? ", told" : ""));
  auto first = d.w.entry(Side::buy, 10_d, std::nullopt, std::nullopt);
  first.worst_price = 101_d;
  d.enter(first);
  d.calm();
  if (bought.is_positive()) {
    d.w.fill(Leg::entry, bought, 101_d);
    d.w.deliver_all();
    if (told)
      d.hear();
  }
  const auto ask = [&](Quantity quantity) {
    return d.ask(d.w.entry(Side::buy, quantity, std::nullopt, std::nullopt)).granted;
  };
  CHECK_FALSE(ask(15_d));  // 1,010 and 1,515
  CHECK(ask(14_d));        // 1,010 and 1,414
}

TEST_CASE("position and risk: what only the position knows of counts before it is told", "[core][position][risk]") {
  auto limits = wide_limits();
  limits.position_dollars_max = 2'500_d;
  Desk d{plain_like(), limits};
  SECTION("shares of somebody else") { d.w.feed(ExternalChange{15_d, 100_d}); }
  SECTION("a fill above the worst price") {
    auto first = d.w.entry(Side::buy, 10_d, std::nullopt, std::nullopt);
    first.worst_price = 101_d;
    d.enter(first);
    d.calm();
    d.w.fill(Leg::entry, 10_d, 150_d);
    d.w.deliver_all();
  }
  const auto denied = d.ask(d.w.entry(Side::buy, 10_d, std::nullopt, std::nullopt));
  CHECK(denied.limit == LimitName::max_position);
  CHECK(denied.reason == "held 1500.00 + in flight 0.00 + 1010.00 > 2500.00");
}

namespace {

// One position, and two ledgers: one hears each fact as it happens, the other whenever it may. The second one grants.
class LateDesk {
public:
  explicit LateDesk(std::uint64_t seed) : w_{plain_like(), seed}, prompt_{"acc", limits()}, late_{"acc", limits()} {
    for (auto* ledger : {&prompt_, &late_}) {
      ledger->roll_day(w_.context.session, 100'000_d);
      auto report = account_report(100'000_d, w_.context.now);
      report.account = "acc";
      ledger->apply(report, w_.context.now);
      ledger->set_reconciled(true);
    }
    w_.ledger = &prompt_;
  }

  void step() {
    w_.context.now += seconds{1};
    switch (w_.below(10)) {
      case 0:
      case 1:
      case 2: return ask();
      case 3:
      case 4: return fill();
      case 5: return hear();
      case 6: return close();
      case 7: return somebody_trades();
      case 8: return end();
      default: return restart();
    }
  }
  int granted() const { return granted_; }
  int denied() const { return denied_; }
  int late_denials() const { return late_denials_; }

private:
  static RiskLimits limits() {
    auto out = wide_limits();
    out.position_dollars_max = 7'500_d;
    return out;
  }

  // Worked out from the venue's orders, not as the question has it.
  Money exposure() {
    Money sum;
    for (const auto& lot : w_.state.lots)
      sum += lot.cost;
    for (const auto* order : w_.working(Leg::entry))
      sum += NaiveVenue::open(*order) * 101_d;
    return sum;
  }
  bool late_overcounts() const {
    for (auto i = heard_; i < w_.facts.size(); ++i)
      if (w_.facts[i].kind != RiskFactKind::filled)
        return true;
    return false;
  }

  void ask() {
    if (busy(w_.state) || net_quantity(w_.state).is_negative())
      return;
    auto e = w_.entry(Side::buy, Decimal{static_cast<std::int64_t>(1 + w_.below(50))}, std::nullopt, std::nullopt);
    e.worst_price = 101_d;
    ReserveRisk q;
    q.order = e.client_order_id;
    q.account = "acc";
    q.strategy = e.intent.strategy;
    q.symbol = "XYZ";
    q.quantity = e.quantity;
    q.price = q.last_price = 101_d;
    q.quote_at = w_.context.now;
    q.cost_held = cost_at_risk(w_.state, 1_d);
    const auto answer = late_.reserve(q, w_.context.now).answer;
    INFO(answer.reason);
    if (answer.granted) {
      ++granted_;
      REQUIRE(exposure() + e.quantity * 101_d <= 7'500_d);
      const auto told_all = prompt_.reserve(q, w_.context.now).answer;
      INFO("by the ledger that hears at once: " << told_all.reason);
      REQUIRE(told_all.granted);
      if (is_final(w_.feed(e).answer.kind))
        tell(RiskFactKind::released, e.client_order_id);  // refused after all: given back, as the shell does
      w_.calm();
      REQUIRE(exposure() <= 7'500_d);
      return;
    }
    ++denied_;
    REQUIRE(answer.limit == LimitName::max_position);
    auto all_told = prompt_;
    if (all_told.reserve(q, w_.context.now).answer.granted) {
      ++late_denials_;
      REQUIRE(late_overcounts());  // of something that is gone, and never of the same shares twice
    }
  }
  void fill() {
    const auto entries = w_.working(Leg::entry);
    const auto closes = w_.working(Leg::close);
    if (entries.empty() && closes.empty())
      return;
    const auto& order = entries.empty() ? *closes.front() : *entries.front();
    const auto open = NaiveVenue::open(order);
    const auto part = w_.below(2) == 0 ? open : std::min(open, 3_d);
    w_.venue.fill(order.made.client_order_id, part, w_.below(2) == 0 ? 101_d : 97_d);
    w_.collect();
    w_.calm();
  }
  void close() {
    w_.feed(w_.close("strat", w_.below(2) == 0 ? std::optional{4_d} : std::nullopt));
    w_.calm();
  }
  void somebody_trades() {
    if (busy(w_.state) || owned_quantity(w_.state).is_negative())
      return;
    const auto theirs = Decimal{static_cast<std::int64_t>(w_.below(8))};
    w_.venue.position = owned_quantity(w_.state) + theirs;
    w_.feed(ExternalChange{w_.venue.position, 97_d});
    w_.calm();
  }
  void end() {
    if (const auto entries = w_.working(Leg::entry); !entries.empty()) {
      w_.venue.end(*entries.front(), OrderStatus::canceled);
      w_.collect();
      w_.calm();
    }
  }
  // By the shell.
  void tell(RiskFactKind kind, const ClientOrderId& order) {
    RiskFact fact;
    fact.kind = kind;
    fact.account = "acc";
    fact.symbol = "XYZ";
    fact.strategy = "strat";
    fact.order = order;
    w_.facts.push_back(fact);
    prompt_.apply(fact);
  }
  void hear() {
    const auto until = heard_ + w_.below(w_.facts.size() - heard_ + 1);
    for (; heard_ < until; ++heard_)
      late_.apply(w_.facts[heard_]);
  }
  // Of the position's actor: what it told is on its way all the same.
  void restart() {
    if (w_.below(4) != 0)
      return;
    tell(RiskFactKind::restarted, {});
    w_.crash();
    w_.restart();
    w_.calm();
    w_.reconcile();
    w_.calm();
  }

  World w_;
  core::RiskLedger prompt_, late_;
  std::size_t heard_ = 0;
  int granted_ = 0;
  int denied_ = 0;
  int late_denials_ = 0;
};

}  // namespace

TEST_CASE("position and risk: however late the ledger hears, nothing passes that it would deny, nor counts twice",
          "[core][position][risk][property]") {
  int granted = 0;
  int denied = 0;
  int late = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    LateDesk desk{seed};
    for (int i = 0; i < 150; ++i)
      desk.step();
    granted += desk.granted();
    denied += desk.denied();
    late += desk.late_denials();
  }
  CHECK(granted > 1'000);
  CHECK(denied > 1'000);
  CHECK(late > 0);
}
