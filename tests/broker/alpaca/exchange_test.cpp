// The adapter against the built-in exchange: both sides' real wire formats, in one thread, without sockets.
#include "broker/exchange/exchange_core.hpp"
#include "broker/exchange/stream_sessions.hpp"
#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca_test;
using std::chrono::milliseconds;
using Reports = std::vector<OrderReport>;

namespace {

struct Market : Clock {
  std::unique_ptr<exchange::ExchangeCore> core;
  std::unique_ptr<exchange::TradeStream> stream;
  std::shared_ptr<ScriptedConnector> connector = std::make_shared<ScriptedConnector>();
  std::size_t said = 0;         // of what the adapter wrote on its socket
  bool swallow_answer = false;  // the next request is done, and its answer lost

  Market() {
    exchange::CoreOptions options;
    options.engine.start = at("2026-08-03T14:00:00Z");
    options.engine.partial_fill_percent = 0;
    options.wire.credentials = {{"PKTESTKEY", "very-secret-words"}};
    options.wire.requests_per_minute = 0;
    options.stepped = true;
    auto made = exchange::ExchangeCore::make(std::move(options), exchange::make_scripted_feed({"AAPL"}));
    REQUIRE(made);
    core = std::move(made).value();
    core->set_listening(true, false);
    price("150");
  }
  Instant now() const override { return core->engine().now(); }

  void price(const char* value) {
    core->engine().set_price("AAPL", dec(value), false);
    core->settle();
    pump();
  }
  /// Simulated time goes on a little, as it does at a real venue.
  void wait() {
    core->advance_to(core->engine().now() + std::chrono::seconds{2});
    pump();
  }
  net::HttpResponse handle(const net::HttpRequest& request) { return core->handle(request, core->engine().now()); }

  /// Carries what waits on the order stream, both ways.
  void pump() {
    if (connector->attempts.empty())
      return;
    const auto socket = connector->now().socket;
    for (; said < socket->sent.size(); ++said)
      for (const auto& reply : stream->on_message(std::string{socket->sent[said]}))
        connector->say(reply, true);
    for (const auto& message : core->take_trades())
      if (stream->listens_to())
        connector->say(message.text, true);
  }
};

struct MarketHttp : net::HttpClient {
  std::shared_ptr<Market> market;
  explicit MarketHttp(std::shared_ptr<Market> of) : market{std::move(of)} {}
  void send(net::HttpRequest request, milliseconds, Done done) override {
    auto response = market->handle(request);
    if (std::exchange(market->swallow_answer, false))
      done(timeout());
    else
      done(std::move(response));
    market->core->settle();
    market->pump();
  }
};

struct Session {
  std::shared_ptr<Market> market = std::make_shared<Market>();
  std::shared_ptr<MarketHttp> http = std::make_shared<MarketHttp>(market);
  std::shared_ptr<ManualTimers> timers = std::make_shared<ManualTimers>();
  std::unique_ptr<Venue> venue;
  Reports reports;
  std::vector<bool> links;

  Session() { restart(); }
  /// A new adapter that knows nothing of what was before.
  void restart() {
    reports.clear();
    auto config = Bench::make_config();
    config.order_page_size = 3;
    config.activity_page_size = 2;
    venue = make_alpaca_venue(config, {http, http, market->connector, nullptr, timers, market});
    VenueSink sink;
    sink.on_order = [this](OrderReport report) { reports.push_back(std::move(report)); };
    sink.on_link = [this](bool up, const std::string&) { links.push_back(up); };
    venue->start(std::move(sink));
    market->stream = std::make_unique<exchange::TradeStream>(market->core->wire());
    market->said = 0;
    market->connector->open();
    market->pump();
    REQUIRE(links.back());
  }
  template <class T, class Call>
  Result<T> ask(Call&& call) {
    std::optional<Result<T>> outcome;
    call(Done<T>{[&](Result<T> result) { outcome.emplace(std::move(result)); }});
    timers->advance(milliseconds{0});
    REQUIRE(outcome);
    return *std::move(outcome);
  }
  Result<Reports> submit(const SubmitOrder& order) {
    return ask<Reports>([&](auto done) { venue->submit(order, done); });
  }
  Reports open_orders() {
    auto result = ask<Reports>([&](auto done) { venue->query_open_orders("AAPL", done); });
    REQUIRE(result);
    return std::move(result).value();
  }
  PositionReport position() {
    auto result = ask<PositionReport>([&](auto done) { venue->query_position("AAPL", done); });
    REQUIRE(result);
    return std::move(result).value();
  }
  OrderStatus told(const ClientOrderId& name) {
    const auto* report = of(reports, name);
    INFO(name.view());
    REQUIRE(report != nullptr);
    return report->status;
  }
  Reports fills() {
    auto result = ask<Reports>([&](auto done) { venue->query_fills(at("2026-08-03T13:00:00Z"), done); });
    REQUIRE(result);
    return std::move(result).value();
  }
};

SubmitOrder market_bracket() {
  auto order = bracket_order();
  order.type = OrderType::market;
  order.limit_price.reset();
  return order;
}

}  // namespace

TEST_CASE("exchange: a bracket from entry to target, every order under its name") {
  Session s;
  const auto submitted = s.submit(market_bracket());
  REQUIRE(submitted);
  CHECK(submitted.value().size() == 3);
  s.market->wait();
  CHECK(s.told(entry_name) == OrderStatus::filled);
  CHECK(s.position().quantity == Decimal{10});
  auto open = s.open_orders();
  REQUIRE(open.size() == 2);
  CHECK(of(open, stop_name)->status == OrderStatus::held);

  s.market->price("161");
  s.market->wait();
  s.timers->advance(milliseconds{5000});
  CHECK(s.told(target_name) == OrderStatus::filled);
  CHECK(s.told(stop_name) == OrderStatus::canceled);
  CHECK(s.position().quantity.is_zero());
  CHECK(s.open_orders().empty());

  // Stream and history name the same executions.
  std::set<std::string> streamed, recorded;
  for (const auto& report : s.reports)
    if (report.execution)
      streamed.insert(report.client_order_id.str() + report.execution->execution_id.str());
  for (const auto& report : s.fills())
    recorded.insert(report.client_order_id.str() + report.execution->execution_id.str());
  CHECK(streamed.size() == 2);
  CHECK(streamed == recorded);
}

