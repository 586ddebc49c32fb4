// What the files of the gateway share. Not for others: see actors/gateway_actor.hpp.
//
// gateway_actor.cpp keeps the queue and sends orders; gateway_market.cpp asks for prices and instruments;
// gateway_holdings.cpp asks what the venue holds.
#pragma once

#include "actors/gateway_actor.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace heed::gateway {

/// A callback for the venue: whatever thread it is called on, `then` runs on the actor, with the counters held until
/// it has run.
template <class T, class Then>
Done<T> on_actor(GatewaySelf self, Then then) {
  struct Awaited {
    Then then;
    Unfinished unfinished;
  };
  auto awaited =
    std::make_shared<Awaited>(Awaited{std::move(then), Unfinished{self->state.args->telemetry->broker_calls_out}});
  return [handle = caf::actor_cast<GatewayActor>(self), awaited](Result<T> result) {
    caf::anon_send(handle, VenueSaid{[awaited, result = std::move(result)]() mutable {
                     awaited->then(std::move(result));
                     awaited->unfinished.done();
                   }});
  };
}

/// Into its lane; it leaves when its turn has come.
void enqueue(GatewaySelf self, GatewayRequest what);
/// One request or question is answered: its place is free.
void finished(GatewaySelf self);
/// The queue is looked at again after this long, or sooner.
void pump_later(GatewaySelf self, std::chrono::milliseconds delay);
/// Of a question that failed: closes the gate when the venue says "too many requests".
void note_limit(GatewaySelf self, TokenBucket& bucket, const Error& error);
/// The venue told of these. One of them that waits here to be sent again has arrived after all: in place of sending
/// it, it is asked for, since a report of the stream tells nothing of its legs.
void have_arrived(GatewaySelf self, std::span<const OrderReport> reports);
/// A failure for people.
std::string in_words(const Error& error);

caf::result<QuoteAnswer> quote(GatewaySelf self, const Symbol& symbol);
/// Sends what waits, all symbols in one question. While enough are on their way, more gather for the next.
void ask_quotes(GatewaySelf self);
caf::result<InstrumentAnswer> instrument(GatewaySelf self, const Symbol& symbol);

caf::result<VenueSnapshot> venue_snapshot(GatewaySelf self, Instant since);
caf::result<SymbolHoldings> symbol_holdings(GatewaySelf self, const Symbol& symbol);

}  // namespace heed::gateway
