// Which rows one append has to write: of those with the same key only the last, at the place of the first. What many
// batches say of one account, cursor or position is written once per commit.
#pragma once

#include "persistence/tables.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// The key's columns as one text, each ended by a zero byte, so that no two keys are the same text.
template <class T>
void append_key(std::string& out, const T& row) {
  for_each_column(row, [&out](std::string_view name, const auto& field) {
    for (const auto column : Table<T>::key) {
      if (name != column)
        continue;
      if constexpr (std::convertible_to<decltype(field), std::string_view>)
        out += std::string_view{field};
      else if constexpr (std::integral<std::remove_cvref_t<decltype(field)>>)
        out += std::to_string(field);
      else if constexpr (std::same_as<std::remove_cvref_t<decltype(field)>, Date>)
        out += std::to_string(field.time_since_epoch().count());
      out += '\0';
    }
  });
}

/// Keeps its memory from one append to the next. The rows stay the caller's, and must outlive their use here.
class RowPlan {
public:
  /// Forgets the last append and plans this one.
  void plan(std::span<Batch* const> batches);
  /// In the order of their keys' first appearance. Broker calls have no key yet: each is there.
  std::span<Row* const> rows() const { return rows_; }

private:
  void add(Row& row);

  std::vector<Row*> rows_;
  std::vector<std::uint32_t> slots_;  // a hash table of places in rows_, counted from 1; 0: free
  std::string key_, other_key_;
};

}  // namespace heed
