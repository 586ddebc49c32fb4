// The rules of the backtest, one by one, with the arithmetic beside them.
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

constexpr auto buy = MentionAction::buy;
constexpr auto sell = MentionAction::sell;
constexpr auto avoid = MentionAction::avoid;

TEST_CASE("a call acts at the open of the first session after its day", "[engine]") {
  // Monday 18:00 New York -> Tuesday's open at 50. Equity 100,000, conviction 0.8: 4 % * (0.5 + 0.5 * 0.5) = 3,000.
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy);
  const auto run = past.run(plain_prices());
  REQUIRE(run.trades.size() == 1);
  const auto& t = run.trades[0];
  CHECK(t.entry_session == 1);
  CHECK(t.quantity == 60_d);  // 3000 / 50
  CHECK(t.entry_price == 50_d);
  // horizon days: 3 sessions after the entry session, at the open
  CHECK(t.exit_session == 4);
  CHECK(t.reason == CloseReason::time_exit);
  CHECK(t.pnl() == Money{});
  CHECK(name(run.outcomes[0]) == "filled");
}

TEST_CASE("which session a call acts in", "[engine]") {
  struct Row {
    std::string_view created;
    Entry entry;
    std::string_view acts;  // empty: outside
  };
  // Sessions are Monday 2024-01-08 to Friday 2024-02-02; New York is five hours behind.
  const auto row = GENERATE(values<Row>({
    {"2024-01-08T13:00:00Z", Entry::next_day_open, "2024-01-09"},  // 08:00, before Monday's open
    {"2024-01-09T04:59:59Z", Entry::next_day_open, "2024-01-09"},  // 23:59:59 on Monday
    {"2024-01-09T05:00:00Z", Entry::next_day_open, "2024-01-10"},  // midnight: Tuesday
    {"2024-01-12T23:00:00Z", Entry::next_day_open, "2024-01-15"},  // Friday -> Monday
    {"2024-01-13T18:00:00Z", Entry::next_day_open, "2024-01-15"},  // Saturday
    {"2024-01-07T18:00:00Z", Entry::next_day_open, ""},            // before the first of all sessions
    {"2024-02-02T12:00:00Z", Entry::next_day_open, ""},            // nothing after it
    {"2024-01-08T13:00:00Z", Entry::next_open, "2024-01-08"},      // 08:00: the same day's open
    {"2024-01-08T14:29:59.999999Z", Entry::next_open, "2024-01-08"},
    {"2024-01-08T14:30:00Z", Entry::next_open, "2024-01-09"},  // at the open: strictly after
    {"2024-01-07T18:00:00Z", Entry::next_open, ""},
  }));
  CAPTURE(row.created, row.entry);
  Past past;
  past.flat("AA", 0, 19, "50").call_at(at(row.created), "AA", buy);
  auto params = plain_prices();
  params.entry = row.entry;
  const auto run = past.run(params);
  if (row.acts.empty()) {
    CHECK(name(run.outcomes[0]) == "outside");
    CHECK(run.trades.empty());
  } else {
    REQUIRE(run.trades.size() == 1);
    CHECK(Past::session(run.trades[0].entry_session) == date(row.acts));
  }
}

TEST_CASE("from and to bound the sessions; by default the first call's day and 180 days after the last", "[engine]") {
  Past past{200};
  past.flat("AA", 0, 199, "50").call(3, "AA", buy).call(5, "AA", sell);
  Params params;
  auto run = past.run(params);
  CHECK(run.sessions.front() == Past::session(3).time_since_epoch().count());
  // Monday 2024-01-15 + 180 days = Saturday 2024-07-13
  CHECK(Date{std::chrono::days{run.sessions.back()}} == date("2024-07-12"));

  params.from = Past::session(5);  // the first call acts in session 4, before it
  params.to = Past::session(5);
  run = past.run(params);
  CHECK(run.sessions.size() == 1);
  CHECK(name(run.outcomes[0]) == "outside");
  CHECK(name(run.outcomes[1]) == "outside");  // acts in session 6

  params.from = date("2030-01-01");
  params.to.reset();
  const auto none = backtest::run(past.calls(), past.bar_set(), params);
  REQUIRE_FALSE(none);
  CHECK(none.error().detail.find("SPY has no bar from 2030-01-01") == 0);
}

