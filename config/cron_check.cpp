#include "config/cron_check.hpp"

#include "messages/time.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <vector>

namespace heed::config {
namespace {

struct Field {
  std::string_view name;
  int min;
  int max;
  std::string_view short_names;  // three letters each, from `min`
};

constexpr std::array fields = {
  Field{"minute", 0, 59, ""},
  Field{"hour", 0, 23, ""},
  Field{"day of month", 1, 31, ""},
  Field{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
  Field{"day of week", 0, 7, "sunmontuewedthufrisat"},
};

using Bits = std::bitset<64>;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos)
      return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<int> field_value(const Field& field, std::string_view text) {
  if (text.size() == 3 && !field.short_names.empty()) {
    std::string name{text};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (std::size_t i = 0; i + 3 <= field.short_names.size(); i += 3)
      if (field.short_names.substr(i, 3) == name)
        return field.min + static_cast<int>(i / 3);
  }
  const auto value = number(text);
  return value && *value >= field.min && *value <= field.max ? value : std::nullopt;
}

/// Adds one of the comma-separated parts: `*`, `a`, `a-b`, each with an optional `/n`.
bool add_part(const Field& field, std::string_view part, Bits& bits) {
  int step = 1;
  const std::size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto given = number(part.substr(slash + 1));
    if (!given || *given < 1 || *given > field.max)
      return false;
    step = *given;
    part = part.substr(0, slash);
  }
  int first = field.min;
  int last = field.max;
  if (part != "*") {
    const std::size_t dash = part.find('-');
    const auto from = field_value(field, part.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : field_value(field, part.substr(dash + 1));
    if (!from || !to || *from > *to)
      return false;
    first = *from;
    last = dash == std::string_view::npos && slash != std::string_view::npos ? field.max : *to;
  }
  for (int value = first; value <= last; value += step)
    bits.set(static_cast<std::size_t>(value));
  return true;
}

bool meets_a_weekday(const Bits& days, bool any_day, const Bits& months, const Bits& week_days, bool any_week_day) {
  using namespace std::chrono;
  // Two leap cycles hold every pairing of date and day of the week that matters.
  const Date end = sys_days{year{2033} / January / 1};
  for (Date date = sys_days{year{2025} / January / 1}; date < end; date += std::chrono::days{1}) {
    const year_month_day ymd{date};
    const unsigned week_day = weekday{date}.c_encoding();
    if (week_day == 0 || week_day == 6 || !months.test(static_cast<unsigned>(ymd.month())))
      continue;
    const bool day_meets = days.test(static_cast<unsigned>(ymd.day()));
    const bool week_day_meets = week_days.test(week_day);
    const bool both_restricted = !any_day && !any_week_day;
    if (both_restricted ? day_meets || week_day_meets : day_meets && week_day_meets)
      return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> cron_problem(std::string_view line) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(line, ' '))
    if (!part.empty())
      parts.push_back(part);
  if (parts.size() != fields.size())
    return "has " + std::to_string(parts.size()) + " fields and not 5: minute hour day month weekday";
  std::array<Bits, fields.size()> bits;
  for (std::size_t i = 0; i < fields.size(); ++i)
    for (const std::string_view part : split(parts[i], ','))
      if (!add_part(fields[i], part, bits[i]))
        return std::string{fields[i].name} + " may hold " + std::to_string(fields[i].min) + ".." +
               std::to_string(fields[i].max) + ", as *, a, a-b, lists with commas and steps with /";
  if (bits[4].test(7))
    bits[4].set(0);
  if (!meets_a_weekday(bits[2], parts[2].starts_with('*'), bits[3], bits[4], parts[4].starts_with('*')))
    return "never comes on a Monday to Friday";
  return std::nullopt;
}

}  // namespace heed::config
