#include "broker/alpaca/fields.hpp"
#include "broker/alpaca/wire.hpp"

#include <array>
#include <utility>

namespace heed::alpaca {

namespace {

template <class E, std::size_t N>
using Words = std::array<std::pair<std::string_view, E>, N>;

template <class E, std::size_t N>
std::optional<E> meaning(const Words<E, N>& words, std::string_view word) {
  for (const auto& [name, value] : words)
    if (name == word)
      return value;
  return std::nullopt;
}

// Working statuses that Heed has no word for count as accepted: the order can still fill, nothing else matters.
constexpr Words<OrderStatus, 18> statuses{{{"new", OrderStatus::accepted},
                                           {"accepted", OrderStatus::accepted},
                                           {"pending_new", OrderStatus::accepted},
                                           {"accepted_for_bidding", OrderStatus::accepted},
                                           {"pending_review", OrderStatus::accepted},
                                           {"stopped", OrderStatus::accepted},
                                           {"suspended", OrderStatus::accepted},
                                           {"done_for_day", OrderStatus::accepted},
                                           {"calculated", OrderStatus::accepted},
                                           {"held", OrderStatus::held},
                                           {"partially_filled", OrderStatus::partially_filled},
                                           {"pending_cancel", OrderStatus::pending_cancel},
                                           {"pending_replace", OrderStatus::pending_replace},
                                           {"filled", OrderStatus::filled},
                                           {"canceled", OrderStatus::canceled},
                                           {"expired", OrderStatus::expired},
                                           {"rejected", OrderStatus::rejected},
                                           {"replaced", OrderStatus::replaced}}};

// A trailing stop is never ours; to the books it is a stop.
constexpr Words<OrderType, 5> types{{{"market", OrderType::market},
                                     {"limit", OrderType::limit},
                                     {"stop", OrderType::stop},
                                     {"stop_limit", OrderType::stop_limit},
                                     {"trailing_stop", OrderType::stop}}};

constexpr Words<Side, 3> sides{{{"buy", Side::buy}, {"sell", Side::sell}, {"sell_short", Side::sell}}};

template <class E, std::size_t N>
E word(Fields& fields, std::string_view name, const Words<E, N>& words) {
  const auto text = fields.text(name);
  const auto value = meaning(words, text);
  if (!value && !text.empty())
    fields.wrong(name, "unknown word", text);
  return value.value_or(E{});
}

bool is_multi_leg(const net::Json& json) {
  const auto* order_class = json.find("order_class");
  return order_class != nullptr && order_class->is_string() && order_class->text == "mleg";
}

std::string_view first_of(const Fields& fields, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto text = fields.text_if_any(name); !text.empty())
      return text;
  return {};
}

void read_sizes(Fields& fields, WireOrder& order) {
  if (const auto quantity = fields.number_if_any("qty")) {
    order.quantity = *quantity;
    if (!quantity->is_positive())
      fields.wrong("qty", "not above zero", quantity->str());
  } else if (fields.present("notional") == nullptr) {
    fields.wrong("qty", "missing");
  }
  order.filled = fields.number("filled_qty");
  if (order.filled.is_negative())
    fields.wrong("filled_qty", "below zero", order.filled.str());
  order.average = fields.average_if_any("filled_avg_price");
  order.limit_price = fields.number_if_any("limit_price");
  order.stop_price = fields.number_if_any("stop_price");
}

void read_times(Fields& fields, WireOrder& order) {
  order.submitted_text = first_of(fields, {"submitted_at", "created_at"});
  order.submitted_at = parse_rfc3339(order.submitted_text).value_or(Instant{});
  order.updated_at = fields.instant_if_any("updated_at");
  if (order.updated_at == Instant{})
    order.updated_at = order.submitted_at;
}

Result<WireOrder> read_one(const net::Json& json, bool is_leg) {
  Fields fields{json, is_leg ? "order.legs" : "order"};
  WireOrder order;
  order.id = fields.id<VenueOrderId>("id");
  order.client_order_id = is_leg ? fields.text_if_any("client_order_id") : fields.text("client_order_id");
  order.symbol = fields.id<Symbol>("symbol");
  order.side = word(fields, "side", sides);
  order.type = word(fields, fields.present("type") == nullptr ? "order_type" : "type", types);
  order.status = word(fields, "status", statuses);
  order.order_class = fields.text_if_any("order_class");
  order.text = first_of(fields, {"reject_reason", "rejected_reason", "message"});
  order.replaced_by = fields.id_if_any<VenueOrderId>("replaced_by");
  order.replaces = fields.id_if_any<VenueOrderId>("replaces");
  read_sizes(fields, order);
  read_times(fields, order);
  if (order.status == OrderStatus::accepted && order.filled.is_positive())
    order.status = OrderStatus::partially_filled;
  const auto* legs = fields.present("legs");
  if (legs != nullptr && !legs->is_array())
    fields.wrong("legs", "not an array");
  if (!fields.ok())
    return fields.error();
  if (legs == nullptr)
    return order;
  if (is_leg && !legs->items.empty())
    return unreadable("order.legs.legs: a leg with legs of its own");
  for (const auto& item : legs->items) {
    auto leg = read_one(item, true);
    if (!leg)
      return leg;
    order.legs.push_back(std::move(leg).value());
  }
  return order;
}

Result<std::optional<Execution>> read_execution(std::string_view event, const net::Json& data,
                                                const WireOrder& order) {
  if (event != "fill" && event != "partial_fill")
    return std::optional<Execution>{};
  Fields fields{data, "trade_update"};
  Execution execution;
  execution.last_px = fields.number("price");
  execution.last_qty = fields.number("qty");
  if (fields.ok() && !execution.last_qty.is_positive())
    fields.wrong("qty", "not above zero", execution.last_qty.str());
  execution.execution_id = fields.id_if_any<ExecutionId>("execution_id");
  if (execution.execution_id.empty())
    execution.execution_id = ExecutionId{order.id.str() + ":" + order.filled.str()};
  execution.at = fields.instant_if_any("timestamp");
  if (execution.at == Instant{})
    execution.at = order.updated_at;
  if (!fields.ok())
    return fields.error();
  return std::optional<Execution>{execution};
}

}  // namespace

