// The frame of a page that is sent: its style, and tables in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// A whole document round `body`. Its policy forbids any request and any script.
std::string page(std::string_view title, std::string_view body);

/// A table with a caption. Columns beyond the first `text_columns` are numbers, to the right.
class PageTable {
public:
  PageTable(std::string_view caption, const std::vector<std::string>& columns, std::size_t text_columns = 1);
  /// Cells are escaped.
  void row(const std::vector<std::string>& cells);
  std::string str() &&;

private:
  std::string out_;
  std::size_t text_columns_;
};

}  // namespace heed::backtest
