#include "net/json_writer.hpp"

#include "net/json.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <random>
#include <string>

namespace heed::net {
namespace {

TEST_CASE("json writer: escapes") {
  struct Row {
    std::string text;
    std::string json;
  };
  const Row row = GENERATE(values<Row>({
    {"", "\"\""},
    {"AAPL", "\"AAPL\""},
    {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
    {"\n\r\t\b\f", "\"\\n\\r\\t\\b\\f\""},
    {std::string("\0\x1b[31m\x7f", 7), "\"\\u0000\\u001b[31m\\u007f\""},
    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {"\xFFx", "\"\xEF\xBF\xBDx\""},
    {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
  }));
  CHECK(quoted(row.text) == row.json);
}

TEST_CASE("json writer: any bytes give valid JSON, valid text comes back") {
  std::mt19937 random{1};  // NOLINT(cert-msc51-cpp): the same bytes every time
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (auto left = random() % 24; left > 0; --left)
      text += static_cast<char>(1 + random() % 255);
    const auto parsed = parse_json(quoted(text));
    CAPTURE(round, text);
    REQUIRE(parsed);
    CHECK(quoted(parsed.value().text) == quoted(text));
  }
}

TEST_CASE("json writer: objects, arrays and commas") {
  JsonWriter w;
  w.begin_object();
  w.key("symbol").value("AAPL").key("qty").value(Decimal::from_units(12'500'000'000));
  w.key("raw").raw("-0").key("flag").value(true).key("none").null();
  w.key("list").begin_array().value(1).value(-2).begin_array().end_array().begin_object().end_object().end_array();
  w.key("max").value(std::numeric_limits<std::uint64_t>::max());
  w.key("min").value(std::numeric_limits<std::int64_t>::min());
  w.end_object();
  CHECK(std::move(w).str() == R"({"symbol":"AAPL","qty":12.5,"raw":-0,"flag":true,"none":null,"list":[1,-2,[],{}],)"
                              R"("max":18446744073709551615,"min":-9223372036854775808})");
}

}  // namespace
}  // namespace heed::net
