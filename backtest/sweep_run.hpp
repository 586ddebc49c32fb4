// The work of a sweep, without the threads: who does it how, and who watches, is the caller's affair.
#pragma once

#include "backtest/sweep.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// Does `work(i)` for every i below `count`, in any order and thread, and then tells `done(i)`, one at a time and in
/// order. False: it was ended early.
using EachSet = std::function<bool(std::size_t count, const std::function<void(std::size_t)>& work,
                                   const std::function<void(std::size_t)>& done)>;

/// What is told meanwhile, in the thread that called run_sweep(); empty ones are not.
struct SweepTold {
  std::function<void(std::size_t set)> row;                     // this row of the sweep is filled in
  std::function<void(std::size_t step, std::size_t set)> walk;  // of the walk forward, this set was measured
};

/// Fills in rows, sessions and walk of `sweep`, whose axes, figure and rows' values stand already. sets[i] are the
/// parameters of rows[i]; `shared` has been prepared for each. A set that cannot be run has an error in its row.
/// `folds`: steps of the walk forward; 0: none. Error: rejected CANCELLED when `each` ended early.
Status run_sweep(Sweep& sweep, const std::vector<Params>& sets, const SharedGround& shared, int folds,
                 std::string_view version, const EachSet& each, const SweepTold& told);

/// SHA-256 in hex over what was varied, by what it was ranked, and the digest of every row.
std::string digest_of(const Sweep& sweep);

}  // namespace heed::backtest
