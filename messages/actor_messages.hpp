// What actors tell each other beyond the vocabulary: one plain struct per message. They never leave the process.
#pragma once

#include "messages/market.hpp"
#include "messages/mention.hpp"
#include "messages/position_input.hpp"
#include "messages/receipts.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"
#include "messages/risk.hpp"
#include "messages/risk_usage.hpp"
#include "messages/strategy.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heed {

/// How an answer leaves the actor system: called exactly once, on an actor's thread. Empty: nobody waits.
template <class T>
using Reply = std::function<void(Result<T>)>;

// ---- journal ------------------------------------------------------------------------------------------------------

/// Command: make this durable, all or nothing. Answered after the commit.
struct Append {
  Batch batch;
  /// More of the same story follows at once (a signal, whose decision is being made), or nobody waits for this: it
  /// may wait a little for others to share a commit with.
  bool more_follows = false;
  /// What the same sender says after this builds on it: when it is refused, so is all that. Then the sender has to
  /// end, and another begins with what is stored.
  bool chained = false;
};
struct Appended {};
/// Own timer: commit what has gathered. `forced`: whether or not more was announced. `upkeep`: nothing may have come
/// for a while, which is the time for the store's own work.
struct FlushDue {
  bool forced = false;
  bool upkeep = false;
};

// ---- calls --------------------------------------------------------------------------------------------------------

/// Command to a watcher: these came in through its inbox.
struct SubmitMentions {
  std::vector<Mention> mentions;           // validated; id is assigned by the watcher
  std::vector<RejectedInputRow> rejected;  // kept for the record
  Reply<std::vector<MentionReceipt>> done;
  Instant arrival{};  // the mentions' time where they brought none
};
/// Own timer of a watcher: look for new input.
struct PollDue {};
/// Event: mentions are on their way to being durable. Never twice for one signal, but for `recovered`.
struct MentionsSeen {
  std::vector<Mention> mentions;  // of one poll, by (created_at, id)
  bool recovered = false;         // stored before a restart, decision still owed
  std::vector<AccountId> only;    // with recovered: the accounts that still owe one; empty: all followers
  Instant arrived_at{};           // what their age is counted to
};
/// Event: these of the last MentionsSeen could not be stored; whoever sends them again sends new ones.
struct MentionsLost {
  std::vector<std::int64_t> ids;
};
/// Own timer of the aggregator: this could not be stored.
struct StoreAgain {
  Batch batch;
};
/// Command to one account: decide this mention.
struct MentionCall {
  Mention mention;
  std::optional<Decimal> effective_conviction;  // empty: the mention has none
  AccountId account;
  StrategyId strategy;
  Instant arrived_at{};  // what its age is counted to
};
/// Command to one account: an intent from a person, an alert, a run or the schedule.
struct IntentCall {
  Intent intent;
  bool recovered = false;
  Reply<Decision> done;
};
/// Command from the edge: store this intent as a signal of its own and carry it out.
struct SubmitIntent {
  Intent intent;  // ids are derived by the receiver from the idempotency key
  std::string body;
  Reply<IntentReceipt> done;
  Reply<Decision> decided;
};

// ---- positions ----------------------------------------------------------------------------------------------------

/// Report for one symbol: what the venue said, or what was learned by asking.
struct PositionNews {
  Symbol symbol;
  PositionInput input;
  std::vector<PositionInput> more = {};  // of the same answer, in order: journaled together
};
/// Own timer of a position.
struct PositionTimerDue {
  TimerDue due;
};
/// The schedule's word: close what is due on or before `session`.
struct ExitScanDue {
  Date session{};
};
/// The market opened or closed.
struct SessionChanged {
  bool open = false;
  Date session{};
};
/// Carry out a kill level on one account (the governor has latched it already).
struct KillOrder {
  KillLevel level = KillLevel::none;
  std::string by;
};
/// Question: what do the books say, and is anything on its way?
struct BooksQuery {};
struct BookEntry {
  Symbol symbol;
  Quantity quantity;         // signed, all lots
  Quantity owned;            // without external
  bool busy = false;         // an order is on its way; a difference now proves nothing
  bool quarantined = false;  // for a difference: ends when they agree
  Price avg_px{};            // of all that is held; zero: not known
};
struct Books {
  std::vector<BookEntry> entries;  // by symbol
};
/// First message to a portfolio after the reconciler's first pass: trading may begin.
struct AccountReady {};
/// Strategies as they are after a reload.
struct Reconfigure {
  std::map<StrategyId, MentionStrategyConfig> strategies;
};
/// What a portfolio makes of it for its positions.
struct PositionEnv;
struct NewEnv {
  std::shared_ptr<const PositionEnv> env;
};

