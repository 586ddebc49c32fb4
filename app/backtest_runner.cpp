#include "app/backtest_runner.hpp"

#include "app/cli/stored_runs.hpp"
#include "backtest/store.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace heed {
namespace {

constexpr int lowest_priority = 19;
/// How long a store that does not answer is asked again before a run is given up.
constexpr int append_attempts = 60;

/// One that waits or runs.
struct Task {
  BacktestRunRow row;
  BacktestJob job;
  std::vector<Row> made;  // of one that was made elsewhere: what is left is to store it
  std::atomic<bool> cancelled{false};
  std::atomic<double> progress{0.0};
};

/// Rows of a run that was made elsewhere, under the name that it got.
std::vector<Row> named(std::vector<Row> rows, const BacktestRunRow& run) {
  for (auto& row : rows) {
    if (auto* trade = std::get_if<BacktestTradeRow>(&row))
      trade->run_id = run.run_id;
    else if (auto* result = std::get_if<BacktestResultRow>(&row))
      result->run_id = run.run_id;
    else if (auto* done = std::get_if<BacktestRunRow>(&row)) {
      done->run_id = run.run_id;
      done->params = run.params;
      done->created_at = run.created_at;
    }
  }
  return rows;
}

}  // namespace

struct BacktestRunner::State : std::enable_shared_from_this<State> {
  explicit State(BacktestRunnerArgs a) : args{std::move(a)} {}

  BacktestRunnerArgs args;

  std::mutex mutex;  // of all below
  std::condition_variable changed;
  std::shared_ptr<const config::Config> config;
  std::optional<Instant> last_created;  // of the newest run that is stored
  std::size_t reserved = 0;             // whose row is being written
  std::deque<std::shared_ptr<Task>> waiting;
  std::shared_ptr<Task> running;
  std::atomic<bool> stopping{false};  // set under the mutex, since it is waited for

  std::thread thread;

  Status recover();
  Status append(std::vector<Row> rows);
  Status append_patiently(const std::vector<Row>& rows);
  void admit(std::shared_ptr<Task> task, std::function<void(api::BacktestAnswer)> done);
  void enqueue(std::shared_ptr<Task> task, const Status& stored,
               const std::function<void(api::BacktestAnswer)>& done);
  std::shared_ptr<Task> find(const std::string& run_id);
  std::shared_ptr<Task> next();
  void work();
  void carry_out(Task& task);
  void store(Task& task, std::vector<Row> rows);
  void finish(Task& task, BacktestStatus status, std::string error);
};

// ---- storing ------------------------------------------------------------------------------------------------------

/// Waits for the answer, which may come when nobody waits any more.
Status BacktestRunner::State::append(std::vector<Row> rows) {
  auto answer = std::make_shared<std::promise<Status>>();
  auto told = answer->get_future();
  Batch batch;
  batch.rows = std::move(rows);
  args.append(std::move(batch), [answer](Status status) { answer->set_value(std::move(status)); });
  try {
    return told.get();
  } catch (const std::future_error&) {
    return Error{ErrorKind::unavailable, "JOURNAL", "the journal ended"};
  }
}

Status BacktestRunner::State::append_patiently(const std::vector<Row>& rows) {
  for (int attempt = 1;; ++attempt) {
    auto status = append(rows);
    if (status || status.error().kind == ErrorKind::invalid || attempt == append_attempts)
      return status;
    std::unique_lock lock{mutex};
    if (changed.wait_for(lock, args.retry_pause, [this] { return stopping.load(); }))
      return status;
  }
}

Status BacktestRunner::State::recover() {
  ListFilter newest;
  newest.limit = 1;
  const auto last = args.reader->backtest_runs(newest);
  if (!last)
    return last.error();
  if (!last.value().rows.empty())
    last_created = last.value().rows.front().created_at;
  std::vector<Row> rows;
  for (const auto status : {BacktestStatus::queued, BacktestStatus::running}) {
    ListFilter left;
    left.status = to_string(status);
    left.limit = 1'000;
    do {
      const auto page = args.reader->backtest_runs(left);
      if (!page)
        return page.error();
      for (auto run : page.value().rows) {
        run.error =
          status == BacktestStatus::queued ? "the daemon ended before it began" : "the daemon ended while it ran";
        run.status = BacktestStatus::interrupted;
        run.finished_at = args.clock->now();
        rows.emplace_back(std::move(run));
      }
      left.cursor = page.value().next_cursor;
    } while (!left.cursor.empty());
  }
  if (rows.empty())
    return Ok{};
  spdlog::info("backtests: {} that an earlier process left are marked as interrupted", rows.size());
  return append(std::move(rows));
}

