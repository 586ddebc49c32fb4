// Bars that a journal keeps in its table, checked as those of files are.
#pragma once

#include "backtest/bars.hpp"
#include "messages/records.hpp"

#include <functional>
#include <string>
#include <vector>

namespace heed::backtest {

/// One symbol's rows as columns. What is wrong with them goes into `issues`, under the name "store/AA" when `store`
/// is "store"; it names the date.
core::BarColumns check_rows(const std::string& store, const Symbol& symbol, const std::vector<BarRow>& rows,
                            std::vector<Issue>& issues);

/// Reads these symbols, each by itself; those without rows have no bars. `files` counts those that have. Error: what
/// `rows_of` gave, or kind invalid when none of them has any.
Result<LoadedBars> load_bar_rows(const std::string& store, std::vector<Symbol> symbols,
                                 const std::function<Result<std::vector<BarRow>>(const Symbol&)>& rows_of);

}  // namespace heed::backtest