TEST_CASE("prices slip on entries, market and stop exits, not at targets", "[engine]") {
  auto params = plain_prices();
  params.slippage = 0.0005_d;
  SECTION("by time") {
    Past past;
    past.flat("AA", 0, 3, "10.01").flat("AA", 4, 19, "10.13").call(0, "AA", buy);
    const auto t = past.run(params).trades.at(0);
    CHECK(t.entry_price == 10.015_d);  // 10.01 * 1.0005 = 10.015005
    CHECK(t.quantity == 299_d);        // 3000 / 10.015 = 299.55
    CHECK(t.exit_price == 10.1249_d);  // 10.13 * 0.9995 = 10.124935
    CHECK(t.pnl() == 32.8601_d);       // 299 * 0.1099
  }
  SECTION("half to even") {
    Past past;
    past.flat("AA", 0, 19, "10.05").call(0, "AA", buy);
    auto tie = params;
    tie.slippage = 0.001_d;
    CHECK(past.run(tie).trades.at(0).entry_price == 10.06_d);  // 10.06005 -> 10.0600 (0 is even)
  }
  SECTION("stop: 8 % under the entry, rounded down to the cent, then slipped") {
    Past past;
    past.bars("AA", 0, {{"50", "50", "50", "50"}, {"50", "51", "49", "50"}, {"49", "49.5", "45", "46"}});
    past.flat("AA", 3, 19, "46").call(0, "AA", buy);
    const auto t = past.run(params).trades.at(0);
    CHECK(t.entry_price == 50.025_d);
    // 50.025 * 0.92 = 46.023 -> 46.02; 46.02 * 0.9995 = 45.99699
    CHECK(t.exit_price == 45.997_d);
    CHECK(t.exit_session == 2);
    CHECK(t.reason == CloseReason::sl_hit);
  }
  SECTION("target: 20 % over the entry, rounded up to the cent, as it is") {
    Past past;
    past.bars("AA", 0, {{"50", "50", "50", "50"}, {"50", "51", "49", "50"}, {"55", "61", "54", "60"}});
    past.flat("AA", 3, 19, "60").call(0, "AA", buy);
    const auto t = past.run(params).trades.at(0);
    CHECK(t.exit_price == 60.03_d);  // 50.025 * 1.2 = 60.03
    CHECK(t.reason == CloseReason::tp_hit);
  }
}

TEST_CASE("stop and target within a bar", "[engine]") {
  // Entry 100 at session 1: stop 92, target 120.
  struct Row {
    const char* what;
    Ohlc bar;
    std::string_view price;  // empty: nothing happens
    CloseReason reason;
  };
  const auto row = GENERATE(values<Row>({
    {"inside", {"100", "119.99", "92.01", "100"}, "", CloseReason::none},
    {"touches the stop", {"100", "101", "92", "95"}, "92", CloseReason::sl_hit},
    {"touches the target", {"100", "120", "99", "110"}, "120", CloseReason::tp_hit},
    {"gap through the stop", {"85", "90", "80", "88"}, "85", CloseReason::sl_hit},
    {"gap through the target", {"130", "131", "125", "126"}, "130", CloseReason::tp_hit},
    {"both inside: the stop", {"100", "125", "90", "110"}, "92", CloseReason::sl_hit},
    {"opens over the target and falls through the stop: the open came first",
     {"125", "126", "80", "85"},
     "125",
     CloseReason::tp_hit},
    {"opens under the stop and rises to the target", {"90", "125", "89", "124"}, "90", CloseReason::sl_hit},
    {"opens at the stop", {"92", "93", "91", "92"}, "92", CloseReason::sl_hit},
  }));
  CAPTURE(row.what);
  const bool on_the_first_day = GENERATE(false, true);
  CAPTURE(on_the_first_day);
  if (on_the_first_day && row.bar[0] != "100")
    return;  // then it would be bought at another price
  Past past;
  past.flat("AA", 0, 0, "100");
  int next = 1;
  if (!on_the_first_day)
    past.flat("AA", next++, 1, "100");
  past.bar("AA", next, row.bar);
  past.flat("AA", next + 1, 19, "100").call(0, "AA", buy, "0.8", Horizon::weeks);
  const auto t = past.run(plain_prices()).trades.at(0);
  CHECK(t.entry_session == 1);
  if (row.price.empty()) {
    CHECK(t.reason == CloseReason::time_exit);
  } else {
    CHECK(t.exit_session == next);
    CHECK(t.exit_price == dec(row.price));
    CHECK(t.reason == row.reason);
  }
}

