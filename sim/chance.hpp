// Chance in the simulator: every subject draws from a stream of its own, so that taking one fault away leaves the
// draws of all others as they were. splitmix64, the same on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace heed::sim {

/// What a seed draws grows with time, and with it every seed's story. A seed that is kept for its story names the
/// edition in which it was found; others are drawn in the usual one. 2: the venue cancels of its own accord, somebody
/// liquidates what is held, stops trail. 3, for campaigns of its own: the journal is lost between two lives as well.
inline constexpr int usual_edition = 2;

class Chance {
public:
  Chance() = default;
  Chance(std::uint64_t seed, std::string_view subject)
      : state_{seed * 0x9E3779B97F4A7C15ULL + 0x632BE59BD9B4E019ULL} {
    for (const char c : subject)
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    next();
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// True `per_million` times in a million.
  bool hits(std::uint32_t per_million) { return per_million > 0 && below(1'000'000) < per_million; }
  /// Each power of two between the bounds as likely as the next: small values are as common as large ones.
  std::int64_t spread(std::int64_t low, std::int64_t high) {
    std::int64_t top = low < 1 ? 1 : low;
    const auto first = top;
    int doublings = 0;
    while (top < high) {
      top *= 2;
      ++doublings;
    }
    auto chosen = first;
    for (auto steps = below(static_cast<std::uint64_t>(doublings) + 1); steps > 0; --steps)
      chosen *= 2;
    const auto value = between(chosen, 2 * chosen - 1);
    return value < low ? low : value > high ? high : value;
  }

private:
  std::uint64_t state_ = 0;
};

}  // namespace heed::sim
