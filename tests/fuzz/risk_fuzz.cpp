// The risk ledger's day told by the input: questions, fills, ends, doubts, repeats, new days. No limit is exceeded at
// any step, the sums are those of the simplest bookkeeping, and what is over is given back.
#include "tests/core/risk_world.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <exception>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heed::fuzz::Draws draws{data, size};
  heed::test::RiskWorld world{heed::test::Chance{[&] { return draws(); }}};
  try {
    for (int i = 0; i < 100 && !draws.used_up(); ++i) {
      world.step();
      world.check();
    }
    if (!world.resumed())
      world.check_replay();
    world.settle_and_check();
  } catch (const std::exception& e) {
    heed::fuzz::must(false, e.what());
  }
  return 0;
}
