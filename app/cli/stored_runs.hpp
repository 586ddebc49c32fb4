// Runs over the past that are kept: what `heed backtest` and `heed sweep` leave in a store, and `heed backtests`.
#pragma once

#include "app/cli/commands.hpp"
#include "messages/records.hpp"
#include "persistence/journal.hpp"

#include <functional>
#include <string>
#include <vector>

namespace heed::cli {

/// All that a run gave, as a JSON object; empty while it is not done.
Result<std::string> stored_result(JournalReader& journal, const BacktestRunRow& run);

/// A run that was just made, on its way to a store.
struct FreshRun {
  BacktestKind kind = BacktestKind::backtest;
  std::string params;                                    // JSON object
  std::function<std::vector<Row>(BacktestRunRow)> rows;  // the row comes last, done
};
/// Keeps it in the store of --config, where there is one, and says under which name, or why not. Never a reason to
/// fail: what the run gave has been told.
void keep_run(Session& session, const FreshRun& run);

/// `query` are parameters of the route, as given. From the daemon, or without one from the store itself.
int list_backtests(Session& session, const Query& query);
/// `id` may be "latest".
int show_backtest(Session& session, const std::string& id);
int cancel_backtest(Session& session, const std::string& id);

struct BacktestOrder {
  std::string mentions, source, strategy, account, profile;
  std::string benchmark, from, to, capital, default_conviction;
  std::vector<std::string> sets;   // k=v
  std::vector<std::string> grids;  // k=a:b:step
  std::vector<std::string> lists;  // k=v,v
  std::string metric;
  int folds = 0;
};
/// Has the daemon do it; gives the name of the run.
int order_backtest(Session& session, const BacktestOrder& order);

}  // namespace heed::cli
