// Ownership after the loss of the journal: the names of our orders say whose they are, the broker's lists what came
// of them. What these do not explain together is left to `external`.
//
// A lot is made of each set of exits that rests, of each entry at work, and of what a strategy holds beyond these. So
// every exit stays as it is, at its own levels.
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/position_machine.hpp"

#include <map>
#include <utility>

namespace heed::core {
namespace {

Quantity left(const OrderReport& order) { return std::max(order.quantity - order.cum_qty, Quantity{}); }
bool works(const OrderReport& order) { return !is_terminal(order.status); }
Instant born(const OrderReport& order) { return order.created_at == Instant{} ? order.at : order.created_at; }

/// Exits that stand for the same shares.
struct ExitsAtWork {
  const OrderReport* target = nullptr;
  const OrderReport* stop = nullptr;
  VenueOrderId group;  // of the venue; empty: plain orders
  const OrderReport* any() const { return stop != nullptr ? stop : target; }
  Quantity open() const {
    if (stop == nullptr || target == nullptr)
      return left(*any());
    return std::min(left(*stop), left(*target));
  }
};

/// What one strategy has in this symbol, by its orders.
struct Owner {
  StrategyId strategy;
  const StrategyTerms* terms = nullptr;
  Quantity held;  // signed; what all its orders came to
  Money cost;     // of that, at average
  Instant entered_at{};
  std::vector<const OrderReport*> entries;  // at work
  std::vector<ExitsAtWork> exits;
  const OrderReport* close = nullptr;  // at work
  int closes = 0;
};

class Ownership {
public:
  Ownership(const RebuildOwnership& input, Decimal multiplier) : input_{input}, multiplier_{multiplier} {
    for (const auto& order : input.orders)
      if (auto* owner = owner_of(order); owner != nullptr && works(order))
        add(*owner, order);
    for (auto& [name, owner] : owners_) {
      pair_plain_exits(owner);
      if (input.broker.is_zero())
        continue;  // flat is flat: whatever still rests is cleaned up
      add_up(owner);
      believe_exits(owner);
    }
  }

  std::map<StrategyId, Owner>& owners() { return owners_; }
  const OrderReport* find(const VenueOrderId& id) const {
    const auto found = std::ranges::find(input_.orders, id, &OrderReport::venue_order_id);
    return id.empty() || found == input_.orders.end() ? nullptr : &*found;
  }
  Quantity held() const {
    Quantity sum;
    for (const auto& [name, owner] : owners_)
      sum += owner.held;
    return sum;
  }
  const std::vector<OrderReport>& orders() const { return input_.orders; }
  /// What is said to be held can be there, all of it, and what is at work fits to it.
  bool fits() const {
    int closes = 0;
    for (const auto& [name, owner] : owners_) {
      closes += owner.closes;
      const auto held = owner.held.sign();
      if (held * input_.broker.sign() < 0)
        return false;
      for (const auto& set : owner.exits)
        if (held == sign(set.any()->side) ||
            (set.stop != nullptr && set.target != nullptr && set.stop->side != set.target->side))
          return false;
      for (const auto* entry : owner.entries)
        if (entry->cum_qty.is_positive() && held == -sign(entry->side))
          return false;
    }
    return closes <= 1 && held().abs() <= input_.broker.abs();
  }
  bool has_any() const {
    return std::ranges::any_of(owners_, [](const auto& item) {
      const auto& owner = item.second;
      return !owner.held.is_zero() || !owner.entries.empty() || !owner.exits.empty() || owner.close != nullptr;
    });
  }

private:
  Owner* owner_of(const OrderReport& order) {
    const auto name = parse_client_order_id(order.client_order_id);
    if (!name)
      return nullptr;
    const auto terms = std::ranges::find(input_.strategies, name->strategy, &StrategyTerms::strategy);
    if (terms == input_.strategies.end())
      return nullptr;
    auto& owner = owners_[name->strategy];
    owner.strategy = name->strategy;
    owner.terms = &*terms;
    return &owner;
  }

