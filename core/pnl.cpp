#include "core/pnl.hpp"

#include "core/calendar.hpp"
#include "messages/mutant.hpp"

#include <algorithm>

namespace heed::core {
namespace {

constexpr Decimal shown_step = Decimal::from_units(1'000);  // six decimals

// What `part` of `whole` is of `sum`; all of it when the two are equal.
Money share(Money sum, Quantity part, Quantity whole) {
  return part == whole ? sum : Decimal::mul_div(sum, part, whole);
}

Money signed_by(const Lot& lot, Money money) { return lot.side == Side::buy ? money : -money; }

std::int32_t weekdays_after(Date from, Date to) {
  std::int32_t count = 0;
  for (auto day = from + std::chrono::days{1}; day <= to; day += std::chrono::days{1}) {
    const std::chrono::weekday w{day};
    count += w != std::chrono::Saturday && w != std::chrono::Sunday ? 1 : 0;
  }
  return count;
}

}  // namespace

Money value_of(Price price, Quantity quantity, Decimal multiplier) {
  return multiplier == Decimal{1} ? price * quantity : price * quantity * multiplier;
}

Price price_of(Money value, Quantity quantity, Decimal multiplier) {
  if (quantity.is_zero() || multiplier.is_zero())
    return {};
  return value / (quantity * multiplier);
}

FillPart entry_part(const Lot& lot, Quantity quantity, Money value, Money fee) {
  FillPart part;
  part.lot = lot.id;
  part.entry = true;
  part.quantity = quantity;
  part.entry_value = value;
  part.cost = value;
  part.fee = fee;
  part.realized = -fee;
  return part;
}

FillPart exit_part(const Lot& lot, Quantity quantity, Money value, Money fee) {
  const auto cost = share(lot.cost, quantity, lot.quantity.abs());
  FillPart part;
  part.lot = lot.id;
  part.quantity = quantity;
  part.exit_value = value;
  part.cost = -cost;
  part.fee = fee;
  part.realized = (mutant("short_profit_sign") ? value - cost : signed_by(lot, value - cost)) - fee;
  return part;
}

FillPart correction_part(const Lot& lot, bool entry, Money change, Money fee) {
  FillPart part;
  part.lot = lot.id;
  part.entry = entry;
  part.fee = fee;
  if (entry) {
    const auto held = lot.quantity.abs();
    part.entry_value = change;
    part.cost = held.is_zero() ? Money{} : share(change, held, lot.entered);
    part.realized = -signed_by(lot, change - part.cost) - fee;
  } else {
    part.exit_value = change;
    part.realized = signed_by(lot, change) - fee;
  }
  return part;
}

void fifo_parts(std::span<const Lot> lots, std::size_t leaving, Quantity quantity, std::vector<FillPart>& parts) {
  const auto& lot = lots[leaving];
  auto left = quantity;
  Money own_cost_given;
  Money received;
  for (std::size_t i = 0; i < leaving && left.is_positive(); ++i) {
    const auto& older = lots[i];
    if (older.strategy != lot.strategy || older.side != lot.side || older.quantity.is_zero())
      continue;
    const auto taken = std::min(left, older.quantity.abs());
    const auto old_cost = share(older.cost, taken, older.quantity.abs());
    const auto own_cost = share(lot.cost, taken, lot.quantity.abs());
    FillPart part;
    part.lot = older.id;
    part.entry = true;
    part.entry_value = own_cost - old_cost;
    part.cost = part.entry_value;
    parts.push_back(part);
    own_cost_given += own_cost;
    received += old_cost;
    left -= taken;
  }
  if (received == own_cost_given)
    return;
  FillPart mine;
  mine.lot = lot.id;
  mine.entry = true;
  mine.entry_value = received - own_cost_given;
  mine.cost = mine.entry_value;
  parts.push_back(mine);
}

SymbolChange symbol_change(Quantity held, Money cost, Side side, Quantity quantity, Money value, Money fee) {
  if (held.sign() * sign(side) >= 0)
    return {value, -fee};
  const auto closed = std::min(held.abs(), quantity);
  const auto closed_value = share(value, closed, quantity);
  const auto closed_cost = share(cost, closed, held.abs());
  const auto gain = side == Side::sell ? closed_value - closed_cost : closed_cost - closed_value;
  return {value - closed_value - closed_cost, gain - fee};
}

// The cost of a lot that stands against what the symbol holds is no cost of the symbol: it has been realized.
SymbolChange symbol_correction(Quantity held, Side lot_side, const FillPart& part) {
  if (held.sign() * sign(lot_side) > 0)
    return {part.cost, part.realized};
  return {Money{}, part.realized - (lot_side == Side::buy ? part.cost : -part.cost)};
}

void apply(Lot& lot, const FillPart& part) {
  if (part.entry) {
    lot.entered += part.quantity;
    lot.quantity += lot.side == Side::buy ? part.quantity : -part.quantity;
  } else {
    lot.exited += part.quantity;
    lot.quantity -= lot.side == Side::buy ? part.quantity : -part.quantity;
  }
  lot.entry_value += part.entry_value;
  lot.exit_value += part.exit_value;
  lot.cost += part.cost;
  lot.fees += part.fee;
  lot.realized += part.realized;
}

TradeRow trade_row(const PositionState& state, const Lot& lot, Decimal multiplier, const MarketCalendar* calendar) {
  TradeRow row;
  row.account = state.account;
  row.trade = lot.id;
  row.symbol = state.symbol;
  row.strategy = lot.strategy;
  row.source = lot.source;
  row.signal = lot.signal;
  row.side = lot.side;
  row.quantity = lot.entered;
  row.entry_price = price_of(lot.entry_value, lot.entered, multiplier).rounded_to(shown_step, Rounding::half_even);
  row.exit_price = price_of(lot.exit_value, lot.exited, multiplier).rounded_to(shown_step, Rounding::half_even);
  row.pnl = lot.realized;
  row.fees = lot.fees;
  row.reason = lot.last_reason;
  row.subreason = lot.last_subreason;
  row.entry_session = lot.entry_session;
  row.exit_session = calendar != nullptr ? calendar->date_at(lot.last_exit_at) : new_york_date(lot.last_exit_at);
  row.holding_sessions = calendar != nullptr ? calendar->sessions_between(lot.entry_session, row.exit_session)
                                             : weekdays_after(lot.entry_session, row.exit_session);
  row.opened_at = lot.opened_at;
  row.closed_at = lot.last_exit_at;
  return row;
}

}  // namespace heed::core
