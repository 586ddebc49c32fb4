#include "persistence/sqlite/writer.hpp"

#include "messages/mutant.hpp"

#include <algorithm>

namespace heed::sqlite {
namespace {

template <std::size_t... I>
void prepare_upserts(const Database& db, std::array<Statement, sizeof...(I)>& out, std::index_sequence<I...>) {
  const auto prepare = [&]<class T>(std::type_identity<T>) { return Statement{db, upsert_sql<T>()}; };
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

// The columns that may change while those that indexes are made of stay: then no index is touched.
bool plain_order_column(std::string_view name) {
  return name != "client_order_id" && name != "created_at" && name != "leg" && name != "signal";
}

std::string update_order_sql() {
  std::string sets;
  const OrderRow row;
  for_each_column(row, [&](std::string_view name, const auto&) {
    if (plain_order_column(name))
      ((sets += sets.empty() ? "\"" : ",\"") += name) += "\"=?";
  });
  return "UPDATE orders SET " + sets + " WHERE rowid=?";
}

// Whether a commit that failed so cannot have happened. The last page that a commit appends to the log is what makes
// it one, and it is synced after that: with no room for a page there is no such page, whoever was told that there was
// none (the log's pages are written when it is synced). After a failed sync there may be.
bool surely_undone(int code) { return (code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_WRITE; }

template <class Map>
void make_room(Map& map) {
  constexpr std::size_t most_kept = 50'000;
  if (map.size() >= most_kept)
    map.clear();
}

constexpr const char* final_kinds =
  "('filled','closed','no_op','risk_denied','dry_run','broker_rejected','expired','cancelled','superseded',"
  "'duplicate_of','invalid','failed')";

}  // namespace

Writer::Writer(std::string path, Options options, LockFile lock, std::unique_ptr<LogBuffer> log, Database db)
    : path_{std::move(path)},
      options_{std::move(options)},
      lock_{std::move(lock)},
      log_{std::move(log)},
      db_{std::move(db)},
      begin_{db_, "BEGIN IMMEDIATE"},
      commit_{db_, "COMMIT"},
      rollback_{db_, "ROLLBACK"},
      event_{db_, "INSERT INTO journal(" + sql::column_list<JournalEvent>() +
                    ",signal_number,hash) VALUES(?,?,?,?,?,?,?,?,?,?)"},
      head_row_{db_, "INSERT OR REPLACE INTO journal_head(id,seq,hash) VALUES(1,?,?)"},
      find_signal_{db_, "SELECT rowid FROM signals WHERE signal=?"},
      count_decisions_{db_, std::string{"SELECT (SELECT followers FROM signals WHERE rowid=?1), count(*),"
                                        " count(*) FILTER (WHERE disposition IN "} +
                              final_kinds + ") FROM decisions WHERE signal_number=?1"},
      mark_undecided_{db_, "INSERT OR IGNORE INTO undecided(signal_number) VALUES(?)"},
      unmark_undecided_{db_, "DELETE FROM undecided WHERE signal_number=?"},
      find_order_{db_, "SELECT rowid FROM orders WHERE client_order_id=?"},
      update_order_{db_, update_order_sql()},
      mark_working_{db_, "INSERT OR IGNORE INTO working(order_number) VALUES(?)"},
      unmark_working_{db_, "DELETE FROM working WHERE order_number=?"},
      head_{read_head(db_)},
      last_broker_call_{last_id(db_)},
      orphans_{any_orphans(db_)} {
  prepare_upserts(db_, upserts_, std::make_index_sequence<std::variant_size_v<Row>>{});
  fill_sketch();
  sqlite3_wal_hook(db_.get(), note_wal_pages, &wal_pages_);
}

void Writer::fill_sketch() {
  Statement count{db_, "SELECT coalesce(max(rowid), 0) FROM signals"};
  if (!count.step() || count.number(0) > SignalSketch::filled_max)
    return;
  Statement all{db_, "SELECT signal FROM signals"};
  while (all.step()) {
    const auto signal = all.text(0);
    if (signal.size() > SignalId::capacity)
      all.damaged("the name of a signal is too long");
    sketch_->add(SignalId{signal});
  }
  sketch_->complete();
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
  plan_.plan(batches);
  bool committing = false;
  try {
    if (batches.empty()) {
      if (wal_pages_ >= options_.idle_checkpoint_pages)
        checkpoint();
      return Ok{};
    }
    begin_.run();
    // Rows first, so that an event finds the number of a signal that comes with it.
    for (auto* row : plan_.rows())
      std::visit([this](auto& r) { write(r); }, *row);
    for (auto* batch : batches)
      for (auto& event : batch->events)
        write(event);
    settle_signals();
    if (head_.seq != before.seq)
      write_head();
    committing = true;
    commit_.run();
  } catch (const Failure& failure) {
    auto error = to_error(failure, path_);
    broken_ = !roll_back(batches, before) || (committing && !surely_undone(failure.code));
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
  touched_.clear();
  signals_.clear();
  orders_.clear();
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
  if (signal.empty())
    return 0;
  if (const auto known = signals_.find(signal); known != signals_.end())
    return known->second.number;
  find_signal_.bind(1, signal);
  const ResetGuard guard{find_signal_};
  if (!find_signal_.step())
    return 0;
  const auto number = find_signal_.number(0);
  make_room(signals_);
  signals_.emplace(signal, KnownSignal{number, false});
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
  RowBinder binder{statement, space_};
  binder.bind_row(row);
  bind_signal_number(binder, row);
  if constexpr (std::same_as<T, FillRow>)
    if (mutant("fill_row_lost"))
      return statement.reset();
  statement.run();
}

void Writer::write(JournalEvent& event) {
  event.seq = head_.seq + 1;
  auto hash = hasher_.link(head_.hash, event);
  if (mutant("chain_broken") && event.seq % 50 == 0)
    hash[0] ^= 1;
  RowBinder binder{event_, space_};
  binder.bind_row(event);
  bind_signal_number(binder, event);
  event_.bind_blob(10, hash);
  event_.run();
  head_ = {event.seq, hash};
}

void Writer::write(SignalRow& row) {
  sketch_->add(row.signal);
  sqlite3_set_last_insert_rowid(db_.get(), 0);
  write<SignalRow>(row);
  const auto number = sqlite3_last_insert_rowid(db_.get());
  auto& touched = touched_[row.signal];
  touched.followers = row.followers;
  if (number == 0) {  // it was there already
    touched.must_count = true;
    return;
  }
  make_room(signals_);
  signals_.insert_or_assign(row.signal, KnownSignal{number, false});
  touched.is_new = true;
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
  auto& touched = touched_[signal];
  touched.is_new = false;
  touched.must_count = true;
}

void Writer::write(Decision& row) {
  write<Decision>(row);
  auto& touched = touched_[row.signal];
  ++touched.decisions;
  if (is_final(row.disposition.kind)) {
    ++touched.final;
    touched.must_count = true;
  }
}

void Writer::write(OrderRow& row) {
  if (rewrite(row))
    return;
  sqlite3_set_last_insert_rowid(db_.get(), 0);
  write<OrderRow>(row);
  note_order(row);
}

// False: nothing is known of the order, or it changed in what indexes are made of.
bool Writer::rewrite(const OrderRow& row) {
  const auto found = orders_.find(row.client_order_id);
  if (found == orders_.end())
    return false;
  auto& known = found->second;
  if (known.created_at != row.created_at || known.leg != row.leg || known.signal != row.signal)
    return false;
  RowBinder binder{update_order_, space_};
  for_each_column(row, [&](std::string_view name, const auto& field) {
    if (plain_order_column(name))
      binder.bind(field);
  });
  binder.bind(known.number);
  update_order_.run();
  const bool working = !is_terminal(row.status);
  if (working != known.working) {
    auto& mark = working ? mark_working_ : unmark_working_;
    mark.bind(1, known.number);
    mark.run();
    known.working = working;
  }
  return true;
}

// After the order's whole row was written.
void Writer::note_order(const OrderRow& row) {
  auto number = sqlite3_last_insert_rowid(db_.get());
  const bool is_new = number != 0;
  if (!is_new) {
    find_order_.bind(1, row.client_order_id);
    const ResetGuard guard{find_order_};
    number = find_order_.step() ? find_order_.number(0) : 0;
  }
  const bool working = !is_terminal(row.status);
  if (working || !is_new) {
    auto& mark = working ? mark_working_ : unmark_working_;
    mark.bind(1, number);
    mark.run();
  }
  make_room(orders_);
  orders_.insert_or_assign(row.client_order_id, KnownOrder{number, row.created_at, row.leg, row.signal, working});
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

// A start looks only at the signals in `undecided`; a signal leaves it when its last decision is final.
void Writer::settle_signals() {
  for (const auto& [signal, touched] : touched_) {
    const auto number = signal_number(signal);
    if (number == 0)
      continue;  // its row will come
    if (touched.is_new) {
      if (touched.final < std::max(touched.followers, touched.decisions))
        set_undecided(signal, number, true);
    } else if (touched.must_count || !signals_[signal].undecided) {
      count_decisions(signal, number);
    }
  }
  touched_.clear();
}

void Writer::count_decisions(const SignalId& signal, std::int64_t number) {
  bool undecided = false;
  {
    count_decisions_.bind(1, number);
    const ResetGuard guard{count_decisions_};
    undecided = count_decisions_.step() &&
                count_decisions_.number(2) < std::max(count_decisions_.number(0), count_decisions_.number(1));
  }
  set_undecided(signal, number, undecided);
}

void Writer::set_undecided(const SignalId& signal, std::int64_t number, bool undecided) {
  auto& mark = undecided ? mark_undecided_ : unmark_undecided_;
  mark.bind(1, number);
  mark.run();
  signals_.insert_or_assign(signal, KnownSignal{number, undecided});
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
