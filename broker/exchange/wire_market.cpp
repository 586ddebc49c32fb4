// /v2/stocks: bars, latest trades, quotes and bars, snapshots. Numbers are JSON numbers here, unlike in the trading
// API.
#include "broker/exchange/market_json.hpp"
#include "broker/exchange/order_json.hpp"
#include "broker/exchange/wire.hpp"

#include "net/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace heed::exchange {
namespace {

Refusal invalid(const std::string& what) { return {400, 40010001, "invalid " + what, {}, {}}; }

struct BarQuery {
  Timeframe timeframe;
  Instant from, to;
  std::size_t limit = 1000;
  std::size_t skip = 0;
  bool falling = false;
};

std::optional<Refusal> read_number(const Target& target, const std::string& name, std::size_t low, std::size_t high,
                                   std::size_t& into) {
  const auto* text = target.find(name);
  if (text == nullptr)
    return std::nullopt;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), into);
  if (failed != std::errc{} || end != text->data() + text->size() || into < low || into > high)
    return invalid(name);
  return std::nullopt;
}

std::optional<Refusal> read_bar_query(const Target& target, const Engine& engine, BarQuery& q) {
  const auto* timeframe = target.find("timeframe");
  const auto parsed = timeframe != nullptr ? Timeframe::parse(*timeframe) : std::nullopt;
  if (!parsed)
    return invalid("timeframe: 1Min to 59Min, 1Hour to 23Hour, 1Day, 1Week, 1|2|3|4|6|12Month");
  q.timeframe = *parsed;
  const Date today = engine.calendar().date_at(engine.now());
  q.from = engine.calendar().instant(today, Duration{0});
  q.to = engine.now();
  for (const auto& [name, into] : {std::pair{"start", &q.from}, std::pair{"end", &q.to}})
    if (const auto* text = target.find(name)) {
      const auto at = parse_rfc3339(*text);
      const auto date = at ? std::nullopt : parse_iso_date(*text);
      if (!at && !date)
        return invalid(name);
      *into = at ? *at : Instant{*date};
      // A date names a whole trading day; daily bars are stamped with its midnight in New York.
      if (date && into == &q.to)
        *into += std::chrono::days{1} - std::chrono::microseconds{1};
    }
  if (auto no = read_number(target, "limit", 1, 10'000, q.limit))
    return no;
  if (auto no = read_number(target, "page_token", 0, SIZE_MAX, q.skip))
    return no;
  if (const auto* sort = target.find("sort")) {
    if (*sort != "asc" && *sort != "desc")
      return invalid("sort");
    q.falling = *sort == "desc";
  }
  return std::nullopt;
}

}  // namespace

net::HttpResponse Wire::market_data(const Call& call) const {
  const auto& p = call.parts;
  const auto* list = call.target.find("symbols");
  std::vector<std::string> symbols = list != nullptr ? split_list(*list) : std::vector<std::string>{};
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  const auto is_kind = [](std::string_view s) { return s == "trades" || s == "quotes" || s == "bars"; };

  const bool for_many = p[1] == "snapshots" || is_kind(p[1]);
  if (for_many && symbols.empty())
    return refuse({400, 40010001, "symbols is required", {}, {}});
  if (p.size() == 2 && p[1] == "snapshots")
    return snapshots(symbols, false);
  if (p.size() == 2 && p[1] == "bars")
    return historical_bars(call, symbols, false);
  if (p.size() == 3 && is_kind(p[1]) && p[2] == "latest")
    return latest(call, p[1], symbols, false);

  const auto one = percent_decoded(p[1], false);
  if (!one || engine_.find_asset(*one) == nullptr)
    return answer(R"({"message":"endpoint not found."})", 404);
  if (p.size() == 3 && p[2] == "snapshot")
    return snapshots({*one}, true);
  if (p.size() == 3 && p[2] == "bars")
    return historical_bars(call, {*one}, true);
  if (p.size() == 4 && is_kind(p[2]) && p[3] == "latest")
    return latest(call, p[2], {*one}, true);
  return answer(R"({"message":"endpoint not found."})", 404);
}

// Points are counted over all symbols, in order of symbol and time; the token is how many were given already.
net::HttpResponse Wire::historical_bars(const Call& call, const std::vector<std::string>& symbols,
                                        bool single) const {
  BarQuery q;
  if (auto no = read_bar_query(call.target, engine_, q))
    return refuse(*no);
  std::size_t place = 0;
  bool more = false;
  std::string out = single ? "{\"symbol\":" + net::quoted(symbols[0]) + ",\"bars\":" : "{\"bars\":{";
  bool first_symbol = true;
  for (const auto& symbol : symbols) {
    const Asset* asset = engine_.find_asset(symbol);
    auto bars =
      asset != nullptr ? history_.bars(engine_, *asset, q.timeframe, q.from, q.to) : std::vector<TimedBar>{};
    if (q.falling)
      std::reverse(bars.begin(), bars.end());
    std::string items;
    for (const TimedBar& bar : bars) {
      const std::size_t at = place++;
      if (at < q.skip)
        continue;
      if (at >= q.skip + q.limit) {
        more = true;
        break;
      }
      items += (items.empty() ? "" : ",") + bar_json(bar);
    }
    if (single) {
      out += "[" + items + "]";
    } else if (!items.empty()) {
      out += (first_symbol ? "" : ",") + net::quoted(symbol) + ":[" + items + "]";
      first_symbol = false;
    }
    if (more)
      break;
  }
  out += single ? ",\"next_page_token\":" : "},\"next_page_token\":";
  out += more ? "\"" + std::to_string(q.skip + q.limit) + "\"}" : "null}";
  return answer(out);
}

net::HttpResponse Wire::latest(const Call&, std::string_view kind, const std::vector<std::string>& symbols,
                               bool single) const {
  const auto item = [&](const Asset& asset) -> std::string {
    if (kind == "quotes")
      return quote_json(engine_, asset);
    if (kind == "trades")
      return asset.last.is_zero() ? "" : trade_json(engine_, asset);
    const TimedBar* bar = history_.minute(asset.index);
    return bar == nullptr ? "" : bar_json(*bar);
  };
  std::string name{kind};
  if (single) {
    name.pop_back();
    const std::string body = item(*engine_.find_asset(symbols[0]));
    return answer("{\"symbol\":" + net::quoted(symbols[0]) + ",\"" + name + "\":" + (body.empty() ? "null" : body) +
                  "}");
  }
  std::string out;
  for (const auto& symbol : symbols)
    if (const Asset* asset = engine_.find_asset(symbol))
      if (const std::string body = item(*asset); !body.empty())
        out += (out.empty() ? "" : ",") + net::quoted(symbol) + ":" + body;
  return answer("{\"" + name + "\":{" + out + "}}");
}

net::HttpResponse Wire::snapshots(const std::vector<std::string>& symbols, bool single) const {
  std::string out;
  for (const auto& symbol : symbols) {
    const Asset* asset = engine_.find_asset(symbol);
    if (asset == nullptr)
      continue;
    const auto [today, before] = history_.daily(engine_, *asset);
    const TimedBar* minute = history_.minute(asset->index);
    std::string body = single ? "{\"symbol\":" + net::quoted(symbol) + "," : "{";
    body += "\"latestTrade\":" + (asset->last.is_zero() ? "null" : trade_json(engine_, *asset));
    body += ",\"latestQuote\":" + quote_json(engine_, *asset);
    body += ",\"minuteBar\":" + (minute == nullptr ? "null" : bar_json(*minute));
    body += ",\"dailyBar\":" + (today ? bar_json(*today) : "null");
    body += ",\"prevDailyBar\":" + (before ? bar_json(*before) : "null") + "}";
    if (single)
      return answer(body);
    out += (out.empty() ? "" : ",") + net::quoted(symbol) + ":" + body;
  }
  return answer("{" + out + "}");
}

}  // namespace heed::exchange
