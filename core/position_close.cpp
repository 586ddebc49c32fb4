// Closing, the guarded path: exits and open entries gone by the venue's word, fills meanwhile counted, the broker's
// position asked, then one order for what is left and is there.
#include "core/naming.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {
namespace {

constexpr std::int32_t most_mismatches = 3;  // answers in a row that our books do not explain
constexpr std::int32_t worrying_failures = 5;

bool covers(const ClosePlan& plan, const CloseLots& input) {
  return !plan.quantity && !plan.then && !input.then && plan.lot.empty() &&
         (plan.strategy.empty() || plan.strategy == input.strategy) &&
         (plan.include_external || !input.include_external);
}

bool has_work(const PositionState& state, const ClosePlan& plan) {
  return left_to_close(state, plan).is_positive() || std::ranges::any_of(state.lots, [&](const Lot& lot) {
           return in_scope(plan, lot) && has_live_entry(state, lot);
         });
}

}  // namespace

void Machine::operator()(const CloseLots& input) {
  const auto same = [&](const ClosePlan& plan) { return plan.intent.intent_id == input.intent.intent_id; };
  if ((s_.close && same(*s_.close)) || std::ranges::any_of(s_.closes_waiting, same))
    return answer(DispositionKind::in_flight, "", "this close is under way");
  if (s_.close && covers(*s_.close, input))
    return answer(DispositionKind::no_op, "already_closing", "by " + s_.close->intent.intent_id.str());
  if (std::ranges::any_of(s_.closes_waiting, [&](const ClosePlan& plan) { return covers(plan, input); }))
    return answer(DispositionKind::no_op, "already_closing", "by a close that waits its turn");
  ClosePlan plan;
  plan.intent = input.intent;
  plan.strategy = input.strategy;
  plan.quantity = input.quantity;
  plan.then = input.then;
  plan.include_external = input.include_external;
  plan.started_at = cx_.now;
  if (plan.quantity && !plan.quantity->is_positive())
    return answer(DispositionKind::invalid, "quantity", "must be above 0: " + plan.quantity->str());
  if (!plan.then && !has_work(s_, plan))
    return answer(DispositionKind::no_op, "flat",
                  input.strategy.empty() ? "nothing is held" : "nothing is held for " + input.strategy.str());
  out_.rows.emplace_back(input.intent);
  const auto left = left_to_close(s_, plan);
  answer(DispositionKind::in_flight, "", left.is_positive() ? "closing " + left.str() : "the entry is taken back");
  if (s_.close)
    emit(CloseQueued{std::move(plan)});
  else
    emit(CloseStarted{std::move(plan)});
}

