#include "app/clocks.hpp"

#include "net/json.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

namespace heed {

using std::chrono::steady_clock;

Instant SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

ExchangeClock::ExchangeClock(net::Runtime& runtime, net::Endpoint exchange, std::function<void()> moved)
    : runtime_{runtime},
      connector_{runtime.websocket(std::move(exchange))},
      timers_{runtime.timers()},
      moved_{std::move(moved)} {}

void ExchangeClock::start() { connect(); }

void ExchangeClock::stop() {
  std::shared_ptr<net::WebSocket> socket;
  {
    const std::scoped_lock lock{mutex_};
    stopped_ = true;
    moved_ = nullptr;
    socket = std::move(socket_);
  }
  if (socket)
    socket->close();
}

void ExchangeClock::set_moved(std::function<void()> moved) {
  const std::scoped_lock lock{mutex_};
  moved_ = std::move(moved);
}

bool ExchangeClock::ready() const {
  const std::scoped_lock lock{mutex_};
  return ready_;
}

bool ExchangeClock::wait_ready(std::chrono::milliseconds patience) const {
  const auto until = steady_clock::now() + patience;
  while (!ready()) {
    if (steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

Instant ExchangeClock::now() const {
  const std::scoped_lock lock{mutex_};
  if (speed_ <= 0)
    return base_;
  const auto passed = std::chrono::duration<double, std::micro>(steady_clock::now() - base_at_).count();
  return base_ + std::chrono::microseconds{static_cast<std::int64_t>(passed * speed_)};
}

void ExchangeClock::connect() {
  const auto self = shared_from_this();
  net::WebSocketHandlers handlers;
  handlers.on_open = [self](std::shared_ptr<net::WebSocket> socket) {
    const std::scoped_lock lock{self->mutex_};
    self->socket_ = std::move(socket);
  };
  handlers.on_message = [self](std::string_view payload, bool) { self->take(payload); };
  handlers.on_close = [self](std::string why) {
    {
      const std::scoped_lock lock{self->mutex_};
      self->socket_.reset();
      if (self->stopped_)
        return;
    }
    spdlog::debug("exchange clock: connection lost: {}", why);
    self->timers_->after(std::chrono::milliseconds{100}, [self] {
      {
        const std::scoped_lock lock{self->mutex_};
        if (self->stopped_)
          return;
      }
      self->connect();
    });
  };
  connector_->connect("/sim/clock", {}, std::move(handlers));
}

void ExchangeClock::take(std::string_view payload) {
  const auto json = net::parse_json(payload);
  const auto* at = json ? json.value().find("now") : nullptr;
  const auto* speed = json ? json.value().find("speed") : nullptr;
  const auto instant = at ? parse_rfc3339(at->text) : std::nullopt;
  if (!instant) {
    spdlog::warn("exchange clock: unreadable message: {}", payload.substr(0, 200));
    return;
  }
  const auto before = now();
  std::function<void()> moved;
  {
    const std::scoped_lock lock{mutex_};
    base_ = std::max(*instant, ready_ ? before : *instant);
    base_at_ = steady_clock::now();
    speed_ = speed && speed->is_number() ? std::strtod(speed->text.c_str(), nullptr) : 0;
    ready_ = true;
    moved = moved_;
  }
  if (moved)
    moved();
}

}  // namespace heed
