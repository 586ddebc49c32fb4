#include "core/reconciliation.hpp"

namespace heed::core {
namespace {

DriftFinding finding(const Symbol& symbol, DriftAction action, const QuantityPair& pair, std::int32_t looks) {
  return {symbol,
          action,
          pair.books,
          pair.venue,
          pair.venue_avg_px,
          "books " + pair.books.str() + ", broker " + pair.venue.str() + ", looks " + std::to_string(looks)};
}

}  // namespace

std::vector<DriftFinding> DriftWatch::look(const std::map<Symbol, QuantityPair>& pairs) {
  std::vector<DriftFinding> findings;
  for (const auto& [symbol, pair] : pairs) {
    if (pair.busy) {
      seen_.erase(symbol);
      continue;
    }
    if (pair.books == pair.venue) {
      seen_.erase(symbol);
      if (pair.quarantined)
        findings.push_back(finding(symbol, DriftAction::lift, pair, 1));
      continue;
    }
    auto& seen = seen_[symbol];
    const auto difference = pair.venue - pair.books;
    seen.looks = seen.looks > 0 && seen.difference == difference ? seen.looks + 1 : 1;
    seen.difference = difference;
    if (seen.looks == 1)
      findings.push_back(finding(symbol, DriftAction::ask_orders, pair, seen.looks));
    else if (pair.books.is_zero() && !pair.quarantined)
      findings.push_back(finding(symbol, DriftAction::external, pair, seen.looks));
    else if (!pair.quarantined)
      findings.push_back(finding(symbol, DriftAction::quarantine, pair, seen.looks));
  }
  std::erase_if(seen_, [&](const auto& entry) { return !pairs.contains(entry.first); });
  return findings;
}

}  // namespace heed::core
