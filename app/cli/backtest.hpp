// `heed backtest` and `heed sweep`: what their arguments are, and what both need of files.
#pragma once

#include "app/cli/backtest_settings.hpp"
#include "app/cli/session.hpp"
#include "backtest/input.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace heed::cli {

struct BacktestArguments {
  std::string mentions, bars;
  std::string benchmark, from, to, capital, default_conviction, profile;
  std::string strategy, account;
  std::vector<std::string> sets;  // k=v
  std::string trades_file, equity_file, dispositions_file, report_file;
  std::string fetch;  // missing or all; empty: nothing is fetched
  std::string feed, adjustment;
  bool strict = false;
  bool no_cache = false;
  bool no_store = false;
};

struct SweepArguments {
  BacktestArguments past;
  std::vector<std::string> grids;  // k=a:b:step
  std::vector<std::string> lists;  // k=v1,v2
  std::string metric = "sharpe";
  std::string report_file;
  int folds = 0;  // steps of the walk forward; 0: none
  int jobs = 0;   // 0: as many as there are processors
};

int run_backtest(Session& session, const BacktestArguments& arguments);
int run_sweep(Session& session, const SweepArguments& arguments);

/// Progress on standard error: one line, once something takes longer than a second and somebody looks.
class Progress {
public:
  explicit Progress(const Session& session);
  ~Progress() { clear(); }
  void say(const std::string& what);
  void clear();

private:
  const Session& session_;
  std::chrono::steady_clock::time_point begin_, last_;
  bool shown_ = false;
};

/// The parameters that the arguments ask for; nothing after it has said what is wrong.
std::optional<BacktestSettings> settings_of(Session& session, const BacktestArguments& arguments, int& exit);
/// Reads calls and bars; says what is wrong with them, and stops there with --strict.
std::optional<backtest::Input> read_past(Session& session, const BacktestArguments& arguments,
                                         const backtest::Params& params, int& exit);
/// Writes a file; says what is wrong.
bool write_file(Session& session, const std::string& path, const std::string& text, int& exit);

}  // namespace heed::cli
