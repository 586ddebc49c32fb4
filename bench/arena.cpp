#include "bench/arena.hpp"

#include "bench/measure.hpp"
#include "net/boost_asio.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace heed::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using std::chrono::steady_clock;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// The text after `"key":"` up to the next quote. Good enough for texts that this project writes itself.
std::string_view text_after(std::string_view json, std::string_view key) {
  const auto at = json.find(key);
  if (at == std::string_view::npos)
    return {};
  json.remove_prefix(at + key.size());
  return json.substr(0, json.find('"'));
}

std::string two(std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

/// A clock that starts at 10:00 of an open session in New York and runs with the world.
class SessionClock {
public:
  std::string now() const {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun_).count();
    const auto s = us / 1'000'000;
    auto fraction = std::to_string(us % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    return "2026-03-03T" + two(15 + s / 3600) + ":" + two(s / 60 % 60) + ":" + two(s % 60) + "." + fraction + "Z";
  }

private:
  steady_clock::time_point begun_ = steady_clock::now();
};

// ---- the exchange -------------------------------------------------------------------------------------------------

/// What sessions of the exchange share. One thread, no locks.
struct Exchange {
  SessionClock clock;
  std::uint64_t orders = 0;
  std::uint64_t instruments_told = 0;
  bool fills = false;
  std::function<void(std::string_view symbol)> on_order;
  std::function<void(std::string)> send_update;  // to the order stream
  bool subscribed = false;
  std::string order_at;  // of the order at hand

  std::string order_json(std::string_view body, std::string_view status, std::string_view filled, bool with_legs) {
    const std::string number = std::to_string(orders);
    const std::string qty{text_after(body, "\"qty\":\"")};
    const auto one = [&](const std::string& id, std::string_view name, std::string_view side, std::string_view type,
                         std::string_view state, const std::string& prices, std::string_view done,
                         const std::string& legs) {
      std::string out;
      out.reserve(700);
      out.append(R"({"id":")").append(id).append(R"(","client_order_id":")").append(name);
      out.append(R"(","created_at":")").append(order_at).append(R"(","submitted_at":")").append(order_at);
      out.append(R"(","updated_at":")").append(order_at).append(R"(","symbol":")");
      out.append(text_after(body, "\"symbol\":\"")).append(R"(","asset_class":"us_equity","qty":")").append(qty);
      out.append(R"(","filled_qty":")").append(done).append(R"(","filled_avg_price":)");
      out.append(done == "0" ? "null" : R"("100.02")").append(R"(,"order_class":"bracket","type":")").append(type);
      out.append(R"(","side":")").append(side).append(R"(","time_in_force":"gtc",)").append(prices);
      out.append(R"("status":")").append(state).append(R"(","legs":)").append(legs).append("}");
      return out;
    };
    std::string legs = "null";
    if (with_legs) {
      const auto target = text_after(body, "\"take_profit\":{\"limit_price\":\"");
      const auto stop = text_after(body, "\"stop_loss\":{\"stop_price\":\"");
      const auto state = filled == "0" ? "held" : "new";
      legs = "[" +
             one("t" + number, "leg-t" + number, "sell", "limit", state,
                 R"("limit_price":")" + std::string{target} + R"(",)", "0", "null") +
             "," +
             one("s" + number, "leg-s" + number, "sell", "stop", state,
                 R"("stop_price":")" + std::string{stop} + R"(",)", "0", "null") +
             "]";
    }
    return one("o" + number, text_after(body, "\"client_order_id\":\""), "buy", "market", status, "", filled, legs);
  }

  std::string take_order(std::string_view body) {
    const auto symbol = text_after(body, "\"symbol\":\"");
    if (on_order)
      on_order(symbol);
    ++orders;
    if (body.find("client_order_id") == std::string_view::npos)
      return R"({"status":"accepted"})";
    order_at = clock.now();
    const bool bracket = body.find("take_profit") != std::string_view::npos;
    auto answer = order_json(body, "accepted", "0", bracket);
    if (fills && send_update) {
      const auto qty = text_after(body, "\"qty\":\"");
      send_update(R"({"stream":"trade_updates","data":{"event":"fill","execution_id":"x)" + std::to_string(orders) +
                  R"(","price":"100.02","qty":")" + std::string{qty} + R"(","timestamp":")" + order_at +
                  R"(","order":)" + order_json(body, "filled", qty, bracket) + "}}");
    }
    return answer;
  }

  /// Of symbols with commas between.
  std::string quotes_json(std::string_view symbols) const {
    const auto now = clock.now();
    std::string out = R"({"quotes":{)";
    while (!symbols.empty()) {
      const auto symbol = symbols.substr(0, symbols.find(','));
      symbols.remove_prefix(std::min(symbols.size(), symbol.size() + 1));
      out.append(out.back() == '{' ? "\"" : ",\"").append(symbol);
      out.append(R"(":{"bp":100.00,"ap":100.02,"t":")").append(now).append("\"}");
    }
    return out + "}}";
  }

  std::string answer(const Request& request) {
    const std::string_view target{request.target().data(), request.target().size()};
    if (request.method() == http::verb::post)
      return take_order(request.body());
    if (target.starts_with("/v2/stocks/quotes/latest")) {
      const auto from = target.find("symbols=") + 8;
      return quotes_json(target.substr(from, target.find('&', from) - from));
    }
    if (target.starts_with("/v2/assets/")) {
      ++instruments_told;
      return R"({"id":"a","class":"us_equity","symbol":")" + std::string{target.substr(11)} +
             R"(","status":"active","tradable":true,"shortable":true,"fractionable":false})";
    }
    if (target.starts_with("/v2/account"))
      return R"({"status":"ACTIVE","equity":"1000000000","cash":"1000000000","buying_power":"4000000000",)"
             R"("last_equity":"1000000000","trading_blocked":false,"account_blocked":false,"shorting_enabled":true})";
    return "[]";
  }
};

