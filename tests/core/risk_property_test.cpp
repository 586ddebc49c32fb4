// The governor under random interleavings of questions, fills, ends, doubts and repeats.
#include "tests/core/risk_world.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

TEST_CASE("no interleaving exceeds a limit, and the sums are right at every step", "[risk][property]") {
  int granted = 0;
  int denied = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    RiskWorld world{Chance{seed}};
    for (int i = 0; i < 220; ++i) {
      world.step();
      world.check();
    }
    if (!world.resumed())
      world.check_replay();
    world.settle_and_check();
    granted += world.granted();
    denied += world.denied();
  }
  CHECK(granted > 1'000);  // the stories are about something
  CHECK(denied > 1'000);
}

TEST_CASE("of racing orders only as many win as there is room for", "[risk][property]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Chance chance{seed};
    auto limits = wide_limits();
    limits.open_positions_max = static_cast<std::int32_t>(chance.between(1, 5));
    auto ledger = ready_ledger(limits);
    int won = 0;
    for (int i = 0; i < 20; ++i)
      won +=
        ledger.reserve(question("o" + std::to_string(i), "S" + std::to_string(i)), risk_now).answer.granted ? 1 : 0;
    CHECK(won == limits.open_positions_max);
  }
}

TEST_CASE("what is over is forgotten in the end, what counts never", "[risk]") {
  auto ledger = ready_ledger(wide_limits());
  const auto kept = question("kept", "KEPT");
  ledger.reserve(kept, risk_now);
  const auto doubtful = question("doubtful", "DOUBT");
  ledger.apply(fact_of(RiskFactKind::unknown, doubtful));
  for (int i = 0; i < 2'000; ++i) {
    const auto q = question("o" + std::to_string(i));
    REQUIRE(ledger.reserve(q, risk_now).answer.granted);
    ledger.apply(fact_of(RiskFactKind::released, q));
  }
  CHECK(ledger.state().orders.size() < 300);
  CHECK(ledger.reserved("KEPT") == Money{1'000});
  CHECK(ledger.find("DOUBT")->unknown_orders == 1);
  ledger.apply(fact_of(RiskFactKind::released, kept));
  ledger.apply(fact_of(RiskFactKind::released, doubtful));
  CHECK(ledger.state().unreported == Money{});
  CHECK(ledger.open_positions() == 0);
  CHECK(ledger.find("DOUBT")->unknown_orders == 0);
}
