#include "broker/exchange/types.hpp"

namespace heed::exchange {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

constexpr bool is_dash_place(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

std::uint64_t Chance::next() {
  const std::uint64_t out = mix(state_);
  state_ += 0x9E3779B97F4A7C15ULL;
  return out;
}

Uuid Uuid::derive(std::uint64_t seed, std::uint64_t kind, std::uint64_t count) {
  // Only six bits are given to the shape; 122 bits of two independent mixes keep the ids distinct.
  const std::uint64_t key = mix(seed ^ mix(kind));
  Uuid id{mix(key + 2 * count), mix(~key + 2 * count + 1)};
  id.high = (id.high & ~0xF000ULL) | 0x4000ULL;
  id.low = (id.low & ~(0xC0ULL << 56)) | (0x80ULL << 56);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36)
    return std::nullopt;
  Uuid id;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_place(i)) {
      if (text[i] != '-')
        return std::nullopt;
      continue;
    }
    const int v = hex_value(text[i]);
    if (v < 0)
      return std::nullopt;
    auto& half = digits++ < 16 ? id.high : id.low;
    half = (half << 4) | static_cast<std::uint64_t>(v);
  }
  return id;
}

void Uuid::append_to(std::string& out) const {
  static constexpr char hex[] = "0123456789abcdef";
  char text[36];
  int digit = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    if (is_dash_place(i)) {
      text[i] = '-';
      continue;
    }
    const std::uint64_t half = digit < 16 ? high : low;
    text[i] = hex[(half >> (60 - 4 * (digit % 16))) & 0xF];
    ++digit;
  }
  out.append(text, sizeof text);
}

std::string Uuid::str() const {
  std::string out;
  append_to(out);
  return out;
}

Price Order::trailing_stop_at(Price best) const {
  const Decimal away = trail_price ? *trail_price : Decimal::mul_div(best, *trail_percent, Decimal{100});
  const Price exact = side == Side::sell ? best - away : best + away;
  const Price tick = Decimal::from_units(exact >= Decimal{1} ? 10'000'000 : 100'000);
  return exact.rounded_to(tick, side == Side::sell ? Rounding::floor : Rounding::ceil);
}

}  // namespace heed::exchange
