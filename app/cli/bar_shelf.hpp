// Where a backtest's bars are kept: a folder of files, or the table of a store. Both are read, and added to, alike.
#pragma once

#include "app/cli/backtest.hpp"
#include "backtest/bar_keep.hpp"

#include <memory>
#include <string>
#include <vector>

namespace heed::cli {

class BarShelf {
public:
  virtual ~BarShelf() = default;
  /// All that a run may need; of a table only `symbols`.
  virtual Result<backtest::LoadedBars> load(const std::vector<Symbol>& symbols, const BacktestArguments& arguments,
                                            Progress& progress) = 0;
  /// What is kept of `symbols`, to be added to. Those that must not be are in `untouchable`, and told of.
  virtual Result<backtest::BarsBySymbol> kept(const std::vector<Symbol>& symbols, std::vector<Symbol>& untouchable,
                                              std::vector<backtest::Issue>& issues) = 0;
  /// Replaces what is kept of one symbol.
  virtual Status keep(const Symbol& symbol, const core::BarColumns& bars) = 0;
  /// What problems of a symbol's bars are told under.
  virtual std::string name_of(const Symbol& symbol) const = 0;
};

/// The shelf that --bars names: "store" is the table of --config's store, all else a folder. Null: it has said why,
/// and `exit` is what to end with.
std::unique_ptr<BarShelf> open_shelf(Session& session, const BacktestArguments& arguments, int& exit);
/// With --fetch: asks the account's venue for bars of the calls and the benchmark, and puts them on the shelf. What
/// it found wrong goes into `issues`. False: it has said why, and `exit` is what to end with.
bool fetch_bars(Session& session, const BacktestArguments& arguments, const backtest::Params& params,
                const backtest::Calls& calls, BarShelf& shelf, Progress& progress,
                std::vector<backtest::Issue>& issues, int& exit);

}  // namespace heed::cli
