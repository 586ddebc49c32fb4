// Orders: what Heed asks of a venue, and what a venue says of an order.
//
// Words are FIX's. `rejected` is the venue's no; Heed's own no is `denied` and never becomes an order.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heed {

enum class Side : std::uint8_t { buy, sell };
constexpr Side opposite(Side s) { return s == Side::buy ? Side::sell : Side::buy; }
constexpr int sign(Side s) { return s == Side::buy ? 1 : -1; }

enum class OrderType : std::uint8_t { market, limit, stop, stop_limit };
enum class TimeInForce : std::uint8_t { day, gtc, ioc, fok, opg, cls };

/// What an order is for. Part of its name (see core/naming.hpp), so that the broker's history alone tells.
enum class Leg : std::uint8_t { entry, take_profit, stop_loss, close };

/// Life cycle; the legal moves are the table in core/order.hpp.
enum class OrderStatus : std::uint8_t {
  initialized,       // journaled, not yet known to have been sent
  submitted,         // handed to the venue, no answer yet (FIX PendingNew)
  accepted,          // working at the venue (FIX New)
  held,              // a contingent leg that waits for its parent or sibling; counts as working
  partially_filled,  // working, cum_qty > 0
  pending_cancel,    // cancel asked for; may still fill
  pending_replace,   // replace asked for; may still fill
  unknown,           // the venue has not told the fate of it; only evidence leads out
  filled,            // terminal from here on
  canceled,
  expired,
  rejected,
  replaced
};
constexpr bool is_terminal(OrderStatus s) { return s >= OrderStatus::filled; }

/// A contingent exit that travels with a bracket entry.
struct AttachedExit {
  ClientOrderId client_order_id;  // ours; a venue that names legs itself never sees it, its adapter maps it
  Price price;                    // limit of a take-profit, trigger of a stop-loss
  HEED_FIELDS(client_order_id, price);
  friend bool operator==(const AttachedExit&, const AttachedExit&) = default;
};

/// Command: exactly this order, under exactly this name. Sending it again is safe: the name is the identity.
struct SubmitOrder {
  ClientOrderId client_order_id;
  AccountId account;
  Symbol symbol;
  Side side = Side::buy;
  Leg leg = Leg::entry;
  OrderType type = OrderType::market;
  TimeInForce time_in_force = TimeInForce::day;
  Quantity quantity;                        // > 0
  std::optional<Price> limit_price;         // limit, stop_limit
  std::optional<Price> stop_price;          // stop, stop_limit
  std::optional<AttachedExit> take_profit;  // both set: native bracket
  std::optional<AttachedExit> stop_loss;
  bool oco = false;          // this order is the take-profit (limit) of a native OCO pair; stop_loss is the other
  bool reduce_only = false;  // may only shrink the position
  HEED_FIELDS(client_order_id, account, symbol, side, leg, type, time_in_force, quantity, limit_price, stop_price,
              take_profit, stop_loss, oco, reduce_only);
  friend bool operator==(const SubmitOrder&, const SubmitOrder&) = default;
};

/// Command: take this order away. The answer is a report that says `canceled`, never the call's own success.
struct CancelOrder {
  ClientOrderId client_order_id;
  VenueOrderId venue_order_id;  // empty when not known
  AccountId account;
  Symbol symbol;
  HEED_FIELDS(client_order_id, venue_order_id, account, symbol);
  friend bool operator==(const CancelOrder&, const CancelOrder&) = default;
};

/// Command: the working order gets new terms under a new name; the old one ends as `replaced`.
struct ReplaceOrder {
  ClientOrderId client_order_id;  // the working order
  VenueOrderId venue_order_id;
  ClientOrderId new_client_order_id;
  AccountId account;
  Symbol symbol;
  std::optional<Quantity> quantity;  // as FIX's OrderQty: what the old one has filled counts in
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  HEED_FIELDS(client_order_id, venue_order_id, new_client_order_id, account, symbol, quantity, limit_price,
              stop_price);
  friend bool operator==(const ReplaceOrder&, const ReplaceOrder&) = default;
};

/// One execution (a fill). `execution_id` is the venue's; where it has none the adapter derives one from
/// (order, cumulative quantity), so that the same execution always has the same id.
struct Execution {
  ExecutionId execution_id;
  Quantity last_qty;  // > 0
  Price last_px;
  Money fee;
  Instant at{};
  HEED_FIELDS(execution_id, last_qty, last_px, fee, at);
  friend bool operator==(const Execution&, const Execution&) = default;
};

/// The venue's statement about one order, from stream, answer or query. Idempotent: any report may come twice,
/// late, or in another order than it happened.
struct OrderReport {
  ClientOrderId client_order_id;  // ours (for legs too); for foreign orders the venue's own text
  VenueOrderId venue_order_id;
  AccountId account;
  Symbol symbol;
  Side side = Side::buy;
  Leg leg = Leg::entry;
  bool ours = true;  // the name is one of ours
  OrderType type = OrderType::market;
  OrderStatus status = OrderStatus::accepted;
  Quantity quantity;
  Quantity cum_qty;             // filled so far, all executions
  std::optional<Price> avg_px;  // of what is filled
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  std::optional<Execution> execution;  // when the report is about one fill
  std::string reject_code;             // with status rejected
  std::string text;                    // the venue's words
  ClientOrderId replaced_by;           // with status replaced, when known
  Instant at{};                        // venue time
  VenueOrderId parent;                 // that it came to the venue with, as a leg; empty: none, or not told
  Instant created_at{};                // when it came to the venue; zero: not told
  HEED_FIELDS(client_order_id, venue_order_id, account, symbol, side, leg, ours, type, status, quantity, cum_qty,
              avg_px, limit_price, stop_price, execution, reject_code, text, replaced_by, at, parent, created_at);
};

/// The venue's statement about what it holds for one symbol.
struct PositionReport {
  AccountId account;
  Symbol symbol;
  Quantity quantity;  // signed; zero is the venue's word "flat"
  Price avg_px;
  Quantity available;  // not held by open orders; >= 0
  Instant at{};
  HEED_FIELDS(account, symbol, quantity, avg_px, available, at);
};

/// The venue's statement about the account.
struct AccountReport {
  AccountId account;
  Money equity;
  Money cash;
  Money buying_power;
  Money last_equity;  // at the previous session's close
  bool trading_blocked = false;
  bool shorting_enabled = false;
  Instant at{};
  HEED_FIELDS(account, equity, cash, buying_power, last_equity, trading_blocked, shorting_enabled, at);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::Side, "buy", "sell");
HEED_ENUM_NAMES(heed::OrderType, "market", "limit", "stop", "stop_limit");
HEED_ENUM_NAMES(heed::TimeInForce, "day", "gtc", "ioc", "fok", "opg", "cls");
HEED_ENUM_NAMES(heed::Leg, "entry", "take_profit", "stop_loss", "close");
HEED_ENUM_NAMES(heed::OrderStatus, "initialized", "submitted", "accepted", "held", "partially_filled",
                "pending_cancel", "pending_replace", "unknown", "filled", "canceled", "expired", "rejected",
                "replaced");
