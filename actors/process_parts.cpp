#include "actors/process_parts.hpp"

namespace heed {

DeskArgs desk_args(const ProcessParts& parts, const AccountId& account) {
  DeskArgs out;
  out.account = account;
  out.clock = parts.clock;
  out.calendar = parts.calendar;
  out.journal = parts.journal;
  out.aggregator = parts.aggregator;
  out.reader = parts.reader;
  out.telemetry = parts.telemetry;
  out.directory = parts.directory;
  return out;
}

Result<std::shared_ptr<WatcherArgs>> watcher_args(const ProcessParts& parts, const SourceId& source) {
  const auto now = parts.clock->now();
  const auto stored = parts.reader->recover(now, now);
  if (!stored)
    return stored.error();
  auto out = std::make_shared<WatcherArgs>();
  out->source = source;
  for (const auto& cursor : stored.value().cursors)
    if (cursor.source == source)
      out->cursor = cursor.position;
  out->clock = parts.clock;
  out->followers = parts.followers;
  out->next_mention_id = parts.next_mention_id;
  out->reader = parts.reader;
  out->telemetry = parts.telemetry;
  out->journal = parts.journal;
  out->aggregator = parts.aggregator;
  return out;
}

}  // namespace heed
