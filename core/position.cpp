// The step: one input, then whatever the state calls for.
#include "core/position.hpp"

#include "core/instruments.hpp"
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

#include <cstdio>
#include <cstdlib>

namespace heed::core {

void Step::clear() {
  events.clear();
  effects.clear();
  rows.clear();
  answer.kind = DispositionKind::received;
  answer.detail.clear();
  reason.clear();
}

void step(PositionState& state, const PositionInput& input, const StepContext& context, Step& out) {
  out.clear();
  Machine machine{state, context, out};
  machine.take(input);
  if (out.events.empty())
    return;  // nothing is new, so nothing is called for
  machine.pursue();
  machine.finish();
  check_invariants(state);
}

void Machine::take(const PositionInput& input) { std::visit(*this, input); }

void Machine::pursue() {
  constexpr int most_rounds = 200;  // far above what any state calls for
  for (int round = 0; round < most_rounds; ++round)
    if (!(pursue_close() || protect() || clean_up() || ask_cancels()))
      return;
  std::fprintf(stderr, "position %s %s: no rest after %d rounds\n", s_.account.str().c_str(), s_.symbol.str().c_str(),
               most_rounds);
  std::abort();
}

void Machine::finish() {
  start_graces();
  note_nakedness();
  flush_rows();
}

// ---- giving out ---------------------------------------------------------------------------------------------------

void Machine::answer(DispositionKind kind, std::string detail, std::string reason) {
  out_.answer.kind = kind;
  out_.answer.detail = std::move(detail);
  out_.reason = std::move(reason);
}

void Machine::decide(const SignalId& signal, DispositionKind kind, std::string detail, std::string reason) {
  if (signal.empty())
    return;
  Decision decision;
  decision.signal = signal;
  decision.account = s_.account;
  decision.disposition = {kind, std::move(detail)};
  decision.reason = std::move(reason);
  decision.at = cx_.now;
  out_.rows.emplace_back(std::move(decision));
}

void Machine::alert(AlertLevel level, std::string code, std::string text) {
  effect(RaiseAlert{level, std::move(code), std::move(text)});
}

void Machine::arm(TimerKind kind, const ClientOrderId& order, Duration delay) {
  effect(ArmTimer{kind, order, delay});
}

void Machine::query(const WorkingOrder& order) {
  effect(QueryOrder{order.row.client_order_id, order.row.venue_order_id});
}

// The part of a fact that every fact has.
RiskFact Machine::blank_fact(RiskFactKind kind) const {
  RiskFact fact;
  fact.kind = kind;
  fact.account = s_.account;
  fact.symbol = s_.symbol;
  fact.multiplier = instrument_.multiplier;
  fact.position_after = net_quantity(s_);
  for (const auto& lot : s_.lots)
    fact.cost_after += lot.cost;
  fact.step = s_.steps;
  fact.at = cx_.now;
  return fact;
}

void Machine::tell(RiskFactKind kind, const WorkingOrder& order, Quantity quantity, Price price) {
  auto fact = blank_fact(kind);
  fact.strategy = order.row.strategy;
  fact.order = order.row.client_order_id;
  fact.quantity = order.row.side == Side::buy ? quantity : -quantity;
  fact.price = price;
  effect(TellRisk{std::move(fact)});
}

// What happened to a lot without an order of its own: it goes by the lot's name.
RiskFact& Machine::tell_of_lot(const Lot& lot, Quantity change, Money realized) {
  auto fact = blank_fact(RiskFactKind::closed);
  fact.strategy = lot.strategy;
  fact.order = ClientOrderId{lot.id.view()};
  fact.quantity = change;
  fact.realized = realized;
  fact.trade_realized = lot.realized;
  fact.lot = lot.id;
  effect(TellRisk{std::move(fact)});
  return std::get<TellRisk>(out_.effects.back()).fact;
}

Duration Machine::backoff(Duration first, std::int32_t times, Duration most) const {
  auto delay = first;
  for (std::int32_t i = 0; i < times && delay < most; ++i)
    delay *= 2;
  return std::min(delay, most);
}

ClientOrderId Machine::name_for(const IntentId& intent, Leg leg, std::int32_t revision,
                                const StrategyId& strategy) const {
  return client_order_id(s_.account, intent, leg, static_cast<std::uint32_t>(revision), strategy);
}

namespace {

// The order whose row an event changes; null for the rest.
const ClientOrderId* order_changed_by(const PositionEvent& event) {
  if (const auto* e = std::get_if<OrderChanged>(&event))
    return &e->order;
  if (const auto* e = std::get_if<FillBooked>(&event))
    return &e->order;
  if (const auto* e = std::get_if<OrderPlanned>(&event))
    return &e->order.row.client_order_id;
  if (const auto* e = std::get_if<CancelAsked>(&event))
    return &e->order;
  if (const auto* e = std::get_if<OrderResent>(&event))
    return &e->order;
  return nullptr;
}

}  // namespace

// One row per order, however often it changed in this step.
void Machine::flush_rows() {
  for (; rows_told_ < out_.events.size(); ++rows_told_) {
    const auto* id = order_changed_by(out_.events[rows_told_]);
    if (id == nullptr)
      continue;
    bool again = false;
    for (auto later = rows_told_ + 1; later < out_.events.size() && !again; ++later) {
      const auto* other = order_changed_by(out_.events[later]);
      again = other != nullptr && *other == *id;
    }
    if (!again)
      if (const auto* order = find_order(s_, *id))
        out_.rows.emplace_back(order->row);
  }
}

// The terms that a lot begins with, where the state has others or none. What is held or at work keeps its own.
std::optional<ContractTerms> Machine::new_terms() const {
  if (s_.terms && !is_at_rest(s_))
    return std::nullopt;
  const auto& now = cx_.instrument;
  const ContractTerms terms{now.asset_class, now.tick_size, now.lot_size, now.multiplier};
  return !cx_.instrument_known || s_.terms == terms ? std::nullopt : std::optional{terms};
}

// ---- inputs that need few words -----------------------------------------------------------------------------------

void Machine::operator()(const SetBlock& input) {
  if (s_.blocked_until == input.until && s_.blocked_by == input.by)
    return;
  emit(BlockChanged{input.until, input.by});
  out_.rows.emplace_back(BlockRow{s_.account, s_.symbol, input.until, input.by});
}

void Machine::operator()(const Quarantine& input) {
  // What rests is left as it is, since a person has to look; but on the other side an exit would add to what is
  // there.
  const auto other_side = [net = net_quantity(s_).sign()](const std::optional<Quantity>& told) {
    return told && told->sign() * net < 0;
  };
  const bool opposite = other_side(input.broker);
  if (s_.quarantine.empty() || (opposite && !s_.quarantine_stays && !other_side(s_.broker_quantity)))
    set_apart(input.reason, opposite ? input.broker : std::nullopt, input.broker);
}

void Machine::operator()(const LiftQuarantine& input) {
  if (s_.quarantine.empty() || (input.agreed && s_.quarantine_stays))
    return;
  emit(QuarantineLifted{input.by});
  alert(AlertLevel::info, "QUARANTINE_LIFTED", "by " + input.by);
}

void Machine::operator()(const AverageTold& input) {
  const auto net = net_quantity(s_);
  if (net.is_zero() || net != input.quantity || !input.avg_px.is_positive() || in_motion(s_))
    return;  // the books have moved since it was told
  const auto change = value_of(input.avg_px, net.abs(), instrument_.multiplier) - s_.cost;
  if (change.is_zero())
    return;
  emit(AverageChanged{change, net.is_negative() ? -change : change});
  alert(AlertLevel::info, "AVERAGE_TAKEN_OVER", "the broker's " + input.avg_px.str() + " for " + net.str());
}

void Machine::operator()(const CancelEntries& input) {
  for (std::size_t i = 0; i < s_.orders.size(); ++i)
    if (is_entry(s_.orders[i]) && live(s_.orders[i]))
      want_cancel(ClientOrderId{s_.orders[i].row.client_order_id}, input.by);
}

void Machine::operator()(const ExtendDue& input) {
  bool found = false;
  for (std::size_t i = 0; i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    if (lot.strategy != input.intent.strategy || (lot.quantity.is_zero() && !has_live_entry(s_, lot)))
      continue;
    found = true;
    if (!lot.due_session || *lot.due_session < input.due)
      emit(DueChanged{IntentId{lot.id}, input.due});
  }
  if (found)
    answer(DispositionKind::filled, "", "due " + to_iso_date(input.due));
  else
    answer(DispositionKind::no_op, "flat", "no position of " + input.intent.strategy.str());
}

void Machine::operator()(const ModifyProtection& input) {
  bool found = false;
  std::string told;
  for (std::size_t i = 0; i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    if (lot.strategy != input.intent.strategy || lot.stray || lot.quantity.is_zero())
      continue;
    found = true;
    auto stop = input.stop;
    auto target = input.target;
    const auto& wanted = input.intent.protection;
    const auto measured = [](const std::optional<Level>& level) { return level && level->kind != LevelKind::price; };
    if (measured(wanted.stop) || measured(wanted.target)) {
      const auto average = price_of(lot.cost, held(lot), instrument_.multiplier);
      const auto prices = exit_prices(wanted, lot.side, average, instrument_);
      if (!prices)
        return answer(DispositionKind::invalid, "protection", prices.error().detail);
      stop = prices.value().stop;
      target = wanted.target ? prices.value().target : std::nullopt;
    }
    auto protection = lot.protection;  // from now on these prices are the rule
    protection.stop = stop ? std::optional{Level{LevelKind::price, *stop}} : std::nullopt;
    protection.target = target ? std::optional{Level{LevelKind::price, *target}} : std::nullopt;
    protection.trailing = wanted.trailing && stop;
    if (lot.stop != stop || lot.target != target || lot.protection.trailing != protection.trailing)
      emit(LevelsChanged{IntentId{lot.id}, stop, target, protection});
    told = "stop " + (stop ? stop->str() : "none") + ", target " + (target ? target->str() : "none");
  }
  if (!found)
    return answer(DispositionKind::no_op, "flat", "no position of " + input.intent.strategy.str());
  out_.rows.emplace_back(input.intent);
  answer(DispositionKind::filled, "", told);
}

void Machine::operator()(const TimerDue& input) {
  switch (input.kind) {
    case TimerKind::resolve: return resolve_due(input.order);
    case TimerKind::cancel_confirm: return cancel_due(input.order);
    case TimerKind::partial_grace: return grace_over(input.order);
    case TimerKind::close_retry:
      if (s_.close && s_.close->waiting)
        emit(CloseResumed{});
      return;
    case TimerKind::position_query: {
      const bool checking = std::ranges::any_of(s_.orders, [](const auto& o) { return o.position_asked && live(o); });
      const bool wanted = checking || (s_.close && s_.close->stage == CloseStage::confirming && !s_.close->waiting);
      if (wanted && !is_early(TimerKind::position_query, {}, s_.next_position_ask))
        ask_position();
      return;
    }
    case TimerKind::protect_retry:
      if (const auto* order = find_order(s_, input.order))
        if (const auto* lot = find_lot(s_, order->lot); lot != nullptr && lot->protect_wait)
          emit(ProtectionDue{IntentId{lot->id}});
      return;
  }
}

void Machine::operator()(const Recovered&) {
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    if (!live(s_.orders[i]))
      continue;
    const auto id = s_.orders[i].row.client_order_id;
    if (is_entry(s_.orders[i]))
      tell(RiskFactKind::reserved, s_.orders[i], s_.orders[i].row.quantity - s_.orders[i].booked,
           s_.orders[i].worst_price.is_zero() ? s_.orders[i].row.limit_price.value_or(Price{})
                                              : s_.orders[i].worst_price);
    if (mutant("restart_resolves_nothing"))
      continue;
    if (mutant("restart_ends_orders")) {
      change_status(s_.orders[i], OrderStatus::canceled, true, "", "restart");
      continue;
    }
    if (in_doubt(s_.orders[i].row.status)) {
      doubt(id, "restart");
    } else if (const auto* head = head_of(s_, s_.orders[i]); head == nullptr || !in_doubt(head->row.status)) {
      query(s_.orders[i]);
      if (s_.orders[i].cancel_asked)
        ask_again(TimerKind::cancel_confirm, id, policy_.cancel_confirm, 0);
      else if (ends_by_itself(s_.orders[i]))
        ask_again(TimerKind::resolve, id, policy_.resolve_backoff_first, 0);
      if (s_.orders[i].grace)
        arm(TimerKind::partial_grace, id, policy_.partial_grace);
    }
  }
  for (std::size_t i = 0; i < s_.lots.size(); ++i)
    if (s_.lots[i].protect_wait)
      emit(ProtectionDue{IntentId{s_.lots[i].id}});
  if (s_.close && s_.close->waiting)
    arm(TimerKind::close_retry, {}, policy_.close_retry);
  else if (s_.close && s_.close->stage == CloseStage::confirming)
    ask_position();
}

}  // namespace heed::core
