#include "broker/alpaca/name_book.hpp"

#include "messages/mutant.hpp"
#include "messages/order_names.hpp"

#include <utility>

namespace heed::alpaca {

NameBook::NameBook(AccountId account, std::size_t kept) : account_{account}, kept_{kept} {}

template <class Map, class Key>
void NameBook::trim(Map& map, std::deque<Key>& order) const {
  while (order.size() > kept_) {
    map.erase(order.front());
    order.pop_front();
  }
}

void NameBook::plan(const SubmitOrder& order) {
  Plan plan;
  plan.leg = order.leg;
  if (order.take_profit)
    plan.take_profit = order.take_profit->client_order_id;
  if (order.stop_loss)
    plan.stop_loss = order.stop_loss->client_order_id;
  if (plans_.insert_or_assign(order.client_order_id, plan).second)
    plan_names_.push_back(order.client_order_id);
  trim(plans_, plan_names_);
}

void NameBook::expect_replacement(const VenueOrderId& old, const ClientOrderId& new_name) {
  expected_.insert_or_assign(old, new_name);
  const auto* known = find(old);
  Plan plan;
  if (const auto parts = read_order_name(new_name))
    plan.leg = parts->leg;
  else if (known != nullptr)
    plan.leg = known->leg;
  if (plans_.insert_or_assign(new_name, plan).second)
    plan_names_.push_back(new_name);
  trim(plans_, plan_names_);
}

void NameBook::forget_replacement(const VenueOrderId& old) { expected_.erase(old); }

std::optional<Leg> NameBook::leg_of_own_name(std::string_view client_order_id) const {
  if (const auto parts = read_order_name(client_order_id))
    return parts->leg;
  if (client_order_id.empty() || client_order_id.size() > ClientOrderId::capacity)
    return std::nullopt;
  const auto found = plans_.find(ClientOrderId{client_order_id});
  return found == plans_.end() ? std::nullopt : std::optional<Leg>{found->second.leg};
}

std::optional<NameBook::Known> NameBook::as_named(const WireOrder& order) const {
  if (const auto leg = leg_of_own_name(order.client_order_id)) {
    const auto* before = order.replaces.empty() ? nullptr : find(order.replaces);
    return Known{ClientOrderId{order.client_order_id},        *leg, true,
                 before == nullptr ? order.id : before->root, {},   {}};
  }
  // "Foreign" is only what nobody claimed so far; a nested listing may still show it under an order of ours.
  const auto* known = find(order.id);
  return known == nullptr || !known->ours ? std::nullopt : std::optional<Known>{*known};
}

std::optional<NameBook::Known> NameBook::as_continued(const WireOrder& order) const {
  if (order.replaces.empty())
    return std::nullopt;
  const auto* before = find(order.replaces);
  if (before == nullptr || !before->ours)
    return std::nullopt;
  Known known = *before;
  known.filled = {};
  known.continues = order.replaces;
  if (const auto ours = expected_.find(order.replaces); ours != expected_.end()) {
    known.name = ours->second;  // asked for by us; the venue has given it a name of its own
    known.leg = leg_of_own_name(known.name).value_or(before->leg);
    known.continues = {};
  }
  return known;
}

std::optional<NameBook::Known> NameBook::as_leg(const WireOrder& leg, const VenueOrderId& parent_id) const {
  const auto* parent = find(parent_id);
  if (parent == nullptr || !parent->ours)
    return std::nullopt;
  const Leg role = leg.type == OrderType::limit ? Leg::take_profit : Leg::stop_loss;
  if (role == parent->leg)
    return std::nullopt;
  ClientOrderId name;
  if (const auto plan = plans_.find(parent->name); plan != plans_.end())
    name = role == Leg::take_profit ? plan->second.take_profit : plan->second.stop_loss;
  if (name.empty())
    name = sibling_name(parent->name, role).value_or(ClientOrderId{});
  if (name.empty())
    return std::nullopt;
  return Known{name, role, true, parent_id, {}, {}};
}

void NameBook::remember(const WireOrder& order, Known known) {
  known.filled = order.filled;
  if (const auto* before = find(order.id)) {
    if (known.root.empty() || known.root == order.id)
      known.root = before->root;
    if (before->filled > known.filled)
      known.filled = before->filled;
  }
  if (known.root.empty())
    known.root = order.id;
  const auto name = known.name;
  const bool ours = known.ours;
  if (by_id_.insert_or_assign(order.id, std::move(known)).second)
    ids_.push_back(order.id);
  if (ours) {
    auto& current = current_[name];
    if (current.empty() || order.status != OrderStatus::replaced)
      current = order.id;
  }
  while (ids_.size() > kept_) {
    const auto oldest = by_id_.find(ids_.front());
    if (const auto at = current_.find(oldest->second.name); at != current_.end() && at->second == oldest->first)
      current_.erase(at);
    expected_.erase(oldest->first);
    by_id_.erase(oldest);
    ids_.pop_front();
  }
}

bool NameBook::settle(const WireOrder& order, const VenueOrderId& root, const std::optional<Known>& known) {
  if (!known)
    return false;
  Known entry = *known;
  if (!root.empty())
    entry.root = root;
  remember(order, std::move(entry));
  return true;
}

// Own names first, then replacements of what is known, then legs by their place under a parent of ours. A replacement
// may come before what it replaces, so that step runs until nothing new is found.
void NameBook::learn(const std::vector<WireOrder>& orders) {
  std::vector<std::pair<const WireOrder*, VenueOrderId>> open;
  for (const auto& order : orders) {
    if (!settle(order, order.id, as_named(order)))
      open.emplace_back(&order, VenueOrderId{});
    for (const auto& leg : order.legs)
      if (!settle(leg, order.id, as_named(leg)))
        open.emplace_back(&leg, order.id);
  }
  const auto pass = [&open, this](auto&& way) {
    return std::erase_if(open, [&](const auto& item) { return settle(*item.first, item.second, way(item)); }) > 0;
  };
  const auto continued = [this](const auto& item) { return as_continued(*item.first); };
  const auto leg_untouched = [this](const auto& item) {
    return item.first->replaces.empty() ? as_leg(*item.first, item.second) : std::nullopt;
  };
  const auto leg_any = [this](const auto& item) { return as_leg(*item.first, item.second); };
  while (pass(continued)) {
  }
  pass(leg_untouched);
  while (pass(continued)) {
  }
  pass(leg_any);
}

void NameBook::learn(const WireOrder& order) { learn(std::vector<WireOrder>{order}); }

void NameBook::learn_pair(const ClientOrderId& name, const WireOrder& order) {
  const auto leg = leg_of_own_name(name);
  if (mutant("pairs_forgotten") || !leg || leg_of_own_name(order.client_order_id))
    return;
  const auto* known = find(order.id);
  if (known == nullptr || !known->ours)
    return remember(order, Known{name, *leg, true, {}, {}, {}});
  if (known->name == name || known->leg != *leg || !known->continues.empty())
    return;
  // So far it had the name that fits its place. A leg whose parent was replaced stands under another's successor, and
  // after a restart its place misleads.
  auto better = *known;
  if (const auto wrong = current_.find(known->name); wrong != current_.end() && wrong->second == order.id)
    current_.erase(wrong);
  better.name = name;
  remember(order, std::move(better));
}

void NameBook::set_foreign(const WireOrder& order) {
  if (find(order.id) != nullptr)
    return;
  const bool fits = !order.client_order_id.empty() && order.client_order_id.size() <= ClientOrderId::capacity;
  remember(
    order,
    Known{
      fits ? ClientOrderId{order.client_order_id} : ClientOrderId{order.id.view()}, Leg::entry, false, {}, {}, {}});
}

const NameBook::Known* NameBook::find(const VenueOrderId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

Quantity NameBook::carried(const VenueOrderId& id) const {
  Quantity sum;
  const auto* known = find(id);
  for (int steps = 0; known != nullptr && !known->continues.empty() && steps < 100; ++steps) {
    known = find(known->continues);
    if (known != nullptr)
      sum += known->filled;
  }
  return sum;
}

VenueOrderId NameBook::current(const ClientOrderId& name) const {
  const auto found = current_.find(name);
  return found == current_.end() ? VenueOrderId{} : found->second;
}

bool NameBook::can_report(const WireOrder& order) const {
  const auto* known = find(order.id);
  if (known != nullptr && !known->ours)
    return true;
  if (known == nullptr && !leg_of_own_name(order.client_order_id) && !as_continued(order))
    return false;
  return order.status != OrderStatus::replaced || order.replaced_by.empty() || find(order.replaced_by) != nullptr ||
         expected_.contains(order.id);
}

// `replaced` without a successor on an exit means that it lost the race against its sibling (protocol notes, 5.5):
// for the books that is a cancel.
void NameBook::put_replaced(OrderReport& report, const WireOrder& order) const {
  if (const auto* next = order.replaced_by.empty() ? nullptr : find(order.replaced_by)) {
    report.replaced_by = next->name;
  } else if (const auto expected = expected_.find(order.id); expected != expected_.end()) {
    report.replaced_by = expected->second;
  } else if (order.replaced_by.empty() && report.ours &&
             (report.leg == Leg::take_profit || report.leg == Leg::stop_loss)) {
    report.status = OrderStatus::canceled;
    report.text = "taken away by the venue: the other exit of the group filled";
  }
}

std::optional<OrderReport> NameBook::report(const WireOrder& order) const {
  OrderReport report;
  const auto* known = find(order.id);
  if (known == nullptr)
    return std::nullopt;
  const auto before = carried(order.id);
  report.client_order_id = known->name;
  report.leg = known->leg;
  report.ours = known->ours;
  report.venue_order_id = order.id;
  report.account = account_;
  report.symbol = order.symbol;
  report.side = order.side;
  report.type = order.type;
  report.status = order.status;
  report.quantity = order.quantity.is_zero() ? order.filled : order.quantity + before;
  report.cum_qty = order.filled + before;
  if (before.is_zero())
    report.avg_px = order.average;
  report.limit_price = order.limit_price;
  report.stop_price = order.stop_price;
  report.text = order.text;
  report.at = order.updated_at;
  if (known->root != order.id)
    report.parent = known->root;
  report.created_at = order.submitted_at;
  if (order.status == OrderStatus::rejected)
    report.reject_code = "rejected";
  if (order.status == OrderStatus::replaced)
    put_replaced(report, order);
  if (report.status == OrderStatus::replaced && report.replaced_by == report.client_order_id)
    return std::nullopt;
  return report;
}

std::vector<OrderReport> NameBook::reports(const WireOrder& order) {
  learn(order);
  std::vector<OrderReport> all;
  const auto add = [&](const WireOrder& one) {
    set_foreign(one);
    if (auto report = this->report(one))
      all.push_back(std::move(*report));
  };
  add(order);
  for (const auto& leg : order.legs)
    add(leg);
  return all;
}

}  // namespace heed::alpaca
