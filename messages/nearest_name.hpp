// "Did you mean": the one valid name that a mistyped one is close to. For configuration, API, command line and files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other; case does not count.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to `name`, the first of equals; empty when none is close enough to be a typing error.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace heed
