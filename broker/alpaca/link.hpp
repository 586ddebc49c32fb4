// A WebSocket that comes back: connects, watches over the log-in, reconnects with exponential back-off and jitter.
// What is said on it is its user's business.
#pragma once

#include "net/http.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace heed::alpaca {

struct LinkLimits {
  std::chrono::milliseconds login_deadline{10'000};
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds max{30'000};
  std::chrono::milliseconds settled{30'000};
  std::uint64_t seed = 1;
};

/// Delay before attempt n (from 0): first * 2^n up to max, the upper half of it by chance.
class Backoff {
public:
  explicit Backoff(const LinkLimits& limits) : limits_{limits}, chance_{limits.seed} {}
  std::chrono::milliseconds next();
  void reset() { attempt_ = 0; }

private:
  LinkLimits limits_;
  std::mt19937_64 chance_;
  int attempt_ = 0;
};

/// Thread-safe; hooks run on the transports' thread, never under the lock. Held by shared_ptr; callbacks under way
/// hold it weakly.
class Link : public std::enable_shared_from_this<Link> {
public:
  struct Hooks {
    std::function<void()> opened;  // say who you are; then call logged_in() when the other side agreed
    std::function<void(std::string_view)> message;
    std::function<void(std::string)> lost;  // also when a connection never opened
  };

  Link(std::shared_ptr<net::WebSocketConnector> connector, std::shared_ptr<net::Timers> timers, std::string target,
       LinkLimits limits);

  void start(Hooks hooks);
  void stop();
  void send(std::string text);
  void logged_in();
  /// Closes and comes back after the back-off.
  void drop(std::string why);

private:
  void connect();
  void opened(std::uint64_t session, const std::shared_ptr<net::WebSocket>& socket);
  void message(std::uint64_t session, std::string_view payload);
  void lose(std::uint64_t session, std::string why);
  void login_due(std::uint64_t session);
  void settled_due(std::uint64_t session);

  std::shared_ptr<net::WebSocketConnector> connector_;
  std::shared_ptr<net::Timers> timers_;
  std::string target_;
  LinkLimits limits_;
  std::mutex mutex_;
  Backoff backoff_;
  std::shared_ptr<const Hooks> hooks_;
  std::shared_ptr<net::WebSocket> socket_;
  std::uint64_t session_ = 0;  // what belongs to an earlier one is ignored
  bool started_ = false;
  bool logged_in_ = false;
};

}  // namespace heed::alpaca
