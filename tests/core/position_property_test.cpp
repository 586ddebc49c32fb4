// The position machine driven by chance: lost commands, lost and doubled and late news, refusals, restarts at any
// point. Whatever happened, once the faults stop its books are the venue's.
//
// HEED_LONG=1 runs a million and more; HEED_SEED=<n> runs one and tells its story.
#include "tests/core/position_drive.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

using namespace heed;
using namespace heed::test;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run_one(std::uint64_t seed, bool tracing) {
  Drive drive{seed, tracing};
  try {
    drive.run();
  } catch (const std::exception& e) {
    for (const auto& line : drive.world().log)
      std::cerr << line << "\n";
    FAIL("HEED_SEED=" << seed << ": " << e.what());
  }
}

}  // namespace

TEST_CASE("position: stories that once went wrong", "[core][position][property]") {
  run_one(56219, false);   // legs of an entry that ended short, after one of them had filled
  run_one(404142, false);  // a stop that filled while it was replaced, told after its successor had filled
}

TEST_CASE("position: whatever goes wrong, the books end as the venue's", "[core][position][property]") {
  if (const auto seed = from_environment("HEED_SEED", 0); seed != 0)
    return run_one(seed, true);
  const std::uint64_t sequences =
    std::getenv("HEED_LONG") != nullptr ? 1'200'000 : from_environment("HEED_SEQUENCES", 20'000);
  for (std::uint64_t seed = 1; seed <= sequences; ++seed)
    run_one(seed, false);
  SUCCEED();
}
