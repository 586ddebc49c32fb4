// What every part of a simulated world shares: time, misfortune, and the record of what happened.
#pragma once

#include "sim/agenda.hpp"
#include "sim/chance.hpp"
#include "sim/marks.hpp"
#include "sim/profile.hpp"
#include "sim/trace.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace heed::sim {

struct Surroundings {
  Surroundings(std::uint64_t run_seed, Profile run_profile, Instant start)
      : seed{run_seed}, profile{run_profile}, agenda{start} {
    for (std::size_t i = 0; i < fault_count; ++i)
      streams[i] = Chance{seed, "fault:" + std::string{to_string(static_cast<Fault>(i))}};
  }

  /// Does it strike now? Counted; never while healed, nor beyond the budget that shrinking sets.
  bool strikes(Fault fault) {
    const auto i = static_cast<std::size_t>(fault);
    if (profile.rates[i] == 0 || healed)
      return false;
    if (!streams[i].hits(profile.rates[i]) || struck[i] >= budget[i])
      return false;
    ++struck[i];
    return true;
  }
  Chance& chance(Fault fault) { return streams[static_cast<std::size_t>(fault)]; }
  Instant now() const { return agenda.now(); }

  void tell(const std::string& text) { trace.line(to_rfc3339(now()).substr(5, 21) + " " + text); }
  void show(const std::string& text) { trace.aside(to_rfc3339(now()).substr(5, 21) + " " + text); }
  void reach(Mark mark) { marks.reach(mark); }
  std::int64_t faults() const {
    std::int64_t sum = 0;
    for (const auto count : struck)
      sum += count;
    return sum;
  }

  const std::uint64_t seed;
  const Profile profile;
  Agenda agenda;
  Trace trace;
  Marks marks;
  bool healed = false;  // the second half of a run: nothing goes wrong any more
  std::array<Chance, fault_count> streams;
  std::array<std::int64_t, fault_count> struck{};
  std::array<std::int64_t, fault_count> budget = unlimited();

private:
  static std::array<std::int64_t, fault_count> unlimited() {
    std::array<std::int64_t, fault_count> all{};
    all.fill(std::numeric_limits<std::int64_t>::max());
    return all;
  }
};

}  // namespace heed::sim
