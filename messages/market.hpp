// What is traded and what it costs: instruments, quotes, bars.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/time.hpp"

#include <cstdint>

namespace heed {

enum class AssetClass : std::uint8_t { us_equity, future, fx, crypto };

/// What the venue says of a symbol. `tradable == false` closes the door for entries, never for exits.
struct Instrument {
  Symbol symbol;
  AssetClass asset_class = AssetClass::us_equity;
  bool tradable = false;
  bool shortable = false;
  bool fractionable = false;
  Price tick_size = Decimal::from_units(10'000'000);  // 0.01; see tick_for() in core/instruments.hpp under 1 dollar
  Quantity lot_size{1};                               // smallest step of a quantity
  Decimal multiplier{1};                              // money per point and unit: 1 for a share, 2 for MNQ
  HEED_FIELDS(symbol, asset_class, tradable, shortable, fractionable, tick_size, lot_size, multiplier);
};

/// Zero bid or ask means that side has no quote.
struct Quote {
  Symbol symbol;
  Price bid;
  Price ask;
  Price last;
  Instant at{};  // venue time of the newest part
  HEED_FIELDS(symbol, bid, ask, last, at);
};

struct Bar {
  Date date{};
  Price open, high, low, close;
  std::int64_t volume = 0;
  HEED_FIELDS(date, open, high, low, close, volume);
};

/// The venue's word on its own session.
struct VenueClock {
  Instant at{};
  bool is_open = false;
  Instant next_open{};
  Instant next_close{};
  HEED_FIELDS(at, is_open, next_open, next_close);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::AssetClass, "us_equity", "future", "fx", "crypto");
