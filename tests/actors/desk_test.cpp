#include "support/desk.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct Desk1 : DeskWorld {
  using DeskWorld::DeskWorld;
  ~Desk1() {
    if (system)
      check_sane();
  }
  /// Held after a buy that filled.
  void buy_nvda() {
    call(buy("b1", "NVDA"));
    REQUIRE(outcome("b1") == "filled");
    REQUIRE(held("NVDA") == Quantity{30});
  }
};

}  // namespace

TEST_CASE("desk: a buy becomes a bracket, fills, and its target closes it", "[actors][desk]") {
  Desk1 w;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.venue->submits.size() == 1);
  const auto& order = w.venue->submits[0];
  CHECK(order.side == Side::buy);
  CHECK(order.quantity == Quantity{30});  // 3000 dollars at 100
  REQUIRE(order.take_profit);
  REQUIRE(order.stop_loss);
  CHECK(order.take_profit->price == Price{120});
  CHECK(order.stop_loss->price == Price{92});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.phase("NVDA") == "Open");
  CHECK(w.position("NVDA")->protected_quantity == Quantity{30});
  CHECK(w.position("NVDA")->due_session == Date{std::chrono::year{2026} / 11 / 25});

  w.venue->fill("NVDA", Leg::take_profit);
  w.settle();
  CHECK(w.held("NVDA").is_zero());
  CHECK(w.phase("NVDA") == "Flat");
  CHECK(w.venue->working("NVDA") == 0);
  const auto trades = w.trades();
  REQUIRE(trades.size() == 1);
  CHECK(trades[0].reason == CloseReason::tp_hit);
  CHECK(trades[0].pnl == Money{600});
  CHECK(w.finals(signal_of("b1")) == 1);
  CHECK(w.venue->submits.size() == 1);  // nothing was sent to close what was closed
}

TEST_CASE("desk: call and order are one commit", "[actors][desk]") {
  Desk1 w;
  w.start();
  w.call(buy("warm", "AMD"));  // the instrument and the quote are known from now on
  const auto before = w.store->appends;
  int at_submit = -1;
  const auto check = w.venue->on_submit;
  w.venue->on_submit = [&](const SubmitOrder& order) {
    check(order);
    at_submit = w.store->appends;
  };
  w.mention(buy("b1", "NVDA"));
  w.run();
  CHECK(at_submit == before + 1);
  CHECK(w.venue->submits.size() == 2);
  w.settle();
}

TEST_CASE("desk: a sell closes, after the exits are gone and the broker's position is known", "[actors][desk]") {
  Desk1 w;
  w.start();
  w.buy_nvda();
  w.venue->calls.clear();
  w.venue->set_price("NVDA", "110");
  w.call(sell("s1", "NVDA"));
  w.settle();
  CHECK(w.outcome("s1") == "closed");
  CHECK(w.held("NVDA").is_zero());
  CHECK(w.venue->position("NVDA").is_zero());
  CHECK(w.venue->working("NVDA") == 0);
  const auto& calls = w.venue->calls;
  const auto place = [&](const std::string& call) {
    return std::find_if(calls.begin(), calls.end(), [&](const auto& c) { return c.starts_with(call); }) -
           calls.begin();
  };
  CHECK(place("cancel") < place("query_position"));
  CHECK(place("query_position") < place("submit"));
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].reason == CloseReason::strategy_exit);
  CHECK(w.trades()[0].pnl == Money{300});
  CHECK(w.finals(signal_of("s1")) == 1);
}

TEST_CASE("desk: calls without an order end with their reason", "[actors][desk]") {
  struct Case {
    const char* name;
    Mention mention;
    const char* outcome;
  };
  auto weak = buy("k", "NVDA");
  weak.conviction = dec("0.45");
  auto none = buy("k", "NVDA");
  none.conviction.reset();
  auto intraday = buy("k", "NVDA");
  intraday.horizon = Horizon::intraday;
  const auto c = GENERATE_COPY(values<Case>({
    {"sell, not held", sell("k", "NVDA"), "no_op:not_held"},
    {"hold", mention_of("k", "NVDA", MentionAction::hold), "no_op:ui_only"},
    {"watch", mention_of("k", "NVDA", MentionAction::watch), "no_op:ui_only"},
    {"weak", weak, "no_op:low_conviction"},
    {"no conviction", none, "invalid:conviction"},
    {"intraday", intraday, "no_op:intraday_horizon"},
    {"old", buy("k", "NVDA", friday_10 - hours{49}), "no_op:too_old"},
    {"not tradable", buy("k", "HALT"), "no_op:not_tradable"},
    {"too dear", buy("k", "BRK"), "no_op:price_above_size"},
  }));
  INFO(c.name);
  Desk1 w;
  w.venue->untradable.insert("HALT");
  w.venue->set_price("BRK", "600000");
  w.start();
  w.call(c.mention);
  CHECK(w.outcome("k") == c.outcome);
  CHECK_FALSE(w.reason("k").empty());
  CHECK(w.finals(signal_of("k")) == 1);
  CHECK(w.venue->submits.empty());
}

