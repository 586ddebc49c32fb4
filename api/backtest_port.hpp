// What the edge asks of whoever runs backtests in the daemon. What they gave is read from the journal.
#pragma once

#include "messages/records.hpp"
#include "messages/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::api {

/// A parameter as with --set.
struct BacktestSetting {
  std::string field;  // of the request, where it stands
  std::string key, value;
};

/// Empty texts are not given.
struct BacktestRequest {
  std::string mentions;  // a file of the folder for them; empty: the stored mentions
  std::string source;    // of stored mentions only those of this source
  std::string strategy, account, profile;
  std::vector<BacktestSetting> settings;  // in this order, and above the rest

  // Of a sweep: at least one of the two.
  std::vector<std::pair<std::string, std::string>> grid;               // parameter, "from:to:step"
  std::vector<std::pair<std::string, std::vector<std::string>>> list;  // parameter, values
  std::string metric;                                                  // what sets are ranked by; empty: sharpe
  int folds = 0;                                                       // steps of the walk forward

  bool is_sweep() const { return !grid.empty() || !list.empty(); }
};

/// A run that somebody else made, to be kept.
struct KeptRun {
  BacktestKind kind = BacktestKind::backtest;
  std::string digest;
  std::string params, summary;           // JSON objects, as text
  std::string result;                    // likewise; all that it gave, but its trades
  std::vector<BacktestTradeRow> trades;  // in order; their run_id does not matter
  HEED_FIELDS(kind, digest, params, summary, result, trades);
};

/// The id of the run; or why there is none, and which field of the request is to blame, if one is.
struct BacktestAnswer {
  Result<std::string> run_id;
  std::string field;
};

/// Thread-safe. Nothing here waits for a run; all of it is for threads that may take a moment.
class BacktestPort {
public:
  virtual ~BacktestPort() = default;
  /// Checks the request and queues the run; `done` is told its id, from any thread, once that is durable. Error:
  /// invalid, whose detail names the fix; unavailable when too many wait, or the journal fails.
  virtual void submit(BacktestRequest request, std::function<void(BacktestAnswer)> done) = 0;
  /// Queues a finished run to be stored; the rest as of submit().
  virtual void keep(KeptRun run, std::function<void(BacktestAnswer)> done) = 0;
  /// How far a run is, 0 to 1; empty: it is neither waiting nor running.
  virtual std::optional<double> progress(const std::string& run_id) = 0;
  /// All that a run gave, as a JSON object; empty while it is not done. Asks the journal.
  virtual Result<std::string> result(const BacktestRunRow& run) = 0;
  /// False: it is neither waiting nor running.
  virtual bool cancel(const std::string& run_id) = 0;
};

}  // namespace heed::api
