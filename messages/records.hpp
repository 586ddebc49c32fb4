// What the journal keeps: events (the append-only truth) and rows (projections that the same transaction changes).
//
// Every row type is one table. A row is written whole; writing the same key again replaces it.
#pragma once

#include "messages/decimal.hpp"
#include "messages/disposition.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/intent.hpp"
#include "messages/mention.hpp"
#include "messages/order.hpp"
#include "messages/risk.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace heed {

/// One line of history. `type` is a stable name ("order_planned", "fill_booked", "pause_started", ...); `payload` is
/// JSON text whose fields never change meaning. Ids that apply are set, so that a story can be gathered by any.
struct JournalEvent {
  std::int64_t seq = 0;  // assigned by the store: total order
  Instant at{};
  std::string type;
  AccountId account;
  Symbol symbol;
  SignalId signal;
  ClientOrderId order;
  std::string payload;
  HEED_FIELDS(seq, at, type, account, symbol, signal, order, payload);
};

/// A call that arrived, whatever its origin. Key: signal.
struct SignalRow {
  SignalId signal;
  SourceId source;
  Origin origin = Origin::mention;
  Symbol symbol;
  std::string action;           // "buy", "CLOSE", ...
  std::string idempotency_key;  // unique per source
  std::string body;             // as it came (JSON text), capped
  std::int32_t followers = 0;   // decisions that will be made
  Instant received_at{};
  HEED_FIELDS(signal, source, origin, symbol, action, idempotency_key, body, followers, received_at);
};

/// An input line that was no call. Key: (source, position).
struct RejectedInputRow {
  SourceId source;
  std::string position;  // "calls.jsonl:17", "http"; where it is stored, with "#" and a mark of the content
  std::string field;
  std::string reason;
  std::string body;  // capped at 2 KiB
  Instant at{};
  HEED_FIELDS(source, position, field, reason, body, at);
};

/// Key: client_order_id.
struct OrderRow {
  ClientOrderId client_order_id;
  VenueOrderId venue_order_id;
  AccountId account;
  Symbol symbol;
  StrategyId strategy;
  SourceId source;
  SignalId signal;
  IntentId intent;
  std::string correlation_id;
  Side side = Side::buy;
  Leg leg = Leg::entry;
  OrderType type = OrderType::market;
  TimeInForce time_in_force = TimeInForce::day;
  Quantity quantity;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  OrderStatus status = OrderStatus::initialized;
  Quantity cum_qty;
  std::optional<Price> avg_px;
  ClientOrderId parent;  // the bracket's entry, the OCO's take-profit, or the order this one replaced
  std::int32_t revision = 0;
  std::string close_reason;  // why this order closes, for leg close
  std::string reject_code;
  std::string text;
  Instant created_at{};
  Instant updated_at{};
  HEED_FIELDS(client_order_id, venue_order_id, account, symbol, strategy, source, signal, intent, correlation_id,
              side, leg, type, time_in_force, quantity, limit_price, stop_price, status, cum_qty, avg_px, parent,
              revision, close_reason, reject_code, text, created_at, updated_at);
};

/// Key: (account, execution_id). A fill that spans lots has one row per lot: (account, execution_id, lot).
struct FillRow {
  AccountId account;
  ExecutionId execution_id;
  IntentId lot;
  ClientOrderId client_order_id;
  VenueOrderId venue_order_id;
  Symbol symbol;
  StrategyId strategy;
  SourceId source;
  SignalId signal;
  Side side = Side::buy;
  Leg leg = Leg::entry;
  Quantity quantity;
  Price price;
  Money fee;
  Money realized;         // of a closing fill, net of its fee
  bool inferred = false;  // from the growth of cum_qty, not from an execution of the venue
  Instant at{};
  HEED_FIELDS(account, execution_id, lot, client_order_id, venue_order_id, symbol, strategy, source, signal, side,
              leg, quantity, price, fee, realized, inferred, at);
};

/// The symbol as a whole. Key: (account, symbol). `state` is the position machine's full state as JSON: what a
/// restart loads. Flat symbols keep their row while they carry a block, a cooldown or a waiting call.
struct PositionRow {
  AccountId account;
  Symbol symbol;
  std::string phase;  // "Flat", "Opening", "Open", "Closing", "Quarantined"
  Quantity quantity;
  Price avg_price;
  Money cost;
  Money realized;                   // since it was last flat
  std::string strategies;           // comma list of owners
  std::optional<Price> stop_price;  // nearest resting protection
  std::optional<Price> target_price;
  Quantity protected_quantity;
  std::optional<Date> due_session;  // the next exit by date: the earliest of its strategies' own
  std::optional<Instant> opened_at;
  std::optional<Instant> naked_since;
  std::string state;
  bool live = false;  // must be loaded at start
  Instant updated_at{};
  HEED_FIELDS(account, symbol, phase, quantity, avg_price, cost, realized, strategies, stop_price, target_price,
              protected_quantity, due_session, opened_at, naked_since, state, live, updated_at);
};