TEST_CASE("protection under a dollar has four decimals", "[engine]") {
  Past past;
  past.flat("AA", 0, 1, "0.9").bar("AA", 2, {"0.9", "0.9", "0.8", "0.8"}).flat("AA", 3, 19, "0.8");
  past.call(0, "AA", buy);
  auto params = plain_prices();
  params.slippage = 0.0005_d;
  const auto t = past.run(params).trades.at(0);
  CHECK(t.entry_price == 0.9004_d);  // 0.90045, half to even
  CHECK(t.exit_price == 0.8279_d);   // 0.9004 * 0.92 = 0.828368 -> 0.8283; * 0.9995 = 0.82788585
}

TEST_CASE("quantity", "[engine]") {
  auto params = plain_prices();
  Past past;
  past.flat("AA", 0, 19, "4000").call(0, "AA", buy);
  CHECK(name(past.run(params).outcomes[0]) == "no_op:price_above_size");  // 3000 does not buy one
  params.fractional = true;
  CHECK(past.run(params).trades.at(0).quantity == 0.75_d);
  Past odd;
  odd.flat("AA", 0, 19, "7").call(0, "AA", buy);
  CHECK(odd.run(params).trades.at(0).quantity == 428.5714_d);  // 428.571428..
  params.fractional = false;
  CHECK(odd.run(params).trades.at(0).quantity == 428_d);
}

TEST_CASE("cash is all there is", "[engine]") {
  // Capital 1,100: the least trade is 500, and the least of cash and 7.5 % of equity binds; so that cap is off here.
  auto params = plain_prices();
  params.capital = 1'100_d;
  params.strategy.max_position_pct = Decimal{};
  Past past;
  for (const auto* symbol : {"AA", "BB", "CC"})
    past.flat(symbol, 0, 19, "50").call(0, symbol, buy);
  auto run = past.run(params);
  CHECK(name(run.outcomes[0]) == "filled");
  CHECK(name(run.outcomes[1]) == "filled");
  CHECK(name(run.outcomes[2]) == "no_op:insufficient_cash");  // 100 left, 500 needed
  params.capital = 1'000_d;
  CHECK(past.run(params).trades.size() == 2);  // exactly all of it
  params.commission_per_order = 0.01_d;
  CHECK(past.run(params).trades.size() == 1);  // and a cent too much
}

TEST_CASE("costs", "[engine]") {
  auto params = plain_prices();
  params.commission_per_order = 1_d;
  params.commission_per_share = 0.005_d;
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy);
  const auto run = past.run(params);
  // 60 shares: 1 + 0.30 each way
  CHECK(run.trades.at(0).commission == 2.6_d);
  CHECK(run.trades.at(0).pnl() == Money{} - 2.6_d);
  CHECK(run.equity.back() == 99'997.4_d);
}

