#include "core/risk.hpp"

#include "core/risk_rules.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace heed::core {
namespace {

// How many orders that are over stay known, so that late and repeated news of them changes nothing.
constexpr std::size_t ended_kept = 64;
// Facts of one order that are known when they are told again: a large one may fill in hundreds of parts.
constexpr std::size_t marks_kept = 1'000;
// An order made this shortly before an account report may not be in it yet.
constexpr auto report_lag = std::chrono::seconds{10};
constexpr auto rate_window = std::chrono::minutes{1};

bool same_scope(const Pause& pause, const StrategyId& strategy, const Symbol& symbol) {
  return pause.strategy == strategy && pause.symbol == symbol;
}

Money dollars_of(Quantity quantity, Price price, Decimal multiplier) {
  return Decimal::mul(Decimal::mul(quantity.abs(), price, Rounding::ceil), multiplier, Rounding::ceil);
}

// Facts with the same content have the same mark, for good: it is stored. FNV-1a over every field.
class Mark {
public:
  void add(std::string_view text) {
    for (const char c : text)
      hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    add(static_cast<std::int64_t>(text.size()));
  }
  void add(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8)
      hash_ = (hash_ ^ (static_cast<std::uint64_t>(number) >> shift & 0xffU)) * 0x100000001b3;
  }
  void add(Decimal number) { add(number.units()); }
  void add(bool flag) { add(std::int64_t{flag}); }
  std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

std::int64_t mark_of(const RiskFact& fact) {
  Mark mark;
  RiskFact::fields(fact, [&](const char*, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    if constexpr (NamedEnum<Field>)
      mark.add(to_string(field));
    else if constexpr (std::is_same_v<Field, Instant>)
      mark.add(std::int64_t{field.time_since_epoch().count()});
    else if constexpr (std::is_convertible_v<const Field&, std::string_view>)
      mark.add(std::string_view{field});
    else
      mark.add(field);
  });
  return mark.value();
}

template <class T>
std::string limit_text(const T& value) {
  if constexpr (std::is_same_v<T, Decimal>)
    return value.str();
  else if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_integral_v<T>)
    return std::to_string(value);
  else
    return value ? value->str() : "";
}

std::vector<std::pair<std::string, std::string>> limit_texts(const RiskLimits& limits) {
  std::vector<std::pair<std::string, std::string>> out;
  RiskLimits::fields(limits, [&](const char* name, const auto& value) { out.emplace_back(name, limit_text(value)); });
  return out;
}

}  // namespace

RiskLedger::RiskLedger(AccountId account, RiskLimits limits, RiskState state)
    : account_{account}, limits_{std::move(limits)}, state_{std::move(state)} {
  for (const auto& [symbol, risk] : state_.symbols)
    open_symbols_ += risk.is_open() ? 1 : 0;
}

// ---- bookkeeping ----------------------------------------------------------------------------------------------

// All changes of a symbol go through here, so that the number of open symbols is always right.
template <class Change>
void RiskLedger::change_symbol(const Symbol& symbol, Change change) {
  auto& risk = state_.symbols[symbol];
  const bool before = risk.is_open();
  change(risk);
  open_symbols_ += (risk.is_open() ? 1 : 0) - (before ? 1 : 0);
}

void RiskLedger::count(const RiskOrder& order, std::int32_t trades, Money dollars) {
  if (order.day != state_.day)
    return;
  for (auto* counter : {&state_.today, &state_.today_by_strategy[order.strategy]}) {
    counter->trades += trades;
    counter->dollars += dollars;
  }
}

void RiskLedger::count_trade(RiskOrder& order, bool counts) {
  if (order.counts_as_trade == counts)
    return;
  order.counts_as_trade = counts;
  count(order, counts ? 1 : -1, Money{});
}

