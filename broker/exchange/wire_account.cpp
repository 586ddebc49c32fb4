// /v2/account, /v2/positions
#include "broker/exchange/order_json.hpp"
#include "broker/exchange/wire.hpp"

#include "net/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace heed::exchange {
namespace {

using namespace literals;
constexpr Decimal billionth = Decimal::from_units(1);

std::string status_item(const std::string& symbol, int status, const std::string& body) {
  return "{\"symbol\":" + net::quoted(symbol) + ",\"status\":" + std::to_string(status) + ",\"body\":" + body + "}";
}

// yyyymmddHHMMSSmmm::uuid
std::string activity_id(const Execution& execution) {
  const std::string time = to_rfc3339(execution.at);
  std::string digits;
  for (const char c : time.substr(0, 23))
    if (c >= '0' && c <= '9')
      digits += c;
  return digits + "::" + execution.id.str();
}

void append_activity(net::JsonWriter& w, const Engine& engine, const Execution& e) {
  const Order& order = engine.order(e.order);
  std::string at;
  append_time(at, e.at);
  const bool complete = e.leaves_qty.is_zero();
  w.begin_object();
  w.key("activity_type").value("FILL").key("id").value(activity_id(e)).key("transaction_time").value(at);
  w.key("type").value(complete ? "fill" : "partial_fill");
  w.key("price").value(e.price.str()).key("qty").value(e.qty.str());
  w.key("side").value(e.side == Side::buy ? "buy" : e.opens_short ? "sell_short" : "sell");
  w.key("symbol").value(engine.assets()[e.asset].symbol);
  w.key("leaves_qty").value(e.leaves_qty.str()).key("cum_qty").value(e.cum_qty.str());
  w.key("order_id").value(order.id.str()).key("order_status").value(complete ? "filled" : "partially_filled");
  w.end_object();
}

}  // namespace

net::HttpResponse Wire::get_account(const Call& call) const {
  const Account& a = engine_.accounts()[call.account];
  const bool margin = a.options.multiplier > 1;
  const Money equity = a.equity();
  const Money power = engine_.buying_power(a);
  const Money maintenance = a.long_value * 0.25_d - a.short_value * 0.3_d;
  const Money position_value = a.long_value - a.short_value;
  std::string created;
  append_time(created, engine_.options().start);
  net::JsonWriter w;
  const auto money = [&](const char* key, Money value) { w.key(key).value(value.str()); };
  w.begin_object();
  w.key("id").value(a.id.str()).key("account_number").value("PA" + a.id.str().substr(0, 8));
  w.key("admin_configurations").begin_object().end_object().key("user_configurations").null();
  w.key("status").value("ACTIVE").key("crypto_status").value("INACTIVE").key("currency").value("USD");
  money("cash", a.cash);
  money("equity", equity);
  money("last_equity", a.last_equity);
  money("portfolio_value", equity);
  money("buying_power", power);
  money("effective_buying_power", power);
  money("regt_buying_power", power);
  money("non_marginable_buying_power", std::max(Money{}, a.cash - a.reserved));
  money("options_buying_power", Money{});
  money("initial_margin", margin ? engine_.initial_margin(a) : Money{});
  money("maintenance_margin", margin ? maintenance : Money{});
  money("last_maintenance_margin", Money{});
  money("sma", a.last_equity);
  money("long_market_value", a.long_value);
  money("short_market_value", a.short_value);
  money("position_market_value", position_value);
  w.key("multiplier").value(std::to_string(a.options.multiplier));
  money("accrued_fees", Money{});
  money("pending_reg_taf_fees", Money{});
  money("pending_transfer_in", Money{});
  money("pending_transfer_out", Money{});
  money("intraday_adjustments", Money{});
  w.key("balance_asof").value(to_iso_date(engine_.calendar().previous_session(engine_.session().date).date));
  w.key("created_at").value(created);
  for (const char* flag : {"trading_blocked", "transfers_blocked", "account_blocked", "trade_suspended_by_user"})
    w.key(flag).value(false);
  w.key("shorting_enabled").value(margin && a.options.shorting && equity >= Decimal{2000});
  w.key("options_approved_level").value(0).key("options_trading_level").value(0).key("crypto_tier").value(0);
  if (options_.day_trade_keys) {
    w.key("pattern_day_trader").value(false).key("daytrade_count").value(0);
    money("daytrading_buying_power", power);
  }
  w.end_object();
  return answer(std::move(w).str());
}

net::HttpResponse Wire::list_positions(const Call& call) const {
  const Account& account = engine_.accounts()[call.account];
  std::string out = "[";
  for (const Asset& asset : engine_.assets())
    if (const Position& position = account.positions[asset.index]; !position.qty.is_zero())
      out += (out.size() > 1 ? "," : "") + position_json(asset, position);
  return answer(out + "]");
}

net::HttpResponse Wire::one_position(const Call& call) {
  const auto name = percent_decoded(call.parts[1], false);
  const Asset* asset = name ? engine_.find_asset(*name) : nullptr;
  const Position* position = asset != nullptr ? &engine_.accounts()[call.account].positions[asset->index] : nullptr;
  if (position == nullptr || position->qty.is_zero())
    return not_found("position does not exist");
  if (call.request.method == "GET")
    return answer(position_json(*asset, *position));
  if (call.request.method == "DELETE")
    return close_one(call, *asset);
  return answer(R"({"message":"method not allowed"})", 405);
}