TEST_CASE("desk: a further buy tops up to the cap, as a lot of its own", "[actors][desk]") {
  Desk1 w;
  w.limits.open_positions_per_symbol_max = 5;
  // Risk counts a market order a little above the quote: its limit lies above the strategy's own cap.
  w.limits.position_dollars_max = Money{8'000};
  w.limits.position_equity_fraction_max = dec("0.08");
  w.start();
  w.buy_nvda();
  w.advance(hours{1});
  w.call(buy("b2", "NVDA", w.clock->now()));
  w.call(buy("b3", "NVDA", w.clock->now()));
  w.call(buy("b4", "NVDA", w.clock->now()));
  CHECK(w.outcome("b2") == "filled");
  CHECK(w.outcome("b3") == "filled");
  CHECK(w.outcome("b4") == "no_op:at_ticker_cap");
  CHECK(w.held("NVDA") == Quantity{75});  // 7500 dollars
  CHECK(w.position("NVDA")->protected_quantity == Quantity{75});
  w.venue->fill("NVDA", Leg::stop_loss);
  w.settle();
  CHECK(w.trades().size() == 1);
  CHECK(w.trades()[0].reason == CloseReason::sl_hit);
}

TEST_CASE("desk: a second buy waits while the first one's order is on its way", "[actors][desk]") {
  Desk1 w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.call(buy("b2", "NVDA"));
  CHECK(w.outcome("b1") == "in_flight");
  CHECK(w.outcome("b2") == "received");
  CHECK(w.venue->submits.size() == 1);
  w.venue->fill("NVDA", Leg::entry);
  w.settle();
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.outcome("b2") == "in_flight");
  CHECK(w.venue->submits.size() == 2);
  w.venue->fill("NVDA", Leg::entry);
  w.settle();
  CHECK(w.outcome("b2") == "filled");
}

TEST_CASE("desk: a call outside of trading hours waits for the open and is sized then", "[actors][desk]") {
  Desk1 w{FakeVenue::bracket_capabilities(), at("2026-11-20T22:00:00Z")};  // Friday, 17:00 in New York
  w.start();
  w.call(buy("b1", "NVDA", w.clock->now()));
  w.call(sell("s1", "NVDA", w.clock->now()));
  CHECK(w.outcome("b1") == "deferred:2026-11-23T14:30:00.000000Z");
  CHECK(w.outcome("s1") == "no_op:not_held");
  CHECK(w.venue->submits.empty());
  CHECK(w.telemetry->settled());  // nothing keeps the daemon from stopping
  SECTION("the market opens") {}
  SECTION("the daemon starts again before it opens") {
    w.crash();
    w.start();
    w.settle();
    CHECK(w.outcome("b1") == "deferred:2026-11-23T14:30:00.000000Z");
  }
  w.venue->set_price("NVDA", "150");
  w.clock->set(at("2026-11-23T14:30:00Z"));
  w.system->send(w.desk.portfolio, SessionChanged{true, Date{std::chrono::year{2026} / 11 / 23}});
  w.settle();
  CHECK(w.outcome("b1") == "filled");
  REQUIRE(w.venue->submits.size() == 1);
  CHECK(w.venue->submits[0].quantity == Quantity{20});
  CHECK(w.finals(signal_of("b1")) == 1);
}

