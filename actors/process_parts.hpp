// What all desks and watchers of a process share, and the arguments that are made of it: the same for the daemon and
// for the simulator.
#pragma once

#include "actors/account_desk.hpp"
#include "actors/watcher_actor.hpp"

#include <memory>

namespace heed {

struct ProcessParts {
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  JournalActor journal;
  AggregatorActor aggregator;
  std::shared_ptr<JournalReader> reader;
  std::shared_ptr<Telemetry> telemetry;
  std::shared_ptr<Directory> directory;
  std::shared_ptr<const Followers> followers;
  std::shared_ptr<std::atomic<std::int64_t>> next_mention_id;
};

/// Lacks the venue, limits, strategies and policies of the account.
DeskArgs desk_args(const ProcessParts& parts, const AccountId& account);
/// Lacks the feed and how it is read; its cursor is as stored now. Error unavailable when the journal cannot be read.
Result<std::shared_ptr<WatcherArgs>> watcher_args(const ProcessParts& parts, const SourceId& source);

}  // namespace heed
