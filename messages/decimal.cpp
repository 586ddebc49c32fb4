#include "messages/decimal.hpp"

namespace heed {

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative)
    text.remove_prefix(1);
  if (text.empty() || text.size() > 40)
    return std::nullopt;
  Int128 units = 0;
  int decimals = -1;
  bool any_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (decimals >= 0 || !any_digit)
        return std::nullopt;
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9')
      return std::nullopt;
    any_digit = true;
    if (decimals >= digits) {
      if (c != '0')
        return std::nullopt;
      continue;
    }
    units = units * 10 + (c - '0');
    if (units > static_cast<Int128>(INT64_MAX))
      return std::nullopt;
    if (decimals >= 0)
      ++decimals;
  }
  if (!any_digit || decimals == 0)
    return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < digits; ++i)
    units *= 10;
  if (units > static_cast<Int128>(INT64_MAX))
    return std::nullopt;
  const auto value = static_cast<std::int64_t>(units);
  return from_units(negative ? -value : value);
}

std::string Decimal::str() const { return str_padded(0); }

std::string Decimal::str_padded(int decimals) const {
  const bool negative = units_ < 0;
  auto magnitude = negative ? ~static_cast<std::uint64_t>(units_) + 1 : static_cast<std::uint64_t>(units_);
  char fraction[digits];
  for (int i = digits - 1; i >= 0; --i) {
    fraction[i] = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  }
  int shown = digits;
  while (shown > decimals && fraction[shown - 1] == '0')
    --shown;
  std::string out = negative ? "-" : "";
  out += std::to_string(magnitude);
  if (shown > 0) {
    out += '.';
    out.append(fraction, static_cast<std::size_t>(shown));
  }
  return out;
}

}  // namespace heed
