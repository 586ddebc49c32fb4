#include "actors/position_actor.hpp"

#include "actors/position_journal.hpp"
#include "core/naming.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace heed {
namespace {

using core::PositionInput;

void pump(PositionSelf self);

// ---- views --------------------------------------------------------------------------------------------------------

core::StepContext context(const PositionActorState& st) {
  core::StepContext out;
  out.now = st.env->clock->now();
  const auto session = st.env->calendar->session_at_or_after(out.now);
  out.session = session.date;
  out.market_open = out.now >= session.open;
  if (st.instrument)
    out.instrument = *st.instrument;
  out.instrument.symbol = st.core.symbol;
  out.policy = &st.env->policy;
  out.calendar = st.env->calendar.get();
  return out;
}

/// Worst case of entries at work, and what is held, for sizing.
core::SymbolView view_of(const PositionActorState& st, Instant now) {
  core::SymbolView view;
  view.tradable = st.instrument && st.instrument->tradable;
  for (const auto& lot : st.core.lots) {
    view.held += lot.quantity;
    view.cost_held += lot.cost;
  }
  for (const auto& order : st.core.orders)
    if (order.row.leg == Leg::entry && !is_terminal(order.row.status)) {
      view.opening = true;
      const auto price = order.row.limit_price.value_or(order.row.avg_px.value_or(Decimal{}));
      view.cost_in_flight += (order.row.quantity - order.row.cum_qty) * price;
    }
  view.closing = st.core.close.has_value();
  if (st.core.blocked_until && *st.core.blocked_until > now)
    view.blocklisted_until = st.core.blocked_until;
  return view;
}

const MentionCall* mention_of(const PendingCall& pending) { return std::get_if<MentionCall>(&pending.call); }

/// Would carrying it out add risk? Then it takes its turn; what reduces risk does not wait.
bool may_open(const PendingCall& pending) {
  if (const auto* mention = mention_of(pending))
    return mention->mention.action == MentionAction::buy;
  const auto action = std::get<IntentCall>(pending.call).intent.action;
  return action != IntentAction::close && action != IntentAction::reduce && action != IntentAction::modify_protection;
}

const SignalId& signal_of(const PendingCall& pending) {
  const auto* mention = mention_of(pending);
  return mention != nullptr ? mention->mention.signal : std::get<IntentCall>(pending.call).intent.signal;
}

/// Takes the reply out: it is given once.
std::pair<SignalId, Reply<Decision>> who_waits(PendingCall& pending) {
  if (auto* mention = std::get_if<MentionCall>(&pending.call))
    return {mention->mention.signal, nullptr};
  auto& intent = std::get<IntentCall>(pending.call);
  return {intent.intent.signal, std::move(intent.done)};
}

/// A call comes a second time after a restart, when its actor already had it.
bool has_seen(const PositionActorState& st, const SignalId& signal) {
  const auto same = [&](const PendingCall& pending) {
    const auto* mention = mention_of(pending);
    return signal ==
           (mention != nullptr ? mention->mention.signal : std::get<IntentCall>(pending.call).intent.signal);
  };
  return (st.in_hand && same(*st.in_hand)) || std::any_of(st.waiting.begin(), st.waiting.end(), same) ||
         std::find(st.decided.begin(), st.decided.end(), signal) != st.decided.end();
}

void remember_decided(PositionActorState& st, const SignalId& signal) {
  constexpr std::size_t most = 64;
  st.decided.push_back(signal);
  if (st.decided.size() > most)
    st.decided.erase(st.decided.begin());
}

// ---- effects ------------------------------------------------------------------------------------------------------

void perform(PositionSelf self, const core::SubmitDurably& e) { self->send(self->state.env->gateway, e.order); }
void perform(PositionSelf self, const core::CancelDurably& e) { self->send(self->state.env->gateway, e.order); }
void perform(PositionSelf self, const core::ReplaceDurably& e) { self->send(self->state.env->gateway, e.order); }
void perform(PositionSelf self, const core::QueryOrder& e) {
  self->send(self->state.env->gateway, QueryOrderNow{e.order, e.venue_order_id, self->state.core.symbol});
}
void perform(PositionSelf self, const core::QueryPosition&) {
  self->send(self->state.env->gateway, QueryPositionNow{self->state.core.symbol});
}
void perform(PositionSelf self, const core::ArmTimer& e) {
  self->delayed_send(self, e.delay, PositionTimerDue{{e.kind, e.order}});
}
void perform(PositionSelf self, const core::TellRisk& e) { self->send(self->state.env->governor, e.fact); }
void perform(PositionSelf self, const core::EntryWanted& e) {
  auto& st = self->state;
  st.waiting.insert(st.waiting.begin(),
                    PendingCall{IntentCall{e.intent, false, nullptr}, Unfinished{st.env->telemetry->calls_in_hand}});
}
void perform(PositionSelf self, const core::RaiseAlert& e) {
  auto& st = self->state;
  ++st.env->telemetry->alerts;
  const auto level = e.level == core::AlertLevel::critical  ? spdlog::level::critical
                     : e.level == core::AlertLevel::warning ? spdlog::level::warn
                                                            : spdlog::level::info;
  spdlog::log(level, "{}/{}: {} {}", st.core.account.view(), st.core.symbol.view(), e.code, e.text);
}

/// Gauges that other people look at follow the state.
void update_gauges(PositionActorState& st, Instant now) {
  auto& telemetry = *st.env->telemetry;
  const auto naked = core::naked_since(st.core);
  if (naked.has_value() != st.counted_naked) {
    telemetry.naked_positions += naked ? 1 : -1;
    if (!naked && st.naked_from)
      telemetry.naked_microseconds += (now - *st.naked_from).count();
    st.counted_naked = naked.has_value();
  }
  st.naked_from = naked;
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

struct Durably {
  std::vector<core::PositionEffect> effects;
  std::unique_ptr<PendingCall> call;  // that this step answers
  Decision decision;
};

void finish(PositionSelf self, Durably& done) {
  for (const auto& effect : done.effects)
    std::visit([self](const auto& e) { perform(self, e); }, effect);
  if (done.call) {
    auto [signal, reply] = who_waits(*done.call);
    if (reply)
      reply(done.decision);
  }
}

void append(PositionSelf self, Batch batch, std::shared_ptr<Durably> done) {
  Append message;
  message.batch = std::move(batch);
  self->request(self->state.env->journal, caf::infinite, std::move(message))
    .then(
      [self, done](const Appended&) {
        finish(self, *done);
        pump(self);
      },
      [self, done](caf::error& error) {
        if (done->call)
          if (auto [signal, reply] = who_waits(*done->call); reply)
            reply(Error{ErrorKind::unavailable, "JOURNAL", describe(error)});
        self->quit(std::move(error));
      });
}

/// What was reserved for an entry that was refused after all.
core::TellRisk give_back(const PositionActorState& st, const core::PlaceEntry& entry, Instant now) {
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

void take_step(PositionActorState& st, const PositionInput& input, const core::StepContext& ctx, core::Step& step) {
  core::step(st.core, input, ctx, step);
  update_gauges(st, ctx.now);
  owe_entries(st, step, ctx.now);
}

/// One input through the machine, its facts into the journal, then its effects. `call` is answered by it.
void run(PositionSelf self, const PositionInput& input, std::unique_ptr<PendingCall> call = nullptr) {
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
    if (const auto* entry = std::get_if<core::PlaceEntry>(&input); entry && is_final(step.answer.kind))
      step.effects.emplace_back(give_back(st, *entry, ctx.now));
  }
  done->effects = std::exchange(step.effects, {});
  done->call = std::move(call);
  auto batch = to_batch(st.core, ctx, step);
  if (batch.empty()) {
    finish(self, *done);
    return;
  }
  append(self, std::move(batch), std::move(done));
}

/// What one answer of the venue told, as one batch with one snapshot of the state behind it.
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
  auto done = std::make_shared<Durably>();
  done->effects = std::move(all.effects);
  auto batch = to_batch(st.core, ctx, all);
  if (batch.empty())
    finish(self, *done);
  else
    append(self, std::move(batch), std::move(done));
}

// ---- calls --------------------------------------------------------------------------------------------------------

/// The call in hand ends, or waits for the open, without an order.
void settle(PositionSelf self, Disposition disposition, std::string reason) {
  auto& st = self->state;
  auto call = std::move(st.in_hand);
  const auto now = st.env->clock->now();
  auto done = std::make_shared<Durably>();
  const auto* intent = std::get_if<IntentCall>(&call->call);
  const auto signal = intent ? intent->intent.signal : mention_of(*call)->mention.signal;
  done->decision = Decision{signal, st.core.account, std::move(disposition), std::move(reason), now};
  Batch batch;
  if (!signal.empty()) {
    batch.events.push_back(decision_event(done->decision, st.core.symbol));
    batch.rows.emplace_back(done->decision);
  }
  if (!is_final(done->decision.disposition.kind)) {
    // Deferred: it stays here, and in the journal as undecided.
    call->deferred = true;
    call->unfinished.done();
    st.waiting.push_back(std::move(*call));
  } else {
    remember_decided(st, signal);
    done->call = std::move(call);
  }
  if (batch.empty())
    finish(self, *done);
  else
    append(self, std::move(batch), std::move(done));
  pump(self);
}

void defer(PositionSelf self, Instant now) {
  const auto until = to_rfc3339(self->state.env->calendar->next_open(now));
  settle(self, {DispositionKind::deferred, until}, "the market is closed; decided again at " + until);
}

/// Something outside could not be told: try again a little later, a bounded number of times.
void try_later(PositionSelf self, std::string_view what, const std::string& why) {
  auto& st = self->state;
  if (++st.in_hand->tries > st.env->retries_max) {
    settle(self, {DispositionKind::failed, std::string{what}}, why);
    return;
  }
  self->delayed_send(self, std::chrono::milliseconds{st.env->retry_ms}, PositionTimerDue{});
}

void place(PositionSelf self, core::EntryDraft draft) { run(self, draft.entry, std::move(self->state.in_hand)); }

void ask_risk(PositionSelf self, core::EntryDraft draft, const Quote& quote, bool market_open) {
  auto& st = self->state;
  const auto& entry = draft.entry;
  ReserveRisk question;
  question.order = entry.client_order_id;
  question.intent = entry.intent.intent_id;
  question.account = st.core.account;
  question.strategy = entry.intent.strategy;
  question.symbol = st.core.symbol;
  question.side = entry.intent.side;
  question.quantity = entry.quantity;
  question.price = draft.worst_price;
  question.last_price = quote.last.is_positive() ? quote.last : entry.reference;
  question.quote_at = quote.at;
  question.multiplier = st.instrument->multiplier;
  for (const auto& lot : st.core.lots)
    question.cost_held += lot.cost;
  question.session_open = market_open;
  self->request(st.env->governor, caf::infinite, question)
    .then([self, draft = std::move(draft)](const RiskAnswer& answer) mutable {
      if (answer.granted)
        place(self, std::move(draft));
      else
        settle(self, {DispositionKind::risk_denied, std::string{to_string(answer.limit)}}, answer.reason);
    });
}

/// A quote, then size and risk.
void open(PositionSelf self, Intent intent, Money equity) {
  self->request(self->state.env->gateway, caf::infinite, QuoteQuery{self->state.core.symbol})
    .then([self, intent = std::move(intent), equity](const QuoteAnswer& answer) {
      auto& st = self->state;
      if (!answer.known) {
        try_later(self, "quote", answer.why);
        return;
      }
      const auto ctx = context(st);
      auto drafted = core::draft_entry(intent, {answer.quote, *st.instrument, equity, st.env->market_allowance,
                                                ctx.session, st.env->calendar.get()});
      if (auto* refusal = std::get_if<core::Refusal>(&drafted))
        settle(self, refusal->disposition, refusal->reason);
      else
        ask_risk(self, std::get<core::EntryDraft>(std::move(drafted)), answer.quote, ctx.market_open);
    });
}

Intent intent_of(const MentionCall& call, const AccountId& account, IntentAction action) {
  Intent intent;
  const auto& mention = call.mention;
  intent.intent_id = core::intent_id(mention.signal, account, 0);
  intent.idempotency_key = mention.source.str() + ":" + mention.external_id;
  intent.signal = mention.signal;
  intent.account = account;
  intent.strategy = call.strategy;
  intent.source = mention.source;
  intent.origin = Origin::mention;
  intent.correlation_id = mention.signal.str();
  intent.action = action;
  intent.symbol = mention.symbol;
  intent.created_at = mention.created_at;
  return intent;
}

Intent buy_intent(const MentionCall& call, const AccountId& account, const core::BuyCall& buy,
                  const core::MentionStrategyConfig& config) {
  auto intent = intent_of(call, account, IntentAction::open);
  intent.side = Side::buy;
  intent.size = Size{SizeKind::dollars, buy.dollars, {}};
  intent.time_in_force = TimeInForce::gtc;  // the legs inherit it: a day bracket would leave the night unprotected
  const Decimal hundred{100};
  if (config.stop_pct.is_positive())
    intent.protection.stop = Level{LevelKind::percent, config.stop_pct * hundred};
  if (config.target_pct.is_positive())
    intent.protection.target = Level{LevelKind::percent, config.target_pct * hundred};
  intent.hold_sessions = buy.hold_sessions;
  intent.replaces_due = buy.extends_due;
  return intent;
}

void act(PositionSelf self, const core::CloseCall&, const AccountSnapshot&) {
  auto& st = self->state;
  const auto ctx = context(st);
  if (!ctx.market_open) {
    defer(self, ctx.now);
    return;
  }
  core::CloseLots close;
  close.intent = intent_of(*mention_of(*st.in_hand), st.core.account, IntentAction::close);
  close.intent.close_reason = CloseReason::strategy_exit;
  close.strategy = close.intent.strategy;
  run(self, close, std::move(st.in_hand));
  pump(self);
}
void act(PositionSelf self, const core::RollCall& roll, const AccountSnapshot&) {
  auto& st = self->state;
  core::ExtendDue extend;
  extend.intent = intent_of(*mention_of(*st.in_hand), st.core.account, IntentAction::modify_protection);
  extend.due = st.env->calendar->add_sessions(context(st).session, roll.hold_sessions);
  run(self, extend, std::move(st.in_hand));
  pump(self);
}
void act(PositionSelf self, const core::BuyCall& buy, const AccountSnapshot& account) {
  auto& st = self->state;
  const auto ctx = context(st);
  if (!ctx.market_open) {
    defer(self, ctx.now);
    return;
  }
  const auto& call = *mention_of(*st.in_hand);
  open(self, buy_intent(call, st.core.account, buy, st.env->strategies.at(call.strategy)), account.equity);
}

void decide_mention(PositionSelf self, const AccountSnapshot& account) {
  auto& st = self->state;
  const auto& call = *mention_of(*st.in_hand);
  const auto now = st.env->clock->now();
  const auto strategy = st.env->strategies.find(call.strategy);
  if (strategy == st.env->strategies.end()) {
    settle(self, {DispositionKind::failed, "strategy"}, "strategy " + call.strategy.str() + " is not configured");
    return;
  }
  const auto decision = core::decide_mention(call.mention, call.effective_conviction, view_of(st, now), account,
                                             strategy->second, {now, call.arrived_at});
  if (decision.blocklist_until && (!st.core.blocked_until || *st.core.blocked_until < *decision.blocklist_until))
    run(self, core::SetBlock{*decision.blocklist_until, call.mention.signal.str()});
  if (decision.clears_blocklist && !decision.dry_run)
    run(self, core::SetBlock{now, call.mention.signal.str()});
  if (decision.dry_run || std::holds_alternative<core::NoTrade>(decision.call)) {
    settle(self, core::disposition_of(decision), core::reason_of(decision, call.mention, account));
    return;
  }
  std::visit(
    [&](const auto& c) {
      if constexpr (!std::is_same_v<std::decay_t<decltype(c)>, core::NoTrade>)
        act(self, c, account);
    },
    decision.call);
}

/// What the strategy's closes are bounded by; a person's concern everything of ours.
Quantity owned_by(const core::PositionState& state, const Intent& intent) {
  if (intent.origin == Origin::manual)
    return core::owned_quantity(state);
  Quantity sum;
  for (const auto& lot : state.lots)
    if (lot.strategy == intent.strategy)
      sum += lot.quantity;
  return sum;
}

void decide_intent(PositionSelf self, const AccountSnapshot& account) {
  auto& st = self->state;
  const auto& intent = std::get<IntentCall>(st.in_hand->call).intent;
  const auto ctx = context(st);
  auto plan = core::plan_intent(intent, owned_by(st.core, intent));
  if (auto* refusal = std::get_if<core::Refusal>(&plan)) {
    settle(self, refusal->disposition, refusal->reason);
  } else if (auto* modify = std::get_if<core::ModifyProtection>(&plan)) {
    run(self, *modify, std::move(st.in_hand));
    pump(self);
  } else if (!ctx.market_open) {
    defer(self, ctx.now);
  } else if (auto* close = std::get_if<core::CloseLots>(&plan)) {
    run(self, *close, std::move(st.in_hand));
    pump(self);
  } else if (st.core.blocked_until && *st.core.blocked_until > ctx.now) {
    settle(self, {DispositionKind::risk_denied, "blocklisted"}, "until " + to_rfc3339(*st.core.blocked_until));
  } else if (!st.instrument->tradable) {
    settle(self, {DispositionKind::no_op, "not_tradable"}, "the broker does not take entries in this symbol");
  } else {
    open(self, std::get<core::OpenPlan>(std::move(plan)).intent, account.equity);
  }
}

void decide_with(PositionSelf self, const AccountSnapshot& account) {
  if (mention_of(*self->state.in_hand))
    decide_mention(self, account);
  else
    decide_intent(self, account);
}

/// Steps of the call in hand: what is the instrument, what does the account allow, then decide.
void consider(PositionSelf self) {
  auto& st = self->state;
  if (!may_open(*st.in_hand)) {
    decide_with(self, AccountSnapshot{});
    return;
  }
  if (!st.instrument) {
    self->request(st.env->gateway, caf::infinite, InstrumentQuery{st.core.symbol})
      .then([self](const InstrumentAnswer& answer) {
        if (!answer.known) {
          try_later(self, "instrument", answer.why);
          return;
        }
        self->state.instrument = std::make_unique<Instrument>(answer.instrument);
        consider(self);
      });
    return;
  }
  self->request(st.env->governor, caf::infinite, AccountQuery{}).then([self](const AccountSnapshot& account) {
    decide_with(self, account);
  });
}

/// Takes up the first call that can be decided now.
void pump(PositionSelf self) {
  auto& st = self->state;
  if (st.in_hand)
    return;
  const bool busy = core::busy(st.core);
  const auto next = std::find_if(st.waiting.begin(), st.waiting.end(), [&](const PendingCall& pending) {
    return !pending.deferred && (!busy || !may_open(pending));
  });
  if (next == st.waiting.end())
    return;
  st.in_hand = std::make_unique<PendingCall>(std::move(*next));
  st.waiting.erase(next);
  consider(self);
}

const SignalId& signal_of(const MentionCall& call) { return call.mention.signal; }
const SignalId& signal_of(const IntentCall& call) { return call.intent.signal; }

template <class Call>
void take(PositionSelf self, Call call) {
  auto& st = self->state;
  if (has_seen(st, signal_of(call)))
    return;
  st.waiting.push_back(PendingCall{std::move(call), Unfinished{st.env->telemetry->calls_in_hand}});
  pump(self);
}

// ---- schedule -----------------------------------------------------------------------------------------------------

/// A close of one strategy's lots that no call asked for.
core::CloseLots own_close(const PositionActorState& st, const StrategyId& strategy, CloseReason reason,
                          const std::string& occasion) {
  core::CloseLots close;
  auto& intent = close.intent;
  const auto key = occasion + ":" + st.core.symbol.str() + ":" + strategy.str();
  intent.intent_id = core::intent_id(core::signal_id(SourceId{"schedule"}, key), st.core.account, 0);
  intent.idempotency_key = key;
  intent.account = st.core.account;
  intent.strategy = strategy;
  intent.source = SourceId{"schedule"};
  intent.origin = Origin::manual;
  intent.correlation_id = key;
  intent.action = IntentAction::close;
  intent.symbol = st.core.symbol;
  intent.close_reason = reason;
  intent.created_at = st.env->clock->now();
  close.strategy = strategy;
  return close;
}

void exit_scan(PositionSelf self, const ExitScanDue& scan) {
  auto& st = self->state;
  for (const auto& strategy : core::due_strategies(st.core, scan.session))
    run(self, own_close(st, strategy, CloseReason::time_exit, "exit_scan:" + to_iso_date(scan.session)));
}

void session_changed(PositionSelf self, const SessionChanged& session) {
  if (!session.open)
    return;
  auto& st = self->state;
  for (auto& pending : st.waiting)
    if (std::exchange(pending.deferred, false))
      pending.unfinished = Unfinished{st.env->telemetry->calls_in_hand};
  pump(self);
}

void kill(PositionSelf self, const KillOrder& order) {
  auto& st = self->state;
  if (order.level >= KillLevel::cancel_open_orders)
    run(self, core::CancelEntries{order.by});
  // With the market closed the stops stay where they are; the portfolio says it again at the open.
  if (order.level == KillLevel::flatten && context(st).market_open && !core::owned_quantity(st.core).is_zero())
    run(self, own_close(st, {}, CloseReason::risk_cutoff, "kill:" + to_rfc3339(st.env->clock->now())));
}

void timer(PositionSelf self, const PositionTimerDue& timer) {
  auto& st = self->state;
  // A timer about no order and no query is the shell's own: look again at the call in hand.
  if (timer.due.order.empty() && timer.due.kind == core::TimerKind::resolve) {
    if (st.in_hand)
      consider(self);
    return;
  }
  run(self, timer.due);
}

BookEntry book_entry(const PositionActorState& st) {
  return {st.core.symbol, core::net_quantity(st.core), core::owned_quantity(st.core), core::busy(st.core),
          !st.core.quarantine.empty()};
}

std::string inspect_position(const PositionActorState& st) {
  return JsonObject{}
    .field("phase", core::phase(st.core))
    .field("waiting_calls", static_cast<std::int64_t>(st.waiting.size()))
    .field("call_in_hand", st.in_hand != nullptr)
    .field("instrument_known", st.instrument != nullptr)
    .field("state", st.core)
    .str();
}

}  // namespace

