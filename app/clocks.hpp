// The clocks of a running daemon: the machine's, and one that follows an exchange's simulated time.
#pragma once

#include "messages/result.hpp"
#include "messages/time.hpp"
#include "net/http.hpp"
#include "net/runtime.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace heed {

class SystemClock final : public Clock {
public:
  Instant now() const override;
};

/// Follows the built-in exchange's /sim/clock: every message sets the time, and between messages it goes on at the
/// announced speed (0: it stands still until the next step). Never goes back. Before the first message it stands at
/// the epoch, and ready() is false. Reconnects by itself.
class ExchangeClock final : public Clock, public std::enable_shared_from_this<ExchangeClock> {
public:
  /// `moved` is called on the network thread after each step.
  ExchangeClock(net::Runtime& runtime, net::Endpoint exchange, std::function<void()> moved);

  void start();
  void stop();
  bool ready() const;
  /// Blocks the caller until the first message, at most `patience`.
  bool wait_ready(std::chrono::milliseconds patience) const;
  Instant now() const override;
  void set_moved(std::function<void()> moved);

private:
  void connect();
  void take(std::string_view payload);

  net::Runtime& runtime_;
  std::shared_ptr<net::WebSocketConnector> connector_;
  std::shared_ptr<net::Timers> timers_;
  std::function<void()> moved_;
  mutable std::mutex mutex_;
  Instant base_{};
  std::chrono::steady_clock::time_point base_at_{};
  double speed_ = 0;
  bool ready_ = false;
  bool stopped_ = false;
  std::shared_ptr<net::WebSocket> socket_;
};

}  // namespace heed
