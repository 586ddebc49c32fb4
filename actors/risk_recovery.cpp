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

/// What an entry may still cost: its limit, what risk granted it at, or else the target it was sent with.
Price worst_price(const OrderRow& entry, const core::RiskState& stored, const RecoveredState& all) {
  if (entry.limit_price)
    return *entry.limit_price;
  const auto known = stored.orders.find(entry.client_order_id);
  if (known != stored.orders.end())
    return known->second.price;
  Price worst = entry.avg_px.value_or(Price{});
  for (const auto& order : all.working_orders)
    if (order.parent == entry.client_order_id)
      for (const auto& level : {order.limit_price, order.stop_price})
        if (level)
          worst = std::max(worst, *level);
  return worst;
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
void replay_entry(core::RiskLedger& ledger, const OrderRow& order, const core::RiskState& stored,
                  const RecoveredState& all) {
  auto reserved = fact_of(order, RiskFactKind::reserved);
  reserved.price = worst_price(order, stored, all);
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

void set_positions(core::RiskLedger& ledger, const AccountId& account, const RecoveredState& stored) {
  for (const auto& row : stored.positions) {
    if (row.account != account)
      continue;
    std::map<StrategyId, Quantity> parts;
    if (const auto state = stored_state(row))
      for (const auto& lot : state.value().lots)
        parts[lot.strategy] += lot.quantity;
    ledger.set_held(row.symbol, row.quantity, row.cost, parts);
  }
}

}  // namespace

core::RiskState recover_risk(const AccountId& account, const RiskLimits& limits, const RecoveredState& stored,
                             const core::MarketCalendar& calendar, Instant now) {
  const auto before = stored_risk(account, stored);
  auto state = before;
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
  for (const auto* order : entries)
    replay_entry(ledger, *order, before, stored);
  set_positions(ledger, account, stored);
  return ledger.state();
}

}  // namespace heed
