#include "sim/campaign.hpp"

#include "net/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace heed::sim {
namespace {

RunOptions options_of(const CampaignOptions& campaign, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.profile = campaign.profile.value_or(Profile::draw(seed, campaign.level, campaign.edition));
  options.edition = campaign.edition;
  options.days = campaign.days;
  options.rules = campaign.rules;
  options.echo = campaign.echo;
  options.folder = campaign.folder;
  return options;
}

void add(CampaignResult& to, const RunReport& report) {
  ++to.runs;
  to.marks.add(report.marks);
  for (std::size_t i = 0; i < fault_count; ++i)
    to.struck[i] += report.struck[i];
  to.turns += report.turns;
  to.requests += report.requests;
  to.commits += report.commits;
  to.lives += report.lives;
  to.calls += report.calls;
  to.entries += report.entries;
  to.executions += report.executions;
  to.simulated += report.simulated;
  to.trading += report.trading;
  to.naked_worst = std::max(to.naked_worst, report.naked_worst);
}

std::string instant(Instant at) { return to_rfc3339(at).substr(0, 23); }

void tell_failure(const CampaignOptions& campaign, const RunOptions& options, const RunReport& report,
                  std::ostream& err) {
  err << fmt::format("seed {} breaks an invariant: {}\n  {}\n  at {}, faults {}\n", report.seed,
                     report.violation->invariant, report.violation->text, instant(report.violation->at),
                     options.profile.str());
  const auto lines = std::min(report.newest.size(), campaign.lines);
  err << fmt::format("  last {} of {} lines of the trace:\n", lines, report.lines);
  for (auto i = report.newest.size() - lines; i < report.newest.size(); ++i)
    err << "    " << report.newest[i] << '\n';
  err.flush();
}

void tell_story(const Shrunk& shrunk, std::ostream& err) {
  err << fmt::format("shortest story found in {} runs:\n  faults:", shrunk.runs);
  for (std::size_t i = 0; i < fault_count; ++i)
    if (shrunk.report.struck[i] > 0)
      err << fmt::format(" {} x {}", shrunk.report.struck[i], to_string(static_cast<Fault>(i)));
  err << "\n  operations:\n";
  for (std::size_t i = 0; i < shrunk.report.ops.size(); ++i)
    if (!shrunk.options.without.contains(i))
      err << "    " << shrunk.report.ops[i] << '\n';
  err << "  " << shrunk.report.violation->text << '\n';
  for (const auto& line : shrunk.report.newest)
    err << "    " << line << '\n';
  err.flush();
}

std::int64_t faults_of(const CampaignResult& result) {
  std::int64_t sum = 0;
  for (const auto count : result.struck)
    sum += count;
  return sum;
}

/// Trading years: 252 sessions of six and a half hours of open market.
double years(const CampaignResult& result) {
  return std::chrono::duration<double, std::ratio<3600>>(result.trading).count() / 6.5 / 252.0;
}

void print_table(const CampaignOptions& options, const CampaignResult& r, std::ostream& out) {
  out << fmt::format("{} seeds, {} failed{}\n", r.runs, r.failed, r.cancelled ? ", cancelled" : "");
  out << fmt::format("  {:.0f} hours, {:.0f} of them of trading; {} calls, {} entries, {} executions\n",
                     std::chrono::duration<double, std::ratio<3600>>(r.simulated).count(),
                     std::chrono::duration<double, std::ratio<3600>>(r.trading).count(), r.calls, r.entries,
                     r.executions);
  out << fmt::format("  {} messages, {} requests, {} commits, {} lives of the process, {} faults\n", r.turns,
                     r.requests, r.commits, r.lives, faults_of(r));
  if (options.twice_every > 0)
    out << fmt::format("  {} seeds run twice, {} with another hash\n", r.doubles, r.doubles_unequal);
  out << fmt::format("  longest without protection while able to act: {:.1f} s\n",
                     static_cast<double>(r.naked_worst.count()) / 1e6);
  if (options.cpu_seconds) {
    const auto cpu = options.cpu_seconds();
    out << fmt::format("  {:.1f} s of CPU, {:.1f} simulated trading years per CPU-hour, {:.0f} messages/s\n", cpu,
                       cpu > 0 ? years(r) * 3600.0 / cpu : 0.0, cpu > 0 ? static_cast<double>(r.turns) / cpu : 0.0);
  }
  out << fmt::format("  marks: {} of {} reached", r.marks.reached(), mark_count);
  for (std::size_t i = 0; i < mark_count; ++i)
    if (r.marks.count(static_cast<Mark>(i)) == 0)
      out << (r.marks.reached() + 1 == mark_count ? "; not: " : ", not ") << to_string(static_cast<Mark>(i));
  out << '\n';
  if (r.first_failing)
    out << fmt::format("first failing seed: {} ({})\n", *r.first_failing, r.first_violation->invariant);
}

void print_json(const CampaignOptions& options, const CampaignResult& r, std::ostream& out) {
  net::JsonWriter w;
  w.begin_object();
  const auto number = [&](std::string_view key, std::int64_t value) { w.key(key).value(value); };
  number("seeds", static_cast<std::int64_t>(r.runs));
  number("failed", static_cast<std::int64_t>(r.failed));
  if (r.first_failing) {
    w.key("first_failing").begin_object();
    number("seed", static_cast<std::int64_t>(*r.first_failing));
    w.key("invariant").value(r.first_violation->invariant);
    w.key("text").value(r.first_violation->text);
    w.key("at").value(to_rfc3339(r.first_violation->at));
    w.key("profile").value(options_of(options, *r.first_failing).profile.str());
    w.end_object();
  }
  number("simulated_s", std::chrono::duration_cast<std::chrono::seconds>(r.simulated).count());
  number("trading_s", std::chrono::duration_cast<std::chrono::seconds>(r.trading).count());
  number("calls", r.calls);
  number("entries", r.entries);
  number("executions", r.executions);
  number("messages", r.turns);
  number("requests", r.requests);
  number("commits", r.commits);
  number("lives", r.lives);
  number("run_twice", static_cast<std::int64_t>(r.doubles));
  number("unequal_hashes", static_cast<std::int64_t>(r.doubles_unequal));
  number("naked_worst_us", r.naked_worst.count());
  if (options.cpu_seconds)
    number("cpu_ms", static_cast<std::int64_t>(options.cpu_seconds() * 1000.0));
  w.key("faults").begin_object();
  for (std::size_t i = 0; i < fault_count; ++i)
    number(to_string(static_cast<Fault>(i)), r.struck[i]);
  w.end_object();
  w.key("marks").begin_object();
  for (std::size_t i = 0; i < mark_count; ++i)
    number(to_string(static_cast<Mark>(i)), r.marks.count(static_cast<Mark>(i)));
  w.end_object();
  w.end_object();
  out << std::move(w).str() << '\n';
}

}  // namespace