TEST_CASE("desk: the daemon was down when the market opened", "[actors][desk]") {
  Desk1 w{FakeVenue::bracket_capabilities(), at("2026-11-20T22:00:00Z")};
  w.start();
  w.call(buy("b1", "NVDA", w.clock->now()));
  w.crash();
  w.clock->set(at("2026-11-23T15:00:00Z"));
  w.start();
  w.settle();
  CHECK(w.outcome("b1") == "filled");  // its age counts to its arrival
  CHECK(w.finals(signal_of("b1")) == 1);
}

TEST_CASE("desk: a dry run decides everything and sends nothing", "[actors][desk]") {
  Desk1 w;
  w.strategies["tube"].enable_trading = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.call(sell("s1", "NVDA"));
  CHECK(w.outcome("b1") == "dry_run:buy 3000.00");
  CHECK(w.outcome("s1") == "dry_run:no_op:not_held");
  CHECK(w.venue->submits.empty());
  CHECK(w.finals(signal_of("b1")) == 1);
}

TEST_CASE("desk: where trading is off a person's intents open nothing, and close what is held", "[actors][desk]") {
  Desk1 w;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "filled");
  auto strategies = w.strategies;
  for (auto& [name, strategy] : strategies)
    strategy.enable_trading = false;
  w.system->send(w.desk.portfolio, Reconfigure{strategies});
  const auto sent = w.venue->submits.size();
  const auto outcome = [&](const std::string& key, IntentAction action, const Symbol& symbol,
                           const StrategyId& strategy) {
    auto intent = w.intent(key, action, symbol);
    intent.strategy = strategy;
    intent.size = Size{SizeKind::quantity, Quantity{5}, {}};
    w.submit(intent);
    w.settle();
    return w.outcome_of(DeskWorld::signal_of_key(key));
  };
  CHECK(outcome("k1", IntentAction::open, "AMD", "tube") == "dry_run:open");
  CHECK(outcome("k2", IntentAction::open, "AMD", "by-hand") == "dry_run:open");
  CHECK(outcome("k3", IntentAction::reverse, "NVDA", "tube") == "dry_run:reverse");
  CHECK(w.venue->submits.size() == sent);
  CHECK(outcome("k4", IntentAction::reduce, "NVDA", "tube") == "closed");
  CHECK(outcome("k5", IntentAction::close, "NVDA", "tube") == "closed");
}

TEST_CASE("desk: risk's no is final and says the values", "[actors][desk]") {
  Desk1 w;
  w.limits.trades_per_day_account = 1;
  w.start();
  w.buy_nvda();
  w.call(buy("b2", "AMD"));
  CHECK(w.outcome("b2") == "risk_denied:daily_trades");
  CHECK(w.reason("b2").find("1 >= 1") != std::string::npos);
  CHECK(w.venue->submits.size() == 1);
}

TEST_CASE("no breach: what is in flight counts, so two racing calls cannot both take the last slot",
          "[actors][desk]") {
  Desk1 w;
  w.limits.open_positions_max = 1;
  w.venue->fills_market_orders = false;
  w.start();
  w.mention(buy("b1", "NVDA"));
  w.mention(buy("b2", "AMD"));
  w.settle();
  CHECK(w.venue->submits.size() == 1);
  REQUIRE(w.venue->submits.size() == 1);
  const auto taken = w.venue->submits[0].symbol;
  const auto* winner = taken == Symbol{"NVDA"} ? "b1" : "b2";
  CHECK(w.outcome(winner) == "in_flight");
  CHECK(w.outcome(taken == Symbol{"NVDA"} ? "b2" : "b1") == "risk_denied:max_open");
  // The winner's order ends without a fill: its slot is free again.
  auto& book = w.venue->book(taken);
  book.end(*book.find(w.venue->submits[0].client_order_id), OrderStatus::canceled);
  w.venue->flush_stream();
  w.settle();
  CHECK(w.outcome(winner) == "cancelled");
  w.call(buy("b3", "TSLA"));
  CHECK(w.outcome("b3") == "in_flight");
}

TEST_CASE("desk: avoid blocks the symbol, closes what is held, and buys are refused until it is over",
          "[actors][desk]") {
  Desk1 w;
  w.start();
  w.buy_nvda();
  w.call(mention_of("a1", "NVDA", MentionAction::avoid));
  w.settle();
  CHECK(w.outcome("a1") == "closed");
  CHECK(w.venue->position("NVDA").is_zero());
  w.call(buy("b2", "NVDA"));
  CHECK(w.outcome("b2") == "no_op:blocklisted");
  w.crash();
  w.start();
  w.settle();
  w.call(buy("b3", "NVDA"));
  CHECK(w.outcome("b3") == "no_op:blocklisted");
}

