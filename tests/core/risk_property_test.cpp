// The governor under random interleavings of questions, fills, ends, doubts and repeats.
#include "core/risk.hpp"
#include "tests/core/risk_support.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <variant>
#include <vector>

using namespace heed;
using namespace heed::core;
using namespace heed::test;
using std::chrono::seconds;

namespace {

using Kind = RiskFactKind;

RiskLimits tight_limits() {
  RiskLimits l;
  l.trades_per_day_account = 12;
  l.trades_per_day_strategy = 8;
  l.dollars_per_day_account = Money{30'000};
  l.dollars_per_day_strategy = Money{20'000};
  l.position_dollars_max = Money{7'500};
  l.open_positions_max = 4;
  l.open_positions_per_symbol_max = 1;
  l.order_dollars_max = Money{5'000};
  l.gross_exposure_max = Money{22'000};
  l.net_exposure_max = Money{21'000};
  l.rejects_in_row = 4;
  return l;
}

// What can be told to a ledger, so that it can be told to another.
struct DayBegins {
  Date day;
};
struct Report {
  AccountReport report;
  Instant at;
};
struct Stop {
  Pause pause;
};
struct Expire {
  Instant at;
};
using Told = std::variant<RiskFact, DayBegins, Report, Stop, Expire>;

void tell(RiskLedger& ledger, const Told& what) {
  if (const auto* fact = std::get_if<RiskFact>(&what))
    ledger.apply(*fact);
  else if (const auto* begins = std::get_if<DayBegins>(&what))
    ledger.roll_day(begins->day, Money{100'000});
  else if (const auto* report = std::get_if<Report>(&what))
    ledger.apply(report->report, report->at);
  else if (const auto* stop = std::get_if<Stop>(&what))
    ledger.pause(stop->pause);
  else
    ledger.expire(std::get<Expire>(what).at);
}

// The truth, kept by the simplest means: every order with its fate.
struct Order {
  ReserveRisk q;
  Date day;
  Quantity filled;
  bool live = true;
};

class World {
public:
  explicit World(std::uint64_t seed) : chance_{seed}, ledger_{"paper", tight_limits()} {
    tell_all(DayBegins{day_});
    tell_all(Report{account_report(Money{100'000}, now_), now_});
    ledger_.set_reconciled(true);
  }

  void step() {
    now_ += std::chrono::milliseconds{chance_.below(4'000)};
    switch (chance_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3: ask(); break;
      case 4:
      case 5:
      case 6: fill(); break;
      case 7: end(); break;
      case 8: close(); break;
      case 9: doubt(); break;
      case 10: repeat(); break;
      default: seldom(); break;
    }
  }

  void check() const {
    const auto limits = tight_limits();
    std::map<Symbol, Money> by_symbol;
    std::map<StrategyId, Money> opened;
    std::map<StrategyId, int> trades;
    std::map<Symbol, std::set<StrategyId>> strategies;
    Money gross, all_opened;
    int all_trades = 0;
    for (const auto& [name, order] : orders_) {
      const Quantity open = order.live ? order.q.quantity - order.filled : Quantity{};
      by_symbol[order.q.symbol] += open * order.q.price;
      if (order.live)
        strategies[order.q.symbol].insert(order.q.strategy);
      if (order.day != day_ || (!order.live && order.filled.is_zero()))
        continue;
      opened[order.q.strategy] += (open + order.filled) * order.q.price;
      all_opened += (open + order.filled) * order.q.price;
      ++trades[order.q.strategy];
      ++all_trades;
    }
    for (const auto& [symbol, held] : held_) {
      by_symbol[symbol] += held.quantity * held.price();
      if (!held.quantity.is_zero())
        strategies[symbol].insert(held.owner);
    }
    for (const auto& [symbol, dollars] : by_symbol) {
      REQUIRE(dollars <= limits.position_dollars_max);
      gross += dollars;
    }
    for (const auto& [symbol, owners] : strategies)
      REQUIRE(owners.size() <= 1);
    for (const auto& [strategy, dollars] : opened)
      REQUIRE(dollars <= limits.dollars_per_day_strategy);
    for (const auto& [strategy, count] : trades)
      REQUIRE(count <= limits.trades_per_day_strategy);
    REQUIRE(all_trades <= limits.trades_per_day_account);
    REQUIRE(all_opened <= limits.dollars_per_day_account);
    REQUIRE(gross <= *limits.gross_exposure_max);
    REQUIRE(static_cast<int>(strategies.size()) <= limits.open_positions_max);

    // The ledger's own sums say the same.
    REQUIRE(ledger_.open_positions() == static_cast<int>(strategies.size()));
    REQUIRE(ledger_.state().today.trades == all_trades);
    REQUIRE(ledger_.state().today.dollars == all_opened);
    Money ledger_gross;
    for (const auto& [symbol, risk] : ledger_.state().symbols)
      ledger_gross += risk.cost + risk.reserved;
    REQUIRE(ledger_gross == gross);
  }

  void check_replay() const {
    RiskLedger again{"paper", tight_limits()};
    for (const auto& what : told_)
      tell(again, what);
    REQUIRE(again.state() == ledger_.state());
    REQUIRE(again.open_positions() == ledger_.open_positions());
    RiskLedger stored{"paper", tight_limits(), ledger_.state()};
    REQUIRE(stored.open_positions() == ledger_.open_positions());
  }

  // Nothing is in flight or held: everything is given back.
  void settle_and_check() {
    for (auto& [name, order] : orders_)
      if (order.live)
        end_order(order, Kind::released);
    while (close())
      ;
    for (const auto& [symbol, risk] : ledger_.state().symbols) {
      REQUIRE(risk.reserved == Money{});
      REQUIRE(risk.cost == Money{});
      REQUIRE(risk.unknown_orders == 0);
      REQUIRE(risk.live_orders == 0);
      REQUIRE(risk.strategies.empty());
    }
    REQUIRE(ledger_.open_positions() == 0);
  }

  int granted() const { return granted_; }
  int denied() const { return denied_; }

private:
  struct Held {
    StrategyId owner;
    Quantity quantity;
    Money cost;
    Price price() const { return quantity.is_zero() ? Price{} : cost / quantity; }
  };

  void tell_all(const Told& what) {
    told_.push_back(what);
    tell(ledger_, what);
  }

  Order* some_live_order() {
    std::vector<Order*> live;
    for (auto& [name, order] : orders_)
      if (order.live)
        live.push_back(&order);
    return live.empty() ? nullptr
                        : live[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(live.size())))];
  }

  void ask() {
    const char* symbols[]{"A", "B", "C", "D", "E", "F"};
    const char* strategies[]{"one", "two", "three"};
    // One price per symbol, so that the truth needs no rounding.
    const auto symbol = chance_.below(6);
    auto q =
      question("o" + std::to_string(orders_.size()), symbols[symbol], std::to_string(chance_.between(1, 45)).c_str(),
               std::to_string(80 + 10 * symbol).c_str(), strategies[chance_.below(3)]);
    q.quote_at = now_;
    const auto pauses_before = ledger_.state().pauses.size();
    const auto answer = ledger_.reserve(q, now_);
    for (const auto& effect : answer.effects)
      told_.push_back(Stop{std::get<PauseStarted>(effect).pause});
    REQUIRE(ledger_.state().pauses.size() == pauses_before + answer.effects.size());
    if (!answer.answer.granted) {
      ++denied_;
      return;
    }
    ++granted_;
    auto reserved = fact_of(Kind::reserved, q, q.quantity.str().c_str(), "0", now_);
    told_.push_back(reserved);
    orders_.emplace(q.order, Order{q, day_, Quantity{}, true});
    if (chance_.one_in(4))
      ledger_.apply(reserved);  // the position says it as well
  }

  void fill() {
    auto* order = some_live_order();
    if (order == nullptr)
      return;
    const auto rest = (order->q.quantity - order->filled).units() / Decimal::scale;
    const Quantity quantity{chance_.between(1, rest)};
    auto& held = held_[order->q.symbol];
    held.owner = order->q.strategy;
    held.quantity += quantity;
    held.cost += quantity * order->q.price;
    order->filled += quantity;
    order->live = order->filled < order->q.quantity;
    auto fact = fact_of(Kind::filled, order->q, quantity.str().c_str(), held.quantity.str().c_str(), now_);
    fact.cost_after = held.cost;
    tell_all(fact);
  }

  void end_order(Order& order, Kind kind) {
    order.live = false;
    tell_all(fact_of(kind, order.q, "0", "0", now_));
  }

  void end() {
    if (auto* order = some_live_order())
      end_order(*order, order->filled.is_zero() && chance_.one_in(3) ? Kind::rejected : Kind::released);
  }

  bool close() {
    for (auto& [symbol, held] : held_) {
      if (held.quantity.is_zero())
        continue;
      auto q = question("x" + std::to_string(told_.size()), symbol.str(), "1", "1", held.owner.str());
      const Quantity quantity = held.quantity;
      held.quantity = Quantity{};
      held.cost = Money{};
      auto fact = fact_of(Kind::closed, q, (-quantity).str().c_str(), "0", now_);
      fact.trade_ended = true;
      fact.realized = fact.trade_realized = Money{chance_.between(-20, 20)};
      tell_all(fact);
      return true;
    }
    return false;
  }

  void doubt() {
    auto* order = some_live_order();
    if (order == nullptr)
      return;
    tell_all(fact_of(Kind::unknown, order->q, "0", "0", now_));
    // While in doubt nothing is added to the symbol.
    auto q = question("d" + std::to_string(told_.size()), order->q.symbol.str());
    q.quote_at = now_;
    const auto answer = ledger_.reserve(q, now_);
    REQUIRE_FALSE(answer.answer.granted);
    for (const auto& effect : answer.effects)
      told_.push_back(Stop{std::get<PauseStarted>(effect).pause});
    if (chance_.one_in(2))
      tell_all(fact_of(Kind::resolved, order->q, "0", "0", now_ + Duration{1}));
  }

  // Anything may be told again, even much later; it changes nothing.
  void repeat() {
    const auto index = static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(told_.size())));
    const auto* fact = std::get_if<RiskFact>(&told_[index]);
    if (fact == nullptr)
      return;
    const auto before = ledger_.state();
    ledger_.apply(*fact);
    REQUIRE(ledger_.state() == before);
  }

  void seldom() {
    if (chance_.one_in(6)) {
      day_ += std::chrono::days{1};
      now_ = Instant{day_} + std::chrono::hours{15};
      tell_all(DayBegins{day_});
    }
    if (chance_.one_in(3))
      tell_all(Report{account_report(Money{100'000 - chance_.below(500)}, now_), now_});
    if (chance_.one_in(3)) {
      tell_all(Expire{now_});
      // A person lets it go on, so that the story does not end here.
      if (!ledger_.state().pauses.empty() && !ledger_.state().pauses.front().until) {
        ledger_.resume({}, {}, "ann", now_);
        told_.push_back(Expire{now_});
        resumed_ = true;
      }
    }
  }

  Chance chance_;
  RiskLedger ledger_;
  Instant now_ = risk_now;
  Date day_ = risk_day;
  std::map<ClientOrderId, Order> orders_;
  std::map<Symbol, Held> held_;
  std::vector<Told> told_;
  bool resumed_ = false;
  int granted_ = 0;
  int denied_ = 0;

public:
  bool resumed() const { return resumed_; }
};

}  // namespace

TEST_CASE("no interleaving exceeds a limit, and the sums are right at every step", "[risk][property]") {
  int granted = 0;
  int denied = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    World world{seed};
    for (int i = 0; i < 220; ++i) {
      world.step();
      world.check();
    }
    if (!world.resumed())
      world.check_replay();
    world.settle_and_check();
    granted += world.granted();
    denied += world.denied();
  }
  CHECK(granted > 1'000);  // the stories are about something
  CHECK(denied > 1'000);
}

TEST_CASE("of racing orders only as many win as there is room for", "[risk][property]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Chance chance{seed};
    auto limits = wide_limits();
    limits.open_positions_max = static_cast<std::int32_t>(chance.between(1, 5));
    auto ledger = ready_ledger(limits);
    int won = 0;
    for (int i = 0; i < 20; ++i)
      won +=
        ledger.reserve(question("o" + std::to_string(i), "S" + std::to_string(i)), risk_now).answer.granted ? 1 : 0;
    CHECK(won == limits.open_positions_max);
  }
}

TEST_CASE("what is over is forgotten in the end, what counts never", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto kept = question("kept", "KEPT");
  ledger.reserve(kept, risk_now);
  const auto doubtful = question("doubtful", "DOUBT");
  ledger.apply(fact_of(Kind::unknown, doubtful));
  for (int i = 0; i < 2'000; ++i) {
    const auto q = question("o" + std::to_string(i));
    REQUIRE(ledger.reserve(q, risk_now).answer.granted);
    ledger.apply(fact_of(Kind::released, q));
  }
  CHECK(ledger.state().orders.size() < 300);
  CHECK(ledger.reserved("KEPT") == Money{1'000});
  CHECK(ledger.find("DOUBT")->unknown_orders == 1);
  ledger.apply(fact_of(Kind::released, kept));
  ledger.apply(fact_of(Kind::released, doubtful));
  CHECK(ledger.state().unreported == Money{});
  CHECK(ledger.open_positions() == 0);
  CHECK(ledger.find("DOUBT")->unknown_orders == 0);
}
