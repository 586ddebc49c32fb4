// Planted bugs: does the simulator notice each of them, and how soon? One process per bug, since a broken rule may
// well end it. Built with HEED_MUTANTS only.
//   mutants [--budget SEEDS] [--alone] [--tests] [NAME...]
// A rule behind which a second one stands is broken together with that one; `--alone` breaks it by itself, to see
// that the other covers it. `--tests`: the named tests of failures instead, each with a bug that it must notice.
#include "messages/mutant.hpp"
#include "sim/campaign.hpp"
#include "tests/sim/mutant_tests.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

struct Planted {
  const char* name;
  const char* rule;         // that it breaks
  const char* behind = "";  // the bug that switches off what covers it
  const char* second = "";  // and what that is

  std::string names(bool alone) const { return *behind == '\0' || alone ? name : std::string{name} + "," + behind; }
};

constexpr std::array planted{
  Planted{"append_error_ignored", "an append that failed is told to who waits for it"},
  Planted{"call_again", "a call that came before is known"},
  Planted{"cancel_assumed", "a cancel is done when the venue says so"},
  Planted{"cancels_foreign_orders", "what is not ours is left alone"},
  Planted{"chain_broken", "each row's hash covers the one before"},
  Planted{"close_before_exits_gone", "a close waits until the exits are gone"},
  Planted{"close_keeps_exits", "a close takes the exits away first"},
  Planted{"close_name_again", "each attempt at a close has a name of its own"},
  Planted{"close_sells_shorts", "a close is of the position's own sign"},
  Planted{"close_without_broker", "a close is bounded by the broker's position"},
  Planted{"cursor_without_call", "the cursor moves with what it passed"},
  Planted{"denial_untold", "what risk refuses is told as an end"},
  Planted{"deferred_forgotten", "what waits for the open is decided at the open"},
  Planted{"effects_before_commit", "nothing is done before it is durable"},
  Planted{"fill_of_nobody", "every fill says whose it is"},
  Planted{"fill_row_lost", "every fill has its row"},
  Planted{"fill_twice", "an execution is booked once"},
  Planted{"fills_made_up", "a difference of positions is no fill"},
  Planted{"flat_keeps_exits", "flat means no working exit", "venue_keeps_sibling",
          "the venue ends the other exit of a pair"},
  Planted{"garbage_is_a_no", "an answer nobody understands proves nothing"},
  Planted{"growth_unbooked", "what the cumulative quantity shows is booked"},
  Planted{"intent_again", "an idempotency key works once"},
  Planted{"kill_ignored", "the kill switch stops entries", "gateway_opens_on",
          "the gateway lets none leave after it"},
  Planted{"no_daily_limit", "the day's limits hold"},
  Planted{"no_order_limit", "one order's value is limited"},
  Planted{"no_protection", "what is held is protected"},
  Planted{"no_sync", "acknowledged means durable"},
  Planted{"owed_forgotten", "a start decides what is owed"},
  Planted{"pairs_forgotten", "a stored pair of names outdoes a guess"},
  Planted{"receipt_before_commit", "a receipt goes out after the commit"},
  Planted{"reconcile_storm", "the venue is not asked without end"},
  Planted{"reports_ignored", "the reconciler passes on what it hears"},
  Planted{"resend_other_content", "the same name means the same order"},
  Planted{"resend_under_new_name", "sending again is under the same name"},
  Planted{"restart_forgets_legs", "a start knows every working exit"},
  Planted{"restart_forgets_positions", "a start knows every position"},
  Planted{"restart_resolves_nothing", "a start asks what became of open orders"},
  Planted{"server_error_is_a_no", "a 5xx proves nothing"},
  Planted{"short_profit_sign", "a short wins when the price falls"},
  Planted{"stale_calls", "an old call opens nothing"},
  Planted{"timeout_is_a_no", "a time-out is no refusal"},
  Planted{"watch_buys", "watch never trades"},
};

struct Verdict {
  bool found = false;
  long seeds = 0;
  std::string how;
  double cpu = 0;  // seconds
};

struct Options {
  std::uint64_t budget = 200;     // seeds for each
  std::vector<std::string> only;  // empty: all
  bool alone = false;
  bool tests = false;
  std::string folder;
};

