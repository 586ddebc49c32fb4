#include "core/mention_strategy.hpp"

#include "tests/core/support.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace heed;
using namespace heed::core;
using namespace heed::test;
using std::chrono::hours;

namespace {

const Instant now = at("2026-11-20T15:00:00Z");

// Everything a decision depends on; as it stands it buys 3,000.00.
struct Situation {
  Mention mention;
  std::optional<Decimal> effective = dec("0.8");
  SymbolView view;
  AccountSnapshot account;
  MentionStrategyConfig config;
  MentionTimes times{now, now};

  Situation() {
    mention.symbol = "NVDA";
    mention.action = MentionAction::buy;
    mention.horizon = Horizon::weeks;
    mention.created_at = now - hours{1};
    view.tradable = true;
    account.known = true;
    account.equity = Money{100'000};
    config.enable_trading = true;
    config.id = "mentions";
  }

  void hold(std::int64_t shares, std::int64_t cost) {
    view.held = Quantity{shares};
    view.cost_held = Money{cost};
  }
  void pause(Pause p) { account.pauses.push_back(std::move(p)); }
  MentionDecision decide() const { return decide_mention(mention, effective, view, account, config, times); }
};

Pause pause_of(const char* cause, std::optional<Instant> until = std::nullopt, StrategyId strategy = {},
               Symbol symbol = {}) {
  Pause p;
  p.cause = cause;
  p.until = until;
  p.strategy = strategy;
  p.symbol = symbol;
  return p;
}

using Change = std::function<void(Situation&)>;

struct Row {
  const char* why;
  Change change;
  const char* told;    // "no_op:too_old", "buy 3000.00 for 10", "close", "roll for 10"
  const char* reason;  // part of the text for people
};

std::string told(const MentionDecision& d) {
  if (const auto* buy = std::get_if<BuyCall>(&d.call))
    return std::string{buy->extends_due ? "top up " : "buy "} + buy->dollars.str_padded(2) + " for " +
           std::to_string(buy->hold_sessions);
  if (const auto* roll = std::get_if<RollCall>(&d.call))
    return "roll for " + std::to_string(roll->hold_sessions);
  if (std::holds_alternative<CloseCall>(d.call))
    return "close";
  return disposition_of(d).str();
}

void check(const Row& row) {
  INFO(row.why);
  Situation s;
  row.change(s);
  const auto decision = s.decide();
  CHECK(told(decision) == row.told);
  CHECK_THAT(reason_of(decision, s.mention, s.account), Catch::Contains(row.reason));
}

}  // namespace

TEST_CASE("sells, avoids and the rest", "[strategy]") {
  const Row rows[]{
    {"hold", [](Situation& s) { s.mention.action = MentionAction::hold; }, "no_op:ui_only", "hold is shown only"},
    {"watch", [](Situation& s) { s.mention.action = MentionAction::watch; }, "no_op:ui_only", "watch"},
    {"sell flat", [](Situation& s) { s.mention.action = MentionAction::sell; }, "no_op:not_held", "NVDA is not held"},
    {"sell held",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.hold(10, 1'000);
     },
     "close", "close NVDA: sell"},
    {"sell while the entry works",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.view.opening = true;
     },
     "close", "close NVDA"},
    {"sell while closing",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.hold(10, 1'000);
       s.view.closing = true;
     },
     "no_op:already_closing", "closing already"},
    {"sell of a short",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.hold(-10, 1'000);
     },
     "no_op:not_held", "not held"},
    {"closing passes everything",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.hold(10, 1'000);
       s.view.tradable = false;
       s.account.kill = KillLevel::flatten;
       s.account.known = false;
       s.pause(pause_of("manual"));
       s.effective.reset();
       s.mention.created_at = now - hours{1'000};
       s.mention.horizon = Horizon::intraday;
     },
     "close", "close NVDA: sell"},
    {"avoid flat", [](Situation& s) { s.mention.action = MentionAction::avoid; }, "no_op:not_held",
     "not bought until 2026-11-27T14:00:00"},
    {"avoid held",
     [](Situation& s) {
       s.mention.action = MentionAction::avoid;
       s.hold(10, 1'000);
     },
     "close", "close NVDA: avoid; not bought until"},
    {"avoid held, keeping longs",
     [](Situation& s) {
       s.mention.action = MentionAction::avoid;
       s.hold(10, 1'000);
       s.config.avoid_closes_longs = false;
     },
     "no_op:avoid_keeps_longs", "avoid_closes_longs is off; not bought until"},
  };
  for (const auto& row : rows)
    check(row);
}

TEST_CASE("an avoid blocks in every case", "[strategy]") {
  for (const bool trading : {true, false}) {
    Situation s;
    s.mention.action = MentionAction::avoid;
    s.config.enable_trading = trading;
    s.config.blocklist_days = 3;
    CHECK(s.decide().blocklist_until == s.mention.created_at + hours{72});
    CHECK(s.decide().dry_run == !trading);
  }
  CHECK_FALSE(Situation{}.decide().blocklist_until);
}

TEST_CASE("the gates of a buy, each alone", "[strategy]") {
  const Row rows[]{
    {"nothing in the way", [](Situation&) {}, "buy 3000.00 for 10", "buy NVDA for 3000.00 for 10 sessions"},
    {"no conviction", [](Situation& s) { s.effective.reset(); }, "invalid:conviction",
     "neither the call nor its source"},
    {"not tradable", [](Situation& s) { s.view.tradable = false; }, "no_op:not_tradable", "NVDA is not tradable"},
    {"kill switch", [](Situation& s) { s.account.kill = KillLevel::stop_opening; }, "no_op:paused",
     "kill switch: stop_opening"},
    {"halt", [](Situation& s) { s.pause(pause_of("drawdown")); }, "no_op:paused",
     "paused by drawdown, until a person resumes"},
    {"pause", [](Situation& s) { s.pause(pause_of("daily_loss", now + hours{1})); }, "no_op:paused",
     "paused by daily_loss, until 2026-11-20T16:00:00"},
    {"pause over", [](Situation& s) { s.pause(pause_of("daily_loss", now)); }, "buy 3000.00 for 10", "buy"},
    {"another strategy's pause", [](Situation& s) { s.pause(pause_of("manual", std::nullopt, "other")); },
     "buy 3000.00 for 10", "buy"},
    {"this strategy's pause", [](Situation& s) { s.pause(pause_of("manual", std::nullopt, "mentions")); },
     "no_op:paused", "strategy mentions"},
    {"another symbol's pause", [](Situation& s) { s.pause(pause_of("quarantine", std::nullopt, {}, "AMD")); },
     "buy 3000.00 for 10", "buy"},
    {"the second pause",
     [](Situation& s) {
       s.pause(pause_of("quarantine", std::nullopt, {}, "AMD"));
       s.pause(pause_of("quarantine", std::nullopt, {}, "NVDA"));
     },
     "no_op:paused", "paused by quarantine, symbol NVDA"},
    {"account unknown", [](Situation& s) { s.account.known = false; }, "risk_denied:not_reconciled",
     "nothing is known"},
    {"conviction below", [](Situation& s) { s.effective = dec("0.599999999"); }, "no_op:low_conviction",
     "effective conviction 0.599999999 < 0.6"},
    {"conviction at the limit", [](Situation& s) { s.effective = dec("0.6"); }, "buy 2000.00 for 10", "buy"},
    {"intraday", [](Situation& s) { s.mention.horizon = Horizon::intraday; }, "no_op:intraday_horizon", "intraday"},
    {"48 h old", [](Situation& s) { s.mention.created_at = now - hours{48}; }, "buy 3000.00 for 10", "buy"},
    {"older", [](Situation& s) { s.mention.created_at = now - hours{48} - Duration{1}; }, "no_op:too_old",
     "age 48 h > 48 h"},
    {"much older", [](Situation& s) { s.mention.created_at = now - std::chrono::minutes{4'350}; }, "no_op:too_old",
     "age 72.5 h > 48 h"},
    {"old by now, but young on arrival", [](Situation& s) { s.times.now = now + hours{72}; }, "buy 3000.00 for 10",
     "buy"},
    {"blocklisted", [](Situation& s) { s.view.blocklisted_until = now + Duration{1}; }, "no_op:blocklisted",
     "blocklisted until 2026-11-20T15:00:00"},
    {"no longer blocklisted", [](Situation& s) { s.view.blocklisted_until = now; }, "buy 3000.00 for 10", "buy"},
    {"blocklist cleared",
     [](Situation& s) {
       s.view.blocklisted_until = now + hours{1};
       s.config.buy_clears_blocklist = true;
     },
     "buy 3000.00 for 10", "takes it off the blocklist"},
    {"at the cap",
     [](Situation& s) {
       s.hold(10, 7'500);
       s.effective = dec("0.7");
     },
     "no_op:at_ticker_cap", "held and in flight 7500.00 >= cap 7500.00"},
    {"little room", [](Situation& s) { s.hold(10, 7'100); }, "no_op:below_min_trade",
     "room for 400.00 < minimum trade 500.00"},
    {"no equity", [](Situation& s) { s.account.equity = Money{0}; }, "no_op:below_min_trade", "room for 0.00"},
  };
  for (const auto& row : rows)
    check(row);
}

TEST_CASE("the first gate gives the reason", "[strategy]") {
  // Every gate trips at once; they are lifted one by one, in the order of the rules.
  Situation s;
  s.effective.reset();
  s.view.tradable = false;
  s.account.kill = KillLevel::stop_opening;
  s.account.known = false;
  s.mention.horizon = Horizon::intraday;
  s.mention.created_at = now - hours{100};
  s.view.blocklisted_until = now + hours{1};
  s.hold(10, 7'500);
  const Row lifts[]{
    {"conviction", [](Situation& x) { x.effective = dec("0.5"); }, "invalid:conviction", ""},
    {"tradable", [](Situation& x) { x.view.tradable = true; }, "no_op:not_tradable", ""},
    {"kill", [](Situation& x) { x.account.kill = KillLevel::none; }, "no_op:paused", ""},
    {"known", [](Situation& x) { x.account.known = true; }, "risk_denied:not_reconciled", ""},
    {"high conviction", [](Situation& x) { x.effective = dec("0.9"); }, "no_op:low_conviction", ""},
    {"horizon", [](Situation& x) { x.mention.horizon = Horizon::days; }, "no_op:intraday_horizon", ""},
    {"age", [](Situation& x) { x.mention.created_at = now; }, "no_op:too_old", ""},
    {"block", [](Situation& x) { x.view.blocklisted_until.reset(); }, "no_op:blocklisted", ""},
    {"held", [](Situation& x) { x.hold(10, 7'400); }, "no_op:at_ticker_cap", ""},
    {"room", [](Situation& x) { x.hold(10, 5'000); }, "no_op:below_min_trade", ""},
  };
  for (const auto& lift : lifts) {
    INFO(lift.why);
    CHECK(told(s.decide()) == lift.told);
    lift.change(s);
  }
  CHECK(told(s.decide()) == "top up 2500.00 for 3");
}

TEST_CASE("a further buy on what is held", "[strategy]") {
  const Row rows[]{
    {"top up", [](Situation& s) { s.hold(10, 1'000); }, "top up 3000.00 for 10", "top up NVDA for 3000.00"},
    {"roll",
     [](Situation& s) {
       s.hold(10, 1'000);
       s.config.on_repeat_buy = RepeatBuy::roll;
     },
     "roll for 10", "hold NVDA on for 10 sessions"},
    {"roll does not mind the cap",
     [](Situation& s) {
       s.hold(10, 9'000);
       s.config.on_repeat_buy = RepeatBuy::roll;
     },
     "roll for 10", "hold NVDA on"},
    {"roll still passes the gates",
     [](Situation& s) {
       s.hold(10, 1'000);
       s.config.on_repeat_buy = RepeatBuy::roll;
       s.effective = dec("0.1");
     },
     "no_op:low_conviction", "0.1 < 0.6"},
    {"ignore",
     [](Situation& s) {
       s.hold(10, 1'000);
       s.config.on_repeat_buy = RepeatBuy::ignore;
     },
     "no_op:already_held", "on_repeat_buy is ignore"},
    {"roll of what is not held is a buy", [](Situation& s) { s.config.on_repeat_buy = RepeatBuy::roll; },
     "buy 3000.00 for 10", "buy"},
  };
  for (const auto& row : rows)
    check(row);
}

TEST_CASE("holding by horizon", "[strategy]") {
  const MentionStrategyConfig config;
  CHECK(hold_sessions(Horizon::intraday, config) == 0);
  CHECK(hold_sessions(Horizon::days, config) == 3);
  CHECK(hold_sessions(Horizon::weeks, config) == 10);
  CHECK(hold_sessions(Horizon::months, config) == 45);
  CHECK(hold_sessions(Horizon::long_term, config) == 90);
  CHECK(hold_sessions(Horizon::unspecified, config) == 10);
}

TEST_CASE("dry runs record the decision that would have been", "[strategy]") {
  struct DryRow {
    const char* why;
    Change change;
    const char* disposition;
  };
  const DryRow rows[]{
    {"buy", [](Situation&) {}, "dry_run:buy 3000.00"},
    {"refusal", [](Situation& s) { s.effective = dec("0.1"); }, "dry_run:no_op:low_conviction"},
    {"watch", [](Situation& s) { s.mention.action = MentionAction::watch; }, "dry_run:no_op:ui_only"},
    {"close",
     [](Situation& s) {
       s.mention.action = MentionAction::sell;
       s.hold(1, 1);
     },
     "dry_run:close"},
    {"roll",
     [](Situation& s) {
       s.hold(1, 1);
       s.config.on_repeat_buy = RepeatBuy::roll;
     },
     "dry_run:roll"},
    {"no conviction", [](Situation& s) { s.effective.reset(); }, "dry_run:invalid:conviction"},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    Situation s;
    row.change(s);
    auto live = s.decide();
    s.config.enable_trading = false;
    const auto dry = s.decide();
    CHECK(disposition_of(dry).str() == row.disposition);
    CHECK_THAT(reason_of(dry, s.mention, s.account), Catch::StartsWith("dry run"));
    live.dry_run = true;
    CHECK(live == dry);  // nothing else differs
  }
  CHECK(disposition_of(Situation{}.decide()).kind == DispositionKind::received);
}

TEST_CASE("sizes", "[strategy]") {
  struct SizeRow {
    const char *equity, *effective, *held, *in_flight, *min_conviction, *answer;
  };
  const SizeRow rows[]{
    {"100000", "0.8", "0", "0", "0.6", "3000.00"},
    {"100000", "0.6", "0", "0", "0.6", "2000.00"},
    {"100000", "1.0", "5000", "0", "0.6", "2500.00"},
    {"100000", "1.0", "3000", "2000", "0.6", "2500.00"},
    {"10000", "0.6", "0", "0", "0.6", "500.00"},
    {"1000000", "1.0", "0", "0", "0.6", "5000.00"},
    {"100000", "0.7", "7500", "0", "0.6", "at_ticker_cap"},
    {"100000", "0.7", "0", "7500", "0.6", "at_ticker_cap"},
    {"100000", "0.7", "7000.01", "0", "0.6", "below_min_trade"},
    {"100000", "0.7", "7000", "0", "0.6", "500.00"},
    {"100000", "1", "0", "0", "1", "4000.00"},              // min_conviction 1: the multiplier is 1
    {"123456.78", "0.777", "0", "0", "0.6", "3561.73"},     // 3561.728103
    {"50000", "1", "3700", "0", "0.6", "below_min_trade"},  // 7.5 % of equity leaves 50
    {"50000", "1", "3750", "0", "0.6", "at_ticker_cap"},
    {"6000", "1", "0", "0", "0.6", "below_min_trade"},  // 7.5 % is 450
    {"-1", "1", "0", "0", "0.6", "below_min_trade"},
    {"100000", "0.600000001", "0", "0", "0.6", "2000.00"},
    {"100000.20", "0.6", "0", "0", "0.6", "2000.00"},  // 2000.004
    {"100000.25", "0.6", "0", "0", "0.6", "2000.00"},  // 2000.005, half-even
    {"100000.75", "0.6", "0", "0", "0.6", "2000.02"},  // 2000.015, half-even
  };
  for (const auto& row : rows) {
    INFO(row.equity << " eff " << row.effective << " held " << row.held);
    MentionStrategyConfig config;
    config.min_conviction = dec(row.min_conviction);
    const auto sized = size_mention(dec(row.equity), dec(row.effective), dec(row.held), dec(row.in_flight), config);
    if (const auto* dollars = std::get_if<Money>(&sized))
      CHECK(dollars->str_padded(2) == row.answer);
    else
      CHECK(name_of(std::get<NoTrade>(sized).gate) == row.answer);
  }
  MentionStrategyConfig off;
  off.max_position_pct = Decimal{};
  CHECK(std::get<Money>(size_mention(dec("6000"), dec("1"), dec("0"), dec("0"), off)) == dec("500"));
}

TEST_CASE("a size keeps within every bound", "[strategy][property]") {
  Chance chance{41};
  const MentionStrategyConfig config;
  for (int i = 0; i < 50'000; ++i) {
    const Money equity = Decimal::from_units(chance.between(0, 300'000) * 1'000'000'000);
    const Decimal effective = Decimal::from_units(chance.between(600'000'000, 1'000'000'000));
    const Money held = Decimal::from_units(chance.between(0, 900'000) * 10'000'000);
    const Money in_flight = chance.one_in(2) ? Money{} : Decimal::from_units(chance.between(0, 300'000) * 10'000'000);
    const auto sized = size_mention(equity, effective, held, in_flight, config);
    const Money taken = held + in_flight;
    if (const auto* dollars = std::get_if<Money>(&sized)) {
      CHECK(*dollars >= config.min_trade);
      CHECK(*dollars <= config.max_trade);
      CHECK(taken + *dollars <= config.max_per_ticker);
      CHECK(taken + *dollars <= equity * config.max_position_pct + dec("0.005"));  // dollars are in cents
      CHECK(dollars->is_multiple_of(dec("0.01")));
    } else {
      const auto room = std::min(config.max_per_ticker, equity * config.max_position_pct) - taken;
      CHECK((room < config.min_trade || !equity.is_positive()));
    }
  }
}

TEST_CASE("sizing by risk", "[strategy]") {
  struct RiskRow {
    const char* why;
    const char *equity, *percent, *stop, *multiplier, *rate, *lot, *min, *answer;
  };
  const RiskRow rows[]{
    {"MNQ: 500 at 40 a contract", "50000", "1", "20", "2", "1", "1", "1", "12"},
    {"ES: one is too much", "10000", "1", "10", "50", "1", "1", "1", "below"},
    {"exactly one", "50000", "1", "10", "50", "1", "1", "1", "1"},
    {"FX: 200 at 50 pips of 0.0001, units of 1000", "20000", "1", "0.005", "1", "1", "1000", "1000", "40000"},
    {"FX in yen: 150 yen a dollar", "20000", "1", "0.5", "1", "0.006666667", "1000", "1000", "59000"},
    {"CFD lots of 0.01", "10000", "0.5", "2.5", "10", "1.08", "0.01", "0.01", "1.85"},
    {"below the smallest", "10000", "0.5", "2.5", "10", "1.08", "0.01", "2", "below"},
    {"no equity", "0", "1", "20", "2", "1", "1", "1", "bad"},
    {"no stop", "50000", "1", "0", "2", "1", "1", "1", "bad"},
    {"negative risk", "50000", "-1", "20", "2", "1", "1", "1", "bad"},
    {"no rate", "50000", "1", "20", "2", "0", "1", "1", "bad"},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    RiskSizing s;
    s.equity = dec(row.equity);
    s.risk_percent = dec(row.percent);
    s.stop_distance = dec(row.stop);
    s.multiplier = dec(row.multiplier);
    s.to_account_currency = dec(row.rate);
    s.lot_size = dec(row.lot);
    s.min_quantity = dec(row.min);
    const auto sized = size_by_risk(s);
    if (const auto* quantity = std::get_if<Quantity>(&sized)) {
      CHECK(quantity->str() == row.answer);
      CHECK(*quantity * s.stop_distance * s.multiplier * s.to_account_currency <=
            s.equity * s.risk_percent / Decimal{100});
    } else {
      CHECK(std::string{std::get<RiskSizingError>(sized) == RiskSizingError::bad_input ? "bad" : "below"} ==
            row.answer);
    }
  }
}
