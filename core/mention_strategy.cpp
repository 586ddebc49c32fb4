#include "core/mention_strategy.hpp"

#include "messages/mutant.hpp"

#include <algorithm>

namespace heed::core {
namespace {

using namespace literals;

constexpr Decimal one{1};
constexpr Decimal cent = 0.01_d;

NoTrade refuse(MentionGate gate, Decimal value = {}, Decimal limit = {}) {
  NoTrade out;
  out.gate = gate;
  out.value = value;
  out.limit = limit;
  return out;
}

bool covers(const Pause& pause, const Symbol& symbol, const StrategyId& strategy, Instant now) {
  return (!pause.until || *pause.until > now) && (pause.symbol.empty() || pause.symbol == symbol) &&
         (pause.strategy.empty() || pause.strategy == strategy);
}

// What stops all buying, if anything: the kill switch, or the first pause that covers this symbol.
std::optional<NoTrade> paused(const Symbol& symbol, const StrategyId& strategy, const AccountSnapshot& account,
                              Instant now) {
  NoTrade out = refuse(MentionGate::paused);
  if (account.kill != KillLevel::none) {
    out.kill = account.kill;
    return out;
  }
  for (std::size_t i = 0; i < account.pauses.size(); ++i) {
    if (covers(account.pauses[i], symbol, strategy, now)) {
      out.pause = static_cast<std::int32_t>(i);
      return out;
    }
  }
  return std::nullopt;
}

using Call = std::variant<NoTrade, CloseCall, BuyCall, RollCall>;

// Closing takes away risk: neither pause, kill switch, caps nor tradability stand in its way.
Call decide_close(const SymbolView& view) {
  if (view.closing && !view.opening)
    return refuse(MentionGate::already_closing);
  if (view.held.is_positive() || view.opening)
    return CloseCall{};
  return refuse(MentionGate::not_held);
}

bool is_blocked(const SymbolView& view, Instant at) { return view.blocklisted_until && at < *view.blocklisted_until; }

Call decide_held_buy(const BuyCall& buy, const MentionStrategyConfig& config) {
  switch (config.on_repeat_buy) {
    case RepeatBuy::roll: return RollCall{buy.hold_sessions};
    case RepeatBuy::ignore: return refuse(MentionGate::already_held);
    case RepeatBuy::top_up: break;
  }
  return buy;
}

// The gates before the size, in the order that gives the reason.
std::optional<NoTrade> gate_buy(const Mention& mention, const std::optional<Decimal>& effective,
                                const SymbolView& view, const AccountSnapshot& account,
                                const MentionStrategyConfig& config, const MentionTimes& times) {
  if (!effective)
    return refuse(MentionGate::no_conviction);
  if (!view.tradable)
    return refuse(MentionGate::not_tradable);
  if (auto stopped = paused(mention.symbol, config.id, account, times.now))
    return stopped;
  if (!account.known)
    return refuse(MentionGate::not_ready);
  if (*effective < config.min_conviction)
    return refuse(MentionGate::low_conviction, *effective, config.min_conviction);
  if (mention.horizon == Horizon::intraday)
    return refuse(MentionGate::intraday_horizon);
  if (const Duration age = times.age_reference - mention.created_at;
      !mutant("stale_calls") && age > std::chrono::hours{config.max_age_hours}) {
    NoTrade out = refuse(MentionGate::too_old, {}, Decimal{config.max_age_hours});
    out.age = age;
    return out;
  }
  if (is_blocked(view, times.age_reference) && !config.buy_clears_blocklist) {
    NoTrade out = refuse(MentionGate::blocklisted);
    out.until = *view.blocklisted_until;
    return out;
  }
  return std::nullopt;
}

Call decide_buy(const Mention& mention, const std::optional<Decimal>& effective, const SymbolView& view,
                const AccountSnapshot& account, const MentionStrategyConfig& config, const MentionTimes& times) {
  if (const auto stopped = gate_buy(mention, effective, view, account, config, times))
    return *stopped;
  BuyCall buy;
  buy.hold_sessions = hold_sessions(mention.horizon, config);
  if (view.held.is_positive()) {
    const auto call = decide_held_buy(buy, config);
    if (!std::holds_alternative<BuyCall>(call))
      return call;
    buy.extends_due = true;
  }
  const auto sized = size_mention(account.equity, *effective, view.cost_held, view.cost_in_flight, config);
  if (const auto* stopped = std::get_if<NoTrade>(&sized))
    return *stopped;
  buy.dollars = std::get<Money>(sized);
  return buy;
}

std::string hours_text(Duration age) {
  const auto tenths = age / std::chrono::minutes{6};
  return Decimal::from_units(tenths * (Decimal::scale / 10)).str() + " h";
}

std::string paused_text(const NoTrade& refusal, const AccountSnapshot& account) {
  if (refusal.kill != KillLevel::none)
    return "kill switch: " + std::string{to_string(refusal.kill)};
  const auto index = static_cast<std::size_t>(refusal.pause);
  if (refusal.pause < 0 || index >= account.pauses.size())
    return "paused";
  const auto& pause = account.pauses[index];
  std::string text = "paused by " + pause.cause;
  if (!pause.strategy.empty())
    text += ", strategy " + pause.strategy.str();
  if (!pause.symbol.empty())
    text += ", symbol " + pause.symbol.str();
  if (!pause.detail.empty())
    text += " (" + pause.detail + ")";
  return text + (pause.until ? ", until " + to_rfc3339(*pause.until) : ", until a person resumes");
}

std::string refusal_text(const NoTrade& n, const Mention& mention, const AccountSnapshot& account) {
  switch (n.gate) {
    case MentionGate::ui_only: return std::string{to_string(mention.action)} + " is shown only";
    case MentionGate::not_held: return mention.symbol.str() + " is not held";
    case MentionGate::already_closing: return mention.symbol.str() + " is closing already";
    case MentionGate::avoid_keeps_longs: return "held, and avoid_closes_longs is off";
    case MentionGate::no_conviction: return "a buy needs a conviction; neither the call nor its source gives one";
    case MentionGate::not_tradable: return mention.symbol.str() + " is not tradable at the broker";
    case MentionGate::not_ready: return "nothing is known of the account yet";
    case MentionGate::paused: return paused_text(n, account);
    case MentionGate::low_conviction: return "effective conviction " + n.value.str() + " < " + n.limit.str();
    case MentionGate::intraday_horizon: return "intraday calls are not traded";
    case MentionGate::too_old: return "age " + hours_text(n.age) + " > " + n.limit.str() + " h";
    case MentionGate::blocklisted: return "blocklisted until " + to_rfc3339(n.until);
    case MentionGate::already_held: return mention.symbol.str() + " is held, and on_repeat_buy is ignore";
    case MentionGate::at_ticker_cap:
      return "held and in flight " + n.value.str_padded(2) + " >= cap " + n.limit.str_padded(2);
    case MentionGate::below_min_trade:
      return "room for " + n.value.str_padded(2) + " < minimum trade " + n.limit.str_padded(2);
  }
  return {};
}

Disposition refusal_disposition(const NoTrade& refusal) {
  switch (refusal.gate) {
    case MentionGate::no_conviction: return {DispositionKind::invalid, "conviction"};
    case MentionGate::not_ready:
      return {DispositionKind::risk_denied, std::string{to_string(LimitName::not_reconciled)}};
    default: return {DispositionKind::no_op, std::string{name_of(refusal.gate)}};
  }
}

std::string sessions_text(std::int32_t sessions) { return " for " + std::to_string(sessions) + " sessions"; }

}  // namespace

std::int32_t hold_sessions(Horizon horizon, const MentionStrategyConfig& config) {
  switch (horizon) {
    case Horizon::intraday: return 0;
    case Horizon::days: return config.hold_sessions_days;
    case Horizon::weeks: return config.hold_sessions_weeks;
    case Horizon::months: return config.hold_sessions_months;
    case Horizon::long_term: return config.hold_sessions_long_term;
    case Horizon::unspecified: return config.hold_sessions_unspecified;
  }
  return 0;
}

std::variant<Money, NoTrade> size_mention(Money equity, Decimal effective_conviction, Money cost_held,
                                          Money cost_in_flight, const MentionStrategyConfig& config) {
  if (!equity.is_positive())
    return refuse(MentionGate::below_min_trade, Money{}, config.min_trade);
  Money dollars = equity * config.base_pct;
  if (const Decimal span = one - config.min_conviction; span.is_positive())
    // base * (0.5 + 0.5 * (eff - min) / span), as one fraction so that it is rounded once
    dollars = Decimal::mul_div(dollars, span + (effective_conviction - config.min_conviction), span + span);
  dollars = std::clamp(dollars, config.min_trade, config.max_trade);

  const Money taken = cost_held + cost_in_flight;
  Money cap = config.max_per_ticker;
  if (config.max_position_pct.is_positive())
    cap = std::min(cap, equity * config.max_position_pct);
  const Money headroom = cap - taken;
  if (!headroom.is_positive())
    return refuse(MentionGate::at_ticker_cap, taken, cap);
  dollars = std::min(dollars, headroom);
  const Money in_cents = dollars.rounded_to(cent, Rounding::half_even);
  if (dollars < config.min_trade || !in_cents.is_positive())
    return refuse(MentionGate::below_min_trade, dollars, config.min_trade);
  return in_cents;
}

MentionDecision decide_mention(const Mention& mention, std::optional<Decimal> effective_conviction,
                               const SymbolView& view, const AccountSnapshot& account,
                               const MentionStrategyConfig& config, const MentionTimes& times) {
  MentionDecision out;
  out.dry_run = !config.enable_trading;
  switch (mention.action) {
    case MentionAction::hold:
    case MentionAction::watch: out.call = refuse(MentionGate::ui_only); break;
    case MentionAction::sell: out.call = decide_close(view); break;
    case MentionAction::avoid:
      out.blocklist_until = mention.created_at + std::chrono::days{config.blocklist_days};
      out.call = decide_close(view);
      if (!config.avoid_closes_longs && std::holds_alternative<CloseCall>(out.call))
        out.call = refuse(MentionGate::avoid_keeps_longs);
      break;
    case MentionAction::buy:
      out.call = decide_buy(mention, effective_conviction, view, account, config, times);
      out.clears_blocklist = is_blocked(view, times.age_reference) && std::holds_alternative<BuyCall>(out.call);
      break;
  }
  return out;
}

std::string_view name_of(MentionGate gate) { return to_string(gate); }

Disposition disposition_of(const MentionDecision& decision) {
  Disposition would;
  std::string name;
  if (const auto* refusal = std::get_if<NoTrade>(&decision.call)) {
    would = refusal_disposition(*refusal);
    name = would.str();
  } else if (const auto* buy = std::get_if<BuyCall>(&decision.call)) {
    name = "buy " + buy->dollars.str_padded(2);
  } else {
    name = std::holds_alternative<CloseCall>(decision.call) ? "close" : "roll";
  }
  return decision.dry_run ? Disposition{DispositionKind::dry_run, name} : would;
}

std::string reason_of(const MentionDecision& decision, const Mention& mention, const AccountSnapshot& account) {
  std::string text;
  if (const auto* refusal = std::get_if<NoTrade>(&decision.call))
    text = refusal_text(*refusal, mention, account);
  else if (const auto* buy = std::get_if<BuyCall>(&decision.call))
    text = std::string{buy->extends_due ? "top up " : "buy "} + mention.symbol.str() + " for " +
           buy->dollars.str_padded(2) + sessions_text(buy->hold_sessions);
  else if (const auto* roll = std::get_if<RollCall>(&decision.call))
    text = "hold " + mention.symbol.str() + " on" + sessions_text(roll->hold_sessions);
  else
    text = "close " + mention.symbol.str() + ": " + std::string{to_string(mention.action)};
  if (decision.blocklist_until)
    text += "; not bought until " + to_rfc3339(*decision.blocklist_until);
  if (decision.clears_blocklist)
    text += "; takes it off the blocklist";
  return decision.dry_run ? "dry run (enable_trading is off): " + text : text;
}

ProtectionSpec protection_of(const MentionStrategyConfig& config) {
  const Decimal hundred{100};
  ProtectionSpec spec;
  if (config.stop_pct.is_positive())
    spec.stop = Level{LevelKind::percent, config.stop_pct * hundred};
  if (config.target_pct.is_positive())
    spec.target = Level{LevelKind::percent, config.target_pct * hundred};
  return spec;
}

std::variant<Quantity, RiskSizingError> size_by_risk(const RiskSizing& s) {
  for (const Decimal input :
       {s.equity, s.risk_percent, s.stop_distance, s.multiplier, s.to_account_currency, s.lot_size})
    if (!input.is_positive())
      return RiskSizingError::bad_input;
  // Every rounding goes against the size.
  const Money per_unit =
    Decimal::mul(Decimal::mul(s.stop_distance, s.multiplier, Rounding::ceil), s.to_account_currency, Rounding::ceil);
  const Money at_risk = Decimal::mul_div(s.equity, s.risk_percent, Decimal{100}, Rounding::floor);
  const Quantity quantity = Decimal::div(at_risk, per_unit, Rounding::floor).rounded_to(s.lot_size, Rounding::floor);
  if (!quantity.is_positive() || quantity < s.min_quantity)
    return RiskSizingError::below_min_lot;
  return quantity;
}

}  // namespace heed::core
