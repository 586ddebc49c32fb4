// AGGREGATOR: one per process. Weighs each mention by its neighbours in time and hands it to every follower's
// account.
//
// Of several mentions of one symbol in one poll the latest decides; the others end here as superseded.
#pragma once

#include "actors/directory.hpp"
#include "actors/followers.hpp"
#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "core/aggregator.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <deque>
#include <memory>
#include <set>
#include <vector>

namespace heed {

struct AggregatorArgs {
  core::AggregatorConfig config;
  std::vector<Mention> recent;  // from the store, to rebuild the windows
  std::shared_ptr<const Followers> followers;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Telemetry> telemetry;
  JournalActor journal;
  std::shared_ptr<const Directory> directory;  // the followers' portfolios
};

struct AggregatorState {
  AggregatorState() = default;
  static constexpr const char* name = "aggregator";

  std::shared_ptr<const AggregatorArgs> args;
  core::Aggregator window;
  std::int64_t mentions = 0;
  std::int64_t superseded = 0;
  std::set<SignalId> ended_here;  // superseded in this life; whoever asks again has read before that was stored
  std::deque<SignalId> ended_order;
};
static_assert(!std::is_aggregate_v<AggregatorState>);

using AggregatorSelf = AggregatorActor::stateful_pointer<AggregatorState>;
AggregatorActor::behavior_type aggregator_actor(AggregatorSelf self, std::shared_ptr<const AggregatorArgs> args);

}  // namespace heed
