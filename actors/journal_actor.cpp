#include "actors/journal_actor.hpp"

#include "actors/shared_turns.hpp"
#include "messages/mutant.hpp"
#include "persistence/json_write.hpp"

#include <algorithm>
#include <array>
#include <bit>
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

/// The signal that a row is about, without being the signal; null for the rest.
const SignalId* signal_behind(const Row& row) {
  if (const auto* decision = std::get_if<Decision>(&row))
    return &decision->signal;
  if (const auto* intent = std::get_if<Intent>(&row))
    return &intent->signal;
  if (const auto* order = std::get_if<OrderRow>(&row))
    return &order->signal;
  return nullptr;
}

/// Whether the batch builds on a signal that was lost. One that brings the signal itself makes it good again.
bool builds_on_lost(JournalActorState& st, const Batch& batch) {
  if (st.lost.empty())
    return false;
  for (const auto& row : batch.rows)
    if (const auto* signal = std::get_if<SignalRow>(&row))
      st.lost.erase(signal->signal);
  return std::any_of(batch.rows.begin(), batch.rows.end(), [&](const Row& row) {
    const auto* signal = signal_behind(row);
    return signal != nullptr && st.lost.contains(*signal);
  });
}

// Later actors have higher ids; of the oldest nobody is left.
void break_chain(JournalActorState& st, const Appender& appender) {
  constexpr std::size_t most = 65'536;
  if (appender.chained == caf::invalid_actor_id)
    return;
  st.broken.insert(appender.chained);
  if (st.broken.size() > most)
    st.broken.erase(st.broken.begin());
}

void remember_lost(JournalActorState& st, std::span<const Batch> batches) {
  for (const auto& batch : batches)
    for (const auto& row : batch.rows)
      if (const auto* signal = std::get_if<SignalRow>(&row))
        st.lost.insert(signal->signal);
}

/// It waits for the disk.
Status written(JournalActorState& st, std::span<Batch* const> batches) {
  const Away away;
  return st.args->writer->append(batches);
}

void upkeep_later(JournalSelf self) {
  auto& st = self->state;
  st.quiet = false;
  if (!std::exchange(st.upkeep_due, true))
    self->delayed_send(self, st.args->upkeep_after, FlushDue{false, true});
}

/// Another process writes to the store now.
bool taken_over(const Error& error) { return error.code == "STORE_FENCED"; }

void end_taken_over(JournalSelf self, const std::string& words) {
  self->quit(caf::make_error(caf::sec::runtime_error, "journal: another process took it over: " + words));
}

void upkeep(JournalSelf self) {
  auto& st = self->state;
  if (!std::exchange(st.quiet, true)) {
    self->delayed_send(self, st.args->upkeep_after, FlushDue{false, true});
    return;
  }
  st.upkeep_due = st.args->watch_interval.count() > 0;
  if (st.upkeep_due)
    self->delayed_send(self, st.args->watch_interval, FlushDue{false, true});
  const auto status = written(st, {});
  if (status)
    return;
  if (taken_over(status.error()))
    end_taken_over(self, status.error().detail);
  else
    spdlog::warn("journal: upkeep failed: {}", status.error().detail);
}

// ---- what stands aside --------------------------------------------------------------------------------------------

void gather(JournalActorState& st, Batch batch, Appender appender) {
  st.gathered.push_back(std::move(batch));
  st.waiting.push_back(std::move(appender));
}

/// The oldest of those that stand aside goes.
void gather_first(JournalActorState& st) {
  auto& first = st.announced.front();
  for (const auto& row : first.batch.rows)
    if (const auto* signal = std::get_if<SignalRow>(&row))
      st.announced_by_signal.erase(signal->signal);
  gather(st, std::move(first.batch), std::move(first.appender));
  st.announced.pop_front();
}

/// All up to this number: they keep their order among themselves.
void gather_up_to(JournalActorState& st, std::uint64_t number) {
  while (!st.announced.empty() && st.announced_ever - st.announced.size() < number)
    gather_first(st);
}

template <class T>
bool has(const Batch& batch) {
  return std::any_of(batch.rows.begin(), batch.rows.end(),
                     [](const Row& row) { return std::holds_alternative<T>(row); });
}

/// Sources speak in order: their calls, their cursors, and the empty batch that asks whether all before it is
/// durable.
bool is_of_source(const Batch& batch) { return batch.empty() || has<CursorRow>(batch) || has<SignalRow>(batch); }

