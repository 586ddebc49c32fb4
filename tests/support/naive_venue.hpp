// A venue for tests: one symbol, simple and forgiving of nothing. It keeps its own books, holds shares where it is
// told to, refuses what a real one refuses, and notes each breach (a close that crosses zero, a name with two
// contents).
#pragma once

#include "messages/order.hpp"
#include "messages/venue_capabilities.hpp"
#include "tests/support/fields_hash.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::test {

struct Refusal {
  std::string code, text;
};

class NaiveVenue {
public:
  struct Order {
    SubmitOrder made;
    OrderReport now;
    ClientOrderId group;   // head of its native group; empty: none
    bool bracket = false;  // leg of a bracket: sleeps until its entry lets it
    bool cancelling = false;
    Money value;  // price * quantity of what is filled
    std::vector<OrderReport> executions;
  };

  explicit NaiveVenue(VenueCapabilities can) : can_{std::move(can)} {}

  Quantity position;
  Money cash;  // of all fills: what they brought, less fees
  Money fee_per_fill;
  std::vector<OrderReport> stream;  // news since last taken
  std::vector<std::string> breaches;
  std::vector<Order> orders;

  Order* find(const ClientOrderId& id) {
    for (auto& order : orders)
      if (order.made.client_order_id == id)
        return &order;
    return nullptr;
  }
  static bool working(const Order& order) { return !is_terminal(order.now.status); }
  static Quantity open(const Order& order) { return order.now.quantity - order.now.cum_qty; }

  /// Could it fill now?
  bool active(const Order& order) {
    if (!working(order))
      return false;
    if (!order.bracket)
      return true;
    const auto& entry = *find(order.group);
    return can_.bracket_needs_full_fill ? entry.now.status == OrderStatus::filled : fillable(order).is_positive();
  }
  /// How much of it could fill now.
  Quantity fillable(const Order& order) {
    if (!order.bracket)
      return open(order);
    Quantity gone;
    for (const auto& other : orders)
      if (other.group == order.group && other.bracket)
        gone += other.now.cum_qty;
    const auto& entry = *find(order.group);
    return std::max(std::min(open(order), entry.now.cum_qty - gone), Quantity{});
  }

  std::optional<Refusal> submit(const SubmitOrder& order) {
    if (const auto* known = find(order.client_order_id)) {
      if (FieldsHash::of(known->made) != FieldsHash::of(order))
        breaches.push_back("two contents under " + order.client_order_id.str());
      return std::nullopt;  // "exists" means found
    }
    if (auto refusal = refuse(order))
      return refusal;
    const bool bracket = order.take_profit && order.stop_loss;
    add(order, order.oco ? order.client_order_id : ClientOrderId{}, false);
    if (bracket)
      add(leg(order, Leg::take_profit, *order.take_profit), order.client_order_id, true);
    if (order.stop_loss)
      add(leg(order, Leg::stop_loss, *order.stop_loss), order.client_order_id, bracket);
    return std::nullopt;
  }

  std::optional<Refusal> cancel(const ClientOrderId& id) {
    auto* order = find(id);
    if (order == nullptr || !working(*order))
      return Refusal{"42210000", "order is not cancelable"};
    order->cancelling = true;
    return std::nullopt;
  }

  /// The moment at which a cancel takes effect.
  void finish_cancels() {
    for (std::size_t i = 0; i < orders.size(); ++i)
      if (orders[i].cancelling && working(orders[i]))
        end(orders[i], OrderStatus::canceled);
  }

