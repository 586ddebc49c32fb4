// What others may know of a position, and what must always be true of it.
#include "core/pnl.hpp"
#include "core/position.hpp"
#include "core/position_parts.hpp"

#include <cstdio>
#include <cstdlib>

namespace heed::core {
namespace {

constexpr auto cooldown_memory = std::chrono::hours{24 * 7};

[[noreturn]] void broken(const PositionState& state, const char* rule, std::string_view of) {
  std::fprintf(stderr, "position %s %s breaks a rule: %s (%.*s)\n", state.account.str().c_str(),
               state.symbol.str().c_str(), rule, static_cast<int>(of.size()), of.data());
  std::abort();
}

void check_lot(const PositionState& state, const Lot& lot) {
  const auto signed_held = lot.side == Side::buy ? lot.quantity : -lot.quantity;
  if (signed_held.is_negative())
    broken(state, "a lot crossed zero", lot.id);
  if (lot.entered - lot.exited != signed_held)
    broken(state, "entered - exited is not what is held", lot.id);
  if (lot.quantity.is_zero() && !lot.cost.is_zero())
    broken(state, "nothing held, but a cost", lot.id);
  const auto gross = lot.exit_value - (lot.entry_value - lot.cost);
  if ((lot.side == Side::buy ? gross : -gross) - lot.fees != lot.realized)
    broken(state, "profit is not the sum of its fills", lot.id);
}

}  // namespace

void check_invariants(const PositionState& state) {
  for (const auto& lot : state.lots)
    check_lot(state, lot);
  int closes = 0;
  for (const auto& order : state.orders) {
    closes += order.row.leg == Leg::close && live(order) ? 1 : 0;
    if (order.booked.is_negative() || order.booked < Quantity{} || order.row.quantity.is_negative())
      broken(state, "an order's quantity is negative", order.row.client_order_id);
    if (order.cancel_asked && !order.cancel_wanted)
      broken(state, "a cancel was asked that nobody wanted", order.row.client_order_id);
  }
  if (!state.cost.is_zero() && net_quantity(state).is_zero())
    broken(state, "nothing held in all, but a cost", "");
  if (closes > 1)
    broken(state, "two live close orders", "");
  if (!state.close && !state.closes_waiting.empty())
    broken(state, "a close waits for nothing", "");
}

Phase phase(const PositionState& state) {
  if (!state.quarantine.empty())
    return Phase::quarantined;
  if (state.close)
    return Phase::closing;
  if (std::ranges::any_of(state.lots, [](const Lot& lot) { return !lot.quantity.is_zero(); }))
    return Phase::open;
  if (std::ranges::any_of(state.orders, [](const auto& order) { return is_entry(order) && live(order); }))
    return Phase::opening;
  return Phase::flat;
}

Quantity owned_quantity(const PositionState& state) {
  Quantity sum;
  for (const auto& lot : state.lots)
    if (!is_external(lot))
      sum += lot.quantity;
  return sum;
}

bool entering(const PositionState& state, const StrategyId& strategy) {
  return std::ranges::any_of(state.lots, [&](const Lot& lot) {
    return (strategy.empty() || lot.strategy == strategy) && has_live_entry(state, lot);
  });
}

Quantity net_quantity(const PositionState& state) {
  Quantity sum;
  for (const auto& lot : state.lots)
    sum += lot.quantity;
  return sum;
}

std::optional<Instant> naked_since(const PositionState& state) {
  std::optional<Instant> first;
  for (const auto& lot : state.lots)
    if (lot.naked_since && (!first || *lot.naked_since < *first))
      first = lot.naked_since;
  return first;
}

Unprotected unprotected(const PositionState& state, Instant now) {
  Unprotected out;
  for (const auto& lot : state.lots) {
    if (!lot.naked_since)
      continue;
    auto& first = is_closing(state, lot) && now - *lot.naked_since < closing_allowance ? out.closing : out.since;
    if (!first || *lot.naked_since < *first)
      first = lot.naked_since;
  }
  return out;
}

bool follows_price(const PositionState& state) {
  return state.quarantine.empty() && std::ranges::any_of(state.lots, trails);
}

bool busy(const PositionState& state) {
  return state.close || !state.closes_waiting.empty() ||
         std::ranges::any_of(state.orders, [](const WorkingOrder& order) {
           return live(order) && (is_entry(order) || order.row.status == OrderStatus::unknown);
         });
}

namespace {

/// Acknowledged, untouched, and waiting for its price: it may do so for weeks.
bool rests(const WorkingOrder& order) {
  return order.row.status == OrderStatus::accepted && order.row.type != OrderType::market && !order.cancel_asked &&
         order.row.cum_qty.is_zero();
}

}  // namespace

bool in_motion(const PositionState& state) {
  return state.close || !state.closes_waiting.empty() ||
         std::ranges::any_of(state.orders, [](const WorkingOrder& order) {
           return live(order) && !rests(order) && (is_entry(order) || order.row.status == OrderStatus::unknown);
         });
}

bool is_live(const PositionState& state, Instant now) {
  return busy(state) || !state.quarantine.empty() || std::ranges::any_of(state.orders, live) ||
         std::ranges::any_of(state.lots, [](const Lot& lot) { return !lot.quantity.is_zero(); }) ||
         (state.blocked_until && *state.blocked_until > now) ||
         (state.last_close_at && now - *state.last_close_at < cooldown_memory);
}

namespace {

void nearer(std::optional<Price>& level, std::optional<Price> other, bool higher) {
  if (other && (!level || (higher ? *other > *level : *other < *level)))
    level = other;
}

std::string owners(const PositionState& state) {
  std::string out;
  std::vector<std::string_view> seen;
  for (const auto& lot : state.lots) {
    if ((lot.quantity.is_zero() && !has_live_entry(state, lot)) ||
        std::ranges::find(seen, lot.strategy.view()) != seen.end())
      continue;
    seen.push_back(lot.strategy.view());
    out += (out.empty() ? "" : ",") + lot.strategy.str();
  }
  return out;
}

}  // namespace

std::optional<Date> due_session(const PositionState& state, const StrategyId& strategy) {
  std::optional<Date> latest;
  for (const auto& lot : state.lots)
    if (lot.strategy == strategy && !lot.quantity.is_zero() && lot.due_session)
      latest = std::max(latest.value_or(*lot.due_session), *lot.due_session);
  return latest;
}

PositionRow to_row(const PositionState& state, const StepContext& context) {
  PositionRow row;
  row.account = state.account;
  row.symbol = state.symbol;
  row.phase = to_string(phase(state));
  row.quantity = net_quantity(state);
  row.cost = state.cost;
  row.realized = state.realized;
  row.strategies = owners(state);
  for (const auto& lot : state.lots) {
    if (lot.quantity.is_zero())
      continue;
    if (const auto due = due_session(state, lot.strategy); due && (!row.due_session || *due < *row.due_session))
      row.due_session = due;
    if (!row.opened_at || lot.opened_at < *row.opened_at)
      row.opened_at = lot.opened_at;
    Quantity stops;
    Quantity targets;
    for (const auto& order : state.orders) {
      if (!is_exit(order) || order.lot != lot.id || !live(order) || in_doubt(order.row.status))
        continue;
      const bool stop = order.row.leg == Leg::stop_loss;
      (stop ? stops : targets) += open_quantity(state, order);
      nearer(stop ? row.stop_price : row.target_price, stop ? order.row.stop_price : order.row.limit_price,
             stop == (lot.side == Side::buy));
    }
    row.protected_quantity += std::min(lot.stop ? stops : targets, held(lot));
  }
  if (!row.quantity.is_zero())
    row.avg_price = price_of(row.cost, row.quantity.abs(), instrument_of(state, context).multiplier);
  row.naked_since = naked_since(state);
  row.live = is_live(state, context.now);
  row.updated_at = context.now;
  return row;
}

}  // namespace heed::core