  void add(Owner& owner, const OrderReport& order) {
    if (order.leg == Leg::entry)
      return owner.entries.push_back(&order);
    if (order.leg == Leg::close) {
      owner.close = &order;
      ++owner.closes;
      return;
    }
    if (const auto* head = find(order.parent); head != nullptr && head->leg == Leg::entry && works(*head))
      return;  // it waits for its entry
    const bool heads = std::ranges::any_of(
      input_.orders, [&](const OrderReport& leg) { return works(leg) && leg.parent == order.venue_order_id; });
    const auto group = !order.parent.empty() ? order.parent : heads ? order.venue_order_id : VenueOrderId{};
    auto set = group.empty() ? owner.exits.end() : std::ranges::find(owner.exits, group, &ExitsAtWork::group);
    if (set == owner.exits.end())
      set = owner.exits.insert(set, ExitsAtWork{nullptr, nullptr, group});
    (order.leg == Leg::take_profit ? set->target : set->stop) = &order;
  }

  /// Where looking after siblings was our part, a stop and a target of one size belong together.
  static void pair_plain_exits(Owner& owner) {
    for (auto& set : owner.exits) {
      if (!set.group.empty() || set.stop == nullptr || set.target != nullptr)
        continue;
      const auto other = std::ranges::find_if(owner.exits, [&](const ExitsAtWork& one) {
        return one.group.empty() && one.stop == nullptr && one.target != nullptr && one.open() == set.open();
      });
      if (other != owner.exits.end())
        set.target = std::exchange(other->target, nullptr);
    }
    std::erase_if(owner.exits, [](const ExitsAtWork& set) { return set.any() == nullptr; });
  }

  void add_up(Owner& owner) {
    std::vector<const OrderReport*> filled;
    for (const auto& order : input_.orders)
      if (order.cum_qty.is_positive() && owner_of(order) == &owner)
        filled.push_back(&order);
    std::ranges::stable_sort(filled, {}, [](const OrderReport* order) { return order->at; });
    for (const auto* order : filled) {
      const auto price = order->avg_px.value_or(input_.avg_px);
      const auto change = symbol_change(owner.held, owner.cost, order->side, order->cum_qty,
                                        value_of(price, order->cum_qty, multiplier_), {});
      owner.held += order->side == Side::buy ? order->cum_qty : -order->cum_qty;
      owner.cost += change.cost;
      if (order->leg == Leg::entry)
        owner.entered_at = order->at;
    }
  }

  /// Exits, and a close, rest for something: where the list does not reach back to its entry, they tell of it.
  void believe_exits(Owner& owner) {
    Quantity told;
    for (const auto& set : owner.exits)
      told += set.any()->side == Side::sell ? set.open() : -set.open();
    if (owner.close != nullptr) {
      const auto closing = owner.close->side == Side::sell ? left(*owner.close) : -left(*owner.close);
      told = closing.abs() > told.abs() ? closing : told;
    }
    if (told.is_zero() || (told.sign() == owner.held.sign() && told.abs() <= owner.held.abs()))
      return;
    owner.held = told;
    owner.cost = value_of(input_.avg_px, told.abs(), multiplier_);
  }

  const RebuildOwnership& input_;
  const Decimal multiplier_;
  std::map<StrategyId, Owner> owners_;
};

OrderRow row_of(const OrderReport& report, const AccountId& account) {
  OrderRow row;
  row.client_order_id = report.client_order_id;
  row.venue_order_id = report.venue_order_id;
  row.account = account;
  row.symbol = report.symbol;
  if (const auto name = parse_client_order_id(report.client_order_id))
    row.strategy = name->strategy;
  row.source = SourceId{"broker"};
  row.side = report.side;
  row.leg = report.leg;
  row.type = report.type;
  row.time_in_force = report.quantity.is_whole() ? TimeInForce::gtc : TimeInForce::day;
  row.quantity = report.quantity;
  row.limit_price = report.limit_price;
  row.stop_price = report.stop_price;
  row.status = in_doubt(report.status) ? OrderStatus::accepted : report.status;
  row.cum_qty = report.cum_qty;
  row.avg_px = report.avg_px;
  row.reject_code = report.reject_code;
  row.text = report.text;
  row.created_at = born(report);
  row.updated_at = report.at;
  return row;
}

/// Puts the lots and orders together.
class Rebuilding {
public:
  Rebuilding(Ownership& ownership, const AccountId& account, const Symbol& symbol, const StepContext& context,
             const Instrument& instrument)
      : ownership_{ownership}, account_{account}, symbol_{symbol}, cx_{context}, instrument_{instrument} {}