std::string quotes_of(std::string_view subscription, const std::string& at) {
  const auto from = subscription.find("\"quotes\":[");
  if (from == std::string_view::npos)
    return {};
  auto list = subscription.substr(from + 10);
  list = list.substr(0, list.find(']'));
  std::string out;
  while (!list.empty()) {
    const auto symbol = text_after(list, "\"");
    if (symbol.empty())
      break;
    out += out.empty() ? "[" : ",";
    out += R"({"T":"q","S":")" + std::string{symbol} + R"(","bp":100.00,"ap":100.02,"t":")" + at + R"("})";
    list.remove_prefix(list.find(symbol) + symbol.size() + 1);
  }
  return out.empty() ? out : out + "]";
}

/// One WebSocket of the exchange: the clock, the order stream or market data, by its path.
class Stream : public std::enable_shared_from_this<Stream> {
public:
  Stream(tcp::socket socket, Exchange& exchange, std::string path)
      : socket_{std::move(socket)}, again_{socket_.get_executor()}, exchange_{exchange}, path_{std::move(path)} {}

  void accept(const Request& request) {
    socket_.async_accept(request, [self = shared_from_this()](ErrorCode error) {
      if (!error)
        self->opened();
    });
  }

private:
  void opened() {
    socket_.text(true);
    if (path_ == "/sim/clock")
      send(R"({"now":")" + exchange_.clock.now() + R"(","speed":1})");
    else if (path_ != "/stream")
      send(R"([{"T":"success","msg":"connected"}])");
    read();
  }
  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error)
        return;
      const auto data = self->buffer_.data();
      self->take({static_cast<const char*>(data.data()), data.size()});
      self->buffer_.clear();
      self->read();
    });
  }
  void take(std::string_view text) {
    const bool login = text.find("\"auth") != std::string_view::npos;
    if (path_ == "/stream") {
      if (login) {
        send(R"({"stream":"authorization","data":{"action":"authenticate","status":"authorized"}})");
        return;
      }
      send(R"({"stream":"listening","data":{"streams":["trade_updates"]}})");
      exchange_.send_update = [weak = weak_from_this()](std::string update) {
        if (const auto self = weak.lock())
          self->send(std::move(update));
      };
      exchange_.subscribed = true;
    } else if (login) {
      send(R"([{"T":"success","msg":"authenticated"}])");
    } else if (text.find("unsubscribe") == std::string_view::npos) {
      subscriptions_.emplace_back(text);
      stream_quotes();
    }
  }
  /// Twice a second, as prices of symbols that people talk about do.
  void stream_quotes() {
    for (const auto& subscription : subscriptions_)
      if (auto quotes = quotes_of(subscription, exchange_.clock.now()); !quotes.empty())
        send(std::move(quotes));
    again_.expires_after(std::chrono::milliseconds{500});
    again_.async_wait([weak = weak_from_this()](ErrorCode error) {
      if (const auto self = weak.lock(); self && !error)
        self->stream_quotes();
    });
  }
  void send(std::string text) {
    outgoing_.push_back(std::move(text));
    if (outgoing_.size() == 1)
      write();
  }
  void write() {
    socket_.async_write(asio::buffer(outgoing_.front()), [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error)
        return;
      self->outgoing_.pop_front();
      if (!self->outgoing_.empty())
        self->write();
    });
  }

  websocket::stream<tcp::socket> socket_;
  asio::steady_timer again_;
  Exchange& exchange_;
  std::string path_;
  std::vector<std::string> subscriptions_;
  beast::flat_buffer buffer_;
  std::deque<std::string> outgoing_;
};

