// The writing half of the SQLite journal. Owns the file's lock and its only connection that writes or checkpoints.
#pragma once

#include "persistence/row_plan.hpp"
#include "persistence/sqlite/connections.hpp"
#include "persistence/sqlite/lock_file.hpp"
#include "persistence/sqlite/log_buffer.hpp"
#include "persistence/sqlite/row_codec.hpp"
#include "persistence/sqlite/signal_sketch.hpp"

#include <array>
#include <string>
#include <unordered_map>
#include <variant>

namespace heed::sqlite {

/// What the writer remembers of a signal, so that it need not be looked up.
struct KnownSignal {
  std::int64_t number = 0;
  bool undecided = false;  // surely marked so; false says nothing
};

/// What one append did to a signal.
struct TouchedSignal {
  bool is_new = false;      // so all its decisions are of this append
  bool must_count = false;  // its row was written again, or a decision became final
  std::int32_t followers = 0;
  std::int32_t decisions = 0, final = 0;
};

/// What the writer remembers of an order: where it is, and the columns that indexes are made of.
struct KnownOrder {
  std::int64_t number = 0;
  Instant created_at{};
  Leg leg = Leg::entry;
  SignalId signal;
  bool working = false;
};

class Writer final : public JournalWriter {
public:
  /// `db` was opened through `log`. Throws Failure.
  Writer(std::string path, Options options, LockFile lock, std::unique_ptr<LogBuffer> log, Database db);
  ~Writer() override;

  /// Appending nothing is upkeep: it brings the write-ahead log into the database file. Call it when there is nothing
  /// else to do, so that no append has to wait for it.
  Status append(std::span<Batch* const> batches) override;
  /// What this one has written, for readers in the same process.
  std::shared_ptr<const SignalSketch> sketch() const { return sketch_; }

private:
  void fill_sketch();
  void write(JournalEvent& event);
  void write(SignalRow& row);
  void write(Decision& row);
  void write(OrderRow& row);
  void write(BrokerCallRow& row);
  template <class T>
  void write(T& row);
  void write_head();
  std::int64_t signal_number(const SignalId& signal);
  void adopt_orphans(const SignalId& signal, std::int64_t number);
  template <class T>
  void bind_signal_number(RowBinder& binder, const T& row);
  void settle_signals();
  void count_decisions(const SignalId& signal, std::int64_t number);
  void set_undecided(const SignalId& signal, std::int64_t number, bool undecided);
  bool rewrite(const OrderRow& row);
  void note_order(const OrderRow& row);
  void checkpoint();
  bool roll_back(std::span<Batch* const> batches, const ChainHead& before);

  template <class T>
  Statement& upsert() {
    return upserts_[Row{std::in_place_type<T>}.index()];
  }

  const std::string path_;
  const Options options_;
  LockFile lock_;  // before the connection: released after it is closed
  std::unique_ptr<LogBuffer> log_;
  Database db_;
  Statement begin_, commit_, rollback_, event_, head_row_, find_signal_, count_decisions_, mark_undecided_,
    unmark_undecided_, find_order_, update_order_, mark_working_, unmark_working_;
  std::array<Statement, std::variant_size_v<Row>> upserts_;
  BindSpace space_;
  RowPlan plan_;
  ChainHasher hasher_;
  ChainHead head_;
  std::int64_t last_broker_call_ = 0;
  std::int64_t wal_pages_ = 0;                           // in the log and not yet in the database file
  std::unordered_map<SignalId, TouchedSignal> touched_;  // by the append under way
  std::unordered_map<SignalId, KnownSignal> signals_;    // recent ones
  std::unordered_map<ClientOrderId, KnownOrder> orders_;
  std::shared_ptr<SignalSketch> sketch_ = std::make_shared<SignalSketch>();
  bool orphans_ = false;  // decisions or intents exist whose signal has no row
  bool broken_ = false;
};

}  // namespace heed::sqlite
