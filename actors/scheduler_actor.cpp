#include "actors/scheduler_actor.hpp"

#include "messages/mutant.hpp"

#include <utility>

namespace heed {
namespace {

void say_day(SchedulerSelf self, Instant now) {
  auto& st = self->state;
  const auto day = st.args->calendar->date_at(now);
  if (st.day == day)
    return;
  st.day = day;
  for (const auto& [account, desk] : st.args->directory->desks())
    self->send(desk.governor, DayRolled{day});
}

void say_session(SchedulerSelf self, Instant now) {
  auto& st = self->state;
  const auto session = st.args->calendar->session_at_or_after(now);
  const bool open = now >= session.open;
  if (st.market_open == open)
    return;
  st.market_open = open;
  for (const auto& [account, desk] : st.args->directory->desks())
    self->send(desk.portfolio, SessionChanged{open, session.date});
}

void plan_next(SchedulerState& st) {
  st.next_scan = st.args->exit_scan->next_on_session(st.last_scan, *st.args->calendar);
}

/// The newest occurrence that has passed; those before it are covered by it.
Instant latest_due(const SchedulerState& st, Instant now) {
  auto due = *st.next_scan;
  for (auto next = st.args->exit_scan->next_on_session(due, *st.args->calendar); next && *next <= now;
       next = st.args->exit_scan->next_on_session(due, *st.args->calendar))
    due = *next;
  return due;
}

void remember_scan(SchedulerSelf self, Instant now) {
  auto& st = self->state;
  Append append;
  append.batch.rows.emplace_back(CursorRow{exit_scan_cursor, to_rfc3339(st.last_scan), now});
  JournalEvent event;
  event.at = now;
  event.type = "exit_scan";
  event.payload = "{\"session\":\"" + to_iso_date(*st.scan_session) + "\"}";
  append.batch.events.push_back(std::move(event));
  // Not stored: it runs again after a restart, which closes nothing twice.
  self->request(st.args->journal, caf::infinite, std::move(append))
    .then([](const Appended&) {}, [](const caf::error&) {});
}

/// The scan may be stored and its closes not, when the process or a desk fell in between: who has not heard of the
/// last one in this life hears it now. Whoever is closing or flat already leaves it alone.
void tell_desks(SchedulerSelf self) {
  auto& st = self->state;
  for (const auto& [account, desk] : st.args->directory->desks()) {
    const std::pair heard{caf::actor_cast<caf::actor_addr>(desk.portfolio), st.last_scan};
    if (auto& told = st.told[account]; told != heard) {
      self->send(desk.portfolio, ExitScanDue{*st.scan_session});
      told = heard;
    }
  }
}

void say_exit_scan(SchedulerSelf self, Instant now) {
  auto& st = self->state;
  if (!st.args->exit_scan || !st.args->calendar->is_open(now))
    return;
  if (st.next_scan && *st.next_scan <= now) {
    st.last_scan = latest_due(st, now);
    st.scan_session = st.args->calendar->date_at(now);
    ++st.scans;
    plan_next(st);
    remember_scan(self, now);
  }
  if (st.scan_session)
    tell_desks(self);
}

/// Whether the stored instant is that of a scan, and not of the first start.
bool is_scan(const SchedulerState& st, Instant at) {
  return st.args->exit_scan &&
         st.args->exit_scan->next_on_session(at - std::chrono::microseconds{1}, *st.args->calendar) == at;
}

void look(SchedulerSelf self) {
  auto& st = self->state;
  const auto now = st.args->clock->now();
  say_day(self, now);
  say_session(self, now);
  for (const auto& [source, watcher] : st.args->directory->watchers())
    self->send(watcher, ClockMoved{});
  say_exit_scan(self, now);
  ScheduleBoard::View view;
  if (is_scan(st, st.last_scan))
    view.last_exit_scan = st.last_scan;
  view.next_exit_scan = st.next_scan;
  const auto session = st.args->calendar->session_at_or_after(now);
  view.market_open = now >= session.open;
  view.next_session_change = view.market_open ? session.close : session.open;
  st.args->board->set(view);
}

/// Goes on from what is stored. A first start owes no scan of the past, and stores from when on it does.
void begin(SchedulerSelf self) {
  auto& st = self->state;
  const auto now = st.args->clock->now();
  st.last_scan = mutant("scan_forgotten") ? now : st.args->last_exit_scan.value_or(now);
  if (!st.args->exit_scan)
    return;
  plan_next(st);
  if (st.args->last_exit_scan) {
    st.scan_session = st.args->calendar->date_at(*st.args->last_exit_scan);
    return;
  }
  Append append;
  append.batch.rows.emplace_back(CursorRow{exit_scan_cursor, to_rfc3339(now), now});
  self->request(st.args->journal, caf::infinite, std::move(append))
    .then([](const Appended&) {}, [](const caf::error&) {});
}

}  // namespace

SchedulerActor::behavior_type scheduler_actor(SchedulerSelf self, std::shared_ptr<const SchedulerArgs> args) {
  set_handlers(self);
  auto& st = self->state;
  st.args = std::move(args);
  begin(self);
  self->send(self, TickDue{});
  return {
    [self](InspectSelf) {
      const auto& s = self->state;
      return JsonObject{}
        .field("market_open", s.market_open)
        .field("day", s.day)
        .field("scans", s.scans)
        .field("last_scan", s.last_scan)
        .field("next_scan", s.next_scan)
        .str();
    },
    [self](TickDue) {
      look(self);
      self->delayed_send(self, self->state.args->tick, TickDue{});
    },
    [self](ClockMoved) { look(self); },
  };
}

}  // namespace heed