TEST_CASE("desk: nothing is decided before books and broker have been compared", "[actors][desk]") {
  Desk1 w;
  w.venue->always["query_positions"] = Fate::lost();
  w.start();
  w.call(buy("b1", "NVDA"));
  CHECK(w.outcome("b1") == "received");
  CHECK(w.venue->submits.empty());
  CHECK(w.telemetry->calls_in_hand == 0);
  w.venue->always.clear();
  w.advance(std::chrono::seconds{2});
  CHECK(w.outcome("b1") == "filled");
}

TEST_CASE("desk: a quote that cannot be had is asked for again, then the decision fails", "[actors][desk]") {
  Desk1 w;
  w.start();
  const int failing = GENERATE(2, 50);
  for (int i = 0; i < failing; ++i)
    w.venue->fates["query_quote"].push_back(Fate::lost());
  w.call(buy("b1", "NVDA"));
  w.advance(seconds{20});
  CHECK(w.outcome("b1") == (failing == 2 ? "filled" : "failed:quote"));
  CHECK(w.finals(signal_of("b1")) == 1);
}

TEST_CASE("desk: a person's orders", "[actors][desk]") {
  Desk1 w;
  w.start();
  auto open = w.intent("k1", IntentAction::open, "NVDA");
  open.size = Size{SizeKind::quantity, Quantity{10}, {}};
  Answers<IntentReceipt> receipt;
  Answers<Decision> decided;
  w.submit(open, receipt.reply(), decided.reply());
  w.settle();
  CHECK_FALSE(receipt.one().duplicate);
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "filled");
  CHECK(w.held("NVDA") == Quantity{10});

  SECTION("close") {
    w.submit(w.intent("k2", IntentAction::close, "NVDA"));
    w.settle();
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "closed");
    CHECK(w.trades().at(0).reason == CloseReason::manual_close);
  }
  SECTION("reduce") {
    auto reduce = w.intent("k2", IntentAction::reduce, "NVDA");
    reduce.size = Size{SizeKind::quantity, Quantity{4}, {}};
    w.submit(reduce);
    w.settle();
    CHECK(w.held("NVDA") == Quantity{6});
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "closed");
  }
  SECTION("reverse: never one order of double size") {
    w.submit(w.intent("k2", IntentAction::reverse, "NVDA"));
    w.settle();
    w.settle();
    CHECK(w.held("NVDA") == Quantity{-10});
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "filled");
    for (const auto& order : w.venue->submits)
      CHECK(order.quantity == Quantity{10});
    CHECK(w.finals(DeskWorld::signal_of_key("k2")) == 1);
    REQUIRE(w.trades().size() == 1);
    CHECK(w.trades()[0].reason == CloseReason::reversed);
  }
  const auto target = [&w](const char* quantity) {
    auto to = w.intent("k2", IntentAction::target, "NVDA");
    to.size = Size{SizeKind::signed_target, dec(quantity), {}};
    w.submit(to);
    w.settle();
    w.settle();
    CHECK(w.held("NVDA") == dec(quantity));
  };
  SECTION("a target through zero is a reverse") {
    target("-3");
    REQUIRE(w.trades().size() == 1);
    CHECK(w.trades()[0].reason == CloseReason::reversed);
  }
  SECTION("a target of zero is none, nor is one that shrinks") {
    target(GENERATE("0", "4"));
    const auto orders = w.orders();
    const auto close = std::find_if(orders.begin(), orders.end(), [](const auto& o) { return o.leg == Leg::close; });
    REQUIRE(close != orders.end());
    CHECK(close->close_reason == "MANUAL_CLOSE");
  }
  SECTION("close when flat") {
    w.submit(w.intent("k2", IntentAction::close, "AMD"));
    w.settle();
    CHECK(w.outcome_of(DeskWorld::signal_of_key("k2")) == "no_op:flat");
  }
}

