// The named tests of failures (docs/promises.md): does each fail with a bug planted that breaks what it guards?
#pragma once

#include <string>
#include <vector>

namespace heed::sim {

/// Each test by itself, without a bug and with it, as a program of this build in `folder`. A table on standard
/// output. `only`: of these bugs, all when empty. How many did not behave as they must.
int check_named_tests(const std::string& folder, const std::vector<std::string>& only);

/// Whether a named test is played with it.
bool is_for_named_tests(const std::string& bug);

}  // namespace heed::sim
