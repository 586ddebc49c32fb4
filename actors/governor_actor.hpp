// RISK GOVERNOR: one per account. A shell round core::RiskLedger.
//
// Reservations live in memory and are rebuilt from orders, fills and positions at a start; latches (pauses, kill
// level, the day's opening equity) are journaled before they are answered. A kill is latched first and carried out
// after.
#pragma once

#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "core/calendar.hpp"
#include "core/risk.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"

#include <memory>

namespace heed {

struct GovernorArgs {
  AccountId account;
  RiskLimits limits;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  JournalActor journal;
  std::shared_ptr<Telemetry> telemetry;
  core::RiskState recovered;
  std::optional<Money> starting_equity;
};

struct GovernorState {
  GovernorState() = default;
  static constexpr const char* name = "governor";

  std::shared_ptr<const GovernorArgs> args;
  std::unique_ptr<core::RiskLedger> ledger;
  PortfolioActor portfolio;
  std::int64_t asked = 0, granted = 0, denied = 0;
};
static_assert(!std::is_aggregate_v<GovernorState>);

using GovernorSelf = GovernorActor::stateful_pointer<GovernorState>;
GovernorActor::behavior_type governor_actor(GovernorSelf self, std::shared_ptr<const GovernorArgs> args);

/// The ledger's state as it follows from what is stored: latches and equity from the account's row; today's counters,
/// reservations and exposure from orders, fills and positions.
core::RiskState recover_risk(const AccountId& account, const RiskLimits& limits, const RecoveredState& stored,
                             const core::MarketCalendar& calendar, Instant now);

}  // namespace heed
