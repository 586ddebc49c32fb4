// The whole configuration as one typed value. A default-constructed member is the documented default: the key
// registry (registry.hpp) reads defaults from here and repeats none of them. Fractions are 0..1 and exact. Names end
// in their unit where they have one. Relative paths are relative to the working directory.
//
// A Config that came out of parse() or load() is complete: paths and addresses that follow from others are filled in,
// secrets are resolved, and every cross-check has passed.
#pragma once

#include "config/secret.hpp"
#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/risk.hpp"
#include "messages/strategy.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heed::config {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

struct Daemon {
  std::string data_dir = "var";
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  std::int32_t drain_seconds = 20;  // SIGTERM: at most this long until exit
  friend bool operator==(const Daemon&, const Daemon&) = default;
};

/// `exchange`: the built-in exchange's clock is the daemon's, for replays of the past through the live daemon.
enum class ClockSource : std::uint8_t { system, exchange };

struct Clock {
  ClockSource source = ClockSource::system;
  friend bool operator==(const Clock&, const Clock&) = default;
};

enum class JournalKind : std::uint8_t { sqlite, memory, postgres };

struct Journal {
  JournalKind kind = JournalKind::sqlite;
  std::string path;  // sqlite; filled in: <data_dir>/heed.db
  Secret url;        // postgres; secret, since it may carry a password
  std::int32_t commit_batch_max = 512;
  std::int32_t commit_delay_us = 0;      // wait this long for company before a commit; 0: what gathered meanwhile
  std::int32_t holder_wait_seconds = 0;  // postgres; wait this long for another daemon that holds it to go
  friend bool operator==(const Journal&, const Journal&) = default;
};

struct Api {
  std::string listen = "127.0.0.1:8420";
  std::string unix_socket;  // filled in: <data_dir>/heed.sock
  Secret token;             // required when `listen` is not loopback
  friend bool operator==(const Api&, const Api&) = default;
};

struct Inspect {
  bool enabled = true;
  std::string listen = "127.0.0.1:8422";
  friend bool operator==(const Inspect&, const Inspect&) = default;
};

/// Runs over the past that are asked for by HTTP.
struct Backtest {
  std::string bars;      // folder of SYMBOL.csv[.gz]; empty: the table `bars`
  std::string mentions;  // folder of files that a request may name; empty: only stored mentions
  std::int32_t queue_max = 8;
  friend bool operator==(const Backtest&, const Backtest&) = default;
};

enum class VenueKind : std::uint8_t { exchange, alpaca };
enum class TradingMode : std::uint8_t { paper, live };

struct Account {
  std::string id;
  VenueKind venue = VenueKind::exchange;
  TradingMode mode = TradingMode::paper;
  std::string live_confirmation;  // the account's id, written out again, when mode is live
  std::string base_url;           // filled in from venue and mode
  std::string data_url;           // filled in from venue
  Secret key;                     // filled in for the built-in exchange
  Secret secret;
  std::optional<Money> starting_equity;           // for the drawdown limit; empty: what the first reconcile finds
  std::int32_t poll_interval_seconds = 5;         // while the order stream is down, orders are asked for this often
  std::int32_t reconcile_interval_seconds = 0;    // filled in: [schedule] reconcile_interval_seconds
  std::int32_t rate_limit_per_minute = 200;       // requests to the venue
  std::int32_t rate_reserve_per_minute = 20;      // of these, kept for closes and cancels
  std::int32_t data_rate_limit_per_minute = 200;  // requests for market data, which venues count apart
  std::int32_t request_timeout_ms = 10'000;
  std::int32_t partial_grace_ms = 5'000;  // an entry partly filled for longer has its rest cancelled
  std::int32_t resolve_grace_ms = 2'000;  // between two looks for an order whose fate is unknown
  std::int32_t retries_max = 5;
  std::int32_t backoff_initial_ms = 250;
  std::int32_t backoff_max_ms = 30'000;
  RiskLimits risk;
  friend bool operator==(const Account&, const Account&) = default;
};

