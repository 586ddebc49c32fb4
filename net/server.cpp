#include "net/connection.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <future>
#include <list>

namespace heed::net {

namespace {

using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using UnixAcceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, Executor>;

constexpr std::chrono::milliseconds accept_pause{50};  // after running out of descriptors

struct Listener {
  virtual ~Listener() = default;
  virtual void accept() = 0;
  virtual void close() = 0;
};

std::string peer_name(const asio::generic::stream_protocol::endpoint& endpoint) {
  if (endpoint.protocol().family() == AF_UNIX)
    return "unix";
  asio::ip::tcp::endpoint tcp;
  if (endpoint.size() > tcp.capacity())
    return {};
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  tcp.resize(endpoint.size());
  return tcp.address().to_string();
}

void turn_away(Socket socket, std::size_t connections_max) {
  HttpResponse response =
    problem(503, "all " + std::to_string(connections_max) + " connections are in use; try again");
  const std::string text =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: " +
    std::to_string(response.body.size()) + "\r\nConnection: close\r\nRetry-After: 1\r\n\r\n" + response.body;
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
}

template <class Acceptor>
class ListenerOn final : public Listener, public std::enable_shared_from_this<ListenerOn<Acceptor>> {
public:
  static constexpr bool is_tcp = std::is_same_v<Acceptor, TcpAcceptor>;

  explicit ListenerOn(std::shared_ptr<ServerCore> core, std::string unix_path = {})
      : core_{std::move(core)}, acceptor_{core_->loop.io}, pause_{core_->loop.io}, unix_path_{std::move(unix_path)} {}

  Acceptor& acceptor() { return acceptor_; }

  void accept() override {
    auto socket = std::make_shared<Socket>(core_->loop.io);
    acceptor_.async_accept(*socket, [self = this->shared_from_this(), socket](ErrorCode error) {
      if (!self->acceptor_.is_open())
        return;
      // Out of descriptors: what an idle connection holds is for who comes now, above all on the Unix socket.
      if (error == asio::error::no_descriptors && self->core_->close_idle(true))
        return self->accept();
      if (error)
        return self->accept_later();
      self->take(std::move(*socket));
      self->accept();
    });
  }

  void close() override {
    ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (!unix_path_.empty())
      ::unlink(unix_path_.c_str());
  }

private:
  void take(Socket socket) {
    const std::size_t places = core_->places(is_tcp);
    if (core_->open(is_tcp) >= places && !core_->close_idle(is_tcp))
      return turn_away(std::move(socket), places);
    std::string peer = "unix";
    if constexpr (is_tcp) {
      ErrorCode error;
      const auto endpoint = socket.remote_endpoint(error);
      if (error)
        return;  // it left already
      peer = peer_name(endpoint);
    }
    std::make_shared<Connection>(core_, std::move(socket), std::move(peer), is_tcp)->start();
  }

  void accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = this->shared_from_this()](ErrorCode error) {
      if (!error && self->acceptor_.is_open())
        self->accept();
    });
  }

  std::shared_ptr<ServerCore> core_;
  Acceptor acceptor_;
  Timer pause_;
  std::string unix_path_;
};

Error listen_error(const std::string& address, const std::string& cause) {
  return {ErrorKind::unavailable, "listen", "cannot listen on " + address + ": " + cause};
}

Result<asio::ip::tcp::endpoint> parse_address(const std::string& address) {
  const Error shape{ErrorKind::invalid, "listen",
                    "cannot listen on \"" + address + "\": write it like 127.0.0.1:8420 or [::1]:8420"};
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return shape;
  std::string host = address.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
  ErrorCode error;
  const auto ip = asio::ip::make_address(host, error);
  if (error || parsed.ec != std::errc{} || parsed.ptr != end || ip.is_v6() != bracketed)
    return shape;
  return asio::ip::tcp::endpoint{ip, port};
}

// A socket file nobody listens on is left over from a crash. Anything else at `path` is not ours to remove.
Status clear_stale(Loop& loop, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return Ok{};
  if (!S_ISSOCK(info.st_mode))
    return listen_error(path, "a file that is not a socket is in the way; remove it or choose another path");
  asio::local::stream_protocol::socket probe{loop.io};
  ErrorCode error;
  probe.connect(asio::local::stream_protocol::endpoint{path}, error);
  if (!error)
    return listen_error(path, "another process is listening there; stop it first");
  if (error != asio::error::connection_refused)
    return listen_error(path, error.message());
  if (::unlink(path.c_str()) != 0)
    return listen_error(path, "the stale socket file cannot be removed");
  return Ok{};
}

