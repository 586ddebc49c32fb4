// Protection: exits that stand for what is held, no more and no less, at the levels that are wanted.
//
// Exits of one lot come in sets; the legs of a set stand for the same shares. A set's quantity is planned only for
// shares that no other living set covers, so a cancel has to be confirmed before its shares are covered anew.
#include "core/pnl.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {
namespace {

constexpr Duration longest_protect_retry = std::chrono::minutes{1};
constexpr Duration taken_away_memory = std::chrono::minutes{10};

// Which exit the venue says that the price has passed: resting it is impossible, its time has come.
std::optional<CloseReason> passed_exit(const WorkingOrder& order) {
  if (!order.replaces.empty())
    return std::nullopt;
  std::string text;
  for (const char c : order.row.reject_code + " " + order.row.text)
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto says = [&](std::string_view words) { return text.find(words) != std::string::npos; };
  const bool pair = order.group == ExitGroup::oco;
  if ((pair || order.row.leg == Leg::stop_loss) &&
      (says("stop_price") || says("stop price") || says("through the stop")))
    return CloseReason::sl_hit;
  if (pair && says("take_profit.limit_price"))
    return CloseReason::tp_hit;
  return std::nullopt;
}

}  // namespace

bool Machine::protect() {
  if (mutant("no_protection"))
    return false;
  for (std::size_t i = 0; i < s_.lots.size(); ++i)
    if (protect_lot(i))
      return true;
  return false;
}

// Does one thing for one lot, if there is one to do.
bool Machine::protect_lot(std::size_t index) {
  const auto& lot = s_.lots[index];
  if (lot.stray && !lot.quantity.is_zero() && net_stray(lot))
    return true;
  if (lot.quantity.is_zero() || is_external(lot) || is_closing(s_, lot))
    return false;  // without shares: clean_up(); while closing: the close
  if (lot.stray) {
    const auto steps = s_.steps;
    close_by_rule(IntentId{lot.id}, CloseReason::reconciler_cleanup, "");
    return s_.steps != steps;
  }
  gather_sets(lot);
  if (drop_broken_sets())
    return true;
  Quantity covered;
  for (const auto& set : sets_)
    covered += set.open;
  const auto cap = cap_of(index);
  if (covered > cap)
    return shrink_sets(covered - cap);
  if (lot.protect_wait)
    return false;
  return resize_legs(lot) || reshape_sets(lot, cap - covered) ||
         (covered < cap && cover(s_.lots[index], cap - covered));
}

void Machine::gather_sets(const Lot& lot) {
  sets_.clear();
  for (const auto& order : s_.orders) {
    if (!is_exit(order) || !live(order) || order.lot != lot.id)
      continue;
    auto set = std::ranges::find(sets_, order.set, &ExitSet::number);
    if (set == sets_.end()) {
      sets_.emplace_back().number = order.set;
      set = sets_.end() - 1;
    }
    add_to_set(*set, order);
  }
  for (auto& set : sets_)
    for (const auto& order : s_.orders)
      set.broken = set.broken ||
                   (set.native && is_exit(order) && !live(order) && order.lot == lot.id && order.set == set.number &&
                    order.row.status != OrderStatus::rejected && !was_replaced(s_, order));
}

void Machine::add_to_set(ExitSet& set, const WorkingOrder& order) {
  (order.row.leg == Leg::take_profit ? set.take_profit : set.stop_loss) = order.row.client_order_id;
  set.native = set.native || is_native(order);
  set.moving = set.moving || order.cancel_wanted || !is_resting(order.row.status);
  set.open = std::max(set.open, open_quantity(s_, order));
  const auto* head = head_of(s_, order);
  if (head == nullptr)
    return;
  set.moving = set.moving || in_doubt(head->row.status);
  if (order.group != ExitGroup::bracket || head->row.status == OrderStatus::filled)
    return;
  if (live(*head))
    set.waiting = true;
  else if (policy_.venue.bracket_needs_full_fill)
    set.broken = true;  // the entry ended short: its legs never come to life
}

// What exits may stand for: what is held, within what the account really holds. Where it is on the other side, any
// exit would add to it.
Quantity Machine::cap_of(std::size_t index) const {
  const auto& lot = s_.lots[index];
  auto total = net_quantity(s_);
  if (const auto& told = s_.broker_quantity; told && (told->abs() < total.abs() || told->sign() * total.sign() < 0))
    total = *told;
  auto room = lot.side == Side::buy ? total : -total;
  for (std::size_t i = 0; i < index; ++i)
    if (!is_external(s_.lots[i]))
      room -= held(s_.lots[i]);
  return std::clamp(room, Quantity{}, held(lot));
}

