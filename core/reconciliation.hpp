// Comparing what a venue holds with what the books say. Pure.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/order.hpp"
#include "messages/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace heed::core {

/// One symbol in one look.
struct QuantityPair {
  Quantity books;  // all lots, external included
  Quantity venue;
  Decimal venue_avg_px;
  bool busy = false;  // an order is on its way: a difference proves nothing yet
  bool quarantined = false;
  Decimal books_avg_px{};
  Quantity owned = {};  // of `books`, what is Heed's
};

enum class DriftAction : std::uint8_t { ask_orders, external, quarantine, lift, average };

struct DriftFinding {
  Symbol symbol;
  DriftAction action = DriftAction::ask_orders;
  Quantity books, venue;
  Decimal venue_avg_px;
  std::string text;  // "books 5, broker 3, for 2 looks"
};

/// Remembers, per symbol, how often in a row a look has differed, and by what.
///
///   differs once                          -> ask the orders of that symbol again (a report may be on its way)
///   differs twice by the same amount      -> nothing of it is Heed's: what the venue holds is listed as `external`
///                                         -> else quarantine
///   agrees                                -> forget; if quarantined, lift
///   agrees, but not in the average, twice -> the venue's average is the books' (it may reckon anew overnight, or
///                                            have seen fills in another order)
/// A busy symbol is not judged, and its count starts anew.
class DriftWatch {
public:
  std::vector<DriftFinding> look(const std::map<Symbol, QuantityPair>& pairs);
  std::size_t differing() const { return seen_.size(); }
  /// Some difference has been seen once: the next look, which decides, should come soon. One that stays after that
  /// waits for a person, and is not worth a hurry.
  bool wants_second_look() const;

private:
  struct Seen {
    std::int32_t looks = 0;
    Quantity difference;
  };
  void compare_averages(const Symbol& symbol, const QuantityPair& pair, std::vector<DriftFinding>& findings);

  std::map<Symbol, Seen> seen_;
  std::map<Symbol, Decimal> averages_;  // of venues, that differed at the last look
};

/// Has the journal the end of this order as the venue tells it: over, and as much filled? Positions let go of such
/// orders, and would wonder. `named`: the row under the report's name. `others`: rows of the report's symbol, for
/// legs that the venue named itself: an adapter that was started anew guesses their names from their places, and the
/// venue's id, which rows keep, is the better evidence.
bool is_settled(const OrderReport& report, const std::optional<OrderRow>& named, std::span<const OrderRow> others);
/// Whether `others` can change the answer.
bool needs_others(const OrderReport& report, const std::optional<OrderRow>& named);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::DriftAction, "ask_orders", "external", "quarantine", "lift", "average");
