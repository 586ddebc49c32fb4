#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct Event {
  std::string kind;  // "open", "text", "binary", "close"
  std::string payload;
};

// Reports everything a WebSocket does, in order.
struct Recorder {
  Inbox<Event> events;
  Inbox<std::shared_ptr<WebSocket>> sockets;

  WebSocketHandlers handlers() {
    return {[this](std::shared_ptr<WebSocket> socket) {
              sockets.put(std::move(socket));
              events.put({"open", ""});
            },
            [this](std::string_view payload, bool binary) {
              events.put({binary ? "binary" : "text", std::string{payload}});
            },
            [this](std::string reason) {
              events.put({"close", std::move(reason)});
            }};
  }
  // The next event as "kind payload"; empty when none came.
  std::string next() {
    const auto event = events.take();
    return event ? event->kind + " " + event->payload : "";
  }
};

void not_found(const HttpRequest&, const std::shared_ptr<Responder>& responder) {
  responder->respond(problem(404, "only streams here"));
}

std::shared_ptr<WebSocketConnector> connector(Runtime& runtime, std::uint16_t port, WebSocketTimes times = {}) {
  return runtime.websocket({false, "127.0.0.1", port}, times);
}

const std::string upgrade_request =
  "GET /stream HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// One client frame, masked with zeros, so that the payload is readable here.
std::string frame(int first_byte, std::string_view payload, bool masked = true) {
  std::string bytes(1, static_cast<char>(first_byte));
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    bytes += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() < 65536) {
    bytes += static_cast<char>(mask_bit | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size() & 0xFF);
  } else {
    bytes += static_cast<char>(mask_bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>((payload.size() >> shift) & 0xFF);
  }
  if (masked)
    bytes += std::string(4, '\0');
  return bytes.append(payload);
}

// The close code a server sends, 0 when the stream ended without a close frame.
int close_code(std::string_view bytes) {
  if (bytes.size() < 4 || static_cast<unsigned char>(bytes[0]) != 0x88)
    return 0;
  return static_cast<unsigned char>(bytes[2]) * 256 + static_cast<unsigned char>(bytes[3]);
}

TEST_CASE("websocket: frames go both ways, in order, and the close is told once to each side") {
  Recorder server;
  Recorder client;
  Served served{not_found, [&](const HttpRequest& request) {
                  CHECK(request.target == "/stream?a=b");
                  CHECK(header(request.headers, "X-Token") == "t");
                  CHECK(request.peer == "127.0.0.1");
                  return UpgradeDecision{server.handlers(), 0};
                }};
  connector(served.runtime, served.port)->connect("/stream?a=b", {{"X-Token", "t"}}, client.handlers());
  CHECK(server.next() == "open ");
  CHECK(client.next() == "open ");
  const auto from_client = *client.sockets.take();
  const auto from_server = *server.sockets.take();
  for (int i = 0; i < 500; ++i) {
    from_client->send_text("c" + std::to_string(i));
    from_server->send_binary(std::string("\0\xFF", 2) + std::to_string(i));
  }
  for (int i = 0; i < 500; ++i) {
    CHECK(server.next() == "text c" + std::to_string(i));
    CHECK(client.next() == "binary " + std::string("\0\xFF", 2) + std::to_string(i));
  }
  from_client->send_text("last");
  from_client->close();
  from_client->close();
  from_client->send_text("too late");
  CHECK(server.next() == "text last");
  CHECK_THAT(server.next(), Catch::StartsWith("close closed by the peer: 1000"));
  CHECK_THAT(client.next(), Catch::StartsWith("close "));
  from_server->send_text("too late");
  served.server->stop(10s);
  CHECK(server.events.size() == 0);
  CHECK(client.events.size() == 0);
}

