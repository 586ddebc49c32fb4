// Bad input over real sockets: bytes in, status out, connection closed.
#include "net/json.hpp"
#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

ServerLimits small_limits() {
  ServerLimits limits;
  limits.body_bytes_max = 100;
  return limits;
}

TEST_CASE("server input: refused requests get a problem document and a closed connection, and reach no handler") {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string start = "POST /x HTTP/1.1\r\nHost: a\r\n";
  const Row row = GENERATE_COPY(values<Row>({
    {"chunked with a smuggled request",
     start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 411},
    {"gzip with leftovers", start + "Transfer-Encoding: gzip\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 411},
    {"TE and CL", start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n", 411},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", start + "Host: b\r\n\r\n", 400},
    {"equal lengths repeated", start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
    {"folded line", start + "X-A: b\r\n c\r\n\r\n", 400},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"TLS to a plain port", std::string("\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03", 11), 400},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"absolute form", "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"authority form", "CONNECT evil:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"long target", "GET /" + std::string(2048, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
    {"long head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431},
    {"body over the limit", start + "Content-Length: 101\r\n\r\n" + std::string(101, 'x'), 413},
    {"body over the limit, not even sent", start + "Content-Length: 999999999\r\n\r\n", 413},
    {"body over the limit, asked first", start + "Content-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413},
    {"strange expectation", start + "Expect: magic\r\n\r\n", 417},
    {"bytes after an upgrade request",
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81",
     400},
  }));
  CAPTURE(row.name);
  std::atomic<int> handled{0};
  Served served{[&](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
                  ++handled;
                  responder->respond({200, {}, "reached"});
                },
                [&](const HttpRequest&) {
                  ++handled;
                  return UpgradeDecision{};
                },
                small_limits()};
  RawSocket client{served.port};
  client.send(row.bytes);
  bool ended = false;
  const std::string response = client.receive_all(&ended);
  CHECK(ended);
  CHECK(status_of(response) == row.status);
  CHECK(response.find("Connection: close\r\n") != std::string::npos);
  CHECK(response.find("Content-Type: application/problem+json\r\n") != std::string::npos);
  const auto document = parse_json(body_of(response));
  REQUIRE(document);
  CHECK(document.value().find("status")->integer() == row.status);
  CHECK_FALSE(document.value().find("title")->text.empty());
  CHECK_FALSE(document.value().find("detail")->text.empty());
  CHECK(handled == 0);
}

TEST_CASE("server input: a refused request does not hide the answers before it") {
  Served served{[](const HttpRequest& request, const std::shared_ptr<Responder>& responder) {
    responder->respond({200, {}, request.target});
  }};
  RawSocket client{served.port};
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(body_of(client.receive_response()) == "/1");
  CHECK(status_of(client.receive_all()) == 400);
}

TEST_CASE("server input: a connection that ends early, at each byte, harms nobody") {
  std::atomic<int> handled{0};
  Served served{[&](const HttpRequest& request, const std::shared_ptr<Responder>& responder) {
    ++handled;
    responder->respond({200, {}, request.body});
  }};
  const std::string request = "POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < request.size(); ++size) {
    RawSocket client{served.port};
    client.send(request.substr(0, size));
    if (size % 2 == 0) {
      client.finish_sending();
      CHECK(client.receive_all().empty());
    } else {
      client.reset();
    }
  }
  CHECK(handled == 0);
  RawSocket client{served.port};
  client.send(request);
  CHECK(body_of(client.receive_response()) == "hello");
  CHECK(handled == 1);
}

TEST_CASE("server input: a body longer than declared is the next request, and judged as one") {
  Served served{[](const HttpRequest& request, const std::shared_ptr<Responder>& responder) {
    responder->respond({200, {}, request.body});
  }};
  RawSocket client{served.port};
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\x01\x02");
  CHECK(body_of(client.receive_response()) == "abc");
  CHECK(status_of(client.receive_all()) == 400);
}

TEST_CASE("server input: slow heads and slow bodies end at the deadline") {
  ServerLimits limits;
  limits.read_deadline = 60ms;
  const std::string bytes =
    GENERATE(as<std::string>{},  //
             "G", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
  Served served{[](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
                  responder->respond({200, {}, "reached"});
                },
                nullptr, limits};
  RawSocket client{served.port};
  client.send(bytes);
  bool ended = false;
  CHECK(status_of(client.receive_all(&ended)) == 408);
  CHECK(ended);
}

TEST_CASE("server input: bytes that trickle do not extend the deadline") {
  ServerLimits limits;
  limits.read_deadline = 100ms;
  Served served{[](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
                  responder->respond({200, {}, "reached"});
                },
                nullptr, limits};
  RawSocket client{served.port};
  Inbox<std::string> received;
  std::thread reader{[&] { received.put(client.receive_all()); }};
  client.send("GET / HTTP/1.1\r\n");
  std::optional<std::string> response;
  for (int i = 0; i < 2'000 && !response; ++i) {
    client.send("X");
    response = received.take(5ms);
  }
  reader.join();
  REQUIRE(response);
  CHECK(status_of(*response) == 408);
}

TEST_CASE("server input: an idle connection is closed without a word") {
  ServerLimits limits;
  limits.idle_deadline = 50ms;
  Served served{[](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
                  responder->respond({200, {}, "x"});
                },
                nullptr, limits};
  RawSocket fresh{served.port};
  bool ended = false;
  CHECK(fresh.receive_all(&ended).empty());
  CHECK(ended);
  RawSocket used{served.port};
  used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(status_of(used.receive_response()) == 200);
  CHECK(used.receive_all(&ended).empty());
  CHECK(ended);
}

TEST_CASE("server input: a client that does not read its answer is dropped") {
  ServerLimits limits;
  limits.write_deadline = 60ms;
  Served served{[&](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
                  responder->respond({200, {}, std::string(64 * 1024 * 1024, 'x')});
                },
                nullptr, limits};
  RawSocket client{served.port};
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  // The server gives up first; only then does anybody read what was under way.
  RawSocket other{served.port};
  served.server->stop(10s);
  bool ended = false;
  CHECK(client.receive_all(&ended).size() < 64 * 1024 * 1024);
  CHECK(ended);
}

}  // namespace
}  // namespace heed::net