/// One HTTP connection to the exchange.
class Session : public std::enable_shared_from_this<Session> {
public:
  Session(tcp::socket socket, Exchange& exchange) : socket_{std::move(socket)}, exchange_{exchange} {}

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error)
        self->answer();
    });
  }

private:
  void answer() {
    if (websocket::is_upgrade(request_)) {
      std::make_shared<Stream>(std::move(socket_), exchange_, std::string{request_.target()})->accept(request_);
      return;
    }
    response_ = Response{http::status::ok, 11};
    response_.set(http::field::content_type, "application/json");
    response_.body() = exchange_.answer(request_);
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error)
        self->read();
    });
  }

  tcp::socket socket_;
  Exchange& exchange_;
  beast::flat_buffer buffer_;
  Request request_;
  Response response_;
};

// ---- the callers --------------------------------------------------------------------------------------------------

std::string call_body(const std::string& symbol, std::uint64_t number, const std::string& conviction) {
  const auto id = std::to_string(number);
  return R"({"external_id":"bench-)" + id + R"(","symbol":")" + symbol + R"(","action":"buy","conviction":)" +
         conviction + R"(,"time_horizon":"weeks","title":"Number )" + id +
         R"( of many","rationale_quote":"Orders are up for the third quarter in a row and nobody talks about it yet.",)"
         R"("url":"https://example.com/calls/)" +
         id + R"(","source":"bench"})";
}

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Call {
  steady_clock::time_point sent{};
  std::size_t connection = 0;
  bool arrived = false, answered = false;
};

class Caller;

/// What the callers of one run share.
struct Run {
  const Load* load = nullptr;
  asio::io_context* io = nullptr;
  std::uint64_t* numbers = nullptr;
  std::unordered_map<std::string, Call> calls;  // under way, by symbol
  std::vector<std::shared_ptr<Caller>> callers;
  steady_clock::time_point counted_from{}, until{};
  std::vector<double> arrivals_us, answers_us;
  std::size_t calls_done = 0, calls_all = 0, errors = 0;
  std::size_t active = 0;  // callers that go on
  steady_clock::time_point last_progress{};

  bool counts(const Call& call) const { return call.sent >= counted_from && call.sent < until; }
};

double us_since(steady_clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - begun).count();
}

