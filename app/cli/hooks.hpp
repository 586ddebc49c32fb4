// What the command line hands over to the rest of the program: options parsed and checked, one function per long
// running command. Declared here, defined where the daemon and the exchange are wired together.
#pragma once

#include "config/config.hpp"
#include "messages/decimal.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::cli {

/// Exit codes; permanent. Those from 64 on are sysexits'.
enum class Exit : int {
  done = 0,
  negative = 1,   // ran, and the answer is negative
  cancelled = 2,  // by the person
  refused = 3,    // by a rule: risk, halt, pause
  usage = 64,
  bad_data = 65,
  missing_input = 66,
  unreachable = 69,  // daemon or broker
  internal = 70,
  not_allowed = 77,
  config_invalid = 78
};

/// `heed run`. The configuration has been loaded and checked; warnings have been printed.
struct RunOptions {
  std::string config_path;                                     // empty: defaults
  std::vector<std::pair<std::string, std::string>> overrides;  // --set key=value, in order; for a reload too
  config::Config config;
  bool verbose = false;  // -v: log level debug at least
  bool color = false;    // standard error is a terminal that wants colour
};

/// How the exchange's time moves.
enum class MarketTime : std::uint8_t { speed, step };
/// Which minutes the exchange trades.
enum class MarketHours : std::uint8_t { regular, always };

/// `heed exchange`
struct ExchangeOptions {
  std::string listen = "127.0.0.1:8421";
  std::string tradovate_listen;                // empty: not served
  std::string bars;                            // folder; or
  std::optional<std::int64_t> synthetic_seed;  // exactly one of the two is set
  std::vector<std::string> symbols;            // bars: empty means every file; synthetic: empty means a built-in set
  MarketTime time = MarketTime::speed;
  Decimal speed{1};  // market seconds per second, > 0; with MarketTime::speed
  MarketHours hours = MarketHours::regular;
  std::optional<Instant> start;  // empty: now (synthetic) or the first bar
  Money cash{100'000};
  Decimal slippage = Decimal::from_units(500'000);  // fraction of the price
  Money fee_per_order;
  int partial_fill_percent = 10;  // of the fills that could be partial; 0..100
  std::string faults_file;        // empty: none
  std::string ledger_file;        // empty: the ledger is kept in memory only
  std::string state_file;         // empty: nothing outlives the process
  std::string key = "heed";
  std::string secret = "heed";
  bool verbose = false;
  bool color = false;
};

/// `heed inspect`
struct InspectOptions {
  enum class What : std::uint8_t { tree, show, follow };
  std::string host = "127.0.0.1";
  std::uint16_t port = 8422;
  What what = What::tree;
  std::string actor;  // show, follow
  bool json = false;
  bool color = false;
};

/// `heed simulate`
struct SimulateOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  std::string faults = "heavy";          // none, light, heavy, or a file of rates
  std::optional<config::Config> config;  // rules of its first account; empty: the usual ones, varied by the seed
  int days = 0;                          // 0: as the seed draws
  std::uint64_t twice_every = 0;
  bool keep_going = false;
  bool trace = false;
  bool json = false;
  // Crash points: scripted scenarios instead of seeds.
  bool crash_points = false;
  std::vector<std::string> scenarios;  // empty: all
  std::string doubles = "distinct";    // none, distinct, all
  std::int64_t stride = 1;             // every n-th point
  std::string point;                   // only this one, of the one scenario named
};

/// Each returns the exit code of the process. They write results to standard output and messages to standard error.
int run_daemon(const RunOptions& options);
int run_exchange(const ExchangeOptions& options);
int run_inspect(const InspectOptions& options);
int run_simulate(const SimulateOptions& options);

}  // namespace heed::cli
