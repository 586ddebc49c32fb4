// Inputs through the position machine: facts into the journal, then effects to whom they concern.
#include "actors/position_journal.hpp"
#include "actors/position_shell.hpp"
#include "messages/log_scope.hpp"
#include "messages/mutant.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace heed::position_shell {
namespace {

// ---- effects ------------------------------------------------------------------------------------------------------

void perform(PositionSelf self, core::SubmitDurably& e) { self->send(self->state.env->gateway, std::move(e.order)); }
void perform(PositionSelf self, core::CancelDurably& e) { self->send(self->state.env->gateway, std::move(e.order)); }
void perform(PositionSelf self, core::ReplaceDurably& e) { self->send(self->state.env->gateway, std::move(e.order)); }
void perform(PositionSelf self, const core::QueryOrder& e) {
  self->send(self->state.env->gateway, QueryOrderNow{e.order, e.venue_order_id, self->state.core.symbol});
}
void perform(PositionSelf self, const core::QueryPosition&) {
  self->send(self->state.env->gateway, QueryPositionNow{self->state.core.symbol});
}
void perform(PositionSelf self, const core::ArmTimer& e) {
  self->delayed_send(self, e.delay, PositionTimerDue{{e.kind, e.order}});
}
void perform(PositionSelf self, core::TellRisk& e) { self->send(self->state.env->governor, std::move(e.fact)); }
void perform(PositionSelf self, const core::EntryWanted& e) {
  auto& st = self->state;
  st.waiting.insert(st.waiting.begin(),
                    PendingCall{IntentCall{e.intent, false, nullptr}, Unfinished{st.env->telemetry->calls_in_hand}});
}
/// Whose story an alert belongs to: the signal of the order that it names, else of the first lot held.
SignalId signal_behind(const core::PositionState& state, const std::string& text) {
  for (const auto& order : state.orders)
    if (text.find(order.row.client_order_id.view()) != std::string::npos)
      return order.row.signal;
  return state.lots.empty() ? SignalId{} : state.lots.front().signal;
}

void perform(PositionSelf self, const core::RaiseAlert& e) {
  auto& st = self->state;
  ++st.env->telemetry->alerts;
  const auto level = e.level == core::AlertLevel::critical  ? spdlog::level::critical
                     : e.level == core::AlertLevel::warning ? spdlog::level::warn
                                                            : spdlog::level::info;
  const auto signal = signal_behind(st.core, e.text);
  const LogScope scope{signal.view()};
  spdlog::log(level, "{}/{}: {} {}", st.core.account.view(), st.core.symbol.view(), e.code, e.text);
}

/// Gauges that other people look at follow the state.
void update_gauges(PositionActorState& st, Instant now) {
  auto& telemetry = *st.env->telemetry;
  const auto unprotected = core::unprotected(st.core, now);
  st.naked.follow(unprotected.since, now, telemetry.naked_positions, telemetry.naked_microseconds);
  st.closing.follow(unprotected.closing, now, telemetry.closing_positions, telemetry.closing_microseconds);
  const bool quarantined = !st.core.quarantine.empty();
  if (quarantined != st.counted_quarantined) {
    telemetry.quarantined += quarantined ? 1 : -1;
    st.counted_quarantined = quarantined;
  }
  const auto unknown =
    static_cast<std::int32_t>(std::count_if(st.core.orders.begin(), st.core.orders.end(), [](const auto& order) {
      return order.row.status == OrderStatus::unknown;
    }));
  telemetry.orders_unknown += unknown - st.counted_unknown;
  st.counted_unknown = unknown;
}

// ---- the step -----------------------------------------------------------------------------------------------------

/// An entry goes out, and its call did not have to wait for the market: how long did it take?
void note_latency(PositionSelf self, const Durably& done) {
  if (!done.call || done.call->waited)
    return;
  const auto is_entry = [](const core::PositionEffect& effect) {
    const auto* submit = std::get_if<core::SubmitDurably>(&effect);
    return submit != nullptr && submit->order.leg == Leg::entry;
  };
  if (std::none_of(done.effects.begin(), done.effects.end(), is_entry))
    return;
  const auto* mention = std::get_if<MentionCall>(&done.call->call);
  const auto arrived =
    mention != nullptr ? mention->arrived_at : std::get<IntentCall>(done.call->call).intent.created_at;
  auto& env = *self->state.env;
  if (arrived != Instant{})
    env.telemetry->call_to_order_seconds.observe(env.clock->now() - arrived);
}

void finish(PositionSelf self, Durably& done) {
  note_latency(self, done);
  for (auto& effect : done.effects)
    std::visit([self](auto& e) { perform(self, e); }, effect);
  if (!done.call)
    return;
  if (auto reply = take_reply(*done.call))
    reply(done.decision);
}

/// What was reserved for an entry that was refused after all.
core::TellRisk give_back(const PositionActorState& st, const PlaceEntry& entry, Instant now) {
  core::TellRisk out;
  out.fact.kind = RiskFactKind::released;
  out.fact.account = st.core.account;
  out.fact.strategy = entry.intent.strategy;
  out.fact.symbol = st.core.symbol;
  out.fact.order = entry.client_order_id;
  out.fact.quantity = entry.quantity;
  out.fact.at = now;
  return out;
}

/// A reverse is flat and goes on with its entry: from here on that is what a restart has to decide.
void owe_entries(const PositionActorState& st, core::Step& step, Instant now) {
  for (const auto& effect : step.effects)
    if (const auto* wanted = std::get_if<core::EntryWanted>(&effect); wanted && !wanted->intent.signal.empty()) {
      step.rows.emplace_back(wanted->intent);
      step.rows.emplace_back(
        Decision{wanted->intent.signal, st.core.account, {}, "flat; the other way is decided now", now});
    }
}

/// Timers wait for no commit: a question that they lead to can only come after it.
void arm_timers(PositionSelf self, std::vector<core::PositionEffect>& effects) {
  std::erase_if(effects, [self](const core::PositionEffect& effect) {
    const auto* timer = std::get_if<core::ArmTimer>(&effect);
    if (timer != nullptr)
      perform(self, *timer);
    return timer != nullptr;
  });
}

/// From the venue, who tells it again when it is asked.
bool is_news(const PositionInput& input) { return std::holds_alternative<OrderReport>(input); }

void take_step(PositionActorState& st, const PositionInput& input, const core::StepContext& ctx, core::Step& step) {
  core::step(st.core, input, ctx, step);
  update_gauges(st, ctx.now);
  owe_entries(st, step, ctx.now);
  for (auto& row : step.rows)
    if (auto* fill = std::get_if<FillRow>(&row); fill != nullptr && mutant("fill_of_nobody"))
      fill->strategy = {};
}

}  // namespace

