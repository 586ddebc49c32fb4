// A position with its true governor, and a journal whose answers the test holds back.
#include "actors/position_actor.hpp"

#include "actors/governor_actor.hpp"
#include "core/naming.hpp"
#include "support/calls.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;

namespace {

struct SlowJournal {
  bool holds = false;
  std::vector<caf::typed_response_promise<Appended>> held;
  void let_go() {
    holds = false;
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(Appended{});
  }
};

JournalActor slow_journal(TestSystem& system, const std::shared_ptr<SlowJournal>& slow) {
  system.at_end([slow] { slow->held.clear(); });
  return system.spawn(
    [](JournalActor::pointer self, const std::shared_ptr<SlowJournal>& s) -> JournalActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [self, s](Append&) -> caf::result<Appended> {
          if (!s->holds)
            return Appended{};
          s->held.push_back(self->make_response_promise<Appended>());
          return s->held.back();
        },
        [s](FlushDue) { s->let_go(); },
      };
    },
    slow);
}

struct Fixture {
  TestSystem system;
  std::shared_ptr<SlowJournal> slow = std::make_shared<SlowJournal>();
  std::shared_ptr<GatewayLog> venue = std::make_shared<GatewayLog>();
  JournalPair stored = open_memory_journal();
  RiskLimits limits;
  JournalActor journal;
  GovernorActor governor;
  PositionActor position;
  std::map<std::string, Answers<Decision>> decisions;

  ~Fixture() { system.finish(); }
  void start() {
    journal = slow_journal(system, slow);
    auto governing = std::make_shared<GovernorArgs>();
    governing->account = "paper";
    governing->limits = limits;
    governing->clock = system.clock;
    governing->calendar = std::make_shared<const core::MarketCalendar>(core::MarketCalendar::nyse());
    governing->journal = journal;
    governing->telemetry = std::make_shared<Telemetry>();
    governor = system.spawn(governor_actor, std::shared_ptr<const GovernorArgs>{governing});
    AccountReport report;
    report.account = "paper";
    report.equity = report.cash = report.buying_power = report.last_equity = Money{100'000};
    report.at = system.clock->now();
    system.send(governor, report);
    system.send(governor, AccountReady{});

    auto env = std::make_shared<PositionEnv>();
    env->account = "paper";
    env->clock = system.clock;
    env->calendar = governing->calendar;
    env->journal = journal;
    env->reader = stored.reader;
    env->governor = governor;
    env->gateway = stub_gateway(system, venue);
    env->telemetry = governing->telemetry;
    core::PositionState fresh;
    fresh.account = "paper";
    fresh.symbol = "NVDA";
    position = system.spawn(position_actor, std::shared_ptr<const PositionEnv>{env}, std::move(fresh), false);
    system.run();
  }
  void buy(const std::string& key, Quantity quantity) {
    IntentCall call;
    auto& intent = call.intent;
    intent.signal = signal_of(key);
    intent.account = "paper";
    intent.intent_id = core::intent_id(intent.signal, intent.account, 0);
    intent.strategy = "tube";
    intent.symbol = "NVDA";
    intent.size = Size{SizeKind::quantity, quantity, {}};
    intent.created_at = system.clock->now();
    call.done = decisions[key].reply();
    system.send(position, call);
    system.run();
  }
  void fill(const SubmitOrder& order) {
    OrderReport report;
    report.client_order_id = order.client_order_id;
    report.venue_order_id = "v1";
    report.account = order.account;
    report.symbol = order.symbol;
    report.side = order.side;
    report.status = OrderStatus::filled;
    report.quantity = report.cum_qty = order.quantity;
    report.avg_px = Price{100};
    report.at = system.clock->now();
    system.send(position, PositionNews{"NVDA", report, {}});
    system.run();
  }
  void let_go() {
    system.send(journal, FlushDue{});
    system.run();
  }
};

}  // namespace

TEST_CASE("position: a fill that is not durable yet does not count against the next call twice",
          "[actors][position][risk]") {
  Fixture f;
  f.start();
  f.buy("b1", Quantity{35});
  REQUIRE(f.venue->submits.size() == 1);
  f.slow->holds = true;  // the governor hears of the fill after the next question
  f.fill(f.venue->submits[0]);
  const bool fits = GENERATE(true, false);
  f.buy("b2", fits ? Quantity{40} : Quantity{41});
  f.let_go();
  if (fits) {
    CHECK(f.decisions["b2"].one().disposition.str() == "in_flight");
    CHECK(f.venue->submits.size() == 2);
  } else {
    CHECK(f.decisions["b2"].one().disposition.str() == "risk_denied:max_position");
    CHECK(f.decisions["b2"].one().reason.find(" + 4100.00 > 7500.00") != std::string::npos);
    CHECK(f.venue->submits.size() == 1);
  }
}