CampaignResult campaign(const CampaignOptions& options, std::ostream& out, std::ostream& err) {
  CampaignResult result;
  for (auto seed = options.first; seed <= options.last; ++seed) {
    if (options.cancelled()) {
      result.cancelled = true;
      break;
    }
    const auto run_options = options_of(options, seed);
    auto report = run(run_options);
    if (options.twice_every > 0 && (seed - options.first) % options.twice_every == 0) {
      ++result.doubles;
      if (const auto again = run(run_options); again.hash != report.hash) {
        ++result.doubles_unequal;
        if (!report.violation)
          report.violation = Violation{
            "two runs of one seed differ", fmt::format("hash {:016x} and {:016x}", report.hash, again.hash), {}};
      }
    }
    add(result, report);
    if (options.verbose)
      err << fmt::format("seed {} {:016x} {} messages, {} requests, {} commits, {} lives, {} faults: {}\n", seed,
                         report.hash, report.turns, report.requests, report.commits, report.lives, report.faults(),
                         run_options.profile.str())
          << std::flush;
    if (!report.violation)
      continue;
    ++result.failed;
    tell_failure(options, run_options, report, err);
    if (!result.first_failing) {
      result.first_failing = seed;
      result.first_violation = report.violation;
      if (options.shrink && report.violation->invariant != "two runs of one seed differ")
        tell_story(shrink(run_options, report, 300), err);
    }
    if (!options.keep_going)
      break;
  }
  if (options.json)
    print_json(options, result, out);
  else
    print_table(options, result, out);
  return result;
}

}  // namespace heed::sim
