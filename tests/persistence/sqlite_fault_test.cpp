// What happens when the disk fails, the process dies, or somebody has been at the file.
#include "tests/persistence/fault_vfs.hpp"
#include "tests/persistence/support.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

using namespace heed;
using namespace heed::test;

namespace {

std::string content(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void put_content(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

// One order and the event that planned it; the n-th append.
Batch numbered(int n) {
  const auto id = "o-" + std::to_string(n);
  return {{an_event("planned", "main", "NVDA", "s-1", id.c_str(), n)}, {an_order(id, OrderStatus::submitted, n)}};
}

Status append_numbered(JournalWriter& writer, int n) {
  auto batch = numbered(n);
  Batch* const one[]{&batch};
  auto status = writer.append(one);
  // A number is given with the commit, and only then.
  CHECK((batch.events[0].seq > 0) == status.ok());
  return status;
}

JournalPair reopened(const std::string& path) { return must(open_sqlite_journal(path)); }

std::string open_error(const std::string& path) {
  const auto result = open_sqlite_journal(path);
  if (result)
    return "opened";
  CHECK_THAT(result.error().detail, Catch::Contains(path));
  return result.error().code;
}

/// A process of ours that ends with the test.
class Child {
public:
  template <class F>
  explicit Child(F&& body) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    id_ = fork();
    REQUIRE(id_ >= 0);
    if (id_ == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    from_ = ends[0];
  }
  ~Child() {
    stop();
    close(from_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // The child's next number; -1 at its end.
  int next() const {
    int number = -1;
    return read(from_, &number, sizeof number) == sizeof number ? number : -1;
  }
  void stop() {
    if (id_ <= 0)
      return;
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = 0;
  }
  pid_t id() const { return id_; }

private:
  pid_t id_ = 0;
  int from_ = -1;
};

void tell(int to, int number) { [[maybe_unused]] const auto size = write(to, &number, sizeof number); }

}  // namespace

TEST_CASE("sqlite: what was acknowledged survives a kill at any moment", "[persistence][fault]") {
  TempFolder folder;
  int acknowledged = 0;
  for (int round = 0; round < 8; ++round) {
    Child child{[&](int to) {
      sqlite::Options options;
      options.checkpoint_pages = 20;  // so that kills hit checkpoints too
      auto pair = sqlite::open_journal(folder.file(), options);
      for (int n = acknowledged + 1; pair.ok() && n < 1'000'000; ++n) {
        auto batch = numbered(n);
        Batch* const one[]{&batch};
        if (!pair.value().writer->append(one))
          break;
        tell(to, n);
      }
    }};
    const int wanted = acknowledged + 1 + round * 17;
    while (acknowledged < wanted) {
      const int n = child.next();
      REQUIRE(n > 0);
      acknowledged = n;
    }
    child.stop();
    for (int n = child.next(); n > 0; n = child.next())
      acknowledged = n;

    auto pair = reopened(folder.file());
    const auto last = must(pair.reader->recover(minute(0), minute(0))).last_seq;
    CHECK(last >= acknowledged);
    CHECK(last <= acknowledged + 1);  // committed, and killed before it could say so
    CHECK(must(pair.reader->verify()) == last);
    for (int n = 1; n <= last; ++n)
      REQUIRE(has_numbered(*pair.reader, n));
    acknowledged = static_cast<int>(last);
  }
}

TEST_CASE("sqlite: a failure at any write or sync loses nothing that was acknowledged", "[persistence][fault]") {
  const auto kind = GENERATE(FaultDisk::Kind::full, FaultDisk::Kind::io, FaultDisk::Kind::sync);
  const bool forever = GENERATE(false, true);
  const bool from_creation = GENERATE(true, false);
  constexpr int appends = 6;
  FaultDisk disk;
  sqlite::Options options;
  options.vfs = FaultDisk::name();
  options.checkpoint_pages = 8;
  int failures = 0;
  for (std::int64_t nth = 1;; ++nth) {
    INFO("failure at " << nth);
    TempFolder folder;
    if (!from_creation)
      (void)reopened(folder.file());
    disk.fail(kind, nth, forever);
    std::array<int, appends + 1> fate{};  // 1 there, -1 not there, 0 either
    {
      auto pair = sqlite::open_journal(folder.file(), options);
      bool usable = pair.ok();
      if (!usable)
        CHECK(pair.error().kind == ErrorKind::unavailable);
      for (int n = 1; n <= appends; ++n) {
        const auto status =
          usable ? append_numbered(*pair.value().writer, n) : Status{Error{ErrorKind::unavailable, "", ""}};
        fate[static_cast<std::size_t>(n)] = status ? 1 : status.error().kind == ErrorKind::unknown ? 0 : -1;
        if (kind == FaultDisk::Kind::full)  // the process has no reason to end
          CHECK((status.ok() || status.error().kind == ErrorKind::unavailable));
        if (!status && usable && status.error().kind == ErrorKind::unknown) {
          const auto again = append_numbered(*pair.value().writer, n);
          REQUIRE_FALSE(again.ok());
          CHECK(again.error().code == "STORE_REOPEN");
          usable = false;
        }
      }
    }
    const bool fired = disk.fired();
    disk.heal();
    auto pair = reopened(folder.file());
    std::int64_t there = 0;
    for (int n = 1; n <= appends; ++n) {
      const bool has = has_numbered(*pair.reader, n);
      there += has ? 1 : 0;
      if (fate[static_cast<std::size_t>(n)] != 0)
        REQUIRE(has == (fate[static_cast<std::size_t>(n)] > 0));
    }
    CHECK(must(pair.reader->verify()) == there);
    must(append_numbered(*pair.writer, 99));
    if (!fired)
      break;
    ++failures;
  }
  CHECK(failures > (kind == FaultDisk::Kind::sync ? 5 : 20));
}

TEST_CASE("sqlite: a full file system is told before or at the commit, and space makes it work again",
          "[persistence][fault]") {
  TempFolder folder;
  (void)reopened(folder.file());
  struct rlimit before {};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old = signal(SIGXFSZ, SIG_IGN);
  int stored = 0;
  auto pair = reopened(folder.file());
  struct rlimit small = before;
  small.rlim_cur = 400'000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  Status last = Ok{};
  while (stored < 1'000 && last) {
    last = append_numbered(*pair.writer, stored + 1);
    stored += last ? 1 : 0;
  }
  for (int n = 2'000; n < 2'003 && !last; ++n)  // and it goes on being said
    last = append_numbered(*pair.writer, n);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  signal(SIGXFSZ, old);
  REQUIRE_FALSE(last.ok());
  CHECK(last.error().kind == ErrorKind::unavailable);
  CHECK((last.error().code == "STORE_FULL" || last.error().code == "STORE_IO"));
  // The same writer goes on, and nothing that it refused is there, now or after a restart.
  must(append_numbered(*pair.writer, 5'000));
  pair = {};
  pair = reopened(folder.file());
  for (int n = 1; n <= stored; ++n)
    REQUIRE(has_numbered(*pair.reader, n));
  CHECK_FALSE(has_numbered(*pair.reader, stored + 1));
  CHECK_FALSE(has_numbered(*pair.reader, 2'000));
  CHECK(must(pair.reader->verify()) == stored + 1);
}

TEST_CASE("sqlite: no room at the commit itself is no doubt", "[persistence][fault]") {
  // Every write of every commit fails once, the file being as large as it may get.
  TempFolder folder;
  FaultDisk disk;
  sqlite::Options options;
  options.vfs = FaultDisk::name();
  auto pair = must(sqlite::open_journal(folder.file(), options));
  int stored = 0;
  int refused = 0;
  for (std::int64_t nth = 1; nth <= 20; ++nth) {
    auto batch = numbered(stored + 1);
    batch.events[0].payload = '"' + std::string(700'000, 'x') + '"';  // so that the log is written in several pieces
    Batch* const one[]{&batch};
    disk.fail(FaultDisk::Kind::full, nth, true);
    const auto status = pair.writer->append(one);
    disk.heal();
    if (status) {
      ++stored;
      continue;
    }
    ++refused;
    CHECK(status.error().kind == ErrorKind::unavailable);
    CHECK(status.error().code == "STORE_FULL");
    CHECK_FALSE(has_numbered(*pair.reader, stored + 1));
    must(append_numbered(*pair.writer, ++stored));
  }
  CHECK(refused > 5);
  pair = {};
  pair = reopened(folder.file());
  CHECK(must(pair.reader->verify()) == stored);
}

TEST_CASE("sqlite: a file that can only be read is refused", "[persistence][fault]") {
  TempFolder folder;
  (void)reopened(folder.file());
  FaultDisk disk;
  disk.read_only(true);
  sqlite::Options options;
  options.vfs = FaultDisk::name();
  const auto result = sqlite::open_journal(folder.file(), options);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::unavailable);
  CHECK_THAT(result.error().detail, Catch::Contains("writable for this user"));
}

TEST_CASE("sqlite: a second process is refused with the path and the first one's id", "[persistence][fault]") {
  TempFolder folder;
  Child first{[&](int to) {
    auto pair = open_sqlite_journal(folder.file());
    tell(to, pair.ok() ? 1 : 0);
    pause();
  }};
  REQUIRE(first.next() == 1);
  const auto refused = open_sqlite_journal(folder.file());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == "STORE_IN_USE");
  CHECK_THAT(refused.error().detail, Catch::Contains(folder.file()));
  CHECK_THAT(refused.error().detail, Catch::Contains("process " + std::to_string(first.id()) + ';'));
  first.stop();
  CHECK(open_sqlite_journal(folder.file()).ok());
}

TEST_CASE("sqlite: the same file twice in one process is refused too", "[persistence][fault]") {
  TempFolder folder;
  auto pair = reopened(folder.file());
  CHECK(open_error(folder.file()) == "STORE_IN_USE");
  pair.writer.reset();
  CHECK(open_error(folder.file()) == "opened");
}

TEST_CASE("sqlite: a file that is not ours is refused and left as it was", "[persistence][fault]") {
  TempFolder folder;
  const auto path = folder.file();
  struct Case {
    const char* name;
    std::function<void()> make;
    const char* code;
  };
  const auto cases = std::vector<Case>{
    {"text", [&] { put_content(path, "dear diary\n"); }, "STORE_FOREIGN"},
    {"long text", [&] { put_content(path, std::string(10'000, 'x')); }, "STORE_FOREIGN"},
    {"cut header",
     [&] {
       put_content(path, std::string{"SQLite format 3\0", 16});
     },
     "STORE_FOREIGN"},
    {"tables of others", [&] { meddle(path, "CREATE TABLE photos (a)"); }, "STORE_FOREIGN"},
    {"id of others", [&] { meddle(path, "PRAGMA application_id = 252006673; CREATE TABLE vectors (a)"); },
     "STORE_FOREIGN"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    std::filesystem::remove(path);
    c.make();
    const auto before = content(path);
    CHECK(open_error(path) == c.code);
    CHECK(content(path) == before);
    CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  }
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CHECK((open_error(path) == "STORE_FOREIGN" || open_error(path) == "STORE_OPEN"));
  CHECK(open_error(folder.file("no/such/folder/heed.db")) == "STORE_OPEN");
}

TEST_CASE("sqlite: an empty file and an empty database are new ones", "[persistence][fault]") {
  TempFolder folder;
  put_content(folder.file("zero"), "");
  CHECK(open_error(folder.file("zero")) == "opened");
  meddle(folder.file("bare"), "CREATE TABLE t (a); DROP TABLE t");
  CHECK(open_error(folder.file("bare")) == "opened");
}

TEST_CASE("sqlite: the file is for its owner only", "[persistence][fault]") {
  TempFolder folder;
  const auto pair = reopened(folder.file());
  for (const auto* end : {"", "-wal", "-shm", ".lock"}) {
    INFO(end);
    const auto mode = std::filesystem::status(folder.file() + end).permissions();
    CHECK((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
          std::filesystem::perms::none);
  }
}

TEST_CASE("sqlite: a newer schema is refused by number and left as it was", "[persistence][fault]") {
  TempFolder folder;
  (void)reopened(folder.file());
  // The file tells its version twice; which of them a newer program set, or left, is not asked.
  meddle(folder.file(),
         GENERATE("PRAGMA user_version = 99", "INSERT INTO schema_migrations (number, name) VALUES (99, 'later')",
                  "INSERT INTO schema_migrations (number, name) VALUES (99, 'later');"
                  "PRAGMA user_version = 0"));
  const auto before = content(folder.file());
  const auto result = open_sqlite_journal(folder.file());
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == "STORE_NEWER");
  CHECK_THAT(result.error().detail, Catch::Contains("version 99"));
  CHECK_THAT(result.error().detail, Catch::Contains(std::to_string(sqlite::schema_version())));
  CHECK(content(folder.file()) == before);
}

TEST_CASE("sqlite: a damaged page is found at the start, whichever it is", "[persistence][fault]") {
  TempFolder folder;
  {
    auto pair = reopened(folder.file());
    for (int n = 1; n <= 300; ++n)
      must(append_numbered(*pair.writer, n));
  }
  const auto whole = content(folder.file());
  constexpr std::size_t page = 4096;
  REQUIRE(whole.size() % page == 0);
  REQUIRE(whole.size() / page > 40);
  for (std::size_t at = 0; at < whole.size(); at += page) {
    INFO("page " << at / page + 1);
    auto damaged = whole;
    damaged.replace(at + (at == 0 ? 100 : 0), page - (at == 0 ? 100 : 0), page - (at == 0 ? 100 : 0), '\xA5');
    put_content(folder.file(), damaged);
    CHECK(open_error(folder.file()) == "STORE_DAMAGED");
  }
  put_content(folder.file(), whole.substr(0, whole.size() - 5 * page));
  CHECK(open_error(folder.file()) == "STORE_DAMAGED");
  put_content(folder.file(), whole);
  CHECK(must(reopened(folder.file()).reader->verify()) == 300);
}

TEST_CASE("sqlite: a changed, dropped or added journal row is found and named", "[persistence][fault]") {
  struct Case {
    const char* name;
    const char* sql;
    const char* says;
    bool opens;  // the end of the chain is looked at when opening, the rest by verify
  };
  const auto c = GENERATE(values<Case>({
    {"payload", "UPDATE journal SET payload='{}' WHERE seq=5", "journal row 5 does not fit", true},
    {"account", "UPDATE journal SET account='' WHERE seq=9", "journal row 9 does not fit", true},
    {"text moved between columns", "UPDATE journal SET account='', symbol='mainNVDA' WHERE seq=3",
     "journal row 3 does not fit", true},
    {"instant", "UPDATE journal SET at='2020-01-01T00:00:00.000000Z' WHERE seq=1", "journal row 1 does not fit",
     true},
    {"no instant", "UPDATE journal SET at='yesterday' WHERE seq=4", "yesterday", true},
    {"hash", "UPDATE journal SET hash=zeroblob(32) WHERE seq=7", "journal row 7 does not fit", true},
    {"short hash", "UPDATE journal SET hash=x'00' WHERE seq=7", "journal row 7 does not fit", true},
    {"first dropped", "DELETE FROM journal WHERE seq=1", "journal row 1 is missing", true},
    {"middle dropped", "DELETE FROM journal WHERE seq=6", "journal row 6 is missing", true},
    {"dropped and renumbered", "DELETE FROM journal WHERE seq=6; UPDATE journal SET seq=6 WHERE seq=10",
     "the journal ends at row 9", false},
    {"two swapped",
     "UPDATE journal SET seq=-1 WHERE seq=4; UPDATE journal SET seq=4 WHERE seq=5; UPDATE journal SET seq=5 WHERE "
     "seq=-1",
     "journal row 4 does not fit", true},
    {"last dropped", "DELETE FROM journal WHERE seq=10", "the journal ends at row 9", false},
    {"all dropped", "DELETE FROM journal", "the journal ends at row 0", false},
    {"added before",
     "INSERT INTO journal SELECT 0,at,type,account,symbol,signal,\"order\",payload,hash,NULL FROM journal"
     " WHERE seq=1",
     "journal row 1 is missing", true},
    {"added behind",
     "INSERT INTO journal SELECT 11,at,type,account,symbol,signal,\"order\",payload,hash,NULL FROM journal"
     " WHERE seq=10",
     "the journal ends at row 11", false},
    {"end forgotten", "DELETE FROM journal_head", "its chain at row 0", false},
  }));
  INFO(c.name);
  TempFolder folder;
  {
    auto pair = reopened(folder.file());
    for (int n = 1; n <= 10; ++n)
      must(append_numbered(*pair.writer, n));
    CHECK(must(pair.reader->verify()) == 10);
  }
  meddle(folder.file(), c.sql);
  auto result = open_sqlite_journal(folder.file());
  REQUIRE(result.ok() == c.opens);
  const auto error = result ? result.value().reader->verify().error() : result.error();
  CHECK(error.code == "STORE_DAMAGED");
  CHECK_THAT(error.detail, Catch::Contains(c.says));
}

TEST_CASE("sqlite: readers on other threads see whole appends only", "[persistence][fault]") {
  TempFolder folder;
  auto pair = reopened(folder.file());
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0, failed = 0, looks = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i)  // more than there are connections
    readers.emplace_back([&] {
      while (!stop) {
        const auto state = pair.reader->recover(minute(0), minute(0));
        ++looks;
        if (!state)
          ++failed;
        else if (state.value().last_seq != std::ssize(state.value().working_orders))
          ++torn;
      }
    });
  int n = 0;
  while (n < 150 || looks < 60)
    must(append_numbered(*pair.writer, ++n));
  stop = true;
  for (auto& reader : readers)
    reader.join();
  CHECK(torn == 0);
  CHECK(failed == 0);
}

TEST_CASE("sqlite: a long reader does not stop appends, and the log shrinks back to use after it",
          "[persistence][fault]") {
  TempFolder folder;
  sqlite::Options options;
  options.checkpoint_pages = 10;
  auto pair = must(sqlite::open_journal(folder.file(), options));
  must(append_numbered(*pair.writer, 1));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open_v2(folder.file().c_str(), &other, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM orders", nullptr, nullptr, nullptr) == SQLITE_OK);
  for (int n = 2; n <= 60; ++n)
    must(append_numbered(*pair.writer, n));
  const auto grown = std::filesystem::file_size(folder.file() + "-wal");
  REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  for (int n = 61; n <= 200; ++n)
    must(append_numbered(*pair.writer, n));
  CHECK(std::filesystem::file_size(folder.file() + "-wal") < 2 * grown);
  CHECK(must(pair.reader->verify()) == 200);
}

TEST_CASE("sqlite: old versions are warned about, fixed ones are not", "[persistence]") {
  CHECK_THAT(sqlite::storage_notice(3'040'001), Catch::Contains("SQLite 3.40.1 "));
  CHECK_FALSE(sqlite::storage_notice(3'051'002).empty());
  CHECK(sqlite::storage_notice(3'051'003).empty());
  CHECK(sqlite::storage_notice(3'006'023).empty());
  CHECK(storage_notice() == sqlite::storage_notice(sqlite3_libversion_number()));
}
