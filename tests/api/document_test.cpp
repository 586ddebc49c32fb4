// The OpenAPI document lists exactly what the router has, and describes what is really sent.
#include "api/route.hpp"
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace heed::api::test {
namespace {

using Json = nlohmann::json;

void collect_refs(const Json& at, std::set<std::string>& refs) {
  if (at.is_object() && at.contains("$ref"))
    refs.insert(at["$ref"]);
  if (at.is_structured())
    for (const auto& each : at)
      collect_refs(each, refs);
}

}  // namespace

TEST_CASE("the document has exactly the router's routes", "[api][openapi]") {
  const auto document = Json::parse(openapi_document("1.2.3"));
  std::set<std::string> in_document;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items())
      in_document.insert(method + " " + path);
  std::set<std::string> in_router;
  for (const auto& route : routes()) {
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    CHECK(in_router.insert(method + " " + route.pattern).second);
    CHECK(route.handler);
    CHECK_FALSE(route.statuses.empty());
  }
  CHECK(in_document == in_router);
}

TEST_CASE("the contract's routes are there", "[api][openapi]") {
  std::set<std::string> all;
  for (const auto& route : routes())
    all.insert(route.method + " " + route.pattern);
  const auto* wanted = GENERATE(
    "POST /api/v1/mentions", "POST /api/v1/intents", "GET /api/v1/signals", "GET /api/v1/signals/{id}",
    "GET /api/v1/signals/{id}/explain", "GET /api/v1/orders", "GET /api/v1/fills", "GET /api/v1/positions",
    "GET /api/v1/trades", "GET /api/v1/accounts", "GET /api/v1/accounts/{account}",
    "GET /api/v1/accounts/{account}/risk", "GET /api/v1/broker-calls", "GET /api/v1/schedule", "GET /api/v1/mentions",
    "POST /api/v1/backtests", "POST /api/v1/backtests/kept", "GET /api/v1/backtests", "GET /api/v1/backtests/latest",
    "GET /api/v1/backtests/{run_id}", "DELETE /api/v1/backtests/{run_id}",
    "POST /api/v1/positions/{account}/{symbol}/close", "POST /api/v1/accounts/{account}/pause",
    "POST /api/v1/accounts/{account}/resume", "POST /api/v1/kill", "GET /api/v1/stream", "GET /api/v1/openapi.json",
    "GET /api/v1/inspect/tree", "GET /api/v1/inspect/actors/{name}", "GET /metrics", "GET /healthz", "GET /readyz");
  INFO(wanted);
  CHECK(all.contains(wanted));
}

TEST_CASE("every reference in the document leads somewhere, every operation has its own name", "[api][openapi]") {
  const auto document = Json::parse(openapi_document("1.2.3"));
  std::set<std::string> refs;
  collect_refs(document, refs);
  CHECK(refs.size() > 20);
  for (const auto& ref : refs) {
    INFO(ref);
    CHECK(document.contains(Json::json_pointer{ref.substr(1)}));
  }
  std::set<std::string> names;
  for (const auto& route : routes())
    CHECK(names.insert(route.operation).second);
}

TEST_CASE("what is sent has the members that its schema requires", "[api][openapi]") {
  TestApi api;
  api.commit(signal_batch("s-1", "2026-11-20T14:30:00Z", {DispositionKind::filled, ""}));
  OrderRow order;
  order.client_order_id = "o-1";
  order.created_at = at("2026-11-20T14:30:00Z");
  Batch batch;
  batch.rows = {order};
  api.commit(std::move(batch));
  const auto document = Json::parse(openapi_document("1.2.3"));
  const auto check = [&](const Json& value, const std::string& schema) {
    INFO(schema);
    const auto& properties = document["components"]["schemas"][schema]["properties"];
    for (const auto& name : document["components"]["schemas"][schema]["required"])
      CHECK(value.contains(name.get<std::string>()));
    for (const auto& [name, ignored] : value.items())
      CHECK(properties.contains(name));
  };
  check(api.get("/api/v1/signals").json()["items"][0], "Signal");
  check(api.get("/api/v1/signals/s-1").json(), "SignalDetail");
  check(api.get("/api/v1/orders").json()["items"][0], "Order");
  check(api.get("/api/v1/accounts").json()["items"][0], "Account");
  check(api.get("/api/v1/status").json(), "Status");
  check(api.get("/api/v1/nothing").json(), "Problem");
  check(api.get("/api/v1/explain/s-1").json(), "Story");
  CHECK(api.get("/api/v1/openapi.json").json()["info"]["version"] == "1.2.3");
}

}  // namespace heed::api::test
