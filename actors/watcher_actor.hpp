// MENTION WATCHER: one per source. Knows what it has seen, assigns ids, makes each mention durable, and passes it on
// once.
//
// The signal and the cursor behind it are one commit, and the receipt goes out after it. The mention travels on to be
// decided at the same time; its decision reaches the journal behind it, so nothing acts on a call that is not
// durable.
#pragma once

#include "actors/followers.hpp"
#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"
#include "sources/mention_feed.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace heed {

struct WatcherArgs {
  SourceId source;
  std::shared_ptr<MentionFeed> feed;  // null: an inbox
  std::chrono::milliseconds poll_interval{60'000};
  bool release_by_clock = false;      // hold each mention until the clock passes its created_at
  bool start_at_newest = true;        // cold start
  std::optional<std::string> cursor;  // stored
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const Followers> followers;
  std::shared_ptr<std::atomic<std::int64_t>> next_mention_id;
  std::shared_ptr<JournalReader> reader;
  std::shared_ptr<Telemetry> telemetry;
  JournalActor journal;
  AggregatorActor aggregator;
};

struct WatcherState {
  WatcherState() = default;
  static constexpr const char* name = "watcher";

  std::shared_ptr<const WatcherArgs> args;
  std::string cursor;         // behind what was taken, in memory; the stored one follows with its commit
  std::deque<FeedItem> held;  // read, not released yet
  std::string read_cursor;    // behind what was read
  bool exhausted = false;     // the feed had nothing more at the last look
  bool started = false;       // where to read from is known
  bool poll_due = false;
  bool draining = false;
  std::unordered_set<SignalId> recent;            // seen lately, durable or on the way
  std::unordered_map<SignalId, Mention> pending;  // of these, on the way
  std::deque<SignalId> recent_order;
  std::unordered_set<std::string> refused;  // what a feed brought that was refused, lately: by its place
  std::int64_t taken = 0, duplicates = 0, rejected = 0;
  std::string last_problem;
};
static_assert(!std::is_aggregate_v<WatcherState>);

using WatcherSelf = WatcherActor::stateful_pointer<WatcherState>;
WatcherActor::behavior_type watcher_actor(WatcherSelf self, std::shared_ptr<const WatcherArgs> args);

}  // namespace heed
