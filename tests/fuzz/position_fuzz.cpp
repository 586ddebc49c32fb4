// A position's story told by the input: calls, fills, faults, restarts, in any order and number. Whatever happened,
// in the end its books are the venue's, nothing is naked, nothing flipped, every decision is final.
#include "tests/core/position_drive.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <exception>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  heed::test::Drive drive{static_cast<std::uint64_t>(data[0]) << 8 | data[1], false};
  drive.world().verify = data[0] % 64 == 0;  // costs as much as all the rest
  heed::fuzz::Draws draws{data + 2, size - 2};
  drive.world().random = [&] { return draws(); };
  try {
    drive.run([&] { return draws.used_up(); });
  } catch (const std::exception& e) {
    heed::fuzz::must(false, e.what());
  }
  return 0;
}
