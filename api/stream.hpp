// GET /stream: journal events as Server-Sent Events, live and resumed.
#pragma once

#include "api/event_feed.hpp"
#include "api/route.hpp"
#include "net/runtime.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

constexpr std::array<std::string_view, 7> stream_classes{"signal", "order", "fill",  "position",
                                                         "trade",  "risk",  "system"};
/// Which of stream_classes an event of the journal belongs to, by its type.
std::size_t stream_class(std::string_view type);

/// The event as a message of the stream, with the empty line that ends it.
std::string stream_message(const JournalEvent& event);

/// Owns the open streams. A stream is in one of two states: catching up, when one job of the pool reads the journal
/// for it, or live, when the network thread passes on what the feed gets. It goes live only when the feed has
/// everything after its last message, so that nothing is lost or told twice between the two.
class StreamHub : public std::enable_shared_from_this<StreamHub> {
public:
  StreamHub(net::Runtime& runtime, EventFeed& feed, std::shared_ptr<JournalReader> journal, WorkerPool& pool,
            const ApiOptions& options);

  /// Begins to listen to the feed.
  void start();
  /// Ends all streams and takes no more. No call into feed or journal begins after it.
  void stop();
  /// Answers with a stream, or 400 for a bad Last-Event-ID or type, or 503 when there are too many.
  void open(const CallPtr& call);
  std::size_t open_count() const;

private:
  struct Subscriber;
  using SubscriberPtr = std::shared_ptr<Subscriber>;

  void wake();
  void pump();
  void pump_one(const SubscriberPtr& subscriber);
  void catch_up(const SubscriberPtr& subscriber);
  void read_journal(Subscriber& subscriber);
  bool from_the_future(std::int64_t seq);
  void resync(Subscriber& subscriber, std::string_view reason);
  void start_heartbeat();
  void remove_gone();

  net::Runtime& runtime_;
  EventFeed& feed_;
  std::shared_ptr<JournalReader> journal_;
  WorkerPool& pool_;
  const ApiOptions& options_;
  std::shared_ptr<net::Timers> timers_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> pump_posted_{false};
  mutable std::mutex mutex_;
  std::vector<SubscriberPtr> subscribers_;
};

}  // namespace heed::api
