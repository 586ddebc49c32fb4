// The network's one thread and the factories that hand out the ports of net/http.hpp and net/server.hpp.
#pragma once

#include "net/http.hpp"
#include "net/server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace heed::net {

struct Endpoint {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
};
/// "http://127.0.0.1:8421", "https://api.alpaca.markets", ws/wss likewise; no path, query, user or fragment.
Result<Endpoint> parse_endpoint(std::string_view url);
/// "localhost", 127.0.0.0/8 or ::1, as text.
bool is_loopback(std::string_view host);

struct Loop;

/// The keep-alive rhythm of a client WebSocket.
struct WebSocketTimes {
  std::chrono::milliseconds open_deadline{10'000};  // resolve, connect, TLS and upgrade together
  std::chrono::milliseconds ping_every{10'000};
  std::chrono::milliseconds pong_deadline{20'000};
};

/// One io_context on one thread. Must outlive everything it made. Its destructor fails what is still under way (error
/// code "shutdown") and joins the thread, so it must not run on that thread.
class Runtime {
public:
  Runtime();
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// TLS verifies the chain and the host name; plain HTTP is refused for hosts outside loopback.
  std::shared_ptr<HttpClient> http_client(Endpoint endpoint, std::size_t connections_max = 8);
  std::shared_ptr<HttpClient> unix_http_client(std::string path);
  std::shared_ptr<WebSocketConnector> websocket(Endpoint endpoint, WebSocketTimes times = {});
  std::shared_ptr<Timers> timers();
  std::unique_ptr<HttpServer> server(RequestHandler on_request, UpgradeHandler on_upgrade, ServerLimits limits = {});
  /// Runs `task` on the network thread.
  void post(std::function<void()> task);

private:
  std::unique_ptr<Loop> loop_;
};

}  // namespace heed::net