TEST_CASE("equity for sizing is cash and positions at their last close before today", "[engine]") {
  // AA: 60 at 50 in session 1, which closes at 60; session 2 opens at 1, which nobody knows at the open.
  // Session 2: equity = 97,000 + 60 * 60 = 100,600; 3 % of it = 3,018 -> 301 of BB at 10.
  Past past;
  past.bars("AA", 0, {{"50", "50", "50", "50"}, {"50", "60", "50", "60"}, {"1", "1", "1", "1"}})
    .flat("AA", 3, 19, "1");
  past.flat("BB", 0, 19, "10");
  past.call(0, "AA", buy).call(1, "BB", buy);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  const auto run = past.run(params);
  REQUIRE(run.trades.size() == 2);
  CHECK(run.trades[1].quantity == 301_d);
  CHECK(run.equity[1] == 100'600_d);
  CHECK(run.equity[2] == 97'060_d);  // 97,000 - 3,010 + 60 * 1 + 301 * 10

  SECTION("also of what was bought at this open") {
    // AA closed at 40 the day before and opens at 50: 60 shares cost 3,000 and count 2,400. 99,400 * 3 % = 2,982.
    Past other;
    other.flat("AA", 0, 0, "40").flat("AA", 1, 19, "50").flat("BB", 0, 19, "10");
    other.call(0, "AA", buy).call(0, "BB", buy);
    CHECK(other.run(params).trades.at(1).quantity == 298_d);
  }
  SECTION("of what had no close yet, the entry") {
    Past other;
    other.flat("AA", 1, 19, "50").flat("BB", 0, 19, "10").call(0, "AA", buy).call(0, "BB", buy);
    CHECK(other.run(params).trades.at(1).quantity == 300_d);
  }
}

TEST_CASE("holding is counted in sessions of the benchmark", "[engine]") {
  struct Row {
    Horizon horizon;
    int sessions;
  };
  const auto row = GENERATE(values<Row>({{Horizon::days, 3},
                                         {Horizon::weeks, 10},
                                         {Horizon::months, 45},
                                         {Horizon::long_term, 90},
                                         {Horizon::unspecified, 10}}));
  Past past{120};
  past.flat("AA", 0, 119, "50").call(0, "AA", buy, "0.8", row.horizon);
  const auto t = past.run(plain_prices()).trades.at(0);
  CHECK(t.exit_session == 1 + row.sessions);
  CHECK(t.holding_sessions() == row.sessions);
}

TEST_CASE("a top-up is a lot of its own, and the due session is the position's", "[engine]") {
  // Session 1: 60 at 50, due in session 4. Session 3, at 60: stop and target of its own; due in session 3 + 10.
  Past past;
  past.flat("AA", 0, 2, "50").flat("AA", 3, 3, "55").flat("AA", 4, 19, "60");
  past.call(0, "AA", buy).call(2, "AA", buy, "0.8", Horizon::weeks);
  const auto run = past.run(plain_prices());
  REQUIRE(run.trades.size() == 2);
  // The first lot's target is 60, the second's 66: only the first is out in session 4.
  CHECK(run.trades[0].exit_session == 4);
  CHECK(run.trades[0].reason == CloseReason::tp_hit);
  CHECK(run.trades[1].exit_session == 13);
  CHECK(run.trades[1].reason == CloseReason::time_exit);
  CHECK(run.trades[1].entry_price == 55_d);
}

TEST_CASE("a shorter top-up does not bring the due session forward", "[engine]") {
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy, "0.8", Horizon::weeks).call(1, "AA", buy, "0.8", Horizon::days);
  const auto run = past.run(plain_prices());
  REQUIRE(run.trades.size() == 2);
  CHECK(run.trades[0].exit_session == 11);
  CHECK(run.trades[1].exit_session == 11);
}

TEST_CASE("top-ups stop at the cap", "[engine]") {
  // 7.5 % of equity is 7,500 at most; each call 3,000 and boosted ones more. 0.8, 0.85, 0.9 within 48 hours:
  // 3,000; 3,250; then 7,500 - 6,250 = 1,250; then nothing.
  Past past;
  past.flat("AA", 0, 19, "50");
  for (int i = 0; i < 4; ++i)
    past.call_at(at("2024-01-08T20:00:00Z") + std::chrono::minutes{i}, "AA", buy);
  auto params = plain_prices();
  const auto run = past.run(params);
  REQUIRE(run.trades.size() == 3);
  CHECK(run.trades[0].quantity == 60_d);
  CHECK(run.trades[1].quantity == 65_d);
  CHECK(run.trades[2].quantity == 25_d);
  CHECK(name(run.outcomes[3]) == "no_op:at_ticker_cap");
}

TEST_CASE("room under a cap is rounded to cents like all dollars, after the smallest trade was asked for",
          "[engine]") {
  // 4,000 buy 40 at 100; then there is room for 2,000.006: 2,000.01 in cents.
  Past past;
  past.flat("AA", 0, 19, "100").call(0, "AA", buy, "1").call(1, "AA", buy, "1");
  auto params = plain_prices();
  params.fractional = true;
  params.strategy.max_position_pct = Decimal{};
  params.strategy.max_per_ticker = dec("6000.006");
  auto run = past.run(params);
  REQUIRE(run.trades.size() == 2);
  CHECK(run.trades[1].quantity == dec("20.0001"));
  params.strategy.max_per_ticker = dec("6000.005");  // half-even: 2,000.00
  CHECK(past.run(params).trades[1].quantity == 20_d);
  // Room for 499.996 is less than 500, though it rounds to it.
  params.strategy.max_per_ticker = dec("4499.996");
  run = past.run(params);
  CHECK(run.trades.size() == 1);
  CHECK(name(run.outcomes[1]) == "no_op:below_min_trade");
}

TEST_CASE("calls of one moment count for each other's boost", "[engine]") {
  Past past;
  past.flat("AA", 0, 19, "50");
  past.call_at(at("2024-01-08T23:00:00Z"), "AA", buy).call_at(at("2024-01-08T23:00:00Z"), "AA", buy);
  const auto calls = past.calls();
  const auto weights = weigh(calls, {}, std::nullopt);
  CHECK(weights == Convictions{850'000'000, 850'000'000});
  Past any;
  any.call_at(at("2024-01-08T23:00:00Z"), "AA", buy).call_at(at("2024-01-09T23:00:00Z"), "AA", sell);
  core::AggregatorConfig config;
  CHECK(weigh(any.calls(), config, std::nullopt)[1] == 800'000'000);
  config.any_action = true;
  CHECK(weigh(any.calls(), config, std::nullopt)[1] == 850'000'000);
}

TEST_CASE("a repeated buy can roll or be ignored", "[engine]") {
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy, "0.8", Horizon::days).call(2, "AA", buy, "0.8", Horizon::days);
  auto params = plain_prices();
  params.strategy.on_repeat_buy = RepeatBuy::roll;
  auto run = past.run(params);
  REQUIRE(run.trades.size() == 1);
  CHECK(run.trades[0].exit_session == 6);  // acted in session 3, three more
  CHECK(name(run.outcomes[1]) == "filled");
  params.strategy.on_repeat_buy = RepeatBuy::ignore;
  run = past.run(params);
  REQUIRE(run.trades.size() == 1);
  CHECK(run.trades[0].exit_session == 4);
  CHECK(name(run.outcomes[1]) == "no_op:already_held");
}

