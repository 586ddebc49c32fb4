// What calls and bars lack of each other, and of the benchmark; test_past_input.py has the words of the command.
#include "backtest/coverage.hpp"
#include "files.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

TEST_CASE("calls without bars and calls without a session", "[coverage]") {
  Past past{5};
  past.flat("AA", 0, 4, "50");
  past.call(0, "AA", MentionAction::buy).call(0, "BB", MentionAction::buy).call(1, "CC", MentionAction::sell);
  past.call(1, "BB", MentionAction::buy).call(-5, "AA", MentionAction::buy).call(9, "AA", MentionAction::buy);
  const auto calls = past.calls();
  const auto bars = past.bar_set();
  const auto& benchmark = *bars.find("SPY");
  const auto all = find_uncovered_calls(calls, bars, benchmark, {"calls.jsonl", "bars"}, false);
  REQUIRE(all.size() == 2);
  CHECK(all[0].level == IssueLevel::error);
  CHECK(all[0].field == "symbol");
  CHECK(all[0].reason.find("BB has no bars in bars, nor has 1 other symbol: 3 calls cannot trade") == 0);
  CHECK(all[1].field == "created_at");
  CHECK(all[1].reason.find("before the first bar of SPY, 2024-01-08; so is 1 other call") != std::string::npos);
  const auto each = find_uncovered_calls(calls, bars, benchmark, {"calls.jsonl", "bars"}, true);
  REQUIRE(each.size() == 4);
  CHECK(each[0].reason == "BB has no bars in bars: 2 calls on it cannot trade");
  CHECK(each[1].reason == "CC has no bars in bars: 1 call on it cannot trade");
}

TEST_CASE("bars on dates that are no session", "[coverage]") {
  Past past{5};
  past.flat("AA", 0, 4, "50").flat("BB", 0, 3, "50");
  past.bar("BB", 7, {"50", "50", "50", "50"});  // after the benchmark's end: not within its dates
  CHECK(find_strange_dates(past.bar_set(), *past.bar_set().find("SPY"), {"calls.jsonl", "bars"}).empty());
  core::BarColumns few;
  for (const int session : {0, 2, 4}) {
    few.days.push_back(static_cast<std::int32_t>(Past::session(session).time_since_epoch().count()));
    for (auto* column : {&few.open, &few.high, &few.low, &few.close})
      column->push_back(Decimal{100}.units());
    few.volume.push_back(1);
  }
  BarSetBuilder builder;
  builder.add(Symbol{"QQ"}, few);
  const auto other = builder.finish();
  const Folder folder;
  folder.write("AA.csv", "date,open,high,low,close,volume\n2024-01-08,5,5,5,5,1\n2024-01-09,5,5,5,5,1\n");
  folder.write_gz("BB.csv.gz", "date,open,high,low,close,volume\n2024-01-09,5,5,5,5,1\n");
  const auto issues = find_strange_dates(past.bar_set(), *other.find("QQ"), {"calls.jsonl", folder.path()});
  REQUIRE(issues.size() == 3);  // AA, BB and SPY
  CHECK(issues[0].file == folder / "AA.csv");
  CHECK(issues[0].line == 3);
  CHECK(issues[1].file == folder / "BB.csv.gz");
  CHECK(issues[1].line == 2);
  CHECK(issues[2].file == folder / "SPY");  // from no file
  CHECK(issues[2].line == 0);
  CHECK(issues[0].field == "date");
  CHECK(issues[0].reason ==
        "2024-01-09 is no session: QQ has no bar of that date, nor of 1 other date here; never looked at");
}

}  // namespace
}  // namespace heed::backtest::test
