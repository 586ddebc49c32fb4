#include "core/order.hpp"

#include <algorithm>
#include <array>

namespace heed::core {
namespace {

constexpr auto ok = MoveVerdict::ok;
constexpr auto stale = MoveVerdict::stale;
constexpr auto alarm = MoveVerdict::alarm;

using Row = std::array<MoveVerdict, 13>;

// Rows: what is known. Columns, in the order of OrderStatus: what is said.
constexpr std::array<Row, 13> table{{
  // init  subm   acc    held   part   p_can  p_rep  unkn   fill   canc   expi   reje   repl
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                      // initialized
  {stale, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                   // submitted
  {stale, stale, ok, stale, ok, ok, ok, ok, ok, ok, ok, ok, ok},                             // accepted
  {stale, stale, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                // held
  {stale, stale, stale, stale, ok, ok, ok, ok, ok, ok, ok, ok, ok},                          // partially
  {stale, stale, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                // pending_cancel
  {stale, stale, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                // pending_replace
  {stale, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok},                                   // unknown
  {stale, stale, stale, stale, stale, stale, stale, stale, ok, alarm, alarm, alarm, alarm},  // filled
  {stale, stale, stale, stale, stale, stale, stale, stale, alarm, ok, stale, alarm, alarm},  // canceled
  {stale, stale, stale, stale, stale, stale, stale, stale, alarm, stale, ok, alarm, alarm},  // expired
  {stale, stale, stale, stale, stale, stale, stale, stale, alarm, alarm, alarm, ok, alarm},  // rejected
  {stale, stale, stale, stale, stale, stale, stale, stale, alarm, alarm, alarm, alarm, ok},  // replaced
}};

// A working status as the filled quantity shows it.
OrderStatus settle(OrderStatus status, Quantity quantity, Quantity cum_qty) {
  const bool says_working =
    status == OrderStatus::accepted || status == OrderStatus::held || status == OrderStatus::partially_filled;
  if (is_terminal(status) || !cum_qty.is_positive())
    return status;
  if (cum_qty >= quantity)
    return OrderStatus::filled;
  return says_working ? OrderStatus::partially_filled : status;
}

OrderAlarm alarm_of(const OrderProgress& known, const OrderStep& step, OrderStatus reported) {
  if (step.next.cum_qty > known.quantity && step.newly_filled.is_positive())
    return OrderAlarm::overfill;
  if (is_terminal(known.status))
    return step.newly_filled.is_positive()      ? OrderAlarm::fill_after_end
           : step.verdict == MoveVerdict::alarm ? OrderAlarm::illegal_transition
                                                : OrderAlarm::none;
  if (reported == OrderStatus::rejected && step.next.cum_qty.is_positive())
    return OrderAlarm::rejected_with_fills;
  if (reported == OrderStatus::filled && step.next.cum_qty < known.quantity)
    return OrderAlarm::filled_short;
  return step.verdict == MoveVerdict::alarm ? OrderAlarm::illegal_transition : OrderAlarm::none;
}

}  // namespace

MoveVerdict transition(OrderStatus from, OrderStatus to) {
  return table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

OrderStep apply(const OrderProgress& known, OrderStatus reported, Quantity reported_cum_qty) {
  OrderStep step;
  step.next = known;
  step.next.cum_qty = std::max(known.cum_qty, reported_cum_qty);
  step.newly_filled = step.next.cum_qty - known.cum_qty;
  const bool older = reported_cum_qty < known.cum_qty && !is_terminal(reported);
  step.verdict = older ? MoveVerdict::stale : transition(known.status, reported);
  if (step.verdict == MoveVerdict::ok)
    step.next.status = reported;
  step.next.status = settle(step.next.status, known.quantity, step.next.cum_qty);
  step.alarm = alarm_of(known, step, reported);
  return step;
}

}  // namespace heed::core
