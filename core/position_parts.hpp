// Small questions about a position's state, shared by the machine's files. Not for others: see core/position.hpp.
#pragma once

#include "core/position.hpp"
#include "core/position_state.hpp"

#include <algorithm>

namespace heed::core {

inline const StrategyId external_owner{"external"};

// Newest first: news is mostly of them.
inline WorkingOrder* find_order(PositionState& state, const ClientOrderId& id) {
  for (auto order = state.orders.rbegin(); order != state.orders.rend(); ++order)
    if (order->row.client_order_id == id)
      return &*order;
  return nullptr;
}
inline const WorkingOrder* find_order(const PositionState& state, const ClientOrderId& id) {
  return find_order(const_cast<PositionState&>(state), id);
}
inline Lot* find_lot(PositionState& state, const IntentId& id) {
  for (auto lot = state.lots.rbegin(); lot != state.lots.rend(); ++lot)
    if (lot->id == id)
      return &*lot;
  return nullptr;
}
inline const Lot* find_lot(const PositionState& state, const IntentId& id) {
  return find_lot(const_cast<PositionState&>(state), id);
}

inline bool live(const WorkingOrder& order) { return !is_terminal(order.row.status); }
inline bool is_entry(const WorkingOrder& order) { return order.row.leg == Leg::entry; }
inline bool is_exit(const WorkingOrder& order) {
  return order.row.leg == Leg::take_profit || order.row.leg == Leg::stop_loss;
}
inline bool is_native(const WorkingOrder& order) { return order.group != ExitGroup::single; }
inline bool is_external(const Lot& lot) { return lot.strategy == external_owner; }
inline Quantity held(const Lot& lot) { return lot.quantity.abs(); }
inline bool in_doubt(OrderStatus status) {
  return status <= OrderStatus::submitted || status == OrderStatus::unknown;
}

/// Takes that much off the front; what was taken.
inline std::vector<InferredShare> take_shares(std::vector<InferredShare>& shares, Quantity quantity) {
  std::vector<InferredShare> taken;
  while (quantity.is_positive() && !shares.empty()) {
    auto& first = shares.front();
    auto part = first;
    if (first.quantity <= quantity) {
      shares.erase(shares.begin());
    } else {
      part.quantity = quantity;
      part.value = Decimal::mul_div(first.value, quantity, first.quantity);
      first.quantity -= part.quantity;
      first.value -= part.value;
    }
    quantity -= part.quantity;
    taken.push_back(std::move(part));
  }
  return taken;
}
inline Money value_in(const std::vector<InferredShare>& shares) {
  Money sum;
  for (const auto& share : shares)
    sum += share.value;
  return sum;
}
/// Deals it out by quantity.
inline void set_value(std::vector<InferredShare>& shares, Money value) {
  Quantity left;
  for (const auto& share : shares)
    left += share.quantity;
  for (auto& share : shares) {
    share.value = share.quantity == left ? value : Decimal::mul_div(value, share.quantity, left);
    left -= share.quantity;
    value -= share.value;
  }
}

/// The venue has it and has not begun to take it away.
inline bool is_resting(OrderStatus status) {
  return status == OrderStatus::accepted || status == OrderStatus::held || status == OrderStatus::partially_filled;
}

/// The venue has it, and it is over in a moment without our doing.
inline bool ends_by_itself(const WorkingOrder& order) {
  return order.row.type == OrderType::market && !order.cancel_asked && is_resting(order.row.status);
}

/// The order that a venue-made leg came with: the bracket's entry, the pair's take-profit.
inline const WorkingOrder* head_of(const PositionState& state, const WorkingOrder& order) {
  if (!is_native(order) || order.row.parent.empty())
    return nullptr;
  return find_order(state, order.row.parent);
}

/// What an exit may still fill, once the venue has taken off what its set's others filled.
inline Quantity open_quantity(const PositionState& state, const WorkingOrder& order) {
  auto base = order.row.quantity;
  if (order.group == ExitGroup::bracket)
    if (const auto* entry = head_of(state, order))
      base = std::min(base, entry->row.cum_qty);
  const auto taken = std::max(order.row.cum_qty, order.booked) + order.reduced;
  return base > taken ? base - taken : Quantity{};
}

/// Ended because a replace of ours took its place: its set goes on without it.
inline bool was_replaced(const PositionState& state, const WorkingOrder& order) {
  return order.row.status == OrderStatus::replaced &&
         std::ranges::any_of(state.orders,
                             [&](const WorkingOrder& other) { return other.replaces == order.row.client_order_id; });
}

/// What the order that it replaces filled at last is not known yet.
inline bool is_succeeding(const PositionState& state, const WorkingOrder& order) {
  if (order.replaces.empty())
    return false;
  const auto* old = find_order(state, order.replaces);
  return old != nullptr && live(*old);
}

/// The end of this leg ends its venue-made group: not so where a replace took its place, or where it is itself a
/// replace that never came to be.
inline bool ends_group(const PositionState& state, const WorkingOrder& order) {
  const bool never_was = !order.replaces.empty() && order.assumed_end;
  return is_native(order) && !live(order) && !never_was && !was_replaced(state, order);
}

inline bool same_set(const WorkingOrder& a, const WorkingOrder& b) {
  return is_exit(a) && is_exit(b) && a.lot == b.lot && a.set == b.set && &a != &b;
}

inline bool has_live_entry(const PositionState& state, const Lot& lot) {
  for (const auto& order : state.orders)
    if (is_entry(order) && live(order) && order.lot == lot.id)
      return true;
  return false;
}

/// Ended orders that a late report may still speak of are kept, the longer when their executions are still to come.
/// `age`: how many orders are newer.
inline bool is_history(const WorkingOrder& order, std::size_t age) {
  constexpr std::size_t kept = 8;
  constexpr std::size_t most_kept = 64;
  return age >= (order.inferred.empty() ? kept : most_kept);
}
/// No order that is still here speaks of it.
inline bool is_history(const PositionState& state, const Lot& lot) {
  return lot.quantity.is_zero() && std::ranges::none_of(state.orders, [&](const WorkingOrder& o) {
           return o.lot == lot.id ||
                  std::ranges::any_of(o.inferred, [&](const InferredShare& s) { return s.lot == lot.id; });
         });
}
/// Settled would let go of something.
inline bool would_settle(const PositionState& state) {
  auto age = state.orders.size();
  return std::ranges::any_of(state.orders, [&](const WorkingOrder& o) { return is_history(o, --age); }) ||
         std::ranges::any_of(state.lots, [&](const Lot& lot) { return is_history(state, lot); });
}

/// An exit or a close that ended long ago without a fill. A position that is held for weeks makes many, by a stop
/// that follows the price or a close that the venue keeps refusing.
inline bool is_past(const PositionState& state, const WorkingOrder& order, std::size_t age) {
  constexpr std::size_t kept = 64;
  return age >= kept && !live(order) && !is_entry(order) && order.booked.is_zero() && order.row.cum_qty.is_zero() &&
         (!state.close || state.close->order != order.row.client_order_id) &&
         std::ranges::none_of(state.orders, [&](const WorkingOrder& other) {
           return live(other) &&
                  (other.row.parent == order.row.client_order_id || other.replaces == order.row.client_order_id);
         });
}
/// PastDropped would let go of something; not asked for one or two.
inline bool would_drop_past(const PositionState& state) {
  constexpr std::size_t worth_it = 96;
  auto age = state.orders.size();
  return age >= worth_it &&
         std::ranges::any_of(state.orders, [&](const WorkingOrder& o) { return is_past(state, o, --age); });
}

inline bool trails(const Lot& lot) {
  return lot.protection.trailing && lot.protection.stop && lot.stop && !lot.quantity.is_zero() && !lot.stray &&
         !is_external(lot);
}

inline bool in_scope(const ClosePlan& plan, const Lot& lot) {
  if (!plan.lot.empty())
    return lot.id == plan.lot;
  if (is_external(lot))
    return plan.include_external && plan.strategy.empty();
  return plan.strategy.empty() || lot.strategy == plan.strategy;
}

/// What the plan has still to close.
inline Quantity left_to_close(const PositionState& state, const ClosePlan& plan) {
  Quantity sum;
  for (const auto& lot : state.lots)
    if (in_scope(plan, lot))
      sum += held(lot);
  if (plan.quantity)
    sum = std::min(sum, std::max(*plan.quantity - plan.closed, Quantity{}));
  return sum;
}

/// The lots a plan takes from: the oldest that suffice.
inline bool is_affected(const PositionState& state, const ClosePlan& plan, const Lot& lot) {
  if (!in_scope(plan, lot))
    return false;
  if (!plan.quantity)
    return true;
  auto left = *plan.quantity - plan.closed;
  if (plan.stage == CloseStage::closing)  // whatever exits filled meanwhile, the order on its way takes its part
    if (const auto* order = find_order(state, plan.order); order != nullptr && live(*order))
      left = std::max(left, open_quantity(state, *order));
  for (const auto& other : state.lots) {
    if (!in_scope(plan, other))
      continue;
    if (&other == &lot)
      return left.is_positive();
    left -= held(other);
  }
  return false;
}

/// Nothing is held, nothing works.
inline bool is_at_rest(const PositionState& state) {
  return std::ranges::all_of(state.lots, [](const Lot& lot) { return lot.quantity.is_zero(); }) &&
         std::ranges::none_of(state.orders, live);
}

/// What is traded here: as it is known now, but with the multiplier that what is held was booked at. Where it is not
/// known, as it was.
inline Instrument instrument_of(const PositionState& state, const StepContext& context) {
  auto out = context.instrument;
  if (!state.terms || (context.instrument_known && is_at_rest(state)))
    return out;
  if (!context.instrument_known) {
    out.asset_class = state.terms->asset_class;
    out.tick_size = state.terms->tick_size;
    out.lot_size = state.terms->lot_size;
  }
  out.multiplier = state.terms->multiplier;
  return out;
}

/// A close is at work on this lot, so its exits have to be gone.
inline bool is_closing(const PositionState& state, const Lot& lot) {
  return state.close && !state.close->waiting && is_affected(state, *state.close, lot);
}

}  // namespace heed::core
