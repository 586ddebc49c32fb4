#include "broker/exchange/exchange_core.hpp"

#include "broker/exchange/order_json.hpp"
#include "net/json.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

std::vector<Money> opening_cash(const EngineOptions& options) {
  std::vector<Money> out;
  for (const auto& account : options.accounts)
    out.push_back(account.cash);
  return out;
}

net::HttpResponse bad_field(const std::string& field, const std::string& what) {
  return refuse({422, 42210000, field + ": " + what, {{"field", field}}, {}});
}

bool is_symbol(std::string_view text) {
  return !text.empty() && text.size() <= 23 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/';
  });
}

std::optional<bool> flag(const net::Json& body, std::string_view name) {
  const net::Json* found = body.find(name);
  return found != nullptr && found->kind == net::Json::Kind::boolean ? std::optional{found->boolean} : std::nullopt;
}

std::optional<Decimal> positive(const net::Json& body, std::string_view name) {
  const net::Json* found = body.find(name);
  const auto value = found != nullptr ? found->decimal() : std::nullopt;
  return value && value->is_positive() ? value : std::nullopt;
}

}  // namespace

ExchangeCore::ExchangeCore(CoreOptions options, std::unique_ptr<PriceFeed> feed)
    : options_{std::move(options)}, ledger_{opening_cash(options_.engine)}, faults_{mix(options_.engine.seed ^ 77)} {
  engine_ = std::make_unique<Engine>(options_.engine, std::move(feed));
  wire_ = std::make_unique<Wire>(*engine_, ledger_, history_, options_.wire);
}

Result<std::unique_ptr<ExchangeCore>> ExchangeCore::make(CoreOptions options, std::unique_ptr<PriceFeed> feed) {
  const StateLog::Header header{options.market, options.engine.start};
  std::unique_ptr<ExchangeCore> core{new ExchangeCore{std::move(options), std::move(feed)}};
  // The sink comes in before the first price, but after the core stands.
  core->engine_->begin(core.get());
  if (core->options_.state_file.empty())
    return core;
  const auto opened =
    core->log_.open(core->options_.state_file, header, [&](const LoggedCommand& command) { core->replay(command); });
  if (!opened)
    return opened.error();
  return core;
}

void ExchangeCore::replay(const LoggedCommand& command) {
  engine_->advance_to(command.at);
  if (command.method.empty())
    return;
  const net::HttpRequest request{command.method, command.target, {}, command.body};
  if (command.account < 0)
    sim(request);
  else
    wire_->handle_as(static_cast<AccountIndex>(command.account), request);
  engine_->settle();
}

net::HttpResponse ExchangeCore::handle(const net::HttpRequest& request, Instant real_now) {
  const bool is_sim = request.target.starts_with("/sim/");
  if (is_sim && options_.sim_needs_credentials && !wire_->account_of(request))
    return answer(R"({"message":"unauthorized"})", 401);
  net::HttpResponse response = is_sim ? sim(request) : wire_->handle(request, real_now);
  const bool changed = request.method != "GET" && response.status < 300 && !request.target.starts_with("/sim/faults");
  if (changed && log_.is_open())
    log_.append({engine_->now(), is_sim ? -1 : static_cast<std::int64_t>(*wire_->account_of(request)), request.method,
                 request.target, request.body});
  return response;
}

void ExchangeCore::settle() {
  engine_->settle();
  happened_ = false;  // it follows from the command, which is written down already
}

void ExchangeCore::advance_to(Instant to) {
  engine_->advance_to(to);
  if (happened_)
    note_time();
}

void ExchangeCore::note_time() {
  happened_ = false;
  log_.append({engine_->now(), 0, {}, {}, {}});
}

std::string ExchangeCore::clock_json(const std::string& speed) const {
  return "{\"now\":\"" + to_rfc3339(engine_->now()) + "\",\"speed\":" + speed + "}";
}

// --- what the engine tells
// ------------------------------------------------------------------------------------------

void ExchangeCore::on_trade_event(const TradeEvent& event) {
  happened_ = true;
  const Order& order = engine_->order(event.order);
  if (event.execution != nullptr) {
    const Execution& e = *event.execution;
    ledger_.record(e.account, engine_->assets()[e.asset].symbol, e.side, e.qty, e.price, e.fee);
  }
  if (trades_wanted_)
    trades_.push_back({order.account, event.kind, trade_update_json(*engine_, event)});
}

