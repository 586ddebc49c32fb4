// The mention strategy: a pure function from a call, the state of its symbol and account, and the configuration to
// what to do. The first gate that applies gives the reason. Allocates nothing; reasons become text on demand.
#pragma once

#include "messages/disposition.hpp"
#include "messages/mention.hpp"
#include "messages/risk.hpp"
#include "messages/strategy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace heed::core {

/// What the strategy has to know of one symbol in one account.
struct SymbolView {
  bool tradable = false;  // the broker takes entries
  Quantity held;          // signed
  Money cost_held;        // cost basis, >= 0
  Money cost_in_flight;   // of buys not yet filled, at worst case, >= 0
  bool opening = false;   // an entry is at work
  bool closing = false;   // a close is at work
  std::optional<Instant> blocklisted_until;
};

/// Why nothing happens. Names are stored (see name_of): permanent.
enum class MentionGate : std::uint8_t {
  ui_only,
  not_held,
  already_closing,
  avoid_keeps_longs,
  no_conviction,
  not_tradable,
  not_ready,  // nothing is known of the account yet
  paused,
  low_conviction,
  intraday_horizon,
  too_old,
  blocklisted,
  already_held,
  at_ticker_cap,
  below_min_trade
};

struct NoTrade {
  MentionGate gate = MentionGate::ui_only;
  Decimal value;                     // what was found: conviction, dollars, headroom
  Decimal limit;                     // what it was held against
  Duration age{};                    // too_old
  Instant until{};                   // blocklisted
  KillLevel kill = KillLevel::none;  // paused by the kill switch ...
  std::int32_t pause = -1;           // ... or by this pause of the snapshot
  friend bool operator==(const NoTrade&, const NoTrade&) = default;
};
struct CloseCall {
  friend bool operator==(const CloseCall&, const CloseCall&) = default;
};
struct BuyCall {
  Money dollars;  // rounded to cents, > 0
  std::int32_t hold_sessions = 0;
  bool extends_due = false;  // a top-up: the due session becomes the later of the two
  friend bool operator==(const BuyCall&, const BuyCall&) = default;
};
/// No order: the due session of what is held becomes the later of the two.
struct RollCall {
  std::int32_t hold_sessions = 0;
  friend bool operator==(const RollCall&, const RollCall&) = default;
};

struct MentionDecision {
  std::variant<NoTrade, CloseCall, BuyCall, RollCall> call;
  bool dry_run = false;  // `call` is what would have been done; nothing may go out
  /// Avoid: keep the symbol from being bought until then, dry run or not.
  std::optional<Instant> blocklist_until;
  bool clears_blocklist = false;  // the buy lifts the symbol's block
  friend bool operator==(const MentionDecision&, const MentionDecision&) = default;
};

/// When a decision is made.
struct MentionTimes {
  Instant now{};  // for pauses
  /// What the call's age and the blocklist are measured at: its arrival, also when it is decided again at the open;
  /// in a backtest its own created_at.
  Instant age_reference{};
};

/// `effective_conviction`: the mention's conviction and boost (see Aggregator); empty when it has none.
MentionDecision decide_mention(const Mention& mention, std::optional<Decimal> effective_conviction,
                               const SymbolView& view, const AccountSnapshot& account,
                               const MentionStrategyConfig& config, const MentionTimes& times);

/// Dollars to buy for, or the gate that forbids it (at_ticker_cap, below_min_trade).
/// Rounded half-even to cents, but never above what the caps leave. `cost_in_flight` counts as held. Equity at or
/// below zero buys nothing.
std::variant<Money, NoTrade> size_mention(Money equity, Decimal effective_conviction, Money cost_held,
                                          Money cost_in_flight, const MentionStrategyConfig& config);

/// Trading sessions to hold, by horizon; 0 for intraday, which is never bought.
std::int32_t hold_sessions(Horizon horizon, const MentionStrategyConfig& config);

/// The exits of what it holds, as percent of the entry; those of zero are left away.
ProtectionSpec protection_of(const MentionStrategyConfig& config);

/// The stored name of a gate: "low_conviction".
std::string_view name_of(MentionGate gate);
/// The disposition that a decision without orders ends with: no_op:<gate>, invalid:conviction,
/// risk_denied:not_reconciled, dry_run:<the decision: "buy 3000.00", "close", "roll" or the disposition of a
/// refusal>. For calls that are acted on: received, since they go on.
Disposition disposition_of(const MentionDecision& decision);
/// For people, with the values that decided: "effective conviction 0.45 < 0.6". `account` is the snapshot decided on.
std::string reason_of(const MentionDecision& decision, const Mention& mention, const AccountSnapshot& account);

// ---- sizing by risk (FX, CFDs, futures) ---------------------------------------------------------------------------

struct RiskSizing {
  Money equity;
  Decimal risk_percent;            // of equity, 1 means 1 %
  Price stop_distance;             // between entry and stop, > 0
  Decimal multiplier{1};           // money per point and unit, in the instrument's currency
  Decimal to_account_currency{1};  // account currency per unit of the instrument's
  Quantity lot_size{1};
  Quantity min_quantity{1};
};
enum class RiskSizingError : std::uint8_t { bad_input, below_min_lot };
/// equity * risk % / (stop distance * value per unit), rounded down to the lot. Below the smallest lot is an error,
/// never rounded up; so is any input that is zero or negative.
std::variant<Quantity, RiskSizingError> size_by_risk(const RiskSizing& sizing);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::MentionGate, "ui_only", "not_held", "already_closing", "avoid_keeps_longs",
                "no_conviction", "not_tradable", "not_ready", "paused", "low_conviction", "intraday_horizon",
                "too_old", "blocklisted", "already_held", "at_ticker_cap", "below_min_trade");
