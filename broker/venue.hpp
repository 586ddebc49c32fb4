// The venue port: everything Heed asks of a broker, asynchronously, and everything a broker tells.
//
// Calls return at once. Each `done` runs exactly once, on the venue's thread; the gateway turns it into a message to
// itself. No method decides anything: three answers (value, rejected, unknown) and evidence are passed on as they
// are.
#pragma once

#include "messages/market.hpp"
#include "messages/order.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"
#include "messages/venue_capabilities.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace heed {

/// One request that counted against a rate limit of the venue.
struct VenueUsage {
  bool market_data = false;               // of the limit that market data has for itself
  std::optional<std::int32_t> remaining;  // of that limit, by the venue's word
};

/// What the stream tells without being asked.
struct VenueSink {
  std::function<void(OrderReport)> on_order;
  std::function<void(Quote)> on_quote;
  std::function<void(bool up, std::string why)> on_link;  // order stream up (subscribed) or down
  std::function<void(BrokerCallRow)> on_call;             // audit of every REST call, secrets removed
  std::function<void(VenueUsage)> on_usage;               // each request that was answered, before its `done`
};

/// Error kinds: rejected = positive evidence of a no, with the venue's code and text; unknown = may have happened;
/// not_sent = no byte left, or the venue said "too many requests" before looking (code "429", detail = seconds to
/// wait).
template <class T>
using Done = std::function<void(Result<T>)>;

class Venue {
public:
  virtual ~Venue() = default;
  virtual VenueCapabilities capabilities() const = 0;
  /// Connects streams and keeps them connected (back-off, re-authentication). Sink functions may be called from now
  /// on.
  virtual void start(VenueSink sink) = 0;
  virtual void stop() = 0;

  /// Value: the order as the venue sees it now, its legs behind it.
  virtual void submit(const SubmitOrder& order, Done<std::vector<OrderReport>> done) = 0;
  /// Value: the request was taken; the cancel itself comes as a report. rejected: not cancelable (already final).
  virtual void cancel(const CancelOrder& order, Done<Ok> done) = 0;
  /// Value: the new order as the venue sees it.
  virtual void replace(const ReplaceOrder& order, Done<std::vector<OrderReport>> done) = 0;

  /// By our name. Empty vector: the venue positively knows no such order (HTTP 404 on it), which alone proves nothing
  /// yet.
  virtual void query_order(const ClientOrderId& id, const VenueOrderId& venue_id,
                           Done<std::vector<OrderReport>> done) = 0;
  /// Every order (legs included) submitted at or after `since`, complete or an error.
  virtual void query_orders(Instant since, Done<std::vector<OrderReport>> done) = 0;
  /// Everything working for one symbol, legs included, complete or an error.
  virtual void query_open_orders(const Symbol& symbol, Done<std::vector<OrderReport>> done) = 0;
  /// Executions at or after `since`, as reports with `execution` set.
  virtual void query_fills(Instant since, Done<std::vector<OrderReport>> done) = 0;
  /// "Position does not exist" is the value zero.
  virtual void query_position(const Symbol& symbol, Done<PositionReport> done) = 0;
  virtual void query_positions(Done<std::vector<PositionReport>> done) = 0;
  virtual void query_account(Done<AccountReport> done) = 0;
  virtual void query_clock(Done<VenueClock> done) = 0;
  virtual void query_instrument(const Symbol& symbol, Done<Instrument> done) = 0;  // unknown symbol: tradable = false
  virtual void query_quote(const Symbol& symbol, Done<Quote> done) = 0;
  /// Of several symbols in one question. Those of which the venue has no full quote are missing from the answer, and
  /// asked for alone.
  virtual void query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) = 0;
  /// From now on quotes of these symbols come to the sink too (best effort; replaces the set).
  virtual void watch_quotes(const std::vector<Symbol>& symbols) = 0;
};

}  // namespace heed