class Server final : public HttpServer {
public:
  explicit Server(std::shared_ptr<ServerCore> core) : core_{std::move(core)} {}
  ~Server() override { stop_all(std::chrono::milliseconds{0}, true); }

  Result<std::uint16_t> listen(const std::string& address) override;
  Status listen_unix(const std::string& path) override;
  void stop(std::chrono::milliseconds grace) override { stop_all(grace, false); }

private:
  using Listeners = std::list<std::shared_ptr<Listener>>;

  void begin(std::shared_ptr<Listener> listener) {
    asio::post(core_->loop.io, [core = core_, listeners = listeners_, listener = std::move(listener)] {
      if (core->stopping)
        return listener->close();
      listeners->push_back(listener);
      listener->accept();
    });
  }
  void stop_all(std::chrono::milliseconds grace, bool now);

  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();  // network thread only
};

Result<std::uint16_t> Server::listen(const std::string& address) {
  const auto endpoint = parse_address(address);
  if (!endpoint)
    return endpoint.error();
  auto listener = std::make_shared<ListenerOn<TcpAcceptor>>(core_);
  TcpAcceptor& acceptor = listener->acceptor();
  ErrorCode error;
  acceptor.open(endpoint.value().protocol(), error);
  if (!error)
    acceptor.set_option(TcpAcceptor::reuse_address{true}, error);
  if (!error)
    acceptor.bind(endpoint.value(), error);
  if (!error)
    acceptor.listen(TcpAcceptor::max_listen_connections, error);
  if (error)
    return listen_error(address, error.message());
  const std::uint16_t port = acceptor.local_endpoint().port();
  begin(std::move(listener));
  return port;
}

Status Server::listen_unix(const std::string& path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path))
    return Error{ErrorKind::invalid, "listen",
                 "cannot listen on \"" + path + "\": a socket path has 1 to " +
                   std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes"};
  if (auto cleared = clear_stale(core_->loop, path); !cleared)
    return cleared;
  auto listener = std::make_shared<ListenerOn<UnixAcceptor>>(core_, path);
  UnixAcceptor& acceptor = listener->acceptor();
  ErrorCode error;
  acceptor.open(asio::local::stream_protocol{}, error);
  // On Linux the file inherits the mode of the socket it is bound from, so it is never open to others.
  if (!error && ::fchmod(acceptor.native_handle(), S_IRUSR | S_IWUSR) != 0)
    error = ErrorCode{errno, boost::system::system_category()};
  if (!error)
    acceptor.bind(asio::local::stream_protocol::endpoint{path}, error);
  if (error)
    return listen_error(path, error.message());
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
    error = ErrorCode{errno, boost::system::system_category()};
  if (!error)
    acceptor.listen(UnixAcceptor::max_listen_connections, error);
  if (error) {
    listener->close();
    return listen_error(path, error.message());
  }
  begin(std::move(listener));
  return Ok{};
}

// `now`: cut everything instead of letting it finish.
void close_all(ServerCore& core, bool now) {
  std::vector<std::shared_ptr<Connection>> connections;
  for (const auto& [raw, connection] : core.connections)
    connections.push_back(connection);
  for (const auto& connection : connections)
    now ? connection->close() : connection->stop();
  std::vector<std::shared_ptr<OpenWebSocket>> websockets;
  for (const auto& [id, websocket] : core.websockets)
    websockets.push_back(websocket);
  for (const auto& websocket : websockets)
    now ? websocket->cut() : websocket->close();
}

void Server::stop_all(std::chrono::milliseconds grace, bool now) {
  const auto finished = std::make_shared<std::promise<void>>();
  auto task = [core = core_, listeners = listeners_, grace, now, finished] {
    core->stopping = true;
    for (const auto& listener : *listeners)
      listener->close();
    listeners->clear();
    auto timer = std::make_shared<Timer>(core->loop.io, grace);
    core->when_empty.push_back([finished, timer] {
      timer->cancel();
      finished->set_value();
    });
    timer->async_wait([core, timer](ErrorCode error) {
      if (!error)
        close_all(*core, true);
    });
    close_all(*core, now);
    core->tell_if_empty();
  };
  if (core_->loop.on_its_thread())
    return task();
  asio::post(core_->loop.io, std::move(task));
  finished->get_future().wait();
}

}  // namespace

std::unique_ptr<HttpServer> make_server(Loop& loop, RequestHandler on_request, UpgradeHandler on_upgrade,
                                        ServerLimits limits) {
  return std::make_unique<Server>(
    std::make_shared<ServerCore>(loop, std::move(on_request), std::move(on_upgrade), limits));
}

}  // namespace heed::net
