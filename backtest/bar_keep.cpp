#include "backtest/bar_keep.hpp"

#include "backtest/blob.hpp"
#include "core/bar_csv.hpp"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <tuple>

namespace heed::backtest {
namespace {

constexpr std::int32_t near_days = 31;
constexpr std::string_view header = "date,open,high,low,close,volume\n";

Date date_of(std::int32_t day) { return Date{std::chrono::days{day}}; }
std::int32_t day_of(Date date) { return static_cast<std::int32_t>(date.time_since_epoch().count()); }

struct Lack {
  std::int32_t from, to;
  Symbol symbol;
};

/// Those that begin near each other, in one; each gets the longest span of them.
void gather(std::vector<Lack> lacks, std::vector<BarsWanted>& out) {
  std::sort(lacks.begin(), lacks.end(),
            [](const Lack& a, const Lack& b) { return std::tie(a.from, a.symbol) < std::tie(b.from, b.symbol); });
  for (std::size_t i = 0; i < lacks.size();) {
    BarsWanted wanted;
    const auto first = lacks[i].from;
    auto last = lacks[i].to;
    for (; i < lacks.size() && lacks[i].from - first <= near_days; ++i) {
      wanted.symbols.push_back(lacks[i].symbol);
      last = std::max(last, lacks[i].to);
    }
    std::sort(wanted.symbols.begin(), wanted.symbols.end());
    wanted.from = date_of(first);
    wanted.to = date_of(last);
    out.push_back(std::move(wanted));
  }
}

const core::BarColumns* bars_of(const BarsBySymbol& kept, const Symbol& symbol) {
  const auto it = kept.find(symbol);
  return it != kept.end() && it->second.size() > 0 ? &it->second : nullptr;
}

bool fits(std::int64_t kept, std::int64_t fetched) {
  constexpr int parts = 200;  // half a percent
  const auto apart = kept > fetched ? kept - fetched : fetched - kept;
  return static_cast<Int128>(apart) * parts <= kept;
}

void append(core::BarColumns& to, const core::BarColumns& from, std::size_t begin, std::size_t end) {
  const auto add = [&](auto& column, const auto& other) {
    column.insert(column.end(), other.begin() + static_cast<std::ptrdiff_t>(begin),
                  other.begin() + static_cast<std::ptrdiff_t>(end));
  };
  add(to.days, from.days);
  add(to.open, from.open);
  add(to.high, from.high);
  add(to.low, from.low);
  add(to.close, from.close);
  add(to.volume, from.volume);
}

std::string to_csv(const core::BarColumns& bars) {
  std::string out{header};
  for (std::size_t i = 0; i < bars.size(); ++i) {
    out += to_iso_date(date_of(bars.days[i]));
    for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close})
      out += ',' + Decimal::from_units((*column)[i]).str();
    out += ',' + std::to_string(bars.volume[i]) + '\n';
  }
  return out;
}

std::string path_of(const std::string& folder, const Symbol& symbol) {
  const auto plain = folder + "/" + symbol.str() + ".csv";
  std::error_code ignored;
  return !std::filesystem::exists(plain, ignored) && std::filesystem::exists(plain + ".gz", ignored) ? plain + ".gz"
                                                                                                     : plain;
}

bool write_packed(const std::string& path, const std::string& text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  if (file == nullptr)
    return false;
  const bool written =
    gzwrite(file, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size());
  return gzclose(file) == Z_OK && written;
}

bool write_plain(const std::string& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  return static_cast<bool>(file);
}

}  // namespace

std::vector<BarsWanted> find_lacking(const BarsBySymbol& kept, const std::vector<Symbol>& symbols, Date from,
                                     Date to) {
  if (from > to)
    return {};
  std::vector<Lack> before, after;
  for (const auto& symbol : symbols) {
    const auto* bars = bars_of(kept, symbol);
    if (bars == nullptr) {
      after.push_back({day_of(from), day_of(to), symbol});
      continue;
    }
    if (day_of(from) < bars->days.front())
      before.push_back({day_of(from), bars->days.front(), symbol});
    if (bars->days.back() < day_of(to))
      after.push_back({bars->days.back(), day_of(to), symbol});
  }
  std::vector<BarsWanted> out;
  gather(std::move(before), out);
  gather(std::move(after), out);
  return out;
}