TEST_CASE("symbols without bars", "[engine]") {
  Past past;
  past.flat("AA", 0, 1, "50").flat("AA", 3, 4, "50").flat("AA", 7, 19, "55");  // none in sessions 2, 5 and 6
  past.call(0, "ZZ", buy);                                                     // none at all
  past.call(1, "AA", buy);                                                     // none where it acts
  past.call(2, "AA", buy);                                                     // bought in 3, due in 6, closed in 7
  past.call(4, "AA", sell);                                                    // none in 5: not closed
  const auto run = past.run(plain_prices());
  CHECK(name(run.outcomes[0]) == "no_op:no_data");
  CHECK(name(run.outcomes[1]) == "no_op:no_price");
  CHECK(name(run.outcomes[2]) == "filled");
  CHECK(name(run.outcomes[3]) == "no_op:no_price");
  REQUIRE(run.trades.size() == 1);
  CHECK(run.trades[0].exit_session == 7);
  CHECK(run.trades[0].reason == CloseReason::time_exit);
  CHECK(run.equity[5] == run.equity[4]);  // it keeps its last close
}

TEST_CASE("sell and avoid close the whole position at the open", "[engine]") {
  const auto action = GENERATE(sell, avoid);
  Past past;
  past.flat("AA", 0, 2, "50").bar("AA", 3, {"52", "53", "51", "53"}).flat("AA", 4, 19, "53");
  past.call(0, "AA", buy, "0.8", Horizon::weeks).call(1, "AA", buy, "0.8", Horizon::weeks).call(2, "AA", action);
  const auto run = past.run(plain_prices());
  REQUIRE(run.trades.size() == 2);
  for (const auto& t : run.trades) {
    CHECK(t.exit_session == 3);
    CHECK(t.exit_price == 52_d);
    CHECK(t.reason == CloseReason::strategy_exit);
  }
  CHECK(name(run.outcomes[2]) == "closed");
  Past empty;
  empty.flat("AA", 0, 19, "50").call(0, "AA", action);
  CHECK(name(empty.run(plain_prices()).outcomes[0]) == "no_op:not_held");
}

