// What reaches the disk of a commit's log, and when.
#include "persistence/sqlite/log_buffer.hpp"

#include "tests/persistence/fault_vfs.hpp"
#include "tests/persistence/support.hpp"

#include "persistence/sqlite/database.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>

namespace heed::test {
namespace {

using Change = FaultDisk::Change;

bool is_log(const Change& change) { return change.file.ends_with("-wal"); }

std::int64_t number(const sqlite::Database& db, const std::string& sql) {
  sqlite::Statement statement{db, sql};
  REQUIRE(statement.step());
  return statement.number(0);
}

sqlite::Database open_through(const sqlite::LogBuffer& log, const std::string& path) {
  sqlite::Database db{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, log.name()};
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
  return db;
}

/// No file of this process may grow beyond `bytes` while it lives; a write beyond fails with EFBIG.
class SizeLimit {
public:
  explicit SizeLimit(std::uintmax_t bytes) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("sqlite: a log at its file's size limit is a full disk, and goes on when there is room", "[persistence]") {
  TempFolder folder;
  auto pair = must(sqlite::open_journal(folder.file(), {}));
  auto first = Batch{{}, {a_signal("s-1", 1)}};
  append(*pair.writer, first);
  auto second = Batch{{}, {a_signal("s-2", 2)}};
  Batch* const batches[] = {&second};
  {
    // Half a page of the next commit still fits.
    const SizeLimit limit{std::filesystem::file_size(folder.file() + "-wal") + 2048};
    const auto refused = pair.writer->append(batches);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
    CHECK(refused.error().code == "STORE_FULL");
  }
  append(*pair.writer, second);
  CHECK(must(pair.reader->signal(SignalId{"s-1"})));
  CHECK(must(pair.reader->signal(SignalId{"s-2"})));
}

TEST_CASE("sqlite: a small commit reaches the log's file as one write, before its sync", "[persistence]") {
  FaultDisk layer;
  TempFolder folder;
  sqlite::Options options;
  options.vfs = FaultDisk::name();
  auto pair = must(sqlite::open_journal(folder.file(), options));
  auto first = Batch{{}, {a_signal("s-1", 1)}};
  append(*pair.writer, first);

  std::vector<Change> changes;
  layer.watch([&](const Change& change) {
    if (is_log(change))
      changes.push_back(change);
  });
  auto next = Batch{{an_event("planned", "main", "NVDA", "s-2", "o-2", 2)},
                    {a_signal("s-2", 2), an_order("o-2", OrderStatus::submitted, 2)}};
  append(*pair.writer, next);
  layer.watch({});

  REQUIRE(changes.size() == 2);
  CHECK(changes[0].kind == Change::Kind::write);
  CHECK(changes[0].bytes.size() > 3 * 4096);
  CHECK(changes[1].kind == Change::Kind::sync);
}

TEST_CASE("sqlite: what a large transaction wrote ahead is read back, and taken back", "[persistence]") {
  TempFolder folder;
  sqlite::LogBuffer log{""};
  auto writer = open_through(log, folder.file());
  writer.exec("PRAGMA cache_size = 8");  // pages: it has to write before it commits
  writer.exec("CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT)");
  const sqlite::Database other{folder.file(), SQLITE_OPEN_READONLY, ""};
  const std::string fill =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<20000)"
    " INSERT INTO numbers SELECT n, printf('%0500d', n) FROM c";

  writer.exec("BEGIN");
  writer.exec(fill);
  CHECK(number(writer, "SELECT count(*) FROM numbers WHERE text=printf('%0500d', n)") == 20'000);
  CHECK(number(other, "SELECT count(*) FROM numbers") == 0);
  writer.exec("ROLLBACK");
  CHECK(number(writer, "SELECT count(*) FROM numbers") == 0);

  writer.exec("BEGIN");
  writer.exec(fill);
  writer.exec("UPDATE numbers SET text='again' WHERE n%7=0");
  writer.exec("COMMIT");
  CHECK(number(other, "SELECT count(*) FROM numbers WHERE text='again'") == 20'000 / 7);
  CHECK(number(other, "SELECT count(*) FROM numbers WHERE text=printf('%0500d', n)") == 20'000 - 20'000 / 7);
  writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(number(other, "SELECT count(*) FROM numbers") == 20'000);
}

TEST_CASE("sqlite: a file system that is not there is refused by name", "[persistence]") {
  CHECK_THROWS_WITH(sqlite::LogBuffer{"no-such-disk"}, Catch::Contains("no-such-disk"));
}

}  // namespace heed::test
