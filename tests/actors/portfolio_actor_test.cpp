#include "actors/portfolio_actor.hpp"

#include "support/desk.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Lets the position's next write fail, so that its actor ends.
void fell_position(DeskWorld& w, const Symbol& symbol) {
  w.store->fail_next();
  w.system->send(w.desk.portfolio, PositionNews{symbol, SetBlock{w.clock->now() + seconds{1}, "test"}});
  w.run();
}

/// Lets the position's actor throw: who waits for its decision does.
void break_position(DeskWorld& w, const Symbol& symbol, const std::string& key) {
  auto intent = w.intent(key, IntentAction::open, symbol);  // of no size: refused
  w.submit(intent, nullptr, [](const Result<Decision>&) { throw std::runtime_error("test"); });
  w.settle();
}

}  // namespace

TEST_CASE("portfolio: one position for each symbol", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  for (int i = 0; i < 3; ++i) {
    w.call(sell("n" + std::to_string(i), "NVDA"));
    w.call(sell("a" + std::to_string(i), "AMD"));
  }
  CHECK(w.system->inspect(w.desk.portfolio).find("\"positions\":2") != std::string::npos);
  const auto books = w.system->answer<Books>(w.desk.portfolio, BooksQuery{});
  REQUIRE(books.entries.size() == 2);
  CHECK(books.entries[0].symbol == Symbol{"AMD"});
  CHECK(books.entries[1].symbol == Symbol{"NVDA"});
}

TEST_CASE("portfolio: a position can be looked into", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  const auto state = w.system->answer<std::string>(w.desk.portfolio, PositionInspect{"NVDA"});
  CHECK(state.find("\"phase\":\"Open\"") != std::string::npos);
  CHECK(w.system->answer<std::string>(w.desk.portfolio, PositionInspect{"AMD"}) == "null");
}

TEST_CASE("portfolio: a position that failed comes back from the journal, with what it missed",
          "[actors][portfolio]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "in_flight");
  fell_position(w, "NVDA");
  CHECK(w.system->inspect(w.desk.portfolio).find("\"down\":[\"NVDA\"]") != std::string::npos);
  CHECK(w.system->answer<std::string>(w.desk.portfolio, PositionInspect{"NVDA"}) == "null");
  const auto books = w.system->answer<Books>(w.desk.portfolio, BooksQuery{});
  REQUIRE(books.entries.size() == 1);
  CHECK(books.entries[0].busy);       // no judgement on what cannot answer
  w.venue->fill("NVDA", Leg::entry);  // while it is down
  w.run();
  CHECK(w.held("NVDA").is_zero());
  w.advance(milliseconds{600});
  w.settle();
  CHECK(w.held("NVDA") == Quantity{30});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.finals(signal_of("b1")) == 1);
  CHECK(w.telemetry->actor_restarts == 1);
  CHECK(w.venue->submits.size() == 1);
  w.check_sane();
}

TEST_CASE("failure 11: calls that come while a position is down are decided once", "[actors][portfolio][failure]") {
  DeskWorld w;
  w.start();
  w.call(sell("s0", "NVDA"));
  fell_position(w, "NVDA");
  w.call(buy("b1", "NVDA"));
  Answers<IntentReceipt> receipt;
  auto open = w.intent("k1", IntentAction::close, "NVDA");
  w.submit(open, receipt.reply());
  w.settle();
  CHECK(w.outcome("b1") == "received");
  w.advance(seconds{2});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.finals(signal_of("b1")) == 1);
  CHECK(w.finals(DeskWorld::signal_of_key("k1")) == 1);
  CHECK(w.venue->count("submit heed1.tube.en") == 1);
  w.check_sane();
}

TEST_CASE("portfolio: a call whose decision could not be stored is decided again, under the same name",
          "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(sell("warm", "NVDA"));
  w.mention(buy("b1", "NVDA"));
  w.store->fail_from = w.store->appends + 1;
  w.run();  // the call and its order were one commit, and it failed
  CHECK(w.venue->submits.empty());
  CHECK(w.outcome("b1") == "-");
  w.advance(seconds{5});
  CHECK(w.venue->submits.empty());
  w.call(buy("b1", "NVDA"));  // the sender, who got an error, sends it again
  w.advance(seconds{5});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.finals(signal_of("b1")) == 1);
}

