// Backtests in the daemon: a queue, a thread of its own at the lowest priority, and the journal for what came out.
// Trading never waits for it: it shares no lock with the actors, and what it stores goes in small commits.
#pragma once

#include "api/backtest_port.hpp"
#include "app/backtest_job.hpp"
#include "config/config.hpp"
#include "messages/time.hpp"
#include "persistence/journal.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heed {

struct BacktestRunnerArgs {
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<JournalReader> reader;
  /// Has a batch written; `done` is told once, from any thread. Called from any thread.
  std::function<void(Batch, std::function<void(Status)>)> append;
  config::Config config;
  std::chrono::milliseconds retry_pause{1'000};  // before a store that failed is asked again
};

/// Thread-safe. One run at a time; config.backtest.queue_max may wait. A run's row says queued, running, and how it
/// ended; one that did not end because the process did is `interrupted`.
class BacktestRunner final : public api::BacktestPort {
public:
  /// Runs that an earlier process left unfinished are marked as interrupted first. Waits for the journal.
  static Result<std::unique_ptr<BacktestRunner>> start(BacktestRunnerArgs args);
  /// Stops.
  ~BacktestRunner() override;

  void submit(api::BacktestRequest request, std::function<void(api::BacktestAnswer)> done) override;
  void keep(api::KeptRun run, std::function<void(api::BacktestAnswer)> done) override;
  std::optional<double> progress(const std::string& run_id) override;
  Result<std::string> result(const BacktestRunRow& run) override;
  bool cancel(const std::string& run_id) override;

  /// From now on with this configuration; what waits already was made with the one before.
  void configure(const config::Config& config);
  /// Takes nothing new, and ends what runs and waits: it will be interrupted. Does not wait for that.
  void begin_stop();
  /// The same, and waits until it is stored. The journal must answer until then. Not from its own thread.
  void stop();

private:
  struct State;
  explicit BacktestRunner(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace heed
