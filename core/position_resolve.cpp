// Orders in doubt: asked for until the venue's evidence decides. Nothing here concludes from silence.
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {
namespace {

// With the back-off of the questions this is about a minute after the first.
constexpr std::int32_t worrying_resolves = 8;
constexpr std::int32_t most_unexplained = 3;  // answers about the position that do not fit, in a row
constexpr std::int32_t reminder = 20;         // and so many questions between two reminders

}  // namespace

void Machine::operator()(const OrderInDoubt& input) {
  const auto* order = find_order(s_, input.order);
  if (order == nullptr)
    return alert(AlertLevel::warning, "UNKNOWN_ORDER", input.order.str() + " in doubt: " + input.cause);
  if (mutant("doubt_is_a_no"))
    return (*this)(OrderRefused{input.order, input.given_up, input.cause});
  if (order->row.status == OrderStatus::submitted || order->row.status == OrderStatus::initialized)
    doubt(input.order, input.cause, input.given_up);
}

void Machine::doubt(const ClientOrderId& id, std::string cause, std::string given_up) {
  alert(AlertLevel::warning, "ORDER_UNKNOWN", id.str() + ": " + cause);
  change_status(*find_order(s_, id), OrderStatus::unknown, false, std::move(given_up), std::move(cause));
  const auto& order = *find_order(s_, id);
  if (is_entry(order))
    decide(order.row.signal, DispositionKind::unknown, "", order.row.text);
  tell(RiskFactKind::unknown, order, is_entry(order) ? order.row.quantity - order.booked : Quantity{}, {});
  query(order);
  arm(TimerKind::resolve, id, policy_.resolve_backoff_first);
}

void Machine::operator()(const OrderRefused& input) {
  const auto* order = find_order(s_, input.order);
  if (order == nullptr)
    return alert(AlertLevel::warning, "UNKNOWN_ORDER", input.order.str() + " refused: " + input.code);
  const auto before = order->row.status;
  if (is_terminal(before))
    return;
  if (!in_doubt(before)) {  // it was seen at work: the two cannot both be so
    alert(AlertLevel::critical, "REFUSAL_OF_WORKING_ORDER", input.order.str() + ": " + input.code + " " + input.text);
    return query(*order);
  }
  change_status(*order, OrderStatus::rejected, true, input.code, input.text);
  status_changed(ClientOrderId{input.order}, before);
}

void Machine::operator()(const CancelRefused& input) {
  if (const auto* order = find_order(s_, input.order); order != nullptr && live(*order))
    query(*order);  // usually it is over; only its report counts
}

// A market order that works is over in a moment. The report that says so may be lost, and until somebody asks, what
// it closed counts as held, and what it left has no exits.
void Machine::await_end(const ClientOrderId& id) {
  if (const auto& next = find_order(s_, id)->next_ask; !next || *next <= cx_.now)
    arm(TimerKind::resolve, id, policy_.cancel_confirm);
}

// Doubts, cancels, market orders and the position have timers that ask again; a plain query of another working order
// has none.
void Machine::operator()(const AskAgain& input) {
  const auto* order = find_order(s_, input.order);
  if (order == nullptr || !live(*order) || in_doubt(order->row.status) || order->cancel_asked ||
      ends_by_itself(*order))
    return;
  ask_again(TimerKind::resolve, ClientOrderId{input.order}, policy_.resolve_backoff_first, order->resolves);
}

// The next question, twice as late as the last.
void Machine::ask_again(TimerKind kind, ClientOrderId id, Duration first, std::int32_t times) {
  const auto delay = backoff(first, times, policy_.resolve_backoff_max);
  emit(ResolveAsked{id, cx_.now + delay});
  arm(kind, id, delay);
}

// A timer that comes before its question is due: an older one's, or the clock stood still or was set back meanwhile.
// It waits on, since it may be the only one; after a step back that would be long, so then the question is due at
// once.
bool Machine::is_early(TimerKind kind, const ClientOrderId& id, std::optional<Instant> next) {
  const auto wait = next.value_or(Instant{}) - cx_.now;
  if (wait <= Duration{0} || wait > std::max(policy_.resolve_backoff_max, policy_.cancel_confirm))
    return false;
  arm(kind, id, wait);
  return true;
}

void Machine::resolve_due(const ClientOrderId& id) {
  const auto* order = find_order(s_, id);
  if (order == nullptr || !live(*order) || is_early(TimerKind::resolve, id, order->next_ask))
    return;
  query(*order);
  if (!in_doubt(order->row.status) && order->row.status != OrderStatus::pending_replace && !ends_by_itself(*order))
    return;
  if (const auto times = order->resolves + 1; order->row.status == OrderStatus::unknown &&
                                              times >= worrying_resolves &&
                                              (times - worrying_resolves) % reminder == 0)
    alert(AlertLevel::critical, "ORDER_STILL_UNKNOWN",
          id.str() + ": asked for " + std::to_string(times) + " times; blocks new risk in the symbol");
  ask_again(TimerKind::resolve, id, policy_.resolve_backoff_first, order->resolves + 1);
}

// A cancel is asked for again from the second look on: the first may have been lost.
void Machine::cancel_due(const ClientOrderId& id) {
  const auto* order = find_order(s_, id);
  if (order == nullptr || !live(*order) || !order->cancel_asked ||
      is_early(TimerKind::cancel_confirm, id, order->next_ask))
    return;
  query(*order);
  if (order->resolves > 0)
    send_cancel(*order);
  ask_again(TimerKind::cancel_confirm, id, policy_.cancel_confirm, order->resolves + 1);
}

void Machine::operator()(const OrderNotFound& input) {
  const auto* order = find_order(s_, input.order);
  if (order == nullptr || !live(*order))
    return;
  const auto* head = head_of(s_, *order);
  // A leg that should have come with its parent, which is there.
  const bool lost_leg = order->row.status == OrderStatus::held && head != nullptr && !in_doubt(head->row.status);
  if (head != nullptr && in_doubt(head->row.status))
    return;
  if (!in_doubt(order->row.status) && !lost_leg && !(head != nullptr && order->cancel_asked))
    return alert(AlertLevel::warning, "ORDER_NOT_LISTED", input.order.str() + " is known to work, but was not found");
  if (order->position_asked)
    return;
  emit(OrderLooked{ClientOrderId{input.order}, cx_.now});
  order = find_order(s_, input.order);
  if (order->looks < 2 || cx_.now - *order->first_look < policy_.resolve_grace) {
    if (lost_leg && !order->cancel_asked)
      arm(TimerKind::resolve, input.order, policy_.resolve_grace);
    return;
  }
  if (!in_doubt(order->row.status))
    return conclude_absent(ClientOrderId{input.order});  // its parent's fate is known, so no fill can hide here
  emit(AbsenceChecked{ClientOrderId{input.order}, true});
  ask_position();
}

void Machine::operator()(const PositionReport& input) {
  absence_told(input);
  position_told(input);
}

// The last witness: were the order there and filled, the position would show it. What somebody else bought hides no
// sale of ours, unless something else that is in doubt may have done that as well.
bool Machine::may_have_filled(const WorkingOrder& order, Quantity difference) const {
  if (difference.is_zero())
    return false;
  return difference.sign() == sign(order.row.side) || std::ranges::any_of(s_.orders, [&](const WorkingOrder& other) {
           return live(other) && in_doubt(other.row.status) && other.row.side != order.row.side;
         });
}

void Machine::absence_told(const PositionReport& report) {
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    if (!s_.orders[i].position_asked || !live(s_.orders[i]))
      continue;
    const auto id = s_.orders[i].row.client_order_id;
    if (!may_have_filled(s_.orders[i], report.quantity - net_quantity(s_))) {
      conclude_absent(id);
      continue;
    }
    emit(AbsenceChecked{id, false});
    const auto text =
      "books " + net_quantity(s_).str() + ", broker " + report.quantity.str() + ", in doubt " + id.str();
    alert(AlertLevel::warning, "UNEXPLAINED_POSITION", text);
    // An entry in doubt keeps others out by itself, and what is held beside it goes on being protected.
    if (const auto& order = *find_order(s_, id);
        !is_entry(order) && order.unexplained >= most_unexplained && s_.quarantine.empty())
      set_apart("position mismatch: " + text, report.quantity, report.quantity);
  }
}

