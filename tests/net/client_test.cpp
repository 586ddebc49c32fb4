#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <vector>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

const HttpRequest order{"POST", "/v2/orders?x=1", {{"X-Id", "7"}}, "{\"qty\":1}"};

std::shared_ptr<HttpClient> client_of(Runtime& runtime, std::uint16_t port, std::size_t connections_max = 8) {
  return runtime.http_client({false, "127.0.0.1", port}, connections_max);
}

// Reads one whole request of `order`'s shape.
std::string read_request(RawSocket& socket) { return socket.receive_response(); }

std::string ok(const std::string& body, const std::string& lines = {}) {
  return "HTTP/1.1 200 OK\r\n" + lines + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_CASE("client: a request and its answer, on a connection that is kept") {
  std::atomic<int> connections{0};
  RawServer server{[&](RawSocket socket) {
    ++connections;
    for (std::string request = read_request(socket); !request.empty(); request = read_request(socket))
      socket.send(ok(request, "X-Seen: yes\r\n"));
  }};
  Runtime runtime;
  const auto client = client_of(runtime, server.port());
  for (int i = 0; i < 3; ++i) {
    const auto response = fetch(*client, order);
    REQUIRE(response);
    CHECK(response.value().status == 200);
    CHECK(header(response.value().headers, "x-seen") == "yes");
    CHECK(response.value().body ==
          "POST /v2/orders?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
            "\r\nUser-Agent: heed\r\nX-Id: 7\r\nContent-Length: 9\r\n\r\n{\"qty\":1}");
  }
  CHECK(connections == 1);
}

TEST_CASE("client: every status is a value, and redirects are not followed") {
  const int status = GENERATE(200, 204, 301, 302, 307, 400, 401, 403, 404, 422, 429, 500, 503);
  Served served{[&](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
    responder->respond({status, {{"Location", "/elsewhere"}}, ""});
  }};
  const auto response = fetch(*client_of(served.runtime, served.port), order);
  REQUIRE(response);
  CHECK(response.value().status == status);
}

TEST_CASE("client: forms of answers") {
  struct Row {
    const char* name;
    std::string bytes;  // then the connection closes
    int status;         // 0: unreadable
    std::string body;
  };
  const Row row = GENERATE(values<Row>({
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
    {"until the end", "HTTP/1.1 200 OK\r\n\r\nhi there", 200, "hi there"},
    {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n4;x=y\r\n the\r\n0\r\n\r\n", 200,
     "hi the"},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nold", 200, "old"},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"interim first",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
     200, "x"},
    {"truncated body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", 0, ""},
    {"truncated chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", 0, ""},
    {"missing last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", 0, ""},
    {"truncated head", "HTTP/1.1 200 OK\r\nContent-", 0, ""},
    {"not HTTP", "SSH-2.0-OpenSSH\r\n", 0, ""},
    {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nhi", 0, ""},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", 0, ""},
    {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
     ""},
    {"nothing", "", 0, ""},
    {"interim only", "HTTP/1.1 100 Continue\r\n\r\n", 0, ""},
    {"body over 16 MiB", "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n", 0, ""},
    {"endless head", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 0, ""},
  }));
  CAPTURE(row.name);
  RawServer server{[&](RawSocket socket) {
    read_request(socket);
    socket.send(row.bytes);
  }};
  Runtime runtime;
  const auto response = fetch(*client_of(runtime, server.port()), order);
  REQUIRE(response.ok() == (row.status != 0));
  if (response) {
    CHECK(response.value().status == row.status);
    CHECK(response.value().body == row.body);
  } else {
    CHECK(response.error().kind == ErrorKind::unknown);
    CHECK_THAT(response.error().detail, Catch::StartsWith("POST http://127.0.0.1") && !Catch::Contains("?x=1"));
  }
}

TEST_CASE("client: an answer cut at any byte is unknown, never a shorter answer") {
  const std::string answer = ok("{\"id\":\"abc\",\"status\":\"accepted\"}", "Content-Type: application/json\r\n");
  std::atomic<std::size_t> cut{0};
  RawServer server{[&](RawSocket socket) {
    read_request(socket);
    socket.send(answer.substr(0, cut));
  }};
  Runtime runtime;
  const auto client = client_of(runtime, server.port());
  for (cut = 0; cut < answer.size(); ++cut) {
    const auto response = fetch(*client, order);
    CAPTURE(cut.load());
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unknown);
  }
  CHECK(fetch(*client, order));
}

