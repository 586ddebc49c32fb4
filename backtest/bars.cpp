#include "backtest/bars.hpp"

#include "core/bar_csv.hpp"
#include "core/mention_validation.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace heed::backtest {
namespace {

constexpr std::array<char, 8> magic{'H', 'E', 'E', 'D', 'B', 'A', 'R', '1'};
constexpr std::string_view cache_name = ".heed-bars.cache";

struct FileName {
  std::string name;  // "AA.csv.gz"
  Symbol symbol;
};

/// What a cache says of one file.
struct CachedFile {
  std::string name;
  FileIdentity identity;
  Symbol symbol;
  std::uint64_t rows = 0;
  std::array<std::uint64_t, 6> place{};  // days, open, high, low, close, volume
  Fingerprint check{};                   // of the columns
  core::Digest digest{};
  std::vector<Issue> issues;
};

struct Cache {
  Blob blob;
  std::string path;
  std::vector<CachedFile> files;  // by name
};

void put(FieldWriter& out, const CachedFile& file) {
  out.text(file.name).put(file.identity).text(file.symbol).put(file.rows).put(file.place).put(file.check);
  out.put(file.digest).put(static_cast<std::uint64_t>(file.issues.size()));
  for (const auto& issue : file.issues)
    out.put(issue.level).put(issue.line).text(issue.field).text(issue.reason);
}

CachedFile get(FieldReader& in, const std::string& folder) {
  CachedFile out;
  out.name = in.text();
  out.identity = in.get<FileIdentity>();
  const auto symbol = in.text();
  if (symbol.size() <= Symbol::capacity)
    out.symbol = Symbol{symbol};
  out.rows = in.get<std::uint64_t>();
  out.place = in.get<std::array<std::uint64_t, 6>>();
  out.check = in.get<Fingerprint>();
  out.digest = in.get<core::Digest>();
  for (auto left = in.get<std::uint64_t>(); left > 0 && in.good(); --left) {
    Issue issue;
    issue.level = in.get<IssueLevel>();
    issue.file = folder + "/" + out.name;
    issue.line = in.get<std::uint32_t>();
    issue.field = in.text();
    issue.reason = in.text();
    out.issues.push_back(std::move(issue));
  }
  return out;
}

std::optional<Cache> open_cache(const std::string& folder) {
  for (const auto& path : cache_places(folder, std::string{cache_name})) {
    Cache cache{Blob::map(path, magic), path, {}};
    if (!cache.blob)
      continue;
    FieldReader in{cache.blob.directory()};
    for (auto left = in.get<std::uint64_t>(); left > 0 && in.good(); --left)
      cache.files.push_back(get(in, folder));
    if (in.good())
      return cache;
  }
  return std::nullopt;
}

std::optional<Series> series_of(const Blob& blob, const CachedFile& file) {
  Series out;
  out.symbol = file.symbol;
  out.digest = file.digest;
  out.days = blob.at<std::int32_t>(file.place[0], file.rows);
  out.open = blob.at<std::int64_t>(file.place[1], file.rows);
  out.high = blob.at<std::int64_t>(file.place[2], file.rows);
  out.low = blob.at<std::int64_t>(file.place[3], file.rows);
  out.close = blob.at<std::int64_t>(file.place[4], file.rows);
  if (std::min({out.days.size(), out.open.size(), out.high.size(), out.low.size(), out.close.size()}) != file.rows)
    return std::nullopt;
  return out;
}

std::string_view bytes_of(std::string_view block, const CachedFile& file) {
  const auto begin = file.place[0];
  const auto end = file.place[5] + file.rows * sizeof(std::int64_t);
  return end >= begin && end <= block.size() ? block.substr(begin, end - begin) : std::string_view{};
}

core::Digest digest_of(const Symbol& symbol, const core::BarColumns& bars) {
  core::Sha256 hash;
  hash.field(symbol);
  const auto add = [&](const auto& column) {
    hash.field({reinterpret_cast<const char*>(column.data()), column.size() * sizeof column[0]});
  };
  add(bars.days);
  for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close})
    add(*column);
  return hash.finish();
}

void add_columns(BlobWriter& out, const core::BarColumns& bars, CachedFile& file) {
  file.rows = bars.size();
  file.place = {out.add(bars.days), out.add(bars.open),  out.add(bars.high),
                out.add(bars.low),  out.add(bars.close), out.add(bars.volume)};
  file.digest = digest_of(file.symbol, bars);
}

core::BarColumns columns_of(const Blob& blob, const CachedFile& file) {
  core::BarColumns out;
  const auto days = blob.at<std::int32_t>(file.place[0], file.rows);
  out.days.assign(days.begin(), days.end());
  std::size_t i = 1;
  for (auto* column : {&out.open, &out.high, &out.low, &out.close, &out.volume}) {
    const auto values = blob.at<std::int64_t>(file.place[i++], file.rows);
    column->assign(values.begin(), values.end());
  }
  return out;
}

