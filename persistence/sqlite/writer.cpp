#include "persistence/sqlite/writer.hpp"

namespace heed::sqlite {
namespace {

template <std::size_t... I>
void prepare_upserts(const Database& db, std::array<Statement, sizeof...(I)>& out, std::index_sequence<I...>) {
  const auto prepare = [&]<class T>(std::type_identity<T>) {
    // A signal that is written again has to be looked at again.
    return Statement{db, upsert_sql<T>(std::same_as<T, SignalRow> ? "undecided=1" : "")};
  };
  ((out[I] = prepare(std::type_identity<std::variant_alternative_t<I, Row>>{})), ...);
}

bool any_orphans(const Database& db) {
  Statement statement{db,
                      "SELECT EXISTS (SELECT 1 FROM decisions WHERE signal_number=0)"
                      " OR EXISTS (SELECT 1 FROM intents WHERE signal_number=0 AND signal<>'')"};
  return statement.step() && statement.number(0) != 0;
}

std::int64_t last_id(const Database& db) {
  Statement statement{db, "SELECT coalesce(max(id), 0) FROM broker_calls"};
  return statement.step() ? statement.number(0) : 0;
}

int note_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<std::int64_t*>(pages) = count;
  return SQLITE_OK;
}

constexpr const char* final_kinds =
  "('filled','closed','no_op','risk_denied','dry_run','broker_rejected','expired','cancelled','superseded',"
  "'duplicate_of','invalid','failed')";

}  // namespace

Writer::Writer(std::string path, Options options, LockFile lock, Database db)
    : path_{std::move(path)},
      options_{std::move(options)},
      lock_{std::move(lock)},
      db_{std::move(db)},
      begin_{db_, "BEGIN IMMEDIATE"},
      commit_{db_, "COMMIT"},
      rollback_{db_, "ROLLBACK"},
      event_{db_, "INSERT INTO journal(" + column_list<JournalEvent>() +
                    ",signal_number,hash) VALUES(?,?,?,?,?,?,?,?,?,?)"},
      head_row_{db_, "INSERT OR REPLACE INTO journal_head(id,seq,hash) VALUES(1,?,?)"},
      find_signal_{db_, "SELECT rowid FROM signals WHERE signal=?"},
      reopen_signal_{db_, "UPDATE signals SET undecided=1 WHERE rowid=? AND undecided=0"},
      settle_signal_{db_, std::string{"UPDATE signals SET undecided=0 WHERE rowid=?1 AND undecided=1 AND"
                                      " (SELECT count(*) FROM decisions WHERE signal_number=?1 AND disposition IN "} +
                            final_kinds +
                            ") >= max(followers, (SELECT count(*) FROM decisions WHERE signal_number=?1))"},
      head_{read_head(db_)},
      last_broker_call_{last_id(db_)},
      orphans_{any_orphans(db_)} {
  prepare_upserts(db_, upserts_, std::make_index_sequence<std::variant_size_v<Row>>{});
  sqlite3_wal_hook(db_.get(), note_wal_pages, &wal_pages_);
}

