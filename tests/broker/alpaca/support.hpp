// Scripted transports and payloads for the Alpaca tests. Everything is single-threaded and in virtual time.
#pragma once

#include "broker/alpaca/alpaca.hpp"
#include "broker/alpaca/wire.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::alpaca_test {

inline Decimal dec(const char* text) { return Decimal::parse(text).value(); }
inline Instant at(const char* text) { return parse_rfc3339(text).value(); }

inline net::Json json(std::string_view text) {
  auto parsed = net::parse_json(text);
  INFO(text);
  REQUIRE(parsed);
  return std::move(parsed).value();
}

// Names of one group: same hash, other leg.
inline const ClientOrderId entry_name{"heed1.momo.en.abcdefghijklmnop"};
inline const ClientOrderId target_name{"heed1.momo.tp.abcdefghijklmnop"};
inline const ClientOrderId stop_name{"heed1.momo.sl.abcdefghijklmnop"};
inline const ClientOrderId close_name{"heed1.momo.cl.qrstuvwxyz234567"};
inline const ClientOrderId new_stop_name{"heed1.momo.sl.zzzzzzzzzzzzzzzz"};

inline const std::string entry_id = "61e69015-8549-4bfd-b9c3-01e75843f47d";
inline const std::string target_id = "904837e3-3b76-47ec-b432-046db621571b";
inline const std::string stop_id = "5a3c9f7e-0d5b-4b7a-9a55-2b8d8c1f9a10";
inline const std::string other_id = "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415";

/// A whole order envelope, as the venue writes it; set what the case is about.
struct OrderJson {
  std::string id = entry_id;
  std::string client_order_id = entry_name.str();
  std::string status = "new";
  std::string symbol = "AAPL";
  std::string side = "buy";
  std::string type = "limit";
  std::string qty = "10";
  std::string filled_qty = "0";
  std::string average;
  std::string limit_price = "150.25";
  std::string stop_price;
  std::string order_class;
  std::string replaced_by;
  std::string replaces;
  std::string submitted_at = "2026-08-03T14:30:00.123456789Z";
  std::string updated_at = "2026-08-03T14:30:00.2Z";
  std::vector<OrderJson> legs;
  std::string extra;  // more members, with a leading comma

  std::string str() const {
    const auto text_or_null = [](const std::string& text) { return text.empty() ? "null" : "\"" + text + "\""; };
    std::string nested = "null";
    if (!legs.empty()) {
      nested = "[";
      for (const auto& leg : legs)
        nested += (nested.size() > 1 ? "," : "") + leg.str();
      nested += "]";
    }
    return R"({"id":")" + id + R"(","client_order_id":")" + client_order_id + R"(","created_at":")" + submitted_at +
           R"(","updated_at":")" + updated_at + R"(","submitted_at":")" + submitted_at +
           R"(","filled_at":null,"expired_at":null,"expires_at":"2026-11-01T20:00:00Z","canceled_at":null,)" +
           R"("failed_at":null,"replaced_at":null,"replaced_by":)" + text_or_null(replaced_by) + R"(,"replaces":)" +
           text_or_null(replaces) + R"(,"asset_id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","symbol":")" + symbol +
           R"(","asset_class":"us_equity","notional":null,"qty":)" + text_or_null(qty) + R"(,"filled_qty":")" +
           filled_qty + R"(","filled_avg_price":)" + text_or_null(average) + R"(,"order_class":")" + order_class +
           R"(","order_type":")" + type + R"(","type":")" + type + R"(","side":")" + side +
           R"(","position_intent":"buy_to_open","time_in_force":"day","limit_price":)" + text_or_null(limit_price) +
           R"(,"stop_price":)" + text_or_null(stop_price) + R"(,"status":")" + status +
           R"(","extended_hours":false,"legs":)" + nested +
           R"(,"trail_percent":null,"trail_price":null,"hwm":null,"ratio_qty":null,"subtag":null,"source":null)" +
           extra + "}";
  }
};

inline OrderJson target_leg(std::string status = "held", std::string filled = "0") {
  OrderJson leg;
  leg.id = target_id;
  leg.client_order_id = "7f2c1a66-9c0e-4a0e-8d57-6f9a2f6f3d01";
  leg.status = std::move(status);
  leg.side = "sell";
  leg.limit_price = "160";
  leg.order_class = "bracket";
  leg.filled_qty = std::move(filled);
  return leg;
}

inline OrderJson stop_leg(std::string status = "held") {
  OrderJson leg = target_leg(std::move(status));
  leg.id = stop_id;
  leg.client_order_id = "1d4e7c0b-55a2-4f43-b0a3-6b3a4c9d2e02";
  leg.type = "stop";
  leg.limit_price = "";
  leg.stop_price = "145.5";
  return leg;
}

