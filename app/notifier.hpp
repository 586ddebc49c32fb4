// Tells people, by Slack's webhook and by a plain one: notes wait in a bounded queue, leave no faster than allowed,
// and what became of each message is handed on to be journaled. Nothing that trades ever waits for it.
//
// A message carries one note, or, when more wait than may leave, up to `notes_per_message_max` of them. Each address
// has its own queue, so that one that is down holds back nobody else. A note that was told lately is not told again.
// What still waits when the process ends is lost; the journal has it all the same.
#pragma once

#include "app/notes.hpp"
#include "net/http.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace heed {

struct NotifyTarget {
  enum class Form : std::uint8_t { slack, json };
  std::string name;  // "slack", "webhook": never the address, which is a secret
  Form form = Form::json;
  std::shared_ptr<net::HttpClient> client;
  std::string path;  // with its query
};

/// What became of one message.
struct NotifyOutcome {
  std::string target;
  bool sent = false;
  std::int32_t attempts = 0;
  std::string detail;  // "200", or why not
  std::vector<Note> notes;
};

struct NotifierOptions {
  std::vector<NotifyTarget> targets;
  std::set<config::NotifyEvent> kinds;
  std::int32_t per_minute_max = 20;  // messages to each target
  std::size_t waiting_max = 1'000;   // notes for each target; beyond it the oldest are dropped, and said so
  std::size_t notes_per_message_max = 20;
  std::int32_t attempts_max = 6;
  std::chrono::milliseconds deadline{10'000};
  std::chrono::milliseconds backoff_first{1'000};
  std::chrono::milliseconds backoff_max{60'000};
};

/// Thread-safe; all its work is done on the timers' thread, on which `told` is called too.
class Notifier : public std::enable_shared_from_this<Notifier> {
public:
  Notifier(NotifierOptions options, std::shared_ptr<net::Timers> timers, std::function<void(NotifyOutcome)> told);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// What was committed. Returns at once.
  void publish(std::span<const Batch> batches);
  /// A note from elsewhere than the journal.
  void publish(std::vector<Note> notes);
  /// From now on.
  void configure(std::set<config::NotifyEvent> kinds, std::int32_t per_minute_max);
  /// Sends and calls no more.
  void stop();

  struct Counts {
    std::int64_t sent = 0, failed = 0, dropped = 0, repeated = 0, waiting = 0;  // notes, over all targets
  };
  Counts counts() const;

private:
  struct Lane;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heed
