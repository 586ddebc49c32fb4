#include "backtest/bar_rows.hpp"

#include "core/bar_columns.hpp"

#include <algorithm>

namespace heed::backtest {

core::BarColumns check_rows(const std::string& store, const Symbol& symbol, const std::vector<BarRow>& rows,
                            std::vector<Issue>& issues) {
  std::vector<core::BarProblem> problems;
  core::BarCollector collector{problems};
  collector.reserve(rows.size());
  for (const auto& row : rows)
    collector.add(0, row.at, {row.open.units(), row.high.units(), row.low.units(), row.close.units()}, row.volume);
  auto bars = collector.finish();
  for (auto& problem : problems)
    issues.push_back(issue_of(problem, store + "/" + symbol.str()));
  return bars;
}

Result<LoadedBars> load_bar_rows(const std::string& store, std::vector<Symbol> symbols,
                                 const std::function<Result<std::vector<BarRow>>(const Symbol&)>& rows_of) {
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  LoadedBars out;
  BarSetBuilder builder;
  for (const auto& symbol : symbols) {
    const auto rows = rows_of(symbol);
    if (!rows)
      return rows.error();
    if (rows.value().empty())
      continue;
    builder.add(symbol, check_rows(store, symbol, rows.value(), out.issues));
    ++out.files;
  }
  if (out.files == 0)
    return Error{ErrorKind::invalid, "bars",
                 "the table of bars has none of the called symbols nor of the benchmark; fill it with --bars store "
                 "--fetch missing, or name a folder"};
  out.bars = builder.finish();
  return out;
}

}  // namespace heed::backtest
