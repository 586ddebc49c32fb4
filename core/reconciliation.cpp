#include "core/reconciliation.hpp"

#include <algorithm>

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

bool is_told(const OrderRow& row, const OrderReport& report) {
  return is_terminal(row.status) && row.cum_qty == report.cum_qty;
}

}  // namespace

bool needs_others(const OrderReport& report, const std::optional<OrderRow>& named) {
  return is_terminal(report.status) && !report.venue_order_id.empty() &&
         !(named && (named->venue_order_id.empty() || named->venue_order_id == report.venue_order_id));
}

bool is_settled(const OrderReport& report, const std::optional<OrderRow>& named, std::span<const OrderRow> others) {
  if (!is_terminal(report.status))
    return false;
  if (needs_others(report, named)) {
    const auto meant = std::ranges::find(others, report.venue_order_id, &OrderRow::venue_order_id);
    if (meant != others.end())
      return is_told(*meant, report);
  }
  // An order that the venue went on with under another id is still known by its name.
  return named && is_told(*named, report);
}

std::vector<DriftFinding> DriftWatch::look(const std::map<Symbol, QuantityPair>& pairs) {
  std::vector<DriftFinding> findings;
  for (const auto& [symbol, pair] : pairs) {
    if (pair.busy) {
      seen_.erase(symbol);
      averages_.erase(symbol);
      continue;
    }
    if (pair.books == pair.venue) {
      seen_.erase(symbol);
      if (pair.quarantined)
        findings.push_back(finding(symbol, DriftAction::lift, pair, 1));
      compare_averages(symbol, pair, findings);
      continue;
    }
    auto& seen = seen_[symbol];
    const auto difference = pair.venue - pair.books;
    seen.looks = seen.looks > 0 && seen.difference == difference ? seen.looks + 1 : 1;
    seen.difference = difference;
    if (seen.looks == 1)
      findings.push_back(finding(symbol, DriftAction::ask_orders, pair, seen.looks));
    else if (pair.owned.is_zero() && !pair.quarantined)
      findings.push_back(finding(symbol, DriftAction::external, pair, seen.looks));
    else if (!pair.quarantined || seen.looks == 2)  // set apart already: by what it differs now
      findings.push_back(finding(symbol, DriftAction::quarantine, pair, seen.looks));
  }
  std::erase_if(averages_, [&](const auto& entry) { return !pairs.contains(entry.first); });
  std::erase_if(seen_, [&](const auto& entry) { return !pairs.contains(entry.first); });
  return findings;
}

// Less than a cent in all is rounding.
void DriftWatch::compare_averages(const Symbol& symbol, const QuantityPair& pair,
                                  std::vector<DriftFinding>& findings) {
  const auto cent = Decimal::from_units(10'000'000);
  const bool known = pair.books_avg_px.is_positive() && pair.venue_avg_px.is_positive();
  if (!known || (pair.venue_avg_px - pair.books_avg_px).abs() * pair.books.abs() < cent) {
    averages_.erase(symbol);
    return;
  }
  const auto [seen, is_new] = averages_.try_emplace(symbol, pair.venue_avg_px);
  if (!is_new && seen->second == pair.venue_avg_px) {
    averages_.erase(seen);
    findings.push_back(finding(symbol, DriftAction::average, pair, 2));
    findings.back().text = "average: books " + pair.books_avg_px.str() + ", broker " + pair.venue_avg_px.str();
    return;
  }
  seen->second = pair.venue_avg_px;
}

bool DriftWatch::wants_second_look() const {
  return std::ranges::any_of(seen_, [](const auto& entry) { return entry.second.looks == 1; });
}

}  // namespace heed::core
