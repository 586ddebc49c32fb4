#include "sim/life.hpp"

#include "actors/aggregator_actor.hpp"
#include "actors/journal_actor.hpp"
#include "actors/process_parts.hpp"
#include "actors/scheduler_actor.hpp"
#include "actors/supervisor_actor.hpp"
#include "core/cron.hpp"
#include "messages/registration.hpp"
#include "persistence/json_write.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace heed::sim {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct CafConfig : caf::actor_system_config {
  CafConfig() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
    add_message_types<caf::id_block::heed>();
  }
};

steady_clock::time_point steady(Instant at) { return steady_clock::time_point{at.time_since_epoch()}; }
Instant world(steady_clock::time_point at) { return Instant{std::chrono::ceil<Duration>(at.time_since_epoch())}; }

}  // namespace

struct Life::Impl {
  explicit Impl(LifeArgs a)
      : args{std::move(a)},
        system{config},
        coordinator{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())},
        network{*args.around, *args.host} {
    coordinator.clock().current_time = steady(args.around->now());
    network.use(*args.link);
  }
  ~Impl() { end(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status open();
  Status spawn(std::unique_ptr<JournalWriter> writer);
  ProcessParts parts() const;
  DeskArgs desk_of_account();
  std::function<Result<WatcherActor>()> watcher_factory(const SourceId& source);
  std::shared_ptr<Venue> make_venue();
  void run_all();
  void end();
  std::optional<Desk> desk() const { return directory->desk(args.rules->account); }

  LifeArgs args;
  CafConfig config;
  caf::actor_system system;
  caf::scheduler::test_coordinator& coordinator;
  Network network;
  std::shared_ptr<const core::MarketCalendar> calendar =
    std::make_shared<core::MarketCalendar>(core::MarketCalendar::nyse());
  std::shared_ptr<JournalReader> reader;
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>();
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::shared_ptr<ScheduleBoard> board = std::make_shared<ScheduleBoard>();
  std::shared_ptr<const Followers> followers;
  std::shared_ptr<std::atomic<std::int64_t>> next_id;
  JournalActor journal;
  AggregatorActor aggregator;
  SchedulerActor scheduler;
  SupervisorActor supervisor;
  std::vector<std::weak_ptr<Venue>> venues;
  std::vector<caf::actor> desk_actors;  // of every desk that there was: the fallen still end
  std::string fatal;
  std::int64_t turns = 0;
};

// ---- start --------------------------------------------------------------------------------------------------------

Status Life::Impl::open() {
  sqlite::Options options;
  options.vfs = Disk::vfs_name();
  options.checkpoint_pages = args.tunables.checkpoint_pages;
  options.idle_checkpoint_pages = args.tunables.checkpoint_pages / 4;
  options.cache_kib = 4'096;
  auto opened = sqlite::open_journal(args.database, options);
  if (!opened)
    return opened.error();
  reader = opened.value().reader;
  auto writer = std::move(opened.value().writer);
  return spawn(args.wrap_writer ? args.wrap_writer(std::move(writer)) : std::move(writer));
}

std::shared_ptr<Venue> Life::Impl::make_venue() {
  auto alpaca = args.rules->alpaca;
  alpaca.account = args.rules->account;
  const auto http = [this] { return args.wrap_http ? args.wrap_http(network.http()) : network.http(); };
  const auto stream = [this] {
    return args.wrap_stream ? args.wrap_stream(network.websocket()) : network.websocket();
  };
  AlpacaTransports transports;
  transports.trading = http();
  transports.data = http();
  transports.orders_stream = stream();
  transports.data_stream = stream();
  transports.timers = network.timers();
  transports.clock = args.clock;
  transports.monotonic = [agenda = &args.around->agenda] { return steady(agenda->now()); };
  std::shared_ptr<Venue> venue = make_alpaca_venue(alpaca, transports);
  venues.emplace_back(venue);
  return venue;
}

ProcessParts Life::Impl::parts() const {
  return {args.clock, calendar, journal, aggregator, reader, telemetry, directory, followers, next_id};
}

DeskArgs Life::Impl::desk_of_account() {
  auto out = desk_args(parts(), args.rules->account);
  out.make_venue = [this] { return make_venue(); };
  out.limits = [this] { return args.rules->limits; };
  out.strategies = [this] { return args.rules->strategies; };
  out.position_policy = args.rules->position_policy;
  out.gateway_policy = args.rules->gateway_policy;
  out.reconcile_interval = args.tunables.reconcile;
  return out;
}

std::function<Result<WatcherActor>()> Life::Impl::watcher_factory(const SourceId& source) {
  return [this, source]() -> Result<WatcherActor> {
    auto made = watcher_args(parts(), source);
    if (!made)
      return made.error();
    auto& out = *made.value();
    if (source.view() == "tape") {
      out.feed = args.tape();
      out.start_at_newest = false;
      out.poll_interval = milliseconds{7'000};
    }
    auto actor = system.spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{made.value()});
    desk_actors.push_back(caf::actor_cast<caf::actor>(actor));
    directory->set(source, actor);
    return actor;
  };
}

Status Life::Impl::spawn(std::unique_ptr<JournalWriter> writer) {
  const auto now = args.clock->now();
  const auto& rules = *args.rules;
  const auto stored =
    reader->recover(day_start(*calendar, now), now - rules.aggregator.window - rules.aggregator.late_arrivals);
  if (!stored)
    return stored.error();
  next_id = std::make_shared<std::atomic<std::int64_t>>(stored.value().last_mention_id + 1);
  followers = std::make_shared<const Followers>(rules.followers);

  auto journal_args = std::make_shared<JournalActorArgs>();
  journal_args->writer = std::move(writer);
  journal_args->telemetry = telemetry;
  journal_args->company_wait = args.tunables.company_wait;
  journal_args->commit_delay = args.tunables.commit_delay;
  journal_args->commit_batch_max = args.tunables.commit_batch_max;
  journal_args->on_commit = [this](std::span<Batch> batches) {
    if (args.on_commit)
      args.on_commit(batches);
  };
  journal = system.spawn(journal_actor, journal_args);

  auto aggregator_args = std::make_shared<AggregatorArgs>();
  aggregator_args->config = rules.aggregator;
  aggregator_args->recent = stored.value().recent_mentions;
  aggregator_args->followers = followers;
  aggregator_args->clock = args.clock;
  aggregator_args->telemetry = telemetry;
  aggregator_args->journal = journal;
  aggregator_args->directory = directory;
  aggregator = system.spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{aggregator_args});

  auto scheduler_args = std::make_shared<SchedulerArgs>();
  scheduler_args->clock = args.clock;
  scheduler_args->calendar = calendar;
  if (auto line = core::CronLine::parse(rules.exit_scan))
    scheduler_args->exit_scan = std::move(line).value();
  for (const auto& cursor : stored.value().cursors)
    if (cursor.source == exit_scan_cursor)
      scheduler_args->last_exit_scan = parse_rfc3339(cursor.position);
  scheduler_args->tick = args.tunables.tick;
  scheduler_args->journal = journal;
  scheduler_args->directory = directory;
  scheduler_args->board = board;
  scheduler = system.spawn(scheduler_actor, std::shared_ptr<const SchedulerArgs>{scheduler_args});

  auto supervisor_args = std::make_shared<SupervisorArgs>();
  supervisor_args->directory = directory;
  supervisor_args->telemetry = telemetry;
  supervisor_args->journal = journal;
  supervisor_args->aggregator = aggregator;
  supervisor_args->scheduler = scheduler;
  supervisor_args->desks[rules.account] = [this, desk = desk_of_account()]() -> Result<Desk> {
    auto spawned = spawn_desk(system, desk);
    if (spawned)
      for (const auto& actor : {caf::actor_cast<caf::actor>(spawned.value().governor),
                                caf::actor_cast<caf::actor>(spawned.value().gateway),
                                caf::actor_cast<caf::actor>(spawned.value().portfolio),
                                caf::actor_cast<caf::actor>(spawned.value().reconciler)})
        desk_actors.push_back(actor);
    return spawned;
  };
  for (const auto& [source, who] : rules.followers)
    supervisor_args->watchers[source] = watcher_factory(source);
  supervisor_args->fatal = [this](std::string why) {
    if (fatal.empty())
      fatal = std::move(why);
  };
  supervisor = system.spawn(supervisor_actor, std::shared_ptr<const SupervisorArgs>{supervisor_args});
  return Ok{};
}

