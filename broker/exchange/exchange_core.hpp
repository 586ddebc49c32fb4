// The whole exchange without its sockets: engine, ledger, REST, sim control, faults, memory. Requests and time go in;
// answers come out, and stream messages wait in order until the caller takes them.
#pragma once

#include "broker/exchange/faults.hpp"
#include "broker/exchange/market_history.hpp"
#include "broker/exchange/state_log.hpp"
#include "broker/exchange/wire.hpp"

#include <memory>
#include <string>
#include <vector>

namespace heed::exchange {

struct CoreOptions {
  EngineOptions engine;
  WireOptions wire;
  bool stepped = false;  // time moves by POST /sim/advance only
  bool sim_needs_credentials = false;
  std::string state_file;  // empty: no memory
  std::string market;      // names feed and rules; a state file of another market is refused
};

class ExchangeCore : private EngineSink {
public:
  /// Restores from the state file, where there is one. Errors: `invalid` (state file), `unavailable`.
  static Result<std::unique_ptr<ExchangeCore>> make(CoreOptions options, std::unique_ptr<PriceFeed> feed);

  /// Answers; what follows from it (fills, stream messages) happens in settle(). What it changed is in the state file
  /// before it returns.
  net::HttpResponse handle(const net::HttpRequest& request, Instant real_now);
  void settle();
  /// Time goes on to `to`. What happened on the way is in the state file before it returns.
  void advance_to(Instant to);
  /// Writes down how far time has come.
  void note_time();

  /// A message for the streams, in order of happening.
  struct TradeMessage {
    AccountIndex account;
    EventKind kind;
    std::string text;
  };
  struct PriceMessage {
    AssetIndex asset;
    std::optional<TimedBar> minute;  // the minute that ended with this price
  };
  /// Trade messages are composed only while somebody listens.
  void set_listening(bool trades, bool prices) {
    trades_wanted_ = trades;
    prices_wanted_ = prices;
  }
  std::vector<TradeMessage> take_trades() { return std::exchange(trades_, {}); }
  std::vector<PriceMessage> take_prices() { return std::exchange(prices_, {}); }

  Engine& engine() { return *engine_; }
  const Wire& wire() const { return *wire_; }
  FaultScript& faults() { return faults_; }
  bool stepped() const { return options_.stepped; }
  /// {"now":...,"speed":...}
  std::string clock_json(const std::string& speed) const;

private:
  ExchangeCore(CoreOptions options, std::unique_ptr<PriceFeed> feed);

  void on_trade_event(const TradeEvent& event) override;
  void on_price(const Asset& asset) override;
  void on_split(AccountIndex account, const Asset& asset, const SplitOutcome& outcome) override;

  net::HttpResponse sim(const net::HttpRequest& request);
  net::HttpResponse sim_post(std::string_view what, const net::HttpRequest& request);
  std::optional<net::HttpResponse> sim_command(std::string_view what, const net::Json& body);
  void replay(const LoggedCommand& command);

  CoreOptions options_;
  Ledger ledger_;
  MarketHistory history_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Wire> wire_;
  FaultScript faults_;
  StateLog log_;
  bool happened_ = false;  // a trade event since the last note
  bool trades_wanted_ = false;
  bool prices_wanted_ = false;
  std::vector<TradeMessage> trades_;
  std::vector<PriceMessage> prices_;
};

}  // namespace heed::exchange
