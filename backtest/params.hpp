// What a backtest is run with: the live strategy's numbers and limits, and what only the past needs.
#pragma once

#include "core/aggregator.hpp"
#include "core/mention_strategy.hpp"
#include "messages/fields.hpp"
#include "messages/risk.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::backtest {

/// When a call acts: at the open of the first session after its day, or at the first open after it.
enum class Entry : std::uint8_t { next_day_open, next_open };
/// live: the governor's caps of the day, loss pause, drawdown halt, most open positions and cooldown, on the
/// simulated clock. off: none of them.
enum class RiskMode : std::uint8_t { live, off };

/// Fractions are 0..1.
struct Params {
  MentionStrategyConfig strategy;
  core::AggregatorConfig aggregator;
  RiskLimits risk;

  Money capital{100'000};  // > 0
  Symbol benchmark{"SPY"};
  std::optional<Date> from, to;               // sessions, both included
  std::optional<Decimal> default_conviction;  // of calls without one
  Entry entry = Entry::next_day_open;
  RiskMode risk_mode = RiskMode::live;
  bool fractional = false;                          // quantities of four decimals
  Decimal slippage = Decimal::from_units(500'000);  // 0.0005 of the price, on entries, market and stop exits
  Money commission_per_order;
  Money commission_per_share;

  Params() { strategy.enable_trading = true; }
};

/// The rules of the historical engine: no protection, no boost, no limits, a repeated buy only moves the due date,
/// fractional shares, no cap by equity.
void apply_plain_profile(Params& params);

/// Every number that a result depends on, by name, in a fixed order: for the digest, and to be shown.
std::vector<std::pair<std::string, std::string>> describe(const Params& params);

}  // namespace heed::backtest

HEED_ENUM_NAMES(heed::backtest::Entry, "next_day_open", "next_open");
HEED_ENUM_NAMES(heed::backtest::RiskMode, "live", "off");
