#include "broker/alpaca/link.hpp"

#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca;
using namespace heed::alpaca_test;
using std::chrono::milliseconds;

namespace {

struct LinkBench {
  std::shared_ptr<ScriptedConnector> connector = std::make_shared<ScriptedConnector>();
  std::shared_ptr<ManualTimers> timers = std::make_shared<ManualTimers>();
  std::shared_ptr<Link> link;
  int opened = 0;
  std::vector<std::string> heard;
  std::vector<std::string> lost;

  explicit LinkBench(LinkLimits limits = {}) : link{std::make_shared<Link>(connector, timers, "/stream", limits)} {
    link->start({[this] { ++opened; }, [this](std::string_view text) { heard.emplace_back(text); },
                 [this](std::string why) { lost.push_back(std::move(why)); }});
  }
  /// Virtual time until the next attempt to connect.
  milliseconds until_next_attempt() {
    const auto before = connector->attempts.size();
    const auto from = timers->now;
    while (connector->attempts.size() == before && timers->now - from < milliseconds{60'000})
      timers->advance(milliseconds{1});
    return timers->now - from;
  }
};

}  // namespace

TEST_CASE("back-off doubles up to its bound, with at most half of it by chance") {
  LinkLimits limits;
  Backoff backoff{limits};
  milliseconds whole = limits.first;
  bool varied = false;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto delay = backoff.next();
    INFO(attempt);
    CHECK(delay <= whole);
    CHECK(delay >= whole / 2);
    varied = varied || delay != whole;
    whole = std::min(whole * 2, limits.max);
  }
  CHECK(varied);
  backoff.reset();
  CHECK(backoff.next() <= limits.first);
}

TEST_CASE("the same seed waits the same, another seed does not") {
  LinkLimits one, same, other;
  other.seed = 2;
  Backoff a{one}, b{same}, c{other};
  bool differs = false;
  for (int i = 0; i < 10; ++i) {
    const auto delay = a.next();
    CHECK(delay == b.next());
    differs = differs || delay != c.next();
  }
  CHECK(differs);
}

TEST_CASE("a lost connection comes back, later each time, and at once again after it has settled") {
  LinkBench bench;
  bench.connector->open();
  CHECK(bench.opened == 1);
  bench.connector->say("hello");
  CHECK(bench.heard == std::vector<std::string>{"hello"});
  bench.connector->close("reset by peer");
  CHECK(bench.lost == std::vector<std::string>{"reset by peer"});
  CHECK(bench.until_next_attempt() <= milliseconds{250});
  for (int i = 0; i < 8; ++i) {
    bench.connector->close("refused");
    bench.until_next_attempt();
  }
  bench.connector->close("refused");
  CHECK(bench.until_next_attempt() >= milliseconds{15'000});

  bench.connector->open();
  bench.link->logged_in();
  bench.timers->advance(milliseconds{30'000});
  bench.connector->close("again");
  CHECK(bench.until_next_attempt() <= milliseconds{250});
}

TEST_CASE("a link that is up for a moment only does not start over") {
  LinkBench bench;
  for (int i = 0; i < 9; ++i) {
    bench.connector->open();
    bench.link->logged_in();
    bench.connector->close("kicked");
    bench.until_next_attempt();
  }
  bench.connector->close("kicked");
  CHECK(bench.until_next_attempt() >= milliseconds{15'000});
}

TEST_CASE("no log-in within the deadline, or no connection at all, is a loss") {
  LinkBench bench;
  const bool opens = GENERATE(true, false);
  if (opens)
    bench.connector->open();
  const auto socket = bench.connector->now().socket;
  bench.timers->advance(milliseconds{9'999});
  CHECK(bench.lost.empty());
  bench.timers->advance(milliseconds{1});
  REQUIRE(bench.lost.size() == 1);
  CHECK_THAT(bench.lost[0], Catch::Contains("log-in"));
  CHECK(socket->closed == opens);
  CHECK(bench.until_next_attempt() <= milliseconds{250});
}

TEST_CASE("what an old connection still says is not heard") {
  LinkBench bench;
  bench.connector->open();
  bench.link->drop("enough");
  auto old = bench.connector->attempts[0];
  CHECK(old.socket->closed);
  old.handlers.on_message("late", false);
  old.handlers.on_close("late");
  CHECK(bench.heard.empty());
  CHECK(bench.lost == std::vector<std::string>{"enough"});
  bench.until_next_attempt();
  CHECK(bench.connector->attempts.size() == 2);
  const auto late = std::make_shared<ScriptedSocket>();
  old.handlers.on_open(late);
  CHECK(late->closed);
  CHECK(bench.opened == 1);
}

TEST_CASE("a stopped link stays down; a link that is gone leaves no one to call") {
  LinkBench bench;
  bench.connector->open();
  SECTION("stopped") {
    bench.link->stop();
    CHECK(bench.connector->now().socket->closed);
    bench.connector->close("bye");
    bench.timers->advance(milliseconds{120'000});
    CHECK(bench.connector->attempts.size() == 1);
    CHECK(bench.lost.empty());
  }
  SECTION("gone") {
    bench.link.reset();
    bench.connector->say("x");
    bench.connector->close("bye");
    bench.timers->advance(milliseconds{120'000});
    CHECK(bench.connector->attempts.size() == 1);
    CHECK(bench.heard.empty());
  }
}
