// A person takes over what is not Heed's: the strategy's rules, what the broker holds now, what it is worth; then the
// machine.
#include "actors/position_shell.hpp"

#include <algorithm>
#include <utility>

namespace heed::position_shell {
namespace {

const Intent& intent_in_hand(const PositionActorState& st) { return std::get<IntentCall>(st.in_hand->call).intent; }

std::string configured(const PositionEnv& env) {
  std::string out;
  for (const auto& [name, strategy] : env.strategies)
    out += (out.empty() ? "" : ", ") + name.str();
  return out.empty() ? "none" : out;
}

bool is_given(const ProtectionSpec& spec) { return spec.stop || spec.target; }

/// What the intent leaves open, its strategy says: levels, and how long it is held.
void follow_strategy(Intent& intent, const PositionEnv& env) {
  const auto found = env.strategies.find(intent.strategy);
  if (found == env.strategies.end())
    return;
  if (!is_given(intent.protection))
    intent.protection = core::protection_of(found->second);
  if (intent.hold_sessions == 0)
    intent.hold_sessions = found->second.hold_sessions_unspecified;
}

void adopt_now(PositionSelf self, Intent intent, const SymbolHoldings& holdings, const Quote& quote) {
  auto& st = self->state;
  const auto ctx = context(st);
  for (const auto& order : holdings.working)  // what they explain is not somebody else's
    if (order.ours)
      run(self, order);
  AdoptExternal adopt;
  adopt.broker = holdings.position.quantity;
  adopt.avg_px = holdings.position.avg_px;
  adopt.last_price = quote.last.is_positive() ? quote.last : intent.side == Side::buy ? quote.bid : quote.ask;
  if (intent.hold_sessions > 0)
    adopt.due_session = st.env->calendar->add_sessions(ctx.session, intent.hold_sessions);
  std::copy_if(holdings.working.begin(), holdings.working.end(), std::back_inserter(adopt.foreign),
               [](const OrderReport& order) { return !order.ours; });
  adopt.intent = std::move(intent);
  run(self, adopt, std::move(st.in_hand));
  pump(self);
}

void ask_price(PositionSelf self, Intent intent, SymbolHoldings holdings) {
  self->request(self->state.env->gateway, caf::infinite, QuoteQuery{self->state.core.symbol})
    .then([self, intent = std::move(intent), holdings = std::move(holdings)](const QuoteAnswer& answer) {
      if (answer.known)
        adopt_now(self, intent, holdings, answer.quote);
      else
        try_later(self, "quote", answer.why);
    });
}

}  // namespace

void adopt(PositionSelf self) {
  auto& st = self->state;
  auto intent = intent_in_hand(st);
  const bool known = st.env->strategies.contains(intent.strategy);
  follow_strategy(intent, *st.env);
  if (!known && intent.strategy != StrategyId{"manual"}) {
    settle(self, {DispositionKind::invalid, "strategy"},
           "strategy \"" + intent.strategy.str() + "\" is not configured; configured: " + configured(*st.env) +
             "; or manual, with a stop or target of your own");
    return;
  }
  if (!is_given(intent.protection)) {
    settle(self, {DispositionKind::invalid, "protection"},
           "strategy \"" + intent.strategy.str() + "\" has neither stop nor target: give one");
    return;
  }
  if (!trading_enabled(*st.env, intent.strategy)) {
    settle(self, {DispositionKind::dry_run, "adopt"},
           "enable_trading is off for " + intent.strategy.str() + ": its exits would not be placed");
    return;
  }
  self->request(st.env->gateway, caf::infinite, SymbolHoldingsQuery{st.core.symbol})
    .then([self, intent = std::move(intent)](const SymbolHoldings& holdings) {
      if (!holdings.complete)
        try_later(self, "holdings", holdings.why);
      else if (core::busy(self->state.core))
        try_later(self, "busy", "an order of Heed's own is at work here");
      else
        ask_price(self, intent, holdings);
    });
}

}  // namespace heed::position_shell
