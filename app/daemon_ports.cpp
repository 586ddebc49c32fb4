// What the actors stand on: the clock, the journal, venues, feeds, and what tells people.
#include "app/ask.hpp"
#include "app/config_map.hpp"
#include "app/daemon_parts.hpp"
#include "app/telling.hpp"
#include "config/address.hpp"
#include "persistence/open_postgres.hpp"
#include "sources/http_feed.hpp"
#include "sources/jsonl_feed.hpp"
#include "sources/table_feed.hpp"

#include <utility>

namespace heed {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
  std::shared_ptr<Venue> venue = make_alpaca_venue(alpaca, transports);
  const std::scoped_lock lock{venues_mutex};
  venues.emplace_back(venue);
  return venue;
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

std::shared_ptr<MentionFeed> Daemon::Impl::feed_of(const config::Source& source) {
  const SourceId id{source.id};
  switch (source.kind) {
    case config::SourceKind::inbox: return nullptr;
    case config::SourceKind::jsonl: return make_jsonl_feed({source.path, id, source.default_conviction});
    case config::SourceKind::table: return make_table_feed({source.path, id, source.default_conviction});
    case config::SourceKind::http: return http_feed(source);
  }
  return nullptr;
}

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

/// What they store goes through the journal's actor, asked on the network's thread.
Status Daemon::Impl::start_backtests() {
  BacktestRunnerArgs args;
  args.clock = clock;
  args.reader = reader;
  args.config = config;
  args.append = [this](Batch batch, std::function<void(Status)> done) {
    network.post([this, batch = std::move(batch), done = std::move(done)]() mutable {
      const std::scoped_lock lock{journal_door_mutex};
      if (!journal_door)
        return done(Error{ErrorKind::unavailable, "UNAVAILABLE", "the daemon is stopping"});
      ask<Appended>(*system, journal_door, Append{std::move(batch), false},
                    [done = std::move(done)](const Result<Appended>& appended) {
                      done(appended ? Status{Ok{}} : appended.error());
                    });
    });
  };
  auto started = BacktestRunner::start(std::move(args));
  if (!started)
    return started.error();
  backtests = std::move(started).value();
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

}  // namespace heed