TEST_CASE("avoid blocks buys that were called within seven days of it", "[engine]") {
  const auto avoided = at("2024-01-08T23:00:00Z");
  const auto later = GENERATE(std::chrono::hours{1}, std::chrono::hours{24 * 7});
  Past past;
  past.flat("AA", 0, 19, "50").call_at(avoided, "AA", avoid);
  past.call_at(avoided + later - std::chrono::microseconds{1}, "AA", buy).call_at(avoided + later, "AA", buy);
  auto params = plain_prices();
  auto run = past.run(params);
  CHECK(name(run.outcomes[1]) == "no_op:blocklisted");
  CHECK((name(run.outcomes[2]) == "filled") == (later == std::chrono::hours{24 * 7}));
  params.strategy.buy_clears_blocklist = true;
  CHECK(name(past.run(params).outcomes[1]) == "filled");
}

TEST_CASE("gates that never trade", "[engine]") {
  struct Row {
    MentionAction action;
    std::string_view conviction;
    Horizon horizon;
    std::string_view symbol;
    std::string_view outcome;
  };
  const auto row = GENERATE(values<Row>({
    {MentionAction::hold, "0.9", Horizon::days, "AA", "no_op:ui_only"},
    {MentionAction::watch, "0.9", Horizon::days, "ZZ", "no_op:ui_only"},
    {sell, "", Horizon::days, "ZZ", "no_op:not_held"},
    {buy, "", Horizon::days, "AA", "invalid:conviction"},
    {buy, "", Horizon::days, "ZZ", "invalid:conviction"},
    {buy, "0.1", Horizon::days, "ZZ", "no_op:no_data"},
    {buy, "0.59", Horizon::days, "AA", "no_op:low_conviction"},
    {buy, "0.9", Horizon::intraday, "AA", "no_op:intraday_horizon"},
  }));
  Past past;
  past.flat("AA", 0, 19, "50").call(0, std::string{row.symbol}, row.action, row.conviction, row.horizon);
  CHECK(name(past.run(plain_prices()).outcomes[0]) == row.outcome);
}

TEST_CASE("a default conviction stands in for a missing one", "[engine]") {
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy, "");
  auto params = plain_prices();
  params.default_conviction = 0.8_d;
  CHECK(past.run(params).trades.at(0).quantity == 60_d);
}

TEST_CASE("order within a session: calls, then what is due, then stops", "[engine]") {
  // AA is due in session 4. A call that sells it on that day comes first; a buy on that day moves the date.
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy).call(3, "AA", sell);
  CHECK(past.run(plain_prices()).trades.at(0).reason == CloseReason::strategy_exit);
  Past more;
  more.flat("AA", 0, 19, "50").call(0, "AA", buy).call(3, "AA", buy);
  const auto run = more.run(plain_prices());
  CHECK(run.trades.at(0).exit_session == 7);
  Past stopped;  // due at the open of a day on which the stop would have hit too
  stopped.flat("AA", 0, 3, "50").bar("AA", 4, {"48", "48", "40", "41"}).flat("AA", 5, 19, "41").call(0, "AA", buy);
  CHECK(stopped.run(plain_prices()).trades.at(0).exit_price == 48_d);
}

TEST_CASE("a position can be sold and bought again at one open", "[engine]") {
  Past past;
  past.flat("AA", 0, 2, "50").flat("AA", 3, 19, "40").call(0, "AA", buy, "0.8", Horizon::weeks);
  past.call_at(at("2024-01-10T22:00:00Z"), "AA", sell).call_at(at("2024-01-10T23:00:00Z"), "AA", buy);
  const auto run = past.run(plain_prices());
  REQUIRE(run.trades.size() == 2);
  CHECK(run.trades[0].exit_session == 3);
  CHECK(run.trades[1].entry_session == 3);
  // Cash 97,000 + 60 * 40 = 99,400; the first buy is exactly 48 hours old, no boost: 3 % = 2,982 -> 74 at 40
  CHECK(run.trades[1].quantity == 74_d);
}

