// What Heed asks of Alpaca, as bodies and targets. Pure. Numbers go as strings: Alpaca takes both, and a string never
// becomes a binary fraction on the way.
#pragma once

#include "messages/order.hpp"
#include "messages/result.hpp"
#include "messages/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace heed::alpaca {

/// Error: kind rejected, code "invalid_order", detail names the field. Such an order is never sent.
Result<std::string> submit_body(const SubmitOrder& order);
Result<std::string> replace_body(const ReplaceOrder& order);

/// Percent-encodes all but RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text);

std::string order_target(const VenueOrderId& id, bool nested);
std::string order_by_name_target(const ClientOrderId& id);
struct OrderPage {
  Instant after{};        // exclusive
  VenueOrderId after_id;  // exclusive; set: instead of the time, which the venue does not take beside it
  Symbol symbol;          // empty: all
  int limit = 500;
};
std::string orders_target(const OrderPage& page);
std::string fills_target(Instant after, int page_size, std::string_view page_token);

std::string order_stream_login(std::string_view key, std::string_view secret);
std::string order_stream_listen();
std::string data_stream_login(std::string_view key, std::string_view secret);
/// `action`: "subscribe" or "unsubscribe"; quotes and trades of the symbols.
std::string data_stream_change(std::string_view action, const std::vector<Symbol>& symbols);

}  // namespace heed::alpaca