// A close of our own making, for one lot.
void Machine::close_by_rule(const IntentId& lot_id, CloseReason reason, std::string subreason) {
  const auto mine = [&](const ClosePlan& plan) { return plan.lot == lot_id; };
  const auto& lot = *find_lot(s_, lot_id);
  if ((s_.close && (mine(*s_.close) || (!s_.close->quantity && in_scope(*s_.close, lot)))) ||
      std::ranges::any_of(s_.closes_waiting, mine))
    return;
  ClosePlan plan;
  auto& intent = plan.intent;
  intent.intent_id = intent_id(lot.signal, s_.account, 0x8000'0000U + static_cast<std::uint32_t>(s_.steps));
  intent.signal = lot.signal;
  intent.account = s_.account;
  intent.strategy = lot.strategy;
  intent.source = lot.source;
  intent.correlation_id = lot.correlation_id;
  intent.action = IntentAction::close;
  intent.symbol = s_.symbol;
  intent.side = opposite(lot.side);
  intent.close_reason = reason;
  intent.subreason = std::move(subreason);
  intent.created_at = cx_.now;
  plan.strategy = lot.strategy;
  plan.lot = lot_id;
  plan.own = true;
  plan.started_at = cx_.now;
  out_.rows.emplace_back(intent);
  if (s_.close)
    emit(CloseQueued{std::move(plan)});
  else
    emit(CloseStarted{std::move(plan)});
}

bool Machine::pursue_close() {
  if (!s_.close)
    return start_waiting_close();
  const auto& plan = *s_.close;
  if (plan.waiting)
    return false;
  if (clear_the_way())
    return true;
  const auto left = left_to_close(s_, plan);
  switch (plan.stage) {
    case CloseStage::cancelling: {
      for (const auto& order : s_.orders)
        if (const auto* lot = find_lot(s_, order.lot); !mutant("close_before_exits_gone") && live(order) &&
                                                       order.row.leg != Leg::close && lot != nullptr &&
                                                       is_affected(s_, plan, *lot))
          return false;  // the venue's word on it is still to come
      if (left.is_zero() && !plan.then) {
        end_close("closed");
        return true;
      }
      emit(CloseAdvanced{CloseStage::confirming});
      ask_position();
      return true;
    }
    case CloseStage::confirming:
      if (left.is_positive() || plan.then)
        return false;
      end_close("closed");  // a late fill did it
      return true;
    case CloseStage::closing: {
      const auto* order = find_order(s_, plan.order);
      if (order != nullptr && live(*order))
        return false;
      close_order_over();
      return true;
    }
  }
  return false;
}

bool Machine::start_waiting_close() {
  if (s_.closes_waiting.empty())
    return false;
  emit(CloseStarted{ClosePlan{s_.closes_waiting.front()}});
  if (!s_.close->then && !has_work(s_, *s_.close)) {
    if (!s_.close->own)
      decide(s_.close->intent.signal, DispositionKind::no_op, "flat", "flat when its turn came");
    emit(CloseEnded{"flat", cx_.now});
  }
  return true;
}

// No exit, and no entry, may be at work on what is being closed: at any stage, since late news may bring one back.
bool Machine::clear_the_way() {
  if (mutant("close_keeps_exits"))
    return false;
  bool done = false;
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    const auto& order = s_.orders[i];
    if (!live(order) || order.cancel_wanted || order.row.leg == Leg::close)
      continue;
    const auto* lot = find_lot(s_, order.lot);
    if (lot == nullptr || !is_affected(s_, *s_.close, *lot))
      continue;
    want_cancel(ClientOrderId{order.row.client_order_id}, "close");
    done = true;
  }
  return done;
}

void Machine::ask_position() {
  emit(PositionAsked{cx_.now + policy_.cancel_confirm});
  effect(QueryPosition{});
  arm(TimerKind::position_query, {}, policy_.cancel_confirm);
}

void Machine::position_told(const PositionReport& report) {
  if (!s_.close || s_.close->waiting || s_.close->stage != CloseStage::confirming || !s_.close->asked)
    return;
  const auto& plan = *s_.close;
  Quantity others;
  Quantity scope;
  for (const auto& lot : s_.lots)
    (in_scope(plan, lot) ? scope : others) += lot.quantity;
  const auto left = left_to_close(s_, plan);
  if (left.is_zero()) {  // only a plan with a sequel asks when nothing is left
    if (report.quantity == others)
      return end_close("closed");
    return mismatch(report.quantity);
  }
  const auto towards = [&](Quantity q) { return scope.is_negative() ? -q : q; };
  const auto ours = std::min(towards(report.quantity - others), towards(report.quantity));
  const auto quantity = mutant("close_without_broker") ? left : std::min(left, ours);
  if (!quantity.is_positive())
    return mismatch(report.quantity);
  send_close(quantity);
}

void Machine::send_close(Quantity quantity) {
  const auto& plan = *s_.close;
  const auto lot =
    std::ranges::find_if(s_.lots, [&](const Lot& l) { return in_scope(plan, l) && !l.quantity.is_zero(); });
  auto order = blank_order(*lot, Leg::close, quantity);
  order.lot = plan.lot;
  auto& row = order.row;
  row.strategy = !plan.strategy.empty() ? plan.strategy : lot->strategy;
  row.source = plan.intent.source;
  row.signal = plan.intent.signal;
  row.intent = plan.intent.intent_id;
  row.correlation_id = plan.intent.correlation_id;
  row.time_in_force = TimeInForce::day;
  row.revision = mutant("close_name_again") ? 1 : plan.attempt + 1;
  row.client_order_id = name_for(row.intent, Leg::close, row.revision, row.strategy);
  row.close_reason = to_string(plan.intent.close_reason);
  order.subreason = plan.intent.subreason;
  if (mutant("close_sells_shorts"))
    row.side = Side::sell;
  const auto id = row.client_order_id;
  Machine::plan(std::move(order));
  submit(id);
}