/// Own timer of a portfolio: start this position again.
struct RestartPosition {
  Symbol symbol;
};
/// To a portfolio that begins: ask for what the journal owes its account, once all that was handed to the journal
/// before this is on disk or refused.
struct LookForOwed {
  std::set<SignalId> asked;  // already, and not again
};
/// A stored signal still owes this account a decision (after a restart).
struct OwedDecision {
  SignalId signal;
  Instant received_at{};
  Origin origin = Origin::mention;
};
/// Question to a portfolio: one position's state as JSON.
struct PositionInspect {
  Symbol symbol;
};

// ---- governor -----------------------------------------------------------------------------------------------------

struct AccountQuery {};
struct LimitsQuery {};
struct UsageQuery {};
struct SetLimits {
  RiskLimits limits;
};
struct PauseCommand {
  Pause pause;
  Reply<Pause> done;
};
struct ResumeCommand {
  StrategyId strategy;
  Symbol symbol;
  std::string by;
  Reply<std::int32_t> done;
};
struct KillCommand {
  KillLevel level = KillLevel::none;
  std::string by;
  Reply<Ok> done;
};
struct DayRolled {
  Date day{};
};

// ---- gateway and reconciler ---------------------------------------------------------------------------------------

struct QueryOrderNow {
  ClientOrderId order;
  VenueOrderId venue_order_id;
  Symbol symbol;
};
struct QueryPositionNow {
  Symbol symbol;
};
struct QuoteQuery {
  Symbol symbol;
};
struct QuoteAnswer {
  bool known = false;
  Quote quote;
  std::string why;  // when not known
};
struct InstrumentQuery {
  Symbol symbol;
};
struct InstrumentAnswer {
  bool known = false;
  Instrument instrument;
  std::string why;
};
/// Question of the reconciler: everything the venue holds of us.
struct VenueSnapshotQuery {
  Instant orders_since{};
};
struct VenueSnapshot {
  bool complete = false;
  std::string why;
  std::vector<OrderReport> orders;
  std::vector<PositionReport> positions;
  AccountReport account;
};
/// Question of a position: what of its symbol does the venue hold, whoever it belongs to?
struct SymbolHoldingsQuery {
  Symbol symbol;
};
struct SymbolHoldings {
  bool complete = false;
  std::string why;  // when not complete
  std::vector<OrderReport> working;
  PositionReport position;
};
struct ReconcileDue {};
struct LinkChanged {
  bool up = false;
  std::string why;
};
/// From the venue's thread into the gateway's mailbox.
struct VenueSaid {
  std::function<void()> tell;
};
/// Own timer of the gateway: tokens may be there again.
struct PumpDue {};

// ---- time and life ------------------------------------------------------------------------------------------------

/// The clock was set or stepped (exchange time), or a tick has passed.
struct ClockMoved {};
struct TickDue {};
/// Stop taking in; finish what is with the broker.
struct Drain {};
/// Own timer of the supervisor: start this account's desk, or this source's watcher, again.
struct RestartDue {
  AccountId account;
  SourceId source;
};
/// Question to any actor: your state as JSON.
struct InspectSelf {};

/// Question to the inspector, the one message that crosses processes. Empty name: the tree.
struct InspectQuery {
  std::string actor;
};

}  // namespace heed
