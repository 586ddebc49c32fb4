// The vocabulary of risk: limits, the governor's question and answer, pauses and the kill switch.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/intent.hpp"
#include "messages/order.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heed {

/// Defaults are spec'd for a small account. Fractions are 0..1. Zero or empty switches a limit off only where said.
struct RiskLimits {
  std::int32_t trades_per_day_account = 10;
  std::int32_t trades_per_day_strategy = 5;
  Money dollars_per_day_account{20'000};
  Money dollars_per_day_strategy{15'000};
  Money position_dollars_max{7'500};                                       // per symbol
  Decimal position_equity_fraction_max = Decimal::from_units(75'000'000);  // 0.075; zero: off
  std::int32_t open_positions_max = 20;                                    // symbols held or pending
  std::int32_t open_positions_per_symbol_max = 1;                          // strategies in one symbol
  std::int64_t cooldown_seconds = 0;                                       // after a close, per symbol; 0: off
  Decimal daily_loss_fraction = Decimal::from_units(30'000'000);           // 0.03 of the day's opening equity
  std::int64_t daily_loss_pause_seconds = 86'400;
  Decimal drawdown_equity_fraction = Decimal::from_units(800'000'000);  // halt under 0.80 ...
  bool drawdown_from_peak = false;                                      // ... of starting equity, or of its peak
  Money order_dollars_max{25'000};
  std::optional<Quantity> order_quantity_max;
  Decimal price_deviation_fraction_max = Decimal::from_units(100'000'000);  // 0.10 from the last price
  std::int32_t orders_per_second = 10;
  std::int32_t orders_per_minute = 60;
  std::int32_t rejects_in_row = 5;
  std::int32_t losses_in_row = 0;           // 0: off
  std::optional<Money> gross_exposure_max;  // empty: the broker's
  std::optional<Money> net_exposure_max;
  std::int64_t quote_age_seconds_max = 30;
  HEED_FIELDS(trades_per_day_account, trades_per_day_strategy, dollars_per_day_account, dollars_per_day_strategy,
              position_dollars_max, position_equity_fraction_max, open_positions_max, open_positions_per_symbol_max,
              cooldown_seconds, daily_loss_fraction, daily_loss_pause_seconds, drawdown_equity_fraction,
              drawdown_from_peak, order_dollars_max, order_quantity_max, price_deviation_fraction_max,
              orders_per_second, orders_per_minute, rejects_in_row, losses_in_row, gross_exposure_max,
              net_exposure_max, quote_age_seconds_max);
  friend bool operator==(const RiskLimits&, const RiskLimits&) = default;
};

enum class LimitName : std::uint8_t {
  daily_trades,
  daily_alloc,
  max_position,
  max_open,
  cooldown,
  daily_loss,
  drawdown,
  order_limits,
  order_rate,
  rejects,
  losses,
  buying_power,
  exposure,
  stale_price,
  market_closed,
  blocklisted,
  paused,
  unknown_order,
  not_reconciled
};

enum class KillLevel : std::uint8_t { none, stop_opening, cancel_open_orders, flatten };

/// A pause or halt. Empty strategy and symbol: the whole account. No `until`: until a person resumes.
struct Pause {
  AccountId account;
  StrategyId strategy;
  Symbol symbol;
  std::string cause;  // a limit's name, or "manual", "kill:flatten", "quarantine"
  std::string detail;
  std::string by;  // "heed" or the person
  Instant since{};
  std::optional<Instant> until;
  HEED_FIELDS(account, strategy, symbol, cause, detail, by, since, until);
  friend bool operator==(const Pause&, const Pause&) = default;
};

/// What the governor knows of its account, for the strategy to size with.
struct AccountSnapshot {
  AccountId account;
  bool known = false;  // an account report and a reconcile have been seen; nothing is sized before
  Money equity;
  Money cash;
  Money buying_power;
  Money day_opening_equity;
  Money day_realized;
  std::int32_t open_positions = 0;
  KillLevel kill = KillLevel::none;
  std::vector<Pause> pauses;
  HEED_FIELDS(account, known, equity, cash, buying_power, day_opening_equity, day_realized, open_positions, kill,
              pauses);
};

/// Question: may this order add risk now? A yes is a reservation under the order's name.
struct ReserveRisk {
  ClientOrderId order;
  IntentId intent;
  AccountId account;
  StrategyId strategy;
  Symbol symbol;
  Side side = Side::buy;
  Quantity quantity;
  Price price;       // worst case the order may fill at (limit, or quote with the market allowance)
  Price last_price;  // for the fat-finger check
  Instant quote_at{};
  Decimal multiplier{1};
  Money cost_held;  // as the position knows it: what is held, of all strategies, and entries at work
  bool session_open = true;
  HEED_FIELDS(order, intent, account, strategy, symbol, side, quantity, price, last_price, quote_at, multiplier,
              cost_held, session_open);
};

struct RiskAnswer {
  ClientOrderId order;
  bool granted = false;
  LimitName limit = LimitName::daily_trades;  // when denied
  std::string reason;                         // values: "trades today 10 >= 10"
  HEED_FIELDS(order, granted, limit, reason);
};

enum class RiskFactKind : std::uint8_t {
  reserved,  // an entry is at work (replayed at start; live, the reservation itself says it)
  filled,    // quantity moved from reservation to exposure
  released,  // entry ended; what was not filled no longer counts
  unknown,   // fate unknown: counts at worst case
  resolved,  // fate known again
  closed,    // exposure of a symbol shrank, or changed without an order; quantity zero: only money was corrected
  rejected,  // the venue refused an order
  restarted  // the symbol's position goes on from the journal: reservations that it does not name anew were never
             // placed
};

/// Told by a position to its governor, after each change that matters to risk.
struct RiskFact {
  RiskFactKind kind = RiskFactKind::reserved;
  AccountId account;
  StrategyId strategy;
  Symbol symbol;
  ClientOrderId order;  // of a change that no order made: the lot's id
  Quantity quantity;    // of this change (filled, closed), or of the order (reserved); signed by direction of risk
  Price price;
  Decimal multiplier{1};
  Money realized;            // with filled (its fee) and closed: net of fees
  Quantity position_after;   // signed, whole symbol
  Money cost_after;          // cost basis of the whole symbol after, >= 0
  bool trade_ended = false;  // with closed: a lot reached zero
  Money trade_realized;      // of the lot so far; with trade_ended: of the whole trade
  IntentId lot;              // with filled, closed: whose; facts of one fill that closes several lots differ by it
  std::int64_t step = 0;  // of the position, when it told this: what happens again while a clock stands still differs
  Instant at{};
  HEED_FIELDS(kind, account, strategy, symbol, order, quantity, price, multiplier, realized, position_after,
              cost_after, trade_ended, trade_realized, lot, step, at);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::LimitName, "daily_trades", "daily_alloc", "max_position", "max_open", "cooldown", "daily_loss",
                "drawdown", "order_limits", "order_rate", "rejects", "losses", "buying_power", "exposure",
                "stale_price", "market_closed", "blocklisted", "paused", "unknown_order", "not_reconciled");
HEED_ENUM_NAMES(heed::KillLevel, "none", "stop_opening", "cancel_open_orders", "flatten");
HEED_ENUM_NAMES(heed::RiskFactKind, "reserved", "filled", "released", "unknown", "resolved", "closed", "rejected",
                "restarted");
