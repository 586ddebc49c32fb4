// The live tail of the journal: the daemon publishes what each commit wrote, the API's streams read it.
//
// A bounded window of the newest events stays in memory, so that a client which reconnects within it loses nothing
// and costs the journal nothing. Who comes back later is served from the journal.
#pragma once

#include "messages/records.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace heed::api {

class EventFeed {
public:
  explicit EventFeed(std::size_t window = 4096) : window_{window} {}
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  /// Called after each commit, in the order of the commits, with `seq` set; from any thread. Returns at once: it
  /// keeps the events and tells the listener. An event that is not newer than the last one is ignored.
  void publish(std::vector<JournalEvent> events);

  /// For after(): everything since the first publish, for who joined before it.
  static constexpr std::int64_t from_first = -1;

  struct Tail {
    bool complete = false;  // false: what follows `after` directly is not in memory; ask the journal
    std::vector<std::shared_ptr<const JournalEvent>> events;
  };
  /// Events with a greater seq than `after`, oldest first, at most `limit`. Before the first publish only from_first
  /// is complete: what lies between `after` and now, the feed cannot know. Thread-safe.
  Tail after(std::int64_t after, std::size_t limit) const;
  /// Seq of the newest event published; 0 before the first.
  std::int64_t last_seq() const;

  /// One listener, run on the publisher's thread after each publish, outside of the lock. An empty function removes
  /// it; on return from that no call of the old one is under way.
  void listen(std::function<void()> listener);

private:
  const std::size_t window_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const JournalEvent>> events_;
  std::int64_t last_seq_ = 0;
  std::int64_t base_ = from_first;  // the seq before the oldest event kept; from_first: nothing published yet
  bool dropped_ = false;            // something has left the window
  std::mutex listener_mutex_;
  std::function<void()> listener_;
};

}  // namespace heed::api
