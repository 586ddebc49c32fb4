#include "sources/table_feed.hpp"

#include "core/mention_validation.hpp"
#include "persistence/json_write.hpp"
#include "sources/mention_json.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace heed {
namespace {

using core::RawMention;

constexpr int busy_wait_ms = 250;  // then the next look tries again
constexpr std::int64_t before_all = std::numeric_limits<std::int64_t>::min();

struct Column {
  const char* name;
  std::optional<std::string> RawMention::*member;
  bool required = false;
  bool instant = false;
};
constexpr std::array columns{
  Column{"symbol", &RawMention::symbol, true},
  Column{"action", &RawMention::action, true},
  Column{"external_id", &RawMention::external_id},
  Column{"source", &RawMention::source},
  Column{"conviction", &RawMention::conviction},
  Column{"time_horizon", &RawMention::time_horizon},
  Column{"rationale_quote", &RawMention::rationale_quote},
  Column{"title", &RawMention::title},
  Column{"url", &RawMention::url},
  Column{"published_at", &RawMention::published_at, false, true},
  Column{"created_at", &RawMention::created_at, false, true},
};

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

/// Empty: the beginning.
Result<std::int64_t> parse_cursor(const std::string& cursor) {
  if (cursor.empty())
    return before_all;
  std::int64_t id = 0;
  const auto* end = cursor.data() + cursor.size();
  const auto [stop, problem] = std::from_chars(cursor.data(), end, id);
  if (problem != std::errc{} || stop != end)
    return Error{ErrorKind::invalid, "cursor", "stored cursor is damaged: " + cursor};
  return id;
}

/// The value as text; null is absent. Seconds since 1970 become RFC 3339 where an instant is meant, and so does what
/// datetime() writes; anything else stays as it is, for the validation to judge.
std::optional<std::string> value_of(sqlite3_stmt* row, int index, bool instant) {
  const auto type = sqlite3_column_type(row, index);
  if (type == SQLITE_NULL)
    return std::nullopt;
  const auto number = sqlite3_column_int64(row, index);
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, index));
  std::string text(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, index)));
  if (!instant)
    return text;
  constexpr std::int64_t year_2261 = 9'183'110'400;
  if (type == SQLITE_INTEGER && number >= 0 && number < year_2261)
    return to_rfc3339(Instant{std::chrono::seconds{number}});
  constexpr std::size_t date_size = 10;
  if (type == SQLITE_TEXT && text.size() > date_size && text[date_size] == ' ') {
    auto utc = text;
    utc[date_size] = 'T';
    utc += 'Z';
    if (parse_rfc3339(utc))
      return utc;
  }
  return text;
}

class TableFeed final : public MentionFeed {
public:
  explicit TableFeed(TableFeedOptions options) : options_{std::move(options)} {}

  Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant now) override {
    const auto after = parse_cursor(cursor);
    if (!after)
      return after.error();
    auto opened = open();
    if (!opened)
      return opened.error();
    const auto& db = opened.value();
    const auto last = highest_id(db.get());
    if (!last)
      return last.error();
    const bool begun_anew = last.value() && *last.value() < after.value();
    return read_rows(db.get(), begun_anew ? before_all : after.value(), max, now);
  }

  Result<std::string> newest(Instant) override {
    std::error_code ignored;
    if (!std::filesystem::exists(options_.path, ignored))
      return std::to_string(before_all);
    auto opened = open();
    if (!opened)
      return opened.error();
    const auto last = highest_id(opened.value().get());
    if (!last)
      return last.error();
    return std::to_string(last.value().value_or(before_all));
  }

