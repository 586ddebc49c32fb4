#include "backtest/sweep_run.hpp"

#include "backtest/output.hpp"
#include "core/naming.hpp"

#include <utility>

namespace heed::backtest {
namespace {

Params within(Params params, const Span& span) {
  params.from = span.from;
  params.to = span.to;
  return params;
}

/// Empty when it could not be run.
std::optional<Metrics> measured(const SharedGround& shared, const Params& params) {
  try {
    const auto run = shared.run(params);
    return run ? std::optional{measure(run.value(), params)} : std::nullopt;
  } catch (const DecimalOverflow&) {
    return std::nullopt;
  }
}

class Work {
public:
  Work(Sweep& sweep, const std::vector<Params>& sets, const SharedGround& shared, const EachSet& each,
       const SweepTold& told)
      : sweep_{sweep}, sets_{sets}, shared_{shared}, each_{each}, told_{told} {}

  bool run_sets(std::string_view version);
  bool walk(int folds);

private:
  std::vector<std::int32_t> run_set(std::size_t set, std::string_view version);
  bool walk_step(std::size_t step, const Span& in_sample, const Span& out_of_sample);
  std::size_t best_of(const std::vector<std::optional<Metrics>>& all) const;

  Sweep& sweep_;
  const std::vector<Params>& sets_;
  const SharedGround& shared_;
  const EachSet& each_;
  const SweepTold& told_;
  std::vector<std::int32_t> sessions_;  // of the first set that could be run
};

/// Gives the run's sessions.
std::vector<std::int32_t> Work::run_set(std::size_t set, std::string_view version) {
  auto& row = sweep_.rows[set];
  try {
    auto run = shared_.run(sets_[set]);
    if (!run) {
      row.error = run.error().detail;
      return {};
    }
    row.metrics = measure(run.value(), sets_[set]);
    row.digest = digest_of(shared_.ground(sets_[set]), sets_[set], version);
    return std::move(run.value().sessions);
  } catch (const std::exception& e) {
    row.error = e.what();
    return {};
  }
}

bool Work::run_sets(std::string_view version) {
  std::vector<std::vector<std::int32_t>> sessions(sets_.size());
  const bool all = each_(
    sets_.size(), [&](std::size_t i) { sessions[i] = run_set(i, version); },
    [&](std::size_t i) {
      if (told_.row)
        told_.row(i);
      if (sessions_.empty())
        sessions_ = std::move(sessions[i]);
      sessions[i] = {};
    });
  sweep_.sessions = sessions_.size();
  return all;
}

std::size_t Work::best_of(const std::vector<std::optional<Metrics>>& all) const {
  const auto of = [&](std::size_t i) { return all[i] ? sweep_.figure->of(*all[i]) : std::nullopt; };
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (sweep_.figure->better(of(i), of(best)))
      best = i;
  return best;
}

bool Work::walk_step(std::size_t step, const Span& in_sample, const Span& out_of_sample) {
  std::vector<std::optional<Metrics>> known(sets_.size());
  const bool all = each_(
    sets_.size(), [&](std::size_t i) { known[i] = measured(shared_, within(sets_[i], in_sample)); },
    [&](std::size_t i) {
      if (told_.walk)
        told_.walk(step, i);
    });
  if (!all)
    return false;
  const auto best = best_of(known);
  const auto out = measured(shared_, within(sets_[best], out_of_sample));
  if (known[best] && out)
    sweep_.walk.push_back({in_sample, out_of_sample, best, *known[best], *out});
  return true;
}

// The spans grow: in step k the first k parts are known, and the next one is not.
bool Work::walk(int folds) {
  const auto spans = split(sessions_, folds + 1);
  for (std::size_t k = 1; k < spans.size(); ++k)
    if (!walk_step(k, {spans.front().from, spans[k - 1].to}, spans[k]))
      return false;
  return true;
}

}  // namespace

Status run_sweep(Sweep& sweep, const std::vector<Params>& sets, const SharedGround& shared, int folds,
                 std::string_view version, const EachSet& each, const SweepTold& told) {
  Work work{sweep, sets, shared, each, told};
  if (work.run_sets(version) && (folds <= 0 || work.walk(folds)))
    return Ok{};
  return Error{ErrorKind::rejected, "CANCELLED", "cancelled"};
}

std::string digest_of(const Sweep& sweep) {
  core::Sha256 hash;
  hash.field(sweep.figure->name);
  for (const auto& axis : sweep.axes) {
    hash.field(axis.key);
    for (const auto& value : axis.values)
      hash.field(value);
  }
  for (const auto& row : sweep.rows)
    hash.field(row.digest);
  hash.field(std::to_string(sweep.walk.size()));
  return core::hex(hash.finish());
}

}  // namespace heed::backtest