std::optional<std::string> stem_of(const std::string& name) {
  for (const std::string_view ending : {".csv", ".csv.gz"})
    if (name.size() > ending.size() && name.ends_with(ending) && name.front() != '_' && name.front() != '.')
      return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

/// The files to read, by name. A symbol that has two of them is read from the plain one.
std::vector<FileName> list(const std::string& folder, std::error_code& failed, std::vector<Issue>& issues) {
  std::map<Symbol, std::string> chosen;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder, failed})
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    const auto stem = stem_of(name);
    if (!stem)
      continue;
    const auto symbol = core::validate_symbol(*stem);
    if (const auto* wrong = std::get_if<core::FieldError>(&symbol)) {
      issues.push_back(
        {IssueLevel::error, folder + "/" + name, 0, "", "the file's name is no symbol: it " + wrong->reason});
      continue;
    }
    const auto [there, is_new] = chosen.try_emplace(std::get<Symbol>(symbol), name);
    if (!is_new)
      issues.push_back({IssueLevel::warning, folder + "/" + name, 0, "", "passed over for " + there->second});
  }
  std::vector<FileName> out;
  out.reserve(chosen.size());
  for (const auto& [symbol, name] : chosen)
    out.push_back({name, symbol});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

core::BarColumns read_file(const std::string& path, std::vector<Issue>& issues) {
  const auto text = read_unpacked(path);
  if (!text) {
    issues.push_back({IssueLevel::error, path, 0, "", text.error().detail});
    return {};
  }
  std::vector<core::BarProblem> problems;
  auto bars = core::parse_bar_csv(text.value(), problems);
  for (auto& problem : problems)
    issues.push_back(issue_of(std::move(problem), path));
  return bars;
}

/// One loading of a folder.
class Loading {
public:
  Loading(const std::string& folder, const BarOptions& options) : folder_{folder}, options_{options} {}

  Result<LoadedBars> run(std::vector<Blob>& owners, std::vector<Series>& series);

private:
  struct Found {
    FileName file;
    FileIdentity identity;
    const CachedFile* cached = nullptr;  // still good
  };

  bool look(std::vector<FileName> files);
  bool is_good(const CachedFile& cached) const;
  void write_anew();

  const std::string& folder_;
  const BarOptions& options_;
  LoadedBars out_;
  std::optional<Cache> cache_;
  std::vector<Found> found_;
  std::vector<CachedFile> written_;
  Blob blob_;  // what the series look into
};

bool Loading::is_good(const CachedFile& cached) const {
  return cached.rows == 0 || (series_of(cache_->blob, cached).has_value() &&
                              fingerprint(bytes_of(cache_->blob.bytes(), cached)) == cached.check);
}

// Finds for each file what the cache has of it; true when the cache has it all, and nothing else.
bool Loading::look(std::vector<FileName> files) {
  bool all = cache_ && cache_->files.size() == files.size();
  for (auto& file : files) {
    Found found{std::move(file), {}, nullptr};
    const auto path = folder_ + "/" + found.file.name;
    const auto now = look_at(path);
    if (!now) {
      out_.issues.push_back({IssueLevel::error, path, 0, "", now.error().detail});
      all = false;
      continue;
    }
    found.identity = now.value();
    if (cache_) {
      const auto& cached = cache_->files;
      const auto it = std::lower_bound(cached.begin(), cached.end(), found.file.name,
                                       [](const CachedFile& a, const std::string& name) { return a.name < name; });
      if (it != cached.end() && it->name == found.file.name && it->symbol == found.file.symbol &&
          is_unchanged(path, found.identity, it->identity, cache_->blob.made_ns()) && is_good(*it))
        found.cached = &*it;
    }
    all = all && found.cached != nullptr;
    found_.push_back(std::move(found));
  }
  return all;
}

void Loading::write_anew() {
  BlobWriter out{magic};
  std::size_t bytes = 1 << 16;
  for (const auto& found : found_)
    bytes += found.cached ? found.cached->rows * 44 + 64 : static_cast<std::size_t>(found.identity.size) * 3 / 2;
  out.reserve(bytes);
  for (const auto& found : found_) {
    if (options_.progress)
      options_.progress(out_.files_read, found_.size());
    CachedFile file;
    if (found.cached) {
      file = *found.cached;
      add_columns(out, columns_of(cache_->blob, file), file);
    } else {
      const auto path = folder_ + "/" + found.file.name;
      file.name = found.file.name;
      file.symbol = found.file.symbol;
      file.identity = found.identity;
      if (const auto packed = read_whole(path))
        file.identity.content = fingerprint(packed.value());
      add_columns(out, read_file(path, file.issues), file);
      ++out_.files_read;
    }
    written_.push_back(std::move(file));
  }
  FieldWriter directory;
  directory.put(static_cast<std::uint64_t>(written_.size()));
  for (auto& file : written_) {
    file.check = fingerprint(bytes_of(out.bytes(), file));
    put(directory, file);
  }
  const auto block = out.finish(directory.str());
  if (options_.use_cache) {
    for (const auto& path : cache_places(folder_, std::string{cache_name})) {
      if (save(*block, path)) {
        out_.cache = path;
        break;
      }
    }
  }
  blob_ = Blob::of(block);
}