/// One keep-alive connection, one call at a time.
class Caller : public std::enable_shared_from_this<Caller> {
public:
  Caller(Run& run, std::size_t number) : socket_{*run.io}, pause_{*run.io}, run_{run}, number_{number} {
    socket_.connect({asio::ip::address_v4::loopback(), run.load->port});
    socket_.set_option(tcp::no_delay{true});
  }

  void next() {
    const auto& load = *run_.load;
    if (steady_clock::now() >= run_.until || (load.calls_max != 0 && made_ >= load.calls_max)) {
      --run_.active;
      return;
    }
    ++made_;
    ++run_.calls_all;
    const auto number = (*run_.numbers)++;
    symbol_ = symbol_name(load.symbols == 0 ? number : number % load.symbols);
    request_ = post(load.target, call_body(symbol_, number, "0.9"));
    run_.calls[symbol_] = Call{steady_clock::now(), number_, false, false};
    asio::async_write(socket_, asio::buffer(request_), [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error)
        throw std::runtime_error{"caller: " + error.message()};
      self->read();
    });
  }

  void next_after_pause() {
    if (run_.load->pause.count() == 0) {
      next();
      return;
    }
    pause_.expires_after(run_.load->pause);
    pause_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error)
        self->next();
    });
  }

  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
  }

private:
  void read() {
    response_.emplace();
    http::async_read(socket_, buffer_, *response_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error)
        throw std::runtime_error{"caller: " + error.message()};
      self->answered();
    });
  }
  void answered();

  tcp::socket socket_;
  asio::steady_timer pause_;
  Run& run_;
  std::size_t number_;
  std::size_t made_ = 0;
  std::string symbol_, request_;
  beast::flat_buffer buffer_;
  std::optional<Response> response_;
};

/// When both halves of a call are there, its connection goes on.
void step(Run& run, const std::string& symbol, bool arrived, bool answered) {
  const auto found = run.calls.find(symbol);
  if (found == run.calls.end())
    return;
  auto& call = found->second;
  run.last_progress = steady_clock::now();
  if (arrived && !call.arrived && run.counts(call))
    run.arrivals_us.push_back(us_since(call.sent));
  if (answered && run.counts(call))
    run.answers_us.push_back(us_since(call.sent));
  call.arrived |= arrived;
  call.answered |= answered;
  if (!call.arrived || !call.answered)
    return;
  const auto now = steady_clock::now();
  if (now >= run.counted_from && now < run.until)
    ++run.calls_done;
  const auto caller = run.callers[call.connection];
  run.calls.erase(found);
  // Not from within the exchange's own handler: its answer goes out first.
  asio::post(*run.io, [caller] { caller->next_after_pause(); });
}

void Caller::answered() {
  const bool refused = response_->result_int() / 100 != 2;
  if (refused && run_.errors++ == 0)
    note("refused: " + std::to_string(response_->result_int()) + " " + response_->body().substr(0, 300));
  step(run_, symbol_, refused, true);
}

}  // namespace

std::string symbol_name(std::size_t number) {
  std::string name = "QAAAA";
  for (std::size_t i = 4; i > 0; --i) {
    name[i] = static_cast<char>('A' + number % 26);
    number /= 26;
  }
  return name;
}

struct Arena::Impl {
  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  Exchange exchange;
  std::uint64_t next_number = 0;

  void accept() {
    acceptor.async_accept([this](ErrorCode error, tcp::socket socket) {
      if (error)
        return;
      socket.set_option(tcp::no_delay{true});
      std::make_shared<Session>(std::move(socket), exchange)->read();
      accept();
    });
  }
};

Arena::Arena() : impl_{std::make_unique<Impl>()} { impl_->accept(); }
Arena::~Arena() = default;
std::uint16_t Arena::exchange_port() const { return impl_->acceptor.local_endpoint().port(); }
void Arena::set_fills(bool fills) { impl_->exchange.fills = fills; }
void Arena::serve_for(std::chrono::milliseconds time) { impl_->io.run_for(time); }

