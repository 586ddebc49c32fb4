// What every request goes through: routing, hosts, origins, tokens, parameters, content types.
#include "api/guard.hpp"
#include "api/route.hpp"
#include "tests/api/fixture.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace heed::api::test {
namespace {

std::string code_of(const Reply& reply) {
  CHECK(reply.header("Content-Type") == "application/problem+json");
  const auto json = reply.json();
  CHECK(json["status"] == reply.status);
  CHECK_FALSE(json["detail"].get<std::string>().empty());
  return json.value("code", "");
}

}  // namespace

TEST_CASE("what cannot be routed or read is refused with a code", "[api]") {
  struct Case {
    const char* method;
    const char* target;
    int status;
    const char* code;
  };
  const auto c = GENERATE(values<Case>({
    {"GET", "/nothing", 404, "ROUTE_UNKNOWN"},
    {"GET", "/api/v1/orders/", 404, "ROUTE_UNKNOWN"},
    {"GET", "/api/v1//orders", 404, "ROUTE_UNKNOWN"},
    {"GET", "/api/v1/%6frders/a/b/c", 404, "ROUTE_UNKNOWN"},
    {"GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "ROUTE_UNKNOWN"},
    {"GET", "/api/v1/orders/%00", 400, "BAD_REQUEST"},
    {"GET", "/api/v1/orders/%0d%0aX:1", 400, "TARGET_INVALID"},
    {"GET", "/api/v1/orders/%c0%ae", 400, "TARGET_INVALID"},
    {"GET", "/api/v1/orders/%zz", 400, "BAD_REQUEST"},
    {"GET", "/api/v1/orders?limit=%", 400, "BAD_REQUEST"},
    {"GET", "/api/v1/orders/%252e", 404, "ORDER_NOT_FOUND"},
    {"GET", "/api/v1/mentions/1", 404, "ROUTE_UNKNOWN"},
    {"DELETE", "/api/v1/mentions", 405, "METHOD_NOT_ALLOWED"},
    {"PUT", "/api/v1/kill", 405, "METHOD_NOT_ALLOWED"},
    {"OPTIONS", "/api/v1/orders", 405, "METHOD_NOT_ALLOWED"},
    {"GET", "/api/v1/orders?symbl=NVDA", 400, "QUERY_UNKNOWN"},
    {"GET", "/api/v1/orders?symbol=A&symbol=B", 400, "QUERY_REPEATED"},
    {"GET", "/api/v1/orders?symbol=A%20B", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?symbol=", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?status=fild", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?limit=0", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?limit=1001", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?limit=ten", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?limit=1e2", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?from=2026-11-20", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?from=2026-11-20T10:00:00", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/orders?from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/signals?status=no_opp", 400, "QUERY_INVALID"},
    {"GET", "/api/v1/stream?types=orders", 400, "QUERY_INVALID"},
    {"GET", "/healthz?x=1", 400, "QUERY_UNKNOWN"},
  }));
  TestApi api;
  INFO(c.method << ' ' << c.target);
  const auto reply = api.ask(c.method, c.target);
  CHECK(reply.status == c.status);
  CHECK(code_of(reply) == c.code);
}

TEST_CASE("a misspelt parameter names the nearest, a wrong method the right ones", "[api]") {
  TestApi api;
  const auto query = api.get("/api/v1/orders?symbl=NVDA").json();
  CHECK(query["nearest"] == "symbol");
  CHECK(query["field"] == "symbl");
  CHECK(api.ask("DELETE", "/api/v1/mentions").header("Allow") == "POST, GET");
  CHECK(api.get("/api/v1/orders?status=fild").json()["nearest"] == "filled");
}

TEST_CASE("the content type is checked", "[api]") {
  struct Case {
    const char* name;
    const char* value;
    int status;
  };
  const auto c = GENERATE(values<Case>({
    {"Content-Type", "application/json", 202},
    {"Content-Type", "application/json; charset=utf-8", 202},
    {"Content-Type", "Application/JSON;charset=UTF-8", 202},
    {"Content-Type", "application/json; charset=latin-1", 415},
    {"Content-Type", "text/plain", 415},
    {"Content-Type", "application/x-www-form-urlencoded", 415},
    {"Content-Type", "application/jsonx", 415},
    {"X-Other", "none at all", 415},
  }));
  TestApi api;
  INFO(c.value);
  CHECK(api.ask("POST", "/api/v1/mentions", R"({"symbol":"NVDA","action":"buy"})", {{c.name, c.value}}).status ==
        c.status);
}

TEST_CASE("compressed bodies and bodies where none belong are refused", "[api]") {
  TestApi api;
  CHECK(code_of(api.post("/api/v1/mentions", "{}", {{"Content-Encoding", "gzip"}})) == "ENCODING_UNSUPPORTED");
  CHECK(api.ask("GET", "/api/v1/orders", "{}", {{"Content-Type", "application/json"}}).status == 400);
}

TEST_CASE("pages of other origins may read nothing into a write", "[api]") {
  struct Case {
    const char* name;
    const char* value;
    int status;
  };
  TestApi api;
  const std::string own = "http://127.0.0.1:" + std::to_string(api.server->port());
  const auto send = [&](const std::string& name, const std::string& value) {
    return api.post("/api/v1/kill", R"({"level":"none"})", {{name, value}}).status;
  };
  CHECK(send("Origin", own) == 200);
  CHECK(send("Origin", "http://evil.example") == 403);
  CHECK(send("Origin", "null") == 403);
  CHECK(send("Origin", own + ".evil.example") == 403);
  CHECK(send("Origin", "http://127.0.0.1:1") == 403);
  CHECK(send("Sec-Fetch-Site", "cross-site") == 403);
  CHECK(send("Sec-Fetch-Site", "same-origin") == 200);
  CHECK(api.get("/api/v1/orders", {{"Origin", "http://evil.example"}}).status == 200);
}

TEST_CASE("a foreign Host on loopback is a rebinding", "[api]") {
  TestApi api{[](ApiOptions& options) { options.hosts = {"heed.example"}; }};
  const auto status = [&](const std::string& host) {
    RawClient raw{api.server->port()};
    raw.send("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    return raw.read_until("\r\n\r\n").substr(9, 3);
  };
  CHECK(status("127.0.0.1:8420") == "200");
  CHECK(status("localhost") == "200");
  CHECK(status("LOCALHOST:80") == "200");
  CHECK(status("[::1]:8420") == "200");
  CHECK(status("heed.example") == "200");
  CHECK(status("evil.example") == "421");
  CHECK(status("127.0.0.1.evil.example") == "421");
  CHECK(status("192.168.1.1") == "421");
}

TEST_CASE("a token is asked for everywhere but health, metrics and the front page", "[api]") {
  TestApi api{[](ApiOptions& options) { options.token = "correct-horse"; }};
  const auto with = [&](const std::string& value) {
    return api.get("/api/v1/orders", {{"Authorization", value}}).status;
  };
  CHECK(with("Bearer correct-horse") == 200);
  CHECK(with("bearer correct-horse") == 200);
  CHECK(with("Bearer correct-hors") == 401);
  CHECK(with("Bearer correct-horsf") == 401);
  CHECK(with("Bearer correct-horsecorrect-horse") == 401);
  CHECK(with("Bearer ") == 401);
  CHECK(with("Basic correct-horse") == 401);
  CHECK(with("correct-horse") == 401);
  CHECK(code_of(api.get("/api/v1/orders")) == "TOKEN_MISSING");
  CHECK(api.get("/api/v1/orders").header("WWW-Authenticate").starts_with("Bearer"));
  for (const auto& route : routes()) {
    if (route.pattern.find('{') != std::string::npos)
      continue;
    INFO(route.method << ' ' << route.pattern);
    const auto reply = route.method == "GET" ? api.get(route.pattern) : api.post(route.pattern, "{}");
    CHECK((reply.status == 401) == (route.access == Access::token));
  }
}

TEST_CASE("the Unix socket needs no token", "[api]") {
  const std::string path = "/tmp/heed-api-test-" + std::to_string(::getpid()) + ".sock";
  TestApi api{[&](ApiOptions& options) {
    options.token = "secret";
    options.unix_socket = path;
  }};
  CHECK(api.get("/api/v1/status").status == 401);
  api.client = api.runtime.unix_http_client(path);
  CHECK(api.get("/api/v1/status").status == 200);
  CHECK(api.post("/api/v1/accounts/paper/pause", "{}").json()["by"] == "local");
}

TEST_CASE("same_secret tells only whether two texts are the same", "[api]") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "abcabc"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK_FALSE(same_secret("abc", ""));
  CHECK_FALSE(same_secret("", "a"));
}

TEST_CASE("the server does not start open to the world without a token", "[api]") {
  FakeDaemon daemon;
  EventFeed feed;
  net::Runtime runtime;
  const auto start = [&](const std::string& listen, const std::string& token) {
    ApiOptions options;
    options.listen = listen;
    options.token = token;
    return ApiServer::start(runtime, options, daemon, open_memory_journal().reader, feed);
  };
  CHECK(start("0.0.0.0:0", "").error().code == "API_OPTIONS");
  CHECK(start("", "").error().code == "API_OPTIONS");
  CHECK(start("0.0.0.0:0", "token"));
  CHECK_FALSE(start("nonsense", "token"));
}

TEST_CASE("HEAD answers like GET, without the body", "[api]") {
  TestApi api;
  const auto reply = api.ask("HEAD", "/healthz");
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(api.ask("HEAD", "/api/v1/stream").status == 200);
}

TEST_CASE("every answer forbids guessing its type", "[api]") {
  TestApi api;
  for (const auto* target : {"/", "/healthz", "/nothing", "/api/v1/orders"})
    CHECK(api.get(target).header("X-Content-Type-Options") == "nosniff");
}

}  // namespace heed::api::test
