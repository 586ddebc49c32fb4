// A database that an older program left behind.
#include "persistence/migrations.hpp"
#include "tests/persistence/support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

/// A file as the program made it that knew so many steps.
void make_old(const std::string& path, std::int64_t steps) {
  std::string sql =
    "PRAGMA journal_mode = WAL; PRAGMA application_id = 1214604644; BEGIN;"
    "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " applied_at TEXT NOT NULL DEFAULT '2026-11-01T00:00:00Z') STRICT;";
  for (const auto& step : sqlite_migrations())
    if (step.number <= steps)
      (sql += step.sql) += "INSERT INTO schema_migrations (number, name) VALUES (" + std::to_string(step.number) +
                           ", '" + std::string{step.name} + "');";
  meddle(path, sql + "PRAGMA user_version = " + std::to_string(steps) + "; COMMIT");
}

std::string old_signal(const std::string& id, bool undecided) {
  return "INSERT INTO signals VALUES ('" + id + "','calls','" + std::string{to_string(Origin::mention)} +
         "','NVDA','buy','k','{}',1,'" + to_rfc3339(minute(1)) + "'," + (undecided ? "1" : "0") + ");";
}

std::string old_order(const std::string& id, const std::string& status) {
  const auto at = to_rfc3339(minute(1));
  return "INSERT INTO orders VALUES ('" + id +
         "','v','main','NVDA','m','calls','','i','c','buy','entry','market','day','1'," + "NULL,NULL,'" + status +
         "','0',NULL,'',0,'','','','" + at + "','" + at + "',NULL);";
}

}  // namespace

TEST_CASE("sqlite: marks take over what an older file knew to be open", "[persistence][schema]") {
  TempFolder folder;
  make_old(folder.file(), 1);
  meddle(folder.file(), old_signal("s-open", true) + old_signal("s-done", false) + old_order("o-done", "filled") +
                          old_order("o-open", "accepted") + old_order("o-asked", "unknown"));
  auto pair = must(open_sqlite_journal(folder.file()));
  const auto state = must(pair.reader->recover(minute(0), minute(0)));
  REQUIRE(state.undecided.size() == 1);
  CHECK(state.undecided[0].signal.signal == "s-open");
  REQUIRE(state.working_orders.size() == 2);
  CHECK(state.working_orders[0].client_order_id == "o-open");
  CHECK(state.working_orders[1].client_order_id == "o-asked");
  append(*pair.writer,
         {an_order("o-open", OrderStatus::canceled, 1), a_decision("s-open", "main", DispositionKind::expired)});
  const auto later = must(pair.reader->recover(minute(0), minute(0)));
  CHECK(later.undecided.empty());
  CHECK(later.working_orders.size() == 1);
}

TEST_CASE("sqlite: steps are numbered without gaps", "[persistence][schema]") {
  std::int64_t number = 0;
  for (const auto& step : sqlite_migrations())
    CHECK(step.number == ++number);
  CHECK(sqlite::schema_version() == number);
}

TEST_CASE("failure 08: a file of any older version is brought up to date by the start itself, or not opened at all",
          "[persistence][schema][failure]") {
  for (std::int64_t version = 1; version < sqlite::schema_version(); ++version) {
    INFO(version);
    TempFolder folder;
    make_old(folder.file(), version);
    for (int start = 0; start < 2; ++start) {
      const auto pair = must(open_sqlite_journal(folder.file()));
      append(*pair.writer, {an_order("o-" + std::to_string(start), OrderStatus::accepted, 1)});
      CHECK(must(pair.reader->recover(minute(0), minute(0))).working_orders.size() ==
            static_cast<std::size_t>(start) + 1);
      CHECK(pair.reader->verify().ok());
    }
  }
  TempFolder folder;
  make_old(folder.file(), sqlite::schema_version());
  meddle(folder.file(), "PRAGMA user_version = " + std::to_string(sqlite::schema_version() + 1));
  const auto from_the_future = open_sqlite_journal(folder.file());
  REQUIRE_FALSE(from_the_future.ok());
  CHECK(from_the_future.error().code == "STORE_NEWER");
}
