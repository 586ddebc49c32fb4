// A few threads for calls that block, with a bounded queue before them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace heed::api {

/// Thread-safe. Jobs must not throw.
class WorkerPool {
public:
  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False, and `job` untouched by any thread, when the queue is full or the pool has stopped.
  bool run(std::function<void()> job);
  /// Finishes the jobs begun, drops those that wait, joins. Not from a job.
  void stop();

private:
  void work();

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace heed::api
