// Many runs with different parameters: which, what came out, and how much of it is luck.
#pragma once

#include "backtest/engine.hpp"
#include "backtest/metrics.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::backtest {

/// A parameter and the values that it takes.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};
constexpr std::size_t sweep_sets_max = 100'000;

/// "min_conviction=0.6:0.9:0.05": from, to (included when it is met), step. Exact decimals. The error says the fix.
Result<Axis> parse_grid(std::string_view text);
/// "on_repeat_buy=top_up,roll"
Result<Axis> parse_list(std::string_view text);

/// One choice of values, in the order of the axes: every combination, the last axis moving fastest.
std::vector<std::vector<std::string>> combinations(const std::vector<Axis>& axes);

/// A figure that sets can be ranked by: its name, and how it is read. Larger is better, but for drawdown and
/// volatility.
struct RankFigure {
  std::string_view name;
  Metrics::Figure (*of)(const Metrics&) = nullptr;
  bool smaller_is_better = false;

  /// Whether `a` is better than `b`; what is not defined is worse than all.
  bool better(const Metrics::Figure& a, const Metrics::Figure& b) const;
};
const std::vector<RankFigure>& rank_figures();
const RankFigure* find_rank_figure(std::string_view name);

/// What runs with different parameters can share: calls laid against bars, and boosts. prepare() is called for each
/// set of parameters first; after that the rest is safe to call from many threads.
class SharedGround {
public:
  SharedGround(const Calls& calls, const BarSet& bars) : calls_{calls}, bars_{bars} {}
  Status prepare(const Params& params);
  const Ground& ground(const Params& params) const { return *grounds_.at(ground_key(params)); }
  const Convictions& convictions(const Params& params) const { return convictions_.at(convictions_key(params)); }
  /// Error as of run().
  Result<Run> run(const Params& params) const { return backtest::run(ground(params), convictions(params), params); }

private:
  static std::string ground_key(const Params& params);
  static std::string convictions_key(const Params& params);

  Calls calls_;
  BarSet bars_;
  std::map<std::string, std::unique_ptr<Ground>> grounds_;
  std::map<std::string, Convictions> convictions_;
};

/// Dates that split the sessions of a run into `parts` of nearly equal length: the first session of each part, and
/// the last of all.
struct Span {
  Date from{}, to{};
};
std::vector<Span> split(const std::vector<std::int32_t>& sessions, int parts);

/// The annual Sharpe ratio that the best of `trials` strategies without any skill is expected to show over `sessions`
/// (Bailey and Lopez de Prado 2014, for independent trials).
double lucky_sharpe(std::size_t trials, std::size_t sessions);

/// One set and what came of it; empty metrics when it could not be run.
struct SweepRow {
  std::vector<std::string> values;
  std::string digest;
  std::optional<Metrics> metrics;
  std::string error;
};
/// One step of a walk forward: the best set of the first span, and how it did in the second.
struct WalkStep {
  Span in_sample, out_of_sample;
  std::size_t best = 0;  // index of the set
  Metrics in, out;
};

struct Sweep {
  std::vector<Axis> axes;
  std::vector<SweepRow> rows;  // in the order of combinations()
  std::vector<WalkStep> walk;
  const RankFigure* figure = nullptr;
  std::size_t sessions = 0;
  std::string mentions, bars;

  /// Indexes of rows, best first; those without the figure last.
  std::vector<std::size_t> ranking() const;
  /// What has to be said of so many trials.
  std::string warning() const;
};

std::string to_json(const Sweep& sweep);
/// What a list of sweeps shows of it, as an object: metric, trials, sessions, lucky_sharpe, the best set with its
/// figures.
std::string summary_json(const Sweep& sweep);
/// One page: the warning, the best, the walk forward, heat maps of every pair of axes, and the table.
std::string to_html(const Sweep& sweep);

}  // namespace heed::backtest
