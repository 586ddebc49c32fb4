#include "backtest/sweep.hpp"
#include "backtest/output.hpp"
#include "net/json.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

TEST_CASE("grids and lists", "[sweep]") {
  using Values = std::vector<std::string>;
  CHECK(parse_grid("a=0.6:0.9:0.1").value().values == Values{"0.6", "0.7", "0.8", "0.9"});
  CHECK(parse_grid("a=1:2:0.4").value().values == Values{"1", "1.4", "1.8"});
  CHECK(parse_grid("a=-1:0:1").value().values == Values{"-1", "0"});
  CHECK(parse_grid("a=3:3:1").value().values == Values{"3"});
  CHECK(parse_grid("a=3:3:1").value().key == "a");
  CHECK(parse_list("a=x,y").value().values == Values{"x", "y"});
  for (const auto* bad :
       {"", "a", "=1:2:1", "a=1:2", "a=1:2:0", "a=1:2:-1", "a=2:1:1", "a=x:2:1", "a:1=2:3", "a=0:1:0.000000001"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_grid(bad));
    CHECK(parse_grid(bad).error().detail.find("--grid") == 0);
  }
  for (const auto* bad : {"", "a", "a=", "a=x,", "a=,x", "=x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_list(bad));
  }
}

TEST_CASE("combinations, the last axis moving fastest", "[sweep]") {
  const auto sets = combinations({{"a", {"1", "2"}}, {"b", {"x", "y", "z"}}});
  REQUIRE(sets.size() == 6);
  CHECK(sets[1] == std::vector<std::string>{"1", "y"});
  CHECK(sets[3] == std::vector<std::string>{"2", "x"});
}

TEST_CASE("sessions are split into parts that follow each other", "[sweep]") {
  std::vector<std::int32_t> sessions;
  for (int i = 0; i < 10; ++i)
    sessions.push_back(static_cast<std::int32_t>(Past::session(i).time_since_epoch().count()));
  const auto spans = split(sessions, 3);
  REQUIRE(spans.size() == 3);
  CHECK(spans[0].from == Past::session(0));
  CHECK(spans[0].to == Past::session(2));
  CHECK(spans[1].from == Past::session(3));
  CHECK(spans[2].to == Past::session(9));
  CHECK(split(sessions, 100).size() == 10);
}

TEST_CASE("the luck of many trials", "[sweep]") {
  CHECK(lucky_sharpe(1, 252) == 0.0);
  // The expected largest of N standard normal numbers is 1.5388 for 10, 2.5076 for 100; the formula approximates it.
  CHECK(lucky_sharpe(10, 252) == Approx(1.5388).epsilon(0.03));
  CHECK(lucky_sharpe(100, 252) == Approx(2.5076).epsilon(0.02));
  CHECK(lucky_sharpe(100, 1008) == Approx(lucky_sharpe(100, 252) / 2.0));
}

Past two_symbols() {
  Past past{60};
  past.flat("AA", 0, 10, "50").flat("AA", 11, 59, "55").flat("BB", 0, 20, "50").flat("BB", 21, 59, "45");
  for (int i = 0; i < 40; i += 3)
    past.call(i, i % 2 == 0 ? "AA" : "BB", MentionAction::buy, i % 4 == 0 ? "0.65" : "0.85");
  return past;
}

TEST_CASE("shared ground gives what a run by itself gives", "[sweep]") {
  const auto past = two_symbols();
  SharedGround shared{past.calls(), past.bar_set()};
  std::vector<Params> sets;
  for (const auto entry : {Entry::next_day_open, Entry::next_open})
    for (const auto step : {0.05_d, 0.1_d})
      for (const auto conviction : {0.6_d, 0.8_d}) {
        auto params = plain_prices();
        params.entry = entry;
        params.aggregator.boost_step = step;
        params.strategy.min_conviction = conviction;
        sets.push_back(params);
      }
  for (const auto& params : sets)
    REQUIRE(shared.prepare(params));
  for (const auto& params : sets)
    CHECK(shared.run(params).value() == past.run(params));
}

TEST_CASE("ranking, and what is said of it", "[sweep]") {
  Sweep sweep;
  sweep.axes = {{"stop_pct", {"0.05", "0.1"}}, {"on_repeat_buy", {"top_up", "<roll>"}}};
  sweep.figure = find_rank_figure("sharpe");
  sweep.sessions = 252;
  for (auto& values : combinations(sweep.axes))
    sweep.rows.push_back({values, "d", Metrics{}, ""});
  sweep.rows[0].metrics->sharpe = 1.0;
  sweep.rows[1].metrics->sharpe = 2.0;
  sweep.rows[2].metrics.reset();
  sweep.rows[2].error = "no session";
  CHECK(sweep.ranking() == std::vector<std::size_t>{1, 0, 2, 3});
  sweep.figure = find_rank_figure("max_drawdown_pct");
  sweep.rows[0].metrics->max_drawdown_pct = 5.0;
  sweep.rows[1].metrics->max_drawdown_pct = 9.0;
  CHECK(sweep.ranking().front() == 0);
  CHECK(find_rank_figure("luck") == nullptr);
  CHECK(sweep.warning().find("4 sets were tried") == 0);

  sweep.figure = find_rank_figure("sharpe");
  const auto json = net::parse_json(to_json(sweep)).value();
  CHECK(json.find("trials")->text == "4");
  CHECK(json.find("runs")->items.size() == 4);
  CHECK(json.find("runs")->items[2].find("error")->text == "no session");
  CHECK(json.find("runs")->items[1].find("metrics")->find("sharpe")->text == "2");
  CHECK(json.find("best")->find("params")->find("on_repeat_buy")->text == "<roll>");
  const auto html = to_html(sweep);
  CHECK(html.find("sharpe by stop_pct and on_repeat_buy") != std::string::npos);
  CHECK(html.find("<roll>") == std::string::npos);
  CHECK(html.find("&lt;roll&gt;") != std::string::npos);
  CHECK(html.find("nan") == std::string::npos);
}

}  // namespace
}  // namespace heed::backtest::test
