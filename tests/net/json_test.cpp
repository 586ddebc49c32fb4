#include "net/json.hpp"

#include "net/json_writer.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace heed::net {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

// Renders a document again; for valid input without spaces the result is the input, byte for byte.
std::string render(const Json& node) {
  switch (node.kind) {
    case Json::Kind::null: return "null";
    case Json::Kind::boolean: return node.boolean ? "true" : "false";
    case Json::Kind::number: return node.text;
    case Json::Kind::string: return quoted(node.text);
    case Json::Kind::array: {
      std::string text = "[";
      for (const Json& item : node.items)
        text += (text.size() > 1 ? "," : "") + render(item);
      return text + "]";
    }
    case Json::Kind::object: {
      std::string text = "{";
      for (const auto& [key, value] : node.members)
        text += (text.size() > 1 ? "," : "") + quoted(key) + ":" + render(value);
      return text + "}";
    }
  }
  return {};
}

TEST_CASE("json: valid documents come back byte for byte, numbers as written") {
  const std::string document =
    GENERATE(as<std::string>{},  //
             "null", "true", "false", "[]", "{}", "10", "-0", "0", "-1", "0.1", "0.30000000000000004", "-0.0", "1e5",
             "1E+5", "1.50", "123456789012345678", "18446744073709551615", "18446744073709551616",
             "12345678901234567890", "-9223372036854775808", "-9223372036854775809", "0.1234567890123456789", "\"\"",
             "\"AAPL\"", "\"{{ticker}}\"", "\"1,5\"", "\"\xE2\x80\xA8\"",
             "\"\xE2\x80\xAE"
             "LPAA\"",
             "\"\xD0\x90"
             "APL\"",
             "{\"a\":1,\"b\":[true,null,{\"c\":\"d\"}]}", "[1,[2,[3]]]", "{\"a\":{\"a\":{\"a\":1}}}", "{\"\":0}");
  CAPTURE(document);
  const auto parsed = parse_json(document);
  REQUIRE(parsed);
  CHECK(render(parsed.value()) == document);
}

TEST_CASE("json: what is refused, and the byte that is named") {
  struct Row {
    std::string document;
    std::string detail;  // must be part of the message
  };
  const Row row = GENERATE(values<Row>({
    {"", "byte 0: the document is empty"},
    {"   ", "byte 4"},
    {"\xEF\xBB\xBF{}", "byte order mark"},
    {"{\"a\":1,\"a\":2}", "byte 10: key \"a\" appears twice"},
    {"{\"a\":1,\"\\u0061\":2}", "key \"a\" appears twice"},
    {"[{\"x\":{\"qty\":1,\"qty\":1}}]", "key \"qty\" appears twice"},
    {"{} {}", "byte 4"},
    {"{}x", "byte 3"},
    {"1 2", "byte 3"},
    {"null\xFF", "byte 5"},
    {std::string("{}\0", 3), "byte 3"},
    {std::string("{}\0{}", 5), "byte 3: a NUL byte"},
    {"NaN", "byte 1"},
    {"Infinity", "byte 1"},
    {"-Infinity", "byte 2"},
    {"1e400", "overflow"},
    {"-1e400", "overflow"},
    {"+1", "byte 1"},
    {"01", "byte 2"},
    {"1.", "byte 3"},
    {".5", "byte 1"},
    {"1,5", "byte 2"},
    {"0x10", "byte 2"},
    {"{\"a\":1,}", "byte 8"},
    {"[1,]", "byte 4"},
    {"{'a':1}", "byte 2"},
    {"{a:1}", "byte 2"},
    {"// hello\n1", "byte 1"},
    {"\"\\ud800\"", "byte"},
    {"\"\\udc00\"", "byte"},
    {"\"\\ud800\\u0041\"", "byte"},
    {"\"\xC0\xAF\"", "byte"},
    {"\"\xED\xA0\x80\"", "byte"},
    {"\"\xF5\x80\x80\x80\"", "byte"},
    {"\"\xE2\x82\"", "byte"},
    {"\"\x80\"", "byte"},
    {std::string("\"a\0b\"", 5), "byte"},
    {"\"a\\u0000b\"", "\\u0000"},
    {"{\"a\\u0000\":1}", "\\u0000"},
    {"\"a\nb\"", "byte"},
    {"\"a", "byte"},
    {"{\"a\"", "byte"},
    {"[", "byte"},
    {"tru", "byte"},
    {"{{ticker}}", "byte 2"},
  }));
  CAPTURE(row.document);
  const auto parsed = parse_json(row.document);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::invalid);
  CHECK(parsed.error().code == "json");
  CHECK_THAT(parsed.error().detail, Catch::Contains(row.detail));
}

