// POST /intents: the canonical intent, strictly, and its key.
#include "api/intent_body.hpp"
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

namespace heed::api::test {
namespace {

constexpr const char* open_intent =
  R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"kind":"quantity","value":"5"}})";

std::variant<Intent, Problem> read(const std::string& text) {
  const auto json = net::parse_json(text);
  REQUIRE(json);
  return read_intent(json.value());
}

}  // namespace

TEST_CASE("an intent is read whole", "[api][intents]") {
  const auto read_back = read(R"({"account_id":"paper","strategy":"mentions","symbol":"nvda","action":"open",
    "side":"BUY","size":{"risk_percent":"1.5","stop_distance":2.25},"order_type":"limit","limit_price":"101.50",
    "time_in_force":"gtc","protection":{"stop":{"percent":8},"target":{"kind":"price","value":"120"},
    "trailing":true,"reward_risk":3},"scale_in":"average","hold_sessions":10,"metadata":{"why":["a",1.50]}})");
  REQUIRE(std::holds_alternative<Intent>(read_back));
  const auto& intent = std::get<Intent>(read_back);
  CHECK(intent.account == AccountId{"paper"});
  CHECK(intent.symbol == Symbol{"NVDA"});
  CHECK(intent.origin == Origin::manual);
  CHECK(intent.size.kind == SizeKind::risk_percent);
  CHECK(intent.size.value.str() == "1.5");
  CHECK(intent.size.stop_distance->str() == "2.25");
  CHECK(intent.limit_price->str() == "101.5");
  CHECK(intent.protection.stop->kind == LevelKind::percent);
  CHECK(intent.protection.target->value.str() == "120");
  CHECK(intent.protection.trailing);
  CHECK(intent.scale_in == ScaleIn::average);
  CHECK(intent.metadata == R"({"why":["a",1.50]})");
}

TEST_CASE("intents that are refused, and for which field", "[api][intents]") {
  struct Case {
    const char* text;
    const char* field;
    const char* code;
  };
  const auto c = GENERATE(values<Case>({
    {R"([])", "", "FIELD_INVALID"},
    {R"({})", "account", "FIELD_MISSING"},
    {R"({"account":"paper"})", "symbol", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA"})", "action", "FIELD_MISSING"},
    {R"({"account":"paper","strategy":"a b","symbol":"NVDA","action":"OPEN"})", "strategy", "FIELD_INVALID"},
    {R"({"account":"paper","strategy":"external","symbol":"NVDA","action":"OPEN"})", "strategy", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPN"})", "action", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN"})", "side", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy"})", "size", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":"ALL"})", "size", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":"0"}})", "size.quantity",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":"-5"}})", "size.quantity",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":"1,5"}})", "size.quantity",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":1e3}})", "size.quantity",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":"12345678901234567890"}})",
     "size.quantity", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantity":1,"dollars":1}})",
     "size.kind", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"quantitty":1}})", "size.kind",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"kind":"dollars"}})", "size.value",
     "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"OPEN","side":"buy","size":{"risk_percent":1}})",
     "size.stop_distance", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"REDUCE","size":{"dollars":100}})", "size", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"TARGET","size":{"quantity":1}})", "size", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"MODIFY_PROTECTION"})", "protection", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","order_type":"limit"})", "limit_price", "FIELD_MISSING"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","limit_price":"1"})", "limit_price", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","order_type":"stop","stop_price":"0"})", "stop_price",
     "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","protection":{"stop":{"percent":100}}})",
     "protection.stop.value", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","protection":{"stpo":{"percent":5}}})", "protection.stpo",
     "FIELD_UNKNOWN"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","hold_sessions":-1})", "hold_sessions", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","hold_sessions":"3"})", "hold_sessions", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","metadata":"x"})", "metadata", "FIELD_INVALID"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","intent_id":"i-1"})", "intent_id", "FIELD_ASSIGNED"},
    {R"({"account":"paper","symbol":"NVDA","action":"CLOSE","leverage":2})", "leverage", "FIELD_UNKNOWN"},
    {R"({"account":"paper","account_id":"paper","symbol":"NVDA","action":"CLOSE"})", "account", "FIELD_UNKNOWN"},
    {R"({"account":"a-name-that-is-far-too-long-for-an-account","symbol":"NVDA","action":"CLOSE"})", "account",
     "FIELD_INVALID"},
  }));
  INFO(c.text);
  const auto answer = read(c.text);
  REQUIRE(std::holds_alternative<Problem>(answer));
  CHECK(std::get<Problem>(answer).field == c.field);
  CHECK(std::get<Problem>(answer).code == c.code);
  CHECK(std::get<Problem>(answer).status == 400);
}

TEST_CASE("the same key with the same body is a duplicate, with another a conflict", "[api][intents]") {
  TestApi api;
  const net::Headers key{{"Idempotency-Key", "k-1"}};
  const auto first = api.post("/api/v1/intents", open_intent, key);
  CHECK(first.status == 202);
  CHECK(first.json()["duplicate"] == false);
  const auto again = api.post("/api/v1/intents", open_intent, key);
  CHECK(again.status == 200);
  CHECK(again.json()["signal_id"] == first.json()["signal_id"]);
  std::string other = open_intent;
  other.replace(other.find("NVDA"), 4, "AAPL");
  const auto conflict = api.post("/api/v1/intents", other, key);
  CHECK(conflict.status == 409);
  CHECK(conflict.json()["code"] == "IDEMPOTENCY_KEY_REUSED");
}

TEST_CASE("an intent needs a key and an account that exists", "[api][intents]") {
  TestApi api;
  CHECK(api.post("/api/v1/intents", open_intent).json()["code"] == "IDEMPOTENCY_KEY_MISSING");
  CHECK(api.post("/api/v1/intents", open_intent, {{"Idempotency-Key", std::string(201, 'k')}}).status == 400);
  std::string elsewhere = open_intent;
  elsewhere.replace(elsewhere.find("paper"), 5, "papers");
  const auto unknown = api.post("/api/v1/intents", elsewhere, {{"Idempotency-Key", "k"}});
  CHECK(unknown.status == 404);
  CHECK(unknown.json()["nearest"] == "paper");
  CHECK(api.daemon.intents.empty());
}

}  // namespace heed::api::test