void ExchangeCore::on_price(const Asset& asset) {
  const TimedBar* before = history_.minute(asset.index);
  PriceMessage message{asset.index, before != nullptr ? std::optional{*before} : std::nullopt};
  history_.record(*engine_, asset);
  if (!prices_wanted_)
    return;
  const TimedBar* after = history_.minute(asset.index);
  if (after == nullptr || (message.minute && message.minute->start == after->start))
    message.minute.reset();
  prices_.push_back(std::move(message));
}

void ExchangeCore::on_split(AccountIndex account, const Asset& asset, const SplitOutcome& outcome) {
  ledger_.record_split(account, asset.symbol, engine_->now(), outcome);
}

// --- /sim
// -----------------------------------------------------------------------------------------------------------

net::HttpResponse ExchangeCore::sim(const net::HttpRequest& request) {
  const auto target = parse_target(request.target);
  const std::string_view what = target ? target->path.substr(5) : std::string_view{};
  if (request.method == "POST")
    return sim_post(what, request);
  if (request.method == "GET" && what == "ledger") {
    const auto* orders = target->find("orders");
    return answer(wire_->ledger_json(orders != nullptr && *orders == "working"));
  }
  if (request.method == "GET" && what == "faults")
    return answer("{\"hits\":" + std::to_string(faults_.hits()) + "}");
  return answer(R"({"message":"endpoint not found."})", 404);
}

net::HttpResponse ExchangeCore::sim_post(std::string_view what, const net::HttpRequest& request) {
  if (what == "faults") {
    const auto loaded = faults_.load(request.body);
    return loaded ? answer("{}") : refuse({422, 42210000, loaded.error().detail, {}, {}});
  }
  const auto body = net::parse_json(request.body);
  if (!body || !body.value().is_object())
    return refuse({400, 40010000, "request body format is invalid", {}, {}});
  try {
    if (auto response = sim_command(what, body.value()))
      return std::move(*response);
  } catch (const DecimalOverflow&) {
    return refuse({422, 42210000, "a number in the request is out of range", {}, {}});
  }
  return answer(R"({"message":"endpoint not found."})", 404);
}

std::optional<net::HttpResponse> ExchangeCore::sim_command(std::string_view what, const net::Json& body) {
  if (what == "advance") {
    const net::Json* to = body.find("to");
    const auto at = to != nullptr && to->is_string() ? parse_rfc3339(to->text) : std::nullopt;
    if (!options_.stepped)
      return answer(R"({"message":"time runs by itself; start the exchange with speed step to advance it"})", 409);
    if (!at || *at < engine_->now())
      return bad_field("to", "must be an RFC 3339 instant, not before " + to_rfc3339(engine_->now()));
    engine_->advance_to(*at);
    return answer("{\"now\":\"" + to_rfc3339(engine_->now()) + "\"}");
  }
  const net::Json* name = body.find("symbol");
  const std::string symbol = name != nullptr && name->is_string() ? name->text : "";
  if (what != "price" && what != "halt" && what != "split" && what != "asset")
    return std::nullopt;
  if (!is_symbol(symbol))
    return bad_field("symbol", "must be A-Z, 0-9, '.', '-', '/', at most 23 characters");
  if (what == "price") {
    const auto price = positive(body, "price");
    const net::Json* path = body.find("path");
    if (!price)
      return bad_field("price", "must be a positive decimal");
    if (path != nullptr && path->text != "jump" && path->text != "slide")
      return bad_field("path", "must be jump or slide");
    engine_->set_price(symbol, *price, path != nullptr && path->text == "slide");
    return answer("{\"symbol\":\"" + symbol + "\",\"price\":\"" + price->str() + "\"}");
  }
  bool known = false;
  if (what == "halt") {
    const auto halted = flag(body, "halted");
    if (!halted)
      return bad_field("halted", "must be true or false");
    known = engine_->set_halted(symbol, *halted);
  } else if (what == "split") {
    const auto from = body.find("from") != nullptr ? positive(body, "from") : std::optional{Decimal{1}};
    const auto to = positive(body, "to");
    if (!from || !to)
      return bad_field("to", "new shares (to) for old ones (from, 1 when absent) must be positive decimals");
    known = engine_->split(symbol, *from, *to);
  } else {
    const Asset* asset = engine_->find_asset(symbol);
    known = asset != nullptr && engine_->set_tradable(symbol, flag(body, "tradable").value_or(asset->tradable),
                                                      flag(body, "shortable").value_or(asset->shortable),
                                                      flag(body, "fractionable").value_or(asset->fractionable));
  }
  return known ? answer("{}") : not_found("asset not found for " + symbol);
}

}  // namespace heed::exchange
