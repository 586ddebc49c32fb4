// What a venue can do. The position machine chooses its ways by this, never by a venue's name.
#pragma once

#include <string>

namespace heed {

struct VenueCapabilities {
  bool native_bracket = false;           // entry with both exits in one order
  bool bracket_needs_full_fill = false;  // legs go live only when the entry is wholly filled
  bool native_oco = false;
  bool replace = false;                  // in place (PATCH)
  bool holds_quantity = false;           // open exits hold the shares they would sell
  bool opposite_orders_refused = false;  // wash-trade rule: no plain exits beside an open entry
  bool fractional = false;
  bool shorting = false;
  bool client_order_ids = true;  // reports carry our name
  std::string name;              // "alpaca"
};

}  // namespace heed
