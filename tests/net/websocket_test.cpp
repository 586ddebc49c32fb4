#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

UpgradeDecision echo_frames(const HttpRequest&) {
  auto peer = std::make_shared<std::shared_ptr<WebSocket>>();
  WebSocketHandlers handlers;
  handlers.on_open = [peer](std::shared_ptr<WebSocket> opened) { *peer = std::move(opened); };
  handlers.on_message = [peer](std::string_view payload, bool binary) {
    if (binary)
      (*peer)->send_binary(std::string{payload});
    else
      (*peer)->send_text(std::string{payload});
  };
  handlers.on_close = [peer](const std::string&) { peer->reset(); };
  return {handlers, 0};
}

void not_found(const HttpRequest&, const std::shared_ptr<Responder>& responder) {
  responder->respond(problem(404, "no"));
}

TEST_CASE("websocket: text and binary frames go both ways") {
  Served served{not_found, echo_frames};
  Inbox<std::shared_ptr<WebSocket>> opened;
  Inbox<std::string> messages;
  Inbox<std::string> closed;
  WebSocketHandlers handlers;
  handlers.on_open = [&](std::shared_ptr<WebSocket> socket) { opened.put(std::move(socket)); };
  handlers.on_message = [&](std::string_view payload, bool binary) {
    messages.put((binary ? "binary " : "text ") + std::string{payload});
  };
  handlers.on_close = [&](std::string reason) { closed.put(std::move(reason)); };
  served.runtime.websocket({false, "127.0.0.1", served.port})->connect("/stream", {}, handlers);
  const auto socket = opened.take();
  REQUIRE(socket);
  (*socket)->send_text("one");
  (*socket)->send_binary(std::string("\0\xFF", 2));
  CHECK(messages.take() == "text one");
  CHECK(messages.take() == std::string("binary \0\xFF", 9));
  (*socket)->close();
  CHECK(closed.take().has_value());
}

}  // namespace
}  // namespace heed::net
