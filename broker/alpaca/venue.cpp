#include "broker/alpaca/alpaca.hpp"
#include "broker/alpaca/answers.hpp"
#include "broker/alpaca/order_reader.hpp"
#include "broker/alpaca/requests.hpp"
#include "broker/alpaca/rest.hpp"
#include "broker/alpaca/streams.hpp"
#include "broker/alpaca/update_desk.hpp"
#include "broker/alpaca/wire.hpp"

#include <stdexcept>
#include <utility>

namespace heed {

namespace alpaca {
namespace {

LinkLimits limits_of(const AlpacaConfig& config, std::uint64_t seed) {
  return LinkLimits{config.stream_login_deadline, config.reconnect_first, config.reconnect_max, config.link_settled,
                    seed};
}

/// Reads the answer of a call with `read`; absence is an error like any other.
template <class T, class Read>
Rest::Done reading(const std::shared_ptr<Rest>& rest, Done<T> done, Read read) {
  return [rest, done = std::move(done), read = std::move(read)](const Result<net::HttpResponse>& answer) {
    const auto json = read_answer(answer, rest->now());
    if (!json)
      return done(json.error());
    done(read(json.value(), rest->now()));
  };
}

Rest::Call get_call(std::string target, bool data = false) {
  Rest::Call call;
  call.target = std::move(target);
  call.data = data;
  return call;
}

class AlpacaVenue final : public Venue {
public:
  AlpacaVenue(const AlpacaConfig& config, const AlpacaTransports& transports);
  ~AlpacaVenue() override { stop(); }
  AlpacaVenue(const AlpacaVenue&) = delete;
  AlpacaVenue& operator=(const AlpacaVenue&) = delete;

  VenueCapabilities capabilities() const override;
  void start(VenueSink sink) override;
  void stop() override;
  void submit(const SubmitOrder& order, Done<std::vector<OrderReport>> done) override;
  void cancel(const CancelOrder& order, Done<Ok> done) override;
  void replace(const ReplaceOrder& order, Done<std::vector<OrderReport>> done) override;
  void query_order(const ClientOrderId& id, const VenueOrderId& venue_id,
                   Done<std::vector<OrderReport>> done) override {
    reader_->find(id, venue_id, std::move(done));
  }
  void query_orders(Instant since, Done<std::vector<OrderReport>> done) override {
    reader_->since(since, std::move(done));
  }
  void query_open_orders(const Symbol& symbol, Done<std::vector<OrderReport>> done) override {
    reader_->working(symbol, std::move(done));
  }
  void query_fills(Instant since, Done<std::vector<OrderReport>> done) override {
    reader_->fills(since, std::move(done));
  }
  void query_position(const Symbol& symbol, Done<PositionReport> done) override;
  void query_positions(Done<std::vector<PositionReport>> done) override;
  void query_account(Done<AccountReport> done) override;
  void query_clock(Done<VenueClock> done) override;
  void query_instrument(const Symbol& symbol, Done<Instrument> done) override;
  void query_quote(const Symbol& symbol, Done<Quote> done) override;
  void query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) override;
  void watch_quotes(const std::vector<Symbol>& symbols) override;

private:
  using Reports = std::vector<OrderReport>;

  void make_streams(VenueSink sink);
  /// Answers from the transports' thread, as every other answer does.
  template <class T>
  void answer_later(Error error, Done<T> done) {
    timers_->after(std::chrono::milliseconds{0}, [error = std::move(error), done = std::move(done)] { done(error); });
  }
  std::string latest_target(std::string_view what, const std::vector<Symbol>& symbols) const;
  static void remove(const std::shared_ptr<Rest>& rest, const VenueOrderId& id, const ClientOrderId& name,
                     const Done<Ok>& done);
  static void patch(const std::shared_ptr<Rest>& rest, const std::shared_ptr<SharedNames>& names,
                    const std::shared_ptr<OrderReader>& reader, const VenueOrderId& id, const ReplaceOrder& order,
                    std::string body, Done<Reports> done);

