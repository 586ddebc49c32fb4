// Columns back into structs, whichever database they come from.
#pragma once

#include "persistence/json_read.hpp"
#include "persistence/tables.hpp"

#include <string>

namespace heed::sql {

/// Reads columns from `first` on into a struct. `Row` is one row of an answer: is_null(column), number(column),
/// text(column), and damaged(words), which throws; it is called for text that no version ever wrote.
template <class Row>
class RowReader {
public:
  RowReader(const Row& row, int first) : row_{row}, at_{first} {}

  template <class T>
  T read_row() {
    T row{};
    for_each_column(row, [this](std::string_view name, auto& field) { this->read(name, field); });
    return row;
  }

  template <class Field>
  void read(std::string_view name, Field& field) {
    if constexpr (json_detail::is_optional<Field>) {
      if (row_.is_null(at_)) {
        field.reset();
        ++at_;
      } else {
        read(name, field.emplace());
      }
    } else if constexpr (std::integral<Field>) {
      field = static_cast<Field>(row_.number(at_++));
    } else {
      const auto text = row_.text(at_++);
      if (!parse(text, field))
        row_.damaged("column " + std::string{name} + " holds \"" + std::string{text.substr(0, 60)} +
                     "\", which is no value of it");
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
      if (!value)
        return false;
      field = std::move(value).value();
      return true;
    }
  }

  const Row& row_;
  int at_;
};

}  // namespace heed::sql
