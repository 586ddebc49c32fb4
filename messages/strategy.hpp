// The settings of strategies, as the configuration gives them and a reload changes them.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"

#include <cstdint>

namespace heed {

enum class RepeatBuy : std::uint8_t { top_up, roll, ignore };

/// Fractions are 0..1. Validated by the configuration: min_conviction <= 1, 0 <= min_trade <= max_trade.
struct MentionRules {
  bool enable_trading = false;                                // false: every decision is a dry run
  Decimal min_conviction = Decimal::from_units(600'000'000);  // 0.60
  std::int32_t max_age_hours = 48;
  std::int32_t blocklist_days = 7;
  bool avoid_closes_longs = true;
  bool buy_clears_blocklist = false;
  Decimal base_pct = Decimal::from_units(40'000'000);  // 0.04 of equity
  Money min_trade{500};
  Money max_trade{5'000};
  Money max_per_ticker{7'500};
  Decimal max_position_pct = Decimal::from_units(75'000'000);  // 0.075 of equity; zero: off
  RepeatBuy on_repeat_buy = RepeatBuy::top_up;
  std::int32_t hold_sessions_days = 3;  // trading sessions, by the call's horizon
  std::int32_t hold_sessions_weeks = 10;
  std::int32_t hold_sessions_months = 45;
  std::int32_t hold_sessions_long_term = 90;
  std::int32_t hold_sessions_unspecified = 10;
  Decimal stop_pct = Decimal::from_units(80'000'000);     // 0.08 under the entry
  Decimal target_pct = Decimal::from_units(200'000'000);  // 0.20 over the entry
  friend bool operator==(const MentionRules&, const MentionRules&) = default;
};

/// A strategy as it runs.
struct MentionStrategyConfig : MentionRules {
  StrategyId id;  // pauses of this strategy stop it
};

}  // namespace heed

HEED_ENUM_NAMES(heed::RepeatBuy, "top_up", "roll", "ignore");
