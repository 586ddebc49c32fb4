#include "app/daemon.hpp"

#include "app/config_map.hpp"
#include "app/daemon_parts.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>

namespace heed {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

Result<std::pair<std::string, std::uint16_t>> host_and_port(const std::string& address) {
  const auto endpoint = net::parse_endpoint("http://" + address);
  if (!endpoint)
    return endpoint.error();
  return std::pair{endpoint.value().host, endpoint.value().port};
}

}  // namespace

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
  edge = std::make_unique<Edge>(
    EdgeArgs{clock, directory, telemetry, schedule, inspector, notifier, config, backtests.get()});
  api::ApiOptions api_options;
  api_options.listen = config.api.listen;
  api_options.unix_socket = config.api.unix_socket;
  api_options.token = config.api.token.reveal();
  api_options.clock = clock.get();
  for (const auto& source : config.sources)
    if (source.default_conviction)
      api_options.default_convictions[source.id] = *source.default_conviction;
  auto started = api::ApiServer::start(network, std::move(api_options), *edge, reader, feed);
  if (!started) {
    auto error = started.error();
    if (error.detail.find(config.api.listen) != std::string::npos)
      error.detail = "api.listen: " + error.detail + "; choose another address, or port 0 for any that is free";
    return error;
  }
  api = std::move(started).value();
  return Ok{};
}

Status Daemon::Impl::start() {
  std::error_code made;
  std::filesystem::create_directories(config.daemon.data_dir, made);
  if (made)
    return Error{ErrorKind::unavailable, "DATA_DIR",
                 "daemon.data_dir: cannot create " + config.daemon.data_dir + ": " + made.message() +
                   "; name a folder that this user may write to"};
  auto writer = open_journal();
  if (!writer)
    return writer.error();
  if (auto clock_started = start_clock(); !clock_started)
    return clock_started;
  seed_telemetry();
  if (auto spawned = spawn_actors(std::move(writer).value()); !spawned)
    return spawned;
  if (auto started = start_backtests(); !started)
    return started;
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

/// It may be making desks this moment, at a start that fails: whom it makes after the others are counted would never
/// be told to end.
void Daemon::Impl::end_supervisor() {
  if (!supervisor)
    return;
  caf::scoped_actor self{*system};
  self->send_exit(supervisor, caf::exit_reason::user_shutdown);
  self->wait_for(supervisor);
  supervisor = nullptr;
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
  if (backtests)
    backtests->stop();
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
    end_supervisor();
    std::vector<caf::actor> all;
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
    inspector = nullptr;
    scheduler = nullptr;
    aggregator = nullptr;
    journal = nullptr;
    all.clear();
    release_logger();
    system.reset();
  }
  edge.reset();
  backtests.reset();
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
  impl_->backtests->begin_stop();
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
    impl_->backtests->configure(impl_->config);
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