TEST_CASE("websocket: messages up to the limit pass, empty ones too") {
  Recorder server;
  Recorder client;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  connector(served.runtime, served.port)->connect("/", {}, client.handlers());
  const auto socket = client.sockets.take();
  REQUIRE(socket);
  CHECK(server.next() == "open ");
  for (const std::size_t size : {0, 1, 125, 126, 65535, 65536}) {
    (*socket)->send_text(std::string(size, 'x'));
    CHECK(server.next() == "text " + std::string(size, 'x'));
  }
  (*socket)->send_text(std::string(65537, 'x'));
  CHECK_THAT(server.next(), Catch::StartsWith("close "));
  CHECK(client.next() == "open ");
  CHECK(client.next() == "close closed by the peer: 1009");
}

TEST_CASE("websocket: an upgrade the server refuses closes the client's side once, with the status") {
  const int status = GENERATE(401, 403, 404, 429, 0, 200);
  Recorder client;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{std::nullopt, status}; }};
  connector(served.runtime, served.port)->connect("/", {}, client.handlers());
  CHECK_THAT(client.next(), Catch::StartsWith("close upgrade refused") &&
                              Catch::Contains(std::to_string(status >= 400 ? status : 500)));
}

TEST_CASE("websocket: without an upgrade handler, or with half an upgrade, the request is a plain one") {
  Served served{not_found};
  RawSocket whole{served.port};
  whole.send(upgrade_request);
  CHECK(status_of(whole.receive_response()) == 404);
  Served accepting{not_found, [](const HttpRequest&) { return UpgradeDecision{WebSocketHandlers{}, 0}; }};
  RawSocket half{accepting.port};
  half.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  CHECK(status_of(half.receive_response()) == 404);
}

TEST_CASE("websocket: a connection that never opens is told once") {
  Recorder client;
  Runtime runtime;
  SECTION("nobody listens") {
    connector(runtime, closed_port())->connect("/", {}, client.handlers());
    CHECK_THAT(client.next(), Catch::StartsWith("close connect: "));
  }
  SECTION("plain text to another machine") {
    runtime.websocket({false, "192.0.2.1", 80})->connect("/", {}, client.handlers());
    CHECK_THAT(client.next(), Catch::StartsWith("close plain_http: "));
  }
  SECTION("the peer says nothing") {
    Inbox<int> release;
    RawServer silent{[&](RawSocket) { release.take(); }};
    connector(runtime, silent.port(), {50ms, 10s, 20s})->connect("/", {}, client.handlers());
    CHECK_THAT(client.next(), Catch::StartsWith("close the upgrade took too long"));
    release.put(1);
  }
  SECTION("the peer answers nonsense") {
    RawServer rude{[](RawSocket socket) {
      socket.receive_until("\r\n\r\n");
      socket.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n\r\n");
    }};
    connector(runtime, rude.port())->connect("/", {}, client.handlers());
    CHECK_THAT(client.next(), Catch::StartsWith("close upgrade refused"));
  }
  SECTION("the runtime ends") {
    Inbox<int> release;
    Inbox<int> accepted;
    RawServer silent{[&](RawSocket) {
      accepted.put(1);
      release.take();
    }};
    {
      Runtime short_lived;
      connector(short_lived, silent.port())->connect("/", {}, client.handlers());
      accepted.take();
    }
    release.put(1);
    CHECK_THAT(client.next(), Catch::StartsWith("close "));
  }
  CHECK(client.events.size() == 0);
}

