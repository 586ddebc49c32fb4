// Charts as inline SVG, written by hand: nothing to load, readable in light and dark, with words for who cannot see
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// One line of a chart. All lines of a chart have as many values as it has days.
struct ChartLine {
  std::string name;
  std::string css_class;  // colours come from the page's style
  std::vector<double> values;
};

struct Chart {
  std::string title;               // read out, and shown above
  std::string summary;             // what is to be seen, in words
  std::vector<std::int32_t> days;  // since 1970-01-01, ascending
  std::vector<ChartLine> lines;
  std::string unit;  // "$" before, "%" after the numbers of the axis
  int height = 280;
  bool fill_to_zero = false;  // the area between the first line and zero is shaded
};

/// Text with what HTML takes for its own escaped; also fit for attributes in double quotes.
std::string escaped(std::string_view text);

/// Empty when there is nothing to draw.
std::string to_svg(const Chart& chart);

/// Round numbers that cover low..high in about `count` steps.
std::vector<double> ticks(double low, double high, int count);

/// A table of two parameters as coloured squares: `cells` row by row, NaN where there is none.
struct HeatMap {
  std::string title, row_name, column_name;
  std::vector<std::string> rows, columns;
  std::vector<double> cells;
  int decimals = 2;
};
std::string to_html(const HeatMap& map);

/// "1,234,567.89"
std::string grouped(double value, int decimals);

}  // namespace heed::backtest
