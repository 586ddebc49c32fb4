// From a call to an input of the machine: the gates, a quote, the size, a reservation; or the end of the call.
#include "actors/position_journal.hpp"
#include "actors/position_shell.hpp"
#include "core/naming.hpp"
#include "messages/mutant.hpp"

#include <algorithm>
#include <utility>

namespace heed::position_shell {
namespace {

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

void defer(PositionSelf self, Instant now) {
  const auto until = to_rfc3339(self->state.env->calendar->next_open(now));
  settle(self, {DispositionKind::deferred, until}, "the market is closed; decided again at " + until);
}

void place(PositionSelf self, const PlaceEntry& entry) { run(self, entry, std::move(self->state.in_hand)); }

/// An entry that was carried out before, as with a journal that was lost since: the answer is what became of it.
std::optional<Disposition> became_of(const PositionActorState& st, const ClientOrderId& entry) {
  const auto row = st.env->reader->order(entry);
  if (!row || !row.value() || !is_terminal(row.value()->status))
    return std::nullopt;
  if (row.value()->cum_qty.is_positive())
    return Disposition{DispositionKind::filled, {}};
  switch (row.value()->status) {
    case OrderStatus::rejected: return Disposition{DispositionKind::broker_rejected, row.value()->reject_code};
    case OrderStatus::expired: return Disposition{DispositionKind::expired, {}};
    default: return Disposition{DispositionKind::cancelled, {}};
  }
}

bool already_placed(PositionSelf self, const PlaceEntry& entry) {
  const auto known = became_of(self->state, entry.client_order_id);
  if (known)
    settle(self, *known, "already placed as " + entry.client_order_id.str());
  return known.has_value();
}

void denied(PositionSelf self, const PlaceEntry& entry, const RiskAnswer& answer) {
  if (!already_placed(self, entry) && !mutant("denial_untold"))
    settle(self, {DispositionKind::risk_denied, std::string{to_string(answer.limit)}}, answer.reason);
}

void ask_risk(PositionSelf self, PlaceEntry entry, const Quote& quote, bool market_open) {
  auto& st = self->state;
  ReserveRisk question;
  question.order = entry.client_order_id;
  question.intent = entry.intent.intent_id;
  question.account = st.core.account;
  question.strategy = entry.intent.strategy;
  question.symbol = st.core.symbol;
  question.side = entry.intent.side;
  question.quantity = entry.quantity;
  question.price = entry.worst_price;
  question.last_price = quote.last.is_positive() ? quote.last : entry.reference;
  question.quote_at = quote.at;
  question.multiplier = st.instrument->multiplier;
  question.cost_held = core::cost_at_risk(st.core, question.multiplier);
  question.session_open = market_open;
  self->request(st.env->governor, caf::infinite, question)
    .then([self, entry = std::move(entry)](const RiskAnswer& answer) {
      if (answer.granted)
        place(self, entry);
      else
        denied(self, entry, answer);
    });
}

/// A quote, then size and risk. Where nothing opens, nothing is asked: what made the actor fail may be this very
/// call.
void open(PositionSelf self, Intent intent, Money equity) {
  if (!self->state.core.quarantine.empty()) {
    settle(self, {DispositionKind::no_op, "quarantined"}, self->state.core.quarantine);
    return;
  }
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
      else if (!st.env->names_used || !already_placed(self, std::get<PlaceEntry>(drafted)))
        ask_risk(self, std::get<PlaceEntry>(std::move(drafted)), answer.quote, ctx.market_open);
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
                  const MentionStrategyConfig& config) {
  auto intent = intent_of(call, account, IntentAction::open);
  intent.side = Side::buy;
  intent.size = Size{SizeKind::dollars, buy.dollars, {}};
  intent.time_in_force = TimeInForce::gtc;  // the legs inherit it: a day bracket would leave the night unprotected
  intent.protection = core::protection_of(config);
  intent.hold_sessions = buy.hold_sessions;
  intent.replaces_due = buy.extends_due;
  return intent;
}

/// What an intent finds. A strategy's closes are bounded by what is its own; a person's concern everything of ours.
struct Standing {
  Quantity owned;
  bool entering = false;
  /// Nothing to sell yet: taking entries back needs no open market.
  bool only_entering() const { return owned.is_zero() && entering; }
};

Standing standing_of(const core::PositionState& state, const Intent& intent) {
  if (intent.origin == Origin::manual)
    return {core::owned_quantity(state), core::entering(state, {})};
  Quantity sum;
  for (const auto& lot : state.lots)
    if (lot.strategy == intent.strategy)
      sum += lot.quantity;
  return {sum, core::entering(state, intent.strategy)};
}

void act(PositionSelf self, const core::CloseCall&, const AccountSnapshot&) {
  auto& st = self->state;
  const auto ctx = context(st);
  CloseLots close;
  close.intent = intent_of(*mention_of(*st.in_hand), st.core.account, IntentAction::close);
  if (!ctx.market_open && !standing_of(st.core, close.intent).only_entering()) {
    defer(self, ctx.now);
    return;
  }
  close.intent.close_reason = CloseReason::strategy_exit;
  close.strategy = close.intent.strategy;
  run(self, close, std::move(st.in_hand));
  pump(self);
}
void act(PositionSelf self, const core::RollCall& roll, const AccountSnapshot&) {
  auto& st = self->state;
  ExtendDue extend;
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
    run(self, SetBlock{*decision.blocklist_until, call.mention.signal.str()});
  if (decision.clears_blocklist && !decision.dry_run)
    run(self, SetBlock{now, call.mention.signal.str()});
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

bool opens(const core::IntentPlan& plan) {
  const auto* close = std::get_if<CloseLots>(&plan);
  return std::holds_alternative<core::OpenPlan>(plan) || (close != nullptr && close->then.has_value());
}

std::string opening_word(IntentAction action) {
  return action == IntentAction::reverse ? "reverse" : action == IntentAction::target ? "target" : "open";
}

void decide_intent(PositionSelf self, const AccountSnapshot& account) {
  auto& st = self->state;
  const auto& intent = std::get<IntentCall>(st.in_hand->call).intent;
  const auto ctx = context(st);
  const auto standing = standing_of(st.core, intent);
  auto plan = core::plan_intent(intent, standing.owned, standing.entering);
  if (auto* refusal = std::get_if<core::Refusal>(&plan)) {
    settle(self, refusal->disposition, refusal->reason);
  } else if (auto* modify = std::get_if<ModifyProtection>(&plan)) {
    run(self, *modify, std::move(st.in_hand));
    pump(self);
  } else if (opens(plan) && !core::may_own_orders(intent.strategy)) {
    settle(self, {DispositionKind::invalid, "strategy"},
           "no order can be made in the name of \"" + intent.strategy.str() + "\"");
  } else if (opens(plan) && !trading_enabled(*st.env, intent.strategy)) {
    settle(self, {DispositionKind::dry_run, opening_word(intent.action)},
           "enable_trading is off for " + intent.strategy.str() + ": nothing is opened");
  } else if (!ctx.market_open && (opens(plan) || !standing.only_entering())) {
    defer(self, ctx.now);
  } else if (auto* close = std::get_if<CloseLots>(&plan)) {
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
  else if (std::get<IntentCall>(self->state.in_hand->call).intent.action == IntentAction::adopt)
    adopt(self);
  else
    decide_intent(self, account);
}

/// The gates that come before those of the account decide many a call alone: an order of the gates that
/// core::decide_mention keeps.
bool ends_before_account(const PositionActorState& st) {
  const auto* call = mention_of(*st.in_hand);
  return call != nullptr && (!call->effective_conviction || !st.instrument->tradable);
}

}  // namespace

void settle(PositionSelf self, Disposition disposition, std::string reason) {
  auto& st = self->state;
  auto call = std::move(st.in_hand);
  const auto now = st.env->clock->now();
  auto done = std::make_shared<Durably>();
  const SignalId signal = signal_of(*call);
  done->decision = Decision{signal, st.core.account, std::move(disposition), std::move(reason), now};
  Batch batch;
  if (!signal.empty()) {
    batch.events.push_back(decision_event(done->decision, st.core.symbol));
    batch.rows.emplace_back(done->decision);
  }
  if (!is_final(done->decision.disposition.kind)) {
    // Deferred: it stays here, and in the journal as undecided.
    call->deferred = call->waited = true;
    call->unfinished.done();
    st.waiting.push_back(std::move(*call));
  } else {
    remember_decided(st, signal);
    done->call = std::move(call);
  }
  append(self, std::move(batch), done);
  pump(self);
}

void try_later(PositionSelf self, std::string_view what, const std::string& why) {
  auto& st = self->state;
  if (++st.in_hand->tries > st.env->retries_max) {
    settle(self, {DispositionKind::failed, std::string{what}}, why);
    return;
  }
  self->delayed_send(self, std::chrono::milliseconds{st.env->retry_ms}, PositionTimerDue{});
}

bool trading_enabled(const PositionEnv& env, const StrategyId& strategy) {
  const auto found = env.strategies.find(strategy);
  if (found != env.strategies.end())
    return found->second.enable_trading;
  return env.strategies.empty() || std::any_of(env.strategies.begin(), env.strategies.end(),
                                               [](const auto& entry) { return entry.second.enable_trading; });
}

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
  if (ends_before_account(st)) {
    decide_with(self, AccountSnapshot{});
    return;
  }
  self->request(st.env->governor, caf::infinite, AccountQuery{}).then([self](const AccountSnapshot& account) {
    decide_with(self, account);
  });
}

}  // namespace heed::position_shell
