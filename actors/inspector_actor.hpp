// INSPECTOR: one per process, published for `heed inspect`. Read only: it asks each actor for its own state.
#pragma once

#include "actors/directory.hpp"
#include "actors/support.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <memory>
#include <string>

namespace heed {

struct InspectorArgs {
  std::shared_ptr<const Directory> directory;
  std::shared_ptr<const Telemetry> telemetry;  // what waits in mailboxes; null: that is not told
};

struct InspectorState {
  InspectorState() = default;
  static constexpr const char* name = "inspector";

  std::shared_ptr<const InspectorArgs> args;
};
static_assert(!std::is_aggregate_v<InspectorState>);

using InspectorSelf = InspectorActor::stateful_pointer<InspectorState>;

/// Names are the directory's; positions are asked through their portfolio: "position:paper/NVDA".
/// Answers {"actors": {name: state, ...}} for the empty name, else {"name":..., "state":...}, with "mailbox", the
/// messages that waited there within the last second, where that is known; an unknown name gives {"error":...,
/// "known":[...]}.
InspectorActor::behavior_type inspector_actor(InspectorSelf self, std::shared_ptr<const InspectorArgs> args);

}  // namespace heed
