// What people do to a daemon in a day, drawn from the seed before the run: calls through two inboxes and a tape,
// intents, closes, the kill switch, pauses, changed limits, restarts. An operation holds all that it needs, so that
// leaving one out changes no other.
#pragma once

#include "core/calendar.hpp"
#include "messages/intent.hpp"
#include "messages/mention.hpp"
#include "messages/risk.hpp"
#include "sim/chance.hpp"

#include <string>
#include <vector>

namespace heed::sim {

enum class OpKind : std::uint8_t { mention, tape, intent, kill, lift, pause, resume, limits, drain };

struct Op {
  Instant at{};
  OpKind kind = OpKind::mention;
  Mention call;   // mention, tape
  Intent intent;  // intent
  KillLevel level = KillLevel::none;
  Symbol symbol;  // pause, resume: empty means the account
  RiskLimits limits;
  std::string str() const;
};

struct Market {
  std::vector<std::string> symbols;         // that calls name
  std::string foreign = "EXTN";             // that only somebody else trades
  std::vector<std::int64_t> opening_cents;  // by symbol, the foreign one last
};

struct Workload {
  Instant start{};
  Instant end{};  // of the part in which things may go wrong
  Market market;
  std::vector<Op> ops;  // by time

  /// `days` sessions from a date that the seed names, half days and daylight-saving weeks included. Zero leaves the
  /// length to the seed as well: mostly a stretch of one session, sometimes up to three days with their nights.
  static Workload draw(std::uint64_t seed, int days, const core::MarketCalendar& calendar, const RiskLimits& limits,
                       int edition = usual_edition);
};

}  // namespace heed::sim
