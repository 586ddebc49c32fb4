// The exchange over real sockets: REST, the streams, the clock, and faults that only a socket can show.
#include "broker/exchange/exchange_server.hpp"

#include "broker/exchange/frames.hpp"

#include "net/json.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

using namespace heed;
using namespace heed::exchange;
using namespace std::chrono_literals;

namespace {

const net::Headers keys{{"APCA-API-KEY-ID", "heed"}, {"APCA-API-SECRET-KEY", "heed"}};
const std::string buy =
  R"({"symbol":"AAPL","qty":"2","side":"buy","type":"market","time_in_force":"day","client_order_id":")";

// One WebSocket whose messages are waited for in order. What was heard outlives the listener: the network's thread
// may still be telling it when the test is over.
class Listener {
public:
  Listener(net::Runtime& runtime, std::uint16_t port, const std::string& path, net::Headers headers = {})
      : connector_{runtime.websocket({false, "127.0.0.1", port})} {
    net::WebSocketHandlers handlers;
    handlers.on_open = [heard = heard_](std::shared_ptr<net::WebSocket> s) {
      heard->with([&] { heard->socket = std::move(s); });
    };
    handlers.on_message = [heard = heard_](std::string_view text, bool binary) {
      heard->with([&] { heard->messages.emplace_back(std::string{text}, binary); });
    };
    handlers.on_close = [heard = heard_](const std::string&) { heard->with([&] { heard->closed = true; }); };
    connector_->connect(path, std::move(headers), std::move(handlers));
    REQUIRE(heard_->wait([&] { return heard_->socket != nullptr || heard_->closed; }));
    REQUIRE(heard_->socket != nullptr);
  }
  void say(const std::string& text) { heard_->socket->send_text(text); }
  void say_packed(const std::string& json) { heard_->socket->send_binary(to_msgpack(json)); }
  std::string hear_packed() {
    const auto text = from_msgpack(hear());
    REQUIRE(text);
    CHECK(in_binary);
    return *text;
  }
  std::string hear() {
    REQUIRE(heard_->wait([&] { return !heard_->messages.empty(); }));
    const std::lock_guard lock{heard_->guard};
    in_binary = heard_->messages.front().second;
    auto text = heard_->messages.front().first;
    heard_->messages.pop_front();
    return text;
  }
  /// The next order event's name.
  std::string event() {
    const auto json = net::parse_json(hear());
    REQUIRE(json);
    const net::Json* data = json.value().find("data");
    REQUIRE(data != nullptr);
    return data->find("event") != nullptr ? data->find("event")->text : "(none)";
  }
  bool closes() {
    return heard_->wait([&] { return heard_->closed; });
  }
  bool in_binary = false;

private:
  struct Heard {
    std::mutex guard;
    std::condition_variable changed;
    std::shared_ptr<net::WebSocket> socket;
    std::deque<std::pair<std::string, bool>> messages;
    bool closed = false;

    template <class F>
    void with(F&& change) {
      const std::lock_guard lock{guard};
      change();
      changed.notify_all();
    }
    template <class F>
    bool wait(F&& until) {
      std::unique_lock lock{guard};
      return changed.wait_for(lock, 20s, until);
    }
  };
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
  std::shared_ptr<net::WebSocketConnector> connector_;
};

