// Rows to parameters. Decimals, instants, dates and enumerations are text, so that people and other programs can read
// the tables; nested structs are JSON text.
#pragma once

#include "persistence/json_write.hpp"
#include "persistence/sql/columns.hpp"
#include "persistence/sqlite/database.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace heed::sqlite {

/// Where a row's formatted text lives until the statement has run. One is used for row after row.
struct BindSpace {
  std::array<ShortText, 16> texts;       // decimals, instants and dates of the widest row
  std::array<std::string, 4> documents;  // nested structs of the widest row
};

/// Binds one row's columns, in order, from parameter 1.
class RowBinder {
public:
  RowBinder(Statement& statement, BindSpace& space)
      : statement_{statement}, texts_{space.texts}, documents_{space.documents} {}

  template <class T>
  void bind_row(const T& row) {
    for_each_column(row, [this](std::string_view, const auto& field) { this->bind(field); });
  }

  template <class Field>
  void bind(const Field& field) {
    if constexpr (json_detail::is_optional<Field>) {
      if (field)
        bind(*field);
      else
        statement_.bind_null(++at_);
    } else if constexpr (std::convertible_to<const Field&, std::string_view>) {
      statement_.bind(++at_, std::string_view{field});
    } else if constexpr (NamedEnum<Field>) {
      statement_.bind(++at_, to_string(field));
    } else if constexpr (std::integral<Field>) {
      statement_.bind(++at_, static_cast<std::int64_t>(field));
    } else if constexpr (json_detail::FieldStruct<Field>) {
      auto& document = documents_.at(document_count_++);
      document.clear();
      append_json(document, field);
      statement_.bind(++at_, std::string_view{document});
    } else {
      auto& text = texts_.at(text_count_++);
      text = short_text(field);
      statement_.bind(++at_, text.view());
    }
  }

private:
  Statement& statement_;
  std::array<ShortText, 16>& texts_;
  std::array<std::string, 4>& documents_;
  int at_ = 0;
  std::size_t text_count_ = 0, document_count_ = 0;
};

/// How a table uses the number of its rows' signal (see schema.cpp): not at all, as a part of its key, or for an
/// index.
template <class T>
inline constexpr bool keyed_by_signal = std::same_as<T, Decision> || std::same_as<T, Intent>;
template <class T>
inline constexpr bool indexed_by_signal =
  std::same_as<T, JournalEvent> || std::same_as<T, OrderRow> || std::same_as<T, FillRow>;
template <class T>
inline constexpr bool has_signal_number = keyed_by_signal<T> || indexed_by_signal<T>;

/// INSERT that replaces the row of the same key, keeping its number. The parameters are the columns of T, then the
/// signal's number where the table has it.
template <class T>
std::string upsert_sql() {
  std::string columns = sql::column_list<T>();
  auto parameters = std::string{"?"};
  for (auto commas = std::ranges::count(columns, ','); commas > 0; --commas)
    parameters += ",?";
  if constexpr (has_signal_number<T>) {
    columns += ",signal_number";
    parameters += ",?";
  }
  return "INSERT INTO " + std::string{Table<T>::name} + '(' + columns + ") VALUES(" + parameters + ')' +
         sql::on_conflict<T>(keyed_by_signal<T> ? ",signal_number" : "",
                             indexed_by_signal<T> ? ",signal_number=excluded.signal_number" : "");
}

}  // namespace heed::sqlite
