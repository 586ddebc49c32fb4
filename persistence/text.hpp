// Exact text of decimals, instants and dates, appended without allocating: what JSON and the tables hold.
// Says the same as Decimal::str, to_rfc3339 and to_iso_date, at a fraction of the cost.
#pragma once

#include "messages/decimal.hpp"
#include "messages/time.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

/// A short text in place: the result of formatting one value.
struct ShortText {
  static constexpr std::size_t capacity = 40;
  std::array<char, capacity> chars;
  std::size_t size = 0;
  std::string_view view() const { return {chars.data(), size}; }
};

namespace text_detail {

inline void put_digits(char* to, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// "2026-11-21"; the year has four digits in every date that the parsers accept.
inline void put_date(char* to, Date date) {
  const std::chrono::year_month_day ymd{date};
  put_digits(to, static_cast<std::uint64_t>(static_cast<int>(ymd.year())), 4);
  to[4] = '-';
  put_digits(to + 5, static_cast<unsigned>(ymd.month()), 2);
  to[7] = '-';
  put_digits(to + 8, static_cast<unsigned>(ymd.day()), 2);
}

inline bool plain_year(Date date) {
  const std::chrono::year_month_day ymd{date};
  return ymd.year() >= std::chrono::year{0} && ymd.year() <= std::chrono::year{9999};
}

inline ShortText from_slow(std::string_view text) {
  ShortText out;
  out.size = text.copy(out.chars.data(), ShortText::capacity);
  return out;
}

}  // namespace text_detail

/// Shortest exact text: "12.5", "-3", "0".
inline ShortText short_text(Decimal value) {
  ShortText out;
  const auto units = value.units();
  auto magnitude = units < 0 ? ~static_cast<std::uint64_t>(units) + 1 : static_cast<std::uint64_t>(units);
  char* at = out.chars.data();
  if (units < 0)
    *at++ = '-';
  constexpr auto scale = static_cast<std::uint64_t>(Decimal::scale);
  at = std::to_chars(at, out.chars.data() + ShortText::capacity, magnitude / scale).ptr;
  magnitude %= scale;
  if (magnitude != 0) {
    *at++ = '.';
    text_detail::put_digits(at, magnitude, Decimal::digits);
    at += Decimal::digits;
    while (at[-1] == '0')
      --at;
  }
  out.size = static_cast<std::size_t>(at - out.chars.data());
  return out;
}

/// "2026-11-21"
inline ShortText short_text(Date date) {
  if (!text_detail::plain_year(date))
    return text_detail::from_slow(to_iso_date(date));
  ShortText out;
  text_detail::put_date(out.chars.data(), date);
  out.size = 10;
  return out;
}

/// "2026-11-21T14:30:00.000000Z": always 27 characters, so that text order is time order.
inline ShortText short_text(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  if (!text_detail::plain_year(day))
    return text_detail::from_slow(to_rfc3339(at));
  ShortText out;
  char* p = out.chars.data();
  auto micros = static_cast<std::uint64_t>((at - day).count());
  text_detail::put_date(p, day);
  p[10] = 'T';
  p[13] = p[16] = ':';
  p[19] = '.';
  p[26] = 'Z';
  text_detail::put_digits(p + 20, micros % 1'000'000, 6);
  micros /= 1'000'000;
  text_detail::put_digits(p + 17, micros % 60, 2);
  text_detail::put_digits(p + 14, micros / 60 % 60, 2);
  text_detail::put_digits(p + 11, micros / 3600, 2);
  out.size = 27;
  return out;
}

}  // namespace heed
