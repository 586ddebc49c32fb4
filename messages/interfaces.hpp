// The map of the system: every actor, and what it can be told. Read with docs/architecture.md.
//
// reacts_to is for facts, and for commands whose outcome comes back as an event; replies_to for questions that are
// answered at once. Nothing that waits for a broker's decision is a replies_to.
#pragma once

#include "messages/actor_messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace heed {

/// Every actor shows its state to the inspector.
using Inspectable = caf::typed_actor<caf::replies_to<InspectSelf>::with<std::string>>;

/// JOURNAL, one per database: durable before visible.
using JournalActor = Inspectable::extend<
  // Make a batch durable; answered after the commit that holds it.
  caf::replies_to<Append>::with<Appended>,
  // Own timer.
  caf::reacts_to<FlushDue>>;

/// PORTFOLIO, one per account: spawns its positions, forwards by symbol, restarts the fallen.
using PortfolioActor =
  Inspectable::extend<caf::reacts_to<MentionCall>, caf::reacts_to<IntentCall>, caf::reacts_to<SubmitIntent>,
                      caf::reacts_to<PositionNews>, caf::reacts_to<ExitScanDue>, caf::reacts_to<SessionChanged>,
                      caf::reacts_to<KillOrder>, caf::reacts_to<Reconfigure>, caf::reacts_to<AccountReady>,
                      caf::replies_to<BooksQuery>::with<Books>, caf::replies_to<PositionInspect>::with<std::string>,
                      caf::reacts_to<OwedDecision>, caf::reacts_to<LookForOwed>, caf::reacts_to<RestartPosition>>;

/// RECONCILER, one per account: compares the venue's word with the books. Only sends messages.
using ReconcilerActor = Inspectable::extend<caf::reacts_to<ReconcileDue>, caf::reacts_to<LinkChanged>>;

/// Who answers for an account: given to those that are spawned before them.
struct Introduce {
  PortfolioActor portfolio;
  ReconcilerActor reconciler;
};

/// BROKER GATEWAY, one per account: the only sender to its venue.
using GatewayActor = Inspectable::extend<
  // Journaled orders. What becomes of them comes back to the portfolio as reports.
  caf::reacts_to<SubmitOrder>, caf::reacts_to<CancelOrder>, caf::reacts_to<ReplaceOrder>,
  // Ask the venue; the answer goes to the portfolio.
  caf::reacts_to<QueryOrderNow>, caf::reacts_to<QueryPositionNow>,
  // What is it worth, what is it.
  caf::replies_to<QuoteQuery>::with<QuoteAnswer>, caf::replies_to<InstrumentQuery>::with<InstrumentAnswer>,
  // Everything the venue holds of this account.
  caf::replies_to<VenueSnapshotQuery>::with<VenueSnapshot>,
  // And of one symbol.
  caf::replies_to<SymbolHoldingsQuery>::with<SymbolHoldings>,
  // The venue's callbacks, and own timer.
  caf::reacts_to<VenueSaid>, caf::reacts_to<PumpDue>,
  // Where reports go; the account's kill switch; from now on nothing but exits and cancels is sent.
  caf::reacts_to<Introduce>, caf::reacts_to<KillOrder>, caf::reacts_to<Drain>>;

/// RISK GOVERNOR, one per account: may this add risk now?
using GovernorActor = Inspectable::extend<
  // Atomic: a yes is a reservation.
  caf::replies_to<ReserveRisk>::with<RiskAnswer>, caf::replies_to<AccountQuery>::with<AccountSnapshot>,
  caf::replies_to<LimitsQuery>::with<RiskLimits>, caf::replies_to<UsageQuery>::with<RiskUsage>,
  // What became of reservations; what the venue says of the account; the day.
  caf::reacts_to<RiskFact>, caf::reacts_to<AccountReport>, caf::reacts_to<DayRolled>,
  // Orders of a person. Answered when durable.
  caf::reacts_to<PauseCommand>, caf::reacts_to<ResumeCommand>, caf::reacts_to<KillCommand>, caf::reacts_to<SetLimits>,
  // Whom to tell; books and broker have been compared.
  caf::reacts_to<Introduce>, caf::reacts_to<AccountReady>>;

/// POSITION, one per (account, symbol): the only origin of orders for that pair.
using PositionActor = Inspectable::extend<
  // Calls, decided one at a time.
  caf::reacts_to<MentionCall>, caf::reacts_to<IntentCall>,
  // What the venue said.
  caf::reacts_to<PositionNews>,
  // Schedule and own timers.
  caf::reacts_to<PositionTimerDue>, caf::reacts_to<ExitScanDue>, caf::reacts_to<SessionChanged>,
  caf::reacts_to<KillOrder>, caf::reacts_to<NewEnv>, caf::reacts_to<AccountReady>,
  caf::replies_to<BooksQuery>::with<BookEntry>>;

/// AGGREGATOR, one per process: windows per symbol; mentions in, calls to the followers' accounts out.
using AggregatorActor =
  Inspectable::extend<caf::reacts_to<MentionsSeen>, caf::reacts_to<MentionsLost>, caf::reacts_to<StoreAgain>>;

/// MENTION WATCHER, one per source: the cursor into that source. Each signal leaves it once.
using WatcherActor = Inspectable::extend<caf::reacts_to<SubmitMentions>, caf::reacts_to<PollDue>,
                                         caf::reacts_to<ClockMoved>, caf::reacts_to<Drain>>;

/// SCHEDULER, one per process: sessions, exit scan, day roll, in the market's zone.
using SchedulerActor = Inspectable::extend<caf::reacts_to<TickDue>, caf::reacts_to<ClockMoved>>;

/// SUPERVISOR, one per process: spawns, monitors, starts again.
using SupervisorActor = Inspectable::extend<caf::reacts_to<RestartDue>, caf::reacts_to<Drain>>;

/// INSPECTOR, one per process, published for `heed inspect`. Read only.
using InspectorActor = caf::typed_actor<caf::replies_to<InspectQuery>::with<std::string>>;

}  // namespace heed
