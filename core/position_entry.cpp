// Entries: what may be opened now, the lot and the order of it, and how the decision behind it ends.
#include "core/instruments.hpp"
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {

void Machine::operator()(const PlaceEntry& input) {
  if (const auto* known = find_order(s_, input.client_order_id); known != nullptr && !mutant("entry_again")) {
    auto [kind, detail] = standing(*known);
    return answer(kind, std::move(detail), "already placed as " + input.client_order_id.str());
  }
  if (refuse_entry(input))
    return;
  out_.rows.emplace_back(input.intent);
  const auto* joined = lot_to_join(input.intent);
  const auto lot = joined != nullptr ? joined->id : input.intent.intent_id;
  if (joined == nullptr)
    open_lot(input);
  else if (input.due_session && (!joined->due_session || *joined->due_session < *input.due_session))
    emit(DueChanged{lot, *input.due_session});
  plan_entry(input, lot);
  answer(DispositionKind::in_flight, "", "entry " + input.client_order_id.str());
}

const Lot* Machine::lot_to_join(const Intent& intent) const {
  if (intent.scale_in != ScaleIn::average)
    return nullptr;
  for (const auto& lot : s_.lots)
    if (lot.strategy == intent.strategy && lot.side == intent.side && !lot.stray && !lot.quantity.is_zero())
      return &lot;
  return nullptr;
}

// Answers and returns true when this entry may not be placed now.
bool Machine::refuse_entry(const PlaceEntry& input) {
  const auto refuse = [&](DispositionKind kind, std::string detail, std::string reason) {
    answer(kind, std::move(detail), std::move(reason));
    return true;
  };
  if (!parse_client_order_id(input.client_order_id))
    return refuse(DispositionKind::invalid, "client_order_id",
                  "not a name of ours: \"" + input.client_order_id.str() + "\"");
  if (!cx_.instrument_known)
    return refuse(DispositionKind::failed, "instrument", "what is traded here is not known yet");
  if (!input.quantity.is_positive())
    return refuse(DispositionKind::invalid, "quantity", "must be above 0: " + input.quantity.str());
  if (!s_.quarantine.empty())
    return refuse(DispositionKind::no_op, "quarantined", s_.quarantine);
  if (find_lot(s_, input.intent.intent_id) != nullptr)
    return refuse(DispositionKind::invalid, "intent_id",
                  "intent " + input.intent.intent_id.str() + " has already been placed");
  if (busy(s_))
    return refuse(DispositionKind::failed, "busy", "an entry or a close is still at work here");
  const auto net = net_quantity(s_);
  if (net.sign() * sign(input.intent.side) < 0)
    return refuse(DispositionKind::no_op, "opposite_position", "holds " + net.str() + ": close it, or reverse");
  if (const auto* joined = lot_to_join(input.intent);
      joined != nullptr && policy_.max_adds > 0 && joined->adds >= policy_.max_adds)
    return refuse(DispositionKind::no_op, "max_adds",
                  "adds " + std::to_string(joined->adds) + " >= " + std::to_string(policy_.max_adds));
  if (policy_.venue.opposite_orders_refused)
    for (const auto& order : s_.orders)
      if (live(order) && is_exit(order) && !is_native(order) && order.row.side != input.intent.side)
        return refuse(DispositionKind::failed, "opposite_exit_rests",
                      "the venue refuses an entry beside the plain exit " + order.row.client_order_id.str());
  return false;
}

// What an intent makes, before anything of it is held.
Lot Machine::lot_of(const Intent& intent) const {
  Lot lot;
  lot.id = intent.intent_id;
  lot.strategy = intent.strategy;
  lot.source = intent.source;
  lot.signal = intent.signal;
  lot.correlation_id = intent.correlation_id;
  lot.side = intent.side;
  lot.protection = intent.protection;
  lot.scale_in = intent.scale_in;
  lot.entry_session = cx_.session;
  return lot;
}

void Machine::open_lot(const PlaceEntry& input) {
  auto lot = lot_of(input.intent);
  lot.stop = input.stop;
  lot.target = input.target;
  lot.due_session = input.due_session;
  emit(LotOpened{std::move(lot), new_terms()});
}

void Machine::plan_entry(const PlaceEntry& input, const IntentId& lot_id) {
  const auto& intent = input.intent;
  const auto& lot = *find_lot(s_, lot_id);
  auto entry = blank_order(lot, Leg::entry, input.quantity);
  entry.worst_price = input.worst_price;
  entry.row.client_order_id = input.client_order_id;
  entry.row.intent = intent.intent_id;
  entry.row.signal = intent.signal;
  entry.row.source = intent.source;
  entry.row.correlation_id = intent.correlation_id;
  entry.row.side = intent.side;
  entry.row.type = intent.order_type;
  entry.row.limit_price = intent.limit_price;
  entry.row.stop_price = intent.stop_price;
  entry.row.time_in_force = input.quantity.is_whole() ? intent.time_in_force : TimeInForce::day;
  const bool type_fits = intent.order_type == OrderType::market ||
                         (intent.order_type == OrderType::limit &&
                          (intent.time_in_force == TimeInForce::day || intent.time_in_force == TimeInForce::gtc));
  const bool bracket = policy_.venue.native_bracket && intent.scale_in == ScaleIn::separate_lot && lot.stop &&
                       lot.target && type_fits && input.quantity.is_whole();
  if (!bracket) {
    plan(std::move(entry));
    return submit(input.client_order_id);
  }
  // The legs live as long as the entry may; a market entry is over at once, so that is no loss.
  if (intent.order_type == OrderType::market)
    entry.row.time_in_force = TimeInForce::gtc;
  WorkingOrder legs[2] = {blank_order(lot, Leg::take_profit, input.quantity),
                          blank_order(lot, Leg::stop_loss, input.quantity)};
  legs[0].row.limit_price = lot.target;
  legs[1].row.stop_price = lot.stop;
  for (auto& leg : legs) {
    leg.row.client_order_id = leg_name(input.client_order_id, leg.row.leg);
    leg.row.parent = input.client_order_id;
    leg.row.time_in_force = entry.row.time_in_force;
    leg.row.status = OrderStatus::held;
    leg.group = ExitGroup::bracket;
  }
  plan(std::move(entry));
  plan(std::move(legs[0]));
  plan(std::move(legs[1]));
  submit(input.client_order_id);
}

// Percent and tick levels follow what was really paid. Where an entry joined, only the target does, unless the policy
// lets the stop follow too; legs of a bracket stay where they were sent.
void Machine::relevel(const IntentId& id) {
  const auto& lot = *find_lot(s_, id);
  const auto& rule = lot.protection;
  const bool bracket = std::ranges::any_of(
    s_.orders, [&](const WorkingOrder& o) { return o.lot == id && o.group == ExitGroup::bracket; });
  if (bracket || lot.quantity.is_zero() || (!rule.stop && !rule.target))
    return;
  const auto average = price_of(lot.cost, held(lot), instrument_.multiplier);
  auto spec = rule;
  if (lot.stop && lot.adds > 0 && !policy_.stop_follows_average)
    spec.stop = Level{LevelKind::price, *lot.stop};
  const auto prices = exit_prices(spec, lot.side, average, instrument_);
  if (!prices) {
    alert(AlertLevel::warning, "PROTECTION_INVALID", prices.error().detail);
    return;
  }
  auto stop = prices.value().stop;
  const auto target = prices.value().target;
  if (trails(lot) && stop && (*stop - *lot.stop).sign() * sign(lot.side) < 0)
    stop = lot.stop;  // it has followed the price already, and does not go back
  if (stop != lot.stop || target != lot.target)
    emit(LevelsChanged{id, stop, target, lot.protection});
}

void Machine::operator()(const PriceSeen& input) {
  if (!follows_price(s_) || !input.last.is_positive())
    return;
  for (std::size_t i = 0; i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    if (!trails(lot) || is_closing(s_, lot))
      continue;
    if (const auto stop = trailed_stop(lot, input.last))
      emit(LevelsChanged{IntentId{lot.id}, *stop, lot.target, lot.protection});
  }
}

// As far behind the price as the first stop was behind the entry, never back, and not for less than a tenth of that
// distance: each move is a request to the venue.
std::optional<Price> Machine::trailed_stop(const Lot& lot, Price last) const {
  const auto entered = price_of(lot.entry_value, lot.entered, instrument_.multiplier);
  const auto& rule = *lot.protection.stop;
  auto distance = (entered - rule.value).abs();
  if (rule.kind != LevelKind::price) {
    ProtectionSpec spec;
    spec.stop = rule;
    spec.reward_risk = {};
    const auto placed = exit_prices(spec, lot.side, last, instrument_);
    if (!placed)
      return std::nullopt;
    distance = (last - *placed.value().stop).abs();
  }
  const auto stop = round_away(lot.side == Side::buy ? last - distance : last + distance, last, instrument_);
  const auto nearer = lot.side == Side::buy ? stop - *lot.stop : *lot.stop - stop;
  if (!stop.is_positive() || !nearer.is_positive() || nearer * Decimal{10} < distance)
    return std::nullopt;
  return stop;
}

// What the decision behind an entry is, as the order stands.
std::pair<DispositionKind, std::string> Machine::standing(const WorkingOrder& order) const {
  if (order.row.status == OrderStatus::unknown)
    return {DispositionKind::unknown, ""};
  if (live(order))
    return {DispositionKind::in_flight, ""};
  if (order.booked.is_positive())
    return {DispositionKind::filled, ""};
  switch (order.row.status) {
    case OrderStatus::rejected: return {DispositionKind::broker_rejected, order.row.reject_code};
    case OrderStatus::expired: return {DispositionKind::expired, ""};
    default: return {DispositionKind::cancelled, ""};
  }
}

void Machine::entry_ended(const ClientOrderId& id) {
  const auto& order = *find_order(s_, id);
  auto [kind, detail] = standing(order);
  std::string reason =
    order.booked.is_positive() ? "filled " + order.booked.str() + " of " + order.row.quantity.str() : order.row.text;
  decide(order.row.signal, kind, std::move(detail), std::move(reason));
  if (order.row.quantity > order.booked || order.booked.is_zero())
    tell(RiskFactKind::released, order, std::max(order.row.quantity - order.booked, Quantity{}), {});
}

}  // namespace heed::core
