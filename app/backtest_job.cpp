#include "app/backtest_job.hpp"

#include "app/version.hpp"
#include "backtest/bar_rows.hpp"
#include "backtest/input.hpp"
#include "backtest/output.hpp"
#include "backtest/store.hpp"
#include "backtest/sweep_run.hpp"
#include "messages/nearest_name.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace heed {
namespace {

using Refused = std::optional<BacktestRefusal>;

constexpr std::size_t stored_mentions_max = 500'000;
/// What the daemon takes on at once: a thousand are seconds, and the answer has a row for each.
constexpr std::size_t sets_max = 10'000;

Error cancelled() { return {ErrorKind::rejected, "CANCELLED", "cancelled"}; }

// ---- the request --------------------------------------------------------------------------------------------------

template <class T>
Refused check_name(const std::string& field, const std::string& name, const std::vector<T>& known) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const auto& item : known)
    names.push_back(item.id);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end())
    return std::nullopt;
  const auto nearest = nearest_name(name, names);
  return BacktestRefusal{field, "the configuration has no " + field + " \"" + name + "\"" +
                                  (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?")};
}

/// A plain name in the folder for them: a request reaches no other file.
Refused find_mentions(BacktestJob& job, const api::BacktestRequest& request, const config::Backtest& config) {
  if (request.mentions.empty())
    return std::nullopt;
  if (!request.source.empty())
    return BacktestRefusal{"source", "goes with stored mentions; leave it or mentions out"};
  if (config.mentions.empty())
    return BacktestRefusal{"mentions",
                           "this daemon takes no files of calls: set backtest.mentions to their folder, "
                           "or leave mentions out to take the stored ones"};
  const std::filesystem::path name{request.mentions};
  if (name.filename() != name || request.mentions.front() == '.')
    return BacktestRefusal{"mentions",
                           "must be the name of a file in the folder of backtest.mentions, without a path"};
  const auto path = std::filesystem::path{config.mentions} / name;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    return BacktestRefusal{"mentions",
                           "there is no file " + request.mentions + " in the folder of backtest.mentions"};
  job.mentions = request.mentions;
  job.mentions_path = path.string();
  return std::nullopt;
}

Refused read_settings(BacktestJob& job, const api::BacktestRequest& request, const config::Config& config) {
  if (auto refused = check_name("strategy", request.strategy, config.strategies))
    return refused;
  if (auto refused = check_name("account", request.account, config.accounts))
    return refused;
  if (auto wrong = job.settings.take(config, request.strategy, request.account))
    return BacktestRefusal{"strategy", std::move(*wrong)};
  if (!request.profile.empty())
    if (auto wrong = job.settings.set_profile(request.profile))
      return BacktestRefusal{"profile", std::move(*wrong)};
  for (const auto& setting : request.settings)
    if (auto wrong = job.settings.set(setting.key, setting.value))
      return BacktestRefusal{setting.field, std::move(*wrong)};
  const auto params = job.settings.params();
  if (params.from && params.to && *params.from > *params.to)
    return BacktestRefusal{"from", to_iso_date(*params.from) + " is after to, " + to_iso_date(*params.to)};
  return std::nullopt;
}

/// Each value by itself: what a parameter may be does not depend on the others.
Refused add_axis(BacktestJob& job, const std::string& field, Result<backtest::Axis> axis) {
  if (!axis)
    return BacktestRefusal{field, axis.error().detail};
  for (const auto& other : job.axes)
    if (other.key == axis.value().key)
      return BacktestRefusal{field, other.key + " is given twice"};
  if (axis.value().values.size() > sets_max)
    return BacktestRefusal{field, "more than " + std::to_string(sets_max) + " values; take a larger step"};
  for (const auto& value : axis.value().values) {
    auto settings = job.settings;
    if (auto wrong = settings.set(axis.value().key, value))
      return BacktestRefusal{field, std::move(*wrong)};
  }
  job.axes.push_back(std::move(axis).value());
  return std::nullopt;
}

Refused read_axes(BacktestJob& job, const api::BacktestRequest& request) {
  for (const auto& [key, text] : request.grid)
    if (auto refused = add_axis(job, "grid." + key, backtest::parse_grid(key + "=" + text)))
      return refused;
  for (const auto& [key, values] : request.list)
    if (auto refused = add_axis(job, "list." + key, backtest::Axis{key, values}))
      return refused;
  if (job.axes.empty())
    return std::nullopt;
  std::size_t sets = 1;
  for (const auto& axis : job.axes)
    sets = std::min(sets_max + 1, sets * axis.values.size());
  if (sets > sets_max)
    return BacktestRefusal{
      request.grid.empty() ? "list" : "grid",
      "more than " + std::to_string(sets_max) + " sets; take larger steps, or vary fewer parameters at once"};
  job.figure = backtest::find_rank_figure(request.metric.empty() ? "sharpe" : request.metric);
  if (job.figure == nullptr) {
    std::string names;
    for (const auto& figure : backtest::rank_figures())
      names += (names.empty() ? "" : ", ") + std::string{figure.name};
    return BacktestRefusal{"metric",
                           "\"" + request.metric + "\" is none that sets can be ranked by; one of " + names};
  }
  job.folds = request.folds;
  return std::nullopt;
}

// ---- the input ----------------------------------------------------------------------------------------------------

/// Only what a call is made of: quotes and titles of a year of calls are many megabytes.
Mention without_words(Mention mention) {
  Mention out;
  out.id = mention.id;
  out.source = mention.source;
  out.symbol = mention.symbol;
  out.action = mention.action;
  out.conviction = mention.conviction;
  out.horizon = mention.horizon;
  out.created_at = mention.created_at;
  out.origin = std::move(mention.origin);
  return out;
}

Result<backtest::LoadedCalls> stored_calls(JournalReader& journal, const std::string& source,
                                           const BacktestWatch& watch) {
  ListFilter filter;
  filter.source = source;
  filter.limit = 1'000;
  filter.oldest_first = true;
  std::vector<Mention> mentions;
  do {
    auto page = journal.mentions(filter);
    if (!page)
      return page.error();
    if (!watch(0.0))
      return cancelled();
    for (auto& mention : page.value().rows)
      mentions.push_back(without_words(std::move(mention)));
    filter.cursor = page.value().next_cursor;
    if (mentions.size() > stored_mentions_max)
      return Error{ErrorKind::invalid, "MENTIONS",
                   "there are more than " + std::to_string(stored_mentions_max) +
                     " stored mentions; name one source of them, or give a file"};
  } while (!filter.cursor.empty());
  if (mentions.empty())
    return Error{ErrorKind::invalid, "MENTIONS",
                 source.empty() ? "no mentions are stored" : "no mentions of source \"" + source + "\" are stored"};
  backtest::LoadedCalls out;
  out.calls = backtest::make_calls(mentions);
  out.lines = mentions.size();
  return out;
}

/// Of the symbols that are called, and of the benchmark.
Result<backtest::LoadedBars> stored_bars(JournalReader& journal, const backtest::Calls& calls,
                                         const Symbol& benchmark, const BacktestWatch& watch) {
  auto symbols = calls.symbols;
  symbols.push_back(benchmark);
  return backtest::load_bar_rows("store", std::move(symbols),
                                 [&](const Symbol& symbol) -> Result<std::vector<BarRow>> {
                                   if (!watch(0.0))
                                     return cancelled();
                                   return journal.bars(symbol, {}, {});
                                 });
}

/// What files are called in the result.
backtest::InputPaths names_of(const BacktestJob& job) {
  return {job.mentions.empty() ? "stored mentions" : job.mentions, job.bars.empty() ? "store" : job.bars};
}

Result<backtest::Input> read_input(const BacktestJob& job, JournalReader& journal, const backtest::Params& params,
                                   const BacktestWatch& watch) {
  backtest::Input input;
  auto calls =
    job.mentions.empty() ? stored_calls(journal, job.source, watch) : backtest::load_calls(job.mentions_path);
  if (!calls)
    return calls.error();
  input.calls = std::move(calls).value();
  if (!watch(0.0))
    return cancelled();
  auto bars = job.bars.empty() ? stored_bars(journal, input.calls.calls, params.benchmark, watch)
                               : backtest::load_bars(job.bars);
  if (!bars)
    return bars.error();
  input.bars = std::move(bars).value();
  if (!watch(0.0))
    return cancelled();
  examine(input, params, names_of(job), false);
  return input;
}

// ---- the work -----------------------------------------------------------------------------------------------------

Result<std::vector<Row>> carry_out_one(const BacktestJob& job, backtest::Input input, BacktestRunRow run,
                                       const BacktestWatch& watch) {
  backtest::Report report;
  report.params = job.settings.params();
  const auto ground =
    backtest::Ground::make(input.calls.calls, input.bars.bars, report.params.benchmark, report.params.entry);
  if (!ground)
    return ground.error();
  const auto convictions =
    backtest::weigh(input.calls.calls, report.params.aggregator, report.params.default_conviction);
  auto done = backtest::run(ground.value(), convictions, report.params, [&](std::size_t session, std::size_t all) {
    return watch(static_cast<double>(session) / static_cast<double>(all));
  });
  if (!done)
    return done.error();
  report.ground = &ground.value();
  report.convictions = &convictions;
  report.run = std::move(done).value();
  report.metrics = backtest::measure(report.run, report.params);
  report.digest = backtest::digest_of(ground.value(), report.params, version);
  const auto names = names_of(job);
  report.mentions = names.mentions;
  report.bars = names.bars;
  report.notes = std::move(input.notes);
  report.mentions_rejected = input.calls.rejected;
  return backtest::rows_of(report, std::move(run));
}

Result<std::vector<Row>> carry_out_sweep(const BacktestJob& job, const backtest::Input& input, BacktestRunRow run,
                                         const BacktestWatch& watch) {
  backtest::Sweep sweep;
  sweep.axes = job.axes;
  sweep.figure = job.figure;
  const auto names = names_of(job);
  sweep.mentions = names.mentions;
  sweep.bars = names.bars;
  std::vector<backtest::Params> sets;
  backtest::SharedGround shared{input.calls.calls, input.bars.bars};
  for (auto& values : backtest::combinations(job.axes)) {
    auto settings = job.settings;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (const auto wrong = settings.set(job.axes[i].key, values[i]))
        return Error{ErrorKind::invalid, "SET", *wrong};
    sets.push_back(settings.params());
    if (const auto prepared = shared.prepare(sets.back()); !prepared)
      return prepared.error();
    sweep.rows.push_back({std::move(values), {}, {}, {}});
  }
  const auto all = static_cast<double>(sets.size()) * (1.0 + job.folds);
  double done_sets = 0.0;
  const auto one_by_one = [&](std::size_t count, const auto& work, const auto& done) {
    for (std::size_t i = 0; i < count; ++i, ++done_sets) {
      if (!watch(done_sets / all))
        return false;
      work(i);
      done(i);
    }
    return true;
  };
  if (const auto status = backtest::run_sweep(sweep, sets, shared, job.folds, version, one_by_one, {}); !status)
    return status.error();
  return backtest::rows_of(sweep, std::move(run));
}

}  // namespace

