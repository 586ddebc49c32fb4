// JOURNAL: makes batches durable, many at a time.
//
// While one commit is under way the next batches gather in the mailbox. The first one that is taken up sends a
// FlushDue to the mailbox's end; all that stand before it share one commit. A batch that brings signals and says
// `more_follows` stands aside for its sequel, at most `company_wait`, so that a call and the order made from it are
// one commit. What else comes from sources does not overtake it: a cursor never becomes durable before the calls that
// it passed. Of a row that is written several times in one commit, only the last version is.
//
// When nothing has come for a while, the store is given time for its own work (a checkpoint), so that no append has
// to wait for it.
//
// An append that fails is answered with an error and nothing of it is written. What was begun from it in the meantime
// must not be written either: a later batch about a signal that never became durable is refused, and so is, of a
// sender that chains its batches, each that comes after one that failed. A commit whose fate is unknown ends the
// actor, and with it the process: a restart reads what is there. So does a store that another process took over: this
// one must not act any more.
#pragma once

#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace heed {

struct JournalActorArgs {
  std::unique_ptr<JournalWriter> writer;
  std::shared_ptr<Telemetry> telemetry;
  /// Told of every commit, after it, on the journal's thread. May take the events: nobody needs them afterwards.
  std::function<void(std::span<Batch>)> on_commit;
  std::chrono::microseconds company_wait{1000};  // for the announced sequel of a batch
  std::chrono::microseconds commit_delay{0};     // wait this long for more before any commit; 0: not at all
  std::size_t commit_batch_max = 512;            // as many share a commit at most
  std::chrono::milliseconds upkeep_after{100};   // without a commit
  std::chrono::milliseconds watch_interval{0};  // ask so often whether the store is still ours; 0: nobody can take it
};

/// Who is answered after the commit.
struct Appender {
  caf::typed_response_promise<Appended> promise;
  caf::actor_id chained = caf::invalid_actor_id;  // that sender, if it chains its batches
};

/// A batch that stands aside until its sequel comes or its time is over.
struct AnnouncedBatch {
  Batch batch;
  Appender appender;
  std::chrono::steady_clock::time_point due{};
};

struct JournalActorState {
  JournalActorState() = default;
  static constexpr const char* name = "journal";

  std::shared_ptr<JournalActorArgs> args;
  std::vector<Batch> gathered;
  std::vector<Appender> waiting;
  std::deque<AnnouncedBatch> announced;  // numbered in the order they came
  std::uint64_t announced_ever = 0;      // the last one's number
  std::unordered_map<SignalId, std::uint64_t> announced_by_signal;
  bool flush_due = false;
  bool must_commit = false;  // someone waits who announced nothing more
  bool timer_due = false;
  bool upkeep_due = false;
  bool quiet = false;  // no commit since the upkeep timer was set
  std::string last_error;
  std::set<SignalId> lost;         // signals whose own batch failed; they may come again as new
  std::set<caf::actor_id> broken;  // senders of whom a chained batch failed; no id comes again
};
static_assert(!std::is_aggregate_v<JournalActorState>);

using JournalSelf = JournalActor::stateful_pointer<JournalActorState>;
JournalActor::behavior_type journal_actor(JournalSelf self, std::shared_ptr<JournalActorArgs> args);

}  // namespace heed
