// A governor's ledger with questions and facts in few words.
#pragma once

#include "core/risk.hpp"
#include "tests/core/support.hpp"

#include <optional>
#include <string>

namespace heed::test {

inline const Instant risk_now = at("2026-11-20T15:00:00Z");
inline const Date risk_day = day("2026-11-20");

/// Limits wide enough that only the one under test can say no.
inline RiskLimits wide_limits() {
  RiskLimits l;
  l.trades_per_day_account = 1'000'000;
  l.trades_per_day_strategy = 1'000'000;
  l.dollars_per_day_account = Money{1'000'000'000};
  l.dollars_per_day_strategy = Money{1'000'000'000};
  l.position_dollars_max = Money{1'000'000'000};
  l.position_equity_fraction_max = Decimal{};
  l.open_positions_max = 1'000'000;
  l.open_positions_per_symbol_max = 1'000;
  l.order_dollars_max = Money{1'000'000'000};
  l.orders_per_second = 1'000'000;
  l.orders_per_minute = 1'000'000;
  return l;
}

inline AccountReport account_report(Money equity, Instant when, std::optional<Money> buying_power = {}) {
  AccountReport r;
  r.account = "paper";
  r.equity = equity;
  r.cash = equity;
  r.buying_power = buying_power.value_or(equity);
  r.last_equity = equity;
  r.at = when;
  return r;
}

/// An account of 100,000 that has been looked at and reconciled, at the start of a day.
inline core::RiskLedger ready_ledger(RiskLimits limits, Money equity = Money{100'000}) {
  core::RiskLedger ledger{"paper", std::move(limits)};
  ledger.roll_day(risk_day, equity);
  ledger.apply(account_report(equity, risk_now - std::chrono::hours{1}), risk_now - std::chrono::hours{1});
  ledger.set_reconciled(true);
  return ledger;
}

inline ReserveRisk question(const std::string& order, const std::string& symbol = "NVDA", const char* quantity = "10",
                            const char* price = "100", const std::string& strategy = "mentions") {
  ReserveRisk q;
  q.order = order;
  q.intent = "i-" + order;
  q.account = "paper";
  q.strategy = strategy;
  q.symbol = symbol;
  q.quantity = dec(quantity);
  q.price = dec(price);
  q.last_price = dec(price);
  q.quote_at = risk_now;
  return q;
}

/// A fact about the order of `q`, `quantity` signed as the order moves the position.
inline RiskFact fact_of(RiskFactKind kind, const ReserveRisk& q, const char* quantity = "0",
                        const char* position_after = "0", Instant when = risk_now) {
  RiskFact f;
  f.kind = kind;
  f.account = q.account;
  f.strategy = q.strategy;
  f.symbol = q.symbol;
  f.order = q.order;
  f.quantity = dec(quantity);
  f.price = q.price;
  f.multiplier = q.multiplier;
  f.position_after = dec(position_after);
  f.cost_after = f.position_after.abs() * q.price * q.multiplier;
  f.at = when;
  return f;
}

inline std::string told(const core::Reservation& r) {
  return r.answer.granted ? "granted" : std::string{to_string(r.answer.limit)};
}

}  // namespace heed::test