std::string BacktestJob::params_json() const {
  return axes.empty() ? backtest::params_json(settings.params())
                      : backtest::params_json(settings.params(), axes, *figure, folds);
}

std::variant<BacktestJob, BacktestRefusal> make_job(const api::BacktestRequest& request,
                                                    const config::Config& config) {
  BacktestJob job;
  job.bars = config.backtest.bars;
  job.source = request.source;
  if (auto refused = find_mentions(job, request, config.backtest))
    return std::move(*refused);
  if (auto refused = read_settings(job, request, config))
    return std::move(*refused);
  if (auto refused = read_axes(job, request))
    return std::move(*refused);
  return job;
}

Result<std::vector<Row>> carry_out(const BacktestJob& job, JournalReader& journal, BacktestRunRow run,
                                   const BacktestWatch& watch) try {
  auto input = read_input(job, journal, job.settings.params(), watch);
  if (!input)
    return input.error();
  return job.kind() == BacktestKind::sweep ? carry_out_sweep(job, input.value(), std::move(run), watch)
                                           : carry_out_one(job, std::move(input).value(), std::move(run), watch);
} catch (const DecimalOverflow&) {
  return Error{ErrorKind::invalid, "numbers", "a sum grew beyond 9.2 billion; give less capital"};
} catch (const std::exception& e) {
  return Error{ErrorKind::invalid, "FAILED", e.what()};
}

}  // namespace heed
