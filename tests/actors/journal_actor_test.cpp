#include "support/calls.hpp"
#include "support/journals.hpp"

using namespace heed;
using namespace heed::test;

namespace {

Append of_event(const std::string& type, bool more_follows = false) {
  Append append;
  JournalEvent event;
  event.type = type;
  event.at = friday_10;
  event.payload = "{}";
  append.batch.events.push_back(event);
  append.more_follows = more_follows;
  return append;
}

Append of_signal(const std::string& key) {
  auto append = of_event("signal_received", true);
  SignalRow row;
  row.signal = signal_of(key);
  row.source = "calls";
  row.symbol = "NVDA";
  row.idempotency_key = key;
  row.followers = 1;
  row.received_at = friday_10;
  append.batch.rows.emplace_back(row);
  append.batch.rows.emplace_back(Decision{row.signal, "paper", {}, {}, friday_10});
  return append;
}

Append of_decision(const std::string& key, DispositionKind kind) {
  auto append = of_event("decision");
  append.batch.rows.emplace_back(Decision{signal_of(key), "paper", {kind, {}}, "because", friday_10});
  return append;
}

struct Fixture {
  TestSystem system;
  TestJournal journal;
  std::vector<std::shared_ptr<TestSystem::Asked<Appended>>> asked;
  ~Fixture() { system.finish(); }
  explicit Fixture(std::chrono::milliseconds watch_interval = {}) {
    journal.watch_interval = watch_interval;
    journal.start(system);
  }

  std::size_t append(Append what) {
    asked.push_back(system.ask<Appended>(journal.actor, std::move(what)));
    return asked.size() - 1;
  }
  std::string outcome(std::size_t i) const {
    return asked[i]->answer ? "durable" : asked[i]->error ? "error" : "waiting";
  }
  std::vector<std::string> stored_types() {
    std::vector<std::string> out;
    for (const auto& event : all(journal.reader().events(everything())))
      out.push_back(event.type);
    return out;
  }
};

}  // namespace

TEST_CASE("journal: what has gathered is one commit, in the order it came", "[actors][journal]") {
  Fixture f;
  for (const auto* type : {"a", "b", "c", "d"})
    f.append(of_event(type));
  f.system.run();
  CHECK(f.journal.control->sizes == std::vector<std::size_t>{4});
  CHECK(f.stored_types() == std::vector<std::string>{"a", "b", "c", "d"});
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(f.outcome(i) == "durable");
  CHECK(f.journal.telemetry->commits == 1);
  CHECK(f.journal.telemetry->events_written == 4);
  CHECK(f.journal.telemetry->appends_waiting == 0);

  f.append(of_event("e"));
  f.system.run();
  CHECK(f.journal.control->sizes == std::vector<std::size_t>{4, 1});
}

TEST_CASE("journal: nothing is answered, told or counted before it is durable", "[actors][journal]") {
  Fixture f;
  int at_append = -1;
  f.journal.control->after_append = [&] {
    at_append = static_cast<int>(f.journal.commits.size()) + (f.outcome(0) == "waiting" ? 0 : 100);
  };
  f.append(of_decision("k", DispositionKind::filled));
  f.system.run();
  CHECK(at_append == 0);
  REQUIRE(f.journal.commits.size() == 1);
  REQUIRE(f.journal.commits[0].size() == 1);
  CHECK(f.journal.commits[0][0].events[0].seq == 1);  // with what the store assigned
  CHECK(f.journal.telemetry->decisions_final == 1);
  CHECK(f.journal.telemetry->dispositions() == std::map<std::string, std::int64_t>{{"filled", 1}});
}

