#include "actors/shared_turns.hpp"

namespace heed {

TurnQueue*& TurnQueue::of_this_thread() {
  static thread_local TurnQueue* mine = nullptr;
  return mine;
}

// A worker that looks by itself takes one; for each further one somebody is called.
bool TurnQueue::must_call() const { return waiting_.size() > looking_ + calls_ && asleep_ > calls_; }

void TurnQueue::push(caf::resumable* job) {
  bool call = false;
  {
    const std::scoped_lock lock{mutex_};
    waiting_.push_back(job);
    call = must_call();
    calls_ += call ? 1 : 0;
  }
  if (call)
    called_.notify_one();
}

caf::resumable* TurnQueue::pop() {
  std::unique_lock lock{mutex_};
  while (waiting_.empty()) {
    --looking_;
    ++asleep_;
    called_.wait(lock);
    --asleep_;
    calls_ -= calls_ > 0 ? 1 : 0;
    ++looking_;
  }
  auto* job = waiting_.front();
  waiting_.pop_front();
  return job;
}

caf::resumable* TurnQueue::try_pop() {
  const std::scoped_lock lock{mutex_};
  if (waiting_.empty())
    return nullptr;
  auto* job = waiting_.front();
  waiting_.pop_front();
  return job;
}

void TurnQueue::join() {
  const std::scoped_lock lock{mutex_};
  ++looking_;
}

void TurnQueue::leave() {
  bool call = false;
  {
    const std::scoped_lock lock{mutex_};
    --looking_;
    call = must_call();
    calls_ += call ? 1 : 0;
  }
  if (call)
    called_.notify_one();
}

void TurnQueue::come_back() { join(); }

Away::Away() : queue_{TurnQueue::of_this_thread()} {
  if (queue_ != nullptr)
    queue_->leave();
}

Away::~Away() {
  if (queue_ != nullptr)
    queue_->come_back();
}

}  // namespace heed
