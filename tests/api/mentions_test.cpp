// POST /mentions: what is taken, what is refused, and that every caller gets its own receipt.
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <thread>

namespace heed::api::test {
namespace {

std::string call(const std::string& symbol, const std::string& more = {}) {
  return R"({"symbol":")" + symbol + R"(","action":"buy","conviction":0.8)" + more + "}";
}

}  // namespace

TEST_CASE("one mention is accepted once", "[api][mentions]") {
  TestApi api;
  const auto body = call("nvda", R"(,"published_at":"2026-11-20T14:00:00Z","source":"pundit")");
  const auto first = api.post("/api/v1/mentions", body);
  CHECK(first.status == 202);
  const auto json = first.json();
  REQUIRE(json["accepted"].size() == 1);
  CHECK(json["accepted"][0]["mention_id"] == 1);
  CHECK(json["accepted"][0]["index"] == 0);
  CHECK(json["duplicates"].empty());
  CHECK(json["rejected"].empty());
  const auto again = api.post("/api/v1/mentions", body).json();
  CHECK(again["accepted"].empty());
  REQUIRE(again["duplicates"].size() == 1);
  CHECK(again["duplicates"][0]["signal_id"] == json["accepted"][0]["signal_id"]);
  CHECK(again["duplicates"][0]["mention_id"] == 1);
  REQUIRE(api.daemon.mentions.size() == 1);
  const auto& mention = api.daemon.mentions[0];
  CHECK(mention.symbol == Symbol{"NVDA"});
  CHECK(mention.source == SourceId{"calls"});
  CHECK(mention.origin == "pundit");
  CHECK(mention.conviction->str() == "0.8");
  CHECK(to_rfc3339(mention.created_at) == "2026-11-20T15:00:00.000000Z");
  CHECK(api.daemon.arrival == mention.created_at);
}

TEST_CASE("a list is taken apart: each its own fate, by index", "[api][mentions]") {
  TestApi api;
  const auto reply = api.post("/api/v1/mentions", "[" + call("AAPL") + R"(,{"symbol":"X Y","action":"buy"},7,)" +
                                                    call("MSFT") + "," + call("AAPL") + "]");
  CHECK(reply.status == 202);
  const auto json = reply.json();
  REQUIRE(json["accepted"].size() == 2);
  CHECK(json["accepted"][1]["index"] == 3);
  REQUIRE(json["duplicates"].size() == 1);
  CHECK(json["duplicates"][0]["index"] == 4);
  REQUIRE(json["rejected"].size() == 2);
  CHECK(json["rejected"][0]["index"] == 1);
  CHECK(json["rejected"][0]["field"] == "symbol");
  CHECK(json["rejected"][1]["index"] == 2);
  REQUIRE(api.daemon.rejected.size() == 2);
  CHECK(api.daemon.rejected[0].body == R"({"symbol":"X Y","action":"buy"})");
  CHECK(api.daemon.rejected[0].position == "http");
}

TEST_CASE("a known id of another call is refused in its place in the list", "[api][mentions]") {
  TestApi api;
  const std::string key = R"(,"external_id":"k")";
  const auto json =
    api.post("/api/v1/mentions", "[" + call("NVDA", key) + "," + call("AMD", key) + ",7," + call("NVDA", key) + "]")
      .json();
  REQUIRE(json["accepted"].size() == 1);
  REQUIRE(json["duplicates"].size() == 1);
  CHECK(json["duplicates"][0]["index"] == 3);
  REQUIRE(json["rejected"].size() == 2);
  CHECK(json["rejected"][0]["index"] == 1);
  CHECK(json["rejected"][0]["field"] == "external_id");
  CHECK(json["rejected"][0]["reason"] == "is another's");
  CHECK(json["rejected"][1]["index"] == 2);
  CHECK(api.daemon.mentions.size() == 1);
}

TEST_CASE("fields of a mention that are refused", "[api][mentions]") {
  struct Case {
    const char* body;
    const char* field;
  };
  const auto c = GENERATE(values<Case>({
    {R"({})", "symbol"},
    {R"({"symbol":"NVDA"})", "action"},
    {R"({"symbol":"NVDA","action":"hodl"})", "action"},
    {R"({"symbol":"NVDA","action":true})", "action"},
    {R"({"symbol":7,"action":"buy"})", "symbol"},
    {R"({"symbol":"","action":"buy"})", "symbol"},
    {R"({"symbol":"ABCDEFGHIJKLMNOPQ","action":"buy"})", "symbol"},
    {R"({"symbol":"NQ1!","action":"buy"})", "symbol"},
    {R"({"symbol":"NASDAQ:NVDA","action":"buy"})", "symbol"},
    {R"({"symbol":"NVD\u0410","action":"buy"})", "symbol"},
    {R"({"symbol":"NVDA\u202e","action":"buy"})", "symbol"},
    {R"({"symbol":"{{ticker}}","action":"buy"})", "symbol"},
    {R"({"symbol":"'; DROP TABLE x","action":"buy"})", "symbol"},
    {R"({"symbol":"NVDA","action":"buy","conviction":1.01})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":-0.1})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":-0})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":1e1})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":"0,5"})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":"high"})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","conviction":true})", "conviction"},
    {R"({"symbol":"NVDA","action":"buy","time_horizon":"soon"})", "time_horizon"},
    {R"({"symbol":"NVDA","action":"buy","published_at":1732200000})", "published_at"},
    {R"({"symbol":"NVDA","action":"buy","published_at":"2026-11-20T14:00:00"})", "published_at"},
    {R"({"symbol":"NVDA","action":"buy","published_at":"2026-02-30T14:00:00Z"})", "published_at"},
    {R"({"symbol":"NVDA","action":"buy","created_at":"2030-01-01T00:00:00Z"})", "created_at"},
    {R"({"symbol":"NVDA","action":"buy","external_id":17})", "external_id"},
    {R"({"symbol":"NVDA","action":"buy","title":"a\u001b[31mb"})", "title"},
    {R"({"symbol":"NVDA","action":"buy","convicton":0.5})", "convicton"},
    {R"({"symbol":"NVDA","action":"buy","extra":{}})", "extra"},
  }));
  TestApi api;
  INFO(c.body);
  const auto reply = api.post("/api/v1/mentions", c.body);
  CHECK(reply.status == 202);
  const auto json = reply.json();
  CHECK(json["accepted"].empty());
  REQUIRE(json["rejected"].size() == 1);
  CHECK(json["rejected"][0]["field"] == c.field);
  CHECK_FALSE(json["rejected"][0]["reason"].get<std::string>().empty());
  CHECK(api.daemon.mentions.empty());
  CHECK(api.daemon.rejected.size() == 1);
}

