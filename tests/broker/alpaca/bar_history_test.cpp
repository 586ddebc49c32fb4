// Daily bars of the past over real sockets: from the built-in exchange, with its faults, and from a server that says
// whatever a test wants.
#include "broker/alpaca/bar_history.hpp"

#include "broker/exchange/exchange_server.hpp"
#include "core/bar_csv.hpp"
#include "net/runtime.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

using namespace heed;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Date date(const char* text) { return parse_iso_date(text).value(); }

struct StandingClock : Clock {
  Instant now() const override { return parse_rfc3339("2020-06-01T00:00:00Z").value(); }
};

/// Asks a server on this machine; pauses are written down, and take no time.
struct Asker {
  explicit Asker(std::uint16_t port) : client{runtime.http_client({false, "127.0.0.1", port}, 2)} {}

  Result<BarHistory> fetch(const BarHistoryQuery& query, const std::string& secret = "heed") {
    BarHistoryPorts ports;
    ports.data = client;
    ports.key = "heed";
    ports.secret = secret;
    ports.clock = std::make_shared<StandingClock>();
    ports.wait = [this](milliseconds time) { pauses.push_back(time); };
    ports.deadline = deadline;
    return fetch_bar_history(query, ports, [this](const BarHistoryProgress& progress) { told.push_back(progress); });
  }
  BarHistory ok(const BarHistoryQuery& query) {
    auto answer = fetch(query);
    if (!answer)
      FAIL(answer.error().detail);
    return std::move(answer).value();
  }

  net::Runtime runtime;
  std::shared_ptr<net::HttpClient> client;
  std::vector<milliseconds> pauses;
  std::vector<BarHistoryProgress> told;
  milliseconds deadline{20'000};
};

std::string csv(double price, int days, int skip = 0) {
  std::string out = "date,open,high,low,close,volume\n";
  auto day = date("2020-01-02");
  for (int i = 0; i < days; day += std::chrono::days{1}) {
    const std::chrono::weekday weekday{day};
    if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday || to_iso_date(day) == "2020-01-20")
      continue;
    ++i;
    if (skip > 0 && i % skip == 0)
      continue;
    char row[128];
    std::snprintf(row, sizeof row, "%s,%.2f,%.2f,%.4f,%.2f,%d\n", to_iso_date(day).c_str(), price, price + 1.5,
                  price - 1.0625, price + 0.25, 1000 + i);
    out += row;
    price += 0.5;
  }
  return out;
}

struct Exchange {
  Exchange() {
    std::string name = (std::filesystem::temp_directory_path() / "heed-history-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    put("AA", csv(10, 30));
    put("BRK.B", csv(200, 30, 4));
    put("MSFT", csv(50, 12));
    exchange::ExchangeOptions options;
    options.bars_directory = folder;
    options.speed.reset();
    options.start = parse_rfc3339("2020-03-04T14:31:00Z");
    options.requests_per_minute = 0;
    auto started = exchange::ExchangeServer::start(runtime, std::move(options));
    if (!started)
      FAIL(started.error().detail);
    server = std::move(started).value();
  }
  ~Exchange() {
    server->stop();
    std::filesystem::remove_all(folder);
  }
  void put(const std::string& symbol, const std::string& text) {
    std::ofstream{folder + "/" + symbol + ".csv"} << text;
    std::vector<core::BarProblem> problems;
    files[Symbol{symbol}] = core::parse_bar_csv(text, problems);
    CHECK(problems.empty());
  }
  void faults(const std::string& rules) {
    auto done = std::make_shared<std::promise<int>>();
    auto status = done->get_future();
    runtime.http_client({false, "127.0.0.1", server->port()})
      ->send({"POST", "/sim/faults", {}, R"({"rules":[)" + rules + "]}"}, 20s,
             [done](Result<net::HttpResponse> r) { done->set_value(r ? r.value().status : 0); });
    REQUIRE(status.get() == 200);
  }

  net::Runtime runtime;
  std::string folder;
  std::map<Symbol, core::BarColumns> files;
  std::unique_ptr<exchange::ExchangeServer> server;
};

void check_same(const core::BarColumns& got, const core::BarColumns& want) {
  CHECK(got.days == want.days);
  CHECK(got.open == want.open);
  CHECK(got.high == want.high);
  CHECK(got.low == want.low);
  CHECK(got.close == want.close);
  CHECK(got.volume == want.volume);
}

BarHistoryQuery all_of(std::vector<Symbol> symbols) {
  BarHistoryQuery query;
  query.symbols = std::move(symbols);
  query.from = date("2020-01-01");
  query.to = date("2020-03-03");
  return query;
}

/// Answers with what a test has put in, in order, and keeps what was asked.
struct Scripted {
  Scripted() {
    server = runtime.server(
      [this](const net::HttpRequest& request, const std::shared_ptr<net::Responder>& to) {
        const std::lock_guard lock{guard};
        asked.push_back(request.target);
        if (refuses && request.target.find(*refuses) != std::string::npos)
          return to->respond({400, {}, R"({"message":"invalid symbol: )" + *refuses + "\"}"});
        if (answers.empty())
          return to->respond({200, {}, R"({"bars":{},"next_page_token":null})"});
        to->respond(answers.front());
        answers.pop_front();
      },
      [](const net::HttpRequest&) { return net::UpgradeDecision{}; });
    const auto listening = server->listen("127.0.0.1:0");
    REQUIRE(listening);
    port = listening.value();
  }
  ~Scripted() { server->stop(0ms); }
  Scripted& says(std::string body, int status = 200, net::Headers headers = {}) {
    const std::lock_guard lock{guard};
    answers.push_back({status, std::move(headers), std::move(body)});
    return *this;
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock{guard};
    return asked;
  }

