// The journal port: durable before visible. One writer per process (the journal actor), any number of readers.
//
// Implementations: memory, sqlite/, postgres/. All pass the same contract suite and answer alike.
#pragma once

#include "messages/records.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// What a list asks for; empty fields do not filter. `cursor` is what the last page gave back.
struct ListFilter {
  std::string account, symbol, status, source, strategy, signal, order, type;
  std::optional<Instant> from, to;  // on the row's main instant; from inclusive, to exclusive
  std::int32_t limit = 100;         // 1..1000
  std::string cursor;
  bool oldest_first = false;  // default: newest first
};

template <class T>
struct ListPage {
  std::vector<T> rows;
  std::string next_cursor;  // empty: no more
};

/// A signal with all its decisions.
struct SignalView {
  SignalRow signal;
  std::vector<Decision> decisions;
};

/// What the decisions on one signal made, each in the order of its first write, whoever's it is.
struct SignalLinks {
  std::vector<std::pair<AccountId, IntentId>> intents;
  std::vector<std::pair<AccountId, ClientOrderId>> orders;
};

/// Everything that a start needs; its size depends on what is open, not on history.
struct RecoveredState {
  std::vector<PositionRow> positions;    // live ones
  std::vector<OrderRow> working_orders;  // not terminal
  std::vector<OrderRow> todays_entries;  // leg entry, created at or after `day_start`, any status
  std::vector<TradeRow> todays_trades;   // closed at or after `day_start`
  std::vector<FillRow> todays_fills;
  std::vector<PauseRow> pauses;  // not ended
  std::vector<BlockRow> blocks;  // not over at load time
  std::vector<AccountRow> accounts;
  std::vector<CursorRow> cursors;
  std::vector<SignalView> undecided;     // signals with a decision missing or not final
  std::vector<Mention> recent_mentions;  // created after `mentions_since`, by (created_at, id)
  std::int64_t last_seq = 0;
  std::int64_t last_mention_id = 0;
};

/// Thread-safe; sees committed state only.
class JournalReader {
public:
  virtual ~JournalReader() = default;
  virtual Result<RecoveredState> recover(Instant day_start, Instant mentions_since) = 0;
  /// Signals with a decision missing or not final, oldest first.
  virtual Result<std::vector<SignalView>> undecided() = 0;
  virtual Result<bool> has_signal(const SignalId& signal) = 0;
  /// Counts decisions by disposition text up to the first ':' for no_op etc. kept whole ("no_op:not_held").
  virtual Result<std::vector<std::pair<std::string, std::int64_t>>> funnel(const ListFilter& filter) = 0;

  virtual Result<ListPage<SignalView>> signals(const ListFilter& filter) = 0;  // status = disposition name
  virtual Result<std::optional<SignalView>> signal(const SignalId& id) = 0;
  /// One entry per signal asked about, in that order; those not known have none. However many they are, the store is
  /// asked for a hundred of them at a time.
  virtual Result<std::vector<SignalLinks>> links(std::span<const SignalId> signals) = 0;
  virtual Result<ListPage<Mention>> mentions(const ListFilter& filter) = 0;
  virtual Result<ListPage<RejectedInputRow>> rejected_inputs(const ListFilter& filter) = 0;
  virtual Result<ListPage<Intent>> intents(const ListFilter& filter) = 0;
  virtual Result<ListPage<OrderRow>> orders(const ListFilter& filter) = 0;  // status = order status, "live" or "done"
  virtual Result<std::optional<OrderRow>> order(const ClientOrderId& id) = 0;
  virtual Result<ListPage<FillRow>> fills(const ListFilter& filter) = 0;
  virtual Result<ListPage<PositionRow>> positions(const ListFilter& filter) = 0;  // status "open" (default) or "all"
  virtual Result<ListPage<TradeRow>> trades(const ListFilter& filter) = 0;
  virtual Result<ListPage<BrokerCallRow>> broker_calls(const ListFilter& filter) = 0;
  virtual Result<ListPage<PauseRow>> pauses(const ListFilter& filter) = 0;  // status "active" (default) or "all"
  virtual Result<std::vector<AccountRow>> accounts() = 0;
  /// The story: events in order, by any of symbol+account, signal, order, type; `cursor` is a seq.
  virtual Result<ListPage<JournalEvent>> events(const ListFilter& filter) = 0;
  /// Newest first unless asked otherwise; `type` is "backtest" or "sweep", `status` one of its status.
  virtual Result<ListPage<BacktestRunRow>> backtest_runs(const ListFilter& filter) = 0;
  virtual Result<std::optional<BacktestRunRow>> backtest_run(const std::string& run_id) = 0;
  /// What a run gave, and its trades in order; empty while it is not done.
  virtual Result<std::string> backtest_result(const std::string& run_id) = 0;
  virtual Result<std::vector<BacktestTradeRow>> backtest_trades(const std::string& run_id) = 0;
  /// The daily bars of a symbol, by date; `from` and `to` are both included.
  virtual Result<std::vector<BarRow>> bars(const Symbol& symbol, std::optional<Date> from,
                                           std::optional<Date> to) = 0;
  /// The symbols that have daily bars, sorted.
  virtual Result<std::vector<Symbol>> bar_symbols() = 0;
  /// Recomputes the hash chain. Error names the first row that does not fit.
  virtual Result<std::int64_t> verify() = 0;
};

/// Not thread-safe: one owner.
class JournalWriter {
public:
  virtual ~JournalWriter() = default;
  /// Writes all batches in one transaction, in order, durable on return. Assigns seq to events (in place). On error
  /// nothing is written, unless `kind` is unknown: then the writer must be reopened before it is used again.
  virtual Status append(std::span<Batch* const> batches) = 0;
};

struct JournalPair {
  std::unique_ptr<JournalWriter> writer;
  std::shared_ptr<JournalReader> reader;
};

/// Keeps everything in memory, forgets it with the process.
JournalPair open_memory_journal();
/// Opens or creates; migrates under a lock; refuses a newer schema, a foreign or damaged file, a second process.
Result<JournalPair> open_sqlite_journal(const std::string& path);

}  // namespace heed
