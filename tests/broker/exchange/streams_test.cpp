// The two stream protocols, the fault script and the state file, without sockets.
#include "broker/exchange/exchange_core.hpp"
#include "broker/exchange/stream_sessions.hpp"

#include "market.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;
using Texts = std::vector<std::string>;

namespace {

CoreOptions stepped() {
  CoreOptions options;
  options.engine = Market::plain();
  options.wire.requests_per_minute = 0;
  options.stepped = true;
  options.market = "test";
  return options;
}

std::unique_ptr<ExchangeCore> make(CoreOptions options = stepped()) {
  auto made = ExchangeCore::make(std::move(options), make_scripted_feed({"AAPL"}));
  if (!made)
    FAIL(made.error().detail);
  return std::move(made).value();
}

net::HttpResponse send(ExchangeCore& core, const std::string& method, const std::string& target,
                       const std::string& body = {}) {
  auto response =
    core.handle({method, target, {{"APCA-API-KEY-ID", "heed"}, {"APCA-API-SECRET-KEY", "heed"}}, body}, at(0, 0));
  core.settle();
  return response;
}

void open_market(ExchangeCore& core) {
  send(core, "POST", "/sim/advance", R"({"to":"2020-03-04T14:31:00Z"})");
  send(core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"100"})");
}

const std::string bracket_buy =
  R"({"symbol":"AAPL","qty":"10","side":"buy","type":"market","time_in_force":"gtc","order_class":"bracket",)"
  R"("take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"},"client_order_id":"e1"})";

struct TemporaryFile {
  TemporaryFile()
      : path{(std::filesystem::temp_directory_path() / ("heed-exchange-" + std::to_string(::getpid()))).string()} {
    std::filesystem::remove(path);
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string text() const {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::string path;
};

}  // namespace

TEST_CASE("the order stream: both ways to say who one is, and listening replaces") {
  const auto core = make();
  TradeStream s{core->wire()};
  CHECK(s.on_message(R"({"action":"listen","data":{"streams":["trade_updates"]}})") ==
        Texts{R"({"stream":"authorization","data":{"status":"unauthorized","action":"listen"}})"});
  CHECK(s.on_message(R"({"action":"auth","key":"heed","secret":"no"})") ==
        Texts{R"({"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}})"});
  const Texts granted{R"({"stream":"authorization","data":{"status":"authorized","action":"authenticate"}})"};
  CHECK(s.on_message(R"({"action":"auth","key":"heed","secret":"heed"})") == granted);
  CHECK(s.on_message(R"({"action":"authenticate","data":{"key_id":"heed","secret_key":"heed"}})") == granted);
  CHECK_FALSE(s.listens_to());
  CHECK(s.on_message(R"({"action":"listen","data":{"streams":["trade_updates","nonsense"]}})") ==
        Texts{R"({"stream":"listening","data":{"streams":["trade_updates"]}})"});
  CHECK(s.listens_to() == AccountIndex{0});
  CHECK(s.on_message(R"({"action":"listen","data":{"streams":[]}})") ==
        Texts{R"({"stream":"listening","data":{"streams":[]}})"});
  CHECK_FALSE(s.listens_to());
  CHECK(s.on_message("not json")[0].find("error_message") != std::string::npos);
}

