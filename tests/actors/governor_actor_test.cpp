#include "actors/governor_actor.hpp"

#include "support/calls.hpp"
#include "support/desk.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::hours;

namespace {

struct Fixture {
  TestSystem system;
  TestJournal journal;
  std::shared_ptr<PortfolioLog> portfolio = std::make_shared<PortfolioLog>();
  RiskLimits limits;
  GovernorActor governor;

  ~Fixture() { system.finish(); }
  Fixture() { journal.start(system); }
  void start(core::RiskState recovered = {}) {
    auto args = std::make_shared<GovernorArgs>();
    args->account = "paper";
    args->limits = limits;
    args->clock = system.clock;
    args->calendar = std::make_shared<const core::MarketCalendar>(core::MarketCalendar::nyse());
    args->journal = journal.actor;
    args->telemetry = journal.telemetry;
    args->recovered = std::move(recovered);
    governor = system.spawn(governor_actor, std::shared_ptr<const GovernorArgs>{args});
    system.send(governor, Introduce{stub_portfolio(system, portfolio), {}});
  }
  void open_for_business(const char* equity = "100000") {
    AccountReport report;
    report.account = "paper";
    report.equity = report.cash = report.buying_power = report.last_equity = dec(equity);
    report.at = system.clock->now();
    system.send(governor, DayRolled{Date{std::chrono::year{2026} / 11 / 20}});
    system.send(governor, report);
    system.send(governor, AccountReady{});
    system.run();
  }
  ReserveRisk question(const Symbol& symbol) const {
    ReserveRisk q;
    q.order =
      core::client_order_id("paper", core::intent_id(signal_of(symbol.str()), "paper", 0), Leg::entry, 0, "tube");
    q.account = "paper";
    q.strategy = "tube";
    q.symbol = symbol;
    q.quantity = Quantity{30};
    q.price = q.last_price = Price{100};
    q.quote_at = system.clock->now();
    return q;
  }
  std::string ask(const Symbol& symbol) {
    const auto answer = system.answer<RiskAnswer>(governor, question(symbol));
    return answer.granted ? "granted" : std::string{to_string(answer.limit)};
  }
  std::vector<std::string> events() {
    std::vector<std::string> out;
    for (const auto& event : all(journal.reader().events(everything())))
      out.push_back(event.type);
    return out;
  }
  Pause manual() const {
    Pause pause;
    pause.cause = "manual";
    pause.by = "op";
    return pause;
  }
  core::RiskState restart() {
    const auto stored =
      journal.reader().recover(day_start(core::MarketCalendar::nyse(), system.clock->now()), system.clock->now());
    REQUIRE(stored.ok());
    return recover_risk("paper", limits, stored.value(), core::MarketCalendar::nyse(), system.clock->now());
  }
};

}  // namespace

TEST_CASE("governor: a yes is a reservation", "[actors][governor]") {
  Fixture f;
  f.limits.open_positions_max = 1;
  f.start();
  CHECK(f.ask("NVDA") == "not_reconciled");
  f.open_for_business();
  CHECK(f.ask("NVDA") == "granted");
  CHECK(f.ask("NVDA") == "granted");  // the same order: counted once
  CHECK(f.ask("AMD") == "max_open");
  RiskFact released;
  released.kind = RiskFactKind::released;
  released.account = "paper";
  released.strategy = "tube";
  released.symbol = "NVDA";
  released.order = f.question("NVDA").order;
  released.quantity = Quantity{30};
  f.system.send(f.governor, released);
  CHECK(f.ask("AMD") == "granted");
}

