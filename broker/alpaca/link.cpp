#include "broker/alpaca/link.hpp"

#include <algorithm>
#include <utility>

namespace heed::alpaca {

std::chrono::milliseconds Backoff::next() {
  auto whole = limits_.first;
  for (int i = 0; i < attempt_ && whole < limits_.max; ++i)
    whole *= 2;
  whole = std::min(whole, limits_.max);
  if (whole < limits_.max)
    ++attempt_;
  const auto half = static_cast<std::uint64_t>(whole.count()) / 2;
  return std::chrono::milliseconds{whole.count() - static_cast<std::int64_t>(chance_() % (half + 1))};
}

Link::Link(std::shared_ptr<net::WebSocketConnector> connector, std::shared_ptr<net::Timers> timers,
           std::string target, LinkLimits limits)
    : connector_{std::move(connector)},
      timers_{std::move(timers)},
      target_{std::move(target)},
      limits_{limits},
      backoff_{limits} {}

void Link::start(Hooks hooks) {
  {
    const std::lock_guard lock{mutex_};
    if (started_)
      return;
    started_ = true;
    hooks_ = std::make_shared<const Hooks>(std::move(hooks));
  }
  connect();
}

void Link::stop() {
  std::shared_ptr<net::WebSocket> socket;
  {
    const std::lock_guard lock{mutex_};
    started_ = false;
    logged_in_ = false;
    ++session_;
    socket = std::exchange(socket_, nullptr);
    hooks_.reset();
  }
  if (socket)
    socket->close();
}

void Link::connect() {
  std::uint64_t session = 0;
  {
    const std::lock_guard lock{mutex_};
    if (!started_)
      return;
    session = ++session_;
  }
  net::WebSocketHandlers handlers;
  const auto weak = weak_from_this();
  handlers.on_open = [weak, session](const std::shared_ptr<net::WebSocket>& socket) {
    if (const auto self = weak.lock())
      self->opened(session, socket);
    else
      socket->close();
  };
  handlers.on_message = [weak, session](std::string_view payload, bool) {
    if (const auto self = weak.lock())
      self->message(session, payload);
  };
  handlers.on_close = [weak, session](std::string reason) {
    if (const auto self = weak.lock())
      self->lose(session, std::move(reason));
  };
  // The watch covers connecting too: a peer that never answers must not hold the link for ever.
  timers_->after(limits_.login_deadline, [weak, session] {
    if (const auto self = weak.lock())
      self->login_due(session);
  });
  connector_->connect(target_, {}, std::move(handlers));
}

void Link::opened(std::uint64_t session, const std::shared_ptr<net::WebSocket>& socket) {
  std::shared_ptr<const Hooks> hooks;
  {
    const std::lock_guard lock{mutex_};
    if (session == session_) {
      socket_ = socket;
      hooks = hooks_;
    }
  }
  if (hooks)
    hooks->opened();
  else
    socket->close();
}

void Link::message(std::uint64_t session, std::string_view payload) {
  std::shared_ptr<const Hooks> hooks;
  {
    const std::lock_guard lock{mutex_};
    if (session == session_)
      hooks = hooks_;
  }
  if (hooks)
    hooks->message(payload);
}

void Link::lose(std::uint64_t session, std::string why) {
  std::shared_ptr<const Hooks> hooks;
  std::shared_ptr<net::WebSocket> socket;
  std::chrono::milliseconds delay{0};
  {
    const std::lock_guard lock{mutex_};
    if (!started_ || session != session_)
      return;
    ++session_;
    logged_in_ = false;
    socket = std::exchange(socket_, nullptr);
    hooks = hooks_;
    delay = backoff_.next();
  }
  if (socket)
    socket->close();
  hooks->lost(std::move(why));
  timers_->after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->connect();
  });
}

void Link::drop(std::string why) {
  std::uint64_t session = 0;
  {
    const std::lock_guard lock{mutex_};
    session = session_;
  }
  lose(session, std::move(why));
}

void Link::send(std::string text) {
  std::shared_ptr<net::WebSocket> socket;
  {
    const std::lock_guard lock{mutex_};
    socket = socket_;
  }
  if (socket)
    socket->send_text(std::move(text));
}

void Link::logged_in() {
  std::uint64_t session = 0;
  {
    const std::lock_guard lock{mutex_};
    logged_in_ = true;
    session = session_;
  }
  timers_->after(limits_.settled, [weak = weak_from_this(), session] {
    if (const auto self = weak.lock())
      self->settled_due(session);
  });
}

void Link::login_due(std::uint64_t session) {
  {
    const std::lock_guard lock{mutex_};
    if (session != session_ || logged_in_)
      return;
  }
  lose(session, "no log-in within the deadline");
}

void Link::settled_due(std::uint64_t session) {
  const std::lock_guard lock{mutex_};
  if (session == session_ && logged_in_)
    backoff_.reset();
}

}  // namespace heed::alpaca
