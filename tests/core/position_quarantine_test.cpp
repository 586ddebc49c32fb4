// A position that is set apart: what rests at the venue meanwhile, and what a person is told.
#include "tests/core/position_holding.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("quarantine: where the broker is on the other side, no exit is sent, and none stays",
          "[core][position][failure]") {
  const auto can = GENERATE(from_range(every_venue()));
  const auto broker = GENERATE(Decimal{-10}, Decimal{-4}, Decimal{-25});
  const bool by_close = GENERATE(false, true);
  INFO(can.name << " " << broker.str() << " " << by_close);
  auto w = holding(can, Side::buy, 10_d);
  w.venue.position = broker;
  if (by_close)
    w.feed(w.close());
  else
    w.feed(Quarantine{"books 10, broker " + broker.str(), broker});
  w.pass(seconds{60});
  CHECK(phase(w.state) == Phase::quarantined);
  CHECK(w.exits_text().empty());
  const auto submitted = w.submitted.size();
  w.crash();
  w.restart();
  w.pass(seconds{600});
  CHECK(w.submitted.size() == submitted);
  CHECK_FALSE(w.alerted("PROTECTION_REFUSED"));
  CHECK_FALSE(w.alerted("PROTECTION_IMPOSSIBLE"));
  w.venue.position = 10_d;
  w.feed(LiftQuarantine{"reconciler", true});
  w.calm();
  CHECK(w.only(Leg::stop_loss).now.quantity == 10_d);
  CHECK(w.venue.breaches.empty());
}

TEST_CASE("quarantine: a difference takes no exit away, unless the position is on the other side",
          "[core][position][failure]") {
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  const auto exits = w.exits_text();
  for (const auto broker : {0_d, 6_d, 14_d}) {
    w.feed(Quarantine{"books 10, broker " + broker.str(), broker});
    w.pass(seconds{60});
    CHECK(w.exits_text() == exits);
  }
  w.feed(Quarantine{"books 10, broker -6", Decimal{-6}});  // it moves on
  w.venue.position = Decimal{-6};
  w.pass(seconds{60});
  CHECK(w.exits_text().empty());
  CHECK(phase(w.state) == Phase::quarantined);
}

TEST_CASE("quarantine: shares are consolidated while an exit is in doubt", "[core][position][failure]") {
  const auto can = GENERATE(alpaca_like(), plain_like());
  INFO(can.name);
  World w{can};
  w.feed(w.entry(Side::buy, 10_d, 95_d, 110_d));
  w.calm();
  w.fill(Leg::entry, 10_d, 100_d);
  w.calm();
  ModifyProtection modify;
  modify.intent = w.intent(IntentAction::modify_protection, "strat");
  modify.stop = 96_d;
  modify.target = 110_d;
  for (const auto leg : {Leg::stop_loss, Leg::take_profit})
    for (auto* order : w.working(leg))
      w.venue.end(*order, OrderStatus::canceled);  // taken away, and placed anew ...
  w.faults.lost_before = 1000;                     // ... which nobody hears of
  w.collect();
  while (!w.inbox.empty() && !std::holds_alternative<OrderInDoubt>(w.inbox.front()))
    w.deliver();
  w.venue.position = 1_d;  // one for ten
  w.faults.lost_before = 0;
  w.pass(seconds{180});
  CHECK(phase(w.state) == Phase::quarantined);
  CHECK(w.state.quarantine.find("books 10, broker 1") != std::string::npos);
  CHECK(std::ranges::count(w.alerts, "QUARANTINED", &RaiseAlert::code) == 1);
  const auto told = std::ranges::find(w.alerts, "QUARANTINED", &RaiseAlert::code)->text;
  CHECK(told.find("split of 1 for 10") != std::string::npos);
  CHECK(told.find("(in doubt)") != std::string::npos);
  CHECK(w.feed(w.entry(Side::buy, 1_d, 95_d, 110_d)).answer.str() == "no_op:quarantined");
  w.venue.position = 10_d;  // as it was: the doubt ends, and what is held is protected
  w.pass(seconds{120});
  CHECK_FALSE(busy(w.state));
  w.feed(LiftQuarantine{"reconciler", true});
  w.pass(seconds{5});
  CHECK(phase(w.state) == Phase::open);
  CHECK(to_row(w.state, w.context).protected_quantity == 10_d);
}

TEST_CASE("quarantine: the alert says where exits rest, and what looks like a split", "[core][position][failure]") {
  const auto [broker, words] = GENERATE(std::pair{20_d, "split of 2 for 1"}, std::pair{15_d, "split of 3 for 2"},
                                        std::pair{5_d, "split of 1 for 2"}, std::pair{1_d, "split of 1 for 10"},
                                        std::pair{13_d, ""}, std::pair{-20_d, ""});
  INFO(broker.str());
  auto w = holding(alpaca_like(), Side::buy, 10_d);
  w.feed(Quarantine{"they differ", broker});
  const auto told = std::ranges::find(w.alerts, "QUARANTINED", &RaiseAlert::code)->text;
  CHECK(told.find("at work: target 10 at 110, stop 10 at 95") != std::string::npos);
  CHECK((told.find("split") != std::string::npos) == (std::string{words} != ""));
  CHECK(told.find(words) != std::string::npos);
}