  AlpacaConfig config_;
  AlpacaTransports transports_;
  std::shared_ptr<net::Timers> timers_;
  std::shared_ptr<Rest> rest_;
  std::shared_ptr<SharedNames> names_;
  std::shared_ptr<OrderReader> reader_;
  std::shared_ptr<UpdateDesk> desk_;
  std::mutex mutex_;  // of what follows
  std::shared_ptr<OrderStream> orders_;
  std::shared_ptr<DataStream> data_;
  std::vector<Symbol> watched_;
};

AlpacaVenue::AlpacaVenue(const AlpacaConfig& config, const AlpacaTransports& transports)
    : config_{config},
      transports_{transports},
      timers_{transports.timers},
      rest_{std::make_shared<Rest>(config, transports)},
      names_{std::make_shared<SharedNames>(config.account)},
      reader_{std::make_shared<OrderReader>(rest_, names_, config.order_page_size, config.activity_page_size)},
      desk_{std::make_shared<UpdateDesk>(reader_, names_, rest_, transports.timers)} {}

VenueCapabilities AlpacaVenue::capabilities() const {
  VenueCapabilities can;
  can.native_bracket = true;
  can.bracket_needs_full_fill = true;
  can.native_oco = true;
  can.replace = true;
  can.holds_quantity = true;
  can.opposite_orders_refused = true;
  can.fractional = false;  // not in a bracket, and an entry without one would be naked
  can.shorting = true;
  can.client_order_ids = true;
  can.name = "alpaca";
  return can;
}

void AlpacaVenue::start(VenueSink sink) {
  std::shared_ptr<OrderStream> orders;
  std::shared_ptr<DataStream> data;
  {
    const std::lock_guard lock{mutex_};
    if (orders_)
      return;
    rest_->set_audit(sink.on_call, sink.on_usage);
    desk_->start(sink.on_order);
    make_streams(std::move(sink));
    orders = orders_;
    data = data_;
    if (data)
      data->watch(watched_);
  }
  orders->start();
  if (data)
    data->start();
}

void AlpacaVenue::make_streams(VenueSink sink) {
  const Credentials credentials{config_.key, config_.secret};
  const auto rest = rest_;
  OrderStream::Hooks hooks;
  hooks.update = [desk = desk_](TradeUpdate update) { desk->take(std::move(update)); };
  hooks.link = [on_link = std::move(sink.on_link)](bool up, std::string why) {
    if (on_link)
      on_link(up, std::move(why));
  };
  hooks.unreadable = [rest, path = config_.orders_stream_path](std::string_view message, std::string error) {
    rest->note("STREAM", path, message, std::move(error));
  };
  orders_ = std::make_shared<OrderStream>(
    std::make_shared<Link>(transports_.orders_stream, timers_, config_.orders_stream_path,
                           limits_of(config_, config_.seed)),
    credentials, std::move(hooks));
  if (!transports_.data_stream)
    return;
  DataStream::Hooks data_hooks;
  data_hooks.quote = [on_quote = std::move(sink.on_quote)](Quote quote) {
    if (on_quote)
      on_quote(std::move(quote));
  };
  data_hooks.problem = [rest, path = config_.data_stream_path](std::string_view message, std::string error) {
    rest->note("STREAM", path, message, std::move(error));
  };
  data_ =
    std::make_shared<DataStream>(std::make_shared<Link>(transports_.data_stream, timers_, config_.data_stream_path,
                                                        limits_of(config_, config_.seed + 1)),
                                 credentials, std::move(data_hooks));
}

void AlpacaVenue::stop() {
  std::shared_ptr<OrderStream> orders;
  std::shared_ptr<DataStream> data;
  {
    const std::lock_guard lock{mutex_};
    orders = std::exchange(orders_, nullptr);
    data = std::exchange(data_, nullptr);
  }
  rest_->set_audit({});
  desk_->stop();
  if (orders)
    orders->stop();
  if (data)
    data->stop();
}

void AlpacaVenue::submit(const SubmitOrder& order, Done<Reports> done) {
  auto body = submit_body(order);
  if (!body)
    return answer_later(body.error(), std::move(done));
  names_->with([&](NameBook& book) { book.plan(order); });
  desk_->submit_started(order.symbol);
  Rest::Call call;
  call.method = "POST";
  call.target = "/v2/orders";
  call.body = std::move(body).value();
  call.order = order.client_order_id;
  rest_->send(std::move(call), [rest = rest_, names = names_, reader = reader_, desk = desk_, symbol = order.symbol,
                                name = order.client_order_id, done = std::move(done)](auto answer) {
    const auto finish = [desk, symbol, done](Result<Reports> result) {
      done(std::move(result));
      desk->submit_ended(symbol);
    };
    const auto json = read_answer(answer, rest->now());
    if (!json && is_duplicate_name(json.error()))
      return reader->find(name, {}, [finish](Result<Reports> found) {
        if (found && found.value().empty())
          found = Error{ErrorKind::unknown, "duplicate_not_visible",
                        "the venue says that the name is taken, but does not show the order yet"};
        finish(std::move(found));
      });
    if (!json)
      return finish(json.error());
    const auto seen = read_order(json.value());
    if (!seen)
      return finish(seen.error());
    if (seen.value().client_order_id != name.view())
      return finish(Error{ErrorKind::unknown, "unreadable",
                          "order.client_order_id: sent " + name.str() + ", got " + seen.value().client_order_id});
    finish(names->with([&](NameBook& book) { return book.reports(seen.value()); }));
  });
}

void AlpacaVenue::remove(const std::shared_ptr<Rest>& rest, const VenueOrderId& id, const ClientOrderId& name,
                         const Done<Ok>& done) {
  Rest::Call call;
  call.method = "DELETE";
  call.target = order_target(id, false);
  call.order = name;
  rest->send(std::move(call),
             [rest, done](const Result<net::HttpResponse>& answer) { done(read_bodiless(answer, rest->now())); });
}

namespace {

/// The venue's id of a name that was looked up; unknown when it is not to be seen, which proves nothing.
Result<VenueOrderId> id_among(const Result<std::vector<OrderReport>>& found, const ClientOrderId& name) {
  if (!found)
    return found.error();
  for (const auto& report : found.value())
    if (report.client_order_id == name)
      return report.venue_order_id;
  return Error{ErrorKind::unknown, "not_visible", "the venue does not show an order named " + name.str()};
}

}  // namespace

void AlpacaVenue::cancel(const CancelOrder& order, Done<Ok> done) {
  auto id = names_->with([&](NameBook& book) { return book.current(order.client_order_id); });
  if (id.empty())
    id = order.venue_order_id;
  if (!id.empty())
    return remove(rest_, id, order.client_order_id, done);
  reader_->find(order.client_order_id, {},
                [rest = rest_, name = order.client_order_id, done = std::move(done)](auto found) {
                  const auto seen = id_among(found, name);
                  if (!seen)
                    return done(seen.error());
                  remove(rest, seen.value(), name, done);
                });
}

void AlpacaVenue::patch(const std::shared_ptr<Rest>& rest, const std::shared_ptr<SharedNames>& names,
                        const std::shared_ptr<OrderReader>& reader, const VenueOrderId& id, const ReplaceOrder& order,
                        std::string body, Done<Reports> done) {
  const auto name = order.new_client_order_id;
  names->with([&](NameBook& book) { book.expect_replacement(id, name); });
  Rest::Call call;
  call.method = "PATCH";
  call.target = order_target(id, false);
  call.body = std::move(body);
  call.order = name;
  rest->send(std::move(call), [rest, names, reader, id, name, done = std::move(done)](auto answer) {
    const auto json = read_answer(answer, rest->now());
    if (!json && is_duplicate_name(json.error()))
      return reader->find(name, {}, [done](Result<Reports> found) {
        if (found && found.value().empty())
          found = Error{ErrorKind::unknown, "duplicate_not_visible",
                        "the venue says that the new name is taken, but does not show the order yet"};
        done(std::move(found));
      });
    if (!json) {
      if (json.error().kind != ErrorKind::unknown)
        names->with([&](NameBook& book) { book.forget_replacement(id); });
      return done(json.error());
    }
    const auto seen = read_order(json.value());
    if (!seen)
      return done(seen.error());
    if (seen.value().client_order_id != name.view() && seen.value().replaces != id)
      return done(Error{ErrorKind::unknown, "unreadable",
                        "order.replaces: asked to replace " + id.str() + ", got order " + seen.value().id.str()});
    done(names->with([&](NameBook& book) {
      book.learn_pair(name, seen.value());
      return book.reports(seen.value());
    }));
  });
}

void AlpacaVenue::replace(const ReplaceOrder& order, Done<Reports> done) {
  auto body = replace_body(order);
  if (!body)
    return answer_later(body.error(), std::move(done));
  auto id = names_->with([&](NameBook& book) { return book.current(order.client_order_id); });
  if (id.empty())
    id = order.venue_order_id;
  if (!id.empty())
    return patch(rest_, names_, reader_, id, order, std::move(body).value(), std::move(done));
  reader_->find(order.client_order_id, {},
                [rest = rest_, names = names_, reader = reader_, order, body = std::move(body).value(),
                 done = std::move(done)](auto found) {
                  const auto seen = id_among(found, order.client_order_id);
                  if (!seen)
                    return done(seen.error());
                  patch(rest, names, reader, seen.value(), order, body, done);
                });
}

void AlpacaVenue::query_position(const Symbol& symbol, Done<PositionReport> done) {
  rest_->send(get_call("/v2/positions/" + percent_encoded(symbol)), [rest = rest_, account = config_.account, symbol,
                                                                     done = std::move(done)](auto answer) {
    const auto json = read_answer(answer, rest->now());
    if (!json && !is_absent(json.error()))
      return done(json.error());
    PositionReport flat;
    flat.account = account;
    flat.symbol = symbol;
    auto report = json ? read_position(json.value(), account) : Result<PositionReport>{flat};
    if (report && report.value().symbol != symbol)
      report = Error{ErrorKind::unknown, "unreadable",
                     "position.symbol: asked for " + symbol.str() + ", got " + report.value().symbol.str()};
    if (report)
      report.value().at = rest->now();
    done(std::move(report));
  });
}

void AlpacaVenue::query_positions(Done<std::vector<PositionReport>> done) {
  rest_->send(get_call("/v2/positions"),
              reading<std::vector<PositionReport>>(rest_, std::move(done),
                                                   [account = config_.account](const net::Json& json, Instant now) {
                                                     auto reports = read_positions(json, account);
                                                     if (reports)
                                                       for (auto& report : reports.value())
                                                         report.at = now;
                                                     return reports;
                                                   }));
}

void AlpacaVenue::query_account(Done<AccountReport> done) {
  rest_->send(
    get_call("/v2/account"),
    reading<AccountReport>(rest_, std::move(done), [account = config_.account](const net::Json& json, Instant now) {
      auto report = read_account(json, account);
      if (report)
        report.value().at = now;
      return report;
    }));
}

void AlpacaVenue::query_clock(Done<VenueClock> done) {
  rest_->send(get_call("/v2/clock"), reading<VenueClock>(rest_, std::move(done), [](const net::Json& json, Instant) {
                return read_clock(json);
              }));
}

void AlpacaVenue::query_instrument(const Symbol& symbol, Done<Instrument> done) {
  rest_->send(get_call("/v2/assets/" + percent_encoded(symbol)),
              [rest = rest_, symbol, done = std::move(done)](auto answer) {
                const auto json = read_answer(answer, rest->now());
                if (json)
                  return done(read_asset(json.value()));
                if (!is_absent(json.error()))
                  return done(json.error());
                Instrument none;
                none.symbol = symbol;
                done(std::move(none));
              });
}

std::string AlpacaVenue::latest_target(std::string_view what, const std::vector<Symbol>& symbols) const {
  std::string target{"/v2/stocks/"};
  target.append(what).append("/latest?symbols=");
  for (std::size_t i = 0; i < symbols.size(); ++i)
    target.append(i == 0 ? "" : ",").append(percent_encoded(symbols[i]));
  if (!config_.data_feed.empty())
    target.append("&feed=").append(percent_encoded(config_.data_feed));
  return target;
}

void AlpacaVenue::query_quote(const Symbol& symbol, Done<Quote> done) {
  const auto then = [rest = rest_, symbol, trades = latest_target("trades", {symbol}),
                     done = std::move(done)](const Result<net::HttpResponse>& answer) {
    const auto json = read_answer(answer, rest->now());
    if (!json)
      return done(json.error());
    auto quote = read_latest_quote(json.value(), symbol);
    if (!quote || (quote.value().bid.is_positive() && quote.value().ask.is_positive()))
      return done(std::move(quote));
    // A one-sided or empty book: the last trade is the only price there is.
    rest->send(get_call(trades, true),
               reading<Quote>(rest, done, [quote = quote.value(), symbol](const net::Json& trade_json, Instant) {
                 auto trade = read_latest_trade(trade_json, symbol);
                 if (!trade)
                   return trade;
                 Quote both = quote;
                 both.last = trade.value().last;
                 both.at = std::max(both.at, trade.value().at);
                 return Result<Quote>{both};
               }));
  };
  rest_->send(get_call(latest_target("quotes", {symbol}), true), then);
}

void AlpacaVenue::query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) {
  rest_->send(get_call(latest_target("quotes", symbols), true),
              reading<std::vector<Quote>>(rest_, std::move(done), [symbols](const net::Json& json, Instant) {
                std::vector<Quote> quotes;
                for (const auto& symbol : symbols) {
                  auto quote = read_latest_quote(json, symbol);
                  if (quote && quote.value().bid.is_positive() && quote.value().ask.is_positive())
                    quotes.push_back(std::move(quote).value());
                }
                return Result<std::vector<Quote>>{std::move(quotes)};
              }));
}

void AlpacaVenue::watch_quotes(const std::vector<Symbol>& symbols) {
  std::shared_ptr<DataStream> data;
  {
    const std::lock_guard lock{mutex_};
    watched_ = symbols;
    data = data_;
  }
  if (data)
    data->watch(symbols);
}

}  // namespace
}  // namespace alpaca

std::unique_ptr<Venue> make_alpaca_venue(const AlpacaConfig& config, const AlpacaTransports& transports) {
  if (const auto checked = check_alpaca_config(config); !checked)
    throw std::invalid_argument{checked.error().detail};
  if (!transports.trading || !transports.data || !transports.orders_stream || !transports.timers || !transports.clock)
    throw std::invalid_argument{"alpaca: trading, data, orders_stream, timers and clock must all be given"};
  return std::make_unique<alpaca::AlpacaVenue>(config, transports);
}

}  // namespace heed
