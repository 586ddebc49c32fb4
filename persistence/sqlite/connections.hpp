// Connections of one database file: how they are opened, checked and migrated, and what those can do that only read.
#pragma once

#include "persistence/chain.hpp"
#include "persistence/sql/query.hpp"
#include "persistence/sqlite/database.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace heed::sqlite {

/// Where the journal's chain ends.
struct ChainHead {
  std::int64_t seq = 0;
  ChainHash hash{};
};

/// Refuses a file that exists, is not empty and is not ours; touches nothing. Creates the file, readable for its
/// owner only, when it is absent.
Status prepare_file(const std::string& path);

/// The connection that writes: opened, ours, migrated, checked. Throws Failure. Precondition: the lock is held.
Database open_for_writing(const std::string& path, const Options& options);

/// Throws Failure (SQLITE_CORRUPT) when the last row of the journal does not fit the stored end of the chain.
ChainHead read_head(const Database& db);

/// A connection that cannot write, with the statements it has prepared: what sql::Reader asks.
class ReadConnection {
public:
  ReadConnection(const std::string& path, const Options& options);

  /// Everything inside sees one state of the database.
  class Snapshot {
  public:
    explicit Snapshot(ReadConnection& connection);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

  private:
    ReadConnection& connection_;
  };

  /// Calls f(row) for each row until it returns false.
  template <class F>
  void run(const sql::Query& query, F&& f) {
    auto& statement = prepare(query.text());
    const ResetGuard guard{statement};
    int at = 0;
    for (const auto& value : query.values())
      std::visit([&](const auto& v) { statement.bind(++at, v); }, value);
    while (statement.step())
      if (!f(std::as_const(statement)))
        return;
  }

  /// Throws Failure when a page or a row is damaged.
  void check_whole();
  std::int64_t head_seq() const { return read_head(db_).seq; }
  [[noreturn]] void damaged(const std::string& words) const { throw Failure{SQLITE_CORRUPT, words}; }
  bool usable() const { return db_.idle(); }

  // Signals are told by their number (see schema.cpp); 0 is the number of the few that have no row.
  static constexpr std::string_view working = "rowid IN (SELECT order_number FROM working)";
  static constexpr std::string_view undecided = "rowid IN (SELECT signal_number FROM undecided)";
  static constexpr std::string_view decision_of_signal = "d.signal_number=signals.rowid";
  static constexpr std::string_view signal_of_decision = "s.rowid=decisions.signal_number";
  static std::string use_index(const std::string& name) { return " INDEXED BY " + name; }
  static void add_signal(sql::Query& query, const std::string& signal) {
    query.add(" AND signal_number IN (0, (SELECT rowid FROM signals WHERE signal=?))", signal);
    query.add(" AND signal=?", signal);
  }
  static void add_signals(sql::Query& query, std::span<const std::string> signals) {
    query.add(" AND signal_number IN (SELECT 0 UNION ALL SELECT rowid FROM signals WHERE signal IN ")
      .add_list(signals)
      .add(") AND signal IN ")
      .add_list(signals);
  }

private:
  /// Prepared once per text; statements live as long as the connection.
  Statement& prepare(const std::string& sql);

  Database db_;
  std::map<std::string, Statement> statements_;
};

}  // namespace heed::sqlite
