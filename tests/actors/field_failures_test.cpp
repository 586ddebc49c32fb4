// Failures that were seen in other programs of this kind, each as a test of the whole desk: what Heed does in the
// same place. docs/promises.md lists them.
#include "support/desk.hpp"

#include <set>

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// What the venue says of its executions, as a stream or a listing brings them.
std::vector<OrderReport> executions_of(DeskWorld& w) {
  std::vector<OrderReport> told;
  w.venue->query_fills({}, [&](const Result<std::vector<OrderReport>>& result) {
    REQUIRE(result.ok());
    told = result.value();
  });
  return told;
}

/// What the venue says of its orders when it is asked: totals, without executions.
std::vector<OrderReport> totals_of(DeskWorld& w) {
  std::vector<OrderReport> told;
  w.venue->query_orders({}, [&](const Result<std::vector<OrderReport>>& result) {
    REQUIRE(result.ok());
    told = result.value();
  });
  return told;
}

Quantity bought(DeskWorld& w) {
  Quantity sum;
  for (const auto& fill : w.fills())
    if (fill.side == Side::buy)
      sum += fill.quantity;
  return sum;
}

std::set<std::string> names_sent(DeskWorld& w) {
  std::set<std::string> names;
  for (const auto& order : w.venue->submits)
    names.insert(order.client_order_id.str());
  return names;
}

Intent short_of(DeskWorld& w, const std::string& key, int quantity) {
  auto open = w.intent(key, IntentAction::open, "NVDA");
  open.side = Side::sell;
  open.size = Size{SizeKind::quantity, Quantity{quantity}, {}};
  open.protection.stop = Level{LevelKind::percent, Decimal{8}};
  open.protection.target = Level{LevelKind::percent, Decimal{20}};
  return open;
}

}  // namespace

TEST_CASE("seen elsewhere 01: a submit that timed out is no failure, and is not sent again while it may live",
          "[actors][field]") {
  DeskWorld w;
  w.venue->mute = true;
  w.venue->fills_market_orders = false;
  w.start();
  w.venue->fates["submit"] = {Fate::answer_lost()};
  w.venue->always["query_order"] = Fate::lost();
  w.venue->always["query_orders"] = Fate::lost();
  w.call(buy("b1", "NVDA"));
  w.advance(minutes{10});
  CHECK(w.outcome("b1") == "unknown");
  CHECK(w.venue->submits.size() == 1);
  w.venue->always.clear();
  w.advance(minutes{2});
  CHECK(w.outcome("b1") == "in_flight");  // adopted
  w.venue->fill("NVDA", Leg::entry);
  w.advance(minutes{2});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.venue->count("submit heed1.tube.en") == 1);
  CHECK(w.held("NVDA") == Quantity{30});
  CHECK(w.venue->position("NVDA") == Quantity{30});
  CHECK(w.finals(signal_of("b1")) == 1);
  w.check_sane();
}

TEST_CASE("seen elsewhere 02: fills that are told again after a restart are booked already", "[actors][field]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->fill("NVDA", Leg::entry, Quantity{10});
  w.venue->fill("NVDA", Leg::entry, Quantity{20});
  w.settle();
  REQUIRE(w.held("NVDA") == Quantity{30});
  const auto rows = w.fills().size();
  w.crash();
  w.start();
  w.settle();
  for (int again = 0; again < 3; ++again) {
    const auto told = executions_of(w);
    REQUIRE(told.size() == 2);
    for (const auto& report : told)
      w.venue->tell_order(report);
    w.advance(seconds{40});
  }
  CHECK(w.held("NVDA") == Quantity{30});
  CHECK(w.fills().size() == rows);
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.trades().empty());
  w.check_sane();
}

TEST_CASE("seen elsewhere 03: a difference of positions makes no orders and no fills up", "[actors][field]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.held("NVDA") == Quantity{30});
  const auto orders = w.orders().size(), fills = w.fills().size(), sent = w.venue->submits.size();
  const auto by = GENERATE(-4, 4, -30, -60);
  INFO(by);
  w.venue->move_position("NVDA", Quantity{by});
  w.venue->move_position("GLD", Quantity{by});
  w.advance(minutes{5});
  w.crash();
  w.start();
  w.advance(minutes{5});
  CHECK(w.orders().size() == orders);
  CHECK(w.fills().size() == fills);
  CHECK(w.venue->submits.size() == sent);
  // Exits would add to what is on the other side.
  CHECK(w.venue->working("NVDA") == (by == -60 ? 0U : 2U));
  CHECK(w.trades().empty());
  for (const auto& order : w.orders())
    CHECK(w.venue->book(order.symbol).find(order.client_order_id) != nullptr);
}