  OwnershipRebuilt take_all() {
    for (auto& [name, owner] : ownership_.owners())
      take(owner);
    return std::move(out_);
  }

private:
  void take(const Owner& owner) {
    auto rest = owner.held.abs();
    auto cost = owner.cost;
    const auto share = [&](Quantity most) {
      const auto quantity = std::min(most, rest);
      const auto value = quantity == rest ? cost : Decimal::mul_div(cost, quantity, rest);
      rest -= quantity;
      cost -= value;
      return std::pair{quantity, value};
    };
    for (const auto& set : owner.exits)
      take_exits(owner, set, share(set.open()));
    for (const auto* entry : owner.entries)
      take_entry(owner, *entry, share(entry->cum_qty));
    if (rest.is_positive())
      take_rest(owner, share(rest));
    if (owner.close != nullptr)
      take_close(owner);
  }

  Lot new_lot(const Owner& owner, Side side, const ClientOrderId& by, std::pair<Quantity, Money> held) const {
    Lot lot;
    lot.signal = signal_id(SourceId{"broker"}, account_.str() + ":" + symbol_.str() + ":" + by.str());
    lot.id = intent_id(lot.signal, account_, 0);
    lot.strategy = owner.strategy;
    lot.source = SourceId{"broker"};
    lot.correlation_id = lot.signal.str();
    lot.side = side;
    lot.quantity = side == Side::buy ? held.first : -held.first;
    lot.cost = lot.entry_value = held.second;
    lot.entered = held.first;
    lot.protection = owner.terms->protection;
    lot.opened_at = held.first.is_zero() ? Instant{} : owner.entered_at == Instant{} ? cx_.now : owner.entered_at;
    lot.entry_session = session_of(owner.entered_at);
    lot.due_session = due(owner, lot.entry_session);
    return lot;
  }

  Date session_of(Instant entered_at) const {
    if (entered_at == Instant{} || cx_.calendar == nullptr)
      return cx_.session;
    return cx_.calendar->session_at_or_after(entered_at).date;
  }
  /// As the strategy holds without a horizon; a person has a session at least to say otherwise.
  std::optional<Date> due(const Owner& owner, Date entered) const {
    if (owner.terms->hold_sessions <= 0 || cx_.calendar == nullptr)
      return std::nullopt;
    return std::max(cx_.calendar->add_sessions(entered, owner.terms->hold_sessions),
                    cx_.calendar->add_sessions(cx_.session, 1));
  }

  void take_exits(const Owner& owner, const ExitsAtWork& set, std::pair<Quantity, Money> held) {
    const auto* head = ownership_.find(set.group);
    const bool bracket = head != nullptr && head->leg == Leg::entry;
    const auto& first = bracket ? *head : *set.any();
    if (bracket && head->avg_px)
      held.second = value_of(*head->avg_px, held.first, instrument_.multiplier);
    auto lot = new_lot(owner, opposite(set.any()->side), first.client_order_id, held);
    lot.exit_revision = 1;
    lot.stop = set.stop == nullptr ? std::nullopt : set.stop->stop_price;
    lot.target = set.target == nullptr ? std::nullopt : set.target->limit_price;
    if (bracket)
      add_order(*head, lot);
    for (const auto* exit : {set.target, set.stop}) {
      if (exit == nullptr)
        continue;
      auto& order = add_order(*exit, lot);
      order.set = 1;
      order.group = set.group.empty() ? ExitGroup::single : bracket ? ExitGroup::bracket : ExitGroup::oco;
      if (const auto* parent = set.group == exit->venue_order_id ? nullptr : head)
        order.row.parent = parent->client_order_id;
      order.reduced = left(*exit) - set.open();
    }
    out_.lots.push_back(std::move(lot));
  }