Result<WireOrder> read_order(const net::Json& json) { return read_one(json, false); }

Result<std::vector<WireOrder>> read_orders(const net::Json& json) {
  if (!json.is_array())
    return unreadable("orders: not an array");
  std::vector<WireOrder> orders;
  orders.reserve(json.items.size());
  for (const auto& item : json.items) {
    if (is_multi_leg(item))
      continue;
    auto order = read_order(item);
    if (!order)
      return order.error();
    orders.push_back(std::move(order).value());
  }
  return orders;
}

Result<std::optional<TradeUpdate>> read_trade_update(const net::Json& data) {
  Fields fields{data, "trade_update"};
  TradeUpdate update;
  update.event = fields.text("event");
  const auto* json = fields.present("order");
  if (json == nullptr)
    fields.wrong("order", "missing");
  if (json == nullptr || !fields.ok())
    return fields.error();
  if (is_multi_leg(*json))
    return std::optional<TradeUpdate>{};
  auto order = read_order(*json);
  if (!order)
    return order.error();
  update.order = std::move(order).value();
  if (update.order.text.empty())
    update.order.text = first_of(fields, {"reject_reason", "reason", "message"});
  if (update.order.text.empty() && update.event.ends_with("_rejected"))
    update.order.text = update.event;
  if (const auto at = fields.instant_if_any("timestamp"); at > update.order.updated_at)
    update.order.updated_at = at;
  auto execution = read_execution(update.event, data, update.order);
  if (!execution)
    return execution.error();
  update.execution = execution.value();
  return std::optional<TradeUpdate>{std::move(update)};
}

Result<std::vector<FillActivity>> read_fills(const net::Json& json) {
  if (!json.is_array())
    return unreadable("activities: not an array");
  std::vector<FillActivity> fills;
  for (const auto& item : json.items) {
    Fields fields{item, "activity"};
    FillActivity fill;
    fill.id = fields.text("id");
    if (fields.text("activity_type") != "FILL")
      fields.wrong("activity_type", "not FILL", fields.text_if_any("activity_type"));
    fill.order = fields.id<VenueOrderId>("order_id");
    fill.symbol = fields.id<Symbol>("symbol");
    fill.side = word(fields, "side", sides);
    fill.complete = fields.text("type") == "fill";
    fill.filled = fields.number("cum_qty");
    fill.leaves = fields.number("leaves_qty");
    fill.execution.last_qty = fields.number("qty");
    fill.execution.last_px = fields.number("price");
    fill.execution.at = fields.instant("transaction_time");
    if (fields.ok() && !fill.execution.last_qty.is_positive())
      fields.wrong("qty", "not above zero", fill.execution.last_qty.str());
    // The stream names an execution by a UUID; the activity's own id ends in it.
    auto id = fields.text_if_any("execution_id");
    if (id.empty()) {
      id = fields.text_if_any("id");
      if (const auto mark = id.find("::"); mark != std::string_view::npos)
        id.remove_prefix(mark + 2);
    }
    if (id.size() > ExecutionId::capacity || id.empty())
      fields.wrong("id", "not an execution's id", id);
    if (!fields.ok())
      return fields.error();
    fill.execution.execution_id = ExecutionId{id};
    fills.push_back(std::move(fill));
  }
  return fills;
}

}  // namespace heed::alpaca