TEST_CASE("governor: a pause is answered when it is durable, and holds at once", "[actors][governor]") {
  Fixture f;
  f.start();
  f.open_for_business();
  Answers<Pause> paused;
  bool durable = false;
  f.journal.control->after_append = [&] { durable = paused.got.empty(); };
  f.system.send(f.governor, PauseCommand{f.manual(), paused.reply()});
  f.system.run();
  CHECK(durable);
  CHECK(paused.one().account == AccountId{"paper"});
  CHECK(paused.one().since == friday_10);
  CHECK(f.ask("NVDA") == "paused");
  CHECK(f.events().back() == "pause_started");

  SECTION("it survives a restart") {
    f.system.kill(f.governor);
    f.start(f.restart());
    f.open_for_business();
    CHECK(f.ask("NVDA") == "paused");
  }
  SECTION("resume says how many ended") {
    Answers<std::int32_t> resumed, again;
    f.system.send(f.governor, ResumeCommand{{}, {}, "op", resumed.reply()});
    f.system.send(f.governor, ResumeCommand{{}, {}, "op", again.reply()});
    f.system.run();
    CHECK(resumed.one() == 1);
    CHECK(again.one() == 0);
    CHECK(f.ask("NVDA") == "granted");
    f.system.kill(f.governor);
    f.start(f.restart());
    f.open_for_business();
    CHECK(f.ask("AMD") == "granted");
  }
}

TEST_CASE("governor: a kill is latched durably, then carried out", "[actors][governor]") {
  Fixture f;
  f.start();
  f.open_for_business();
  int carried_out_before = -1;
  f.journal.control->after_append = [&] { carried_out_before = static_cast<int>(f.portfolio->kills.size()); };
  Answers<Ok> done;
  f.system.send(f.governor, KillCommand{KillLevel::flatten, "op", done.reply()});
  f.system.run();
  CHECK(carried_out_before == 0);
  REQUIRE(f.portfolio->kills.size() == 1);
  CHECK(f.portfolio->kills[0].level == KillLevel::flatten);
  CHECK(f.portfolio->kills[0].by == "op");
  done.one();
  CHECK(f.ask("NVDA") == "paused");
  f.system.kill(f.governor);
  f.start(f.restart());
  f.open_for_business();
  CHECK(f.ask("NVDA") == "paused");
}

TEST_CASE("governor: what cannot be made durable is told to whoever waits, and ends the actor",
          "[actors][governor]") {
  Fixture f;
  f.start();
  f.open_for_business();
  const auto ended = f.system.watch(f.governor);
  f.journal.control->fail_next();
  SECTION("pause") {
    Answers<Pause> answer;
    f.system.send(f.governor, PauseCommand{f.manual(), answer.reply()});
    f.system.run();
    CHECK(answer.error().kind == ErrorKind::unavailable);
  }
  SECTION("kill") {
    Answers<Ok> answer;
    f.system.send(f.governor, KillCommand{KillLevel::flatten, "op", answer.reply()});
    f.system.run();
    CHECK(answer.error().kind == ErrorKind::unavailable);
    CHECK(f.portfolio->kills.empty());
  }
  SECTION("resume") {
    Answers<std::int32_t> answer;
    f.system.send(f.governor, ResumeCommand{{}, {}, "op", answer.reply()});
    f.system.run();
    CHECK(answer.error().kind == ErrorKind::unavailable);
  }
  CHECK(ended->has_value());
}