void Arena::serve_until_subscribed(std::chrono::seconds patience) {
  const auto until = steady_clock::now() + patience;
  while (!impl_->exchange.subscribed) {
    if (steady_clock::now() >= until)
      throw std::runtime_error{"the program under test did not subscribe to order updates"};
    impl_->io.run_for(std::chrono::milliseconds{20});
  }
  impl_->io.run_for(std::chrono::milliseconds{200});
}

void Arena::introduce(std::uint16_t port, const std::string& target, std::size_t count) {
  constexpr std::size_t batch = 250;
  const auto told_before = impl_->exchange.instruments_told;
  for (std::size_t from = 0; from < count; from += batch) {
    std::string body = "[";
    for (std::size_t i = from; i < std::min(count, from + batch); ++i)
      body += (body.size() > 1 ? "," : "") + call_body(symbol_name(i), 1'000'000'000 + i, "0.1");
    const auto request = post(target, body + "]");
    bool answered = false;
    tcp::socket socket{impl_->io};
    socket.connect({asio::ip::address_v4::loopback(), port});
    beast::flat_buffer buffer;
    Response response;
    asio::async_write(socket, asio::buffer(request), [&](ErrorCode, std::size_t) {
      http::async_read(socket, buffer, response, [&](ErrorCode error, std::size_t) {
        if (error || response.result_int() / 100 != 2)
          throw std::runtime_error{"introducing symbols: " + error.message() + " " + response.body().substr(0, 300)};
        answered = true;
      });
    });
    const auto until = steady_clock::now() + std::chrono::seconds{20};
    while (!answered && steady_clock::now() < until)
      impl_->io.run_for(std::chrono::milliseconds{5});
    if (!answered)
      throw std::runtime_error{"introducing symbols: no answer"};
  }
  const auto until = steady_clock::now() + std::chrono::seconds{120};
  while (impl_->exchange.instruments_told < told_before + count) {
    if (steady_clock::now() > until)
      throw std::runtime_error{"introducing symbols: not all were asked for"};
    impl_->io.run_for(std::chrono::milliseconds{5});
  }
  impl_->io.run_for(std::chrono::milliseconds{500});
}

Outcome Arena::run(const Load& load) {
  Run run;
  run.load = &load;
  run.io = &impl_->io;
  run.numbers = &impl_->next_number;
  impl_->exchange.on_order = [&run](std::string_view symbol) { step(run, std::string{symbol}, true, false); };
  for (std::size_t i = 0; i < load.connections; ++i)
    run.callers.push_back(std::make_shared<Caller>(run, i));
  const auto begun = steady_clock::now();
  run.counted_from = begun + load.warm_up;
  run.until = run.counted_from + load.duration;
  run.last_progress = begun;
  run.active = load.connections;
  for (const auto& caller : run.callers)
    caller->next();
  while (run.active > 0) {
    impl_->io.run_for(std::chrono::milliseconds{20});
    if (steady_clock::now() - run.last_progress > std::chrono::seconds{10})
      throw std::runtime_error{std::to_string(run.active) + " callers had no end of their call within ten seconds"};
  }
  const auto ended = std::min(steady_clock::now(), run.until);
  for (const auto& caller : run.callers)
    caller->close();
  impl_->io.poll();
  impl_->exchange.on_order = nullptr;

  Outcome out;
  out.calls = run.arrivals_us.size();
  out.calls_all = run.calls_all;
  out.errors = run.errors;
  out.calls_per_second =
    static_cast<double>(run.calls_done) / std::chrono::duration<double>(ended - run.counted_from).count();
  out.p50_us = percentile(run.arrivals_us, 0.50);
  out.p90_us = percentile(run.arrivals_us, 0.90);
  out.p99_us = percentile(run.arrivals_us, 0.99);
  out.max_us = percentile(run.arrivals_us, 1.0);
  out.answer_p50_us = percentile(run.answers_us, 0.50);
  return out;
}

}  // namespace heed::bench
