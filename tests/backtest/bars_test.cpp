#include "backtest/bars.hpp"
#include "core/bar_csv.hpp"
#include "files.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

const std::string header = "date,open,high,low,close,volume\n";

struct Parsed {
  core::BarColumns bars;
  std::vector<core::BarProblem> problems;
};
Parsed parse(const std::string& text) {
  Parsed out;
  out.bars = core::parse_bar_csv(text, out.problems);
  return out;
}

TEST_CASE("a bar file", "[bars]") {
  const auto text =
    GENERATE(as<std::string>{}, header + "2020-01-02,10,11.5,9.25,11,100\n2020-01-03,11,12,10,11.0001,0\n",
             header + "2020-01-02,10,11.5,9.25,11,100\r\n2020-01-03,11,12,10,11.0001,0",
             "date,open,high,low,close,volume\r2020-01-02,10,11.5,9.25,11,100\r2020-01-03,11,12,10,11.0001,0\r",
             "\xef\xbb\xbf" + header + "2020-01-02,10.0,11.50,9.25,11,100.0\n\n2020-01-03,11,12,10,11.0001,0\n",
             "Volume,\"Date\",Adj Close,Close,Low,High,Open\n100,2020-01-02,7,11,9.25,11.5,10\n"
             "0,\"2020-01-03\",7, 11.0001 ,10,12,11\n");
  const auto parsed = parse(text);
  CHECK(parsed.problems.empty());
  REQUIRE(parsed.bars.size() == 2);
  CHECK(parsed.bars.days[0] == date("2020-01-02").time_since_epoch().count());
  CHECK(parsed.bars.open[0] == (10_d).units());
  CHECK(parsed.bars.high[0] == (11.5_d).units());
  CHECK(parsed.bars.low[0] == (9.25_d).units());
  CHECK(parsed.bars.close[1] == (11.0001_d).units());
  CHECK(parsed.bars.volume[0] == 100);
}

TEST_CASE("prices keep their digits; beyond nine decimals they are rounded half-even", "[bars]") {
  struct Row {
    std::string_view text, value;
  };
  const auto row = GENERATE(values<Row>({{"0.0001", "0.0001"},
                                         {"123.45000457763672", "123.450004578"},
                                         {"1.0000000005", "1"},
                                         {"1.0000000015", "1.000000002"},
                                         {"1.00000000050000001", "1.000000001"},
                                         {"1.9999999999", "2"},
                                         {"8999999999", "8999999999"}}));
  const auto p = std::string{row.text};
  const auto parsed = parse(header + "2020-01-02," + p + "," + p + "," + p + "," + p + ",1\n");
  REQUIRE(parsed.bars.size() == 1);
  CHECK(parsed.bars.open[0] == dec(row.value).units());
}

