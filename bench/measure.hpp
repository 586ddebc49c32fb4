// What all benchmarks share: one line of JSON per result on standard output, everything else on standard error.
// bench/report.cpp makes medians and the table of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heed::bench {

/// `name` is the same in every round; `unit` is shown behind the number.
void result(const std::string& name, double value, const std::string& unit);
/// For people, on standard error.
void note(const std::string& text);

/// Sorts. 0 for no values.
double percentile(std::vector<double>& values, double share);
/// Of this process, in bytes.
std::size_t resident_bytes();

/// Calls `work` again and again for about `time`, which does `batch` operations each time. Operations per second.
template <class Work>
double rate(std::chrono::milliseconds time, std::size_t batch, Work work) {
  using std::chrono::steady_clock;
  work();
  const auto begun = steady_clock::now();
  std::size_t done = 0;
  steady_clock::duration passed{};
  do {
    work();
    done += batch;
    passed = steady_clock::now() - begun;
  } while (passed < time);
  return static_cast<double>(done) / std::chrono::duration<double>(passed).count();
}

/// Keeps the optimizer from leaving away what nobody looks at.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace heed::bench
