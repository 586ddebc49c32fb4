// SUPERVISOR: one per process. Spawns everything in order, monitors everyone, and starts the fallen again from the
// journal: a watcher by itself; an account's desk (governor, gateway, portfolio, reconciler) as a whole, since they
// share reservations and reports. A desk that keeps falling stays down: its account does not trade until a restart,
// the rest goes on. One that cannot go on for want of the store is tried again for as long as that lasts, and that is
// not counted: when the store answers, all is as it was. Without the journal nothing goes on: that ends the process,
// and the next start recovers.
#pragma once

#include "actors/directory.hpp"
#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace heed {

struct SupervisorArgs {
  std::shared_ptr<Directory> directory;
  std::shared_ptr<Telemetry> telemetry;
  JournalActor journal;
  AggregatorActor aggregator;
  SchedulerActor scheduler;
  /// Spawn functions, from what the journal holds now. A desk enters itself in the directory. They run on the
  /// supervisor's thread.
  std::map<AccountId, std::function<Result<Desk>()>> desks;
  std::map<SourceId, std::function<Result<WatcherActor>()>> watchers;
  /// The process must end: why.
  std::function<void(std::string)> fatal;
  std::chrono::milliseconds backoff_first{500};
  std::int32_t failures_max = 5;            // of its own, in a row; then it stays down
  std::chrono::minutes forgiven_after{10};  // without a failure, the count starts anew
};

/// How often one has failed shortly after another.
struct Failures {
  std::int32_t own = 0;
  std::int32_t store = 0;  // for want of the store
  std::chrono::steady_clock::time_point last{};
};

struct SupervisorState {
  SupervisorState() = default;
  static constexpr const char* name = "supervisor";

  std::shared_ptr<const SupervisorArgs> args;
  std::map<caf::actor_addr, std::variant<AccountId, SourceId, std::string>> watched;
  std::map<std::string, Failures> failures;  // by whom
  bool draining = false;
};
static_assert(!std::is_aggregate_v<SupervisorState>);

using SupervisorSelf = SupervisorActor::stateful_pointer<SupervisorState>;
SupervisorActor::behavior_type supervisor_actor(SupervisorSelf self, std::shared_ptr<const SupervisorArgs> args);

}  // namespace heed
