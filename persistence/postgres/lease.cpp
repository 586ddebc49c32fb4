#include "persistence/postgres/lease.hpp"

#include "persistence/migrations.hpp"
#include "persistence/postgres/literal.hpp"

#include <algorithm>
#include <thread>

namespace heed::postgres {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_tries{100};

std::string literal(std::string_view text) {
  std::string out;
  append_literal(out, text);
  return out;
}

// Of this schema of this database; the first number says "Heed".
constexpr std::string_view lock_key = "1214604644, hashtext(current_schema())";

bool try_lock(Connection& connection) {
  return connection.number(sql::Query{}.add("SELECT pg_try_advisory_lock(").add(lock_key).add(")::int")) != 0;
}

bool has_table(Connection& connection, std::string_view name) {
  return connection.number(sql::Query{}.add(
           "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
           " AND relname = ?",
           std::string{name})) != 0;
}

std::int64_t stored_version(Connection& connection) {
  // One question for both: between two of them another process may make all tables.
  bool ours = false, others = false;
  connection.run(
    sql::Query{}.add("SELECT count(*) FILTER (WHERE relname = 'schema_migrations'), count(*) FROM pg_class"
                     " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"),
    [&](const AnswerRow& row) {
      ours = row.number(0) != 0;
      others = row.number(1) != 0;
      return false;
    });
  if (ours)
    return connection.number(sql::Query{}.add("SELECT coalesce(max(number), 0) FROM schema_migrations"));
  if (others)
    throw Failure{std::string{state_foreign}, false,
                  "it has tables of another program; name a database, or a schema by search_path, of its own"};
  return 0;
}

// All steps in one transaction: a half-migrated database cannot exist.
void migrate(Connection& connection) {
  const auto done = stored_version(connection);
  const auto steps = postgres_migrations();
  if (done == steps.back().number)
    return;
  std::string text =
    "BEGIN;CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
    " applied_at TIMESTAMPTZ NOT NULL DEFAULT now());";
  for (const auto& step : steps)
    if (step.number > done)
      text += std::string{step.sql} + "INSERT INTO schema_migrations (number, name) VALUES (" +
              std::to_string(step.number) + "," + literal(step.name) + ");";
  connection.exec(text + "COMMIT");
}

std::string holder_words(Connection& connection) {
  std::string words = "another process";
  if (has_table(connection, "journal_head"))
    connection.run(sql::Query{}.add("SELECT holder, taken_at FROM journal_head WHERE holder<>''"),
                   [&](const AnswerRow& row) {
                     words = row.text(0);
                     words += " since ";
                     words += row.text(1);
                     return false;
                   });
  return words;
}

void wait_for_lock(Connection& connection, std::chrono::seconds patience) {
  const auto until = steady_clock::now() + patience;  // tidy:allow-clock: another process is waited for
  while (!try_lock(connection)) {
    if (steady_clock::now() >= until)  // tidy:allow-clock: another process is waited for
      throw Failure{std::string{state_held}, false, "the journal is in use by " + holder_words(connection)};
    std::this_thread::sleep_for(between_tries);
  }
}

}  // namespace

Head read_head(Connection& connection) {
  Head head;
  std::int64_t last = 0;
  ChainHash last_hash{};
  const auto take_hash = [](const AnswerRow& row, int column, ChainHash& to) {
    const auto& bytes = row.blob(column);
    if (bytes.size() != to.size())
      row.damaged("a hash of the journal has the wrong length");
    std::ranges::copy(bytes, to.begin());
  };
  connection.run(sql::Query{}.add("SELECT epoch, commits, seq, hash FROM journal_head"), [&](const AnswerRow& row) {
    head = {row.number(0), row.number(1), row.number(2), {}};
    take_hash(row, 3, head.hash);
    return false;
  });
  connection.run(sql::Query{}.add("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"),
                 [&](const AnswerRow& row) {
                   last = row.number(0);
                   take_hash(row, 1, last_hash);
                   return false;
                 });
  if (last != head.seq || last_hash != head.hash)
    throw Failure{std::string{state_damaged}, false,
                  "the journal ends at row " + std::to_string(last) + ", its chain at row " +
                    std::to_string(head.seq) + "; rows were dropped, added or changed"};
  return head;
}

void check_schema(Connection& connection) {
  const auto stored = stored_version(connection);
  const auto known = postgres_migrations().back().number;
  if (stored > known)
    throw Failure{std::string{state_newer}, false,
                  "its schema is version " + std::to_string(stored) + ", this program knows up to version " +
                    std::to_string(known) + "; use the newer program or restore an older backup"};
}

void check_epoch(Connection& connection, std::int64_t epoch) {
  if (connection.number(sql::Query{}.add("SELECT epoch FROM journal_head")) != epoch)
    throw Failure{std::string{state_taken_over}, false, "the journal was taken over by " + holder_words(connection)};
}

Held take_over(const Options& options) {
  Held out{std::make_unique<Connection>(options.url, options.connect_patience), {}};
  auto& connection = *out.connection;
  check_schema(connection);
  wait_for_lock(connection, options.wait_for_holder);
  check_schema(connection);
  migrate(connection);
  connection.exec("UPDATE journal_head SET epoch=epoch+1, holder=" + literal(options.holder) +
                  ", taken_at=to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
  out.head = read_head(connection);
  return out;
}

Held come_back(const Options& options, std::int64_t epoch, int old_process) {
  Held out{std::make_unique<Connection>(options.url, options.connect_patience), {}};
  auto& connection = *out.connection;
  check_epoch(connection, epoch);
  connection.run(
    sql::Query{}.add("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid=?"
                     " AND usename=current_user AND application_name=current_setting('application_name')",
                     std::int64_t{old_process}),
    [](const AnswerRow&) { return true; });
  wait_for_lock(connection, std::chrono::seconds{1});
  check_epoch(connection, epoch);
  out.head = read_head(connection);
  return out;
}

}  // namespace heed::postgres
