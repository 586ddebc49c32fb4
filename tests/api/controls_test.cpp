// Closing, pausing, resuming, the kill switch; and what the daemon tells of itself.
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

namespace heed::api::test {

TEST_CASE("close passes on what was asked", "[api][controls]") {
  TestApi api;
  const auto all = api.ask("POST", "/api/v1/positions/paper/nvda/close");
  CHECK(all.status == 202);
  CHECK(all.json()["signal_id"] == "s-close");
  CHECK(all.json()["decision"]["disposition"] == "in_flight");
  CHECK(all.json()["decision"]["final"] == false);
  CHECK(api.daemon.closed->symbol == Symbol{"NVDA"});
  CHECK_FALSE(api.daemon.closed->quantity);
  CHECK(api.daemon.closed->by == "api");
  api.post("/api/v1/positions/paper/NVDA/close", R"({"quantity":"2.5","by":"eva"})", {{"Idempotency-Key", "k"}});
  CHECK(api.daemon.closed->quantity->str() == "2.5");
  CHECK(api.daemon.closed->by == "eva");
  CHECK(api.daemon.closed->idempotency_key == "k");
}

TEST_CASE("adoption passes on what was asked", "[api][controls]") {
  TestApi api;
  const auto all = api.post("/api/v1/positions/paper/nvda/adopt", R"({"strategy":"mentions","side":"buy"})");
  CHECK(all.status == 202);
  CHECK(all.json()["signal_id"] == "s-adopt");
  CHECK(all.json()["decision"]["disposition"] == "filled");
  REQUIRE(api.daemon.adopted);
  CHECK(api.daemon.adopted->action == IntentAction::adopt);
  CHECK(api.daemon.adopted->symbol == Symbol{"NVDA"});
  CHECK(api.daemon.adopted->account == AccountId{"paper"});
  CHECK(api.daemon.adopted->size.kind == SizeKind::all);
  CHECK_FALSE(api.daemon.adopted->protection.stop);
  CHECK(api.daemon.adopted->subreason == "api");
  const auto part =
    api.post("/api/v1/positions/paper/NVDA/adopt",
             R"({"strategy":"manual","side":"sell","quantity":"2","stop":"110.5","target":{"percent":"8"},)"
             R"("hold_sessions":5,"by":"eva"})",
             {{"Idempotency-Key", "k"}});
  CHECK(part.status == 202);
  CHECK(api.daemon.adopted->side == Side::sell);
  CHECK(api.daemon.adopted->size.value.str() == "2");
  CHECK(api.daemon.adopted->protection.stop->kind == LevelKind::price);
  CHECK(api.daemon.adopted->protection.stop->value.str() == "110.5");
  CHECK(api.daemon.adopted->protection.target->kind == LevelKind::percent);
  CHECK(api.daemon.adopted->hold_sessions == 5);
  CHECK(api.daemon.adopted->idempotency_key == "k");
  CHECK(api.daemon.adopted->subreason == "eva");
}

TEST_CASE("controls that are refused before the daemon hears of them", "[api][controls]") {
  struct Case {
    const char* target;
    const char* body;
    int status;
    const char* code;
  };
  const auto c = GENERATE(values<Case>({
    {"/api/v1/positions/nobody/NVDA/close", "", 404, "ACCOUNT_UNKNOWN"},
    {"/api/v1/positions/paper/N%20A/close", "", 400, "SYMBOL_INVALID"},
    {"/api/v1/positions/paper/NVDA/close", R"({"quantity":"0"})", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/close", R"({"quantity":"-1"})", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/close", R"({"qty":"1"})", 400, "FIELD_UNKNOWN"},
    {"/api/v1/positions/paper/NVDA/close", R"([])", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/close", R"({)", 400, "JSON_INVALID"},
    {"/api/v1/positions/nobody/NVDA/adopt", R"({"strategy":"s","side":"buy"})", 404, "ACCOUNT_UNKNOWN"},
    {"/api/v1/positions/paper/N%20A/adopt", R"({"strategy":"s","side":"buy"})", 400, "SYMBOL_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", "", 400, "JSON_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"side":"buy"})", 400, "FIELD_MISSING"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s"})", 400, "FIELD_MISSING"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"long"})", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"buy","quantity":"0"})", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"buy","stop":"x"})", 400, "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"buy","stop":{"percent":"100"}})", 400,
     "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"buy","hold_sessions":-1})", 400,
     "FIELD_INVALID"},
    {"/api/v1/positions/paper/NVDA/adopt", R"({"strategy":"s","side":"buy","account":"paper"})", 400,
     "FIELD_UNKNOWN"},
    {"/api/v1/accounts/nobody/pause", "", 404, "ACCOUNT_UNKNOWN"},
    {"/api/v1/accounts/paper/pause", R"({"symbol":"!"})", 400, "SYMBOL_INVALID"},
    {"/api/v1/accounts/paper/pause", R"({"strategy":"a-strategy-with-a-long-name"})", 400, "FIELD_INVALID"},
    {"/api/v1/accounts/paper/pause", R"({"until":"x"})", 400, "FIELD_UNKNOWN"},
    {"/api/v1/accounts/nobody/resume", "", 404, "ACCOUNT_UNKNOWN"},
    {"/api/v1/kill", "", 400, "JSON_INVALID"},
    {"/api/v1/kill", R"({})", 400, "FIELD_MISSING"},
    {"/api/v1/kill", R"({"level":"flaten"})", 400, "FIELD_INVALID"},
    {"/api/v1/kill", R"({"level":2})", 400, "FIELD_INVALID"},
    {"/api/v1/kill", R"({"level":"flatten","account":"nobody"})", 404, "ACCOUNT_UNKNOWN"},
  }));
  TestApi api;
  INFO(c.target << ' ' << c.body);
  const auto reply = api.post(c.target, c.body);
  CHECK(reply.status == c.status);
  CHECK(reply.json()["code"] == c.code);
  if (std::string_view{c.code} == "ACCOUNT_UNKNOWN") {
    CHECK(reply.json()["field"] == "account");
    CHECK(reply.json()["detail"] == "account \"nobody\" is not known here (known: paper)");
  }
  CHECK_FALSE(api.daemon.closed);
  CHECK_FALSE(api.daemon.adopted);
  CHECK_FALSE(api.daemon.paused);
  CHECK_FALSE(api.daemon.killed);
}

