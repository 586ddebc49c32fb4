// The codec: each kind of field in both directions, every record round trips, errors name the field.
#include "persistence/json_codec.hpp"
#include "messages/records.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using namespace heed;
using namespace heed::literals;

namespace {

struct Circle {
  static constexpr std::string_view type_name = "circle";
  Decimal radius;
  HEED_FIELDS(radius);
  friend bool operator==(const Circle&, const Circle&) = default;
};
struct Point {
  static constexpr std::string_view type_name = "point";
  HEED_FIELDS();
  friend bool operator==(const Point&, const Point&) = default;
};
struct Clash {
  static constexpr std::string_view type_name = "clash";
  int type = 0;
  HEED_FIELDS(type);
};

struct Everything {
  bool flag = false;
  std::int32_t small = 0;
  std::int64_t big = 0;
  std::uint8_t tiny = 0;
  double ratio = 0;
  std::string text;
  Symbol symbol;
  Decimal amount;
  Side side = Side::buy;
  Instant at{};
  Date day{};
  Duration wait{};
  std::optional<Price> limit;
  std::optional<Circle> shape;
  std::vector<Quantity> parts;
  std::map<Symbol, Quantity> held;
  std::variant<Point, Circle> form;
  std::pair<Date, Money> mark{};
  RawJson raw;
  HEED_FIELDS(flag, small, big, tiny, ratio, text, symbol, amount, side, at, day, wait, limit, shape, parts, held,
              form, mark, raw);
  friend bool operator==(const Everything&, const Everything&) = default;
};

Everything sample() {
  Everything e;
  e.flag = true;
  e.small = -7;
  e.big = INT64_MIN;
  e.tiny = 255;
  e.ratio = 0.1;
  e.text = "say \"hi\"\\\n\t\x01 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  e.symbol = "NVDA";
  e.amount = -12.5_d;
  e.side = Side::sell;
  e.at = *parse_rfc3339("2026-11-21T14:30:00.123456Z");
  e.day = *parse_iso_date("2024-02-29");
  e.wait = std::chrono::seconds{2};
  e.limit = 0.000000001_d;
  e.parts = {1_d, 2.5_d};
  e.held = {{"AAPL", 3_d}, {"MSFT", -4_d}};
  e.form = Circle{9_d};
  e.mark = {e.day, 100_d};
  e.raw = {R"({"x":[1,2]})"};
  return e;
}

}  // namespace

TEST_CASE("json: each kind of field has its documented text", "[persistence][json]") {
  CHECK(to_json(sample()) ==
        "{\"flag\":true,\"small\":-7,\"big\":-9223372036854775808,\"tiny\":255,\"ratio\":0.1,"
        "\"text\":\"say \\\"hi\\\"\\\\\\n\\t\\u0001 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"symbol\":\"NVDA\","
        "\"amount\":\"-12.5\",\"side\":\"sell\",\"at\":\"2026-11-21T14:30:00.123456Z\",\"day\":\"2024-02-29\","
        "\"wait\":2000000,\"limit\":\"0.000000001\",\"shape\":null,\"parts\":[\"1\",\"2.5\"],"
        "\"held\":{\"AAPL\":\"3\",\"MSFT\":\"-4\"},\"form\":{\"type\":\"circle\",\"radius\":\"9\"},"
        "\"mark\":[\"2024-02-29\",\"100\"],\"raw\":{\"x\":[1,2]}}");
  CHECK(to_json(std::variant<Point, Circle>{}) == R"({"type":"point"})");
}

TEST_CASE("json: what is written is read back", "[persistence][json]") {
  const auto back = from_json<Everything>(to_json(sample()), {.unknown_fields = false});
  if (!back)
    FAIL(back.error().detail);
  CHECK(back.value() == sample());
}

