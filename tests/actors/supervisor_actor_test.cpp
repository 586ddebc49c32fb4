#include "actors/supervisor_actor.hpp"

#include "actors/inspector_actor.hpp"
#include "support/calls.hpp"
#include "support/journals.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Fixture {
  TestSystem system;
  TestJournal journal;
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::vector<Desk> desks;
  std::vector<WatcherActor> watchers;
  std::shared_ptr<GatewayLog> gateway = std::make_shared<GatewayLog>();
  std::shared_ptr<WatcherLog> watcher = std::make_shared<WatcherLog>();
  std::vector<std::string> fatal;
  int desk_fails = 0;
  ErrorKind desk_error = ErrorKind::invalid;
  AggregatorActor aggregator;
  SupervisorActor supervisor;

  ~Fixture() { system.finish(); }
  Fixture() {
    journal.start(system);
    system.at_end([this] {
      directory->clear();
      desks.clear();
      watchers.clear();
    });
  }
  Result<Desk> make_desk() {
    if (desk_fails > 0) {
      --desk_fails;
      return Error{desk_error, "JOURNAL", "cannot be read"};
    }
    Desk desk;
    desk.governor = stub_governor(system, std::make_shared<GovernorLog>());
    desk.gateway = stub_gateway(system, gateway);
    desk.portfolio = stub_portfolio(system, std::make_shared<PortfolioLog>());
    desk.reconciler = stub_reconciler(system, std::make_shared<ReconcilerLog>());
    directory->set(AccountId{"paper"}, desk);
    desks.push_back(desk);
    return desk;
  }
  Result<WatcherActor> make_watcher() {
    watchers.push_back(stub_watcher(system, watcher));
    return watchers.back();
  }
  void start() {
    auto args = std::make_shared<SupervisorArgs>();
    args->directory = directory;
    args->telemetry = journal.telemetry;
    args->journal = journal.actor;
    aggregator = stub_aggregator(system, std::make_shared<AggregatorLog>());
    args->aggregator = aggregator;
    args->scheduler = system.spawn(
      [](SchedulerActor::pointer, int) -> SchedulerActor::behavior_type {
        return {[](InspectSelf) { return stub_state; }, [](TickDue) {}, [](ClockMoved) {}};
      },
      0);
    args->desks["paper"] = [this] { return make_desk(); };
    args->watchers["calls"] = [this] { return make_watcher(); };
    args->fatal = [this](std::string why) { fatal.push_back(std::move(why)); };
    supervisor = system.spawn(supervisor_actor, std::shared_ptr<const SupervisorArgs>{args});
    system.run();
  }
  bool alive(const std::shared_ptr<std::optional<std::string>>& watched) const { return !watched->has_value(); }
};

}  // namespace

TEST_CASE("supervisor: everything is started and can be found by name", "[actors][supervisor]") {
  Fixture f;
  f.start();
  CHECK(f.desks.size() == 1);
  CHECK(f.watchers.size() == 1);
  std::vector<std::string> names;
  for (const auto& [name, actor] : f.directory->by_name())
    names.push_back(name);
  CHECK(names == std::vector<std::string>{"gateway:paper", "governor:paper", "portfolio:paper", "reconciler:paper",
                                          "watcher:calls"});
}

TEST_CASE("supervisor: when one actor of a desk falls the desk is started anew as a whole", "[actors][supervisor]") {
  Fixture f;
  f.start();
  const int which = GENERATE(0, 1, 2, 3);
  const auto first = f.desks[0];
  const auto ends = {f.system.watch(first.governor), f.system.watch(first.gateway), f.system.watch(first.portfolio),
                     f.system.watch(first.reconciler)};
  switch (which) {
    case 0: f.system.kill(first.governor); break;
    case 1: f.system.kill(first.gateway); break;
    case 2: f.system.kill(first.portfolio); break;
    default: f.system.kill(first.reconciler);
  }
  for (const auto& end : ends)
    CHECK_FALSE(f.alive(end));
  CHECK(f.desks.size() == 1);
  f.system.advance(seconds{2});
  REQUIRE(f.desks.size() == 2);
  CHECK(f.directory->desk("paper")->gateway == f.desks[1].gateway);
  CHECK(f.fatal.empty());
  // The new one is watched, too.
  f.system.kill(f.desks[1].governor);
  f.system.advance(seconds{5});
  CHECK(f.desks.size() == 3);
}

TEST_CASE("supervisor: a desk that cannot be started is tried again, then stays down", "[actors][supervisor]") {
  Fixture f;
  f.desk_fails = GENERATE(3, 100);
  const bool recovers = f.desk_fails == 3;
  f.start();
  CHECK(f.desks.empty());
  CHECK(f.watchers.size() == 1);  // the rest goes on
  f.system.advance(std::chrono::hours{2});
  CHECK(f.desks.size() == (recovers ? 1 : 0));
  if (!recovers)
    CHECK(f.desk_fails == 100 - 6);
  CHECK(f.fatal.empty());
}

