// The JSON of json_write.hpp without what goes without saying: a field that a new struct of its type would have too
// is left out, unless it is an enumeration. For documents that are written often and read rarely: states of
// positions, payloads of events. Read back with from_json(text, {.missing_fields = true}).
//
// What is left out is read as the default of the struct: the defaults of stored structs are as permanent as their
// names. tests/persistence/position_json_test.cpp holds both against each other.
#pragma once

#include "persistence/json_write.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace heed {

template <class T>
void append_sparse_json(std::string& out, const T& value);

namespace json_detail {

/// Where the fields of a struct that was only just made are, in their order.
template <class T>
const std::vector<const void*>& usual_fields() {
  static const T usual{};
  static const auto fields = [] {
    std::vector<const void*> out;
    T::fields(usual, [&](std::string_view, const auto& field) { out.push_back(&field); });
    return out;
  }();
  return fields;
}

template <class T>
bool goes_without_saying(const T& value, const T& usual) {
  if constexpr (is_variant<T> || is_pair<T>) {
    return false;
  } else if constexpr (FieldStruct<T>) {
    bool same = true;
    std::array<const void*, 64> others{};
    std::size_t i = 0;
    T::fields(usual, [&](std::string_view, const auto& field) { others.at(i++) = &field; });
    i = 0;
    T::fields(value, [&](std::string_view, const auto& field) {
      const auto* other = static_cast<const std::remove_cvref_t<decltype(field)>*>(others[i++]);
      same = same && goes_without_saying(field, *other);
    });
    return same;
  } else if constexpr (is_optional<T>) {
    return !value && !usual;
  } else if constexpr (Map<T> || (List<T> && !Text<T>)) {
    return value.empty() && usual.empty();
  } else {
    return value == usual;
  }
}

/// Stands in where no field is written otherwise.
struct AsUsual {};

template <class T, class Otherwise = AsUsual>
void append_sparse_fields(std::string& out, const T& value, bool first, const Otherwise& otherwise = {}) {
  const auto& usual = usual_fields<T>();
  std::size_t i = 0;
  T::fields(value, [&](std::string_view name, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    const auto& other = *static_cast<const Field*>(usual[i++]);
    if (!NamedEnum<Field> && goes_without_saying(field, other))
      return;
    if (!first)
      out += ',';
    first = false;
    out += '"';
    out += name;
    out += "\":";
    if constexpr (std::invocable<const Otherwise&, std::string&, const Field&>)
      otherwise(out, field);
    else
      append_sparse_json(out, field);
  });
}

}  // namespace json_detail

/// Appends `value` to `out`.
template <class T>
void append_sparse_json(std::string& out, const T& value) {
  using namespace json_detail;
  if constexpr (FieldStruct<T>) {
    out += '{';
    append_sparse_fields(out, value, true);
    out += '}';
  } else if constexpr (is_optional<T>) {
    if (value)
      append_sparse_json(out, *value);
    else
      out += "null";
  } else if constexpr (is_variant<T>) {
    std::visit(
      [&out](const auto& alternative) {
        using Alternative = std::remove_cvref_t<decltype(alternative)>;
        out += "{\"type\":";
        append_string(out, Alternative::type_name);
        append_sparse_fields(out, alternative, false);
        out += '}';
      },
      value);
  } else if constexpr (List<T> && !Text<T>) {
    append_list(out, value, [&out](const auto& item) { append_sparse_json(out, item); });
  } else {
    append_json(out, value);
  }
}

/// The same of a struct whose fields of one type are written otherwise: `otherwise` takes the text and such a field.
template <json_detail::FieldStruct T, class Otherwise>
void append_sparse_json(std::string& out, const T& value, const Otherwise& otherwise) {
  out += '{';
  json_detail::append_sparse_fields(out, value, true, otherwise);
  out += '}';
}

template <class T>
std::string to_sparse_json(const T& value) {
  thread_local std::string room;  // so that the text is allocated once, at its size
  room.clear();
  append_sparse_json(room, value);
  return room;
}

}  // namespace heed
