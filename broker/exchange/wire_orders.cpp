// /v2/orders
#include "broker/exchange/order_json.hpp"
#include "broker/exchange/wire.hpp"

#include "net/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace heed::exchange {
namespace {

Refusal invalid(const std::string& what) { return {422, 42210000, "invalid " + what, {}, {}}; }

// The filters of GET /v2/orders.
struct Listing {
  std::string status = "open";
  std::size_t limit = 50;
  bool rising = false;
  bool nested = false;
  std::optional<Instant> after, until;
  OrderIndex before_order = no_order;
  OrderIndex after_order = no_order;
  std::vector<std::string> symbols;
  std::optional<Side> side;
};

std::optional<Refusal> read_flag(const Target& target, const std::string& name, bool& into) {
  const auto* text = target.find(name);
  if (text == nullptr)
    return std::nullopt;
  if (*text != "true" && *text != "false")
    return invalid(name);
  into = *text == "true";
  return std::nullopt;
}

std::optional<Refusal> read_time(const Target& target, const std::string& name, std::optional<Instant>& into) {
  const auto* text = target.find(name);
  if (text == nullptr)
    return std::nullopt;
  into = parse_rfc3339(*text);
  if (!into)
    if (const auto date = parse_iso_date(*text))
      into = Instant{*date};
  return into ? std::nullopt : std::optional{invalid(name)};
}

std::optional<Refusal> read_listing(const Target& target, Listing& l) {
  if (const auto* status = target.find("status"))
    l.status = *status;
  if (l.status != "open" && l.status != "closed" && l.status != "all")
    return invalid("status");
  if (const auto* limit = target.find("limit")) {
    const auto [end, failed] = std::from_chars(limit->data(), limit->data() + limit->size(), l.limit);
    if (failed != std::errc{} || end != limit->data() + limit->size() || l.limit < 1 || l.limit > 500)
      return invalid("limit");
  }
  if (const auto* direction = target.find("direction")) {
    if (*direction != "asc" && *direction != "desc")
      return invalid("direction");
    l.rising = *direction == "asc";
  }
  if (auto no = read_flag(target, "nested", l.nested))
    return no;
  if (auto no = read_time(target, "after", l.after))
    return no;
  if (auto no = read_time(target, "until", l.until))
    return no;
  if (const auto* symbols = target.find("symbols"))
    l.symbols = split_list(*symbols);
  if (const auto* side = target.find("side")) {
    l.side = enum_from<Side>(*side);
    if (!l.side)
      return invalid("side");
  }
  return std::nullopt;
}

bool shows(const Listing& l, const Order& order, const std::string& symbol) {
  if (l.nested && order.parent != no_order)
    return false;
  // A held leg is open, and yet the list of open orders does not show it: clients must not rely on that list.
  if (l.status == "open" && (!is_open(order.status) || order.status == Status::held))
    return false;
  if (l.status == "closed" && is_open(order.status))
    return false;
  if ((l.after && order.created_at <= *l.after) || (l.until && order.created_at >= *l.until))
    return false;
  if ((l.before_order != no_order && order.index >= l.before_order) ||
      (l.after_order != no_order && order.index <= l.after_order))
    return false;
  if (l.side && order.side != *l.side)
    return false;
  return l.symbols.empty() || std::find(l.symbols.begin(), l.symbols.end(), symbol) != l.symbols.end();
}

}  // namespace

net::HttpResponse Wire::post_order(const Call& call) {
  auto request = parse_order(call.request.body);
  if (const auto* no = std::get_if<Refusal>(&request))
    return refuse(*no);
  auto made = engine_.submit(call.account, std::get<OrderRequest>(request));
  if (const auto* no = std::get_if<Refusal>(&made))
    return refuse(*no);
  return answer(order_json(engine_, engine_.order(std::get<OrderIndex>(made)), true));
}

net::HttpResponse Wire::list_orders(const Call& call) const {
  Listing l;
  if (auto no = read_listing(call.target, l))
    return refuse(*no);
  for (const auto& [name, into] :
       {std::pair{"before_order_id", &l.before_order}, std::pair{"after_order_id", &l.after_order}})
    if (const auto* text = call.target.find(name)) {
      const auto id = Uuid::parse(*text);
      *into = id ? engine_.find_order(call.account, *id) : no_order;
      if (*into == no_order || l.after || l.until)
        return refuse(invalid(name));
    }
  if (l.before_order != no_order && l.after_order != no_order)
    return refuse(invalid("before_order_id: not together with after_order_id"));
  const auto& orders = engine_.accounts()[call.account].orders;
  std::string out = "[";
  std::size_t shown = 0;
  for (std::size_t i = 0; i < orders.size() && shown < l.limit; ++i) {
    const Order& order = engine_.order(l.rising ? orders[i] : orders[orders.size() - 1 - i]);
    if (!shows(l, order, engine_.assets()[order.asset].symbol))
      continue;
    if (shown++ > 0)
      out += ',';
    append_order(out, engine_, order, l.nested);
  }
  return answer(out + "]");
}

net::HttpResponse Wire::cancel_orders(const Call& call) {
  std::vector<OrderIndex> open;
  for (const OrderIndex index : engine_.accounts()[call.account].orders)
    if (const Order& order = engine_.order(index); is_open(order.status) && order.status != Status::held)
      open.push_back(index);
  std::string out = "[";
  for (const OrderIndex index : open) {
    const bool gone_with_group = !is_open(engine_.order(index).status);
    const auto no = gone_with_group ? std::nullopt : engine_.cancel(index);
    out += (out.size() > 1 ? ",{\"id\":\"" : "{\"id\":\"") + engine_.order(index).id.str() + "\",\"status\":";
    out += no ? "500,\"body\":" + refusal_json(*no) + "}" : "200}";
    if (!no)
      engine_.settle();
  }
  return answer(out + "]", 207);
}

net::HttpResponse Wire::order_by_client_id(const Call& call) const {
  const auto* name = call.target.find("client_order_id");
  if (name == nullptr)
    return refuse({422, 40010001, "client_order_id is required", {}, {}});
  const OrderIndex index = engine_.find_client_order(call.account, *name);
  if (index == no_order)
    return not_found("order not found for " + *name);
  return answer(order_json(engine_, engine_.order(index), true));
}

net::HttpResponse Wire::one_order(const Call& call) {
  const auto id = Uuid::parse(call.parts[1]);
  if (!id)
    return refuse({422, 40010001, "order_id is missing", {}, {}});
  const OrderIndex index = engine_.find_order(call.account, *id);
  if (index == no_order)
    return not_found("order not found for " + std::string{call.parts[1]});
  const std::string& method = call.request.method;
  if (method == "GET") {
    bool nested = false;
    if (auto no = read_flag(call.target, "nested", nested))
      return refuse(*no);
    return answer(order_json(engine_, engine_.order(index), nested));
  }
  if (method == "DELETE") {
    if (const auto no = engine_.cancel(index))
      return refuse(*no);
    return {204, {}, {}};
  }
  if (method != "PATCH")
    return answer(R"({"message":"method not allowed"})", 405);
  auto request = parse_replace(call.request.body);
  if (const auto* no = std::get_if<Refusal>(&request))
    return refuse(*no);
  auto made = engine_.replace(index, std::get<ReplaceRequest>(request));
  if (const auto* no = std::get_if<Refusal>(&made))
    return refuse(*no);
  return answer(order_json(engine_, engine_.order(std::get<OrderIndex>(made)), false));
}

}  // namespace heed::exchange
