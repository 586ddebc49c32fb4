// HTTP/1.1 and WebSocket server for the API edge and the built-in exchange: a strict policy layer over Beast.
#pragma once

#include "net/http.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heed::net {

/// What the server refuses by itself, before any handler: see net/request_head.hpp. Everything it refuses gets a
/// problem+json answer and a closed connection.

/// Answers one request, from any thread, exactly once (later calls are ignored; dropping it unanswered gives 500).
class Responder {
public:
  virtual ~Responder() = default;
  virtual void respond(HttpResponse response) = 0;
  /// Turns the answer into an endless body (Server-Sent Events). Returns a writer; writing false means "gone".
  class Stream {
  public:
    virtual ~Stream() = default;
    virtual bool write(std::string chunk) = 0;  // any thread; false: the client is gone or too slow
    virtual void close() = 0;
  };
  virtual std::shared_ptr<Stream> stream(HttpResponse head) = 0;
  /// Faults for the exchange: close the connection without an answer / after these raw bytes.
  virtual void abort(std::string raw_bytes = {}) = 0;
};

using RequestHandler = std::function<void(HttpRequest, std::shared_ptr<Responder>)>;
/// Return handlers to accept an upgrade, or an HTTP status to refuse it.
struct UpgradeDecision {
  std::optional<WebSocketHandlers> handlers;
  int refuse_status = 404;
};
using UpgradeHandler = std::function<UpgradeDecision(const HttpRequest&)>;

struct ServerLimits {
  std::size_t header_bytes_max = 8UL * 1024;
  std::size_t body_bytes_max = 1024UL * 1024;
  std::size_t target_bytes_max = 2UL * 1024;
  std::size_t connections_max = 1024;               // of TCP; beyond them the one idle the longest gives way
  std::size_t unix_connections_max = 64;            // of the Unix socket, whose owner no crowd on TCP shuts out
  std::chrono::milliseconds read_deadline{10'000};  // whole request, from its first byte
  std::chrono::milliseconds idle_deadline{75'000};  // between requests
  std::chrono::milliseconds write_deadline{20'000};
  std::size_t websocket_message_bytes_max = 64UL * 1024;
  std::chrono::milliseconds websocket_ping_every{10'000};
  std::chrono::milliseconds websocket_pong_deadline{20'000};
  std::size_t outgoing_bytes_max = 4UL * 1024 * 1024;  // queued for one slow reader
};

/// Owns nothing but its sockets, which live on the thread of the runtime that made it. Its methods may be called from
/// any thread; the handlers run on the network thread. The destructor closes everything; no handler runs after it.
class HttpServer {
public:
  virtual ~HttpServer() = default;
  /// "127.0.0.1:8420", "[::1]:0"; port 0 picks one. Error names the address and the cause.
  virtual Result<std::uint16_t> listen(const std::string& address) = 0;
  /// Owner-only (0600) Unix socket; a stale file is replaced, a live one is an error.
  virtual Status listen_unix(const std::string& path) = 0;
  /// Stops accepting; finishes answers under way for at most `grace`, then closes. Waits for that, unless called on
  /// the network thread, where it returns at once.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace heed::net
