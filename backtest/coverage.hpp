// What calls and bars do not have of each other, and of the benchmark, whose dates are the sessions: told as issues,
// since a run silently leaves it out.
#pragma once

#include "backtest/bars.hpp"
#include "backtest/calls.hpp"
#include "backtest/issue.hpp"

#include <string>
#include <vector>

namespace heed::backtest {

/// Where the input came from, for the issues to name.
struct InputPaths {
  std::string mentions;  // the file
  std::string bars;      // the folder, or what else they came from
};

/// Calls on symbols without any bar, and calls that no session of the benchmark's bars can take. One issue for each
/// of the two, which names the first such line; with `each`, one for every symbol and call. Errors: they cannot
/// trade.
std::vector<Issue> find_uncovered_calls(const Calls& calls, const BarSet& bars, const Series& benchmark,
                                        const InputPaths& paths, bool each);

/// Bars on dates within the benchmark's that are no session of it: nobody ever looks at them. One error for each
/// symbol, with the first of them and how many.
std::vector<Issue> find_strange_dates(const BarSet& bars, const Series& benchmark, const InputPaths& paths);

}  // namespace heed::backtest