struct Fixture {
  explicit Fixture(ExchangeOptions options = stepped()) {
    auto started = ExchangeServer::start(runtime, std::move(options));
    if (!started)
      FAIL(started.error().detail);
    server = std::move(started).value();
    client = runtime.http_client({false, "127.0.0.1", server->port()});
  }
  ~Fixture() { server->stop(); }
  static ExchangeOptions stepped() {
    ExchangeOptions options;
    options.symbols = {"AAPL"};
    options.speed.reset();
    options.start = parse_rfc3339("2020-03-04T14:31:00Z");
    options.partial_fill_percent = 0;
    return options;
  }
  Result<net::HttpResponse> send(const std::string& method, const std::string& target, const std::string& body = {},
                                 std::chrono::milliseconds deadline = 20s) {
    auto done = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    auto answer = done->get_future();
    client->send({method, target, keys, body}, deadline,
                 [done](Result<net::HttpResponse> r) { done->set_value(std::move(r)); });
    return answer.get();
  }
  net::HttpResponse ok(const std::string& method, const std::string& target, const std::string& body = {}) {
    auto answer = send(method, target, body);
    if (!answer)
      FAIL(answer.error().detail);
    return std::move(answer).value();
  }
  Fixture& priced() {
    CHECK(ok("POST", "/sim/price", R"({"symbol":"AAPL","price":"100"})").status == 200);
    return *this;
  }
  std::string quantity() {
    const auto position = ok("GET", "/v2/positions/AAPL");
    const auto json = net::parse_json(position.body);
    return position.status == 200 ? json.value().find("qty")->text : "0";
  }

  net::Runtime runtime;
  std::unique_ptr<ExchangeServer> server;
  std::shared_ptr<net::HttpClient> client;
};

void listen(Listener& stream) {
  stream.say(R"({"action":"auth","key":"heed","secret":"heed"})");
  CHECK(stream.hear().find("\"authorized\"") != std::string::npos);
  stream.say(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
  CHECK(stream.hear().find("\"listening\"") != std::string::npos);
}

}  // namespace