Writer::~Writer() {
  sqlite3_wal_hook(db_.get(), nullptr, nullptr);
  if (!broken_)
    sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Status Writer::append(std::span<Batch* const> batches) {
  if (broken_)
    return Error{ErrorKind::unavailable, "STORE_REOPEN",
                 "database " + path_ + ": the fate of an earlier write is unknown; open it again"};
  const auto before = head_;
  bool committing = false;
  try {
    if (batches.empty()) {
      if (wal_pages_ >= options_.idle_checkpoint_pages)
        checkpoint();
      return Ok{};
    }
    begin_.run();
    for (auto* batch : batches) {
      // Rows first, so that an event finds the number of a signal that comes with it.
      for (auto& row : batch->rows)
        std::visit([this](auto& r) { write(r); }, row);
      for (auto& event : batch->events)
        write(event);
    }
    settle_signals();
    if (head_.seq != before.seq)
      write_head();
    committing = true;
    commit_.run();
  } catch (const Failure& failure) {
    auto error = to_error(failure, path_);
    broken_ = !roll_back(batches, before) || committing;
    if (broken_)
      error.kind = ErrorKind::unknown;
    return error;
  }
  if (wal_pages_ >= options_.checkpoint_pages)
    checkpoint();
  return Ok{};
}

// What was promised to the caller in place is taken back too. False: the transaction could not be undone.
bool Writer::roll_back(std::span<Batch* const> batches, const ChainHead& before) {
  new_signals_.clear();
  decided_signals_.clear();
  signal_numbers_.clear();
  for (auto* batch : batches) {
    for (auto& event : batch->events)
      event.seq = 0;
    for (auto& row : batch->rows)
      if (auto* call = std::get_if<BrokerCallRow>(&row))
        call->id = 0;
  }
  head_ = before;
  try {
    if (!db_.idle())
      rollback_.run();
    last_broker_call_ = last_id(db_);
    return db_.idle();
  } catch (const Failure&) {
    return db_.idle();
  }
}

// The number of the signal's row; 0 when it has none.
std::int64_t Writer::signal_number(const SignalId& signal) {
  constexpr std::size_t most_kept = 100'000;
  if (signal.empty())
    return 0;
  if (const auto known = signal_numbers_.find(signal); known != signal_numbers_.end())
    return known->second;
  find_signal_.bind(1, signal);
  const ResetGuard guard{find_signal_};
  if (!find_signal_.step())
    return 0;
  const auto number = find_signal_.number(0);
  if (signal_numbers_.size() >= most_kept)
    signal_numbers_.clear();
  signal_numbers_.emplace(signal, number);
  return number;
}

template <class T>
void Writer::bind_signal_number(RowBinder& binder, const T& row) {
  if constexpr (keyed_by_signal<T>) {
    const auto number = signal_number(row.signal);
    orphans_ = orphans_ || (number == 0 && !row.signal.empty());
    binder.bind(number);
  } else if constexpr (indexed_by_signal<T>) {
    binder.bind(row.signal.empty() ? std::optional<std::int64_t>{} : signal_number(row.signal));
  }
}

template <class T>
void Writer::write(T& row) {
  auto& statement = upsert<T>();
  RowBinder binder{statement};
  binder.bind_row(row);
  bind_signal_number(binder, row);
  statement.run();
}

void Writer::write(JournalEvent& event) {
  event.seq = head_.seq + 1;
  const auto hash = hasher_.link(head_.hash, event);
  RowBinder binder{event_};
  binder.bind_row(event);
  bind_signal_number(binder, event);
  event_.bind_blob(10, hash);
  event_.run();
  head_ = {event.seq, hash};
}

void Writer::write(SignalRow& row) {
  sqlite3_set_last_insert_rowid(db_.get(), 0);
  write<SignalRow>(row);
  new_signals_.insert(row.signal);
  const auto number = sqlite3_last_insert_rowid(db_.get());
  if (number == 0)  // it was there already
    return;
  signal_numbers_.insert_or_assign(row.signal, number);
  if (orphans_)
    adopt_orphans(row.signal, number);
}

// Decisions and intents that came before their signal get its number now.
void Writer::adopt_orphans(const SignalId& signal, std::int64_t number) {
  for (const auto* table : {"decisions", "intents"}) {
    Statement adopt{db_, std::string{"UPDATE "} + table + " SET signal_number=? WHERE signal_number=0 AND signal=?"};
    adopt.bind(1, number);
    adopt.bind(2, signal);
    adopt.run();
  }
  decided_signals_.insert(signal);
}

void Writer::write(Decision& row) {
  write<Decision>(row);
  if (is_final(row.disposition.kind)) {
    decided_signals_.insert(row.signal);
  } else if (!new_signals_.contains(row.signal)) {
    reopen_signal_.bind(1, signal_number(row.signal));
    reopen_signal_.run();
  }
}

void Writer::write(BrokerCallRow& row) {
  row.id = ++last_broker_call_;
  write<BrokerCallRow>(row);
}

void Writer::write_head() {
  head_row_.bind(1, head_.seq);
  head_row_.bind_blob(2, head_.hash);
  head_row_.run();
}

// A start looks only at signals that are marked undecided; the mark goes when the last decision is final.
void Writer::settle_signals() {
  for (const auto& signal : decided_signals_) {
    settle_signal_.bind(1, signal_number(signal));
    settle_signal_.run();
  }
  new_signals_.clear();
  decided_signals_.clear();
}

// Never in the way of readers. What it cannot copy now, the next one will; a failure costs nothing but log space, and
// the next append meets the same disk.
void Writer::checkpoint() {
  int in_log = 0;
  int copied = 0;
  if (sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied) == SQLITE_OK)
    wal_pages_ = in_log - copied;
}

}  // namespace heed::sqlite