PositionActorState::~PositionActorState() {
  if (!env)
    return;
  env->telemetry->naked_positions -= counted_naked ? 1 : 0;
  env->telemetry->quarantined -= counted_quarantined ? 1 : 0;
  env->telemetry->orders_unknown -= counted_unknown;
}

PositionActor::behavior_type position_actor(PositionSelf self, std::shared_ptr<const PositionEnv> env,
                                            core::PositionState state, bool recovered) {
  set_handlers(self);
  self->state.env = std::move(env);
  self->state.core = std::move(state);
  if (recovered)
    run(self, core::Recovered{});
  return {
    [self](InspectSelf) { return inspect_position(self->state); },
    [self](MentionCall& call) { take(self, std::move(call)); },
    [self](const IntentCall& call) { take(self, call); },
    [self](const PositionNews& news) {
      if (news.more.empty())
        run(self, news.input);
      else
        run_all(self, news);
      pump(self);
    },
    [self](const PositionTimerDue& due) { timer(self, due); },
    [self](const ExitScanDue& scan) { exit_scan(self, scan); },
    [self](const SessionChanged& session) { session_changed(self, session); },
    [self](const KillOrder& order) { kill(self, order); },
    [self](const NewEnv& change) { self->state.env = change.env; },
    [self](AccountReady) { pump(self); },
    [self](BooksQuery) { return book_entry(self->state); },
  };
}

}  // namespace heed