  net::Runtime runtime;
  std::unique_ptr<net::HttpServer> server;
  std::uint16_t port = 0;
  std::mutex guard;
  std::deque<net::HttpResponse> answers;
  std::vector<std::string> asked;
  std::optional<std::string> refuses;
};

std::string bar(const std::string& day, const std::string& prices = R"("o":10,"h":11,"l":9,"c":10.5,"v":100)") {
  return R"({"t":")" + day + R"(T05:00:00Z",)" + prices + R"(,"n":3,"vw":10.1})";
}

}  // namespace

TEST_CASE("the exchange's bars come back as they stand in its files, page by page", "[history]") {
  Exchange exchange;
  Asker asker{exchange.server->port()};
  auto query = all_of({"MSFT", "AA", "BRK.B", "NONE", "AA"});
  query.page_size = GENERATE(std::size_t{7}, std::size_t{1}, std::size_t{10'000});
  INFO("pages of " << query.page_size);
  const auto got = asker.ok(query);
  REQUIRE(got.bars.size() == 3);
  std::size_t bars = 0;
  for (const auto& [symbol, columns] : exchange.files) {
    INFO(symbol.view());
    check_same(got.bars.at(symbol), columns);
    bars += columns.size();
  }
  CHECK(bars == 30 + 23 + 12);
  CHECK(got.pages == (bars + query.page_size - 1) / query.page_size);
  CHECK(got.problems.empty());
  CHECK(got.refused.empty());
  CHECK(asker.pauses.empty());
  CHECK(asker.told.back().bars == bars);
}

TEST_CASE("from and to are both included", "[history]") {
  Exchange exchange;
  Asker asker{exchange.server->port()};
  auto query = all_of({"AA"});
  query.from = date("2020-01-06");
  query.to = date("2020-01-08");
  const auto got = asker.ok(query).bars.at("AA");
  REQUIRE(got.size() == 3);
  CHECK(Date{std::chrono::days{got.days.front()}} == query.from);
  CHECK(Date{std::chrono::days{got.days.back()}} == query.to);
}

TEST_CASE("what proves nothing is asked again, after a pause", "[history]") {
  Exchange exchange;
  Asker asker{exchange.server->port()};
  auto query = all_of({"AA", "BRK.B", "MSFT"});
  query.page_size = 20;
  const auto check_all = [&] {
    const auto got = asker.ok(query);
    for (const auto& [symbol, columns] : exchange.files)
      check_same(got.bars.at(symbol), columns);
    CHECK(got.problems.empty());
  };
  SECTION("too many requests: as long as the venue says") {
    exchange.faults(R"({"kind":"too_many","path":"/v2/stocks/bars","skip":1,"count":2,"delay_ms":6500})");
    check_all();
    CHECK(asker.pauses == std::vector<milliseconds>{7s, 7s});
  }
  SECTION("garbage, a cut answer, a dropped connection, a server's error: growing pauses") {
    const std::string kind = GENERATE("garbage", "cut_answer", "drop", "drop_after", "server_error");
    INFO(kind);
    exchange.faults(R"({"kind":")" + kind + R"(","path":"/v2/stocks/bars","skip":1,"count":3})");
    check_all();
    CHECK(asker.pauses == std::vector<milliseconds>{1s, 2s, 4s});
    CHECK(asker.told.size() == 4 + 3);
  }
  SECTION("no answer in time") {
    asker.deadline = 200ms;
    exchange.faults(R"({"kind":"lost_answer","path":"/v2/stocks/bars","count":1})");
    check_all();
    CHECK(asker.pauses == std::vector<milliseconds>{1s});
  }
  SECTION("five times in a row is enough") {
    exchange.faults(R"({"kind":"garbage","path":"/v2/stocks/bars","skip":1})");
    const auto got = asker.fetch(query);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::unavailable);
    CHECK(got.error().detail.find("5 attempts in a row") != std::string::npos);
    CHECK(got.error().detail.find("GET /v2/stocks/bars?symbols=AA,BRK.B,MSFT&timeframe=1Day") != std::string::npos);
    CHECK(asker.pauses.size() == 4);
  }
  SECTION("too many requests without end") {
    exchange.faults(R"({"kind":"too_many","path":"/v2/stocks/bars"})");
    const auto got = asker.fetch(query);
    REQUIRE_FALSE(got);
    CHECK(got.error().detail.find("too many requests") != std::string::npos);
  }
}

TEST_CASE("a wrong key is told at once, in the venue's words", "[history]") {
  Exchange exchange;
  Asker asker{exchange.server->port()};
  const auto got = asker.fetch(all_of({"AA"}), "wrong");
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::rejected);
  CHECK_FALSE(got.error().detail.empty());
  CHECK(asker.pauses.empty());
}

