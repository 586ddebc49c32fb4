// Inside net/ only: one byte stream, with or without TLS, as one type.
#pragma once

#include "net/loop.hpp"

#include <memory>
#include <string>
#include <utility>

namespace heed::net {

/// Meets Asio's AsyncReadStream and AsyncWriteStream. Movable while no operation is under way.
class Stream {
public:
  using executor_type = Executor;
  using Tls = asio::ssl::stream<Socket&>;

  explicit Stream(Socket socket) : socket_{std::make_unique<Socket>(std::move(socket))} {}

  executor_type get_executor() { return socket_->get_executor(); }
  Socket& socket() { return *socket_; }
  Tls* tls() { return tls_.get(); }
  Tls& add_tls(asio::ssl::context& context) {
    tls_ = std::make_unique<Tls>(*socket_, context);
    return *tls_;
  }
  void close() {
    ErrorCode ignored;
    socket_->close(ignored);
  }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Handler>(handler))
                : socket_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Handler>(handler))
                : socket_->async_write_some(buffers, std::forward<Handler>(handler));
  }

private:
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace heed::net
