#include "market.hpp"

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;
using Lines = std::vector<std::string>;

TEST_CASE("a bracket's exits are held until the entry is wholly filled; then the target works and the stop is held") {
  Market m;
  m.opened();
  OrderRequest r = with_exits(limit(Side::buy, 10_d, 99_d, Tif::gtc), Class::bracket, 110_d, 90_d);
  const auto entry = m.accept(r);
  const auto target = m.order(entry).take_profit;
  const auto stop_leg = m.order(entry).stop_loss;
  CHECK(m.status(target) == "held");
  CHECK(m.status(stop_leg) == "held");
  CHECK(m.position().held().is_zero());
  m.happened();
  m.slide("AAPL", 98_d);
  CHECK(m.happened() == Lines{"fill 0 10@99", "new 1"});
  CHECK(m.status(target) == "new");
  CHECK(m.status(stop_leg) == "held");
  CHECK(m.position().held() == 10_d);
  CHECK(m.position().available().is_zero());
}

TEST_CASE("the target's fill cancels the stop in silence") {
  Market m;
  m.opened();
  const auto entry = m.accept(bracket(10_d, 110_d, 90_d));
  m.happened();
  m.slide("AAPL", 112_d);
  CHECK(m.happened() == Lines{"fill 1 10@110"});
  CHECK(m.status(m.order(entry).stop_loss) == "canceled");
  CHECK(m.position().qty.is_zero());
  CHECK(m.position().held().is_zero());
}

TEST_CASE("the stop's election replaces the target, and both are told") {
  Market m;
  m.opened();
  const auto entry = m.accept(bracket(10_d, 110_d, 90_d));
  m.happened();
  m.slide("AAPL", 85_d);
  CHECK(m.happened() == Lines{"replaced 1", "new 2", "fill 2 10@90"});
  CHECK(m.status(m.order(entry).take_profit) == "replaced");
  CHECK(m.order(m.order(entry).take_profit).replaced_by == no_order);
  CHECK(m.status(m.order(entry).stop_loss) == "filled");
  CHECK(m.position().qty.is_zero());
}

TEST_CASE("an entry and its stop can both trade on one way down") {
  Market m;
  m.opened();
  m.accept(with_exits(limit(Side::buy, 10_d, 95_d, Tif::gtc), Class::bracket, 110_d, 90_d));
  m.happened();
  m.slide("AAPL", 88_d);
  CHECK(m.happened() == Lines{"fill 0 10@95", "new 1", "replaced 1", "new 2", "fill 2 10@90"});
}

TEST_CASE("a partly filled entry leaves its shares naked, also when its rest is cancelled") {
  auto options = Market::plain();
  options.partial_fill_percent = 100;
  Market m{options};
  m.opened();
  const auto entry = m.accept(with_exits(limit(Side::buy, 20_d, 100_d, Tif::gtc), Class::bracket, 110_d, 90_d));
  REQUIRE(m.status(entry) == "partially_filled");
  CHECK(m.status(m.order(entry).take_profit) == "held");
  CHECK(m.status(m.order(entry).stop_loss) == "held");
  m.cancel(entry);
  CHECK(m.status(entry) == "canceled");
  CHECK(m.status(m.order(entry).take_profit) == "canceled");
  CHECK(m.status(m.order(entry).stop_loss) == "canceled");
  CHECK(m.position().qty == m.order(entry).filled_qty);
  CHECK(m.position().available() == m.position().qty);
}

TEST_CASE("a partial fill of the target shrinks the stop to the rest") {
  auto options = Market::plain();
  Market m{options};
  m.opened();
  auto partial = Market::plain();
  partial.partial_fill_percent = 100;
  Market p{partial};
  p.opened();
  const auto entry = p.accept(bracket(2_d, 110_d, 90_d));
  p.engine.advance_to(at(9, 32));
  REQUIRE(p.status(entry) == "filled");
  p.price("AAPL", 110_d);
  const auto target = p.order(entry).take_profit;
  const auto stop_leg = p.order(entry).stop_loss;
  REQUIRE(p.status(target) == "partially_filled");
  CHECK(p.order(stop_leg).qty == p.order(target).remaining());
  p.price("AAPL", 85_d);  // before the rest of the target is looked at again
  CHECK(p.status(target) == "replaced");
  CHECK(p.status(stop_leg) == "filled");
  CHECK(p.position().qty.is_zero());
  CHECK(p.ledger.book(0).positions.at("#0").qty.is_zero());
}

