#include "core/instruments.hpp"

#include <string>

namespace heed::core {
namespace {

using namespace literals;

constexpr Decimal one{1};
constexpr Decimal hundred{100};
constexpr Decimal four_decimals = 0.0001_d;

Error invalid(const std::string& what) { return {ErrorKind::invalid, "PROTECTION_INVALID", what}; }

// The level before rounding. `direction` is +1 for levels that have to lie above the entry.
Price place(const Level& level, int direction, Price entry, const Instrument& instrument) {
  const Decimal towards{direction};
  switch (level.kind) {
    case LevelKind::price: return level.value;
    case LevelKind::percent: return entry + Decimal::mul_div(entry, level.value * towards, hundred);
    case LevelKind::ticks: return entry + tick_for(instrument, entry) * level.value * towards;
  }
  return level.value;
}

// On the grid and on the right side, or an error.
Result<Price> settle(std::string_view name, Price level, int direction, Price entry, const Instrument& instrument) {
  const auto told = [&](const std::string& what) {
    return invalid(std::string{name} + " " + level.str() + " " + what + " for an entry at " + entry.str());
  };
  if (!level.is_positive())
    return told("is not a price");
  if (direction > 0 ? level <= entry : level >= entry)
    return told(direction > 0 ? "must lie above the entry" : "must lie below the entry");
  const Price rounded = round_away(level, entry, instrument);
  if (!rounded.is_positive())
    return told("is less than one tick");
  return rounded;
}

}  // namespace

Price equity_tick(Price price) { return price >= one ? 0.01_d : 0.0001_d; }

Price tick_for(const Instrument& instrument, Price price) {
  return instrument.asset_class == AssetClass::us_equity ? equity_tick(price) : instrument.tick_size;
}

Decimal scaled_to(Decimal value, Decimal factor, Decimal step, Rounding mode) {
  // Divided by `step` scaled up, the quotient's units are the number of steps: only one rounding happens.
  const Decimal divisor = step * Decimal{Decimal::scale};
  return Decimal{Decimal::mul_div(value, factor, divisor, mode).units()} * step;
}

Price round_away(Price level, Price entry, const Instrument& instrument) {
  return level.rounded_to(tick_for(instrument, level), level < entry ? Rounding::floor : Rounding::ceil);
}

Result<ExitPrices> exit_prices(const ProtectionSpec& spec, Side side, Price entry, const Instrument& instrument) {
  if (!entry.is_positive())
    return invalid("protection needs an entry price above zero, not " + entry.str());
  const int up = sign(side);
  ExitPrices out;
  std::optional<Price> target;
  if (spec.stop) {
    const Price level = place(*spec.stop, -up, entry, instrument);
    const auto settled = settle("stop", level, -up, entry, instrument);
    if (!settled)
      return settled.error();
    out.stop = settled.value();
    if (!spec.target && spec.reward_risk.is_positive()) {
      target = entry + (entry - level) * spec.reward_risk;
      out.target_derived = true;
    }
  }
  if (spec.target)
    target = place(*spec.target, up, entry, instrument);
  if (!target)
    return out;
  const auto settled = settle("target", *target, up, entry, instrument);
  if (!settled)
    return settled.error();
  out.target = settled.value();
  return out;
}

Result<ExitPrices> exit_prices(Decimal stop_fraction, Decimal target_fraction, Side side, Price entry,
                               const Instrument& instrument) {
  ProtectionSpec spec;
  spec.reward_risk = Decimal{};
  if (!stop_fraction.is_zero())
    spec.stop = Level{LevelKind::percent, stop_fraction * hundred};
  if (!target_fraction.is_zero())
    spec.target = Level{LevelKind::percent, target_fraction * hundred};
  return exit_prices(spec, side, entry, instrument);
}

std::optional<Price> price_to_enter(Side side, const Quote& quote) {
  const Price price = side == Side::buy ? quote.ask : quote.bid;
  return price.is_positive() ? std::optional{price} : std::nullopt;
}

Quantity quantity_for(Money dollars, Price price, const Instrument& instrument, bool fractional) {
  if (!dollars.is_positive() || !price.is_positive() || !instrument.multiplier.is_positive())
    return Quantity{};
  const Quantity step = fractional ? four_decimals : instrument.lot_size;
  const Money per_unit = Decimal::mul(price, instrument.multiplier, Rounding::ceil);
  return Decimal::div(dollars, per_unit, Rounding::floor).rounded_to(step, Rounding::floor);
}

Price slipped(Price price, Side side, Decimal fraction) {
  return scaled_to(price, side == Side::buy ? one + fraction : one - fraction, four_decimals, Rounding::half_even);
}

}  // namespace heed::core
