// From an intent to what the position machine is told: the one place where an opening intent gets its quantity, its
// protective prices and its due date, and where TARGET and REVERSE become opens and closes. Pure.
#pragma once

#include "core/calendar.hpp"
#include "core/position.hpp"
#include "messages/disposition.hpp"
#include "messages/intent.hpp"
#include "messages/market.hpp"

#include <string>
#include <variant>
#include <vector>

namespace heed::core {

/// Heed's own no, with the values behind it.
struct Refusal {
  Disposition disposition;
  std::string reason;
};

/// Needs a quote, sizing and a reservation before it is an order.
struct OpenPlan {
  Intent intent;  // side and size are final: dollars, quantity or risk_percent
};
using IntentPlan = std::variant<OpenPlan, CloseLots, ModifyProtection, Refusal>;

/// What an intent means for a position that holds `owned`, with entries at work or not (of the intent's strategy; of
/// all, for a person).
///   TARGET t: the difference to t as an open or a reduce; through zero as a reverse; none -> no_op:at_target
///   REVERSE: close (for REVERSED), then the other way; flat -> an open
///   CLOSE, REDUCE, TARGET 0 take entries back that are at work, whatever has filled of them
///   CLOSE, REDUCE with nothing held and no entry at work -> no_op:flat
/// Intents that would open (see may_open) are only put when no entry is at work.
IntentPlan plan_intent(const Intent& intent, Quantity owned, bool entering);

/// Whether an intent may come to open: it waits until the position is settled. A target of nothing is a close.
bool may_open(const Intent& intent);

struct EntryInputs {
  Quote quote;
  Instrument instrument;
  Money equity;
  Decimal market_allowance;  // a market order is reserved at quote * (1 + this)
  Date session{};            // the session it is placed in
  const MarketCalendar* calendar = nullptr;
};
/// A sized entry, with what risk is asked to count it at. Quantities are whole lots, rounded down. Refusals:
/// no_op:price_above_size (the money does not reach for one lot), no_op:below_min_lot, invalid:protection,
/// invalid:size, risk_denied:stale_price (no quote on the entering side).
std::variant<PlaceEntry, Refusal> draft_entry(const Intent& intent, const EntryInputs& inputs);

/// What is held costs this, and what entries at work may still fill: for the governor's question. An entry whose
/// worst price nobody knows is counted by the governor alone.
Money cost_at_risk(const PositionState& state, Decimal multiplier);

/// Strategies whose due_session() is `session` or earlier, by name.
std::vector<StrategyId> due_strategies(const PositionState& state, Date session);

}  // namespace heed::core
