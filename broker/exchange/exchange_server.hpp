// The built-in exchange as a server: Alpaca's REST API, order stream and market data, and the sim's own control, over
// real sockets. Runs inside `heed run` and by itself as `heed exchange`.
#pragma once

#include "broker/exchange/exchange_core.hpp"
#include "net/runtime.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heed::exchange {

struct ExchangeAccount {
  std::string key = "heed";
  std::string secret = "heed";
  AccountOptions options;
};

struct ExchangeOptions {
  std::string listen = "127.0.0.1:0";  // port 0 picks one
  std::vector<ExchangeAccount> accounts = std::vector<ExchangeAccount>(1);

  // Prices: bars from a folder, else a random walk; with neither the script (POST /sim/price) alone.
  std::string bars_directory;
  std::optional<std::uint64_t> synthetic_seed;
  std::vector<std::string> symbols;  // of the walk or of the script

  // Time. Without a start, bars begin at the first session in which a bar opens, anything else now.
  std::optional<Instant> start;
  std::optional<Decimal> speed = Decimal{1};  // simulated seconds per second; empty: stepped by POST /sim/advance
  bool always_open = false;                   // sessions around the clock, for demonstrations

  std::uint64_t seed = 1;
  int partial_fill_percent = 10;
  Decimal slippage;
  Money fee_per_order;
  Money fee_per_share;
  Duration venue_delay{0};                 // simulated time until a cancel or replace is done
  std::optional<int> requests_per_minute;  // empty: 200 at speed 1 or less, else no limit; 0: no limit
  bool day_trade_keys = false;
  bool text_frames = false;  // order stream in text frames, as the live venue; else binary, as paper

  std::string faults_file;  // script loaded at the start
  std::string ledger_file;  // written at the start, every few seconds and at the end
  std::string state_file;   // memory across restarts
};

/// The parameters of `heed exchange`. `speed`: a positive decimal, or "step". Errors (`invalid`) name the option.
struct ExchangeArguments {
  std::string bars;       // folder; or
  std::string synthetic;  // seed
  std::string listen = "127.0.0.1:8421";
  std::string speed = "1";
  std::string faults, ledger, state;
  std::string start;  // RFC 3339 or a date; empty: see ExchangeOptions
  std::vector<std::string> symbols;
  std::string key = "heed", secret = "heed";
  std::string cash = "100000";
};
Result<ExchangeOptions> exchange_options(const ExchangeArguments& arguments);

class ExchangeServer {
public:
  /// Loads, restores and listens. Errors: `invalid` (options, bars, faults, state file), `unavailable` (address,
  /// file). `runtime` must outlive the server.
  static Result<std::unique_ptr<ExchangeServer>> start(net::Runtime& runtime, ExchangeOptions options);
  ~ExchangeServer();
  ExchangeServer(const ExchangeServer&) = delete;
  ExchangeServer& operator=(const ExchangeServer&) = delete;

  std::uint16_t port() const;
  /// The exchange's time. Any thread.
  Instant now() const;
  /// Closes all connections and writes state and ledger. Not on the network thread. Idempotent.
  void stop();
  /// Why the ledger file is older than it should be; empty while it could be written. Any thread.
  std::string ledger_trouble() const;

private:
  struct Impl;
  explicit ExchangeServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace heed::exchange
