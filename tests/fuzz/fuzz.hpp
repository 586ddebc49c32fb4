// What every target here is made of: a function that is given bytes and must not fall over, and claims that it makes.
// With clang the function is libFuzzer's; in every other build replay_main.cpp calls it with the committed corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace heed::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A claim of the target's own. Ends the program, so that the fuzzer keeps the input.
inline void must(bool holds, std::string_view what) {
  if (holds)
    return;
  std::fprintf(stderr, "claim does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// Chance that the input decides, two bytes a draw. Once they are used up the same number for ever, at which faults
/// do not happen and stories go on.
class Draws {
public:
  Draws(const std::uint8_t* data, std::size_t size) : data_{data}, left_{size} {}
  std::uint64_t operator()() {
    if (left_ == 0)
      return 2'999;
    std::uint64_t drawn = 0;
    for (int i = 0; i < 2 && left_ > 0; ++i, ++data_, --left_)
      drawn = drawn << 8 | *data_;
    return drawn;
  }
  bool used_up() const { return left_ == 0; }

private:
  const std::uint8_t* data_;
  std::size_t left_;
};

}  // namespace heed::fuzz
