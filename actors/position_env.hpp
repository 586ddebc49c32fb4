// What every position of one account shares: its neighbours, its rules, the clock. Immutable; a reload makes a new
// one.
#pragma once

#include "actors/telemetry.hpp"
#include "core/calendar.hpp"
#include "core/mention_strategy.hpp"
#include "core/position.hpp"
#include "messages/interfaces.hpp"
#include "persistence/journal.hpp"

#include <map>
#include <memory>

namespace heed {

struct PositionEnv {
  AccountId account;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  core::PositionPolicy policy;
  std::map<StrategyId, MentionStrategyConfig> strategies;
  JournalActor journal;
  std::shared_ptr<JournalReader> reader;  // what positions have let go of
  GovernorActor governor;
  GatewayActor gateway;
  std::shared_ptr<Telemetry> telemetry;
  /// A market order is reserved at the quote plus this fraction. Zero: limits are held at the price that sized it, so
  /// that a top-up to a cap is one; what slippage adds counts from the fill on.
  Decimal market_allowance;
  /// The journal was once filled from the broker's lists: a call that it does not know may have its order there.
  bool names_used = false;
  std::int64_t follow_ms = 5000;  // between two looks at the price that a stop follows
  std::int64_t retry_ms = 1000;   // until a quote or an instrument that could not be had is asked for again
  std::int32_t retries_max = 5;
};

}  // namespace heed
