// What the venue says of an order, merged into what is known: any report may come twice, late, or out of order.
#include "core/order.hpp"
#include "core/position_machine.hpp"

namespace heed::core {
namespace {

std::string describe(const OrderReport& report) {
  return report.client_order_id.str() + ": " + std::string{to_string(report.status)} + ", filled " +
         report.cum_qty.str() + " of " + report.quantity.str();
}

// The order that the report is about, where an adapter that was started anew had to guess its name: the venue's own
// id, which is stored, is the better evidence. Null: the name is right, or nobody knows better.
const WorkingOrder* meant_by_venue_id(const PositionState& state, const OrderReport& report) {
  if (!report.ours || report.venue_order_id.empty())
    return nullptr;
  const auto* named = find_order(state, report.client_order_id);
  if (named != nullptr && (named->row.venue_order_id.empty() || named->row.venue_order_id == report.venue_order_id))
    return nullptr;
  const auto found = std::ranges::find_if(state.orders, [&](const WorkingOrder& order) {
    return order.row.venue_order_id == report.venue_order_id && order.row.leg == report.leg;
  });
  return found == state.orders.end() ? nullptr : &*found;
}

}  // namespace

void Machine::operator()(const OrderReport& report) {
  if (const auto* meant = meant_by_venue_id(s_, report)) {
    auto renamed = report;
    renamed.client_order_id = meant->row.client_order_id;
    return (*this)(renamed);
  }
  const auto* order = find_order(s_, report.client_order_id);
  if (order == nullptr) {
    const bool filled = report.cum_qty.is_positive() || report.execution;
    if (!report.ours)
      return filled ? alert(AlertLevel::info, "FOREIGN_ORDER", describe(report)) : void();
    return alert(filled ? AlertLevel::critical : AlertLevel::warning,
                 filled ? "FILL_FOR_UNKNOWN_ORDER" : "UNKNOWN_ORDER", describe(report));
  }
  if (is_ahead_of_entry(*order, report))
    return wait_for_entry(*order);
  const auto id = order->row.client_order_id;
  const auto before = order->row.status;
  const auto booked_before = order->booked;
  const auto status = merged_status(*order, report);
  const auto cum = std::max(order->row.cum_qty, report.cum_qty);
  const auto avg = report.cum_qty == cum && report.avg_px ? report.avg_px : order->row.avg_px;
  book(report);
  order = find_order(s_, id);
  const auto& row = order->row;
  const bool new_name = row.venue_order_id.empty() && !report.venue_order_id.empty();
  const bool booked = order->booked != booked_before;
  if (status != before || new_name || row.cum_qty < cum || (booked && row.avg_px != avg)) {
    const bool assumed = order->assumed_end && status == before;
    emit(OrderChanged{id, new_name ? report.venue_order_id : VenueOrderId{}, status, std::max(cum, row.cum_qty), avg,
                      report.reject_code, report.text, assumed, cx_.now});
  }
  if (is_terminal(before) && !is_terminal(status))
    want_cancel(id, "revived");  // what it was made for has gone other ways since
  else if (status != before)
    status_changed(id, before);
  else if (booked && booked_before.is_zero() && is_terminal(status) && is_entry(*find_order(s_, id)))
    entry_ended(id);  // filled after its end: the decision stands otherwise now
}

// An exit filled more than is booked as entered, while the entry is still at work: its news is on its way.
bool Machine::is_ahead_of_entry(const WorkingOrder& order, const OrderReport& report) const {
  if (!is_exit(order))
    return false;
  const auto told = std::max(report.cum_qty, report.execution ? report.execution->last_qty : Quantity{});
  const auto* lot = find_lot(s_, order.lot);
  return lot != nullptr && told - order.booked > held(*lot) && has_live_entry(s_, *lot);
}

// Booked later, when the venue tells it again: what was left before it entered cannot be priced yet.
void Machine::wait_for_entry(const WorkingOrder& order) {
  for (const auto& entry : s_.orders)
    if (is_entry(entry) && live(entry) && entry.lot == order.lot)
      query(entry);
  if (!order.cancel_asked && (!order.next_ask || *order.next_ask <= cx_.now))
    ask_again(TimerKind::resolve, order.row.client_order_id, policy_.resolve_backoff_first, order.resolves);
}

// The status an order has after this report. Terminal is final, unless it was only our own conclusion.
OrderStatus Machine::merged_status(const WorkingOrder& order, const OrderReport& report) {
  const auto now = order.row.status;
  auto told = report.status;
  if (in_doubt(told))
    told = OrderStatus::accepted;  // the venue knows it: that is what matters here
  if (report.cum_qty.is_positive() && told == OrderStatus::accepted)
    told = OrderStatus::partially_filled;
  if (is_terminal(now)) {
    if (!order.assumed_end || told == now) {
      if (transition(now, told) == MoveVerdict::alarm)
        alert(AlertLevel::warning, "ILLEGAL_TRANSITION",
              "is " + std::string{to_string(now)} + ": " + describe(report));
      return now;
    }
    if (!is_terminal(told))
      alert(AlertLevel::critical, "ORDER_REVIVED",
            "taken for " + std::string{to_string(now)} + ": " + describe(report));
    return told;
  }
  if (is_terminal(told))
    return told;
  if (report.cum_qty >= order.row.quantity && order.row.quantity.is_positive())
    return OrderStatus::filled;  // its last report may be lost
  if (in_doubt(now))
    return order.cancel_asked ? OrderStatus::pending_cancel : told;
  if (now == OrderStatus::pending_cancel || now == OrderStatus::pending_replace)
    return now;  // what was asked for ends by a terminal report or a refusal
  const bool onward = (now == OrderStatus::held && told != OrderStatus::held) ||
                      (now == OrderStatus::accepted && told == OrderStatus::partially_filled) ||
                      told == OrderStatus::pending_cancel;
  return onward ? told : now;
}

void Machine::change_status(const WorkingOrder& order, OrderStatus status, bool assumed, std::string code,
                            std::string text) {
  emit(OrderChanged{order.row.client_order_id, VenueOrderId{}, status, order.row.cum_qty, order.row.avg_px,
                    std::move(code), std::move(text), assumed, cx_.now});
}

// What follows from a new status, once it and its fills are in the state.
void Machine::status_changed(const ClientOrderId& id, OrderStatus before) {
  const auto& order = *find_order(s_, id);
  const auto status = order.row.status;
  if (before == OrderStatus::unknown) {
    tell(RiskFactKind::resolved, order, {}, {});
    alert(AlertLevel::info, "ORDER_RESOLVED", id.str() + " is " + std::string{to_string(status)});
    if (is_entry(order) && !is_terminal(status))
      decide(order.row.signal, DispositionKind::in_flight, "", "found at the broker");
  }
  if (in_doubt(before) && !order.replaces.empty() && !in_doubt(status) && !order.assumed_end &&
      status != OrderStatus::rejected)
    if (const auto* old = find_order(s_, order.replaces);
        old != nullptr && old->row.status == OrderStatus::pending_replace) {
      // Over, but how much it filled before only its own report tells; until then its shares count as covered.
      query(*old);
      ask_again(TimerKind::resolve, ClientOrderId{old->row.client_order_id}, policy_.resolve_backoff_first, 0);
    }
  if (is_terminal(find_order(s_, id)->row.status)) {
    order_over(id, before);
    end_successors(id);
  } else if (in_doubt(before) && ends_by_itself(*find_order(s_, id)))
    await_end(id);
}

void Machine::order_over(const ClientOrderId& id, OrderStatus before) {
  const auto& order = *find_order(s_, id);
  const auto status = order.row.status;
  const bool refused = status == OrderStatus::rejected;
  if (refused && order.replaces.empty())  // a replace that is refused leaves its order at work: nothing was lost
    tell(RiskFactKind::rejected, order, {}, {});
  if (is_entry(order)) {
    entry_ended(id);
    if (order.booked.is_zero() && (refused || order.assumed_end))
      end_children(id);
    return;
  }
  if (!is_exit(order))
    return;
  if (refused && in_doubt(before) && order.group == ExitGroup::oco)
    end_children(id);
  // The venue ends the sibling with it, and may not say so.
  if (ends_group(s_, *find_order(s_, id)))
    for (const auto& other : s_.orders)
      if (live(other) && same_set(*find_order(s_, id), other) && !in_doubt(other.row.status))
        query(other);
  if (refused)
    exit_refused(id);
  else
    judge_ended_exits(id);
}

// What the venue ended in any other way it did not replace, nor will it: a replacement whose fate is in doubt never
// came to be.
void Machine::end_successors(const ClientOrderId& id) {
  const auto* ended = find_order(s_, id);
  if (ended == nullptr || ended->row.status == OrderStatus::replaced || ended->assumed_end)
    return;
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    const auto before = s_.orders[i].row.status;
    if (s_.orders[i].replaces != id || !in_doubt(before))
      continue;
    const auto successor = s_.orders[i].row.client_order_id;
    change_status(s_.orders[i], OrderStatus::canceled, true, "", "what it was to replace had ended");
    status_changed(successor, before);
    end_children(successor);
  }
}

// What ended may be the last of a group of which an earlier end was left open.
void Machine::judge_ended_exits(const ClientOrderId& id) {
  const auto& last = *find_order(s_, id);
  for (const auto& order : s_.orders)
    if ((&order == &last || (is_native(last) && same_set(last, order))) && !live(order) && was_taken_away(order))
      return exit_taken_away(ClientOrderId{order.row.client_order_id});
}

// A refused head takes its contingent legs along: they never came to be.
void Machine::end_children(const ClientOrderId& head) {
  for (std::size_t i = 0; i < s_.orders.size(); ++i)
    if (is_native(s_.orders[i]) && s_.orders[i].row.parent == head && live(s_.orders[i]))
      change_status(s_.orders[i], OrderStatus::canceled, true, "", "its parent never came to be");
}

}  // namespace heed::core