TEST_CASE("client: what certainly did not happen is not_sent") {
  Runtime runtime;
  SECTION("nobody listens") {
    const auto response = fetch(*client_of(runtime, closed_port()), order);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::not_sent);
    CHECK(response.error().code == "connect");
  }
  SECTION("no such Unix socket") {
    const auto response = fetch(*runtime.unix_http_client("/nonexistent/heed.sock"), order);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::not_sent);
  }
  SECTION("the path is too long for a socket") {
    const auto response = fetch(*runtime.unix_http_client("/" + std::string(300, 'x')), order);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::not_sent);
  }
  SECTION("TLS to a plain server") {
    RawServer server{[](RawSocket socket) { socket.send("HTTP/1.1 400 Bad Request\r\n\r\n"); }};
    const auto response = fetch(*runtime.http_client({true, "localhost", server.port()}), order);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::not_sent);
    CHECK(response.error().code == "tls");
  }
  SECTION("the deadline passes while waiting for a connection") {
    Inbox<int> release;
    RawServer server{[&](RawSocket socket) {
      read_request(socket);
      release.take();
    }};
    const auto client = client_of(runtime, server.port(), 1);
    Inbox<Result<HttpResponse>> first;
    client->send(order, 10s, [&](Result<HttpResponse> result) { first.put(std::move(result)); });
    const auto second = fetch(*client, order, 50ms);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::not_sent);
    CHECK(second.error().code == "timeout");
    release.put(1);
    CHECK(first.take()->error().kind == ErrorKind::unknown);
  }
}

TEST_CASE("client: no answer within the deadline is unknown") {
  Inbox<int> release;
  RawServer server{[&](RawSocket socket) {
    read_request(socket);
    release.take();
  }};
  Runtime runtime;
  const auto response = fetch(*client_of(runtime, server.port()), order, 50ms);
  release.put(1);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::unknown);
  CHECK(response.error().code == "timeout");
}

TEST_CASE("client: a peer that resets after the request is unknown") {
  RawServer server{[](RawSocket socket) {
    read_request(socket);
    socket.reset();
  }};
  Runtime runtime;
  const auto response = fetch(*client_of(runtime, server.port()), order);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::unknown);
}

TEST_CASE("client: a kept connection the peer has closed is replaced without anyone noticing") {
  std::atomic<int> connections{0};
  Inbox<int> closed;
  RawServer server{[&](RawSocket socket) {
    ++connections;
    read_request(socket);
    socket.send(ok("x"));
    socket.close();
    closed.put(1);
  }};
  Runtime runtime;
  const auto client = client_of(runtime, server.port());
  for (int i = 1; i <= 20; ++i) {
    CHECK(fetch(*client, order));
    REQUIRE(closed.take());
    CHECK(connections == i);
  }
}

TEST_CASE("client: a kept connection that dies after the next request was written is unknown, and not repeated") {
  std::atomic<int> requests{0};
  RawServer server{[&](RawSocket socket) {
    read_request(socket);
    ++requests;
    socket.send(ok("x"));
    if (!read_request(socket).empty())
      ++requests;
  }};
  Runtime runtime;
  const auto client = client_of(runtime, server.port());
  CHECK(fetch(*client, order));
  const auto second = fetch(*client, order);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::unknown);
  CHECK(requests == 2);
}

TEST_CASE("client: a connection with bytes nobody asked for is not used again") {
  std::atomic<int> connections{0};
  RawServer server{[&](RawSocket socket) {
    ++connections;
    read_request(socket);
    socket.send(ok("x") + ok("poison"));
  }};
  Runtime runtime;
  const auto client = client_of(runtime, server.port());
  for (int i = 1; i <= 3; ++i) {
    const auto response = fetch(*client, order);
    REQUIRE(response);
    CHECK(response.value().body == "x");
    CHECK(connections == i);
  }
}

