#include "messages/time.hpp"

#include <array>
#include <cstdio>

namespace heed {
namespace {

using std::chrono::days;
using std::chrono::microseconds;

// Reads exactly `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count)
    return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[i];
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected)
    return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Date> take_date(std::string_view& text) {
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-'))
    return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || !take(text, '-'))
    return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || *y < 1970 || *y > 2261)
    return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{*y}, std::chrono::month{static_cast<unsigned>(*m)},
                                        std::chrono::day{static_cast<unsigned>(*d)}};
  if (!ymd.ok())
    return std::nullopt;
  return Date{ymd};
}

// ".123456789" -> 123456 microseconds; absent -> 0.
std::optional<microseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.'))
    return microseconds{0};
  std::int64_t micros = 0;
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    if (count < 6)
      micros = micros * 10 + (text[count] - '0');
    ++count;
  }
  if (count == 0 || count > 9)
    return std::nullopt;
  for (std::size_t i = count; i < 6; ++i)
    micros *= 10;
  text.remove_prefix(count);
  return microseconds{micros};
}

// "Z" or "+hh:mm": minutes east of UTC.
std::optional<int> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z'))
    return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!west && (text.empty() || text.front() != '+'))
    return std::nullopt;
  text.remove_prefix(1);
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':'))
    return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || *h > 23 || *m > 59)
    return std::nullopt;
  return (*h * 60 + *m) * (west ? -1 : 1);
}

}  // namespace

std::string to_iso_date(Date date) {
  const std::chrono::year_month_day ymd{date};
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return buffer.data();
}

std::string to_rfc3339(Instant at) {
  const auto day = std::chrono::floor<days>(at);
  const std::chrono::hh_mm_ss time{at - day};
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d.%06dZ", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return to_iso_date(day) + buffer.data();
}

std::optional<Date> parse_iso_date(std::string_view text) {
  const auto date = take_date(text);
  return date && text.empty() ? date : std::nullopt;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !(take(text, 'T') || take(text, 't') || take(text, ' ')))
    return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':'))
    return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || !take(text, ':'))
    return std::nullopt;
  const auto s = take_digits(text, 2);
  if (!s || *h > 23 || *m > 59 || *s > 60)
    return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty())
    return std::nullopt;
  return Instant{*date} + std::chrono::hours{*h} + std::chrono::minutes{*m - *offset} + std::chrono::seconds{*s} +
         *fraction;
}

}  // namespace heed
