// The daemon from inside: what it is made of, and its phases by file. Not for others: see app/daemon.hpp.
//
// daemon.cpp begins and ends it, serves the edge and reloads; daemon_ports.cpp makes what the actors stand on: clock,
// journal, venues, feeds, the notifier; daemon_actors.cpp spawns them.
#pragma once

#include "actors/inspector_actor.hpp"
#include "actors/process_parts.hpp"
#include "actors/scheduler_actor.hpp"
#include "actors/shared_turns.hpp"
#include "actors/supervisor_actor.hpp"
#include "api/server.hpp"
#include "app/backtest_runner.hpp"
#include "app/clocks.hpp"
#include "app/daemon.hpp"
#include "app/edge.hpp"
#include "app/embedded_exchange.hpp"
#include "app/notifier.hpp"
#include "net/runtime.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace heed {

/// CAF as this program wants it: workers that wait for what they are needed for, fair turns, no files or options of
/// its own.
struct CafConfig : caf::actor_system_config {
  CafConfig() {
    add_message_types<caf::id_block::heed>();
    load<SharedTurnsScheduler>();
    set("scheduler.max-threads", 2U);
    set("scheduler.max-throughput", 64U);
    load<caf::io::middleman>();
  }
};

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
  std::shared_ptr<const Followers> followers;
  std::shared_ptr<std::atomic<std::int64_t>> next_mention_id;
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
  std::unique_ptr<BacktestRunner> backtests;
  std::unique_ptr<Edge> edge;
  std::unique_ptr<api::ApiServer> api;
  std::uint16_t inspect_port = 0;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

  // daemon.cpp
  Status start();
  Status publish_inspector();
  Status serve();
  void stop_venues();
  void release_logger();
  void end_supervisor();
  void end();

  // daemon_ports.cpp
  Status start_clock();
  Result<std::unique_ptr<JournalWriter>> open_journal();
  void seed_telemetry();
  std::shared_ptr<Venue> make_venue(const config::Account& account);
  std::unique_ptr<MentionFeed> http_feed(const config::Source& source);
  /// Null: an inbox.
  std::shared_ptr<MentionFeed> feed_of(const config::Source& source);
  void start_notifier();
  Status start_backtests();

  // daemon_actors.cpp
  Status spawn_actors(std::unique_ptr<JournalWriter> writer);
  void spawn_journal(std::unique_ptr<JournalWriter> writer);
  void spawn_aggregator(const RecoveredState& stored);
  Status spawn_scheduler(const RecoveredState& stored);
  void spawn_supervisor();
  void spawn_observers();
  ProcessParts parts() const;
  DeskArgs desk_of(const config::Account& account);
  std::function<Result<WatcherActor>()> watcher_factory(const config::Source& source);
};

}  // namespace heed
