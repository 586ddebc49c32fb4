// Spawns the four actors of one account, in order, from what the journal holds now.
#pragma once

#include "actors/directory.hpp"
#include "actors/gateway_actor.hpp"
#include "actors/position_env.hpp"
#include "core/risk.hpp"
#include "persistence/journal.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>

namespace heed {

struct DeskArgs {
  AccountId account;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  std::function<std::shared_ptr<Venue>()> make_venue;  // a fresh one for each start
  std::function<RiskLimits()> limits;                  // as configured now
  std::function<std::map<StrategyId, MentionStrategyConfig>()> strategies;
  std::optional<Money> starting_equity;
  core::PositionPolicy position_policy;  // venue capabilities are filled in
  GatewayPolicy gateway_policy;
  std::chrono::milliseconds reconcile_interval{30'000};
  std::chrono::milliseconds poll_interval{5'000};  // of orders, while the broker's stream is down
  JournalActor journal;
  AggregatorActor aggregator;
  std::shared_ptr<JournalReader> reader;
  std::shared_ptr<Telemetry> telemetry;
  std::shared_ptr<Directory> directory;  // the desk is entered here before anyone is told of it
};

/// Error unavailable when the journal cannot be read. Owed decisions are asked for before it returns.
Result<Desk> spawn_desk(caf::actor_system& system, const DeskArgs& args);

/// The start of the trading day that `now` belongs to, for counters.
Instant day_start(const core::MarketCalendar& calendar, Instant now);

}  // namespace heed
