#include "core/bar_csv.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

namespace heed::core {
namespace {

constexpr std::size_t line_size_max = 4'096;
constexpr std::array<std::string_view, 6> column_names{"date", "open", "high", "low", "close", "volume"};
constexpr std::size_t date_column = 0;
constexpr std::size_t first_price = 1;
constexpr std::size_t last_price = 4;
constexpr std::size_t volume_column = 5;
constexpr std::size_t columns_max = 64;

// A close-to-close factor beyond these is told of; real moves of this size happen, unadjusted splits always look so.
constexpr std::int64_t jump_percent_up = 175;
constexpr std::int64_t jump_percent_down = 57;

std::string shown(std::string_view text) {
  constexpr std::size_t size_max = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, size_max))
    out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > size_max ? "...\"" : "\"");
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Digits with at most one point, above zero and in range; nullopt for anything else. Beyond nine decimals: half-even.
std::optional<std::int64_t> parse_price(std::string_view text) {
  constexpr std::int64_t whole_max = 9'000'000'000;
  std::int64_t units = 0;
  std::size_t at = 0;
  const auto digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (!digit())
    return std::nullopt;
  for (; digit(); ++at)
    if ((units = units * 10 + (text[at] - '0')) > whole_max)
      return std::nullopt;
  int decimals = 0;
  bool up = false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digit())
      return std::nullopt;
    for (; digit() && decimals < Decimal::digits; ++at, ++decimals)
      units = units * 10 + (text[at] - '0');
    if (digit()) {
      const auto rest = text.substr(at);
      const bool tie = rest.front() == '5' && rest.find_first_not_of('0', 1) == std::string_view::npos;
      up = tie ? units % 2 != 0 : rest.front() >= '5';
      while (digit())
        ++at;
    }
  }
  if (at != text.size())
    return std::nullopt;
  for (; decimals < Decimal::digits; ++decimals)
    units *= 10;
  units += up ? 1 : 0;
  return units > 0 ? std::optional{units} : std::nullopt;
}

