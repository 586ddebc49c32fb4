#include "persistence/sqlite/connections.hpp"

#include "messages/mutant.hpp"
#include "persistence/migrations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

namespace heed::sqlite {
namespace {

constexpr std::int64_t application_id = 0x48656564;  // "Heed", in the file's header
constexpr std::string_view file_magic{"SQLite format 3\0", 16};
constexpr int busy_ms = 5'000;

Error refuse(const char* code, const std::string& path, const std::string& what) {
  return Error{ErrorKind::unavailable, code, "database " + path + ": " + what};
}

struct Fd {
  int value;
  ~Fd() {
    if (value >= 0)
      close(value);
  }
};

std::int64_t query_number(const Database& db, const std::string& sql) {
  Statement statement{db, sql};
  return statement.step() ? statement.number(0) : 0;
}

// A file of ours, or one without any table. Anything else belongs to another program.
void check_owner(const Database& db) {
  const auto id = query_number(db, "PRAGMA application_id");
  if (id == application_id)
    return;
  if (id != 0 || query_number(db, "SELECT count(*) FROM sqlite_schema") != 0)
    throw Failure{SQLITE_NOTADB, "it belongs to another program"};
}

/// The steps that were taken, one by one; none where there is no list of them yet.
std::int64_t last_step(const Database& db) {
  const bool listed = query_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'") != 0;
  return listed ? query_number(db, "SELECT coalesce(max(number), 0) FROM schema_migrations") : 0;
}

// The file tells its version twice, in its header and by its steps: each of them is believed when it is the newer
// one.
void check_version(const Database& db) {
  const auto version = std::max(query_number(db, "PRAGMA user_version"), last_step(db));
  if (version > schema_version())
    throw Failure{SQLITE_SCHEMA, "its schema is version " + std::to_string(version) +
                                   ", this program knows up to version " + std::to_string(schema_version()) +
                                   "; use the newer program or restore an older backup"};
}

// All steps in one transaction: a half-migrated file cannot exist.
void migrate(Database& db) {
  db.exec("BEGIN IMMEDIATE");
  db.exec(
    "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))) STRICT");
  const auto done = last_step(db);
  for (const auto& step : sqlite_migrations()) {
    if (step.number <= done || (mutant("old_file_left_old") && done > 0))
      continue;
    db.exec(std::string{step.sql});
    Statement note{db, "INSERT INTO schema_migrations (number, name) VALUES (?, ?)"};
    note.bind(1, step.number);
    note.bind(2, step.name);
    note.run();
  }
  db.exec("PRAGMA application_id = " + std::to_string(application_id));
  db.exec("PRAGMA user_version = " + std::to_string(schema_version()));
  db.exec("COMMIT");
}

std::vector<std::string> small_tables(const Database& db, std::int64_t most_rows) {
  std::vector<std::string> names;
  Statement all{db, "SELECT name, sql LIKE '%WITHOUT ROWID%' FROM sqlite_schema WHERE type = 'table' ORDER BY name"};
  while (all.step()) {
    const std::string name{all.text(0)};
    const auto limit = std::to_string(most_rows + 1);
    const auto rows =
      all.number(1) != 0
        ? query_number(db, "SELECT count(*) FROM (SELECT 1 FROM \"" + name + "\" LIMIT " + limit + ')')
        : query_number(db, "SELECT coalesce(max(rowid), 0) FROM \"" + name + '"');
    if (rows <= most_rows)
      names.push_back(name);
  }
  return names;
}

// Bounded work: a table that has grown large is left to `verify`, and to the checks that reading it makes.
void check_damage(const Database& db, std::int64_t most_rows) {
  for (const auto& table : small_tables(db, most_rows)) {
    Statement check{db, "PRAGMA quick_check('" + table + "')"};
    if (check.step() && check.text(0) != "ok")
      throw Failure{SQLITE_CORRUPT, "table " + table + ": " + std::string{check.text(0)}};
  }
}

void set_up(Database& db, const Options& options, bool writes) {
  sqlite3_busy_timeout(db.get(), busy_ms);
  db.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
  if (!writes) {
    db.exec("PRAGMA query_only = ON; PRAGMA cache_size = -8192");
    return;
  }
  db.exec(std::string{mutant("no_sync") ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL"} +
          "; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -" + std::to_string(options.cache_kib));
}

// The log is overwritten from its start while the file is open, and goes with a clean close: a log that stays would
// be replayed over a backup that somebody puts in the file's place.
void use_wal(const Database& db) {
  Statement mode{db, "PRAGMA journal_mode = WAL"};
  if (!mode.step() || mode.text(0) != "wal")
    throw Failure{SQLITE_CANTOPEN, "its file system does not support a write-ahead log"};
}

}  // namespace

std::int64_t schema_version() {
  const auto all = sqlite_migrations();
  return all.empty() ? 0 : all.back().number;
}

std::string storage_notice(int version) {
  if (version < 3'007'000 || version > 3'051'002)
    return {};
  const auto text = std::to_string(version / 1'000'000) + '.' + std::to_string(version / 1000 % 1000) + '.' +
                    std::to_string(version % 1000);
  return "SQLite " + text +
         " is in the range (3.7.0 to 3.51.2) of a bug that can damage a database when several connections write or "
         "checkpoint it. Heed uses one such connection and locks the file; let no other program write to it.";
}

Status prepare_file(const std::string& path) {
  const Fd fd{open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)};
  if (fd.value < 0)
    return refuse("STORE_OPEN", path,
                  std::generic_category().message(errno) + "; the folder must exist and be writable for this user");
  struct stat info {};
  if (fstat(fd.value, &info) != 0 || !S_ISREG(info.st_mode))
    return refuse("STORE_FOREIGN", path, "it is not a plain file; name another");
  std::array<char, 100> header{};
  const auto size = pread(fd.value, header.data(), header.size(), 0);
  if (size == 0)
    return Ok{};
  if (size < static_cast<ssize_t>(header.size()) || std::string_view{header.data(), 16} != file_magic)
    return refuse("STORE_FOREIGN", path, "it is not a SQLite database; name another file");
  std::int64_t id = 0;
  for (std::size_t i = 68; i < 72; ++i)
    id = id * 256 + static_cast<unsigned char>(header[i]);
  if (id != 0 && id != application_id)
    return refuse("STORE_FOREIGN", path, "it belongs to another program; name another file");
  return Ok{};
}

Database open_for_writing(const std::string& path, const Options& options) {
  // Looked at without the means to change it, since it may turn out to be another program's.
  try {
    const Database look{path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, options.vfs};
    sqlite3_busy_timeout(look.get(), busy_ms);
    check_owner(look);
    check_version(look);
  } catch (const Failure& failure) {
    // A crash while the file was made left a step to undo, which takes a connection that may write.
    if ((failure.code & 0xFF) != SQLITE_READONLY)
      throw;
  }
  Database db{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, options.vfs};
  if (sqlite3_db_readonly(db.get(), "main") == 1)
    throw Failure{SQLITE_READONLY, "it can only be read"};
  set_up(db, options, true);
  check_owner(db);
  check_version(db);
  use_wal(db);
  migrate(db);
  check_damage(db, options.check_rows);
  return db;
}

ChainHead read_head(const Database& db) {
  ChainHead head;
  const auto take_hash = [&](const Statement& from, int column) {
    const auto bytes = from.blob(column);
    if (bytes.size() != head.hash.size())
      throw Failure{SQLITE_CORRUPT, "a hash of the journal has the wrong length"};
    ChainHash hash{};
    std::ranges::copy(bytes, hash.begin());
    return hash;
  };
  Statement stored{db, "SELECT seq, hash FROM journal_head"};
  if (stored.step()) {
    head.seq = stored.number(0);
    head.hash = take_hash(stored, 1);
  }
  Statement last{db, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"};
  const bool any = last.step();
  if ((any ? last.number(0) : 0) != head.seq || (any && take_hash(last, 1) != head.hash))
    throw Failure{SQLITE_CORRUPT, "the journal ends at row " + std::to_string(any ? last.number(0) : 0) +
                                    ", its chain at row " + std::to_string(head.seq) +
                                    "; rows were dropped, added or changed"};
  return head;
}

ReadConnection::ReadConnection(const std::string& path, const Options& options)
    : db_{path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, options.vfs} {
  set_up(db_, options, false);
}

Statement& ReadConnection::prepare(const std::string& sql) {
  constexpr std::size_t most_kept = 128;  // each filter combination is a text of its own
  if (statements_.size() >= most_kept && !statements_.contains(sql))
    statements_.clear();
  auto found = statements_.find(sql);
  if (found == statements_.end())
    found = statements_.emplace(sql, Statement{db_, sql}).first;
  return found->second;
}

ReadConnection::Snapshot::Snapshot(ReadConnection& connection) : connection_{connection} {
  connection_.prepare("BEGIN").run();
}

ReadConnection::Snapshot::~Snapshot() {
  if (!connection_.db_.idle())
    sqlite3_exec(connection_.db_.get(), "COMMIT", nullptr, nullptr, nullptr);
}

void ReadConnection::check_whole() {
  auto& check = prepare("PRAGMA quick_check(1)");
  const ResetGuard guard{check};
  if (check.step() && check.text(0) != "ok")
    damaged(std::string{check.text(0)});
}

}  // namespace heed::sqlite

namespace heed {

std::string storage_notice() { return sqlite::storage_notice(sqlite3_libversion_number()); }

}  // namespace heed
