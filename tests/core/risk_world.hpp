// The governor's day, told by chance: questions, fills, ends, doubts and repeats, against the simplest bookkeeping.
#pragma once

#include "core/risk.hpp"
#include "tests/core/risk_support.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace heed::test {

using namespace heed::core;

inline void require(bool holds, const char* what) {
  if (!holds)
    throw std::runtime_error{what};
}

inline RiskLimits tight_limits() {
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

inline void tell(RiskLedger& ledger, const Told& what) {
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

class RiskWorld {
public:
  explicit RiskWorld(Chance chance) : chance_{std::move(chance)}, ledger_{"paper", tight_limits()} {
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
      require(dollars <= limits.position_dollars_max, "position_dollars_max holds");
      gross += dollars;
    }
    for (const auto& [symbol, owners] : strategies)
      require(owners.size() <= 1, "one strategy per symbol");
    for (const auto& [strategy, dollars] : opened)
      require(dollars <= limits.dollars_per_day_strategy, "dollars_per_day_strategy holds");
    for (const auto& [strategy, count] : trades)
      require(count <= limits.trades_per_day_strategy, "trades_per_day_strategy holds");
    require(all_trades <= limits.trades_per_day_account, "trades_per_day_account holds");
    require(all_opened <= limits.dollars_per_day_account, "dollars_per_day_account holds");
    require(gross <= *limits.gross_exposure_max, "gross_exposure_max holds");
    require(static_cast<int>(strategies.size()) <= limits.open_positions_max, "open_positions_max holds");

    // The ledger's own sums say the same.
    require(ledger_.open_positions() == static_cast<int>(strategies.size()), "the ledger counts the open positions");
    require(ledger_.state().today.trades == all_trades, "the ledger counts today's trades");
    require(ledger_.state().today.dollars == all_opened, "the ledger counts today's dollars");
    Money ledger_gross;
    for (const auto& [symbol, risk] : ledger_.state().symbols)
      ledger_gross += risk.cost + risk.reserved;
    require(ledger_gross == gross, "the ledger counts the exposure");
  }

  void check_replay() const {
    RiskLedger again{"paper", tight_limits()};
    for (const auto& what : told_)
      tell(again, what);
    require(again.state() == ledger_.state(), "told again, the ledger is the same");
    require(again.open_positions() == ledger_.open_positions(), "told again, the open positions are the same");
    RiskLedger stored{"paper", tight_limits(), ledger_.state()};
    require(stored.open_positions() == ledger_.open_positions(), "stored, the open positions are the same");
  }

  // Nothing is in flight or held: everything is given back.
  void settle_and_check() {
    for (auto& [name, order] : orders_)
      if (order.live)
        end_order(order, RiskFactKind::released);
    while (close())
      ;
    for (const auto& [symbol, risk] : ledger_.state().symbols) {
      require(risk.reserved == Money{}, "nothing stays reserved");
      require(risk.cost == Money{}, "nothing stays held");
      require(risk.unknown_orders == 0, "no order stays unknown");
      require(risk.live_orders == 0, "no order stays live");
      require(risk.strategies.empty(), "no strategy stays in a symbol");
    }
    require(ledger_.open_positions() == 0, "no position stays open");
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

  void tell_all(Told what) {
    if (auto* fact = std::get_if<RiskFact>(&what))
      fact->step = ++steps_;  // as positions count: the same may happen twice while the clock stands still
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
    require(ledger_.state().pauses.size() == pauses_before + answer.effects.size(),
            "every breaker that tripped is told");
    if (!answer.answer.granted) {
      ++denied_;
      return;
    }
    ++granted_;
    auto reserved = fact_of(RiskFactKind::reserved, q, q.quantity.str().c_str(), "0", now_);
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
    auto fact = fact_of(RiskFactKind::filled, order->q, quantity.str().c_str(), held.quantity.str().c_str(), now_);
    fact.cost_after = held.cost;
    tell_all(fact);
  }

  void end_order(Order& order, RiskFactKind kind) {
    order.live = false;
    tell_all(fact_of(kind, order.q, "0", "0", now_));
  }

  void end() {
    if (auto* order = some_live_order())
      end_order(*order,
                order->filled.is_zero() && chance_.one_in(3) ? RiskFactKind::rejected : RiskFactKind::released);
  }

  bool close() {
    for (auto& [symbol, held] : held_) {
      if (held.quantity.is_zero())
        continue;
      auto q = question("x" + std::to_string(told_.size()), symbol.str(), "1", "1", held.owner.str());
      const Quantity quantity = held.quantity;
      held.quantity = Quantity{};
      held.cost = Money{};
      auto fact = fact_of(RiskFactKind::closed, q, (-quantity).str().c_str(), "0", now_);
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
    tell_all(fact_of(RiskFactKind::unknown, order->q, "0", "0", now_));
    // While in doubt nothing is added to the symbol.
    auto q = question("d" + std::to_string(told_.size()), order->q.symbol.str());
    q.quote_at = now_;
    const auto answer = ledger_.reserve(q, now_);
    require(!answer.answer.granted, "nothing is added to a symbol with an order in doubt");
    for (const auto& effect : answer.effects)
      told_.push_back(Stop{std::get<PauseStarted>(effect).pause});
    if (chance_.one_in(2))
      tell_all(fact_of(RiskFactKind::resolved, order->q, "0", "0", now_ + Duration{1}));
  }

  // Anything may be told again, even much later; it changes nothing.
  void repeat() {
    const auto index = static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(told_.size())));
    const auto* fact = std::get_if<RiskFact>(&told_[index]);
    if (fact == nullptr)
      return;
    const auto before = ledger_.state();
    ledger_.apply(*fact);
    require(ledger_.state() == before, "what was told before changes nothing");
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
  std::int64_t steps_ = 0;
  int granted_ = 0;
  int denied_ = 0;

public:
  bool resumed() const { return resumed_; }
};

}  // namespace heed::test