void Machine::conclude_absent(const ClientOrderId& id) {
  const auto* order = find_order(s_, id);
  if (in_doubt(order->row.status) && still_wanted(*order)) {
    emit(OrderResent{id, cx_.now});
    tell(RiskFactKind::resolved, *find_order(s_, id), {}, {});
    alert(AlertLevel::info, "ORDER_RESOLVED", id.str() + " never arrived: sent again");
    if (const auto& sent = *find_order(s_, id); is_entry(sent))
      decide(sent.row.signal, DispositionKind::in_flight, "", "not at the broker: sent again");
    if (mutant("resend_other_content"))
      find_order(s_, id)->row.quantity += Decimal{1};
    return submit(id);
  }
  const auto before = order->row.status;
  const auto replaced = order->replaces;
  if (in_doubt(before) && !order->row.reject_code.empty())
    change_status(*order, OrderStatus::rejected, true, "", "");
  else
    change_status(*order, OrderStatus::canceled, true, "", "never reached the venue");
  status_changed(id, before);
  end_children(id);
  if (const auto* old = find_order(s_, replaced); old != nullptr && old->row.status == OrderStatus::pending_replace) {
    change_status(*old, old->row.cum_qty.is_positive() ? OrderStatus::partially_filled : OrderStatus::accepted, false,
                  "", "");
    query(*find_order(s_, replaced));
  }
}

// Whether an order that never arrived would be sent today.
bool Machine::still_wanted(const WorkingOrder& order) const {
  if (order.cancel_wanted || !order.replaces.empty() || !order.row.reject_code.empty())
    return false;
  const auto* lot = find_lot(s_, order.lot);
  switch (order.row.leg) {
    case Leg::entry: return s_.quarantine.empty() && !(s_.close && lot != nullptr && in_scope(*s_.close, *lot));
    case Leg::close:
      return s_.close && s_.close->order == order.row.client_order_id &&
             left_to_close(s_, *s_.close) >= order.row.quantity;
    case Leg::take_profit:
    case Leg::stop_loss:
      return lot != nullptr && !is_closing(s_, *lot) && held(*lot) >= order.row.quantity && order.reduced.is_zero() &&
             (order.group == ExitGroup::oco       ? lot->stop && order.row.limit_price == lot->target
              : order.row.leg == Leg::take_profit ? order.row.limit_price == lot->target
                                                  : order.row.stop_price == lot->stop);
  }
  return false;
}

}  // namespace heed::core