std::optional<std::int64_t> parse_volume(std::string_view text) {
  constexpr std::int64_t volume_max = 1'000'000'000'000'000;
  std::int64_t value = 0;
  const auto whole = text.substr(0, text.find('.'));
  if (whole.empty() || text.find_first_not_of("0123456789", whole.size() < text.size() ? whole.size() + 1 : 0) !=
                         std::string_view::npos)
    return std::nullopt;
  for (const char c : whole) {
    if (c < '0' || c > '9' || value > volume_max)
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Of prices above zero, as text; the factor between the least and the greatest is none of a Decimal's.
std::string factor(std::int64_t before, std::int64_t now) {
  if (static_cast<Int128>(now) > static_cast<Int128>(before) * 1'000'000)
    return "more than a million";
  const auto exact = Decimal::from_units(now) / Decimal::from_units(before);
  return exact.rounded_to(Decimal::from_units(1'000'000), Rounding::half_even).str();
}

class CsvReader {
public:
  CsvReader(std::string_view text, std::vector<BarProblem>& problems) : text_{text}, problems_{problems} {}

  BarColumns read();

private:
  struct Row {
    std::array<std::string_view, 6> fields;
    std::array<std::int64_t, 4> prices{};
    std::int32_t day = 0;
    std::int64_t volume = 0;
  };

  bool next_line(std::string_view& line);
  bool read_header();
  bool split(std::string_view line, Row& row);
  bool read_row(Row& row);
  void check_range(const Row& row);
  void keep(const Row& row);
  void sort();
  void find_jumps();
  void tell(BarFlaw flaw, std::string_view field, std::string reason) { tell_at(flaw, number_, field, reason); }
  void tell_at(BarFlaw flaw, std::uint32_t line, std::string_view field, const std::string& reason);

  std::string_view text_;
  const char* newline_ = nullptr;  // the next LF, or the end, once looked for
  std::vector<BarProblem>& problems_;
  std::array<std::size_t, 2> told_{};  // what is wrong, and what is suspicious: one must not crowd out the other
  std::uint32_t number_ = 0;
  std::array<std::size_t, 6> place_{};  // column of each name
  std::size_t columns_ = 0;
  BarColumns out_;
  std::vector<std::uint32_t> lines_;  // of each kept row
  bool in_order_ = true;
};

void CsvReader::tell_at(BarFlaw flaw, std::uint32_t line, std::string_view field, const std::string& reason) {
  auto& told = told_[flaw == BarFlaw::suspicious ? 1 : 0];
  ++told;
  if (told < bar_problems_max)
    problems_.push_back({flaw, line, std::string{field}, reason});
  else if (told == bar_problems_max)
    problems_.push_back({flaw, line, std::string{field}, reason + " (there may be more; no more are listed)"});
}

bool CsvReader::next_line(std::string_view& line) {
  if (text_.empty())
    return false;
  // A file of bare CRs has no LF: looking for it once is enough.
  if (newline_ < text_.data())
    newline_ = text_.data() + std::min(text_.find('\n'), text_.size());
  const auto end = static_cast<std::size_t>(newline_ - text_.data());
  line = text_.substr(0, end);
  auto skip = end + 1;
  if (const auto cr = line.find('\r'); cr != std::string_view::npos) {
    line = line.substr(0, cr);
    skip = cr + 1 < text_.size() && text_[cr + 1] == '\n' ? cr + 2 : cr + 1;
  }
  text_.remove_prefix(std::min(skip, text_.size()));
  ++number_;
  return true;
}

bool CsvReader::read_header() {
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff")) {
    tell_at(BarFlaw::file, 1, "", "is UTF-16; save it as UTF-8");
    return false;
  }
  if (text_.starts_with("\xef\xbb\xbf"))
    text_.remove_prefix(3);
  std::string_view line;
  while (line.empty())
    if (!next_line(line)) {
      tell_at(BarFlaw::file, 1, "", "is empty; the first line must be date,open,high,low,close,volume");
      return false;
    }
  constexpr std::size_t missing = columns_max;
  place_.fill(missing);
  for (bool more = true; more && columns_ < columns_max; ++columns_) {
    const auto comma = line.find(',');
    const auto name = lower(trimmed(line.substr(0, comma)));
    more = comma != std::string_view::npos;
    line.remove_prefix(more ? comma + 1 : line.size());
    const auto found = std::find(column_names.begin(), column_names.end(), name);
    if (found == column_names.end())
      continue;
    auto& place = place_[static_cast<std::size_t>(found - column_names.begin())];
    if (place != missing) {
      tell(BarFlaw::file, name, "stands twice in the header");
      return false;
    }
    place = columns_;
  }
  for (std::size_t i = 0; i < column_names.size(); ++i)
    if (place_[i] == missing) {
      tell(BarFlaw::file, column_names[i], "is missing in the header; it must have date,open,high,low,close,volume");
      return false;
    }
  return true;
}

bool CsvReader::split(std::string_view line, Row& row) {
  if (line.size() > line_size_max) {
    tell(BarFlaw::row, "", "is " + std::to_string(line.size()) + " bytes long; row left out");
    return false;
  }
  std::array<std::string_view, columns_max> parts;
  std::size_t count = 0;
  for (;;) {
    const auto comma = line.find(',');
    if (count < columns_max)
      parts[count] = line.substr(0, comma);
    ++count;
    if (comma == std::string_view::npos)
      break;
    line.remove_prefix(comma + 1);
  }
  if (count != columns_) {
    tell(BarFlaw::row, "",
         "has " + std::to_string(count) + " fields, the header " + std::to_string(columns_) + "; row left out");
    return false;
  }
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    auto& field = row.fields[i] = parts[place_[i]];
    if (field.empty() || field.front() == '"' || field.front() <= ' ' || field.back() <= ' ')
      field = trimmed(field);
  }
  return true;
}

bool CsvReader::read_row(Row& row) {
  const auto left_out = [&](std::size_t column, const std::string& reason) {
    tell(BarFlaw::row, column_names[column], "is " + shown(row.fields[column]) + reason + "; row left out");
    return false;
  };
  const auto date = parse_iso_date(row.fields[date_column]);
  if (!date)
    return left_out(date_column, ", no date like 2020-01-31");
  row.day = static_cast<std::int32_t>(date->time_since_epoch().count());
  for (std::size_t i = first_price; i <= last_price; ++i) {
    const auto price = parse_price(row.fields[i]);
    if (!price)
      return left_out(i, ", no decimal above zero like 12.34");
    row.prices[i - first_price] = *price;
  }
  const auto volume = parse_volume(row.fields[volume_column]);
  if (!volume)
    tell(BarFlaw::suspicious, "volume", "is " + shown(row.fields[volume_column]) + ", no whole number; taken as 0");
  row.volume = volume.value_or(0);
  check_range(row);
  return true;
}

