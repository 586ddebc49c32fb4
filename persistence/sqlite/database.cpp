#include "persistence/sqlite/database.hpp"

namespace heed::sqlite {

Error to_error(const Failure& failure, const std::string& path) {
  const auto error = [&](ErrorKind kind, const char* code, const char* advice) {
    return Error{kind, code, "database " + path + ": " + failure.what() + advice};
  };
  switch (failure.code & 0xFF) {
    case SQLITE_FULL:
      return error(ErrorKind::unavailable, "STORE_FULL",
                   "; free space on its disk, or raise the quota or size limit");
    case SQLITE_IOERR: return error(ErrorKind::unavailable, "STORE_IO", "; check the disk and the system's log");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(ErrorKind::unavailable, "STORE_READONLY", "; make the file and its folder writable for this user");
    case SQLITE_CANTOPEN:
      return error(ErrorKind::unavailable, "STORE_OPEN", "; the folder must exist and be writable for this user");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(ErrorKind::unavailable, "STORE_BUSY", "; another program holds it, close that program");
    case SQLITE_CORRUPT:
      return error(ErrorKind::unavailable, "STORE_DAMAGED", "; the file is damaged, restore a backup");
    case SQLITE_NOTADB:
      return error(ErrorKind::unavailable, "STORE_FOREIGN", "; this is not a database of Heed, name another file");
    case SQLITE_CONSTRAINT: return error(ErrorKind::invalid, "STORE_CONSTRAINT", "");
    default: return error(ErrorKind::unavailable, "STORE", "");
  }
}

void initialize() {
  // Counting memory costs a lock at each allocation, and nobody asks for the count. Refused, without harm, when
  // SQLite is in use already.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_initialize();
}

Database::Database(const std::string& path, int flags, const std::string& vfs) {
  initialize();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  handle_.reset(raw);
  if (code != SQLITE_OK)
    throw Failure{raw != nullptr ? sqlite3_extended_errcode(raw) : code,
                  raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code)};
  sqlite3_extended_result_codes(raw, 1);
}

void Database::check(int code) const {
  if (code != SQLITE_OK)
    throw Failure{sqlite3_extended_errcode(get()), sqlite3_errmsg(get())};
}

void Database::exec(const std::string& sql) { check(sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr)); }

Statement::Statement(const Database& db, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  db.check(sqlite3_prepare_v3(db.get(), sql.c_str(), static_cast<int>(sql.size()) + 1, SQLITE_PREPARE_PERSISTENT,
                              &raw, nullptr));
  handle_.reset(raw);
}

void Statement::fail(int code) const {
  auto* db = sqlite3_db_handle(handle_.get());
  throw Failure{code, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code)};
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    fail(code);
  return code == SQLITE_ROW;
}

void Statement::run() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    const Failure failure{code, sqlite3_errmsg(sqlite3_db_handle(handle_.get()))};
    reset();
    throw failure;
  }
  reset();
}

std::string_view Statement::text(int column) const {
  const auto* chars = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return chars != nullptr ? std::string_view{chars, size} : std::string_view{};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

}  // namespace heed::sqlite
