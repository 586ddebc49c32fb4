// A gateway over a venue of the tests, with what it told kept.
#pragma once

#include "actors/gateway_actor.hpp"

#include "support/fake_venue.hpp"
#include "support/journals.hpp"
#include "support/orders.hpp"
#include "support/stubs.hpp"

namespace heed::test {

inline VenueCapabilities can_replace() {
  auto can = FakeVenue::plain_capabilities();
  can.replace = true;
  return can;
}

struct GatewayFixture {
  TestSystem system;
  TestJournal journal;
  std::shared_ptr<FakeVenue> venue = std::make_shared<FakeVenue>(system.clock, can_replace());
  std::shared_ptr<PortfolioLog> told = std::make_shared<PortfolioLog>();
  std::shared_ptr<ReconcilerLog> reconciler = std::make_shared<ReconcilerLog>();
  GatewayPolicy policy;
  bool opening_stopped = false;
  GatewayActor gateway;

  ~GatewayFixture() { system.finish(); }
  GatewayFixture() {
    journal.start(system);
    system.at_end([v = venue] { v->forget(); });
    policy.requests_per_minute = 0;
    policy.data_requests_per_minute = 0;
    venue->fills_market_orders = false;
  }
  void start() {
    auto args = std::make_shared<GatewayArgs>();
    args->account = "paper";
    args->venue = venue;
    args->clock = system.clock;
    args->journal = journal.actor;
    args->telemetry = journal.telemetry;
    args->policy = policy;
    args->opening_stopped = opening_stopped;
    gateway = system.spawn(gateway_actor, std::shared_ptr<const GatewayArgs>{args});
    system.send(gateway, Introduce{stub_portfolio(system, told), stub_reconciler(system, reconciler)});
    system.run();
    venue->calls.clear();
  }
  template <class Message>
  void send(Message message) {
    system.send(gateway, std::move(message));
    system.run();
  }
  /// All at once, before the gateway looks.
  template <class... Messages>
  void send_together(Messages... messages) {
    (system.send(gateway, std::move(messages)), ...);
    system.run();
  }
  std::int64_t unfinished() const { return journal.telemetry->unfinished(); }
};

}  // namespace heed::test
