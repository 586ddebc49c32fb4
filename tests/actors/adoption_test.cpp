// A person takes over what somebody else holds: through the whole desk, with questions that fail and restarts.
#include "tests/actors/support/desk.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::seconds;

namespace {

Intent adoption(const DeskWorld& w, const std::string& key, std::optional<Quantity> quantity = {}) {
  auto out = w.intent(key, IntentAction::adopt, "NVDA");
  if (quantity)
    out.size = Size{SizeKind::quantity, *quantity, {}};
  return out;
}

// Ten shares that no order of ours explains, seen by the reconciler.
void somebody_holds_ten(DeskWorld& w) {
  w.venue->move_position("NVDA", Quantity{10});
  w.advance(seconds{90});
  const auto row = w.position("NVDA");
  REQUIRE(row.has_value());
  REQUIRE(row->strategies == "external");
}

}  // namespace

TEST_CASE("adoption: taken over, remembered over a restart, closed by its new owner", "[actors][adoption]") {
  DeskWorld w;
  w.start();
  somebody_holds_ten(w);
  CHECK(w.venue->submits.empty());
  w.submit(adoption(w, "k1"));
  w.settle();
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "filled");
  CHECK(w.position("NVDA")->protected_quantity == Quantity{10});
  const auto placed = w.venue->submits.size();
  if (GENERATE(false, true)) {
    w.crash();
    w.start();
    w.advance(seconds{60});
  }
  w.submit(adoption(w, "k1"));  // the same again
  w.submit(adoption(w, "k2"));  // and another: nothing is left
  w.settle();
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "no_op:nothing_external");
  CHECK(w.venue->submits.size() == placed);
  CHECK(w.position("NVDA")->strategies == "tube");
  w.call(sell("s1", "NVDA"));
  w.settle();
  CHECK(w.outcome("s1") == "closed");
  CHECK(w.venue->position("NVDA").is_zero());
  CHECK(w.venue->working("NVDA") == 0);
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].strategy == StrategyId{"tube"});
  w.check_sane();
}

TEST_CASE("adoption: questions that fail are asked again, and then it has failed", "[actors][adoption]") {
  DeskWorld w;
  w.start();
  somebody_holds_ten(w);
  SECTION("once") {
    const auto* question = GENERATE("query_open_orders", "query_position");
    w.venue->fates[question] = {Fate::lost()};
    w.submit(adoption(w, "k1", Quantity{4}));
    w.advance(seconds{30});
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "filled");
    CHECK(w.position("NVDA")->protected_quantity == Quantity{4});
  }
  SECTION("for ever") {
    w.venue->always["query_open_orders"] = Fate::lost();
    w.submit(adoption(w, "k1"));
    w.advance(seconds{120});
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "failed:holdings");
    CHECK(w.venue->submits.empty());
  }
  w.check_sane();
}

TEST_CASE("adoption: whom it is for has to be known, and to trade", "[actors][adoption]") {
  DeskWorld w;
  w.start();
  somebody_holds_ten(w);
  auto intent = adoption(w, "k1");
  intent.strategy = "tubes";
  w.submit(intent);
  intent = adoption(w, "k2");
  intent.strategy = "manual";
  w.submit(intent);
  w.settle();
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "invalid:strategy");
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "invalid:protection");
  CHECK(w.venue->submits.empty());
  w.check_sane();
}

TEST_CASE("external: a contract is counted at its multiplier, however soon it is heard of", "[actors][adoption]") {
  DeskWorld w;
  w.venue->multipliers["NVDA"] = Decimal{50};
  w.venue->move_position("NVDA", Quantity{2});
  w.start();
  w.advance(seconds{90});
  const auto row = w.position("NVDA");
  REQUIRE(row.has_value());
  CHECK(row->quantity == Quantity{2});
  CHECK(row->cost == row->avg_price * Decimal{100});
  w.crash();
  w.start();
  w.advance(seconds{90});
  CHECK(w.position("NVDA")->cost == row->cost);
}