Result<LoadedBars> Loading::run(std::vector<Blob>& owners, std::vector<Series>& series) {
  std::error_code failed;
  auto files = list(folder_, failed, out_.issues);
  if (failed)
    return Error{ErrorKind::unavailable, "bars", "cannot read the folder " + folder_ + ": " + failed.message()};
  if (files.empty())
    return Error{ErrorKind::invalid, "bars", "no SYMBOL.csv or SYMBOL.csv.gz in " + folder_};
  out_.files = files.size();
  if (options_.use_cache)
    cache_ = open_cache(folder_);
  const bool complete = look(std::move(files));
  if (complete) {
    blob_ = cache_->blob;
    out_.cache = cache_->path;
  } else {
    write_anew();
  }
  for (const auto& file : complete ? cache_->files : written_) {
    out_.issues.insert(out_.issues.end(), file.issues.begin(), file.issues.end());
    if (file.rows == 0)
      continue;
    if (auto one = series_of(blob_, file))
      series.push_back(*one);
  }
  owners.push_back(blob_);
  std::stable_sort(out_.issues.begin(), out_.issues.end(), [](const Issue& a, const Issue& b) {
    return std::pair{a.file, a.line} < std::pair{b.file, b.line};
  });
  if (series.empty())
    return Error{ErrorKind::invalid, "bars",
                 "no file of " + folder_ + " has a usable bar" +
                   (out_.issues.empty() ? "" : "; the first problem: " + out_.issues.front().str())};
  return std::move(out_);
}

}  // namespace

Issue issue_of(core::BarProblem problem, std::string file) {
  return {problem.flaw == core::BarFlaw::suspicious ? IssueLevel::warning : IssueLevel::error, std::move(file),
          problem.line, std::move(problem.field), std::move(problem.reason)};
}

const Series* BarSet::find(std::string_view symbol) const {
  const auto it = std::lower_bound(series_.begin(), series_.end(), symbol,
                                   [](const Series& a, std::string_view s) { return a.symbol.view() < s; });
  return it != series_.end() && it->symbol.view() == symbol ? &*it : nullptr;
}

BarSet BarSetBuilder::view(std::vector<Blob> owners, std::vector<Series> series) {
  BarSet out;
  out.owners_ = std::move(owners);
  out.series_ = std::move(series);
  std::sort(out.series_.begin(), out.series_.end(),
            [](const Series& a, const Series& b) { return a.symbol < b.symbol; });
  return out;
}

void BarSetBuilder::add(const Symbol& symbol, const core::BarColumns& bars) { bars_[symbol] = bars; }

BarSet BarSetBuilder::finish() {
  BlobWriter out{magic};
  std::vector<CachedFile> files;
  for (const auto& [symbol, bars] : bars_) {
    if (bars.size() == 0)
      continue;
    CachedFile file;
    file.symbol = symbol;
    add_columns(out, bars, file);
    files.push_back(std::move(file));
  }
  const auto blob = Blob::of(out.finish(""));
  std::vector<Series> series;
  for (const auto& file : files)
    if (auto one = series_of(blob, file))
      series.push_back(*one);
  return view({blob}, std::move(series));
}

Result<LoadedBars> load_bars(const std::string& folder, const BarOptions& options) {
  std::vector<Blob> owners;
  std::vector<Series> series;
  auto loaded = Loading{folder, options}.run(owners, series);
  if (!loaded)
    return loaded.error();
  auto out = std::move(loaded).value();
  out.bars = BarSetBuilder::view(std::move(owners), std::move(series));
  return out;
}

std::vector<Issue> find_gaps(const BarSet& bars, const Series& benchmark) {
  std::vector<Issue> out;
  for (const auto& series : bars.series()) {
    auto at = std::lower_bound(benchmark.days.begin(), benchmark.days.end(), series.days.front());
    const auto end = std::upper_bound(at, benchmark.days.end(), series.days.back());
    std::size_t missing = 0;
    std::int32_t first = 0;
    for (auto mine = series.days.begin(); at != end; ++at) {
      while (mine != series.days.end() && *mine < *at)
        ++mine;
      if (mine != series.days.end() && *mine == *at)
        continue;
      if (missing++ == 0)
        first = *at;
    }
    if (missing > 0)
      out.push_back({IssueLevel::warning, series.symbol.str(), 0, "date",
                     "no bar on " + std::to_string(missing) + " session" + (missing == 1 ? "" : "s") +
                       " of the benchmark, the first on " + to_iso_date(Date{std::chrono::days{first}})});
  }
  return out;
}

}  // namespace heed::backtest
