// Planted bugs: each breaks one rule on purpose, so that the simulator can show that it would notice. In the product
// every question is answered "no" by the compiler, and nothing of this is left.
#pragma once

#include <string_view>

namespace heed {

#ifdef HEED_MUTANTS
/// Whether the bug of this name is planted in this process.
bool mutant(std::string_view name);
/// One, or several with commas between them where one rule stands behind another; empty: none.
void plant_mutants(std::string_view names);
#else
constexpr bool mutant(std::string_view) { return false; }
#endif

}  // namespace heed
