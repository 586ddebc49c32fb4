// Inside net/ only: the io_context behind Runtime and the names of Asio's types without their run-time cost.
#pragma once

#include "net/boost_asio.hpp"
#include "net/runtime.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace heed::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
/// TCP and Unix sockets alike.
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

/// Whatever has callers waiting for it and must answer them when the runtime ends.
class Closable {
public:
  virtual ~Closable() = default;
  virtual void shut_down() = 0;  // on the network thread
};

struct Loop {
  /// Loads the system's certificates when first asked, which takes about 100 ms; any thread.
  asio::ssl::context& tls();
  bool on_its_thread() const { return io.get_executor().running_in_this_thread(); }
  /// On the network thread only.
  void remember(const std::shared_ptr<Closable>& closable);

  mutable asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  std::vector<std::weak_ptr<Closable>> closables;
  std::thread thread;

private:
  std::once_flag tls_loaded_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
};

std::shared_ptr<HttpClient> make_http_client(Loop& loop, Endpoint endpoint, std::size_t connections_max);
std::shared_ptr<HttpClient> make_unix_http_client(Loop& loop, std::string path, std::size_t connections_max);
std::shared_ptr<WebSocketConnector> make_websocket_connector(Loop& loop, Endpoint endpoint, WebSocketTimes times);
std::unique_ptr<HttpServer> make_server(Loop& loop, RequestHandler on_request, UpgradeHandler on_upgrade,
                                        ServerLimits limits);

}  // namespace heed::net