TEST_CASE("the market data stream: greeting, auth, subscription sets, errors by number") {
  const auto core = make();
  MarketStream s{core->wire()};
  CHECK(MarketStream::greeting() == R"([{"T":"success","msg":"connected"}])");
  const std::pair<const char*, const char*> talk[] = {
    {"x", R"([{"T":"error","code":400,"msg":"invalid syntax"}])"},
    {R"({"action":"subscribe","trades":["AAPL"]})", R"([{"T":"error","code":401,"msg":"not authenticated"}])"},
    {R"({"action":"auth","key":"heed","secret":"x"})", R"([{"T":"error","code":402,"msg":"auth failed"}])"},
    {R"({"action":"auth","key":"heed","secret":"heed"})", R"([{"T":"success","msg":"authenticated"}])"},
    {R"({"action":"auth","key":"heed","secret":"heed"})",
     R"([{"T":"error","code":403,"msg":"already authenticated"}])"},
    {R"({"action":"subscribe","tradez":["AAPL"]})",
     R"([{"T":"error","code":410,"msg":"invalid subscribe action for this feed"}])"},
    {R"({"action":"subscribe","trades":["AAPL"],"bars":["*"]})",
     R"([{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":["*"],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":[],"cancelErrors":[]}])"},
    {R"({"action":"unsubscribe","bars":["*"]})",
     R"([{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":[],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":[],"cancelErrors":[]}])"},
  };
  for (const auto& [said, answered] : talk)
    CHECK(s.on_message(said) == Texts{answered});
  open_market(*core);
  const Asset& asset = *core->engine().find_asset("AAPL");
  CHECK(s.on_price(core->engine(), asset) ==
        R"([{"T":"t","S":"AAPL","t":"2020-03-04T14:31:00Z","x":"V","p":100,"s":100,"c":["@"],"i":1,"z":"C"}])");
}

TEST_CASE("order events carry the whole order; fills their execution") {
  const auto core = make();
  open_market(*core);
  core->set_listening(true, false);
  send(*core, "POST", "/v2/orders", bracket_buy);
  send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"85"})");
  Texts kinds;
  for (const auto& message : core->take_trades()) {
    kinds.emplace_back(to_string(message.kind));
    CHECK(message.text.find(R"({"stream":"trade_updates","data":{"event":")" + kinds.back() + "\"") == 0);
    CHECK(message.text.find(R"("order":{"id":")") != std::string::npos);
    CHECK((message.text.find("execution_id") != std::string::npos) == (kinds.back() == "fill"));
    if (kinds.size() == 6)
      CHECK(message.text.find(R"("price":"85","qty":"10","position_qty":"0")") != std::string::npos);
  }
  CHECK(kinds == Texts{"new", "fill", "new", "replaced", "new", "fill"});
}

TEST_CASE("a finished minute is told with the first price of the next") {
  const auto core = make();
  open_market(*core);
  core->set_listening(false, true);
  send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"101"})");
  send(*core, "POST", "/sim/advance", R"({"to":"2020-03-04T14:32:05Z"})");
  send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"99"})");
  const auto prices = core->take_prices();
  REQUIRE(prices.size() == 2);
  CHECK_FALSE(prices[0].minute);
  REQUIRE(prices[1].minute);
  CHECK(prices[1].minute->high == 101_d);
  CHECK(prices[1].minute->close == 101_d);
}

TEST_CASE("fault rules: method, path, skipped and counted matches, chance by seed") {
  FaultScript f{1};
  using Kind = FaultAction::Kind;
  CHECK(f.on_request("POST", "/v2/orders").kind == Kind::none);
  REQUIRE(f.load(
    R"({"rules":[{"kind":"server_error","method":"POST","path":"^/v2/orders$","skip":1,"count":2,"status":503},)"
    R"({"kind":"delay","path":"positions","delay_ms":250},{"kind":"stream_drop","event":"^fill$","count":1}]})"));
  CHECK(f.on_request("POST", "/v2/orders").kind == Kind::none);
  const auto hit = f.on_request("POST", "/v2/orders");
  CHECK(hit.kind == Kind::server_error);
  CHECK(hit.status == 503);
  CHECK(f.on_request("GET", "/v2/orders").kind == Kind::none);
  CHECK(f.on_request("POST", "/v2/orders").kind == Kind::server_error);
  CHECK(f.on_request("POST", "/v2/orders").kind == Kind::none);
  CHECK(f.on_request("GET", "/v2/positions").delay == std::chrono::milliseconds{250});
  CHECK(f.on_stream("new").kind == Kind::none);
  CHECK(f.on_stream("fill").kind == Kind::stream_drop);
  CHECK(f.on_stream("fill").kind == Kind::none);
  CHECK(f.hits() == 4);

  const auto hits = [](std::uint64_t seed) {
    FaultScript half{seed};
    REQUIRE(half.load(R"({"rules":[{"kind":"drop","probability":0.5}]})"));
    std::string out;
    for (int i = 0; i < 200; ++i)
      out += half.on_request("GET", "/").kind == Kind::drop ? '1' : '0';
    return out;
  };
  CHECK(hits(5) == hits(5));
  CHECK(hits(5) != hits(6));
  const std::string drawn = hits(5);
  const auto ones = std::count(drawn.begin(), drawn.end(), '1');
  CHECK(ones > 60);
  CHECK(ones < 140);
}

