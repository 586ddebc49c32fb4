#include "backtest/metrics.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

#include <cmath>

namespace heed::backtest::test {
namespace {

/// A run with this equity, from 1,000, and this benchmark.
Run run_of(const std::vector<std::string_view>& equity, const std::vector<std::string_view>& benchmark) {
  Run run;
  for (std::size_t i = 0; i < equity.size(); ++i) {
    run.sessions.push_back(static_cast<std::int32_t>(Past::session(static_cast<int>(i)).time_since_epoch().count()));
    run.equity.push_back(dec(equity[i]));
    run.benchmark.push_back(dec(benchmark[i]));
    run.invested.push_back(dec(equity[i]) * 0.5_d);
    run.bought.push_back(Money{});
  }
  return run;
}
Params thousand() {
  Params p;
  p.capital = 1'000_d;
  return p;
}
Trade trade(std::string_view entry, std::string_view exit, int sessions = 2) {
  Trade t;
  t.quantity = 10_d;
  t.entry_price = dec(entry);
  t.exit_price = dec(exit);
  t.exit_session = sessions;
  return t;
}

TEST_CASE("figures over equity, by hand", "[metrics]") {
  // Monday to Friday: 1,000 -> 1,100 -> 990 -> 990 -> 1,089. Returns: 10 %, -10 %, 0, 10 %; the benchmark half of it.
  auto run = run_of({"1000", "1100", "990", "990", "1089"}, {"100", "105", "99.75", "99.75", "104.7375"});
  run.bought[1] = 500_d;
  const auto m = measure(run, thousand());
  CHECK(*m.total_return_pct == Approx(8.9));
  CHECK(*m.benchmark_return_pct == Approx(4.7375));
  CHECK(*m.alpha_pct == Approx(8.9 - 4.7375));
  CHECK(*m.cagr_pct == Approx((std::pow(1.089, 365.25 / 4.0) - 1.0) * 100.0));
  // mean 0.025; deviations 0.075, -0.125, -0.025, 0.075: squares 0.0275 / 3
  const double deviation = std::sqrt(0.0275 / 3.0);
  CHECK(*m.volatility_pct == Approx(deviation * std::sqrt(252.0) * 100.0));
  CHECK(*m.sharpe == Approx(0.025 / deviation * std::sqrt(252.0)));
  CHECK(*m.sortino == Approx(0.025 / std::sqrt(0.01 / 3.0) * std::sqrt(252.0)));
  CHECK(*m.max_drawdown_pct == Approx(10.0));
  CHECK(*m.drawdown_from == Past::session(1));
  CHECK(*m.drawdown_to == Past::session(2));
  CHECK_FALSE(m.recovered.has_value());
  CHECK_FALSE(m.drawdown_from_start);
  CHECK(*m.calmar == Approx(*m.cagr_pct / 10.0));
  CHECK(*m.beta == Approx(2.0));
  CHECK(*m.jensen_alpha_pct == Approx(0.0).margin(1e-9));
  // active returns are the benchmark's: 0.05, -0.05, 0, 0.05
  CHECK(*m.information_ratio == Approx(0.0125 / std::sqrt(0.006875 / 3.0) * std::sqrt(252.0)));
  CHECK(*m.exposure_pct == Approx(50.0));
  const double mean_equity = (1000 + 1100 + 990 + 990 + 1089) / 5.0;
  CHECK(*m.turnover_per_year == Approx(500.0 / mean_equity * 365.25 / 4.0));
}

TEST_CASE("the capital is the first peak", "[metrics]") {
  auto m = measure(run_of({"900", "950", "1000", "1001"}, {"1", "1", "1", "1"}), thousand());
  CHECK(*m.max_drawdown_pct == Approx(10.0));
  CHECK(m.drawdown_from_start);
  CHECK(*m.drawdown_to == Past::session(0));
  CHECK(*m.recovered == Past::session(2));
  m = measure(run_of({"1000", "1001"}, {"1", "1"}), thousand());
  CHECK(*m.max_drawdown_pct == 0.0);
  CHECK_FALSE(m.drawdown_to.has_value());
  CHECK_FALSE(m.calmar.has_value());
}

TEST_CASE("what is not defined is empty, never NaN", "[metrics]") {
  SECTION("one session") {
    const auto m = measure(run_of({"1000"}, {"100"}), thousand());
    CHECK(*m.total_return_pct == 0.0);
    for (const auto& figure : {m.cagr_pct, m.volatility_pct, m.sharpe, m.sortino, m.calmar, m.beta,
                               m.jensen_alpha_pct, m.information_ratio, m.turnover_per_year})
      CHECK_FALSE(figure.has_value());
  }
  SECTION("nothing moves") {
    const auto m = measure(run_of({"1000", "1000", "1000"}, {"1", "1", "1"}), thousand());
    CHECK(*m.volatility_pct == 0.0);
    for (const auto& figure : {m.sharpe, m.sortino, m.beta, m.information_ratio, m.calmar})
      CHECK_FALSE(figure.has_value());
  }
  SECTION("everything is lost") {
    const auto m = measure(run_of({"1000", "0", "0"}, {"1", "2", "1"}), thousand());
    CHECK(*m.total_return_pct == Approx(-100.0));
    CHECK(*m.max_drawdown_pct == Approx(100.0));
    for (const auto& figure : {m.cagr_pct, m.sharpe, m.beta, m.exposure_pct, m.turnover_per_year})
      CHECK_FALSE(figure.has_value());
  }
  SECTION("no trades") {
    const auto m = measure(run_of({"1000", "1000"}, {"1", "1"}), thousand());
    CHECK(m.trade_count == 0);
    for (const auto& figure :
         {m.win_rate_pct, m.profit_factor, m.avg_winner_pct, m.avg_loser_pct, m.avg_holding_sessions})
      CHECK_FALSE(figure.has_value());
    CHECK_FALSE(m.best_trade.has_value());
  }
}

TEST_CASE("figures over trades, by hand", "[metrics]") {
  auto run = run_of({"1000", "1000"}, {"1", "1"});
  run.trades = {trade("10", "11", 3), trade("10", "9"), trade("20", "20"), trade("10", "13", 1)};
  const auto m = measure(run, thousand());
  CHECK(m.trade_count == 4);
  CHECK(*m.win_rate_pct == Approx(50.0));
  CHECK(*m.avg_winner_pct == Approx(20.0));  // 10 % and 30 %
  CHECK(*m.avg_loser_pct == Approx(-5.0));   // -10 % and 0 %: who does not win, loses
  CHECK(*m.profit_factor == Approx(4.0));    // 10 + 30 over 10
  CHECK(*m.best_trade == 3);
  CHECK(*m.worst_trade == 1);
  CHECK(m.total_pnl == 30_d);
  CHECK(*m.avg_holding_sessions == Approx(2.0));
  run.trades = {trade("10", "11")};
  CHECK_FALSE(measure(run, thousand()).profit_factor.has_value());  // nothing lost
}

TEST_CASE("sums of many large trades stay figures", "[metrics]") {
  auto run = run_of({"1000", "1000"}, {"1", "1"});
  run.bought = {8'000'000'000_d, 8'000'000'000_d};
  for (int i = 0; i < 4; ++i) {
    auto t = trade("1000", i % 2 == 0 ? "1900" : "100");
    t.quantity = 5'000'000_d;
    run.trades.push_back(t);
  }
  const auto m = measure(run, thousand());
  CHECK(*m.profit_factor == Approx(1.0));
  CHECK(*m.turnover_per_year == Approx(16e9 / 1000.0 * 365.25));
}

TEST_CASE("months", "[metrics]") {
  Past past{30};
  past.flat("AA", 0, 29, "50").call(0, "AA", MentionAction::buy);
  auto params = plain_prices();
  params.commission_per_order = 500_d;
  const auto run = past.run(params);
  const auto months = monthly(run, params);
  REQUIRE(months.size() == 2);
  CHECK(months[0].year == 2024);
  CHECK(months[0].month == 1);
  CHECK(*months[0].return_pct == Approx(-1.0));
  CHECK(*months[1].return_pct == Approx(0.0));
}

TEST_CASE("the benchmark's curve begins with the capital", "[metrics]") {
  const auto curve = benchmark_curve(run_of({"1000", "1", "1"}, {"3", "2", "4"}), thousand());
  CHECK(curve == std::vector<Money>{1'000_d, 666.67_d, 1333.33_d});
}

TEST_CASE("groups", "[metrics]") {
  Past past;
  past.flat("AA", 0, 3, "50").flat("AA", 4, 19, "60").flat("BB", 0, 3, "50").flat("BB", 4, 19, "40");
  past.call(0, "AA", MentionAction::buy, "0.8")
    .call(0, "BB", MentionAction::buy, "1")
    .call(0, "CC", MentionAction::watch, "");
  const auto params = plain_prices();
  const auto ground = Ground::make(past.calls(), past.bar_set(), params.benchmark, params.entry).value();
  const auto weights = weigh(ground.calls(), params.aggregator, std::nullopt);
  const auto groups = break_down(run(ground, weights, params).value(), ground, weights);
  REQUIRE(groups.ticker.size() == 2);
  CHECK(groups.ticker[0].name == "AA");
  CHECK(groups.ticker[0].pnl == 600_d);
  CHECK(*groups.ticker[0].win_rate_pct == 100.0);
  CHECK_FALSE(groups.ticker[0].profit_factor.has_value());
  CHECK(*groups.ticker[1].avg_pct == Approx(-20.0));  // due at an open of 40
  REQUIRE(groups.action.size() == 2);
  CHECK(groups.action[1].name == "watch");
  CHECK(groups.action[1].calls == 1);
  CHECK(groups.action[1].trades == 0);
  REQUIRE(groups.conviction.size() == 3);
  CHECK(groups.conviction[0].name == "none");
  CHECK(groups.conviction[1].name == "0.8 to 0.9");
  CHECK(groups.conviction[2].name == "0.9 to 1");
  REQUIRE(groups.source.size() == 1);
  CHECK(groups.source[0].name == "test");
}

}  // namespace
}  // namespace heed::backtest::test
