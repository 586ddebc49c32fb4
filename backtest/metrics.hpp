// Figures over a run. Formulas and sources: docs/backtest.md. What is not defined is empty, never NaN or infinite.
#pragma once

#include "backtest/engine.hpp"
#include "backtest/run.hpp"

#include <optional>
#include <string>
#include <vector>

namespace heed::backtest {

/// Figures in percent where the name says so; ratios otherwise.
struct Metrics {
  using Figure = std::optional<double>;

  Figure total_return_pct, benchmark_return_pct, alpha_pct;
  Figure cagr_pct, volatility_pct, sharpe, sortino, calmar;
  Figure max_drawdown_pct;                                    // >= 0, of the running peak
  std::optional<Date> drawdown_from, drawdown_to, recovered;  // peak, lowest, first back at the peak; of the deepest
  bool drawdown_from_start = false;                           // the peak was the capital, before the first session
  Figure beta, jensen_alpha_pct, information_ratio;
  Figure exposure_pct, turnover_per_year, avg_holding_sessions;

  std::size_t trade_count = 0;
  Figure win_rate_pct, profit_factor, avg_winner_pct, avg_loser_pct;
  std::optional<std::size_t> best_trade, worst_trade;  // indexes, by percent; the earliest of equals
  Money total_pnl, commission;
};

Metrics measure(const Run& run, const Params& params);

/// Calls that have something in common, and what came of them.
struct Group {
  std::string name;
  std::size_t calls = 0;
  std::size_t trades = 0;
  std::size_t winners = 0;
  Money pnl;
  std::optional<double> win_rate_pct, avg_pct, profit_factor;
};

/// Groups in the order of their names (conviction and horizon: by rank); tickers only those that traded.
struct Breakdown {
  std::vector<Group> ticker, horizon, action, conviction, source;
};
Breakdown break_down(const Run& run, const Ground& ground, const Convictions& convictions);

/// Equity's change by calendar month; the first month counts from the capital.
struct Month {
  int year = 0;
  unsigned month = 0;  // 1..12
  std::optional<double> return_pct;
};
std::vector<Month> monthly(const Run& run, const Params& params);

/// Depth under the running peak after each session, in percent, >= 0; the capital is the first peak.
std::vector<double> drawdowns(const Run& run, const Params& params);

/// What the capital would have become in the benchmark, bought at the first session's close; to cents.
std::vector<Money> benchmark_curve(const Run& run, const Params& params);

}  // namespace heed::backtest
