// Inside net/ only: one open WebSocket over a connected stream, as server or as client.
#pragma once

#include "net/stream.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace heed::net {

struct WebSocketOptions {
  std::size_t message_bytes_max = 64UL * 1024;
  std::size_t outgoing_bytes_max = 4UL * 1024 * 1024;
  std::chrono::milliseconds open_deadline{10'000};
  std::chrono::milliseconds ping_every{10'000};
  std::chrono::milliseconds pong_deadline{20'000};
};

/// What the server keeps of a session, to end it from outside. Network thread only.
class OpenWebSocket {
public:
  virtual ~OpenWebSocket() = default;
  virtual void close() = 0;
  virtual void cut() = 0;  // at once, without a closing handshake
};

/// Answers the upgrade `request`, checked by parse_request_head, and runs the session. Network thread only.
std::shared_ptr<OpenWebSocket> accept_websocket(Loop& loop, Stream stream, const HttpRequest& request,
                                                WebSocketHandlers handlers, WebSocketOptions options);
/// Upgrades as a client and runs the session. Network thread only.
std::shared_ptr<OpenWebSocket> start_websocket(Loop& loop, Stream stream, const std::string& host,
                                               const std::string& target, const Headers& headers,
                                               WebSocketHandlers handlers, WebSocketOptions options);

}  // namespace heed::net
