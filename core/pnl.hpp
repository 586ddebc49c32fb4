// What fills do to cost and profit. Exact decimals; a share of a sum is rounded once, and the last share takes what
// is left, so parts always add up to the whole.
//
// For every lot, at all times:  realized = sign * (exit_value - (entry_value - cost)) - fees.
// When the lot is at zero its cost is zero, so realized is the profit of the trade.
#pragma once

#include "core/calendar.hpp"
#include "core/position_events.hpp"

#include <span>

namespace heed::core {

/// price * quantity * multiplier, rounded half-even at the billionth.
Money value_of(Price price, Quantity quantity, Decimal multiplier);
/// The price at which `quantity` is worth `value`; zero when the quantity is.
Price price_of(Money value, Quantity quantity, Decimal multiplier);

/// `quantity` > 0 of a fill worth `value` joins the lot.
FillPart entry_part(const Lot& lot, Quantity quantity, Money value, Money fee);
/// `quantity` > 0, at most what the lot holds, leaves it at average cost.
FillPart exit_part(const Lot& lot, Quantity quantity, Money value, Money fee);

/// A fill's entry (or exit) value turns out to be `change` more, its fee `fee` more.
FillPart correction_part(const Lot& lot, bool entry, Money change, Money fee);

/// First in, first out over the lots of one strategy: before `quantity` leaves lots[leaving], it trades its cost for
/// that of the oldest shares. Parts move money only, and sum to zero. Nothing when it is the oldest itself.
void fifo_parts(std::span<const Lot> lots, std::size_t leaving, Quantity quantity, std::vector<FillPart>& parts);

/// What a fill does to a symbol as a whole, as venues reckon it: what adds joins at its own price, what takes away
/// leaves at the average of all that is held, and what is left over opens the other way at its own price.
struct SymbolChange {
  Money cost;
  Money realized;  // net of the fee
};
SymbolChange symbol_change(Quantity held, Money cost, Side side, Quantity quantity, Money value, Money fee);
/// A fill's money is corrected: its parts, for a symbol that holds `held` (signed) now.
SymbolChange symbol_correction(Quantity held, Side lot_side, const FillPart& part);

/// Adds a part to its lot.
void apply(Lot& lot, const FillPart& part);

/// The lot's round trip; the average prices are rounded for showing, the money is not. It closed when its last exit
/// filled, whenever that was heard of. Sessions are the calendar's; without one, weekdays in New York.
TradeRow trade_row(const PositionState& state, const Lot& lot, Decimal multiplier, const MarketCalendar* calendar);

}  // namespace heed::core