bool Machine::cancel_set(const ExitSet& set, std::string_view why) {
  const auto steps = s_.steps;
  want_cancel(set.take_profit, why);
  want_cancel(set.stop_loss, why);
  return s_.steps != steps;
}

bool Machine::drop_broken_sets() {
  for (const auto& set : sets_)
    if (set.broken && cancel_set(set, "its group is over"))
      return true;
  return false;
}

// Newest first. What a venue's pair has too much goes with the whole pair; it is placed anew.
bool Machine::shrink_sets(Quantity excess) {
  for (auto set = sets_.rbegin(); set != sets_.rend() && excess.is_positive(); ++set) {
    if (set->moving) {
      excess -= set->open;  // whatever becomes of it, it is looked at again then
      continue;
    }
    const bool whole = set->native || !policy_.venue.replace || set->open <= excess;
    if (whole)
      return cancel_set(*set, "more than is held");
    const auto keep = set->open - excess;
    for (const auto& id : {set->stop_loss, set->take_profit})
      if (!id.empty())
        replace(id, keep, std::nullopt);
    return true;
  }
  return false;
}

// Where looking after siblings is our part: what one leg filled comes off the other.
bool Machine::resize_legs(const Lot& lot) {
  for (const auto& set : sets_) {
    if (set.native)
      continue;
    for (const auto& id : {set.stop_loss, set.take_profit}) {
      const auto* leg = find_order(s_, id);
      if (leg == nullptr || leg->reduced.is_zero() || leg->cancel_wanted || !is_resting(leg->row.status) ||
          is_succeeding(s_, *leg))
        continue;
      const auto keep = open_quantity(s_, *leg);
      if (keep.is_positive() && policy_.venue.replace && lot.protect_failures == 0)
        replace(id, keep, std::nullopt);
      else
        want_cancel(id, "its sibling filled");
      return true;
    }
  }
  return false;
}

bool Machine::reshape_sets(const Lot& lot, Quantity missing) {
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    const auto set = sets_[i];
    if (set.waiting || set.broken || set.open.is_zero())
      continue;
    // One set may grow where the venue can change an order in place.
    const bool grows = !set.native && policy_.venue.replace && lot.protect_failures == 0;
    if (reshape(lot, set, grows ? missing : Quantity{}))
      return true;
  }
  return false;
}

// Brings one set to the wanted shape and levels. The stop goes first, and rests while the target is moved.
bool Machine::reshape(const Lot& lot, const ExitSet& set, Quantity grow) {
  const bool pair = lot.stop && lot.target;
  const bool stop_only = pair && policy_.venue.holds_quantity && !pairs_natively(lot, set.open);
  const bool want_stop = lot.stop.has_value();
  const bool want_target = lot.target && !stop_only;
  const bool has_stop = !set.stop_loss.empty();
  const bool has_target = !set.take_profit.empty();
  if ((has_stop && !want_stop) || (has_target && !want_target)) {
    if (set.native)
      return !set.moving && cancel_set(set, "not wanted");
    const auto& id = has_stop && !want_stop ? set.stop_loss : set.take_profit;
    const auto steps = s_.steps;
    want_cancel(id, "not wanted");
    return s_.steps != steps;
  }
  if (set.native)
    return !set.moving && (move_leg(lot, set.stop_loss, set, {}) || move_leg(lot, set.take_profit, set, {}));
  const bool lacks = (want_stop && !has_stop) || (want_target && !has_target);
  if (lacks && pairs_natively(lot, set.open))
    return !set.moving && cancel_set(set, "a pair is wanted");
  if (lacks) {
    add_leg(lot, set, want_stop && !has_stop ? Leg::stop_loss : Leg::take_profit);
    return true;
  }
  return (has_stop && move_leg(lot, set.stop_loss, set, grow)) ||
         (has_target && move_leg(lot, set.take_profit, set, grow));
}

