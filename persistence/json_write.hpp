// Writes any struct that has HEED_FIELDS, and what such structs are made of, as JSON text. No document tree: it
// appends.
//
//   Decimal        "12.5"                        ids, strings   "text", escaped; invalid UTF-8 becomes U+FFFD
//   Instant        "2026-11-21T14:30:00.000000Z" Date           "2026-11-21"
//   enumeration    "name"                        Duration       microseconds, as a number
//   optional       value or null                 variant        {"type": T::type_name, fields of T ...}
//   vector, array  [..]                          map            {"key": ..}, in the map's order
//   pair           [first, second]               RawJson        as it is
//
// json_read.hpp reads it back.
#pragma once

#include "messages/boxed.hpp"
#include "messages/fields.hpp"
#include "persistence/text.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace heed {

/// JSON text that goes into a document as it is. Whoever fills it answers for its being JSON; empty counts as null.
struct RawJson {
  std::string text;
  friend bool operator==(const RawJson&, const RawJson&) = default;
};

namespace json_detail {

template <class T>
concept FieldStruct = requires {
  requires T::has_fields;
};
template <class T>
concept Text = std::convertible_to<const T&, std::string_view>;
template <class T>
concept Map = requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept List = requires(const T& t) {
  t.begin();
  t.end();
}
&&!Text<T> && !Map<T>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_optional<Boxed<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool always_false = false;

/// Length of the valid UTF-8 sequence at the front of `text` (which starts with a byte >= 0x80); 0 if there is none.
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned char first = byte(0);
  if (first >= 0xC2 && first <= 0xDF)
    return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned char low = first == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
    const unsigned char high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned char low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Appends the escape of the special byte at the front of `text`; returns how many bytes that used up.
inline std::size_t append_escaped(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  const auto c = static_cast<unsigned char>(text[0]);
  if (c >= 0x80) {
    const auto length = utf8_length(text);
    out.append(length != 0 ? text.substr(0, length) : std::string_view{"\\ufffd"});
    return length != 0 ? length : 1;
  }
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
  }
  return 1;
}

inline void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    out.append(text, done, i - done);
    i += append_escaped(out, text.substr(i));
    done = i;
  }
  out.append(text, done);
  out += '"';
}

inline void append_quoted(std::string& out, const ShortText& text) {
  out += '"';
  out.append(text.view());
  out += '"';
}

template <class T>
void append_number(std::string& out, T value) {
  char buffer[32];
  out.append(buffer, static_cast<std::size_t>(std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer));
}

}  // namespace json_detail

template <class T>
void append_json(std::string& out, const T& value);

namespace json_detail {

template <class T>
void append_fields(std::string& out, const T& value, bool first) {
  const bool tagged = !first;
  T::fields(value, [&](std::string_view name, const auto& field) {
    if (tagged && name == "type")
      throw std::logic_error{"a variant's alternative may not have a field named type"};
    if (!first)
      out += ',';
    first = false;
    out += '"';
    out += name;
    out += "\":";
    append_json(out, field);
  });
}

/// "[1,2]": each value as `append` writes it.
template <class T, class Append>
void append_list(std::string& out, const T& values, Append&& append) {
  out += '[';
  bool first = true;
  for (const auto& value : values) {
    if (!first)
      out += ',';
    first = false;
    append(value);
  }
  out += ']';
}

template <class T>
void append_map(std::string& out, const T& values) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : values) {
    if (!first)
      out += ',';
    first = false;
    if constexpr (NamedEnum<typename T::key_type>)
      append_string(out, to_string(key));
    else
      append_string(out, key);
    out += ':';
    append_json(out, value);
  }
  out += '}';
}

template <class T>
void append_tagged(std::string& out, const T& alternative) {
  out += "{\"type\":";
  append_string(out, T::type_name);
  append_fields(out, alternative, false);
  out += '}';
}

template <class T>
void append_scalar(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    append_number(out, value);
  } else if constexpr (std::floating_point<T>) {
    if (std::isfinite(value))
      append_number(out, value);
    else
      out += "null";
  } else if constexpr (std::same_as<T, Duration>) {
    append_number(out, value.count());
  } else if constexpr (std::same_as<T, Decimal> || std::same_as<T, Instant> || std::same_as<T, Date>) {
    append_quoted(out, short_text(value));
  } else if constexpr (NamedEnum<T>) {
    append_string(out, to_string(value));
  } else {
    static_assert(always_false<T>, "this type has no JSON form; give it HEED_FIELDS or HEED_ENUM_NAMES");
  }
}

}  // namespace json_detail

/// Appends `value` to `out`.
template <class T>
void append_json(std::string& out, const T& value) {
  using namespace json_detail;
  if constexpr (std::same_as<T, RawJson>)
    out += value.text.empty() ? std::string_view{"null"} : std::string_view{value.text};
  else if constexpr (FieldStruct<T>) {
    out += '{';
    append_fields(out, value, true);
    out += '}';
  } else if constexpr (is_optional<T>) {
    if (value)
      append_json(out, *value);
    else
      out += "null";
  } else if constexpr (is_variant<T>)
    std::visit([&out](const auto& alternative) { append_tagged(out, alternative); }, value);
  else if constexpr (is_pair<T>) {
    out += '[';
    append_json(out, value.first);
    out += ',';
    append_json(out, value.second);
    out += ']';
  } else if constexpr (Text<T>)
    append_string(out, value);
  else if constexpr (Map<T>)
    append_map(out, value);
  else if constexpr (List<T>)
    append_list(out, value, [&out](const auto& item) { append_json(out, item); });
  else
    append_scalar(out, value);
}

template <class T>
std::string to_json(const T& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace heed
