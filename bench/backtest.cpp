// How long does a backtest take: the engine by itself in several sizes, and the whole process with a warm cache?
//
//   bench_backtest HEED FOLDER     made-up calls and bars of the size of four years of a daily show
#include "backtest/engine.hpp"
#include "backtest/metrics.hpp"
#include "backtest/sweep.hpp"
#include "bench/measure.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace heed;
using namespace heed::backtest;
using std::chrono::milliseconds;

struct Extent {
  const char* name;
  int calls, symbols, sessions;
};
constexpr int base_calls = 12'047;
constexpr int base_symbols = 168;
constexpr int base_sessions = 2'265;
constexpr Extent base{"x1", base_calls, base_symbols, base_sessions};

Date weekday(int i) {
  return Date{std::chrono::days{15'341 + i / 5 * 7 + i % 5}};  // from Monday 2012-01-02 on
}
std::string symbol_name(int i) { return i == 0 ? "SPY" : "S" + std::to_string(i); }

core::BarColumns walk(std::mt19937_64& random, int sessions) {
  core::BarColumns out;
  std::int64_t cents = 2'000 + static_cast<std::int64_t>(random() % 20'000);
  for (int i = 0; i < sessions; ++i) {
    const auto move = [&] { return 9'800 + static_cast<std::int64_t>(random() % 401); };
    const auto open = std::clamp<std::int64_t>(cents * move() / 10'000, 100, 900'000);
    const auto close = std::clamp<std::int64_t>(open * move() / 10'000, 100, 900'000);
    constexpr std::int64_t units = 10'000'000;
    out.days.push_back(static_cast<std::int32_t>(weekday(i).time_since_epoch().count()));
    out.open.push_back(open * units);
    out.high.push_back(std::max(open, close) * 101 / 100 * units);
    out.low.push_back(std::min(open, close) * 99 / 100 * units);
    out.close.push_back(close * units);
    out.volume.push_back(1'000);
    cents = close;
  }
  return out;
}

std::vector<Mention> make_mentions(std::mt19937_64& random, const Extent& size) {
  std::vector<Mention> out(static_cast<std::size_t>(size.calls));
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto& m = out[i];
    m.id = static_cast<std::int64_t>(i) + 1;
    // Half of what is called has no bars, as on a real show.
    m.symbol = Symbol{symbol_name(1 + static_cast<int>(random() % static_cast<std::uint64_t>(2 * size.symbols)))};
    const auto kind = random() % 10;
    m.action = kind < 6   ? MentionAction::buy
               : kind < 8 ? MentionAction::avoid
               : kind < 9 ? MentionAction::sell
                          : MentionAction::watch;
    m.conviction = Decimal::from_units(static_cast<std::int64_t>(5 + random() % 6) * 100'000'000);
    const auto day = static_cast<int>(i * static_cast<std::size_t>(size.sessions - 60) / out.size());
    m.created_at = m.published_at = Instant{weekday(day)} + std::chrono::hours{23};
    m.origin = "made up";
  }
  return out;
}

struct World {
  Calls calls;
  BarSet bars;
};
World make_world(const Extent& size) {
  std::mt19937_64 random{1};
  BarSetBuilder builder;
  for (int i = 0; i < size.symbols; ++i)
    builder.add(Symbol{symbol_name(i)}, walk(random, size.sessions));
  return {make_calls(make_mentions(random, size)), builder.finish()};
}

void measure_engine(const Extent& size) {
  const auto world = make_world(size);
  const Params params;
  const auto per_second =
    bench::rate(milliseconds{300}, 1, [&] { bench::keep(run(world.calls, world.bars, params)); });
  const std::string name = std::string{"backtest engine "} + size.name;
  const auto bars = static_cast<double>(size.symbols) * size.sessions;
  bench::result(name + ", time", 1'000.0 / per_second, "ms");
  bench::result(name + ", calls", per_second * size.calls, "calls/s");
  bench::result(name + ", bars", per_second * bars, "bars/s");
}

void measure_sweep() {
  constexpr std::size_t sets = 1'000;
  const auto world = make_world(base);
  SharedGround shared{world.calls, world.bars};
  std::vector<Params> all(sets);
  for (std::size_t i = 0; i < sets; ++i) {
    all[i].strategy.stop_pct = Decimal::from_units(static_cast<std::int64_t>(i % 100 + 20) * 1'000'000);
    all[i].strategy.min_conviction = Decimal::from_units(static_cast<std::int64_t>(60 + i / 100) * 10'000'000);
    if (!shared.prepare(all[i]))
      throw std::runtime_error{"no ground to sweep"};
  }
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (auto i = t; i < sets; i += 2)
        bench::keep(measure(shared.run(all[i]).value(), all[i]));
    });
  threads.clear();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  bench::result("backtest sweep of 1,000 sets, 2 threads", passed.count(), "s");
}

// ---- the whole process --------------------------------------------------------------------------------------------

void write_files(const std::string& folder) {
  std::filesystem::create_directories(folder + "/bars");
  const auto world = make_world(base);
  for (const auto& series : world.bars.series()) {
    std::ofstream file{folder + "/bars/" + series.symbol.str() + ".csv"};
    file << "date,open,high,low,close,volume\n";
    for (std::size_t i = 0; i < series.size(); ++i)
      file << to_iso_date(Date{std::chrono::days{series.days[i]}}) << ',' << series.open_at(i).str() << ','
           << series.high_at(i).str() << ',' << series.low_at(i).str() << ',' << series.close_at(i).str()
           << ",1000\n";
  }
  std::ofstream file{folder + "/calls.jsonl"};
  std::mt19937_64 random{1};
  for (int i = 0; i < base.symbols; ++i)
    walk(random, base.sessions);
  for (const auto& m : make_mentions(random, base))
    file << "{\"id\": " << m.id << ", \"symbol\": \"" << m.symbol.view() << "\", \"action\": \""
         << to_string(m.action) << "\", \"conviction\": " << m.conviction->str() << ", \"source\": \"" << m.origin
         << "\", \"published_at\": \"" << to_rfc3339(m.published_at) << "\", \"created_at\": \""
         << to_rfc3339(m.created_at) << "\"}\n";
}

// Made in a process of its own: see Ran::mebibytes.
void write_files_apart(const std::string& folder) {
  const pid_t child = ::fork();
  if (child < 0)
    throw std::runtime_error{"fork failed"};
  if (child == 0) {
    try {
      write_files(folder);
      ::_exit(0);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "bench_backtest: %s\n", e.what());
      ::_exit(1);
    }
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error{"cannot write the files of " + folder};
}

struct Ran {
  double seconds = 0.0;
  // Peak. What is executed keeps as its own peak that of the process that spawned it, where that is higher (exec
  // takes over the high-water mark of the memory it replaces, and posix_spawn shares the parent's): whoever calls
  // run_process() must have been small all its life.
  double mebibytes = 0.0;
};
Ran run_process(const std::string& heed, const std::string& folder) {
  const std::string mentions = folder + "/calls.jsonl";
  const std::string bars = folder + "/bars";
  std::vector<const char*> arguments{heed.c_str(), "backtest",   "--mentions", mentions.c_str(),
                                     "--bars",     bars.c_str(), "--json",     nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto begun = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (::posix_spawn(&child, heed.c_str(), &files, nullptr, const_cast<char* const*>(arguments.data()), environ) != 0)
    throw std::runtime_error{"cannot run " + heed};
  int status = 0;
  struct rusage usage {};
  ::wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  posix_spawn_file_actions_destroy(&files);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error{"heed backtest failed"};
  return {passed.count(), static_cast<double>(usage.ru_maxrss) / 1'024.0};
}

void remove_caches(const std::string& folder) {
  for (const char* name : {"/bars/.heed-bars.cache", "/.calls.jsonl.heed-calls.cache"})
    std::filesystem::remove(folder + name);
}

void measure_process(const std::string& heed, const std::string& folder, bool warm, int times) {
  std::vector<double> took;
  double mebibytes = 0.0;
  for (int i = 0; i < times; ++i) {
    if (!warm)
      remove_caches(folder);
    const auto ran = run_process(heed, folder);
    took.push_back(ran.seconds * 1'000.0);
    mebibytes = std::max(mebibytes, ran.mebibytes);
  }
  const std::string name = std::string{"backtest process, "} + (warm ? "warm" : "cold") + " cache";
  bench::result(name, bench::percentile(took, 0.5), "ms");
  bench::result(name + ", peak memory", mebibytes, "MiB");
}

void measure_processes(const std::string& heed, const std::string& folder) {
  if (!std::filesystem::exists(folder + "/calls.jsonl"))
    write_files_apart(folder);
  measure_process(heed, folder, false, 3);
  measure_process(heed, folder, true, 11);  // the last cold one has left the caches
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3)
      measure_processes(argv[1], argv[2]);  // first: see Ran::mebibytes
    // Each of the three in steps of ten, from x1 to x100 of its smallest: cost must grow no faster.
    for (const Extent& size : {base, Extent{"calls x10", 10 * base_calls, base_symbols, base_sessions},
                               Extent{"calls x100", 100 * base_calls, base_symbols, base_sessions},
                               Extent{"symbols /10", base_calls, base_symbols / 10, base_sessions},
                               Extent{"symbols x10", base_calls, 10 * base_symbols, base_sessions},
                               Extent{"days /10", base_calls, base_symbols, base_sessions / 10},
                               Extent{"days x10", base_calls, base_symbols, 10 * base_sessions},
                               Extent{"calls x10, symbols x10", 10 * base_calls, 10 * base_symbols, base_sessions}})
      measure_engine(size);
    measure_sweep();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_backtest: %s\n", e.what());
    return 1;
  }
}
