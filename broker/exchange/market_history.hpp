// What the market data API can look back on: minute and daily bars, grown from the price moves as they happen.
#pragma once

#include "broker/exchange/engine.hpp"

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace heed::exchange {

struct TimedBar {
  Instant start{};  // of the minute, or midnight in New York
  Price open, high, low, close;
  std::int64_t volume = 0;
  std::int64_t trades = 0;
  Money value;  // sum of price per trade, for the average
};

/// "1Min" .. "59Min", "1Hour" .. "23Hour", "1Day", "1Week", "1|2|3|4|6|12Month", and their short forms.
struct Timeframe {
  enum class Unit : std::uint8_t { minute, hour, day, week, month } unit = Unit::day;
  int count = 1;
  static std::optional<Timeframe> parse(std::string_view text);
  bool intraday() const { return unit == Unit::minute || unit == Unit::hour; }
};

class MarketHistory {
public:
  /// Nothing is ever known of the time after `engine.now()`.
  void record(const Engine& engine, const Asset& asset);
  /// Bars of one asset with from <= start <= to, oldest first.
  std::vector<TimedBar> bars(const Engine& engine, const Asset& asset, Timeframe timeframe, Instant from,
                             Instant to) const;
  const TimedBar* minute(AssetIndex asset) const;
  /// The session's bar so far, or the last session's; and the one before it.
  std::pair<std::optional<TimedBar>, std::optional<TimedBar>> daily(const Engine& engine, const Asset& asset) const;

private:
  struct Series {
    std::deque<TimedBar> minutes;  // the newest ones
    std::vector<TimedBar> days;
  };
  std::vector<TimedBar> days_of(const Engine& engine, const Asset& asset) const;
  std::vector<Series> series_;  // by asset
};

}  // namespace heed::exchange
