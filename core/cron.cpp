#include "core/cron.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <vector>

namespace heed::core {
namespace {

using std::chrono::days;

struct Field {
  std::string_view name;
  int low;
  int high;
  std::string_view names;  // three letters each, the first for value `low`
};

constexpr std::array<Field, 5> all_fields{{{"minute", 0, 59, ""},
                                           {"hour", 0, 23, ""},
                                           {"day of month", 1, 31, ""},
                                           {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                           {"day of week", 0, 7, "sunmontuewedthufrisat"}}};

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto begin = text.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos)
      break;
    const auto end = std::min(text.find_first_of(" \t", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    at = end;
  }
  return out;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 4 || text.front() == '-' || error != std::errc{} ||
      end != text.data() + text.size())
    return std::nullopt;
  return value;
}

// A number or a name, inside of the field's range.
std::optional<int> value_of(std::string_view text, const Field& field) {
  if (const auto n = number(text))
    return *n >= field.low && *n <= field.high ? n : std::nullopt;
  if (text.size() != 3)
    return std::nullopt;
  for (std::size_t i = 0; i + 3 <= field.names.size(); i += 3) {
    bool same = true;
    for (std::size_t k = 0; k < 3; ++k)
      same = same && std::tolower(static_cast<unsigned char>(text[k])) == field.names[i + k];
    if (same)
      return field.low + static_cast<int>(i / 3);
  }
  return std::nullopt;
}

// One piece of a list: *, a, a-b, each perhaps with /n. False when it makes no sense.
template <class Bits>
bool add_piece(std::string_view piece, const Field& field, Bits& bits) {
  int step = 1;
  const auto slash = piece.find('/');
  if (slash != std::string_view::npos) {
    const auto n = number(piece.substr(slash + 1));
    if (!n || *n < 1)
      return false;
    step = *n;
    piece = piece.substr(0, slash);
  }
  int from = field.low;
  int to = field.high;
  if (piece != "*") {
    const auto dash = piece.find('-');
    const auto first = value_of(piece.substr(0, dash), field);
    const auto second = dash == std::string_view::npos ? first : value_of(piece.substr(dash + 1), field);
    if (!first || !second || *second < *first)
      return false;
    from = *first;
    to = dash == std::string_view::npos && slash != std::string_view::npos ? field.high : *second;
  }
  for (int v = from; v <= to; v += step)
    bits.set(static_cast<std::size_t>(v));
  return true;
}

template <class Bits>
bool add_list(std::string_view text, const Field& field, Bits& bits) {
  while (true) {
    const auto comma = text.find(',');
    if (!add_piece(text.substr(0, comma), field, bits))
      return false;
    if (comma == std::string_view::npos)
      return true;
    text.remove_prefix(comma + 1);
  }
}

Error invalid(std::string_view text, const std::string& what) {
  return {ErrorKind::invalid, "CRON_INVALID", "cron line \"" + std::string{text} + "\": " + what};
}

Error invalid_field(std::string_view text, std::size_t index, std::string_view word) {
  const auto& field = all_fields[index];
  std::string what = "field " + std::to_string(index + 1) + " (" + std::string{field.name} + ") is \"" +
                     std::string{word} + "\"; it takes " + std::to_string(field.low) + "-" +
                     std::to_string(field.high) + ", *, ranges a-b, lists a,b and steps /n";
  if (!field.names.empty())
    what += ", or names like " + std::string{field.names.substr(3, 3)};
  return invalid(text, what);
}

}  // namespace

Result<CronLine> CronLine::parse(std::string_view text) {
  const auto fields = words(text);
  if (fields.size() != all_fields.size())
    return invalid(text, "has " + std::to_string(fields.size()) +
                           " fields; it needs 5: minute, hour, day of month, month, day of week");
  CronLine line;
  line.text_ = std::string{text};
  std::bitset<8> weekdays;  // 7 is Sunday too
  const std::array<bool, 5> ok{
    add_list(fields[0], all_fields[0], line.minutes_), add_list(fields[1], all_fields[1], line.hours_),
    add_list(fields[2], all_fields[2], line.days_), add_list(fields[3], all_fields[3], line.months_),
    add_list(fields[4], all_fields[4], weekdays)};
  for (std::size_t i = 0; i < ok.size(); ++i)
    if (!ok[i])
      return invalid_field(text, i, fields[i]);
  for (std::size_t i = 0; i < 8; ++i)
    if (weekdays[i])
      line.weekdays_.set(i % 7);
  line.any_day_ = fields[2].front() == '*';
  line.any_weekday_ = fields[4].front() == '*';
  return line;
}

bool CronLine::matches(Date date) const {
  const std::chrono::year_month_day ymd{date};
  if (!months_[static_cast<unsigned>(ymd.month())])
    return false;
  const bool day = days_[static_cast<unsigned>(ymd.day())];
  const bool weekday = weekdays_[std::chrono::weekday{date}.c_encoding()];
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

std::optional<Instant> CronLine::find(Instant after, const MarketCalendar& calendar, bool sessions_only) const {
  // Nine years reach over the one leap year that a century skips, so 29 February is always found.
  constexpr days horizon{9 * 366};
  const Date first = calendar.date_at(after);
  for (Date date = first; date <= first + horizon; date += days{1}) {
    if (!matches(date) || (sessions_only && !calendar.is_session(date)))
      continue;
    for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_[hour])
        continue;
      for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
        if (!minutes_[minute])
          continue;
        const Instant at = calendar.instant(date, std::chrono::minutes{hour * 60 + minute});
        if (at > after)
          return at;
      }
    }
  }
  return std::nullopt;
}

std::optional<Instant> CronLine::next(Instant after, const MarketCalendar& zone) const {
  return find(after, zone, false);
}

std::optional<Instant> CronLine::next_on_session(Instant after, const MarketCalendar& calendar) const {
  return find(after, calendar, true);
}

}  // namespace heed::core
