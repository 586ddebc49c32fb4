// The facts that change a position. Journaled as JSON under their type_name: names and meanings are permanent, fields
// may be added. evolve() in core/position.hpp applies them; each carries its results, so that applying is adding.
#pragma once

#include "core/position_state.hpp"

namespace heed::core {

/// A lot stands ready for its first fill (or, as stray, for an over-fill).
struct LotOpened {
  static constexpr std::string_view type_name = "lot_opened";
  Lot lot;
  std::optional<ContractTerms> terms;  // where they were not known, or have changed since it was flat
  HEED_FIELDS(lot, terms);
};
/// A lot whose entry ended without a fill.
struct LotDropped {
  static constexpr std::string_view type_name = "lot_dropped";
  IntentId lot;
  HEED_FIELDS(lot);
};
/// Comes before the submission (or replace) it stands for.
struct OrderPlanned {
  static constexpr std::string_view type_name = "order_planned";
  WorkingOrder order;
  HEED_FIELDS(order);
};
/// What is known of an order after news of it. `assumed`: concluded by us, not told by a report.
struct OrderChanged {
  static constexpr std::string_view type_name = "order_changed";
  ClientOrderId order;
  VenueOrderId venue_order_id;
  OrderStatus status = OrderStatus::accepted;
  Quantity cum_qty;
  std::optional<Price> avg_px;
  std::string reject_code;
  std::string text;
  bool assumed = false;
  Instant at{};
  HEED_FIELDS(order, venue_order_id, status, cum_qty, avg_px, reject_code, text, assumed, at);
};

/// What one fill does to one lot. Sums are signed changes of the lot's fields of like name.
struct FillPart {
  IntentId lot;
  bool entry = false;
  Quantity quantity;  // > 0; zero where only money moves (FIFO, corrections)
  Money entry_value;
  Money exit_value;
  Money cost;
  Money fee;
  Money realized;
  HEED_FIELDS(lot, entry, quantity, entry_value, exit_value, cost, fee, realized);
};
struct FillBooked {
  static constexpr std::string_view type_name = "fill_booked";
  ClientOrderId order;
  ExecutionId execution_id;
  Quantity quantity;
  Price price;
  Money fee;
  Money value;            // price * quantity * multiplier
  bool inferred = false;  // from the growth of cum_qty
  CloseReason reason = CloseReason::none;
  std::string subreason;
  Instant at{};
  std::vector<FillPart> parts;
  Money cost;  // change of the symbol's, as a whole
  Money realized;
  HEED_FIELDS(order, execution_id, quantity, price, fee, value, inferred, reason, subreason, at, parts, cost,
              realized);
};
/// An execution of what had been inferred. `parts` correct the price and the fee; quantities stay.
struct FillExplained {
  static constexpr std::string_view type_name = "fill_explained";
  ClientOrderId order;
  ExecutionId execution_id;
  Quantity quantity;
  Price price;
  Money fee;
  Money value_change;
  Instant at{};
  std::vector<FillPart> parts;
  Money cost;  // change of the symbol's, as a whole
  Money realized;
  std::optional<Money> rest_value;  // of what stays inferred, when that changes
  HEED_FIELDS(order, execution_id, quantity, price, fee, value_change, at, parts, cost, realized, rest_value);
};

/// An over-fill turns out to have been the exit of shares whose entry was told later: the two lots cancel each other
/// at the over-fill's price.
struct LotsNetted {
  static constexpr std::string_view type_name = "lots_netted";
  IntentId stray;
  IntentId lot;
  Quantity quantity;
  Money value;
  Instant at{};
  std::vector<FillPart> parts;
  HEED_FIELDS(stray, lot, quantity, value, at, parts);
};

/// The order is not wanted any more. The cancel goes out once the venue is known to have it.
struct CancelWanted {
  static constexpr std::string_view type_name = "cancel_wanted";
  ClientOrderId order;
  std::string why;
  HEED_FIELDS(order, why);
};
struct CancelAsked {
  static constexpr std::string_view type_name = "cancel_asked";
  ClientOrderId order;
  Instant at{};
  Instant next{};  // when to look after it
  HEED_FIELDS(order, at, next);
};
/// A query by name found nothing.
struct OrderLooked {
  static constexpr std::string_view type_name = "order_looked";
  ClientOrderId order;
  Instant at{};
  HEED_FIELDS(order, at);
};
/// The looks prove absence; the broker's position is asked as the last witness.
struct AbsenceChecked {
  static constexpr std::string_view type_name = "absence_checked";
  ClientOrderId order;
  bool begun = true;  // false: the position did not agree, look again
  HEED_FIELDS(order, begun);
};
/// One more time that the order's fate was asked for.
struct ResolveAsked {
  static constexpr std::string_view type_name = "resolve_asked";
  ClientOrderId order;
  Instant next{};  // when to ask again
  HEED_FIELDS(order, next);
};
/// Proven absent, still wanted: sent again, same name, same content.
struct OrderResent {
  static constexpr std::string_view type_name = "order_resent";
  ClientOrderId order;
  Instant at{};
  HEED_FIELDS(order, at);
};
struct GraceStarted {
  static constexpr std::string_view type_name = "grace_started";
  ClientOrderId order;
  HEED_FIELDS(order);
};

struct LevelsChanged {
  static constexpr std::string_view type_name = "levels_changed";
  IntentId lot;
  std::optional<Price> stop;
  std::optional<Price> target;
  ProtectionSpec protection;
  HEED_FIELDS(lot, stop, target, protection);
};
struct DueChanged {
  static constexpr std::string_view type_name = "due_changed";
  IntentId lot;
  Date due{};
  HEED_FIELDS(lot, due);
};
/// The venue refused an exit: wait, then try again.
struct ProtectionRefused {
  static constexpr std::string_view type_name = "protection_refused";
  IntentId lot;
  ClientOrderId order;
  HEED_FIELDS(lot, order);
};
/// An exit was cancelled, or ended early, and not by us: it is placed again, after a while when that goes on.
struct ExitTakenAway {
  static constexpr std::string_view type_name = "exit_taken_away";
  IntentId lot;
  ClientOrderId order;
  std::int32_t times = 1;  // in a short while
  bool wait = false;
  Instant at{};
  HEED_FIELDS(lot, order, times, wait, at);
};
struct ProtectionDue {
  static constexpr std::string_view type_name = "protection_due";
  IntentId lot;
  HEED_FIELDS(lot);
};
/// Empty `since`: all that is held is protected at the venue again.
struct NakedChanged {
  static constexpr std::string_view type_name = "naked_changed";
  IntentId lot;
  std::optional<Instant> since;
  HEED_FIELDS(lot, since);
};

struct CloseStarted {
  static constexpr std::string_view type_name = "close_started";
  ClosePlan plan;
  HEED_FIELDS(plan);
};
/// Waits behind the close under way.
struct CloseQueued {
  static constexpr std::string_view type_name = "close_queued";
  ClosePlan plan;
  HEED_FIELDS(plan);
};
struct CloseAdvanced {
  static constexpr std::string_view type_name = "close_advanced";
  CloseStage stage = CloseStage::confirming;
  HEED_FIELDS(stage);
};
/// The broker's position is being asked for.
struct PositionAsked {
  static constexpr std::string_view type_name = "position_asked";
  Instant next{};  // when to ask again
  HEED_FIELDS(next);
};
/// It was told, and our lots do not explain it.
struct MismatchSeen {
  static constexpr std::string_view type_name = "mismatch_seen";
  Quantity books;
  Quantity broker;
  HEED_FIELDS(books, broker);
};
/// A close order ended short: protection comes back until the retry.
struct ClosePaused {
  static constexpr std::string_view type_name = "close_paused";
  std::string why;
  HEED_FIELDS(why);
};
struct CloseResumed {
  static constexpr std::string_view type_name = "close_resumed";
  HEED_FIELDS();
};
/// `outcome`: "closed", "flat", "mismatch".
struct CloseEnded {
  static constexpr std::string_view type_name = "close_ended";
  std::string outcome;
  Instant at{};
  HEED_FIELDS(outcome, at);
};

/// A lot reached zero with nothing left that could fill it again.
struct TradeClosed {
  static constexpr std::string_view type_name = "trade_closed";
  IntentId lot;
  CloseReason reason = CloseReason::none;
  std::string subreason;
  Money pnl;
  Instant at{};
  HEED_FIELDS(lot, reason, subreason, pnl, at);
};
/// Flat and clean: history that no late report needs is let go.
struct Settled {
  static constexpr std::string_view type_name = "settled";
  HEED_FIELDS();
};

/// Held on, with a long past: exits and closes of it that filled nothing are let go.
struct PastDropped {
  static constexpr std::string_view type_name = "past_dropped";
  HEED_FIELDS();
};

struct BlockChanged {
  static constexpr std::string_view type_name = "block_changed";
  Instant until{};
  std::string by;
  HEED_FIELDS(until, by);
};
struct QuarantineStarted {
  static constexpr std::string_view type_name = "quarantine_started";
  std::string reason;
  std::optional<Quantity> broker;  // what it holds, when that is the reason
  HEED_FIELDS(reason, broker);
};
struct QuarantineLifted {
  static constexpr std::string_view type_name = "quarantine_lifted";
  std::string by;
  HEED_FIELDS(by);
};
/// What is held besides our own lots, as a whole.
struct ExternalChanged {
  static constexpr std::string_view type_name = "external_changed";
  IntentId lot;
  Quantity quantity;
  Money cost;
  Money symbol_cost;  // of all that is held here from now on
  Instant at{};
  std::optional<ContractTerms> terms;  // as of LotOpened
  HEED_FIELDS(lot, quantity, cost, symbol_cost, at, terms);
};

/// A person took shares over from the lot of `external`: a lot of Heed's own, at their cost there.
struct LotAdopted {
  static constexpr std::string_view type_name = "lot_adopted";
  Lot lot;
  IntentId from;  // the lot of `external`
  HEED_FIELDS(lot, from);
};

/// The journal was lost: lots and orders as the broker's lists and the names of our orders tell them.
struct OwnershipRebuilt {
  static constexpr std::string_view type_name = "ownership_rebuilt";
  std::vector<Lot> lots;
  std::vector<WorkingOrder> orders;
  std::vector<ClosePlan> closes;  // at most one: of a close order that is at work
  Money cost;                     // of the symbol, as a whole
  std::optional<ContractTerms> terms;
  HEED_FIELDS(lots, orders, closes, cost, terms);
};

/// The broker's own average of what is held is taken over; what it holds dearer it has gained elsewhere.
struct AverageChanged {
  static constexpr std::string_view type_name = "average_changed";
  Money cost;  // changes of the symbol's, as a whole
  Money realized;
  HEED_FIELDS(cost, realized);
};

using PositionEvent =
  std::variant<LotOpened, LotDropped, OrderPlanned, OrderChanged, FillBooked, FillExplained, LotsNetted, CancelWanted,
               CancelAsked, OrderLooked, AbsenceChecked, ResolveAsked, OrderResent, GraceStarted, LevelsChanged,
               DueChanged, ProtectionRefused, ExitTakenAway, ProtectionDue, NakedChanged, CloseStarted, CloseQueued,
               CloseAdvanced, PositionAsked, MismatchSeen, ClosePaused, CloseResumed, CloseEnded, TradeClosed,
               Settled, BlockChanged, QuarantineStarted, QuarantineLifted, ExternalChanged, LotAdopted,
               OwnershipRebuilt, AverageChanged, PastDropped>;

}  // namespace heed::core
