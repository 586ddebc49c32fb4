#include "tests/net/support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace heed::net::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_limits(int fd) {
  const timeval limit{patience.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::uint16_t bind_loopback(int fd) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"bind"};
  return ntohs(address.sin_port);
}

}  // namespace

RawSocket::RawSocket(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
  set_limits(fd_);
  const sockaddr_in address = loopback(port);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    close();
}

RawSocket::RawSocket(const std::string& unix_path) : fd_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
  set_limits(fd_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    close();
}

void RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return;  // the other side has closed; what it answered tells why
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RawSocket::finish_sending() { ::shutdown(fd_, SHUT_WR); }

std::string RawSocket::receive(std::size_t bytes_max) {
  if (!pushed_back_.empty())
    return std::exchange(pushed_back_, {});
  std::string bytes(bytes_max, '\0');
  const auto n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

std::string RawSocket::receive_all(bool* ended) {
  std::string all = std::exchange(pushed_back_, {});
  char bytes[4096];
  ssize_t n = 0;
  while ((n = ::recv(fd_, bytes, sizeof bytes, 0)) > 0)
    all.append(bytes, static_cast<std::size_t>(n));
  if (ended != nullptr)
    *ended = n == 0 || errno == ECONNRESET;
  return all;
}

std::string RawSocket::receive_until(std::string_view mark) {
  std::string all;
  while (true) {
    if (const auto at = all.find(mark); at != std::string::npos) {
      pushed_back_ = all.substr(at + mark.size());
      all.resize(at + mark.size());
      return all;
    }
    const std::string more = receive();
    if (more.empty())
      return all;
    all += more;
  }
}

std::string RawSocket::receive_response() {
  std::string response = receive_until("\r\n\r\n");
  const auto at = response.find("Content-Length: ");
  if (at == std::string::npos)
    return response;
  const auto length = static_cast<std::size_t>(std::atoi(response.c_str() + at + 16));
  std::string body;
  while (body.size() < length) {
    std::string more = receive();
    if (more.empty())
      break;
    body += more;
  }
  if (body.size() > length) {
    pushed_back_ = body.substr(length);
    body.resize(length);
  }
  return response + body;
}

void RawSocket::close() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

void RawSocket::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

RawServer::RawServer(std::function<void(RawSocket)> serve) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
  port_ = bind_loopback(fd_);
  if (::listen(fd_, 64) != 0)
    throw std::runtime_error{"listen"};
  thread_ = std::thread{[fd = fd_, serve = std::move(serve)] {
    int accepted = 0;
    while ((accepted = ::accept(fd, nullptr, nullptr)) >= 0) {
      set_limits(accepted);
      serve(RawSocket::adopt(accepted));
    }
  }};
}

RawServer::~RawServer() {
  ::shutdown(fd_, SHUT_RDWR);
  thread_.join();
  ::close(fd_);
}

std::uint16_t closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const std::uint16_t port = bind_loopback(fd);
  ::close(fd);
  return port;
}

int status_of(std::string_view response) {
  if (response.substr(0, 9) != "HTTP/1.1 " || response.size() < 12)
    return 0;
  return std::atoi(std::string{response.substr(9, 3)}.c_str());
}

std::string body_of(std::string_view response) {
  const auto at = response.find("\r\n\r\n");
  return at == std::string_view::npos ? std::string{} : std::string{response.substr(at + 4)};
}

Served::Served(RequestHandler handler, UpgradeHandler upgrade, ServerLimits limits)
    : server{runtime.server(std::move(handler), std::move(upgrade), limits)} {
  auto listening = server->listen("127.0.0.1:0");
  if (!listening)
    throw std::runtime_error{listening.error().detail};
  port = listening.value();
}

Result<HttpResponse> fetch(HttpClient& client, HttpRequest request, std::chrono::milliseconds deadline) {
  auto inbox = std::make_shared<Inbox<Result<HttpResponse>>>();
  client.send(std::move(request), deadline, [inbox](Result<HttpResponse> result) { inbox->put(std::move(result)); });
  auto result = inbox->take();
  if (!result)
    throw std::runtime_error{"the client never answered"};
  return std::move(*result);
}

}  // namespace heed::net::test