TEST_CASE("portfolio: a stored call whose order could not be stored is decided again, under the same name",
          "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(sell("warm", "NVDA"));
  w.venue->fates["query_quote"] = {Fate::later()};
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "received");
  w.store->fail_next();
  w.venue->answer_held();
  w.settle();
  CHECK(w.venue->submits.empty());
  w.advance(seconds{2});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.finals(signal_of("b1")) == 1);
  w.check_sane();
}

TEST_CASE("portfolio: a position that keeps failing is quarantined, and the others go on", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  for (int i = 0; i < 5; ++i) {
    break_position(w, "NVDA", "broken" + std::to_string(i));
    w.advance(seconds{40});
  }
  w.settle();
  CHECK(w.telemetry->quarantined == 1);
  w.advance(seconds{90});  // books and broker agree, which is not why it was quarantined
  CHECK(w.telemetry->quarantined == 1);
  CHECK(w.system->answer<std::string>(w.desk.portfolio, PositionInspect{"NVDA"}).find("its actor failed 5 times") !=
        std::string::npos);
  w.call(buy("b2", "AMD"));
  CHECK(w.outcome("b2") == "filled");
  w.call(buy("b3", "NVDA"));
  CHECK(w.outcome("b3") == "no_op:quarantined");
  w.system->send(w.desk.portfolio, PositionNews{"NVDA", LiftQuarantine{"anna"}});
  w.settle();
  CHECK(w.telemetry->quarantined == 0);
  w.call(buy("b4", "NVDA"));
  CHECK(w.outcome("b4") == "filled");
}

TEST_CASE("portfolio: a position that failed before it stored anything is set apart and told of, and asks no price",
          "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(sell("s1", "NVDA"));  // spawns it, and stores no state
  const auto alerts = w.telemetry->alerts.load();
  for (int i = 0; i < 5; ++i) {
    break_position(w, "NVDA", "broken" + std::to_string(i));
    w.advance(seconds{40});
  }
  w.settle();
  CHECK(w.telemetry->quarantined == 1);
  CHECK(w.telemetry->alerts == alerts + 1);
  w.venue->fates["query_quote"].assign(1, Fate::lost());
  w.call(buy("b1", "NVDA"));
  CHECK(w.outcome("b1") == "no_op:quarantined");
  CHECK(w.venue->fates["query_quote"].size() == 1);
}

TEST_CASE("portfolio: a store that fails for long takes no position out, and none has to be let go by a person",
          "[actors][portfolio]") {
  DeskWorld w;
  w.reconcile_interval = std::chrono::hours{1};  // only the position stores
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "filled");
  w.store->fail_from = w.store->appends + 1;
  w.store->failures = JournalControl::never;
  for (int i = 0; i < 30; ++i) {
    w.system->send(w.desk.portfolio,
                   PositionNews{"NVDA", SetBlock{w.clock->now() + std::chrono::milliseconds{1}, "test"}});
    w.advance(seconds{10});
  }
  CHECK(w.telemetry->actor_restarts > 5);
  w.store->fail_from = JournalControl::never;
  w.advance(seconds{10});
  CHECK(w.telemetry->quarantined == 0);
  CHECK(w.phase("NVDA") == "Open");
  w.call(sell("s1", "NVDA"));
  CHECK(w.outcome("s1") == "closed");
  w.check_sane();
}

TEST_CASE("portfolio: a call that waits when the store fails is decided when it answers", "[actors][portfolio]") {
  DeskWorld w;
  w.reconcile_interval = std::chrono::hours{1};  // only the position stores
  w.start();
  w.call(sell("warm", "NVDA"));
  w.venue->fates["query_quote"] = {Fate::later()};
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "received");
  w.store->fail_from = w.store->appends + 1;
  w.store->failures = JournalControl::never;
  w.venue->answer_held();
  w.advance(seconds{120});
  CHECK(w.venue->submits.empty());
  w.store->fail_from = JournalControl::never;
  w.advance(seconds{20});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.finals(signal_of("b1")) == 1);
  w.check_sane();
}

