// What did not leave, what was turned away, what nobody answered, and what the kill switch stops.
#include "support/gateway.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Fixture = GatewayFixture;
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("failure 09: too many requests waits as told and sends the same order under the same name",
          "[actors][gateway][failure]") {
  Fixture f;
  f.venue->fates["submit"] = {Fate::too_many(7)};
  f.start();
  f.send(entry("NVDA", 1));
  CHECK(f.venue->submits.size() == 1);
  CHECK(f.told->news.empty());
  // The gate is closed for everything, exits too: the venue would only count them.
  f.send(stop_order("AAPL", 2));
  f.system.advance(milliseconds{6'900});
  CHECK(f.venue->submits.size() == 1);
  f.system.advance(milliseconds{1'500});
  REQUIRE(f.venue->submits.size() == 3);
  CHECK(f.venue->submits[1] == stop_order("AAPL", 2));
  CHECK(f.venue->submits[2] == entry("NVDA", 1));
  CHECK(f.journal.telemetry->rate_limited == 1);
  CHECK(f.journal.telemetry->retries == 1);
  CHECK(f.told->inputs<OrderRefused>().empty());
}

TEST_CASE("gateway: what did not leave is sent again under the same name", "[actors][gateway]") {
  Fixture f;
  f.start();
  SECTION("an entry, until it is given up") {
    f.venue->always["submit"] = Fate::not_sent();
    f.send(entry("NVDA", 1));
    f.system.advance(seconds{120});
    REQUIRE(f.venue->submits.size() == 5);
    for (const auto& order : f.venue->submits)
      CHECK(order == entry("NVDA", 1));
    const auto refused = f.told->inputs<OrderRefused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].order == entry("NVDA", 1).client_order_id);
    CHECK(refused[0].code == "NOT_SENT");
    CHECK(refused[0].text == "connection refused");
  }
  SECTION("an exit, for ever") {
    f.venue->always["submit"] = Fate::not_sent();
    f.send(stop_order("NVDA", 1));
    f.system.advance(seconds{600});
    CHECK(f.venue->submits.size() > 15);
    CHECK(f.told->news.empty());
    f.venue->always.clear();
    f.system.advance(seconds{60});
    CHECK_FALSE(f.told->inputs<OrderReport>().empty());
  }
  SECTION("a cancel and a replace, too") {
    f.venue->fates["cancel"] = {Fate::not_sent(), Fate::not_sent()};
    f.venue->fates["replace"] = {Fate::not_sent()};
    f.send(stop_order("NVDA", 1));
    f.send(replace("NVDA", 1, 2));
    f.send(stop_order("AAPL", 3));
    f.send(cancel("AAPL", 3));
    f.system.advance(seconds{5});
    CHECK(f.venue->count("replace") == 2);
    CHECK(f.venue->count("cancel") == 3);
    CHECK(f.told->inputs<CancelRefused>().empty());
  }
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: an order that was turned away, and is there all the same, is not sent again",
          "[actors][gateway]") {
  Fixture f;
  f.start();
  OrderReport report;
  report.symbol = "NVDA";
  report.status = OrderStatus::accepted;
  SECTION("an exit, of which the stream tells while it waits") {
    report.client_order_id = stop_order("NVDA", 1).client_order_id;
    f.venue->fates["submit"] = {Fate::too_many(5)};
    f.send(stop_order("NVDA", 1));
    f.venue->tell_order(report);
    f.system.advance(seconds{60});
    CHECK(f.venue->submits.size() == 1);
    CHECK(f.venue->count("query_order") == 1);  // for what the stream does not tell
  }
  SECTION("an exit, which a comparison of everything finds") {
    f.venue->fates["submit"] = {Fate{true, Fate::not_sent().error, Fate::When::now}};
    f.venue->mute = true;
    f.send(stop_order("NVDA", 1));
    CHECK(f.system.answer<VenueSnapshot>(f.gateway, VenueSnapshotQuery{friday_10}).complete);
    f.system.advance(seconds{60});
    CHECK(f.venue->submits.size() == 1);
  }
  SECTION("an entry whose attempts are used up is in doubt, and not to be sent again") {
    f.venue->always["submit"] = Fate::too_many(1);
    f.send(entry("NVDA", 1));
    f.system.advance(seconds{120});
    CHECK(f.venue->submits.size() == 5);
    CHECK(f.told->inputs<OrderRefused>().empty());
    const auto doubts = f.told->inputs<OrderInDoubt>();
    REQUIRE(doubts.size() == 1);
    CHECK(doubts[0].order == entry("NVDA", 1).client_order_id);
    CHECK(doubts[0].given_up == "NOT_SENT");
  }
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: an exit that waits to be tried again holds back nobody else's", "[actors][gateway]") {
  Fixture f;
  f.start();
  for (int i = 0; i < 8; ++i)
    f.venue->fates["submit"].push_back(Fate::not_sent());
  f.send(stop_order("SICK", 1));
  f.system.advance(seconds{20});  // by now it waits long between tries
  const auto tried = f.venue->submits.size();
  REQUIRE(f.system.next_timer() > Duration{seconds{2}});
  f.venue->fates["submit"].clear();
  f.send_together(cancel("SICK", 9), stop_order("WELL", 2));
  REQUIRE(f.venue->submits.size() == tried + 1);
  CHECK(f.venue->submits.back() == stop_order("WELL", 2));
  CHECK(f.venue->cancels.empty());  // its own symbol keeps its order
  f.system.advance(seconds{60});
  CHECK(f.venue->submits.back() == stop_order("SICK", 1));
  CHECK(f.venue->cancels.size() == 1);
}

TEST_CASE("gateway: one that was tried often, and is turned away, holds others back no longer than the venue said",
          "[actors][gateway]") {
  Fixture f;
  f.start();
  for (int i = 0; i < 8; ++i)
    f.venue->fates["submit"].push_back(Fate::not_sent());
  f.venue->fates["submit"].push_back(Fate::too_many(2));
  f.send(stop_order("SICK", 1));
  for (int i = 0; i < 120 && f.venue->submits.size() < 9; ++i)
    f.system.advance(seconds{1});
  REQUIRE(f.venue->submits.size() == 9);
  f.send(stop_order("FAST", 2));
  f.system.advance(seconds{3});
  CHECK(f.venue->submits.back() == stop_order("FAST", 2));
}

TEST_CASE("gateway: a long wait of one request does not delay the next timer of another", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["submit"] = {Fate::not_sent(), Fate::not_sent(), Fate::not_sent(), Fate::not_sent(),
                              Fate::not_sent(), Fate::not_sent(), Fate::not_sent()};
  f.send(stop_order("SLOW", 1));
  f.system.advance(seconds{10});
  REQUIRE(f.system.next_timer() > Duration{seconds{2}});
  f.venue->fates["submit"] = {Fate::not_sent()};
  f.send(stop_order("FAST", 2));
  f.system.advance(milliseconds{400});  // first back-off: 250 ms and a quarter at most
  CHECK(f.venue->submits.back() == stop_order("FAST", 2));
  CHECK(f.venue->book("FAST").orders.size() == 1);
}

TEST_CASE("failure 03: no answer, or none that can be understood, is a doubt and never sent again from here",
          "[actors][gateway][failure]") {
  Fixture f;
  f.start();
  const auto kind = GENERATE(ErrorKind::unknown, ErrorKind::unavailable);
  f.venue->fates["submit"] = {{false, Error{kind, "parse", "body was {}"}, Fate::When::now}};
  f.send(entry("NVDA", 1));
  f.system.advance(seconds{600});
  CHECK(f.venue->submits.size() == 1);
  const auto doubts = f.told->inputs<OrderInDoubt>();
  REQUIRE(doubts.size() == 1);
  CHECK(doubts[0].order == entry("NVDA", 1).client_order_id);
  CHECK(doubts[0].cause == "parse body was {}");
  CHECK(f.told->news.size() == 1);  // nothing that could be booked
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: the venue's no is passed on in its words", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["submit"] = {Fate::refused("40310000", "insufficient buying power")};
  f.send(entry("NVDA", 1));
  const auto refused = f.told->inputs<OrderRefused>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].code == "40310000");
  CHECK(refused[0].text == "insufficient buying power");
  CHECK(f.journal.telemetry->orders_rejected == 1);
  f.venue->fates["replace"] = {Fate::refused("42210000")};
  f.send(replace("NVDA", 1, 2));
  CHECK(f.told->inputs<OrderRefused>().back().order == replace("NVDA", 1, 2).new_client_order_id);
  f.send(cancel("NVDA", 7));
  REQUIRE(f.told->inputs<CancelRefused>().size() == 1);
  f.venue->fates["cancel"] = {Fate::lost()};
  f.send(cancel("NVDA", 8));
  REQUIRE(f.told->inputs<AskAgain>().size() == 1);
  CHECK(f.told->inputs<AskAgain>()[0].order == cancel("NVDA", 8).client_order_id);
}

