#include "messages/mutant.hpp"

#ifdef HEED_MUTANTS
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace heed {
namespace {

std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> all;
  while (!names.empty()) {
    const auto end = std::min(names.find(','), names.size());
    all.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return all;
}

// Each program of this build can be run with a bug: HEED_MUTANT names it.
std::vector<std::string>& planted() {
  static auto names = [] {
    const char* named = std::getenv("HEED_MUTANT");
    return split(named == nullptr ? "" : named);
  }();
  return names;
}

}  // namespace

bool mutant(std::string_view name) {
  const auto& all = planted();
  return !all.empty() && std::ranges::find(all, name) != all.end();
}

void plant_mutants(std::string_view names) { planted() = split(names); }

}  // namespace heed
#endif
