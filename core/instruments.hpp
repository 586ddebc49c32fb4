// Ticks, lots and the roundings that go with them: where a stop or target may rest, and how much a sum buys.
#pragma once

#include "messages/intent.hpp"
#include "messages/market.hpp"
#include "messages/result.hpp"

#include <optional>

namespace heed::core {

/// US equities: 0.01 at and above 1 dollar, 0.0001 below.
Price equity_tick(Price price);
/// The tick that a price of this instrument has to be a multiple of.
Price tick_for(const Instrument& instrument, Price price);

/// value * factor, rounded once, to a multiple of `step` (> 0).
Decimal scaled_to(Decimal value, Decimal factor, Decimal step, Rounding mode);

/// `level` on the tick grid, moved away from `entry` where it lies between two ticks: lower when below the entry,
/// higher when above. So a stop is never nearer, and a target never cheaper, than was asked for.
Price round_away(Price level, Price entry, const Instrument& instrument);

/// Exit prices of a position entered at `entry` (> 0), on the tick grid, rounded away from the entry.
struct ExitPrices {
  std::optional<Price> stop;
  std::optional<Price> target;
  bool target_derived = false;  // from the stop, by reward:risk
  friend bool operator==(const ExitPrices&, const ExitPrices&) = default;
};
/// `side` is the entry's. A level on the wrong side of the entry, or at or below zero, is an error (kind invalid,
/// code PROTECTION_INVALID) that says the prices.
Result<ExitPrices> exit_prices(const ProtectionSpec& spec, Side side, Price entry, const Instrument& instrument);
/// The same by fractions of the entry: 0.08 under and 0.20 over it for a buy. Zero means none.
Result<ExitPrices> exit_prices(Decimal stop_fraction, Decimal target_fraction, Side side, Price entry,
                               const Instrument& instrument);

/// What an entry of this side has to pay: the ask for a buy, the bid for a sell. Empty when that side has no quote.
std::optional<Price> price_to_enter(Side side, const Quote& quote);

/// The most that `dollars` buy at `price` (both > 0): whole lots, or steps of 0.0001 when `fractional`. Rounded down;
/// zero when it does not reach for one.
Quantity quantity_for(Money dollars, Price price, const Instrument& instrument, bool fractional);

/// A fill worsened by `fraction` against `side`, rounded half-even to four decimals.
Price slipped(Price price, Side side, Decimal fraction);

}  // namespace heed::core
