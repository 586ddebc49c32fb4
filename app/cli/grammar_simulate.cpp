// Grammar of `heed simulate`.
#include "app/cli/parser.hpp"

#include <charconv>
#include <filesystem>

namespace heed::cli {
namespace {

struct SimulateArguments {
  SimulateOptions options;
  std::string seed, seeds;
};

bool read_whole(std::string_view text, std::uint64_t& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_seeds(Session& session, SimulateArguments& a, int& exit) {
  auto& o = a.options;
  if (a.seed.empty() == a.seeds.empty()) {
    exit = session.fail(Exit::usage, "name --seed N or --seeds A..B", {}, "like: heed simulate --seeds 1..100");
    return false;
  }
  if (!a.seed.empty()) {
    if (read_whole(a.seed, o.first_seed)) {
      o.last_seed = o.first_seed;
      return true;
    }
    exit = session.fail(Exit::usage, "--seed " + a.seed + " is not a whole number of 0 or more");
    return false;
  }
  const auto dots = a.seeds.find("..");
  const std::string_view text{a.seeds};
  if (dots == std::string::npos || !read_whole(text.substr(0, dots), o.first_seed) ||
      !read_whole(text.substr(dots + 2), o.last_seed) || o.first_seed > o.last_seed) {
    exit =
      session.fail(Exit::usage, "--seeds " + a.seeds + " is not A..B with A not above B", {}, "like: --seeds 1..100");
    return false;
  }
  return true;
}

/// Scripted scenarios have neither seeds nor chance nor a configuration.
bool check_crash_points(Session& session, const SimulateArguments& a, int& exit) {
  const auto& o = a.options;
  if (o.crash_points && !(a.seed.empty() && a.seeds.empty()))
    exit = session.fail(Exit::usage, "--crash-points plays scenarios, not seeds", {}, "leave --seed and --seeds out");
  else if (o.crash_points && !session.globals().config.empty())
    exit = session.fail(Exit::usage, "--crash-points has rules of its own", {}, "leave --config out");
  else if (!o.crash_points && !(o.scenarios.empty() && o.point.empty()))
    exit = session.fail(Exit::usage, "--scenario and --point are parts of --crash-points", {},
                        "like: heed simulate --crash-points --scenario stop_fires");
  else if (!o.point.empty() && o.scenarios.size() != 1)
    exit = session.fail(Exit::usage, "--point is a point of one scenario", {}, "name it with --scenario NAME");
  else
    return true;
  return false;
}

int start_simulate(Session& session, SimulateArguments& a) {
  auto& o = a.options;
  int exit = 0;
  o.json = session.globals().json;
  if (!check_crash_points(session, a, exit))
    return exit;
  if (o.crash_points)
    return session.surroundings().run_simulate(o);
  if (!read_seeds(session, a, exit))
    return exit;
  std::error_code ignored;
  if (o.faults != "none" && o.faults != "light" && o.faults != "heavy" && !std::filesystem::exists(o.faults, ignored))
    return session.fail(Exit::missing_input, "--faults " + o.faults + " is neither none, light, heavy nor a file");
  if (!session.globals().config.empty()) {
    Exit failed = Exit::done;
    o.config = session.load_part(session.globals().config, failed);
    if (!o.config)
      return static_cast<int>(failed);
  }
  return session.surroundings().run_simulate(o);
}

void add_crash_points(CLI::App& app, SimulateOptions& o) {
  app.add_flag(
    "--crash-points", o.crash_points,
    "Play scripted scenarios, and die at every commit and every request of each, and again while recovering");
  app.add_option("--scenario", o.scenarios, "Only this one [all]; may be repeated")->type_name("NAME");
  app
    .add_option("--doubles", o.doubles,
                "Second deaths: none, at each step of every recovery that is distinct, or of all [distinct]")
    ->type_name("WHICH")
    ->check(CLI::IsMember({"none", "distinct", "all"}));
  app.add_option("--stride", o.stride, "Only every N-th point [1]")
    ->type_name("N")
    ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  app.add_option("--point", o.point, "Only this point, as a failure names it, with all that happens")
    ->type_name("POINT");
}

}  // namespace

void add_simulate_command(Parser& parser) {
  const auto a = std::make_shared<SimulateArguments>();
  auto& app = parser.command(parser.root(), "simulate",
                             "Days of trading with everything going wrong, in seconds; exit 1 if a promise is broken",
                             "  heed simulate --seeds 1..200\n"
                             "  heed simulate --seed 4711 --trace\n"
                             "  heed simulate --seeds 1..1000 --faults light --config heed.toml\n"
                             "  heed simulate --crash-points --scenario stop_fires\n",
                             [a](Session& session) { return start_simulate(session, *a); });
  auto& o = a->options;
  app.add_option("--seed", a->seed, "One run")->type_name("N");
  app.add_option("--seeds", a->seeds, "A run for each, both ends included")->type_name("A..B");
  app.add_option("--days", o.days, "Trading sessions per run [as the seed draws: mostly part of one]")
    ->type_name("D")
    ->check(CLI::Range(1, 260));
  app.add_option("--faults", o.faults, "none, light, heavy [heavy], or a file of `name = per_million` lines")
    ->type_name("WHICH");
  app
    .add_option("--twice-every", o.twice_every,
                "Run every N-th seed twice and compare the hash of its trace [0: none]")
    ->type_name("N");
  app.add_flag("--keep-going", o.keep_going, "Go on after a failing seed");
  app.add_flag("--trace", o.trace, "All that happens, on standard error");
  add_crash_points(app, o);
}

}  // namespace heed::cli