/// What the batch builds on goes into the same commit, before it.
void gather_foundations(JournalActorState& st, const Batch& batch) {
  if (st.announced.empty())
    return;
  if (is_of_source(batch)) {
    gather_up_to(st, st.announced_ever);
    return;
  }
  for (const auto& row : batch.rows)
    if (const auto* signal = signal_behind(row))
      if (const auto found = st.announced_by_signal.find(*signal); found != st.announced_by_signal.end())
        gather_up_to(st, found->second);
}

/// Only what brings signals: by them its sequel is known.
void stand_aside(JournalActorState& st, Batch batch, Appender appender, steady_clock::time_point due) {
  ++st.announced_ever;
  for (const auto& row : batch.rows)
    if (const auto* signal = std::get_if<SignalRow>(&row))
      st.announced_by_signal.insert_or_assign(signal->signal, st.announced_ever);
  st.announced.push_back({std::move(batch), std::move(appender), due});
}

// ---- the commit ---------------------------------------------------------------------------------------------------

/// Tells rows apart that the store tells apart: table and key.
using RowKey = InlineText<64>;

RowKey make_key(char table, std::string_view first, std::string_view second = {}) {
  std::array<char, RowKey::capacity> text;
  std::size_t size = 0;
  text[size++] = table;
  size += first.copy(text.data() + size, first.size());
  if (!second.empty()) {
    text[size++] = ' ';
    size += second.copy(text.data() + size, second.size());
  }
  return RowKey{std::string_view{text.data(), size}};
}

/// Empty for rows that are written once.
RowKey key_of(const Row& row) {
  if (const auto* decision = std::get_if<Decision>(&row))
    return make_key('d', decision->signal, decision->account);
  if (const auto* order = std::get_if<OrderRow>(&row))
    return make_key('o', order->client_order_id);
  if (const auto* position = std::get_if<PositionRow>(&row))
    return make_key('p', position->account, position->symbol);
  if (const auto* account = std::get_if<AccountRow>(&row))
    return make_key('a', account->account);
  if (const auto* cursor = std::get_if<CursorRow>(&row))
    return make_key('c', cursor->source);
  return {};
}

/// A row that comes again in the same commit takes the place of its earlier version: nobody could ever see that one.
class LatestRows {
public:
  void keep(std::span<Batch> batches) {
    std::size_t count = 0;
    for (const auto& batch : batches)
      count += batch.rows.size();
    places_.assign(std::bit_ceil(2 * count + 1), Place{});
    for (auto& batch : batches)
      keep(batch);
  }

private:
  struct Place {
    std::size_t hash = 0;
    Batch* batch = nullptr;  // null: free
    std::size_t at = 0;
  };

  void keep(Batch& batch) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      auto& row = batch.rows[i];
      if (const auto key = key_of(row); !key.empty()) {
        auto& place = place_of(key);
        if (place.batch != nullptr) {
          place.batch->rows[place.at] = std::move(row);
          continue;
        }
        place = {hash_of(key), &batch, kept};
      }
      if (kept != i)
        batch.rows[kept] = std::move(row);
      ++kept;
    }
    batch.rows.erase(batch.rows.begin() + static_cast<std::ptrdiff_t>(kept), batch.rows.end());
  }
  static std::size_t hash_of(const RowKey& key) { return std::hash<std::string_view>{}(key.view()); }
  /// Where the row of this key is, or would be.
  Place& place_of(const RowKey& key) {
    const auto hash = hash_of(key);
    const auto mask = places_.size() - 1;
    for (auto at = hash & mask;; at = (at + 1) & mask) {
      auto& place = places_[at];
      if (place.batch == nullptr || (place.hash == hash && key_of(place.batch->rows[place.at]) == key))
        return place;
    }
  }

  std::vector<Place> places_;  // a power of two
};

void keep_latest(std::span<Batch> batches) {
  static thread_local LatestRows latest;  // keeps its memory
  latest.keep(batches);
}

void told_of_failure(JournalSelf self, const Error& error, std::span<const Batch> batches,
                     std::vector<Appender>& waiting) {
  auto& st = self->state;
  ++st.args->telemetry->commit_failures;
  st.args->telemetry->journal_ok = false;
  st.last_error = error.detail;
  spdlog::error("journal: append failed: {}", st.last_error);
  remember_lost(st, batches);
  for (auto& appender : waiting) {
    break_chain(st, appender);
    appender.promise.deliver(store_failure(st.last_error));
  }
  if (error.kind == ErrorKind::unknown)
    self->quit(
      caf::make_error(caf::sec::runtime_error, "journal: the fate of a commit is unknown: " + st.last_error));
  else if (taken_over(error))
    end_taken_over(self, st.last_error);
}

