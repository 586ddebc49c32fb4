// Tables for people: aligned columns, numbers to the right, colour only where it is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace heed::cli {

enum class Paint : std::uint8_t { none, bold, dim, red, green, yellow };

/// `text` in that colour, or as it is.
std::string painted(std::string_view text, Paint paint, bool color);

/// Green for what went well, red for what went wrong, yellow for what is open; by the word before a ':'.
Paint paint_of_state(std::string_view state);

/// Control characters and broken UTF-8 replaced: what others wrote must not steer the terminal.
std::string printable(std::string_view text);

/// Columns that the text takes; counts characters, not bytes.
std::size_t display_width(std::string_view text);

enum class Align : std::uint8_t { left, right };

class Table {
public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  struct Cell {
    std::string text;
    Paint paint = Paint::none;
  };
  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  void row(std::vector<Cell> cells);
  std::size_t size() const { return rows_.size(); }
  /// `width` > 0: the last column is cut so that lines fit.
  void print(std::ostream& out, bool color, int width) const;

private:
  void print_row(std::ostream& out, const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                 bool color) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace heed::cli
