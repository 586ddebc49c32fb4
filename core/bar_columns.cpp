#include "core/bar_columns.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace heed::core {
namespace {

constexpr std::size_t date_field = 0;
constexpr std::size_t first_price = 1;
constexpr std::size_t volume_field = 5;

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

std::string again(std::uint32_t line) {
  return (line > 0 ? "is that of line " + std::to_string(line) + " again" : "stands twice") + "; row left out";
}

}  // namespace

void BarCollector::reserve(std::size_t rows) {
  for (auto* column : {&out_.open, &out_.high, &out_.low, &out_.close, &out_.volume})
    column->reserve(rows);
  out_.days.reserve(rows);
  lines_.reserve(rows);
}

void BarCollector::tell(BarFlaw flaw, std::uint32_t line, std::string_view field, const std::string& reason) {
  auto& told = told_[flaw == BarFlaw::suspicious ? 1 : 0];
  ++told;
  if (told < bar_problems_max)
    problems_.push_back({flaw, line, std::string{field}, reason});
  else if (told == bar_problems_max)
    problems_.push_back({flaw, line, std::string{field}, reason + " (there may be more; no more are listed)"});
}

void BarCollector::tell_here(BarFlaw flaw, std::string_view field, const std::string& reason) {
  tell(flaw, line_, line_ > 0 ? std::string{field} : std::string{date_} + " " + std::string{field}, reason);
}

void BarCollector::tell_of(std::size_t row, BarFlaw flaw, std::string_view field, const std::string& reason) {
  const auto text = lines_[row] > 0 ? std::string{} : to_iso_date(Date{std::chrono::days{out_.days[row]}}) + " ";
  tell(flaw, lines_[row], text + std::string{field}, reason);
}

void BarCollector::add(std::uint32_t line, const BarFields& fields) {
  line_ = line;
  date_ = fields[date_field];
  const auto left_out = [&](std::size_t field, const std::string& reason) {
    tell_here(BarFlaw::row, bar_field_names[field], "is " + shown(fields[field]) + reason + "; row left out");
  };
  const auto date = parse_iso_date(fields[date_field]);
  if (!date)
    return left_out(date_field, ", no date like 2020-01-31");
  std::array<std::int64_t, 4> prices{};
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const auto price = parse_price(fields[first_price + i]);
    if (!price)
      return left_out(first_price + i, ", no decimal above zero like 12.34");
    prices[i] = *price;
  }
  const auto volume = parse_volume(fields[volume_field]);
  if (!volume)
    tell_here(BarFlaw::suspicious, "volume", "is " + shown(fields[volume_field]) + ", no whole number; taken as 0");
  keep(line, static_cast<std::int32_t>(date->time_since_epoch().count()), prices, volume.value_or(0));
}

void BarCollector::add(std::uint32_t line, Date date, const std::array<std::int64_t, 4>& prices,
                       std::int64_t volume) {
  line_ = line;
  date_text_ = to_iso_date(date);
  date_ = date_text_;
  for (std::size_t i = 0; i < prices.size(); ++i)
    if (prices[i] <= 0)
      return tell_here(BarFlaw::row, bar_field_names[first_price + i],
                       "is " + Decimal::from_units(prices[i]).str() + ", not above zero; row left out");
  if (volume < 0)
    tell_here(BarFlaw::suspicious, "volume", "is " + std::to_string(volume) + ", no whole number; taken as 0");
  keep(line, static_cast<std::int32_t>(date.time_since_epoch().count()), prices, std::max<std::int64_t>(volume, 0));
}

void BarCollector::check_range(const std::array<std::int64_t, 4>& prices) {
  const auto [open, high, low, close] = prices;
  const auto text = [](std::int64_t units) { return Decimal::from_units(units).str(); };
  if (high < low) {
    tell_here(BarFlaw::contradiction, "high", "is " + text(high) + ", under the low " + text(low) + "; row kept");
    return;
  }
  if (high < std::max(open, close))
    tell_here(
      BarFlaw::suspicious, "high",
      "is " + text(high) + ", under " + (high < open ? "the open " + text(open) : "the close " + text(close)));
  if (low > std::min(open, close))
    tell_here(BarFlaw::suspicious, "low",
              "is " + text(low) + ", over " + (low > open ? "the open " + text(open) : "the close " + text(close)));
}

void BarCollector::keep(std::uint32_t line, std::int32_t day, const std::array<std::int64_t, 4>& prices,
                        std::int64_t volume) {
  check_range(prices);
  if (!out_.days.empty() && day <= out_.days.back()) {
    if (day == out_.days.back())
      return tell_here(BarFlaw::row, "date", again(lines_.back()));
    if (in_order_)
      tell_here(BarFlaw::suspicious, "date", "is before that of the line above; rows sorted");
    in_order_ = false;
  }
  out_.days.push_back(day);
  out_.open.push_back(prices[0]);
  out_.high.push_back(prices[1]);
  out_.low.push_back(prices[2]);
  out_.close.push_back(prices[3]);
  out_.volume.push_back(volume);
  lines_.push_back(line);
}

void BarCollector::sort() {
  std::vector<std::size_t> order(out_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return out_.days[a] < out_.days[b]; });
  BarColumns sorted;
  std::vector<std::uint32_t> lines;
  for (const auto i : order) {
    if (!sorted.days.empty() && sorted.days.back() == out_.days[i]) {
      tell_of(i, BarFlaw::row, "date", again(lines.back()));
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

void BarCollector::find_jumps() {
  for (std::size_t i = 1; i < out_.size(); ++i) {
    const auto before = static_cast<Int128>(out_.close[i - 1]);
    const auto now = static_cast<Int128>(out_.close[i]) * 100;
    if (now <= before * jump_percent_up && now >= before * jump_percent_down)
      continue;
    tell_of(i, BarFlaw::suspicious, "close",
            "is " + factor(out_.close[i - 1], out_.close[i]) +
              " times the close before: a split or another corporate action that is not adjusted for?");
  }
}

BarColumns BarCollector::finish() {
  if (!in_order_)
    sort();
  find_jumps();
  return std::move(out_);
}

}  // namespace heed::core