TEST_CASE("the request says feed, adjustment and limit; a token is passed on as it came", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  venue.says(R"({"bars":{"AA":[)" + bar("2020-01-02") + R"(]},"next_page_token":"QUF8+/=|1"})");
  auto query = all_of({"AA"});
  query.feed = "iex";
  query.adjustment = "split,dividend";
  query.page_size = 1;
  CHECK(asker.ok(query).bars.at("AA").size() == 1);
  const std::string first =
    "/v2/stocks/bars?symbols=AA&timeframe=1Day&start=2020-01-01&end=2020-03-03&limit=1"
    "&adjustment=split%2Cdividend&feed=iex&sort=asc";
  CHECK(venue.requests() == std::vector<std::string>{first, first + "&page_token=QUF8%2B%2F%3D%7C1"});
}

TEST_CASE("a page that is not understood as a whole is asked again", "[history]") {
  const std::string page =
    GENERATE(R"([])", R"({"bars":[]})", R"({"next_page_token":null})", R"({"bars":{"AA":{}},"next_page_token":null})",
             R"({"bars":{"ZZ":[]},"next_page_token":null})", R"({"bars":{"A LONG NAME THAT NO SYMBOL HAS":[]}})",
             R"({"bars":{},"next_page_token":7})", R"({"bars":{"AA":[)", "<html>busy</html>", "");
  INFO(page);
  Scripted venue;
  Asker asker{venue.port};
  venue.says(page).says(R"({"bars":{"AA":[)" + bar("2020-01-02") + R"(]},"next_page_token":null})");
  const auto got = asker.ok(all_of({"AA"}));
  CHECK(got.bars.at("AA").size() == 1);
  CHECK(got.pages == 1);
  CHECK(asker.pauses == std::vector<milliseconds>{1s});
}

TEST_CASE("rows are checked as those of a file are", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  venue.says(R"({"bars":{"AA":[)" + bar("2020-01-02") + "," + bar("2020-01-02") + "," +
             bar("2020-01-03", R"("o":10,"h":9,"l":11,"c":10,"v":1)") + "," +
             bar("2020-01-06", R"("o":10,"h":11,"c":10,"v":1)") + "," +
             bar("2020-01-07", R"("o":-1,"h":11,"l":9,"c":10,"v":1)") + "," +
             bar("2020-01-08", R"("o":"10","h":"11","l":"9","c":"10.0625","v":1.0)") + "," +
             bar("2020-01-09", R"("o":30,"h":33,"l":29,"c":30,"v":1)") + R"(,{"t":5}, {}]},"next_page_token":null})");
  const auto got = asker.ok(all_of({"AA"}));
  CHECK(got.bars.at("AA").size() == 4);
  std::vector<std::string> said;
  for (const auto& problem : got.problems.at("AA"))
    said.push_back(std::string{to_string(problem.flaw)} + ": " + problem.field + ": " + problem.reason);
  CHECK(said ==
        std::vector<std::string>{
          "row: 2020-01-02 date: stands twice; row left out",
          "contradiction: 2020-01-03 high: is 9, under the low 11; row kept",
          "row: 2020-01-06 low: is \"\", no decimal above zero like 12.34; row left out",
          "row: 2020-01-07 open: is \"-1\", no decimal above zero like 12.34; row left out",
          "row: 5 date: is \"5\", no date like 2020-01-31; row left out",
          "row:  date: is \"\", no date like 2020-01-31; row left out",
          "suspicious: 2020-01-09 close: is 2.981 times the close before: a split or another corporate action "
          "that is not adjusted for?"});
}

