// What does the daemon take while nothing happens? Processor time and memory over some seconds, with SQLite, one
// account at an exchange on this machine, and nothing to do.
//
//   bench_idle HEED_BINARY FOLDER [SECONDS]
#include "bench/arena.hpp"
#include "bench/heed_process.hpp"
#include "bench/measure.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  using namespace heed::bench;
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_idle HEED_BINARY FOLDER [SECONDS]\n");
    return 2;
  }
  const std::string folder = std::string{argv[2]} + "/idle";
  const std::chrono::seconds time{argc > 3 ? std::atoi(argv[3]) : 10};
  try {
    std::filesystem::remove_all(folder);
    Arena arena;
    const auto heed = start_heed(argv[1], folder, arena);
    result("ready, empty journal", heed.ready_ms, "ms");
    arena.serve_for(std::chrono::milliseconds{500});
    const auto before = heed.child->cpu_seconds();
    arena.serve_for(time);
    const auto used = heed.child->cpu_seconds() - before;
    result("idle, processor", used / static_cast<double>(time.count()) * 100, "% of a core");
    result("idle, memory", static_cast<double>(heed.child->resident_bytes()) / 1048576.0, "MiB");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_idle: %s\n", failure.what());
    return 1;
  }
  return 0;
}
