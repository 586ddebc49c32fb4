#include "actors/position_actor.hpp"

#include "actors/position_shell.hpp"
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/reconciliation.hpp"
#include "messages/mutant.hpp"

#include <algorithm>
#include <utility>

namespace heed {

// ---- calls in hand and waiting ------------------------------------------------------------------------------------

namespace position_shell {

const MentionCall* mention_of(const PendingCall& pending) { return std::get_if<MentionCall>(&pending.call); }

bool may_open(const PendingCall& pending) {
  if (const auto* mention = mention_of(pending))
    return mention->mention.action == MentionAction::buy;
  return core::may_open(std::get<IntentCall>(pending.call).intent);
}

const SignalId& signal_of(const PendingCall& pending) {
  const auto* mention = mention_of(pending);
  return mention != nullptr ? mention->mention.signal : std::get<IntentCall>(pending.call).intent.signal;
}

Reply<Decision> take_reply(PendingCall& pending) {
  auto* intent = std::get_if<IntentCall>(&pending.call);
  return intent != nullptr ? std::move(intent->done) : nullptr;
}

bool has_seen(const PositionActorState& st, const SignalId& signal) {
  const auto same = [&](const PendingCall& pending) { return signal == signal_of(pending); };
  return (st.in_hand && same(*st.in_hand)) || std::any_of(st.waiting.begin(), st.waiting.end(), same) ||
         std::find(st.decided.begin(), st.decided.end(), signal) != st.decided.end();
}

void remember_decided(PositionActorState& st, const SignalId& signal) {
  constexpr std::size_t most = 64;
  st.decided.push_back(signal);
  if (st.decided.size() > most)
    st.decided.erase(st.decided.begin());
}

void pump(PositionSelf self) {
  auto& st = self->state;
  if (st.in_hand && !mutant("many_in_hand"))
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

}  // namespace position_shell

namespace {

using namespace position_shell;  // tidy:allow-using: its own parts

const SignalId& signal_of(const MentionCall& call) { return call.mention.signal; }
const SignalId& signal_of(const IntentCall& call) { return call.intent.signal; }

template <class Call>
void take(PositionSelf self, Call call) {
  auto& st = self->state;
  if (has_seen(st, signal_of(call)) && !mutant("call_asked_again"))
    return;
  st.waiting.push_back(PendingCall{std::move(call), Unfinished{st.env->telemetry->calls_in_hand}});
  pump(self);
}

// ---- schedule -----------------------------------------------------------------------------------------------------

/// A close of one strategy's lots that no call asked for.
CloseLots own_close(const PositionActorState& st, const StrategyId& strategy, CloseReason reason,
                    const std::string& occasion) {
  CloseLots close;
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
    if (!mutant("deferred_forgotten") && std::exchange(pending.deferred, false))
      pending.unfinished = Unfinished{st.env->telemetry->calls_in_hand};
  pump(self);
}

void kill(PositionSelf self, const KillOrder& order) {
  auto& st = self->state;
  if (order.level >= KillLevel::cancel_open_orders)
    run(self, CancelEntries{order.by});
  // With the market closed the stops stay where they are; the portfolio says it again at the open.
  if (order.level == KillLevel::flatten && context(st).market_open && !core::owned_quantity(st.core).is_zero())
    run(self, own_close(st, {}, CloseReason::risk_cutoff, "kill:" + to_rfc3339(st.env->clock->now())));
}

/// Somebody else's position is counted once it is known what it is of. Told of before, it waits for that; when
/// something has happened here meanwhile it is old, and the reconciler tells it anew.
void learn_and_take(PositionSelf self, const ExternalChange& change) {
  auto& st = self->state;
  self->request(st.env->gateway, caf::infinite, InstrumentQuery{st.core.symbol})
    .then([self, change, steps = st.core.steps](const InstrumentAnswer& answer) {
      auto& now = self->state;
      if (!answer.known)
        return;
      now.instrument = std::make_unique<Instrument>(answer.instrument);
      if (now.core.steps == steps)
        run(self, change);
      pump(self);
    });
}

/// Those that may trade here, and a person.
std::vector<StrategyTerms> terms_of(const PositionEnv& env) {
  std::vector<StrategyTerms> out{{StrategyId{"manual"}, {}, 0}};
  for (const auto& [name, config] : env.strategies)
    out.push_back({name, core::protection_of(config), config.hold_sessions_unspecified});
  return out;
}

/// What is held has to be known before it is counted; until then it is asked for again.
void learn_and_rebuild(PositionSelf self, RebuildOwnership rebuild) {
  auto& st = self->state;
  rebuild.strategies = terms_of(*st.env);
  if (st.instrument)
    return run(self, rebuild);
  self->request(st.env->gateway, caf::infinite, InstrumentQuery{st.core.symbol})
    .then([self, rebuild = std::move(rebuild)](const InstrumentAnswer& answer) {
      if (answer.known)
        self->state.instrument = std::make_unique<Instrument>(answer.instrument);
      run(self, rebuild);
      pump(self);
    });
}

void timer(PositionSelf self, const PositionTimerDue& timer) {
  auto& st = self->state;
  // A timer about no order and no query is the shell's own: look at the price, or again at the call in hand.
  if (timer.due.order.empty() && timer.due.kind == TimerKind::protect_retry)
    return look_at_price(self);
  if (timer.due.order.empty() && timer.due.kind == TimerKind::resolve) {
    if (st.in_hand)
      consider(self);
    return;
  }
  run(self, timer.due);
}

/// Where only a person may end a quarantine, nothing is concluded from the broker's word either: not judged, as when
/// something is at work.
BookEntry book_entry(const PositionActorState& st) {
  const auto& state = st.core;
  const auto net = core::net_quantity(state);
  const auto multiplier = state.terms ? state.terms->multiplier : Decimal{1};  // known where anything is held
  return {state.symbol,
          net,
          core::owned_quantity(state),
          core::in_motion(state) || state.quarantine_stays,
          !state.quarantine.empty(),
          core::price_of(state.cost, net.abs(), multiplier)};
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

/// The end of an order that the position has let go of and the journal has: a stream may tell it twice, and a
/// question about one order of a group is answered for all.
bool is_told_again(const PositionActorState& st, const PositionInput& input) {
  const auto* report = std::get_if<OrderReport>(&input);
  if (report == nullptr || !report->ours || !is_terminal(report->status))
    return false;
  const bool held = std::any_of(st.core.orders.begin(), st.core.orders.end(), [&](const core::WorkingOrder& order) {
    return order.row.client_order_id == report->client_order_id ||
           (!report->venue_order_id.empty() && order.row.venue_order_id == report->venue_order_id);
  });
  if (held)
    return false;
  const auto row = st.env->reader->order(report->client_order_id);
  return row && !core::needs_others(*report, row.value()) && core::is_settled(*report, row.value(), {});
}

void take_news(PositionSelf self, const PositionNews& news) {
  const auto& st = self->state;
  const auto* change = std::get_if<ExternalChange>(&news.input);
  if (change != nullptr && !st.instrument && !st.core.terms)
    return learn_and_take(self, *change);
  if (const auto* rebuild = std::get_if<RebuildOwnership>(&news.input))
    return learn_and_rebuild(self, *rebuild);
  if (news.more.empty()) {
    if (!is_told_again(st, news.input))
      run(self, news.input);
    return pump(self);
  }
  std::vector<PositionInput> fresh{news.input};
  fresh.insert(fresh.end(), news.more.begin(), news.more.end());
  std::erase_if(fresh, [&](const PositionInput& input) { return is_told_again(st, input); });
  if (!fresh.empty())
    run_all(self, {news.symbol, fresh.front(), {fresh.begin() + 1, fresh.end()}});
  pump(self);
}

}  // namespace

PositionActorState::~PositionActorState() {
  if (!env)
    return;
  env->telemetry->naked_positions -= naked.since ? 1 : 0;
  env->telemetry->closing_positions -= closing.since ? 1 : 0;
  env->telemetry->quarantined -= counted_quarantined ? 1 : 0;
  env->telemetry->orders_unknown -= counted_unknown;
}

PositionActor::behavior_type position_actor(PositionSelf self, std::shared_ptr<const PositionEnv> env,
                                            core::PositionState state, bool recovered) {
  set_handlers(self);
  self->state.env = std::move(env);
  self->state.core = std::move(state);
  if (recovered)
    run(self, Recovered{});
  return {
    [self](InspectSelf) { return inspect_position(self->state); },
    [self](MentionCall& call) { take(self, std::move(call)); },
    [self](const IntentCall& call) { take(self, call); },
    [self](const PositionNews& news) { take_news(self, news); },
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