TEST_CASE("seen elsewhere 04: every order that works is listed after a kill, though the broker is silent",
          "[actors][field]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->fills_market_orders = false;
  w.call(buy("b2", "AMD"));
  const auto working = [&] {
    ListFilter live = everything();
    live.status = "live";
    std::set<std::string> names;
    for (const auto& order : all(w.reader().orders(live)))
      names.insert(order.client_order_id.str());
    return names;
  };
  const auto before = working();
  CHECK(before.size() == 5);  // two exits of the one, entry and two sleeping legs of the other
  w.crash();
  CHECK(working() == before);
  w.venue->always["query_order"] = w.venue->always["query_orders"] = Fate::lost();
  w.venue->link_at_start = false;
  w.start();
  w.advance(minutes{2});
  CHECK(working() == before);
  w.venue->always.clear();
  w.venue->link(true);
  w.advance(minutes{2});
  CHECK(working() == before);
  CHECK(w.venue->working("NVDA") + w.venue->working("AMD") == before.size());
  CHECK(w.venue->submits.size() == 2);
}

TEST_CASE("seen elsewhere 05: a fill that had to be inferred has the same id in every run", "[actors][field]") {
  const auto ids = [](bool restarts, seconds look) {
    DeskWorld w;
    w.venue->fills_market_orders = false;
    w.reconcile_interval = look;
    w.policy.partial_grace = hours{1};
    w.start();
    w.venue->mute = true;
    w.venue->always["query_fills"] = Fate::lost();  // no executions from anywhere: totals are all there is
    w.call(buy("b1", "NVDA"));
    w.venue->fill("NVDA", Leg::entry, Quantity{10});
    w.advance(look + seconds{2});
    if (restarts) {
      w.crash();
      w.clock->set(w.clock->now() + minutes{7});
      w.start();
      w.advance(look + seconds{2});
    }
    w.venue->fill("NVDA", Leg::entry, Quantity{20});
    w.advance(look + look + seconds{2});
    CHECK(w.held("NVDA") == Quantity{30});
    std::set<std::string> out;
    for (const auto& fill : w.fills()) {
      CHECK(fill.inferred);
      CHECK(out.insert(fill.execution_id.str()).second);
    }
    CHECK(out.size() == 2);
    return out;
  };
  const auto first = ids(false, seconds{30});
  CHECK(ids(false, seconds{30}) == first);
  CHECK(ids(false, seconds{47}) == first);
  CHECK(ids(true, seconds{30}) == first);
}

TEST_CASE("seen elsewhere 06: an execution that comes after its fill was inferred is not a second fill",
          "[actors][field]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->mute = true;
  w.venue->fill("NVDA", Leg::entry, Quantity{10}, Price{99});
  w.venue->fill("NVDA", Leg::entry, Quantity{20}, Price{102});
  w.advance(seconds{35});
  REQUIRE(w.held("NVDA") == Quantity{30});  // inferred from the total
  auto real = executions_of(w);
  REQUIRE(real.size() == 2);
  if (GENERATE(false, true))
    std::swap(real[0], real[1]);
  for (int again = 0; again < 2; ++again)
    for (const auto& report : real) {
      w.venue->tell_order(report);
      w.settle();
      CHECK(w.held("NVDA") == Quantity{30});
      CHECK(bought(w) == Quantity{30});
    }
  w.venue->mute = false;
  w.venue->fill("NVDA", Leg::take_profit);
  w.advance(seconds{35});
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].pnl == Money{30 * 120 - 10 * 99 - 20 * 102});
  w.check_sane();
}

TEST_CASE("seen elsewhere 07: however often its fate cannot be learned, a live order is not declared dead",
          "[actors][field]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.venue->mute = true;
  w.start();
  w.venue->fates["submit"] = {Fate::answer_lost()};
  const auto silence = GENERATE(0, 1, 2);
  const auto fate = silence == 0   ? Fate::lost()
                    : silence == 1 ? Fate::not_sent()
                                   : Fate::refused("50000000", "internal error");
  w.venue->always["query_order"] = w.venue->always["query_orders"] = fate;
  w.call(buy("b1", "NVDA"));
  for (int hour = 0; hour < 5; ++hour) {
    w.advance(hours{1});
    INFO(hour);
    REQUIRE(w.outcome("b1") == "unknown");
    for (const auto& order : w.orders())
      CHECK_FALSE(is_terminal(order.status));
    CHECK(w.venue->submits.size() == 1);
  }
  w.venue->always.clear();
  w.venue->mute = false;
  w.venue->fill("NVDA", Leg::entry);
  w.advance(minutes{2});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.held("NVDA") == Quantity{30});
}

