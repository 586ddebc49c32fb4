// What every journal keeps of the past: runs, what they gave, their trades, and bars.
#include "tests/persistence/support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

BacktestRunRow a_run(const std::string& id, BacktestStatus status, int at,
                     BacktestKind kind = BacktestKind::backtest) {
  BacktestRunRow row{id, kind, status, R"({"stop_pct":"0.08"})", "", "", "", minute(at), std::nullopt};
  if (status == BacktestStatus::done) {
    row.digest = "d-" + id;
    row.summary = R"({"metrics":{"total_return_pct":1.5}})";
    row.finished_at = minute(at + 1);
  }
  return row;
}

BacktestTradeRow a_run_trade(const std::string& run, int number) {
  return {run,
          number,
          "NVDA",
          41 + number,
          Date{std::chrono::days{19'000}},
          dec("100.05"),
          Date{std::chrono::days{19'003}},
          dec("120.06"),
          dec("24.5"),
          dec("490.245"),
          "20.000000000000004",
          3,
          CloseReason::tp_hit};
}

BarRow a_bar(const char* symbol, int day, const char* close) {
  return {symbol,      "1d",           Date{std::chrono::days{19'000 + day}},
          dec("10.1"), dec("11"),      dec("9.000000001"),
          dec(close),  123'456'789'012};
}

std::vector<std::string> run_ids(const std::vector<BacktestRunRow>& rows) {
  std::vector<std::string> out;
  for (const auto& row : rows)
    out.push_back(row.run_id);
  return out;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("journal: a run comes back whole, with what it gave", "[persistence][contract][past]") {
  auto store = any_store();
  auto& reader = store.reader();
  CHECK_FALSE(must(reader.backtest_run("b-1")));
  CHECK(must(reader.backtest_result("b-1")).empty());
  CHECK(must(reader.backtest_trades("b-1")).empty());
  append(store.writer(), {a_run("b-1", BacktestStatus::running, 1)});
  CHECK(to_json(*must(reader.backtest_run("b-1"))) == to_json(a_run("b-1", BacktestStatus::running, 1)));

  const auto done = a_run("b-1", BacktestStatus::done, 1);
  const std::string result = R"({"equity_curve":[["2020-01-02","100000.00"]],"says":"'\" €"})";
  append(store.writer(), {a_run_trade("b-1", 1), a_run_trade("b-1", 0), a_run_trade("b-2", 0),
                          BacktestResultRow{"b-1", 1, result.substr(9)}, done});
  append(store.writer(), {BacktestResultRow{"b-1", 0, result.substr(0, 9)}, BacktestResultRow{"b-2", 0, "{}"}});
  CHECK(to_json(*must(reader.backtest_run("b-1"))) == to_json(done));
  CHECK(must(reader.backtest_result("b-1")) == result);
  CHECK(texts(must(reader.backtest_trades("b-1"))) ==
        texts(std::vector{a_run_trade("b-1", 0), a_run_trade("b-1", 1)}));
  CHECK(must(reader.backtest_trades("b-2")).size() == 1);
}

TEST_CASE("journal: runs are listed by time of asking, by kind and by status", "[persistence][contract][past]") {
  auto store = any_store();
  auto& reader = store.reader();
  append(store.writer(), {a_run("b-1", BacktestStatus::queued, 1), a_run("b-2", BacktestStatus::failed, 2),
                          a_run("b-3", BacktestStatus::done, 3, BacktestKind::sweep)});
  append(store.writer(), {a_run("b-1", BacktestStatus::done, 1)});
  ListFilter filter;
  CHECK(run_ids(must(reader.backtest_runs(filter)).rows) == Ids{"b-3", "b-2", "b-1"});
  filter.status = "done";
  CHECK(run_ids(must(reader.backtest_runs(filter)).rows) == Ids{"b-3", "b-1"});
  filter.type = "sweep";
  CHECK(run_ids(must(reader.backtest_runs(filter)).rows) == Ids{"b-3"});
  filter = {};
  filter.from = minute(2);
  CHECK(run_ids(must(reader.backtest_runs(filter)).rows) == Ids{"b-3", "b-2"});
  filter = {};
  filter.limit = 2;
  const auto page = must(reader.backtest_runs(filter));
  filter.cursor = page.next_cursor;
  CHECK(run_ids(must(reader.backtest_runs(filter)).rows) == Ids{"b-1"});
  filter = {};
  filter.status = "ended";
  CHECK(reader.backtest_runs(filter).error().code == "LIST_STATUS");
  filter.status.clear();
  filter.symbol = "NVDA";
  CHECK(reader.backtest_runs(filter).error().code == "LIST_FILTER");
}

TEST_CASE("journal: bars by symbol and date; a bar written again is the later one", "[persistence][contract][past]") {
  auto store = any_store();
  auto& reader = store.reader();
  CHECK(must(reader.bar_symbols()).empty());
  append(store.writer(), {a_bar("TSLA", 2, "10"), a_bar("NVDA", 3, "10"), a_bar("NVDA", 1, "10"),
                          a_bar("NVDA", 2, "10"), a_bar("BRK.B", 0, "10")});
  append(store.writer(), {a_bar("NVDA", 2, "10.5")});
  CHECK(must(reader.bar_symbols()) == std::vector<Symbol>{"BRK.B", "NVDA", "TSLA"});
  CHECK(texts(must(reader.bars("NVDA", {}, {}))) ==
        texts(std::vector{a_bar("NVDA", 1, "10"), a_bar("NVDA", 2, "10.5"), a_bar("NVDA", 3, "10")}));
  const Date second{std::chrono::days{19'002}};
  CHECK(texts(must(reader.bars("NVDA", second, {}))) ==
        texts(std::vector{a_bar("NVDA", 2, "10.5"), a_bar("NVDA", 3, "10")}));
  CHECK(texts(must(reader.bars("NVDA", {}, second))) ==
        texts(std::vector{a_bar("NVDA", 1, "10"), a_bar("NVDA", 2, "10.5")}));
  CHECK(must(reader.bars("AMD", {}, {})).empty());
}
