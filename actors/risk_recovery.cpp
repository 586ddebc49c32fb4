#include "actors/governor_actor.hpp"

#include "actors/position_journal.hpp"
#include "core/position_state.hpp"
#include "persistence/json_read.hpp"

#include <algorithm>
#include <map>

namespace heed {
namespace {

core::RiskState stored_risk(const AccountId& account, const RecoveredState& stored) {
  for (const auto& row : stored.accounts) {
    if (row.account != account)
      continue;
    auto state = from_json<core::RiskState>(row.state);
    if (state)
      return std::move(state).value();
    spdlog::critical("account {}: stored risk state unreadable ({}); trading is halted", account.view(),
                     state.error().detail);
    core::RiskState halted;
    halted.kill = std::max(row.kill, KillLevel::stop_opening);
    return halted;
  }
  return {};
}

/// What the positions of this account say of themselves, in the order of their rows.
struct Position {
  const PositionRow* row;
  core::PositionState state;  // empty where it cannot be read
};

std::vector<Position> positions_of(const AccountId& account, const RecoveredState& stored) {
  std::vector<Position> out;
  for (const auto& row : stored.positions)
    if (row.account == account) {
      auto state = stored_state(row);
      out.push_back({&row, state ? std::move(state).value() : core::PositionState{}});
    }
  return out;
}

/// What risk granted an entry at, or what it cost if it is over; zero when nobody knows, and then it counts as much
/// as an order may.
Price worst_price(const OrderRow& entry, const std::vector<Position>& positions) {
  if (is_terminal(entry.status) && entry.avg_px)
    return *entry.avg_px;
  for (const auto& position : positions)
    for (const auto& order : position.state.orders)
      if (order.row.client_order_id == entry.client_order_id && order.worst_price.is_positive())
        return order.worst_price;
  return entry.limit_price.value_or(Price{});
}

RiskFact fact_of(const OrderRow& order, RiskFactKind kind) {
  RiskFact fact;
  fact.kind = kind;
  fact.account = order.account;
  fact.strategy = order.strategy;
  fact.symbol = order.symbol;
  fact.order = order.client_order_id;
  fact.quantity = order.side == Side::buy ? order.quantity : -order.quantity;
  fact.at = order.created_at;
  return fact;
}

/// One entry order's whole story so far.
void replay_entry(core::RiskLedger& ledger, const OrderRow& order, const std::vector<Position>& positions) {
  auto reserved = fact_of(order, RiskFactKind::reserved);
  reserved.price = worst_price(order, positions);
  ledger.apply(reserved);
  if (order.cum_qty.is_positive()) {
    auto filled = fact_of(order, RiskFactKind::filled);
    filled.quantity = order.side == Side::buy ? order.cum_qty : -order.cum_qty;
    filled.price = order.avg_px.value_or(reserved.price);
    filled.position_after = filled.quantity;
    filled.cost_after = order.cum_qty * filled.price;
    filled.at = order.updated_at;
    ledger.apply(filled);
  }
  if (is_terminal(order.status))
    ledger.apply(fact_of(order, RiskFactKind::released));
  else if (order.status == OrderStatus::unknown || order.status == OrderStatus::initialized)
    ledger.apply(fact_of(order, RiskFactKind::unknown));
}

void set_positions(core::RiskLedger& ledger, const std::vector<Position>& positions) {
  for (const auto& [row, state] : positions) {
    std::map<StrategyId, Quantity> parts;
    Money cost;  // by lots, as the position tells it
    for (const auto& lot : state.lots) {
      parts[lot.strategy] += lot.quantity;
      cost += lot.cost;
    }
    ledger.set_held(row->symbol, row->quantity, state.lots.empty() ? row->cost : cost, parts);
  }
}

}  // namespace

core::RiskState recover_risk(const AccountId& account, const RiskLimits& limits, const RecoveredState& stored,
                             const core::MarketCalendar& calendar, Instant now) {
  auto state = stored_risk(account, stored);
  const auto rejects_in_row = state.rejects_in_row, losses_in_row = state.losses_in_row;
  state.symbols.clear();
  state.orders.clear();
  state.ended.clear();
  state.today = {};
  state.today_by_strategy.clear();
  state.unreported = {};
  state.recent_entries.clear();
  state.pauses.clear();
  for (const auto& row : stored.pauses)
    if (row.pause.account == account)
      state.pauses.push_back(row.pause);

  core::RiskLedger ledger{account, limits, std::move(state)};
  ledger.roll_day(calendar.date_at(now), {});
  std::vector<const OrderRow*> entries;
  for (const auto& order : stored.todays_entries)
    if (order.account == account)
      entries.push_back(&order);
  for (const auto& order : stored.working_orders)
    if (order.account == account && order.leg == Leg::entry &&
        std::none_of(entries.begin(), entries.end(),
                     [&](const OrderRow* known) { return known->client_order_id == order.client_order_id; }))
      entries.push_back(&order);
  const auto positions = positions_of(account, stored);
  for (const auto* order : entries)
    replay_entry(ledger, *order, positions);
  set_positions(ledger, positions);
  // What is counted in a row is as it was stored: the entries of the day are not told again in their order.
  auto recovered = ledger.state();
  recovered.rejects_in_row = rejects_in_row;
  recovered.losses_in_row = losses_in_row;
  return recovered;
}

}  // namespace heed