TEST_CASE("bodies that are no JSON are refused as a whole", "[api][mentions]") {
  const std::string deep(10'000, '[');
  const auto body = GENERATE_COPY(values<std::string>({
    "{",
    "nonsense",
    "NaN",
    R"({"symbol":"NVDA","symbol":"AAPL","action":"buy"})",
    R"({"symbol":"NVDA","action":"buy"} {"symbol":"AAPL"})",
    R"({"symbol":"NVDA","action":"buy"}x)",
    R"({"symbol":'NVDA'})",
    R"({"symbol":"NVDA",})",
    R"({"conviction":NaN})",
    R"({"conviction":Infinity})",
    R"({"conviction":.5})",
    R"({"conviction":1e400})",
    R"({"conviction":01})",
    R"({"symbol":"\ud800"})",
    R"({"symbol":"NV\u0000DA","action":"buy"})",
    "\xEF\xBB\xBF{}",
    "{\"symbol\":\"\xC0\xAE\"}",
    "{\"symbol\":\"A\nB\"}",
    std::string("{\"a\":\"\0\"}", 9),
    deep,
  }));
  TestApi api;
  INFO(body.substr(0, 60));
  const auto reply = api.post("/api/v1/mentions", body);
  CHECK(reply.status == 400);
  CHECK(reply.json()["code"] == "JSON_INVALID");
  CHECK(api.daemon.mentions.empty());
  CHECK(api.daemon.rejected.empty());
}

TEST_CASE("bodies that are neither an object nor a list are refused", "[api][mentions]") {
  TestApi api;
  for (const auto* body : {"null", "7", "\"NVDA\"", "true"})
    CHECK(api.post("/api/v1/mentions", body).json()["code"] == "BODY_INVALID");
  CHECK(api.ask("POST", "/api/v1/mentions").json()["code"] == "JSON_INVALID");
  const auto nothing = api.post("/api/v1/mentions", "[]");
  CHECK(nothing.status == 202);
  CHECK(nothing.json()["accepted"].empty());
}

TEST_CASE("a body at the limit is read, one over it is not", "[api][mentions]") {
  TestApi api{[](ApiOptions& options) { options.limits.body_bytes_max = 1000; }};
  auto body = call("NVDA");
  body.insert(body.size() - 1, std::string(1000 - body.size(), ' '));
  CHECK(api.post("/api/v1/mentions", body).status == 202);
  CHECK(api.post("/api/v1/mentions", body + " ").status == 413);
}

TEST_CASE("the inbox can be named, and must exist", "[api][mentions]") {
  TestApi api;
  api.daemon.inbox_names = {"calls", "notes"};
  CHECK(api.post("/api/v1/mentions?source=notes", call("NVDA")).status == 202);
  CHECK(api.daemon.mentions.at(0).source == SourceId{"notes"});
  const auto wrong = api.post("/api/v1/mentions?source=nots", call("NVDA"));
  CHECK(wrong.status == 400);
  CHECK(wrong.json()["nearest"] == "notes");
  api.daemon.inbox_names.clear();
  CHECK(api.post("/api/v1/mentions", call("NVDA")).json()["code"] == "NO_INBOX");
}

TEST_CASE("an inbox's conviction stands in for a missing one", "[api][mentions]") {
  TestApi api{[](ApiOptions& options) { options.default_convictions["calls"] = *Decimal::parse("0.7"); }};
  CHECK(api.post("/api/v1/mentions", R"({"symbol":"NVDA","action":"buy"})").status == 202);
  CHECK(api.daemon.mentions.at(0).conviction->str() == "0.7");
}

TEST_CASE("what the daemon cannot do now is told as such", "[api][mentions]") {
  struct Case {
    ErrorKind kind;
    const char* code;
    int status;
  };
  const auto c = GENERATE(values<Case>({
    {ErrorKind::unavailable, "DRAINING", 503},
    {ErrorKind::not_sent, "JOURNAL", 503},
    {ErrorKind::unknown, "JOURNAL", 504},
    {ErrorKind::rejected, "PAUSED", 409},
    {ErrorKind::invalid, "SYMBOL", 400},
  }));
  TestApi api;
  api.daemon.failure = Error{c.kind, c.code, "told so"};
  const auto reply = api.post("/api/v1/mentions", call("NVDA"));
  CHECK(reply.status == c.status);
  CHECK(reply.json()["code"] == c.code);
  CHECK(reply.json()["detail"] == "told so");
  CHECK((reply.status != 503 || !reply.header("Retry-After").empty()));
}

TEST_CASE("callers at the same time each get their own receipt", "[api][mentions]") {
  TestApi api;
  constexpr int callers = 8;
  constexpr int calls = 25;
  std::vector<std::future<int>> own;
  for (int caller = 0; caller < callers; ++caller) {
    own.push_back(std::async(std::launch::async, [&api, caller] {
      int right = 0;
      for (int i = 0; i < calls; ++i) {
        const auto key = std::to_string(caller) + "-" + std::to_string(i);
        const auto one = api.post("/api/v1/mentions", call("NVDA", R"(,"external_id":")" + key + "\"")).json();
        const auto two = api.post("/api/v1/mentions", call("NVDA", R"(,"external_id":")" + key + "\"")).json();
        if (one["accepted"].size() == 1 && two["duplicates"].size() == 1 &&
            one["accepted"][0]["signal_id"] == two["duplicates"][0]["signal_id"])
          ++right;
      }
      return right;
    }));
  }
  for (auto& each : own)
    CHECK(each.get() == calls);
  CHECK(api.daemon.mentions.size() == callers * calls);
}

}  // namespace heed::api::test
