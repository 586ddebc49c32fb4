// What the files of the position actor share. Not for others: see actors/position_actor.hpp.
//
// position_step.cpp takes inputs through the machine and its facts into the journal; position_decide.cpp makes inputs
// of calls, position_adopt.cpp those of adoptions; position_actor.cpp hands out what comes in.
#pragma once

#include "actors/position_actor.hpp"

#include <memory>
#include <utility>

namespace heed::position_shell {

/// What a step has to know besides the state, now.
core::StepContext context(const PositionActorState& st);

/// Null: it is an intent.
const MentionCall* mention_of(const PendingCall& pending);
const SignalId& signal_of(const PendingCall& pending);
/// Would carrying it out add risk? Then it takes its turn; what reduces risk does not wait.
bool may_open(const PendingCall& pending);
/// Takes the reply out: it is given once. Null: nobody waits.
Reply<Decision> take_reply(PendingCall& pending);
/// A call comes a second time after a restart, when its actor already had it.
bool has_seen(const PositionActorState& st, const SignalId& signal);
void remember_decided(PositionActorState& st, const SignalId& signal);

/// What is done, and who is answered, once a batch is durable.
struct Durably {
  std::vector<core::PositionEffect> effects;
  std::unique_ptr<PendingCall> call;  // that this answers
  Decision decision;
  bool may_wait = false;  // nobody waits for it: it may share the next commit
};
/// Into the journal, and then `done`. If it cannot be made durable the actor ends. An empty batch is durable already.
void append(PositionSelf self, Batch batch, const std::shared_ptr<Durably>& done);

/// One input through the machine, its facts into the journal, then its effects. `call` is answered by it.
void run(PositionSelf self, const PositionInput& input, std::unique_ptr<PendingCall> call = nullptr);
/// What one answer of the venue told, as one batch with one snapshot of the state behind it.
void run_all(PositionSelf self, const PositionNews& news);

/// Takes up the first call that can be decided now.
void pump(PositionSelf self);
/// Goes on with the call in hand: what is the instrument, what does the account allow, then decide.
void consider(PositionSelf self);

/// The call in hand ends, or waits for the open, without an order.
void settle(PositionSelf self, Disposition disposition, std::string reason);
/// Something outside could not be told: considered again a little later, a bounded number of times; then it has
/// failed of `what`.
void try_later(PositionSelf self, std::string_view what, const std::string& why);
/// A strategy that is not configured here, as a person's own, trades where any of the account's does.
bool trading_enabled(const PositionEnv& env, const StrategyId& strategy);

/// Where a stop follows the price, its next look at it is arranged.
void follow_price(PositionSelf self);
/// And this is it.
void look_at_price(PositionSelf self);

/// The call in hand is an ADOPT.
void adopt(PositionSelf self);

}  // namespace heed::position_shell