/// One round trip of one lot. Key: (account, trade).
struct TradeRow {
  AccountId account;
  IntentId trade;  // the lot's opening intent
  Symbol symbol;
  StrategyId strategy;
  SourceId source;
  SignalId signal;
  Side side = Side::buy;
  Quantity quantity;
  Price entry_price;  // average
  Price exit_price;   // average
  Money pnl;          // net of fees
  Money fees;
  CloseReason reason = CloseReason::none;
  std::string subreason;
  Date entry_session{};
  Date exit_session{};
  std::int32_t holding_sessions = 0;
  Instant opened_at{};
  Instant closed_at{};
  HEED_FIELDS(account, trade, symbol, strategy, source, signal, side, quantity, entry_price, exit_price, pnl, fees,
              reason, subreason, entry_session, exit_session, holding_sessions, opened_at, closed_at);
};

/// Key: source. Moves in the transaction that stores what it passed.
struct CursorRow {
  SourceId source;
  std::string position;  // meaning is the source's own
  Instant at{};
  HEED_FIELDS(source, position, at);
};

/// Key: (account, strategy, symbol, cause). `ended_at` set: over, kept as history.
struct PauseRow {
  Pause pause;
  std::optional<Instant> ended_at;
  std::string ended_by;
  HEED_FIELDS(pause, ended_at, ended_by);
};

/// Key: (account, symbol).
struct BlockRow {
  AccountId account;
  Symbol symbol;
  Instant until{};
  std::string by;  // signal or person
  HEED_FIELDS(account, symbol, until, by);
};

/// The governor's day, so that a restart never resets a counter or a latch. Key: account.
struct AccountRow {
  AccountId account;
  Date day{};
  Money day_opening_equity;
  Money starting_equity;
  Money peak_equity;
  Money equity;
  Money cash;
  Money buying_power;
  KillLevel kill = KillLevel::none;
  std::string state;  // the risk ledger as JSON
  Instant at{};
  HEED_FIELDS(account, day, day_opening_equity, starting_equity, peak_equity, equity, cash, buying_power, kill, state,
              at);
};

/// One call to a broker and its answer, secrets removed. Not part of the hash chain; pruned by age.
struct BrokerCallRow {
  std::int64_t id = 0;  // assigned by the store
  AccountId account;
  ClientOrderId order;
  std::string method;
  std::string target;
  std::string request;
  std::int32_t status = 0;  // HTTP; 0: no answer
  std::string response;     // capped
  std::string error;
  std::int64_t latency_us = 0;
  std::int32_t attempt = 1;
  Instant at{};
  HEED_FIELDS(id, account, order, method, target, request, status, response, error, latency_us, attempt, at);
};

/// A bar of one day, adjusted as its source adjusts. Key: (symbol, period, at).
struct BarRow {
  Symbol symbol;
  std::string period = "1d";
  Date at{};  // the session's date in New York
  Price open, high, low, close;
  std::int64_t volume = 0;
  HEED_FIELDS(symbol, period, at, open, high, low, close, volume);
};

enum class BacktestKind : std::uint8_t { backtest, sweep };
/// `interrupted`: the process ended before the run did.
enum class BacktestStatus : std::uint8_t { queued, running, done, failed, cancelled, interrupted };

/// A run over the past, or a sweep of many. Key: run_id.
struct BacktestRunRow {
  std::string run_id;
  BacktestKind kind = BacktestKind::backtest;
  BacktestStatus status = BacktestStatus::queued;
  std::string params;   // JSON object: what it was run with
  std::string digest;   // empty until done
  std::string summary;  // JSON object: its figures and how its calls ended; empty until done
  std::string error;    // why it failed
  Instant created_at{};
  std::optional<Instant> finished_at;
  HEED_FIELDS(run_id, kind, status, params, digest, summary, error, created_at, finished_at);
};

/// A piece of all that a run gave, but its trades: JSON text, in the form of `heed backtest --json`. In pieces, since
/// it may be long, and nobody should wait for a commit that holds all of it. Key: (run_id, part).
struct BacktestResultRow {
  std::string run_id;
  std::int32_t part = 0;  // from 0
  std::string result;     // complete characters
  HEED_FIELDS(run_id, part, result);
};

/// One trade of a run. Key: (run_id, number).
struct BacktestTradeRow {
  std::string run_id;
  std::int32_t number = 0;  // from 0, in the order of entry
  Symbol symbol;
  std::int64_t mention_id = 0;
  Date entry_date{};
  Price entry_price;
  Date exit_date{};
  Price exit_price;
  Quantity quantity;
  Money pnl;
  std::string pnl_pct;  // the digits that the JSON has
  std::int32_t holding_sessions = 0;
  CloseReason reason = CloseReason::none;
  HEED_FIELDS(run_id, number, symbol, mention_id, entry_date, entry_price, exit_date, exit_price, quantity, pnl,
              pnl_pct, holding_sessions, reason);
};

using Row = std::variant<SignalRow, Mention, RejectedInputRow, Decision, Intent, OrderRow, FillRow, PositionRow,
                         TradeRow, CursorRow, PauseRow, BlockRow, AccountRow, BrokerCallRow, BarRow, BacktestRunRow,
                         BacktestResultRow, BacktestTradeRow>;

/// All or nothing, in one transaction.
struct Batch {
  std::vector<JournalEvent> events;
  std::vector<Row> rows;
  bool empty() const { return events.empty() && rows.empty(); }
};

}  // namespace heed

HEED_ENUM_NAMES(heed::BacktestKind, "backtest", "sweep");
HEED_ENUM_NAMES(heed::BacktestStatus, "queued", "running", "done", "failed", "cancelled", "interrupted");
