// What a position can be told: calls that were decided, the venue's words, its own timers. core/position.hpp takes
// one at a time.
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
#include <string_view>
#include <variant>
#include <vector>

namespace heed {

/// Sized and granted by risk: make this entry. One lot per intent, or joins the strategy's lot (ScaleIn::average).
struct PlaceEntry {
  static constexpr std::string_view type_name = "place_entry";
  Intent intent;
  ClientOrderId client_order_id;  // the name risk granted
  Quantity quantity;              // > 0, whole lots
  Price reference;                // what percent and tick levels are measured from until the entry fills
  std::optional<Price> stop;      // rounded to the tick, away from the entry
  std::optional<Price> target;
  std::optional<Date> due_session;
  Price worst_price;  // what risk granted it at; zero: not known
  HEED_FIELDS(intent, client_order_id, quantity, reference, stop, target, due_session, worst_price);
};

/// Bring lots to zero, or take `quantity` off them (REDUCE). Empty strategy: everything Heed owns here.
/// `then` opens the other way once flat (REVERSE): it goes back to the shell as EntryWanted, sized anew.
struct CloseLots {
  static constexpr std::string_view type_name = "close_lots";
  Intent intent;  // close, reduce, reverse: signal, reason, who
  StrategyId strategy;
  std::optional<Quantity> quantity;  // absent: all
  std::optional<Intent> then;
  bool include_external = false;  // a person's close may take foreign lots too
  HEED_FIELDS(intent, strategy, quantity, then, include_external);
};

struct ModifyProtection {
  static constexpr std::string_view type_name = "modify_protection";
  Intent intent;
  std::optional<Price> stop;
  std::optional<Price> target;
  HEED_FIELDS(intent, stop, target);
};

/// A roll: the due session becomes the later of the two.
struct ExtendDue {
  static constexpr std::string_view type_name = "extend_due";
  Intent intent;
  Date due{};
  HEED_FIELDS(intent, due);
};

/// The venue refused the submission, with evidence.
struct OrderRefused {
  static constexpr std::string_view type_name = "order_refused";
  ClientOrderId order;
  std::string code, text;
  HEED_FIELDS(order, code, text);
};
/// The fate of a submission (or replace) is not known.
struct OrderInDoubt {
  static constexpr std::string_view type_name = "order_in_doubt";
  ClientOrderId order;
  std::string cause;
  std::string given_up;  // not empty: it is not to be sent again; if it never arrived, it ends refused with this code
  HEED_FIELDS(order, cause, given_up);
};
/// A query by name found nothing. Proof only by the rule of two looks.
struct OrderNotFound {
  static constexpr std::string_view type_name = "order_not_found";
  ClientOrderId order;
  HEED_FIELDS(order);
};
/// The venue would not cancel: usually because the order is already final.
struct CancelRefused {
  static constexpr std::string_view type_name = "cancel_refused";
  ClientOrderId order;
  std::string code, text;
  HEED_FIELDS(order, code, text);
};
/// A cancel whose fate is not known, or a query that failed: ask again later.
struct AskAgain {
  static constexpr std::string_view type_name = "ask_again";
  ClientOrderId order;  // empty: the position query
  std::string cause;
  HEED_FIELDS(order, cause);
};

enum class TimerKind : std::uint8_t {
  partial_grace,
  resolve,
  cancel_confirm,
  close_retry,
  position_query,
  protect_retry
};
/// A timer asked for by ArmTimer is due. Ignored when what it is about is no longer so.
struct TimerDue {
  static constexpr std::string_view type_name = "timer_due";
  TimerKind kind = TimerKind::resolve;
  ClientOrderId order;
  HEED_FIELDS(kind, order);
};

/// First input after a restart, before any other: what may have been sent is resolved, protection verified.
struct Recovered {
  static constexpr std::string_view type_name = "recovered";
  HEED_FIELDS();
};
struct SetBlock {
  static constexpr std::string_view type_name = "set_block";
  Instant until{};
  std::string by;
  HEED_FIELDS(until, by);
};
struct Quarantine {
  static constexpr std::string_view type_name = "quarantine";
  std::string reason;
  std::optional<Quantity> broker = {};  // signed: what it holds, when a difference is the reason
  HEED_FIELDS(reason, broker);
};
struct LiftQuarantine {
  static constexpr std::string_view type_name = "lift_quarantine";
  std::string by;
  bool agreed = false;  // because books and broker agree: ends only what their difference began
  HEED_FIELDS(by, agreed);
};
/// The broker holds more or other than our lots say, and the names do not explain it: kept as the lot of `external`.
struct ExternalChange {
  static constexpr std::string_view type_name = "external_change";
  Quantity quantity;  // signed: what is not ours
  Price avg_px;
  HEED_FIELDS(quantity, avg_px);
};
/// A person takes over what the broker holds here besides our lots, or a part of it: it becomes a lot of the intent's
/// strategy, protected by the intent's levels.
struct AdoptExternal {
  static constexpr std::string_view type_name = "adopt_external";
  Intent intent;     // ADOPT: strategy; side: buy for what is held long; size ALL or a quantity; protection
  Quantity broker;   // signed: what the broker holds in the symbol, just asked
  Price avg_px;      // of that
  Price last_price;  // now, > 0: no level may be past it
  std::optional<Date> due_session;
  std::vector<OrderReport> foreign;  // somebody else's orders at work in this symbol
  HEED_FIELDS(intent, broker, avg_px, last_price, due_session, foreign);
};
/// The broker's average of what is held is not ours, though the quantity is: its own counts. It may reckon anew
/// overnight, or have seen fills in another order than we heard of them.
struct AverageTold {
  static constexpr std::string_view type_name = "average_told";
  Quantity quantity;  // signed: what it is the average of
  Price avg_px;
  HEED_FIELDS(quantity, avg_px);
};
/// The price of the symbol now: a trailing stop follows it.
struct PriceSeen {
  static constexpr std::string_view type_name = "price_seen";
  Price last;  // > 0
  HEED_FIELDS(last);
};
/// What a strategy would do with a position of its own that nobody remembers: its levels, and how long it holds.
struct StrategyTerms {
  StrategyId strategy;
  ProtectionSpec protection;
  std::int32_t hold_sessions = 0;  // zero: not by date
  HEED_FIELDS(strategy, protection, hold_sessions);
};
/// The journal is lost: what the broker holds and lists under Heed's names becomes Heed's again. Taken only by a
/// position that knows nothing yet.
struct RebuildOwnership {
  static constexpr std::string_view type_name = "rebuild_ownership";
  Quantity broker;  // signed: what the broker holds in the symbol
  Price avg_px;
  std::vector<OrderReport> orders;        // under our names, as the broker lists them: oldest first
  std::vector<StrategyTerms> strategies;  // those that trade here; names of others are not ours to manage
  HEED_FIELDS(broker, avg_px, orders, strategies);
};
/// Kill switch: take away working entries, leave protection.
struct CancelEntries {
  static constexpr std::string_view type_name = "cancel_entries";
  std::string by;
  HEED_FIELDS(by);
};

using PositionInput = std::variant<PlaceEntry, CloseLots, ModifyProtection, ExtendDue, OrderReport, OrderRefused,
                                   OrderInDoubt, OrderNotFound, CancelRefused, AskAgain, PositionReport, TimerDue,
                                   Recovered, SetBlock, Quarantine, LiftQuarantine, ExternalChange, AdoptExternal,
                                   AverageTold, CancelEntries, RebuildOwnership, PriceSeen>;

}  // namespace heed

HEED_ENUM_NAMES(heed::TimerKind, "partial_grace", "resolve", "cancel_confirm", "close_retry", "position_query",
                "protect_retry");
