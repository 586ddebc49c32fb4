// The simulator by itself, without the rest of the program: for campaigns over planted bugs, and for work on it.
//   simulate [--seeds A..B] [--faults none|light|heavy] [--days N] [--twice N] [--keep-going] [--echo] [--no-shrink]
//            [--json] [--verbose] [--lines N] [--edition N]
//   simulate --crash-points [--scenario NAME]... [--doubles none|distinct|all] [--json]
#include "sim/campaign.hpp"
#include "sim/crash_points.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>

#include <unistd.h>

namespace {

[[noreturn]] void usage(const std::string& what) {
  std::cerr << "simulate: " << what << '\n';
  std::exit(64);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace heed::sim;
  CampaignOptions options;
  CrashOptions crash;
  bool crashes = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&] { return ++i < argc ? std::string{argv[i]} : (usage(name + " needs a value"), ""); };
    if (name == "--seeds" || name == "--seed") {
      const auto text = value();
      const auto dots = text.find("..");
      options.first = std::stoull(text);
      options.last = dots == std::string::npos ? options.first : std::stoull(text.substr(dots + 2));
    } else if (name == "--faults") {
      const auto level = heed::enum_from<Level>(value());
      if (!level)
        usage("--faults none, light or heavy");
      options.level = *level;
    } else if (name == "--days") {
      options.days = std::stoi(value());
    } else if (name == "--crash-points") {
      crashes = true;
    } else if (name == "--scenario") {
      crash.scenarios.push_back(value());
    } else if (name == "--doubles") {
      const auto doubles = heed::enum_from<Double>(value());
      if (!doubles)
        usage("--doubles none, distinct or all");
      crash.doubles = *doubles;
    } else if (name == "--edition") {
      options.edition = std::stoi(value());
    } else if (name == "--twice") {
      options.twice_every = std::stoull(value());
    } else if (name == "--keep-going") {
      options.keep_going = true;
    } else if (name == "--no-shrink") {
      options.shrink = false;
    } else if (name == "--json") {
      options.json = true;
    } else if (name == "--verbose") {
      options.verbose = true;
    } else if (name == "--echo") {
      options.echo = true;
    } else if (name == "--lines") {
      options.lines = std::stoull(value());
    } else {
      usage("unknown option " + name);
    }
  }
  spdlog::set_level(std::getenv("HEED_TEST_LOG") != nullptr ? spdlog::level::debug : spdlog::level::off);
  const auto folder = std::filesystem::temp_directory_path() / ("heed-simulate-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  options.folder = folder.string();
  options.cpu_seconds = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  if (crashes) {
    crash.folder = options.folder;
    crash.json = options.json;
    const auto played = crash_points(crash, std::cout, std::cerr);
    std::filesystem::remove_all(folder);
    if (!played)
      usage(played.error().detail);
    return played.value().failures() > 0 ? 1 : 0;
  }
  const auto result = campaign(options, std::cout, std::cerr);
  std::filesystem::remove_all(folder);
  return result.failed > 0 ? 1 : 0;
}
