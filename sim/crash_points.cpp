#include "sim/crash_points.hpp"

#include "net/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace heed::sim {
namespace {

/// Facts that a crash may not change.
std::set<std::string> firm(const Scenario& scenario, const std::set<std::string>& facts) {
  std::set<std::string> kept;
  for (const auto& fact : facts)
    if (std::none_of(scenario.may_differ.begin(), scenario.may_differ.end(),
                     [&](const std::string& begins) { return fact.starts_with(begins); }))
      kept.insert(fact);
  return kept;
}

std::string difference(const std::set<std::string>& expected, const std::set<std::string>& found) {
  std::string text;
  for (const auto& fact : expected)
    if (!found.contains(fact))
      text += (text.empty() ? "missing: " : "; missing: ") + fact;
  for (const auto& fact : found)
    if (!expected.contains(fact))
      text += (text.empty() ? "instead: " : "; instead: ") + fact;
  return text;
}

/// The ways of dying at a step.
std::vector<CrashPoint> points_at(const Step& step) {
  std::vector<CrashPoint> points;
  const auto add = [&](CrashMoment moment, std::int64_t operation = 0) {
    points.push_back({step.life, step.kind, step.number, moment, operation});
  };
  switch (step.kind) {
    case StepKind::open:
    case StepKind::close:
      for (const auto moment : {CrashMoment::before, CrashMoment::torn, CrashMoment::after})
        add(moment);
      break;
    case StepKind::journal:
      if (step.operations == 0)
        break;  // upkeep that found nothing to do
      add(CrashMoment::before);
      add(CrashMoment::torn, (step.operations + 1) / 2);
      add(CrashMoment::power, step.operations);
      add(CrashMoment::after);
      break;
    case StepKind::request:
      add(CrashMoment::before);
      add(CrashMoment::torn);
      if (step.changes) {
        add(CrashMoment::late);
        add(CrashMoment::very_late);
      }
      add(CrashMoment::after);
      break;
    case StepKind::stream: add(CrashMoment::before); break;
  }
  return points;
}

class Player {
public:
  Player(const CrashOptions& options, const Scenario& scenario, std::ostream& err)
      : options_{options}, scenario_{scenario}, err_{err} {
    result_.name = scenario.name;
  }

  ScenarioResult play() {
    const auto undisturbed = run({});
    expected_ = firm(scenario_, undisturbed.facts);
    if (!undisturbed_holds(undisturbed))
      return std::move(result_);
    std::int64_t number = 0;
    for (const auto& step : undisturbed.steps) {
      count(step);
      if (!scenario_.store_steps && (step.kind == StepKind::open || step.kind == StepKind::close))
        continue;
      for (const auto& point : points_at(step)) {
        if (options_.cancelled())
          return std::move(result_);
        if (number++ % options_.stride == 0)
          play_point(point);
      }
    }
    return std::move(result_);
  }

private:
  StageReport run(const std::vector<CrashPoint>& plan) {
    Stage stage{scenario_, plan, options_.folder, false};
    return stage.play();
  }

  bool undisturbed_holds(const StageReport& report) {
    std::string missing;
    for (const auto& fact : scenario_.ends_with)
      if (!report.facts.contains(fact))
        missing += (missing.empty() ? "missing: " : "; missing: ") + fact;
    if (!report.violation && missing.empty())
      return true;
    for (const auto& fact : report.facts)
      missing += "; is: " + fact;
    failed({}, report, report.violation ? report.violation->invariant + ": " + report.violation->text : missing);
    return false;
  }

  void count(const Step& step) {
    if (step.kind == StepKind::journal)
      result_.journal_steps += step.operations > 0 ? 1 : 0;
    else if (step.kind == StepKind::request || step.kind == StepKind::stream)
      ++result_.broker_steps;
    else if (scenario_.store_steps)
      ++result_.store_steps;
  }

  void play_point(const CrashPoint& point) {
    ++result_.points;
    const auto report = run({point});
    judge({point}, report);
    if (options_.doubles == Double::none || report.violation)
      return;
    const auto recovery = recovery_of(point, report);
    std::int64_t number = 0;
    for (const auto& step : recovery)
      for (const auto& second : points_at(step)) {
        if (options_.cancelled())
          return;
        if (number++ % options_.stride != 0)
          continue;
        ++result_.doubles;
        judge({point, second}, run({point, second}));
      }
  }

  /// The steps at which the life after `point` is to die: those of its recovery, unless the same was seen before. How
  /// the store is opened depends on what is in its files, and what the actors do on what is in its rows: two
  /// questions.
  std::vector<Step> recovery_of(const CrashPoint& point, const StageReport& report) {
    std::vector<Step> opening, acting;
    std::string words;
    for (const auto& step : report.steps)
      if (step.life == point.life + 1 && step.recovering) {
        (step.kind == StepKind::open ? opening : acting).push_back(step);
        if (step.kind != StepKind::open)
          words += std::string{to_string(step.kind)} + " " + step.what + "\n";
      }
    const bool new_opening = openings_.insert(opening.size()).second;
    const bool new_recovery = recoveries_.insert(words).second;
    result_.recoveries = static_cast<std::int64_t>(recoveries_.size());
    std::vector<Step> chosen;
    if (options_.doubles == Double::all || new_opening)
      chosen = std::move(opening);
    if (options_.doubles == Double::all || new_recovery)
      chosen.insert(chosen.end(), acting.begin(), acting.end());
    return chosen;
  }

