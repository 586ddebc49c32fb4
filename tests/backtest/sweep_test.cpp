#include "backtest/output.hpp"
#include "backtest/sweep_run.hpp"
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

/// The sets of a small sweep, and all that its work needs.
struct Swept {
  Past past = two_symbols();
  SharedGround shared{past.calls(), past.bar_set()};
  Sweep sweep;
  std::vector<Params> sets;

  Swept() {
    sweep.axes = {{"min_conviction", {"0.6", "0.8", "7"}}};
    sweep.figure = find_rank_figure("total_return_pct");
    for (auto& values : combinations(sweep.axes)) {
      auto params = plain_prices();
      params.strategy.min_conviction = dec(values[0]);
      if (values[0] == "7")
        params.from = date("2031-01-01");
      REQUIRE(shared.prepare(params));
      sets.push_back(params);
      sweep.rows.push_back({std::move(values), {}, {}, {}});
    }
  }
  Status run(int folds, const EachSet& each, const SweepTold& told = {}) {
    return run_sweep(sweep, sets, shared, folds, "test", each, told);
  }
};

bool backwards(std::size_t count, const std::function<void(std::size_t)>& work,
               const std::function<void(std::size_t)>& done) {
  for (std::size_t i = count; i-- > 0;)
    work(i);
  for (std::size_t i = 0; i < count; ++i)
    done(i);
  return true;
}

TEST_CASE("a sweep is its runs, in whatever order they are made", "[sweep]") {
  Swept swept;
  std::vector<std::size_t> rows;
  std::vector<std::pair<std::size_t, std::size_t>> walked;
  REQUIRE(swept.run(2, backwards,
                    {[&](std::size_t i) { rows.push_back(i); },
                     [&](std::size_t step, std::size_t i) { walked.emplace_back(step, i); }}));
  CHECK(rows == std::vector<std::size_t>{0, 1, 2});
  CHECK(walked.size() == 6);
  const auto& first = swept.sweep.rows[0];
  REQUIRE(first.metrics);
  CHECK(first.metrics->total_return_pct == measure(swept.past.run(swept.sets[0]), swept.sets[0]).total_return_pct);
  CHECK(first.digest == digest_of(swept.shared.ground(swept.sets[0]), swept.sets[0], "test"));
  CHECK(swept.sweep.rows[2].error.find("2031-01-01") != std::string::npos);
  CHECK(swept.sweep.sessions == swept.past.run(swept.sets[0]).sessions.size());

  const auto& sessions = swept.past.run(swept.sets[0]).sessions;
  const auto parts = split(sessions, 3);
  REQUIRE(swept.sweep.walk.size() == 2);
  const auto& step = swept.sweep.walk[1];
  CHECK(step.in_sample.from == parts[0].from);
  CHECK(step.in_sample.to == parts[1].to);
  CHECK(step.out_of_sample.from == parts[2].from);
  auto unseen = swept.sets[step.best];
  unseen.from = parts[2].from;
  unseen.to = parts[2].to;
  CHECK(step.out.total_return_pct == measure(swept.past.run(unseen), unseen).total_return_pct);

  Swept again;
  const auto in_order = [](std::size_t count, const auto& work, const auto& done) {
    for (std::size_t i = 0; i < count; ++i) {
      work(i);
      done(i);
    }
    return true;
  };
  REQUIRE(again.run(2, in_order));
  CHECK(to_json(again.sweep) == to_json(swept.sweep));
}

TEST_CASE("a sweep may be ended in its middle", "[sweep]") {
  Swept swept;
  std::size_t sets = 0;
  const auto status = swept.run(3, [&](std::size_t count, const auto& work, const auto& done) {
    if (sets >= count)
      return false;
    for (; sets < count; ++sets) {
      work(sets);
      done(sets);
    }
    return true;
  });
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == "CANCELLED");
  CHECK(swept.sweep.walk.empty());
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