// ---- asking -------------------------------------------------------------------------------------------------------

void BacktestRunner::State::enqueue(std::shared_ptr<Task> task, const Status& stored,
                                    const std::function<void(api::BacktestAnswer)>& done) {
  const auto run_id = task->row.run_id;
  {
    const std::scoped_lock lock{mutex};
    --reserved;
    if (stored)
      waiting.push_back(std::move(task));
  }
  changed.notify_all();
  done({stored ? Result<std::string>{run_id} : stored.error(), {}});
}

void BacktestRunner::submit(api::BacktestRequest request, std::function<void(api::BacktestAnswer)> done) {
  std::shared_ptr<const config::Config> config;
  {
    const std::scoped_lock lock{state_->mutex};
    config = state_->config;
  }
  auto made = make_job(request, *config);
  if (auto* wrong = std::get_if<BacktestRefusal>(&made))
    return done({Error{ErrorKind::invalid, "FIELD_INVALID", std::move(wrong->detail)}, std::move(wrong->field)});
  const auto& job = std::get<BacktestJob>(made);
  auto task = std::make_shared<Task>();
  task->row.kind = job.kind();
  task->row.params = job.params_json();
  task->job = std::move(std::get<BacktestJob>(made));
  state_->admit(std::move(task), std::move(done));
}

void BacktestRunner::keep(api::KeptRun run, std::function<void(api::BacktestAnswer)> done) {
  auto task = std::make_shared<Task>();
  task->row.kind = run.kind;
  task->row.params = std::move(run.params);
  std::int32_t number = 0;
  for (auto& trade : run.trades) {
    trade.number = number++;
    task->made.emplace_back(std::move(trade));
  }
  backtest::append_result(task->made, {}, run.result);
  auto row = task->row;
  row.status = BacktestStatus::done;
  row.digest = std::move(run.digest);
  row.summary = std::move(run.summary);
  task->made.emplace_back(std::move(row));
  state_->admit(std::move(task), std::move(done));
}

/// Gives it its name, and queues it once that is durable; refuses it when too many wait.
void BacktestRunner::State::admit(std::shared_ptr<Task> task, std::function<void(api::BacktestAnswer)> done) {
  {
    const std::scoped_lock lock{mutex};
    const auto wait = waiting.size() + reserved;
    if (stopping || wait >= static_cast<std::size_t>(config->backtest.queue_max)) {
      auto refused = stopping ? Error{ErrorKind::unavailable, "UNAVAILABLE", "the daemon is stopping"}
                              : Error{ErrorKind::unavailable, "BACKTESTS_FULL",
                                      std::to_string(wait) +
                                        " backtests wait already (backtest.queue_max); try again "
                                        "when one of them is done, or cancel one"};
      return done({std::move(refused), {}});
    }
    task->row = backtest::new_run(task->row.kind, std::move(task->row.params), args.clock->now(), last_created);
    last_created = task->row.created_at;
    ++reserved;
  }
  Batch batch;
  batch.rows.emplace_back(task->row);
  args.append(std::move(batch), [state = shared_from_this(), task = std::move(task), done = std::move(done)](
                                  const Status& stored) { state->enqueue(task, stored, done); });
}

std::shared_ptr<Task> BacktestRunner::State::find(const std::string& run_id) {
  if (running && running->row.run_id == run_id)
    return running;
  for (const auto& task : waiting)
    if (task->row.run_id == run_id)
      return task;
  return nullptr;
}

std::optional<double> BacktestRunner::progress(const std::string& run_id) {
  const std::scoped_lock lock{state_->mutex};
  const auto task = state_->find(run_id);
  return task ? std::optional{task->progress.load()} : std::nullopt;
}

bool BacktestRunner::cancel(const std::string& run_id) {
  const std::scoped_lock lock{state_->mutex};
  const auto task = state_->find(run_id);
  if (!task)
    return false;
  task->cancelled = true;
  return true;
}

