// Where many stories of a position begin: something is held, and protected, at a venue of each kind.
#pragma once

#include "tests/core/position_world.hpp"

#include <vector>

namespace heed::test {

inline std::vector<VenueCapabilities> every_venue() {
  return {alpaca_like(), plain_like(), tradovate_like(), full_like()};
}

inline World holding(const VenueCapabilities& can, Side side, Quantity quantity) {
  World w{can};
  const bool buy = side == Side::buy;
  auto entry = w.entry(side, quantity, buy ? 95_d : 105_d, buy ? 110_d : 90_d);
  entry.intent.correlation_id = "call-1";
  w.feed(entry);
  w.calm();
  w.fill(Leg::entry, quantity, 100_d);
  w.calm();
  return w;
}

}  // namespace heed::test
