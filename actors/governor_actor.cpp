#include "actors/governor_actor.hpp"

#include "core/risk_usage.hpp"

#include <utility>

namespace heed {
namespace {

AccountRow row_of(const GovernorState& st, Instant now) {
  const auto& state = st.ledger->state();
  AccountRow row;
  row.account = st.args->account;
  row.day = state.day;
  row.day_opening_equity = state.day_opening_equity;
  row.starting_equity = state.starting_equity;
  row.peak_equity = state.peak_equity;
  row.equity = state.equity;
  row.cash = state.cash;
  row.buying_power = state.buying_power;
  row.kill = state.kill;
  row.state = to_json(state);
  row.at = now;
  return row;
}

void add(Batch& batch, const core::PauseStarted& e) { batch.rows.emplace_back(PauseRow{e.pause, std::nullopt, {}}); }
void add(Batch& batch, const core::PauseEnded& e) { batch.rows.emplace_back(PauseRow{e.pause, e.at, e.by}); }
void add(Batch&, const core::KillChanged&) {}
void add(Batch&, const core::TradingDayStarted&) {}

template <class E>
void say(const GovernorState& st, const E& e) {
  spdlog::warn("account {}: {} {}", st.args->account.view(), E::type_name, to_json(e));
}

/// Effects into the journal, then `then`. With nothing to say, only the account's row is written. What cannot be
/// stored ends the actor; whoever waits is told.
template <class Then>
void store(GovernorSelf self, const core::RiskEffects& effects, Then then,
           const std::function<void(Error)>& otherwise = nullptr) {
  auto& st = self->state;
  const auto now = st.args->clock->now();
  Append append;
  for (const auto& effect : effects)
    std::visit(
      [&](const auto& e) {
        using E = std::decay_t<decltype(e)>;
        if constexpr (!std::is_same_v<E, core::TradingDayStarted>)
          say(st, e);
        JournalEvent event;
        event.at = now;
        event.type = E::type_name;
        event.account = st.args->account;
        event.payload = to_json(e);
        append.batch.events.push_back(std::move(event));
        add(append.batch, e);
      },
      effect);
  append.batch.rows.emplace_back(row_of(st, now));
  append.chained = true;
  self->request(st.args->journal, caf::infinite, std::move(append))
    .then([then](const Appended&) { then(); },
          [self, otherwise](caf::error& error) {
            if (otherwise)
              otherwise(not_stored(error));
            self->quit(std::move(error));
          });
}

void store(GovernorSelf self, const core::RiskEffects& effects) {
  if (!effects.empty())
    store(self, effects, [] {});
}

/// What is counted in a row is known from nothing but the account's row, so it is stored as it changes.
void take_fact(GovernorSelf self, const RiskFact& fact) {
  auto& ledger = *self->state.ledger;
  const auto in_a_row = [&ledger] {
    return std::pair{ledger.state().rejects_in_row,
                     ledger.limits().losses_in_row > 0 ? ledger.state().losses_in_row : 0};
  };
  const auto before = in_a_row();
  const auto effects = ledger.apply(fact);
  if (!effects.empty() || in_a_row() != before)
    store(self, effects, [] {});
}

RiskAnswer reserve(GovernorSelf self, const ReserveRisk& question) {
  auto& st = self->state;
  ++st.asked;
  store(self, st.ledger->expire(st.args->clock->now()));
  auto reservation = st.ledger->reserve(question, st.args->clock->now());
  ++(reservation.answer.granted ? st.granted : st.denied);
  store(self, reservation.effects);
  return std::move(reservation.answer);
}

void pause(GovernorSelf self, const PauseCommand& command) {
  auto& st = self->state;
  auto pause = command.pause;
  pause.account = st.args->account;
  if (pause.since == Instant{})
    pause.since = st.args->clock->now();
  store(
    self, st.ledger->pause(pause),
    [done = command.done, pause] {
      if (done)
        done(pause);
    },
    command.done);
}

void resume(GovernorSelf self, const ResumeCommand& command) {
  auto& st = self->state;
  const auto effects = st.ledger->resume(command.strategy, command.symbol, command.by, st.args->clock->now());
  std::int32_t ended = 0;
  for (const auto& effect : effects)
    ended += std::holds_alternative<core::PauseEnded>(effect) ? 1 : 0;
  store(
    self, effects,
    [done = command.done, ended] {
      if (done)
        done(ended);
    },
    command.done);
}

void kill(GovernorSelf self, const KillCommand& command) {
  auto& st = self->state;
  const auto effects = st.ledger->kill(command.level, command.by, st.args->clock->now());
  store(
    self, effects,
    [self, command] {
      self->send(self->state.portfolio, KillOrder{command.level, command.by});
      if (command.done)
        command.done(Ok{});
    },
    command.done);
}

void change_limits(GovernorSelf self, const RiskLimits& limits) {
  auto& st = self->state;
  const auto changes = st.ledger->set_limits(limits);
  if (changes.empty())
    return;
  JournalEvent event;
  event.at = st.args->clock->now();
  event.type = "limits_changed";
  event.account = st.args->account;
  event.payload = to_json(changes);
  spdlog::info("account {}: limits changed {}", st.args->account.view(), event.payload);
  Append append;
  append.batch.events.push_back(std::move(event));
  self->request(st.args->journal, caf::infinite, std::move(append)).then([](const Appended&) {});
}

std::string inspect_governor(const GovernorState& st) {
  const auto& state = st.ledger->state();
  return JsonObject{}
    .field("account", st.args->account)
    .field("reconciled", st.ledger->reconciled())
    .field("asked", st.asked)
    .field("granted", st.granted)
    .field("denied", st.denied)
    .field("equity", state.equity)
    .field("day", state.day)
    .field("day_opening_equity", state.day_opening_equity)
    .field("day_realized", state.day_realized)
    .field("today", state.today)
    .field("open_positions", st.ledger->open_positions())
    .field("kill", state.kill)
    .field("pauses", state.pauses)
    .str();
}

}  // namespace

GovernorActor::behavior_type governor_actor(GovernorSelf self, std::shared_ptr<const GovernorArgs> args) {
  set_handlers(self);
  auto& st = self->state;
  st.args = std::move(args);
  auto state = st.args->recovered;
  if (st.args->starting_equity && state.starting_equity.is_zero())
    state.starting_equity = *st.args->starting_equity;
  st.ledger = std::make_unique<core::RiskLedger>(st.args->account, st.args->limits, std::move(state));
  return {
    [self](InspectSelf) { return inspect_governor(self->state); },
    [self](const ReserveRisk& question) { return reserve(self, question); },
    [self](AccountQuery) { return self->state.ledger->snapshot(); },
    [self](LimitsQuery) { return self->state.ledger->limits(); },
    [self](UsageQuery) { return core::risk_usage(*self->state.ledger, self->state.args->clock->now()); },
    [self](const RiskFact& fact) { take_fact(self, fact); },
    [self](const AccountReport& report) {
      const auto effects = self->state.ledger->apply(report, self->state.args->clock->now());
      store(self, effects, [] {});
    },
    [self](const DayRolled& day) { store(self, self->state.ledger->roll_day(day.day, {})); },
    [self](const PauseCommand& command) { pause(self, command); },
    [self](const ResumeCommand& command) { resume(self, command); },
    [self](const KillCommand& command) { kill(self, command); },
    [self](const SetLimits& change) { change_limits(self, change.limits); },
    [self](const Introduce& who) { self->state.portfolio = who.portfolio; },
    [self](AccountReady) { self->state.ledger->set_reconciled(true); },
  };
}

}  // namespace heed
