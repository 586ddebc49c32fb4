#include "backtest/chart.hpp"

#include "backtest/output.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heed::backtest {
namespace {

constexpr double left = 78.0;
constexpr double right = 12.0;
constexpr double top = 10.0;
constexpr double bottom = 26.0;

/// A chart is drawn twice, since one that is scaled to a phone has letters that nobody can read; the page shows one.
struct Paper {
  std::string_view css_class;
  double width;
  std::size_t points_max;  // more than that a screen does not show
  int years_max;           // of the time axis
};
constexpr Paper papers[]{{"far", 960.0, 1'200, 10}, {"near", 400.0, 400, 4}};

/// Where values lie on the paper.
struct Scale {
  Paper paper;
  std::int32_t first = 0, last = 0;
  double low = 0.0, high = 0.0, height = 0.0;

  double x(std::int32_t day) const {
    const double span = std::max(1, last - first);
    return left + (paper.width - left - right) * (day - first) / span;
  }
  double y(double value) const {
    const double span = high > low ? high - low : 1.0;
    return top + (height - top - bottom) * (high - value) / span;
  }
};

std::string at(double value) { return fixed(value, 1); }

/// Every so many points; between them the lowest and the highest are kept, so that no peak is lost.
std::vector<std::size_t> chosen_points(const std::vector<double>& values, std::size_t points_max) {
  const std::size_t step = std::max<std::size_t>(1, 2 * values.size() / points_max);
  std::vector<std::size_t> out;
  for (std::size_t begin = 0; begin < values.size(); begin += step) {
    const auto end = std::min(begin + step, values.size());
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = values.begin() + static_cast<std::ptrdiff_t>(end);
    const auto [low, high] = std::minmax_element(from, to);
    const auto a = static_cast<std::size_t>(std::min(low, high) - values.begin());
    const auto b = static_cast<std::size_t>(std::max(low, high) - values.begin());
    out.push_back(a);
    if (b != a)
      out.push_back(b);
  }
  if (!values.empty() && out.back() != values.size() - 1)
    out.push_back(values.size() - 1);
  return out;
}

std::string points_of(const Chart& chart, const ChartLine& line, const Scale& scale) {
  std::string out;
  for (const auto i : chosen_points(line.values, scale.paper.points_max))
    out += (out.empty() ? "" : " ") + at(scale.x(chart.days[i])) + "," + at(scale.y(line.values[i]));
  return out;
}

std::string axis_text(const Chart& chart, double value, double step) {
  int decimals = 0;
  for (double s = step; s < 1.0 && decimals < 4; s *= 10.0)
    ++decimals;
  return chart.unit == "$" ? "$" + grouped(value, decimals) : grouped(value, decimals) + " " + chart.unit;
}

std::string value_axis(const Chart& chart, const Scale& scale, const std::vector<double>& marks) {
  std::string out;
  const double step = marks.size() > 1 ? marks[1] - marks[0] : 1.0;
  for (const double mark : marks) {
    const auto y = at(scale.y(mark));
    out += "<line class=\"grid\" x1=\"" + at(left) + "\" y1=\"" + y + "\" x2=\"" + at(scale.paper.width - right) +
           "\" y2=\"" + y + "\"/><text class=\"tick\" text-anchor=\"end\" x=\"" + at(left - 6) + "\" y=\"" +
           at(scale.y(mark) + 4) + "\">" + escaped(axis_text(chart, mark, step)) + "</text>";
  }
  return out;
}

std::string time_axis(const Scale& scale) {
  using namespace std::chrono;
  const auto day_of = [](year_month_day date) {
    return static_cast<std::int32_t>(sys_days{date}.time_since_epoch().count());
  };
  const year_month_day first{sys_days{days{scale.first}}};
  const int months_shown = (scale.last - scale.first) / 30 + 1;
  const int room = scale.paper.years_max;
  int every = 1;
  for (const int months_apart : {3, 6, 12, 24, 60, 120})
    if (months_shown > (every >= 12 ? room * every : room * every * 8 / 10))
      every = months_apart;
  std::string out;
  for (auto mark = first.year() / January / 1; day_of(mark) <= scale.last; mark += months{every}) {
    const auto day = day_of(mark);
    if (day < scale.first)
      continue;
    const auto text = to_iso_date(sys_days{mark}).substr(0, every >= 12 ? 4 : 7);
    out += "<line class=\"grid\" x1=\"" + at(scale.x(day)) + "\" y1=\"" + at(top) + "\" x2=\"" + at(scale.x(day)) +
           "\" y2=\"" + at(scale.height - bottom) + "\"/><text class=\"tick\" text-anchor=\"middle\" x=\"" +
           at(scale.x(day)) + "\" y=\"" + at(scale.height - 8) + "\">" + text + "</text>";
  }
  return out;
}

Scale scale_of(const Chart& chart, const Paper& paper) {
  Scale scale;
  scale.paper = paper;
  scale.first = chart.days.front();
  scale.last = chart.days.back();
  scale.height = chart.height;
  scale.low = std::numeric_limits<double>::infinity();
  scale.high = -scale.low;
  for (const auto& line : chart.lines)
    for (const double value : line.values) {
      scale.low = std::min(scale.low, value);
      scale.high = std::max(scale.high, value);
    }
  if (chart.fill_to_zero) {
    scale.low = std::min(scale.low, 0.0);
    scale.high = std::max(scale.high, 0.0);
  }
  if (scale.high - scale.low < 1e-9) {
    scale.low -= 1.0;
    scale.high += chart.fill_to_zero ? 0.0 : 1.0;
  }
  return scale;
}

std::string drawing_of(const Chart& chart, const Scale& scale) {
  auto out = "<svg role=\"img\" class=\"" + std::string{scale.paper.css_class} + "\" viewBox=\"0 0 " +
             fixed(scale.paper.width, 0) + " " + std::to_string(chart.height) + "\"><title>" + escaped(chart.title) +
             "</title><desc>" + escaped(chart.summary) + "</desc>";
  out += value_axis(chart, scale, ticks(scale.low, scale.high, 5)) + time_axis(scale);
  if (chart.fill_to_zero) {
    const auto& line = chart.lines.front();
    const auto zero = at(scale.y(0.0));
    out += "<polygon class=\"area " + line.css_class + "\" points=\"" + at(scale.x(scale.first)) + "," + zero + " " +
           points_of(chart, line, scale) + " " + at(scale.x(scale.last)) + "," + zero + "\"/>";
  }
  for (auto line = chart.lines.rbegin(); line != chart.lines.rend(); ++line)
    out += "<polyline class=\"line " + line->css_class + "\" points=\"" + points_of(chart, *line, scale) + "\"/>";
  return out + "</svg>";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string grouped(double value, int decimals) {
  auto text = fixed(value, decimals);
  auto at_digit = text.find('.');
  if (at_digit == std::string::npos)
    at_digit = text.size();
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  while (at_digit > begin + 3) {
    at_digit -= 3;
    text.insert(at_digit, ",");
  }
  return text;
}

std::vector<double> ticks(double low, double high, int count) {
  if (!(high > low) || count < 1)
    return {low};
  const double raw = (high - low) / count;
  const double magnitude = std::pow(10.0, std::floor(std::log10(raw)));
  const double part = raw / magnitude;
  const double step = magnitude * (part <= 1.0 ? 1.0 : part <= 2.0 ? 2.0 : part <= 5.0 ? 5.0 : 10.0);
  std::vector<double> out;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1.0)
    out.push_back(k == 0.0 ? 0.0 : k * step);
  return out;
}

std::string to_svg(const Chart& chart) {
  if (chart.days.empty() || chart.lines.empty())
    return {};
  std::string out = "<figure><figcaption><b>" + escaped(chart.title) + "</b>";
  for (const auto& line : chart.lines)
    if (chart.lines.size() > 1)
      out += " <span class=\"key " + line.css_class + "\">" + escaped(line.name) + "</span>";
  out += "</figcaption>";
  for (const auto& paper : papers)
    out += drawing_of(chart, scale_of(chart, paper));
  return out + "<p class=\"summary\">" + escaped(chart.summary) + "</p></figure>\n";
}

std::string to_html(const HeatMap& map) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double cell : map.cells)
    if (std::isfinite(cell)) {
      low = std::min(low, cell);
      high = std::max(high, cell);
    }
  std::string out = "<h3>" + escaped(map.title) + "</h3><div class=\"wide\"><table class=\"heat\"><thead><tr><th>" +
                    escaped(map.row_name + " \\ " + map.column_name) + "</th>";
  for (const auto& column : map.columns)
    out += "<th>" + escaped(column) + "</th>";
  out += "</tr></thead><tbody>";
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    out += "<tr><th>" + escaped(map.rows[r]) + "</th>";
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const double cell = map.cells[r * map.columns.size() + c];
      if (!std::isfinite(cell)) {
        out += "<td>-</td>";
        continue;
      }
      const double share = high > low ? (cell - low) / (high - low) : 0.5;
      // From the losers' to the winners' colour, fainter towards the middle; the number says it too.
      const auto strength = fixed(std::abs(share - 0.5) * 1.4, 2);
      out += std::string{"<td class=\""} + (share >= 0.5 ? "warm" : "cold") + "\" style=\"--s:" + strength + "\">" +
             fixed(cell, map.decimals) + "</td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace heed::backtest
