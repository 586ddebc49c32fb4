#include "messages/mutant.hpp"

#ifdef HEED_MUTANTS
#include <string>

namespace heed {
namespace {
std::string planted;
}

bool mutant(std::string_view name) { return !planted.empty() && planted == name; }
void plant_mutant(std::string_view name) { planted = name; }

}  // namespace heed
#endif
