#include "bench/measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace heed::bench {

void result(const std::string& name, double value, const std::string& unit) {
  double load = 0;
  (void)::getloadavg(&load, 1);
  std::printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"load\":%.2f}\n", name.c_str(), value, unit.c_str(),
              load);
  std::fflush(stdout);
}

void note(const std::string& text) { std::fprintf(stderr, "  %s\n", text.c_str()); }

double percentile(std::vector<double>& values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::lround(last * share))];
}

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace heed::bench
