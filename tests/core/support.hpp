// Short hands for the tests of core/: instants and dates from text, and a seeded generator.
#pragma once

#include "messages/decimal.hpp"
#include "messages/time.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace heed::test {

inline Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
inline Date day(std::string_view text) { return parse_iso_date(text).value(); }
inline Decimal dec(std::string_view text) { return Decimal::parse(text).value(); }

/// Small, fast, the same on every machine. Or what `source` says.
class Chance {
public:
  explicit Chance(std::uint64_t seed) : state_{seed * 2 + 1} {}
  explicit Chance(std::function<std::uint64_t()> source) : source_{std::move(source)} {}
  std::uint64_t next() {
    if (source_)
      return source_();
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// 0 <= result < bound
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool one_in(std::int64_t n) { return below(n) == 0; }

private:
  std::uint64_t state_ = 0;
  std::function<std::uint64_t()> source_;
};

}  // namespace heed::test

// So that a failed check shows values.
template <>
struct Catch::StringMaker<heed::Decimal> {
  static std::string convert(heed::Decimal value) { return value.str(); }
};
template <>
struct Catch::StringMaker<heed::Instant> {
  static std::string convert(heed::Instant value) { return heed::to_rfc3339(value); }
};
