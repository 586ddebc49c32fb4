// What the governor of one account remembers: plain data, so that it can be stored, compared and replayed.
#pragma once

#include "messages/risk.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace heed::core {

/// An order that risk knows. Its open part counts at `price` until it is filled or over.
struct RiskOrder {
  StrategyId strategy;
  Symbol symbol;
  Quantity quantity;  // signed by the direction of risk; zero for orders that reserve nothing (closes)
  Price price;
  Decimal multiplier{1};
  Quantity filled;  // >= 0
  Money filled_dollars;
  Date day{};            // whose counters it is in
  bool live = false;     // reserves what is not filled
  bool over = false;     // ended by word of the venue: nothing makes it live again
  bool unknown = false;  // fate not known
  bool rejected = false;
  bool counts_as_trade = false;
  bool unreported = false;  // the broker's buying power does not show it yet
  Instant reserved_at{};
  std::vector<std::int64_t> marks;  // what was told of it, hashed; the newest
  HEED_FIELDS(strategy, symbol, quantity, price, multiplier, filled, filled_dollars, day, live, over, unknown,
              rejected, counts_as_trade, unreported, reserved_at, marks);
  friend bool operator==(const RiskOrder&, const RiskOrder&) = default;

  Quantity open_quantity() const { return live && filled < quantity.abs() ? quantity.abs() - filled : Quantity{}; }
  /// What the open part may cost, at worst case.
  Money open_dollars() const {
    return Decimal::mul(Decimal::mul(open_quantity(), price, Rounding::ceil), multiplier, Rounding::ceil);
  }
};

/// One strategy's part in a symbol.
struct StrategyRisk {
  Quantity held;                 // signed
  std::int32_t live_orders = 0;  // reservations
  HEED_FIELDS(held, live_orders);
  friend bool operator==(const StrategyRisk&, const StrategyRisk&) = default;
};

struct SymbolRisk {
  Quantity quantity;  // held, signed, all strategies
  Money cost;         // of what is held, >= 0
  Money reserved;     // of open parts, at worst case
  std::int32_t live_orders = 0;
  std::int32_t unknown_orders = 0;
  std::map<StrategyId, StrategyRisk> strategies;
  std::optional<Instant> closed_at;      // for the cooldown
  std::optional<Instant> blocked_until;  // blocklist
  HEED_FIELDS(quantity, cost, reserved, live_orders, unknown_orders, strategies, closed_at, blocked_until);
  friend bool operator==(const SymbolRisk&, const SymbolRisk&) = default;

  bool is_open() const { return !quantity.is_zero() || live_orders > 0; }
};

/// Counted from the day's start: what was opened, or still may be.
struct DayCounter {
  std::int32_t trades = 0;
  Money dollars;
  HEED_FIELDS(trades, dollars);
  friend bool operator==(const DayCounter&, const DayCounter&) = default;
};

struct RiskState {
  // account
  bool account_seen = false;
  bool trading_blocked = false;  // by the broker
  Money equity, cash, buying_power;
  Instant account_at{};
  Money starting_equity;
  Money peak_equity;
  Money drawdown_base;  // after a person's resume: what drawdown is measured from; zero: starting equity or peak
  // day, in the market's zone
  Date day{};
  Money day_opening_equity;
  Money loss_base;  // what the day's loss is measured from: the opening, or equity at a person's resume
  Money day_realized;
  DayCounter today;
  std::map<StrategyId, DayCounter> today_by_strategy;
  // latches
  KillLevel kill = KillLevel::none;
  std::vector<Pause> pauses;
  std::int32_t rejects_in_row = 0;
  std::int32_t losses_in_row = 0;
  // exposure
  std::map<Symbol, SymbolRisk> symbols;
  std::map<ClientOrderId, RiskOrder> orders;
  std::vector<ClientOrderId> ended;     // of `orders`, oldest first; bounded
  Money unreported;                     // dollars that the broker's buying power does not show yet
  std::vector<Instant> recent_entries;  // order rate; ascending
  HEED_FIELDS(account_seen, trading_blocked, equity, cash, buying_power, account_at, starting_equity, peak_equity,
              drawdown_base, day, day_opening_equity, loss_base, day_realized, today, today_by_strategy, kill, pauses,
              rejects_in_row, losses_in_row, symbols, orders, ended, unreported, recent_entries);
  friend bool operator==(const RiskState&, const RiskState&) = default;
};

// ---- what changed, for the journal and for people --------------------------------------------------------------

struct PauseStarted {
  static constexpr std::string_view type_name = "pause_started";
  Pause pause;
  HEED_FIELDS(pause);
  friend bool operator==(const PauseStarted&, const PauseStarted&) = default;
};
struct PauseEnded {
  static constexpr std::string_view type_name = "pause_ended";
  Pause pause;
  std::string by;  // "heed" when its time is over
  Instant at{};
  HEED_FIELDS(pause, by, at);
  friend bool operator==(const PauseEnded&, const PauseEnded&) = default;
};
struct KillChanged {
  static constexpr std::string_view type_name = "kill_changed";
  KillLevel from = KillLevel::none;
  KillLevel to = KillLevel::none;
  std::string by;
  Instant at{};
  HEED_FIELDS(from, to, by, at);
  friend bool operator==(const KillChanged&, const KillChanged&) = default;
};
struct TradingDayStarted {
  static constexpr std::string_view type_name = "trading_day_started";
  Date day{};
  Money opening_equity;
  HEED_FIELDS(day, opening_equity);
  friend bool operator==(const TradingDayStarted&, const TradingDayStarted&) = default;
};
struct LimitChange {
  std::string name;
  std::string from;  // empty: none
  std::string to;
  HEED_FIELDS(name, from, to);
  friend bool operator==(const LimitChange&, const LimitChange&) = default;
};
using RiskEffect = std::variant<PauseStarted, PauseEnded, KillChanged, TradingDayStarted>;
using RiskEffects = std::vector<RiskEffect>;

}  // namespace heed::core