void commit(JournalSelf self) {
  auto& st = self->state;
  st.must_commit = false;
  auto batches = std::exchange(st.gathered, {});
  auto waiting = std::exchange(st.waiting, {});
  const auto settled = [&] { st.args->telemetry->appends_waiting -= static_cast<std::int64_t>(waiting.size()); };
  keep_latest(batches);
  std::vector<Batch*> pointers;
  pointers.reserve(batches.size());
  for (auto& batch : batches)
    pointers.push_back(&batch);

  const auto begun = steady_clock::now();  // tidy:allow-clock: a metric
  const auto status = written(st, pointers);
  st.args->telemetry->commit_seconds.observe(steady_clock::now() - begun);  // tidy:allow-clock: a metric
  if (!status && !mutant("append_error_ignored")) {
    told_of_failure(self, status.error(), batches, waiting);
    settled();
    return;
  }
  upkeep_later(self);
  st.last_error.clear();
  ++st.args->telemetry->commits;
  st.args->telemetry->journal_ok = true;
  count(*st.args->telemetry, batches);
  for (auto& appender : waiting)
    appender.promise.deliver(Appended{});
  settled();
  if (st.args->on_commit)
    st.args->on_commit(batches);
}

void forced_flush_later(JournalSelf self, std::chrono::microseconds delay) {
  if (!std::exchange(self->state.timer_due, true))
    self->delayed_send(self, delay, FlushDue{true});
}

/// The timer is due: whoever has waited long enough goes without company.
void flush_overdue(JournalSelf self) {
  auto& st = self->state;
  st.timer_due = false;
  const auto now = self->clock().now();
  while (!st.announced.empty() && st.announced.front().due <= now)
    gather_first(st);
  if (!st.gathered.empty())
    commit(self);
  if (!st.announced.empty())
    forced_flush_later(self,
                       std::chrono::ceil<std::chrono::microseconds>(st.announced.front().due - self->clock().now()));
}

void flush(JournalSelf self) {
  auto& st = self->state;
  st.flush_due = false;
  if (st.gathered.empty())
    return;
  if (st.must_commit && st.args->commit_delay.count() == 0)
    commit(self);
  else
    forced_flush_later(self, st.must_commit ? st.args->commit_delay : st.args->company_wait);
}

caf::result<Appended> take(JournalSelf self, Append& append) {
  auto& st = self->state;
  const auto sender = append.chained ? self->current_sender()->id() : caf::invalid_actor_id;  // before it is answered
  auto promise = self->make_response_promise<Appended>();
  const Appender appender{promise, sender};
  const bool broken = append.chained && st.broken.contains(sender);
  if (broken || builds_on_lost(st, append.batch)) {
    break_chain(st, appender);
    promise.deliver(
      lost_before(broken ? "what came before this was never durable" : "the signal behind this was never durable"));
    return promise;
  }
  ++st.args->telemetry->appends_waiting;
  if (append.more_follows && has<SignalRow>(append.batch)) {
    stand_aside(st, std::move(append.batch), appender, self->clock().now() + st.args->company_wait);
    forced_flush_later(self, st.args->company_wait);
    return promise;
  }
  gather_foundations(st, append.batch);
  st.must_commit = st.must_commit || !append.more_follows;
  gather(st, std::move(append.batch), appender);
  if (st.gathered.size() >= st.args->commit_batch_max) {
    commit(self);
  } else if (!st.flush_due) {
    st.flush_due = true;
    self->send(self, FlushDue{});
  }
  return promise;
}

}  // namespace

JournalActor::behavior_type journal_actor(JournalSelf self, std::shared_ptr<JournalActorArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  if (self->state.args->watch_interval.count() > 0)
    upkeep_later(self);
  return {
    [self](InspectSelf) {
      const auto& st = self->state;
      const auto& t = *st.args->telemetry;
      return "{\"gathered\":" + std::to_string(st.gathered.size()) +
             ",\"announced\":" + std::to_string(st.announced.size()) + ",\"commits\":" + std::to_string(t.commits) +
             ",\"commit_failures\":" + std::to_string(t.commit_failures) +
             ",\"last_error\":" + to_json(st.last_error) + "}";
    },
    [self](Append& append) { return take(self, append); },
    [self](const FlushDue& due) {
      if (due.upkeep)
        upkeep(self);
      else if (due.forced)
        flush_overdue(self);
      else
        flush(self);
    },
  };
}

}  // namespace heed