// Moves one resting leg to its wanted level, and lets it grow.
bool Machine::move_leg(const Lot& lot, const ClientOrderId& id, const ExitSet& set, Quantity grow) {
  const auto* leg = find_order(s_, id);
  if (leg == nullptr || leg->cancel_wanted || !is_resting(leg->row.status) || is_succeeding(s_, *leg))
    return false;
  const bool target = leg->row.leg == Leg::take_profit;
  const auto wanted = target ? lot.target : lot.stop;
  const auto rests = target ? leg->row.limit_price : leg->row.stop_price;
  // A leg may lag behind a sibling that has grown already.
  const auto short_of = std::max(set.open - open_quantity(s_, *leg), grow);
  const bool grows = short_of.is_positive() && !set.native && policy_.venue.replace && lot.protect_failures == 0;
  if (rests == wanted && !grows)
    return false;
  if (policy_.venue.replace && lot.protect_failures == 0) {
    const auto quantity =
      set.native ? std::nullopt : std::optional{open_quantity(s_, *leg) + (grows ? short_of : Quantity{})};
    replace(id, quantity, rests == wanted ? std::nullopt : wanted);
    return true;
  }
  if (rests == wanted)
    return false;
  if (set.native)
    return cancel_set(set, "new levels");
  want_cancel(id, "new level");
  return true;
}

// The leg that a set of plain orders lacks.
void Machine::add_leg(const Lot& lot, const ExitSet& set, Leg leg) {
  auto order = blank_order(lot, leg, set.open);
  order.row.revision = lot.exit_revision + 1;
  order.row.client_order_id = name_for(lot.id, leg, order.row.revision, lot.strategy);
  order.row.parent = leg == Leg::stop_loss ? set.take_profit : ClientOrderId{};
  (leg == Leg::take_profit ? order.row.limit_price : order.row.stop_price) =
    leg == Leg::take_profit ? lot.target : lot.stop;
  order.set = set.number;
  const auto id = order.row.client_order_id;
  plan(std::move(order));
  submit(id);
}

bool Machine::pairs_natively(const Lot& lot, Quantity quantity) const {
  return policy_.venue.native_oco && lot.stop && lot.target && quantity.is_whole();
}

// Where opposite orders are refused, a plain exit would not be taken beside an open entry.
bool Machine::entry_is_in_the_way(const Lot& lot) const {
  return policy_.venue.opposite_orders_refused && std::ranges::any_of(s_.orders, [&](const WorkingOrder& order) {
           return is_entry(order) && live(order) && order.row.side == lot.side;
         });
}

// A new set for shares that none covers.
bool Machine::cover(const Lot& lot, Quantity missing) {
  if (!lot.stop && !lot.target)
    return false;
  const bool native = pairs_natively(lot, missing);
  if (!native && entry_is_in_the_way(lot))
    return false;  // its grace runs
  ExitSet set;
  set.number = lot.exit_revision + 1;
  set.open = missing;
  if (!native) {
    add_leg(lot, set, lot.stop ? Leg::stop_loss : Leg::take_profit);
    return true;  // the target follows as the leg that the set lacks
  }
  auto target = blank_order(lot, Leg::take_profit, missing);
  auto stop = blank_order(lot, Leg::stop_loss, missing);
  for (auto* order : {&target, &stop}) {
    order->row.revision = set.number;
    order->row.client_order_id = name_for(lot.id, order->row.leg, set.number, lot.strategy);
    order->group = ExitGroup::oco;
    order->set = set.number;
  }
  target.row.limit_price = lot.target;
  stop.row.stop_price = lot.stop;
  stop.row.parent = target.row.client_order_id;
  stop.row.status = OrderStatus::held;
  const auto id = target.row.client_order_id;
  plan(std::move(target));
  plan(std::move(stop));
  submit(id);
  return true;
}

// A refused exit is tried again after a while; one that cannot rest any more means that the lot has to go.
void Machine::exit_refused(const ClientOrderId& id) {
  const auto order = *find_order(s_, id);
  if (!order.replaces.empty())
    if (const auto* old = find_order(s_, order.replaces);
        old != nullptr && old->row.status == OrderStatus::pending_replace) {
      const ClientOrderId old_id = old->row.client_order_id;
      change_status(*old, old->row.cum_qty.is_positive() ? OrderStatus::partially_filled : OrderStatus::accepted,
                    false, "", "");
      query(*find_order(s_, old_id));
    }
  const auto* lot = find_lot(s_, order.lot);
  if (lot == nullptr || lot->quantity.is_zero())
    return;
  emit(ProtectionRefused{order.lot, id});
  const auto failures = lot->protect_failures;
  const auto text = order.row.client_order_id.str() + ": " + order.row.reject_code + " " + order.row.text;
  const auto passed = passed_exit(order);
  if (passed || failures >= policy_.protect_tries) {
    alert(AlertLevel::critical, "PROTECTION_IMPOSSIBLE", "closing at market; " + text);
    return close_by_rule(IntentId{lot->id}, passed.value_or(CloseReason::stop_out),
                         passed == CloseReason::tp_hit ? "TARGET_PASSED" : "STOP_OUT");
  }
  // Nearly always the first no means that another exit has just filled or is on its way out: what became of those is
  // asked for, and the next attempt tells whether it was more than that.
  if (failures > 1)
    alert(AlertLevel::critical, "PROTECTION_REFUSED", text);
  else
    ask_for_exits(lot->id);
  arm(TimerKind::protect_retry, id, backoff(policy_.protect_retry, failures - 1, longest_protect_retry));
}

