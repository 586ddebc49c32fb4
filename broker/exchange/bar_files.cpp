#include "broker/exchange/feed.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

namespace heed::exchange {
namespace {

Error bad_line(const std::string& file, std::size_t line, const std::string& why) {
  return {ErrorKind::invalid, "bars", file + ":" + std::to_string(line) + ": " + why};
}

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

std::string_view take_until(std::string_view& text, char stop) {
  const auto end = text.find(stop);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// Empty when the line is a bar; else what is wrong with it.
std::string parse_bar(std::string_view line, DailyBar& bar) {
  const auto date = parse_iso_date(take_until(line, ','));
  if (!date)
    return "the date is not YYYY-MM-DD";
  bar.date = *date;
  for (Price* price : {&bar.open, &bar.high, &bar.low, &bar.close}) {
    const auto value = Decimal::parse(take_until(line, ','));
    if (!value || !value->is_positive())
      return "open, high, low and close must be positive decimals";
    *price = *value;
  }
  const auto volume = take_until(line, '.');  // some tools write whole numbers as 123.0
  const auto [end, failed] = std::from_chars(volume.data(), volume.data() + volume.size(), bar.volume);
  if (failed != std::errc{} || end != volume.data() + volume.size() || bar.volume < 0)
    return "the volume is not a whole number";
  return {};
}

Result<std::vector<DailyBar>> parse_bars(const std::string& file, std::string_view text) {
  std::vector<DailyBar> bars;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = take_until(text, '\n');
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    if (line.empty())
      continue;
    if (number == 1) {
      if (line != "date,open,high,low,close,volume")
        return bad_line(file, number, "the header must be date,open,high,low,close,volume");
      continue;
    }
    DailyBar bar;
    if (const auto why = parse_bar(line, bar); !why.empty())
      return bad_line(file, number, why);
    if (!bars.empty() && bar.date <= bars.back().date)
      return bad_line(file, number, "dates must rise");
    bars.push_back(bar);
  }
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