inline OrderJson bracket(std::string status = "new", std::string target = "held", std::string stop = "held") {
  OrderJson order;
  order.status = std::move(status);
  order.order_class = "bracket";
  if (order.status == "filled") {
    order.filled_qty = "10";
    order.average = "150.01";
  }
  order.legs = {target_leg(target, target == "filled" ? "10" : "0"), stop_leg(std::move(stop))};
  if (target == "filled")
    order.legs[0].average = "160";
  return order;
}

inline std::string array(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const auto& item : items)
    text += (text.size() > 1 ? "," : "") + item;
  return text + "]";
}

inline std::string update_json(const std::string& event, const OrderJson& order, const std::string& more = {}) {
  return R"({"stream":"trade_updates","data":{"event":")" + event + R"(","order":)" + order.str() +
         R"(,"timestamp":"2026-08-03T10:31:02.5-04:00","event_id":"01J4D3M2Q9X0K0T6ZC0V5S5R3N")" + more + "}}";
}

inline std::string fill_members(const std::string& price, const std::string& qty, const std::string& position) {
  return R"(,"price":")" + price + R"(","qty":")" + qty + R"(","position_qty":")" + position +
         R"(","execution_id":"2f63ea93-423d-4169-b3f6-3fdafc10c418")";
}

inline net::HttpResponse answer(int status, std::string body, net::Headers headers = {}) {
  return net::HttpResponse{status, std::move(headers), std::move(body)};
}

inline Error timeout() { return Error{ErrorKind::unknown, "timeout", "no answer within 10000 ms"}; }
inline const std::string not_found = R"({"code":40410000,"message":"order not found"})";

struct ManualClock : Clock {
  Instant time = at("2026-08-03T14:31:00Z");
  Instant now() const override { return time; }
};

/// Tasks in order of time, then of arming.
struct ManualTimers : net::Timers {
  std::chrono::milliseconds now{0};
  std::multimap<std::chrono::milliseconds, std::function<void()>> tasks;
  void after(std::chrono::milliseconds delay, std::function<void()> task) override {
    tasks.emplace(now + delay, std::move(task));
  }
  void advance(std::chrono::milliseconds by) {
    const auto until = now + by;
    while (!tasks.empty() && tasks.begin()->first <= until) {
      now = tasks.begin()->first;
      const auto task = std::move(tasks.extract(tasks.begin()).mapped());
      task();
    }
    now = until;
  }
};

/// Answers from a script: for each "METHOD target-prefix" the outcomes in order, the last one for ever. Answers run
/// inside send(), unless `holding` is set: then when release() says so.
struct ScriptedHttp : net::HttpClient {
  struct Sent {
    net::HttpRequest request;
    std::chrono::milliseconds deadline{0};
  };
  std::vector<Sent> sent;
  std::vector<std::pair<std::string, std::deque<Result<net::HttpResponse>>>> script;
  bool holding = false;
  std::vector<std::function<void()>> held;

  void on(std::string request, std::vector<Result<net::HttpResponse>> outcomes) {
    std::erase_if(script, [&](const auto& line) { return line.first == request; });
    script.insert(script.begin(), {std::move(request), {outcomes.begin(), outcomes.end()}});
  }
  void on(std::string request, Result<net::HttpResponse> outcome) {
    on(std::move(request), std::vector<Result<net::HttpResponse>>{std::move(outcome)});
  }
  void send(net::HttpRequest request, std::chrono::milliseconds deadline, Done done) override {
    const auto line = request.method + " " + request.target;
    sent.push_back({std::move(request), deadline});
    Result<net::HttpResponse> outcome = Error{ErrorKind::unknown, "unscripted", line};
    for (auto& [prefix, outcomes] : script)
      if (line.starts_with(prefix)) {
        outcome = outcomes.front();
        if (outcomes.size() > 1)
          outcomes.pop_front();
        break;
      }
    if (holding)
      held.push_back([done = std::move(done), outcome] { done(outcome); });
    else
      done(outcome);
  }
  void release() {
    holding = false;
    for (auto& task : std::exchange(held, {}))
      task();
  }
  std::size_t count(const std::string& prefix) const {
    std::size_t n = 0;
    for (const auto& one : sent)
      n += (one.request.method + " " + one.request.target).starts_with(prefix) ? 1U : 0U;
    return n;
  }
  const net::HttpRequest& last() const { return sent.back().request; }
};

