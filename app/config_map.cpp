#include "app/config_map.hpp"

#include <chrono>

namespace heed {

using std::chrono::milliseconds;

namespace {

MentionStrategyConfig strategy_of(const config::MentionStrategy& from) {
  MentionStrategyConfig to;
  to.id = StrategyId{from.id};
  to.enable_trading = from.enable_trading;
  to.min_conviction = from.min_conviction;
  to.max_age_hours = from.max_age_hours;
  to.blocklist_days = from.blocklist_days;
  to.avoid_closes_longs = from.avoid_closes_longs;
  to.buy_clears_blocklist = from.buy_clears_blocklist;
  to.base_pct = from.base_pct;
  to.min_trade = from.min_trade;
  to.max_trade = from.max_trade;
  to.max_per_ticker = from.max_per_ticker;
  to.max_position_pct = from.max_position_pct;
  switch (from.on_repeat_buy) {
    case config::RepeatBuy::top_up: to.on_repeat_buy = RepeatBuy::top_up; break;
    case config::RepeatBuy::roll: to.on_repeat_buy = RepeatBuy::roll; break;
    case config::RepeatBuy::ignore: to.on_repeat_buy = RepeatBuy::ignore; break;
  }
  to.hold_sessions_days = from.hold_sessions_days;
  to.hold_sessions_weeks = from.hold_sessions_weeks;
  to.hold_sessions_months = from.hold_sessions_months;
  to.hold_sessions_long_term = from.hold_sessions_long_term;
  to.hold_sessions_unspecified = from.hold_sessions_unspecified;
  to.stop_pct = from.stop_pct;
  to.target_pct = from.target_pct;
  return to;
}

}  // namespace

std::map<StrategyId, MentionStrategyConfig> strategies_of(const config::Config& config) {
  std::map<StrategyId, MentionStrategyConfig> out;
  for (const auto& strategy : config.strategies)
    out[StrategyId{strategy.id}] = strategy_of(strategy);
  return out;
}

Followers followers_of(const config::Config& config) {
  Followers out;
  for (const auto& route : config.routes)
    for (const auto& source : route.sources)
      for (const auto& account : route.accounts)
        out[SourceId{source}].push_back({AccountId{account}, StrategyId{route.strategy}});
  return out;
}

core::AggregatorConfig aggregator_of(const config::Config& config) {
  core::AggregatorConfig out;
  out.window = std::chrono::hours{config.aggregator.window_hours};
  out.boost_step = config.aggregator.step;
  out.boost_cap = config.aggregator.cap;
  out.any_action = config.aggregator.boost_counts == config::BoostCounts::any_action;
  return out;
}

core::PositionPolicy position_policy_of(const config::Account& account) {
  core::PositionPolicy out;
  out.partial_grace = milliseconds{account.partial_grace_ms};
  out.resolve_grace = milliseconds{account.resolve_grace_ms};
  out.resolve_backoff_first = milliseconds{account.backoff_initial_ms};
  out.resolve_backoff_max = milliseconds{account.backoff_max_ms};
  return out;
}

GatewayPolicy gateway_policy_of(const config::Account& account) {
  GatewayPolicy out;
  out.requests_per_minute = account.rate_limit_per_minute;
  out.reserve_per_minute = account.rate_reserve_per_minute;
  out.retries_max = account.retries_max;
  out.backoff_first = milliseconds{account.backoff_initial_ms};
  out.backoff_max = milliseconds{account.backoff_max_ms};
  return out;
}

AlpacaConfig alpaca_of(const config::Account& account) {
  AlpacaConfig out;
  out.account = AccountId{account.id};
  out.trading_url = account.base_url;
  out.data_url = account.data_url;
  out.key = account.key.reveal();
  out.secret = account.secret.reveal();
  out.http_deadline = milliseconds{account.request_timeout_ms};
  return out;
}

}  // namespace heed
