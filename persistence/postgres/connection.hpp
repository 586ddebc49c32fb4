// One session with a PostgreSQL server, behind libpqxx: what is asked as text comes back as rows. Failures are
// exceptions here; the ports of the folder catch them and answer with an Error.
#pragma once

#include "messages/result.hpp"
#include "persistence/chain.hpp"
#include "persistence/sql/query.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::postgres {

/// What the server or the connection to it said.
struct Failure : std::runtime_error {
  Failure(std::string sql_state, bool connection_lost, const std::string& words)
      : std::runtime_error{words}, state{std::move(sql_state)}, lost{connection_lost} {}
  std::string state;  // SQLSTATE; empty when the server did not say
  bool lost;          // the session is over: what it was doing may have been done
};

/// States of our own, raised by the schema and by this program.
inline constexpr std::string_view state_taken_over = "HF001", state_out_of_step = "HF002", state_foreign = "HF003",
                                  state_newer = "HF004", state_damaged = "XX001", state_held = "HF005";

/// `name` as of name_of().
Error to_error(const Failure& failure, const std::string& name);

/// What people call the database: its address without name of user, password and parameters.
std::string name_of(const std::string& url);

/// One row of an answer; see sql::RowReader.
class AnswerRow {
public:
  AnswerRow(const void* result, int row) : result_{result}, row_{row} {}
  bool is_null(int column) const;
  std::int64_t number(int column) const;
  /// Valid until the next call.
  std::string_view text(int column) const;
  /// Of a BYTEA; valid until the next call.
  const std::vector<std::uint8_t>& blob(int column) const;
  [[noreturn]] void damaged(const std::string& words) const;

private:
  std::string_view raw(int column) const;

  const void* result_;
  int row_;
  mutable std::string decoded_;
  mutable std::vector<std::uint8_t> bytes_;
};

/// Used by one thread at a time. Ends the session with it.
class Connection {
public:
  /// Throws Failure. Waits `patience` at most for the server to answer.
  Connection(const std::string& url, std::chrono::seconds patience);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs statements without an answer, in one message.
  void exec(const std::string& statements);
  /// Calls f(row) for each row of the answer until it returns false.
  template <class F>
  void run(const sql::Query& query, F&& f) {
    const auto answer = ask(query);
    for (int number = 0; number < answer.rows; ++number) {
      const AnswerRow row{answer.result.get(), number};
      if (!f(row))
        return;
    }
  }
  /// The first column of the first row as a number; 0 when there is none.
  std::int64_t number(const sql::Query& query);
  bool usable() const;
  /// Of the server's process that serves this session.
  int process() const;

private:
  struct Answer {
    std::shared_ptr<const void> result;
    int rows = 0;
  };
  Answer ask(const sql::Query& query);

  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace heed::postgres
