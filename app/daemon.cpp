#include "app/daemon.hpp"

#include "actors/account_desk.hpp"
#include "actors/aggregator_actor.hpp"
#include "actors/inspector_actor.hpp"
#include "actors/journal_actor.hpp"
#include "actors/scheduler_actor.hpp"
#include "actors/supervisor_actor.hpp"
#include "actors/watcher_actor.hpp"
#include "api/server.hpp"
#include "app/clocks.hpp"
#include "app/config_map.hpp"
#include "app/edge.hpp"
#include "app/embedded_exchange.hpp"
#include "app/log_lines.hpp"
#include "app/sampler.hpp"
#include "app/telling.hpp"
#include "config/address.hpp"
#include "config/load.hpp"
#include "core/cron.hpp"
#include "net/runtime.hpp"
#include "persistence/open_postgres.hpp"
#include "sources/http_feed.hpp"
#include "sources/jsonl_feed.hpp"
#include "sources/table_feed.hpp"

#include <fmt/format.h>
#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <filesystem>
#include <future>
#include <iterator>
#include <thread>
#include <utility>

namespace heed {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// CAF as this program wants it: waiting workers instead of polling ones, fair turns, no files or options of its own.
struct CafConfig : caf::actor_system_config {
  CafConfig() {
    add_message_types<caf::id_block::heed>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 2U);
    set("scheduler.max-throughput", 64U);
    load<caf::io::middleman>();
  }
};

Result<std::pair<std::string, std::uint16_t>> host_and_port(const std::string& address) {
  const auto endpoint = net::parse_endpoint("http://" + address);
  if (!endpoint)
    return endpoint.error();
  return std::pair{endpoint.value().host, endpoint.value().port};
}

std::vector<JournalEvent> take_events(std::span<Batch> batches) {
  std::vector<JournalEvent> events;
  for (auto& batch : batches)
    std::move(batch.events.begin(), batch.events.end(), std::back_inserter(events));
  return events;
}

}  // namespace

struct Daemon::Impl {
  cli::RunOptions options;
  config::Config config;
  std::function<void(std::string)> fatal;

  // In order of construction; destroyed the other way round.
  net::Runtime network;
  std::unique_ptr<EmbeddedExchange> exchange;
  std::shared_ptr<ExchangeClock> exchange_clock;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  std::shared_ptr<JournalReader> reader;
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>();
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::shared_ptr<ScheduleBoard> schedule = std::make_shared<ScheduleBoard>();
  std::vector<std::weak_ptr<Venue>> venues;
  std::mutex venues_mutex;
  std::mutex config_mutex;  // `config` is read by spawn functions on the supervisor's thread
  CafConfig caf_config;
  std::unique_ptr<caf::actor_system> system;
  api::EventFeed feed;
  JournalActor journal;
  AggregatorActor aggregator;
  SchedulerActor scheduler;
  SupervisorActor supervisor;
  InspectorActor inspector;
  caf::actor sampler;
  std::shared_ptr<Notifier> notifier;
  std::mutex journal_door_mutex;
  JournalActor journal_door;  // for the network's thread, until the end begins
  std::unique_ptr<Edge> edge;
  std::unique_ptr<api::ApiServer> api;
  std::uint16_t inspect_port = 0;
  steady_clock::time_point begun = steady_clock::now();

  Status start();
  Status start_clock();
  Result<std::unique_ptr<JournalWriter>> open_journal();
  void seed_telemetry();
  Status spawn_actors(std::unique_ptr<JournalWriter> writer);
  std::shared_ptr<Venue> make_venue(const config::Account& account);
  DeskArgs desk_args(const config::Account& account);
  std::unique_ptr<MentionFeed> http_feed(const config::Source& source);
  void start_notifier();
  std::function<Result<WatcherActor>()> watcher_factory(const config::Source& source,
                                                        std::shared_ptr<const Followers>,
                                                        std::shared_ptr<std::atomic<std::int64_t>> next_id);
  Status publish_inspector();
  Status serve();
  void stop_venues();
  void release_logger();
  void end();
};

// ---- ports --------------------------------------------------------------------------------------------------------

