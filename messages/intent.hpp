// One intent for every origin: a mention, an alert, a run, a person. From here on the path is one.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/order.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace heed {

enum class Origin : std::uint8_t { mention, webhook, live_run, manual, backtest };
enum class IntentAction : std::uint8_t { open, close, reduce, reverse, target, modify_protection, adopt };
enum class SizeKind : std::uint8_t { dollars, quantity, all, signed_target, risk_percent };

/// Exactly one way of saying how much. `value` is unused for `all`; for `risk_percent` it is percent of equity and
/// `stop_distance` is required; for `signed_target` it is the position to go to, signed.
struct Size {
  SizeKind kind = SizeKind::all;
  Decimal value;
  std::optional<Price> stop_distance;
  HEED_FIELDS(kind, value, stop_distance);
};

enum class LevelKind : std::uint8_t { price, percent, ticks };
/// A protective level: absolute, or a distance from the entry (percent: 8 means 8 %).
struct Level {
  LevelKind kind = LevelKind::price;
  Decimal value;  // > 0
  HEED_FIELDS(kind, value);
};

struct ProtectionSpec {
  std::optional<Level> stop;
  std::optional<Level> target;
  bool trailing = false;
  Decimal reward_risk{2};  // derives the target when only a stop is given
  HEED_FIELDS(stop, target, trailing, reward_risk);
};

enum class CloseReason : std::uint8_t {
  none,
  tp_hit,
  sl_hit,
  strategy_exit,
  manual_close,
  risk_cutoff,
  reconciler_cleanup,
  stop_out,
  time_exit,
  reversed,
  end_of_data
};

/// How further opens in the same direction join what is held.
enum class ScaleIn : std::uint8_t {
  separate_lot,  // a lot of its own with its own protection (mentions: top-up)
  average        // joins the strategy's lot; the target is replaced at the new average (futures: DCA)
};

struct Intent {
  IntentId intent_id;
  std::string idempotency_key;  // unique per account
  SignalId signal;
  AccountId account;
  StrategyId strategy;
  SourceId source;
  Origin origin = Origin::mention;
  std::string correlation_id;
  IntentAction action = IntentAction::open;
  Symbol symbol;
  Side side = Side::buy;
  Size size;
  OrderType order_type = OrderType::market;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  TimeInForce time_in_force = TimeInForce::day;
  ProtectionSpec protection;
  ScaleIn scale_in = ScaleIn::separate_lot;
  std::int32_t hold_sessions = 0;  // trading sessions after the entry session; 0 = no date
  bool replaces_due = false;       // the due session becomes the later of the two (top-up, roll)
  CloseReason close_reason = CloseReason::strategy_exit;
  std::string subreason;
  std::string metadata;  // JSON text: reason, quote, projections; stored, never trusted
  Instant created_at{};
  HEED_FIELDS(intent_id, idempotency_key, signal, account, strategy, source, origin, correlation_id, action, symbol,
              side, size, order_type, limit_price, stop_price, time_in_force, protection, scale_in, hold_sessions,
              replaces_due, close_reason, subreason, metadata, created_at);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::Origin, "MENTION", "WEBHOOK", "LIVE_RUN", "MANUAL", "BACKTEST");
HEED_ENUM_NAMES(heed::IntentAction, "OPEN", "CLOSE", "REDUCE", "REVERSE", "TARGET", "MODIFY_PROTECTION", "ADOPT");
HEED_ENUM_NAMES(heed::SizeKind, "dollars", "quantity", "ALL", "signed_target", "risk_percent");
HEED_ENUM_NAMES(heed::LevelKind, "price", "percent", "ticks");
HEED_ENUM_NAMES(heed::ScaleIn, "separate_lot", "average");
HEED_ENUM_NAMES(heed::CloseReason, "", "TP_HIT", "SL_HIT", "STRATEGY_EXIT", "MANUAL_CLOSE", "RISK_CUTOFF",
                "RECONCILER_CLEANUP", "STOP_OUT", "TIME_EXIT", "REVERSED", "END_OF_DATA");