void RiskLedger::admit(const ClientOrderId& name, RiskOrder order) {
  order.live = true;
  order.day = state_.day;
  order.unreported = true;
  const Money dollars = order.open_dollars();
  count_trade(order, true);
  count(order, 0, dollars);
  state_.unreported += dollars;
  change_symbol(order.symbol, [&](SymbolRisk& risk) {
    ++risk.live_orders;
    ++risk.strategies[order.strategy].live_orders;
    risk.reserved += dollars;
  });
  auto& recent = state_.recent_entries;
  const auto fresh = std::upper_bound(recent.begin(), recent.end(), order.reserved_at - rate_window);
  if (2 * (fresh - recent.begin()) > recent.end() - recent.begin())
    recent.erase(recent.begin(), fresh);
  recent.push_back(recent.empty() ? order.reserved_at : std::max(recent.back(), order.reserved_at));
  state_.orders.insert_or_assign(name, std::move(order));
}

// Takes the open part away. Harmless when the order is over already.
void RiskLedger::end(const ClientOrderId& name, RiskOrder& order) {
  set_unknown(order, false);
  order.over = true;
  if (!order.live)
    return;
  const Money open = order.open_dollars();
  order.live = false;
  count(order, 0, -open);
  if (order.unreported)
    state_.unreported -= open;
  if (order.filled.is_zero())
    count_trade(order, false);
  change_symbol(order.symbol, [&](SymbolRisk& risk) {
    --risk.live_orders;
    risk.reserved -= open;
    auto& mine = risk.strategies[order.strategy];
    --mine.live_orders;
    if (mine == StrategyRisk{})
      risk.strategies.erase(order.strategy);
  });
  state_.ended.push_back(name);
}

// Only after the order at hand is done with: it may be the one to go. What still counts never goes.
void RiskLedger::forget_ended() {
  for (auto it = state_.ended.begin(); it != state_.ended.end() && state_.ended.size() > ended_kept;) {
    const auto order = state_.orders.find(*it);
    if (order != state_.orders.end() && (order->second.live || order->second.unknown)) {
      ++it;
      continue;
    }
    if (order != state_.orders.end()) {
      if (order->second.unreported)
        state_.unreported -= order->second.filled_dollars;
      state_.orders.erase(order);
    }
    it = state_.ended.erase(it);
  }
}

void RiskLedger::set_unknown(RiskOrder& order, bool unknown) {
  if (order.unknown == unknown)
    return;
  order.unknown = unknown;
  change_symbol(order.symbol, [&](SymbolRisk& risk) { risk.unknown_orders += unknown ? 1 : -1; });
}

// ---- facts ------------------------------------------------------------------------------------------------------

RiskEffects RiskLedger::apply(const RiskFact& fact) {
  RiskEffects effects;
  if (fact.kind == RiskFactKind::reserved) {
    on_reserved(fact);
    return effects;
  }
  if (fact.kind == RiskFactKind::restarted) {
    on_restarted(fact);
    return effects;
  }
  auto& order = order_of(fact);
  switch (fact.kind) {
    case RiskFactKind::reserved:
    case RiskFactKind::restarted: break;
    case RiskFactKind::filled: on_filled(order, fact); break;
    case RiskFactKind::released: end(fact.order, order); break;
    case RiskFactKind::unknown:
    case RiskFactKind::resolved:
      if (!order.over && !is_repeat(order, fact))
        set_unknown(order, fact.kind == RiskFactKind::unknown);
      break;
    case RiskFactKind::closed: on_closed(order, fact, effects); break;
    case RiskFactKind::rejected: on_rejected(order, fact, effects); break;
  }
  forget_ended();
  return effects;
}

// An entry at work that this ledger did not grant itself: replayed, or told at the start.
void RiskLedger::on_reserved(const RiskFact& fact) {
  RiskOrder order;
  if (const auto it = state_.orders.find(fact.order); it != state_.orders.end()) {
    if (it->second.live || it->second.over)
      return;
    order = it->second;  // other news of it came first
    std::erase(state_.ended, fact.order);
  }
  order.strategy = fact.strategy;
  order.symbol = fact.symbol;
  order.quantity = fact.quantity.is_negative() ? fact.quantity - order.filled : fact.quantity + order.filled;
  order.price = fact.price;
  order.multiplier = fact.multiplier;
  order.reserved_at = fact.at;
  if (!order.price.is_positive()) {
    // Nobody knows what it may cost: as much as one order may.
    order.price = limits_.order_dollars_max;
    order.quantity = order.filled + Quantity{1};
    if (fact.quantity.is_negative())
      order.quantity = -order.quantity;
    order.multiplier = Decimal{1};
  }
  admit(fact.order, std::move(order));
}