Result<std::unique_ptr<Life>> Life::start(LifeArgs args) {
  auto impl = std::make_unique<Impl>(std::move(args));
  if (auto opened = impl->open(); !opened)
    return opened.error();
  return std::unique_ptr<Life>{new Life{std::move(impl)}};
}

// ---- end ----------------------------------------------------------------------------------------------------------

void Life::Impl::run_all() {
  while (coordinator.try_run_once()) {
  }
}

/// Every actor is killed. The network is cut and the disk is dead, so nothing that runs on the way out has an effect.
void Life::Impl::end() {
  network.cut();
  for (const auto& weak : venues)
    if (const auto venue = weak.lock())
      venue->stop();
  auto all = std::exchange(desk_actors, {});
  for (const auto& actor : {caf::actor_cast<caf::actor>(supervisor), caf::actor_cast<caf::actor>(scheduler),
                            caf::actor_cast<caf::actor>(aggregator), caf::actor_cast<caf::actor>(journal)})
    if (actor)
      all.push_back(actor);
  directory->clear();
  supervisor = nullptr;
  scheduler = nullptr;
  aggregator = nullptr;
  journal = nullptr;
  for (int i = 0; i < 100 && (i == 0 || system.registry().running() > 0); ++i) {
    for (const auto& actor : all)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    run_all();
    while (coordinator.has_pending_timeout()) {
      coordinator.trigger_timeouts();
      run_all();
    }
  }
  if (system.registry().running() > 0) {
    std::fprintf(stderr, "simulator: %zu actors do not end\n", system.registry().running());
    std::abort();
  }
}