TEST_CASE("portfolio: failures long ago are forgiven", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(sell("s1", "NVDA"));
  for (int i = 0; i < 6; ++i) {
    break_position(w, "NVDA", "broken" + std::to_string(i));
    w.advance(std::chrono::minutes{11});
  }
  CHECK(w.telemetry->actor_restarts == 6);
  CHECK(w.telemetry->quarantined == 0);
  w.call(buy("b1", "NVDA"));
  CHECK(w.outcome("b1") == "filled");
}

TEST_CASE("portfolio: an exit scan, and a kill, that came while a position was down are carried out at its start",
          "[actors][portfolio]") {
  const bool scan = GENERATE(true, false);
  DeskWorld w;
  w.reconcile_interval = std::chrono::hours{24};
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "filled");
  w.advance(std::chrono::hours{24 * 5});
  fell_position(w, "NVDA");
  if (scan) {
    const auto today = w.calendar->session_at_or_after(w.clock->now()).date;
    REQUIRE(w.position("NVDA")->due_session == today);
    w.system->send(w.desk.portfolio, ExitScanDue{today});
  } else {
    w.system->send(w.desk.governor, KillCommand{KillLevel::flatten, "anna", nullptr});
  }
  w.run();
  CHECK(w.trades().empty());
  w.advance(seconds{2});
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades().front().reason == (scan ? CloseReason::time_exit : CloseReason::risk_cutoff));
  w.check_sane();
}

TEST_CASE("portfolio: a state that cannot be read is quarantined, not guessed", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  auto row = *w.position("NVDA");
  w.crash();
  row.state = "{\"lots\":7}";
  Batch batch;
  batch.rows.emplace_back(row);
  Batch* batches[] = {&batch};
  REQUIRE(w.store->pair.writer->append(batches).ok());
  w.start();
  w.settle();
  CHECK(w.system->answer<std::string>(w.desk.portfolio, PositionInspect{"NVDA"}).find("stored state unreadable") !=
        std::string::npos);
  w.call(buy("b2", "NVDA"));
  CHECK(w.venue->submits.size() == 1);
}

TEST_CASE("portfolio: a strategy changed by a reload decides the next call", "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  w.call(sell("s0", "NVDA"));
  auto strategies = w.strategies;
  strategies["tube"].min_conviction = dec("0.9");
  w.system->send(w.desk.portfolio, Reconfigure{strategies});
  w.call(buy("b1", "NVDA"));
  w.call(buy("b2", "AMD"));
  CHECK(w.outcome("b1") == "no_op:low_conviction");
  CHECK(w.outcome("b2") == "no_op:low_conviction");
}

TEST_CASE("portfolio: an intent that cannot be stored is refused, not carried out, and may come again",
          "[actors][portfolio]") {
  DeskWorld w;
  w.start();
  auto open = w.intent("k1", IntentAction::open, "NVDA");
  open.size = Size{SizeKind::quantity, Quantity{10}, {}};
  Answers<IntentReceipt> first, second;
  Answers<Decision> decided;
  w.store->fail_next();
  w.submit(open, first.reply(), decided.reply());
  w.settle();
  CHECK(first.error().kind == ErrorKind::unavailable);
  CHECK(decided.error().kind == ErrorKind::unavailable);
  CHECK(w.venue->submits.empty());
  w.advance(seconds{2});
  w.submit(open, second.reply());
  w.settle();
  CHECK_FALSE(second.one().duplicate);
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "filled");
}

TEST_CASE("portfolio: what was reserved for an entry that is refused after all is given back",
          "[actors][portfolio]") {
  DeskWorld w;
  w.limits.open_positions_max = 1;
  w.start();
  w.call(sell("warm", "NVDA"));
  // Between risk's yes and the entry the symbol is quarantined.
  w.venue->fates["query_quote"] = {Fate::later()};
  w.call(buy("b1", "NVDA"));
  w.system->send(w.desk.portfolio, PositionNews{"NVDA", Quarantine{"test"}});
  w.settle();
  w.venue->answer_held();
  w.settle();
  CHECK(w.outcome("b1") == "no_op:quarantined");
  w.call(buy("b2", "AMD"));
  CHECK(w.outcome("b2") == "filled");
}
