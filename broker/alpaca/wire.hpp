// Alpaca's JSON as values. Pure: text in, value or error out.
//
// Strict for all that moves money (orders, fills, positions): a word or number that is not understood is an error of
// kind unknown, code "unreadable", whose detail names the field. Lenient for the rest, since Alpaca adds and removes
// descriptive keys without notice.
#pragma once

#include "messages/market.hpp"
#include "messages/order.hpp"
#include "messages/result.hpp"
#include "net/json.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::alpaca {

/// An order as the venue shows it, before anyone has said which of our names it has.
struct WireOrder {
  VenueOrderId id;
  std::string client_order_id;  // up to 128 characters; a leg's is the venue's own
  Symbol symbol;
  Side side = Side::buy;
  OrderType type = OrderType::market;
  OrderStatus status = OrderStatus::accepted;
  std::string order_class;  // "", "simple", "bracket", "oco", "oto"
  std::string text;         // the venue's words, where there are any
  Quantity quantity;        // zero for an order in money (never ours)
  Quantity filled;
  std::optional<Price> average;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  VenueOrderId replaced_by;
  VenueOrderId replaces;
  std::string submitted_text;  // as on the wire; listings page by it
  Instant submitted_at{};
  Instant updated_at{};
  std::vector<WireOrder> legs;

  bool in_group() const { return !order_class.empty() && order_class != "simple"; }
};

/// One message about one order on the order stream.
struct TradeUpdate {
  std::string event;
  WireOrder order;
  std::optional<Execution> execution;  // fill and partial_fill
};

/// One FILL of the account's activities.
struct FillActivity {
  std::string id;  // page token too
  VenueOrderId order;
  Symbol symbol;
  Side side = Side::buy;
  bool complete = false;  // the order's last fill
  Quantity filled;        // so far
  Quantity leaves;
  Execution execution;
};

Result<WireOrder> read_order(const net::Json& json);
/// Multi-leg option orders, which have neither symbol nor side of their own, are left out.
Result<std::vector<WireOrder>> read_orders(const net::Json& json);
/// Empty optional: about an order of a kind that Heed leaves alone (multi-leg options).
Result<std::optional<TradeUpdate>> read_trade_update(const net::Json& data);
Result<std::vector<FillActivity>> read_fills(const net::Json& json);
Result<PositionReport> read_position(const net::Json& json, const AccountId& account);
Result<std::vector<PositionReport>> read_positions(const net::Json& json, const AccountId& account);
Result<AccountReport> read_account(const net::Json& json, const AccountId& account);
Result<VenueClock> read_clock(const net::Json& json);
Result<Instrument> read_asset(const net::Json& json);
/// Of {"quotes":{SYM:{...}}}. No entry for the symbol: both sides zero.
Result<Quote> read_latest_quote(const net::Json& json, const Symbol& symbol);
/// Of {"trades":{SYM:{...}}}: the price and its time; zero when there is none.
Result<Quote> read_latest_trade(const net::Json& json, const Symbol& symbol);
/// Folds one market-data message (T = q or t) into the quotes; the symbol when it changed one of them.
Result<std::optional<Symbol>> apply_market_message(const net::Json& json, std::map<Symbol, Quote>& quotes);

/// A venue's decimal, cut to nine decimals: averages come with more.
std::optional<Decimal> read_average(std::string_view text);

}  // namespace heed::alpaca
