// BROKER GATEWAY: one per account, the only sender to its venue.
//
// Everything asked of the broker waits here for its turn: exits and cancels before queries before entries, within the
// venue's rate limit, of which a reserve is kept for exits. Market data has a limit of its own, as it has at venues.
// What the venue says is left of its limit counts for more than our own count. What provably did not leave is tried
// again under the same name; what may have left is reported as in doubt, never repeated from here. While the daemon
// stops, entries stay where they are, in the journal: the next start resolves them and sends what was never sent.
// While the kill switch is latched no entry leaves, not even one that was granted and waits here for its turn.
//
// The venue calls back on its own thread; each callback becomes a message to this actor (VenueSaid).
#pragma once

#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "actors/token_bucket.hpp"
#include "broker/venue.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace heed {

struct GatewayPolicy {
  std::int32_t requests_per_minute = 200;       // 0: no limit
  std::int32_t reserve_per_minute = 20;         // of these, for exits and cancels; also what a start begins with
  std::int32_t data_requests_per_minute = 200;  // market data; 0: no limit
  std::int32_t in_flight_max = 64;
  std::int32_t retries_max = 5;  // of an entry that did not leave; exits are tried for ever
  std::chrono::milliseconds backoff_first{250};
  std::chrono::milliseconds backoff_max{30'000};
  std::chrono::seconds quote_reuse{1};    // a streamed quote this young needs no asking
  std::size_t watched_symbols_max = 30;   // quotes streamed for the symbols asked about
  std::chrono::seconds watched_idle{60};  // a symbol not asked about for this long makes room for another
  std::uint64_t jitter_seed = 1;
};

struct GatewayArgs {
  AccountId account;
  std::shared_ptr<Venue> venue;
  std::shared_ptr<const Clock> clock;
  JournalActor journal;  // for the audit of calls
  std::shared_ptr<Telemetry> telemetry;
  GatewayPolicy policy;
  bool opening_stopped = false;  // the account's kill switch, as found at the start
};

/// Something to ask that changes nothing. `ask` is called when its turn has come; when all of it is answered, its
/// place is given back once.
struct Question {
  Symbol symbol;
  std::int32_t calls = 1;  // requests that it takes
  std::function<void()> ask;
};

using GatewayRequest =
  std::variant<SubmitOrder, CancelOrder, ReplaceOrder, QueryOrderNow, QueryPositionNow, Question>;

struct QueuedRequest {
  std::shared_ptr<const GatewayRequest> what;
  std::int32_t attempt = 1;
  std::chrono::steady_clock::time_point not_before{};
  Unfinished unfinished;
  // An attempt was turned away there; what repeats requests on their way may have got another one in.
  bool reached_venue = false;
};

using QuoteAskers = std::vector<caf::typed_response_promise<QuoteAnswer>>;

struct GatewayState {
  GatewayState() = default;
  static constexpr const char* name = "gateway";

  std::shared_ptr<const GatewayArgs> args;
  PortfolioActor portfolio;
  ReconcilerActor reconciler;
  std::deque<QueuedRequest> exits, queries, entries;
  std::set<std::pair<Symbol, ClientOrderId>> asking;  // questions that wait; without an order: for the position
  std::int32_t in_flight = 0;
  std::map<ClientOrderId, bool> submits_out;  // orders on their way; whether the venue told of them meanwhile
  TokenBucket trading, data;
  std::int32_t calls_paid = 0, data_calls_paid = 0;  // taken from the buckets, and not yet told as made by the venue
  std::optional<std::chrono::steady_clock::time_point> pump_at;  // the earliest PumpDue that is on its way
  std::uint64_t jitter = 1;
  bool link_up = false;
  std::string link_why;
  std::map<Symbol, Quote> quotes;
  // Questions for prices that wait for others to go with, and those on their way; by symbol, who asked.
  std::map<Symbol, QuoteAskers> quotes_wanted, quotes_asked;
  std::int32_t quote_calls = 0;  // on their way
  std::map<Symbol, std::pair<Instrument, Instant>> instruments;
  std::map<Symbol, std::chrono::steady_clock::time_point> watched;  // when last asked about
  bool draining = false;
  bool opening_stopped = false;  // by the kill switch
};
static_assert(!std::is_aggregate_v<GatewayState>);

using GatewaySelf = GatewayActor::stateful_pointer<GatewayState>;
GatewayActor::behavior_type gateway_actor(GatewaySelf self, std::shared_ptr<const GatewayArgs> args);

}  // namespace heed
