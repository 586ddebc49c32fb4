#include "api/event_feed.hpp"

#include <algorithm>
#include <utility>

namespace heed::api {

void EventFeed::publish(std::vector<JournalEvent> events) {
  if (events.empty())
    return;
  {
    const std::lock_guard lock{mutex_};
    for (auto& event : events) {
      if (event.seq <= last_seq_)
        continue;
      if (base_ == from_first)
        base_ = event.seq - 1;
      last_seq_ = event.seq;
      events_.push_back(std::make_shared<const JournalEvent>(std::move(event)));
      if (events_.size() > window_) {
        base_ = events_.front()->seq;
        dropped_ = true;
        events_.pop_front();
      }
    }
  }
  const std::lock_guard lock{listener_mutex_};
  if (listener_)
    listener_();
}

EventFeed::Tail EventFeed::after(std::int64_t after, std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  Tail tail;
  tail.complete = after == from_first ? !dropped_ : base_ != from_first && after >= base_;
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
