// Raw sockets and a waiting room for what the network thread reports. Blocking, with a generous limit that only a
// failure reaches.
#pragma once

#include "net/runtime.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace heed::net::test {

constexpr std::chrono::seconds patience{20};

/// Values handed from one thread to the test.
template <class T>
class Inbox {
public:
  void put(T value) {
    const std::lock_guard lock{mutex_};
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  /// Empty when nothing came within the limit.
  std::optional<T> take(std::chrono::milliseconds limit = patience) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, limit, [&] { return !values_.empty(); }))
      return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  std::size_t size() {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

/// A blocking socket of the other side, which can be as rude as a test needs.
class RawSocket {
public:
  explicit RawSocket(std::uint16_t port);
  explicit RawSocket(const std::string& unix_path);
  /// Takes over a descriptor.
  static RawSocket adopt(int fd) { return RawSocket{fd, 0}; }
  ~RawSocket() { close(); }
  RawSocket(RawSocket&& other) noexcept : fd_{other.fd_} { other.fd_ = -1; }
  RawSocket& operator=(RawSocket&&) = delete;

  bool connected() const { return fd_ >= 0; }
  void send(std::string_view bytes);
  void finish_sending();
  /// Up to `bytes_max` bytes; empty at the end of the stream or when the limit passed.
  std::string receive(std::size_t bytes_max = 65536);
  /// Until the stream ends. `ended` tells whether it did, rather than the limit passing.
  std::string receive_all(bool* ended = nullptr);
  /// Until the text contains `mark`.
  std::string receive_until(std::string_view mark);
  /// One response by its Content-Length.
  std::string receive_response();
  void close();
  /// Closes with a reset instead of an orderly end.
  void reset();

private:
  RawSocket(int fd, int) : fd_{fd} {}
  int fd_ = -1;
  std::string pushed_back_;
};

/// A listener on loopback that hands each accepted socket to `serve`, one after the other, on its own thread.
class RawServer {
public:
  explicit RawServer(std::function<void(RawSocket)> serve);
  ~RawServer();
  std::uint16_t port() const { return port_; }

private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A loopback port nobody listens on.
std::uint16_t closed_port();

int status_of(std::string_view response);
std::string body_of(std::string_view response);

/// A server on port 0 whose requests are answered by `handler`.
struct Served {
  explicit Served(RequestHandler handler, UpgradeHandler upgrade = nullptr, ServerLimits limits = {});
  Runtime runtime;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

/// Sends and waits.
Result<HttpResponse> fetch(HttpClient& client, HttpRequest request,
                           std::chrono::milliseconds deadline = std::chrono::seconds{10});

}  // namespace heed::net::test