TEST_CASE("desk: a person's close takes an entry back that has not filled", "[actors][desk]") {
  Desk1 w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "in_flight");
  auto ask = w.intent("k1", IntentAction::close, "NVDA");
  SECTION("close") {}
  SECTION("reduce") {
    ask.action = IntentAction::reduce;
    ask.size = Size{SizeKind::quantity, Quantity{4}, {}};
  }
  SECTION("a target of nothing") {
    ask.action = IntentAction::target;
    ask.size = Size{SizeKind::signed_target, Quantity{}, {}};
  }
  SECTION("while the market is closed, where the entry waits for the opening") {
    w.clock->set(at("2026-11-20T22:00:00Z"));
    w.system->send(w.desk.portfolio, SessionChanged{false, {}});
    w.settle();
  }
  w.submit(ask);
  w.settle();
  CHECK(w.outcome("b1") == "cancelled");
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "closed");
  CHECK(w.finals(DeskWorld::signal_of_key("k1")) == 1);
  CHECK(w.venue->working("NVDA") == 0);
  CHECK(w.held("NVDA").is_zero());
}

TEST_CASE("desk: what fills of an entry before a person's close has taken it back is sold", "[actors][desk]") {
  Desk1 w;
  w.venue->fills_market_orders = false;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->fates["cancel"].push_back(Fate::lost());
  w.submit(w.intent("k1", IntentAction::close, "NVDA"));
  w.venue->fills_market_orders = true;
  w.venue->fill("NVDA", Leg::entry);
  w.settle();
  w.advance(seconds{60});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "closed");
  CHECK(w.held("NVDA").is_zero());
  CHECK(w.venue->working("NVDA") == 0);
}

TEST_CASE("desk: an order of a strategy that no order can name ends with its reason", "[actors][desk]") {
  Desk1 w;
  w.start();
  auto open = w.intent("k1", GENERATE(IntentAction::open, IntentAction::target), "NVDA");
  open.strategy = StrategyId{GENERATE("", "a b", "external")};
  open.size = Size{open.action == IntentAction::open ? SizeKind::quantity : SizeKind::signed_target, Quantity{1}, {}};
  w.submit(open);
  w.settle();
  CHECK(w.outcome_of(DeskWorld::signal_of_key("k1")) == "invalid:strategy");
  CHECK(w.telemetry->actor_restarts == 0);
}

TEST_CASE("desk: the same key is the same order, another body under it is refused", "[actors][desk]") {
  Desk1 w;
  w.start();
  auto open = w.intent("k1", IntentAction::open, "NVDA");
  open.size = Size{SizeKind::quantity, Quantity{10}, {}};
  auto other = open;
  other.size.value = Quantity{11};
  Answers<IntentReceipt> first, again, bad;
  w.submit(open, first.reply());
  const bool at_once = GENERATE(true, false);
  if (!at_once)
    w.settle();
  w.submit(open, again.reply());
  w.submit(other, bad.reply());
  w.settle();
  CHECK_FALSE(first.one().duplicate);
  CHECK(again.one().duplicate);
  CHECK(again.one().signal == first.one().signal);
  CHECK(bad.error().code == "409");
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.finals(first.one().signal) == 1);
}

TEST_CASE("desk: the kill switch stops opening, takes entries away, or flattens; closing stays possible",
          "[actors][desk]") {
  Desk1 w;
  w.start();
  w.buy_nvda();
  w.venue->fills_market_orders = false;
  w.call(buy("b2", "AMD"));
  const auto level = GENERATE(KillLevel::stop_opening, KillLevel::cancel_open_orders, KillLevel::flatten);
  Answers<Ok> done;
  w.system->send(w.desk.governor, KillCommand{level, "op", done.reply()});
  w.settle();
  done.one();
  w.venue->fills_market_orders = true;
  w.settle();
  CHECK(w.outcome("b2") == (level == KillLevel::stop_opening ? "in_flight" : "cancelled"));
  w.call(buy("b3", "TSLA"));
  CHECK(w.outcome("b3") == "no_op:paused");
  if (level == KillLevel::flatten) {
    if (w.venue->working("NVDA") > 0)
      w.venue->fill("NVDA", Leg::close);
    w.settle();
    CHECK(w.trades().at(0).reason == CloseReason::risk_cutoff);
  } else {
    CHECK(w.held("NVDA") == Quantity{30});
    w.call(sell("s1", "NVDA"));
    CHECK(w.outcome("s1") == "closed");
  }
  CHECK(w.held("NVDA").is_zero());
}