TEST_CASE("exchange: after a restart the stop's fill is told under its name, and the target is canceled") {
  Session s;
  REQUIRE(s.submit(market_bracket()));
  s.market->wait();
  s.restart();
  s.market->price("145");
  s.market->wait();
  s.timers->advance(milliseconds{5000});
  CHECK(s.told(stop_name) == OrderStatus::filled);
  CHECK(s.told(target_name) == OrderStatus::canceled);
  for (const auto& report : s.reports)
    CHECK(report.ours);
  CHECK(s.position().quantity.is_zero());
  s.restart();
  for (const auto& report : s.fills())
    CHECK(report.ours);
  const auto found = s.ask<Reports>([&](auto done) { s.venue->query_order(stop_name, {}, done); });
  REQUIRE(found);
  CHECK(found.value().at(0).client_order_id == stop_name);
  CHECK(found.value().at(0).status == OrderStatus::filled);
}

TEST_CASE("exchange: an answer that was lost is unknown; the same name again adopts the order") {
  Session s;
  s.market->swallow_answer = true;
  const auto first = s.submit(market_bracket());
  REQUIRE_FALSE(first);
  CHECK(first.error().kind == ErrorKind::unknown);
  s.market->wait();
  s.timers->advance(milliseconds{5000});
  const auto again = s.submit(market_bracket());
  REQUIRE(again);
  CHECK(again.value().at(0).client_order_id == entry_name);
  CHECK(again.value().at(0).status == OrderStatus::filled);
  CHECK(s.position().quantity == Decimal{10});
}

TEST_CASE("exchange: a replaced stop protects under the new name and ends the old one") {
  Session s;
  REQUIRE(s.submit(market_bracket()));
  s.market->wait();
  ReplaceOrder change;
  change.client_order_id = stop_name;
  change.new_client_order_id = new_stop_name;
  change.symbol = "AAPL";
  change.stop_price = dec("147.1");
  const auto replaced = s.ask<Reports>([&](auto done) { s.venue->replace(change, done); });
  REQUIRE(replaced);
  CHECK(replaced.value().at(0).client_order_id == new_stop_name);
  s.market->wait();
  s.timers->advance(milliseconds{5000});
  CHECK(s.told(stop_name) == OrderStatus::replaced);
  CHECK(of(s.reports, stop_name)->replaced_by == new_stop_name);
  s.market->price("147");
  s.market->wait();
  s.timers->advance(milliseconds{5000});
  CHECK(s.told(new_stop_name) == OrderStatus::filled);
  CHECK(s.told(target_name) == OrderStatus::canceled);
}

TEST_CASE("exchange: shares held for exits refuse a close in words; cancel frees them") {
  Session s;
  REQUIRE(s.submit(market_bracket()));
  s.market->wait();
  SubmitOrder close = plain_order();
  close.client_order_id = close_name;
  close.leg = Leg::close;
  close.side = Side::sell;
  close.type = OrderType::market;
  close.limit_price.reset();
  close.reduce_only = true;
  const auto refused = s.submit(close);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::rejected);
  CHECK(refused.error().code == "40310000");
  CancelOrder cancel;
  cancel.client_order_id = target_name;
  cancel.symbol = "AAPL";
  CHECK(s.ask<Ok>([&](auto done) { s.venue->cancel(cancel, done); }).ok());
  s.market->wait();
  CHECK(s.told(target_name) == OrderStatus::canceled);
  CHECK(s.open_orders().empty());
  REQUIRE(s.submit(close));
  s.market->wait();
  CHECK(s.told(close_name) == OrderStatus::filled);
  CHECK(s.position().quantity.is_zero());
}

TEST_CASE("exchange: many orders of one instant are listed completely") {
  Session s;
  for (char c = 'a'; c < 'a' + 10; ++c) {
    auto order = plain_order();
    order.client_order_id = "heed1.momo.en." + std::string(16, c);
    order.limit_price = dec("100");
    REQUIRE(s.submit(order));
  }
  const auto all = s.ask<Reports>([&](auto done) { s.venue->query_orders(at("2026-08-03T13:00:00Z"), done); });
  REQUIRE(all);
  CHECK(all.value().size() == 10);
}

TEST_CASE("exchange: account, clock, instrument and quote") {
  Session s;
  const auto account = s.ask<AccountReport>([&](auto done) { s.venue->query_account(done); });
  REQUIRE(account);
  CHECK(account.value().cash == Decimal{100'000});
  CHECK_FALSE(account.value().trading_blocked);
  const auto clock = s.ask<VenueClock>([&](auto done) { s.venue->query_clock(done); });
  REQUIRE(clock);
  CHECK(clock.value().is_open);
  CHECK(s.ask<Instrument>([&](auto done) { s.venue->query_instrument("AAPL", done); }).value().tradable);
  CHECK_FALSE(s.ask<Instrument>([&](auto done) { s.venue->query_instrument("NONE", done); }).value().tradable);
  const auto quote = s.ask<Quote>([&](auto done) { s.venue->query_quote("AAPL", done); });
  REQUIRE(quote);
  CHECK(quote.value().ask.is_positive());
}
