// What is due when, in the simulated world outside of the actors: ordered by (time, order of entry), so that a run is
// a function of its seed.
#pragma once

#include "messages/time.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace heed::sim {

class Agenda {
public:
  using Task = std::function<void()>;

  explicit Agenda(Instant start) : now_{start} {}

  Instant now() const { return now_; }
  void move_to(Instant to) { now_ = std::max(now_, to); }

  void at(Instant when, Task task) { due_.emplace(std::pair{std::max(when, now_), ++sequence_}, std::move(task)); }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  std::optional<Instant> next() const {
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first.first};
  }
  /// Time moves to the first task, and it runs.
  void run_next() {
    auto node = due_.extract(due_.begin());
    move_to(node.key().first);
    node.mapped()();
  }

private:
  Instant now_;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, Task> due_;
};

}  // namespace heed::sim
