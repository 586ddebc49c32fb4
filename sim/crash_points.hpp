// Crash points, exhaustively: a scenario is played once undisturbed, and every journal commit and every broker
// request in it is numbered. Then it is played once for each of these steps and each way of dying there, and again
// with a second death at each step of the recovery. Every time the same witness judges, and the end must be the same.
#pragma once

#include "messages/result.hpp"
#include "sim/crash_stage.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace heed::sim {

/// All of them, in the order in which they are told.
std::vector<Scenario> crash_scenarios();

/// Which second deaths are tried.
enum class Double : std::uint8_t {
  none,
  /// At every step of every recovery that differs from those seen before in the scenario, by what it asks and
  /// commits.
  distinct,
  all
};

struct CrashOptions {
  std::vector<std::string> scenarios;  // names; empty: all
  Double doubles = Double::distinct;
  /// Only every n-th single point, and of its second deaths every n-th: for a quick look. 1: all.
  std::int64_t stride = 1;
  std::string folder;  // scratch, exists
  bool json = false;
  std::size_t failures_told = 5;  // with the end of their trace, of each scenario
  std::function<bool()> cancelled = [] { return false; };
};

struct ScenarioResult {
  std::string name;
  std::int64_t journal_steps = 0;  // of the undisturbed run
  std::int64_t broker_steps = 0;   // requests, and messages of the order stream
  std::int64_t store_steps = 0;    // disk operations of opening and closing, where the scenario counts them
  std::int64_t points = 0;         // single deaths played
  std::int64_t doubles = 0;        // double deaths played
  std::int64_t recoveries = 0;     // different ones
  std::int64_t failures = 0;
  std::vector<std::string> failed;  // "POINT: what broke", the first ones
};

struct CrashResult {
  std::vector<ScenarioResult> scenarios;
  bool cancelled = false;
  std::int64_t failures() const;
};

/// A table or one JSON document on `out`; failures as they come on `err`. Error invalid: no such scenario.
Result<CrashResult> crash_points(const CrashOptions& options, std::ostream& out, std::ostream& err);

/// One point, or none, of one scenario, with everything that happens on standard error. Errors: invalid.
Result<StageReport> crash_at(const std::string& scenario, const std::string& points, const std::string& folder);

}  // namespace heed::sim

HEED_ENUM_NAMES(heed::sim::Double, "none", "distinct", "all");
