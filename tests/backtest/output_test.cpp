#include "backtest/output.hpp"
#include "net/json.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace heed::backtest::test {
namespace {

struct Made {
  explicit Made(const Past& past, Params params = plain_prices())
      : ground{Ground::make(past.calls(), past.bar_set(), params.benchmark, params.entry).value()},
        convictions{weigh(ground.calls(), params.aggregator, params.default_conviction)} {
    report.ground = &ground;
    report.convictions = &convictions;
    report.params = params;
    report.run = run(ground, convictions, params).value();
    report.metrics = measure(report.run, params);
    report.digest = digest_of(ground, params, "1.0");
    report.mentions = "calls.jsonl";
    report.bars = "bars";
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;

  Ground ground;
  Convictions convictions;
  Report report;
};

Past sample() {
  Past past;
  past.flat("AA", 0, 3, "50")
    .flat("AA", 4, 19, "55")
    .call(0, "AA", MentionAction::buy)
    .call(1, "ZZ", MentionAction::buy);
  return past;
}

TEST_CASE("the result as JSON has the contract's names and kinds", "[output]") {
  const Made made{sample()};
  const auto json = net::parse_json(to_json(made.report)).value();
  CHECK(json.find("digest")->text.size() == 64);
  for (const auto* name : {"total_return_pct", "cagr_pct", "sharpe", "max_drawdown_pct", "win_rate_pct",
                           "trade_count", "avg_winner_pct", "alpha_vs_spy_pct"}) {
    CAPTURE(name);
    REQUIRE(json.find("metrics")->find(name) != nullptr);
    CHECK(json.find("metrics")->find(name)->is_number());
  }
  for (const auto* name : {"profit_factor", "avg_loser_pct", "beta_vs_spy"})
    CHECK(json.find("metrics")->find(name)->is_null());  // nothing lost, and a benchmark that does not move
  CHECK(json.find("dispositions")->find("filled")->text == "1");
  CHECK(json.find("dispositions")->find("no_op:no_data")->text == "1");
  REQUIRE(json.find("trades")->items.size() == 1);
  const auto& trade = json.find("trades")->items[0];
  const std::vector<std::pair<std::string, std::string>> fields{
    {"symbol", "AA"},          {"mention_id", "1"},         {"entry_date", "2024-01-09"},
    {"entry_price", "50"},     {"exit_date", "2024-01-12"}, {"exit_price", "55"},
    {"quantity", "60"},        {"pnl", "300.00"},           {"pnl_pct", "10"},
    {"holding_sessions", "3"}, {"reason", "TIME_EXIT"}};
  REQUIRE(trade.members.size() == fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    CHECK(trade.members[i].first == fields[i].first);
    CHECK(trade.members[i].second.text == fields[i].second);
  }
  CHECK(trade.find("pnl")->is_string());
  CHECK(trade.find("pnl_pct")->is_number());
  const auto& curve = json.find("equity_curve")->items;
  REQUIRE(curve.size() == 20);
  CHECK(curve[0].items[0].text == "2024-01-08");
  CHECK(curve[0].items[1].text == "100000.00");
  CHECK(curve[19].items[1].text == "100300.00");
  CHECK(json.find("benchmark_curve")->items.size() == 20);
  CHECK(json.find("params")->find("slippage")->text == "0");
  CHECK(json.find("params")->find("to")->is_null());
  CHECK(json.find("breakdown")->find("ticker")->items.size() == 1);
}

TEST_CASE("the same input gives the same bytes; each part of it is in the digest", "[output]") {
  const Made one{sample()};
  const Made two{sample()};
  CHECK(to_json(one.report) == to_json(two.report));
  CHECK(one.report.run == two.report.run);
  const auto& digest = one.report.digest;
  auto params = plain_prices();
  params.strategy.stop_pct = 0.09_d;
  CHECK(Made(sample(), params).report.digest != digest);
  auto more = sample();
  more.call(5, "AA", MentionAction::watch);
  CHECK(Made(more).report.digest != digest);
  Past other;
  other.flat("AA", 0, 3, "50")
    .flat("AA", 4, 19, "55.0001")
    .call(0, "AA", MentionAction::buy)
    .call(1, "ZZ", MentionAction::buy);
  CHECK(Made(other).report.digest != digest);
  auto unused = sample();
  unused.flat("QQ", 0, 5, "1");  // nobody called it
  CHECK(Made(unused).report.digest == digest);
  CHECK(digest_of(one.ground, one.report.params, "1.1") != digest);
}

TEST_CASE("the digest of a known run", "[output]") {
  // Worked out once; a change means that results are not comparable any more: raise rules_version on purpose.
  CHECK(Made(sample()).report.digest == "d58dbd41b4dbe45ea19e73458537f618a7b9711c674c37f1fd5ae62d8297021d");
}

TEST_CASE("trades, equity and dispositions as CSV", "[output]") {
  const Made made{sample()};
  CHECK(trades_csv(made.report) ==
        "symbol,mention_id,entry_date,entry_price,exit_date,exit_price,quantity,pnl,pnl_pct,holding_sessions,reason\n"
        "AA,1,2024-01-09,50,2024-01-12,55,60,300.00,10,3,TIME_EXIT\n");
  const auto equity = equity_csv(made.report);
  CHECK(equity.find("date,equity,benchmark,drawdown_pct,invested\n2024-01-08,100000.00,100000.00,0.0000,0.00\n"
                    "2024-01-09,100000.00,100000.00,0.0000,3000.00\n") == 0);
  CHECK(dispositions_csv(made.report) ==
        "mention_id,created_at,symbol,action,effective_conviction,disposition,source\n"
        "1,2024-01-08T23:00:00.000000Z,AA,buy,0.8,filled,test; made up\n"
        "2,2024-01-09T23:00:00.000000Z,ZZ,buy,0.8,no_op:no_data,test; made up\n");
}

TEST_CASE("numbers", "[output]") {
  CHECK(number_text(std::nullopt) == "null");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(-25.0) == "-25");
  CHECK(fixed(-0.001, 2) == "0.00");
  CHECK(fixed(12.345, 1) == "12.3");
}

}  // namespace
}  // namespace heed::backtest::test