Result<std::string> BacktestRunner::result(const BacktestRunRow& run) {
  return cli::stored_result(*state_->args.reader, run);
}

// ---- the thread ---------------------------------------------------------------------------------------------------

/// Blocks until there is one; null: it is over, and nothing waits any more.
std::shared_ptr<Task> BacktestRunner::State::next() {
  std::unique_lock lock{mutex};
  running = nullptr;
  changed.wait(lock, [this] { return stopping ? reserved == 0 : !waiting.empty(); });
  if (waiting.empty())
    return nullptr;
  running = std::move(waiting.front());
  waiting.pop_front();
  return running;
}

void BacktestRunner::State::work() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), lowest_priority);
  while (const auto task = next())
    carry_out(*task);
}

void BacktestRunner::State::carry_out(Task& task) {
  if (task.cancelled)
    return finish(task, BacktestStatus::cancelled, "cancelled before it began");
  if (stopping)
    return finish(task, BacktestStatus::interrupted, "the daemon ended before it began");
  task.row.status = BacktestStatus::running;
  if (const auto begun = append_patiently({task.row}); !begun)
    return finish(task, BacktestStatus::failed, begun.error().detail);
  if (!task.made.empty())
    return store(task, named(std::move(task.made), task.row));
  auto rows = heed::carry_out(task.job, *args.reader, task.row, [&](double done) {
    task.progress = done;
    return !task.cancelled && !stopping;
  });
  if (rows)
    return store(task, std::move(rows).value());
  if (rows.error().code != "CANCELLED")
    return finish(task, BacktestStatus::failed, rows.error().detail);
  if (task.cancelled)
    return finish(task, BacktestStatus::cancelled, "cancelled while it ran");
  finish(task, BacktestStatus::interrupted, "the daemon ended while it ran");
}

/// Each commit when the one before is durable: calls come in between.
void BacktestRunner::State::store(Task& task, std::vector<Row> rows) {
  std::get<BacktestRunRow>(rows.back()).finished_at = args.clock->now();
  for (const auto& commit : backtest::commits_of(std::move(rows)))
    if (const auto stored = append_patiently(commit); !stored)
      return finish(task, BacktestStatus::failed, "it could not be stored: " + stored.error().detail);
  spdlog::info("backtest {} done", task.row.run_id);
}

void BacktestRunner::State::finish(Task& task, BacktestStatus status, std::string error) {
  task.row.status = status;
  task.row.error = std::move(error);
  task.row.finished_at = args.clock->now();
  spdlog::log(status == BacktestStatus::failed ? spdlog::level::warn : spdlog::level::info, "backtest {} {}: {}",
              task.row.run_id, to_string(status), task.row.error);
  if (const auto stored = append_patiently({task.row}); !stored)
    spdlog::error("backtest {}: that it is {} could not be stored: {}", task.row.run_id, to_string(status),
                  stored.error().detail);
}

// ---- begin and end ------------------------------------------------------------------------------------------------

BacktestRunner::BacktestRunner(std::shared_ptr<State> state) : state_{std::move(state)} {}
BacktestRunner::~BacktestRunner() { stop(); }

Result<std::unique_ptr<BacktestRunner>> BacktestRunner::start(BacktestRunnerArgs args) {
  auto state = std::make_shared<State>(std::move(args));
  state->config = std::make_shared<const config::Config>(state->args.config);
  if (const auto recovered = state->recover(); !recovered)
    return recovered.error();
  state->thread = std::thread{[raw = state.get()] { raw->work(); }};
  return std::unique_ptr<BacktestRunner>{new BacktestRunner{std::move(state)}};
}

void BacktestRunner::configure(const config::Config& config) {
  auto next = std::make_shared<const config::Config>(config);
  const std::scoped_lock lock{state_->mutex};
  state_->config = std::move(next);
}

void BacktestRunner::begin_stop() {
  {
    const std::scoped_lock lock{state_->mutex};
    state_->stopping = true;
  }
  state_->changed.notify_all();
}

void BacktestRunner::stop() {
  begin_stop();
  if (state_->thread.joinable())
    state_->thread.join();
}

}  // namespace heed
