#include "core/entry_plan.hpp"

#include "core/instruments.hpp"
#include "core/mention_strategy.hpp"
#include "core/naming.hpp"

#include <algorithm>

namespace heed::core {
namespace {

CloseLots close_of(const Intent& intent, std::optional<Quantity> quantity) {
  CloseLots close;
  close.intent = intent;
  close.quantity = quantity;
  if (intent.origin == Origin::manual)
    close.include_external = false;
  else
    close.strategy = intent.strategy;
  return close;
}

/// What ends for the other side's sake ends by that, whoever wants it and whatever reason came along.
CloseLots reverse_of(const Intent& intent, Intent then) {
  auto close = close_of(intent, {});
  close.intent.close_reason = CloseReason::reversed;
  close.then = std::move(then);
  return close;
}

Refusal no_op(std::string_view why, std::string reason) {
  return {{DispositionKind::no_op, std::string{why}}, std::move(reason)};
}
Refusal invalid(std::string_view what, std::string reason) {
  return {{DispositionKind::invalid, std::string{what}}, std::move(reason)};
}

Intent open_intent(const Intent& from, Side side, Quantity quantity) {
  Intent open = from;
  open.action = IntentAction::open;
  open.side = side;
  open.size = Size{SizeKind::quantity, quantity, {}};
  return open;
}

IntentPlan plan_target(const Intent& intent, Quantity owned, bool entering) {
  if (intent.size.kind != SizeKind::signed_target)
    return invalid("size", "TARGET needs a signed target");
  const auto target = intent.size.value;
  if (target.is_zero() && entering)
    return close_of(intent, {});
  if (target == owned)
    return no_op("at_target", "already at " + target.str());
  if (owned.is_zero() || target.sign() == owned.sign()) {
    const auto difference = target - owned;
    if (target.abs() > owned.abs())
      return OpenPlan{open_intent(intent, difference.is_positive() ? Side::buy : Side::sell, difference.abs())};
    return close_of(intent, difference.abs());
  }
  if (target.is_zero())
    return close_of(intent, {});
  return reverse_of(intent, open_intent(intent, target.is_positive() ? Side::buy : Side::sell, target.abs()));
}

IntentPlan plan_reduce(const Intent& intent, Quantity owned, bool entering) {
  if (owned.is_zero() && !entering)
    return no_op("flat", "nothing is held");
  if (intent.size.kind == SizeKind::all)
    return close_of(intent, {});
  if (intent.size.kind != SizeKind::quantity || !intent.size.value.is_positive())
    return invalid("size", "a close takes ALL or a quantity above zero");
  // What an entry fills before it is gone is known when it is.
  return close_of(intent, entering ? intent.size.value : std::min(intent.size.value, owned.abs()));
}

IntentPlan plan_reverse(const Intent& intent, Quantity owned) {
  if (owned.is_zero())
    return OpenPlan{open_intent(intent, intent.side, intent.size.value)};
  const auto quantity = intent.size.kind == SizeKind::quantity ? intent.size.value : owned.abs();
  return reverse_of(intent, open_intent(intent, owned.is_positive() ? Side::sell : Side::buy, quantity));
}

std::variant<Quantity, Refusal> quantity_of(const Intent& intent, Price price, const EntryInputs& in) {
  const auto& size = intent.size;
  switch (size.kind) {
    case SizeKind::dollars: {
      const auto quantity = quantity_for(size.value, price, in.instrument, false);
      if (quantity.is_zero())
        return no_op("price_above_size", size.value.str() + " does not buy one at " + price.str());
      return quantity;
    }
    case SizeKind::quantity:
      if (!size.value.is_positive() || !size.value.is_multiple_of(in.instrument.lot_size))
        return invalid("size", "quantity " + size.value.str() + " is no positive multiple of the lot size " +
                                 in.instrument.lot_size.str());
      return size.value;
    case SizeKind::risk_percent: {
      const auto sized =
        size_by_risk({in.equity, size.value, size.stop_distance.value_or(Decimal{}), in.instrument.multiplier,
                      Decimal{1}, in.instrument.lot_size, in.instrument.lot_size});
      if (const auto* quantity = std::get_if<Quantity>(&sized))
        return *quantity;
      if (std::get<RiskSizingError>(sized) == RiskSizingError::below_min_lot)
        return no_op("below_min_lot", "risk of " + size.value.str() + " % does not reach for one lot");
      return invalid("size", "risk sizing needs equity, a risk percent and a stop distance above zero");
    }
    case SizeKind::all:
    case SizeKind::signed_target: break;
  }
  return invalid("size", "an open takes dollars, a quantity or a risk percent");
}

}  // namespace

bool may_open(const Intent& intent) {
  switch (intent.action) {
    case IntentAction::close:
    case IntentAction::reduce:
    case IntentAction::modify_protection: return false;
    case IntentAction::target: return intent.size.kind != SizeKind::signed_target || !intent.size.value.is_zero();
    case IntentAction::open:
    case IntentAction::reverse:
    case IntentAction::adopt: break;
  }
  return true;
}

IntentPlan plan_intent(const Intent& intent, Quantity owned, bool entering) {
  switch (intent.action) {
    case IntentAction::open: return OpenPlan{intent};
    case IntentAction::target: return plan_target(intent, owned, entering);
    case IntentAction::reverse: return plan_reverse(intent, owned);
    case IntentAction::close:
    case IntentAction::reduce: return plan_reduce(intent, owned, entering);
    case IntentAction::modify_protection: {
      if (owned.is_zero())
        return no_op("flat", "nothing is held");
      ModifyProtection modify;
      modify.intent = intent;
      // Percent and ticks are measured from each lot's average, which the machine knows.
      if (const auto& stop = intent.protection.stop; stop && stop->kind == LevelKind::price)
        modify.stop = stop->value;
      if (const auto& target = intent.protection.target; target && target->kind == LevelKind::price)
        modify.target = target->value;
      return modify;
    }
    case IntentAction::adopt: break;  // adds nothing: the position takes it over from what the broker holds
  }
  return invalid("action", "unknown action");
}

std::variant<PlaceEntry, Refusal> draft_entry(const Intent& intent, const EntryInputs& in) {
  const auto entering = price_to_enter(intent.side, in.quote);
  if (!entering)
    return Refusal{{DispositionKind::risk_denied, "stale_price"}, "no quote on the entering side"};
  const auto reference = intent.limit_price.value_or(*entering);
  auto quantity = quantity_of(intent, reference, in);
  if (auto* refusal = std::get_if<Refusal>(&quantity))
    return std::move(*refusal);
  const auto exits = exit_prices(intent.protection, intent.side, reference, in.instrument);
  if (!exits)
    return invalid("protection", exits.error().detail);

  PlaceEntry entry;
  entry.intent = intent;
  entry.client_order_id = client_order_id(intent.account, intent.intent_id, Leg::entry, 0, intent.strategy);
  entry.quantity = std::get<Quantity>(quantity);
  entry.reference = reference;
  entry.stop = exits.value().stop;
  entry.target = exits.value().target;
  if (intent.hold_sessions > 0)
    entry.due_session = in.calendar->add_sessions(in.session, intent.hold_sessions);
  entry.worst_price = reference;
  if (!intent.limit_price && intent.side == Side::buy)
    entry.worst_price = reference + reference * in.market_allowance;
  return entry;
}

Money cost_at_risk(const PositionState& state, Decimal multiplier) {
  Money sum;
  for (const auto& lot : state.lots)
    sum += lot.cost;
  for (const auto& order : state.orders) {
    const auto& row = order.row;
    const auto filled = std::max(order.booked, row.cum_qty);
    if (row.leg != Leg::entry || is_terminal(row.status) || filled >= row.quantity)
      continue;
    const auto worst = order.worst_price.is_positive() ? order.worst_price : row.limit_price.value_or(Price{});
    sum += Decimal::mul(Decimal::mul(row.quantity - filled, worst, Rounding::ceil), multiplier, Rounding::ceil);
  }
  return sum;
}

std::vector<StrategyId> due_strategies(const PositionState& state, Date session) {
  std::vector<StrategyId> due;
  for (const auto& lot : state.lots)
    if (const auto date = due_session(state, lot.strategy);
        date && *date <= session && std::ranges::find(due, lot.strategy) == due.end())
      due.push_back(lot.strategy);
  std::ranges::sort(due);
  return due;
}

}  // namespace heed::core