TEST_CASE("streams speak MessagePack to clients that ask for it in the handshake") {
  Fixture f;
  f.priced();
  const net::Headers packed{{"Content-Type", "application/msgpack"}};
  Listener data{f.runtime, f.server->port(), "/v2/iex", packed};
  CHECK(data.hear_packed() == R"([{"T":"success","msg":"connected"}])");
  data.say_packed(R"({"action":"auth","key":"heed","secret":"heed"})");
  CHECK(data.hear_packed() == R"([{"T":"success","msg":"authenticated"}])");
  data.say_packed(R"({"action":"subscribe","quotes":["AAPL"]})");
  CHECK(data.hear_packed().find(R"("quotes":["AAPL"])") != std::string::npos);
  CHECK(f.ok("POST", "/sim/price", R"({"symbol":"AAPL","price":"101"})").status == 200);
  const auto quote = data.hear();
  CHECK(quote.find(std::string{"\xA1t\xD7\xFF", 4}) != std::string::npos);  // its time is a timestamp
  CHECK(from_msgpack(quote)->find(R"("T":"q")") != std::string::npos);
  data.say("{");
  CHECK(data.hear_packed().find("\"code\":400") != std::string::npos);

  Listener orders{f.runtime, f.server->port(), "/stream", packed};
  orders.say_packed(R"({"action":"auth","key":"heed","secret":"heed"})");
  CHECK(orders.hear_packed().find("\"authorized\"") != std::string::npos);
  orders.say_packed(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
  CHECK(orders.hear_packed().find("\"listening\"") != std::string::npos);
  CHECK(f.ok("POST", "/v2/orders", buy + "a\"}").status == 200);
  CHECK(orders.hear_packed().find(R"("event":"new")") != std::string::npos);
}

TEST_CASE("an order over REST, its events over the stream in binary frames") {
  Fixture f;
  f.priced();
  Listener stream{f.runtime, f.server->port(), "/stream"};
  listen(stream);
  const auto answer = f.ok("POST", "/v2/orders", buy + "a\"}");
  CHECK(answer.status == 200);
  CHECK(answer.body.find("\"status\":\"pending_new\"") != std::string::npos);
  CHECK(stream.event() == "new");
  CHECK(stream.in_binary);
  CHECK(stream.event() == "fill");
  CHECK(f.quantity() == "2");
  CHECK(f.ok("DELETE", "/v2/orders").status == 207);
}

TEST_CASE("market data and the clock are pushed") {
  Fixture f;
  f.priced();
  Listener clock{f.runtime, f.server->port(), "/sim/clock"};
  CHECK(clock.hear() == R"({"now":"2020-03-04T14:31:00.000000Z","speed":0})");
  Listener data{f.runtime, f.server->port(), "/v2/iex"};
  CHECK(data.hear() == R"([{"T":"success","msg":"connected"}])");
  data.say(R"({"action":"auth","key":"heed","secret":"heed"})");
  data.hear();
  data.say(R"({"action":"subscribe","quotes":["AAPL"]})");
  CHECK(data.hear().find(R"("quotes":["AAPL"])") != std::string::npos);
  f.ok("POST", "/sim/price", R"({"symbol":"AAPL","price":"101"})");
  CHECK(data.hear().find(R"("T":"q","S":"AAPL")") != std::string::npos);
  CHECK_FALSE(data.in_binary);
  const auto moved = f.ok("POST", "/sim/advance", R"({"to":"2020-03-04T15:00:00Z"})");
  CHECK(moved.body == R"({"now":"2020-03-04T15:00:00.000000Z"})");
  while (clock.hear() != R"({"now":"2020-03-04T15:00:00.000000Z","speed":0})") {
  }
  CHECK(f.server->now() == *parse_rfc3339("2020-03-04T15:00:00Z"));
}

TEST_CASE("at a speed, time runs by itself") {
  auto options = Fixture::stepped();
  options.speed = Decimal{3600};
  Fixture f{options};
  Listener clock{f.runtime, f.server->port(), "/sim/clock"};
  std::string last;
  do
    last = clock.hear();
  while (last.substr(8, 16) < "2020-03-04T14:40");
  CHECK(last.find("\"speed\":3600}") != std::string::npos);
  CHECK(f.ok("POST", "/sim/advance", R"({"to":"2030-01-01T00:00:00Z"})").status == 409);
}

TEST_CASE("faults on the wire: what the client sees, and whether the order was executed") {
  struct Row {
    const char* rule;
    int status;  // 0: no answer
    bool executed;
  };
  const Row rows[] = {
    {R"({"kind":"too_many","delay_ms":1500})", 429, false},
    {R"({"kind":"server_error","status":503})", 503, false},
    {R"({"kind":"garbage"})", 200, true},
    {R"({"kind":"delay","delay_ms":20})", 200, true},
    {R"({"kind":"drop"})", 0, false},
    {R"({"kind":"drop_after"})", 0, true},
    {R"({"kind":"cut_answer"})", 0, true},
    {R"({"kind":"lost_answer"})", 0, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.rule);
    Fixture f;
    f.priced();
    std::string rule = row.rule;
    rule.insert(rule.size() - 1, R"(,"method":"POST","path":"^/v2/orders$","count":1)");
    REQUIRE(f.ok("POST", "/sim/faults", R"({"rules":[)" + rule + "]}").status == 200);
    const bool waits = rule.find("lost") != std::string::npos;
    const auto answer = f.send("POST", "/v2/orders", buy + "x\"}", waits ? 300ms : 20'000ms);
    CHECK((answer ? answer.value().status : 0) == row.status);
    if (!answer)
      CHECK(answer.error().kind == ErrorKind::unknown);
    if (answer && row.status == 429)
      CHECK(net::header(answer.value().headers, "Retry-After") == "2");
    if (answer && rule.find("garbage") != std::string::npos)
      CHECK_FALSE(net::parse_json(answer.value().body));
    CHECK(f.quantity() == (row.executed ? "2" : "0"));
    const auto found = f.ok("GET", "/v2/orders:by_client_order_id?client_order_id=x");
    CHECK(found.status == (row.executed ? 200 : 404));
  }
}

TEST_CASE("faults on the stream: lost, doubled, cut off") {
  Fixture f;
  f.priced();
  Listener stream{f.runtime, f.server->port(), "/stream"};
  listen(stream);
  f.ok(
    "POST", "/sim/faults",
    R"({"rules":[{"kind":"stream_drop","event":"^new$","count":1},{"kind":"stream_duplicate","event":"^fill$","count":1}]})");
  f.ok("POST", "/v2/orders", buy + "a\"}");
  CHECK(stream.event() == "fill");
  CHECK(stream.event() == "fill");
  f.ok("POST", "/sim/faults", R"({"rules":[{"kind":"stream_disconnect","event":"^fill$"}]})");
  f.ok("POST", "/v2/orders", buy + "b\"}");
  CHECK(stream.event() == "new");
  CHECK(stream.closes());
}

TEST_CASE("a ledger that cannot be written ends the start, and is told of later") {
  const auto folder = std::filesystem::temp_directory_path() / ("heed-exchange-ledger-" + std::to_string(::getpid()));
  auto options = Fixture::stepped();
  options.ledger_file = (folder / "ledger.json").string();
  net::Runtime runtime;
  const auto refused = ExchangeServer::start(runtime, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(refused.error().detail == "cannot write " + options.ledger_file + ": No such file or directory");

  std::filesystem::create_directory(folder);
  const auto started = ExchangeServer::start(runtime, options);
  REQUIRE(started);
  CHECK(std::filesystem::exists(options.ledger_file));
  CHECK(started.value()->ledger_trouble().empty());
  std::filesystem::remove_all(folder);
  started.value()->stop();
  CHECK(started.value()->ledger_trouble() ==
        "the ledger is not up to date: cannot write " + options.ledger_file + ": No such file or directory");
}

TEST_CASE("stopped and started again, it goes on; the ledger file is written at the end") {
  const auto folder = std::filesystem::temp_directory_path() / ("heed-exchange-server-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  auto options = Fixture::stepped();
  options.state_file = (folder / "state").string();
  options.ledger_file = (folder / "ledger.json").string();
  {
    Fixture f{options};
    f.priced().ok("POST", "/v2/orders", buy + "a\"}");
  }
  std::ifstream ledger{options.ledger_file};
  const std::string text{std::istreambuf_iterator<char>{ledger}, {}};
  CHECK(text.find(R"("client_order_id":"a")") != std::string::npos);
  {
    Fixture f{options};
    CHECK(f.quantity() == "2");
    CHECK(f.ok("POST", "/v2/orders", buy + "a\"}").status == 422);
  }
  options.seed = 99;
  net::Runtime runtime;
  const auto other = ExchangeServer::start(runtime, options);
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == ErrorKind::invalid);
  CHECK(other.error().detail.find("made with other settings") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("the command line's words: right ones, and which is wrong") {
  ExchangeArguments good;
  good.synthetic = "7";
  good.speed = "step";
  good.start = "2020-03-04";
  const auto options = exchange_options(good);
  REQUIRE(options);
  CHECK(options.value().synthetic_seed == 7U);
  CHECK_FALSE(options.value().speed);
  CHECK(to_rfc3339(*options.value().start) == "2020-03-04T05:00:00.000000Z");
  const auto wrong = [&](auto change) {
    ExchangeArguments a = good;
    change(a);
    const auto result = exchange_options(a);
    REQUIRE_FALSE(result);
    return result.error().detail.substr(0, result.error().detail.find(':'));
  };
  CHECK(wrong([](auto& a) { a.bars = "x"; }) == "--bars, --synthetic");
  CHECK(wrong([](auto& a) { a.synthetic = ""; }) == "--bars, --synthetic");
  CHECK(wrong([](auto& a) { a.synthetic = "7x"; }) == "--synthetic");
  CHECK(wrong([](auto& a) { a.speed = "0"; }) == "--speed");
  CHECK(wrong([](auto& a) { a.speed = "fast"; }) == "--speed");
  CHECK(wrong([](auto& a) { a.start = "soon"; }) == "--start");
  CHECK(wrong([](auto& a) { a.cash = "-5"; }) == "--cash");
  CHECK(wrong([](auto& a) { a.key = ""; }) == "--key, --secret");
}
