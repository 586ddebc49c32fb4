// Connections for readers: opened when they are first needed, one for one caller at a time.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace heed::sql {

/// Thread-safe. Callers wait while all connections are out.
template <class Connection>
class Pool {
public:
  using Open = std::function<std::unique_ptr<Connection>()>;
  /// `open` may throw, which the caller of the lease sees.
  Pool(Open open, int most) : open_{std::move(open)}, most_{most} {}

  /// One connection for one caller, given back at its end unless it has become unusable.
  class Lease {
  public:
    explicit Lease(Pool& pool) : pool_{pool}, connection_{pool.take()} {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }

  private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
  };

private:
  std::unique_ptr<Connection> take() {
    std::unique_lock lock{mutex_};
    freed_.wait(lock, [this] { return !idle_.empty() || open_count_ < most_; });
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    ++open_count_;
    lock.unlock();
    try {
      return open_();
    } catch (...) {
      lock.lock();
      --open_count_;
      freed_.notify_one();
      throw;
    }
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const bool usable = connection->usable();
    if (!usable)
      connection.reset();
    const std::lock_guard lock{mutex_};
    if (usable)
      idle_.push_back(std::move(connection));
    else
      --open_count_;
    freed_.notify_one();
  }

  const Open open_;
  const int most_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int open_count_ = 0;  // open ones, idle or not
};

}  // namespace heed::sql