void CsvReader::check_range(const Row& row) {
  const auto [open, high, low, close] = row.prices;
  const auto text = [](std::int64_t units) { return Decimal::from_units(units).str(); };
  if (high < low) {
    tell(BarFlaw::contradiction, "high", "is " + text(high) + ", under the low " + text(low) + "; row kept");
    return;
  }
  if (high < std::max(open, close))
    tell(BarFlaw::suspicious, "high",
         "is " + text(high) + ", under " + (high < open ? "the open " + text(open) : "the close " + text(close)));
  if (low > std::min(open, close))
    tell(BarFlaw::suspicious, "low",
         "is " + text(low) + ", over " + (low > open ? "the open " + text(open) : "the close " + text(close)));
}

void CsvReader::keep(const Row& row) {
  if (!out_.days.empty() && row.day <= out_.days.back()) {
    if (row.day == out_.days.back()) {
      tell(BarFlaw::row, "date", "is that of line " + std::to_string(lines_.back()) + " again; row left out");
      return;
    }
    if (in_order_)
      tell(BarFlaw::suspicious, "date", "is before that of the line above; rows sorted");
    in_order_ = false;
  }
  out_.days.push_back(row.day);
  out_.open.push_back(row.prices[0]);
  out_.high.push_back(row.prices[1]);
  out_.low.push_back(row.prices[2]);
  out_.close.push_back(row.prices[3]);
  out_.volume.push_back(row.volume);
  lines_.push_back(number_);
}

void CsvReader::sort() {
  std::vector<std::size_t> order(out_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return out_.days[a] < out_.days[b]; });
  BarColumns sorted;
  std::vector<std::uint32_t> lines;
  for (const auto i : order) {
    if (!sorted.days.empty() && sorted.days.back() == out_.days[i]) {
      tell_at(BarFlaw::row, lines_[i], "date",
              "is that of line " + std::to_string(lines.back()) + " again; row left out");
      continue;
    }
    sorted.days.push_back(out_.days[i]);
    sorted.open.push_back(out_.open[i]);
    sorted.high.push_back(out_.high[i]);
    sorted.low.push_back(out_.low[i]);
    sorted.close.push_back(out_.close[i]);
    sorted.volume.push_back(out_.volume[i]);
    lines.push_back(lines_[i]);
  }
  out_ = std::move(sorted);
  lines_ = std::move(lines);
}

void CsvReader::find_jumps() {
  for (std::size_t i = 1; i < out_.size(); ++i) {
    const auto before = static_cast<Int128>(out_.close[i - 1]);
    const auto now = static_cast<Int128>(out_.close[i]) * 100;
    if (now <= before * jump_percent_up && now >= before * jump_percent_down)
      continue;
    tell_at(BarFlaw::suspicious, lines_[i], "close",
            "is " + factor(out_.close[i - 1], out_.close[i]) +
              " times the close before: a split or another corporate action that is not adjusted for?");
  }
}

BarColumns CsvReader::read() {
  if (text_.find('\0') != std::string_view::npos) {
    tell_at(BarFlaw::file, 1, "", "holds a NUL byte; it is no text file");
    return {};
  }
  if (!read_header())
    return {};
  const auto rows = text_.size() / 40;
  for (auto* column : {&out_.open, &out_.high, &out_.low, &out_.close, &out_.volume})
    column->reserve(rows);
  out_.days.reserve(rows);
  lines_.reserve(rows);
  Row row;
  for (std::string_view line; next_line(line);)
    if (!line.empty() && split(line, row) && read_row(row))
      keep(row);
  if (!in_order_)
    sort();
  if (out_.days.empty())
    tell_at(BarFlaw::file, std::max(number_, 1U), "", "has no usable row");
  find_jumps();
  return std::move(out_);
}

}  // namespace

BarColumns parse_bar_csv(std::string_view text, std::vector<BarProblem>& problems) {
  return CsvReader{text, problems}.read();
}

}  // namespace heed::core
