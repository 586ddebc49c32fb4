#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;
using Response = std::shared_ptr<Responder>;

void echo(const HttpRequest& request, const Response& responder) {
  responder->respond(
    {200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + " " + request.body});
}

std::string get(const std::string& target, const std::string& lines = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST_CASE("server: keep-alive answers several requests on one connection") {
  Served served{echo};
  RawSocket client{served.port};
  for (int i = 0; i < 5; ++i) {
    client.send(get("/" + std::to_string(i)));
    const std::string response = client.receive_response();
    CHECK(status_of(response) == 200);
    CHECK(body_of(response) == "GET /" + std::to_string(i) + " ");
    CHECK(response.find("Connection: close") == std::string::npos);
  }
}

TEST_CASE("server: the exact bytes of an answer") {
  Served served{[](const HttpRequest&, const Response& responder) {
    responder->respond({201, {{"X-A", "b"}, {"Content-Length", "99"}, {"connection", "upgrade"}}, "hi"});
  }};
  RawSocket client{served.port};
  client.send(get("/"));
  CHECK(client.receive_response() == "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi");
}

TEST_CASE("server: who is asking") {
  Served served{[](const HttpRequest& request, const Response& responder) {
    responder->respond({200, {}, request.peer});
  }};
  RawSocket client{served.port};
  client.send(get("/", "X-Forwarded-For: 8.8.8.8\r\n"));
  CHECK(body_of(client.receive_response()) == "127.0.0.1");
}

TEST_CASE("server: pipelined requests are answered in order, one handler at a time") {
  std::atomic<int> running{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::thread> threads;
  {
    Served served{[&](const HttpRequest& request, const Response& responder) {
      if (running.fetch_add(1) != 0)
        overlapped = true;
      threads.emplace_back([&, target = request.target, responder] {
        running.fetch_sub(1);
        responder->respond({200, {}, target});
      });
    }};
    RawSocket client{served.port};
    std::string all;
    for (int i = 0; i < 50; ++i)
      all += get("/" + std::to_string(i));
    client.send(all);
    for (int i = 0; i < 50; ++i)
      CHECK(body_of(client.receive_response()) == "/" + std::to_string(i));
  }
  for (auto& thread : threads)
    thread.join();
  CHECK_FALSE(overlapped);
}

TEST_CASE("server: thousands of pipelined requests answered at once do not exhaust the stack") {
  Served served{[](const HttpRequest&, const Response& responder) { responder->respond({200, {}, "."}); }};
  RawSocket client{served.port};
  std::string all;
  for (int i = 0; i < 20'000; ++i)
    all += get("/");
  std::thread sender{[&] {
    client.send(all);
    client.finish_sending();
  }};
  const std::string responses = client.receive_all();
  sender.join();
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.";
  CHECK(responses.size() == 20'000 * one.size());
}

TEST_CASE("server: a request in single bytes") {
  Served served{echo};
  RawSocket client{served.port};
  const std::string request = "POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (const char c : request)
    client.send({&c, 1});
  CHECK(body_of(client.receive_response()) == "POST /orders hello");
}

TEST_CASE("server: a body at the limit") {
  ServerLimits limits;
  limits.body_bytes_max = 300'000;
  Served served{[](const HttpRequest& request, const Response& responder) {
                  responder->respond({200, {}, std::to_string(request.body.size())});
                },
                nullptr, limits};
  RawSocket client{served.port};
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x'));
  CHECK(body_of(client.receive_response()) == "300000");
  client.send(get("/"));
  CHECK(body_of(client.receive_response()) == "0");
}

TEST_CASE("server: HEAD has the length but not the body") {
  Served served{echo};
  RawSocket client{served.port};
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y"));
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(status_of(head) == 200);
  CHECK(head.find("Content-Length: 8\r\n") != std::string::npos);
  CHECK(body_of(client.receive_response()) == "GET /y ");
}

TEST_CASE("server: 204 and 304 have no body") {
  Served served{[](const HttpRequest& request, const Response& responder) {
    responder->respond({request.target == "/304" ? 304 : 204, {}, "never"});
  }};
  RawSocket client{served.port};
  client.send(get("/204") + get("/304"));
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST_CASE("server: a connection is closed when asked, or for HTTP/1.0") {
  const std::string request = GENERATE(as<std::string>{}, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                       "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  Served served{echo};
  RawSocket client{served.port};
  client.send(request);
  bool ended = false;
  const std::string response = client.receive_all(&ended);
  CHECK(ended);
  CHECK(status_of(response) == 200);
  CHECK(response.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("server: 100-continue is answered before the body comes") {
  Served served{echo};
  RawSocket client{served.port};
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  CHECK(body_of(client.receive_response()) == "POST /x ok");
  // Nothing to wait for: the body is there already, or there is none.
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok");
  CHECK(body_of(client.receive_response()) == "POST /x ok");
  client.send(get("/", "Expect: 100-continue\r\n"));
  CHECK(status_of(client.receive_response()) == 200);
}

TEST_CASE("server: a request dropped without an answer, or by an exception, gives 500") {
  Served served{[](const HttpRequest& request, const Response&) {
    if (request.target == "/throw")
      throw std::runtime_error{"secret"};
  }};
  RawSocket client{served.port};
  for (const char* target : {"/throw", "/drop"}) {
    client.send(get(target));
    const std::string response = client.receive_response();
    CHECK(status_of(response) == 500);
    CHECK(response.find("secret") == std::string::npos);
  }
}

TEST_CASE("server: only the first answer counts") {
  Inbox<bool> written;
  Served served{[&](const HttpRequest&, const Response& responder) {
    responder->respond({200, {}, "first"});
    responder->respond({200, {}, "second"});
    responder->abort();
    written.put(responder->stream({200, {}, ""})->write("third"));
  }};
  RawSocket client{served.port};
  client.send(get("/") + get("/"));
  CHECK(body_of(client.receive_response()) == "first");
  CHECK(body_of(client.receive_response()) == "first");
  CHECK(written.take() == false);
  CHECK(written.take() == false);
}

TEST_CASE("server: an answer that would split the response is replaced") {
  const HttpResponse bad = GENERATE(values<HttpResponse>({
    {200, {{"X-A", "b\r\nSet-Cookie: c"}}, ""},
    {200, {{"X-A\r\nX-B", "b"}}, ""},
    {200, {{"X A", "b"}}, ""},
    {200, {{"", "b"}}, ""},
    {0, {}, ""},
    {101, {}, ""},
    {1000, {}, ""},
  }));
  Served served{[&](const HttpRequest&, const Response& responder) { responder->respond(bad); }};
  RawSocket client{served.port};
  client.send(get("/"));
  CHECK(status_of(client.receive_response()) == 500);
}

TEST_CASE("server: scripted faults") {
  Served served{[](const HttpRequest& request, const Response& responder) {
    responder->abort(request.target == "/raw" ? "HTTP/1.1 200 OK\r\nContent-Len" : "");
  }};
  bool ended = false;
  RawSocket silent{served.port};
  silent.send(get("/silent"));
  CHECK(silent.receive_all(&ended).empty());
  CHECK(ended);
  RawSocket raw{served.port};
  raw.send(get("/raw"));
  CHECK(raw.receive_all(&ended) == "HTTP/1.1 200 OK\r\nContent-Len");
  CHECK(ended);
}

TEST_CASE("server: a stream of events arrives as it is written") {
  Inbox<std::shared_ptr<Responder::Stream>> streams;
  Served served{[&](const HttpRequest&, const Response& responder) {
    streams.put(responder->stream({200, {{"Content-Type", "text/event-stream"}}, ""}));
  }};
  RawSocket client{served.port};
  client.send(get("/events"));
  const auto stream = streams.take();
  REQUIRE(stream);
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(head == "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string event = "data: " + std::to_string(i) + "\n\n";
    CHECK((*stream)->write(event));
    expected += event;
    if (i % 10 == 0)
      CHECK_THAT(client.receive_until(event), Catch::EndsWith(event));
  }
  (*stream)->close();
  CHECK_FALSE((*stream)->write("late"));
  bool ended = false;
  CHECK_THAT(client.receive_all(&ended), Catch::EndsWith("data: 99\n\n"));
  CHECK(ended);
}

TEST_CASE("server: everything written to a stream before its close arrives, in order") {
  Served served{[](const HttpRequest&, const Response& responder) {
    const auto stream = responder->stream({200, {}, ""});
    for (int i = 0; i < 1'000; ++i)
      stream->write(std::to_string(i) + "\n");
  }};
  std::string expected;
  for (int i = 0; i < 1'000; ++i)
    expected += std::to_string(i) + "\n";
  RawSocket client{served.port};
  client.send(get("/"));
  CHECK(body_of(client.receive_all()) == expected);
}

// True once `write` says that the client is gone; every round waits for the network thread to have done its part.
bool turns_false(Runtime& runtime, const std::function<bool()>& write) {
  for (int round = 0; round < 20'000; ++round) {
    if (!write())
      return true;
    Inbox<int> passed;
    runtime.post([&] { passed.put(1); });
    passed.take();
  }
  return false;
}

TEST_CASE("server: a stream's writer learns that its client left") {
  Inbox<std::shared_ptr<Responder::Stream>> streams;
  Served served{[&](const HttpRequest&, const Response& responder) {
    streams.put(responder->stream({200, {}, ""}));
  }};
  {
    RawSocket client{served.port};
    client.send(get("/"));
    client.receive_until("\r\n\r\n");
  }
  const auto stream = streams.take();
  REQUIRE(stream);
  CHECK(turns_false(served.runtime, [&] { return (*stream)->write("x"); }));
}

TEST_CASE("server: a stream's slow client is dropped instead of filling the memory") {
  ServerLimits limits;
  limits.outgoing_bytes_max = 100'000;
  Inbox<std::shared_ptr<Responder::Stream>> streams;
  Served served{[&](const HttpRequest&, const Response& responder) {
                  streams.put(responder->stream({200, {}, ""}));
                },
                nullptr, limits};
  RawSocket client{served.port};
  client.send(get("/"));
  const auto stream = streams.take();
  REQUIRE(stream);
  CHECK(turns_false(served.runtime, [&] { return (*stream)->write(std::string(10'000, 'x')); }));
  bool ended = false;
  client.receive_all(&ended);
  CHECK(ended);
}

TEST_CASE("server: stopping lets the answer under way finish and refuses new connections") {
  Inbox<Response> responders;
  Served served{[&](const HttpRequest&, const Response& responder) { responders.put(responder); }};
  RawSocket idle{served.port};
  idle.send(get("/"));
  responders.take().value()->respond({200, {}, ""});
  CHECK(status_of(idle.receive_response()) == 200);
  RawSocket busy{served.port};
  busy.send(get("/"));
  auto responder = responders.take();
  REQUIRE(responder);
  std::thread stopper{[&] { served.server->stop(20s); }};
  bool ended = false;
  CHECK(idle.receive_all(&ended).empty());
  CHECK(ended);
  (*responder)->respond({200, {}, "done"});
  const std::string response = busy.receive_all(&ended);
  busy.close();
  stopper.join();
  CHECK(body_of(response) == "done");
  CHECK_FALSE(RawSocket{served.port}.connected());
}

TEST_CASE("server: stopping cuts what does not finish in time") {
  Inbox<Response> responders;
  Served served{[&](const HttpRequest&, const Response& responder) { responders.put(responder); }};
  RawSocket client{served.port};
  client.send(get("/"));
  const auto responder = responders.take();
  REQUIRE(responder);
  served.server->stop(30ms);
  bool ended = false;
  CHECK(client.receive_all(&ended).empty());
  CHECK(ended);
  (*responder)->respond({200, {}, "too late"});
}

TEST_CASE("server: addresses it cannot listen on are named with the cause") {
  Runtime runtime;
  const auto server = runtime.server([](const HttpRequest&, const Response&) {}, nullptr);
  for (const char* address : {"", "8420", "localhost:8420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                              "127.0.0.1:x", "::1:8420", "[127.0.0.1]:8420", "[::1:8420"}) {
    const auto listening = server->listen(address);
    CAPTURE(address);
    REQUIRE_FALSE(listening);
    CHECK(listening.error().kind == ErrorKind::invalid);
    CHECK_THAT(listening.error().detail, Catch::Contains("\"" + std::string{address} + "\""));
  }
  const auto first = server->listen("127.0.0.1:0");
  REQUIRE(first);
  const std::string taken = "127.0.0.1:" + std::to_string(first.value());
  const auto second = server->listen(taken);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::unavailable);
  CHECK_THAT(second.error().detail, Catch::Contains(taken) && Catch::Contains("in use"));
}

// A directory of its own for each test, gone with it.
struct Directory {
  Directory() {
    char name[] = "/tmp/heed-net-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("server: a Unix socket is for its owner, and is removed with the server") {
  const Directory directory;
  const std::string path = directory.path + "/heed.sock";
  {
    Runtime runtime;
    const auto server = runtime.server(
      [](const HttpRequest& request, const Response& responder) {
        responder->respond({200, {}, request.peer});
      },
      nullptr);
    REQUIRE(server->listen_unix(path));
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    RawSocket raw{path};
    raw.send(get("/"));
    CHECK(body_of(raw.receive_response()) == "unix");
    const auto client = runtime.unix_http_client(path);
    const auto response = fetch(*client, {"GET", "/", {}, ""});
    REQUIRE(response);
    CHECK(response.value().body == "unix");
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

// A server for two connections a kind, on both kinds.
struct Small {
  explicit Small(RequestHandler handler) : served{std::move(handler), nullptr, limits()} {
    if (!served.server->listen_unix(path))
      throw std::runtime_error{"cannot listen on " + path};
  }
  static ServerLimits limits() {
    ServerLimits limits;
    limits.connections_max = 2;
    limits.unix_connections_max = 2;
    return limits;
  }
  Directory directory;
  const std::string path = directory.path + "/heed.sock";
  Served served;
};

TEST_CASE("server: full, the connection that is idle the longest gives way to a new one") {
  Small small{echo};
  RawSocket first{small.served.port};
  RawSocket second{small.served.port};
  for (auto* client : {&first, &second, &first}) {
    client->send(get("/"));
    REQUIRE(status_of(client->receive_response()) == 200);
  }
  RawSocket third{small.served.port};
  third.send(get("/third"));
  CHECK(body_of(third.receive_response()) == "GET /third ");
  bool ended = false;
  CHECK(second.receive_all(&ended).empty());
  CHECK(ended);
  first.send(get("/first"));
  CHECK(body_of(first.receive_response()) == "GET /first ");
}

TEST_CASE("server: full of requests under way it turns TCP away, and the Unix socket stays open") {
  Inbox<Response> responders;
  Small small{[&](const HttpRequest& request, const Response& responder) {
    if (request.peer == "unix")
      return echo(request, responder);
    responders.put(responder);
  }};
  RawSocket first{small.served.port};
  RawSocket second{small.served.port};
  std::vector<Response> under_way;
  for (auto* client : {&first, &second}) {
    client->send(get("/slow"));
    under_way.push_back(responders.take().value());
  }
  RawSocket third{small.served.port};
  const std::string refusal = third.receive_response();
  CHECK(status_of(refusal) == 503);
  CHECK_THAT(body_of(refusal), Catch::Contains("all 2 connections are in use"));

  RawSocket local{small.path};
  local.send(get("/kill"));
  CHECK(body_of(local.receive_response()) == "GET /kill ");
  for (std::size_t i = 0; i < under_way.size(); ++i)
    under_way[i]->respond({200, {}, std::to_string(i)});
  CHECK(body_of(first.receive_response()) == "0");
  CHECK(body_of(second.receive_response()) == "1");
}

TEST_CASE("server: a full Unix socket leaves TCP alone, and makes room among its own") {
  Small small{echo};
  RawSocket tcp{small.served.port};
  tcp.send(get("/"));
  REQUIRE(status_of(tcp.receive_response()) == 200);
  for (int i = 0; i < 3; ++i) {
    std::vector<RawSocket> locals;
    for (int j = 0; j < 3; ++j) {
      locals.emplace_back(small.path);
      locals.back().send(get("/" + std::to_string(j)));
      CHECK(body_of(locals.back().receive_response()) == "GET /" + std::to_string(j) + " ");
    }
  }
  tcp.send(get("/still"));
  CHECK(body_of(tcp.receive_response()) == "GET /still ");
}

TEST_CASE("server: a stale socket file is replaced, a live one and other files are not touched") {
  const Directory directory;
  const std::string path = directory.path + "/heed.sock";
  Runtime runtime;
  const auto make = [&] { return runtime.server(echo, nullptr); };

  const auto live = make();
  REQUIRE(live->listen_unix(path));
  const auto second = make()->listen_unix(path);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().detail, Catch::Contains(path) && Catch::Contains("another process is listening"));
  CHECK(RawSocket{path}.connected());

  const std::string stale = directory.path + "/stale.sock";
  std::filesystem::rename(path, stale);  // the server will not find it when it stops
  live->stop(0ms);
  REQUIRE(std::filesystem::exists(stale));
  const auto successor = make();
  CHECK(successor->listen_unix(stale));
  CHECK(RawSocket{stale}.connected());

  const std::string file = directory.path + "/file";
  std::ofstream{file} << "precious";
  const auto over_file = make()->listen_unix(file);
  REQUIRE_FALSE(over_file);
  CHECK_THAT(over_file.error().detail, Catch::Contains("not a socket"));
  CHECK(std::filesystem::file_size(file) == 8);

  CHECK_FALSE(make()->listen_unix(directory.path + "/" + std::string(200, 'x')));
  CHECK_FALSE(make()->listen_unix(""));
}

TEST_CASE("timers: run on the network thread, in order of their delays") {
  Runtime runtime;
  Inbox<int> order;
  const auto timers = runtime.timers();
  timers->after(40ms, [&] { order.put(2); });
  timers->after(1ms, [&] { order.put(1); });
  CHECK(order.take() == 1);
  CHECK(order.take() == 2);
}

}  // namespace
}  // namespace heed::net
