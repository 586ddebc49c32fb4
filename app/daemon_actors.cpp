// The actors of a process, spawned in the order in which they need each other.
#include "actors/aggregator_actor.hpp"
#include "actors/journal_actor.hpp"
#include "app/config_map.hpp"
#include "app/daemon_parts.hpp"
#include "app/log_lines.hpp"
#include "app/sampler.hpp"
#include "core/cron.hpp"

#include <iterator>
#include <utility>

namespace heed {

using std::chrono::seconds;

namespace {

std::vector<JournalEvent> take_events(std::span<Batch> batches) {
  std::vector<JournalEvent> events;
  for (auto& batch : batches)
    std::move(batch.events.begin(), batch.events.end(), std::back_inserter(events));
  return events;
}

}  // namespace

Status Daemon::Impl::spawn_actors(std::unique_ptr<JournalWriter> writer) {
  const auto now = clock->now();
  const auto aggregation = aggregator_of(config.aggregator);
  const auto stored =
    reader->recover(day_start(*calendar, now), now - aggregation.window - aggregation.late_arrivals);
  if (!stored)
    return stored.error();
  followers = std::make_shared<const Followers>(followers_of(config));
  next_mention_id = std::make_shared<std::atomic<std::int64_t>>(stored.value().last_mention_id + 1);
  system = std::make_unique<caf::actor_system>(caf_config);
  start_notifier();
  spawn_journal(std::move(writer));
  spawn_aggregator(stored.value());
  if (auto spawned = spawn_scheduler(stored.value()); !spawned)
    return spawned;
  spawn_supervisor();
  spawn_observers();
  if (exchange_clock)
    exchange_clock->set_moved([scheduler_handle = scheduler] { caf::anon_send(scheduler_handle, ClockMoved{}); });
  return Ok{};
}

void Daemon::Impl::spawn_journal(std::unique_ptr<JournalWriter> writer) {
  auto args = std::make_shared<JournalActorArgs>();
  args->writer = std::move(writer);
  args->telemetry = telemetry;
  args->commit_delay = std::chrono::microseconds{config.journal.commit_delay_us};
  // A price that has to be asked for takes a while; a caller does not notice these milliseconds.
  args->company_wait = std::chrono::milliseconds{10};
  args->commit_batch_max = static_cast<std::size_t>(config.journal.commit_batch_max);
  if (config.journal.kind == config::JournalKind::postgres)  // which another machine's daemon may take over
    args->watch_interval = seconds{1};
  args->on_commit = [this](std::span<Batch> batches) {
    log_batches(batches);
    notifier->publish(batches);
    feed.publish(take_events(batches));
  };
  journal = system->spawn(journal_actor, args);
  journal_door = journal;
}

void Daemon::Impl::spawn_aggregator(const RecoveredState& stored) {
  auto args = std::make_shared<AggregatorArgs>();
  args->config = aggregator_of(config.aggregator);
  args->recent = stored.recent_mentions;
  args->followers = followers;
  args->clock = clock;
  args->telemetry = telemetry;
  args->journal = journal;
  args->directory = directory;
  aggregator = system->spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{args});
}

Status Daemon::Impl::spawn_scheduler(const RecoveredState& stored) {
  auto args = std::make_shared<SchedulerArgs>();
  args->clock = clock;
  args->calendar = calendar;
  if (!config.schedule.exit_scan.empty()) {
    auto line = core::CronLine::parse(config.schedule.exit_scan);
    if (!line)
      return line.error();
    args->exit_scan = std::move(line).value();
  }
  for (const auto& cursor : stored.cursors)
    if (cursor.source == exit_scan_cursor)
      args->last_exit_scan = parse_rfc3339(cursor.position);
  args->journal = journal;
  args->directory = directory;
  args->board = schedule;
  scheduler = system->spawn(scheduler_actor, std::shared_ptr<const SchedulerArgs>{args});
  return Ok{};
}

ProcessParts Daemon::Impl::parts() const {
  return {clock, calendar, journal, aggregator, reader, telemetry, directory, followers, next_mention_id};
}

DeskArgs Daemon::Impl::desk_of(const config::Account& account) {
  auto args = desk_args(parts(), AccountId{account.id});
  args.make_venue = [this, account] { return make_venue(account); };
  args.limits = [this, id = account.id] {
    const std::scoped_lock lock{config_mutex};
    for (const auto& a : config.accounts)
      if (a.id == id)
        return a.risk;
    return RiskLimits{};
  };
  args.strategies = [this] {
    const std::scoped_lock lock{config_mutex};
    return strategies_of(config);
  };
  args.starting_equity = account.starting_equity;
  args.position_policy = position_policy_of(account);
  args.gateway_policy = gateway_policy_of(account);
  args.reconcile_interval = seconds{account.reconcile_interval_seconds};
  args.poll_interval = seconds{account.poll_interval_seconds};
  return args;
}

std::function<Result<WatcherActor>()> Daemon::Impl::watcher_factory(const config::Source& source) {
  return [this, source]() -> Result<WatcherActor> {
    const SourceId id{source.id};
    auto args = watcher_args(parts(), id);
    if (!args)
      return args.error();
    auto& watch = *args.value();
    watch.feed = feed_of(source);
    watch.poll_interval = seconds{source.poll_interval_seconds};
    watch.release_by_clock = source.release == config::Release::clock;
    watch.start_at_newest = source.start == config::SourceStart::new_only;
    auto actor = system->spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{args.value()});
    directory->set(id, actor);
    return actor;
  };
}

void Daemon::Impl::spawn_supervisor() {
  auto args = std::make_shared<SupervisorArgs>();
  args->directory = directory;
  args->telemetry = telemetry;
  args->journal = journal;
  args->aggregator = aggregator;
  args->scheduler = scheduler;
  for (const auto& account : config.accounts)
    args->desks[AccountId{account.id}] = [this, desk = desk_of(account)] { return spawn_desk(*system, desk); };
  for (const auto& source : config.sources)
    args->watchers[SourceId{source.id}] = watcher_factory(source);
  args->fatal = fatal;
  supervisor = system->spawn(supervisor_actor, std::shared_ptr<const SupervisorArgs>{args});
}

void Daemon::Impl::spawn_observers() {
  directory->set_other("journal", journal);
  directory->set_other("aggregator", aggregator);
  directory->set_other("scheduler", scheduler);
  directory->set_other("supervisor", supervisor);
  auto inspector_args = std::make_shared<InspectorArgs>();
  inspector_args->directory = directory;
  inspector_args->telemetry = telemetry;
  inspector = system->spawn(inspector_actor, std::shared_ptr<const InspectorArgs>{inspector_args});
  auto sampler_args = std::make_shared<SamplerArgs>();
  sampler_args->directory = directory;
  sampler_args->telemetry = telemetry;
  sampler = system->spawn(sampler_actor, std::shared_ptr<const SamplerArgs>{sampler_args});
}

}  // namespace heed
