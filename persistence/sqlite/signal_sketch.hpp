// Which signals the store surely does not have, without asking it: a Bloom filter. Nearly every call is new, and to
// learn that from the tables costs a reader several pages of a log that has just changed.
//
// The writer adds each signal before it commits it. Filled at open from the tables when they hold few enough to read
// them quickly; else everything may be there.
#pragma once

#include "messages/ids.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace heed::sqlite {

/// Any thread.
class SignalSketch {
public:
  static constexpr std::int64_t filled_max = 100'000;  // signals read at open

  /// False: it was never added, and nothing else is in the store.
  bool may_have(const SignalId& signal) const {
    if (!complete_)
      return true;
    bool all = true;
    for_each_bit(signal, [&](std::size_t word, std::uint64_t bit) {
      all = all && ((*words_)[word].load(std::memory_order_relaxed) & bit) != 0;
    });
    return all;
  }
  void add(const SignalId& signal) {
    for_each_bit(
      signal, [&](std::size_t word, std::uint64_t bit) { (*words_)[word].fetch_or(bit, std::memory_order_relaxed); });
  }
  /// All that the store holds has been added.
  void complete() { complete_ = true; }

private:
  static constexpr std::size_t words = 1U << 16U;  // four million bits: one in a hundred is wrong at 400,000 signals
  static constexpr int bits = 4;                   // of each signal
  using Words = std::array<std::atomic<std::uint64_t>, words>;

  template <class F>
  static void for_each_bit(const SignalId& signal, F&& f) {
    const std::uint64_t hash = std::hash<SignalId>{}(signal);
    const std::uint64_t step = (hash >> 32U) | 1U;
    for (int i = 0; i < bits; ++i) {
      const auto at = hash + static_cast<std::uint64_t>(i) * step;
      f(at >> 6U & (words - 1), std::uint64_t{1} << (at & 63U));
    }
  }

  std::unique_ptr<Words> words_ = std::make_unique<Words>();
  std::atomic<bool> complete_{false};
};

}  // namespace heed::sqlite
