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
#include "messages/position_input.hpp"
#include "messages/records.hpp"
#include "messages/venue_capabilities.hpp"

#include <variant>
#include <vector>

namespace heed::core {

class MarketCalendar;

// ---- effects, in the order they must be performed, after the events are durable -----------------------------------

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
  Instrument instrument;         // tick, multiplier
  bool instrument_known = true;  // else only what is here already goes on, by the terms that the state has
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

/// Fills in what states stored by earlier versions lack.
void complete(PositionState& state);

/// Aborts with a message when the state breaks a rule of its own (sums, signs, exits above what is held).
void check_invariants(const PositionState& state);

// ---- views --------------------------------------------------------------------------------------------------------

enum class Phase : std::uint8_t { flat, opening, open, closing, quarantined };
Phase phase(const PositionState& state);
/// Everything but `state` (the JSON), which the shell fills in.
PositionRow to_row(const PositionState& state, const StepContext& context);
/// When the exit scan closes what this strategy holds: the latest of its lots' due sessions, since a further entry
/// prolongs the whole. Empty: never by date.
std::optional<Date> due_session(const PositionState& state, const StrategyId& strategy);
/// What our lots hold without `external`, and with it.
Quantity owned_quantity(const PositionState& state);
Quantity net_quantity(const PositionState& state);
/// Whether an entry is at work, of this strategy or, where it is empty, of anybody.
bool entering(const PositionState& state, const StrategyId& strategy);
/// Held without resting protection although protection is wanted: since when.
std::optional<Instant> naked_since(const PositionState& state);
/// The same, told apart: a lot whose exits were taken away for a close that is at work is on its way out, for a
/// while; a close that takes longer than that leaves it as unprotected as any.
struct Unprotected {
  std::optional<Instant> since;    // first of those that need someone
  std::optional<Instant> closing;  // first of those that are being closed
};
inline constexpr Duration closing_allowance = std::chrono::seconds{10};
Unprotected unprotected(const PositionState& state, Instant now);
/// A stop here follows the price: it has to be told (PriceSeen).
bool follows_price(const PositionState& state);
/// Something is at work whose end must be waited for before another OPEN is decided.
bool busy(const PositionState& state);
/// Something is at work that may change the quantity at any moment, so that a difference to the broker's word proves
/// nothing. An entry that rests until its price comes is not that, as little as a resting exit.
bool in_motion(const PositionState& state);
/// Worth an actor and a row that is loaded at start.
bool is_live(const PositionState& state, Instant now);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::AlertLevel, "info", "warning", "critical");
HEED_ENUM_NAMES(heed::core::Phase, "Flat", "Opening", "Open", "Closing", "Quarantined");