TEST_CASE("a bar's date is that of its stamp in New York, in summer and winter", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  const std::string prices = R"(,"o":10,"h":11,"l":9,"c":10.5,"v":100})";
  venue.says(R"({"bars":{"AA":[{"t":"2020-01-02T05:00:00Z")" + prices + R"(,{"t":"2020-02-28T00:00:00-05:00")" +
             prices + R"(,{"t":"2020-07-01T04:00:00.000Z")" + prices + "]}}");
  const auto got = asker.ok(all_of({"AA"})).bars.at("AA");
  std::vector<std::string> days;
  for (const auto day : got.days)
    days.push_back(to_iso_date(Date{std::chrono::days{day}}));
  CHECK(days == std::vector<std::string>{"2020-01-02", "2020-02-28", "2020-07-01"});
}

TEST_CASE("symbols that the venue refuses are left out, and cost the others nothing", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  venue.refuses = "BAD.";
  const auto got = asker.ok(all_of({"AA", "BAD.", "MSFT", "X", "Y"}));
  CHECK(got.refused == std::map<Symbol, std::string>{{"BAD.", "invalid symbol: BAD."}});
  std::set<std::string> alone;
  for (const auto& target : venue.requests())
    alone.insert(target.substr(0, target.find("&timeframe")));
  CHECK(alone == std::set<std::string>{"/v2/stocks/bars?symbols=AA,BAD.,MSFT,X,Y", "/v2/stocks/bars?symbols=AA,BAD.",
                                       "/v2/stocks/bars?symbols=AA", "/v2/stocks/bars?symbols=BAD.",
                                       "/v2/stocks/bars?symbols=MSFT,X,Y"});
  CHECK(asker.pauses.empty());
}

TEST_CASE("a refusal in the middle, or a plan that does not allow it, ends the whole", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  const std::string first = R"({"bars":{"AA":[)" + bar("2020-01-02") + R"(]},"next_page_token":"t"})";
  SECTION("a further page is refused") {
    venue.says(first).says(R"({"message":"invalid page_token"})", 400);
    const auto got = asker.fetch(all_of({"AA", "MSFT"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::rejected);
    CHECK(got.error().detail == "the venue refused a further page: invalid page_token");
  }
  SECTION("the plan") {
    venue.says(R"({"code":42210000,"message":"subscription does not permit querying recent SIP data"})", 403);
    const auto got = asker.fetch(all_of({"AA"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::rejected);
    CHECK(got.error().code == "403");
    CHECK(got.error().detail == "subscription does not permit querying recent SIP data");
  }
  SECTION("the same page again and again") {
    venue.says(first).says(first);
    const auto got = asker.fetch(all_of({"AA"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().detail.find("the same page") != std::string::npos);
  }
}

TEST_CASE("short and empty pages go on while there is a token; without end they do not", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  SECTION("one empty page") {
    venue.says(R"({"bars":null,"next_page_token":"1"})")
      .says(R"({"bars":{},"next_page_token":"2"})")
      .says(R"({"bars":{"AA":[)" + bar("2020-01-02") + R"(]},"next_page_token":""})");
    const auto got = asker.ok(all_of({"AA"}));
    CHECK(got.bars.at("AA").size() == 1);
    CHECK(got.pages == 3);
  }
  SECTION("always another one") {
    for (int i = 0; i < 200; ++i)
      venue.says(R"({"bars":{},"next_page_token":")" + std::to_string(i) + "\"}");
    const auto got = asker.fetch(all_of({"AA"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().detail.find("one empty page after the other") != std::string::npos);
  }
}

TEST_CASE("many symbols are asked for in several requests", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  std::vector<Symbol> symbols;
  for (int i = 0; i < 250; ++i)
    symbols.emplace_back("S" + std::to_string(1000 + i));
  CHECK(asker.ok(all_of(symbols)).bars.empty());
  CHECK(venue.requests().size() == 3);
}

TEST_CASE("a query that cannot be meant is refused before it is sent", "[history]") {
  Scripted venue;
  Asker asker{venue.port};
  auto query = all_of({"AA"});
  std::string named;
  SECTION("feed") {
    query.feed = "nasdaq";
    named = "feed nasdaq is none of sip, iex, otc, boats";
  }
  SECTION("adjustment") {
    query.adjustment = GENERATE("splits", "", "split,", "raw,all,x");
    named = "is none of raw, split, dividend, spin-off, all";
  }
  SECTION("range") {
    query.from = date("2021-01-01");
    named = "2021-01-01 is after 2020-03-03";
  }
  SECTION("page") {
    query.page_size = GENERATE(std::size_t{0}, std::size_t{10'001});
    named = "1 to 10000";
  }
  const auto got = asker.fetch(query);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::invalid);
  CHECK(got.error().detail.find(named) != std::string::npos);
  CHECK(venue.requests().empty());
}
