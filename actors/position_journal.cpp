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

JournalEvent blank_event(const core::PositionState& state, const core::StepContext& context, std::string_view type) {
  JournalEvent out;
  out.at = context.now;
  out.type = type;
  out.account = state.account;
  out.symbol = state.symbol;
  return out;
}

template <class E>
JournalEvent to_event(const core::PositionState& state, const core::StepContext& context, const E& event) {
  auto out = blank_event(state, context, E::type_name);
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

// ---- facts that are told together ---------------------------------------------------------------------------------
//
// The bytes and rows of a commit are what a call waits for, so facts that always come together are one event: what
// opens a lot is told with its entry's order, and the legs of a bracket with it too; what one answer of the venue
// told of several orders is told with the first of them. Names and meanings stay: fields are added.

/// A bracket's leg, by what it does not share with the entry.
struct PlannedLeg {
  ClientOrderId client_order_id;
  Leg leg = Leg::take_profit;
  Side side = Side::sell;
  OrderType type = OrderType::limit;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  HEED_FIELDS(client_order_id, leg, side, type, limit_price, stop_price);
};

/// An entry with what it opens and its legs.
struct PlannedEntry {
  core::WorkingOrder order;
  std::optional<core::LotOpened> opens;
  std::vector<PlannedLeg> legs;
  HEED_FIELDS(order, opens, legs);
};

bool is_leg_of(const core::WorkingOrder& leg, const core::WorkingOrder& entry) {
  return leg.group == core::ExitGroup::bracket && leg.row.parent == entry.row.client_order_id &&
         leg.lot == entry.lot && leg.row.signal == entry.row.signal && leg.row.quantity == entry.row.quantity &&
         leg.row.time_in_force == entry.row.time_in_force;
}

/// The event's own columns need not be said again.
void leave_out_columns(const JournalEvent& event, OrderRow& row) {
  if (row.correlation_id == row.signal.view())
    row.correlation_id.clear();
  if (row.signal == event.signal)
    row.signal = {};
  row.account = {};
  row.symbol = {};
  if (row.created_at == event.at)
    row.created_at = {};
  if (row.updated_at == event.at)
    row.updated_at = {};
}

/// What the lot has from the call, its entry's order has too.
void leave_out_names(const OrderRow& order, core::Lot& lot) {
  if (lot.strategy != order.strategy || lot.source != order.source || lot.signal != order.signal ||
      lot.correlation_id != order.correlation_id)
    return;
  lot.strategy = {};
  lot.source = {};
  lot.signal = {};
  lot.correlation_id.clear();
}

class FactsTold {
public:
  FactsTold(const core::PositionState& state, const core::StepContext& context,
            std::vector<core::PositionEvent>& facts, std::vector<JournalEvent>& to)
      : state_{state}, context_{context}, facts_{facts}, to_{to} {}

  void tell() {
    while (next_ < facts_.size()) {
      if (tell_entry() || tell_changes())
        continue;
      std::visit([&](const auto& e) { to_.push_back(to_event(state_, context_, e)); }, facts_[next_++]);
    }
  }

private:
  template <class E>
  E* fact(std::size_t number) {
    return number < facts_.size() ? std::get_if<E>(&facts_[number]) : nullptr;
  }

  /// False: no entry is planned here.
  bool tell_entry() {
    auto* opened = fact<core::LotOpened>(next_);
    const auto at = next_ + (opened != nullptr ? 1 : 0);
    auto* planned = fact<core::OrderPlanned>(at);
    if (planned == nullptr || planned->order.row.leg != Leg::entry ||
        (opened != nullptr && opened->lot.id != planned->order.lot))
      return false;
    next_ = at + 1;
    PlannedEntry entry;
    while (auto* leg = fact<core::OrderPlanned>(next_)) {
      if (!is_leg_of(leg->order, planned->order))
        break;
      const auto& row = leg->order.row;
      entry.legs.push_back({row.client_order_id, row.leg, row.side, row.type, row.limit_price, row.stop_price});
      ++next_;
    }
    entry.order = std::move(planned->order);
    auto event = blank_event(state_, context_, core::OrderPlanned::type_name);
    event.order = entry.order.row.client_order_id;
    event.signal = entry.order.row.signal;
    if (opened != nullptr) {
      leave_out_names(entry.order.row, opened->lot);
      entry.opens = std::move(*opened);
    }
    leave_out_columns(event, entry.order.row);
    event.payload = to_sparse_json(entry);
    to_.push_back(std::move(event));
    return true;
  }

  /// False: no order changes here.
  bool tell_changes() {
    auto* changed = fact<core::OrderChanged>(next_);
    if (changed == nullptr)
      return false;
    auto event = blank_event(state_, context_, core::OrderChanged::type_name);
    event.order = changed->order;
    event.signal = signal_of(state_, changed->order);
    event.payload = text_of(*changed);
    ++next_;
    std::string more;
    while ((changed = fact<core::OrderChanged>(next_)) != nullptr &&
           signal_of(state_, changed->order) == event.signal) {
      more += (more.empty() ? "" : ",") + text_of(*changed);
      ++next_;
    }
    if (!more.empty())
      event.payload.insert(event.payload.size() - 1, ",\"more\":[" + more + "]");
    to_.push_back(std::move(event));
    return true;
  }

  std::string text_of(core::OrderChanged& changed) const {
    if (changed.at == context_.now)
      changed.at = {};
    return to_sparse_json(changed);
  }

  const core::PositionState& state_;
  const core::StepContext& context_;
  std::vector<core::PositionEvent>& facts_;
  std::vector<JournalEvent>& to_;
  std::size_t next_ = 0;
};

// ---- the state that a row keeps -----------------------------------------------------------------------------------

const core::Lot* lot_of(const core::PositionState& state, const IntentId& id) {
  const auto found = std::ranges::find(state.lots, id, &core::Lot::id);
  return found == state.lots.end() ? nullptr : &*found;
}

bool is_named_like(const OrderRow& row, const core::Lot& lot) {
  return row.strategy == lot.strategy && row.source == lot.source && row.signal == lot.signal &&
         row.intent == lot.id && row.correlation_id == lot.correlation_id;
}

/// The members of a struct, sparse, but for those that `leave_out` names.
template <class T, class LeaveOut>
void append_members(std::string& out, const T& value, const LeaveOut& leave_out) {
  const auto& usual = json_detail::usual_fields<T>();
  std::size_t i = 0;
  T::fields(value, [&](std::string_view name, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    const auto& other = *static_cast<const Field*>(usual[i++]);
    if (leave_out(name) || (!NamedEnum<Field> && json_detail::goes_without_saying(field, other)))
      return;
    if (out.back() != '{')
      out += ',';
    ((out += '"') += name) += "\":";
    append_sparse_json(out, field);
  });
}

/// Without what the state or its lot says as well.
void append_stored(std::string& out, const core::PositionState& state, const core::WorkingOrder& order) {
  const auto* lot = lot_of(state, order.lot);
  const bool as_lot = lot != nullptr && is_named_like(order.row, *lot);
  const bool account = order.row.account == state.account;
  const bool symbol = order.row.symbol == state.symbol;
  out += "{\"row\":{";
  append_members(out, order.row, [&](std::string_view name) {
    return (account && name == "account") || (symbol && name == "symbol") ||
           (as_lot && (name == "strategy" || name == "source" || name == "signal" || name == "intent" ||
                       name == "correlation_id"));
  });
  out += '}';
  append_members(out, order, [](std::string_view name) { return name == "row" || name == "as_lot"; });
  out += as_lot ? ",\"as_lot\":true}" : "}";
}

std::string stored_text(const core::PositionState& state) {
  static thread_local std::string room;
  room.clear();
  append_sparse_json(room, state, [&](std::string& out, const std::vector<core::WorkingOrder>& orders) {
    json_detail::append_list(out, orders, [&](const auto& order) { append_stored(out, state, order); });
  });
  return room;
}

/// False: the order is said to be named like a lot that is not there.
bool complete_order(const core::PositionState& state, core::WorkingOrder& order) {
  auto& row = order.row;
  if (row.account.empty())
    row.account = state.account;
  if (row.symbol.empty())
    row.symbol = state.symbol;
  if (!std::exchange(order.as_lot, false))
    return true;
  const auto* lot = lot_of(state, order.lot);
  if (lot == nullptr)
    return false;
  row.strategy = lot->strategy;
  row.source = lot->source;
  row.signal = lot->signal;
  row.intent = lot->id;
  row.correlation_id = lot->correlation_id;
  return true;
}

/// The venue took the order in, and nothing else happened: whoever starts again reads that from the order's row.
bool is_taken_in(const core::PositionState& state, const core::PositionEvent& fact) {
  const auto* changed = std::get_if<core::OrderChanged>(&fact);
  if (changed == nullptr || changed->assumed || !changed->cum_qty.is_zero() ||
      (changed->status != OrderStatus::accepted && changed->status != OrderStatus::held))
    return false;
  const auto order = std::ranges::find_if(
    state.orders, [&](const core::WorkingOrder& o) { return o.row.client_order_id == changed->order; });
  if (order == state.orders.end() || order->cancel_wanted ||
      (order->row.leg != Leg::entry && order->group != core::ExitGroup::bracket))
    return false;
  const auto* lot = lot_of(state, order->lot);
  return lot != nullptr && lot->quantity.is_zero();
}

}  // namespace