TEST_CASE("a restarted exchange is where it was: orders, ids, cash, time") {
  const TemporaryFile file;
  auto options = stepped();
  options.engine.partial_fill_percent = 60;
  options.state_file = file.path;
  std::string before, account;
  {
    const auto core = make(options);
    open_market(*core);
    CHECK(send(*core, "POST", "/v2/orders", bracket_buy).status == 200);
    send(*core, "POST", "/v2/orders", "{}");  // refused: leaves no trace
    core->advance_to(at(9, 32));
    const auto target = core->engine().order(1).id.str();
    CHECK(send(*core, "PATCH", "/v2/orders/" + target, R"({"limit_price":"111"})").status == 200);
    send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"111"})");
    core->advance_to(at(9, 33));  // the partial fills' rest: written down because it traded
    before = core->wire().ledger_json();
    account = send(*core, "GET", "/v2/account").body;
  }
  {
    const auto core = make(options);
    core->advance_to(at(9, 33));
    CHECK(core->wire().ledger_json() == before);
    CHECK(send(*core, "GET", "/v2/account").body == account);
    CHECK(send(*core, "POST", "/v2/orders", bracket_buy).status == 422);  // the name is still used up
  }
  std::ofstream{file.path, std::ios::app} << R"({"at":"2020-03-04T14:40:00Z","acc)";  // torn by a crash
  {
    const auto core = make(options);
    CHECK(core->engine().now() <= at(9, 33));
    send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"99"})");
  }
  CHECK(file.text().find("\"acc{") == std::string::npos);
  CHECK(make(options)->engine().find_asset("AAPL")->last == 99_d);

  std::string text = file.text();
  std::ofstream{file.path} << text.insert(text.find('\n') + 1, "nonsense\n");
  const auto damaged = ExchangeCore::make(options, make_scripted_feed({"AAPL"}));
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().kind == ErrorKind::invalid);
  CHECK(damaged.error().detail.find(file.path + ":2: not a command") == 0);
}

TEST_CASE("the state file is written again without the seconds that nothing happened in") {
  const TemporaryFile file;
  auto options = stepped();
  options.state_file = file.path;
  {
    const auto core = make(options);
    open_market(*core);
    CHECK(send(*core, "POST", "/v2/orders", bracket_buy).status == 200);
    for (int second = 1; second <= 1500; ++second) {
      core->advance_to(at(9, 32) + std::chrono::seconds{second});
      core->note_time();
    }
    CHECK(send(*core, "POST", "/sim/price", R"({"symbol":"AAPL","price":"99"})").status == 200);
    core->advance_to(at(10, 0));
    core->note_time();
  }
  const auto lines = [&file] {
    const auto text = file.text();
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(lines() > 1500);
  const auto whole = make(options)->wire().ledger_json();
  CHECK(lines() < 20);
  const auto again = make(options);
  CHECK(again->wire().ledger_json() == whole);
  CHECK(again->engine().now() == at(10, 0));
  CHECK(again->engine().find_asset("AAPL")->last == 99_d);
}
