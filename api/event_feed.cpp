#include "api/event_feed.hpp"

#include <algorithm>
#include <utility>

namespace heed::api {

void EventFeed::publish(const std::vector<JournalEvent>& events) {
  if (events.empty())
    return;
  {
    const std::lock_guard lock{mutex_};
    for (const JournalEvent& event : events) {
      if (event.seq <= last_seq_)
        continue;
      last_seq_ = event.seq;
      events_.push_back(std::make_shared<const JournalEvent>(event));
      if (events_.size() > window_)
        events_.pop_front();
    }
  }
  const std::lock_guard lock{listener_mutex_};
  if (listener_)
    listener_();
}

EventFeed::Tail EventFeed::after(std::int64_t after, std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  Tail tail;
  if (events_.empty() || after >= last_seq_) {
    // Nothing published yet: only the journal knows what lies between, and the caller asks it first.
    tail.complete = true;
    return tail;
  }
  tail.complete = after + 1 >= events_.front()->seq;
  if (!tail.complete)
    return tail;
  const auto first = std::upper_bound(events_.begin(), events_.end(), after,
                                      [](std::int64_t seq, const auto& event) { return seq < event->seq; });
  for (auto it = first; it != events_.end() && tail.events.size() < limit; ++it)
    tail.events.push_back(*it);
  return tail;
}

std::int64_t EventFeed::last_seq() const {
  const std::lock_guard lock{mutex_};
  return last_seq_;
}

void EventFeed::listen(std::function<void()> listener) {
  const std::lock_guard lock{listener_mutex_};
  listener_ = std::move(listener);
}

}  // namespace heed::api
