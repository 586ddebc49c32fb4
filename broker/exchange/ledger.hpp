// A second set of books, kept from executions and splits alone. Tests compare it with the engine's account and with
// Heed's own books; it shares no code with either.
#pragma once

#include "broker/exchange/types.hpp"

#include <map>
#include <string>
#include <vector>

namespace heed::exchange {

struct LedgerPosition {
  Quantity qty;    // signed
  Price average;   // of what is held; rounded to nine decimals after each change
  Money realized;  // before fees
  Quantity bought, sold;
  Money paid, received;  // of all purchases and sales
};

struct LedgerSplit {
  Instant at{};
  std::string symbol;
  SplitOutcome outcome;
};

class Ledger {
public:
  explicit Ledger(const std::vector<Money>& opening_cash);

  void record(AccountIndex account, const std::string& symbol, Side side, Quantity qty, Price price, Money fee);
  void record_split(AccountIndex account, const std::string& symbol, Instant at, const SplitOutcome& outcome);

  struct Book {
    Money opening_cash, cash, fees;
    std::map<std::string, LedgerPosition> positions;  // every symbol ever traded
    std::vector<LedgerSplit> splits;
    Money realized() const;
  };
  const Book& book(AccountIndex account) const { return books_[account]; }

private:
  std::vector<Book> books_;
};

}  // namespace heed::exchange
