// A question to a database, before it is in either's own form.
#pragma once

#include "persistence/text.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed::sql {

/// Statement text with a question mark per parameter, and their values in order, each text or a number.
class Query {
public:
  Query& add(std::string_view sql) {
    text_ += sql;
    return *this;
  }
  Query& add(std::string_view sql, std::string value) {
    values_.emplace_back(std::move(value));
    return add(sql);
  }
  Query& add(std::string_view sql, std::int64_t value) {
    values_.emplace_back(value);
    return add(sql);
  }
  Query& add(std::string_view sql, Instant value) { return add(sql, std::string{short_text(value).view()}); }

  /// "(?,?,?)"
  Query& add_list(std::span<const std::string> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      add(i == 0 ? "(?" : ",?", values[i]);
    return add(values.empty() ? "()" : ")");
  }

  const std::string& text() const { return text_; }
  const std::vector<std::variant<std::string, std::int64_t>>& values() const { return values_; }

private:
  std::string text_;
  std::vector<std::variant<std::string, std::int64_t>> values_;
};

}  // namespace heed::sql
