// The built-in exchange inside of `heed run`: the same server as `heed exchange`, on a real loopback socket.
#pragma once

#include "config/config.hpp"
#include "messages/result.hpp"
#include "net/runtime.hpp"

#include <memory>
#include <string>

namespace heed {

class EmbeddedExchange {
public:
  static Result<std::unique_ptr<EmbeddedExchange>> start(net::Runtime& network, const config::Exchange& config);
  ~EmbeddedExchange();
  EmbeddedExchange(const EmbeddedExchange&) = delete;
  EmbeddedExchange& operator=(const EmbeddedExchange&) = delete;

  /// "http://127.0.0.1:8421"
  const std::string& url() const;

private:
  struct Impl;
  explicit EmbeddedExchange(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace heed
