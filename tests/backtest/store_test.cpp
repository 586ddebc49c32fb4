// A stored run is the run: what a journal gives back is the text that the run was shown as.
#include "backtest/store.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

struct Ran {
  Past past{30};
  Ground ground;
  Convictions convictions;
  Report report;

  explicit Ran(Params params) : ground{make(past, params)} {
    convictions = weigh(ground.calls(), params.aggregator, params.default_conviction);
    report.ground = &ground;
    report.convictions = &convictions;
    report.params = params;
    report.run = run(ground, convictions, params).value();
    report.metrics = measure(report.run, params);
    report.digest = digest_of(ground, params, "test");
  }
  static Ground make(Past& past, const Params& params) {
    past.flat("AA", 0, 9, "50").flat("AA", 10, 29, "61.37").flat("BB", 0, 29, "7");
    past.call(1, "AA", MentionAction::buy)
      .call(2, "BB", MentionAction::buy, "0.61")
      .call(3, "CC", MentionAction::buy);
    past.call(25, "BB", MentionAction::buy);
    return Ground::make(past.calls(), past.bar_set(), params.benchmark, params.entry).value();
  }
};

TEST_CASE("a stored run comes back as the text that it was", "[store]") {
  auto params = plain_prices();
  params.commission_per_order = dec("0.35");
  const Ran ran{params};
  REQUIRE(ran.report.run.trades.size() >= 3);
  BacktestRunRow asked;
  asked.run_id = "b-1";
  asked.status = BacktestStatus::running;
  const auto rows = rows_of(ran.report, asked);
  std::vector<BacktestTradeRow> trades;
  std::string result;
  for (const auto& row : rows) {
    if (const auto* trade = std::get_if<BacktestTradeRow>(&row)) {
      CHECK(trade->run_id == "b-1");
      CHECK(trade->number == static_cast<std::int32_t>(trades.size()));
      trades.push_back(*trade);
    } else if (const auto* stored = std::get_if<BacktestResultRow>(&row)) {
      result += stored->result;
    }
  }
  CHECK(stored_json(result, trades) == to_json(ran.report));
  const auto* run = std::get_if<BacktestRunRow>(&rows.back());
  REQUIRE(run != nullptr);
  CHECK(run->status == BacktestStatus::done);
  CHECK(run->digest == ran.report.digest);
  CHECK(run->summary.find("\"total_return_pct\":") != std::string::npos);
  CHECK(run->summary.find("\"filled\":3") != std::string::npos);
  CHECK(params_json(params).find("\"commission_per_order\":\"0.35\"") != std::string::npos);
}

TEST_CASE("a long result is stored in pieces of whole characters", "[store]") {
  std::string text;
  while (text.size() < 2 * result_piece_bytes + 100)
    text += "aé€\xf0\x9f\x93\x88";
  std::vector<Row> rows;
  append_result(rows, "b-1", text);
  REQUIRE(rows.size() == 3);
  std::string back;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& piece = std::get<BacktestResultRow>(rows[i]);
    CHECK(piece.run_id == "b-1");
    CHECK(piece.part == static_cast<std::int32_t>(i));
    CHECK(piece.result.size() <= result_piece_bytes);
    CHECK((static_cast<unsigned char>(piece.result.front()) & 0xC0U) != 0x80U);
    back += piece.result;
  }
  CHECK(back == text);
}

TEST_CASE("a run may be watched, and ended in its middle", "[store]") {
  Ran ran{plain_prices()};
  std::size_t seen = 0;
  const auto whole = run(ran.ground, ran.convictions, ran.report.params, [&](std::size_t done, std::size_t all) {
    CHECK(done == seen++);
    CHECK(all == 30);
    return true;
  });
  REQUIRE(whole.ok());
  CHECK(whole.value() == ran.report.run);
  CHECK(seen == 30);
  const auto ended =
    run(ran.ground, ran.convictions, ran.report.params, [](std::size_t done, std::size_t) { return done < 7; });
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().kind == ErrorKind::rejected);
  CHECK(ended.error().code == "CANCELLED");
}

TEST_CASE("a run is stored in short commits, and in order", "[store]") {
  std::vector<Row> rows;
  for (std::int32_t i = 0; i < 450; ++i) {
    BacktestTradeRow trade;
    trade.number = i;
    rows.emplace_back(trade);
  }
  append_result(rows, "b-1", std::string(result_piece_bytes + 1, 'x'));
  rows.emplace_back(BacktestRunRow{});
  const auto commits = commits_of(rows);
  REQUIRE(commits.size() == 5);
  CHECK(commits[0].size() == 200);
  CHECK(commits[1].size() == 200);
  CHECK(commits[2].size() == 51);
  CHECK(std::holds_alternative<BacktestResultRow>(commits[2].back()));
  CHECK(commits[3].size() == 1);
  CHECK(std::holds_alternative<BacktestRunRow>(commits[4].back()));
  CHECK(commits_of({}).empty());
}

TEST_CASE("a new run is newer than all, whatever the clock says", "[store]") {
  const auto now = at("2026-11-20T15:00:00Z");
  const auto first = new_run(BacktestKind::sweep, "{}", now, std::nullopt);
  CHECK(first.created_at == now);
  CHECK(first.kind == BacktestKind::sweep);
  CHECK(first.run_id.size() == 18);
  const auto second = new_run(BacktestKind::backtest, "{}", now - std::chrono::hours{1}, first.created_at);
  CHECK(second.created_at > first.created_at);
  CHECK(second.run_id != first.run_id);
  CHECK(new_run(BacktestKind::sweep, "", now, std::nullopt).run_id == first.run_id);
}

}  // namespace
}  // namespace heed::backtest::test
