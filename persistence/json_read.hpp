// Reads back what json_write.hpp writes. Every error names the field ("protection.stop.value") and what was expected.
//
// For documents of our own and for requests whose body has been bounded; it builds a document tree.
#pragma once

#include "messages/result.hpp"
#include "persistence/json_write.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// What a reader forgives. A null or absent optional is always empty.
struct JsonRules {
  bool unknown_fields = true;   // false: a field that the struct does not have is an error, and so is a repeated one
  bool missing_fields = false;  // true: an absent field keeps its default, so that old documents can be read
};

namespace json_detail {

using Document = nlohmann::json;

/// Where we are in the document; lives on the stack.
struct Path {
  const Path* up = nullptr;
  std::string_view name{};
  std::size_t index = 0;  // of a list's element, when the name is empty

  std::string str() const {
    if (up == nullptr)
      return std::string{name};
    const std::string before = up->str();
    if (name.empty())
      return before + '[' + std::to_string(index) + ']';
    return before.empty() ? std::string{name} : before + '.' + std::string{name};
  }
};

struct Reader {
  JsonRules rules;
  Error error{ErrorKind::invalid, "", ""};

  /// Notes the first error; returns false, for `return reader.fail(...)`.
  bool fail(const Path& path, const std::string& what) {
    const auto where = path.str();
    error.code = "JSON_FIELD";
    error.detail = where.empty() ? "document: " + what : "field " + where + ": " + what;
    return false;
  }
  bool fail_type(const Path& path, std::string_view expected, const Document& found) {
    std::string shown = found.dump(-1, ' ', false, Document::error_handler_t::replace);
    if (shown.size() > 60)
      shown = shown.substr(0, 60) + "...";
    return fail(path, "expected " + std::string{expected} + ", found " + shown);
  }
};

template <class T>
bool read(Reader& reader, const Path& path, const Document& from, T& to);

template <class T>
bool read_integer(Reader& reader, const Path& path, const Document& from, T& to) {
  const auto expected = [] {
    return "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
           std::to_string(std::numeric_limits<T>::max());
  };
  if (from.is_number_unsigned()) {
    const auto value = from.get<std::uint64_t>();
    if (!std::in_range<T>(value))
      return reader.fail_type(path, expected(), from);
    to = static_cast<T>(value);
    return true;
  }
  if (!from.is_number_integer() || !std::in_range<T>(from.get<std::int64_t>()))
    return reader.fail_type(path, expected(), from);
  to = static_cast<T>(from.get<std::int64_t>());
  return true;
}

// Whole numbers are exact, so they pass; a number with decimals has been through binary floating point.
inline bool read_decimal(Reader& reader, const Path& path, const Document& from, Decimal& to) {
  std::optional<Decimal> value;
  if (from.is_string())
    value = Decimal::parse(from.get_ref<const std::string&>());
  else if (from.is_number_integer())
    value = Decimal::parse(from.dump());
  if (!value)
    return reader.fail_type(path, "a decimal as a string like \"12.5\"", from);
  to = *value;
  return true;
}

template <class T>
bool read_text(Reader& reader, const Path& path, const Document& from, T& to) {
  if (!from.is_string())
    return reader.fail_type(path, "a string", from);
  const auto& text = from.get_ref<const std::string&>();
  if constexpr (requires { T::capacity; }) {
    if (text.size() > T::capacity)
      return reader.fail_type(path, "at most " + std::to_string(T::capacity) + " characters", from);
    to = T{std::string_view{text}};
  } else {
    to = text;
  }
  return true;
}

template <class T>
bool read_parsed(Reader& reader, const Path& path, const Document& from, T& to, std::string_view expected,
                 std::optional<T> (*parse)(std::string_view)) {
  const auto value = from.is_string() ? parse(from.get_ref<const std::string&>()) : std::nullopt;
  if (!value)
    return reader.fail_type(path, expected, from);
  to = *value;
  return true;
}

template <NamedEnum E>
bool read_enum(Reader& reader, const Path& path, const Document& from, E& to) {
  if (from.is_string()) {
    if (const auto value = enum_from<E>(from.get_ref<const std::string&>())) {
      to = *value;
      return true;
    }
  }
  std::string names;
  for (const auto name : EnumNames<E>::names)
    names += (names.empty() ? "one of \"" : ", \"") + std::string{name} + '"';
  return reader.fail_type(path, names, from);
}

template <class T>
bool read_scalar(Reader& reader, const Path& path, const Document& from, T& to) {
  if constexpr (std::same_as<T, bool>) {
    if (!from.is_boolean())
      return reader.fail_type(path, "true or false", from);
    to = from.get<bool>();
    return true;
  } else if constexpr (std::integral<T>) {
    return read_integer(reader, path, from, to);
  } else if constexpr (std::floating_point<T>) {
    if (!from.is_number())
      return reader.fail_type(path, "a number", from);
    to = from.get<T>();
    return true;
  } else if constexpr (std::same_as<T, Duration>) {
    Duration::rep count = 0;
    const bool ok = read_integer(reader, path, from, count);
    to = Duration{count};
    return ok;
  } else if constexpr (std::same_as<T, Decimal>) {
    return read_decimal(reader, path, from, to);
  } else if constexpr (std::same_as<T, Instant>) {
    return read_parsed<Instant>(reader, path, from, to, "an instant like \"2026-11-21T14:30:00Z\"", parse_rfc3339);
  } else if constexpr (std::same_as<T, Date>) {
    return read_parsed<Date>(reader, path, from, to, "a date like \"2026-11-21\"", parse_iso_date);
  } else if constexpr (NamedEnum<T>) {
    return read_enum(reader, path, from, to);
  } else {
    static_assert(always_false<T>, "this type has no JSON form; give it HEED_FIELDS or HEED_ENUM_NAMES");
    return false;
  }
}

template <class T>
bool read_fields(Reader& reader, const Path& path, const Document& from, T& to, bool tagged) {
  if (!from.is_object())
    return reader.fail_type(path, "an object", from);
  bool ok = true;
  std::set<std::string_view> known;
  if (tagged)
    known.insert("type");
  T::fields(to, [&](std::string_view name, auto& field) {
    if (!ok)
      return;
    known.insert(name);
    const Path here{&path, name};
    const auto found = from.find(name);
    if (found != from.end())
      ok = read(reader, here, *found, field);
    else if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>)
      field.reset();
    else if (!reader.rules.missing_fields)
      ok = reader.fail(here, "is missing");
  });
  if (!ok || reader.rules.unknown_fields)
    return ok;
  for (const auto& [name, value] : from.items())
    if (!known.contains(name))
      return reader.fail(Path{&path, name}, "is not known here");
  return true;
}

