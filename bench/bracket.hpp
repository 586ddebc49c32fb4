// A bracket order's whole life, as inputs of the position machine, for those benchmarks that need real positions.
#pragma once

#include "core/position.hpp"

#include <vector>

namespace heed::bench {

/// 15:00 UTC of an open session.
Instant open_session();
/// What the machine is told of a venue with native brackets. The policy lives as long as the program.
core::StepContext bracket_context(const Symbol& symbol);
core::PositionState flat_state(const Symbol& symbol);

/// Entry, answers, fill, legs, target, and most reports once more, as streams and polls do: from flat to flat.
std::vector<PositionInput> life_of_a_bracket(const Symbol& symbol);
/// So many inputs of it lead to an open position whose exits are at work.
constexpr std::size_t open_after = 8;

}  // namespace heed::bench
