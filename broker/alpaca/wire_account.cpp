#include "broker/alpaca/fields.hpp"
#include "broker/alpaca/wire.hpp"

namespace heed::alpaca {

namespace {

/// The entry of one symbol in {"quotes":{SYM:{...}}}; nullptr when the venue has none.
Result<const net::Json*> entry_of(const net::Json& json, std::string_view map, const Symbol& symbol) {
  const auto* entries = json.find(map);
  if (entries == nullptr || !(entries->is_object() || entries->is_null()))
    return unreadable(std::string{map} + ": not an object");
  return entries->find(symbol.view());
}

void newest(Instant& at, Instant other) {
  if (other > at)
    at = other;
}

Price side_price(Fields& fields, std::string_view name) {
  const auto price = fields.number_if_any(name).value_or(Decimal{});
  if (price.is_negative())
    fields.wrong(name, "below zero", price.str());
  return price;
}

}  // namespace

Result<PositionReport> read_position(const net::Json& json, const AccountId& account) {
  Fields fields{json, "position"};
  PositionReport report;
  report.account = account;
  report.symbol = fields.id<Symbol>("symbol");
  report.quantity = fields.number("qty");
  report.avg_px = fields.average_if_any("avg_entry_price").value_or(Decimal{});
  if (fields.present("avg_entry_price") == nullptr)
    fields.wrong("avg_entry_price", "missing");
  report.available = fields.number("qty_available").abs();
  const auto side = fields.text("side");
  if (side == "short") {
    if (report.quantity.is_positive())
      report.quantity = -report.quantity;
  } else if (side != "long") {
    fields.wrong("side", "unknown word", side);
  } else if (report.quantity.is_negative()) {
    fields.wrong("qty", "below zero on a long position", report.quantity.str());
  }
  if (!fields.ok())
    return fields.error();
  return report;
}

Result<std::vector<PositionReport>> read_positions(const net::Json& json, const AccountId& account) {
  if (!json.is_array())
    return unreadable("positions: not an array");
  std::vector<PositionReport> reports;
  for (const auto& item : json.items) {
    auto report = read_position(item, account);
    if (!report)
      return report.error();
    reports.push_back(std::move(report).value());
  }
  return reports;
}

// Only what a decision needs must be there: money of which a wrong zero would trip a limit. Everything else may be
// absent, as keys of this object have gone away before.
Result<AccountReport> read_account(const net::Json& json, const AccountId& account) {
  Fields fields{json, "account"};
  AccountReport report;
  report.account = account;
  const auto equity = fields.number_if_any("equity");
  report.equity = equity ? *equity : fields.number("portfolio_value");
  report.cash = fields.number("cash");
  report.buying_power = fields.number("buying_power");
  report.last_equity = fields.number_if_any("last_equity").value_or(report.equity);
  const auto status = fields.text_if_any("status");
  const bool active = status.empty() || status == "ACTIVE" || status == "PAPER_ONLY";
  report.trading_blocked = !active || fields.flag("trading_blocked") || fields.flag("account_blocked") ||
                           fields.flag("trade_suspended_by_user");
  report.shorting_enabled = fields.flag("shorting_enabled");
  if (!fields.ok())
    return fields.error();
  return report;
}

Result<VenueClock> read_clock(const net::Json& json) {
  Fields fields{json, "clock"};
  VenueClock clock;
  clock.at = fields.instant("timestamp");
  const auto* open = fields.present("is_open");
  if (open == nullptr || open->kind != net::Json::Kind::boolean)
    fields.wrong("is_open", "not true or false");
  clock.is_open = fields.flag("is_open");
  clock.next_open = fields.instant("next_open");
  clock.next_close = fields.instant("next_close");
  if (!fields.ok())
    return fields.error();
  return clock;
}

Result<Instrument> read_asset(const net::Json& json) {
  Fields fields{json, "asset"};
  Instrument instrument;
  instrument.symbol = fields.id<Symbol>("symbol");
  instrument.tradable = fields.flag("tradable") && fields.text("status") == "active";
  instrument.shortable = fields.flag("shortable");
  instrument.fractionable = fields.flag("fractionable");
  if (fields.text_if_any("class") == "crypto") {
    instrument.asset_class = AssetClass::crypto;
    if (const auto tick = fields.number_if_any("price_increment"); tick && tick->is_positive())
      instrument.tick_size = *tick;
    if (const auto lot = fields.number_if_any("min_trade_increment"); lot && lot->is_positive())
      instrument.lot_size = *lot;
  }
  if (!fields.ok())
    return fields.error();
  return instrument;
}

namespace {

/// The entry of `symbol` in a document of latest prices, read by `read`; nothing there is a quote without prices.
template <class Read>
Result<Quote> read_latest(const net::Json& json, std::string_view member, std::string_view name, const Symbol& symbol,
                          Read read) {
  const auto entry = entry_of(json, member, symbol);
  if (!entry)
    return entry.error();
  Quote quote;
  quote.symbol = symbol;
  if (entry.value() == nullptr || entry.value()->is_null())
    return quote;
  Fields fields{*entry.value(), name};
  read(fields, quote);
  quote.at = fields.instant("t");
  if (!fields.ok())
    return fields.error();
  return quote;
}

}  // namespace

Result<Quote> read_latest_quote(const net::Json& json, const Symbol& symbol) {
  return read_latest(json, "quotes", "quote", symbol, [](Fields& fields, Quote& quote) {
    quote.bid = side_price(fields, "bp");
    quote.ask = side_price(fields, "ap");
  });
}

Result<Quote> read_latest_trade(const net::Json& json, const Symbol& symbol) {
  return read_latest(json, "trades", "trade", symbol,
                     [](Fields& fields, Quote& quote) { quote.last = side_price(fields, "p"); });
}

Result<std::optional<Symbol>> apply_market_message(const net::Json& json, std::map<Symbol, Quote>& quotes) {
  Fields fields{json, "market_data"};
  const auto type = fields.text_if_any("T");
  if (type != "q" && type != "t")
    return std::optional<Symbol>{};
  const auto symbol = fields.id<Symbol>("S");
  const auto at = fields.instant("t");
  Price bid, ask, last;
  if (type == "q") {
    bid = side_price(fields, "bp");
    ask = side_price(fields, "ap");
  } else {
    last = side_price(fields, "p");
  }
  if (!fields.ok())
    return fields.error();
  const auto found = quotes.find(symbol);
  if (found == quotes.end())
    return std::optional<Symbol>{};
  Quote& quote = found->second;
  if (type == "q") {
    quote.bid = bid;
    quote.ask = ask;
    newest(quote.at, at);
  } else {
    quote.last = last;
    // A trade says nothing of bid and ask: what they are sized by gets no younger.
    if (!quote.bid.is_positive() && !quote.ask.is_positive())
      newest(quote.at, at);
  }
  return std::optional<Symbol>{symbol};
}

}  // namespace heed::alpaca
