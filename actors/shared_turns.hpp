// How CAF's workers share what there is to do: one queue for all, and as few wake-ups as possible.
//
// CAF's own "sharing" wakes a worker for every message that makes an actor run. A wake-up costs more than most turns
// of our actors, and whoever sent the message is free for the next turn a few microseconds later anyway. So a worker
// that sleeps is called only when the ones awake have more than a few turns to come, or cannot take one: `Away` says
// so for the time of a commit.
//
// A turn that takes long without saying so holds up nobody either: while there is anything to do, one of those that
// have none keeps guard. He looks at the queue every other millisecond and takes what waits there. After some rounds
// in which nothing came he sleeps as well, so that an idle process does nothing.
#pragma once

#include <caf/all.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

namespace heed {

/// What the workers of one actor system share. Any thread.
class TurnQueue {
public:
  /// As many wait for one worker before another is called.
  static constexpr std::size_t turns_ahead = 4;
  /// How often the guard looks, and how often in vain before he sleeps.
  static constexpr std::chrono::milliseconds guard_round{2};
  static constexpr int guard_rounds = 5;

  /// Behind all that wait.
  void push(caf::resumable* job);
  /// The first that waits; blocks until there is one. For workers that joined.
  caf::resumable* pop();
  /// Without blocking; null: none waits.
  caf::resumable* try_pop();

  /// A worker looks at the queue after each of its turns from now on, or does not for a while.
  void join();
  void leave();

  /// That of the worker on this thread; null elsewhere.
  static TurnQueue*& of_this_thread();

private:
  enum class Call { nobody, sleeper, guard };

  /// Who has to be called so that all that waits is taken up; counted as called.
  Call call();
  void notify(Call whom);
  void sleep(std::unique_lock<std::mutex>& lock);
  /// Until something waits that nobody took up, or nothing comes.
  void keep_guard(std::unique_lock<std::mutex>& lock);
  caf::resumable* take_first();

  std::mutex mutex_;
  std::condition_variable called_, guard_due_;
  std::deque<caf::resumable*> waiting_;
  std::uint64_t pushed_ = 0;  // ever
  std::size_t looking_ = 0;   // workers that will look at the queue by themselves
  std::size_t asleep_ = 0;
  std::size_t calls_ = 0;  // of them, called and not up yet
  bool on_guard_ = false;
  bool guard_called_ = false;
};

/// While it lives, the worker on this thread does something that takes long: others take up what comes. Harmless on
/// other threads.
class Away {
public:
  Away();
  ~Away();
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

private:
  TurnQueue* queue_;
};

/// The policy, as CAF's scheduler wants it.
class SharedTurns : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    TurnQueue queue;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    bool joined = false;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    self->data().queue.push(job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    self->parent()->data().queue.push(job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    self->parent()->data().queue.push(job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    self->parent()->data().queue.push(job);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& queue = self->parent()->data().queue;
    if (!self->data().joined) {
      self->data().joined = true;
      TurnQueue::of_this_thread() = &queue;
      queue.join();
    }
    return queue.pop();
  }
  template <class Worker>
  void before_shutdown(Worker* self) {
    self->parent()->data().queue.leave();
    TurnQueue::of_this_thread() = nullptr;
  }
  template <class Worker, class UnaryFunction>
  void foreach_resumable(Worker*, UnaryFunction) {}
  template <class Coordinator, class UnaryFunction>
  void foreach_central_resumable(Coordinator* self, UnaryFunction f) {
    while (auto* job = self->data().queue.try_pop())
      f(job);
  }
};

/// Load it into the configuration of an actor system: config.load<SharedTurnsScheduler>().
using SharedTurnsScheduler = caf::scheduler::coordinator<SharedTurns>;

}  // namespace heed
