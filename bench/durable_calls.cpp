// What does Heed cost over the bare floor? The same callers and the same exchange with either between them; a call is
// over when its order has reached the exchange. One round of each, in turns.
//
//   bench_durable_calls HEED_BINARY FLOOR_BINARY FOLDER [CONNECTIONS]
//
// With CONNECTIONS, 1 or 64, only what is measured with so many. Where bench/postgres.sh runs it, Heed is measured
// with its journal in PostgreSQL as well.
//
// Heed asks for a price before it orders; the floor does not. "asked": each call is the first of its symbol, and the
// price is asked for over HTTP. "streamed": calls for a few symbols whose prices the exchange streams, which also
// fills them; four of each symbol, so that none gathers more lots than a real one. "with fills": each order fills at
// once, which the floor's orders never do, and Heed books it. A single caller pauses between its calls, since what a
// call has to wait for is measured and not what the one before it left to do.
#include "bench/arena.hpp"
#include "bench/child.hpp"
#include "bench/heed_process.hpp"
#include "bench/measure.hpp"
#include "bench/postgres.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace {

using namespace heed::bench;

constexpr std::size_t known_symbols = 12'000;  // more than one round can use

constexpr std::size_t streamed_symbols = 30;  // as many as are streamed at most

void pause_when_single(Load& load) {
  if (load.connections == 1)
    load.pause = std::chrono::milliseconds{5};
}

/// One run, with the processor time that the program under test took for it.
void measure(const std::string& name, Arena& arena, const Load& load, const Child& program) {
  const auto cpu_before = program.cpu_seconds();
  const auto outcome = arena.run(load);
  const auto cpu = program.cpu_seconds() - cpu_before;
  if (outcome.errors != 0)
    throw std::runtime_error{name + ": " + std::to_string(outcome.errors) + " calls were refused"};
  result(name + ", rate", outcome.calls_per_second, "calls/s");
  result(name + ", p50", outcome.p50_us, "us");
  result(name + ", p99", outcome.p99_us, "us");
  result(name + ", processor time of a call", cpu * 1e6 / static_cast<double>(outcome.calls_all), "us");
}

void measure_floor(const std::string& binary, const std::string& folder, std::size_t connections) {
  Arena arena;
  Child floor{
    {binary, std::to_string(arena.exchange_port()), folder + "/floor.log", connections == 1 ? "inline" : "thread"},
    folder + "/floor.err"};
  const auto line = floor.line(std::chrono::seconds{20});
  if (!line.starts_with("port "))
    throw std::runtime_error{"the floor did not start"};
  Load load;
  load.port = static_cast<std::uint16_t>(std::atoi(line.c_str() + 5));
  load.connections = connections;
  pause_when_single(load);
  measure("floor, " + std::to_string(connections) + (connections == 1 ? " connection" : " connections"), arena, load,
          floor);
}

enum class Mode { asked, streamed, with_fills };

void measure_heed(const std::string& binary, const std::string& folder, std::size_t connections, Mode mode,
                  const std::string& postgres = {}) {
  const auto own = folder + "/heed";
  std::filesystem::remove_all(own);
  Arena arena;
  arena.set_fills(mode != Mode::asked);
  const auto heed = start_heed(binary, own, arena, postgres);
  Load load;
  load.port = heed.port;
  load.target = mentions_path;
  load.connections = connections;
  pause_when_single(load);
  std::string name = (postgres.empty() ? "heed, " : "heed on PostgreSQL, ") + std::to_string(connections) +
                     (connections == 1 ? " connection, " : " connections, ");
  if (mode == Mode::streamed) {
    load.symbols = streamed_symbols;
    load.warm_up = load.pause * streamed_symbols * 2;  // the first of each, whose price has to be asked for
    load.calls_max = streamed_symbols * 5;
    arena.introduce(heed.port, mentions_path, load.symbols);
    name += "streamed";
  } else {
    load.calls_max = known_symbols / connections;
    arena.introduce(heed.port, mentions_path, connections == 1 ? known_symbols / 20 : known_symbols);
    name += mode == Mode::asked ? "asked" : "with fills";
  }
  measure(name, arena, load, *heed.child);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: bench_durable_calls HEED_BINARY FLOOR_BINARY FOLDER [CONNECTIONS]\n");
    return 2;
  }
  const std::string heed = argv[1];
  const std::string floor = argv[2];
  const std::string folder = argv[3];
  const int only = argc == 5 ? std::atoi(argv[4]) : 0;
  try {
    std::filesystem::create_directories(folder);
    if (only != 64) {
      measure_floor(floor, folder, 1);
      measure_heed(heed, folder, 1, Mode::streamed);
      measure_heed(heed, folder, 1, Mode::asked);
      if (const auto postgres = new_postgres_schema())
        measure_heed(heed, folder, 1, Mode::streamed, *postgres);
    }
    if (only != 1) {
      measure_floor(floor, folder, 64);
      measure_heed(heed, folder, 64, Mode::asked);
      if (const auto postgres = new_postgres_schema())
        measure_heed(heed, folder, 64, Mode::asked, *postgres);
      measure_heed(heed, folder, 64, Mode::with_fills);
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_durable_calls: %s\n", failure.what());
    return 1;
  }
  return 0;
}
