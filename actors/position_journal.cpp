#include "actors/position_journal.hpp"

#include "persistence/json_read.hpp"
#include "persistence/json_sparse.hpp"

#include <algorithm>
#include <iterator>

namespace heed {
namespace {

template <class E>
ClientOrderId order_of(const E& event) {
  if constexpr (requires { event.order.row.client_order_id; })
    return event.order.row.client_order_id;
  else if constexpr (requires { ClientOrderId{event.order}; })
    return event.order;
  else
    return {};
}

SignalId signal_of(const core::PositionState& state, const ClientOrderId& order) {
  if (!order.empty())
    for (const auto& working : state.orders)
      if (working.row.client_order_id == order)
        return working.row.signal;
  return {};
}

template <class E>
JournalEvent to_event(const core::PositionState& state, const core::StepContext& context, const E& event) {
  JournalEvent out;
  out.at = context.now;
  out.type = E::type_name;
  out.account = state.account;
  out.symbol = state.symbol;
  out.order = order_of(event);
  if constexpr (requires { event.lot.signal; })
    out.signal = event.lot.signal;
  else if constexpr (requires { event.plan.intent.signal; })
    out.signal = event.plan.intent.signal;
  else if constexpr (requires { event.order.row.signal; })
    out.signal = event.order.row.signal;
  else
    out.signal = signal_of(state, out.order);
  out.payload = to_sparse_json(event);
  return out;
}

}  // namespace

Result<core::PositionState> stored_state(const PositionRow& row) {
  auto state = from_json<core::PositionState>(row.state, {.missing_fields = true});
  if (state && (state.value().account != row.account || state.value().symbol != row.symbol))
    return Error{
      ErrorKind::invalid, "STATE_OF_ANOTHER",
      "state: of account \"" + state.value().account.str() + "\", symbol \"" + state.value().symbol.str() + "\""};
  if (state)
    core::complete(state.value());
  return state;
}

JournalEvent decision_event(const Decision& decision, const Symbol& symbol) {
  JournalEvent out;
  out.at = decision.at;
  out.type = "decision";
  out.account = decision.account;
  out.symbol = symbol;
  out.signal = decision.signal;
  out.payload = to_sparse_json(decision);
  return out;
}

Batch to_batch(const core::PositionState& state, const core::StepContext& context, core::Step& step) {
  Batch batch;
  batch.events.reserve(step.events.size() + 1);
  for (const auto& event : step.events)
    std::visit([&](const auto& e) { batch.events.push_back(to_event(state, context, e)); }, event);
  // Row by row, so that `step` keeps its memory, and none is moved again when the position's own comes.
  batch.rows.reserve(step.rows.size() + 1);
  std::move(step.rows.begin(), step.rows.end(), std::back_inserter(batch.rows));
  for (const auto& row : batch.rows)
    if (const auto* decision = std::get_if<Decision>(&row))
      batch.events.push_back(decision_event(*decision, state.symbol));
  if (!batch.events.empty()) {
    auto row = core::to_row(state, context);
    row.state = to_sparse_json(state);
    batch.rows.emplace_back(std::move(row));
  }
  step.events.clear();
  step.rows.clear();
  return batch;
}

}  // namespace heed
