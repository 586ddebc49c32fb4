#include "net/dial.hpp"
#include "net/websocket_session.hpp"

namespace heed::net {

namespace {

constexpr std::size_t message_bytes_max = 16UL * 1024 * 1024;  // a broker's snapshot can be large

// From the call to the open session; the session then lives by itself.
class Attempt final : public Closable, public std::enable_shared_from_this<Attempt> {
public:
  Attempt(Loop& loop, Destination destination, WebSocketTimes times, std::string target, Headers headers,
          WebSocketHandlers handlers)
      : loop_{loop},
        destination_{std::move(destination)},
        times_{times},
        target_{std::move(target)},
        headers_{std::move(headers)},
        handlers_{std::move(handlers)},
        timer_{loop.io, times.open_deadline} {}

  void start() {
    loop_.remember(shared_from_this());
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error)
        self->fail("connecting took too long");
    });
    dial_ = std::make_shared<Dial>(loop_, destination_, [self = shared_from_this()](Result<Stream> stream) {
      self->connected(std::move(stream));
    });
    dial_->start();
  }
  void shut_down() override {
    if (const auto session = session_.lock())
      session->cut();
    fail("shutdown");
  }

private:
  void connected(Result<Stream> stream) {
    timer_.cancel();
    dial_.reset();
    if (!stream)
      return fail(stream.error().code + ": " + stream.error().detail);
    WebSocketOptions options;
    options.message_bytes_max = message_bytes_max;
    options.open_deadline = times_.open_deadline;
    options.ping_every = times_.ping_every;
    options.pong_deadline = times_.pong_deadline;
    // The attempt stays known to the loop for as long as its session is open.
    handlers_.on_close = [self = shared_from_this(), on_close = std::move(handlers_.on_close)](std::string reason) {
      if (on_close)
        on_close(std::move(reason));
    };
    session_ = start_websocket(loop_, std::move(stream).value(), destination_.host_header(), target_, headers_,
                               std::exchange(handlers_, {}), options);
  }
  void fail(const std::string& reason) {
    timer_.cancel();
    if (const auto dial = std::exchange(dial_, nullptr))
      dial->cancel();
    if (const auto handlers = std::exchange(handlers_, {}); handlers.on_close)
      handlers.on_close(reason);
  }

  Loop& loop_;
  Destination destination_;
  WebSocketTimes times_;
  std::string target_;
  Headers headers_;
  WebSocketHandlers handlers_;
  Timer timer_;
  std::shared_ptr<Dial> dial_;
  std::weak_ptr<OpenWebSocket> session_;
};

class Connector final : public WebSocketConnector {
public:
  Connector(Loop& loop, Endpoint endpoint, WebSocketTimes times)
      : loop_{loop}, destination_{std::move(endpoint), {}}, times_{times} {}

  void connect(std::string target, Headers headers, WebSocketHandlers handlers) override {
    auto attempt = std::make_shared<Attempt>(loop_, destination_, times_, std::move(target), std::move(headers),
                                             std::move(handlers));
    asio::post(loop_.io, [attempt = std::move(attempt)] { attempt->start(); });
  }

private:
  Loop& loop_;
  Destination destination_;
  WebSocketTimes times_;
};

}  // namespace

std::shared_ptr<WebSocketConnector> make_websocket_connector(Loop& loop, Endpoint endpoint, WebSocketTimes times) {
  return std::make_shared<Connector>(loop, std::move(endpoint), times);
}

}  // namespace heed::net
