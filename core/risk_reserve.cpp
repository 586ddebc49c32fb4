// The governor's one question, limit by limit. The order of the checks is part of the header's promise.
#include "core/risk.hpp"
#include "core/risk_rules.hpp"
#include "messages/mutant.hpp"

#include <algorithm>

namespace heed::core {
namespace {

using std::chrono::seconds;

// How long a burst of orders stops new ones.
constexpr auto rate_pause = std::chrono::minutes{1};

RiskAnswer deny(const ReserveRisk& q, LimitName limit, std::string reason) {
  return {q.order, false, limit, std::move(reason)};
}

std::string money(Money value) { return value.str_padded(2); }

std::string pause_text(const Pause& pause) {
  std::string text = "paused by " + pause.cause;
  if (!pause.detail.empty())
    text += " (" + pause.detail + ")";
  return text + (pause.until ? " until " + to_rfc3339(*pause.until) : " until a person resumes");
}

bool covers(const Pause& pause, const ReserveRisk& q, Instant now) {
  return (!pause.until || *pause.until > now) && (pause.strategy.empty() || pause.strategy == q.strategy) &&
         (pause.symbol.empty() || pause.symbol == q.symbol);
}

}  // namespace

struct RiskLedger::Ask {
  const ReserveRisk& q;
  Money dollars;             // at worst case
  const SymbolRisk* symbol;  // null: nothing known of it
  Money held;                // cost of what is held in it
  Money in_flight;
};

// What the symbol costs already has two witnesses.
//
// The position, P: what it holds, and its entries at work. It alone opens here, for one question at a time, so while
// it asks no grant is on its way to it: P is what is. (One whose asker died meanwhile is never placed.)
// This ledger, L: held and reserved. It hears of everything in the order it happened, but after the commit. Of what
// it has not heard yet,
//   a fill is in `reserved`: the same shares, at their worst price; had they cost more, P would say so;
//   an exit, or an entry's end, leaves L above P;
//   somebody else's shares, an over-fill and a corrected price leave P above L, or L above P;
//   a grant that is not placed is only in L.
// Within P and within L each share counts once, whichever of its two sums it stands in; held by the one and reserved
// by the other, it would count twice. So the greater of the two totals: never less than P, and more only by what was
// there a commit ago.
RiskLedger::Ask RiskLedger::weigh(const ReserveRisk& q) const {
  Ask ask{q, Decimal::mul(Decimal::mul(q.quantity, q.price, Rounding::ceil), q.multiplier, Rounding::ceil),
          find(q.symbol), Money{}, Money{}};
  if (ask.symbol != nullptr) {
    ask.held = ask.symbol->cost;
    ask.in_flight = ask.symbol->reserved;
  }
  if (q.cost_held > ask.held + ask.in_flight) {
    ask.held = q.cost_held;
    ask.in_flight = {};
  }
  return ask;
}

RiskLedger::Denial RiskLedger::known_already(const ReserveRisk& q) const {
  const auto it = state_.orders.find(q.order);
  if (it == state_.orders.end())
    return std::nullopt;
  const auto& order = it->second;
  if (!order.live)
    return deny(q, LimitName::order_limits, "order " + q.order.str() + " is over");
  const bool same = order.symbol == q.symbol && order.strategy == q.strategy &&
                    order.quantity == (q.side == Side::buy ? q.quantity : -q.quantity) && order.price == q.price &&
                    order.multiplier == q.multiplier;
  if (!same)
    return deny(q, LimitName::order_limits, "order " + q.order.str() + " is reserved with other content");
  return RiskAnswer{q.order, true, {}, {}};
}

RiskLedger::Denial RiskLedger::check_sense(const ReserveRisk& q) const {
  const auto senseless = [&](std::string_view field, const std::string& value) {
    return deny(q, LimitName::order_limits, std::string{field} + " is \"" + value + "\"");
  };
  if (q.order.empty())
    return senseless("order", "");
  if (q.account != account_)
    return senseless("account", q.account.str());
  if (q.strategy.empty())
    return senseless("strategy", "");
  if (q.symbol.empty())
    return senseless("symbol", "");
  if (!q.quantity.is_positive())
    return senseless("quantity", q.quantity.str());
  if (!q.price.is_positive())
    return senseless("price", q.price.str());
  if (!q.multiplier.is_positive())
    return senseless("multiplier", q.multiplier.str());
  if (q.cost_held.is_negative())
    return senseless("cost_held", q.cost_held.str());
  if (!state_.account_seen || !reconciled_)
    return deny(q, LimitName::not_reconciled,
                state_.account_seen ? "the books have not been compared with the broker's yet"
                                    : "nothing is known of the account yet");
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_latches(const ReserveRisk& q, Instant now) const {
  if (state_.kill != KillLevel::none && !mutant("kill_ignored"))
    return deny(q, LimitName::paused, "kill switch: " + std::string{to_string(state_.kill)});
  if (state_.trading_blocked)
    return deny(q, LimitName::paused, "the broker blocks trading on this account");
  for (const auto& pause : state_.pauses)
    if (covers(pause, q, now))
      return deny(q, enum_from<LimitName>(pause.cause).value_or(LimitName::paused), pause_text(pause));
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_symbol(const ReserveRisk& q, Instant now) const {
  const auto* risk = find(q.symbol);
  if (risk && risk->unknown_orders > 0)
    return deny(q, LimitName::unknown_order,
                std::to_string(risk->unknown_orders) + " order(s) in " + q.symbol.str() + " of unknown fate");
  if (!q.session_open)
    return deny(q, LimitName::market_closed, "outside of market hours");
  if (risk && risk->blocked_until && now < *risk->blocked_until)
    return deny(q, LimitName::blocklisted, "until " + to_rfc3339(*risk->blocked_until));
  if (risk && in_cooldown(risk->closed_at, now, limits_))
    return deny(
      q, LimitName::cooldown,
      "closed at " + to_rfc3339(*risk->closed_at) + ", cooldown " + std::to_string(limits_.cooldown_seconds) + " s");
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_price(const ReserveRisk& q, Instant now) const {
  if (!q.last_price.is_positive())
    return deny(q, LimitName::stale_price, "no last price");
  const Duration age = now - q.quote_at;
  const Duration oldest = seconds{limits_.quote_age_seconds_max};
  if (age > oldest || age < -oldest)
    return deny(q, LimitName::stale_price,
                "quote of " + to_rfc3339(q.quote_at) + " is not within " +
                  std::to_string(limits_.quote_age_seconds_max) + " s of now");
  const Price away = (q.price - q.last_price).abs();
  const Price allowed = q.last_price * limits_.price_deviation_fraction_max;
  if (away > allowed)
    return deny(q, LimitName::order_limits,
                "price " + q.price.str() + " is " + away.str() + " away from the last " + q.last_price.str() + " > " +
                  allowed.str());
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_order(const Ask& ask) const {
  if (ask.dollars > limits_.order_dollars_max && !mutant("no_order_limit"))
    return deny(ask.q, LimitName::order_limits,
                "order value " + money(ask.dollars) + " > " + money(limits_.order_dollars_max));
  if (limits_.order_quantity_max && ask.q.quantity > *limits_.order_quantity_max)
    return deny(ask.q, LimitName::order_limits,
                "order quantity " + ask.q.quantity.str() + " > " + limits_.order_quantity_max->str());
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_rate(const ReserveRisk& q, Instant now, RiskEffects& effects) {
  const auto& recent = state_.recent_entries;
  const auto within = [&](Duration window) {
    return recent.end() - std::upper_bound(recent.begin(), recent.end(), now - window);
  };
  const auto too_many = [&](std::string_view per, std::int64_t count, std::int32_t limit) -> Denial {
    if (count < limit)
      return std::nullopt;
    const auto text =
      "entries in the last " + std::string{per} + " " + std::to_string(count) + " >= " + std::to_string(limit);
    trip(LimitName::order_rate, text, now, now + rate_pause, effects);
    return deny(q, LimitName::order_rate, text);
  };
  if (auto denial = too_many("second", within(seconds{1}), limits_.orders_per_second))
    return denial;
  return too_many("minute", within(std::chrono::minutes{1}), limits_.orders_per_minute);
}

RiskLedger::Denial RiskLedger::check_day(const Ask& ask) const {
  const auto it = state_.today_by_strategy.find(ask.q.strategy);
  const DayCounter mine = it == state_.today_by_strategy.end() ? DayCounter{} : it->second;
  const DayCounter& all = state_.today;
  const auto breach = day_breach(mine, all, ask.dollars, limits_);
  if (!breach || mutant("no_daily_limit"))
    return std::nullopt;
  const DayCounter& counter = breach->by_strategy ? mine : all;
  const std::string whose = breach->by_strategy ? " by " + ask.q.strategy.str() : "";
  if (breach->limit == LimitName::daily_trades)
    return deny(
      ask.q, LimitName::daily_trades,
      "trades today" + whose + " " + std::to_string(counter.trades) + " >= " +
        std::to_string(breach->by_strategy ? limits_.trades_per_day_strategy : limits_.trades_per_day_account));
  return deny(ask.q, LimitName::daily_alloc,
              "opened today" + whose + " " + money(counter.dollars) + " + " + money(ask.dollars) + " > " +
                money(breach->by_strategy ? limits_.dollars_per_day_strategy : limits_.dollars_per_day_account));
}

RiskLedger::Denial RiskLedger::check_position(const Ask& ask) const {
  const Money after = ask.held + ask.in_flight + ask.dollars;
  const auto over = [&](Money limit) {
    return deny(ask.q, LimitName::max_position,
                "held " + money(ask.held) + " + in flight " + money(ask.in_flight) + " + " + money(ask.dollars) +
                  " > " + money(limit));
  };
  if (after > limits_.position_dollars_max)
    return over(limits_.position_dollars_max);
  if (limits_.position_equity_fraction_max.is_positive()) {
    const Money share = state_.equity * limits_.position_equity_fraction_max;
    if (after > share)
      return over(share);
  }
  const bool opens = !(ask.symbol && ask.symbol->is_open());
  if (opens && is_max_open(open_symbols_, limits_))
    return deny(
      ask.q, LimitName::max_open,
      "open positions " + std::to_string(open_symbols_) + " >= " + std::to_string(limits_.open_positions_max));
  std::int32_t others = 0;
  if (ask.symbol)
    for (const auto& [name, part] : ask.symbol->strategies)
      others += name != ask.q.strategy && name.view() != "external" ? 1 : 0;
  if (others >= limits_.open_positions_per_symbol_max)
    return deny(ask.q, LimitName::max_open,
                "strategies in " + ask.q.symbol.str() + " " + std::to_string(others) +
                  " >= " + std::to_string(limits_.open_positions_per_symbol_max));
  return std::nullopt;
}

RiskLedger::Denial RiskLedger::check_account(const Ask& ask) const {
  if (limits_.gross_exposure_max || limits_.net_exposure_max) {
    Money gross = ask.dollars;
    Money net = ask.q.side == Side::buy ? ask.dollars : -ask.dollars;
    for (const auto& [symbol, risk] : state_.symbols) {
      gross += risk.cost + risk.reserved;
      net += risk.quantity.is_negative() ? -risk.cost : risk.cost;
    }
    for (const auto& [name, order] : state_.orders)
      net += order.quantity.is_negative() ? -order.open_dollars() : order.open_dollars();
    if (limits_.gross_exposure_max && gross > *limits_.gross_exposure_max)
      return deny(ask.q, LimitName::exposure,
                  "gross exposure " + money(gross) + " > " + money(*limits_.gross_exposure_max));
    if (limits_.net_exposure_max && net.abs() > *limits_.net_exposure_max)
      return deny(ask.q, LimitName::exposure,
                  "net exposure " + money(net) + " beyond " + money(*limits_.net_exposure_max));
  }
  const Money left = state_.buying_power - state_.unreported;
  if (ask.q.multiplier == Decimal{1} && ask.dollars > left)
    return deny(ask.q, LimitName::buying_power,
                money(ask.dollars) + " > " + money(left) + " (buying power " + money(state_.buying_power) +
                  " less in flight " + money(state_.unreported) + ")");
  return std::nullopt;
}

Reservation RiskLedger::judge(const ReserveRisk& q, Instant now) {
  Reservation out;
  const auto answered = [&](Denial denial) {
    if (denial)
      out.answer = std::move(*denial);
    return denial.has_value();
  };
  if (answered(known_already(q)) || answered(check_sense(q)) || answered(check_latches(q, now)) ||
      answered(check_symbol(q, now)) || answered(check_price(q, now)))
    return out;
  const auto ask = weigh(q);
  if (answered(check_order(ask)) || answered(check_rate(q, now, out.effects)) || answered(check_day(ask)) ||
      answered(check_position(ask)) || answered(check_account(ask)))
    return out;
  RiskOrder order;
  order.strategy = q.strategy;
  order.symbol = q.symbol;
  order.quantity = q.side == Side::buy ? q.quantity : -q.quantity;
  order.price = q.price;
  order.multiplier = q.multiplier;
  order.reserved_at = now;
  admit(q.order, std::move(order));
  out.answer = {q.order, true, {}, {}};
  return out;
}

Reservation RiskLedger::reserve(const ReserveRisk& question, Instant now) {
  try {
    return judge(question, now);
  } catch (const DecimalOverflow&) {
    return {deny(question, LimitName::order_limits, "the numbers are too large to reckon with"), {}};
  }
}

}  // namespace heed::core
