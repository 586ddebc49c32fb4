// What a broker says on its two streams: messages one after the other, with a zero byte between them, to the order
// stream and to market data. Nothing is told before the log-in was confirmed, and what cannot be read ends the
// session.
#include "broker/alpaca/streams.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <spdlog/spdlog.h>

#include <vector>

using namespace heed;
using namespace heed::alpaca;
using heed::fuzz::must;

namespace {

class Socket final : public net::WebSocket {
public:
  void send_text(std::string) override { ++sent; }
  void send_binary(std::string) override { ++sent; }
  void close() override { closed = true; }
  int sent = 0;
  bool closed = false;
};

/// A connection that the test speaks on, and timers that never come due.
struct Wire final : net::WebSocketConnector, net::Timers {
  void connect(std::string, net::Headers, net::WebSocketHandlers given) override { handlers = std::move(given); }
  void after(std::chrono::milliseconds, std::function<void()>) override {}
  void open() {
    socket = std::make_shared<Socket>();
    if (handlers.on_open)
      handlers.on_open(socket);
  }
  void say(std::string_view message) {
    if (handlers.on_message && socket && !socket->closed)
      handlers.on_message(message, true);
  }
  net::WebSocketHandlers handlers;
  std::shared_ptr<Socket> socket;
};

std::vector<std::string_view> messages_of(std::string_view input) {
  std::vector<std::string_view> out;
  while (!input.empty() && out.size() < 12) {
    const auto end = std::min(input.find('\0'), input.size());
    out.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return out;
}

void orders(const std::vector<std::string_view>& messages) {
  const auto wire = std::make_shared<Wire>();
  bool unreadable = false;
  OrderStream::Hooks hooks;
  hooks.update = [](TradeUpdate update) { must(!update.order.id.empty(), "an update names its order"); };
  hooks.link = [](bool, std::string) {};
  hooks.unreadable = [&](std::string_view, std::string why) {
    must(!why.empty(), "what cannot be read has a reason");
    unreadable = true;
  };
  const auto link = std::make_shared<Link>(wire, wire, "/stream", LinkLimits{});
  const auto stream = std::make_shared<OrderStream>(link, Credentials{"key", "secret"}, hooks);
  stream->start();
  wire->open();
  for (const auto message : messages) {
    wire->say(message);
    must(!unreadable || wire->socket->closed, "what cannot be read ends the session");
  }
  stream->stop();
}

void market(const std::vector<std::string_view>& messages) {
  const auto wire = std::make_shared<Wire>();
  DataStream::Hooks hooks;
  hooks.quote = [](Quote quote) {
    must(quote.symbol.view() == "NVDA" || quote.symbol.view() == "MSFT", "only what is watched");
  };
  hooks.problem = [](std::string_view, std::string why) { must(!why.empty(), "a problem has words"); };
  const auto link = std::make_shared<Link>(wire, wire, "/v2/iex", LinkLimits{});
  const auto stream = std::make_shared<DataStream>(link, Credentials{"key", "secret"}, hooks);
  stream->start();
  stream->watch({"NVDA", "MSFT"});
  wire->open();
  for (const auto message : messages)
    wire->say(message);
  stream->stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool quiet = (spdlog::set_level(spdlog::level::off), true);
  static_cast<void>(quiet);
  const auto messages = messages_of(fuzz::text_of(data, size));
  orders(messages);
  market(messages);
  return 0;
}