TEST_CASE("json: every truncation of a document is refused") {
  const std::string document = R"({"symbol":"AAPL","qty":12.5,"tags":["a",true,null,-0],"note":"\u00e9\n"})";
  for (std::size_t size = 0; size < document.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_json(document.substr(0, size)));
  }
  CHECK(parse_json(document));
}

TEST_CASE("json: depth is bounded, at the limit and far beyond") {
  CHECK(parse_json(repeat("[", 64) + repeat("]", 64)));
  CHECK_FALSE(parse_json(repeat("[", 65) + repeat("]", 65)));
  CHECK_FALSE(parse_json(repeat("{\"a\":", 65) + "1" + repeat("}", 65)));
  const auto deep = parse_json(repeat("[", 200'000));
  REQUIRE_FALSE(deep);
  CHECK_THAT(deep.error().detail, Catch::Contains("deeper than 64"));
  CHECK(parse_json("[[1]]", 2));
  CHECK_FALSE(parse_json("[[[1]]]", 2));
}

TEST_CASE("json: large documents") {
  const std::string text(1024 * 1024, 'x');
  const auto parsed = parse_json("\"" + text + "\"");
  REQUIRE(parsed);
  CHECK(parsed.value().text == text);

  std::string object = "{";
  for (int i = 0; i < 20'000; ++i)
    object += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  const auto wide = parse_json(object + "\"last\":1}");
  REQUIRE(wide);
  CHECK(wide.value().members.size() == 20'001);
  const auto repeated = parse_json(object + "\"k7\":1}");
  REQUIRE_FALSE(repeated);
  CHECK_THAT(repeated.error().detail, Catch::Contains("\"k7\" appears twice"));
}

TEST_CASE("json: duplicate keys are found whatever the size of the object") {
  for (int size = 1; size <= 40; ++size) {
    for (int repeated : {0, size / 2, size - 1}) {
      std::string object = "{";
      for (int i = 0; i < size; ++i)
        object += "\"k" + std::to_string(i) + "\":0,";
      CAPTURE(size, repeated);
      CHECK_FALSE(parse_json(object + "\"k" + std::to_string(repeated) + "\":1}"));
      CHECK(parse_json(object + "\"other\":1}"));
    }
  }
}

TEST_CASE("json: decimals and integers from tokens") {
  struct Row {
    std::string document;
    std::optional<std::string> decimal;
    std::optional<std::int64_t> integer;
  };
  const Row row = GENERATE(values<Row>({
    {"12.5", "12.5", std::nullopt},
    {"\"12.5\"", "12.5", std::nullopt},
    {"10", "10", 10},
    {"\"10\"", "10", 10},
    {"-0", "0", 0},
    {"0.1", "0.1", std::nullopt},
    {"0.0000000001", std::nullopt, std::nullopt},
    {"1e2", std::nullopt, std::nullopt},
    {"12345678901234567890", std::nullopt, std::nullopt},
    {"9223372036854775807", std::nullopt, 9223372036854775807},
    {"\"1,5\"", std::nullopt, std::nullopt},
    {"\" 1\"", std::nullopt, std::nullopt},
    {"\"\"", std::nullopt, std::nullopt},
    {"true", std::nullopt, std::nullopt},
    {"null", std::nullopt, std::nullopt},
    {"[1]", std::nullopt, std::nullopt},
  }));
  CAPTURE(row.document);
  const auto parsed = parse_json(row.document);
  REQUIRE(parsed);
  const auto decimal = parsed.value().decimal();
  CHECK(decimal.has_value() == row.decimal.has_value());
  if (decimal && row.decimal)
    CHECK(decimal->str() == *row.decimal);
  CHECK(parsed.value().integer() == row.integer);
}

TEST_CASE("json: members by name") {
  const auto parsed = parse_json(R"({"a":1,"b":{"a":2}})");
  REQUIRE(parsed);
  const Json& root = parsed.value();
  REQUIRE(root.find("a") != nullptr);
  CHECK(root.find("a")->text == "1");
  CHECK(root.find("b")->find("a")->text == "2");
  CHECK(root.find("c") == nullptr);
  CHECK(root.find("a")->find("a") == nullptr);
}

}  // namespace
}  // namespace heed::net