TEST_CASE("journal: a call waits for its decision, at most a millisecond", "[actors][journal]") {
  Fixture f;
  const auto call = f.append(of_signal("k"));
  f.system.run();
  CHECK(f.outcome(call) == "waiting");
  CHECK(f.journal.control->appends == 0);

  SECTION("the decision comes: one commit for both") {
    const auto decision = f.append(of_decision("k", DispositionKind::no_op));
    f.system.run();
    CHECK(f.journal.control->sizes == std::vector<std::size_t>{2});
    CHECK(f.outcome(call) == "durable");
    CHECK(f.outcome(decision) == "durable");
    f.system.advance(std::chrono::milliseconds{5});
    CHECK(f.journal.control->appends == 1);  // the timer found nothing
  }
  SECTION("nothing comes: durable after the wait") {
    f.system.advance(std::chrono::microseconds{999});
    CHECK(f.outcome(call) == "waiting");
    f.system.advance(std::chrono::microseconds{1});
    CHECK(f.outcome(call) == "durable");
    CHECK(f.journal.control->sizes == std::vector<std::size_t>{1});
  }
  SECTION("another call comes: each has a wait of its own") {
    f.system.advance(std::chrono::microseconds{600});
    const auto second = f.append(of_signal("l"));
    f.system.advance(std::chrono::microseconds{400});
    CHECK(f.outcome(call) == "durable");
    CHECK(f.outcome(second) == "waiting");
    f.system.advance(std::chrono::microseconds{600});
    CHECK(f.outcome(second) == "durable");
    CHECK(f.journal.control->sizes == std::vector<std::size_t>{1, 1});
  }
  SECTION("what is not about it does not wait, nor take it along") {
    const auto other = f.append(of_decision("other", DispositionKind::no_op));
    f.system.run();
    CHECK(f.outcome(other) == "durable");
    CHECK(f.outcome(call) == "waiting");
    CHECK(f.stored_types() == std::vector<std::string>{"decision"});
  }
}

TEST_CASE("journal: what sources tell becomes durable in the order they tell it", "[actors][journal]") {
  Fixture f;
  const auto first = f.append(of_signal("k"));
  const auto second = f.append(of_signal("l"));
  f.system.run();
  std::size_t last = 0;
  SECTION("the later call is decided first: both are durable") {
    last = f.append(of_decision("l", DispositionKind::no_op));
  }
  SECTION("a cursor that passed them comes") {
    Append cursor;
    cursor.batch.rows.emplace_back(CursorRow{"calls", "2", friday_10});
    last = f.append(cursor);
  }
  SECTION("someone asks whether all before is durable") { last = f.append(Append{}); }
  SECTION("a call that announces no sequel comes") {
    auto call = of_signal("m");
    call.more_follows = false;
    last = f.append(call);
  }
  f.system.run();
  CHECK(f.outcome(first) == "durable");
  CHECK(f.outcome(second) == "durable");
  CHECK(f.outcome(last) == "durable");
  CHECK(f.journal.control->sizes == std::vector<std::size_t>{3});
  CHECK(f.journal.telemetry->appends_waiting == 0);
}

TEST_CASE("journal: of a row that is written again in the same commit the last version is stored",
          "[actors][journal]") {
  Fixture f;
  const auto order = [](const std::string& name, OrderStatus status) {
    OrderRow row;
    row.client_order_id = name;
    row.account = "paper";
    row.status = status;
    return row;
  };
  Append planned = of_event("order_planned");
  planned.batch.rows.emplace_back(order("heed1.s.en.aaaaaaaaaaaaaaaa", OrderStatus::initialized));
  planned.batch.rows.emplace_back(order("heed1.s.tp.aaaaaaaaaaaaaaaa", OrderStatus::held));
  Append accepted = of_event("order_changed");
  accepted.batch.rows.emplace_back(order("heed1.s.en.bbbbbbbbbbbbbbbb", OrderStatus::initialized));
  accepted.batch.rows.emplace_back(order("heed1.s.en.aaaaaaaaaaaaaaaa", OrderStatus::accepted));
  f.append(of_signal("k"));
  f.append(planned);
  f.append(accepted);
  f.append(of_decision("k", DispositionKind::no_op));
  f.system.run();
  REQUIRE(f.journal.commits.size() == 1);
  std::size_t rows = 0;
  for (const auto& batch : f.journal.commits[0])
    rows += batch.rows.size();
  CHECK(rows == 1 + 1 + 3);  // the signal, its decision, three orders
  CHECK(dispositions(f.journal.reader(), signal_of("k")) == std::vector<std::string>{"paper=no_op"});
  std::vector<std::string> orders;
  for (const auto& row : all(f.journal.reader().orders(everything())))
    orders.push_back(row.client_order_id.str().substr(8, 4) + " " + std::string{to_string(row.status)});
  CHECK(orders == std::vector<std::string>{"en.a accepted", "tp.a held", "en.b initialized"});
  CHECK(f.stored_types() ==
        std::vector<std::string>{"order_planned", "order_changed", "signal_received", "decision"});
}

