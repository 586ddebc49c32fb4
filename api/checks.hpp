// Checks of names in paths and bodies that several routes share, and reading all pages of a list.
#pragma once

#include "api/route.hpp"

#include <optional>
#include <string>
#include <vector>

namespace heed::api {

/// 404 when no account of that name is configured.
std::optional<Problem> check_account(const Context& context, const std::string& name);

/// The symbol in upper case, or 400.
std::variant<Symbol, Problem> read_symbol(const std::string& text);

/// From the query's parameters by their names; 400 when `from` does not lie before `to`.
std::variant<ListFilter, Problem> read_filter(const Call& call);

Problem not_there(std::string_view what, std::string_view code, std::string_view name);

/// All rows that the filter passes, oldest first, page by page, at most `rows_max`.
template <class T>
Result<std::vector<T>> read_all(JournalReader& journal, Result<ListPage<T>> (JournalReader::*list)(const ListFilter&),
                                ListFilter filter, std::size_t rows_max) {
  std::vector<T> rows;
  filter.limit = 1000;
  filter.oldest_first = true;
  while (true) {
    auto page = (journal.*list)(filter);
    if (!page)
      return page.error();
    for (auto& row : page.value().rows)
      rows.push_back(std::move(row));
    filter.cursor = page.value().next_cursor;
    if (filter.cursor.empty() || rows.size() >= rows_max)
      return rows;
  }
}

}  // namespace heed::api
