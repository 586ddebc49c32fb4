// The polled feed against a real server on loopback.

#include "sources/http_feed.hpp"

#include "net/runtime.hpp"
#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <mutex>

using namespace heed;
using namespace std::chrono_literals;
using net::test::Inbox;
using Words = std::vector<std::string>;

namespace {

const Instant noon = *parse_rfc3339("2025-06-02T16:00:00Z");

std::string item(const std::string& symbol, const std::string& at = "2025-06-02T15:00:00Z") {
  return R"({"external_id":"x-)" + symbol + R"(","symbol":")" + symbol +
         R"(","action":"buy","conviction":0.8,"created_at":")" + at + "\"}";
}

struct Fixture {
  net::Runtime network;
  std::mutex mutex;
  net::HttpResponse answer{200, {}, "[]"};
  Inbox<net::HttpRequest> requests;
  std::unique_ptr<net::HttpServer> server;
  std::uint16_t port = 0;
  std::unique_ptr<MentionFeed> feed;
  std::string cursor;

  Fixture() {
    server = network.server(
      [this](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
        net::HttpResponse out;
        {
          const std::scoped_lock lock{mutex};
          out = answer;
        }
        requests.put(std::move(request));
        responder->respond(std::move(out));
      },
      {});
    port = server->listen("127.0.0.1:0").value();
    restart();
  }
  ~Fixture() { server->stop(0ms); }
  void restart() {
    HttpFeedOptions options;
    options.client = network.http_client({false, "127.0.0.1", port}, 1);
    options.target = "/calls?token=1";
    options.source = "feed";
    options.poll_interval = 60s;
    feed = make_http_feed(std::move(options));
  }
  void serve(int status, std::string body, net::Headers headers = {}) {
    const std::scoped_lock lock{mutex};
    answer = {status, std::move(headers), std::move(body)};
  }
  /// Asks, and waits for the answer to come.
  void ask() {
    REQUIRE(feed->read(cursor, 100, noon));
    wait();
  }
  void wait() {
    const auto until = std::chrono::steady_clock::now() + net::test::patience;
    while (!feed->has_news() && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    REQUIRE(feed->has_news());
  }
  FeedPage page(std::size_t max = 100) {
    auto got = feed->read(cursor, max, noon);
    REQUIRE(got);
    for (const auto& item : got.value().items)
      CHECK(item.arrival == noon);
    if (!got.value().items.empty())
      cursor = got.value().items.back().cursor;
    return std::move(got).value();
  }
  /// What one round of asking brings: symbols, and "!field" of what was no call.
  Words look() {
    ask();
    Words out;
    for (const auto& got : page().items)
      if (const auto* mention = std::get_if<Mention>(&got.what))
        out.push_back(mention->symbol.str());
      else
        out.push_back("!" + std::get<RejectedInputRow>(got.what).field);
    return out;
  }
  Error failure() {
    ask();
    const auto got = feed->read(cursor, 100, noon);
    REQUIRE_FALSE(got);
    return got.error();
  }
  net::HttpRequest request() { return requests.take().value(); }
};

}  // namespace

TEST_CASE("http feed: a document's calls are read once, whatever is asked again", "[sources][http]") {
  Fixture f;
  f.serve(200, "[" + item("AAPL") + "," + item("MSFT") + "]");
  CHECK(f.look() == Words{"AAPL", "MSFT"});
  const auto request = f.request();
  CHECK(request.method == "GET");
  CHECK(request.target == "/calls?token=1");
  CHECK(f.look().empty());
  f.serve(200, "{\"items\":[" + item("NVDA") + "," + item("MSFT") + "],\"title\":\"calls\"}");
  CHECK(f.look() == Words{"NVDA"});
  f.restart();  // the stored cursor is enough
  CHECK(f.look().empty());
}

TEST_CASE("http feed: it is asked with what the last answer said of itself", "[sources][http]") {
  Fixture f;
  f.serve(200, "[" + item("AAPL") + "]", {{"ETag", "\"v1\""}, {"Last-Modified", "Mon, 02 Jun 2025 15:00:00 GMT"}});
  CHECK(f.look() == Words{"AAPL"});
  const auto first = f.request();
  CHECK(net::header(first.headers, "If-None-Match").empty());
  f.serve(304, "");
  CHECK(f.look().empty());
  auto second = f.request();
  CHECK(net::header(second.headers, "If-None-Match") == "\"v1\"");
  CHECK(net::header(second.headers, "If-Modified-Since") == "Mon, 02 Jun 2025 15:00:00 GMT");
  f.restart();
  CHECK(f.look().empty());
  second = f.request();
  CHECK(net::header(second.headers, "If-None-Match") == "\"v1\"");
}

