#include "sources/mention_json.hpp"

#include "support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

core::MentionIntake intake() {
  core::MentionIntake out;
  out.source = "calls";
  out.arrival = noon;
  return out;
}

}  // namespace

TEST_CASE("mention JSON: every field arrives where it belongs", "[sources][mention_json]") {
  const auto answer = read_mention_line(
    R"({"id":12,"external_id":"v1","source":"Someone","symbol":"brk.b","action":"sell","conviction":0.123456789,)"
    R"("time_horizon":"long_term","rationale_quote":"a\nb","title":"T","url":"https://x.example",)"
    R"("published_at":"2026-11-20T10:00:00Z","created_at":"2026-11-20T11:00:00.5+00:00"})",
    intake());
  REQUIRE(std::holds_alternative<Mention>(answer));
  const auto& got = std::get<Mention>(answer);
  CHECK(got.id == 12);
  CHECK(got.external_id == "v1");
  CHECK(got.origin == "Someone");
  CHECK(got.symbol == Symbol{"BRK.B"});
  CHECK(got.action == MentionAction::sell);
  CHECK(got.conviction == Decimal::parse("0.123456789"));
  CHECK(got.horizon == Horizon::long_term);
  CHECK(got.rationale_quote == "a\nb");
  CHECK(got.title == "T");
  CHECK(got.url == "https://x.example");
  CHECK(to_rfc3339(got.published_at) == "2026-11-20T10:00:00.000000Z");
  CHECK(to_rfc3339(got.created_at) == "2026-11-20T11:00:00.500000Z");
}

TEST_CASE("mention JSON: absent, null and empty", "[sources][mention_json]") {
  const auto answer = read_mention_line(
    R"({"symbol":"A","action":"buy","conviction":null,"time_horizon":null,"title":null,"created_at":null})",
    intake());
  REQUIRE(std::holds_alternative<Mention>(answer));
  const auto& got = std::get<Mention>(answer);
  CHECK_FALSE(got.conviction);
  CHECK(got.horizon == Horizon::unspecified);
  CHECK(got.created_at == noon);
  CHECK(got.external_id.size() == 64);  // derived from the content
}

TEST_CASE("mention JSON: each wrong type names its field", "[sources][mention_json]") {
  struct Case {
    const char* text;
    const char* field;
    const char* reason;
  };
  const auto c = GENERATE(values<Case>({
    {R"("buy")", "mention", "must be an object, not "},
    {R"([])", "mention", "must be an object, not "},
    {R"({"symbol":7,"action":"buy"})", "symbol", "must be a string"},
    {R"({"symbol":"A","action":["buy"]})", "action", "must be a string"},
    {R"({"symbol":"A","action":"buy","conviction":true})", "conviction", "must be a number"},
    {R"({"symbol":"A","action":"buy","conviction":{"v":1}})", "conviction", "must be a number"},
    {R"({"symbol":"A","action":"buy","title":5})", "title", "must be a string"},
    {R"({"symbol":"A","action":"buy","Symbol":"B"})", "Symbol",
     "\"Symbol\" is no field of a mention; did you mean \"symbol\"?"},
    {R"({"symbol":"NVDA","action":"buy","":1})", "\"\"", "\"\" is no field of a mention"},
    {R"({"symbol":"A","action":"buy","created_at":1795186800})", "created_at", "must be a string"},
  }));
  INFO(c.text);
  const auto answer = read_mention_line(c.text, intake());
  REQUIRE(std::holds_alternative<core::FieldError>(answer));
  CHECK(std::get<core::FieldError>(answer).field == c.field);
  CHECK_THAT(std::get<core::FieldError>(answer).reason, Catch::StartsWith(c.reason));
}

TEST_CASE("mention JSON: a conviction may be text or number, with the digits it was written with",
          "[sources][mention_json]") {
  const auto* text = GENERATE("0.1", "\"0.1\"", "0.100", "0.1000000000");
  INFO(text);
  const auto answer =
    read_mention_line(R"({"symbol":"A","action":"buy","conviction":)" + std::string{text} + "}", intake());
  REQUIRE(std::holds_alternative<Mention>(answer));
  CHECK(std::get<Mention>(answer).conviction == Decimal::parse("0.1"));
}