  std::optional<Refusal> replace(const ReplaceOrder& command) {
    auto* old = find(command.client_order_id);
    if (find(command.new_client_order_id) != nullptr)
      return std::nullopt;
    if (!can_.replace || old == nullptr || !working(*old) || old->cancelling)
      return Refusal{"42210000", "order cannot be replaced"};
    if (command.quantity && *command.quantity <= old->now.cum_qty)
      return Refusal{"42210000", "the order has filled as much already"};
    auto fresh = *old;
    fresh.made.client_order_id = command.new_client_order_id;
    fresh.made.quantity = command.quantity ? *command.quantity - old->now.cum_qty : open(*old);
    if (command.limit_price)
      fresh.made.limit_price = command.limit_price;
    if (command.stop_price)
      fresh.made.stop_price = command.stop_price;
    fresh.executions.clear();
    fresh.value = {};
    fresh.now.client_order_id = command.new_client_order_id;
    fresh.now.venue_order_id = next_id();
    fresh.now.quantity = fresh.made.quantity;
    fresh.now.cum_qty = {};
    fresh.now.avg_px.reset();
    fresh.now.execution.reset();
    fresh.now.limit_price = fresh.made.limit_price;
    fresh.now.stop_price = fresh.made.stop_price;
    if (!fresh.bracket || fresh.now.status == OrderStatus::partially_filled)
      fresh.now.status = OrderStatus::accepted;
    old->now.status = OrderStatus::replaced;
    old->now.replaced_by = command.new_client_order_id;
    tell(*old);
    orders.push_back(std::move(fresh));
    tell(orders.back());
    return std::nullopt;
  }

  void fill(const ClientOrderId& id, Quantity quantity, Price price) {
    auto& order = *find(id);
    const auto after = position + (order.made.side == Side::buy ? quantity : -quantity);
    if (order.made.leg != Leg::entry && (after.abs() > position.abs() || after.sign() * position.sign() < 0))
      breaches.push_back(id.str() + " of " + quantity.str() + " makes " + position.str() + " into " + after.str());
    position = after;
    const auto value = price * quantity * multiplier;
    cash += (order.made.side == Side::buy ? -value : value) - fee_per_fill;
    order.value += price * quantity;
    order.now.cum_qty += quantity;
    order.now.avg_px = order.value / order.now.cum_qty;
    order.now.status = order.now.cum_qty >= order.now.quantity ? OrderStatus::filled : OrderStatus::partially_filled;
    Execution execution;
    execution.execution_id = "E" + std::to_string(++executions_);
    execution.last_qty = quantity;
    execution.last_px = price;
    execution.fee = fee_per_fill;
    auto report = order.now;
    report.execution = execution;
    order.executions.push_back(report);
    stream.push_back(report);
    shrink_siblings(id, quantity);
    wake_legs(id);
  }

  /// As a query by name answers: the order and the legs that came with it.
  std::vector<OrderReport> query(const ClientOrderId& id) {
    std::vector<OrderReport> out;
    for (const auto& order : orders)
      if (order.made.client_order_id == id || (order.group == id && order.made.client_order_id != id))
        out.push_back(order.now);
    if (find(id) == nullptr)
      out.clear();
    return out;
  }

  /// What resting exits may take away in all, each native group once.
  Quantity held_for_exits() {
    std::map<std::string, Quantity> groups;
    for (auto& order : orders)
      if (order.made.leg != Leg::entry && active(order)) {
        auto& most = groups[(order.group.empty() ? order.made.client_order_id : order.group).str()];
        most = std::max(most, fillable(order));
      }
    Quantity sum;
    for (const auto& [name, quantity] : groups)
      sum += quantity;
    return sum;
  }

  void end(Order& order, OrderStatus status) {
    const auto id = order.made.client_order_id;
    order.now.status = status;
    tell(order);
    const auto group = order.group;
    for (auto& other : orders) {
      if (!working(other) || other.made.client_order_id == id)
        continue;
      const bool sibling = !group.empty() && other.group == group;
      const bool leg_of = other.group == id && other.bracket;
      if (leg_of && !can_.bracket_needs_full_fill && order.now.cum_qty.is_positive()) {
        other.now.quantity = other.now.cum_qty + fillable(other);  // what its siblings filled is gone already
        if (open(other).is_positive())
          continue;
      }
      if (sibling || leg_of) {
        other.now.status = OrderStatus::canceled;
        tell(other);
      }
    }
  }

