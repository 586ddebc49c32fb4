// The position machine: sole owner of one (account, symbol). Pure: no clock, no I/O, no chance.
//
//   Flat ──PlaceEntry──▶ Opening ──fills──▶ Open ──CloseLots──▶ Closing ──fills──▶ Flat      Quarantined: any, until
//   lifted
//
// step() takes one input and gives events (facts to journal; evolve() applies them) and effects (what the shell must
// do once the events are durable). After every input the machine pursues what the state calls for: exits gone before
// a close, protection for what is held, no exit without a position. Because actions follow from state, any order of
// reports ends in the same place. Reports may come twice, late, or never.
#pragma once

#include "core/position_events.hpp"
#include "core/position_state.hpp"
#include "messages/market.hpp"
#include "messages/records.hpp"
#include "messages/venue_capabilities.hpp"

#include <variant>
#include <vector>

namespace heed::core {

class MarketCalendar;

// ---- inputs -----------------------------------------------------------------------------------------------------

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
  HEED_FIELDS(intent, client_order_id, quantity, reference, stop, target, due_session);
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
  HEED_FIELDS(order, cause);
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
  HEED_FIELDS(reason);
};
struct LiftQuarantine {
  static constexpr std::string_view type_name = "lift_quarantine";
  std::string by;
  HEED_FIELDS(by);
};
/// The broker holds more or other than our lots say, and the names do not explain it: kept as the lot of `external`.
struct ExternalChange {
  static constexpr std::string_view type_name = "external_change";
  Quantity quantity;  // signed: what is not ours
  Price avg_px;
  HEED_FIELDS(quantity, avg_px);
};
/// Kill switch: take away working entries, leave protection.
struct CancelEntries {
  static constexpr std::string_view type_name = "cancel_entries";
  std::string by;
  HEED_FIELDS(by);
};

using PositionInput = std::variant<PlaceEntry, CloseLots, ModifyProtection, ExtendDue, OrderReport, OrderRefused,
                                   OrderInDoubt, OrderNotFound, CancelRefused, AskAgain, PositionReport, TimerDue,
                                   Recovered, SetBlock, Quarantine, LiftQuarantine, ExternalChange, CancelEntries>;

// ---- effects, in the order they must be performed, after the events are durable
// ------------------------------------

struct SubmitDurably {
  SubmitOrder order;
};
struct CancelDurably {
  CancelOrder order;
};
struct ReplaceDurably {
  ReplaceOrder order;
};
struct QueryOrder {
  ClientOrderId order;
  VenueOrderId venue_order_id;
};
struct QueryPosition {};
struct ArmTimer {
  TimerKind kind = TimerKind::resolve;
  ClientOrderId order;
  Duration delay{};
};
struct TellRisk {
  RiskFact fact;
};
/// REVERSE: the position is flat; size and decide this intent now.
struct EntryWanted {
  Intent intent;
};
enum class AlertLevel : std::uint8_t { info, warning, critical };
/// For logs, metrics and people; `code` is stable ("FILL_AFTER_CANCEL", "NAKED_POSITION", ...).
struct RaiseAlert {
  AlertLevel level = AlertLevel::warning;
  std::string code;
  std::string text;
};

using PositionEffect = std::variant<SubmitDurably, CancelDurably, ReplaceDurably, QueryOrder, QueryPosition, ArmTimer,
                                    TellRisk, EntryWanted, RaiseAlert>;

// ---- the step -----------------------------------------------------------------------------------------------------

/// Delays and rules from the configuration.
struct PositionPolicy {
  VenueCapabilities venue;
  Duration partial_grace = std::chrono::seconds{5};
  Duration resolve_grace = std::chrono::seconds{2};  // least time between two looks that prove absence
  Duration resolve_backoff_first = std::chrono::milliseconds{250};
  Duration resolve_backoff_max = std::chrono::seconds{30};
  Duration cancel_confirm = std::chrono::seconds{2};  // then ask the order's state
  Duration close_retry = std::chrono::seconds{5};     // after a refused close
  std::int32_t max_adds = 0;                          // ScaleIn::average; 0: no bound
  bool fifo = false;                                  // P&L over lots of one strategy; default average
  bool stop_follows_average = false;                  // ScaleIn::average: else the first stop is kept
  Duration protect_retry = std::chrono::seconds{1};   // after a refused exit, doubled each time up to a minute
  std::int32_t protect_tries = 4;                     // refusals in a row, then the lot is closed at market
};

struct StepContext {
  Instant now{};
  Date session{};  // trading date (the running or next session)
  bool market_open = true;
  Instrument instrument;  // tick, multiplier
  const PositionPolicy* policy = nullptr;
  const MarketCalendar* calendar = nullptr;  // how long a trade was held; null: weekdays count
};

/// Reused by the caller: cleared by step(), keeps its capacity.
struct Step {
  std::vector<PositionEvent> events;
  std::vector<PositionEffect> effects;
  std::vector<Row> rows;  // intents, orders, fills, trades, decisions, blocks that changed (not the PositionRow)
  Disposition answer;     // to a call (PlaceEntry, CloseLots, ...): how the decision stands now
  std::string reason;     // values behind it
  void clear();
};

/// Total: every (state, input) pair is handled. `state` is changed in place, exactly as evolve() over the events
/// would.
void step(PositionState& state, const PositionInput& input, const StepContext& context, Step& out);

/// Applies one journaled fact. step() uses nothing else to change state.
void evolve(PositionState& state, const PositionEvent& event);

/// Aborts with a message when the state breaks a rule of its own (sums, signs, exits above what is held).
void check_invariants(const PositionState& state);

// ---- views --------------------------------------------------------------------------------------------------------

enum class Phase : std::uint8_t { flat, opening, open, closing, quarantined };
Phase phase(const PositionState& state);
/// Everything but `state` (the JSON), which the shell fills in.
PositionRow to_row(const PositionState& state, const StepContext& context);
/// What our lots hold without `external`, and with it.
Quantity owned_quantity(const PositionState& state);
Quantity net_quantity(const PositionState& state);
/// Held without resting protection although protection is wanted: since when.
std::optional<Instant> naked_since(const PositionState& state);
/// Something is at work whose end must be waited for before another OPEN is decided.
bool busy(const PositionState& state);
/// Worth an actor and a row that is loaded at start.
bool is_live(const PositionState& state, Instant now);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::TimerKind, "partial_grace", "resolve", "cancel_confirm", "close_retry", "position_query",
                "protect_retry");
HEED_ENUM_NAMES(heed::core::AlertLevel, "info", "warning", "critical");
HEED_ENUM_NAMES(heed::core::Phase, "Flat", "Opening", "Open", "Closing", "Quarantined");
