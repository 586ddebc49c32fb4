#include "app/cli/table.hpp"

#include "persistence/json_write.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace heed::cli {
namespace {

constexpr std::size_t gap = 2;

/// At most `width` characters, with a mark where something was cut.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width)
    return text;
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size() && used + 1 < width;) {
    std::size_t length = 1;
    while (i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xC0U) == 0x80U)
      ++length;
    out.append(text, i, length);
    i += length;
    ++used;
  }
  return out + "…";
}

}  // namespace

std::string painted(std::string_view text, Paint paint, bool color) {
  static constexpr std::array<std::string_view, 6> codes{"", "1", "2", "31", "32", "33"};
  if (!color || paint == Paint::none || text.empty())
    return std::string{text};
  return "\x1b[" + std::string{codes[static_cast<std::size_t>(paint)]} + "m" + std::string{text} + "\x1b[0m";
}

Paint paint_of_state(std::string_view state) {
  const auto word = state.substr(0, state.find(':'));
  static constexpr std::array good{"filled", "closed", "Open", "ok", "yes", "accepted"};
  static constexpr std::array bad{"rejected", "broker_rejected", "failed",     "invalid",
                                  "no",       "risk_denied",     "Quarantined"};
  static constexpr std::array open{"unknown",  "in_flight",      "deferred",
                                   "received", "pending_cancel", "pending_replace"};
  const auto among = [&](const auto& names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view n) { return n == word; });
  };
  return among(good) ? Paint::green : among(bad) ? Paint::red : among(open) ? Paint::yellow : Paint::none;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      out += c < 0x20 || c == 0x7f ? ' ' : text[i];
      ++i;
      continue;
    }
    const auto length = json_detail::utf8_length(text.substr(i));
    const bool c1_control = length == 2 && c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length == 0 || c1_control)
      out += '?';
    else
      out.append(text.substr(i, length));
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void Table::row(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells)
    cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out, bool color, int width) const {
  std::vector<std::size_t> widths;
  std::vector<Cell> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t w = display_width(columns_[i].title);
    for (const auto& r : rows_)
      w = std::max(w, display_width(r[i].text));
    widths.push_back(w);
    titles.push_back({columns_[i].title, Paint::bold});
  }
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i)
    before += widths[i] + gap;
  if (width > 0 && !widths.empty() && before + widths.back() > static_cast<std::size_t>(width)) {
    const auto total = static_cast<std::size_t>(width);
    widths.back() = std::min(widths.back(), std::max<std::size_t>(8, total > before ? total - before : 0));
  }
  print_row(out, titles, widths, color);
  for (const auto& r : rows_)
    print_row(out, r, widths, color);
}

void Table::print_row(std::ostream& out, const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                      bool color) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto text = cut(cells[i].text, widths[i]);
    const std::string pad(widths[i] - std::min(widths[i], display_width(text)), ' ');
    const bool right = columns_[i].align == Align::right;
    const bool last = i + 1 == cells.size();
    line += (right ? pad : "") + painted(text, cells[i].paint, color) + (right || last ? "" : pad);
    if (!last)
      line += std::string(gap, ' ');
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  out << line << '\n';
}

}  // namespace heed::cli
