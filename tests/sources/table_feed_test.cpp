#include "sources/table_feed.hpp"

#include "support.hpp"

#include <sqlite3.h>

using namespace heed;
using namespace heed::test;

namespace {

/// The other program.
class Writer {
public:
  explicit Writer(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK); }
  ~Writer() { sqlite3_close(db_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void run(const std::string& sql) {
    INFO(sql);
    const auto code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    INFO(sqlite3_errmsg(db_));
    REQUIRE(code == SQLITE_OK);
  }
  void add(const std::string& symbol) {
    run("INSERT INTO mentions (symbol, action) VALUES ('" + symbol + "', 'buy')");
  }

private:
  sqlite3* db_ = nullptr;
};

constexpr const char* small = "CREATE TABLE mentions (id INTEGER PRIMARY KEY, symbol TEXT, action TEXT)";
constexpr const char* full =
  "CREATE TABLE mentions (id INTEGER PRIMARY KEY, external_id TEXT, source TEXT, symbol TEXT, action TEXT, "
  "conviction, time_horizon TEXT, rationale_quote TEXT, title TEXT, url TEXT, published_at, created_at, "
  "video_length INTEGER)";

Reader reader_of(const std::string& path) { return {make_table_feed({path, "tube", Decimal::parse("0.7")}), {}}; }

}  // namespace

TEST_CASE("table: rows are followed by their id", "[sources][table]") {
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run(small);
  writer.add("AAPL");
  writer.add("MSFT");
  auto reader = reader_of(folder.file("m.db"));
  CHECK(reader.look() == Words{"AAPL", "MSFT"});
  CHECK(reader.cursor == "2");
  CHECK(reader.look().empty());
  writer.run("INSERT INTO mentions VALUES (10, 'NVDA', 'sell')");
  CHECK(reader.look() == Words{"NVDA"});
  CHECK(reader.cursor == "10");
  SECTION("in pages") {
    for (int i = 0; i < 5; ++i)
      writer.add("S" + std::to_string(i));
    const auto first = reader.page(3);
    CHECK(words(first) == Words{"S0", "S1", "S2"});
    CHECK(first.more);
    const auto second = reader.page(3);
    CHECK(words(second) == Words{"S3", "S4"});
    CHECK_FALSE(second.more);
  }
}

TEST_CASE("table: all columns, as text or as numbers", "[sources][table]") {
  struct Case {
    const char* name;
    const char* values;
    const char* conviction;
    const char* created_at;
  };
  const auto c = GENERATE(values<Case>({
    {"text", "'0.85', '2026-11-20T15:00:00Z'", "0.85", "2026-11-20T15:00:00Z"},
    {"a real number", "0.85, '2026-11-20T10:00:00-05:00'", "0.85", "2026-11-20T15:00:00Z"},
    {"a whole number, SQLite's own form of time", "1, '2026-11-20 15:00:00'", "1", "2026-11-20T15:00:00Z"},
    {"fractions of a second", "0, '2026-11-20 15:00:00.250'", "0", "2026-11-20T15:00:00.25Z"},
    {"seconds since 1970", "NULL, 1795186800", "0.7", "2026-11-20T15:00:00Z"},
    {"nothing: the source's default, and now", "NULL, NULL", "0.7", "2026-11-20T17:00:00Z"},
  }));
  INFO(c.name);
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run(full);
  writer.run("INSERT INTO mentions VALUES (3, 'v1', 'Someone', 'nvda', 'Buy', " +
             std::string{c.values}.substr(0, std::string{c.values}.find(',')) +
             ", 'weeks', 'I like it', 'A title', 'https://example.com/v1', NULL" +
             std::string{c.values}.substr(std::string{c.values}.find(',')) + ", 600)");
  auto reader = reader_of(folder.file("m.db"));
  const auto page = reader.page();
  REQUIRE(page.items.size() == 1);
  const auto& got = mention(page.items[0]);
  CHECK(got.external_id == "v1");
  CHECK(got.source == SourceId{"tube"});
  CHECK(got.origin == "Someone");
  CHECK(got.symbol == Symbol{"NVDA"});
  CHECK(got.action == MentionAction::buy);
  CHECK(got.conviction == Decimal::parse(c.conviction));
  CHECK(got.horizon == Horizon::weeks);
  CHECK(got.rationale_quote == "I like it");
  CHECK(got.title == "A title");
  CHECK(got.url == "https://example.com/v1");
  CHECK(to_rfc3339(got.created_at) == to_rfc3339(*parse_rfc3339(c.created_at)));
  CHECK(got.published_at == got.created_at);
  CHECK(got.id == 0);
  CHECK(page.items[0].arrival == noon);
}

TEST_CASE("table: a row that is no mention is rejected by its id, and the rest goes on", "[sources][table]") {
  struct Case {
    const char* name;
    const char* values;  // symbol, action, conviction, created_at
    const char* field;
  };
  const auto c = GENERATE(values<Case>({
    {"no symbol", "NULL, 'buy', NULL, NULL", "symbol"},
    {"a bad symbol", "'A B', 'buy', NULL, NULL", "symbol"},
    {"no action", "'A', NULL, NULL, NULL", "action"},
    {"a number for an action", "'A', 5, NULL, NULL", "action"},
    {"conviction too high", "'A', 'buy', 7, NULL", "conviction"},
    {"conviction in words", "'A', 'buy', 'high', NULL", "conviction"},
    {"time in words", "'A', 'buy', NULL, 'yesterday'", "created_at"},
    {"time as a fraction", "'A', 'buy', NULL, 2461365.5", "created_at"},
    {"time in milliseconds", "'A', 'buy', NULL, 1795186800000", "created_at"},
    {"bytes that are no text", "x'ff00', 'buy', NULL, NULL", "symbol"},
  }));
  INFO(c.name);
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run(full);
  const std::string into = "INSERT INTO mentions (symbol, action, conviction, created_at) VALUES ";
  writer.run(into + "('AAPL', 'buy', NULL, NULL), (" + c.values + "), ('MSFT', 'sell', NULL, NULL)");
  auto reader = reader_of(folder.file("m.db"));
  const auto page = reader.page();
  REQUIRE(words(page) == Words{"AAPL", "!mentions:2", "MSFT"});
  const auto& row = rejected(page.items[1]);
  CHECK(row.field == c.field);
  CHECK_FALSE(row.reason.empty());
  CHECK(row.source == SourceId{"tube"});
  CHECK(row.body.find("\"id\":\"2\"") != std::string::npos);
  CHECK(page.items[1].cursor == "2");
}

TEST_CASE("table: what cannot be read is unavailable, and says what is missing", "[sources][table]") {
  const TempFolder folder;
  const auto path = folder.file("m.db");
  auto feed = make_table_feed({path, "tube", {}});
  const auto error = [&] {
    const auto page = feed->read("", 10, noon);
    REQUIRE_FALSE(page.ok());
    CHECK(page.error().kind == ErrorKind::unavailable);
    return page.error().detail;
  };
  CHECK(error() == "no such file: " + path);
  CHECK_FALSE(std::filesystem::exists(path));  // looking does not make it
  {
    Writer writer{path};
    writer.run("CREATE TABLE other (id)");
    CHECK(error() == path + ": has no table 'mentions'; the program that writes it has to create it");
    writer.run("CREATE TABLE mentions (symbol TEXT)");
    CHECK(error() == path + ": table 'mentions' lacks the column(s) id, action");
    writer.run(
      "DROP TABLE mentions; CREATE TABLE mentions (id TEXT, symbol, action); "
      "INSERT INTO mentions VALUES ('x7', 'A', 'buy')");
    CHECK(error() == path + ": column 'id' of 'mentions' must hold integers: declare it INTEGER PRIMARY KEY");
    writer.run("DROP TABLE mentions");
    writer.run(small);
    writer.add("AAPL");
    CHECK(feed->read("", 10, noon).ok());
    writer.run("BEGIN EXCLUSIVE");
    CHECK(error() == path + ": is being written by another program; tried again at the next poll");
    writer.run("COMMIT");
    CHECK(feed->read("", 10, noon).ok());
  }
  folder.write("m.db", "this is no database, but long enough to be looked at as one, surely.............");
  CHECK(error() == path + ": file is not a database");
}

TEST_CASE("table: it is never written to", "[sources][table]") {
  const TempFolder folder;
  const auto path = folder.file("m.db");
  {
    Writer writer{path};
    writer.run(small);
    writer.add("AAPL");
  }
  const auto before = std::filesystem::last_write_time(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  auto reader = reader_of(path);
  CHECK(reader.look() == Words{"AAPL"});
  CHECK(std::filesystem::last_write_time(path) == before);
}

TEST_CASE("table: a write-ahead log that is being written is read along", "[sources][table]") {
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run("PRAGMA journal_mode = WAL");
  writer.run(small);
  writer.add("AAPL");
  auto reader = reader_of(folder.file("m.db"));
  CHECK(reader.look() == Words{"AAPL"});
  writer.run("BEGIN IMMEDIATE");
  writer.add("MSFT");
  CHECK(reader.look().empty());  // not committed
  writer.run("COMMIT");
  CHECK(reader.look() == Words{"MSFT"});
}

TEST_CASE("table: one that was begun anew is read from its beginning", "[sources][table]") {
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run(small);
  for (const auto* symbol : {"A", "B", "C"})
    writer.add(symbol);
  auto reader = reader_of(folder.file("m.db"));
  CHECK(reader.look().size() == 3);
  writer.run("DELETE FROM mentions");
  CHECK(reader.look().empty());
  writer.add("D");
  CHECK(reader.look() == Words{"D"});
  CHECK(reader.cursor == "1");
  writer.add("E");
  CHECK(reader.look() == Words{"E"});
}

TEST_CASE("table: a damaged cursor is an error that shows it", "[sources][table]") {
  const TempFolder folder;
  Writer writer{folder.file("m.db")};
  writer.run(small);
  const auto* cursor = GENERATE("x", "12x", "1.5", "99999999999999999999", " 3");
  INFO(cursor);
  const auto page = make_table_feed({folder.file("m.db"), "tube", {}})->read(cursor, 10, noon);
  REQUIRE_FALSE(page.ok());
  CHECK(page.error().kind == ErrorKind::invalid);
  CHECK(page.error().detail == "stored cursor is damaged: " + std::string{cursor});
}

TEST_CASE("table: a start at the newest takes only what comes after", "[sources][table]") {
  const TempFolder folder;
  const auto path = folder.file("m.db");
  auto reader = reader_of(path);
  SECTION("rows are there") {
    Writer writer{path};
    writer.run(small);
    writer.add("OLD");
    reader.skip_what_is_there();
    CHECK(reader.look().empty());
    writer.add("NEW");
    CHECK(reader.look() == Words{"NEW"});
  }
  SECTION("an empty table, or no file at all: everything to come is new") {
    const bool empty_table = GENERATE(true, false);
    if (empty_table)
      Writer{path}.run(small);
    reader.skip_what_is_there();
    Writer writer{path};
    if (!empty_table)
      writer.run(small);
    writer.add("NEW");
    CHECK(reader.look() == Words{"NEW"});
  }
  SECTION("a file that cannot be read now is an error, not the beginning") {
    Writer writer{path};
    writer.run(small);
    writer.add("OLD");
    writer.run("BEGIN EXCLUSIVE");
    const auto newest = reader.feed->newest(noon);
    REQUIRE_FALSE(newest.ok());
    CHECK(newest.error().kind == ErrorKind::unavailable);
  }
}
