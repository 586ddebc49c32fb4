// The writing half of the SQLite journal. Owns the file's lock and its only connection that writes or checkpoints.
#pragma once

#include "persistence/sqlite/connections.hpp"
#include "persistence/sqlite/lock_file.hpp"
#include "persistence/sqlite/row_codec.hpp"

#include <array>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>

namespace heed::sqlite {

class Writer final : public JournalWriter {
public:
  /// Throws Failure.
  Writer(std::string path, Options options, LockFile lock, Database db);
  ~Writer() override;

  /// Appending nothing is upkeep: it brings the write-ahead log into the database file. Call it when there is nothing
  /// else to do, so that no append has to wait for it.
  Status append(std::span<Batch* const> batches) override;

private:
  void write(JournalEvent& event);
  void write(SignalRow& row);
  void write(Decision& row);
  void write(BrokerCallRow& row);
  template <class T>
  void write(T& row);
  void write_head();
  std::int64_t signal_number(const SignalId& signal);
  void adopt_orphans(const SignalId& signal, std::int64_t number);
  template <class T>
  void bind_signal_number(RowBinder& binder, const T& row);
  void settle_signals();
  void checkpoint();
  bool roll_back(std::span<Batch* const> batches, const ChainHead& before);

  template <class T>
  Statement& upsert() {
    return upserts_[Row{std::in_place_type<T>}.index()];
  }

  const std::string path_;
  const Options options_;
  LockFile lock_;  // before the connection: released after it is closed
  Database db_;
  Statement begin_, commit_, rollback_, event_, head_row_, find_signal_, reopen_signal_, settle_signal_;
  std::array<Statement, std::variant_size_v<Row>> upserts_;
  ChainHasher hasher_;
  ChainHead head_;
  std::int64_t last_broker_call_ = 0;
  std::int64_t wal_pages_ = 0;                                 // in the log and not yet in the database file
  std::set<SignalId> new_signals_, decided_signals_;           // of the append under way
  std::unordered_map<SignalId, std::int64_t> signal_numbers_;  // of recent signals
  bool orphans_ = false;                                       // decisions or intents exist whose signal has no row
  bool broken_ = false;
};

}  // namespace heed::sqlite
