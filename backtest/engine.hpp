// The engine: calls against bars by the rules of live trading. What decides, sizes, protects and limits is core/;
// here is only the past's own: which session a call acts in, and at which price it fills.
#pragma once

#include "backtest/bars.hpp"
#include "backtest/calls.hpp"
#include "backtest/params.hpp"
#include "backtest/run.hpp"
#include "messages/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace heed::backtest {

/// Calls laid against bars: what many runs share. Immutable after it is made; may be shared between threads. The
/// calls and bars that it was made of stay alive with it.
class Ground {
public:
  /// Error: kind invalid, when the benchmark has no bars.
  static Result<Ground> make(const Calls& calls, const BarSet& bars, const Symbol& benchmark, Entry entry);

  const Calls& calls() const { return calls_; }
  const Series& benchmark() const { return *benchmark_; }
  Entry entry() const { return entry_; }
  /// The bars of a symbol of the calls; null when there are none.
  const Series* bars_of(std::uint32_t symbol) const { return bars_of_[symbol]; }
  /// The benchmark bar at whose open a call acts; -1: before the first or after the last of them.
  std::int32_t acts_at(std::size_t call) const { return acts_at_[call]; }

private:
  Ground() = default;
  void place_calls();

  Calls calls_;
  BarSet bars_;
  const Series* benchmark_ = nullptr;
  Entry entry_ = Entry::next_day_open;
  std::vector<const Series*> bars_of_;
  std::vector<std::int32_t> acts_at_;
};

/// The effective conviction of every call, boost included, in billionths; Call::none without a conviction. All
/// mentions of the input count for the boost, wherever they act.
using Convictions = std::vector<std::int64_t>;
Convictions weigh(const Calls& calls, const core::AggregatorConfig& config,
                  const std::optional<Decimal>& default_conviction);

/// Told of each session before it is walked: how many are done, of how many. False ends the run.
using Watch = std::function<bool(std::size_t done, std::size_t sessions)>;

/// One run. `convictions` are those of the ground's calls under the parameters' aggregator and default conviction;
/// params.entry and params.benchmark must be the ground's.
/// Error: kind invalid, when from..to holds no session, or a sum grows beyond what a Decimal can hold; kind rejected,
/// code CANCELLED, when `watch` said so.
Result<Run> run(const Ground& ground, const Convictions& convictions, const Params& params, const Watch& watch = {});

/// All of it in one go.
Result<Run> run(const Calls& calls, const BarSet& bars, const Params& params);

}  // namespace heed::backtest