TEST_CASE("gateway: an order that the venue told of before its own request failed is not sent again",
          "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["submit"] = {Fate{false, Fate::not_sent().error, Fate::When::later}};
  f.send(stop_order("NVDA", 1));
  OrderReport report;
  report.symbol = "NVDA";
  report.client_order_id = stop_order("NVDA", 1).client_order_id;
  report.status = OrderStatus::filled;
  f.venue->tell_order(report);
  f.system.run();
  f.venue->answer_held();
  f.system.advance(seconds{60});
  CHECK(f.venue->submits.size() == 1);
  CHECK(f.venue->count("query_order") == 1);
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: an order that is asked for again while it waits, or is out, leaves once", "[actors][gateway]") {
  Fixture f;
  const bool out = GENERATE(false, true);
  f.venue->fates["submit"] = {
    out ? Fate{false, Fate::refused("40310000").error, Fate::When::later} : Fate::too_many(5),
    Fate::refused("40310000")};
  f.start();
  f.send(stop_order("NVDA", 1));
  f.send(stop_order("NVDA", 1));
  f.venue->answer_held();
  f.system.advance(seconds{60});
  CHECK(f.venue->submits.size() == (out ? 1 : 2));  // turned away, then refused
  CHECK(f.told->inputs<OrderRefused>().size() == 1);
  f.venue->fates["submit"] = {};
  f.send(stop_order("NVDA", 1));  // once its end was told it is for the position to say
  CHECK(f.venue->submits.size() == (out ? 2 : 3));
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: an entry that waits for its turn does not leave once the kill switch has come",
          "[actors][gateway]") {
  Fixture f;
  const auto level = GENERATE(KillLevel::stop_opening, KillLevel::cancel_open_orders, KillLevel::flatten);
  INFO(to_string(level));
  SECTION("it waits for others: nobody has seen it") {
    f.policy.in_flight_max = 1;
    f.venue->fates["submit"] = {Fate::later()};
    f.start();
    f.send(stop_order("AAA", 1));
    f.send_together(entry("BBB", 2), stop_order("CCC", 3));
    f.send(KillOrder{level, "t"});
    f.venue->answer_held();
    f.system.advance(seconds{60});
    CHECK(f.venue->submits == std::vector{stop_order("AAA", 1), stop_order("CCC", 3)});
    const auto refused = f.told->inputs<OrderRefused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].order == entry("BBB", 2).client_order_id);
    CHECK(refused[0].code == "NOT_SENT");
    CHECK(refused[0].text == "the kill switch came before it left");
  }
  SECTION("it was turned away before: it may have got in") {
    f.venue->fates["submit"] = {Fate::too_many(5)};
    f.start();
    f.send(entry("BBB", 2));
    f.send(KillOrder{level, "t"});
    f.system.advance(seconds{60});
    CHECK(f.venue->submits.size() == 1);
    CHECK(f.told->inputs<OrderRefused>().empty());
    REQUIRE(f.told->inputs<OrderInDoubt>().size() == 1);
    CHECK(f.told->inputs<OrderInDoubt>()[0].given_up == "NOT_SENT");
  }
  SECTION("it is on its way, and does not get through: not tried again") {
    f.venue->fates["submit"] = {Fate{false, Fate::not_sent().error, Fate::When::later}};
    f.start();
    f.send(entry("BBB", 2));
    f.send(KillOrder{level, "t"});
    f.venue->answer_held();
    f.system.advance(seconds{60});
    CHECK(f.venue->submits.size() == 1);
    CHECK(f.told->inputs<OrderRefused>().size() == 1);
  }
  SECTION("it was granted before, and comes after") {
    f.start();
    f.send(KillOrder{level, "t"});
    f.send(entry("BBB", 2));
    CHECK(f.venue->submits.empty());
    CHECK(f.told->inputs<OrderRefused>().size() == 1);
    f.send(KillOrder{KillLevel::none, "t"});
    f.send(entry("DDD", 4));
    CHECK(f.venue->submits.size() == 1);
  }
  SECTION("it was latched when the gateway started") {
    f.opening_stopped = true;
    f.start();
    f.send_together(entry("BBB", 2), stop_order("CCC", 3));
    CHECK(f.venue->submits == std::vector{stop_order("CCC", 3)});
    CHECK(f.told->inputs<OrderRefused>().size() == 1);
  }
  CHECK(f.unfinished() == 0);
}
