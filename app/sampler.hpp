// Once a second: what waits in each actor's mailbox, and how far each account is from its limits, for the metrics.
#pragma once

#include "actors/directory.hpp"
#include "actors/telemetry.hpp"

#include <caf/event_based_actor.hpp>

#include <memory>

namespace heed {

struct SamplerArgs {
  std::shared_ptr<const Directory> directory;
  std::shared_ptr<Telemetry> telemetry;
  std::chrono::milliseconds every{1'000};
};

/// Asks in turns, so that an actor that is busy is asked once and not in vain ever again.
caf::behavior sampler_actor(caf::event_based_actor* self, const std::shared_ptr<const SamplerArgs>& args);

}  // namespace heed