TEST_CASE("http feed: a cold start holds what is there for old, also when it comes back", "[sources][http]") {
  Fixture f;
  f.serve(200, "[" + item("AAPL", "2025-06-02T14:00:00Z") + "," + item("MSFT", "2025-06-02T15:00:00Z") + "]");
  const auto not_yet = f.feed->newest(noon);
  REQUIRE_FALSE(not_yet);
  CHECK(not_yet.error().code == feed_pending);
  f.wait();
  f.cursor = f.feed->newest(noon).value();
  CHECK(f.look().empty());
  f.serve(200, "[]");
  CHECK(f.look().empty());
  f.serve(200, "[" + item("OLD", "2025-06-02T14:30:00Z") + "," + item("AAPL", "2025-06-02T14:00:00Z") + "," +
                 item("NEW", "2025-06-02T15:30:00Z") + "]");
  CHECK(f.look() == Words{"NEW"});
}

TEST_CASE("http feed: what is no call is kept with its reason, once", "[sources][http]") {
  Fixture f;
  f.serve(200,
          R"([17,{"symbol":"NVDA","action":"bye"},{"symbol":"{{ticker}}","action":"buy"},)" + item("AAPL") + "]");
  CHECK(f.look() == Words{"!mention", "!action", "!symbol", "AAPL"});
  CHECK(f.look().empty());
  f.serve(200, "[" + item("MSFT") + R"(,{"symbol":"NVDA","action":"bye"}])");
  CHECK(f.look() == Words{"MSFT"});
}

TEST_CASE("http feed: pages carry the old cursor until the document is through", "[sources][http]") {
  Fixture f;
  std::string all;
  for (int i = 0; i < 25; ++i)
    all += (i == 0 ? "[" : ",") + item("S" + std::to_string(i));
  f.serve(200, all + "]");
  f.ask();
  auto page = f.page(10);
  CHECK(page.items.size() == 10);
  CHECK(page.more);
  CHECK(page.items.back().cursor.empty());
  CHECK(f.page(10).items.size() == 10);
  page = f.page(10);
  CHECK(page.items.size() == 5);
  CHECK_FALSE(page.more);
  CHECK(page.items.front().cursor.empty());
  CHECK(page.items.back().cursor.find("\"seen\"") != std::string::npos);
  CHECK(f.look().empty());
}

TEST_CASE("http feed: a document that is none says so, and loses nothing", "[sources][http]") {
  Fixture f;
  const std::vector<std::pair<std::string, std::string>> bad{{"<html>", "no JSON"},
                                                             {"", "no JSON"},
                                                             {R"({"a":1,"a":2})", "no JSON"},
                                                             {"\"text\"", "must be an array"},
                                                             {R"({"calls":[]})", "must be an array"},
                                                             {R"({"items":{}})", "must be an array"}};
  for (const auto& [body, why] : bad) {
    f.restart();
    f.serve(200, body);
    CHECK(f.failure().detail.find(why) != std::string::npos);
  }
  f.restart();
  f.serve(200, "[" + item("AAPL") + "]");
  CHECK(f.look() == Words{"AAPL"});
}

TEST_CASE("http feed: statuses are told with what to do", "[sources][http]") {
  Fixture f;
  const std::vector<std::pair<int, std::string>> bad{
    {401, "check the token"}, {403, "check the token"}, {301, "has moved"}, {404, "HTTP 404"}, {500, "HTTP 500"}};
  for (const auto& [status, why] : bad) {
    f.restart();
    f.serve(status, "");
    const auto error = f.failure();
    CHECK(error.kind == ErrorKind::unavailable);
    CHECK(error.detail.find(why) != std::string::npos);
  }
  f.server->stop(0ms);
  f.restart();
  CHECK(f.failure().detail.find("does not answer") != std::string::npos);
}

TEST_CASE("http feed: one that fails is asked more rarely, or when it says", "[sources][http]") {
  Fixture f;
  const auto asked_in = [&f](int polls) {
    const auto before = f.requests.size();
    for (int i = 0; i < polls; ++i) {
      REQUIRE(f.feed->read(f.cursor, 100, noon));
      if (f.feed->has_news())
        FAIL("answered before the next look");
    }
    return f.requests.size() - before;
  };
  f.serve(500, "");
  f.failure();  // after one failure the next poll asks again
  f.failure();  // after two, one is left out
  CHECK(asked_in(1) == 0);
  f.failure();
  CHECK(asked_in(3) == 0);
  f.serve(503, "", {{"Retry-After", "600"}});  // ten polls
  f.failure();
  CHECK(asked_in(10) == 0);
  f.serve(200, "[" + item("AAPL") + "]");
  CHECK(f.look() == Words{"AAPL"});
  f.serve(500, "");
  f.failure();
  f.serve(200, "[]");
  CHECK(f.look().empty());  // one success, and failures count from the beginning
}

TEST_CASE("http feed: a damaged cursor is an error, not a beginning", "[sources][http]") {
  Fixture f;
  for (const char* text : {"x", "[]", R"({"etag":""})", R"({"etag":"","modified":"","after":"soon","seen":[]})"}) {
    const auto got = f.feed->read(text, 10, noon);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::invalid);
  }
}