struct ScriptedSocket : net::WebSocket {
  std::vector<std::string> sent;
  bool closed = false;
  void send_text(std::string text) override { sent.push_back(std::move(text)); }
  void send_binary(std::string bytes) override { sent.push_back(std::move(bytes)); }
  void close() override { closed = true; }
};

struct ScriptedConnector : net::WebSocketConnector {
  struct Attempt {
    std::string target;
    net::WebSocketHandlers handlers;
    std::shared_ptr<ScriptedSocket> socket = std::make_shared<ScriptedSocket>();
  };
  std::vector<Attempt> attempts;
  void connect(std::string target, net::Headers, net::WebSocketHandlers handlers) override {
    attempts.push_back({std::move(target), std::move(handlers)});
  }
  Attempt& now() { return attempts.back(); }
  void open() { now().handlers.on_open(now().socket); }
  void say(const std::string& text, bool binary = false) { now().handlers.on_message(text, binary); }
  void close(const std::string& why = "reset") { now().handlers.on_close(why); }
};

/// An adapter on scripted transports, and all that it told.
struct Bench {
  std::shared_ptr<ScriptedHttp> trading = std::make_shared<ScriptedHttp>();
  std::shared_ptr<ScriptedHttp> data = std::make_shared<ScriptedHttp>();
  std::shared_ptr<ScriptedConnector> orders_stream = std::make_shared<ScriptedConnector>();
  std::shared_ptr<ScriptedConnector> data_stream = std::make_shared<ScriptedConnector>();
  std::shared_ptr<ManualTimers> timers = std::make_shared<ManualTimers>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  AlpacaConfig config = make_config();
  std::unique_ptr<Venue> venue;
  std::vector<OrderReport> reports;
  std::vector<Quote> quotes;
  std::vector<std::pair<bool, std::string>> links;
  std::vector<BrokerCallRow> calls;

  static AlpacaConfig make_config() {
    AlpacaConfig config;
    config.account = "paper";
    config.key = "PKTESTKEY";
    config.secret = "very-secret-words";
    return config;
  }
  Bench() { make(); }
  void make() { venue = make_alpaca_venue(config, {trading, data, orders_stream, data_stream, timers, clock}); }
  void start() {
    VenueSink sink;
    sink.on_order = [this](OrderReport report) { reports.push_back(std::move(report)); };
    sink.on_quote = [this](Quote quote) { quotes.push_back(quote); };
    sink.on_link = [this](bool up, std::string why) { links.emplace_back(up, std::move(why)); };
    sink.on_call = [this](BrokerCallRow row) { calls.push_back(std::move(row)); };
    venue->start(std::move(sink));
  }
  void log_in() {
    orders_stream->open();
    orders_stream->say(R"({"stream":"authorization","data":{"status":"authorized","action":"authenticate"}})", true);
    orders_stream->say(R"({"stream":"listening","data":{"streams":["trade_updates"]}})", true);
  }
  void start_up() {
    start();
    log_in();
  }

  /// Calls a method and demands that `done` runs exactly once by the time everything scripted has run.
  template <class T, class Call>
  Result<T> ask(Call&& call) {
    std::optional<Result<T>> outcome;
    int times = 0;
    call(Done<T>{[&](Result<T> result) {
      outcome.emplace(std::move(result));
      ++times;
    }});
    timers->advance(std::chrono::milliseconds{0});
    REQUIRE(times == 1);
    return *std::move(outcome);
  }
  Result<std::vector<OrderReport>> submit(const SubmitOrder& order) {
    return ask<std::vector<OrderReport>>([&](auto done) { venue->submit(order, done); });
  }
  Result<std::vector<OrderReport>> query(const ClientOrderId& id, const VenueOrderId& venue_id = {}) {
    return ask<std::vector<OrderReport>>([&](auto done) { venue->query_order(id, venue_id, done); });
  }
};

inline SubmitOrder plain_order() {
  SubmitOrder order;
  order.client_order_id = entry_name;
  order.account = "paper";
  order.symbol = "AAPL";
  order.side = Side::buy;
  order.type = OrderType::limit;
  order.quantity = Decimal{10};
  order.limit_price = dec("150.25");
  return order;
}

inline SubmitOrder bracket_order() {
  auto order = plain_order();
  order.take_profit = AttachedExit{target_name, dec("160")};
  order.stop_loss = AttachedExit{stop_name, dec("145.5")};
  return order;
}

inline const OrderReport* of(const std::vector<OrderReport>& reports, const ClientOrderId& name) {
  for (auto one = reports.rbegin(); one != reports.rend(); ++one)
    if (one->client_order_id == name)
      return &*one;
  return nullptr;
}

}  // namespace heed::alpaca_test