// The broker's position does not have what our lots say: look for fills we missed and ask again; a difference that
// stays is not ours to guess at.
void Machine::mismatch(Quantity broker) {
  emit(MismatchSeen{net_quantity(s_), broker});
  const auto text = "books " + net_quantity(s_).str() + ", broker " + broker.str();
  if (s_.close->mismatches < most_mismatches) {
    for (const auto& order : s_.orders)
      if (live(order) || order.assumed_end)  // the venue has told the end of the others
        query(order);
    return alert(AlertLevel::warning, "POSITION_MISMATCH", text);
  }
  set_apart("position mismatch: " + text, broker, broker);
  end_close("mismatch");
}

namespace {

/// "3 for 2" where the broker holds as much more, or less, as after a split; else empty.
std::string split_between(Quantity books, Quantity broker) {
  if (books.sign() != broker.sign() || books == broker)
    return {};
  for (const int to : {2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100})
    for (const int from : {1, 2, 3, 4})
      if (from < to && (from == 1 || to % from != 0)) {
        const auto more = Decimal{to}, less = Decimal{from};
        if (from > 1 && to > 5)
          continue;  // nobody does such a thing
        if (books * more == broker * less)
          return std::to_string(to) + " for " + std::to_string(from);
        if (books * less == broker * more)
          return std::to_string(from) + " for " + std::to_string(to);
      }
  return {};
}

}  // namespace

// Nothing opens here until books and broker agree again, or a person says so.
// `bound`: what exits stay within.
void Machine::set_apart(const std::string& reason, std::optional<Quantity> bound, std::optional<Quantity> broker) {
  const auto text = reason + (broker ? say_difference(*broker) : std::string{});
  emit(QuarantineStarted{reason, bound});
  alert(AlertLevel::critical, "QUARANTINED", text);
}

// What the exits are worth meanwhile: they stay where they were, whatever the shares are worth now.
std::string Machine::say_difference(Quantity broker) const {
  std::string levels;
  for (const auto& order : s_.orders) {
    if (!is_exit(order) || !live(order))
      continue;
    const auto& price = order.row.stop_price ? order.row.stop_price : order.row.limit_price;
    levels += (levels.empty() ? "; at work: " : ", ") +
              std::string{order.row.leg == Leg::stop_loss ? "stop " : "target "} + open_quantity(s_, order).str() +
              " at " + price.value_or(Price{}).str() + (in_doubt(order.row.status) ? " (in doubt)" : "");
  }
  const auto split = split_between(net_quantity(s_), broker);
  if (!split.empty())
    levels += ". It looks like a split of " + split + ": prices of exits are those from before it";
  return levels.empty() && !owned_quantity(s_).is_zero() ? "; no exit is at work" : levels;
}

void Machine::close_order_over() {
  const auto& plan = *s_.close;
  const auto* order = find_order(s_, plan.order);
  const auto left = left_to_close(s_, plan);
  if (left.is_zero() && !plan.then)
    return end_close("closed");
  if (left.is_zero() || order == nullptr || order->row.status == OrderStatus::filled) {
    emit(CloseAdvanced{CloseStage::confirming});
    return ask_position();
  }
  auto why = order->row.client_order_id.str() + " " + std::string{to_string(order->row.status)} + " after " +
             order->booked.str() + " of " + order->row.quantity.str() +
             (order->row.text.empty() ? "" : ": " + order->row.text);
  emit(ClosePaused{why});
  const auto failures = s_.close->failures;
  arm(TimerKind::close_retry, {}, backoff(policy_.close_retry, failures - 1, std::chrono::minutes{5}));
  alert(failures >= worrying_failures ? AlertLevel::critical : AlertLevel::warning, "CLOSE_FAILED",
        "attempt " + std::to_string(failures) + ": " + why);
}

void Machine::end_close(std::string outcome) {
  const auto plan = *s_.close;
  const bool closed = outcome == "closed";
  emit(CloseEnded{std::move(outcome), cx_.now});
  if (closed && plan.then)
    return effect(EntryWanted{*plan.then});  // the decision goes on with it
  if (plan.own)
    return;
  if (closed)
    decide(plan.intent.signal, DispositionKind::closed, "",
           plan.closed.is_positive() ? "closed " + plan.closed.str() : "the entry was taken back before it filled");
  else
    decide(plan.intent.signal, DispositionKind::failed, "position_mismatch", s_.quarantine);
}

}  // namespace heed::core
