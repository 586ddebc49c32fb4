// The text form of our order names, "heed1.<strategy>.<leg>.<hash>": reading one, and the name of a sibling leg.
// Which hash an order gets is core/naming.hpp's business; an adapter only needs to see whose an order is and which
// names travel together.
#pragma once

#include "messages/ids.hpp"
#include "messages/order.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace heed {

/// Views into the text it was read from.
struct OrderNameParts {
  std::string_view strategy;
  Leg leg = Leg::entry;
  std::string_view hash;
};

constexpr std::string_view leg_code(Leg leg) {
  switch (leg) {
    case Leg::entry: return "en";
    case Leg::take_profit: return "tp";
    case Leg::stop_loss: return "sl";
    case Leg::close: return "cl";
  }
  return "";
}

/// Empty when the text is not exactly one of our names: then the order is not ours.
inline std::optional<OrderNameParts> read_order_name(std::string_view text) {
  constexpr std::string_view prefix = "heed1.";
  constexpr std::size_t hash_size = 16;
  if (!text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto first = text.find('.');
  if (first == std::string_view::npos || first == 0 || first > StrategyId::capacity)
    return std::nullopt;
  OrderNameParts parts;
  parts.strategy = text.substr(0, first);
  text.remove_prefix(first + 1);
  if (text.size() != 2 + 1 + hash_size || text[2] != '.')
    return std::nullopt;
  parts.hash = text.substr(3);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const auto base32 = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); };
  if (!std::all_of(parts.strategy.begin(), parts.strategy.end(), plain) ||
      !std::all_of(parts.hash.begin(), parts.hash.end(), base32))
    return std::nullopt;
  for (const Leg leg : {Leg::entry, Leg::take_profit, Leg::stop_loss, Leg::close})
    if (text.substr(0, 2) == leg_code(leg)) {
      parts.leg = leg;
      return parts;
    }
  return std::nullopt;
}

/// The name of another leg of the same group; empty when `name` is not one of ours.
inline std::optional<ClientOrderId> sibling_name(std::string_view name, Leg leg) {
  const auto parts = read_order_name(name);
  if (!parts)
    return std::nullopt;
  std::string text{"heed1."};
  text.append(parts->strategy).append(1, '.').append(leg_code(leg)).append(1, '.').append(parts->hash);
  return ClientOrderId{text};
}

}  // namespace heed