  void take_entry(const Owner& owner, const OrderReport& entry, std::pair<Quantity, Money> held) {
    if (entry.avg_px)
      held.second = value_of(*entry.avg_px, held.first, instrument_.multiplier);
    auto lot = new_lot(owner, entry.side, entry.client_order_id, held);
    add_order(entry, lot).worst_price = entry.limit_price.value_or(entry.avg_px.value_or(Price{}));
    for (const auto* leg : legs_of(entry)) {
      auto& order = add_order(*leg, lot);
      order.group = ExitGroup::bracket;
      order.row.parent = entry.client_order_id;
      (leg->leg == Leg::take_profit ? lot.target : lot.stop) =
        leg->leg == Leg::take_profit ? leg->limit_price : leg->stop_price;
    }
    const auto price = entry.limit_price ? entry.limit_price : entry.avg_px;
    if (!lot.stop && !lot.target && price)
      set_levels(lot, *price);
    out_.lots.push_back(std::move(lot));
  }

  std::vector<const OrderReport*> legs_of(const OrderReport& entry) const {
    std::vector<const OrderReport*> legs;
    for (const auto& order : ownership_.orders())
      if (works(order) && !entry.venue_order_id.empty() && order.parent == entry.venue_order_id &&
          (order.leg == Leg::take_profit || order.leg == Leg::stop_loss))
        legs.push_back(&order);
    return legs;
  }

  /// Held, and nothing rests for it: by the strategy's own rule, from what was paid.
  void take_rest(const Owner& owner, std::pair<Quantity, Money> held) {
    auto lot = new_lot(owner, owner.held.is_negative() ? Side::sell : Side::buy,
                       ClientOrderId{"rest of " + owner.strategy.str()}, held);
    set_levels(lot, price_of(held.second, held.first, instrument_.multiplier));
    out_.lots.push_back(std::move(lot));
  }

  void set_levels(Lot& lot, Price average) const {
    const auto levels = exit_prices(lot.protection, lot.side, average, instrument_);
    if (!levels)
      return;
    lot.stop = levels.value().stop;
    lot.target = levels.value().target;
  }

  /// A close at work goes on as one of our own making.
  void take_close(const Owner& owner) {
    const auto& report = *owner.close;
    ClosePlan plan;
    auto& intent = plan.intent;
    intent.signal =
      signal_id(SourceId{"broker"}, account_.str() + ":" + symbol_.str() + ":" + report.client_order_id.str());
    intent.intent_id = intent_id(intent.signal, account_, 0);
    intent.account = account_;
    intent.strategy = owner.strategy;
    intent.source = SourceId{"broker"};
    intent.correlation_id = intent.signal.str();
    intent.action = IntentAction::close;
    intent.symbol = symbol_;
    intent.side = report.side;
    intent.created_at = born(report);
    plan.strategy = owner.strategy;
    if (left(report) < owner.held.abs())
      plan.quantity = left(report);
    plan.stage = CloseStage::closing;
    plan.order = report.client_order_id;
    plan.started_at = cx_.now;
    plan.own = true;
    auto& order = add_order(report, Lot{});
    order.row.intent = intent.intent_id;
    order.row.signal = intent.signal;
    order.row.close_reason = to_string(intent.close_reason);
    out_.closes.push_back(std::move(plan));
  }

  WorkingOrder& add_order(const OrderReport& report, const Lot& lot) {
    auto& order = out_.orders.emplace_back();
    order.row = row_of(report, account_);
    order.row.intent = lot.id;
    order.row.signal = lot.signal;
    order.row.correlation_id = lot.correlation_id;
    order.lot = lot.id;
    order.booked = report.cum_qty;
    order.booked_value = value_of(report.avg_px.value_or(Price{}), report.cum_qty, instrument_.multiplier);
    order.cancel_wanted = order.cancel_asked = report.status == OrderStatus::pending_cancel;
    return order;
  }