  void judge(const std::vector<CrashPoint>& plan, const StageReport& report) {
    if (report.violation)
      return failed(plan, report, report.violation->invariant + ": " + report.violation->text);
    if (!report.all_reached)
      return failed(plan, report, "step not met: the run took another way than when it was counted");
    if (const auto other = difference(expected_, firm(scenario_, report.facts)); !other.empty())
      failed(plan, report, "another end: " + other);
  }

  void failed(const std::vector<CrashPoint>& plan, const StageReport& report, const std::string& why) {
    std::string points;
    for (const auto& point : plan)
      points += (points.empty() ? "" : "+") + point.str();
    const auto text = (points.empty() ? "undisturbed" : points) + ": " + why;
    ++result_.failures;
    if (result_.failed.size() >= options_.failures_told)
      return;
    result_.failed.push_back(text);
    err_ << scenario_.name << " " << text << '\n';
    const auto lines = std::min<std::size_t>(report.newest.size(), result_.failed.size() == 1 ? 40 : 0);
    for (auto i = report.newest.size() - lines; i < report.newest.size(); ++i)
      err_ << "    " << report.newest[i] << '\n';
    err_.flush();
  }

  const CrashOptions& options_;
  const Scenario& scenario_;
  std::ostream& err_;
  ScenarioResult result_;
  std::set<std::string> expected_;
  std::set<std::string> recoveries_;
  std::set<std::size_t> openings_;  // by operations on the disk
};

ScenarioResult sum_of(const std::vector<ScenarioResult>& all) {
  ScenarioResult sum;
  sum.name = "all";
  for (const auto& one : all) {
    sum.journal_steps += one.journal_steps;
    sum.broker_steps += one.broker_steps;
    sum.store_steps += one.store_steps;
    sum.points += one.points;
    sum.doubles += one.doubles;
    sum.recoveries += one.recoveries;
    sum.failures += one.failures;
  }
  return sum;
}

void print_row(const ScenarioResult& r, std::ostream& out) {
  out << fmt::format("{:<26}{:>9}{:>9}{:>8}{:>9}{:>12}{:>10}{:>10}\n", r.name, r.journal_steps, r.broker_steps,
                     r.store_steps, r.points, r.recoveries, r.doubles, r.failures);
  out.flush();
}

void print_json(const CrashResult& result, std::ostream& out) {
  net::JsonWriter w;
  w.begin_object();
  w.key("scenarios").begin_array();
  for (const auto& r : result.scenarios) {
    w.begin_object();
    w.key("name").value(r.name);
    w.key("journal_steps").value(r.journal_steps);
    w.key("broker_steps").value(r.broker_steps);
    w.key("store_steps").value(r.store_steps);
    w.key("crash_points").value(r.points);
    w.key("recoveries").value(r.recoveries);
    w.key("double_crashes").value(r.doubles);
    w.key("failures").value(r.failures);
    w.key("failed").begin_array();
    for (const auto& text : r.failed)
      w.value(text);
    w.end_array();
    w.end_object();
  }
  w.end_array();
  w.key("failures").value(result.failures());
  w.key("cancelled").value(result.cancelled);
  w.end_object();
  out << std::move(w).str() << '\n';
}

const Scenario* find(const std::vector<Scenario>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Scenario& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Error unknown_scenario(const std::vector<Scenario>& all, const std::string& name) {
  std::string names;
  for (const auto& scenario : all)
    names += (names.empty() ? "" : ", ") + scenario.name;
  return {ErrorKind::invalid, "scenario", "no scenario is named " + name + "; there are " + names};
}

}  // namespace

std::int64_t CrashResult::failures() const { return sum_of(scenarios).failures; }

Result<CrashResult> crash_points(const CrashOptions& options, std::ostream& out, std::ostream& err) {
  const auto all = crash_scenarios();
  std::vector<const Scenario*> chosen;
  for (const auto& name : options.scenarios) {
    const auto* scenario = find(all, name);
    if (scenario == nullptr)
      return unknown_scenario(all, name);
    chosen.push_back(scenario);
  }
  if (chosen.empty())
    for (const auto& scenario : all)
      chosen.push_back(&scenario);
  CrashResult result;
  if (!options.json)
    out << fmt::format("{:<26}{:>9}{:>9}{:>8}{:>9}{:>12}{:>10}{:>10}\n", "scenario", "journal", "broker", "store",
                       "points", "recoveries", "doubles", "failures");
  for (const auto* scenario : chosen) {
    if (options.cancelled())
      break;
    result.scenarios.push_back(Player{options, *scenario, err}.play());
    if (!options.json)
      print_row(result.scenarios.back(), out);
  }
  result.cancelled = options.cancelled();
  if (options.json)
    print_json(result, out);
  else
    print_row(sum_of(result.scenarios), out);
  return result;
}

Result<StageReport> crash_at(const std::string& name, const std::string& points, const std::string& folder) {
  const auto all = crash_scenarios();
  const auto* scenario = find(all, name);
  if (scenario == nullptr)
    return unknown_scenario(all, name);
  auto plan = CrashPoint::parse(points);
  if (!plan)
    return plan.error();
  Stage stage{*scenario, std::move(plan).value(), folder, true};
  return stage.play();
}

}  // namespace heed::sim
