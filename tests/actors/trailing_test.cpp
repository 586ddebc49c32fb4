// A trailing stop through the whole desk: the price is asked for while there is something to follow, and then no
// more.
#include "tests/actors/support/desk.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

std::optional<Price> stop_of(DeskWorld& w) {
  const auto row = w.position("NVDA");
  return row ? row->stop_price : std::nullopt;
}

}  // namespace

TEST_CASE("trailing: the stop follows the price, also after a restart, and nobody asks when it is over",
          "[actors][trailing]") {
  DeskWorld w;
  w.start();
  auto open = w.intent("k1", IntentAction::open, "NVDA");
  open.side = Side::buy;
  open.size = Size{SizeKind::quantity, Quantity{10}, {}};
  open.protection.stop = Level{LevelKind::percent, Decimal{8}};
  open.protection.target = Level{LevelKind::percent, Decimal{50}};
  open.protection.trailing = true;
  w.submit(open);
  w.settle();
  REQUIRE(stop_of(w) == Price{92});
  w.venue->set_price("NVDA", "110");
  w.advance(seconds{10});
  CHECK(stop_of(w) == Decimal::parse("101.2").value());
  w.venue->set_price("NVDA", "105");
  w.advance(seconds{10});
  CHECK(stop_of(w) == Decimal::parse("101.2").value());
  w.crash();
  w.start();
  w.venue->set_price("NVDA", "120");
  w.advance(seconds{10});
  CHECK(stop_of(w) == Decimal::parse("110.4").value());
  w.venue->fill("NVDA", Leg::stop_loss);
  w.settle();
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].subreason == "TRAILING_STOP_HIT");
  w.advance(seconds{10});
  const auto asked = w.venue->count("query_quote");
  w.advance(minutes{2});
  CHECK(w.venue->count("query_quote") == asked);
  w.check_sane();
}
