// From the configuration's strategy and aggregator to those of core/. A library of its own, since the daemon and the
// backtest of the command line need the same.
#pragma once

#include "config/config.hpp"
#include "core/aggregator.hpp"
#include "messages/strategy.hpp"

namespace heed {

MentionStrategyConfig strategy_of(const config::MentionStrategy& from);
core::AggregatorConfig aggregator_of(const config::Aggregator& from);

}  // namespace heed
