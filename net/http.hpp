// HTTP as the rest of Heed sees it: plain values and two ports. Beast stays behind them, in few translation units.
#pragma once

#include "messages/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::net {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names compare case-insensitively
/// Equal but for ASCII case, as header names are compared.
bool same_name(std::string_view a, std::string_view b);
/// First value, or empty.
std::string_view header(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";  // upper case
  std::string target = "/";    // path and query as on the wire
  Headers headers;
  std::string body;
  std::string peer = {};  // server side: the other end's numeric address without port; "unix" on a Unix socket
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// The standard phrase, "Unknown" for codes without one.
std::string_view reason_phrase(int status);
/// An error answer: application/problem+json with type, title, status and `detail`.
HttpResponse problem(int status, std::string_view detail);

/// Client side. One object per host; keeps connections alive and pools them. Thread-safe. `done` runs on the
/// client's I/O thread, exactly once. Errors: `not_sent` only when no byte of the request left; `unknown` when any
/// may have (time-out, reset, truncated or unreadable answer). Any HTTP status is a value, not an error.
class HttpClient {
public:
  using Done = std::function<void(Result<HttpResponse>)>;
  virtual ~HttpClient() = default;
  virtual void send(HttpRequest request, std::chrono::milliseconds deadline, Done done) = 0;
};

/// One open WebSocket, either side. `send` may be called from any thread; frames keep their order. A peer that
/// does not read is disconnected when its queue passes the configured bound.
class WebSocket {
public:
  virtual ~WebSocket() = default;
  virtual void send_text(std::string text) = 0;
  virtual void send_binary(std::string bytes) = 0;
  virtual void close() = 0;
};

struct WebSocketHandlers {
  std::function<void(std::shared_ptr<WebSocket>)> on_open;
  std::function<void(std::string_view payload, bool binary)> on_message;
  std::function<void(std::string reason)> on_close;  // exactly once, also when the connection never opened
};

/// Client side: connects once; whoever owns it reconnects. Pings every 10 s; a ping unanswered for
/// 20 s closes.
class WebSocketConnector {
public:
  virtual ~WebSocketConnector() = default;
  virtual void connect(std::string target, Headers headers, WebSocketHandlers handlers) = 0;
};

/// Runs `task` on the network's thread after `delay`. Virtual in the simulator.
class Timers {
public:
  virtual ~Timers() = default;
  virtual void after(std::chrono::milliseconds delay, std::function<void()> task) = 0;
};

}  // namespace heed::net