TEST_CASE("websocket: what a client must not send") {
  struct Row {
    const char* name;
    std::string bytes;
    int code;
  };
  const Row row = GENERATE(values<Row>({
    {"unmasked", frame(0x81, "hi", false), 1002},
    {"reserved bit", frame(0xC1, "hi"), 1002},
    {"reserved opcode", frame(0x83, "hi"), 1002},
    {"reserved control opcode", frame(0x8B, ""), 1002},
    {"fragmented ping", frame(0x09, "hi"), 1002},
    {"ping of 126 bytes", frame(0x89, std::string(126, 'x')), 1002},
    {"continuation of nothing", frame(0x80, "hi"), 1002},
    {"text within a text", frame(0x01, "a") + frame(0x81, "b"), 1002},
    {"length with the high bit", std::string("\x82\xFF\x80\0\0\0\0\0\0\0\0\0\0\0", 14), 0},
    {"huge length", std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14), 1009},
    {"length in too many bytes", std::string("\x81\xFE\0\x02\0\0\0\0hi", 10), 1002},
    {"over the limit", frame(0x82, std::string(65537, 'x')), 1009},
    {"over the limit in pieces", frame(0x02, std::string(40'000, 'x')) + frame(0x80, std::string(40'000, 'x')), 1009},
    {"invalid UTF-8", frame(0x81, "\xFF"), 1007},
    {"overlong UTF-8", frame(0x81, "\xC0\xAF"), 1007},
    {"surrogate", frame(0x81, "\xED\xA0\x80"), 1007},
    {"UTF-8 cut short", frame(0x81, "\xE2\x82"), 1007},
    {"close of one byte", frame(0x88, "x"), 1002},
    {"close 1005", frame(0x88, std::string("\x03\xED", 2)), 1002},
    {"close 1006", frame(0x88, std::string("\x03\xEE", 2)), 1002},
    {"close with invalid UTF-8", frame(0x88, std::string("\x03\xE8\xFF", 3)), 1002},
  }));
  CAPTURE(row.name);
  Recorder server;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  RawSocket client{served.port};
  client.send(upgrade_request);
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
  CHECK(server.next() == "open ");
  client.send(row.bytes);
  client.finish_sending();
  bool ended = false;
  const std::string answer = client.receive_all(&ended);
  CHECK(ended);
  if (row.code != 0)
    CHECK(close_code(answer) == row.code);
  CHECK_THAT(server.next(), Catch::StartsWith("close "));
}

TEST_CASE("websocket: the handshake's answer, fragments, pings and a clean close on the wire") {
  Recorder server;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  RawSocket client{served.port};
  client.send(upgrade_request);
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(head.find("permessage-deflate") == std::string::npos);
  CHECK(server.next() == "open ");
  client.send(frame(0x01, "a\xE2") + frame(0x89, "are you there") + frame(0x00, "\x82") + frame(0x80, "\xAC"));
  CHECK(client.receive_until("there") ==
        "\x8A\x0D"
        "are you there");
  CHECK(server.next() == "text a\xE2\x82\xAC");
  client.send(frame(0x88, std::string("\x03\xE8", 2)));
  CHECK(close_code(client.receive_all()) == 1000);
  client.close();
  CHECK(server.next() == "close closed by the peer: 1000");
}

TEST_CASE("websocket: deflate offered by a client is not taken up") {
  Served served{not_found, [](const HttpRequest&) { return UpgradeDecision{WebSocketHandlers{}, 0}; }};
  RawSocket client{served.port};
  std::string request = upgrade_request;
  request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.send(request);
  CHECK(client.receive_until("\r\n\r\n").find("deflate") == std::string::npos);
  client.send(frame(0xC1, "compressed"));
  CHECK(close_code(client.receive_all()) == 1002);
}

TEST_CASE("websocket: a peer that vanishes is told once, whatever it left behind") {
  const std::string left = GENERATE(as<std::string>{}, "", "\x81", frame(0x81, "hello").substr(0, 8));
  Recorder server;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  {
    RawSocket client{served.port};
    client.send(upgrade_request);
    client.receive_until("\r\n\r\n");
    client.send(left);
  }
  CHECK(server.next() == "open ");
  CHECK_THAT(server.next(), Catch::StartsWith("close "));
  served.server->stop(10s);
  CHECK(server.events.size() == 0);
}

