#include "backtest/input.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <set>

namespace heed::backtest {
namespace {

void find_uncovered(Input& input, const Series& benchmark, const InputPaths& paths, bool each) {
  for (auto& issue : find_uncovered_calls(input.calls.calls, input.bars.bars, benchmark, paths, each))
    input.calls.issues.push_back(std::move(issue));
  for (auto& issue : find_strange_dates(input.bars.bars, benchmark, paths))
    input.bars.issues.push_back(std::move(issue));
}

/// Whether a file of bars is one that this run looks at.
bool is_used(const std::set<std::string, std::less<>>& symbols, const std::string& file) {
  const auto name = std::filesystem::path{file}.filename().string();
  auto stem = name.substr(0, name.find(".csv"));
  std::transform(stem.begin(), stem.end(), stem.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return symbols.contains(stem);
}

void write_notes(Input& input, const Params& params) {
  std::set<std::string, std::less<>> symbols{params.benchmark.str()};
  for (const auto& symbol : input.calls.calls.symbols)
    symbols.insert(symbol.str());
  auto issues = input.calls.issues;
  std::vector<Issue> others;
  for (const auto& issue : input.bars.issues)
    (is_used(symbols, issue.file) ? issues : others).push_back(issue);
  issues.insert(issues.end(), others.begin(), others.end());
  std::stable_sort(issues.begin(), issues.end(), [](const auto& x, const auto& y) { return x.level > y.level; });
  for (const auto& issue : issues)
    input.notes.push_back(issue.str());
}

}  // namespace

void examine(Input& input, const Params& params, const InputPaths& paths, bool each) {
  const auto* benchmark = input.bars.bars.find(params.benchmark);
  if (benchmark != nullptr)
    find_uncovered(input, *benchmark, paths, each);
  write_notes(input, params);
  if (benchmark != nullptr && each)
    for (const auto& gap : find_gaps(input.bars.bars, *benchmark))
      input.notes.push_back(gap.str());
}

bool has_errors(const Input& input) {
  const auto is_error = [](const Issue& issue) { return issue.level == IssueLevel::error; };
  return std::any_of(input.calls.issues.begin(), input.calls.issues.end(), is_error) ||
         std::any_of(input.bars.issues.begin(), input.bars.issues.end(), is_error);
}

}  // namespace heed::backtest