TEST_CASE("supervisor: a desk that wants for the store is tried again until it is there", "[actors][supervisor]") {
  Fixture f;
  f.desk_error = ErrorKind::unavailable;
  f.desk_fails = 100;
  f.start();
  f.system.advance(std::chrono::minutes{10});
  CHECK(f.desks.empty());
  CHECK(f.desk_fails < 70);  // often enough that nobody waits long
  f.desk_fails = 0;
  f.system.advance(seconds{16});
  CHECK(f.desks.size() == 1);
}

TEST_CASE("supervisor: who ends for want of the store has not failed by itself", "[actors][supervisor]") {
  Fixture f;
  f.start();
  for (int i = 0; i < 20; ++i) {
    f.system.end(f.desks.back().governor, store_failure("the disk is full"));
    f.system.end(f.watchers.back(), store_failure("the disk is full"));
    f.system.advance(seconds{30});
    REQUIRE(f.desks.size() == static_cast<std::size_t>(i + 2));
    REQUIRE(f.watchers.size() == static_cast<std::size_t>(i + 2));
  }
  // By itself, it is another matter.
  for (int i = 0; i < 6; ++i) {
    f.system.kill(f.desks.back().governor);
    f.system.advance(std::chrono::minutes{2});
  }
  CHECK(f.desks.size() == 26);
  CHECK(f.fatal.empty());
}

TEST_CASE("supervisor: a watcher is started again by itself", "[actors][supervisor]") {
  Fixture f;
  f.start();
  f.system.kill(f.watchers[0]);
  f.system.advance(seconds{2});
  REQUIRE(f.watchers.size() == 2);
  CHECK(f.directory->watcher("calls") == f.watchers[1]);
  CHECK(f.desks.size() == 1);
}

TEST_CASE("supervisor: without the journal, or what decides for all, nothing goes on", "[actors][supervisor]") {
  Fixture f;
  f.start();
  if (GENERATE(true, false)) {
    f.system.kill(f.journal.actor);
    REQUIRE(f.fatal.size() == 1);
    CHECK(f.fatal[0].find("the journal ended") == 0);
  } else {
    f.system.kill(f.aggregator);
    REQUIRE(f.fatal.size() == 1);
    CHECK(f.fatal[0].find("the aggregator ended") == 0);
  }
}

TEST_CASE("supervisor: a stop is passed on, and nothing is started any more", "[actors][supervisor]") {
  Fixture f;
  f.start();
  f.system.send(f.supervisor, Drain{});
  f.system.run();
  CHECK(f.watcher->drained == 1);
  CHECK(f.gateway->drained == 1);
  f.system.kill(f.desks[0].gateway);
  f.system.kill(f.watchers[0]);
  f.system.advance(seconds{60});
  CHECK(f.desks.size() == 1);
  CHECK(f.watchers.size() == 1);
}

TEST_CASE("inspector: the tree, one actor, one position, and who there is when the name is wrong",
          "[actors][inspector]") {
  Fixture f;
  f.start();
  f.directory->set_other("journal", f.journal.actor);
  auto args = std::make_shared<InspectorArgs>();
  args->directory = f.directory;
  const auto inspector = f.system.spawn(inspector_actor, std::shared_ptr<const InspectorArgs>{args});
  const auto ask = [&](const std::string& name) {
    return f.system.answer<std::string>(inspector, InspectQuery{name});
  };
  CHECK(ask("").find(R"({"actors":{"gateway:paper":{},"governor:paper":{},"journal":{"gathered":0)") == 0);
  CHECK(ask("watcher:calls") == R"({"name":"watcher:calls","state":{}})");
  CHECK(ask("position:paper/NVDA") == R"({"name":"position:paper/NVDA","state":{"of":"NVDA"}})");
  const auto* wrong = GENERATE("nobody", "position:paper", "position:other/NVDA", "position:/",
                               "position:paper/ASYMBOLTHATISMUCHTOOLONGTOBEONE", "journal ");
  const auto text = ask(wrong);
  CHECK(text.find("\"error\":\"no actor is called '" + std::string{wrong} + "'\"") != std::string::npos);
  CHECK(text.find("\"watcher:calls\"") != std::string::npos);
  CHECK(text.find("position:<account>/<symbol>") != std::string::npos);
}

TEST_CASE("inspector: an actor that does not answer is shown as such", "[actors][inspector]") {
  Fixture f;
  f.start();
  f.system.kill(f.watchers[0]);
  auto args = std::make_shared<InspectorArgs>();
  args->directory = f.directory;
  const auto inspector = f.system.spawn(inspector_actor, std::shared_ptr<const InspectorArgs>{args});
  const auto tree = f.system.answer<std::string>(inspector, InspectQuery{""});
  CHECK(tree.find("\"watcher:calls\":{\"error\":") != std::string::npos);
  CHECK(f.system.answer<std::string>(inspector, InspectQuery{"watcher:calls"}).find("\"error\":") !=
        std::string::npos);
}
