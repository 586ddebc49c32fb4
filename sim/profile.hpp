// Which misfortunes a run may meet, and how often. Drawn from the seed ("swarm"): each class is switched on or off by
// itself, so that some runs meet one kind of trouble a lot and others many kinds a little.
#pragma once

#include "messages/fields.hpp"
#include "messages/result.hpp"
#include "sim/chance.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace heed::sim {

/// Rates are per million chances; what a chance is stands behind each.
enum class Fault : std::uint8_t {
  request_lost,       // of a request: never arrives, no answer until the deadline
  answer_lost,        // of a request: done, no answer until the deadline
  refused,            // of a request: no byte leaves
  request_twice,      // of a request: arrives a second time later
  slow,               // of a request: takes seconds on either way
  too_many,           // of a request: 429, with or without Retry-After
  server_error,       // of a request: 5xx, done or not
  garbage,            // of a request: done, the answer is empty, HTML, cut short or of another shape
  hidden,             // of a lookup by name: 404 although the order is there and young
  stream_lost,        // of a stream message
  stream_twice,       // of a stream message
  stream_late,        // of a stream message: overtaken by later ones
  stream_garbage,     // of a stream message
  stream_cut,         // of a stream message: the connection ends
  outage,             // of a minute: connections refused, or nothing comes back
  crash,              // of an actor's message: the process is gone, at once
  power,              // of a crash: what was not synced is lost, in part, or torn
  crash_in_recovery,  // of a restart: again within its first steps
  crash_in_commit,    // of a minute: at some operation on the disk soon
  actor,              // of a minute: one actor is killed
  disk_full,          // of a minute: ENOSPC for a while
  disk_error,         // of a minute: EIO, once or for a while
  sync_error,         // of a minute: a sync fails
  clock_jump,         // of a minute: the wall clock of the daemon is set
  stall,              // of an actor's message: the actors wait while the world goes on
  halt,               // of a minute: trading in a symbol stops for a while
  gap,                // of a minute: a price jumps
  external,           // of a minute: somebody else trades in the account
  asset,              // of a minute: a symbol is not tradable for a while
  venue_slow,         // of a run: cancels and replaces take time at the venue, and lose races
  venue_cancels,      // of an order that the venue took: it is cancelled later, and nobody asked for it
  liquidation,        // of a minute: somebody else cancels all in a symbol of ours, and sells what is held
  journal_gone,       // of a death: the next life finds an empty disk
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::journal_gone) + 1;

enum class Level : std::uint8_t { none, light, heavy };

struct Profile {
  std::array<std::uint32_t, fault_count> rates{};

  std::uint32_t rate(Fault fault) const { return rates[static_cast<std::size_t>(fault)]; }
  void set(Fault fault, std::uint32_t per_million) { rates[static_cast<std::size_t>(fault)] = per_million; }
  bool any() const;

  /// Drawn from the seed; `none` has no fault at all.
  static Profile draw(std::uint64_t seed, Level level, int edition = usual_edition);
  /// Lines `name = per_million`, blank lines and # comments. Errors name line and key.
  static Result<Profile> parse(std::string_view text);
  /// "answer_lost=20000 crash=300"; "none".
  std::string str() const;
};

}  // namespace heed::sim

HEED_ENUM_NAMES(heed::sim::Fault, "request_lost", "answer_lost", "refused", "request_twice", "slow", "too_many",
                "server_error", "garbage", "hidden", "stream_lost", "stream_twice", "stream_late", "stream_garbage",
                "stream_cut", "outage", "crash", "power", "crash_in_recovery", "crash_in_commit", "actor",
                "disk_full", "disk_error", "sync_error", "clock_jump", "stall", "halt", "gap", "external", "asset",
                "venue_slow", "venue_cancels", "liquidation", "journal_gone");
HEED_ENUM_NAMES(heed::sim::Level, "none", "light", "heavy");
