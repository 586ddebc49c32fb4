// The journal is gone and the account is not: through the whole desk, ownership comes back from the broker's lists.
#include "tests/actors/support/desk.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// What rests at the venue, by name: "heed1.tube.sl.abc 10".
std::vector<std::string> resting(DeskWorld& w, const Symbol& symbol) {
  std::vector<std::string> out;
  for (const auto& order : w.venue->book(symbol).orders)
    if (NaiveVenue::working(order))
      out.push_back(order.made.client_order_id.str() + " " + NaiveVenue::open(order).str());
  return out;
}

void lose_journal(DeskWorld& w) {
  w.crash();
  w.store = std::make_shared<JournalControl>();
}

}  // namespace

TEST_CASE("rebuild: with an empty journal, what is held under our names is managed again", "[actors][rebuild]") {
  DeskWorld w;
  w.start();
  w.call(buy("m1", "NVDA"));
  w.call(buy("m2", "AMD"));
  w.settle();
  REQUIRE(w.outcome("m1") == "filled");
  const auto exits = resting(w, "NVDA");
  const auto quantity = w.held("NVDA");
  REQUIRE(exits.size() == 2);
  w.venue->fill("AMD", Leg::take_profit);
  w.settle();
  lose_journal(w);
  const auto submitted = w.venue->submits.size();
  w.start();
  w.call(sell("s0", "MSFT"));  // nothing is decided before
  w.advance(seconds{5});
  CHECK(w.venue->asked_since <= w.clock->now() - hours{24 * 99});
  CHECK(resting(w, "NVDA") == exits);
  CHECK(w.venue->submits.size() == submitted);
  REQUIRE(w.position("NVDA").has_value());
  CHECK(w.position("NVDA")->strategies == "tube");
  CHECK(w.position("NVDA")->protected_quantity == quantity);
  CHECK(w.position("NVDA")->due_session.has_value());
  CHECK(w.phase("AMD") == "Flat");
  CHECK(w.outcome("s0") == "no_op:not_held");
  const auto known = w.orders().size();
  CHECK(known == 6);
  if (GENERATE(false, true)) {
    w.crash();
    w.start();
    w.advance(seconds{60});
    CHECK(w.venue->asked_since >= w.clock->now() - hours{25});  // as after any start
    CHECK(resting(w, "NVDA") == exits);
  }
  w.advance(seconds{90});
  CHECK(w.orders().size() == known);
  for (const auto* key : {"m1", "m2"}) {  // the source tells it again
    w.call(buy(key, key == std::string{"m1"} ? "NVDA" : "AMD"));
    w.settle();
    CHECK(w.outcome(key) == "filled");
  }
  CHECK(w.venue->submits.size() == submitted);
  w.call(sell("s1", "NVDA"));
  w.settle();
  CHECK(w.outcome("s1") == "closed");
  CHECK(w.venue->position("NVDA").is_zero());
  CHECK(w.venue->working("NVDA") == 0);
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].strategy == StrategyId{"tube"});
  w.check_sane();
}

TEST_CASE("rebuild: at any commit of it the process may end", "[actors][rebuild]") {
  const auto commit = GENERATE(range(1, 12));
  INFO("dies at commit " << commit);
  DeskWorld w;
  w.start();
  for (const auto* symbol : {"NVDA", "AMD", "MSFT"})
    w.call(buy(std::string{"m-"} + symbol, symbol));
  w.settle();
  const auto exits = resting(w, "AMD");
  lose_journal(w);
  w.store->after_append = [&, count = 0]() mutable { w.crashed = ++count == commit; };
  w.start();
  w.advance(seconds{5});
  w.store->after_append = nullptr;
  w.crash();
  w.start();
  w.advance(seconds{30});
  for (const auto* symbol : {"NVDA", "AMD", "MSFT"}) {
    CHECK(w.position(symbol)->strategies == "tube");
    CHECK(w.position(symbol)->protected_quantity == w.venue->position(symbol));
  }
  CHECK(resting(w, "AMD") == exits);
  w.check_sane();
}

TEST_CASE("rebuild: names of strategies that do not trade here are left alone, and told once", "[actors][rebuild]") {
  DeskWorld w;
  w.start();
  w.call(buy("m1", "NVDA"));
  w.settle();
  const auto exits = resting(w, "NVDA");
  lose_journal(w);
  w.strategies.erase("tube");
  w.followers = {{"other", {{"paper", "slow"}}}};
  const auto submitted = w.venue->submits.size();
  w.start();
  w.advance(seconds{120});
  CHECK(w.position("NVDA")->strategies == "external");
  CHECK(resting(w, "NVDA") == exits);
  CHECK(w.venue->submits.size() == submitted);
  const auto alerts = w.telemetry->alerts.load();
  w.advance(seconds{300});
  CHECK(w.telemetry->alerts.load() == alerts);
  w.check_sane();
}

TEST_CASE("rebuild: a position that moves meanwhile is looked at until it rests", "[actors][rebuild]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.policy.partial_grace = hours{1};
  w.start();
  w.call(buy("m1", "NVDA"));
  w.settle();
  lose_journal(w);
  w.start();
  w.venue->fill("NVDA", Leg::entry, Quantity{3});
  w.advance(seconds{1});
  w.venue->fill("NVDA", Leg::entry, Quantity{2});
  w.advance(seconds{20});
  CHECK(w.held("NVDA") == Quantity{5});
  w.venue->fill("NVDA", Leg::entry);
  w.advance(seconds{20});
  CHECK(w.held("NVDA") == w.venue->position("NVDA"));
  CHECK(w.position("NVDA")->strategies == "tube");
  CHECK(w.position("NVDA")->protected_quantity == w.held("NVDA"));
  w.check_sane();
}