// A reservation whose order never came to be is as if it had not been asked for: its name is free again. Those that
// did are told of anew, by `reserved`. What has filled, or is in doubt, was placed.
void RiskLedger::on_restarted(const RiskFact& fact) {
  std::vector<ClientOrderId> gone;
  for (auto& [name, order] : state_.orders)
    if (order.symbol == fact.symbol && order.live && order.filled.is_zero() && !order.unknown) {
      end(name, order);
      gone.push_back(name);
    }
  for (const auto& name : gone) {
    state_.orders.erase(name);
    std::erase(state_.ended, name);
  }
}

// News of an order that is not known makes one that reserves nothing.
RiskOrder& RiskLedger::order_of(const RiskFact& fact) {
  const auto [it, is_new] = state_.orders.try_emplace(fact.order);
  if (is_new) {
    it->second.strategy = fact.strategy;
    it->second.symbol = fact.symbol;
    it->second.multiplier = fact.multiplier;
    it->second.day = state_.day;
    it->second.reserved_at = fact.at;
    state_.ended.push_back(fact.order);
  }
  return it->second;
}

bool RiskLedger::is_repeat(RiskOrder& order, const RiskFact& fact) {
  const auto mark = mark_of(fact);
  if (std::find(order.marks.begin(), order.marks.end(), mark) != order.marks.end())
    return true;
  if (order.marks.size() == marks_kept)
    order.marks.erase(order.marks.begin());
  order.marks.push_back(mark);
  return false;
}

void RiskLedger::set_position(const RiskFact& fact) {
  change_symbol(fact.symbol, [&](SymbolRisk& risk) {
    risk.quantity = fact.position_after;
    risk.cost = fact.cost_after;
    auto& mine = risk.strategies[fact.strategy];
    mine.held += fact.quantity;
    if (risk.quantity.is_zero())  // flat: whatever was counted per strategy, nothing is held
      for (auto& [name, part] : risk.strategies)
        part.held = Quantity{};
    else if (risk.strategies.size() == 1)
      mine.held = risk.quantity;
    std::erase_if(risk.strategies, [](const auto& entry) { return entry.second == StrategyRisk{}; });
  });
}

void RiskLedger::set_held(const Symbol& symbol, Quantity quantity, Money cost,
                          const std::map<StrategyId, Quantity>& parts) {
  change_symbol(symbol, [&](SymbolRisk& risk) {
    risk.quantity = quantity;
    risk.cost = cost;
    for (auto& [name, part] : risk.strategies)
      part.held = Quantity{};
    for (const auto& [name, held] : parts)
      risk.strategies[name].held = held;
    std::erase_if(risk.strategies, [](const auto& entry) { return entry.second == StrategyRisk{}; });
  });
}

void RiskLedger::on_filled(RiskOrder& order, const RiskFact& fact) {
  if (is_repeat(order, fact))
    return;
  state_.rejects_in_row = 0;
  state_.day_realized += fact.realized;
  const Money open_before = order.open_dollars();
  const Money dollars = dollars_of(fact.quantity, fact.price, fact.multiplier);
  order.filled += fact.quantity.abs();
  order.filled_dollars += dollars;
  const Money moved = open_before - order.open_dollars();
  count_trade(order, true);
  count(order, 0, dollars - moved);
  if (order.unreported)
    state_.unreported += dollars - moved;
  change_symbol(order.symbol, [&](SymbolRisk& risk) { risk.reserved -= moved; });
  set_position(fact);
  if (order.live && order.open_quantity().is_zero())
    end(fact.order, order);
}