TEST_CASE("pause, resume and kill reach the daemon", "[api][controls]") {
  TestApi api;
  const auto paused = api.post("/api/v1/accounts/paper/pause", R"({"symbol":"nvda","reason":"news"})");
  CHECK(paused.status == 200);
  CHECK(paused.json()["cause"] == "manual");
  CHECK(paused.json()["detail"] == "news");
  CHECK(api.daemon.paused->symbol == Symbol{"NVDA"});
  CHECK(api.ask("POST", "/api/v1/accounts/paper/resume").json()["resumed"] == 1);
  const auto killed = api.post("/api/v1/kill", R"({"level":"flatten"})");
  CHECK(killed.json() == nlohmann::json::parse(R"({"level":"flatten","accounts":["paper"]})"));
  CHECK_FALSE(api.daemon.killed->account);
  api.daemon.failure = Error{ErrorKind::rejected, "HALTED", "no"};
  const auto refused = api.ask("POST", "/api/v1/accounts/paper/resume");
  CHECK(refused.status == 409);
  CHECK(refused.json()["refused"] == true);
}

TEST_CASE("health is the process, readiness the daemon", "[api][operations]") {
  TestApi api;
  CHECK(api.get("/healthz").json()["status"] == "ok");
  CHECK(api.get("/readyz").status == 200);
  api.daemon.ready = false;
  CHECK(api.get("/healthz").status == 200);
  const auto unready = api.get("/readyz");
  CHECK(unready.status == 503);
  CHECK(unready.json()["components"][0]["name"] == "journal");
}

TEST_CASE("metrics are Prometheus text, families together", "[api][operations]") {
  TestApi api;
  api.get("/api/v1/orders");
  const auto text = api.get("/metrics").body;
  CHECK(text.find("# TYPE heed_commit_seconds histogram\nheed_commit_seconds_bucket{le=\"0.001\"} 2\n"
                  "heed_commit_seconds_count 2\n") != std::string::npos);
  CHECK(text.find("heed_signals_total{source=\"calls\"} 3\n") != std::string::npos);
  CHECK(text.find("heed_http_requests_total{route=\"/api/v1/orders\",method=\"GET\",status=\"2xx\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("status, schedule, accounts, limits, actors", "[api][operations]") {
  TestApi api;
  const auto status = api.get("/api/v1/status").json();
  CHECK(status["version"] == "1.2.3");
  CHECK(status["now"] == "2026-11-20T15:00:00.000000Z");
  CHECK(status["inboxes"][0] == "calls");
  const auto schedule = api.get("/api/v1/schedule").json();
  CHECK(schedule["items"][0]["next_at"] == "2026-11-23T14:35:00.000000Z");
  CHECK(schedule["items"][0]["last_at"].is_null());
  CHECK(api.get("/api/v1/accounts/paper").json()["equity"] == "100000.25");
  CHECK(api.get("/api/v1/accounts/papr").json()["nearest"] == "paper");
  const auto risk = api.get("/api/v1/accounts/paper/risk").json();
  CHECK(risk["limits"]["order_dollars_max"] == "25000");
  CHECK(risk["limits"]["daily_loss_fraction"] == 0.03);
  CHECK(risk["now"]["account"] == "paper");
  CHECK(risk["usage"]["limits"][0]["limit"] == "daily_trades");
  CHECK(risk["usage"]["limits"][0]["used"] == "3");
  CHECK(risk["usage"]["limits"][0]["most"] == "10");
  CHECK(api.get("/api/v1/inspect/tree").json()["actors"][0] == "journal");
  CHECK(api.get("/api/v1/inspect/actors/position:paper%2FNVDA").status == 200);
  CHECK(api.get("/api/v1/inspect/actors/nobody").status == 404);
  CHECK(api.get("/").header("Content-Type").starts_with("text/html"));
}

}  // namespace heed::api::test
