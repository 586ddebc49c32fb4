#include "config/reading.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace heed::config {
namespace {

constexpr std::size_t problems_max = 200;

void order(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tuple{a.line, a.column} < std::tuple{b.line, b.column};
  });
  if (problems.size() <= problems_max)
    return;
  Problem rest;
  rest.file = problems.front().file;
  rest.message = "and " + std::to_string(problems.size() - problems_max) + " more like these";
  problems.resize(problems_max);
  problems.push_back(rest);
}

}  // namespace

std::string Reading::name(const At& at) {
  return std::string{at.section} + "#" + std::to_string(at.index) + "." + std::string{at.key};
}

Problem Reading::locate(const At& at, std::string message, std::string fix) {
  Problem problem;
  problem.file = file_;
  problem.message = std::move(message);
  problem.fix = std::move(fix);
  const Section& section = *find_section(at.section);
  const auto items = section.items(config);
  if (at.index < items.size()) {
    problem.key = item_path(section, config, at.index);
    if (!at.key.empty()) {
      problem.key += "." + std::string{at.key};
      if (const Key* key = section.find(at.key); key != nullptr && is_written(at))
        problem.value = to_toml(key->slot(items[at.index]), *key);
    }
  } else {
    problem.key = at.section;
  }
  if (const auto origin = origins_.find(name(at)); origin != origins_.end()) {
    problem.file = origin->second;
    return problem;
  }
  const At table{at.section, at.index};
  const At parent{at.section.substr(0, at.section.find('.')), at.index};
  for (const At& candidate : {at, table, parent}) {
    if (const auto place = places_.find(name(candidate)); place != places_.end()) {
      problem.line = place->second.line;
      problem.column = place->second.column;
      break;
    }
  }
  return problem;
}

Problem& Reading::error(const At& at, std::string message, std::string fix) {
  if (is_bad(at) || is_bad({at.section, at.index}))
    return discarded_ = {};
  return errors_.emplace_back(locate(at, std::move(message), std::move(fix)));
}

Problem& Reading::warning(const At& at, std::string message, std::string fix) {
  return warnings_.emplace_back(locate(at, std::move(message), std::move(fix)));
}

void Reading::add(Problem problem) {
  if (problem.file.empty())
    problem.file = file_;
  errors_.push_back(std::move(problem));
}

void Reading::leave_unread(Problem problem) {
  if (problem.file.empty())
    problem.file = file_;
  unread_secrets_.push_back(std::move(problem));
}

LoadOutcome Reading::finish() && {
  LoadOutcome outcome;
  if (errors_.empty())
    outcome.config = std::move(config);
  order(errors_);
  order(warnings_);
  order(unread_secrets_);
  outcome.errors = std::move(errors_);
  outcome.warnings = std::move(warnings_);
  outcome.unread_secrets = std::move(unread_secrets_);
  return outcome;
}

}  // namespace heed::config
