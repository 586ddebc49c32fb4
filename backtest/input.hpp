// The whole input of a run: calls and bars as they were read, and all that is wrong with them.
#pragma once

#include "backtest/bars.hpp"
#include "backtest/calls.hpp"
#include "backtest/coverage.hpp"
#include "backtest/params.hpp"

#include <string>
#include <vector>

namespace heed::backtest {

struct Input {
  LoadedCalls calls;
  LoadedBars bars;
  std::vector<std::string> notes;  // by examine(): what a person should know of it
};

/// Holds calls and bars against each other and against the benchmark, adds what is found to the issues of both, and
/// writes `notes`: errors before warnings, and among them what bears on this run first. With `each`, everything is
/// told by itself, and the benchmark's gaps too.
void examine(Input& input, const Params& params, const InputPaths& paths, bool each);

/// Something of it is left out, or is not what it says: what --strict stops at.
bool has_errors(const Input& input);

}  // namespace heed::backtest