TEST_CASE("seen elsewhere 08: a position of the other sign is a difference, and the same sign is none",
          "[actors][field]") {
  DeskWorld w;
  w.start();
  w.submit(short_of(w, "k1", 3));
  w.settle();
  REQUIRE(w.held("NVDA") == Quantity{-3});
  w.advance(minutes{2});
  CHECK(w.phase("NVDA") == "Open");
  CHECK(w.telemetry->quarantined == 0);
  const auto sent = w.venue->submits.size();
  w.venue->move_position("NVDA", Quantity{6});  // +3: equal in size
  w.advance(minutes{2});
  CHECK(w.phase("NVDA") == "Quarantined");
  CHECK(w.held("NVDA") == Quantity{-3});
  w.submit(w.intent("k2", IntentAction::close, "NVDA"));
  w.advance(minutes{2});
  // No close goes out: neither a buy that adds nor a sell that guesses. Exits are tried, by the books, and refused.
  for (auto i = sent; i < w.venue->submits.size(); ++i)
    CHECK(w.venue->submits[i].leg == Leg::take_profit);
  CHECK(w.venue->working("NVDA") == 0);
  CHECK(w.venue->breaches().empty());
  CHECK(w.venue->position("NVDA") == Quantity{3});
}

TEST_CASE("seen elsewhere 09: a difference of one share stops trading in its symbol until it is gone",
          "[actors][field]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->move_position("NVDA", Quantity{-1});
  w.advance(minutes{2});
  CHECK(w.phase("NVDA") == "Quarantined");
  CHECK(w.telemetry->quarantined == 1);
  CHECK(w.telemetry->alerts > 0);
  CHECK(w.telemetry->reconcile_differences > 0);
  const auto sent = w.venue->submits.size();
  w.call(buy("b2", "NVDA"));
  w.advance(hours{1});
  CHECK(w.venue->submits.size() == sent);
  CHECK(w.outcome("b2") != "filled");
  CHECK(w.phase("NVDA") == "Quarantined");  // time alone heals nothing
  w.venue->move_position("NVDA", Quantity{1});
  w.advance(minutes{2});
  CHECK(w.phase("NVDA") == "Open");
  CHECK(w.telemetry->quarantined == 0);
}

TEST_CASE("seen elsewhere 10: a fill that stream and poll both bring is booked once, whoever is first",
          "[actors][field]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->mute = true;
  const auto order = GENERATE(range(0, 4));
  for (const int quantity : {10, 5, 15}) {
    w.venue->fill("NVDA", Leg::entry, Quantity{quantity});
    const auto stream = executions_of(w);
    const auto poll = totals_of(w);
    const auto tell = [&](const std::vector<OrderReport>& reports) {
      for (const auto& report : reports)
        w.venue->tell_order(report);
    };
    for (int turn = 0; turn < 2; ++turn) {
      if ((order & 1) == turn)
        tell(poll);
      else
        tell(stream);
      if ((order & 2) != 0)
        w.settle();
    }
    w.settle();
    CHECK(w.held("NVDA") == w.venue->position("NVDA"));
    CHECK(bought(w) == w.venue->position("NVDA"));
  }
  w.advance(minutes{2});
  CHECK(bought(w) == Quantity{30});
  CHECK(w.held("NVDA") == Quantity{30});
  CHECK(w.outcome("b1") == "filled");
  w.check_sane();
}

TEST_CASE("an empty journal: what an earlier life left is known by its names, and its calls are no second orders",
          "[actors][field]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.venue->position("NVDA") == Quantity{30});
  const auto resting = w.venue->working("NVDA");
  w.crash();
  w.store = std::make_shared<JournalControl>();
  w.start();
  w.advance(minutes{3});
  CHECK(w.held("NVDA") == Quantity{30});
  REQUIRE(w.position("NVDA").has_value());
  CHECK(w.position("NVDA")->strategies == "tube");
  CHECK(w.venue->working("NVDA") == resting);  // its exits rest on
  CHECK(w.venue->cancels.empty());
  w.call(buy("b1", "NVDA"));  // the same call: the same name, which the broker knows
  w.advance(minutes{3});
  CHECK(names_sent(w).size() == 1);
  CHECK(w.venue->position("NVDA") == Quantity{30});
  CHECK(w.venue->breaches().empty());
}