Result<core::PositionState> stored_state(const PositionRow& row) {
  auto state = from_json<core::PositionState>(row.state, {.missing_fields = true});
  if (!state)
    return state;
  auto& read = state.value();
  if (read.account != row.account || read.symbol != row.symbol)
    return Error{ErrorKind::invalid, "STATE_OF_ANOTHER",
                 "state: of account \"" + read.account.str() + "\", symbol \"" + read.symbol.str() + "\""};
  for (auto& order : read.orders)
    if (!complete_order(read, order))
      return Error{ErrorKind::invalid, "STATE_LOT_MISSING",
                   "state: order " + order.row.client_order_id.str() + " is of lot \"" + order.lot.str() +
                     "\", which is not there"};
  core::complete(read);
  return state;
}

void catch_up(core::PositionState& state, JournalReader& journal) {
  for (auto& order : state.orders) {
    auto& row = order.row;
    if (is_terminal(row.status) || !row.venue_order_id.empty())
      continue;
    const auto stored = journal.order(row.client_order_id);
    if (!stored || !stored.value() ||
        (stored.value()->status != OrderStatus::accepted && stored.value()->status != OrderStatus::held))
      continue;
    row.status = stored.value()->status;
    row.venue_order_id = stored.value()->venue_order_id;
    row.updated_at = stored.value()->updated_at;
  }
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

Batch to_batch(const core::PositionState& state, const core::StepContext& context, core::Step& step, Told told) {
  Batch batch;
  const bool in_order_rows =
    told == Told::by_venue && std::ranges::all_of(step.events, [&](const auto& e) { return is_taken_in(state, e); });
  batch.events.reserve(step.events.size() + 1);
  FactsTold{state, context, step.events, batch.events}.tell();
  // Row by row, so that `step` keeps its memory, and none is moved again when the position's own comes.
  batch.rows.reserve(step.rows.size() + 1);
  std::move(step.rows.begin(), step.rows.end(), std::back_inserter(batch.rows));
  for (const auto& row : batch.rows)
    if (const auto* decision = std::get_if<Decision>(&row))
      batch.events.push_back(decision_event(*decision, state.symbol));
  if (!batch.events.empty() && !in_order_rows) {
    auto row = core::to_row(state, context);
    row.state = stored_text(state);
    batch.rows.emplace_back(std::move(row));
  }
  step.events.clear();
  step.rows.clear();
  return batch;
}

}  // namespace heed
