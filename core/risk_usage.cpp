#include "core/risk_usage.hpp"

#include <algorithm>
#include <chrono>

namespace heed::core {
namespace {

Decimal count(std::int64_t n) { return Decimal{n}; }

class Uses {
public:
  explicit Uses(RiskUsage& out) : out_{out} {}
  void add(LimitName limit, Decimal used, Decimal most, const StrategyId& strategy = {}) {
    if (most.is_positive())
      out_.limits.push_back({limit, strategy, std::max(used, Decimal{}), most});
  }

private:
  RiskUsage& out_;
};

void add_exposure(RiskUsage& out, const RiskState& state) {
  for (const auto& [symbol, risk] : state.symbols) {
    const auto at_risk = risk.cost + risk.reserved;
    out.gross_exposure += at_risk;
    out.net_exposure += risk.quantity.is_negative() ? -at_risk : at_risk;
    out.reserved += risk.reserved;
  }
}

void add_day(Uses& uses, const RiskLimits& limits, const RiskState& state) {
  uses.add(LimitName::daily_trades, count(state.today.trades), count(limits.trades_per_day_account));
  uses.add(LimitName::daily_alloc, state.today.dollars, limits.dollars_per_day_account);
  for (const auto& [strategy, day] : state.today_by_strategy) {
    uses.add(LimitName::daily_trades, count(day.trades), count(limits.trades_per_day_strategy), strategy);
    uses.add(LimitName::daily_alloc, day.dollars, limits.dollars_per_day_strategy, strategy);
  }
  uses.add(LimitName::daily_loss, state.loss_base - state.equity, state.loss_base * limits.daily_loss_fraction);
}

void add_drawdown(Uses& uses, const RiskLimits& limits, const RiskState& state) {
  auto base = limits.drawdown_from_peak ? state.peak_equity : state.starting_equity;
  if (!limits.drawdown_from_peak && !state.drawdown_base.is_zero())
    base = state.drawdown_base;
  uses.add(LimitName::drawdown, base - state.equity, base - base * limits.drawdown_equity_fraction);
}

void add_breakers(Uses& uses, const RiskLimits& limits, const RiskState& state, Instant now) {
  const auto minute_ago = now - std::chrono::minutes{1};
  const auto recent = std::count_if(state.recent_entries.begin(), state.recent_entries.end(),
                                    [&](Instant at) { return at > minute_ago; });
  uses.add(LimitName::order_rate, count(recent), count(limits.orders_per_minute));
  uses.add(LimitName::rejects, count(state.rejects_in_row), count(limits.rejects_in_row));
  uses.add(LimitName::losses, count(state.losses_in_row), count(limits.losses_in_row));
}

}  // namespace

RiskUsage risk_usage(const RiskLedger& ledger, Instant now) {
  const auto& limits = ledger.limits();
  const auto& state = ledger.state();
  RiskUsage out;
  out.account = ledger.account();
  out.known = state.account_seen;
  out.equity = state.equity;
  add_exposure(out, state);
  Uses uses{out};
  add_day(uses, limits, state);
  uses.add(LimitName::max_open, count(ledger.open_positions()), count(limits.open_positions_max));
  if (limits.gross_exposure_max)
    uses.add(LimitName::exposure, out.gross_exposure, *limits.gross_exposure_max);
  if (state.account_seen) {
    add_drawdown(uses, limits, state);
    add_breakers(uses, limits, state, now);
  }
  return out;
}

}  // namespace heed::core