TEST_CASE("client: requests beyond the connections wait for their turn") {
  std::atomic<int> open{0};
  std::atomic<int> open_max{0};
  Served served{[&](const HttpRequest& request, const std::shared_ptr<Responder>& responder) {
    open_max = std::max(open_max.load(), ++open);
    --open;
    responder->respond({200, {}, request.body});
  }};
  const auto client = client_of(served.runtime, served.port, 3);
  Inbox<std::string> answers;
  for (int i = 0; i < 200; ++i) {
    client->send({"POST", "/", {}, std::to_string(i)}, 20s, [&](Result<HttpResponse> result) {
      answers.put(result ? result.value().body : result.error().detail);
    });
  }
  std::vector<bool> seen(200);
  for (int i = 0; i < 200; ++i) {
    const auto answer = answers.take();
    REQUIRE(answer);
    seen.at(static_cast<std::size_t>(std::stoi(*answer))) = true;
  }
  CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
}

TEST_CASE("client: bodies larger than the socket's buffers, both ways") {
  ServerLimits limits;
  limits.body_bytes_max = 16 * 1024 * 1024;
  Served served{[](HttpRequest request, const std::shared_ptr<Responder>& responder) {
                  responder->respond({200, {}, std::move(request.body)});
                },
                nullptr, limits};
  const std::string body(12 * 1024 * 1024, 'b');
  const auto response = fetch(*client_of(served.runtime, served.port), {"POST", "/", {}, body}, 20s);
  REQUIRE(response);
  CHECK(response.value().body == body);
}

TEST_CASE("client: HEAD") {
  Served served{[](const HttpRequest&, const std::shared_ptr<Responder>& responder) {
    responder->respond({200, {}, "body"});
  }};
  const auto client = client_of(served.runtime, served.port);
  for (int i = 0; i < 2; ++i) {
    const auto response = fetch(*client, {"HEAD", "/", {}, ""});
    REQUIRE(response);
    CHECK(response.value().body.empty());
    CHECK(header(response.value().headers, "Content-Length") == "4");
  }
}

TEST_CASE("client: requests that would be read as two are refused") {
  const HttpRequest bad = GENERATE(values<HttpRequest>({
    {"GET /x", "/", {}, ""},
    {"", "/", {}, ""},
    {"GET", "", {}, ""},
    {"GET", "x", {}, ""},
    {"GET", "http://a/", {}, ""},
    {"GET", "/a b", {}, ""},
    {"GET", "/a\r\nX: y", {}, ""},
    {"GET", "/\xC3\xA9", {}, ""},
    {"GET", "/", {{"X", "a\r\nY: b"}}, ""},
    {"GET", "/", {{"X", std::string("a\0b", 3)}}, ""},
    {"GET", "/", {{"X Y", "a"}}, ""},
    {"GET", "/", {{"", "a"}}, ""},
    {"POST", "/", {{"content-length", "1"}}, "ab"},
    {"POST", "/", {{"Transfer-Encoding", "chunked"}}, "ab"},
  }));
  Runtime runtime;
  const auto response = fetch(*client_of(runtime, closed_port()), bad);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::invalid);
}

TEST_CASE("client: plain HTTP stays on this machine") {
  Runtime runtime;
  const auto response = fetch(*runtime.http_client({false, "192.0.2.1", 80}), order);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::invalid);
  CHECK(response.error().code == "plain_http");
}

TEST_CASE("client: the answer still comes when the client object is gone") {
  Inbox<std::shared_ptr<Responder>> responders;
  Served served{[&](const HttpRequest&, const std::shared_ptr<Responder>& responder) { responders.put(responder); }};
  Inbox<Result<HttpResponse>> results;
  client_of(served.runtime, served.port)->send(order, 20s, [&](Result<HttpResponse> r) {
    results.put(std::move(r));
  });
  auto responder = responders.take();
  REQUIRE(responder);
  (*responder)->respond({200, {}, "still"});
  const auto result = results.take();
  REQUIRE(result);
  CHECK(result->value().body == "still");
}

TEST_CASE("client: the end of the runtime answers everybody") {
  Inbox<int> arrived;
  Inbox<int> release;
  RawServer server{[&](RawSocket socket) {
    read_request(socket);
    arrived.put(1);
    release.take();
  }};
  Inbox<Result<HttpResponse>> results;
  {
    Runtime runtime;
    const auto client = client_of(runtime, server.port(), 1);
    for (int i = 0; i < 2; ++i)
      client->send(order, 20s, [&](Result<HttpResponse> result) { results.put(std::move(result)); });
    REQUIRE(arrived.take());
  }
  release.put(1);
  REQUIRE(results.size() == 2);
  CHECK(results.take()->error().code == "shutdown");
  CHECK(results.take()->error().code == "shutdown");
}

}  // namespace
}  // namespace heed::net