TEST_CASE("json: broken UTF-8 is replaced, never written", "[persistence][json]") {
  struct Case {
    const char* name;
    std::string text, written;
  };
  const auto c = GENERATE_COPY(values<Case>({
    {"lone continuation", "a\x80z", "a\\ufffdz"},
    {"cut in the middle", "a\xe2\x82", "a\\ufffd\\ufffd"},
    {"overlong slash", "\xc0\xaf", "\\ufffd\\ufffd"},
    {"surrogate", "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
    {"last code point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
  }));
  INFO(c.name);
  CHECK(to_json(c.text) == '"' + c.written + '"');
  CHECK(from_json<std::string>(to_json(c.text)).ok());
}

TEST_CASE("json: a variant's alternative may not hide its tag", "[persistence][json]") {
  CHECK_THROWS_AS(to_json(std::variant<Clash>{}), std::logic_error);
}

TEST_CASE("json: texts of decimals, instants and dates equal the slow ones", "[persistence][json]") {
  std::uint64_t x = 88172645463325252ULL;
  for (int i = 0; i < 20'000; ++i) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    const auto units = static_cast<std::int64_t>(x) >> (x % 60);
    const auto d = Decimal::from_units(units);
    REQUIRE(short_text(d).view() == d.str());
    const Instant at{Duration{static_cast<std::int64_t>(x % 9'000'000'000'000'000ULL)}};
    REQUIRE(short_text(at).view() == to_rfc3339(at));
    const auto day = std::chrono::floor<std::chrono::days>(at);
    REQUIRE(short_text(day).view() == to_iso_date(day));
  }
  for (const auto units : {std::int64_t{0}, INT64_MIN, INT64_MAX, std::int64_t{1}, std::int64_t{-1}})
    CHECK(short_text(Decimal::from_units(units)).view() == Decimal::from_units(units).str());
  CHECK(short_text(Instant{Duration{-1}}).view() == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("json: errors name the field and what was expected", "[persistence][json]") {
  struct Case {
    const char* name;
    std::string field, value, says;
  };
  const auto c = GENERATE_COPY(values<Case>({
    {"flag", "flag", "1", "field flag: expected true or false, found 1"},
    {"integer too big", "small", "2147483648", "field small: expected a whole number from -2147483648 to 2147483647"},
    {"integer with decimals", "small", "1.5", "field small: expected a whole number"},
    {"integer as text", "small", "\"1\"", "field small: expected a whole number"},
    {"negative unsigned", "tiny", "-1", "field tiny: expected a whole number from 0 to 255"},
    {"beyond 64 bits", "big", "18446744073709551616", "field big: expected a whole number"},
    {"number", "ratio", "\"0.1\"", "field ratio: expected a number"},
    {"text", "text", "5", "field text: expected a string, found 5"},
    {"id too long", "symbol", "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ\"", "field symbol: expected at most 23 characters"},
    {"decimal through floating point", "amount", "1.5", "field amount: expected a decimal as a string"},
    {"decimal with exponent", "amount", "\"1e3\"", "field amount: expected a decimal"},
    {"enumeration", "side", "\"long\"", "field side: expected one of \"buy\", \"sell\", found \"long\""},
    {"instant without zone", "at", "\"2026-11-21T14:30:00\"", "field at: expected an instant like"},
    {"impossible date", "day", "\"2026-02-29\"", "field day: expected a date like"},
    {"optional of the wrong type", "limit", "true", "field limit: expected a decimal"},
    {"null where a value must be", "text", "null", "field text: expected a string, found null"},
    {"nested", "shape", "{\"radius\":false}", "field shape.radius: expected a decimal"},
    {"nested missing", "shape", "{}", "field shape.radius: is missing"},
    {"element", "parts", "[\"1\",\"x\"]", "field parts[1]: expected a decimal"},
    {"no list", "parts", "{}", "field parts: expected a list"},
    {"map value", "held", "{\"AAPL\":\"a lot\"}", "field held.AAPL: expected a decimal"},
    {"map key", "held", "{\"ABCDEFGHIJKLMNOPQRSTUVWXYZ\":\"1\"}", "expected at most 23 characters"},
    {"unknown alternative", "form", "{\"type\":\"cube\"}", "field form.type: unknown type \"cube\""},
    {"no alternative", "form", "{\"radius\":\"1\"}", "field form.type: is missing"},
    {"pair of three", "mark", "[1,2,3]", "field mark: expected a list of two"},
  }));
  INFO(c.name);
  auto document = nlohmann::json::parse(to_json(sample()));
  document[c.field] = nlohmann::json::parse(c.value);
  const auto result = from_json<Everything>(document.dump());
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::invalid);
  CHECK(result.error().code == "JSON_FIELD");
  CHECK_THAT(result.error().detail, Catch::Contains(c.says));
}

TEST_CASE("json: rules for missing, unknown and repeated fields", "[persistence][json]") {
  const std::string text = R"({"kind":"ALL","more":1,"kind":"quantity"})";
  CHECK(from_json<Size>(text).error().detail == "field value: is missing");
  CHECK(from_json<Size>(text, {.missing_fields = true}).value().kind == SizeKind::quantity);
  CHECK(from_json<Size>(text, {.unknown_fields = false, .missing_fields = true}).error().detail ==
        "field kind: is given twice");
  CHECK(
    from_json<Size>(R"({"kind":"ALL","more":1})", {.unknown_fields = false, .missing_fields = true}).error().detail ==
    "field more: is not known here");
  CHECK(from_json<Size>(R"({"kind":"ALL","value":7})").value().value == 7_d);
  for (const auto* bad : {"", "{", "[1,]", "{\"kind\":\"ALL\"} x", "\xff", "nul"})
    CHECK(from_json<Size>(bad).error().code == "JSON_SYNTAX");
  CHECK(from_json<Size>("[]").error().detail == "document: expected an object, found []");
}

TEMPLATE_TEST_CASE("json: every record round trips", "[persistence][json]", JournalEvent, SignalRow, Mention,
                   RejectedInputRow, Decision, Intent, OrderRow, FillRow, PositionRow, TradeRow, CursorRow, PauseRow,
                   BlockRow, AccountRow, BrokerCallRow, RiskLimits, AccountSnapshot, OrderReport, SubmitOrder) {
  const auto text = to_json(TestType{});
  const auto back = from_json<TestType>(text, {.unknown_fields = false});
  if (!back)
    FAIL(back.error().detail);
  CHECK(to_json(back.value()) == text);
}