Status Daemon::Impl::start_clock() {
  if (config.needs_exchange()) {
    auto started = EmbeddedExchange::start(network, config.exchange);
    if (!started)
      return started.error();
    exchange = std::move(started).value();
  }
  calendar = std::make_shared<core::MarketCalendar>(core::MarketCalendar::nyse());
  if (config.clock.source == config::ClockSource::system) {
    clock = std::make_shared<SystemClock>();
    return Ok{};
  }
  std::string url = exchange ? exchange->url() : std::string{};
  for (const auto& account : config.accounts)  // one that runs by itself: `heed exchange`
    if (const auto address = config::parse_url(account.base_url); url.empty() && address && address->is_loopback())
      url = account.base_url;
  const auto endpoint = net::parse_endpoint(url);
  if (!endpoint)
    return endpoint.error();
  exchange_clock = std::make_shared<ExchangeClock>(network, endpoint.value(), nullptr);
  exchange_clock->start();
  if (!exchange_clock->wait_ready(milliseconds{10'000}))
    return Error{ErrorKind::unavailable, "CLOCK",
                 "clock.source is exchange, but " + url + "/sim/clock does not tell the time within 10 s"};
  clock = exchange_clock;
  return Ok{};
}

Result<std::unique_ptr<JournalWriter>> Daemon::Impl::open_journal() {
  JournalPair pair;
  switch (config.journal.kind) {
    case config::JournalKind::memory: pair = open_memory_journal(); break;
    case config::JournalKind::sqlite: {
      auto opened = open_sqlite_journal(config.journal.path);
      if (!opened)
        return opened.error();
      pair = std::move(opened).value();
      break;
    }
    case config::JournalKind::postgres: {
      const auto wait = std::chrono::seconds{config.journal.holder_wait_seconds};
      auto opened = open_postgres_journal({config.journal.url.reveal(), wait});
      if (!opened)
        return opened.error();
      pair = std::move(opened).value();
      break;
    }
  }
  reader = pair.reader;
  return std::move(pair.writer);
}

std::shared_ptr<Venue> Daemon::Impl::make_venue(const config::Account& account) {
  auto alpaca = alpaca_of(account);
  alpaca.account = AccountId{account.id};
  if (account.venue == config::VenueKind::exchange && exchange) {
    alpaca.trading_url = exchange->url();
    alpaca.data_url = exchange->url();
  }
  const auto trading = net::parse_endpoint(alpaca.trading_url).value();
  const auto data = net::parse_endpoint(alpaca.data_url).value();
  AlpacaTransports transports;
  transports.trading = network.http_client(trading, 16);
  transports.data = network.http_client(data, 8);
  transports.orders_stream = network.websocket(trading);
  auto stream_host = data;
  if (stream_host.host == "data.alpaca.markets")
    stream_host.host = "stream.data.alpaca.markets";
  transports.data_stream = network.websocket(stream_host);
  transports.timers = network.timers();
  transports.clock = clock;
  std::shared_ptr<Venue> venue = make_alpaca_venue(std::move(alpaca), std::move(transports));
  const std::scoped_lock lock{venues_mutex};
  venues.emplace_back(venue);
  return venue;
}

// ---- actors -------------------------------------------------------------------------------------------------------

DeskArgs Daemon::Impl::desk_args(const config::Account& account) {
  DeskArgs args;
  args.account = AccountId{account.id};
  args.clock = clock;
  args.calendar = calendar;
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
  args.journal = journal;
  args.aggregator = aggregator;
  args.reader = reader;
  args.telemetry = telemetry;
  args.directory = directory;
  return args;
}

std::function<Result<WatcherActor>()> Daemon::Impl::watcher_factory(
  const config::Source& source, std::shared_ptr<const Followers> followers,
  std::shared_ptr<std::atomic<std::int64_t>> next_id) {
  return [this, source, followers, next_id]() -> Result<WatcherActor> {
    auto args = std::make_shared<WatcherArgs>();
    args->source = SourceId{source.id};
    switch (source.kind) {
      case config::SourceKind::inbox: break;
      case config::SourceKind::jsonl:
        args->feed = make_jsonl_feed({source.path, args->source, source.default_conviction});
        break;
      case config::SourceKind::table:
        args->feed = make_table_feed({source.path, args->source, source.default_conviction});
        break;
      case config::SourceKind::http: args->feed = http_feed(source); break;
    }
    const auto stored = reader->recover(clock->now(), clock->now());
    if (!stored)
      return stored.error();
    for (const auto& cursor : stored.value().cursors)
      if (cursor.source == args->source)
        args->cursor = cursor.position;
    args->poll_interval = seconds{source.poll_interval_seconds};
    args->release_by_clock = source.release == config::Release::clock;
    args->start_at_newest = source.start == config::SourceStart::new_only;
    args->clock = clock;
    args->followers = followers;
    args->next_mention_id = next_id;
    args->reader = reader;
    args->telemetry = telemetry;
    args->journal = journal;
    args->aggregator = aggregator;
    auto actor = system->spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{args});
    directory->set(args->source, actor);
    return actor;
  };
}

std::unique_ptr<MentionFeed> Daemon::Impl::http_feed(const config::Source& source) {
  const auto address = web_address(source.url);
  HttpFeedOptions feed_options;
  feed_options.client = network.http_client(address.endpoint, 1);
  feed_options.target = address.target;
  feed_options.source = SourceId{source.id};
  feed_options.default_conviction = source.default_conviction;
  feed_options.poll_interval = seconds{source.poll_interval_seconds};
  return make_http_feed(std::move(feed_options));
}

// ---- telling people -----------------------------------------------------------------------------------------------

void Daemon::Impl::start_notifier() {
  notifier = std::make_shared<Notifier>(notifier_options(config.notify, network), network.timers(),
                                        [this](const NotifyOutcome& outcome) {
                                          Append append;
                                          append.batch.events.push_back(outcome_event(outcome, clock->now()));
                                          append.more_follows = true;
                                          const std::scoped_lock lock{journal_door_mutex};
                                          if (journal_door)
                                            caf::anon_send(journal_door, std::move(append));
                                        });
}

Status Daemon::Impl::spawn_actors(std::unique_ptr<JournalWriter> writer) {
  const auto now = clock->now();
  const auto aggregation = aggregator_of(config.aggregator);
  const auto stored =
    reader->recover(day_start(*calendar, now), now - aggregation.window - aggregation.late_arrivals);
  if (!stored)
    return stored.error();
  system = std::make_unique<caf::actor_system>(caf_config);

  auto journal_args = std::make_shared<JournalActorArgs>();
  journal_args->writer = std::move(writer);
  journal_args->telemetry = telemetry;
  journal_args->commit_delay = std::chrono::microseconds{config.journal.commit_delay_us};
  // A price that has to be asked for takes a while; a caller does not notice these milliseconds.
  journal_args->company_wait = std::chrono::milliseconds{10};
  journal_args->commit_batch_max = static_cast<std::size_t>(config.journal.commit_batch_max);
  if (config.journal.kind == config::JournalKind::postgres)  // which another machine's daemon may take over
    journal_args->watch_interval = std::chrono::seconds{1};
  journal_args->on_commit = [this](std::span<Batch> batches) {
    log_batches(batches);
    notifier->publish(batches);
    feed.publish(take_events(batches));
  };
  start_notifier();
  journal = system->spawn(journal_actor, journal_args);
  journal_door = journal;

  const auto followers = std::make_shared<const Followers>(followers_of(config));
  auto aggregator_args = std::make_shared<AggregatorArgs>();
  aggregator_args->config = aggregation;
  aggregator_args->recent = stored.value().recent_mentions;
  aggregator_args->followers = followers;
  aggregator_args->clock = clock;
  aggregator_args->telemetry = telemetry;
  aggregator_args->journal = journal;
  aggregator_args->directory = directory;
  aggregator = system->spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{aggregator_args});

  auto scheduler_args = std::make_shared<SchedulerArgs>();
  scheduler_args->clock = clock;
  scheduler_args->calendar = calendar;
  if (!config.schedule.exit_scan.empty()) {
    auto line = core::CronLine::parse(config.schedule.exit_scan);
    if (!line)
      return line.error();
    scheduler_args->exit_scan = std::move(line).value();
  }
  for (const auto& cursor : stored.value().cursors)
    if (cursor.source == exit_scan_cursor)
      scheduler_args->last_exit_scan = parse_rfc3339(cursor.position);
  scheduler_args->journal = journal;
  scheduler_args->directory = directory;
  scheduler_args->board = schedule;
  scheduler = system->spawn(scheduler_actor, std::shared_ptr<const SchedulerArgs>{scheduler_args});

  auto supervisor_args = std::make_shared<SupervisorArgs>();
  supervisor_args->directory = directory;
  supervisor_args->telemetry = telemetry;
  supervisor_args->journal = journal;
  supervisor_args->aggregator = aggregator;
  supervisor_args->scheduler = scheduler;
  for (const auto& account : config.accounts)
    supervisor_args->desks[AccountId{account.id}] = [this, args = desk_args(account)] {
      return spawn_desk(*system, args);
    };
  const auto next_id = std::make_shared<std::atomic<std::int64_t>>(stored.value().last_mention_id + 1);
  for (const auto& source : config.sources)
    supervisor_args->watchers[SourceId{source.id}] = watcher_factory(source, followers, next_id);
  supervisor_args->fatal = fatal;
  supervisor = system->spawn(supervisor_actor, std::shared_ptr<const SupervisorArgs>{supervisor_args});

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
  if (exchange_clock)
    exchange_clock->set_moved([scheduler_handle = scheduler] { caf::anon_send(scheduler_handle, ClockMoved{}); });
  return Ok{};
}

/// Conservation counts go on from what is stored.
void Daemon::Impl::seed_telemetry() {
  const auto funnel = reader->funnel({});
  if (!funnel)
    return;
  std::map<std::string, std::int64_t> finals;
  std::int64_t demanded = 0;
  std::int64_t final_count = 0;
  for (const auto& [name, count] : funnel.value()) {
    demanded += count;
    const auto kind = enum_from<DispositionKind>(name.substr(0, name.find(':')));
    if (kind && is_final(*kind)) {
      finals[Telemetry::bounded_label(name)] += count;
      final_count += count;
    }
  }
  telemetry->decisions_demanded = demanded;
  telemetry->decisions_final = final_count;
  telemetry->set_dispositions(std::move(finals));
}

// ---- edge ---------------------------------------------------------------------------------------------------------

Status Daemon::Impl::publish_inspector() {
  if (!config.inspect.enabled)
    return Ok{};
  const auto where = host_and_port(config.inspect.listen);
  if (!where)
    return where.error();
  const auto& [host, port] = where.value();
  const auto published = system->middleman().publish(inspector, port, host.c_str(), true);
  if (!published)
    return Error{
      ErrorKind::unavailable, "INSPECT",
      "inspect.listen: cannot listen on " + config.inspect.listen + ": " + caf::to_string(published.error())};
  inspect_port = *published;
  return Ok{};
}

Status Daemon::Impl::serve() {
  edge = std::make_unique<Edge>(EdgeArgs{clock, directory, telemetry, schedule, inspector, notifier, config});
  api::ApiOptions api_options;
  api_options.listen = config.api.listen;
  api_options.unix_socket = config.api.unix_socket;
  api_options.token = config.api.token.reveal();
  api_options.clock = clock.get();
  for (const auto& source : config.sources)
    if (source.default_conviction)
      api_options.default_convictions[source.id] = *source.default_conviction;
  auto started = api::ApiServer::start(network, std::move(api_options), *edge, reader, feed);
  if (!started)
    return started.error();
  api = std::move(started).value();
  return Ok{};
}

Status Daemon::Impl::start() {
  std::error_code made;
  std::filesystem::create_directories(config.daemon.data_dir, made);
  if (made)
    return Error{ErrorKind::unavailable, "DATA_DIR",
                 "daemon.data_dir: cannot create " + config.daemon.data_dir + ": " + made.message()};
  auto writer = open_journal();
  if (!writer)
    return writer.error();
  if (auto clock_started = start_clock(); !clock_started)
    return clock_started;
  seed_telemetry();
  if (auto spawned = spawn_actors(std::move(writer).value()); !spawned)
    return spawned;
  if (auto published = publish_inspector(); !published)
    return published;
  return serve();
}

// ---- end ----------------------------------------------------------------------------------------------------------

void Daemon::Impl::stop_venues() {
  const std::scoped_lock lock{venues_mutex};
  for (const auto& weak : venues)
    if (const auto venue = weak.lock())
      venue->stop();
  venues.clear();
}

/// CAF ends only when every thread that ever spawned an actor has let go of its logger. The API asks actors from the
/// network's thread, which outlives the actor system.
void Daemon::Impl::release_logger() {
  std::promise<void> done;
  network.post([&done] {
    caf::logger::set_current_actor_system(nullptr);
    done.set_value();
  });
  done.get_future().wait();
}

void Daemon::Impl::end() {
  if (api) {
    api->stop(milliseconds{500});
    api.reset();
  }
  if (exchange_clock)
    exchange_clock->stop();
  if (edge)
    edge->detach();
  if (notifier)
    notifier->stop();
  {
    const std::scoped_lock lock{journal_door_mutex};
    journal_door = nullptr;
  }
  if (system) {
    stop_venues();
    if (inspect_port != 0)
      system->middleman().unpublish(inspector, inspect_port);
    std::vector<caf::actor> all;
    all.push_back(caf::actor_cast<caf::actor>(supervisor));
    all.push_back(caf::actor_cast<caf::actor>(inspector));
    all.push_back(caf::actor_cast<caf::actor>(scheduler));
    all.push_back(std::move(sampler));
    for (const auto& [name, actor] : directory->by_name())
      all.push_back(caf::actor_cast<caf::actor>(actor));
    directory->clear();
    // The journal goes last: what was sent to it before is written.
    for (const auto& actor : all)
      if (actor && actor != journal)
        caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(journal, caf::exit_reason::user_shutdown);
    supervisor = nullptr;
    inspector = nullptr;
    scheduler = nullptr;
    aggregator = nullptr;
    journal = nullptr;
    all.clear();
    release_logger();
    system.reset();
  }
  edge.reset();
  exchange.reset();
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Daemon::~Daemon() { impl_->end(); }

Result<std::unique_ptr<Daemon>> Daemon::start(const cli::RunOptions& options,
                                              std::function<void(std::string)> fatal) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->config = options.config;
  impl->fatal = std::move(fatal);
  auto started = impl->start();
  if (!started) {
    impl->end();
    return started.error();
  }
  return std::unique_ptr<Daemon>{new Daemon{std::move(impl)}};
}

std::string Daemon::ready_line() const {
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - impl_->begun).count();
  std::string line = fmt::format("heed: ready in {} ms, http on {}", took, impl_->config.api.listen);
  if (impl_->api->port() != 0 && impl_->config.api.listen.ends_with(":0"))
    line += fmt::format(" (port {})", impl_->api->port());
  if (impl_->exchange)
    line += fmt::format(", built-in exchange on {}", impl_->exchange->url());
  return line + "; Ctrl-C ends it";
}

