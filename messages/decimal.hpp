// Exact decimal numbers for prices, quantities and money.
//
// A Decimal is a signed 64-bit count of billionths (scale 10^-9): nine decimals, as many as any venue
// here sends for a quantity, and a range of about +-9.2 billion. Intermediate products are 128 bits
// wide. Anything that does not fit throws DecimalOverflow: a wrong number must never look like a right
// one. There is no conversion from binary floating point, on purpose.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heed {

__extension__ using Int128 = __int128;  // intermediates only

/// Thrown when a result lies outside of what a Decimal can hold, or on division by zero.
struct DecimalOverflow : std::overflow_error {
  using std::overflow_error::overflow_error;
};

enum class Rounding : std::uint8_t { half_even, down, up, floor, ceil };  // down/up: towards/away from zero

class Decimal {
public:
  static constexpr std::int64_t scale = 1'000'000'000;
  static constexpr int digits = 9;

  constexpr Decimal() = default;
  /// A whole number.
  constexpr explicit Decimal(std::int64_t whole) : units_{checked_scale(whole)} {}
  /// From billionths.
  static constexpr Decimal from_units(std::int64_t units) {
    Decimal d;
    d.units_ = units;
    return d;
  }
  /// "-12.5", "3", "0.000000001". No exponent, sign '+', spaces, separators, or more than nine decimals
  /// (trailing zeros beyond the ninth are accepted). Empty on anything else, and on overflow.
  static std::optional<Decimal> parse(std::string_view text);

  constexpr std::int64_t units() const { return units_; }
  constexpr bool is_zero() const { return units_ == 0; }
  constexpr bool is_negative() const { return units_ < 0; }
  constexpr bool is_positive() const { return units_ > 0; }
  constexpr int sign() const { return units_ > 0 ? 1 : units_ < 0 ? -1 : 0; }
  constexpr bool is_whole() const { return units_ % scale == 0; }

  /// Shortest exact text: "12.5", "-3", "0".
  std::string str() const;
  /// With at least `decimals` decimals: 12.5 -> "12.50". Never drops a digit.
  std::string str_padded(int decimals) const;
  /// For ratios shown to people and for metrics; never for money arithmetic.
  double approximate() const { return static_cast<double>(units_) / static_cast<double>(scale); }

  friend constexpr auto operator<=>(const Decimal&, const Decimal&) = default;

  constexpr Decimal operator-() const { return from_units(checked_narrow(-static_cast<Int128>(units_))); }
  friend constexpr Decimal operator+(Decimal a, Decimal b) {
    std::int64_t r = 0;
    if (__builtin_add_overflow(a.units_, b.units_, &r))
      throw DecimalOverflow{"decimal addition"};
    return from_units(r);
  }
  friend constexpr Decimal operator-(Decimal a, Decimal b) {
    std::int64_t r = 0;
    if (__builtin_sub_overflow(a.units_, b.units_, &r))
      throw DecimalOverflow{"decimal subtraction"};
    return from_units(r);
  }
  /// Product rounded half-even to nine decimals.
  friend constexpr Decimal operator*(Decimal a, Decimal b) { return mul(a, b, Rounding::half_even); }
  /// Quotient rounded half-even to nine decimals.
  friend constexpr Decimal operator/(Decimal a, Decimal b) { return div(a, b, Rounding::half_even); }
  constexpr Decimal& operator+=(Decimal b) { return *this = *this + b; }
  constexpr Decimal& operator-=(Decimal b) { return *this = *this - b; }

  static constexpr Decimal mul(Decimal a, Decimal b, Rounding mode) {
    return from_units(divide(static_cast<Int128>(a.units_) * b.units_, scale, mode));
  }
  static constexpr Decimal div(Decimal a, Decimal b, Rounding mode) {
    return from_units(divide(static_cast<Int128>(a.units_) * scale, b.units_, mode));
  }
  /// a*b/c with one rounding at the end: a share of a cost, without losing a billionth twice.
  static constexpr Decimal mul_div(Decimal a, Decimal b, Decimal c, Rounding mode = Rounding::half_even) {
    return from_units(divide(static_cast<Int128>(a.units_) * b.units_, c.units_, mode));
  }
  /// Rounded to a multiple of `step` (> 0): a tick size, a lot size, 0.01 for cents.
  constexpr Decimal rounded_to(Decimal step, Rounding mode) const {
    return from_units(checked_narrow(static_cast<Int128>(divide(units_, step.units_, mode)) * step.units_));
  }
  constexpr bool is_multiple_of(Decimal step) const { return step.units_ != 0 && units_ % step.units_ == 0; }
  constexpr Decimal abs() const { return units_ < 0 ? -*this : *this; }

private:
  static constexpr std::int64_t checked_narrow(Int128 v) {
    if (v > INT64_MAX || v < INT64_MIN)
      throw DecimalOverflow{"decimal out of range"};
    return static_cast<std::int64_t>(v);
  }
  static constexpr std::int64_t checked_scale(std::int64_t whole) {
    return checked_narrow(static_cast<Int128>(whole) * scale);
  }
  static constexpr std::int64_t divide(Int128 n, Int128 d, Rounding mode) {
    if (d == 0)
      throw DecimalOverflow{"decimal division by zero"};
    Int128 q = n / d;
    const Int128 r = n % d;
    if (r != 0) {
      const bool negative = (n < 0) != (d < 0);
      const Int128 twice = (r < 0 ? -r : r) * 2;
      const Int128 whole = d < 0 ? -d : d;
      bool away = false;
      switch (mode) {
        case Rounding::half_even: away = twice > whole || (twice == whole && (q % 2) != 0); break;
        case Rounding::down: break;
        case Rounding::up: away = true; break;
        case Rounding::floor: away = negative; break;
        case Rounding::ceil: away = !negative; break;
      }
      if (away)
        q += negative ? -1 : 1;
    }
    return checked_narrow(q);
  }

  std::int64_t units_ = 0;
};

using Price = Decimal;     // per unit, in the instrument's currency
using Quantity = Decimal;  // shares or contracts; signed where a position is meant (negative = short)
using Money = Decimal;     // in the account's currency

namespace literals {
/// 12.5_d; a literal that is no valid decimal does not compile.
consteval Decimal operator""_d(const char* text) {
  std::int64_t units = 0;
  int decimals = -1;
  for (const char* p = text; *p != '\0'; ++p) {
    if (*p == '.') {
      decimals = 0;
    } else if (*p >= '0' && *p <= '9') {
      units = units * 10 + (*p - '0');
      if (decimals >= 0)
        ++decimals;
    } else if (*p != '\'') {
      throw "not a decimal literal";
    }
  }
  for (int i = decimals < 0 ? 0 : decimals; i < Decimal::digits; ++i)
    units *= 10;
  return Decimal::from_units(units);
}
}  // namespace literals

}  // namespace heed
