// Rows to parameters and back. Decimals, instants, dates and enumerations are text, so that people and other programs
// can read the tables; nested structs are JSON text.
#pragma once

#include "persistence/chain.hpp"
#include "persistence/json_read.hpp"
#include "persistence/sqlite/database.hpp"
#include "persistence/tables.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

namespace heed::sqlite {

/// Binds one row's columns, in order, from parameter 1. Keeps formatted text alive for as long as it lives itself.
class RowBinder {
public:
  explicit RowBinder(Statement& statement) : statement_{statement} {}

  template <class T>
  void bind_row(const T& row) {
    for_each_column(row, [this](std::string_view, const auto& field) { bind(field); });
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
      statement_.bind(++at_, std::string_view{documents_.emplace_back(to_json(field))});
    } else {
      auto& text = texts_.at(text_count_++);
      text = short_text(field);
      statement_.bind(++at_, text.view());
    }
  }

private:
  static constexpr std::size_t most_texts = 16;  // decimals, instants and dates of the widest row

  Statement& statement_;
  int at_ = 0;
  std::array<ShortText, most_texts> texts_;
  std::size_t text_count_ = 0;
  std::deque<std::string> documents_;  // a deque, so that text does not move
};

/// Reads columns from `first` on into a row. Throws Failure (SQLITE_CORRUPT) on text that no version ever wrote.
class RowReader {
public:
  RowReader(const Statement& statement, int first) : statement_{statement}, at_{first} {}

  template <class T>
  T read_row() {
    T row{};
    for_each_column(row, [this](std::string_view name, auto& field) { read(name, field); });
    return row;
  }

  template <class Field>
  void read(std::string_view name, Field& field) {
    if constexpr (json_detail::is_optional<Field>) {
      if (statement_.is_null(at_)) {
        field.reset();
        ++at_;
      } else {
        read(name, field.emplace());
      }
    } else if constexpr (std::integral<Field>) {
      field = static_cast<Field>(statement_.number(at_++));
    } else {
      const auto text = statement_.text(at_++);
      if (!parse(text, field))
        throw Failure{SQLITE_CORRUPT, "column " + std::string{name} + " holds \"" + std::string{text.substr(0, 60)} +
                                        "\", which is no value of it"};
    }
  }

private:
  template <class Field>
  static bool assign(const std::optional<Field>& value, Field& field) {
    if (value)
      field = *value;
    return value.has_value();
  }

  template <class Field>
  static bool parse(std::string_view text, Field& field) {
    if constexpr (std::same_as<Field, std::string>) {
      field = text;
      return true;
    } else if constexpr (requires { Field::capacity; }) {
      if (text.size() > Field::capacity)
        return false;
      field = Field{text};
      return true;
    } else if constexpr (NamedEnum<Field>) {
      return assign(enum_from<Field>(text), field);
    } else if constexpr (std::same_as<Field, Decimal>) {
      return assign(Decimal::parse(text), field);
    } else if constexpr (std::same_as<Field, Instant>) {
      return assign(parse_rfc3339(text), field);
    } else if constexpr (std::same_as<Field, Date>) {
      return assign(parse_iso_date(text), field);
    } else {
      auto value = from_json<Field>(text, {.missing_fields = true});
      if (value)
        field = std::move(value).value();
      return value.ok();
    }
  }

  const Statement& statement_;
  int at_;
};

/// "\"a\",\"b\"": the columns of T, in order.
template <class T>
std::string column_list() {
  std::string out;
  const T row{};
  for_each_column(row, [&](std::string_view name, const auto&) {
    out += out.empty() ? "\"" : ",\"";
    (out += name) += '"';
  });
  return out;
}

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
/// signal's number where the table has it. `also_set` is an assignment for rows that are replaced.
template <class T>
std::string upsert_sql(std::string_view also_set = {}) {
  std::string columns = column_list<T>();
  std::string parameters, keys, updates{also_set};
  const auto add = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ",") + item; };
  const T row{};
  for_each_column(row, [&](std::string_view name, const auto&) {
    add(parameters, "?");
    const auto quoted = '"' + std::string{name} + '"';
    if (std::ranges::find(Table<T>::key, name) != Table<T>::key.end())
      add(keys, quoted);
    else
      add(updates, quoted + "=excluded." + quoted);
  });
  if constexpr (has_signal_number<T>) {
    add(columns, "signal_number");
    add(parameters, "?");
    add(keyed_by_signal<T> ? keys : updates,
        keyed_by_signal<T> ? "signal_number" : "signal_number=excluded.signal_number");
  }
  return "INSERT INTO " + std::string{Table<T>::name} + '(' + columns + ") VALUES(" + parameters + ") ON CONFLICT(" +
         keys + ") DO UPDATE SET " + updates;
}

}  // namespace heed::sqlite
