// SQLite's C interface behind two owners: a connection and a prepared statement. Failures are exceptions here; the
// ports of the folder catch them and answer with an Error.
#pragma once

#include "messages/result.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heed::sqlite {

/// What SQLite said. `code` is the extended result code.
struct Failure : std::runtime_error {
  Failure(int extended_code, const std::string& what) : std::runtime_error{what}, code{extended_code} {}
  int code;
};

/// kind `unavailable` (or `invalid` for a broken constraint), a stable code, and words that name the file and the
/// fix.
Error to_error(const Failure& failure, const std::string& path);

/// Makes SQLite ready for use as we want it. Before any other use; again is harmless.
void initialize();

/// A connection. Used by one thread at a time.
class Database {
public:
  /// `flags` are SQLITE_OPEN_*; `vfs` empty means the system's.
  Database(const std::string& path, int flags, const std::string& vfs);

  /// Runs one or more statements without results.
  void exec(const std::string& sql);
  /// Throws the connection's last error unless `code` is SQLITE_OK.
  void check(int code) const;
  /// No transaction is open.
  bool idle() const { return sqlite3_get_autocommit(handle_.get()) != 0; }
  sqlite3* get() const { return handle_.get(); }

private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Text that is bound must stay alive until reset(). Parameters and columns count as in SQLite:
/// parameters from 1, columns from 0.
class Statement {
public:
  Statement() = default;
  Statement(const Database& db, const std::string& sql);

  void bind(int at, std::string_view text) {
    check(sqlite3_bind_text(handle_.get(), at, text.data() != nullptr ? text.data() : "",
                            static_cast<int>(text.size()), SQLITE_STATIC));
  }
  void bind(int at, std::int64_t number) { check(sqlite3_bind_int64(handle_.get(), at, number)); }
  void bind_blob(int at, std::span<const std::uint8_t> bytes) {
    check(sqlite3_bind_blob(handle_.get(), at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC));
  }
  void bind_null(int at) { check(sqlite3_bind_null(handle_.get(), at)); }

  /// True: a row is there. False: done.
  bool step();
  /// Steps once and makes ready for the next use; for statements without rows.
  void run();
  void reset() { sqlite3_reset(handle_.get()); }

  bool is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  /// Valid until the next step or reset.
  std::string_view text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;
  /// A column holds what no version ever wrote.
  [[noreturn]] void damaged(const std::string& words) const { throw Failure{SQLITE_CORRUPT, words}; }

private:
  void check(int code) const {
    if (code != SQLITE_OK)
      fail(code);
  }
  [[noreturn]] void fail(int code) const;

  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// Resets the statement when the block is left, however it is left.
class ResetGuard {
public:
  explicit ResetGuard(Statement& statement) : statement_{statement} {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

private:
  Statement& statement_;
};

}  // namespace heed::sqlite
