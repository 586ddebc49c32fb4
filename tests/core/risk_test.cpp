#include "core/risk.hpp"

#include "tests/core/risk_support.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace heed;
using namespace heed::core;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

using Kind = RiskFactKind;
const Instant now = risk_now;

// An entry that was granted and filled at once.
void buy(RiskLedger& ledger, const ReserveRisk& q, const char* held_after) {
  REQUIRE(told(ledger.reserve(q, now)) == "granted");
  ledger.apply(fact_of(Kind::filled, q, q.quantity.str().c_str(), held_after));
}

Pause manual_pause(StrategyId strategy = {}, Symbol symbol = {}, std::optional<Instant> until = std::nullopt) {
  Pause p;
  p.cause = "manual";
  p.by = "ann";
  p.since = now;
  p.strategy = strategy;
  p.symbol = symbol;
  p.until = until;
  return p;
}

struct Row {
  const char* why;
  std::function<void(RiskLimits&)> limits;
  std::function<void(RiskLedger&)> before;
  std::function<void(ReserveRisk&)> question;
  const char* answer;
  const char* reason;
};

void nothing(RiskLedger&) {}
void as_is(ReserveRisk&) {}
void wide(RiskLimits&) {}

void check(const Row& row) {
  INFO(row.why);
  auto limits = wide_limits();
  row.limits(limits);
  auto ledger = ready_ledger(limits);
  row.before(ledger);
  auto q = question("asked");
  row.question(q);
  const auto state = ledger.state();
  const auto answer = ledger.reserve(q, now);
  CHECK(told(answer) == row.answer);
  CHECK_THAT(answer.answer.reason, Catch::Contains(row.reason));
  CHECK(answer.answer.order == q.order);
  if (!answer.answer.granted && answer.effects.empty())
    CHECK(ledger.state() == state);  // a no leaves nothing behind
}

}  // namespace