Life::Life(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Life::~Life() = default;

// ---- turns --------------------------------------------------------------------------------------------------------

bool Life::has_turn() const { return impl_->coordinator.has_job(); }

void Life::take_turn(Chance& chance) {
  auto& jobs = impl_->coordinator.jobs;
  if (jobs.size() > 1) {
    // The first of the line goes first half of the time: whole conversations happen, and races do too.
    const auto chosen = chance.below(2) == 0 ? 0 : chance.below(jobs.size());
    const auto at = jobs.begin() + static_cast<std::ptrdiff_t>(chosen);
    std::rotate(jobs.begin(), at, at + 1);
    impl_->args.around->trace.mix(static_cast<std::uint64_t>(chosen * 1024 + jobs.size()));
  }
  ++impl_->turns;
  impl_->coordinator.run_once();
}

std::optional<Instant> Life::next_timer() const {
  const auto& schedule = impl_->coordinator.clock().schedule();
  return schedule.empty() ? std::nullopt : std::optional{world(schedule.begin()->first)};
}

void Life::follow(Instant now) {
  auto& clock = impl_->coordinator.clock();
  clock.current_time = std::max(clock.current_time, steady(now));
}

void Life::fire_timer() { impl_->coordinator.trigger_timeout(); }

// ---- from outside -------------------------------------------------------------------------------------------------

void Life::mention(Mention mention, Reply<std::vector<MentionReceipt>> done) {
  if (const auto watcher = impl_->directory->watcher(mention.source)) {
    caf::anon_send(*watcher, SubmitMentions{{std::move(mention)}, {}, std::move(done)});
    return;
  }
  done(Error{ErrorKind::unavailable, "SOURCE", "not there"});
}

void Life::submit(Intent intent, Reply<IntentReceipt> done) {
  const auto desk = impl_->desk();
  if (!desk)
    return done(Error{ErrorKind::unavailable, "ACCOUNT", "not there"});
  auto compared = intent;
  compared.created_at = {};
  auto body = to_json(compared);
  caf::anon_send(desk->portfolio, SubmitIntent{std::move(intent), std::move(body), std::move(done), nullptr});
}

void Life::kill(KillLevel level, Reply<Ok> done) {
  if (const auto desk = impl_->desk())
    caf::anon_send(desk->governor, KillCommand{level, "operator", std::move(done)});
}

void Life::pause(Pause pause, Reply<Pause> done) {
  if (const auto desk = impl_->desk())
    caf::anon_send(desk->governor, PauseCommand{std::move(pause), std::move(done)});
}

void Life::resume(const Symbol& symbol, Reply<std::int32_t> done) {
  const auto desk = impl_->desk();
  if (!desk)
    return;
  if (!symbol.empty())
    caf::anon_send(desk->portfolio, PositionNews{symbol, LiftQuarantine{"operator"}});
  caf::anon_send(desk->governor, ResumeCommand{{}, symbol, "operator", std::move(done)});
}

void Life::set_limits(const RiskLimits& limits) {
  if (const auto desk = impl_->desk())
    caf::anon_send(desk->governor, SetLimits{limits});
}

void Life::drain() { caf::anon_send(impl_->supervisor, Drain{}); }
bool Life::settled() const { return impl_->telemetry->settled(); }
bool Life::ready() const {
  const auto components = impl_->telemetry->components();
  const auto found = components.find("reconcile:" + impl_->args.rules->account.str());
  return found != components.end() && found->second.ok;
}

std::string Life::kill_actor(Chance& chance) {
  auto named = impl_->directory->by_name();
  if (named.empty())
    return {};
  auto it = named.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(chance.below(named.size())));
  caf::anon_send_exit(caf::actor_cast<caf::actor>(it->second), caf::exit_reason::kill);
  return it->first;
}

const std::string& Life::fatal() const { return impl_->fatal; }
JournalReader& Life::reader() { return *impl_->reader; }
std::int64_t Life::turns() const { return impl_->turns; }
std::int64_t Life::positions_restarted() const { return impl_->telemetry->actor_restarts; }

}  // namespace heed::sim
