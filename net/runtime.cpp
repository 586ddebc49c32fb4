#include "net/loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>

namespace heed::net {

namespace {

class LoopTimers final : public Timers {
public:
  explicit LoopTimers(Loop& loop) : loop_{loop} {}

  void after(std::chrono::milliseconds delay, std::function<void()> task) override {
    auto timer = std::make_shared<Timer>(loop_.io, delay);
    timer->async_wait([timer, task = std::move(task)](ErrorCode error) {
      if (!error)
        task();
    });
  }

private:
  Loop& loop_;
};

}  // namespace

asio::ssl::context& Loop::tls() {
  std::call_once(tls_loaded_, [this] {
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                     asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls_.set_default_verify_paths();
    tls_.set_verify_mode(asio::ssl::verify_peer);
  });
  return tls_;
}

void Loop::remember(const std::shared_ptr<Closable>& closable) {
  std::erase_if(closables, [](const auto& known) { return known.expired(); });
  closables.push_back(closable);
}

Runtime::Runtime() : loop_{std::make_unique<Loop>()} {
  loop_->thread = std::thread{[loop = loop_.get()] {
    pthread_setname_np(pthread_self(), "heed-net");
    loop->io.run();
  }};
}

Runtime::~Runtime() {
  assert(!loop_->on_its_thread());
  asio::post(loop_->io, [loop = loop_.get()] {
    const auto closables = std::move(loop->closables);
    for (const auto& weak : closables) {
      if (const auto closable = weak.lock())
        closable->shut_down();
    }
    // What the closing has queued, callers' answers among it, still runs.
    asio::post(loop->io, [loop] { asio::post(loop->io, [loop] { loop->io.stop(); }); });
  });
  loop_->thread.join();
}

std::shared_ptr<HttpClient> Runtime::http_client(Endpoint endpoint, std::size_t connections_max) {
  if (endpoint.tls)
    loop_->tls();  // here, not on the network thread at the first connection
  return make_http_client(*loop_, std::move(endpoint), connections_max);
}

std::shared_ptr<HttpClient> Runtime::unix_http_client(std::string path) {
  return make_unix_http_client(*loop_, std::move(path), 8);
}

std::shared_ptr<WebSocketConnector> Runtime::websocket(Endpoint endpoint, WebSocketTimes times) {
  if (endpoint.tls)
    loop_->tls();  // here, not on the network thread at the first connection
  return make_websocket_connector(*loop_, std::move(endpoint), times);
}

std::shared_ptr<Timers> Runtime::timers() { return std::make_shared<LoopTimers>(*loop_); }

std::unique_ptr<HttpServer> Runtime::server(RequestHandler on_request, UpgradeHandler on_upgrade,
                                            ServerLimits limits) {
  return make_server(*loop_, std::move(on_request), std::move(on_upgrade), limits);
}

void Runtime::post(std::function<void()> task) { asio::post(loop_->io, std::move(task)); }

}  // namespace heed::net