core::StepContext context(const PositionActorState& st) {
  core::StepContext out;
  out.now = st.env->clock->now();
  const auto session = st.env->calendar->session_at_or_after(out.now);
  out.session = session.date;
  out.market_open = out.now >= session.open;
  out.instrument_known = st.instrument != nullptr;
  if (st.instrument)
    out.instrument = *st.instrument;
  out.instrument.symbol = st.core.symbol;
  out.policy = &st.env->policy;
  out.calendar = st.env->calendar.get();
  return out;
}

void append(PositionSelf self, Batch batch, const std::shared_ptr<Durably>& done) {
  if (batch.empty()) {
    finish(self, *done);
    return;
  }
  if (mutant("effects_before_commit"))
    for (auto& effect : std::exchange(done->effects, {}))
      std::visit([self](auto& e) { perform(self, e); }, effect);
  Append message;
  message.batch = std::move(batch);
  message.more_follows = done->may_wait;
  message.chained = true;
  self->request(self->state.env->journal, caf::infinite, std::move(message))
    .then(
      [self, done](const Appended&) {
        finish(self, *done);
        pump(self);
      },
      [self, done](caf::error& error) {
        if (done->call)
          if (auto reply = take_reply(*done->call))
            reply(not_stored(error));
        self->quit(std::move(error));
      });
}