  Decimal multiplier{1};

private:
  std::string next_id() { return "V" + std::to_string(++ids_); }

  void tell(const Order& order) { stream.push_back(order.now); }

  static SubmitOrder leg(const SubmitOrder& head, Leg which, const AttachedExit& exit) {
    SubmitOrder out = head;
    out.client_order_id = exit.client_order_id;
    out.leg = which;
    out.side = head.leg == Leg::entry ? opposite(head.side) : head.side;
    out.type = which == Leg::take_profit ? OrderType::limit : OrderType::stop;
    out.limit_price.reset();
    out.stop_price.reset();
    (which == Leg::take_profit ? out.limit_price : out.stop_price) = exit.price;
    out.take_profit.reset();
    out.stop_loss.reset();
    return out;
  }

  void add(const SubmitOrder& made, const ClientOrderId& group, bool bracket) {
    Order order;
    order.made = made;
    order.group = group;
    order.bracket = bracket;
    auto& now = order.now;
    now.client_order_id = made.client_order_id;
    now.venue_order_id = next_id();
    now.account = made.account;
    now.symbol = made.symbol;
    now.side = made.side;
    now.leg = made.leg;
    now.type = made.type;
    now.quantity = made.quantity;
    now.limit_price = made.limit_price;
    now.stop_price = made.stop_price;
    if (!group.empty() && group != made.client_order_id)
      now.parent = find(group)->now.venue_order_id;
    const bool sleeps = bracket || (!group.empty() && made.leg == Leg::stop_loss);
    now.status = sleeps ? OrderStatus::held : OrderStatus::accepted;
    orders.push_back(std::move(order));
    tell(orders.back());
  }

  std::optional<Refusal> refuse(const SubmitOrder& order) {
    if (refuse_next) {
      refuse_next = false;
      return Refusal{"40310000", "refused by the test"};
    }
    const bool native = order.oco || (order.take_profit && order.stop_loss);
    if ((order.oco && !can_.native_oco) || (!order.oco && native && !can_.native_bracket))
      return Refusal{"42210000", "order class not supported"};
    if (order.leg == Leg::entry)
      return opposite_rests(order, native);
    const auto held = order.side == Side::sell ? position : -position;
    const auto reserved = can_.holds_quantity ? held_for_exits() : Quantity{};
    if (order.quantity > held - reserved && (can_.holds_quantity || order.leg == Leg::close))
      return Refusal{"40310000", "insufficient qty available for order (requested: " + order.quantity.str() +
                                   ", available: " + (held - reserved).str() + ")"};
    return opposite_rests(order, native);
  }

  std::optional<Refusal> opposite_rests(const SubmitOrder& order, bool native) {
    if (!can_.opposite_orders_refused || native)
      return std::nullopt;
    for (const auto& other : orders)
      if (working(other) && other.made.side != order.side && other.group.empty())
        return Refusal{"40310000", "potential wash trade detected. use complex orders"};
    return std::nullopt;
  }

  void shrink_siblings(const ClientOrderId& id, Quantity quantity) {
    const auto group = find(id)->group;
    if (group.empty())
      return;
    for (auto& other : orders) {
      if (other.group != group || other.made.client_order_id == id || !working(other))
        continue;
      other.now.quantity -= std::min(quantity, other.now.quantity);
      if (!open(other).is_positive() || find(id)->now.status == OrderStatus::filled) {
        other.now.status = OrderStatus::canceled;
        tell(other);
      }
    }
  }

  void wake_legs(const ClientOrderId& entry) {
    if (find(entry)->now.status != OrderStatus::filled)
      return;
    for (auto& other : orders)
      if (other.group == entry && other.bracket && other.made.leg == Leg::take_profit &&
          other.now.status == OrderStatus::held) {
        other.now.status = OrderStatus::accepted;
        tell(other);
      }
  }

public:
  bool refuse_next = false;

private:
  VenueCapabilities can_;
  std::int64_t ids_ = 0;
  std::int64_t executions_ = 0;
};

}  // namespace heed::test
