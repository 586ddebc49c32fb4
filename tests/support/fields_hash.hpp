// A hash and a text of any value with HEED_FIELDS: to compare whole states in tests.
#pragma once

#include "messages/boxed.hpp"
#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/time.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace heed::test {

class FieldsHash {
public:
  template <class T>
  static std::uint64_t of(const T& value) {
    FieldsHash hash;
    hash.add(value);
    return hash.h_;
  }

private:
  void word(std::uint64_t w) { h_ = (h_ ^ w) * 0x9E3779B97F4A7C15ULL ^ h_ >> 29; }
  void text(std::string_view t) {
    word(t.size());
    for (; !t.empty(); t.remove_prefix(std::min(t.size(), sizeof(std::uint64_t)))) {
      std::uint64_t some = 0;
      std::memcpy(&some, t.data(), std::min(t.size(), sizeof some));
      word(some);
    }
  }
  template <class T>
  void add(const std::vector<T>& items) {
    word(items.size());
    for (const auto& item : items)
      add(item);
  }
  template <class T>
  void add(const Boxed<T>& item) {
    add(item ? std::optional<T>{*item} : std::nullopt);
  }
  template <class T>
  void add(const std::optional<T>& item) {
    word(item.has_value() ? 1 : 2);
    if (item)
      add(*item);
  }
  void add(Decimal d) { word(static_cast<std::uint64_t>(d.units())); }
  void add(Instant i) { word(static_cast<std::uint64_t>(i.time_since_epoch().count())); }
  void add(Date d) { word(static_cast<std::uint64_t>(d.time_since_epoch().count())); }
  template <class T>
  void add(const T& value) {
    if constexpr (requires { T::has_fields; })
      T::fields(value, [&](const char*, const auto& field) { add(field); });
    else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
      word(static_cast<std::uint64_t>(value));
    else
      text(std::string_view{value});
  }

  std::uint64_t h_ = 0xcbf29ce484222325ULL;
};

/// name=value, nested in braces.
class FieldsText {
public:
  template <class T>
  static std::string of(const T& value) {
    FieldsText text;
    text.add(value);
    return text.out_;
  }

private:
  template <class T>
  void add(const std::vector<T>& items) {
    out_ += "[";
    for (const auto& item : items) {
      add(item);
      out_ += ",";
    }
    out_ += "]";
  }
  template <class T>
  void add(const Boxed<T>& item) {
    add(item ? std::optional<T>{*item} : std::nullopt);
  }
  template <class T>
  void add(const std::optional<T>& item) {
    if (item)
      add(*item);
    else
      out_ += "-";
  }
  void add(Decimal d) { out_ += d.str(); }
  void add(Instant i) { out_ += to_rfc3339(i); }
  void add(Date d) { out_ += to_iso_date(d); }
  template <class T>
  void add(const T& value) {
    if constexpr (requires { T::has_fields; }) {
      out_ += "{";
      T::fields(value, [&](const char* name, const auto& field) {
        const auto before = out_.size();
        out_ += name;
        out_ += "=";
        const auto start = out_.size();
        add(field);
        const auto shown = std::string_view{out_}.substr(start);
        if (shown.empty() || shown == "0" || shown == "-" || shown == "[]" || shown == "1970-01-01")
          out_.resize(before);
        else
          out_ += " ";
      });
      out_ += "}";
    } else if constexpr (NamedEnum<T>) {
      out_ += to_string(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      out_ += value ? "true" : "0";
    } else if constexpr (std::is_integral_v<T>) {
      out_ += std::to_string(value);
    } else {
      out_ += std::string_view{value};
    }
  }

  std::string out_;
};

}  // namespace heed::test
