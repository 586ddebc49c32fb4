// Many seeds: run, count, compare double runs, shrink the first failure, tell people or programs.
#pragma once

#include "sim/run.hpp"

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace heed::sim {

struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  Level level = Level::heavy;
  std::optional<Profile> profile;  // instead of the drawn one
  int edition = usual_edition;
  int days = 0;  // sessions per run; 0: as the seed draws
  std::optional<Rules> rules;
  std::uint64_t twice_every = 0;  // every n-th seed is run twice, and the hashes compared; 0: none
  bool keep_going = false;        // after a failing seed
  bool shrink = true;
  bool echo = false;     // the whole trace of every run to standard error
  bool verbose = false;  // a line for every seed on `err`
  bool json = false;
  std::size_t lines = 60;  // of the trace, with a failure
  std::string folder;      // scratch, exists
  std::function<bool()> cancelled = [] { return false; };
  std::function<double()> cpu_seconds;  // of this process
};

struct CampaignResult {
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::optional<std::uint64_t> first_failing;
  std::optional<Violation> first_violation;
  std::uint64_t doubles = 0;
  std::uint64_t doubles_unequal = 0;
  Marks marks;
  std::array<std::int64_t, fault_count> struck{};
  std::int64_t turns = 0, requests = 0, commits = 0, lives = 0, calls = 0, entries = 0, executions = 0;
  Duration simulated{0};
  Duration trading{0};
  Duration naked_worst{0};
  bool cancelled = false;
};

/// Tells on `out` (a table, or one JSON document) and, as failures come, on `err`.
CampaignResult campaign(const CampaignOptions& options, std::ostream& out, std::ostream& err);

/// The fewest faults and operations found with which the seed still breaks the same invariant.
struct Shrunk {
  RunOptions options;
  RunReport report;
  int runs = 0;
};
Shrunk shrink(RunOptions options, const RunReport& failing, int runs_max);

}  // namespace heed::sim
