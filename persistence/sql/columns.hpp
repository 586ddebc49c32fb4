// Statements that both databases understand: which columns a table has, and how a row replaces the one of its key.
#pragma once

#include "persistence/tables.hpp"

#include <algorithm>
#include <string>

namespace heed::sql {

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

/// The end of an INSERT that replaces the row of the same key, keeping its number. `more_keys` and `more_columns` are
/// further columns of the table that are no columns of T; each list is empty or begins with a comma.
template <class T>
std::string on_conflict(std::string_view more_keys = {}, std::string_view more_columns = {}) {
  std::string keys, updates;
  const auto add = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ",") + item; };
  const T row{};
  for_each_column(row, [&](std::string_view name, const auto&) {
    const auto quoted = '"' + std::string{name} + '"';
    if (std::ranges::find(Table<T>::key, name) != Table<T>::key.end())
      add(keys, quoted);
    else
      add(updates, quoted + "=excluded." + quoted);
  });
  return " ON CONFLICT(" + keys + std::string{more_keys} + ") DO UPDATE SET " + updates + std::string{more_columns};
}

}  // namespace heed::sql
