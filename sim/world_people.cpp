// What people and programs do to the daemon. A sender that gets no receipt sends again, under the same key.
#include "sim/world.hpp"

#include "core/naming.hpp"

namespace heed::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void World::schedule_ops() {
  for (std::size_t i = 0; i < work_.ops.size(); ++i)
    if (!options_.without.contains(i))
      around_.agenda.at(work_.ops[i].at, [this, i] { perform(i, 0); });
}

MadeCall& World::made(const Op& op) {
  const bool mention = op.kind != OpKind::intent;
  const auto signal = mention
                        ? op.call.signal
                        : core::signal_id(op.intent.source, rules_.account.str() + ":" + op.intent.idempotency_key);
  auto& call = auditor_.call(signal);
  if (call.first_sent)
    return call;
  call.signal = signal;
  call.source = mention ? op.call.source : op.intent.source;
  call.key = mention ? op.call.external_id : op.intent.idempotency_key;
  call.symbol = mention ? op.call.symbol : op.intent.symbol;
  call.mention = mention;
  call.action = std::string{mention ? to_string(op.call.action) : to_string(op.intent.action)};
  call.may_open = mention ? op.call.action == MentionAction::buy
                          : op.intent.action == IntentAction::open || op.intent.action == IntentAction::reverse ||
                              op.intent.action == IntentAction::target;
  call.created_at = mention ? op.call.created_at : op.intent.created_at;
  call.first_sent = around_.now();
  return call;
}

void World::perform(std::size_t index, int attempt) {
  const auto& op = work_.ops[index];
  if (attempt == 0)
    around_.tell("people: " + op.str());
  switch (op.kind) {
    case OpKind::mention: return send_mention(index, attempt);
    case OpKind::intent: return send_intent(index, attempt);
    case OpKind::tape: {
      made(op).recorded = tape_followed_;
      tape_->push_back({op.call, std::to_string(tape_->size() + 1)});
      return;
    }
    case OpKind::kill: return order_kill(op.level);
    case OpKind::lift: return lift();
    case OpKind::pause:
      if (life_) {
        around_.reach(Mark::paused);
        life_->pause(Pause{rules_.account, {}, op.symbol, "manual", "", "operator", {}, {}}, nullptr);
      }
      return;
    case OpKind::resume:
      if (life_)
        life_->resume(op.symbol, nullptr);
      return;
    case OpKind::limits:
      rules_.limits = op.limits;
      auditor_.limits_changed(op.limits);
      if (life_)
        life_->set_limits(op.limits);
      return;
    case OpKind::drain: return drain();
  }
}

void World::again_later(std::size_t index, int attempt) {
  if (attempt > 200)
    return;
  around_.agenda.after(milliseconds{people_chance_.spread(500, 60'000)},
                       [this, index, attempt] { perform(index, attempt + 1); });
}

void World::answered(std::size_t index, int attempt, const SignalId& signal, bool duplicate) {
  auto& call = made(work_.ops[index]);
  if (signal != call.signal)
    return auditor_.violate("receipt for another call", call.key + " got " + signal.str());
  if (duplicate)
    around_.reach(Mark::duplicate_call);
  if (attempt > 0)
    around_.reach(Mark::resent_after_restart);
  if (!call.acknowledged)
    call.acknowledged = around_.now();
  around_.tell("people: receipt for " + call.key + (duplicate ? ", known" : ""));
}

void World::refused(std::size_t index, int attempt, const Error& error) {
  around_.tell("people: no receipt for " + made(work_.ops[index]).key + ": " + error.code);
  if (error.code == "JOURNAL")
    around_.reach(Mark::append_refused);
  around_.reach(Mark::call_refused_without_receipt);
  if (error.kind != ErrorKind::rejected)
    again_later(index, attempt);
}

void World::send_mention(std::size_t index, int attempt) {
  const auto& op = work_.ops[index];
  auto& call = made(op);
  if (!life_ || draining_)
    return again_later(index, attempt);
  const auto life = life_number_;
  auto open = std::make_shared<bool>(true);
  life_->mention(op.call, [this, life, index, attempt, open](const Result<std::vector<MentionReceipt>>& result) {
    if (life != life_number_ || !std::exchange(*open, false))
      return;
    if (!result)
      return refused(index, attempt, result.error());
    for (const auto& receipt : result.value())
      answered(index, attempt, receipt.signal, receipt.duplicate);
  });
  around_.agenda.after(seconds{8}, [this, index, attempt, open, signal = call.signal] {
    if (*open && !auditor_.call(signal).acknowledged) {
      *open = false;
      again_later(index, attempt);
    }
  });
}

void World::send_intent(std::size_t index, int attempt) {
  const auto& op = work_.ops[index];
  auto& call = made(op);
  if (!life_ || draining_)
    return again_later(index, attempt);
  const auto life = life_number_;
  auto open = std::make_shared<bool>(true);
  life_->submit(op.intent, [this, life, index, attempt, open](const Result<IntentReceipt>& result) {
    if (life != life_number_ || !std::exchange(*open, false))
      return;
    if (!result)
      return refused(index, attempt, result.error());
    answered(index, attempt, result.value().signal, result.value().duplicate);
  });
  around_.agenda.after(seconds{8}, [this, index, attempt, open, signal = call.signal] {
    if (*open && !auditor_.call(signal).acknowledged) {
      *open = false;
      again_later(index, attempt);
    }
  });
}

void World::order_kill(KillLevel level) {
  if (!life_)
    return;
  const auto life = life_number_;
  life_->kill(level, [this, life, level](const Result<Ok>& result) {
    if (life != life_number_ || !result)
      return;
    around_.tell("people: kill switch " + std::string{to_string(level)} + " is latched");
    if (level == KillLevel::none)
      return auditor_.kill_lifted();
    around_.reach(level == KillLevel::flatten              ? Mark::kill_flatten
                  : level == KillLevel::cancel_open_orders ? Mark::kill_cancel_open_orders
                                                           : Mark::kill_stop_opening);
    auditor_.kill_acknowledged(level);
  });
}

void World::lift() {
  auditor_.kill_lifted();
  order_kill(KillLevel::none);
  if (life_)
    life_->resume({}, nullptr);
}

void World::drain() {
  if (!life_ || draining_)
    return;
  draining_ = true;
  life_->drain();
  around_.agenda.after(
    milliseconds{10}, [this, life = life_number_, until = around_.now() + seconds{30}] { watch_drain(life, until); });
}

/// As the program does: quiet, or the deadline has passed.
void World::watch_drain(std::uint64_t life, Instant until) {
  if (life != life_number_ || !life_)
    return;
  if ((life_->settled() && !life_->has_turn()) || around_.now() >= until)
    return go_down(End::exited);
  around_.agenda.after(milliseconds{50}, [this, life, until] { watch_drain(life, until); });
}

}  // namespace heed::sim