/// In a child: the first seed that notices is its answer, on the pipe.
[[noreturn]] void hunt(const std::string& bugs, const Options& options, int to) {
  using namespace heed::sim;
  spdlog::set_level(spdlog::level::off);
  heed::plant_mutants(bugs);
  for (std::uint64_t seed = 1; seed <= options.budget; ++seed) {
    RunOptions run_options;
    run_options.seed = seed;
    run_options.profile = Profile::draw(seed, Level::heavy);
    run_options.folder = options.folder;
    dprintf(to, "S%llu\n", static_cast<unsigned long long>(seed));
    const auto report = run(run_options);
    if (report.violation) {
      dprintf(to, "F%s\n", report.violation->invariant.c_str());
      break;
    }
  }
  _exit(0);
}

/// Of the children that have ended.
double children_cpu() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Empty: without a bug, which nothing may notice.
Verdict judge(const std::string& bugs, const Options& options) {
  const auto before = children_cpu();
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0)
    return {};
  const auto child = fork();
  if (child == 0) {
    close(ends[0]);
    // What an assertion prints on its way out is not the table's business.
    if (std::freopen("/dev/null", "w", stderr) == nullptr)
      _exit(1);
    hunt(bugs, options, ends[1]);
  }
  close(ends[1]);
  Verdict verdict;
  auto* in = fdopen(ends[0], "r");
  std::array<char, 512> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), in) != nullptr) {
    std::string text{line.data()};
    text.erase(text.find_last_not_of('\n') + 1);
    if (text.starts_with('S'))
      verdict.seeds = std::stol(text.substr(1));
    else if (text.starts_with('F'))
      verdict.found = true, verdict.how = text.substr(1);
  }
  std::fclose(in);
  int status = 0;
  waitpid(child, &status, 0);
  if (!verdict.found && WIFSIGNALED(status))
    verdict.found = true, verdict.how = "the program's own assertion";
  verdict.cpu = children_cpu() - before;
  return verdict;
}

Options read(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto known = [&](const Planted& bug) { return word == bug.name; };
    if (word == "--budget" && i + 1 < argc) {
      options.budget = std::stoull(argv[++i]);
    } else if (word == "--alone") {
      options.alone = true;
    } else if (word == "--tests") {
      options.tests = true;
    } else if (std::any_of(planted.begin(), planted.end(), known) || heed::sim::is_for_named_tests(word)) {
      options.only.push_back(word);
    } else {
      std::fprintf(stderr, "mutants: %s is neither a planted bug nor --budget SEEDS nor --alone nor --tests\n",
                   word.c_str());
      std::exit(64);
    }
  }
  return options;
}

/// The rule that it breaks, and the one behind it.
std::string rule_of(const Planted& bug, bool alone) {
  return *bug.behind == '\0' || alone ? bug.rule : std::string{bug.rule} + "; " + bug.second;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = read(argc, argv);
  if (options.tests)
    return heed::sim::check_named_tests(std::filesystem::read_symlink("/proc/self/exe").parent_path().string(),
                                        options.only) > 0
             ? 1
             : 0;
  const auto folder = std::filesystem::temp_directory_path() / ("heed-mutants-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  options.folder = folder.string();
  int missed = 0;
  int tried = 0;
  double cpu = 0;
  const auto sound = judge("", options);
  if (sound.found)
    std::printf("without a planted bug, seed %ld is found faulty: %s; mend that first\n", sound.seeds,
                sound.how.c_str());
  else
    std::printf(
      "without a planted bug, %ld seeds find nothing, in %.0f s of CPU\n\n"
      "| planted bug | rule it breaks | found by | seed | CPU |\n|---|---|---|---|---|\n",
      sound.seeds, sound.cpu);
  std::fflush(stdout);
  for (const auto& bug : planted) {
    const auto chosen =
      options.only.empty() || std::find(options.only.begin(), options.only.end(), bug.name) != options.only.end();
    if (sound.found || !chosen)
      continue;
    ++tried;
    const auto bugs = bug.names(options.alone);
    const auto verdict = judge(bugs, options);
    cpu += verdict.cpu;
    missed += verdict.found ? 0 : 1;
    const auto comma = bugs.find(',');
    const auto shown = comma == std::string::npos
                         ? "`" + bugs + "`"
                         : "`" + bugs.substr(0, comma) + "` with `" + bugs.substr(comma + 1) + "`";
    std::printf("| %s | %s | %s | %ld | %.0f s |\n", shown.c_str(), rule_of(bug, options.alone).c_str(),
                verdict.found ? verdict.how.c_str() : "**not found**", verdict.seeds, verdict.cpu);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(folder);
  std::printf("\n%d of %d found within %llu seeds each, in %.0f s of CPU\n", tried - missed, tried,
              static_cast<unsigned long long>(options.budget), cpu);
  return missed > 0 || sound.found ? 1 : 0;
}
