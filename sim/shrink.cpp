// From a failing seed to a short story: fewer kinds of faults, then fewer operations, then fewer faults of each kind.
#include "sim/campaign.hpp"

#include <algorithm>

namespace heed::sim {
namespace {

class Shrinker {
public:
  Shrinker(RunOptions options, const RunReport& failing, int runs_max)
      : best_{std::move(options), failing, 0}, invariant_{failing.violation->invariant}, runs_max_{runs_max} {
    best_.options.echo = false;
  }

  Shrunk shrink() {
    drop_kinds();
    drop_operations();
    drop_faults();
    return std::move(best_);
  }

private:
  bool still_fails(const RunOptions& options) {
    if (best_.runs >= runs_max_)
      return false;
    ++best_.runs;
    auto report = run(options);
    if (!report.violation || report.violation->invariant != invariant_)
      return false;
    best_.options = options;
    best_.report = std::move(report);
    return true;
  }

  void drop_kinds() {
    for (std::size_t i = 0; i < fault_count; ++i)
      if (best_.options.profile.rates[i] > 0 && best_.options.budget[i] > 0) {
        auto fewer = best_.options;
        fewer.budget[i] = 0;
        (void)still_fails(fewer);
      }
  }

  /// Halves, then quarters, down to single ones.
  void drop_operations() {
    const auto count = best_.report.ops.size();
    for (auto size = std::max<std::size_t>(count / 2, 1);; size /= 2) {
      for (std::size_t from = 0; from < count; from += size) {
        auto fewer = best_.options;
        for (auto i = from; i < std::min(from + size, count); ++i)
          fewer.without.insert(i);
        if (fewer.without.size() > best_.options.without.size())
          (void)still_fails(fewer);
      }
      if (size <= 1)
        return;
    }
  }

  void drop_faults() {
    for (std::size_t i = 0; i < fault_count; ++i)
      for (auto keep = best_.report.struck[i] / 2; best_.report.struck[i] > 0 && keep < best_.report.struck[i];) {
        auto fewer = best_.options;
        fewer.budget[i] = keep;
        if (still_fails(fewer))
          keep = best_.report.struck[i] / 2;
        else
          keep += std::max<std::int64_t>((best_.report.struck[i] - keep) / 2, 1);
      }
  }

  Shrunk best_;
  std::string invariant_;
  int runs_max_;
};

}  // namespace

Shrunk shrink(RunOptions options, const RunReport& failing, int runs_max) {
  return Shrinker{std::move(options), failing, runs_max}.shrink();
}

}  // namespace heed::sim
