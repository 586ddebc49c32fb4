// State of one (account, symbol), and the facts that change it. Persisted: field names and meanings are permanent.
#pragma once

#include "messages/boxed.hpp"
#include "messages/market.hpp"
#include "messages/records.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace heed::core {

/// What one OPEN made, or what is not ours (strategy "external"). Quantity never changes sign within a lot's life.
struct Lot {
  IntentId id;
  StrategyId strategy;
  SourceId source;
  SignalId signal;
  std::string correlation_id;
  Side side = Side::buy;  // of its entries; stays when nothing is held
  Quantity quantity;      // held now, signed
  Money cost;             // of what is held, >= 0
  Quantity entered;       // all entry fills, >= 0
  Money entry_value;      // sum of entry fills' price * quantity * multiplier
  Quantity exited;
  Money exit_value;
  Money fees;
  Money realized;             // of what was exited, net of fees
  std::optional<Price> stop;  // wanted levels now
  std::optional<Price> target;
  ProtectionSpec protection;  // rule behind them, for averaging
  ScaleIn scale_in = ScaleIn::separate_lot;
  std::int32_t adds = 0;
  std::int32_t exit_revision = 0;  // of protection orders made for this lot
  Date entry_session{};
  std::optional<Date> due_session;
  CloseReason last_reason = CloseReason::none;
  std::string last_subreason;
  Instant opened_at{};
  Instant last_exit_at{};  // when its last exit filled, by the venue's clock
  std::optional<Instant> naked_since;
  std::int32_t protect_failures = 0;  // refusals in a row of its exits
  bool protect_wait = false;          // after a refusal, until the protect_retry timer
  std::int32_t taken_away = 0;        // times in a short while that somebody else cancelled its exits
  Instant taken_away_at{};            // the last of them
  bool ended = false;                 // reached zero and told as a trade; opens again by a late fill only
  bool stray = false;                 // nobody wants what it holds or might still get: closed at once
  HEED_FIELDS(id, strategy, source, signal, correlation_id, side, quantity, cost, entered, entry_value, exited,
              exit_value, fees, realized, stop, target, protection, scale_in, adds, exit_revision, entry_session,
              due_session, last_reason, last_subreason, opened_at, last_exit_at, naked_since, protect_failures,
              protect_wait, taken_away, taken_away_at, ended, stray);
};

/// Who looks after the other exits of a set when one fills or is cancelled.
enum class ExitGroup : std::uint8_t {
  single,   // we do: plain orders
  bracket,  // the venue: legs of an entry
  oco       // the venue: a pair
};

/// A part of an order booked from the growth of cum_qty, whose execution has not been seen yet.
struct InferredShare {
  IntentId lot;
  Quantity quantity;
  Money value;  // price * quantity * multiplier as booked
  HEED_FIELDS(lot, quantity, value);
};

/// An order of ours that is not over, or ended while late news of it still matters (until the symbol is flat and
/// clean).
struct WorkingOrder {
  OrderRow row;
  IntentId lot;                         // entry and exits; empty: a close over several lots
  std::vector<ExecutionId> executions;  // booked
  Quantity booked;                      // sum of what was booked; catches up with row.cum_qty
  Money booked_value;                   // of `booked`, price * quantity * multiplier
  std::vector<InferredShare> inferred;  // of `booked`: not yet explained by executions
  ExitGroup group = ExitGroup::single;
  std::int32_t set = 0;        // exits of one lot with the same number stand for the same shares
  Quantity reduced;            // filled by the others of its set since this one was made
  ClientOrderId replaces;      // made by a replace of that order
  std::string subreason;       // leg close
  Price worst_price;           // entry: what risk counts the open part at; zero: not known
  bool cancel_wanted = false;  // to be cancelled as soon as the venue knows it
  bool cancel_asked = false;
  bool assumed_end = false;      // ended by refusal or by proof of absence, not by a report: may turn out alive
  bool grace = false;            // partial_grace runs
  bool position_asked = false;   // absence is proven but for the broker's position
  std::int32_t unexplained = 0;  // times that the broker's position did not agree with its absence
  std::int32_t looks = 0;        // queries that found nothing
  std::optional<Instant> first_look;
  std::int32_t resolves = 0;        // for the back-off
  std::optional<Instant> next_ask;  // timers before it belong to an older question
  bool as_lot = false;              // as stored: strategy, source, signal, intent and correlation are its lot's
  HEED_FIELDS(row, lot, executions, booked, booked_value, inferred, group, set, reduced, replaces, subreason,
              worst_price, cancel_wanted, cancel_asked, assumed_end, grace, position_asked, unexplained, looks,
              first_look, resolves, next_ask, as_lot);
};