void RiskLedger::on_closed(RiskOrder& order, const RiskFact& fact, RiskEffects& effects) {
  if (is_repeat(order, fact))
    return;
  set_position(fact);
  state_.day_realized += fact.realized;
  if (fact.position_after.is_zero() && !fact.quantity.is_zero())
    change_symbol(fact.symbol, [&](SymbolRisk& risk) { risk.closed_at = fact.at; });
  if (!fact.trade_ended)
    return;
  state_.losses_in_row = fact.trade_realized.is_negative() ? state_.losses_in_row + 1 : 0;
  if (limits_.losses_in_row > 0 && state_.losses_in_row >= limits_.losses_in_row) {
    trip(LimitName::losses, std::to_string(state_.losses_in_row) + " losing trades in a row", fact.at, std::nullopt,
         effects);
    state_.losses_in_row = 0;
  }
}

void RiskLedger::on_rejected(RiskOrder& order, const RiskFact& fact, RiskEffects& effects) {
  if (std::exchange(order.rejected, true))
    return;
  end(fact.order, order);
  ++state_.rejects_in_row;
  if (limits_.rejects_in_row > 0 && state_.rejects_in_row >= limits_.rejects_in_row) {
    trip(LimitName::rejects, std::to_string(state_.rejects_in_row) + " rejected orders in a row", fact.at,
         std::nullopt, effects);
    state_.rejects_in_row = 0;
  }
}

// ---- account and day --------------------------------------------------------------------------------------------

RiskEffects RiskLedger::apply(const AccountReport& report, Instant now) {
  RiskEffects effects;
  if (state_.account_seen && report.at < state_.account_at)
    return effects;
  state_.account_seen = true;
  state_.account_at = report.at;
  state_.equity = report.equity;
  state_.cash = report.cash;
  state_.buying_power = report.buying_power;
  state_.trading_blocked = report.trading_blocked;
  if (state_.starting_equity.is_zero())
    state_.starting_equity = report.equity;
  if (state_.day_opening_equity.is_zero())
    state_.day_opening_equity = state_.loss_base = report.equity;
  state_.peak_equity = std::max(state_.peak_equity, report.equity);
  for (auto& [name, order] : state_.orders) {
    if (order.unreported && order.reserved_at <= report.at - report_lag) {
      order.unreported = false;
      state_.unreported -= order.open_dollars() + order.filled_dollars;
    }
  }
  judge_equity(now, effects);
  return effects;
}

void RiskLedger::judge_equity(Instant now, RiskEffects& effects) {
  const auto has = [&](LimitName limit) {
    return std::any_of(state_.pauses.begin(), state_.pauses.end(), [&](const Pause& p) {
      return p.cause == to_string(limit) && same_scope(p, {}, {}) && (!p.until || *p.until > now);
    });
  };
  if (is_daily_loss(state_.loss_base, state_.equity, limits_) && !has(LimitName::daily_loss))
    trip(LimitName::daily_loss,
         "loss " + (state_.loss_base - state_.equity).str_padded(2) +
           " >= " + daily_loss_limit(state_.loss_base, limits_).str_padded(2) + " of the day",
         now, daily_loss_until(now, limits_), effects);

  Money base = limits_.drawdown_from_peak ? state_.peak_equity : state_.starting_equity;
  if (!limits_.drawdown_from_peak && !state_.drawdown_base.is_zero())
    base = state_.drawdown_base;
  if (is_drawdown(base, state_.equity, limits_) && !has(LimitName::drawdown))
    trip(LimitName::drawdown,
         "equity " + state_.equity.str_padded(2) + " < " + drawdown_floor(base, limits_).str_padded(2), now,
         std::nullopt, effects);
}

RiskEffects RiskLedger::roll_day(Date day, Money opening_equity) {
  if (day <= state_.day)
    return {};
  state_.day = day;
  state_.day_opening_equity = state_.loss_base = opening_equity;
  state_.day_realized = Money{};
  state_.today = {};
  state_.today_by_strategy.clear();
  // What is neither open nor blocked need not be remembered; a cooldown may reach over midnight.
  const auto closed_long_ago = [&](const SymbolRisk& risk) {
    return !risk.closed_at || *risk.closed_at + std::chrono::seconds{limits_.cooldown_seconds} < day;
  };
  std::erase_if(state_.symbols, [&](const auto& entry) {
    const auto& risk = entry.second;
    return !risk.is_open() && risk.unknown_orders == 0 && closed_long_ago(risk) &&
           (!risk.blocked_until || *risk.blocked_until < day);
  });
  return {TradingDayStarted{day, opening_equity}};
}

