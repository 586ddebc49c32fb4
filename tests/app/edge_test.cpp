// The edge's commands to actors that end before they have answered.
#include "app/edge.hpp"

#include "tests/actors/support/system.hpp"

using namespace heed;
using namespace heed::test;

namespace {

/// What falls without answering, as an actor does whose step could not be stored.
caf::behavior falling(caf::event_based_actor* self, int) {
  const auto fall = [self] { self->quit(store_failure("database or disk is full")); };
  return {
    [fall](const KillCommand&) { fall(); },
    [fall](const PauseCommand&) { fall(); },
    [fall](const ResumeCommand&) { fall(); },
    [fall](const SubmitIntent&) { fall(); },
    [fall](const SubmitMentions&) { fall(); },
    [](AccountQuery) -> caf::result<AccountSnapshot> { return store_failure("database or disk is full"); },
  };
}

caf::behavior willing(caf::event_based_actor*, std::shared_ptr<int> switched) {
  return {[switched](const KillCommand& command) {
    ++*switched;
    command.done(Ok{});
  }};
}

caf::behavior inspecting(caf::event_based_actor*, int) {
  return {[](const InspectQuery& query) -> std::string {
    return query.actor == "journal" ? R"({"state":{"error":"none","known":1}})"
                                    : R"({"error":"no actor is called 'zz'","known":["gateway:a","journal"]})";
  }};
}

struct World {
  World() {
    EdgeArgs args;
    args.inspector = caf::actor_cast<InspectorActor>(system.spawn(inspecting, 0));
    args.clock = system.clock;
    args.directory = directory;
    for (const char* id : {"a", "b"})
      args.config.accounts.emplace_back().id = id;
    edge = std::make_unique<Edge>(std::move(args));
  }
  void desk(const char* account, const caf::actor& actor) {
    Desk desk;
    desk.governor = caf::actor_cast<GovernorActor>(actor);
    desk.portfolio = caf::actor_cast<PortfolioActor>(actor);
    directory->set(AccountId{account}, std::move(desk));
  }
  ~World() {
    edge->detach();
    directory->clear();
  }

  template <class Answer>
  api::Done<Answer> note() {
    return [this](Result<Answer> result) {
      REQUIRE_FALSE(result);
      errors.push_back(result.error());
    };
  }

  TestSystem system;
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::unique_ptr<Edge> edge;
  std::vector<Error> errors;
};

}  // namespace

TEST_CASE("edge: a command that ends with its actor is answered: unavailable, and what to do", "[app]") {
  World w;
  w.desk("a", w.system.spawn(falling, 0));
  w.directory->set(SourceId{"inbox"}, caf::actor_cast<WatcherActor>(w.system.spawn(falling, 0)));
  std::string who = "account a";
  SECTION("kill") {
    w.edge->kill({AccountId{"a"}, KillLevel::stop_opening, "eva"}, w.note<std::vector<AccountId>>());
  }
  SECTION("pause") { w.edge->pause({AccountId{"a"}, {}, {}, "", "eva"}, w.note<Pause>()); }
  SECTION("resume") { w.edge->resume({AccountId{"a"}, {}, {}, "", "eva"}, w.note<std::int32_t>()); }
  SECTION("close") { w.edge->close_position({AccountId{"a"}, Symbol{"AAA"}, {}, "eva", "k"}, w.note<Decision>()); }
  SECTION("intent") {
    Intent intent;
    intent.account = "a";
    w.edge->submit_intent(intent, w.note<IntentReceipt>());
  }
  SECTION("mentions") {
    who = "source inbox";
    w.edge->submit_mentions(SourceId{"inbox"}, {}, {}, {}, w.note<std::vector<MentionReceipt>>());
  }
  w.system.run();
  REQUIRE(w.errors.size() == 1);
  CHECK(w.errors[0].kind == ErrorKind::unavailable);
  CHECK(w.errors[0].code == "INTERRUPTED");
  CHECK_THAT(w.errors[0].detail, Catch::Contains(who) && Catch::Contains("Try again"));
}

TEST_CASE("edge: a question that the store fails is answered in plain words", "[app]") {
  World w;
  w.desk("a", w.system.spawn(falling, 0));
  w.edge->account_snapshot(AccountId{"a"}, w.note<AccountSnapshot>());
  w.system.run();
  REQUIRE(w.errors.size() == 1);
  CHECK(w.errors[0].kind == ErrorKind::unavailable);
  CHECK(w.errors[0].code == "JOURNAL");
  CHECK_THAT(w.errors[0].detail, Catch::StartsWith("journal: database or disk is full."));
}

TEST_CASE("edge: an actor that is not there is said to be unknown", "[app]") {
  World w;
  w.edge->inspect_actor("journal", [](const Result<std::string>& result) {
    REQUIRE(result);
    CHECK(result.value() == R"({"state":{"error":"none","known":1}})");
  });
  w.system.run();
  w.edge->inspect_actor("zz", w.note<std::string>());
  w.system.run();
  REQUIRE(w.errors.size() == 1);
  CHECK(w.errors[0].kind == ErrorKind::invalid);
  CHECK(w.errors[0].code == "ACTOR_UNKNOWN");
  CHECK(w.errors[0].detail == "no actor is called 'zz' (known: gateway:a, journal)");
}

TEST_CASE("edge: the kill switch of all is not confirmed while one account cannot take it", "[app]") {
  World w;
  const auto switched = std::make_shared<int>(0);
  w.desk("b", w.system.spawn(willing, switched));
  std::string code = "UNAVAILABLE";
  SECTION("it falls") {
    code = "INTERRUPTED";
    w.desk("a", w.system.spawn(falling, 0));
  }
  SECTION("it has not begun yet") {}
  w.edge->kill({{}, KillLevel::stop_opening, "eva"}, w.note<std::vector<AccountId>>());
  w.system.run();
  CHECK(*switched == 1);
  REQUIRE(w.errors.size() == 1);
  CHECK(w.errors[0].code == code);
  CHECK_THAT(w.errors[0].detail, Catch::Contains("account a") && Catch::EndsWith("It is in force for b"));
}