bool Daemon::responds() {
  caf::scoped_actor self{*impl_->system};
  bool all = false;
  self->request(impl_->inspector, seconds{5}, InspectQuery{})
    .receive([&](const std::string& tree) { all = tree.find("{\"error\":") == std::string::npos; },
             [](const caf::error& error) { spdlog::error("watchdog: no answer: {}", describe(error)); });
  if (!all)
    spdlog::error("watchdog: an actor does not answer; the service manager is not told that all is well");
  return all;
}

bool Daemon::drain() {
  impl_->edge->set_draining();
  caf::anon_send(impl_->supervisor, Drain{});
  const auto until = steady_clock::now() + seconds{impl_->config.daemon.drain_seconds};
  // Several looks in a row: a message between two mailboxes is counted by neither.
  int quiet = 0;
  while (steady_clock::now() < until && quiet < 5) {
    quiet = impl_->telemetry->settled() ? quiet + 1 : 0;
    std::this_thread::sleep_for(milliseconds{10});
  }
  return quiet >= 5;
}

void Daemon::reload() {
  if (impl_->options.config_path.empty()) {
    spdlog::info("reload: no configuration file was given, nothing to read");
    return;
  }
  config::ParseOptions parse;
  for (const auto& [key, value] : impl_->options.overrides)
    parse.overrides.push_back({key, value, "--set"});
  auto outcome = config::load(impl_->options.config_path, std::move(parse));
  if (!outcome.config) {
    for (const auto& problem : outcome.errors)
      spdlog::error("reload refused: {}", problem.str());
    return;
  }
  const auto changes = config::diff(impl_->config, *outcome.config);
  for (const auto& change : changes)
    spdlog::info("reload: {} {} -> {}{}", change.key, change.old_value, change.new_value,
                 change.reloadable ? "" : " (takes effect at the next start)");
  {
    const std::scoped_lock lock{impl_->config_mutex};
    for (auto& account : impl_->config.accounts)
      for (const auto& changed : outcome.config->accounts)
        if (account.id == changed.id)
          account.risk = changed.risk;
    impl_->config.strategies = outcome.config->strategies;
    impl_->config.notify.events = outcome.config->notify.events;
    impl_->config.notify.per_minute_max = outcome.config->notify.per_minute_max;
  }
  const auto& notify = impl_->config.notify;
  impl_->notifier->configure({notify.events.begin(), notify.events.end()}, notify.per_minute_max);
  spdlog::set_level(static_cast<spdlog::level::level_enum>(outcome.config->daemon.log_level));
  const auto strategies = strategies_of(impl_->config);
  for (const auto& account : impl_->config.accounts)
    if (const auto desk = impl_->directory->desk(AccountId{account.id})) {
      caf::anon_send(desk->governor, SetLimits{account.risk});
      caf::anon_send(desk->portfolio, Reconfigure{strategies});
    }
}

}  // namespace heed