/// The built-in exchange, run inside the daemon when an account names it as its venue. Prices come from daily bars
/// in a folder or from a seeded random walk: exactly one of `bars` and `synthetic_seed`.
struct Exchange {
  std::string listen = "127.0.0.1:8421";
  std::string bars;  // folder of SYMBOL.csv[.gz]
  std::optional<std::int64_t> synthetic_seed;
  std::vector<std::string> symbols;  // synthetic: what exists; bars: empty means every file
  Decimal speed{1};                  // seconds of the market per second; 1 is real time
  std::optional<Instant> start;      // empty: now (synthetic) or the first bar
  Money cash{100'000};
  Decimal slippage = Decimal::from_units(500'000);  // 0.0005
  std::string state_file;                           // filled in: <data_dir>/exchange.json
  Secret key;                                       // what clients must present; filled in: heed
  Secret secret;                                    // filled in: heed
  friend bool operator==(const Exchange&, const Exchange&) = default;
};

enum class SourceKind : std::uint8_t { inbox, jsonl, table, http };
enum class SourceStart : std::uint8_t { new_only, all };
/// `clock`: a call is released when the clock passes its created_at, so that a file of the past plays like a live
/// feed.
enum class Release : std::uint8_t { arrival, clock };

struct Source {
  std::string id;
  SourceKind kind = SourceKind::inbox;
  std::string path;  // jsonl: a file, or a folder of files
  Secret url;        // http; secret, since feeds carry their token in the address
  std::int32_t poll_interval_seconds = 60;
  SourceStart start = SourceStart::new_only;
  std::optional<Decimal> default_conviction;
  Release release = Release::arrival;
  friend bool operator==(const Source&, const Source&) = default;
};

enum class StrategyKind : std::uint8_t { mention };

/// A strategy by its name, with the numbers that it decides by.
struct MentionStrategy : MentionRules {
  std::string id;
  StrategyKind kind = StrategyKind::mention;
  friend bool operator==(const MentionStrategy&, const MentionStrategy&) = default;
};

/// Which calls go by which strategy to which accounts. A source reaches an account by at most one route.
struct Route {
  std::vector<std::string> sources;
  std::string strategy;
  std::vector<std::string> accounts;
  friend bool operator==(const Route&, const Route&) = default;
};

enum class BoostCounts : std::uint8_t { same_action, any_action };

struct Aggregator {
  std::int32_t window_hours = 48;
  Decimal step = Decimal::from_units(50'000'000);  // 0.05 per further mention
  Decimal cap = Decimal::from_units(200'000'000);  // 0.20 at most
  BoostCounts boost_counts = BoostCounts::same_action;
  friend bool operator==(const Aggregator&, const Aggregator&) = default;
};

struct Schedule {
  std::string exit_scan = "35 9 * * 1-5";  // minute hour day month weekday
  std::string zone = "America/New_York";
  std::int32_t reconcile_interval_seconds = 30;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

enum class NotifyEvent : std::uint8_t { entry, exit, rejection, pause, halt, drift, quarantine, unknown };

struct Notify {
  Secret slack_url;
  Secret webhook_url;
  std::vector<NotifyEvent> events = {NotifyEvent::entry,      NotifyEvent::exit,   NotifyEvent::rejection,
                                     NotifyEvent::pause,      NotifyEvent::halt,   NotifyEvent::drift,
                                     NotifyEvent::quarantine, NotifyEvent::unknown};
  std::int32_t per_minute_max = 20;
  friend bool operator==(const Notify&, const Notify&) = default;
};

struct Config {
  Daemon daemon;
  Clock clock;
  Journal journal;
  Api api;
  Inspect inspect;
  std::vector<Account> accounts;
  Exchange exchange;
  std::vector<Source> sources;
  std::vector<MentionStrategy> strategies;
  std::vector<Route> routes;
  Aggregator aggregator;
  Schedule schedule;
  Notify notify;
  Backtest backtest;

  /// An account trades at the built-in exchange, so that the daemon has to run one.
  bool needs_exchange() const;
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace heed::config

HEED_ENUM_NAMES(heed::config::LogLevel, "trace", "debug", "info", "warn", "error");
HEED_ENUM_NAMES(heed::config::LogFormat, "text", "json");
HEED_ENUM_NAMES(heed::config::ClockSource, "system", "exchange");
HEED_ENUM_NAMES(heed::config::JournalKind, "sqlite", "memory", "postgres");
HEED_ENUM_NAMES(heed::config::VenueKind, "exchange", "alpaca");
HEED_ENUM_NAMES(heed::config::TradingMode, "paper", "live");
HEED_ENUM_NAMES(heed::config::SourceKind, "inbox", "jsonl", "table", "http");
HEED_ENUM_NAMES(heed::config::SourceStart, "new_only", "all");
HEED_ENUM_NAMES(heed::config::Release, "arrival", "clock");
HEED_ENUM_NAMES(heed::config::StrategyKind, "mention");
HEED_ENUM_NAMES(heed::config::BoostCounts, "same_action", "any_action");
HEED_ENUM_NAMES(heed::config::NotifyEvent, "entry", "exit", "rejection", "pause", "halt", "drift", "quarantine",
                "unknown");
