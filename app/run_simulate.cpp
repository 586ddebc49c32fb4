// `heed simulate`: the rules of a configuration, or the usual ones, through the simulator.

#include "app/cli/hooks.hpp"
#include "app/config_map.hpp"
#include "app/strategy_map.hpp"
#include "sim/campaign.hpp"
#include "sim/crash_points.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <unistd.h>

namespace heed::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

/// The rules of the configuration's first account, at a venue of the simulator's own. What keeps a fresh
/// configuration from trading is switched off: nothing can be learned from dry runs.
Result<sim::Rules> rules_of(const config::Config& config) {
  if (config.accounts.empty())
    return Error{ErrorKind::invalid, "accounts", "the configuration has no account whose rules could be simulated"};
  const auto& account = config.accounts.front();
  auto rules = sim::Rules::usual();
  rules.account = AccountId{account.id};
  rules.strategies = strategies_of(config);
  if (rules.strategies.empty())
    return Error{ErrorKind::invalid, "strategies", "the configuration has no strategy that could be simulated"};
  for (auto& [id, strategy] : rules.strategies)
    strategy.enable_trading = true;
  const auto& first = rules.strategies.begin()->first;
  const auto& last = rules.strategies.rbegin()->first;
  rules.followers = {{SourceId{"calls"}, {{rules.account, first}}},
                     {SourceId{"other"}, {{rules.account, last}}},
                     {SourceId{"tape"}, {{rules.account, first}}}};
  rules.limits = account.risk;
  rules.aggregator = aggregator_of(config.aggregator);
  rules.position_policy = position_policy_of(account);
  rules.gateway_policy = gateway_policy_of(account);
  rules.alpaca.account = rules.account;
  rules.alpaca.http_deadline = std::chrono::milliseconds{account.request_timeout_ms};
  rules.exit_scan = config.schedule.exit_scan;
  return rules;
}

Status read_faults(const std::string& faults, sim::CampaignOptions& options) {
  if (const auto level = enum_from<sim::Level>(faults)) {
    options.level = *level;
    return Ok{};
  }
  const std::ifstream in{faults, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return Error{ErrorKind::unavailable, "faults", "cannot read " + faults};
  auto profile = sim::Profile::parse(text.str());
  if (!profile)
    return Error{ErrorKind::invalid, "faults", faults + ": " + profile.error().detail};
  options.profile = std::move(profile).value();
  return Ok{};
}

int refuse(const Error& error) {
  std::cerr << "heed simulate: " << error.detail << '\n';
  return static_cast<int>(error.kind == ErrorKind::unavailable ? Exit::missing_input : Exit::bad_data);
}

/// Exists from here on.
Result<std::filesystem::path> make_folder() {
  std::error_code made;
  const auto folder = std::filesystem::temp_directory_path(made) / ("heed-simulate-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder, made);
  if (made)
    return Error{ErrorKind::unavailable, "folder", "cannot create " + folder.string() + ": " + made.message()};
  return folder;
}

int run_point(const SimulateOptions& options, const std::string& folder) {
  const auto report = sim::crash_at(options.scenarios.front(), options.point, folder);
  if (!report)
    return refuse(report.error());
  for (const auto& fact : report.value().facts)
    std::cout << fact << '\n';
  if (!report.value().violation)
    return static_cast<int>(Exit::done);
  std::cout << report.value().violation->invariant << ": " << report.value().violation->text << '\n';
  return static_cast<int>(Exit::negative);
}

int run_crash_points(const SimulateOptions& options) {
  const auto folder = make_folder();
  if (!folder)
    return refuse(folder.error());
  int exit = 0;
  if (!options.point.empty()) {
    exit = run_point(options, folder.value().string());
  } else {
    sim::CrashOptions crash;
    crash.scenarios = options.scenarios;
    crash.doubles = *enum_from<sim::Double>(options.doubles);
    crash.stride = options.stride;
    crash.folder = folder.value().string();
    crash.json = options.json;
    crash.cancelled = [] { return interrupted != 0; };
    const auto result = sim::crash_points(crash, std::cout, std::cerr);
    exit = !result ? refuse(result.error())
           : result.value().failures() > 0
             ? static_cast<int>(Exit::negative)
             : static_cast<int>(result.value().cancelled ? Exit::cancelled : Exit::done);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder.value(), ignored);
  return exit;
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  // What goes wrong on purpose is not news.
  spdlog::set_level(spdlog::level::off);
  if (options.crash_points)
    return run_crash_points(options);
  sim::CampaignOptions campaign;
  campaign.first = options.first_seed;
  campaign.last = options.last_seed;
  campaign.days = options.days;
  campaign.twice_every = options.twice_every;
  campaign.keep_going = options.keep_going;
  campaign.echo = options.trace;
  campaign.shrink = !options.trace;
  campaign.json = options.json;
  if (const auto read = read_faults(options.faults, campaign); !read)
    return refuse(read.error());
  if (options.config) {
    auto rules = rules_of(*options.config);
    if (!rules)
      return refuse(rules.error());
    campaign.rules = std::move(rules).value();
  }
  const auto folder = make_folder();
  if (!folder)
    return refuse(folder.error());
  campaign.folder = folder.value().string();
  campaign.cpu_seconds = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  campaign.cancelled = [] { return interrupted != 0; };
  const auto result = sim::campaign(campaign, std::cout, std::cerr);
  std::error_code ignored;
  std::filesystem::remove_all(folder.value(), ignored);
  if (result.failed > 0)
    return static_cast<int>(Exit::negative);
  return static_cast<int>(result.cancelled ? Exit::cancelled : Exit::done);
}

}  // namespace heed::cli