TEST_CASE("the end of the data closes what is open at its last close", "[engine]") {
  Past past;
  past.flat("AA", 0, 9, "50").flat("AA", 10, 12, "51").call(8, "AA", buy, "0.8", Horizon::months);
  auto params = plain_prices();
  params.slippage = 0.0005_d;
  const auto run = past.run(params);
  const auto& t = run.trades.at(0);
  CHECK(t.reason == CloseReason::end_of_data);
  CHECK(t.exit_session == 19);
  CHECK(t.exit_price == 50.9745_d);  // 51 * 0.9995
  CHECK(run.equity.back() == 100'000_d + t.pnl());
}

// ---- the governor's limits ----------------------------------------------------------------------------------------

Past many(int symbols, int sessions = 20) {
  Past past{sessions};
  for (int i = 0; i < symbols; ++i)
    past.flat("S" + std::to_string(i + 100), 0, sessions - 1, "50");
  return past;
}

TEST_CASE("trades and dollars of a day", "[engine][limits]") {
  auto past = many(7);
  for (int i = 0; i < 7; ++i)
    past.call(0, "S" + std::to_string(i + 100), buy, "0.7");
  past.call(1, "S106", buy, "0.7");
  auto params = plain_prices();
  auto run = past.run(params);
  // 2.5 % each: 2,500, then less by nothing: five of them make 12,500
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(name(run.outcomes[i]) == "filled");
  CHECK(name(run.outcomes[5]) == "risk_denied:daily_trades");
  CHECK(name(run.outcomes[6]) == "risk_denied:daily_trades");
  CHECK(name(run.outcomes[7]) == "filled");  // a new day
  params.risk.dollars_per_day_strategy = 7'500_d;
  run = past.run(params);
  CHECK(name(run.outcomes[2]) == "filled");  // exactly 7,500
  CHECK(name(run.outcomes[3]) == "risk_denied:daily_alloc");
  params.risk_mode = RiskMode::off;
  CHECK(past.run(params).trades.size() == 8);
}

TEST_CASE("most open positions; a top-up is none more", "[engine][limits]") {
  auto past = many(3);
  past.call(0, "S100", buy, "0.7", Horizon::weeks).call(0, "S101", buy, "0.7", Horizon::weeks);
  past.call(1, "S102", buy, "0.7", Horizon::weeks).call(1, "S100", buy, "0.7", Horizon::weeks);
  past.call(2, "S101", sell).call(2, "S102", buy, "0.7");
  auto params = plain_prices();
  params.risk.open_positions_max = 2;
  const auto run = past.run(params);
  CHECK(name(run.outcomes[2]) == "risk_denied:max_open");
  CHECK(name(run.outcomes[3]) == "filled");
  CHECK(name(run.outcomes[5]) == "filled");  // one was closed at the same open before it
}

TEST_CASE("a loss of the day pauses for a day, from the close on", "[engine][limits]") {
  // 60 shares fall from 50 to 1 without protection: 2,940 of 100,000. The limit is 2.9 %.
  Past past;
  past.flat("AA", 0, 1, "50").flat("AA", 2, 19, "1").flat("BB", 0, 19, "50");
  past.call(0, "AA", buy, "0.8", Horizon::weeks);
  for (int i = 0; i < 6; ++i)
    past.call(i, "BB", buy, "0.7", Horizon::weeks);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  params.strategy.on_repeat_buy = RepeatBuy::top_up;
  params.strategy.max_per_ticker = 100'000_d;
  params.strategy.max_position_pct = Decimal{};
  params.risk.daily_loss_fraction = 0.029_d;
  const auto run = past.run(params);
  const auto outcome = [&](std::size_t i) { return name(run.outcomes[i]); };
  // Calls 1 to 6 on BB act in sessions 1 to 6. The loss is that of session 2 (Wednesday), seen at its close.
  CHECK(outcome(2) == "filled");
  CHECK(outcome(3) == "no_op:paused");  // Thursday's open is within 24 hours of Wednesday's close
  CHECK(outcome(4) == "filled");        // Friday's is not
}

TEST_CASE("a pause that begins on Friday is over by Monday", "[engine][limits]") {
  Past past;
  past.flat("AA", 0, 3, "50").flat("AA", 4, 19, "1").flat("BB", 0, 19, "50");
  past.call(0, "AA", buy, "0.8", Horizon::weeks).call(4, "BB", buy);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  params.risk.daily_loss_fraction = 0.029_d;
  CHECK(name(past.run(params).outcomes[1]) == "filled");
  params.risk.daily_loss_pause_seconds = 3 * 86'400;
  CHECK(name(past.run(params).outcomes[1]) == "no_op:paused");
}

TEST_CASE("drawdown halts for good", "[engine][limits]") {
  Past past;
  past.flat("AA", 0, 1, "50").flat("AA", 2, 3, "1").flat("AA", 4, 19, "50").flat("BB", 0, 19, "50");
  past.call(0, "AA", buy, "0.8", Horizon::weeks).call(2, "BB", buy).call(12, "BB", buy).call(12, "AA", sell);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  params.risk.daily_loss_fraction = 1_d;
  params.risk.drawdown_equity_fraction = 0.98_d;
  auto run = past.run(params);
  CHECK(name(run.outcomes[1]) == "no_op:paused");
  CHECK(name(run.outcomes[2]) == "no_op:paused");
  CHECK(name(run.outcomes[3]) == "no_op:not_held");  // its time was over in session 11
  params.risk_mode = RiskMode::off;
  CHECK(past.run(params).trades.size() == 3);
}

TEST_CASE("drawdown from the peak counts gains that are gone again", "[engine][limits]") {
  // 60 shares: 50 -> 200 -> 50. Peak 109,000; 98 % of it is 106,820; the capital's 98,000 is not touched.
  Past past;
  past.flat("AA", 0, 1, "50").flat("AA", 2, 3, "200").flat("AA", 4, 19, "50").flat("BB", 0, 19, "50");
  past.call(0, "AA", buy, "0.8", Horizon::weeks).call(5, "BB", buy);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  params.risk.daily_loss_fraction = 1_d;
  params.risk.drawdown_equity_fraction = 0.98_d;
  CHECK(name(past.run(params).outcomes[1]) == "filled");
  params.risk.drawdown_from_peak = true;
  CHECK(name(past.run(params).outcomes[1]) == "no_op:paused");
}

TEST_CASE("a cooldown begins with the close", "[engine][limits]") {
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", buy).call(1, "AA", sell).call(2, "AA", buy).call(4, "AA", buy);
  auto params = plain_prices();
  params.risk.cooldown_seconds = 2 * 86'400;
  const auto run = past.run(params);
  CHECK(name(run.outcomes[2]) == "risk_denied:cooldown");  // a day after
  CHECK(name(run.outcomes[3]) == "filled");
}

TEST_CASE("the plain profile", "[engine]") {
  Params params = plain_prices();
  apply_plain_profile(params);
  Past past = many(8);
  for (int i = 0; i < 8; ++i)
    past.call(0, "S" + std::to_string(i + 100), buy, "0.77");
  past.call(1, "S100", buy, "0.9");
  past.bar("XX", 0, {"50", "50", "50", "50"}).bar("XX", 1, {"50", "200", "1", "33"}).flat("XX", 2, 19, "33");
  past.call(0, "XX", buy, "0.6");
  const auto run = past.run(params);
  CHECK(run.trades.size() == 9);  // no limits, and the repeated buy only rolls
  // 0.77: 4 % * (0.5 + 0.5 * 0.17 / 0.4) = 2.85 % of 100,000 = 2,850 -> 57 shares; the next from equity again 100,000
  CHECK(run.trades[0].quantity == 57_d);
  CHECK(run.trades[0].exit_session == 5);  // rolled in session 2, three more
  CHECK(run.trades[1].exit_session == 4);
  // No protection: a bar from 200 to 1 leaves it alone. 0.6 -> 2 % = 2,000 -> 40
  CHECK(run.trades[8].reason == CloseReason::time_exit);
  CHECK(run.trades[8].quantity == 40_d);
}

TEST_CASE("what cannot be reckoned with is an error, not a wrong number", "[engine]") {
  Past past;
  past.flat("AA", 0, 1, "50").flat("AA", 2, 19, "8000000000").call(0, "AA", buy, "0.8", Horizon::weeks);
  auto params = plain_prices();
  params.strategy.stop_pct = params.strategy.target_pct = Decimal{};
  const auto run = backtest::run(past.calls(), past.bar_set(), params);
  REQUIRE_FALSE(run);
  CHECK(run.error().detail.find("9.2 billion") != std::string::npos);
}

TEST_CASE("without its benchmark there is no run", "[engine]") {
  Past past;
  past.call(0, "AA", buy);
  auto params = plain_prices();
  params.benchmark = Symbol{"QQQ"};
  const auto run = backtest::run(past.calls(), past.bar_set(), params);
  REQUIRE_FALSE(run);
  CHECK(run.error().detail.find("no bars of the benchmark QQQ") != std::string::npos);
}

}  // namespace
}  // namespace heed::backtest::test
