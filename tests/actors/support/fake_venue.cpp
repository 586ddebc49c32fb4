#include "support/fake_venue.hpp"

#include <algorithm>
#include <utility>

namespace heed::test {

FakeVenue::FakeVenue(std::shared_ptr<const Clock> clock, VenueCapabilities can)
    : clock_{std::move(clock)}, can_{std::move(can)} {
  account.account = "paper";
  account.equity = account.cash = account.buying_power = account.last_equity = Money{100'000};
}

VenueCapabilities FakeVenue::bracket_capabilities() {
  VenueCapabilities can;
  can.native_bracket = can.bracket_needs_full_fill = can.native_oco = can.replace = true;
  can.holds_quantity = can.opposite_orders_refused = can.shorting = true;
  can.name = "fake";
  return can;
}
VenueCapabilities FakeVenue::plain_capabilities() {
  VenueCapabilities can;
  can.shorting = true;
  can.name = "plain";
  return can;
}

std::size_t FakeVenue::count(const std::string& call) const {
  return static_cast<std::size_t>(
    std::count_if(calls.begin(), calls.end(), [&](const std::string& c) { return c.starts_with(call); }));
}

void FakeVenue::answer_held() {
  for (auto& answer : std::exchange(held_, {}))
    answer();
}

void FakeVenue::set_price(const Symbol& symbol, const char* price) { prices_[symbol] = dec(price); }

NaiveVenue& FakeVenue::book(const Symbol& symbol) { return books_.try_emplace(symbol, can_).first->second; }

void FakeVenue::fill(const Symbol& symbol, Leg leg, std::optional<Quantity> quantity, std::optional<Price> price) {
  auto& orders = book(symbol).orders;
  const auto found = std::find_if(orders.rbegin(), orders.rend(), [&](const NaiveVenue::Order& order) {
    return order.made.leg == leg && NaiveVenue::working(order);
  });
  REQUIRE(found != orders.rend());
  const auto& made = found->made;
  const auto market = prices_.contains(symbol) ? prices_[symbol] : Price{100};
  const auto at = price.value_or(made.limit_price.value_or(made.stop_price.value_or(market)));
  book(symbol).fill(ClientOrderId{made.client_order_id}, quantity.value_or(NaiveVenue::open(*found)), at);
  flush_stream();
}

std::vector<std::string> FakeVenue::breaches() {
  std::vector<std::string> out;
  for (const auto& [symbol, book] : books_)
    out.insert(out.end(), book.breaches.begin(), book.breaches.end());
  return out;
}

std::size_t FakeVenue::working(const Symbol& symbol) {
  const auto& orders = book(symbol).orders;
  return static_cast<std::size_t>(std::count_if(orders.begin(), orders.end(), NaiveVenue::working));
}

void FakeVenue::link(bool up, const std::string& why) {
  if (sink_.on_link)
    sink_.on_link(up, why);
}

void FakeVenue::flush_stream() {
  for (auto& [symbol, book] : books_)
    for (auto& report : std::exchange(book.stream, {}))
      if (!mute && sink_.on_order)
        sink_.on_order(stamped(std::move(report)));
}

void FakeVenue::start(VenueSink sink) {
  sink_ = std::move(sink);
  calls.emplace_back("start");
  if (link_at_start)
    link(true, "connected");
}

Fate FakeVenue::fate_of(const std::string& name, const std::string& what) {
  calls.push_back(what.empty() ? name : name + " " + what);
  auto& planned = fates[name];
  if (planned.empty())
    return always.contains(name) ? always[name] : Fate{};
  auto fate = std::move(planned.front());
  planned.pop_front();
  return fate;
}

template <class T>
void FakeVenue::answer(const Fate& fate, Done<T> done, std::function<Result<T>()> value) {
  auto say = [done = std::move(done), value = std::move(value), error = fate.error] {
    done(error ? Result<T>{*error} : value());
  };
  if (fate.when == Fate::When::now)
    say();
  else
    (fate.when == Fate::When::later ? held_ : unanswered_).emplace_back(std::move(say));
}

OrderReport FakeVenue::stamped(OrderReport report) const {
  const auto prefix = report.symbol.str() + "-";
  report.at = clock_->now();
  report.created_at = created_.try_emplace(report.client_order_id, report.at).first->second;
  report.venue_order_id = prefix + report.venue_order_id.str();
  if (!report.parent.empty())
    report.parent = prefix + report.parent.str();
  if (report.execution) {
    report.execution->at = report.at;
    report.execution->execution_id = prefix + report.execution->execution_id.str();
  }
  return report;
}

std::vector<OrderReport> FakeVenue::stamped(std::vector<OrderReport> reports) const {
  for (auto& report : reports)
    report = stamped(std::move(report));
  return reports;
}

void FakeVenue::fill_market(const SubmitOrder& order) {
  auto* made = book(order.symbol).find(order.client_order_id);
  if (made == nullptr || order.type != OrderType::market || !NaiveVenue::working(*made))
    return;
  const auto market = prices_.contains(order.symbol) ? prices_[order.symbol] : Price{100};
  book(order.symbol).fill(order.client_order_id, NaiveVenue::open(*made), market);
}

void FakeVenue::submit(const SubmitOrder& order, Done<std::vector<OrderReport>> done) {
  submits.push_back(order);
  if (on_submit)
    on_submit(order);
  const auto fate = fate_of("submit", order.client_order_id.str());
  std::optional<Refusal> refusal;
  if (fate.arrives) {
    const bool known = book(order.symbol).find(order.client_order_id) != nullptr;
    refusal = book(order.symbol).submit(order);
    if (!refusal && !known && fills_market_orders)
      fill_market(order);
  }
  answer<std::vector<OrderReport>>(fate, std::move(done),
                                   [this, order, refusal]() -> Result<std::vector<OrderReport>> {
                                     if (refusal)
                                       return Error{ErrorKind::rejected, refusal->code, refusal->text};
                                     return stamped(book(order.symbol).query(order.client_order_id));
                                   });
  flush_stream();
}

void FakeVenue::cancel(const CancelOrder& order, Done<Ok> done) {
  cancels.push_back(order);
  const auto fate = fate_of("cancel", order.client_order_id.str());
  std::optional<Refusal> refusal;
  if (fate.arrives)
    refusal = book(order.symbol).cancel(order.client_order_id);
  answer<Ok>(fate, std::move(done), [refusal]() -> Result<Ok> {
    if (refusal)
      return Error{ErrorKind::rejected, refusal->code, refusal->text};
    return Ok{};
  });
  if (fate.arrives)
    book(order.symbol).finish_cancels();
  flush_stream();
}

void FakeVenue::replace(const ReplaceOrder& order, Done<std::vector<OrderReport>> done) {
  replaces.push_back(order);
  const auto fate = fate_of("replace", order.new_client_order_id.str());
  std::optional<Refusal> refusal;
  if (fate.arrives)
    refusal = book(order.symbol).replace(order);
  answer<std::vector<OrderReport>>(fate, std::move(done),
                                   [this, order, refusal]() -> Result<std::vector<OrderReport>> {
                                     if (refusal)
                                       return Error{ErrorKind::rejected, refusal->code, refusal->text};
                                     return stamped(book(order.symbol).query(order.new_client_order_id));
                                   });
  flush_stream();
}

void FakeVenue::query_order(const ClientOrderId& id, const VenueOrderId&, Done<std::vector<OrderReport>> done) {
  answer<std::vector<OrderReport>>(fate_of("query_order", id.str()), std::move(done),
                                   [this, id]() -> Result<std::vector<OrderReport>> {
                                     for (auto& [symbol, book] : books_)
                                       if (book.find(id) != nullptr)
                                         return stamped(book.query(id));
                                     return std::vector<OrderReport>{};
                                   });
}

void FakeVenue::query_orders(Instant since, Done<std::vector<OrderReport>> done) {
  asked_since = since;
  answer<std::vector<OrderReport>>(fate_of("query_orders", ""), std::move(done),
                                   [this]() -> Result<std::vector<OrderReport>> {
                                     std::vector<OrderReport> out;
                                     for (auto& [symbol, book] : books_)
                                       for (const auto& order : book.orders)
                                         out.push_back(stamped(order.now));
                                     return out;
                                   });
}

void FakeVenue::query_open_orders(const Symbol& symbol, Done<std::vector<OrderReport>> done) {
  answer<std::vector<OrderReport>>(fate_of("query_open_orders", symbol.str()), std::move(done),
                                   [this, symbol]() -> Result<std::vector<OrderReport>> {
                                     std::vector<OrderReport> out;
                                     for (const auto& order : book(symbol).orders)
                                       if (NaiveVenue::working(order))
                                         out.push_back(stamped(order.now));
                                     return out;
                                   });
}

void FakeVenue::query_fills(Instant, Done<std::vector<OrderReport>> done) {
  answer<std::vector<OrderReport>>(fate_of("query_fills", ""), std::move(done),
                                   [this]() -> Result<std::vector<OrderReport>> {
                                     std::vector<OrderReport> out;
                                     for (auto& [symbol, book] : books_)
                                       for (const auto& order : book.orders)
                                         for (const auto& execution : order.executions)
                                           out.push_back(stamped(execution));
                                     return out;
                                   });
}

PositionReport FakeVenue::position_report(const Symbol& symbol) {
  PositionReport report;
  report.account = account.account;
  report.symbol = symbol;
  report.quantity = book(symbol).position;
  report.avg_px = Price{100};
  report.available = report.quantity.abs();
  report.at = clock_->now();
  return report;
}

void FakeVenue::query_position(const Symbol& symbol, Done<PositionReport> done) {
  answer<PositionReport>(fate_of("query_position", symbol.str()), std::move(done),
                         [this, symbol]() -> Result<PositionReport> { return position_report(symbol); });
}

void FakeVenue::query_positions(Done<std::vector<PositionReport>> done) {
  answer<std::vector<PositionReport>>(fate_of("query_positions", ""), std::move(done),
                                      [this]() -> Result<std::vector<PositionReport>> {
                                        std::vector<PositionReport> out;
                                        for (const auto& [symbol, book] : books_)
                                          if (!book.position.is_zero())
                                            out.push_back(position_report(symbol));
                                        return out;
                                      });
}

void FakeVenue::query_account(Done<AccountReport> done) {
  answer<AccountReport>(fate_of("query_account", ""), std::move(done), [this]() -> Result<AccountReport> {
    auto report = account;
    report.at = clock_->now();
    return report;
  });
}

void FakeVenue::query_clock(Done<VenueClock> done) {
  answer<VenueClock>(fate_of("query_clock", ""), std::move(done), [this]() -> Result<VenueClock> {
    VenueClock out;
    out.at = clock_->now();
    return out;
  });
}

void FakeVenue::query_instrument(const Symbol& symbol, Done<Instrument> done) {
  answer<Instrument>(fate_of("query_instrument", symbol.str()), std::move(done),
                     [this, symbol]() -> Result<Instrument> {
                       Instrument out;
                       out.symbol = symbol;
                       out.tradable = !unknown_symbols.contains(symbol) && !untradable.contains(symbol);
                       out.shortable = true;
                       if (const auto found = multipliers.find(symbol); found != multipliers.end())
                         out.multiplier = found->second;
                       return out;
                     });
}

void FakeVenue::query_quote(const Symbol& symbol, Done<Quote> done) {
  answer<Quote>(fate_of("query_quote", symbol.str()), std::move(done), [this, symbol]() -> Result<Quote> {
    Quote quote;
    quote.symbol = symbol;
    quote.last = prices_.contains(symbol) ? prices_[symbol] : Price{100};
    quote.bid = quote.ask = quote.last;
    quote.at = clock_->now();
    return quote;
  });
}

void FakeVenue::query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) {
  std::string what;
  for (const auto& symbol : symbols)
    what += (what.empty() ? "" : ",") + symbol.str();
  answer<std::vector<Quote>>(fate_of("query_quotes", what), std::move(done),
                             [this, symbols]() -> Result<std::vector<Quote>> {
                               std::vector<Quote> quotes;
                               for (const auto& symbol : symbols)
                                 if (!one_sided.contains(symbol)) {
                                   const auto price = prices_.contains(symbol) ? prices_[symbol] : Price{100};
                                   quotes.push_back(Quote{symbol, price, price, price, clock_->now()});
                                 }
                               return quotes;
                             });
}

}  // namespace heed::test