private:
  Error trouble(const std::string& what) const {
    return {ErrorKind::unavailable, "source", options_.path + ": " + what};
  }
  Error trouble(sqlite3* db) const {
    const auto code = sqlite3_errcode(db);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
      return trouble("is being written by another program; tried again at the next poll");
    return trouble(sqlite3_errmsg(db));
  }

  /// An open file whose table has what is needed.
  Result<Database> open() {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(options_.path, failed))
      return Error{ErrorKind::unavailable, "source", "no such file: " + options_.path};
    sqlite3* raw = nullptr;
    const auto code =
      sqlite3_open_v2(options_.path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    Database db{raw};
    if (code != SQLITE_OK)
      return trouble(raw == nullptr ? "out of memory" : sqlite3_errmsg(raw));
    sqlite3_busy_timeout(raw, busy_wait_ms);
    if (auto error = check_columns(raw))
      return std::move(*error);
    return db;
  }

  Result<Statement> prepare(sqlite3* db, const std::string& sql) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK)
      return trouble(db);
    return Statement{raw};
  }

  /// Learns which columns there are. An error names those that are missing.
  std::optional<Error> check_columns(sqlite3* db) {
    auto statement = prepare(db, "SELECT lower(name) FROM pragma_table_info('mentions')");
    if (!statement)
      return statement.error();
    auto* row = statement.value().get();
    present_.clear();
    auto code = sqlite3_step(row);
    for (; code == SQLITE_ROW; code = sqlite3_step(row))
      present_.insert(*value_of(row, 0, false));
    if (code != SQLITE_DONE)
      return trouble(db);
    if (present_.empty())
      return trouble("has no table 'mentions'; the program that writes it has to create it");
    std::string missing = present_.contains("id") ? "" : "id";
    for (const auto& column : columns)
      if (column.required && !present_.contains(column.name))
        missing += (missing.empty() ? "" : ", ") + std::string{column.name};
    if (!missing.empty())
      return trouble("table 'mentions' lacks the column(s) " + missing);
    return std::nullopt;
  }

  Result<std::optional<std::int64_t>> highest_id(sqlite3* db) const {
    auto statement = prepare(db, "SELECT max(id) FROM mentions");
    if (!statement)
      return statement.error();
    auto* row = statement.value().get();
    if (sqlite3_step(row) != SQLITE_ROW)
      return trouble(db);
    switch (sqlite3_column_type(row, 0)) {
      case SQLITE_NULL: return std::optional<std::int64_t>{};
      case SQLITE_INTEGER: return std::optional<std::int64_t>{sqlite3_column_int64(row, 0)};
      default: return trouble("column 'id' of 'mentions' must hold integers: declare it INTEGER PRIMARY KEY");
    }
  }

  std::string selection() const {
    std::string sql = "SELECT id";
    for (const auto& column : columns)
      sql += present_.contains(column.name) ? std::string{", "} + column.name : std::string{", NULL"};
    return sql + " FROM mentions WHERE id > ?1 ORDER BY id LIMIT ?2";
  }

  Result<FeedPage> read_rows(sqlite3* db, std::int64_t after, std::size_t max, Instant now) const {
    auto statement = prepare(db, selection());
    if (!statement)
      return statement.error();
    auto* row = statement.value().get();
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int64(row, 2, static_cast<std::int64_t>(max));
    FeedPage page;
    auto code = sqlite3_step(row);
    for (; code == SQLITE_ROW; code = sqlite3_step(row)) {
      const auto id = std::to_string(sqlite3_column_int64(row, 0));
      if (sqlite3_column_type(row, 0) != SQLITE_INTEGER)
        return trouble("column 'id' of 'mentions' must hold integers: declare it INTEGER PRIMARY KEY");
      page.items.push_back(item_of(row, id, now));
    }
    if (code != SQLITE_DONE)
      return trouble(db);
    page.more = page.items.size() >= max;
    return page;
  }

  FeedItem item_of(sqlite3_stmt* row, const std::string& id, Instant now) const {
    RawMention raw;
    std::map<std::string, std::string> shown{{"id", id}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      auto value = value_of(row, static_cast<int>(i) + 1, columns[i].instant);
      if (value)
        shown[columns[i].name] = *value;
      raw.*columns[i].member = std::move(value);
    }
    core::MentionIntake intake;
    intake.source = options_.source;
    intake.default_conviction = options_.default_conviction;
    intake.arrival = now;
    intake.future_tolerance.reset();
    auto answer = core::validate_mention(std::move(raw), intake);
    if (auto* mention = std::get_if<Mention>(&answer))
      return {std::move(*mention), id, now};
    auto& error = std::get<core::FieldError>(answer);
    return {RejectedInputRow{options_.source, "mentions:" + id, std::move(error.field), std::move(error.reason),
                             to_json(shown).substr(0, rejected_body_max), now},
            id, now};
  }

  TableFeedOptions options_;
  std::set<std::string> present_;  // columns, lower case
};

}  // namespace

std::unique_ptr<MentionFeed> make_table_feed(TableFeedOptions options) {
  return std::make_unique<TableFeed>(std::move(options));
}

}  // namespace heed
