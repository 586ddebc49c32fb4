// How many requests may still leave now: a bucket that refills evenly up to what a venue allows in a minute.
//
// It starts with little, because the process before this one may have just used up what the venue allows; and what
// the venue itself says is left counts for more than what was counted here.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace heed {

class TokenBucket {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  TokenBucket() = default;
  /// `per_minute` zero: no limit. Holds `first` tokens at `now`.
  TokenBucket(std::int32_t per_minute, std::int32_t first, TimePoint now)
      : per_minute_{per_minute}, tokens_{static_cast<double>(std::min(first, per_minute))}, at_{now} {}

  bool unlimited() const { return per_minute_ == 0; }
  void refill(TimePoint now) {
    const auto passed = std::chrono::duration<double>(now - at_).count();
    tokens_ = std::min<double>(per_minute_, tokens_ + passed * per_minute_ / 60.0);
    at_ = now;
  }
  /// Takes `count`, if `kept` stay for others.
  bool take(std::int32_t count, double kept) {
    if (unlimited())
      return true;
    if (tokens_ < needed(count, kept))
      return false;
    tokens_ -= count;
    return true;
  }
  /// What left without having been taken first.
  void charge(std::int32_t count) { tokens_ -= unlimited() ? 0 : count; }
  /// The venue's own count of what is left.
  void at_most(std::int32_t remaining) {
    if (!unlimited())
      tokens_ = std::min<double>(tokens_, remaining);
  }
  /// How long until that succeeds; at least a millisecond.
  std::chrono::milliseconds wait(std::int32_t count, double kept) const {
    const auto missing = std::max(0.0, needed(count, kept) - tokens_);
    const auto ms = missing * 60'000.0 / std::max(1, per_minute_);
    return std::chrono::milliseconds{static_cast<std::int64_t>(ms) + 1};
  }
  std::int64_t left() const { return static_cast<std::int64_t>(std::max(0.0, tokens_)); }

  /// The venue said "too many requests": nothing leaves before this.
  TimePoint closed_until{};

private:
  /// No more than the bucket can ever hold: a reserve as large as the limit must not stop everything for good.
  double needed(std::int32_t count, double kept) const { return std::min<double>(per_minute_, kept + count); }

  std::int32_t per_minute_ = 0;
  double tokens_ = 0;
  TimePoint at_{};
};

}  // namespace heed
