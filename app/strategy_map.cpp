#include "app/strategy_map.hpp"

#include <chrono>

namespace heed {

MentionStrategyConfig strategy_of(const config::MentionStrategy& from) { return {from, StrategyId{from.id}}; }

core::AggregatorConfig aggregator_of(const config::Aggregator& from) {
  core::AggregatorConfig out;
  out.window = std::chrono::hours{from.window_hours};
  out.boost_step = from.step;
  out.boost_cap = from.cap;
  out.any_action = from.boost_counts == config::BoostCounts::any_action;
  return out;
}

}  // namespace heed
