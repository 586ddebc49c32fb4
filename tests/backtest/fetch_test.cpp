// --fetch over a real socket: bars come from the built-in exchange, and stay in the folder.
#include "backtest/bar_keep.hpp"
#include "backtest/bar_rows.hpp"
#include "broker/exchange/exchange_server.hpp"
#include "command.hpp"
#include "core/bar_csv.hpp"
#include "files.hpp"
#include "net/json.hpp"
#include "persistence/journal.hpp"

#include <catch2/catch.hpp>

namespace heed::cli::test {
namespace {

using backtest::BarsWanted;
using backtest::test::Folder;

Date date(const char* text) { return parse_iso_date(text).value(); }

/// Weekdays from Thursday 2020-01-02 on that are sessions.
std::string csv(int cents, int first, int last, int divide = 1) {
  std::string out = "date,open,high,low,close,volume\n";
  int n = 0;
  for (int i = 3; n < last; ++i) {
    const auto day = to_iso_date(Date{std::chrono::days{18'260 + i / 5 * 7 + i % 5}});
    if (day == "2020-01-20" || day == "2020-02-17" || day == "2020-04-10" || day == "2020-05-25")
      continue;
    const auto price = [&](int more) {
      return Decimal::from_units((cents + n % 17 * 50 + more) * 10'000'000LL / divide).str();
    };
    if (n++ >= first)
      out +=
        day + "," + price(0) + "," + price(60) + "," + price(-75) + "," + price(25) + "," + std::to_string(n) + "\n";
  }
  return out;
}

core::BarColumns columns(const std::string& text) {
  std::vector<core::BarProblem> problems;
  return core::parse_bar_csv(text, problems);
}

/// An exchange with bars of SPY, AA and BRK.B, calls on these and on one that it does not know, and a configuration.
struct Venue {
  Venue() {
    std::filesystem::create_directory(folder / "there");
    for (const auto& [symbol, cents] : prices)
      folder.write("there/" + symbol + ".csv", csv(cents, 0, 100));
    exchange::ExchangeOptions options;
    options.bars_directory = folder / "there";
    options.speed.reset();
    options.start = parse_rfc3339("2020-06-01T12:00:00Z");
    options.requests_per_minute = 0;
    auto started = exchange::ExchangeServer::start(runtime, std::move(options));
    if (!started)
      FAIL(started.error().detail);
    server = std::move(started).value();
    std::string calls;
    for (int i = 0; i < 30; ++i)
      calls += R"({"id":)" + std::to_string(i + 1) + R"(,"symbol":")" +
               (i % 3 == 0   ? "AA"
                : i % 3 == 1 ? "brk.b"
                             : "NONE") +
               R"(","action":"buy","conviction":0.8,"time_horizon":"days","created_at":"2020-0)" +
               std::to_string(2 + i / 10) + "-1" + std::to_string(i % 10) + "T23:00:00Z\"}\n";
    folder.write("calls.jsonl", calls);
    configure("heed", server->port());
  }
  ~Venue() { server->stop(); }
  void configure(const std::string& secret, std::uint16_t port) {
    const auto url = "\"http://127.0.0.1:" + std::to_string(port) + "\"\n";
    folder.write("heed.toml", "[daemon]\ndata_dir = \"" + (folder / "var") +
                                "\"\n[[account]]\nid = \"paper\"\nvenue = \"alpaca\"\nbase_url = " + url +
                                "data_url = " + url + "key = \"heed\"\nsecret = \"" + secret + "\"\n");
    std::filesystem::permissions(folder / "heed.toml",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  Outcome heed(std::vector<std::string> more, const std::string& bars = "kept", bool config = true) {
    std::vector<std::string> args{"backtest",
                                  "--mentions",
                                  folder / "calls.jsonl",
                                  "--bars",
                                  bars == "store" ? bars : folder / bars,
                                  "--json",
                                  "-v",
                                  "--from",
                                  "2020-01-16"};
    if (config)
      args.insert(args.begin(), {"--config", folder / "heed.toml"});
    args.insert(args.end(), more.begin(), more.end());
    return cli::test::heed(args);
  }
  static std::string digest(const Outcome& outcome) {
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    const auto json = net::parse_json(outcome.out);
    REQUIRE(json);
    CHECK(json.value().find("trades")->items.size() > 5);
    return json.value().find("digest")->text;
  }
  core::BarColumns kept(const std::string& symbol) { return columns(folder.read("kept/" + symbol + ".csv")); }
  core::BarColumns there(const std::string& symbol) { return columns(folder.read("there/" + symbol + ".csv")); }
  void keep(const std::string& symbol, const std::string& text) {
    std::filesystem::create_directory(folder / "kept");
    folder.write("kept/" + symbol + ".csv", text);
  }

  const std::map<std::string, int> prices{{"SPY", 30'000}, {"AA", 2'000}, {"BRK.B", 20'000}};
  Folder folder;
  net::Runtime runtime;
  std::unique_ptr<exchange::ExchangeServer> server;
};

TEST_CASE("bars are fetched into a folder that is not there yet, and give what the venue's files give", "[fetch]") {
  Venue venue;
  const auto fetched = venue.heed({"--fetch", "missing"});
  CHECK(Venue::digest(fetched) == Venue::digest(venue.heed({}, "there")));
  CHECK(fetched.err.find("NONE has no bars") != std::string::npos);
  for (const auto& [symbol, cents] : venue.prices)
    CHECK(venue.kept(symbol) == venue.there(symbol));
  CHECK_FALSE(std::filesystem::exists(venue.folder / "kept/NONE.csv"));
  // Again: nothing is written anew; and then without asking.
  const auto written = std::filesystem::last_write_time(venue.folder / "kept/AA.csv");
  CHECK(venue.heed({"--fetch", "missing"}).out == fetched.out);
  CHECK(std::filesystem::last_write_time(venue.folder / "kept/AA.csv") == written);
  CHECK(venue.heed({}).out == fetched.out);
}

TEST_CASE("only what is lacking before and after is put to what is kept", "[fetch]") {
  Venue venue;
  venue.keep("AA", csv(2'000, 40, 70));
  venue.keep("SPY", csv(30'000, 0, 50));
  venue.folder.write_gz("kept/BRK.B.csv.gz", csv(20'000, 90, 100));
  CHECK(Venue::digest(venue.heed({"--fetch", "missing"})) == Venue::digest(venue.heed({}, "there")));
  CHECK(venue.kept("AA") == venue.there("AA"));
  CHECK(venue.kept("SPY") == venue.there("SPY"));
  CHECK_FALSE(std::filesystem::exists(venue.folder / "kept/BRK.B.csv"));
  CHECK(venue.folder.read("kept/BRK.B.csv.gz").substr(0, 2) == "\x1f\x8b");
}

TEST_CASE("bars from before a split are not continued with bars from after it", "[fetch]") {
  Venue venue;
  const auto old = csv(2'000 * 4, 0, 60);
  venue.keep("AA", old);
  const auto first = venue.heed({"--fetch", "missing"});
  CHECK(first.code == 0);
  CHECK(first.err.find("kept/AA.csv: the kept close of 2020-03-") != std::string::npos);
  CHECK(first.err.find("--fetch all takes it anew") != std::string::npos);
  CHECK(venue.folder.read("kept/AA.csv") == old);
  CHECK(venue.heed({"--fetch", "missing", "--strict"}).code == 65);
  CHECK(Venue::digest(venue.heed({"--fetch", "all"})) == Venue::digest(venue.heed({}, "there")));
  CHECK(venue.kept("AA") == venue.there("AA"));
}

TEST_CASE("a file that could not be written back as it is stays as it is", "[fetch]") {
  Venue venue;
  const std::string kept = GENERATE("date,open,high,low,close,volume,source\n2020-01-02,1,1,1,1,1,x\n",
                                    "date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n2020-01-03,1,1,1,x,1\n",
                                    "open,date,high,low,close,volume\n1,2020-01-02,1,1,1,1\n");
  venue.keep("AA", kept);
  const auto got = venue.heed({"--fetch", GENERATE("missing", "all")});
  CHECK(got.code == 0);
  CHECK(got.err.find("nothing is added to it") != std::string::npos);
  CHECK(venue.folder.read("kept/AA.csv") == kept);
  CHECK(venue.kept("SPY") == venue.there("SPY"));
}

TEST_CASE("what stands in the way of fetching is told, with the way out", "[fetch]") {
  Venue venue;
  SECTION("no configuration") {
    const auto got = venue.heed({"--fetch", "missing"}, "kept", false);
    CHECK(got.code == 64);
    CHECK(got.err.find("--fetch needs --config") != std::string::npos);
  }
  SECTION("nothing is fetched") {
    CHECK(venue.heed({"--feed", "iex"}, "there").code == 64);
    CHECK(venue.heed({"--adjustment", "raw"}, "there").code == 64);
  }
  SECTION("another word") { CHECK(venue.heed({"--fetch", "some"}).code == 64); }
  SECTION("another feed") {
    const auto got = venue.heed({"--fetch", "missing", "--feed", "nasdaq"});
    CHECK(got.code == 64);
    CHECK(got.err.find("feed nasdaq is none of sip, iex, otc, boats") != std::string::npos);
  }
  SECTION("another account") {
    const auto got = venue.heed({"--fetch", "missing", "--account", "other"});
    CHECK(got.code == 64);
    CHECK(got.err.find("\"other\"") != std::string::npos);
  }
  SECTION("a wrong key") {
    venue.configure("wrong", venue.server->port());
    const auto got = venue.heed({"--fetch", "missing"});
    CHECK(got.code == 77);
    CHECK(got.err.find("refuses to give bars") != std::string::npos);
    CHECK(got.err.find("wrong") == std::string::npos);
  }
  SECTION("a folder that cannot be made") {
    venue.folder.write("kept", "a file");
    const auto got = venue.heed({"--fetch", "missing"});
    CHECK(got.code == 77);
    CHECK(got.err.find("cannot write") != std::string::npos);
  }
}

TEST_CASE("bars are fetched into the table of the store, and read from it", "[fetch]") {
  Venue venue;
  const auto none = venue.heed({}, "store");
  CHECK(none.code == 66);
  CHECK(none.err.find("there is no store") != std::string::npos);
  const auto fetched = venue.heed({"--fetch", "missing"}, "store");
  CHECK(Venue::digest(fetched) == Venue::digest(venue.heed({}, "there")));
  CHECK(fetched.err.find("NONE has no bars in store") != std::string::npos);
  CHECK(venue.heed({}, "store").out == fetched.out);
  CHECK(venue.heed({"--fetch", "missing"}, "store").out == fetched.out);
  const auto journal = open_sqlite_journal(venue.folder / "var/heed.db");
  REQUIRE(journal);
  std::vector<backtest::Issue> issues;
  for (const auto& [symbol, cents] : venue.prices)
    CHECK(backtest::check_rows("store", Symbol{symbol}, journal.value().reader->bars(Symbol{symbol}, {}, {}).value(),
                               issues) == venue.there(symbol));
  CHECK(issues.empty());
  // Whoever holds the store is not disturbed.
  const auto held = venue.heed({}, "store");
  CHECK(held.code == 69);
  CHECK(held.err.find("while a daemon holds it") != std::string::npos);
}

TEST_CASE("rows of the table are checked as those of a file are", "[fetch]") {
  Venue venue;
  CHECK(venue.heed({"--fetch", "missing"}, "store").code == 0);
  {
    auto journal = open_sqlite_journal(venue.folder / "var/heed.db");
    REQUIRE(journal);
    Batch batch;
    const auto price = [](int dollars) { return Price{dollars}; };
    batch.rows.emplace_back(BarRow{"AA", "1d", date("2020-03-03"), price(20), price(19), price(21), price(20), 1});
    batch.rows.emplace_back(BarRow{"AA", "1d", date("2020-03-04"), price(0), price(19), price(18), price(20), 1});
    batch.rows.emplace_back(BarRow{"AA", "1d", date("2020-03-05"), price(80), price(80), price(80), price(80), -1});
    Batch* const one = &batch;
    REQUIRE(journal.value().writer->append({&one, 1}));
  }
  const auto got = venue.heed({}, "store");
  CHECK(got.code == 0);
  for (const char* words : {"store/AA: 2020-03-03 high: is 19, under the low 21; row kept",
                            "store/AA: 2020-03-04 open: is 0, not above zero; row left out",
                            "store/AA: 2020-03-05 volume: is -1, no whole number; taken as 0",
                            "store/AA: 2020-03-05 close: is 4 times the close before: a split"}) {
    INFO(got.err);
    CHECK(got.err.find(words) != std::string::npos);
  }
  CHECK(venue.heed({"--strict"}, "store").code == 65);
  CHECK(venue.heed({}, "store", false).code == 64);
  // What does not fit to the venue's bars is taken anew.
  CHECK(Venue::digest(venue.heed({"--fetch", "all"}, "store")) == Venue::digest(venue.heed({}, "there")));
}

TEST_CASE("what is lacking is asked for in few requests", "[fetch]") {
  const backtest::BarsBySymbol kept{
    {"A", columns(csv(100, 10, 18))}, {"B", columns(csv(100, 10, 20))}, {"C", columns(csv(100, 10, 90))}};
  const auto from = date("2020-01-02");
  const auto to = date("2020-06-30");
  CHECK(backtest::find_lacking(kept, {"A", "B", "C", "D"}, from, to) ==
        std::vector<BarsWanted>{
          {{"A", "B", "C"}, from, date("2020-01-16")}, {{"A", "B", "D"}, from, to}, {{"C"}, date("2020-05-11"), to}});
  CHECK(backtest::find_lacking(kept, {"A"}, date("2020-01-20"), date("2020-01-28")).empty());
  CHECK(backtest::find_lacking(kept, {"A"}, to, from).empty());
  CHECK(backtest::find_all(kept, {"A", "D"}, date("2020-01-20"), date("2020-01-24")) ==
        std::vector<BarsWanted>{{{"A", "D"}, date("2020-01-16"), date("2020-01-28")}});
}

TEST_CASE("bars are merged where they meet", "[fetch]") {
  const auto all = columns(csv(1'000, 0, 30));
  const auto middle = columns(csv(1'000, 10, 20));
  CHECK(backtest::merge(middle, all).value() == all);
  CHECK(backtest::merge(all, middle).value() == all);
  CHECK(backtest::merge({}, middle).value() == middle);
  CHECK(backtest::merge(middle, {}).value() == middle);
  CHECK(backtest::merge(columns(csv(1'000, 0, 12)), columns(csv(1'000, 11, 30))).value() == all);
  auto moved = middle;
  moved.close[3] += moved.close[3] / 200;
  CHECK(backtest::merge(middle, moved).value() == middle);  // half a percent may be rounding
  moved.close[3] += 10;
  const auto refused = backtest::merge(middle, moved);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find(to_iso_date(Date{std::chrono::days{middle.days[3]}})) != std::string::npos);
}

}  // namespace
}  // namespace heed::cli::test
