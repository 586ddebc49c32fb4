// POSITION: one per (account, symbol), the only origin of orders for that pair. A shell round core/position.hpp.
//
// Calls are decided one at a time. A call that would open waits while an order is on its way, and until the market
// opens; a call that closes does not wait. Each step's facts are journaled first; its effects follow once they are
// durable. If they cannot be made durable the actor ends, and the portfolio starts it again from the journal.
//
//   MentionCall ─▶ gates ─▶ quote ─▶ size ─▶ risk ─┐
//   IntentCall  ─▶ plan  ─────────────────────────┴▶ step() ─▶ journal ─▶ gateway
//   PositionNews, timers ─────────────────────────────▶ step() ─▶ journal ─▶ effects
#pragma once

#include "actors/position_env.hpp"
#include "actors/support.hpp"
#include "core/entry_plan.hpp"
#include "messages/registration.hpp"

#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace heed {

/// A call that has no lasting answer yet.
struct PendingCall {
  std::variant<MentionCall, IntentCall> call;
  Unfinished unfinished;   // released while deferred: nothing happens until the market opens
  bool deferred = false;   // to the next open
  bool waited = false;     // was deferred once: how long it took says nothing
  std::int32_t tries = 0;  // for a quote or instrument that could not be had
};

/// A position's part in a gauge of how many are in some state now, and in the sum of their time there.
struct CountedSpell {
  std::optional<Instant> since;  // counted from then on
  void follow(std::optional<Instant> now_since, Instant now, Telemetry::Count& positions,
              Telemetry::Count& microseconds) {
    positions += (now_since ? 1 : 0) - (since ? 1 : 0);
    if (since && !now_since)
      microseconds += (now - *since).count();
    since = now_since;
  }
};

struct PositionActorState {
  PositionActorState() = default;
  /// What it counted is counted anew by whoever comes after it.
  ~PositionActorState();
  PositionActorState(const PositionActorState&) = delete;
  PositionActorState& operator=(const PositionActorState&) = delete;
  static constexpr const char* name = "position";

  std::shared_ptr<const PositionEnv> env;
  core::PositionState core;
  std::vector<PendingCall> waiting;  // in order of arrival
  std::unique_ptr<PendingCall> in_hand;
  std::vector<SignalId> decided;  // lately, by this actor: a call that is asked for again after a restart may be here
  std::unique_ptr<Instrument> instrument;  // once known
  bool following = false;                  // a stop follows the price: it is asked for every few seconds
  CountedSpell naked, closing;
  bool counted_quarantined = false;
  std::int32_t counted_unknown = 0;
};
static_assert(!std::is_aggregate_v<PositionActorState>);

using PositionSelf = PositionActor::stateful_pointer<PositionActorState>;

/// `recovered`: the state came from the journal, and what may have been sent has to be resolved first.
PositionActor::behavior_type position_actor(PositionSelf self, std::shared_ptr<const PositionEnv> env,
                                            core::PositionState state, bool recovered);

}  // namespace heed