std::vector<BarsWanted> find_all(const BarsBySymbol& kept, const std::vector<Symbol>& symbols, Date from, Date to) {
  if (from > to)
    return {};
  std::vector<Lack> lacks;
  for (const auto& symbol : symbols) {
    Lack lack{day_of(from), day_of(to), symbol};
    if (const auto* bars = bars_of(kept, symbol)) {
      lack.from = std::min(lack.from, bars->days.front());
      lack.to = std::max(lack.to, bars->days.back());
    }
    lacks.push_back(lack);
  }
  std::vector<BarsWanted> out;
  gather(std::move(lacks), out);
  return out;
}

Result<core::BarColumns> merge(const core::BarColumns& kept, const core::BarColumns& fetched) {
  if (kept.size() == 0)
    return fetched;
  for (std::size_t i = 0; i < fetched.size(); ++i) {
    const auto at = std::lower_bound(kept.days.begin(), kept.days.end(), fetched.days[i]);
    if (at == kept.days.end() || *at != fetched.days[i])
      continue;
    const auto mine = kept.close[static_cast<std::size_t>(at - kept.days.begin())];
    if (!fits(mine, fetched.close[i]))
      return Error{ErrorKind::invalid, "close",
                   "the kept close of " + to_iso_date(date_of(*at)) + " is " + Decimal::from_units(mine).str() +
                     ", the venue's " + Decimal::from_units(fetched.close[i]).str() +
                     ": one of them is adjusted otherwise; nothing added, --fetch all takes it anew"};
  }
  const auto& days = fetched.days;
  const auto begin = std::lower_bound(days.begin(), days.end(), kept.days.front()) - days.begin();
  const auto end = std::upper_bound(days.begin(), days.end(), kept.days.back()) - days.begin();
  core::BarColumns out;
  append(out, fetched, 0, static_cast<std::size_t>(begin));
  append(out, kept, 0, kept.size());
  append(out, fetched, static_cast<std::size_t>(end), fetched.size());
  return out;
}

BarsBySymbol read_bar_files(const std::string& folder, const std::vector<Symbol>& symbols,
                            std::vector<Symbol>& untouchable, std::vector<Issue>& issues) {
  BarsBySymbol out;
  for (const auto& symbol : symbols) {
    const auto path = path_of(folder, symbol);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
      continue;
    const auto refuse = [&](const std::string& why) {
      untouchable.push_back(symbol);
      issues.push_back({IssueLevel::error, path, 0, "", why + "; nothing is added to it"});
    };
    const auto text = read_unpacked(path);
    if (!text) {
      refuse(text.error().detail);
      continue;
    }
    std::vector<core::BarProblem> problems;
    auto bars = core::parse_bar_csv(text.value(), problems);
    const bool loses = std::any_of(problems.begin(), problems.end(), [](const core::BarProblem& problem) {
      return problem.flaw == core::BarFlaw::file || problem.flaw == core::BarFlaw::row;
    });
    const auto first = text.value().substr(0, text.value().find_first_of("\r\n"));
    if (loses)
      refuse("it has rows that cannot be used");
    else if (first + "\n" != header)
      refuse("its first line is not " + std::string{header.substr(0, header.size() - 1)});
    else
      out.emplace(symbol, std::move(bars));
  }
  return out;
}

Status write_bar_file(const std::string& folder, const Symbol& symbol, const core::BarColumns& bars) {
  const auto path = path_of(folder, symbol);
  const auto fresh = path + ".new";
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto text = to_csv(bars);
  const bool written = path.ends_with(".gz") ? write_packed(fresh, text) : write_plain(fresh, text);
  if (written)
    std::filesystem::rename(fresh, path, failed);
  if (!written || failed) {
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    return Error{ErrorKind::unavailable, "bars", "cannot write " + path + (failed ? ": " + failed.message() : "")};
  }
  return Ok{};
}

}  // namespace heed::backtest
