#include "broker/exchange/order_json.hpp"

#include "core/calendar.hpp"
#include "net/json_writer.hpp"

#include <charconv>

namespace heed::exchange {
namespace {

void append_digits(std::string& out, unsigned value, int width) {
  char text[10];
  for (int i = width - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(text, static_cast<std::size_t>(width));
}

void append_clock_text(std::string& out, Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  const auto micros = static_cast<std::uint64_t>((at - day).count());
  const auto seconds = static_cast<unsigned>(micros / 1'000'000);
  append_digits(out, seconds / 3600, 2);
  out += ':';
  append_digits(out, seconds / 60 % 60, 2);
  out += ':';
  append_digits(out, seconds % 60, 2);
  if (auto fraction = static_cast<unsigned>(micros % 1'000'000); fraction != 0) {
    int width = 6;
    for (; fraction % 10 == 0; fraction /= 10)
      --width;
    out += '.';
    append_digits(out, fraction, width);
  }
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  out += '"';
  out += value;
  out += '"';
}

void append_optional(std::string& out, std::string_view key, const std::optional<Decimal>& value) {
  out += key;
  if (value)
    append_decimal(out, *value);
  else
    out += "null";
}

void append_optional(std::string& out, std::string_view key, const std::optional<Instant>& value) {
  out += key;
  if (!value) {
    out += "null";
    return;
  }
  out += '"';
  append_time(out, *value);
  out += '"';
}

void append_link(std::string& out, std::string_view key, const Engine& engine, OrderIndex index) {
  out += key;
  if (index == no_order) {
    out += "null";
    return;
  }
  out += '"';
  engine.order(index).id.append_to(out);
  out += '"';
}

void append_times(std::string& out, const Order& order) {
  std::string created;
  append_time(created, order.created_at);
  append_text(out, ",\"created_at\":", created);
  append_optional(out, ",\"updated_at\":", order.updated_at);
  append_text(out, ",\"submitted_at\":", created);
  append_optional(out, ",\"filled_at\":", order.filled_at);
  append_optional(out, ",\"expired_at\":", order.expired_at);
  append_optional(out, ",\"expires_at\":", order.expires_at);
  append_optional(out, ",\"canceled_at\":", order.canceled_at);
  append_optional(out, ",\"cancel_requested_at\":", order.cancel_requested_at);
  append_optional(out, ",\"failed_at\":", order.failed_at);
  append_optional(out, ",\"replaced_at\":", order.replaced_at);
}

void append_terms(std::string& out, const Order& order) {
  append_optional(out, ",\"notional\":", order.notional);
  append_optional(out, ",\"qty\":", order.notional ? std::nullopt : std::optional{order.qty});
  out += ",\"filled_qty\":";
  append_decimal(out, order.filled_qty);
  append_optional(out, ",\"filled_avg_price\":",
                  order.filled_qty.is_zero() ? std::nullopt : std::optional{order.filled_value / order.filled_qty});
  append_text(out, ",\"order_class\":", to_string(order.order_class));
  append_text(out, ",\"order_type\":", to_string(order.type));
  append_text(out, ",\"type\":", to_string(order.type));
  append_text(out, ",\"side\":", to_string(order.side));
  append_text(out, ",\"position_intent\":", to_string(order.intent));
  append_text(out, ",\"time_in_force\":", to_string(order.tif));
  append_optional(out, ",\"limit_price\":", order.limit_price);
  append_optional(out, ",\"stop_price\":", order.stop_price);
  append_text(out, ",\"status\":", to_string(order.status));
  out += order.extended_hours ? ",\"extended_hours\":true" : ",\"extended_hours\":false";
}

void append_legs(std::string& out, const Engine& engine, const Order& order, bool with_legs) {
  out += ",\"legs\":";
  if (!with_legs || order.parent != no_order || (order.take_profit == no_order && order.stop_loss == no_order)) {
    out += "null";
    return;
  }
  char separator = '[';
  for (const OrderIndex leg : {order.take_profit, order.stop_loss})
    if (leg != no_order) {
      out += separator;
      append_order(out, engine, engine.order(leg), false);
      separator = ',';
    }
  out += ']';
}

}  // namespace

void append_time(std::string& out, Instant at) {
  append_clock_text(out, at);
  out += 'Z';
}

std::string new_york_time(Instant at) {
  const auto behind = core::new_york_behind_utc(at);
  std::string out;
  append_clock_text(out, at - behind);
  out += behind == std::chrono::hours{4} ? "-04:00" : "-05:00";
  return out;
}

void append_decimal(std::string& out, Decimal value) {
  auto units = static_cast<std::uint64_t>(value.units());
  out += '"';
  if (value.is_negative()) {
    out += '-';
    units = ~units + 1;
  }
  char text[24];
  const auto [end, failed] = std::to_chars(text, text + sizeof text, units / Decimal::scale);
  out.append(text, end);
  if (auto fraction = static_cast<unsigned>(units % Decimal::scale); fraction != 0) {
    int width = Decimal::digits;
    for (; fraction % 10 == 0; fraction /= 10)
      --width;
    out += '.';
    append_digits(out, fraction, width);
  }
  out += '"';
}

void append_order(std::string& out, const Engine& engine, const Order& order, bool with_legs) {
  const Asset& asset = engine.assets()[order.asset];
  out += "{\"id\":\"";
  order.id.append_to(out);
  out += "\",\"client_order_id\":";
  net::append_quoted(out, order.client_order_id);
  append_times(out, order);
  append_link(out, ",\"replaced_by\":", engine, order.replaced_by);
  append_link(out, ",\"replaces\":", engine, order.replaces);
  out += ",\"asset_id\":\"";
  asset.id.append_to(out);
  append_text(out, "\",\"symbol\":", asset.symbol);
  out += ",\"asset_class\":\"us_equity\"";
  append_terms(out, order);
  append_legs(out, engine, order, with_legs);
  append_optional(out, ",\"trail_percent\":", order.trail_percent);
  append_optional(out, ",\"trail_price\":", order.trail_price);
  append_optional(out, ",\"hwm\":", order.hwm);
  out += ",\"ratio_qty\":null,\"subtag\":null,\"source\":null}";
}

std::string order_json(const Engine& engine, const Order& order, bool with_legs) {
  std::string out;
  out.reserve(with_legs && order.in_group() ? 3600 : 1200);
  append_order(out, engine, order, with_legs);
  return out;
}

std::string position_json(const Asset& asset, const Position& position) {
  net::JsonWriter w;
  const auto text = [&](const char* key, Decimal value) { w.key(key).value(value.str()); };
  const auto priced = [&](const char* key, Decimal value) {
    if (asset.last.is_zero())
      w.key(key).null();
    else
      text(key, value);
  };
  const auto share = [](Decimal part, Decimal whole) { return whole.is_zero() ? Decimal{} : part / whole.abs(); };
  const Money profit = position.value - position.cost;
  const bool has_close = asset.previous_close.is_positive();
  const Money today = has_close ? (asset.last - asset.previous_close) * position.qty : profit;
  w.begin_object();
  w.key("asset_id").value(asset.id.str()).key("symbol").value(asset.symbol).key("exchange").value("NASDAQ");
  w.key("asset_class").value("us_equity").key("asset_marginable").value(true);
  text("avg_entry_price", position.average());
  text("qty", position.qty);
  text("qty_available", position.qty.is_negative() ? -position.available() : position.available());
  w.key("side").value(position.qty.is_negative() ? "short" : "long");
  priced("market_value", position.value);
  text("cost_basis", position.cost);
  priced("unrealized_pl", profit);
  priced("unrealized_plpc", share(profit, position.cost));
  priced("unrealized_intraday_pl", today);
  priced("unrealized_intraday_plpc", share(today, position.value - today));
  priced("current_price", asset.last);
  if (has_close) {
    text("lastday_price", asset.previous_close);
    text("change_today", (asset.last - asset.previous_close) / asset.previous_close);
  } else {
    w.key("lastday_price").null().key("change_today").null();
  }
  w.end_object();
  return std::move(w).str();
}

std::string trade_update_json(const Engine& engine, const TradeEvent& event) {
  std::string out;
  out.reserve(1600);
  append_text(out, "{\"stream\":\"trade_updates\",\"data\":{\"event\":", to_string(event.kind));
  std::string at;
  append_time(at, event.at);
  append_text(out, ",\"timestamp\":", at);
  append_text(out, ",\"at\":", at);
  if (event.execution != nullptr) {
    out += ",\"price\":";
    append_decimal(out, event.execution->price);
    out += ",\"qty\":";
    append_decimal(out, event.execution->qty);
    out += ",\"position_qty\":";
    append_decimal(out, event.execution->position_qty);
    out += ",\"execution_id\":\"";
    event.execution->id.append_to(out);
    out += '"';
  }
  out += ",\"order\":";
  append_order(out, engine, engine.order(event.order), false);
  out += "}}";
  return out;
}

std::string refusal_json(const Refusal& refusal) {
  net::JsonWriter w;
  w.begin_object();
  for (const auto& [key, value] : refusal.extras)
    w.key(key).value(value);
  w.key("code").value(refusal.code).key("message").value(refusal.message);
  if (!refusal.related_orders.empty()) {
    w.key("related_orders").begin_array();
    for (const auto& id : refusal.related_orders)
      w.value(id);
    w.end_array();
  }
  w.end_object();
  return std::move(w).str();
}

net::HttpResponse answer(std::string body, int status) {
  return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, std::move(body)};
}

net::HttpResponse refuse(const Refusal& refusal) { return answer(refusal_json(refusal), refusal.http); }

}  // namespace heed::exchange