TEST_CASE("each limit alone says no, and says why", "[risk]") {
  const Row rows[]{
    {"nothing in the way", wide, nothing, as_is, "granted", ""},
    // input
    {"no name", wide, nothing, [](ReserveRisk& q) { q.order = ""; }, "order_limits", "order is \"\""},
    {"another account", wide, nothing, [](ReserveRisk& q) { q.account = "live"; }, "order_limits",
     "account is \"live\""},
    {"no strategy", wide, nothing, [](ReserveRisk& q) { q.strategy = ""; }, "order_limits", "strategy"},
    {"no symbol", wide, nothing, [](ReserveRisk& q) { q.symbol = ""; }, "order_limits", "symbol"},
    {"no quantity", wide, nothing, [](ReserveRisk& q) { q.quantity = Quantity{}; }, "order_limits",
     "quantity is \"0\""},
    {"negative quantity", wide, nothing, [](ReserveRisk& q) { q.quantity = dec("-1"); }, "order_limits", "\"-1\""},
    {"no price", wide, nothing, [](ReserveRisk& q) { q.price = Price{}; }, "order_limits", "price is \"0\""},
    {"no multiplier", wide, nothing, [](ReserveRisk& q) { q.multiplier = Decimal{}; }, "order_limits", "multiplier"},
    {"negative cost", wide, nothing, [](ReserveRisk& q) { q.cost_held = dec("-1"); }, "order_limits", "cost_held"},
    {"too large to reckon with", wide, nothing,
     [](ReserveRisk& q) {
       q.quantity = dec("9000000000");
       q.price = q.last_price = dec("9000000000");
     },
     "order_limits", "too large"},
    {"not reconciled", wide, [](RiskLedger& l) { l.set_reconciled(false); }, as_is, "not_reconciled",
     "not been compared"},
    // latches
    {"kill switch", wide, [](RiskLedger& l) { l.kill(KillLevel::stop_opening, "ann", now); }, as_is, "paused",
     "kill switch: stop_opening"},
    {"broker's block", wide,
     [](RiskLedger& l) {
       auto r = account_report(Money{100'000}, now);
       r.trading_blocked = true;
       l.apply(r, now);
     },
     as_is, "paused", "the broker blocks"},
    {"pause", wide, [](RiskLedger& l) { l.pause(manual_pause()); }, as_is, "paused",
     "paused by manual until a person"},
    {"pause of the strategy", wide, [](RiskLedger& l) { l.pause(manual_pause("mentions")); }, as_is, "paused",
     "manual"},
    {"pause of another strategy", wide, [](RiskLedger& l) { l.pause(manual_pause("other")); }, as_is, "granted", ""},
    {"pause of the symbol", wide, [](RiskLedger& l) { l.pause(manual_pause({}, "NVDA")); }, as_is, "paused",
     "manual"},
    {"pause of another symbol", wide, [](RiskLedger& l) { l.pause(manual_pause({}, "AMD")); }, as_is, "granted", ""},
    {"pause that is over", wide, [](RiskLedger& l) { l.pause(manual_pause({}, {}, now)); }, as_is, "granted", ""},
    {"pause that is not over", wide, [](RiskLedger& l) { l.pause(manual_pause({}, {}, now + Duration{1})); }, as_is,
     "paused", "until 2026-11-20T15:00:00.000001Z"},
    {"daily loss", wide, [](RiskLedger& l) { l.apply(account_report(Money{97'000}, now), now); }, as_is, "daily_loss",
     "loss 3000.00 >= 3000.00"},
    {"almost a daily loss", wide, [](RiskLedger& l) { l.apply(account_report(dec("97000.01"), now), now); }, as_is,
     "granted", ""},
    {"drawdown", [](RiskLimits& l) { l.daily_loss_fraction = Decimal{1}; },
     [](RiskLedger& l) { l.apply(account_report(dec("79999.99"), now), now); }, as_is, "drawdown",
     "equity 79999.99 < 80000.00"},
    {"almost a drawdown", [](RiskLimits& l) { l.daily_loss_fraction = Decimal{1}; },
     [](RiskLedger& l) { l.apply(account_report(Money{80'000}, now), now); }, as_is, "granted", ""},
    // symbol
    {"unknown order in the symbol", wide,
     [](RiskLedger& l) {
       const auto q = question("u");
       l.reserve(q, now);
       l.apply(fact_of(Kind::unknown, q));
     },
     as_is, "unknown_order", "1 order(s) in NVDA"},
    {"unknown close in the symbol", wide, [](RiskLedger& l) { l.apply(fact_of(Kind::unknown, question("exit"))); },
     as_is, "unknown_order", "NVDA"},
    {"unknown order elsewhere", wide, [](RiskLedger& l) { l.apply(fact_of(Kind::unknown, question("u", "AMD"))); },
     as_is, "granted", ""},
    {"unknown no more", wide,
     [](RiskLedger& l) {
       l.apply(fact_of(Kind::unknown, question("u")));
       l.apply(fact_of(Kind::resolved, question("u")));
     },
     as_is, "granted", ""},
    {"market closed", wide, nothing, [](ReserveRisk& q) { q.session_open = false; }, "market_closed", "market hours"},
    {"blocklisted", wide, [](RiskLedger& l) { l.block("NVDA", now + Duration{1}); }, as_is, "blocklisted",
     "until 2026-11-20T15:00:00.000001Z"},
    {"blocklisted no more", wide, [](RiskLedger& l) { l.block("NVDA", now); }, as_is, "granted", ""},
    {"taken off the blocklist", wide,
     [](RiskLedger& l) {
       l.block("NVDA", now + hours{1});
       l.unblock("NVDA");
     },
     as_is, "granted", ""},
    {"cooldown", [](RiskLimits& l) { l.cooldown_seconds = 60; },
     [](RiskLedger& l) {
       buy(l, question("a"), "10");
       l.apply(fact_of(Kind::closed, question("x"), "-10", "0", now - seconds{59}));
     },
     as_is, "cooldown", "cooldown 60 s"},
    {"cooldown over", [](RiskLimits& l) { l.cooldown_seconds = 60; },
     [](RiskLedger& l) { l.apply(fact_of(Kind::closed, question("x"), "-10", "0", now - seconds{60})); }, as_is,
     "granted", ""},
    // price
    {"no last price", wide, nothing, [](ReserveRisk& q) { q.last_price = Price{}; }, "stale_price", "no last price"},
    {"stale quote", wide, nothing, [](ReserveRisk& q) { q.quote_at = now - seconds{30} - Duration{1}; },
     "stale_price", "not within 30 s"},
    {"quote just fresh", wide, nothing, [](ReserveRisk& q) { q.quote_at = now - seconds{30}; }, "granted", ""},
    {"no quote time", wide, nothing, [](ReserveRisk& q) { q.quote_at = Instant{}; }, "stale_price", "1970-01-01"},
    {"quote of the future", wide, nothing, [](ReserveRisk& q) { q.quote_at = now + seconds{31}; }, "stale_price",
     "now"},
    {"price off the last", wide, nothing, [](ReserveRisk& q) { q.price = dec("110.01"); }, "order_limits",
     "10.01 away from the last 100 > 10"},
    {"price off below", wide, nothing, [](ReserveRisk& q) { q.price = dec("89.99"); }, "order_limits", "away"},
    {"price just near", wide, nothing, [](ReserveRisk& q) { q.price = dec("110"); }, "granted", ""},
    // order
    {"order value", [](RiskLimits& l) { l.order_dollars_max = dec("999.99"); }, nothing, as_is, "order_limits",
     "order value 1000.00 > 999.99"},
    {"order value with multiplier", [](RiskLimits& l) { l.order_dollars_max = dec("1999.99"); }, nothing,
     [](ReserveRisk& q) { q.multiplier = Decimal{2}; }, "order_limits", "order value 2000.00"},
    {"order quantity", [](RiskLimits& l) { l.order_quantity_max = Quantity{9}; }, nothing, as_is, "order_limits",
     "order quantity 10 > 9"},
    {"rate per second", [](RiskLimits& l) { l.orders_per_second = 2; },
     [](RiskLedger& l) {
       l.reserve(question("a", "A"), now - seconds{1} + Duration{1});
       l.reserve(question("b", "B"), now);
     },
     as_is, "order_rate", "entries in the last second 2 >= 2"},
    {"rate per second, the window slides", [](RiskLimits& l) { l.orders_per_second = 2; },
     [](RiskLedger& l) {
       l.reserve(question("a", "A"), now - seconds{1});
       l.reserve(question("b", "B"), now);
     },
     as_is, "granted", ""},
    {"rate per minute", [](RiskLimits& l) { l.orders_per_minute = 2; },
     [](RiskLedger& l) {
       l.reserve(question("a", "A"), now - seconds{20});
       l.reserve(question("b", "B"), now - seconds{10});
     },
     as_is, "order_rate", "entries in the last minute 2 >= 2"},
    // day
    {"trades of the account", [](RiskLimits& l) { l.trades_per_day_account = 1; },
     [](RiskLedger& l) { l.reserve(question("a", "A", "1", "1", "other"), now); }, as_is, "daily_trades",
     "trades today 1 >= 1"},
    {"trades of the strategy", [](RiskLimits& l) { l.trades_per_day_strategy = 1; },
     [](RiskLedger& l) { l.reserve(question("a", "A"), now); }, as_is, "daily_trades",
     "trades today by mentions 1 >= 1"},
    {"trades of another strategy", [](RiskLimits& l) { l.trades_per_day_strategy = 1; },
     [](RiskLedger& l) { l.reserve(question("a", "A", "1", "1", "other"), now); }, as_is, "granted", ""},
    {"a released order is no trade", [](RiskLimits& l) { l.trades_per_day_account = 1; },
     [](RiskLedger& l) {
       l.reserve(question("a", "A"), now);
       l.apply(fact_of(Kind::released, question("a", "A")));
     },
     as_is, "granted", ""},
    {"no trades at all", [](RiskLimits& l) { l.trades_per_day_account = 0; }, nothing, as_is, "daily_trades",
     "0 >= 0"},
    {"dollars of the account", [](RiskLimits& l) { l.dollars_per_day_account = dec("1999.99"); },
     [](RiskLedger& l) { l.reserve(question("a", "A", "10", "100", "other"), now); }, as_is, "daily_alloc",
     "opened today 1000.00 + 1000.00 > 1999.99"},
    {"dollars exactly", [](RiskLimits& l) { l.dollars_per_day_account = Money{2'000}; },
     [](RiskLedger& l) { l.reserve(question("a", "A"), now); }, as_is, "granted", ""},
    {"dollars of the strategy", [](RiskLimits& l) { l.dollars_per_day_strategy = dec("1999.99"); },
     [](RiskLedger& l) { l.reserve(question("a", "A"), now); }, as_is, "daily_alloc",
     "opened today by mentions 1000.00"},
    {"dollars count at the fill's price", [](RiskLimits& l) { l.dollars_per_day_account = Money{1'900}; },
     [](RiskLedger& l) {
       const auto q = question("a", "A", "10", "100");
       l.reserve(q, now);
       auto fill = fact_of(Kind::filled, q, "10", "10");
       fill.price = dec("90");
       l.apply(fill);
     },
     as_is, "granted", ""},
    // position
    {"position dollars in flight", [](RiskLimits& l) { l.position_dollars_max = dec("1999.99"); },
     [](RiskLedger& l) { l.reserve(question("a"), now); }, as_is, "max_position",
     "held 0.00 + in flight 1000.00 + 1000.00 > 1999.99"},
    {"position dollars held", [](RiskLimits& l) { l.position_dollars_max = dec("1999.99"); },
     [](RiskLedger& l) { buy(l, question("a"), "10"); }, as_is, "max_position", "held 1000.00 + in flight 0.00"},
    {"position dollars held, as told", [](RiskLimits& l) { l.position_dollars_max = dec("1999.99"); }, nothing,
     [](ReserveRisk& q) { q.cost_held = Money{1'000}; }, "max_position", "held 1000.00"},
    {"position by equity", [](RiskLimits& l) { l.position_equity_fraction_max = dec("0.0099"); }, nothing, as_is,
     "max_position", "> 990.00"},
    {"position elsewhere", [](RiskLimits& l) { l.position_dollars_max = Money{1'000}; },
     [](RiskLedger& l) { buy(l, question("a", "A"), "10"); }, as_is, "granted", ""},
    {"open positions", [](RiskLimits& l) { l.open_positions_max = 2; },
     [](RiskLedger& l) {
       buy(l, question("a", "A"), "10");
       l.reserve(question("b", "B"), now);
     },
     as_is, "max_open", "open positions 2 >= 2"},
    {"a top-up opens nothing", [](RiskLimits& l) { l.open_positions_max = 1; },
     [](RiskLedger& l) { buy(l, question("a"), "10"); }, as_is, "granted", ""},
    {"a second order while the first works opens nothing", [](RiskLimits& l) { l.open_positions_max = 1; },
     [](RiskLedger& l) { l.reserve(question("a"), now); }, as_is, "granted", ""},
    {"closed ones make room", [](RiskLimits& l) { l.open_positions_max = 1; },
     [](RiskLedger& l) {
       buy(l, question("a", "A"), "10");
       l.apply(fact_of(Kind::closed, question("x", "A"), "-10", "0"));
     },
     as_is, "granted", ""},
    {"strategies in a symbol", [](RiskLimits& l) { l.open_positions_per_symbol_max = 1; },
     [](RiskLedger& l) { buy(l, question("a", "NVDA", "10", "100", "other"), "10"); }, as_is, "max_open",
     "strategies in NVDA 1 >= 1"},
    {"strategies pending in a symbol", [](RiskLimits& l) { l.open_positions_per_symbol_max = 1; },
     [](RiskLedger& l) { l.reserve(question("a", "NVDA", "10", "100", "other"), now); }, as_is, "max_open", "1 >= 1"},
    {"the same strategy", [](RiskLimits& l) { l.open_positions_per_symbol_max = 1; },
     [](RiskLedger& l) { buy(l, question("a"), "10"); }, as_is, "granted", ""},
    {"what is foreign is no strategy", [](RiskLimits& l) { l.open_positions_per_symbol_max = 1; },
     [](RiskLedger& l) {
       l.set_held("NVDA", Quantity{5}, Money{500}, {{"external", Quantity{5}}});
     },
     as_is, "granted", ""},
    // account
    {"gross exposure", [](RiskLimits& l) { l.gross_exposure_max = dec("2999.99"); },
     [](RiskLedger& l) {
       buy(l, question("a", "A"), "10");
       l.reserve(question("b", "B"), now);
     },
     as_is, "exposure", "gross exposure 3000.00 > 2999.99"},
    {"net exposure", [](RiskLimits& l) { l.net_exposure_max = dec("1999.99"); },
     [](RiskLedger& l) { l.reserve(question("a", "A"), now); }, as_is, "exposure", "net exposure 2000.00"},
    {"shorts take net exposure off", [](RiskLimits& l) { l.net_exposure_max = Money{1'000}; },
     [](RiskLedger& l) {
       auto q = question("a", "A");
       q.side = Side::sell;
       l.reserve(q, now);
     },
     as_is, "granted", ""},
    {"buying power", wide, [](RiskLedger& l) { l.apply(account_report(Money{100'000}, now, dec("999.99")), now); },
     as_is, "buying_power", "1000.00 > 999.99"},
    {"buying power less what the report cannot show yet", wide,
     [](RiskLedger& l) {
       l.apply(account_report(Money{100'000}, now - seconds{5}, dec("1999.99")), now);
       buy(l, question("a", "A"), "10");
     },
     as_is, "buying_power", "less in flight 1000.00"},
    {"what the report does show is not taken off twice", wide,
     [](RiskLedger& l) {
       l.reserve(question("a", "A"), now - seconds{20});
       l.apply(account_report(Money{100'000}, now, Money{1'000}), now);
     },
     as_is, "granted", ""},
    {"margin is the venue's", wide,
     [](RiskLedger& l) { l.apply(account_report(Money{100'000}, now, Money{1'500}), now); },
     [](ReserveRisk& q) { q.multiplier = Decimal{2}; }, "granted", ""},
  };
  for (const auto& row : rows)
    check(row);
}

TEST_CASE("before anything is known nothing is granted", "[risk]") {
  RiskLedger ledger{"paper", wide_limits()};
  ledger.set_reconciled(true);
  CHECK(ledger.reserve(question("a"), now).answer.reason == "nothing is known of the account yet");
  CHECK_FALSE(ledger.snapshot().known);
  ledger.apply(account_report(Money{100'000}, now), now);
  CHECK(ledger.snapshot().known);
  CHECK(told(ledger.reserve(question("a"), now)) == "granted");
}

TEST_CASE("the same name is the same order", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto q = question("a");
  REQUIRE(told(ledger.reserve(q, now)) == "granted");
  const auto once = ledger.state();
  CHECK(told(ledger.reserve(q, now + seconds{5})) == "granted");
  CHECK(ledger.state() == once);
  auto other = q;
  other.quantity = Quantity{11};
  CHECK_THAT(ledger.reserve(other, now).answer.reason, Catch::Contains("other content"));
  ledger.apply(fact_of(Kind::released, q));
  CHECK_THAT(ledger.reserve(q, now).answer.reason, Catch::Contains("is over"));
}

TEST_CASE("a position that goes on from the journal frees what was never placed", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto before = ledger.state();
  const auto lost = question("lost");
  REQUIRE(told(ledger.reserve(lost, now)) == "granted");
  const auto elsewhere = question("elsewhere", "AMD");
  REQUIRE(told(ledger.reserve(elsewhere, now)) == "granted");
  const auto partly = question("partly");
  REQUIRE(told(ledger.reserve(partly, now)) == "granted");
  ledger.apply(fact_of(Kind::filled, partly, "4", "4"));
  const auto placed = question("placed");
  REQUIRE(told(ledger.reserve(placed, now)) == "granted");
  const auto doubtful = question("doubtful");
  REQUIRE(told(ledger.reserve(doubtful, now)) == "granted");
  ledger.apply(fact_of(Kind::unknown, doubtful));
  REQUIRE(ledger.reserved("NVDA") == Money{3'600});

  ledger.apply(fact_of(Kind::restarted, question("")));
  ledger.apply(fact_of(Kind::reserved, placed, "10"));
  CHECK(ledger.reserved("NVDA") == Money{2'600});
  CHECK(ledger.reserved("AMD") == Money{1'000});
  CHECK(ledger.state().today.trades == before.today.trades + 4);
  CHECK(ledger.state().today.dollars == Money{4'000});
  CHECK(ledger.state().unreported == Money{4'000});
  // Its name is free: the second decision may be another.
  ledger.apply(fact_of(Kind::resolved, doubtful));
  auto again = lost;
  again.quantity = Quantity{7};
  CHECK(told(ledger.reserve(again, now)) == "granted");
  CHECK(ledger.reserved("NVDA") == Money{3'300});
}

TEST_CASE("a reservation becomes exposure, part by part", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto q = question("a");
  ledger.reserve(q, now);
  CHECK(ledger.reserved("NVDA") == Money{1'000});
  CHECK(ledger.open_positions() == 1);
  const auto first = fact_of(Kind::filled, q, "4", "4");
  ledger.apply(first);
  CHECK(ledger.reserved("NVDA") == Money{600});
  CHECK(ledger.find("NVDA")->cost == Money{400});
  CHECK(ledger.state().today.dollars == Money{1'000});
  ledger.apply(first);  // a repeat
  CHECK(ledger.reserved("NVDA") == Money{600});
  CHECK(ledger.state().today.dollars == Money{1'000});
  ledger.apply(fact_of(Kind::unknown, q));
  CHECK(ledger.reserved("NVDA") == Money{600});  // at worst case
  ledger.apply(fact_of(Kind::released, q));
  CHECK(ledger.reserved("NVDA") == Money{});
  CHECK(ledger.find("NVDA")->unknown_orders == 0);
  CHECK(ledger.state().today.dollars == Money{400});
  CHECK(ledger.state().today.trades == 1);
  ledger.apply(fact_of(Kind::released, q));
  ledger.apply(fact_of(Kind::unknown, q));  // late news of what is over
  CHECK(ledger.state().today.dollars == Money{400});
  CHECK(ledger.find("NVDA")->unknown_orders == 0);

  auto late = fact_of(Kind::filled, q, "2", "6", now + seconds{1});
  ledger.apply(late);  // a fill after the end is booked
  CHECK(ledger.state().today.dollars == Money{600});
  CHECK(ledger.find("NVDA")->quantity == Quantity{6});
  ledger.apply(fact_of(Kind::closed, question("x"), "-6", "0"));
  CHECK(ledger.open_positions() == 0);
  CHECK(ledger.find("NVDA")->strategies.empty());
  CHECK(ledger.state().today.dollars == Money{600});  // opened stays opened
}

TEST_CASE("one fill that closes two equal lots is two facts", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  ledger.set_held("NVDA", Quantity{10}, Money{1'000}, {{"mentions", Quantity{10}}});
  auto close = fact_of(Kind::closed, question("x"), "-5", "0");
  close.realized = dec("-7");
  for (const auto* lot : {"i-one", "i-two", "i-one", "i-two"}) {  // each told twice
    close.lot = lot;
    ledger.apply(close);
  }
  CHECK(ledger.state().day_realized == dec("-14"));
  CHECK(ledger.open_positions() == 0);

  // Ends of trades that no order brought: of two symbols, alike but for the name.
  auto limits = wide_limits();
  limits.losses_in_row = 2;
  auto quiet = ready_ledger(limits);
  RiskFact ended;
  ended.kind = Kind::closed;
  ended.strategy = "mentions";
  ended.trade_ended = true;
  ended.trade_realized = dec("-1");
  ended.at = now;
  ended.symbol = "A";
  CHECK(quiet.apply(ended).empty());
  CHECK(quiet.apply(ended).empty());
  ended.symbol = "B";
  CHECK(quiet.apply(ended).size() == 1);
}

TEST_CASE("an order that fills in hundreds of parts counts none of them twice", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto q = question("a", "NVDA", "300");
  REQUIRE(ledger.reserve(q, risk_now).answer.granted);
  std::vector<RiskFact> parts;
  for (int i = 1; i <= 300; ++i)
    parts.push_back(fact_of(Kind::filled, q, "1", std::to_string(i).c_str()));
  for (const auto& part : parts)
    ledger.apply(part);
  const auto before = ledger.state();
  for (const auto& part : parts)
    ledger.apply(part);
  CHECK(ledger.state() == before);
}

TEST_CASE("facts of orders that nobody announced", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  ledger.apply(fact_of(Kind::filled, question("stray"), "10", "10"));
  CHECK(ledger.find("NVDA")->quantity == Quantity{10});
  CHECK(ledger.state().today.trades == 1);
  CHECK(ledger.state().today.dollars == Money{1'000});
  ledger.apply(fact_of(Kind::released, question("stray")));
  CHECK(ledger.open_positions() == 1);
  CHECK(ledger.state().today.trades == 1);

  // The start tells what works, after other news of it; its price may not be known.
  ledger.apply(fact_of(Kind::unknown, question("b", "B")));
  auto at_work = fact_of(Kind::reserved, question("b", "B"), "10");
  ledger.apply(at_work);
  CHECK(ledger.reserved("B") == Money{1'000});
  CHECK(ledger.find("B")->unknown_orders == 1);
  ledger.apply(at_work);
  CHECK(ledger.reserved("B") == Money{1'000});
  auto priceless = fact_of(Kind::reserved, question("c", "C"), "10");
  priceless.price = Price{};
  ledger.apply(priceless);
  CHECK(ledger.reserved("C") == ledger.limits().order_dollars_max);
  ledger.apply(fact_of(Kind::released, question("c", "C")));
  ledger.apply(priceless);  // over is over
  CHECK(ledger.reserved("C") == Money{});
}

TEST_CASE("breakers", "[risk]") {
  SECTION("rejects in a row") {
    auto limits = wide_limits();
    limits.rejects_in_row = 3;
    auto ledger = ready_ledger(limits);
    const auto reject = [&](const char* name) {
      const auto q = question(name);
      ledger.reserve(q, now);
      auto effects = ledger.apply(fact_of(Kind::rejected, q));
      CHECK(ledger.apply(fact_of(Kind::rejected, q)).empty());  // told twice
      CHECK(ledger.reserved("NVDA") == Money{});
      return effects;
    };
    CHECK(reject("a").empty());
    CHECK(reject("b").empty());
    buy(ledger, question("ok"), "10");  // breaks the row
    CHECK(reject("c").empty());
    CHECK(reject("d").empty());
    const auto effects = reject("e");
    REQUIRE(effects.size() == 1);
    const auto& pause = std::get<PauseStarted>(effects[0]).pause;
    CHECK(pause.cause == "rejects");
    CHECK_FALSE(pause.until);
    CHECK(told(ledger.reserve(question("f"), now + hours{1'000})) == "rejects");
    ledger.resume({}, {}, "ann", now);
    CHECK(told(ledger.reserve(question("g"), now)) == "granted");
  }
  SECTION("losses in a row") {
    auto limits = wide_limits();
    limits.losses_in_row = 2;
    auto ledger = ready_ledger(limits);
    const auto close = [&](const char* name, const char* pnl) {
      auto f = fact_of(Kind::closed, question(name), "-1", "0");
      f.realized = f.trade_realized = dec(pnl);
      f.trade_ended = true;
      return ledger.apply(f);
    };
    CHECK(close("a", "-1").empty());
    CHECK(close("a", "-1").empty());  // told twice
    CHECK(close("b", "1").empty());
    CHECK(close("c", "-1").empty());
    CHECK(close("d", "-1").size() == 1);
    CHECK(told(ledger.reserve(question("e"), now)) == "losses");
    CHECK(ledger.state().day_realized == dec("-2"));
    CHECK(ledger.snapshot().day_realized == dec("-2"));
  }
  SECTION("order rate") {
    auto limits = wide_limits();
    limits.orders_per_second = 1;
    auto ledger = ready_ledger(limits);
    ledger.reserve(question("a", "A"), now);
    const auto denied = ledger.reserve(question("b", "B"), now);
    REQUIRE(denied.effects.size() == 1);
    CHECK(std::get<PauseStarted>(denied.effects[0]).pause.until == now + std::chrono::minutes{1});
    const auto again = ledger.reserve(question("b", "B"), now + seconds{30});
    CHECK(told(again) == "order_rate");
    CHECK(again.effects.empty());
    auto q = question("b", "B");
    q.quote_at = now + seconds{60};
    CHECK(told(ledger.reserve(q, now + seconds{60})) == "granted");
    CHECK(ledger.expire(now + seconds{59}).empty());
    CHECK(ledger.expire(now + seconds{60}).size() == 1);
  }
}

TEST_CASE("daily loss and drawdown", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  auto effects = ledger.apply(account_report(Money{97'000}, now), now);
  REQUIRE(effects.size() == 1);
  const auto pause = std::get<PauseStarted>(effects[0]).pause;
  CHECK(pause.cause == "daily_loss");
  CHECK(pause.account == AccountId{"paper"});
  CHECK(pause.until == now + hours{24});
  CHECK(ledger.apply(account_report(Money{96'000}, now), now).empty());        // said once
  CHECK(ledger.apply(account_report(Money{1}, now - hours{1}), now).empty());  // older than known
  CHECK(ledger.snapshot().equity == Money{96'000});

  // A person's resume accepts this loss, not the next one.
  CHECK(ledger.resume({}, {}, "ann", now).size() == 1);
  CHECK(ledger.apply(account_report(Money{95'500}, now), now).empty());
  CHECK(ledger.apply(account_report(Money{93'000}, now), now).size() == 1);

  // A new day measures from its own opening; the pause stays for its time.
  ledger.roll_day(day("2026-11-23"), Money{93'000});
  CHECK(told(ledger.reserve(question("a"), now)) == "daily_loss");
  CHECK(ledger.expire(now + hours{24}).size() == 1);
  CHECK(ledger.apply(account_report(Money{92'000}, now + hours{24}), now + hours{24}).empty());

  auto limits = wide_limits();
  limits.daily_loss_fraction = Decimal{1};
  auto halted = ready_ledger(limits);
  halted.apply(account_report(Money{120'000}, now), now);
  CHECK(halted.apply(account_report(Money{90'000}, now), now).empty());  // 75 % of the peak, 90 % of the start
  effects = halted.apply(account_report(Money{79'000}, now), now);
  REQUIRE(effects.size() == 1);
  CHECK(std::get<PauseStarted>(effects[0]).pause.cause == "drawdown");
  CHECK_FALSE(std::get<PauseStarted>(effects[0]).pause.until);
  CHECK(halted.expire(now + hours{100'000}).empty());
  halted.roll_day(day("2027-01-04"), Money{79'000});
  CHECK(told(halted.reserve(question("a"), now)) == "drawdown");
  limits.drawdown_equity_fraction = dec("0.1");
  halted.set_limits(limits);
  CHECK(told(halted.reserve(question("a"), now)) == "drawdown");  // loosening does not un-halt
  limits.drawdown_equity_fraction = dec("0.8");
  halted.set_limits(limits);
  halted.resume({}, {}, "ann", now);
  CHECK(halted.apply(account_report(Money{78'000}, now), now).empty());
  CHECK(halted.apply(account_report(Money{63'000}, now), now).size() == 1);

  limits.drawdown_from_peak = true;
  auto from_peak = ready_ledger(limits);
  from_peak.apply(account_report(Money{120'000}, now), now);
  CHECK(from_peak.apply(account_report(dec("95999.99"), now), now).size() == 1);
}

TEST_CASE("a new day", "[risk]") {
  auto limits = wide_limits();
  limits.trades_per_day_account = 1;
  auto ledger = ready_ledger(limits);
  ledger.reserve(question("old", "A"), now);
  CHECK(ledger.roll_day(risk_day, Money{1}).empty());
  CHECK(ledger.roll_day(day("2026-11-19"), Money{1}).empty());
  CHECK(told(ledger.reserve(question("b", "B"), now)) == "daily_trades");
  const auto effects = ledger.roll_day(day("2026-11-23"), Money{101'000});
  REQUIRE(effects.size() == 1);
  CHECK(std::get<TradingDayStarted>(effects[0]) == TradingDayStarted{day("2026-11-23"), Money{101'000}});
  CHECK(ledger.reserved("A") == Money{1'000});  // still at work
  CHECK(ledger.state().today == DayCounter{});
  ledger.apply(fact_of(Kind::filled, question("old", "A"), "10", "10"));
  CHECK(ledger.state().today == DayCounter{});  // it belongs to the day it was granted on
  CHECK(told(ledger.reserve(question("b", "B"), now)) == "granted");
  CHECK(ledger.snapshot().day_opening_equity == Money{101'000});
}

TEST_CASE("pauses, resume and the kill switch", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  CHECK(ledger.pause(manual_pause({}, {}, now + hours{1})).size() == 1);
  CHECK(ledger.pause(manual_pause({}, {}, now + hours{1})).empty());  // nothing new
  CHECK(ledger.pause(manual_pause({}, {}, now + hours{2})).size() == 1);
  CHECK(ledger.pause(manual_pause()).size() == 1);
  CHECK(ledger.pause(manual_pause({}, {}, now + hours{3})).empty());  // until a person resumes is longer
  CHECK(ledger.state().pauses.size() == 1);
  ledger.pause(manual_pause("mentions"));
  ledger.pause(manual_pause({}, "NVDA"));
  CHECK(ledger.resume("mentions", {}, "ann", now).size() == 1);
  CHECK(ledger.resume("mentions", {}, "ann", now).empty());
  const auto ended = ledger.resume({}, {}, "ann", now);
  REQUIRE(ended.size() == 1);
  CHECK(std::get<PauseEnded>(ended[0]).by == "ann");
  CHECK(told(ledger.reserve(question("a"), now)) == "paused");  // the symbol's is still there
  CHECK(told(ledger.reserve(question("a", "AMD"), now)) == "granted");

  const auto killed = ledger.kill(KillLevel::flatten, "ann", now);
  REQUIRE(killed.size() == 1);
  CHECK(std::get<KillChanged>(killed[0]) == KillChanged{KillLevel::none, KillLevel::flatten, "ann", now});
  CHECK(ledger.kill(KillLevel::flatten, "ann", now).empty());
  CHECK(ledger.resume({}, "NVDA", "ann", now).size() == 1);
  CHECK(told(ledger.reserve(question("b"), now)) == "paused");  // resuming is not un-killing
  CHECK(ledger.snapshot().kill == KillLevel::flatten);
  ledger.kill(KillLevel::none, "ann", now);
  CHECK(told(ledger.reserve(question("b"), now)) == "granted");
}

TEST_CASE("changed limits are told with old and new", "[risk]") {
  auto ledger = ready_ledger(RiskLimits{});
  CHECK(ledger.set_limits(RiskLimits{}).empty());
  RiskLimits limits;
  limits.trades_per_day_account = 11;
  limits.order_quantity_max = Quantity{100};
  limits.drawdown_from_peak = true;
  limits.daily_loss_fraction = dec("0.025");
  const auto changes = ledger.set_limits(limits);
  CHECK(changes == std::vector<LimitChange>{{"trades_per_day_account", "10", "11"},
                                            {"daily_loss_fraction", "0.03", "0.025"},
                                            {"drawdown_from_peak", "false", "true"},
                                            {"order_quantity_max", "", "100"}});
  CHECK(ledger.limits() == limits);
}

TEST_CASE("what is stored is what goes on", "[risk]") {
  auto ledger = ready_ledger(RiskLimits{});
  buy(ledger, question("a"), "10");
  ledger.reserve(question("b", "AMD"), now);
  ledger.kill(KillLevel::stop_opening, "ann", now);
  RiskLedger restarted{"paper", RiskLimits{}, ledger.state()};
  CHECK(restarted.state() == ledger.state());
  CHECK(restarted.open_positions() == 2);
  CHECK(told(restarted.reserve(question("c"), now)) == "not_reconciled");  // each start looks first
  restarted.set_reconciled(true);
  CHECK(told(restarted.reserve(question("c"), now)) == "paused");
}
