// Every step of every scenario as a crash point. The normal suite takes a part of them, HEED_LONG=1 all.
#include "sim/crash_points.hpp"

#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <unistd.h>

using namespace heed::sim;

namespace {

class Folder {
public:
  Folder() : path_{std::filesystem::temp_directory_path() / ("heed-crash-points-" + std::to_string(::getpid()))} {
    std::filesystem::create_directories(path_);
    spdlog::set_level(spdlog::level::off);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

bool long_mode() { return std::getenv("HEED_LONG") != nullptr; }

}  // namespace

TEST_CASE("crash points: whatever the step at which the process dies, the end is the same", "[sim][crash]") {
  const Folder folder;
  CrashOptions options;
  options.folder = folder.path();
  options.stride = long_mode() ? 1 : 37;
  std::ostringstream out, err;
  const auto result = crash_points(options, out, err);
  REQUIRE(result);
  INFO(err.str());
  CHECK(result.value().failures() == 0);
  CHECK(result.value().scenarios.size() >= 20);
  for (const auto& scenario : result.value().scenarios) {
    INFO(scenario.name);
    CHECK(scenario.journal_steps > 0);
    CHECK(scenario.broker_steps > 0);
    CHECK(scenario.points > 0);
    CHECK(scenario.recoveries > 0);
  }
}

TEST_CASE("crash points: a scenario played twice is the same", "[sim][crash]") {
  const Folder folder;
  const auto all = crash_scenarios();
  const auto play = [&](const char* points) {
    auto plan = CrashPoint::parse(points);
    REQUIRE(plan);
    Stage stage{all.front(), plan.value(), folder.path(), false};
    return stage.play();
  };
  for (const auto* points : {"", "1.request.3.torn", "1.request.3.torn+2.request.2.before"}) {
    INFO(points);
    const auto one = play(points), two = play(points);
    CHECK_FALSE(one.violation);
    CHECK(one.all_reached);
    CHECK(one.facts == two.facts);
    CHECK(one.newest == two.newest);
    CHECK(one.steps.size() == two.steps.size());
  }
}

TEST_CASE("crash points: a point is read as it is told, and refused with its text", "[sim][crash]") {
  const auto read = CrashPoint::parse("1.journal.7.torn.5+2.request.3.before");
  REQUIRE(read);
  REQUIRE(read.value().size() == 2);
  CHECK(read.value()[0].str() == "1.journal.7.torn.5");
  CHECK(read.value()[1].str() == "2.request.3.before");
  CHECK(CrashPoint::parse("").value().empty());
  for (const auto* wrong : {"1.journal.7", "x.journal.7.torn", "1.jornal.7.torn", "1.journal.7.torn.5.6"}) {
    const auto refused = CrashPoint::parse(wrong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail.find(wrong) != std::string::npos);
  }
  CrashOptions options;
  options.scenarios = {"no_such"};
  std::ostringstream out, err;
  const auto unknown = crash_points(options, out, err);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().detail.find("no_such") != std::string::npos);
  CHECK(unknown.error().detail.find("stop_fires") != std::string::npos);
}
