// Bars that were fetched from a venue, put to those that are kept already: what is lacking, whether the two fit
// together, and the files of a folder that holds them.
#pragma once

#include "backtest/issue.hpp"
#include "core/bar_columns.hpp"
#include "messages/ids.hpp"
#include "messages/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace heed::backtest {

using BarsBySymbol = std::map<Symbol, core::BarColumns>;

/// What to ask a venue for, in one go. Both dates are included.
struct BarsWanted {
  std::vector<Symbol> symbols;
  Date from{}, to{};
  friend bool operator==(const BarsWanted&, const BarsWanted&) = default;
};

/// What `kept` lacks of from..to for these symbols: before its first bar and after its last one, each with that bar
/// once more, by which merge() sees whether the venue's bars fit to it. What lies near in time is asked for together.
std::vector<BarsWanted> find_lacking(const BarsBySymbol& kept, const std::vector<Symbol>& symbols, Date from,
                                     Date to);
/// All of from..to, and of what is kept beyond it: for taking it anew.
std::vector<BarsWanted> find_all(const BarsBySymbol& kept, const std::vector<Symbol>& symbols, Date from, Date to);

/// `kept` and those of `fetched` that lie before or after it. Error: kind invalid, when a close of the same date
/// differs by more than half a percent: one of the two is adjusted otherwise, for a split since.
Result<core::BarColumns> merge(const core::BarColumns& kept, const core::BarColumns& fetched);

/// The kept bars of these symbols in a folder of SYMBOL.csv[.gz]; a symbol without a file has none. A file that could
/// not be written back as it is (other columns, rows that are wrong) is an issue, and its symbol is not in the result
/// but in `untouchable`.
BarsBySymbol read_bar_files(const std::string& folder, const std::vector<Symbol>& symbols,
                            std::vector<Symbol>& untouchable, std::vector<Issue>& issues);
/// Writes SYMBOL.csv, or .csv.gz where that was there, in whole and then at once. Makes the folder. Error: kind
/// unavailable, names the file.
Status write_bar_file(const std::string& folder, const Symbol& symbol, const core::BarColumns& bars);

}  // namespace heed::backtest