TEST_CASE("no breach: an order that waits to be sent does not leave after the kill switch, in this life or the next",
          "[actors][desk]") {
  const bool restart = GENERATE(false, true);
  DeskWorld w;
  w.venue->fates["submit"] = {Fate::too_many(10)};
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.venue->submits.size() == 1);
  w.system->send(w.desk.governor, KillCommand{KillLevel::stop_opening, "anna", nullptr});
  w.run();
  if (restart) {
    w.crash();
    w.start();
  }
  w.advance(std::chrono::minutes{10});
  CHECK(w.venue->submits.size() == 1);
  CHECK(w.outcome("b1") == "broker_rejected:NOT_SENT");
  CHECK(w.held("NVDA").is_zero());
  w.check_sane();
}

TEST_CASE("desk: a kill whose latch was durable when the process died is carried out by the next start",
          "[actors][desk]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->fills_market_orders = false;
  w.call(buy("b2", "AMD"));
  w.venue->fills_market_orders = true;
  const auto level = GENERATE(KillLevel::cancel_open_orders, KillLevel::flatten);
  w.store->after_append = [&w] { w.crashed = true; };
  w.system->send(w.desk.governor, KillCommand{level, "op", nullptr});
  w.run();
  REQUIRE(w.crashed);
  w.store->after_append = nullptr;
  w.crash();
  CHECK(w.outcome("b2") == "in_flight");
  w.start();
  w.advance(std::chrono::seconds{60});
  CHECK(w.outcome("b2") == "cancelled");
  CHECK(w.held("NVDA") == Quantity{level == KillLevel::flatten ? 0 : 30});
  CHECK(w.venue->position("NVDA") == w.held("NVDA"));
  w.check_sane();
}

TEST_CASE("desk: that an order was accepted shares the next commit; nobody waits for it", "[actors][desk]") {
  DeskWorld w;
  w.venue->fills_market_orders = false;
  w.start();
  const auto commits_before = w.telemetry->commits.load();
  w.mention(buy("b1", "NVDA"));
  w.run();
  const auto status = [&] {
    std::set<std::string> out;
    for (const auto& order : w.orders())
      out.insert(std::string{to_string(order.leg)} + " " + std::string{to_string(order.status)});
    return out;
  };
  REQUIRE(w.venue->submits.size() == 1);
  CHECK(status() == std::set<std::string>{"entry submitted", "take_profit held", "stop_loss held"});
  CHECK(w.telemetry->commits == commits_before + 1);

  SECTION("another call's commit takes it along") {
    w.mention(sell("s1", "AMD"));
    w.run();
    CHECK(status() == std::set<std::string>{"entry accepted", "take_profit held", "stop_loss held"});
    CHECK(w.telemetry->commits == commits_before + 2);
  }
  SECTION("alone after a millisecond") {
    w.advance(std::chrono::milliseconds{1});
    CHECK(status() == std::set<std::string>{"entry accepted", "take_profit held", "stop_loss held"});
    CHECK(w.telemetry->commits == commits_before + 2);
  }
  SECTION("a crash before it: the broker tells it again") {
    w.crash();
    w.start();
    w.venue->fill("NVDA", Leg::entry);
    w.settle();
    CHECK(w.held("NVDA") == Quantity{30});
    CHECK(w.outcome("b1") == "filled");
  }
  w.settle();
  CHECK(w.venue->submits.size() == 1);
  w.check_sane();
}

TEST_CASE("no lost call: one that went to the desk before this one is decided, however late it is durable",
          "[actors][desk]") {
  DeskWorld w;
  w.start();
  for (const auto& actor :
       {caf::actor_cast<caf::actor>(w.desk.reconciler), caf::actor_cast<caf::actor>(w.desk.gateway),
        caf::actor_cast<caf::actor>(w.desk.portfolio), caf::actor_cast<caf::actor>(w.desk.governor)})
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  w.run();
  w.mention(buy("b1", "NVDA"));
  w.run();  // nobody is there any more; the journal keeps it back for company
  REQUIRE(w.outcome("b1") == "-");
  w.start_desk();
  w.advance(seconds{5});
  CHECK(w.outcome("b1") == "filled");
  CHECK(w.finals(signal_of("b1")) == 1);
  CHECK(w.venue->count("submit heed1.tube.en") == 1);
}
