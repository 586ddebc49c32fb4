// What a backtest gives: each call's end, each trade, and equity by session.
#pragma once

#include "backtest/calls.hpp"
#include "backtest/params.hpp"
#include "messages/disposition.hpp"
#include "messages/intent.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace heed::backtest {

/// How a call ended; the names are those of live dispositions. `outside` is the backtest's own: the call acts in no
/// session of the run. A repeated buy that only moves the due session is `filled`, as live.
enum class Outcome : std::uint8_t {
  outside,
  filled,
  closed,
  invalid_conviction,
  invalid_protection,
  ui_only,
  not_held,
  avoid_keeps_longs,
  no_data,
  no_price,
  paused,
  low_conviction,
  intraday_horizon,
  too_old,
  blocklisted,
  already_held,
  at_ticker_cap,
  below_min_trade,
  price_above_size,
  insufficient_cash,
  daily_trades,
  daily_alloc,
  max_open,
  cooldown
};

/// A lot, from its entry to its exit. Dates are sessions.
struct Trade {
  std::uint32_t call = 0;  // index into the calls
  std::int32_t entry_session = 0;
  std::int32_t exit_session = 0;  // of Run::sessions
  Quantity quantity;
  Price entry_price, exit_price;  // with slippage
  Money commission;               // of both
  CloseReason reason = CloseReason::time_exit;

  Money cost() const { return quantity * entry_price; }
  Money pnl() const { return quantity * (exit_price - entry_price) - commission; }
  /// Of the cost; 5.0 is five percent. For showing and for metrics.
  double pnl_pct() const { return 100.0 * static_cast<double>(pnl().units()) / static_cast<double>(cost().units()); }
  std::int32_t holding_sessions() const { return exit_session - entry_session; }
  friend bool operator==(const Trade&, const Trade&) = default;
};

struct Run {
  std::vector<std::int32_t> sessions;  // days since 1970-01-01
  std::vector<Money> equity;           // after each session; the last one after everything is closed
  std::vector<Money> invested;         // value of what is held after each session, before the final closing
  std::vector<Money> bought;           // dollars of entries in each session
  std::vector<Price> benchmark;        // its closes
  std::vector<Trade> trades;           // in the order of entry
  std::vector<Outcome> outcomes;       // of each call
  std::size_t bars_seen = 0;           // bars of held positions that were looked at

  friend bool operator==(const Run&, const Run&) = default;
};

/// How many calls ended how; those that occur, by name.
std::map<std::string, std::size_t> count_dispositions(const std::vector<Outcome>& outcomes);

}  // namespace heed::backtest

HEED_ENUM_NAMES(heed::backtest::Outcome, "outside", "filled", "closed", "invalid:conviction", "invalid:protection",
                "no_op:ui_only", "no_op:not_held", "no_op:avoid_keeps_longs", "no_op:no_data", "no_op:no_price",
                "no_op:paused", "no_op:low_conviction", "no_op:intraday_horizon", "no_op:too_old",
                "no_op:blocklisted", "no_op:already_held", "no_op:at_ticker_cap", "no_op:below_min_trade",
                "no_op:price_above_size", "no_op:insufficient_cash", "risk_denied:daily_trades",
                "risk_denied:daily_alloc", "risk_denied:max_open", "risk_denied:cooldown");
