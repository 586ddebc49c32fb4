// The HTTP edge of the daemon: /api/v1, its event stream, health and metrics, on TCP and on an owner-only Unix
// socket.
//
// Reads of stored things go to the journal on a small pool of threads of the server's own, since they block; writes
// and questions to actors go through the DaemonPort, which does not. The network thread never waits.
#pragma once

#include "api/daemon_port.hpp"
#include "api/event_feed.hpp"
#include "messages/decimal.hpp"
#include "messages/result.hpp"
#include "messages/time.hpp"
#include "net/runtime.hpp"
#include "persistence/journal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

struct ApiOptions {
  std::string listen = "127.0.0.1:8420";  // port 0 picks one; empty: no TCP
  std::string unix_socket;                // empty: none. Never asks for the token: the file's mode is the guard
  std::string token;                      // empty: none asked for; refused when `listen` is not loopback
  /// For mentions that bring no conviction, by the inbox's name.
  std::map<std::string, Decimal> default_convictions;
  const Clock* clock = nullptr;                 // the daemon's; null: DaemonPort::status().now
  std::vector<std::string> hosts;               // names a Host header may carry besides loopback's and `listen`'s own
  std::int32_t journal_threads = 2;             // 1..16
  std::size_t journal_queue_max = 256;          // reads waiting for a thread; more are answered 503
  std::size_t streams_max = 64;                 // open event streams; more are answered 503
  std::int64_t stream_backlog_max = 10'000;     // events read from the journal for one resume; further back: `resync`
  std::chrono::milliseconds heartbeat{15'000};  // comment lines on idle streams, so that dead peers are found
  net::ServerLimits limits;
};

/// Owned by the daemon's main; `port`, `feed` and the runtime must outlive it. Destruction stops it.
class ApiServer {
public:
  /// Listens. Error: `invalid` API_OPTIONS (a public address without a token, no address at all), or what listening
  /// said, naming the address.
  static Result<std::unique_ptr<ApiServer>> start(net::Runtime& runtime, ApiOptions options, DaemonPort& port,
                                                  std::shared_ptr<JournalReader> journal, EventFeed& feed);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// The TCP port bound; 0 without TCP.
  std::uint16_t port() const;
  /// Stops accepting, ends the streams, finishes answers under way for at most `grace`. Blocks for as long; once.
  void stop(std::chrono::milliseconds grace);

private:
  struct Impl;
  explicit ApiServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// The OpenAPI 3.1 document of the routes above, as served at /api/v1/openapi.json.
std::string openapi_document(std::string_view version);

}  // namespace heed::api
