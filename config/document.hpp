// TOML text as a small tree that remembers where everything stood and how numbers were written. The only place that
// knows the TOML library.
#pragma once

#include "config/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::config {

struct Place {
  int line = 0;  // from 1; 0: nowhere in the file
  int column = 0;
};

enum class NodeKind : std::uint8_t { table, list, text, integer, number, boolean, date_time };

/// "a table", "a whole number": for messages.
std::string_view describe(NodeKind kind);

struct Entry;

struct Node {
  NodeKind kind = NodeKind::table;
  Place place;
  std::string text;  // of `text`: the contents; of the other scalars: the token as written, never rounded
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a table, in the order of the file

  const Entry* find(std::string_view key) const;
  static Node of_text(std::string text);
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Node value;
};

/// Exactly one of the two is set. The problem carries line and column, no file name.
struct Document {
  std::optional<Node> root;
  std::optional<Problem> error;
};

Document read_document(std::string_view text);

/// One value as it would stand right of an equals sign; empty if it is none.
std::optional<Node> read_value(std::string_view text);

/// `text` as a TOML string, with everything that could disturb a terminal or a log escaped.
std::string quoted(std::string_view text);

/// A node as it was written, cut to a length for messages.
std::string as_written(const Node& node);

}  // namespace heed::config