// ---- latches ----------------------------------------------------------------------------------------------------

void RiskLedger::trip(LimitName limit, std::string detail, Instant now, std::optional<Instant> until,
                      RiskEffects& effects) {
  Pause stop;
  stop.account = account_;
  stop.cause = std::string{to_string(limit)};
  stop.detail = std::move(detail);
  stop.by = "heed";
  stop.since = now;
  stop.until = until;
  for (auto& effect : pause(std::move(stop)))
    effects.push_back(std::move(effect));
}

RiskEffects RiskLedger::pause(Pause pause) {
  pause.account = account_;
  const auto same = std::find_if(state_.pauses.begin(), state_.pauses.end(), [&](const Pause& p) {
    return same_scope(p, pause.strategy, pause.symbol) && p.cause == pause.cause;
  });
  if (same == state_.pauses.end()) {
    state_.pauses.push_back(pause);
  } else {
    if (!same->until || (pause.until && *pause.until <= *same->until))
      return {};
    *same = pause;
  }
  return {PauseStarted{std::move(pause)}};
}

RiskEffects RiskLedger::resume(const StrategyId& strategy, const Symbol& symbol, const std::string& by, Instant now) {
  RiskEffects effects;
  std::erase_if(state_.pauses, [&](const Pause& p) {
    if (!same_scope(p, strategy, symbol))
      return false;
    if (p.cause == to_string(LimitName::daily_loss))
      state_.loss_base = state_.equity;
    if (p.cause == to_string(LimitName::drawdown))
      state_.drawdown_base = state_.peak_equity = state_.equity;
    effects.push_back(PauseEnded{p, by, now});
    return true;
  });
  return effects;
}

RiskEffects RiskLedger::expire(Instant now) {
  RiskEffects effects;
  std::erase_if(state_.pauses, [&](const Pause& p) {
    if (!p.until || *p.until > now)
      return false;
    effects.push_back(PauseEnded{p, "heed", now});
    return true;
  });
  return effects;
}

RiskEffects RiskLedger::kill(KillLevel level, const std::string& by, Instant now) {
  if (level == state_.kill)
    return {};
  const auto from = std::exchange(state_.kill, level);
  return {KillChanged{from, level, by, now}};
}

void RiskLedger::block(const Symbol& symbol, Instant until) {
  change_symbol(symbol, [&](SymbolRisk& risk) {
    risk.blocked_until = risk.blocked_until ? std::max(*risk.blocked_until, until) : until;
  });
}

void RiskLedger::unblock(const Symbol& symbol) {
  change_symbol(symbol, [](SymbolRisk& risk) { risk.blocked_until.reset(); });
}

std::vector<LimitChange> RiskLedger::set_limits(const RiskLimits& limits) {
  const auto before = limit_texts(limits_);
  const auto after = limit_texts(limits);
  std::vector<LimitChange> changes;
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i].second != after[i].second)
      changes.push_back({before[i].first, before[i].second, after[i].second});
  limits_ = limits;
  return changes;
}

// ---- views ------------------------------------------------------------------------------------------------------

AccountSnapshot RiskLedger::snapshot() const {
  AccountSnapshot out;
  out.account = account_;
  out.known = state_.account_seen && reconciled_;
  out.equity = state_.equity;
  out.cash = state_.cash;
  out.buying_power = state_.buying_power;
  out.day_opening_equity = state_.day_opening_equity;
  out.day_realized = state_.day_realized;
  out.open_positions = open_symbols_;
  out.kill = state_.kill;
  out.pauses = state_.pauses;
  return out;
}

const SymbolRisk* RiskLedger::find(const Symbol& symbol) const {
  const auto it = state_.symbols.find(symbol);
  return it == state_.symbols.end() ? nullptr : &it->second;
}

Money RiskLedger::reserved(const Symbol& symbol) const {
  const auto* risk = find(symbol);
  return risk ? risk->reserved : Money{};
}

}  // namespace heed::core