enum class CloseStage : std::uint8_t { cancelling, confirming, closing };
/// A close under way. One at a time; another close waits or is answered "already closing".
struct ClosePlan {
  Intent intent;
  StrategyId strategy;               // empty: all
  IntentId lot;                      // only this one (closes of our own making); empty: by strategy
  std::optional<Quantity> quantity;  // absent: all
  std::optional<Intent> then;
  bool include_external = false;
  CloseStage stage = CloseStage::cancelling;
  std::int32_t attempt = 0;
  ClientOrderId order;  // the close order, in stage closing
  Quantity closed;      // by this plan so far
  Instant started_at{};
  bool own = false;             // of our own making: no decision waits for it
  bool waiting = false;         // for the close_retry timer; protection is back meanwhile
  bool asked = false;           // in stage confirming: the broker's position
  std::int32_t failures = 0;    // close orders that ended short, in a row
  std::int32_t mismatches = 0;  // answers about the position that our lots do not explain, in a row
  HEED_FIELDS(intent, strategy, lot, quantity, then, include_external, stage, attempt, order, closed, started_at, own,
              waiting, asked, failures, mismatches);
};

/// What of the instrument money and levels depend on.
struct ContractTerms {
  AssetClass asset_class = AssetClass::us_equity;
  Price tick_size;
  Quantity lot_size;
  Decimal multiplier;
  HEED_FIELDS(asset_class, tick_size, lot_size, multiplier);
  friend bool operator==(const ContractTerms&, const ContractTerms&) = default;
};

struct PositionState {
  AccountId account;
  Symbol symbol;
  std::vector<Lot> lots;                  // in order of opening; gone when zero and settled
  std::vector<WorkingOrder> orders;       // in order of creation
  Boxed<ClosePlan> close;                 // rarely there, and the largest part of a position that rests
  std::vector<ClosePlan> closes_waiting;  // other closes, in order of arrival
  std::optional<Instant> blocked_until;
  std::string blocked_by;
  std::optional<Instant> last_close_at;      // cooldown
  std::optional<Instant> next_position_ask;  // likewise, of the broker's position
  std::string quarantine;                    // reason; empty: not
  bool quarantine_stays = false;             // its cause is no difference: until a person lifts it
  // What the broker held when a difference stayed: exits stay within it. Empty: as our lots say.
  std::optional<Quantity> broker_quantity;
  // The symbol as a whole, as venues reckon it: one average over all fills, whichever lot they belong to. Lots have
  // their own.
  Money cost;                          // of what is held, >= 0
  Money realized;                      // since last flat, net of fees
  std::optional<ContractTerms> terms;  // of what is here; known before anything is
  std::int64_t steps = 0;              // events applied since ever: revision numbers come from here
  HEED_FIELDS(account, symbol, lots, orders, close, closes_waiting, blocked_until, blocked_by, last_close_at,
              next_position_ask, quarantine, quarantine_stays, broker_quantity, cost, realized, terms, steps);
};

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::ExitGroup, "single", "bracket", "oco");
HEED_ENUM_NAMES(heed::core::CloseStage, "cancelling", "confirming", "closing");
