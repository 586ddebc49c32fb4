// Reading JSON that others wrote. Strict where nlohmann's DOM is not: duplicate keys, depth over 64, bytes after the
// document, invalid UTF-8 are errors with a place; numbers keep their raw text, so no price passes through a double.
#pragma once

#include "messages/decimal.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::net {

/// A parsed document. A number is kept as its raw token.
class Json {
public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  // Defined below, where a pair with a Json in it is a complete type: clang asks for that.
  Json();
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  Kind kind = Kind::null;
  bool boolean = false;
  std::string text;                                   // string's value, or number's raw token
  std::vector<Json> items;                            // array
  std::vector<std::pair<std::string, Json>> members;  // object, in order of appearance

  bool is_null() const { return kind == Kind::null; }
  bool is_object() const { return kind == Kind::object; }
  bool is_array() const { return kind == Kind::array; }
  bool is_string() const { return kind == Kind::string; }
  bool is_number() const { return kind == Kind::number; }
  /// Member by name; nullptr when absent or not an object.
  const Json* find(std::string_view name) const;
  /// From a string or a number token without exponent; empty otherwise.
  std::optional<Decimal> decimal() const;
  std::optional<std::int64_t> integer() const;
};

inline Json::Json() = default;
inline Json::Json(const Json&) = default;
inline Json::Json(Json&&) noexcept = default;
inline Json& Json::operator=(const Json&) = default;
inline Json& Json::operator=(Json&&) noexcept = default;
inline Json::~Json() = default;

/// "a number", "null": for messages to people.
std::string_view kind_name(Json::Kind kind);

/// Error: kind invalid, code "json", detail with byte offset and cause.
Result<Json> parse_json(std::string_view text, std::size_t depth_max = 64);

}  // namespace heed::net
