// The Alpaca adapter: the Venue port over Alpaca's REST calls, its order stream and its market-data stream.
//
// The same adapter serves the live host, the paper host and the built-in exchange; a simulator replaces the
// transports and nothing else.
#pragma once

#include "broker/venue.hpp"
#include "messages/time.hpp"
#include "net/http.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace heed {

struct AlpacaConfig {
  AccountId account;
  std::string trading_url = "https://paper-api.alpaca.markets";
  std::string data_url = "https://data.alpaca.markets";
  std::string orders_stream_path = "/stream";  // on the trading host
  std::string data_stream_path = "/v2/iex";    // on the data stream's host
  std::string data_feed = "iex";               // feed of the latest quotes; empty: the plan's own
  std::string key;
  std::string secret;
  std::chrono::milliseconds http_deadline{10'000};
  std::chrono::milliseconds stream_login_deadline{10'000};
  std::chrono::milliseconds reconnect_first{250};  // doubles up to the next line, half of it jitter
  std::chrono::milliseconds reconnect_max{30'000};
  std::chrono::milliseconds link_settled{30'000};  // up that long: the next loss starts from reconnect_first
  std::uint64_t seed = 1;                          // of the jitter
  int order_page_size = 500;                       // the venue's maximum
  int activity_page_size = 100;                    // the venue's maximum
};

/// What the adapter runs on. `data` and `data_stream` may be the trading ones where one host serves both.
struct AlpacaTransports {
  std::shared_ptr<net::HttpClient> trading;
  std::shared_ptr<net::HttpClient> data;
  std::shared_ptr<net::WebSocketConnector> orders_stream;
  std::shared_ptr<net::WebSocketConnector> data_stream;  // null: no watched quotes, polls only
  std::shared_ptr<net::Timers> timers;
  std::shared_ptr<const Clock> clock;
  /// What latencies are measured by; empty: the machine's. Virtual in the simulator.
  std::function<std::chrono::steady_clock::time_point()> monotonic = {};
};

/// True for the host where orders cost money.
bool is_alpaca_live(std::string_view trading_url);

/// What is wrong with the configuration: plain transport to a host outside loopback, missing key, limits out of
/// range. Kind invalid, detail names the key and the fix.
Status check_alpaca_config(const AlpacaConfig& config);

/// Nothing is sent before the first call or start(). Throws std::invalid_argument with the words of
/// check_alpaca_config() when that finds something, or when a transport is missing.
/// The venue's methods may be called from any thread; `done` and the sink run on the transports' thread. A request
/// that is wrong in itself is answered with rejected, "invalid_order", and never sent.
std::unique_ptr<Venue> make_alpaca_venue(const AlpacaConfig& config, const AlpacaTransports& transports);

}  // namespace heed
