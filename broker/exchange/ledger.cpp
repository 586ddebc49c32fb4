#include "broker/exchange/ledger.hpp"

#include <algorithm>

namespace heed::exchange {

Ledger::Ledger(const std::vector<Money>& opening_cash) {
  for (const Money cash : opening_cash)
    books_.push_back({cash, cash, {}, {}, {}});
}

void Ledger::record(AccountIndex account, const std::string& symbol, Side side, Quantity qty, Price price,
                    Money fee) {
  Book& book = books_[account];
  LedgerPosition& p = book.positions[symbol];
  const Money value = Decimal::mul(qty, price, Rounding::half_even);
  book.fees += fee;
  if (side == Side::buy) {
    book.cash -= value;
    p.bought += qty;
    p.paid += value;
  } else {
    book.cash += value;
    p.sold += qty;
    p.received += value;
  }
  book.cash -= fee;

  // First the part that closes, at the average of what is held; then the part that opens, at its own price.
  const int direction = side == Side::buy ? 1 : -1;
  Quantity left = qty;
  if (p.qty.sign() == -direction) {
    const Quantity closing = std::min(left, p.qty.abs());
    const Money gain = (price - p.average) * closing;
    p.realized += direction < 0 ? gain : -gain;
    p.qty += direction > 0 ? closing : -closing;
    left -= closing;
    if (p.qty.is_zero())
      p.average = Price{};
  }
  if (left.is_zero())
    return;
  const Quantity held = p.qty.abs();
  p.average = (p.average * held + price * left) / (held + left);
  p.qty += direction > 0 ? left : -left;
}

void Ledger::record_split(AccountIndex account, const std::string& symbol, Instant at, const SplitOutcome& outcome) {
  Book& book = books_[account];
  LedgerPosition& p = book.positions[symbol];
  book.splits.push_back({at, symbol, outcome});
  book.cash += outcome.cash;
  // A fraction paid out in cash is a sale of it.
  p.average = outcome.exact.is_zero() ? Price{} : p.average * outcome.before / outcome.exact;
  p.realized += outcome.cash - p.average * (outcome.exact - outcome.after);
  p.qty = outcome.after;
  if (p.qty.is_zero())
    p.average = Price{};
}

Money Ledger::Book::realized() const {
  Money sum;
  for (const auto& [symbol, position] : positions)
    sum += position.realized;
  return sum;
}

}  // namespace heed::exchange