template <class T>
bool read_list(Reader& reader, const Path& path, const Document& from, T& to) {
  if (!from.is_array())
    return reader.fail_type(path, "a list", from);
  to.clear();
  for (std::size_t i = 0; i < from.size(); ++i) {
    typename T::value_type value{};
    if (!read(reader, Path{&path, {}, i}, from[i], value))
      return false;
    to.insert(to.end(), std::move(value));
  }
  return true;
}

template <class T>
bool read_map(Reader& reader, const Path& path, const Document& from, T& to) {
  if (!from.is_object())
    return reader.fail_type(path, "an object", from);
  to.clear();
  for (const auto& [name, value] : from.items()) {
    const Path here{&path, name};
    typename T::key_type key{};
    typename T::mapped_type mapped{};
    if (!read(reader, here, Document(name), key) || !read(reader, here, value, mapped))
      return false;
    to.emplace(std::move(key), std::move(mapped));
  }
  return true;
}

template <class... Ts>
bool read_variant(Reader& reader, const Path& path, const Document& from, std::variant<Ts...>& to) {
  if (!from.is_object())
    return reader.fail_type(path, "an object", from);
  const auto type = from.find("type");
  const Path here{&path, "type"};
  if (type == from.end() || !type->is_string())
    return reader.fail(here, "is missing: it says which kind of object this is");
  const auto& name = type->template get_ref<const std::string&>();
  bool known = false;
  bool ok = false;
  const auto attempt = [&]<class T>(std::type_identity<T>) {
    if (known || name != T::type_name)
      return;
    known = true;
    ok = read_fields(reader, path, from, to.template emplace<T>(), true);
  };
  (attempt(std::type_identity<Ts>{}), ...);
  return known ? ok : reader.fail(here, "unknown type \"" + name + '"');
}

template <class T>
bool read(Reader& reader, const Path& path, const Document& from, T& to) {
  if constexpr (std::same_as<T, RawJson>) {
    to.text = from.dump(-1, ' ', false, Document::error_handler_t::replace);
    return true;
  } else if constexpr (FieldStruct<T>) {
    return read_fields(reader, path, from, to, false);
  } else if constexpr (is_optional<T>) {
    to.reset();
    return from.is_null() || read(reader, path, from, to.emplace());
  } else if constexpr (is_variant<T>) {
    return read_variant(reader, path, from, to);
  } else if constexpr (is_pair<T>) {
    if (!from.is_array() || from.size() != 2)
      return reader.fail_type(path, "a list of two", from);
    return read(reader, Path{&path, {}, 0}, from[0], to.first) &&
           read(reader, Path{&path, {}, 1}, from[1], to.second);
  } else if constexpr (Text<T>) {
    return read_text(reader, path, from, to);
  } else if constexpr (Map<T>) {
    return read_map(reader, path, from, to);
  } else if constexpr (List<T>) {
    return read_list(reader, path, from, to);
  } else {
    return read_scalar(reader, path, from, to);
  }
}

/// Parses; with `refuse_repeats`, an object that names a field twice is an error.
inline Result<Document> parse(std::string_view text, bool refuse_repeats) {
  std::vector<std::set<std::string>> open;
  std::string repeated;
  const auto watch = [&](int, Document::parse_event_t event, Document& value) {
    if (event == Document::parse_event_t::object_start)
      open.emplace_back();
    else if (event == Document::parse_event_t::object_end)
      open.pop_back();
    else if (event == Document::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
      repeated = repeated.empty() ? value.get<std::string>() : repeated;
    return true;
  };
  try {
    auto document = refuse_repeats ? Document::parse(text, watch) : Document::parse(text);
    if (!repeated.empty())
      return Error{ErrorKind::invalid, "JSON_FIELD", "field " + repeated + ": is given twice"};
    return document;
  } catch (const Document::exception& e) {
    return Error{ErrorKind::invalid, "JSON_SYNTAX", std::string{"not JSON: "} + e.what()};
  }
}

}  // namespace json_detail

/// Errors are `invalid`, with code JSON_SYNTAX or JSON_FIELD.
template <class T>
Result<T> from_json(std::string_view text, JsonRules rules = {}) {
  auto document = json_detail::parse(text, !rules.unknown_fields);
  if (!document)
    return document.error();
  json_detail::Reader reader{rules};
  T value{};
  if (!json_detail::read(reader, json_detail::Path{}, document.value(), value))
    return reader.error;
  return value;
}

}  // namespace heed
