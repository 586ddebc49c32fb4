// Facts applied to state. Nothing here decides.
#include "core/pnl.hpp"
#include "core/position.hpp"
#include "core/position_parts.hpp"

namespace heed::core {
namespace {

class Evolve {
public:
  explicit Evolve(PositionState& state) : s_{state} {}

  void operator()(const LotOpened& e) {
    if (std::ranges::all_of(s_.lots, [](const Lot& lot) { return lot.quantity.is_zero(); }))
      s_.realized = {};
    learn(e.terms);
    s_.lots.push_back(e.lot);
  }
  void operator()(const LotDropped& e) {
    if (auto* lot = find_lot(s_, e.lot))
      lot->ended = true;
  }
  void operator()(const OrderPlanned& e) {
    s_.orders.push_back(e.order);
    if (auto* lot = find_lot(s_, e.order.lot); lot != nullptr && !is_entry(e.order))
      lot->exit_revision = std::max(lot->exit_revision, e.order.row.revision);
    if (s_.close && e.order.row.leg == Leg::close) {
      s_.close->order = e.order.row.client_order_id;
      s_.close->attempt = e.order.row.revision;
      s_.close->stage = CloseStage::closing;
      s_.close->asked = false;
      s_.close->mismatches = 0;
    }
  }
  void operator()(const OrderChanged& e);
  void operator()(const FillBooked& e);
  void operator()(const FillExplained& e);

  void operator()(const LotsNetted& e) {
    for (const auto& part : e.parts) {
      auto& l = lot(part.lot);
      apply(l, part);
      l.ended = false;
      l.last_reason = CloseReason::reconciler_cleanup;
      l.last_exit_at = std::max(l.last_exit_at, e.at);
      l.last_subreason.clear();
    }
  }

  void operator()(const CancelWanted& e) { order(e.order).cancel_wanted = true; }
  void operator()(const CancelAsked& e) {
    auto& o = order(e.order);
    o.cancel_wanted = true;
    o.cancel_asked = true;
    o.resolves = 0;
    o.next_ask = e.next;
    o.row.status = OrderStatus::pending_cancel;
    o.row.updated_at = e.at;
  }
  void operator()(const OrderLooked& e) {
    auto& o = order(e.order);
    ++o.looks;
    if (!o.first_look)
      o.first_look = e.at;
  }
  void operator()(const AbsenceChecked& e) {
    auto& o = order(e.order);
    o.position_asked = e.begun;
    if (!e.begun) {
      ++o.unexplained;
      forget_looks(o);
    }
  }
  void operator()(const ResolveAsked& e) {
    auto& o = order(e.order);
    ++o.resolves;
    o.next_ask = e.next;
  }
  void operator()(const OrderResent& e) {
    auto& o = order(e.order);
    o.row.status = OrderStatus::submitted;
    o.row.updated_at = e.at;
    o.position_asked = false;
    o.resolves = 0;
    forget_looks(o);
  }
  void operator()(const GraceStarted& e) { order(e.order).grace = true; }

  void operator()(const LevelsChanged& e) {
    auto& l = lot(e.lot);
    l.stop = e.stop;
    l.target = e.target;
    l.protection = e.protection;
  }
  void operator()(const DueChanged& e) { lot(e.lot).due_session = e.due; }
  void operator()(const ProtectionRefused& e) {
    auto& l = lot(e.lot);
    ++l.protect_failures;
    l.protect_wait = true;
  }
  void operator()(const ExitTakenAway& e) {
    auto& l = lot(e.lot);
    l.taken_away = e.times;
    l.taken_away_at = e.at;
    l.protect_wait = l.protect_wait || e.wait;
  }
  void operator()(const ProtectionDue& e) { lot(e.lot).protect_wait = false; }
  void operator()(const NakedChanged& e) { lot(e.lot).naked_since = e.since; }

