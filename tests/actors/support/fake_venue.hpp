// A venue in the test's hands: a naive book per symbol behind the venue port. Each call can be lost, refused,
// answered later or never, and is written down.
#pragma once

#include "broker/venue.hpp"
#include "support/system.hpp"
#include "tests/support/naive_venue.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heed::test {

/// What becomes of one call.
struct Fate {
  enum class When { now, later, never };
  bool arrives = true;         // it changes the venue's books
  std::optional<Error> error;  // instead of the answer
  When when = When::now;

  static Fate refused(std::string code, std::string text = "no") {
    return {false, Error{ErrorKind::rejected, std::move(code), std::move(text)}, When::now};
  }
  static Fate not_sent(std::string code = "connect", std::string detail = "connection refused") {
    return {false, Error{ErrorKind::not_sent, std::move(code), std::move(detail)}, When::now};
  }
  static Fate too_many(int seconds) { return not_sent("429", std::to_string(seconds)); }
  static Fate lost() { return {false, Error{ErrorKind::unknown, "timeout", "no answer"}, When::now}; }
  static Fate answer_lost() { return {true, Error{ErrorKind::unknown, "timeout", "no answer"}, When::now}; }
  static Fate never() { return {true, {}, When::never}; }
  static Fate never_arrives() { return {false, {}, When::never}; }
  static Fate later() { return {true, {}, When::later}; }
};

class FakeVenue final : public Venue {
public:
  explicit FakeVenue(std::shared_ptr<const Clock> clock, VenueCapabilities can = bracket_capabilities());

  /// Native brackets and pairs, as at Alpaca.
  static VenueCapabilities bracket_capabilities();
  /// Plain orders only.
  static VenueCapabilities plain_capabilities();

  // ---- what was asked ---------------------------------------------------------------------------------------------
  std::vector<std::string> calls;  // "submit heed1...", "query_quote NVDA"; in order
  std::vector<SubmitOrder> submits;
  std::vector<CancelOrder> cancels;
  std::vector<ReplaceOrder> replaces;
  std::set<Symbol> watched;
  bool stopped = false;
  std::size_t count(const std::string& call) const;  // calls that begin so

  // ---- what will become of calls ----------------------------------------------------------------------------------
  std::map<std::string, std::deque<Fate>> fates;  // by call name; none: it arrives and is answered at once
  std::map<std::string, Fate> always;             // for all further calls of that name
  std::function<void(const SubmitOrder&)> on_submit;
  void answer_held();  // those that were to be answered later
  std::size_t held() const { return held_.size(); }

  // ---- the market -------------------------------------------------------------------------------------------------
  bool fills_market_orders = true;  // at once, entries at the ask, closes at the bid
  bool mute = false;                // the stream tells nothing of orders
  std::set<Symbol> unknown_symbols;
  std::set<Symbol> untradable;
  std::map<Symbol, Decimal> multipliers;  // of contracts; none: 1
  std::set<Symbol> one_sided;             // no full quote
  AccountReport account;
  void set_price(const Symbol& symbol, const char* price);
  NaiveVenue& book(const Symbol& symbol);
  /// Fills all that is open of the newest working order of this leg, at its price (or the market's).
  void fill(const Symbol& symbol, Leg leg, std::optional<Quantity> quantity = {}, std::optional<Price> price = {});
  Quantity position(const Symbol& symbol) { return book(symbol).position; }
  std::vector<std::string> breaches();
  std::size_t working(const Symbol& symbol);  // orders not over
  /// Foreign hands trade in the account.
  void move_position(const Symbol& symbol, Quantity by) { book(symbol).position += by; }

  // ---- the stream -------------------------------------------------------------------------------------------------
  void link(bool up, const std::string& why = "");
  void tell_quote(const Quote& quote) { sink_.on_quote(quote); }
  void tell_order(const OrderReport& report) { sink_.on_order(report); }
  void tell_usage(const VenueUsage& usage) { sink_.on_usage(usage); }
  void tell_call(BrokerCallRow call) { sink_.on_call(std::move(call)); }
  void flush_stream();
  bool started() const { return static_cast<bool>(sink_.on_order); }
  /// Nobody is called any more: the other side is gone.
  void answer_nobody() {
    held_.clear();
    unanswered_.clear();
    sink_ = {};
  }
  void forget() {
    answer_nobody();
    on_submit = nullptr;
  }

  // ---- Venue ------------------------------------------------------------------------------------------------------
  VenueCapabilities capabilities() const override { return can_; }
  void start(VenueSink sink) override;
  void stop() override { stopped = true; }
  void submit(const SubmitOrder& order, Done<std::vector<OrderReport>> done) override;
  void cancel(const CancelOrder& order, Done<Ok> done) override;
  void replace(const ReplaceOrder& order, Done<std::vector<OrderReport>> done) override;
  void query_order(const ClientOrderId& id, const VenueOrderId& venue_id,
                   Done<std::vector<OrderReport>> done) override;
  void query_orders(Instant since, Done<std::vector<OrderReport>> done) override;
  void query_open_orders(const Symbol& symbol, Done<std::vector<OrderReport>> done) override;
  void query_fills(Instant since, Done<std::vector<OrderReport>> done) override;
  void query_position(const Symbol& symbol, Done<PositionReport> done) override;
  void query_positions(Done<std::vector<PositionReport>> done) override;
  void query_account(Done<AccountReport> done) override;
  void query_clock(Done<VenueClock> done) override;
  void query_instrument(const Symbol& symbol, Done<Instrument> done) override;
  void query_quote(const Symbol& symbol, Done<Quote> done) override;
  void query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) override;
  void watch_quotes(const std::vector<Symbol>& symbols) override { watched = {symbols.begin(), symbols.end()}; }

  bool link_at_start = true;
  Instant asked_since{};  // of the last query_orders

private:
  Fate fate_of(const std::string& name, const std::string& what);
  /// Answers by the fate: `value` is computed when the answer goes out.
  template <class T>
  void answer(const Fate& fate, Done<T> done, std::function<Result<T>()> value);
  OrderReport stamped(OrderReport report) const;
  std::vector<OrderReport> stamped(std::vector<OrderReport> reports) const;
  PositionReport position_report(const Symbol& symbol);
  void fill_market(const SubmitOrder& order);

  std::shared_ptr<const Clock> clock_;
  VenueCapabilities can_;
  VenueSink sink_;
  std::map<Symbol, NaiveVenue> books_;
  std::map<Symbol, Price> prices_;
  mutable std::map<ClientOrderId, Instant> created_;  // when each was first told of
  std::vector<std::function<void()>> held_, unanswered_;
};

}  // namespace heed::test
