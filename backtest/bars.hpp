// Daily bars of many symbols, as columns that are looked at where they lie: read from a folder of SYMBOL.csv[.gz]
// once, then mapped from the cache beside it.
#pragma once

#include "backtest/blob.hpp"
#include "backtest/issue.hpp"
#include "core/bar_columns.hpp"
#include "core/naming.hpp"
#include "messages/ids.hpp"
#include "messages/result.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace heed::backtest {

/// One symbol's bars by ascending date. Columns of equal length, prices in billionths; they live as long as the
/// BarSet that they came from.
struct Series {
  Symbol symbol;
  std::span<const std::int32_t> days;  // since 1970-01-01
  std::span<const std::int64_t> open, high, low, close;
  core::Digest digest{};  // SHA-256 of symbol and columns, the same for CSV and gzip

  std::size_t size() const { return days.size(); }
  Price open_at(std::size_t i) const { return Price::from_units(open[i]); }
  Price high_at(std::size_t i) const { return Price::from_units(high[i]); }
  Price low_at(std::size_t i) const { return Price::from_units(low[i]); }
  Price close_at(std::size_t i) const { return Price::from_units(close[i]); }
};

/// Immutable, shared between threads; copies are cheap.
class BarSet {
public:
  const Series* find(std::string_view symbol) const;
  /// By symbol.
  const std::vector<Series>& series() const { return series_; }

private:
  friend class BarSetBuilder;
  std::vector<Series> series_;
  std::vector<Blob> owners_;
};

/// Makes a BarSet from columns in memory: for tests, other sources of bars, and the loader itself.
class BarSetBuilder {
public:
  /// Bars must be by ascending date. A symbol twice: the later counts.
  void add(const Symbol& symbol, const core::BarColumns& bars);
  BarSet finish();

private:
  friend Result<struct LoadedBars> load_bars(const std::string&, const struct BarOptions&);
  static BarSet view(std::vector<Blob> owners, std::vector<Series> series);

  std::map<Symbol, core::BarColumns> bars_;
};

struct BarOptions {
  bool use_cache = true;
  /// Told of each file that has to be read: (files read, files there are).
  std::function<void(std::size_t, std::size_t)> progress;
};

/// What a checked row is told of as.
Issue issue_of(core::BarProblem problem, std::string file);

struct LoadedBars {
  BarSet bars;
  std::vector<Issue> issues;   // by file name and line
  std::size_t files_read = 0;  // parsed now, not taken from the cache
  std::size_t files = 0;
  std::string cache;  // where it lies; empty: none could be written, or none was wanted
};

/// Reads every SYMBOL.csv and SYMBOL.csv.gz of a folder. A file that cannot be used is an issue; the others are read.
/// Error: kind unavailable for a folder that cannot be read, invalid when it has no bars at all.
Result<LoadedBars> load_bars(const std::string& folder, const BarOptions& options = {});

/// Dates of `benchmark` between the first and last bar of a symbol on which that symbol has none: one warning per
/// symbol, with how many and the first of them.
std::vector<Issue> find_gaps(const BarSet& bars, const Series& benchmark);

}  // namespace heed::backtest