  void operator()(const CloseStarted& e) {
    std::erase_if(s_.closes_waiting,
                  [&](const ClosePlan& plan) { return plan.intent.intent_id == e.plan.intent.intent_id; });
    s_.close = e.plan;
  }
  void operator()(const CloseQueued& e) { s_.closes_waiting.push_back(e.plan); }
  void operator()(const CloseAdvanced& e) {
    s_.close->stage = e.stage;
    s_.close->asked = false;
  }
  void operator()(const PositionAsked& e) {
    s_.next_position_ask = e.next;
    if (s_.close && s_.close->stage == CloseStage::confirming)
      s_.close->asked = true;
  }
  void operator()(const MismatchSeen&) {
    ++s_.close->mismatches;
    s_.close->asked = false;
  }
  void operator()(const ClosePaused&) {
    ++s_.close->failures;
    s_.close->waiting = true;
  }
  void operator()(const CloseResumed&) {
    s_.close->waiting = false;
    s_.close->stage = CloseStage::cancelling;
  }
  void operator()(const CloseEnded& e) {
    if (!s_.close->quantity && e.outcome != "mismatch")
      for (auto& l : s_.lots)
        if (in_scope(*s_.close, l) && l.quantity.is_zero())
          l.stray = true;  // the close was meant for late fills too
    s_.close.reset();
  }

  void operator()(const TradeClosed& e) {
    lot(e.lot).ended = true;
    s_.last_close_at = e.at;
  }
  void operator()(const Settled&) { settle(); }
  void operator()(const PastDropped&) { drop_past(); }

  void operator()(const BlockChanged& e) {
    s_.blocked_until = e.until;
    s_.blocked_by = e.by;
  }
  void operator()(const QuarantineStarted& e) {
    s_.quarantine = e.reason;
    s_.broker_quantity = e.broker;
  }
  void operator()(const QuarantineLifted&) {
    s_.quarantine.clear();
    s_.quarantine_stays = false;
    s_.broker_quantity.reset();
  }
  void operator()(const ExternalChanged& e);
  void operator()(const LotAdopted& e);
  void operator()(const OwnershipRebuilt& e) {
    learn(e.terms);
    s_.lots.insert(s_.lots.end(), e.lots.begin(), e.lots.end());
    s_.orders.insert(s_.orders.end(), e.orders.begin(), e.orders.end());
    if (!e.closes.empty())
      s_.close = e.closes.front();
    s_.cost = e.cost;
  }
  void operator()(const AverageChanged& e) {
    s_.cost += e.cost;
    s_.realized += e.realized;
  }

private:
  void learn(const std::optional<ContractTerms>& terms) {
    if (terms)
      s_.terms = terms;
  }
  WorkingOrder& order(const ClientOrderId& id) { return *find_order(s_, id); }
  Lot& lot(const IntentId& id) { return *find_lot(s_, id); }
  static void forget_looks(WorkingOrder& o) {
    o.looks = 0;
    o.first_look.reset();
  }
  void reduce_set(const WorkingOrder& filled, Quantity quantity) {
    for (auto& other : s_.orders)
      // Of an order that `filled` replaced it is not known yet what it filled itself: its shares stay covered till
      // then.
      if (same_set(filled, other) && live(other) && filled.replaces != other.row.client_order_id)
        other.reduced += quantity;
  }
  void apply_part(const FillPart& part, const FillBooked& e);
  void settle();
  void drop_past();

