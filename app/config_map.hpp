// From the configuration's plain values to what core/ and actors/ are told. Nothing is decided here.
#pragma once

#include "actors/followers.hpp"
#include "actors/gateway_actor.hpp"
#include "app/strategy_map.hpp"
#include "broker/alpaca/alpaca.hpp"
#include "config/config.hpp"
#include "core/position.hpp"

#include <map>

namespace heed {

std::map<StrategyId, MentionStrategyConfig> strategies_of(const config::Config& config);
Followers followers_of(const config::Config& config);
core::PositionPolicy position_policy_of(const config::Account& account);
GatewayPolicy gateway_policy_of(const config::Account& account);
AlpacaConfig alpaca_of(const config::Account& account);

}  // namespace heed