void Machine::ask_for_exits(const IntentId& lot) {
  for (const auto& order : s_.orders)
    if (is_exit(order) && order.lot == lot && order.row.status != OrderStatus::filled &&
        order.row.status != OrderStatus::rejected && !in_doubt(order.row.status))
      query(order);
}

// Somebody else, or the venue of its own, ended an exit that still had shares to stand for.
bool Machine::was_taken_away(const WorkingOrder& order) const {
  const auto status = order.row.status;
  if ((status != OrderStatus::canceled && status != OrderStatus::expired) || order.assumed_end ||
      order.cancel_wanted || !open_quantity(s_, order).is_positive())
    return false;
  const auto* lot = find_lot(s_, order.lot);
  if (lot == nullptr || lot->quantity.is_zero() || lot->stray || is_closing(s_, *lot))
    return false;
  const auto* head = head_of(s_, order);
  if (order.group == ExitGroup::bracket && head != nullptr && head->row.status != OrderStatus::filled)
    return false;  // it went with its entry
  // Of a group that the venue keeps, the last to end speaks for all: the venue may tell of the exit that it took away
  // before it tells of the fill for which it did.
  return std::ranges::none_of(s_.orders, [&](const WorkingOrder& other) {
    const auto end = other.row.status;
    const bool took_it_along = end == OrderStatus::filled || end == OrderStatus::rejected;
    return is_native(order) && same_set(order, other) && (live(other) || (ends_group(s_, other) && took_it_along));
  });
}

// Placed again at once the first time; a tug of war over it must not become a flood of orders.
void Machine::exit_taken_away(const ClientOrderId& id) {
  const auto& lot = *find_lot(s_, find_order(s_, id)->lot);
  const bool goes_on = lot.taken_away > 0 && cx_.now - lot.taken_away_at < taken_away_memory;
  const auto times = goes_on ? lot.taken_away + 1 : 1;
  const bool waits = times > 1 && !lot.protect_wait;
  emit(ExitTakenAway{IntentId{lot.id}, id, times, waits, cx_.now});
  alert(times > 1 ? AlertLevel::critical : AlertLevel::warning, "EXIT_TAKEN_AWAY",
        id.str() + " was cancelled, not by us, " + std::to_string(times) + " times");
  if (waits)
    arm(TimerKind::protect_retry, id, backoff(policy_.protect_retry, times - 2, longest_protect_retry));
}

// ---- looking back -------------------------------------------------------------------------------------------------

// Shares with their protective leg at the venue: the stop, or the target where no stop is wanted.
Quantity Machine::resting_protection(const Lot& lot) const {
  Quantity sum;
  const auto leg = lot.stop ? Leg::stop_loss : Leg::take_profit;
  for (const auto& order : s_.orders) {
    const bool close =
      order.row.leg == Leg::close && is_closing(s_, lot) && s_.close->order == order.row.client_order_id;
    if (!live(order) || in_doubt(order.row.status) || (!close && (order.lot != lot.id || order.row.leg != leg)))
      continue;
    const auto* head = head_of(s_, order);
    if (head != nullptr &&
        (in_doubt(head->row.status) || (order.group == ExitGroup::bracket && policy_.venue.bracket_needs_full_fill &&
                                        head->row.status != OrderStatus::filled)))
      continue;
    if (!order.replaces.empty() && in_doubt(order.row.status))
      continue;
    sum += open_quantity(s_, order);
  }
  return sum;
}

void Machine::note_nakedness() {
  for (std::size_t i = 0; i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    const bool wanted = !is_external(lot) && lot.quantity.sign() != 0 && (lot.stop || lot.target);
    const bool naked = wanted && resting_protection(lot) < cap_of(i);
    if (naked != lot.naked_since.has_value())
      emit(NakedChanged{IntentId{lot.id}, naked ? std::optional{cx_.now} : std::nullopt});
  }
}

