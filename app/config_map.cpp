#include "app/config_map.hpp"

#include <chrono>

namespace heed {

using std::chrono::milliseconds;

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
  out.data_requests_per_minute = account.data_rate_limit_per_minute;
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