TEST_CASE("websocket: a peer that does not answer pings is dropped, from either side") {
  SECTION("by the server") {
    ServerLimits limits;
    limits.websocket_ping_every = 20ms;
    limits.websocket_pong_deadline = 50ms;
    Recorder server;
    Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }, limits};
    RawSocket client{served.port};
    client.send(upgrade_request);
    client.receive_until("\r\n\r\n");
    CHECK(client.receive(2) == std::string("\x89\0", 2));
    CHECK(server.next() == "open ");
    CHECK(server.next() == "close no pong for 50 ms");
  }
  SECTION("by the client") {
    Inbox<int> release;
    Recorder client;
    // Accepts by the fixed rule of the protocol, then stays silent: a real server whose network thread is held.
    Recorder server;
    auto served = std::make_unique<Served>(not_found, [&](const HttpRequest&) {
      return UpgradeDecision{server.handlers(), 0};
    });
    Runtime runtime;
    connector(runtime, served->port, {10s, 20ms, 60ms})->connect("/", {}, client.handlers());
    CHECK(client.next() == "open ");
    CHECK(server.next() == "open ");
    served->runtime.post([&] { release.take(); });
    CHECK(client.next() == "close no pong for 60 ms");
    release.put(1);
    CHECK_THAT(server.next(), Catch::StartsWith("close "));
  }
}

TEST_CASE("websocket: peers that answer pings stay") {
  ServerLimits limits;
  limits.websocket_ping_every = 5ms;
  limits.websocket_pong_deadline = 5s;
  Recorder server;
  Recorder client;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }, limits};
  connector(served.runtime, served.port, {10s, 5ms, 5s})->connect("/", {}, client.handlers());
  CHECK(client.next() == "open ");
  CHECK(server.next() == "open ");
  const auto socket = *client.sockets.take();
  Inbox<int> rounds;
  const auto timers = served.runtime.timers();
  std::function<void(int)> round = [&](int left) {
    socket->send_text(std::to_string(left));
    if (left > 0)
      timers->after(5ms, [&round, left] { round(left - 1); });
  };
  served.runtime.post([&] { round(20); });
  for (int left = 20; left >= 0; --left)
    CHECK(server.next() == "text " + std::to_string(left));
}

TEST_CASE("websocket: a client that does not read is disconnected instead of filling the memory") {
  ServerLimits limits;
  limits.outgoing_bytes_max = 100'000;
  Recorder server;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }, limits};
  RawSocket client{served.port};
  client.send(upgrade_request);
  client.receive_until("\r\n\r\n");
  CHECK(server.next() == "open ");
  const auto socket = *server.sockets.take();
  std::optional<Event> closed;
  for (int i = 0; i < 20'000 && !closed; ++i) {
    socket->send_text(std::string(10'000, 'x'));
    closed = server.events.take(0ms);
    Inbox<int> passed;
    served.runtime.post([&] { passed.put(1); });
    passed.take();
  }
  REQUIRE(closed);
  CHECK_THAT(closed->payload, Catch::Contains("reads too slowly"));
}

TEST_CASE("websocket: stopping the server closes its sockets properly") {
  Recorder server;
  Recorder client;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  Runtime other;
  connector(other, served.port)->connect("/", {}, client.handlers());
  CHECK(client.next() == "open ");
  CHECK(server.next() == "open ");
  served.server->stop(10s);
  CHECK(client.next() == "close closed by the peer: 1000");
  CHECK_THAT(server.next(), Catch::StartsWith("close "));
}

TEST_CASE("websocket: many at once") {
  Recorder server;
  Served served{not_found, [&](const HttpRequest&) { return UpgradeDecision{server.handlers(), 0}; }};
  Recorder client;
  Runtime other;
  const auto connect = connector(other, served.port);
  for (int i = 0; i < 200; ++i)
    connect->connect("/" + std::to_string(i), {}, client.handlers());
  for (int i = 0; i < 200; ++i)
    CHECK(client.next() == "open ");
  for (int i = 0; i < 200; ++i) {
    (*client.sockets.take())->send_text("x");
  }
  int texts = 0;
  for (int i = 0; i < 400; ++i)
    texts += server.next() == "text x" ? 1 : 0;
  CHECK(texts == 200);
}

}  // namespace
}  // namespace heed::net
