// The limits that need no ledger: from numbers to whether a limit is reached. The governor and the backtest ask the
// same functions, so that the past is judged as the present is.
#pragma once

#include "core/risk_state.hpp"

#include <chrono>
#include <optional>

namespace heed::core {

/// A cap of the day that an order would break: whose, and which.
struct DayBreach {
  LimitName limit = LimitName::daily_trades;
  bool by_strategy = false;  // the strategy's cap; else the account's
  friend bool operator==(const DayBreach&, const DayBreach&) = default;
};

/// Trades before dollars, the strategy's cap before the account's. The order counts as one more trade, for `dollars`.
constexpr std::optional<DayBreach> day_breach(const DayCounter& strategy, const DayCounter& account, Money dollars,
                                              const RiskLimits& limits) {
  if (strategy.trades >= limits.trades_per_day_strategy)
    return DayBreach{LimitName::daily_trades, true};
  if (account.trades >= limits.trades_per_day_account)
    return DayBreach{LimitName::daily_trades, false};
  if (strategy.dollars + dollars > limits.dollars_per_day_strategy)
    return DayBreach{LimitName::daily_alloc, true};
  if (account.dollars + dollars > limits.dollars_per_day_account)
    return DayBreach{LimitName::daily_alloc, false};
  return std::nullopt;
}

/// `open` symbols are held or pending; one more would be too many.
constexpr bool is_max_open(std::int32_t open, const RiskLimits& limits) { return open >= limits.open_positions_max; }

constexpr bool in_cooldown(const std::optional<Instant>& closed_at, Instant now, const RiskLimits& limits) {
  return closed_at && now < *closed_at + std::chrono::seconds{limits.cooldown_seconds};
}

/// Dollars lost at which the day is over.
constexpr Money daily_loss_limit(Money opening_equity, const RiskLimits& limits) {
  return opening_equity * limits.daily_loss_fraction;
}
constexpr bool is_daily_loss(Money opening_equity, Money equity, const RiskLimits& limits) {
  const Money loss = opening_equity - equity;
  return loss.is_positive() && loss >= daily_loss_limit(opening_equity, limits);
}
constexpr Instant daily_loss_until(Instant since, const RiskLimits& limits) {
  return since + std::chrono::seconds{limits.daily_loss_pause_seconds};
}

/// Equity under which everything halts; `base` is the starting equity or its peak, as the limits say.
constexpr Money drawdown_floor(Money base, const RiskLimits& limits) {
  return base * limits.drawdown_equity_fraction;
}
constexpr bool is_drawdown(Money base, Money equity, const RiskLimits& limits) {
  return equity < drawdown_floor(base, limits);
}

}  // namespace heed::core
