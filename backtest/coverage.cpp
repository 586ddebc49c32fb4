#include "backtest/coverage.hpp"

#include "core/calendar.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

namespace heed::backtest {
namespace {

std::string date_text(std::int32_t day) { return to_iso_date(Date{std::chrono::days{day}}); }

std::string count_of(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

/// Where nothing of that name is, the bars came from no files.
std::string file_of(const InputPaths& paths, const Symbol& symbol) {
  auto name = paths.bars + "/" + symbol.str();
  std::error_code ignored;
  for (const char* ending : {".csv", ".csv.gz"})
    if (std::filesystem::exists(name + ending, ignored))
      return name + ending;
  return name;
}

/// The line of a file of bars that has this date; 0 when it cannot be told.
std::uint32_t line_of(const std::string& path, const std::string& date) {
  const auto text = read_unpacked(path);
  if (!text)
    return 0;
  const auto at = text.value().find(date);
  return at == std::string::npos
           ? 0
           : 1 + static_cast<std::uint32_t>(
                   std::count(text.value().begin(), text.value().begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

/// In the order of the file.
std::vector<const Call*> by_line(const Calls& calls) {
  std::vector<const Call*> out;
  out.reserve(calls.calls.size());
  for (const auto& call : calls.calls)
    out.push_back(&call);
  std::ranges::stable_sort(out, {}, &Call::line);
  return out;
}

/// Of one kind of calls: told one by one, or all in one.
class Told {
public:
  Told(std::string file, std::string field, bool each)
      : file_{std::move(file)}, field_{std::move(field)}, each_{each} {}

  void add(const Call& call, const std::string& what) {
    ++count_;
    if (each_ || count_ == 1)
      issues_.push_back({IssueLevel::error, file_, call.line, field_, what});
  }
  std::size_t count() const { return count_; }
  /// `others` ends the sentence of the first where it stands for all.
  std::vector<Issue> finish(const std::string& others) {
    if (!each_ && count_ > 1)
      issues_.front().reason += others;
    return std::move(issues_);
  }

private:
  std::string file_, field_;
  bool each_;
  std::size_t count_ = 0;
  std::vector<Issue> issues_;
};

std::vector<Issue> find_unknown_symbols(const std::vector<const Call*>& calls, const Calls& all, const BarSet& bars,
                                        const InputPaths& paths, bool each) {
  std::map<std::uint32_t, std::size_t> of_symbol;
  for (const auto* call : calls)
    if (bars.find(all.symbols[call->symbol].view()) == nullptr)
      ++of_symbol[call->symbol];
  std::size_t sum = 0;
  for (const auto& [symbol, count] : of_symbol)
    sum += count;
  Told told{paths.mentions, "symbol", each};
  auto left = of_symbol;
  for (const auto* call : calls)
    if (left.erase(call->symbol) > 0)
      told.add(*call, all.symbols[call->symbol].str() + " has no bars in " + paths.bars +
                        (each ? ": " + count_of(of_symbol[call->symbol], "call") + " on it cannot trade" : ""));
  return told.finish(", nor " + std::string{of_symbol.size() == 2 ? "has " : "have "} +
                     count_of(of_symbol.size() - 1, "other symbol") + ": " + count_of(sum, "call") +
                     " cannot trade; -v tells each");
}

}  // namespace

std::vector<Issue> find_uncovered_calls(const Calls& calls, const BarSet& bars, const Series& benchmark,
                                        const InputPaths& paths, bool each) {
  const auto lines = by_line(calls);
  auto out = find_unknown_symbols(lines, calls, bars, paths, each);
  Told told{paths.mentions, "created_at", each};
  const auto name = benchmark.symbol.str();
  for (const auto* call : lines) {
    const auto date = core::new_york_date(call->created_at());
    const auto day = static_cast<std::int32_t>(date.time_since_epoch().count());
    if (day < benchmark.days.front())
      told.add(*call,
               to_iso_date(date) + " is before the first bar of " + name + ", " + date_text(benchmark.days.front()));
    else if (day > benchmark.days.back())
      told.add(*call,
               to_iso_date(date) + " is after the last bar of " + name + ", " + date_text(benchmark.days.back()));
  }
  const auto others = told.count() > 0 ? told.count() - 1 : 0;
  for (auto& issue : told.finish((others == 1 ? "; so is " : "; so are ") + count_of(others, "other call") +
                                 " outside; -v tells each"))
    out.push_back(std::move(issue));
  return out;
}

std::vector<Issue> find_strange_dates(const BarSet& bars, const Series& benchmark, const InputPaths& paths) {
  std::vector<Issue> out;
  for (const auto& series : bars.series()) {
    std::size_t count = 0;
    std::int32_t first = 0;
    auto session = benchmark.days.begin();
    for (const auto day : series.days) {
      if (day < benchmark.days.front())
        continue;
      if (day > benchmark.days.back())
        break;
      while (session != benchmark.days.end() && *session < day)
        ++session;
      if ((session == benchmark.days.end() || *session != day) && count++ == 0)
        first = day;
    }
    if (count == 0)
      continue;
    auto reason = date_text(first) + " is no session: " + benchmark.symbol.str() + " has no bar of that date";
    if (count > 1)
      reason += ", nor of " + count_of(count - 1, "other date") + " here";
    const auto file = file_of(paths, series.symbol);
    out.push_back({IssueLevel::error, file, line_of(file, date_text(first)), "date", reason + "; never looked at"});
  }
  return out;
}

}  // namespace heed::backtest
