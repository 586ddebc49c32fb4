#include "broker/alpaca/requests.hpp"

#include "net/json_writer.hpp"

#include <utility>

namespace heed::alpaca {

namespace {

using net::JsonWriter;

Error invalid_order(std::string detail) { return Error{ErrorKind::rejected, "invalid_order", std::move(detail)}; }

JsonWriter& number(JsonWriter& out, std::string_view name, Decimal value) { return out.key(name).value(value.str()); }

bool has_limit(OrderType type) { return type == OrderType::limit || type == OrderType::stop_limit; }
bool has_stop(OrderType type) { return type == OrderType::stop || type == OrderType::stop_limit; }

/// Empty when the order can be said in Alpaca's words.
std::string problem(const SubmitOrder& o) {
  if (o.client_order_id.empty())
    return "client_order_id is empty";
  if (o.symbol.empty())
    return "symbol is empty";
  if (!o.quantity.is_positive())
    return "quantity " + o.quantity.str() + " is not above zero";
  if (has_limit(o.type) != o.limit_price.has_value())
    return std::string{"limit_price must be set for limit and stop_limit, and only there; type is "} +
           std::string{to_string(o.type)};
  if (has_stop(o.type) != o.stop_price.has_value())
    return std::string{"stop_price must be set for stop and stop_limit, and only there; type is "} +
           std::string{to_string(o.type)};
  const bool grouped = o.oco || o.take_profit || o.stop_loss;
  if (!grouped)
    return {};
  if (!o.quantity.is_whole())
    return "quantity " + o.quantity.str() + ": bracket, oco and oto orders need whole shares";
  if (o.time_in_force != TimeInForce::day && o.time_in_force != TimeInForce::gtc)
    return "time_in_force: bracket, oco and oto orders take day or gtc";
  if (o.oco)
    return o.type == OrderType::limit && o.stop_loss && !o.take_profit
             ? ""
             : "oco: the order itself is the take-profit (type limit), stop_loss its only leg";
  if (has_stop(o.type))
    return "type: an entry with exits must be market or limit";
  return {};
}

std::string_view order_class(const SubmitOrder& o) {
  if (o.oco)
    return "oco";
  return o.take_profit && o.stop_loss ? "bracket" : "oto";
}

void write_exit(JsonWriter& out, std::string_view name, std::string_view price_name, Price price) {
  out.key(name).begin_object();
  number(out, price_name, price);
  out.end_object();
}

void write_group(JsonWriter& out, const SubmitOrder& o) {
  out.key("order_class").value(order_class(o));
  if (o.oco)
    write_exit(out, "take_profit", "limit_price", *o.limit_price);
  else if (o.take_profit)
    write_exit(out, "take_profit", "limit_price", o.take_profit->price);
  if (o.stop_loss)
    write_exit(out, "stop_loss", "stop_price", o.stop_loss->price);
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void write_symbols(JsonWriter& out, std::string_view channel, const std::vector<Symbol>& symbols) {
  out.key(channel).begin_array();
  for (const auto& symbol : symbols)
    out.value(symbol.view());
  out.end_array();
}

}  // namespace

Result<std::string> submit_body(const SubmitOrder& o) {
  if (auto what = problem(o); !what.empty())
    return invalid_order(std::move(what));
  JsonWriter out;
  out.begin_object();
  out.key("symbol").value(o.symbol.view());
  number(out, "qty", o.quantity);
  out.key("side").value(to_string(o.side));
  out.key("type").value(to_string(o.type));
  out.key("time_in_force").value(to_string(o.time_in_force));
  out.key("client_order_id").value(o.client_order_id.view());
  if (o.limit_price && !o.oco)
    number(out, "limit_price", *o.limit_price);
  if (o.stop_price)
    number(out, "stop_price", *o.stop_price);
  if (o.oco || o.take_profit || o.stop_loss)
    write_group(out, o);
  else if (o.reduce_only)  // the venue then refuses rather than cross zero
    out.key("position_intent").value(o.side == Side::sell ? "sell_to_close" : "buy_to_close");
  out.end_object();
  return std::move(out).str();
}

Result<std::string> replace_body(const ReplaceOrder& o) {
  if (o.new_client_order_id.empty())
    return invalid_order("new_client_order_id is empty");
  if (!o.quantity && !o.limit_price && !o.stop_price)
    return invalid_order("nothing to replace: quantity, limit_price and stop_price are all empty");
  if (o.quantity && (!o.quantity->is_positive() || !o.quantity->is_whole()))
    return invalid_order("quantity " + o.quantity->str() + ": a replacement takes whole shares above zero");
  JsonWriter out;
  out.begin_object();
  if (o.quantity)
    number(out, "qty", *o.quantity);
  if (o.limit_price)
    number(out, "limit_price", *o.limit_price);
  if (o.stop_price)
    number(out, "stop_price", *o.stop_price);
  out.key("client_order_id").value(o.new_client_order_id.view());
  out.end_object();
  return std::move(out).str();
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string order_target(const VenueOrderId& id, bool nested) {
  return "/v2/orders/" + percent_encoded(id) + (nested ? "?nested=true" : "");
}

std::string order_by_name_target(const ClientOrderId& id) {
  return "/v2/orders:by_client_order_id?client_order_id=" + percent_encoded(id);
}

std::string orders_target(const OrderPage& page) {
  std::string target = "/v2/orders?status=all&nested=true&direction=asc&limit=" + std::to_string(page.limit);
  if (page.after_id.empty())
    target += "&after=" + percent_encoded(to_rfc3339(page.after));
  else
    target += "&after_order_id=" + percent_encoded(page.after_id);
  if (!page.symbol.empty())
    target += "&symbols=" + percent_encoded(page.symbol);
  return target;
}

std::string fills_target(Instant after, int page_size, std::string_view page_token) {
  std::string target = "/v2/account/activities/FILL?direction=asc&page_size=" + std::to_string(page_size) +
                       "&after=" + percent_encoded(to_rfc3339(after));
  if (!page_token.empty())
    target += "&page_token=" + percent_encoded(page_token);
  return target;
}

std::string order_stream_login(std::string_view key, std::string_view secret) {
  JsonWriter out;
  out.begin_object().key("action").value("auth").key("key").value(key).key("secret").value(secret).end_object();
  return std::move(out).str();
}

std::string order_stream_listen() { return R"({"action":"listen","data":{"streams":["trade_updates"]}})"; }

std::string data_stream_login(std::string_view key, std::string_view secret) {
  return order_stream_login(key, secret);
}

std::string data_stream_change(std::string_view action, const std::vector<Symbol>& symbols) {
  JsonWriter out;
  out.begin_object().key("action").value(action);
  write_symbols(out, "quotes", symbols);
  write_symbols(out, "trades", symbols);
  out.end_object();
  return std::move(out).str();
}

}  // namespace heed::alpaca
