// Orders made, sent, taken away and replaced. A plan is an event before the effect that sends it.
#include "core/naming.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {
namespace {

AttachedExit attached(const WorkingOrder& leg) {
  return {leg.row.client_order_id, leg.row.leg == Leg::take_profit ? *leg.row.limit_price : *leg.row.stop_price};
}

}  // namespace

// An exit or entry of this lot, to be completed by the caller.
WorkingOrder Machine::blank_order(const Lot& lot, Leg leg, Quantity quantity) const {
  WorkingOrder order;
  order.lot = lot.id;
  auto& row = order.row;
  row.account = s_.account;
  row.symbol = s_.symbol;
  if (!mutant("exit_of_nobody") || leg == Leg::entry)
    row.strategy = lot.strategy;
  row.source = lot.source;
  row.signal = lot.signal;
  row.intent = lot.id;
  row.correlation_id = lot.correlation_id;
  row.side = leg == Leg::entry ? lot.side : opposite(lot.side);
  row.leg = leg;
  row.type = leg == Leg::take_profit ? OrderType::limit : leg == Leg::stop_loss ? OrderType::stop : OrderType::market;
  row.time_in_force = quantity.is_whole() ? TimeInForce::gtc : TimeInForce::day;
  row.quantity = quantity;
  row.status = OrderStatus::submitted;
  row.created_at = cx_.now;
  row.updated_at = cx_.now;
  return order;
}

void Machine::plan(WorkingOrder order) { emit(OrderPlanned{std::move(order)}); }

// Sends a planned order with the legs that travel with it: at any time the same content for the same name.
void Machine::submit(const ClientOrderId& id) {
  const auto& order = *find_order(s_, id);
  SubmitOrder submission;
  submission.client_order_id = id;
  submission.account = s_.account;
  submission.symbol = s_.symbol;
  submission.side = order.row.side;
  submission.leg = order.row.leg;
  submission.type = order.row.type;
  submission.time_in_force = order.row.time_in_force;
  submission.quantity = order.row.quantity;
  submission.limit_price = order.row.limit_price;
  submission.stop_price = order.row.stop_price;
  submission.oco = order.group == ExitGroup::oco;
  submission.reduce_only = !is_entry(order);
  for (const auto& leg : s_.orders) {
    if (!is_native(leg) || leg.row.parent != id)
      continue;
    (leg.row.leg == Leg::take_profit ? submission.take_profit : submission.stop_loss) = attached(leg);
  }
  effect(SubmitDurably{std::move(submission)});
}

void Machine::want_cancel(const ClientOrderId& id, std::string_view why) {
  const auto* order = find_order(s_, id);
  if (order != nullptr && live(*order) && !order->cancel_wanted)
    emit(CancelWanted{ClientOrderId{id}, std::string{why}});
}

bool Machine::ask_cancels() {
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    const auto& order = s_.orders[i];
    if (order.cancel_wanted && !order.cancel_asked && live(order) &&
        ask_cancel(ClientOrderId{order.row.client_order_id}))
      return true;
  }
  return false;
}

// A cancel goes out once the venue is known to have the order: before, there is nothing to take away, and its fate is
// being asked for anyway.
bool Machine::ask_cancel(const ClientOrderId& id) {
  const auto& order = *find_order(s_, id);
  if (!is_resting(order.row.status) && order.row.status != OrderStatus::pending_cancel)
    return false;
  const auto* head = head_of(s_, order);
  if (head != nullptr && (in_doubt(head->row.status) || (order.group == ExitGroup::bracket && live(*head))))
    return false;             // the legs go with their entry; until then they are not orders of their own
  bool sibling_goes = false;  // the venue takes this one away with its sibling
  bool group_over = head != nullptr && order.group == ExitGroup::bracket && head->row.status != OrderStatus::filled;
  for (const auto& other : s_.orders) {
    if (!is_native(order) || !same_set(order, other))
      continue;
    sibling_goes = sibling_goes || (live(other) && other.cancel_asked);
    group_over = group_over || ends_group(s_, other);
  }
  emit(CancelAsked{id, cx_.now, cx_.now + policy_.cancel_confirm});
  const auto& asked = *find_order(s_, id);
  if (group_over)
    query(asked);
  else if (!sibling_goes)
    send_cancel(asked);
  arm(TimerKind::cancel_confirm, id, policy_.cancel_confirm);
  return true;
}

void Machine::send_cancel(const WorkingOrder& order) {
  effect(CancelDurably{{order.row.client_order_id, order.row.venue_order_id, s_.account, s_.symbol}});
}

// New terms for a resting order, under the lot's next name; `quantity` is what the new one may fill.
void Machine::replace(const ClientOrderId& id, std::optional<Quantity> quantity, std::optional<Price> price) {
  const auto& old = *find_order(s_, id);
  const auto& lot = *find_lot(s_, old.lot);
  WorkingOrder fresh = blank_order(lot, old.row.leg, quantity.value_or(open_quantity(s_, old)));
  fresh.row.revision = lot.exit_revision + 1;
  fresh.row.client_order_id = name_for(lot.id, old.row.leg, fresh.row.revision, lot.strategy);
  fresh.row.time_in_force = old.row.time_in_force;
  fresh.row.limit_price = old.row.limit_price;
  fresh.row.stop_price = old.row.stop_price;
  if (price)
    (old.row.leg == Leg::take_profit ? fresh.row.limit_price : fresh.row.stop_price) = price;
  fresh.row.parent = is_native(old) ? old.row.parent : id;
  fresh.group = old.group;
  fresh.set = old.set;
  fresh.replaces = id;
  ReplaceOrder command;
  command.client_order_id = id;
  command.venue_order_id = old.row.venue_order_id;
  command.new_client_order_id = fresh.row.client_order_id;
  command.account = s_.account;
  command.symbol = s_.symbol;
  if (quantity)
    command.quantity = *quantity + old.row.cum_qty;  // a fill on the way then comes off the new order
  if (price)
    (old.row.leg == Leg::take_profit ? command.limit_price : command.stop_price) = price;
  const ClientOrderId old_id = id;
  plan(std::move(fresh));
  change_status(*find_order(s_, old_id), OrderStatus::pending_replace, false, "", "");
  effect(ReplaceDurably{std::move(command)});
}

}  // namespace heed::core
