// /v2/clock, /v2/calendar, /v2/assets, and the ledger of the sim's own API
#include "broker/exchange/order_json.hpp"
#include "broker/exchange/wire.hpp"

#include "net/json_writer.hpp"

#include <algorithm>
#include <numeric>

namespace heed::exchange {
namespace {

// "09:30" or "0930"
std::string wall_time(Duration local, bool colon) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(local).count();
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minutes / 60) + (colon ? ":" : "") + two(minutes % 60);
}

void append_asset(net::JsonWriter& w, const Asset& asset) {
  w.begin_object();
  w.key("id").value(asset.id.str()).key("class").value("us_equity").key("exchange").value("NASDAQ");
  w.key("symbol").value(asset.symbol).key("name").value(asset.symbol + " Common Stock").key("status").value("active");
  w.key("tradable").value(asset.tradable).key("marginable").value(true).key("shortable").value(asset.shortable);
  w.key("easy_to_borrow").value(asset.shortable).key("borrow_status");
  w.value(asset.shortable ? "easy_to_borrow" : "not_available");
  w.key("fractionable").value(asset.fractionable).key("maintenance_margin_requirement").value(30);
  w.key("attributes").begin_array().end_array();
  w.end_object();
}

void append_execution(net::JsonWriter& w, const Engine& engine, const Execution& e) {
  const Order& order = engine.order(e.order);
  std::string at;
  append_time(at, e.at);
  w.begin_object().key("execution_id").value(e.id.str()).key("order_id").value(order.id.str());
  w.key("client_order_id").value(order.client_order_id).key("symbol").value(engine.assets()[e.asset].symbol);
  w.key("side").value(to_string(e.side)).key("qty").value(e.qty.str()).key("price").value(e.price.str());
  w.key("fee").value(e.fee.str()).key("at").value(at).end_object();
}

void append_book(net::JsonWriter& w, const Ledger::Book& book) {
  w.key("opening_cash").value(book.opening_cash.str()).key("cash").value(book.cash.str());
  w.key("fees").value(book.fees.str()).key("realized_pl").value(book.realized().str());
  w.key("positions").begin_array();
  for (const auto& [symbol, p] : book.positions) {
    w.begin_object().key("symbol").value(symbol).key("qty").value(p.qty.str());
    w.key("avg_entry_price").value(p.average.str()).key("realized_pl").value(p.realized.str());
    w.key("bought_qty").value(p.bought.str()).key("sold_qty").value(p.sold.str());
    w.key("paid").value(p.paid.str()).key("received").value(p.received.str()).end_object();
  }
  w.end_array().key("splits").begin_array();
  for (const auto& split : book.splits) {
    std::string at;
    append_time(at, split.at);
    w.begin_object().key("at").value(at).key("symbol").value(split.symbol);
    w.key("before").value(split.outcome.before.str()).key("after").value(split.outcome.after.str());
    w.key("cash").value(split.outcome.cash.str()).end_object();
  }
  w.end_array();
}

}  // namespace

net::HttpResponse Wire::get_clock() const {
  const Instant now = engine_.now();
  const core::Session& session = engine_.session();
  const bool open = engine_.market_open();
  const Instant next_open = open ? engine_.calendar().next_session(session.date).open : session.open;
  net::JsonWriter w;
  w.begin_object();
  w.key("timestamp").value(new_york_time(now)).key("is_open").value(open);
  w.key("next_open").value(new_york_time(next_open)).key("next_close").value(new_york_time(session.close));
  w.end_object();
  return answer(std::move(w).str());
}

net::HttpResponse Wire::get_calendar(const Call& call) const {
  const auto& calendar = engine_.calendar();
  const Date today = calendar.date_at(engine_.now());
  Date from = today - std::chrono::days{365};
  Date to = today + std::chrono::days{365};
  for (const auto& [name, into] : {std::pair{"start", &from}, std::pair{"end", &to}})
    if (const auto* text = call.target.find(name)) {
      auto date = parse_iso_date(*text);
      if (!date && parse_rfc3339(*text))
        date = parse_iso_date(text->substr(0, 10));  // clients send midnights; the date is meant as it is written
      if (!date)
        return refuse({422, 42210000, std::string{"invalid "} + name, {}, {}});
      *into = *date;
    }
  net::JsonWriter w;
  w.begin_array();
  for (const core::Session& session : calendar.sessions(from, to)) {
    const Duration open = calendar.local(session.open).time_of_day;
    const Duration close = session.close - session.open + open;
    const bool early = close < std::chrono::hours{16};
    w.begin_object().key("date").value(to_iso_date(session.date));
    w.key("open").value(wall_time(open, true)).key("close").value(wall_time(close, true));
    w.key("session_open").value("0400").key("session_close").value(early ? "1700" : "2000");
    w.key("settlement_date").value(to_iso_date(calendar.next_session(session.date).date)).end_object();
  }
  w.end_array();
  return answer(std::move(w).str());
}

net::HttpResponse Wire::list_assets(const Call& call) const {
  const auto* status = call.target.find("status");
  const auto* kind = call.target.find("asset_class");
  const bool none =
    (status != nullptr && *status != "active" && *status != "all") || (kind != nullptr && *kind != "us_equity");
  std::vector<AssetIndex> sorted(engine_.assets().size());
  std::iota(sorted.begin(), sorted.end(), 0U);
  std::sort(sorted.begin(), sorted.end(),
            [&](AssetIndex a, AssetIndex b) { return engine_.assets()[a].symbol < engine_.assets()[b].symbol; });
  net::JsonWriter w;
  w.begin_array();
  for (const AssetIndex index : sorted)
    if (!none)
      append_asset(w, engine_.assets()[index]);
  w.end_array();
  return answer(std::move(w).str());
}

net::HttpResponse Wire::one_asset(const Call& call) const {
  const auto name = percent_decoded(call.parts[1], false);
  const Asset* asset = name ? engine_.find_asset(*name) : nullptr;
  if (asset == nullptr)
    return not_found("asset not found for " + std::string{call.parts[1]});
  net::JsonWriter w;
  append_asset(w, *asset);
  return answer(std::move(w).str());
}

void Wire::append_ledger(net::JsonWriter& w, AccountIndex index, bool working_only) const {
  const Account& account = engine_.accounts()[index];
  w.key("id").value(account.id.str());
  w.key("key").value(index < options_.credentials.size() ? options_.credentials[index].key : "");
  append_book(w, ledger_.book(index));
  w.key("equity").value(account.equity().str());
  w.key("orders").begin_array();
  for (const OrderIndex order : account.orders)
    if (!working_only || is_open(engine_.order(order).status))
      w.raw(order_json(engine_, engine_.order(order), false));
  w.end_array();
  if (working_only)
    return;
  w.key("executions").begin_array();
  for (const auto place : account.executions)
    append_execution(w, engine_, engine_.executions()[place]);
  w.end_array();
}

std::string Wire::ledger_json(bool working_only) const {
  std::string now;
  append_time(now, engine_.now());
  net::JsonWriter w;
  w.begin_object().key("now").value(now);
  append_ledger(w, 0, working_only);
  if (engine_.accounts().size() > 1) {
    w.key("accounts").begin_array();
    for (AccountIndex i = 0; i < engine_.accounts().size(); ++i) {
      w.begin_object();
      append_ledger(w, i, working_only);
      w.end_object();
    }
    w.end_array();
  }
  w.end_object();
  return std::move(w).str();
}

}  // namespace heed::exchange