TEST_CASE("cancelling any member of a group cancels the others") {
  for (const int which : {0, 1, 2}) {
    CAPTURE(which);
    Market m;
    m.opened();
    const auto entry = m.accept(with_exits(limit(Side::buy, 1_d, 95_d), Class::bracket, 110_d, 90_d));
    m.cancel(entry + static_cast<OrderIndex>(which));
    for (OrderIndex i = 0; i < 3; ++i)
      CHECK(m.status(i) == "canceled");
  }
  Market m;
  m.opened();
  m.accept(bracket(10_d, 110_d, 90_d));
  m.happened();
  m.cancel(2);  // the held stop of a filled entry
  CHECK(m.happened() == Lines{"canceled 1", "canceled 2"});
  CHECK(m.status(0) == "filled");
  CHECK(m.position().available() == 10_d);
}

TEST_CASE("day brackets expire with all their legs") {
  Market m;
  m.opened();
  m.accept(bracket(10_d, 110_d, 90_d, Tif::day));
  m.happened();
  m.engine.advance_to(at(16, 0));
  CHECK(m.happened() == Lines{"expired 1", "expired 2"});
  CHECK(m.position().available() == 10_d);
}

TEST_CASE("OCO: the target is the parent, the pair holds the shares once, one ends the other") {
  struct Row {
    Price to;
    const char* target;
    const char* stop_leg;
    Lines events;
  };
  const Row rows[] = {{110_d, "filled", "canceled", {"fill 1 10@110"}},
                      {90_d, "replaced", "filled", {"replaced 1", "new 2", "fill 2 10@90"}}};
  for (const auto& row : rows) {
    Market m;
    m.opened();
    m.accept(market(Side::buy, 10_d));
    const auto target = m.accept(oco(10_d, 110_d, 90_d));
    CHECK(m.order(target).role == Role::take_profit);
    CHECK(m.order(m.order(target).stop_loss).parent == target);
    CHECK(m.status(m.order(target).stop_loss) == "held");
    CHECK(m.position().held() == 10_d);
    m.happened();
    m.slide("AAPL", row.to);
    CHECK(m.happened() == row.events);
    CHECK(m.status(target) == row.target);
    CHECK(m.status(m.order(target).stop_loss) == row.stop_leg);
    CHECK(m.position().qty.is_zero());
    CHECK(m.position().selling.is_zero());
  }
}

TEST_CASE("an OCO that waits overnight is armed at the open") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 10_d));
  m.engine.advance_to(at(17, 0));
  const auto target = m.accept(oco(10_d, 110_d, 90_d));
  CHECK(m.status(target) == "accepted");
  CHECK(m.position().held() == 10_d);
  m.engine.advance_to(at(9, 31, 0, 1));
  CHECK(m.status(target) == "new");
  m.price("AAPL", 80_d);
  CHECK(m.order(m.order(target).stop_loss).filled_value == 800_d);
}

TEST_CASE("OTO has one exit, which works once the entry has filled") {
  Market m;
  m.opened();
  const auto entry = m.accept(with_exits(market(Side::buy, 5_d), Class::oto, std::nullopt, 90_d));
  const auto exit = m.order(entry).stop_loss;
  CHECK(m.order(entry).take_profit == no_order);
  CHECK(m.status(exit) == "new");
  CHECK(m.position().held() == 5_d);
  m.slide("AAPL", 90_d);
  CHECK(m.status(exit) == "filled");
}

