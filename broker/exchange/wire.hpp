// Alpaca's REST API over the engine: a function from a request to an answer. It knows HTTP and JSON, but no sockets.
#pragma once

#include "broker/exchange/engine.hpp"
#include "broker/exchange/ledger.hpp"
#include "broker/exchange/market_history.hpp"
#include "broker/exchange/request_parts.hpp"
#include "net/http.hpp"
#include "net/json_writer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace heed::exchange {

/// The n-th credential speaks for the n-th account of the engine.
struct Credential {
  std::string key = "heed";
  std::string secret = "heed";
};

struct WireOptions {
  std::vector<Credential> credentials = std::vector<Credential>(1);
  int requests_per_minute = 200;  // per key, trading and market data each; 0: no limit
  bool day_trade_keys = false;    // the account members that vanished in 2026-07
};

class Wire {
public:
  /// All references must outlive the wire. One thread at a time.
  Wire(Engine& engine, const Ledger& ledger, const MarketHistory& history, WireOptions options);

  /// Answers one request that came at `real_now` (for rate limits only; orders live in the engine's time). After it
  /// the caller lets the engine settle, so that the answer shows an order as pending.
  net::HttpResponse handle(const net::HttpRequest& request, Instant real_now);
  /// The same without credentials and limits: for a replayed command.
  net::HttpResponse handle_as(AccountIndex account, const net::HttpRequest& request);

  std::optional<AccountIndex> authenticate(std::string_view key, std::string_view secret) const;
  std::optional<AccountIndex> account_of(const net::HttpRequest& request) const;

  /// GET /sim/ledger: the first account's orders, executions, positions and cash; with more accounts than one, all of
  /// them again under `accounts`. `working_only`: of the orders those that are not over, and no executions.
  std::string ledger_json(bool working_only = false) const;

private:
  struct Call {
    AccountIndex account;
    const net::HttpRequest& request;
    Target target;
    std::vector<std::string_view> parts;  // of the path, without "v2"
  };
  struct Quota {
    Instant window{};
    int used = 0;
  };

  std::optional<net::HttpResponse> refuse_credentials(const net::HttpRequest& request) const;
  net::HttpResponse route(const Call& call);
  net::HttpResponse route_one(const Call& call);
  net::HttpResponse route_two(const Call& call);
  void add_limit_headers(net::HttpResponse& response, const Quota& quota) const;

  // wire_orders.cpp
  net::HttpResponse post_order(const Call& call);
  net::HttpResponse list_orders(const Call& call) const;
  net::HttpResponse cancel_orders(const Call& call);
  net::HttpResponse order_by_client_id(const Call& call) const;
  net::HttpResponse one_order(const Call& call);

  // wire_account.cpp
  net::HttpResponse get_account(const Call& call) const;
  net::HttpResponse list_positions(const Call& call) const;
  net::HttpResponse close_positions(const Call& call);
  net::HttpResponse one_position(const Call& call);
  net::HttpResponse close_one(const Call& call, const Asset& asset);
  net::HttpResponse activities(const Call& call) const;
  net::HttpResponse portfolio_history(const Call& call) const;

  // wire_reference.cpp
  net::HttpResponse get_clock() const;
  net::HttpResponse get_calendar(const Call& call) const;
  net::HttpResponse list_assets(const Call& call) const;
  net::HttpResponse one_asset(const Call& call) const;
  void append_ledger(net::JsonWriter& w, AccountIndex account, bool working_only) const;

  // wire_market.cpp
  net::HttpResponse market_data(const Call& call) const;
  net::HttpResponse historical_bars(const Call& call, const std::vector<std::string>& symbols, bool single) const;
  net::HttpResponse latest(const Call& call, std::string_view kind, const std::vector<std::string>& symbols,
                           bool single) const;
  net::HttpResponse snapshots(const std::vector<std::string>& symbols, bool single) const;

  Engine& engine_;
  const Ledger& ledger_;
  const MarketHistory& history_;
  WireOptions options_;
  std::vector<Quota> trading_quota_;
  std::vector<Quota> data_quota_;
  std::uint64_t requests_ = 0;
};

net::HttpResponse not_found(const std::string& what);

}  // namespace heed::exchange
