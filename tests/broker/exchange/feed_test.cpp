#include "market.hpp"

#include <zlib.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;

namespace {

DailyBar bar(const char* date, Price open, Price high, Price low, Price close) {
  return {*parse_iso_date(date), open, high, low, close, 1000};
}

std::string walk_text(PriceFeed& feed, int moves) {
  std::string out;
  for (int i = 0; i < moves; ++i) {
    const auto when = feed.next_at();
    if (!when)
      return out + "end";
    const auto move = feed.pop();
    CHECK(move.at == *when);
    out +=
      to_rfc3339(move.at).substr(0, 19) + " " + move.symbol + (move.slide ? " -> " : " = ") + move.price.str() + "\n";
  }
  return out;
}

// A folder of its own that goes away at the end.
struct Folder {
  Folder() : path{std::filesystem::temp_directory_path() / ("heed-bars-" + std::to_string(::getpid()))} {
    std::filesystem::create_directory(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path / name} << text; }
  void write_packed(const std::string& name, const std::string& text) const {
    const gzFile file = gzopen((path / name).c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
  }
  std::filesystem::path path;
};

constexpr const char* header = "date,open,high,low,close,volume\n";

}  // namespace

TEST_CASE("a day's bar is a path: open, low, high, close, at their hours") {
  const auto calendar = core::MarketCalendar::nyse();
  auto feed =
    make_bar_feed({{"AAA", {bar("2020-03-04", 10_d, 12_d, 9_d, 11_d)}},
                   {"BBB", {bar("2020-03-04", 20_d, 22_d, 19_d, 21_d), bar("2020-07-04", 1_d, 1_d, 1_d, 1_d)}}});
  feed->start(at(9, 0), calendar);
  CHECK(walk_text(*feed, 100) ==
        "2020-03-04T14:30:00 AAA = 10\n2020-03-04T14:30:00 BBB = 20\n"
        "2020-03-04T17:00:00 AAA -> 9\n2020-03-04T17:00:00 BBB -> 19\n"
        "2020-03-04T19:00:00 AAA -> 12\n2020-03-04T19:00:00 BBB -> 22\n"
        "2020-03-04T20:59:59 AAA -> 11\n2020-03-04T20:59:59 BBB -> 21\n"
        "end");  // the bar of a holiday is no session
}

TEST_CASE("a short session has the same path, shorter; a start inside finds the price of the hour") {
  const auto calendar = core::MarketCalendar::nyse();
  auto feed = make_bar_feed({{"AAA", {bar("2020-11-27", 10_d, 12_d, 9_d, 11_d)}}});
  feed->start(*parse_rfc3339("2020-11-27T00:00:00Z"), calendar);
  CHECK(walk_text(*feed, 100) ==
        "2020-11-27T14:30:00 AAA = 10\n2020-11-27T15:50:46 AAA -> 9\n2020-11-27T16:55:23 AAA -> 12\n"
        "2020-11-27T17:59:59 AAA -> 11\nend");
  auto late =
    make_bar_feed({{"AAA", {bar("2020-03-03", 5_d, 5_d, 5_d, 5_d), bar("2020-03-04", 10_d, 12_d, 9_d, 11_d)}}});
  late->start(at(13, 0), calendar);
  CHECK(walk_text(*late, 100) ==
        "2020-03-04T18:00:00 AAA = 9\n2020-03-04T19:00:00 AAA -> 12\n2020-03-04T20:59:59 AAA -> 11\nend");
  REQUIRE(late->history("AAA").size() == 1);
  CHECK(late->history("AAA")[0].close == 5_d);
}

TEST_CASE("exits inside one bar: the low comes first, an open beyond the level trades at the open") {
  struct Row {
    const char* what;
    DailyBar today;
    const char* bought;
    const char* sold;  // of 10 shares with target 110 and stop 90; empty: held
  };
  const Row rows[] = {
    {"both inside the bar: the stop", bar("2020-03-05", 100_d, 115_d, 85_d, 100_d), "100", "90"},
    {"target only", bar("2020-03-05", 100_d, 115_d, 95_d, 100_d), "100", "110"},
    {"neither", bar("2020-03-05", 100_d, 109_d, 91_d, 100_d), "100", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Market m{Market::plain(), make_bar_feed({{"AAPL", {bar("2020-03-03", 99_d, 101_d, 98_d, 100_d), row.today}}})};
    m.engine.advance_to(at(20, 0));  // the evening before
    const auto entry = m.accept(bracket(10_d, 110_d, 90_d));
    CHECK(m.status(entry) == "accepted");
    m.engine.advance_to(at(16, 0, 0, 1));
    REQUIRE(m.status(entry) == "filled");
    CHECK((m.order(entry).filled_value / 10_d).str() == row.bought);
    std::string sold;
    for (const auto& e : m.engine.executions())
      if (e.side == Side::sell)
        sold = e.price.str();
    CHECK(sold == row.sold);
  }
  Market gap{
    Market::plain(),
    make_bar_feed(
      {{"AAPL", {bar("2020-03-04", 100_d, 101_d, 99_d, 100_d), bar("2020-03-05", 80_d, 81_d, 79_d, 80_d)}}})};
  gap.engine.advance_to(at(9, 30));
  const auto entry = gap.accept(bracket(10_d, 110_d, 90_d));
  gap.engine.advance_to(at(9, 30, 0, 1));
  CHECK(gap.order(gap.order(entry).stop_loss).filled_value == 800_d);
}

TEST_CASE("a symbol without today's bar has no quote; its orders wait") {
  Market m{Market::plain(),
           make_bar_feed({{"AAPL", {bar("2020-03-04", 100_d, 101_d, 99_d, 100_d)}},
                          {"GONE", {bar("2020-03-03", 7_d, 7_d, 7_d, 7_d), bar("2020-03-05", 8_d, 8_d, 8_d, 8_d)}}})};
  m.engine.advance_to(at(10, 0));
  CHECK(m.refuse(market(Side::buy, 1_d, "GONE")).message.find("no available quote") != std::string::npos);
  auto waits = limit(Side::buy, 1_d, 9_d, Tif::gtc);
  waits.symbol = "GONE";
  const auto o = m.accept(waits);
  CHECK(m.status(o) == "new");
  m.engine.advance_to(at(9, 30, 0, 1));
  CHECK(m.order(o).filled_value == 8_d);
}

TEST_CASE("bar files, plain and packed, and what is wrong with bad ones") {
  const Folder folder;
  folder.write("AAA.csv", std::string{header} + "2020-03-04,10,12,9,11.5,1000\r\n2020-03-05,11,12,10,11,500.0\n");
  folder.write_packed("BBB.csv.gz", std::string{header} + "2020-03-04,1,1,1,1,0\n");
  folder.write("_INVENTORY.csv", "not,bars\n");
  auto bars = load_bars(folder.path.string());
  REQUIRE(bars);
  REQUIRE(bars.value().size() == 2);
  CHECK(bars.value().at("AAA")[0].close == 11.5_d);
  CHECK(bars.value().at("AAA")[1].volume == 500);

  const std::pair<const char*, const char*> wrong[] = {
    {"2020-13-04,1,1,1,1,1\n", "CCC.csv:2: date: is \"2020-13-04\", no date like 2020-01-31"},
    {"2020-03-04,1,x,1,1,1\n", "CCC.csv:2: high: is \"x\", no decimal above zero like 12.34"},
    {"2020-03-04,1,1,0,1,1\n", "CCC.csv:2: low: is \"0\", no decimal above zero like 12.34"},
    {"2020-03-04,1,1,1,1,1\n2020-03-04,1,1,1,1,1\n", "CCC.csv:3: date: is that of line 2 again"}};
  for (const auto& [text, message] : wrong) {
    folder.write("CCC.csv", std::string{header} + text);
    const auto bad = load_bars(folder.path.string());
    REQUIRE_FALSE(bad);
    CHECK(bad.error().kind == ErrorKind::invalid);
    CHECK(bad.error().detail == (folder.path / message).string() +
                                  "; the exchange starts with whole files only: mend the row, or take it out");
  }
  folder.write("CCC.csv", "when,o\n");
  CHECK(load_bars(folder.path.string()).error().detail.find("CCC.csv:1: date: is missing in the header") !=
        std::string::npos);
  CHECK(load_bars((folder.path / "nowhere").string()).error().kind == ErrorKind::unavailable);
}

TEST_CASE("the random walk repeats by its seed, steps in cents, and only while the market is open") {
  const auto calendar = core::MarketCalendar::nyse();
  const auto run = [&](std::uint64_t seed) {
    SyntheticOptions options;
    options.seed = seed;
    options.symbols = {"BBB", "AAA"};
    auto feed = make_synthetic_feed(options);
    feed->start(at(15, 59, 58), calendar);
    return walk_text(*feed, 8);
  };
  const auto first = run(3);
  CHECK(run(3) == first);
  CHECK(run(4) != first);
  CHECK(first.find("2020-03-04T20:59:59 BBB") != std::string::npos);
  CHECK(first.find("2020-03-04T21:00:00") == std::string::npos);
  CHECK(first.find("2020-03-05T14:30:00 AAA") != std::string::npos);
}