// An entry that is partly filled, where the venue activates legs only on the whole fill, or refuses exits beside it.
bool Machine::keeps_itself_bare(const WorkingOrder& entry) const {
  if (entry.booked.is_zero())
    return false;
  const auto* lot = find_lot(s_, entry.lot);
  const bool bracket = std::ranges::any_of(s_.orders, [&](const auto& leg) {
    return leg.group == ExitGroup::bracket && leg.row.parent == entry.row.client_order_id;
  });
  const bool plain = lot != nullptr && (lot->stop || lot->target) && !pairs_natively(*lot, held(*lot));
  return (bracket && policy_.venue.bracket_needs_full_fill) || (plain && policy_.venue.opposite_orders_refused);
}

// One beside which the venue would refuse the plain exit that another lot lacks.
bool Machine::keeps_others_bare(const WorkingOrder& entry) const {
  if (!policy_.venue.opposite_orders_refused)
    return false;
  for (std::size_t i = 0; i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    if (lot.id == entry.lot || lot.side != entry.row.side || lot.quantity.is_zero() || is_external(lot) ||
        is_closing(s_, lot) || (!lot.stop && !lot.target))
      continue;
    const auto missing = cap_of(i) - resting_protection(lot);
    if (missing.is_positive() && !pairs_natively(lot, missing))
      return true;
  }
  return false;
}

// An entry that keeps what is held from being protected has `partial_grace` to fill.
void Machine::start_graces() {
  if (!policy_.venue.bracket_needs_full_fill && !policy_.venue.opposite_orders_refused)
    return;
  for (std::size_t i = 0; i < s_.orders.size(); ++i) {
    const auto& order = s_.orders[i];
    if (!is_entry(order) || !live(order) || order.grace || order.cancel_wanted ||
        (!keeps_itself_bare(order) && !keeps_others_bare(order)))
      continue;
    const auto id = order.row.client_order_id;
    emit(GraceStarted{id});
    arm(TimerKind::partial_grace, id, policy_.partial_grace);
  }
}

void Machine::grace_over(const ClientOrderId& id) {
  const auto* order = find_order(s_, id);
  if (order == nullptr || !live(*order) || !order->grace)
    return;
  if (order->booked.is_zero() && !keeps_others_bare(*order))
    return arm(TimerKind::partial_grace, id, policy_.resolve_backoff_max);  // covered meanwhile; it may be bare again
  want_cancel(id, "partial_grace");
}

// Flat means clean: exits without shares go, ended trades are told, and history is let go when all is done.
bool Machine::clean_up() {
  bool all_over = !s_.close && s_.closes_waiting.empty();
  for (const auto& order : s_.orders) {
    if (!live(order))
      continue;
    all_over = false;
    const auto* lot = find_lot(s_, order.lot);
    if (mutant("flat_keeps_exits") || !is_exit(order) || order.cancel_wanted ||
        (lot != nullptr && !lot->quantity.is_zero()))
      continue;
    if (lot != nullptr && has_live_entry(s_, *lot))
      continue;
    want_cancel(ClientOrderId{order.row.client_order_id}, "flat");
    return true;
  }
  bool forgettable = false;
  for (const auto& lot : s_.lots) {
    if (!lot.quantity.is_zero()) {
      all_over = all_over && is_external(lot);
      continue;
    }
    if (lot.ended) {
      forgettable = true;
      continue;
    }
    if (has_live_entry(s_, lot))
      continue;
    if (lot.entered.is_zero())
      emit(LotDropped{IntentId{lot.id}});
    else
      finish_trade(IntentId{lot.id});
    return true;
  }
  const bool settles = all_over && forgettable && !s_.orders.empty() && would_settle(s_);
  if (!settles && !would_drop_past(s_))
    return false;
  flush_rows();
  if (settles)
    emit(Settled{});
  else
    emit(PastDropped{});
  return true;
}

void Machine::finish_trade(const IntentId& id) {
  const auto& lot = *find_lot(s_, id);
  const auto pnl = lot.realized;
  out_.rows.emplace_back(trade_row(s_, lot, instrument_.multiplier, cx_.calendar));
  // The fill told risk that the trade ended, unless an entry that ended only now had kept it open.
  const bool told = std::ranges::any_of(out_.effects, [&](const PositionEffect& e) {
    const auto* tells = std::get_if<TellRisk>(&e);
    return tells != nullptr && tells->fact.trade_ended && tells->fact.lot == id;
  });
  if (!told)
    tell_of_lot(lot, {}, {}).trade_ended = true;
  emit(TradeClosed{id, lot.last_reason, lot.last_subreason, pnl, cx_.now});
}

}  // namespace heed::core