  Ownership& ownership_;
  const AccountId account_;
  const Symbol symbol_;
  const StepContext& cx_;
  const Instrument& instrument_;
  OwnershipRebuilt out_;
};

std::string told_of(const Lot& lot) {
  if (lot.quantity.is_zero())
    return "an entry of " + lot.strategy.str() + " at work";
  return std::string{lot.quantity.is_negative() ? "short " : "long "} + held(lot).str() + " of " +
         lot.strategy.str() + ", stop " + (lot.stop ? lot.stop->str() : "none") + ", target " +
         (lot.target ? lot.target->str() : "none") + ", due " +
         (lot.due_session ? to_iso_date(*lot.due_session) : "never");
}

}  // namespace

void Machine::operator()(const RebuildOwnership& input) {
  if (!s_.lots.empty() || !s_.orders.empty() || s_.close)
    return;  // it remembers
  Ownership ownership{input, instrument_.multiplier};
  const bool fits = ownership.fits();
  OwnershipRebuilt event;
  if (ownership.has_any() && fits) {
    if (!knows_terms())
      return;  // what is not known cannot be counted: whoever tells it tells it again
    event = Rebuilding{ownership, s_.account, s_.symbol, cx_, instrument_}.take_all();
    event.terms = new_terms();
    event.cost = value_of(input.avg_px, ownership.held().abs(), instrument_.multiplier);
  }
  emit(event);
  write_history(input, event);
  if (!fits)
    return alert(AlertLevel::critical, "OWNERSHIP_UNCLEAR",
                 "by their names, orders of Heed come to " + ownership.held().str() + ", the broker holds " +
                   input.broker.str() + ": left as it is, as somebody else's. Look at its orders, then adopt it");
  tell_of_rebuilt(event);
  const auto rest = input.broker - owned_quantity(s_);
  if (!rest.is_zero() && knows_terms())
    external_is(rest, input.avg_px);
}

// A row for each order under our names that is known again or over, so that none is news again; a signal and a
// decision for each lot, since every order has a story.
void Machine::write_history(const RebuildOwnership& input, const OwnershipRebuilt& event) {
  for (const auto& order : input.orders) {
    const auto* known = find_order(s_, order.client_order_id);
    if (known != nullptr || !works(order))
      out_.rows.emplace_back(known != nullptr ? known->row : row_of(order, s_.account));
  }
  for (const auto& lot : event.lots) {
    const bool at_work = has_live_entry(s_, lot);
    if (lot.quantity.is_zero() && !at_work)
      continue;
    SignalRow signal;
    signal.signal = lot.signal;
    signal.source = lot.source;
    signal.origin = Origin::manual;
    signal.symbol = s_.symbol;
    signal.action = "rebuild";
    signal.idempotency_key = lot.signal.str();
    signal.body = told_of(lot);
    signal.followers = 1;
    signal.received_at = cx_.now;
    out_.rows.emplace_back(std::move(signal));
    decide(lot.signal, at_work ? DispositionKind::in_flight : DispositionKind::filled, "",
           "known again by the names of its orders at the broker: " + told_of(lot));
  }
}

void Machine::tell_of_rebuilt(const OwnershipRebuilt& event) {
  for (const auto& lot : event.lots) {
    if (!lot.quantity.is_zero())
      tell_of_lot(lot, lot.quantity, {});
    if (!lot.quantity.is_zero() || has_live_entry(s_, lot))
      alert(AlertLevel::warning, "OWNERSHIP_REBUILT", told_of(lot));
  }
  for (const auto& made : event.orders) {
    const auto& order = *find_order(s_, made.row.client_order_id);
    if (!live(order))
      continue;
    if (is_entry(order))
      tell(RiskFactKind::reserved, order, order.row.quantity - order.booked, order.worst_price);
    if (order.row.status != OrderStatus::pending_cancel && order.row.status != OrderStatus::pending_replace)
      continue;
    query(order);
    ask_again(order.cancel_asked ? TimerKind::cancel_confirm : TimerKind::resolve,
              ClientOrderId{order.row.client_order_id}, policy_.cancel_confirm, 0);
  }
}

}  // namespace heed::core
