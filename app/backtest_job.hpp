// A run over the past as the daemon does it: what a request asks for, checked, and carried out.
#pragma once

#include "api/backtest_port.hpp"
#include "app/cli/backtest_settings.hpp"
#include "backtest/sweep.hpp"
#include "config/config.hpp"
#include "persistence/journal.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace heed {

struct BacktestJob {
  std::string mentions;       // a file of `mentions_folder`; empty: the stored mentions
  std::string mentions_path;  // where it lies
  std::string source;         // of stored mentions only those of this source; empty: all
  std::string bars;           // folder; empty: the table of bars
  cli::BacktestSettings settings;
  // Of a sweep.
  std::vector<backtest::Axis> axes;
  const backtest::RankFigure* figure = nullptr;
  int folds = 0;

  BacktestKind kind() const { return axes.empty() ? BacktestKind::backtest : BacktestKind::sweep; }
  /// JSON object: what it is run with.
  std::string params_json() const;
};

struct BacktestRefusal {
  std::string field;   // of the request; may be empty
  std::string detail;  // what is wrong, and the fix
};

/// Looks at the configuration and at whether files are there; reads none.
std::variant<BacktestJob, BacktestRefusal> make_job(const api::BacktestRequest& request,
                                                    const config::Config& config);

/// Told how far it is, 0 to 1; false ends it.
using BacktestWatch = std::function<bool(double)>;

/// Reads the input, runs it, and gives the rows that say so: `run` itself, done, is the last of them. Takes as long
/// as it takes. Error: rejected CANCELLED when `watch` said so; else why it failed.
Result<std::vector<Row>> carry_out(const BacktestJob& job, JournalReader& journal, BacktestRunRow run,
                                   const BacktestWatch& watch);

}  // namespace heed
