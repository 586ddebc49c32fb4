#include "actors/journal_actor.hpp"

#include "persistence/json_write.hpp"

#include <algorithm>
#include <utility>

namespace heed {
namespace {

using std::chrono::steady_clock;

void count(Telemetry& telemetry, std::span<const Batch> batches) {
  for (const auto& batch : batches) {
    telemetry.events_written += static_cast<std::int64_t>(batch.events.size());
    for (const auto& row : batch.rows) {
      if (const auto* signal = std::get_if<SignalRow>(&row)) {
        telemetry.decisions_demanded += signal->followers;
      } else if (const auto* decision = std::get_if<Decision>(&row);
                 decision && is_final(decision->disposition.kind)) {
        ++telemetry.decisions_final;
        telemetry.count_disposition(decision->disposition.str());
      }
    }
  }
}

/// Whether the batch builds on a signal that was lost. One that brings the signal itself makes it good again.
bool builds_on_lost(JournalActorState& st, const Batch& batch) {
  if (st.lost.empty())
    return false;
  for (const auto& row : batch.rows)
    if (const auto* signal = std::get_if<SignalRow>(&row))
      st.lost.erase(signal->signal);
  return std::any_of(batch.rows.begin(), batch.rows.end(), [&](const Row& row) {
    const auto* decision = std::get_if<Decision>(&row);
    const auto* intent = std::get_if<Intent>(&row);
    const auto* order = std::get_if<OrderRow>(&row);
    return (decision && st.lost.contains(decision->signal)) || (intent && st.lost.contains(intent->signal)) ||
           (order && st.lost.contains(order->signal));
  });
}

void remember_lost(JournalActorState& st, std::span<const Batch> batches) {
  for (const auto& batch : batches)
    for (const auto& row : batch.rows)
      if (const auto* signal = std::get_if<SignalRow>(&row))
        st.lost.insert(signal->signal);
}

void upkeep_later(JournalSelf self) {
  auto& st = self->state;
  st.quiet = false;
  if (!std::exchange(st.upkeep_due, true))
    self->delayed_send(self, st.args->upkeep_after, FlushDue{false, true});
}

void upkeep(JournalSelf self) {
  auto& st = self->state;
  if (!std::exchange(st.quiet, true)) {
    self->delayed_send(self, st.args->upkeep_after, FlushDue{false, true});
    return;
  }
  st.upkeep_due = false;
  if (const auto status = st.args->writer->append({}); !status)
    spdlog::warn("journal: upkeep failed: {}", status.error().detail);
}

void commit(JournalSelf self) {
  auto& st = self->state;
  st.must_commit = false;
  auto batches = std::exchange(st.gathered, {});
  auto waiting = std::exchange(st.waiting, {});
  const auto unfinished = std::exchange(st.unfinished, {});
  std::vector<Batch*> pointers;
  pointers.reserve(batches.size());
  for (auto& batch : batches)
    pointers.push_back(&batch);

  const auto begun = steady_clock::now();  // tidy:allow-clock: a metric
  const auto status = st.args->writer->append(pointers);
  st.args->telemetry->commit_seconds.observe(steady_clock::now() - begun);  // tidy:allow-clock: a metric
  if (!status) {
    ++st.args->telemetry->commit_failures;
    st.last_error = status.error().detail;
    spdlog::error("journal: append failed: {}", st.last_error);
    remember_lost(st, batches);
    for (auto& promise : waiting)
      promise.deliver(caf::make_error(caf::sec::runtime_error, "journal: " + st.last_error));
    if (status.error().kind == ErrorKind::unknown)
      self->quit(
        caf::make_error(caf::sec::runtime_error, "journal: the fate of a commit is unknown: " + st.last_error));
    return;
  }
  upkeep_later(self);
  st.last_error.clear();
  ++st.args->telemetry->commits;
  count(*st.args->telemetry, batches);
  for (auto& promise : waiting)
    promise.deliver(Appended{});
  if (st.args->on_commit)
    st.args->on_commit(batches);
}

void flush(JournalSelf self, bool forced) {
  auto& st = self->state;
  if (forced)
    st.timer_due = false;
  else
    st.flush_due = false;
  if (st.gathered.empty())
    return;
  const bool waits = !st.must_commit || st.args->commit_delay.count() > 0;
  if (forced || !waits) {
    commit(self);
  } else if (!st.timer_due) {
    st.timer_due = true;
    self->delayed_send(self, st.must_commit ? st.args->commit_delay : st.args->company_wait, FlushDue{true});
  }
}

}  // namespace

JournalActor::behavior_type journal_actor(JournalSelf self, std::shared_ptr<JournalActorArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  return {
    [self](InspectSelf) {
      const auto& st = self->state;
      const auto& t = *st.args->telemetry;
      return "{\"gathered\":" + std::to_string(st.gathered.size()) + ",\"commits\":" + std::to_string(t.commits) +
             ",\"commit_failures\":" + std::to_string(t.commit_failures) +
             ",\"last_error\":" + to_json(st.last_error) + "}";
    },
    [self](Append& append) -> caf::result<Appended> {
      auto& st = self->state;
      auto promise = self->make_response_promise<Appended>();
      if (builds_on_lost(st, append.batch)) {
        promise.deliver(
          caf::make_error(caf::sec::runtime_error, "journal: the signal behind this was never durable"));
        return promise;
      }
      st.must_commit = st.must_commit || !append.more_follows;
      st.gathered.push_back(std::move(append.batch));
      st.waiting.push_back(promise);
      st.unfinished.emplace_back(st.args->telemetry->appends_waiting);
      if (st.gathered.size() >= st.args->commit_batch_max) {
        commit(self);
      } else if (!st.flush_due) {
        st.flush_due = true;
        self->send(self, FlushDue{});
      }
      return promise;
    },
    [self](const FlushDue& due) {
      if (due.upkeep)
        upkeep(self);
      else
        flush(self, due.forced);
    },
  };
}

}  // namespace heed
