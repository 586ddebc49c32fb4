#include "backtest/params.hpp"

namespace heed::backtest {
namespace {

template <class T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, Decimal>)
    return value.str();
  else if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_same_v<T, Date>)
    return to_iso_date(value);
  else if constexpr (std::is_integral_v<T>)
    return std::to_string(value);
  else if constexpr (NamedEnum<T>)
    return std::string{to_string(value)};
  else
    return value ? text_of(*value) : std::string{};
}

}  // namespace

void apply_plain_profile(Params& params) {
  params.strategy.stop_pct = Decimal{};
  params.strategy.target_pct = Decimal{};
  params.aggregator.boost_step = Decimal{};
  params.aggregator.boost_cap = Decimal{};
  params.strategy.on_repeat_buy = RepeatBuy::roll;
  params.strategy.max_position_pct = Decimal{};
  params.risk_mode = RiskMode::off;
  params.fractional = true;
}

std::vector<std::pair<std::string, std::string>> describe(const Params& p) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const char* name, const auto& value) { out.emplace_back(name, text_of(value)); };
  add("capital", p.capital);
  out.emplace_back("benchmark", p.benchmark.str());
  add("from", p.from);
  add("to", p.to);
  add("default_conviction", p.default_conviction);
  add("entry", p.entry);
  add("risk", p.risk_mode);
  add("fractional", p.fractional);
  add("slippage", p.slippage);
  add("commission_per_order", p.commission_per_order);
  add("commission_per_share", p.commission_per_share);
  const auto& s = p.strategy;
  add("min_conviction", s.min_conviction);
  add("blocklist_days", s.blocklist_days);
  add("avoid_closes_longs", s.avoid_closes_longs);
  add("buy_clears_blocklist", s.buy_clears_blocklist);
  add("base_pct", s.base_pct);
  add("min_trade", s.min_trade);
  add("max_trade", s.max_trade);
  add("max_per_ticker", s.max_per_ticker);
  add("max_position_pct", s.max_position_pct);
  add("on_repeat_buy", s.on_repeat_buy);
  add("hold_sessions_days", s.hold_sessions_days);
  add("hold_sessions_weeks", s.hold_sessions_weeks);
  add("hold_sessions_months", s.hold_sessions_months);
  add("hold_sessions_long_term", s.hold_sessions_long_term);
  add("hold_sessions_unspecified", s.hold_sessions_unspecified);
  add("stop_pct", s.stop_pct);
  add("target_pct", s.target_pct);
  add("aggregator.window_hours", std::chrono::duration_cast<std::chrono::hours>(p.aggregator.window).count());
  add("aggregator.step", p.aggregator.boost_step);
  add("aggregator.cap", p.aggregator.boost_cap);
  out.emplace_back("aggregator.boost_counts", p.aggregator.any_action ? "any_action" : "same_action");
  if (p.risk_mode == RiskMode::off)
    return out;
  add("risk.trades_per_day_strategy", p.risk.trades_per_day_strategy);
  add("risk.trades_per_day_account", p.risk.trades_per_day_account);
  add("risk.dollars_per_day_strategy", p.risk.dollars_per_day_strategy);
  add("risk.dollars_per_day_account", p.risk.dollars_per_day_account);
  add("risk.open_positions_max", p.risk.open_positions_max);
  add("risk.cooldown_seconds", p.risk.cooldown_seconds);
  add("risk.daily_loss_fraction", p.risk.daily_loss_fraction);
  add("risk.daily_loss_pause_seconds", p.risk.daily_loss_pause_seconds);
  add("risk.drawdown_equity_fraction", p.risk.drawdown_equity_fraction);
  add("risk.drawdown_from_peak", p.risk.drawdown_from_peak);
  return out;
}

}  // namespace heed::backtest
