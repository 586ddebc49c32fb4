// The governor's ledger for one account: may this order add risk now? A yes is a reservation in the same breath; it
// becomes exposure on fill and is released when the order is over. What is in flight always counts, so racing orders
// cannot both take the last slot. Closing never asks. Pure: the actor around it stores the state and tells people.
//
// Every change is a function of its arguments, so replaying what was told gives the state that was. Facts may come
// twice: of one order, a fill or close with the same content is a repeat, and so is a second end. A fill that
// closes several lots is one fact per lot.
#pragma once

#include "core/risk_state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace heed::core {

struct Reservation {
  RiskAnswer answer;
  RiskEffects effects;  // a breaker that tripped
};

class RiskLedger {
public:
  RiskLedger(AccountId account, RiskLimits limits, RiskState state = {});

  /// Checks, in this order, and the first that fails gives the answer:
  ///   the name is known already (same order: granted again and counted once; over, or with other content: denied)
  ///   order_limits (a field is missing or senseless), not_reconciled (nothing is known of account or books yet),
  ///   paused (kill switch, broker's block), any pause that covers it (by its cause: daily_loss, drawdown, ...),
  ///   unknown_order (in this symbol), market_closed, blocklisted, cooldown, stale_price, order_limits (value,
  ///   quantity, price off the last), order_rate, daily_trades, daily_alloc, max_position, max_open, exposure,
  ///   buying_power.
  /// Numbers too large to reckon with deny. Buying power is compared with the order's value only where the multiplier
  /// is 1; on margin the venue decides.
  Reservation reserve(const ReserveRisk& question, Instant now);

  RiskEffects apply(const RiskFact& fact);
  /// The broker's word on the account: daily loss and drawdown are judged here. Older reports than known are ignored.
  RiskEffects apply(const AccountReport& report, Instant now);
  /// A new trading day in the market's zone: counters start anew, pauses and halts stay. The same or an earlier day
  /// changes nothing. Equity zero: taken from the first report.
  RiskEffects roll_day(Date day, Money opening_equity);
  /// Ends pauses whose time is over.
  RiskEffects expire(Instant now);

  /// The same (strategy, symbol, cause) again keeps the later end.
  RiskEffects pause(Pause pause);
  /// Ends all pauses of exactly this scope (both empty: of the account). Daily loss and drawdown are then measured
  /// from the equity of this moment, so that they can trip again, but not by the loss a person has accepted.
  RiskEffects resume(const StrategyId& strategy, const Symbol& symbol, const std::string& by, Instant now);
  RiskEffects kill(KillLevel level, const std::string& by, Instant now);

  /// Nobody buys the symbol until then. The later of two wins; an instant in the past lifts it.
  void block(const Symbol& symbol, Instant until);
  void unblock(const Symbol& symbol);

  /// What differs; empty when nothing does. Never ends a pause or halt.
  std::vector<LimitChange> set_limits(const RiskLimits& limits);
  /// What the books hold in a symbol, all of it: for a start without a stored ledger, and for what is not Heed's.
  void set_held(const Symbol& symbol, Quantity quantity, Money cost, const std::map<StrategyId, Quantity>& parts);
  /// The books have been compared with the broker's since the start. Not part of the state: each start begins
  /// without.
  void set_reconciled(bool reconciled) { reconciled_ = reconciled; }
  bool reconciled() const { return reconciled_; }

  AccountSnapshot snapshot() const;
  /// Symbols held or pending.
  std::int32_t open_positions() const { return open_symbols_; }
  /// At worst case, of entries in flight.
  Money reserved(const Symbol& symbol) const;
  const SymbolRisk* find(const Symbol& symbol) const;

  const RiskLimits& limits() const { return limits_; }
  const RiskState& state() const { return state_; }
  const AccountId& account() const { return account_; }

private:
  using Denial = std::optional<RiskAnswer>;
  struct Ask;  // the question with its value worked out, and what the symbol costs already

  // risk_reserve.cpp
  Ask weigh(const ReserveRisk& q) const;
  Denial known_already(const ReserveRisk& q) const;
  Denial check_sense(const ReserveRisk& q) const;
  Denial check_latches(const ReserveRisk& q, Instant now) const;
  Denial check_symbol(const ReserveRisk& q, Instant now) const;
  Denial check_price(const ReserveRisk& q, Instant now) const;
  Denial check_order(const Ask& ask) const;
  Denial check_day(const Ask& ask) const;
  Denial check_position(const Ask& ask) const;
  Denial check_account(const Ask& ask) const;
  Denial check_rate(const ReserveRisk& q, Instant now, RiskEffects& effects);
  Reservation judge(const ReserveRisk& q, Instant now);

  // risk.cpp
  void admit(const ClientOrderId& name, RiskOrder order);
  bool is_repeat(RiskOrder& order, const RiskFact& fact);
  RiskOrder& order_of(const RiskFact& fact);
  void on_reserved(const RiskFact& fact);
  void on_restarted(const RiskFact& fact);
  void on_filled(RiskOrder& order, const RiskFact& fact);
  void on_closed(RiskOrder& order, const RiskFact& fact, RiskEffects& effects);
  void on_rejected(RiskOrder& order, const RiskFact& fact, RiskEffects& effects);
  void end(const ClientOrderId& name, RiskOrder& order);
  void set_unknown(RiskOrder& order, bool unknown);
  void set_position(const RiskFact& fact);
  void count(const RiskOrder& order, std::int32_t trades, Money dollars);
  void count_trade(RiskOrder& order, bool counts);
  template <class Change>
  void change_symbol(const Symbol& symbol, Change change);
  void judge_equity(Instant now, RiskEffects& effects);
  void trip(LimitName limit, std::string detail, Instant now, std::optional<Instant> until, RiskEffects& effects);
  void forget_ended();

  AccountId account_;
  RiskLimits limits_;
  RiskState state_;
  bool reconciled_ = false;
  std::int32_t open_symbols_ = 0;  // of state_.symbols, those that are open
};

}  // namespace heed::core