void run(PositionSelf self, const PositionInput& input, std::unique_ptr<PendingCall> call) {
  auto& st = self->state;
  static thread_local core::Step step;
  const auto ctx = context(st);
  take_step(st, input, ctx, step);

  auto done = std::make_shared<Durably>();
  if (call) {
    done->decision = Decision{signal_of(*call), st.core.account, step.answer, step.reason, ctx.now};
    // The machine writes decisions of what it began; an answer that ends the matter at once is written here.
    const bool written = std::any_of(step.rows.begin(), step.rows.end(), [&](const Row& row) {
      const auto* decision = std::get_if<Decision>(&row);
      return decision && decision->signal == done->decision.signal;
    });
    if (!written && !done->decision.signal.empty())
      step.rows.emplace_back(done->decision);
    remember_decided(st, done->decision.signal);
    if (const auto* entry = std::get_if<PlaceEntry>(&input); entry && is_final(step.answer.kind))
      step.effects.emplace_back(give_back(st, *entry, ctx.now));
  }
  arm_timers(self, step.effects);
  done->effects = std::exchange(step.effects, {});
  done->call = std::move(call);
  done->may_wait = is_news(input) && done->effects.empty() && !done->call;
  const auto told = done->may_wait ? Told::by_venue : Told::by_us;
  append(self, to_batch(st.core, ctx, step, told), done);
  follow_price(self);
}

void run_all(PositionSelf self, const PositionNews& news) {
  auto& st = self->state;
  const auto ctx = context(st);
  core::Step all;
  core::Step step;
  const auto add = [&](const PositionInput& input) {
    take_step(st, input, ctx, step);
    std::move(step.events.begin(), step.events.end(), std::back_inserter(all.events));
    std::move(step.rows.begin(), step.rows.end(), std::back_inserter(all.rows));
    std::move(step.effects.begin(), step.effects.end(), std::back_inserter(all.effects));
  };
  add(news.input);
  for (const auto& input : news.more)
    add(input);
  arm_timers(self, all.effects);
  auto done = std::make_shared<Durably>();
  done->effects = std::move(all.effects);
  done->may_wait = is_news(news.input) && done->effects.empty();
  const auto told = done->may_wait ? Told::by_venue : Told::by_us;
  append(self, to_batch(st.core, ctx, all, told), done);
  follow_price(self);
}

void follow_price(PositionSelf self) {
  auto& st = self->state;
  if (st.following || !core::follows_price(st.core))
    return;
  st.following = true;
  self->delayed_send(self, std::chrono::milliseconds{st.env->follow_ms},
                     PositionTimerDue{{TimerKind::protect_retry, {}}});
}

void look_at_price(PositionSelf self) {
  self->state.following = false;
  if (!core::follows_price(self->state.core))
    return;
  if (!context(self->state).market_open)
    return follow_price(self);
  self->request(self->state.env->gateway, caf::infinite, QuoteQuery{self->state.core.symbol})
    .then([self](const QuoteAnswer& answer) {
      constexpr auto age_max = std::chrono::minutes{1};
      const bool fresh = answer.known && self->state.env->clock->now() - answer.quote.at <= age_max;
      // Asked for alone, a quote may lack the last trade: then it is what the position could be closed at.
      const auto& quote = answer.quote;
      const bool is_long = core::net_quantity(self->state.core).is_positive();
      const auto price = quote.last.is_positive() ? quote.last : is_long ? quote.bid : quote.ask;
      if (fresh && price.is_positive())
        run(self, PriceSeen{price});
      follow_price(self);
    });
}

}  // namespace heed::position_shell
