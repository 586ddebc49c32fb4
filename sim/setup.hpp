// What is simulated: the accounts' rules, as a configuration gives them, and the tunables that a seed varies.
#pragma once

#include "actors/followers.hpp"
#include "actors/gateway_actor.hpp"
#include "broker/alpaca/alpaca.hpp"
#include "core/aggregator.hpp"
#include "core/position.hpp"
#include "messages/risk.hpp"
#include "messages/strategy.hpp"

#include <chrono>
#include <map>
#include <string>

namespace heed::sim {

/// The rules under test. Defaults are those of a fresh configuration with trading switched on.
struct Rules {
  AccountId account{"paper"};
  std::map<StrategyId, MentionStrategyConfig> strategies;
  Followers followers;  // two inboxes and one tape
  RiskLimits limits;
  core::AggregatorConfig aggregator;
  core::PositionPolicy position_policy;
  GatewayPolicy gateway_policy;
  AlpacaConfig alpaca;
  std::string exit_scan = "35 9 * * 1-5";

  static Rules usual();
};

/// Tunables that have no right value: each seed has its own.
struct Tunables {
  std::chrono::milliseconds tick{5'000};
  std::chrono::milliseconds reconcile{30'000};
  std::chrono::microseconds company_wait{1'000};
  std::chrono::microseconds commit_delay{0};
  std::size_t commit_batch_max = 512;
  std::int64_t checkpoint_pages = 200;
};

}  // namespace heed::sim