net::HttpResponse Wire::close_one(const Call& call, const Asset& asset) {
  const Position& position = engine_.accounts()[call.account].positions[asset.index];
  const auto* qty_text = call.target.find("qty");
  const auto* percentage_text = call.target.find("percentage");
  if (qty_text != nullptr && percentage_text != nullptr)
    return refuse({422, 40010001, "only one of qty or percentage is accepted", {}, {}});
  Quantity qty = position.qty.abs();
  if (qty_text != nullptr) {
    const auto value = Decimal::parse(*qty_text);
    if (!value || !value->is_positive())
      return refuse({422, 42210000, "invalid qty", {}, {}});
    qty = *value;
  } else if (percentage_text != nullptr) {
    const auto value = Decimal::parse(*percentage_text);
    if (!value || !value->is_positive() || *value > Decimal{100})
      return refuse({422, 42210000, "invalid percentage", {}, {}});
    qty = Decimal::mul_div(qty, *value, Decimal{100}, Rounding::down)
            .rounded_to(position.qty.is_whole() ? Decimal{1} : billionth, Rounding::down);
    if (qty.is_zero())
      return refuse({422, 42210000, "percentage of the position is less than one share", {}, {}});
  }
  auto made = engine_.close_position(call.account, asset.index, qty);
  if (const auto* no = std::get_if<Refusal>(&made))
    return refuse(*no);
  return answer(order_json(engine_, engine_.order(std::get<OrderIndex>(made)), true));
}

net::HttpResponse Wire::close_positions(const Call& call) {
  if (const auto* flag = call.target.find("cancel_orders"); flag != nullptr && *flag == "true")
    cancel_orders(call);
  engine_.settle();
  std::string out = "[";
  for (AssetIndex i = 0; i < engine_.assets().size(); ++i) {
    const Quantity qty = engine_.accounts()[call.account].positions[i].qty.abs();
    if (qty.is_zero())
      continue;
    auto made = engine_.close_position(call.account, i, qty);
    const std::string& symbol = engine_.assets()[i].symbol;
    if (out.size() > 1)
      out += ',';
    if (const auto* no = std::get_if<Refusal>(&made))
      out += status_item(symbol, no->http, refusal_json(*no));
    else
      out += status_item(symbol, 200, order_json(engine_, engine_.order(std::get<OrderIndex>(made)), true));
  }
  return answer(out + "]", 207);
}

net::HttpResponse Wire::activities(const Call& call) const {
  std::vector<std::string> types;
  if (call.parts.size() == 3)
    types = {std::string{call.parts[2]}};
  else if (const auto* list = call.target.find("activity_types"))
    types = split_list(*list);
  const bool fills = types.empty() || std::find(types.begin(), types.end(), "FILL") != types.end();
  std::size_t size = 100;
  if (const auto* text = call.target.find("page_size")) {
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), size);
    if (failed != std::errc{} || end != text->data() + text->size() || size < 1 || size > 100)
      return refuse({422, 42210000, "invalid page_size", {}, {}});
  }
  std::optional<Instant> after, until;
  for (const auto& [name, into] : {std::pair{"after", &after}, std::pair{"until", &until}})
    if (const auto* text = call.target.find(name)) {
      *into = parse_rfc3339(*text);
      if (!*into)
        return refuse({422, 42210000, std::string{"invalid "} + name, {}, {}});
    }
  std::optional<Date> day;
  if (const auto* text = call.target.find("date"))
    if (day = parse_iso_date(*text); !day)
      return refuse({422, 42210000, "invalid date", {}, {}});
  const auto* direction = call.target.find("direction");
  const bool rising = direction != nullptr && *direction == "asc";
  const auto* token = call.target.find("page_token");
  const auto& mine = engine_.accounts()[call.account].executions;
  net::JsonWriter w;
  w.begin_array();
  std::size_t shown = 0;
  bool past_token = token == nullptr;
  for (std::size_t i = 0; fills && i < mine.size() && shown < size; ++i) {
    const Execution& e = engine_.executions()[rising ? mine[i] : mine[mine.size() - 1 - i]];
    if ((after && e.at <= *after) || (until && e.at >= *until) || (day && engine_.calendar().date_at(e.at) != *day))
      continue;
    if (!past_token) {
      past_token = activity_id(e) == *token;
      continue;
    }
    append_activity(w, engine_, e);
    ++shown;
  }
  w.end_array();
  return answer(std::move(w).str());
}

net::HttpResponse Wire::portfolio_history(const Call& call) const {
  const auto* timeframe = call.target.find("timeframe");
  if (timeframe != nullptr && *timeframe != "1D")
    return refuse({422, 42210000, "timeframe: this exchange keeps daily equity only; use 1D", {}, {}});
  const Account& a = engine_.accounts()[call.account];
  auto points = a.equity_at_close;
  points.emplace_back(engine_.now(), a.equity());
  const Money base = a.options.cash;
  net::JsonWriter times, equity, profit, percent;
  for (net::JsonWriter* w : {&times, &equity, &profit, &percent})
    w->begin_array();
  for (const auto& [at, value] : points) {
    times.value(std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
    equity.value(value);
    profit.value(value - base);
    percent.value((value - base) / base);
  }
  for (net::JsonWriter* w : {&times, &equity, &profit, &percent})
    w->end_array();
  net::JsonWriter w;
  w.begin_object();
  w.key("timestamp").raw(std::move(times).str()).key("equity").raw(std::move(equity).str());
  w.key("profit_loss").raw(std::move(profit).str()).key("profit_loss_pct").raw(std::move(percent).str());
  w.key("base_value").value(base);
  w.key("base_value_asof").value(to_iso_date(engine_.calendar().date_at(engine_.options().start)));
  w.key("timeframe").value("1D").key("cashflow").begin_object().end_object();
  w.end_object();
  return answer(std::move(w).str());
}

}  // namespace heed::exchange