TEST_CASE("journal: a commit that fails is told to all that were in it, and the next one is tried",
          "[actors][journal]") {
  Fixture f;
  f.journal.control->fail_next();
  const auto a = f.append(of_event("a"));
  const auto b = f.append(of_event("b"));
  f.system.run();
  CHECK(f.outcome(a) == "error");
  CHECK(f.outcome(b) == "error");
  CHECK(f.asked[a]->error->find("the disk is full") != std::string::npos);
  CHECK(f.stored_types().empty());
  CHECK(f.journal.commits.empty());
  CHECK(f.journal.telemetry->commit_failures == 1);
  CHECK(f.journal.telemetry->appends_waiting == 0);
  CHECK(f.system.inspect(f.journal.actor).find("\"last_error\":\"the disk is full\"") != std::string::npos);

  const auto c = f.append(of_event("c"));
  f.system.run();
  CHECK(f.outcome(c) == "durable");
  CHECK(f.stored_types() == std::vector<std::string>{"c"});
  CHECK(f.system.inspect(f.journal.actor).find("\"last_error\":\"\"") != std::string::npos);
}

TEST_CASE("journal: nothing is built on a call that was lost", "[actors][journal]") {
  Fixture f;
  f.journal.control->fail_next();
  f.append(of_signal("lost"));
  f.system.advance(std::chrono::milliseconds{2});
  REQUIRE(f.outcome(0) == "error");

  Append order = of_event("order_planned");
  OrderRow row;
  row.client_order_id = "heed1.s.en.aaaaaaaaaaaaaaaa";
  row.signal = signal_of("lost");
  order.batch.rows.emplace_back(row);
  Append intent = of_event("intent");
  Intent about;
  about.intent_id = "i-1";
  about.signal = signal_of("lost");
  intent.batch.rows.emplace_back(about);
  const auto decision = f.append(of_decision("lost", DispositionKind::filled));
  const auto ordered = f.append(order);
  const auto intended = f.append(intent);
  const auto other = f.append(of_decision("other", DispositionKind::no_op));
  f.system.run();
  CHECK(f.outcome(decision) == "error");
  CHECK(f.outcome(ordered) == "error");
  CHECK(f.outcome(intended) == "error");
  CHECK(f.outcome(other) == "durable");
  CHECK(f.stored_types() == std::vector<std::string>{"decision"});

  SECTION("the call comes again: all is well") {
    const auto again = f.append(of_signal("lost"));
    const auto decided = f.append(of_decision("lost", DispositionKind::no_op));
    f.system.run();
    CHECK(f.outcome(again) == "durable");
    CHECK(f.outcome(decided) == "durable");
    CHECK(dispositions(f.journal.reader(), signal_of("lost")) == std::vector<std::string>{"paper=no_op"});
  }
}

TEST_CASE("journal: a commit whose fate is unknown ends the actor", "[actors][journal]") {
  Fixture f;
  const bool written = GENERATE(true, false);
  const auto ended = f.system.watch(f.journal.actor);
  f.journal.control->fail_next();
  f.journal.control->kind = ErrorKind::unknown;
  f.journal.control->written_all_the_same = written;
  f.append(of_event("a"));
  f.system.run();
  CHECK(f.outcome(0) == "error");
  REQUIRE(ended->has_value());
  CHECK((*ended)->find("the fate of a commit is unknown") != std::string::npos);
  CHECK(f.journal.commits.empty());
  f.append(of_event("b"));
  f.system.run();
  CHECK(f.outcome(1) == "error");
  CHECK(f.journal.control->appends == 1);
}

