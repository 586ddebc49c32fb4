#include "actors/account_desk.hpp"

#include "actors/governor_actor.hpp"
#include "actors/portfolio_actor.hpp"
#include "actors/reconciler_actor.hpp"
#include "messages/mutant.hpp"

#include <algorithm>

namespace heed {
namespace {

/// With a journal that has never seen the account, as far back as an order can live: whatever is held under our names
/// began within that time, or its exits did.
constexpr std::chrono::days history_at_first{100};
constexpr std::chrono::minutes clocks_differ{5};

/// Null: no pass over the account was ever completed with this journal.
const CursorRow* mark_of(const RecoveredState& stored, const AccountId& account) {
  const auto found = std::find_if(stored.cursors.begin(), stored.cursors.end(),
                                  [&](const CursorRow& cursor) { return cursor.source == reconcile_mark(account); });
  return found == stored.cursors.end() ? nullptr : &*found;
}

/// `since`, or earlier: orders that may still move were sent after this; a little earlier, for clocks that differ.
Instant oldest_open(const RecoveredState& stored, const AccountId& account, Instant since) {
  auto oldest = since;
  for (const auto& order : stored.working_orders)
    if (order.account == account)
      oldest = std::min(oldest, order.created_at - clocks_differ);
  return oldest;
}

std::vector<PositionRow> positions_of(const RecoveredState& stored, const AccountId& account) {
  std::vector<PositionRow> rows;
  std::copy_if(stored.positions.begin(), stored.positions.end(), std::back_inserter(rows),
               [&](const PositionRow& row) { return row.account == account; });
  return rows;
}

/// What is stored is decided first, in its order. A call that came when nobody was here may be on its way to the
/// journal yet: the portfolio looks again when that is settled.
void ask_owed(const RecoveredState& stored, const AccountId& account, const PortfolioActor& portfolio) {
  if (mutant("owed_forgotten"))
    return;
  LookForOwed again;
  for (const auto& owed : owed_decisions(stored.undecided, account)) {
    again.asked.insert(owed.signal);
    caf::anon_send(portfolio, owed);
  }
  caf::anon_send(portfolio, std::move(again));
}

}  // namespace

Instant day_start(const core::MarketCalendar& calendar, Instant now) {
  return calendar.instant(calendar.date_at(now), Duration{0});
}

Result<Desk> spawn_desk(caf::actor_system& system, const DeskArgs& args) {
  const auto now = args.clock->now();
  const auto start_of_day = day_start(*args.calendar, now);
  const auto stored = args.reader->recover(start_of_day, now);
  if (!stored)
    return stored.error();
  const auto& state = stored.value();
  const auto limits = args.limits();

  Desk desk;
  auto governor = std::make_shared<GovernorArgs>();
  governor->account = args.account;
  governor->limits = limits;
  governor->clock = args.clock;
  governor->calendar = args.calendar;
  governor->journal = args.journal;
  governor->telemetry = args.telemetry;
  governor->recovered = recover_risk(args.account, limits, state, *args.calendar, now);
  governor->starting_equity = args.starting_equity;
  desk.governor = system.spawn(governor_actor, std::shared_ptr<const GovernorArgs>{governor});

  auto gateway = std::make_shared<GatewayArgs>();
  gateway->account = args.account;
  gateway->venue = args.make_venue();
  gateway->clock = args.clock;
  gateway->journal = args.journal;
  gateway->telemetry = args.telemetry;
  gateway->policy = args.gateway_policy;
  gateway->opening_stopped = governor->recovered.kill != KillLevel::none;
  desk.gateway = system.spawn(gateway_actor, std::shared_ptr<const GatewayArgs>{gateway});

  const auto* mark = mark_of(state, args.account);
  auto env = std::make_shared<PositionEnv>();
  env->names_used = mark == nullptr || ReconcileMark::parse(mark->position).rebuilt;
  env->account = args.account;
  env->clock = args.clock;
  env->calendar = args.calendar;
  env->policy = args.position_policy;
  env->policy.venue = gateway->venue->capabilities();
  env->strategies = args.strategies();
  env->journal = args.journal;
  env->reader = args.reader;
  env->governor = desk.governor;
  env->gateway = desk.gateway;
  env->telemetry = args.telemetry;
  auto portfolio = std::make_shared<PortfolioArgs>();
  portfolio->env = env;
  portfolio->reader = args.reader;
  portfolio->aggregator = args.aggregator;
  portfolio->recovered = positions_of(state, args.account);
  desk.portfolio = system.spawn(portfolio_actor, std::shared_ptr<const PortfolioArgs>{portfolio});

  auto reconciler = std::make_shared<ReconcilerArgs>();
  reconciler->account = args.account;
  reconciler->clock = args.clock;
  reconciler->gateway = desk.gateway;
  reconciler->portfolio = desk.portfolio;
  reconciler->governor = desk.governor;
  reconciler->reader = args.reader;
  reconciler->telemetry = args.telemetry;
  reconciler->interval = args.reconcile_interval;
  reconciler->poll = args.poll_interval;
  const Duration back = mark == nullptr ? Duration{history_at_first} : Duration{std::chrono::hours{24}};
  reconciler->oldest_open = oldest_open(state, args.account, now - back);
  if (mark != nullptr)
    reconciler->mark = ReconcileMark::parse(mark->position);
  if (reconciler->mark && reconciler->mark->newest != Instant{})
    reconciler->first_since =
      std::max(reconciler->oldest_open, oldest_open(state, args.account, reconciler->mark->newest - clocks_differ));
  reconciler->journal = args.journal;
  desk.reconciler = system.spawn(reconciler_actor, std::shared_ptr<const ReconcilerArgs>{reconciler});

  caf::anon_send(desk.governor, Introduce{desk.portfolio, desk.reconciler});
  caf::anon_send(desk.gateway, Introduce{desk.portfolio, desk.reconciler});
  caf::anon_send(desk.reconciler, ReconcileDue{});
  args.directory->set(args.account, desk);
  ask_owed(state, args.account, desk.portfolio);
  return desk;
}

}  // namespace heed
