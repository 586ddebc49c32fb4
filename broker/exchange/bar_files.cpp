#include "broker/exchange/feed.hpp"
#include "core/bar_csv.hpp"

#include <zlib.h>

#include <filesystem>
#include <memory>

namespace heed::exchange {
namespace {

// The whole file, unpacked when it is packed (zlib reads plain files as they are).
Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
  if (!file)
    return Error{ErrorKind::unavailable, "bars", "cannot open " + path};
  std::string text;
  char buffer[1 << 16];
  int n = 0;
  while ((n = gzread(file.get(), buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(n));
  if (n < 0)
    return Error{ErrorKind::invalid, "bars", path + ": damaged gzip data"};
  return text;
}

// What the reader would leave out ends the start: an exchange that lacks a day its files have is of no use to
// anybody. What it keeps, although it looks odd, is kept.
Result<std::vector<DailyBar>> parse_bars(const std::string& file, std::string_view text) {
  std::vector<core::BarProblem> problems;
  const auto columns = core::parse_bar_csv(text, problems);
  constexpr std::string_view elsewhere = "; row left out";
  for (const auto& problem : problems) {
    if (problem.flaw != core::BarFlaw::file && problem.flaw != core::BarFlaw::row)
      continue;
    auto reason = problem.reason;
    if (reason.ends_with(elsewhere))
      reason.replace(reason.size() - elsewhere.size(), elsewhere.size(),
                     "; the exchange starts with whole files only: mend the row, or take it out");
    return Error{ErrorKind::invalid, "bars",
                 file + ":" + std::to_string(problem.line) + ": " + problem.field +
                   (problem.field.empty() ? "" : ": ") + reason};
  }
  std::vector<DailyBar> bars(columns.size());
  for (std::size_t i = 0; i < bars.size(); ++i)
    bars[i] = {Date{std::chrono::days{columns.days[i]}}, Price::from_units(columns.open[i]),
               Price::from_units(columns.high[i]),       Price::from_units(columns.low[i]),
               Price::from_units(columns.close[i]),      columns.volume[i]};
  return bars;
}

std::optional<std::string> symbol_of(const std::string& name) {
  for (const std::string_view ending : {".csv", ".csv.gz"})
    if (name.size() > ending.size() && name.ends_with(ending) && name.front() != '_' && name.front() != '.')
      return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

}  // namespace

Result<BarSeries> load_bars(const std::string& directory) {
  std::error_code failed;
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{directory, failed})
    if (const auto symbol = symbol_of(entry.path().filename().string()))
      files.emplace(*symbol, entry.path().string());
  if (failed)
    return Error{ErrorKind::unavailable, "bars", "cannot read folder " + directory + ": " + failed.message()};
  if (files.empty())
    return Error{ErrorKind::invalid, "bars", "no SYMBOL.csv or SYMBOL.csv.gz in " + directory};
  BarSeries series;
  for (const auto& [symbol, path] : files) {
    const auto text = read_file(path);
    if (!text)
      return text.error();
    auto bars = parse_bars(path, text.value());
    if (!bars)
      return bars.error();
    series.emplace(symbol, std::move(bars).value());
  }
  return series;
}

}  // namespace heed::exchange