TEST_CASE("what is wrong with a bar file is told with line and field", "[bars]") {
  using core::BarFlaw;
  struct Row {
    std::string text;
    BarFlaw flaw;
    std::uint32_t line;
    std::string field, reason;
    std::size_t kept;
  };
  const std::string good = "2020-01-02,10,11,9,10,1\n";
  const auto row = GENERATE_COPY(values<Row>({
    {"", BarFlaw::file, 1, "", "is empty", 0},
    {"\n\n", BarFlaw::file, 1, "", "is empty", 0},
    {header, BarFlaw::file, 1, "", "has no usable row", 0},
    {"date,open,high,low,close\n2020-01-02,10,11,9,10\n", BarFlaw::file, 1, "volume", "is missing in the header", 0},
    {"date,open,open,high,low,close,volume\n", BarFlaw::file, 1, "open", "stands twice", 0},
    {good, BarFlaw::file, 1, "date", "is missing in the header", 0},
    {std::string{"\xff\xfe"} + "d", BarFlaw::file, 1, "", "is UTF-16", 0},
    {header + good + std::string(1, '\0'), BarFlaw::file, 1, "", "holds a NUL byte", 0},
    {header + good + "2020-13-03,10,11,9,10,1\n", BarFlaw::row, 3, "date", "is \"2020-13-03\", no date", 1},
    {header + good + "01/03/2020,10,11,9,10,1\n", BarFlaw::row, 3, "date", "no date", 1},
    {header + good + "2020-01-03,,11,9,10,1\n", BarFlaw::row, 3, "open", "is \"\", no decimal above zero", 1},
    {header + good + "2020-01-03,0,11,9,10,1\n", BarFlaw::row, 3, "open", "no decimal above zero", 1},
    {header + good + "2020-01-03,-1,11,9,10,1\n", BarFlaw::row, 3, "open", "no decimal above zero", 1},
    {header + good + "2020-01-03,10,1e3,9,10,1\n", BarFlaw::row, 3, "high", "is \"1e3\"", 1},
    {header + good + "2020-01-03,10,11,nan,10,1\n", BarFlaw::row, 3, "low", "is \"nan\"", 1},
    {header + good + "2020-01-03,10,11,9,99999999999,1\n", BarFlaw::row, 3, "close", "no decimal above zero", 1},
    {header + good + "2020-01-03,10,11,9,10.,1\n", BarFlaw::row, 3, "close", "is \"10.\"", 1},
    {header + good + "2020-01-03,10,11,9,10\n", BarFlaw::row, 3, "", "has 5 fields, the header 6", 1},
    {header + good + "2020-01-03,10,11,9,10,1,2\n", BarFlaw::row, 3, "", "has 7 fields", 1},
    {header + good + std::string(5'000, 'x') + "\n", BarFlaw::row, 3, "", "is 5000 bytes long", 1},
    {header + good + "2020-01-02,10,11,9,10,1\n", BarFlaw::row, 3, "date", "is that of line 2 again", 1},
    {header + "2020-01-03,10,11,9,10,1\n" + good, BarFlaw::suspicious, 3, "date", "rows sorted", 2},
    {header + "2020-01-03,10,11,9,10,1\n" + good + "2020-01-03,1,1,1,1,1\n", BarFlaw::row, 4, "date",
     "of line 2 again", 2},
    {header + good + "2020-01-03,10,9,11,10,1\n", BarFlaw::contradiction, 3, "high", "is 9, under the low 11", 2},
    {header + good + "2020-01-03,12,11,9,10,1\n", BarFlaw::suspicious, 3, "high", "under the open 12", 2},
    {header + good + "2020-01-03,10,11,9.5,9.25,1\n", BarFlaw::suspicious, 3, "low", "over the close 9.25", 2},
    {header + good + "2020-01-03,10,11,9,10,many\n", BarFlaw::suspicious, 3, "volume", "no whole number", 2},
    {header + good + "2020-01-03,5,5,5,5,1\n", BarFlaw::suspicious, 3, "close", "is 0.5 times the close before", 2},
    {header + "2020-01-02,1,1,0.000000001,0.000000001,1\n2020-01-03,75,75,75,75,1\n", BarFlaw::suspicious, 3, "close",
     "is more than a million times the close before", 2},
  }));
  CAPTURE(row.text);
  const auto parsed = parse(row.text);
  REQUIRE_FALSE(parsed.problems.empty());
  const auto found = std::find_if(parsed.problems.begin(), parsed.problems.end(), [&](const core::BarProblem& p) {
    return p.flaw == row.flaw && p.line == row.line && p.field == row.field &&
           p.reason.find(row.reason) != std::string::npos;
  });
  CAPTURE(parsed.problems.front().reason, parsed.problems.front().field, parsed.problems.front().line);
  CHECK(found != parsed.problems.end());
  CHECK(parsed.bars.size() == row.kept);
  CHECK(std::is_sorted(parsed.bars.days.begin(), parsed.bars.days.end()));
}

TEST_CASE("a file full of mistakes does not fill the memory with complaints", "[bars]") {
  std::string text = header;
  for (int i = 0; i < 100'000; ++i)
    text += "x\n";
  CHECK(parse(text).problems.size() == core::bar_problems_max);
  // What is merely suspicious does not crowd out what is wrong.
  text = header;
  for (int i = 0; i < 500; ++i)
    text += to_iso_date(date("2000-01-03") + std::chrono::days{i}) + ",10,9,8,9.5,1\n";
  const auto problems = parse(text + "x\n").problems;
  CHECK(problems.size() == core::bar_problems_max + 1);
  CHECK(problems.back().flaw == core::BarFlaw::row);
}

TEST_CASE("a folder of bars", "[bars]") {
  const Folder folder;
  folder.write("BB.csv", header + "2020-01-02,10,11,9,10,1\n2020-01-03,11,11,9,10,1\n");
  folder.write_gz("AA.csv.gz", header + "2020-01-02,20,21,19,20,1\n");
  folder.write("aa.d.csv", header + "2020-01-02,30,31,29,30,1\n");  // lower case names a symbol too
  folder.write("BB.csv.gz", "not looked at");
  folder.write("_INVENTORY.csv", "not,bars\n");
  folder.write("not a symbol.csv", header);
  folder.write("EMPTY.csv", "");
  folder.write("readme.txt", "nor this");
  const auto loaded = load_bars(folder.path());
  REQUIRE(loaded);
  const auto& bars = loaded.value().bars;
  REQUIRE(bars.series().size() == 3);
  CHECK(bars.series()[0].symbol.view() == "AA");
  REQUIRE(bars.find("AA.D") != nullptr);
  CHECK(bars.find("AA.D")->open_at(0) == 30_d);
  CHECK(bars.find("BB")->size() == 2);
  CHECK(bars.find("EMPTY") == nullptr);
  std::string issues;
  for (const auto& issue : loaded.value().issues)
    issues += issue.str() + "\n";
  CHECK(issues.find("BB.csv.gz: passed over for BB.csv") != std::string::npos);
  CHECK(issues.find("not a symbol.csv: the file's name is no symbol") != std::string::npos);
  CHECK(issues.find("EMPTY.csv:1: is empty") != std::string::npos);
  CHECK(loaded.value().files_read == 4);
}

TEST_CASE("gzip cut short or damaged is told, and the rest is read", "[bars]") {
  const Folder folder;
  std::string text = header;
  for (int i = 0; i < 2'000; ++i)
    text += to_iso_date(date("2000-01-03") + std::chrono::days{i}) + ",10,11,9,10," +
            std::to_string(i * 7919 % 10'007) + "\n";
  folder.write_gz("CUT.csv.gz", text);
  const auto whole = folder.read("CUT.csv.gz");
  folder.write("CUT.csv.gz", whole.substr(0, whole.size() / 2));
  auto damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  folder.write("BAD.csv.gz", damaged);
  folder.write("GOOD.csv", header + "2020-01-02,10,11,9,10,1\n");
  const auto loaded = load_bars(folder.path());
  REQUIRE(loaded);
  CHECK(loaded.value().bars.series().size() == 1);
  REQUIRE(loaded.value().issues.size() == 2);
  CHECK(loaded.value().issues[0].str().find("BAD.csv.gz: the gzip data is") != std::string::npos);
  CHECK(loaded.value().issues[1].str().find("CUT.csv.gz: the gzip data is cut short") != std::string::npos);
}

TEST_CASE("folders without bars are errors", "[bars]") {
  const Folder folder;
  CHECK(load_bars(folder / "nowhere").error().kind == ErrorKind::unavailable);
  CHECK(load_bars(folder.path()).error().detail.find("no SYMBOL.csv") == 0);
  folder.write("AA.csv", "nonsense");
  CHECK(load_bars(folder.path()).error().detail.find("has a usable bar; the first problem") != std::string::npos);
}

void check_same(const LoadedBars& a, const LoadedBars& b) {
  REQUIRE(a.bars.series().size() == b.bars.series().size());
  CHECK(a.issues == b.issues);
  for (std::size_t i = 0; i < a.bars.series().size(); ++i) {
    const auto& x = a.bars.series()[i];
    const auto& y = b.bars.series()[i];
    CHECK(x.symbol == y.symbol);
    CHECK(x.digest == y.digest);
    CHECK(std::equal(x.days.begin(), x.days.end(), y.days.begin(), y.days.end()));
    CHECK(std::equal(x.low.begin(), x.low.end(), y.low.begin(), y.low.end()));
    CHECK(std::equal(x.close.begin(), x.close.end(), y.close.begin(), y.close.end()));
  }
}

TEST_CASE("the second run reads the cache, and what changed", "[bars][cache]") {
  const Folder folder;
  folder.write("AA.csv", header + "2020-01-02,10,11,9,10,1\n2020-01-03,11,10,9,10,1\n");
  folder.write("BB.csv", header + "2020-01-02,20,21,19,20,1\n");
  const auto first = load_bars(folder.path()).value();
  CHECK(first.files_read == 2);
  CHECK(first.cache == folder / ".heed-bars.cache");
  const auto second = load_bars(folder.path()).value();
  CHECK(second.files_read == 0);
  check_same(first, second);
  REQUIRE(second.issues.size() == 1);

  SECTION("another content of the same size, with the old times") {
    const auto times = std::filesystem::last_write_time(folder / "AA.csv");
    folder.write("AA.csv", header + "2020-01-02,10,11,8,10,1\n2020-01-03,11,10,9,10,1\n");
    std::filesystem::last_write_time(folder / "AA.csv", times);
    const auto third = load_bars(folder.path()).value();
    CHECK(third.files_read == 1);
    CHECK(third.bars.find("AA")->low_at(0) == 8_d);
    CHECK(third.bars.find("BB")->digest == first.bars.find("BB")->digest);
    CHECK(load_bars(folder.path()).value().files_read == 0);
  }
  SECTION("a file more, a file less") {
    folder.write("CC.csv", header + "2020-01-02,30,31,29,30,1\n");
    CHECK(load_bars(folder.path()).value().files_read == 1);
    std::filesystem::remove(folder / "AA.csv");
    const auto third = load_bars(folder.path()).value();
    CHECK(third.files_read == 0);
    CHECK(third.bars.series().size() == 2);
    CHECK(third.issues.empty());
  }
  SECTION("packed, it is the same data") {
    const auto text = folder.read("AA.csv");
    std::filesystem::remove(folder / "AA.csv");
    folder.write_gz("AA.csv.gz", text);
    const auto third = load_bars(folder.path()).value();
    CHECK(third.files_read == 1);
    CHECK(third.bars.find("AA")->digest == first.bars.find("AA")->digest);
  }
  SECTION("a damaged cache is never believed") {
    const auto good = folder.read(".heed-bars.cache");
    for (std::size_t i = 0; i < good.size(); i += 7) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      folder.write(".heed-bars.cache", bad);
      const auto again = load_bars(folder.path());
      REQUIRE(again);
      check_same(first, again.value());
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{60}, good.size() - 1}) {
      folder.write(".heed-bars.cache", good.substr(0, size));
      check_same(first, load_bars(folder.path()).value());
    }
  }
  SECTION("without a cache") {
    BarOptions options;
    options.use_cache = false;
    const auto third = load_bars(folder.path(), options).value();
    CHECK(third.files_read == 2);
    CHECK(third.cache.empty());
    check_same(first, third);
  }
}

TEST_CASE("a folder that cannot be written gets its cache elsewhere", "[bars][cache]") {
  const Folder folder;
  std::filesystem::create_directory(folder / "bars");
  folder.write("bars/AA.csv", header + "2020-01-02,10,11,9,10,1\n");
  // Root writes everywhere; a folder under the cache's name stops even root.
  std::filesystem::create_directory(folder / "bars/.heed-bars.cache");
  const auto first = load_bars(folder / "bars").value();
  CHECK(first.cache.find(folder / "user-cache/heed/") == 0);
  CHECK(load_bars(folder / "bars").value().files_read == 0);
}

TEST_CASE("gaps are sessions of the benchmark without a bar in between", "[bars]") {
  Past past;
  past.flat("AA", 3, 5, "10").flat("AA", 8, 9, "10").flat("BB", 2, 4, "10");
  const auto bars = past.bar_set();
  const auto gaps = find_gaps(bars, *bars.find("SPY"));
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].str() ==
        "AA: date: no bar on 2 sessions of the benchmark, the first on " + to_iso_date(Past::session(6)));
}

TEST_CASE("the fingerprint sees every bit and the length", "[bars][cache]") {
  std::string text(100, 'x');
  const auto whole = fingerprint(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(fingerprint(other) != whole);
  }
  CHECK(fingerprint(std::string(99, 'x')) != whole);
  CHECK(fingerprint(std::string(33, '\0')) != fingerprint(std::string(34, '\0')));
}

}  // namespace
}  // namespace heed::backtest::test
