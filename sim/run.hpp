// One seed, from its draw to its verdict.
#pragma once

#include "sim/auditor.hpp"
#include "sim/profile.hpp"
#include "sim/setup.hpp"
#include "sim/surroundings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heed::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  Profile profile;
  int edition = usual_edition;    // of what the seed draws; that of the profile is its own
  int days = 0;                   // sessions; 0: as the seed draws
  std::optional<Rules> rules;     // empty: the usual ones, varied by the seed
  std::set<std::size_t> without;  // operations left out, by their place (shrinking)
  std::array<std::int64_t, fault_count> budget = unlimited_budget();  // of each fault (shrinking)
  bool echo = false;                                                  // every trace line to standard error
  std::string folder;                                                 // for the lock file of the store; exists

  static std::array<std::int64_t, fault_count> unlimited_budget();
};

struct RunReport {
  std::uint64_t seed = 0;
  std::optional<Violation> violation;
  std::uint64_t hash = 0;
  Marks marks;
  std::array<std::int64_t, fault_count> struck{};
  std::vector<std::string> ops;     // what was done, by place
  std::vector<std::string> newest;  // last lines of the trace
  std::int64_t lines = 0;
  std::int64_t turns = 0;  // messages of actors
  std::int64_t requests = 0;
  std::int64_t commits = 0;
  std::int64_t lives = 0;
  std::int64_t calls = 0;
  std::int64_t entries = 0;
  std::int64_t executions = 0;
  Duration simulated{0};
  Duration trading{0};  // of it, with the market open
  Duration naked_worst{0};
  std::int64_t faults() const;
};

/// Deterministic in its options. One at a time per process: SQLite's file system is one.
RunReport run(const RunOptions& options);

}  // namespace heed::sim