  PositionState& s_;
};

void Evolve::operator()(const OrderChanged& e) {
  auto& o = order(e.order);
  const bool was_in_doubt = in_doubt(o.row.status);
  o.row.status = e.status;
  o.assumed_end = e.assumed && is_terminal(e.status);
  if (!e.venue_order_id.empty())
    o.row.venue_order_id = e.venue_order_id;
  o.row.cum_qty = e.cum_qty;
  o.row.avg_px = e.avg_px;
  // Whom the venue knows was not refused, whatever was feared.
  if (!e.reject_code.empty() || (e.status != OrderStatus::unknown && e.status != OrderStatus::rejected))
    o.row.reject_code = e.reject_code;
  if (!e.text.empty())
    o.row.text = e.text;
  o.row.updated_at = e.at;
  if (e.status == OrderStatus::unknown) {
    o.resolves = 0;
    o.next_ask.reset();
    o.position_asked = false;
    forget_looks(o);
  } else if (was_in_doubt) {
    o.unexplained = 0;
    o.position_asked = false;
    o.resolves = 0;
    forget_looks(o);
    if (is_exit(o) && !is_terminal(e.status))
      if (auto* l = find_lot(s_, o.lot))
        l->protect_failures = 0;
  }
}

void Evolve::apply_part(const FillPart& part, const FillBooked& e) {
  auto& l = lot(part.lot);
  apply(l, part);
  if (part.quantity.is_zero())
    return;
  l.ended = false;
  if (part.entry) {
    if (l.opened_at == Instant{})
      l.opened_at = e.at;
    return;
  }
  l.last_reason = e.reason;
  l.last_exit_at = std::max(l.last_exit_at, e.at);
  l.last_subreason = e.subreason;
  if (s_.close && in_scope(*s_.close, l))
    s_.close->closed += part.quantity;
}

void Evolve::operator()(const FillBooked& e) {
  auto& o = order(e.order);
  if (is_entry(o) && o.booked.is_zero() && o.row.intent != o.lot)
    ++lot(o.lot).adds;
  o.booked += e.quantity;
  o.booked_value += e.value;
  o.row.cum_qty = std::max(o.row.cum_qty, o.booked);
  if (!e.inferred)
    o.executions.push_back(e.execution_id);
  else
    for (const auto& part : e.parts)
      if (part.quantity.is_positive())
        o.inferred.push_back({part.lot, part.quantity, part.entry ? part.entry_value : part.exit_value});
  if (is_exit(o))
    reduce_set(o, e.quantity);
  for (const auto& part : e.parts)
    apply_part(part, e);
  s_.cost += e.cost;
  s_.realized += e.realized;
}

void Evolve::operator()(const FillExplained& e) {
  auto& o = order(e.order);
  o.executions.push_back(e.execution_id);
  o.booked_value += e.value_change;
  (void)take_shares(o.inferred, e.quantity);
  if (e.rest_value)
    set_value(o.inferred, *e.rest_value);
  for (const auto& part : e.parts)
    apply(lot(part.lot), part);
  s_.cost += e.cost;
  s_.realized += e.realized;
}

void Evolve::operator()(const ExternalChanged& e) {
  learn(e.terms);
  auto* found = find_lot(s_, e.lot);
  if (found == nullptr) {
    Lot fresh;
    fresh.id = e.lot;
    fresh.strategy = external_owner;
    fresh.opened_at = e.at;
    s_.lots.push_back(fresh);
    found = &s_.lots.back();
  }
  found->side = e.quantity.is_negative() ? Side::sell : Side::buy;
  found->quantity = e.quantity;
  found->cost = e.cost;
  found->entered = e.quantity.abs();
  found->entry_value = e.cost;
  found->exited = {};
  found->exit_value = {};
  found->fees = {};
  found->realized = {};
  found->ended = e.quantity.is_zero();
  s_.cost = e.symbol_cost;
}

void Evolve::operator()(const LotAdopted& e) {
  auto& from = lot(e.from);
  from.quantity -= e.lot.quantity;
  from.cost -= e.lot.cost;
  from.entered -= e.lot.entered;
  from.entry_value -= e.lot.entry_value;
  from.ended = from.quantity.is_zero();
  s_.lots.push_back(e.lot);
}

// Keeps the last few ended orders and their lots: a late or repeated report must still be known for what it is.
void Evolve::settle() {
  auto place = s_.orders.size();  // counted from the newest
  std::erase_if(s_.orders, [&](const WorkingOrder& o) { return is_history(o, --place); });
  std::erase_if(s_.lots, [&](const Lot& l) { return is_history(s_, l); });
}

void Evolve::drop_past() {
  std::vector<bool> past(s_.orders.size());
  for (std::size_t i = 0; i < past.size(); ++i)
    past[i] = is_past(s_, s_.orders[i], past.size() - 1 - i);
  auto place = std::size_t{0};
  std::erase_if(s_.orders, [&](const WorkingOrder&) { return past[place++]; });
}

}  // namespace

void evolve(PositionState& state, const PositionEvent& event) {
  ++state.steps;
  std::visit(Evolve{state}, event);
}

void complete(PositionState& state) {
  Money cost;
  Quantity net;
  for (const auto& lot : state.lots) {
    net += lot.quantity;
    cost += lot.quantity.is_negative() ? -lot.cost : lot.cost;
  }
  if (state.cost.is_zero() && !net.is_zero())
    state.cost = net.is_negative() ? -cost : cost;
  if (!state.terms && !state.lots.empty()) {  // shares, then: nothing else was traded
    const Instrument share;
    state.terms = ContractTerms{share.asset_class, share.tick_size, share.lot_size, share.multiplier};
  }
}

}  // namespace heed::core
