#include "actors/shared_turns.hpp"

namespace heed {

TurnQueue*& TurnQueue::of_this_thread() {
  static thread_local TurnQueue* mine = nullptr;
  return mine;
}

// A worker that looks by itself takes some; for more somebody is called, the guard last. Without a guard somebody is
// called in any case: who finds nothing to do then is the guard.
TurnQueue::Call TurnQueue::call() {
  const bool enough = waiting_.size() <= turns_ahead * (looking_ + calls_ + (guard_called_ ? 1U : 0U));
  if (enough && (on_guard_ || waiting_.empty()))
    return Call::nobody;
  if (asleep_ > calls_) {
    ++calls_;
    return Call::sleeper;
  }
  if (enough || !on_guard_ || guard_called_)
    return Call::nobody;
  guard_called_ = true;
  return Call::guard;
}

void TurnQueue::notify(Call whom) {
  if (whom == Call::sleeper)
    called_.notify_one();
  else if (whom == Call::guard)
    guard_due_.notify_one();
}

void TurnQueue::push(caf::resumable* job) {
  auto whom = Call::nobody;
  {
    const std::scoped_lock lock{mutex_};
    waiting_.push_back(job);
    ++pushed_;
    whom = call();
  }
  notify(whom);
}

caf::resumable* TurnQueue::pop() {
  std::unique_lock lock{mutex_};
  while (waiting_.empty()) {
    --looking_;
    if (!on_guard_)
      keep_guard(lock);
    if (waiting_.empty())
      sleep(lock);
    ++looking_;
  }
  return take_first();
}

void TurnQueue::sleep(std::unique_lock<std::mutex>& lock) {
  ++asleep_;
  called_.wait(lock, [&] { return calls_ > 0; });
  --calls_;
  --asleep_;
}

void TurnQueue::keep_guard(std::unique_lock<std::mutex>& lock) {
  on_guard_ = true;
  auto quiet_since = pushed_;
  for (int quiet = 0; quiet < guard_rounds; ++quiet) {
    guard_due_.wait_for(lock, guard_round, [&] { return guard_called_; });
    if (!waiting_.empty())
      break;
    guard_called_ = false;
    if (quiet_since != pushed_)
      quiet = -1;
    quiet_since = pushed_;
  }
  on_guard_ = guard_called_ = false;
}

caf::resumable* TurnQueue::try_pop() {
  const std::scoped_lock lock{mutex_};
  return waiting_.empty() ? nullptr : take_first();
}

caf::resumable* TurnQueue::take_first() {
  auto* job = waiting_.front();
  waiting_.pop_front();
  return job;
}

void TurnQueue::join() {
  const std::scoped_lock lock{mutex_};
  ++looking_;
}

void TurnQueue::leave() {
  auto whom = Call::nobody;
  {
    const std::scoped_lock lock{mutex_};
    --looking_;
    whom = call();
  }
  notify(whom);
}

Away::Away() : queue_{TurnQueue::of_this_thread()} {
  if (queue_ != nullptr)
    queue_->leave();
}

Away::~Away() {
  if (queue_ != nullptr)
    queue_->join();
}

}  // namespace heed