TEST_CASE("governor: the day's loss pauses the account, and a restart does not forget it", "[actors][governor]") {
  Fixture f;
  f.start();
  f.open_for_business();
  f.system.advance(std::chrono::minutes{1});
  AccountReport report;
  report.account = "paper";
  report.equity = report.cash = report.buying_power = Money{96'900};
  report.last_equity = Money{100'000};
  report.at = f.system.clock->now();
  f.system.send(f.governor, report);
  f.system.run();
  CHECK(f.ask("NVDA") == "daily_loss");
  f.system.kill(f.governor);
  f.start(f.restart());
  f.system.send(f.governor, AccountReady{});
  CHECK(f.ask("NVDA") == "daily_loss");
}

TEST_CASE("governor: a restart does not forget refusals and losses in a row", "[actors][governor]") {
  Fixture f;
  f.limits.rejects_in_row = f.limits.losses_in_row = 3;
  f.start();
  f.open_for_business();
  const bool losses = GENERATE(false, true);
  const auto tell = [&](const std::string& symbol) {
    RiskFact fact;
    fact.kind = losses ? RiskFactKind::closed : RiskFactKind::rejected;
    fact.account = "paper";
    fact.strategy = "tube";
    fact.symbol = Symbol{symbol};
    fact.order = f.question(fact.symbol).order;
    fact.quantity = Quantity{-1};
    fact.trade_ended = true;
    fact.realized = fact.trade_realized = Money{-1};
    fact.at = f.system.clock->now();
    f.system.send(f.governor, fact);
    f.system.run();
  };
  tell("NVDA");
  tell("AMD");
  f.system.kill(f.governor);
  f.start(f.restart());
  f.system.send(f.governor, AccountReady{});
  CHECK(f.ask("TSLA") == "granted");
  tell("INTC");
  CHECK(f.ask("GE") == (losses ? "losses" : "rejects"));
}

TEST_CASE("governor: a fill of the day that a restart reads again does not end a row of refusals",
          "[actors][governor]") {
  DeskWorld w;
  w.limits.rejects_in_row = 3;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.outcome("b1") == "filled");
  w.venue->always["submit"] = Fate::refused("40310000");
  w.call(buy("b2", "AMD"));
  w.call(buy("b3", "INTC"));
  REQUIRE(w.outcome("b3") == "broker_rejected:40310000");
  w.crash();
  w.start();
  w.advance(std::chrono::seconds{5});
  w.call(buy("b4", "TSLA"));
  CHECK(w.outcome("b4") == "broker_rejected:40310000");
  w.call(buy("b5", "GE"));
  CHECK(w.outcome("b5") == "no_op:paused");
}

TEST_CASE("governor: changed limits hold at once and are on the record", "[actors][governor]") {
  Fixture f;
  f.start();
  f.open_for_business();
  auto limits = f.limits;
  limits.order_dollars_max = Money{100};
  f.system.send(f.governor, SetLimits{limits});
  f.system.send(f.governor, SetLimits{limits});
  CHECK(f.ask("NVDA") == "order_limits");
  const auto events = f.events();
  CHECK(std::count(events.begin(), events.end(), "limits_changed") == 1);
  CHECK(f.system.answer<RiskLimits>(f.governor, LimitsQuery{}).order_dollars_max == Money{100});
}

TEST_CASE("governor: what a restart recovers is what was live", "[actors][governor]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.call(buy("b2", "AMD"));
  w.call(sell("s2", "AMD"));
  w.venue->fills_market_orders = false;
  w.call(buy("b3", "TSLA"));
  w.venue->fill("TSLA", Leg::entry, Quantity{10});
  w.call(buy("b4", "INTC"));
  REQUIRE(w.outcome("b1") == "filled");
  REQUIRE(w.outcome("s2") == "closed");
  REQUIRE(w.outcome("b4") == "in_flight");
  const auto live = w.system->inspect(w.desk.governor);
  const auto snapshot = w.system->answer<AccountSnapshot>(w.desk.governor, AccountQuery{});
  w.crash();
  w.venue->link_at_start = false;  // nothing new is learned
  w.start();
  w.run();
  const auto again = w.system->answer<AccountSnapshot>(w.desk.governor, AccountQuery{});
  CHECK(again.open_positions == snapshot.open_positions);
  CHECK(again.day_opening_equity == snapshot.day_opening_equity);
  CHECK(again.day_realized == snapshot.day_realized);
  const auto part = [](const std::string& text, const std::string& name) {
    const auto from = text.find("\"" + name + "\":");
    return text.substr(from, text.find(name == "today" ? "}" : ",", from) - from);
  };
  const auto recovered = w.system->inspect(w.desk.governor);
  for (const auto* name : {"open_positions", "day", "day_opening_equity", "day_realized", "kill"})
    CHECK(part(recovered, name) == part(live, name));
  // What is in flight counts at the worst case that it was granted at.
  const auto dollars = [](const std::string& text) {
    const auto from = text.find("\"dollars\":\"") + 11;
    return dec(text.substr(from, text.find('"', from) - from).c_str());
  };
  CHECK(part(recovered, "today").substr(0, 18) == part(live, "today").substr(0, 18));
  CHECK(dollars(part(recovered, "today") + "\"") == dollars(part(live, "today") + "\""));
}
