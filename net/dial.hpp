// Inside net/ only: from an endpoint's name to a connected, verified stream.
#pragma once

#include "net/stream.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heed::net {

struct Destination {
  Endpoint endpoint;
  std::string unix_path;  // used instead of the endpoint when not empty

  /// Value of the Host header.
  std::string host_header() const;
  /// For messages: "https://api.example.com:443" or the path.
  std::string name() const;
  /// Plain text never leaves the machine.
  std::optional<Error> refusal() const;
};

/// One attempt. `done` runs once on the network thread, unless cancelled before. Every failure is `not_sent`.
class Dial : public std::enable_shared_from_this<Dial> {
public:
  using Done = std::function<void(Result<Stream>)>;

  Dial(Loop& loop, Destination destination, Done done);
  void start();
  void cancel();

private:
  void resolve();
  void connect(std::vector<asio::generic::stream_protocol::endpoint> addresses);
  void shake_hands();
  void fail(std::string code, const std::string& detail);
  void finish();

  Loop& loop_;
  Destination destination_;
  Done done_;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
  Stream stream_;
};

}  // namespace heed::net