TEST_CASE("journal: a store that another process took over ends the actor", "[actors][journal]") {
  using std::chrono::milliseconds;
  Fixture f{milliseconds{1000}};
  const auto ended = f.system.watch(f.journal.actor);
  f.journal.control->code = "STORE_FENCED";

  SECTION("by the commit that it refuses") {
    f.journal.control->fail_next();
    f.append(of_event("a"));
    f.system.run();
    CHECK(f.outcome(0) == "error");
  }
  SECTION("and without any, by being asked again and again") {
    f.system.advance(milliseconds{3500});
    CHECK_FALSE(ended->has_value());
    CHECK(f.journal.control->upkeeps >= 3);
    f.journal.control->upkeep_fails = true;
    f.system.advance(milliseconds{1000});
  }
  REQUIRE(ended->has_value());
  CHECK((*ended)->find("another process took it over") != std::string::npos);
}

TEST_CASE("journal: a store that cannot be asked for a while does not end the actor", "[actors][journal]") {
  using std::chrono::milliseconds;
  Fixture f{milliseconds{1000}};
  const auto ended = f.system.watch(f.journal.actor);
  f.journal.control->upkeep_fails = true;
  f.system.advance(milliseconds{5000});
  CHECK_FALSE(ended->has_value());
  f.append(of_event("a"));
  f.system.run();
  CHECK(f.outcome(0) == "durable");
}

TEST_CASE("journal: the store does its own work when nothing has come for a while, once", "[actors][journal]") {
  using std::chrono::milliseconds;
  Fixture f;
  f.append(of_event("a"));
  f.system.advance(milliseconds{99});
  CHECK(f.journal.control->upkeeps == 0);

  SECTION("a commit in the meantime puts it off") {
    f.append(of_event("b"));
    f.system.advance(milliseconds{100});
    CHECK(f.journal.control->upkeeps == 0);
    f.system.advance(milliseconds{100});
    CHECK(f.journal.control->upkeeps == 1);
    CHECK(f.journal.control->appends == 2);
  }
  SECTION("afterwards nothing is left to do") {
    f.system.advance(milliseconds{200});
    CHECK(f.journal.control->upkeeps == 1);
    CHECK(f.journal.telemetry->commits == 1);
    f.system.advance(std::chrono::hours{1});
    CHECK(f.journal.control->upkeeps == 1);
  }
  SECTION("the next commit brings the next one") {
    f.system.advance(milliseconds{500});
    f.append(of_event("b"));
    f.system.advance(milliseconds{500});
    CHECK(f.journal.control->upkeeps == 2);
  }
}

TEST_CASE("journal: of a sender that chains its batches, none that follows one that failed is written",
          "[actors][journal]") {
  TestSystem system;
  TestJournal journal;
  journal.commit_batch_max = 1;
  journal.start(system);
  std::vector<std::string> told;
  // Both are on their way before the first is answered.
  const auto two_of = [&told](caf::event_based_actor* self, const JournalActor& to, const std::string& name,
                              bool chained) {
    for (const auto* number : {"1", "2"}) {
      auto append = of_event(name + number);
      if (name == "lost " && *number == '1')
        append.batch.rows.emplace_back(Decision{signal_of("k"), "paper", {}, "because", friday_10});
      append.chained = chained;
      self->request(to, caf::infinite, std::move(append))
        .then([&told, name, number](const Appended&) { told.push_back(name + number + " durable"); },
              [&told, name, number](const caf::error& error) {
                told.push_back(name + number + (is_lost_before(error) ? " refused" : " failed"));
              });
    }
  };
  const auto say = [&](const std::string& name, bool chained) {
    system.spawn(two_of, journal.actor, name, chained);
    system.run();
  };
  journal.control->fail_next();
  say("chained ", true);
  journal.control->fail_next();
  say("single ", false);
  say("again ", true);
  CHECK(told == std::vector<std::string>{"chained 1 failed", "chained 2 refused", "single 1 failed",
                                         "single 2 durable", "again 1 durable", "again 2 durable"});
  told.clear();
  journal.control->fail_next();
  const auto call = system.ask<Appended>(journal.actor, of_signal("k"));
  system.advance(std::chrono::milliseconds{2});
  CHECK(call->error);
  say("lost ", true);  // the first is about a call that was lost
  CHECK(told == std::vector<std::string>{"lost 1 refused", "lost 2 refused"});
  journal.actor = JournalActor{};
  system.finish();
}