TEST_CASE("a short bracket is the mirror image") {
  Market m;
  m.opened();
  const auto entry = m.accept(with_exits(market(Side::sell, 10_d), Class::bracket, 90_d, 110_d));
  CHECK(m.position().qty == -10_d);
  CHECK(m.position().held() == 10_d);
  CHECK(m.order(m.order(entry).stop_loss).intent == Intent::buy_to_close);
  m.slide("AAPL", 111_d);
  CHECK(m.order(m.order(entry).stop_loss).filled_value == 1100_d);
  CHECK(m.position().qty.is_zero());
  CHECK(m.account().cash == 99'900_d);
}

TEST_CASE("replace: a new order takes the old one's place") {
  Market m;
  m.opened();
  const auto old = m.accept(limit(Side::buy, 10_d, 95_d));
  m.happened();
  ReplaceRequest change;
  change.limit_price = 96_d;
  change.qty = 12_d;
  const auto next = m.replace(old, change);
  CHECK(m.happened() == Lines{"replaced 0", "new 1"});
  CHECK(m.status(old) == "replaced");
  CHECK(m.order(old).replaced_by == next);
  CHECK(m.order(next).replaces == old);
  CHECK(m.account().reserved == 1152_d);
  m.slide("AAPL", 90_d);
  CHECK(m.order(next).filled_value == 1152_d);
  CHECK(m.order(old).filled_qty.is_zero());
}

TEST_CASE("replace of a bracket's legs keeps the group together") {
  Market m;
  m.opened();
  const auto entry = m.accept(bracket(10_d, 110_d, 90_d));
  ReplaceRequest lower;
  lower.stop_price = 95_d;
  const auto new_stop = m.replace(m.order(entry).stop_loss, lower);
  CHECK(m.status(new_stop) == "held");
  CHECK(m.order(entry).stop_loss == new_stop);
  ReplaceRequest higher;
  higher.limit_price = 120_d;
  const auto new_target = m.replace(m.order(entry).take_profit, higher);
  CHECK(m.status(new_target) == "new");
  CHECK(m.position().held() == 10_d);
  m.slide("AAPL", 94_d);
  CHECK(m.status(new_target) == "replaced");
  CHECK(m.order(new_stop).filled_value == 950_d);
  CHECK(m.position().selling.is_zero());
}

TEST_CASE("replace of a waiting bracket's entry and of its unarmed leg") {
  Market m;
  m.opened();
  const auto entry = m.accept(with_exits(limit(Side::buy, 1_d, 95_d), Class::bracket, 110_d, 80_d));
  ReplaceRequest change;
  change.stop_price = 85_d;
  const auto leg = m.replace(m.order(entry).stop_loss, change);
  ReplaceRequest up;
  up.limit_price = 96_d;
  const auto next = m.replace(entry, up);
  CHECK(m.order(leg).parent == next);
  CHECK(m.order(next).stop_loss == leg);
  m.slide("AAPL", 84_d);
  CHECK(m.order(next).filled_value == 96_d);
  CHECK(m.order(leg).filled_value == 85_d);
  CHECK(m.position().qty.is_zero());
}

TEST_CASE("with a slow venue a cancel and a replace are pending, and can lose their race") {
  auto options = Market::plain();
  options.venue_delay = std::chrono::seconds{2};
  Market m{options};
  m.opened();
  const auto a = m.accept(limit(Side::buy, 1_d, 95_d));
  const auto b = m.accept(limit(Side::buy, 1_d, 95_d));
  const auto c = m.accept(limit(Side::buy, 1_d, 80_d));
  m.cancel(a);
  CHECK(m.status(a) == "pending_cancel");
  CHECK(m.engine.cancel(a)->message == "order is already in \"pending_cancel\" state");
  ReplaceRequest change;
  change.limit_price = 94_d;
  const auto next = m.replace(b, change);
  CHECK(m.status(b) == "pending_replace");
  CHECK(m.status(next) == "pending_new");
  CHECK(m.engine.cancel(b)->message == "order is already in \"pending_replace\" state");
  m.cancel(c);
  m.happened();
  m.slide("AAPL", 95_d);
  CHECK(m.happened() == Lines{"fill 0 1@95", "fill 1 1@95"});
  m.engine.advance_to(at(9, 31, 2));
  CHECK(m.happened() == Lines{"order_replace_rejected 1", "rejected 3", "canceled 2"});
  CHECK(m.status(a) == "filled");
  CHECK(m.status(next) == "rejected");
  CHECK(m.account().reserved.is_zero());
}
