// Writes of the write-ahead log, gathered: a commit reaches the system in writes of 64 KiB instead of two for each
// page.
//
// SQLite writes the header and the body of every page that a commit appends to its log by a call of their own, and
// nobody reads any of it before the log is synced. This file system stands between SQLite's writing connection and
// the one below, and keeps those writes until the sync, until somebody reads the log, or until they are many. All
// else passes through. A write that fails is told by the call that made it necessary; then what was gathered is
// forgotten, as SQLite takes the whole transaction back.
//
// For the connection that writes only. Others see the log as the system has it, which is all that is committed, since
// a commit syncs before it is announced.
#pragma once

#include <sqlite3.h>

#include <string>

namespace heed::sqlite {

class LogBuffer {
public:
  /// `below`: the file system's name, empty for the default one. Throws Failure when there is none.
  explicit LogBuffer(const std::string& below);
  /// No connection may be open any more.
  ~LogBuffer();
  LogBuffer(const LogBuffer&) = delete;
  LogBuffer& operator=(const LogBuffer&) = delete;

  /// To open a connection with.
  const std::string& name() const { return name_; }

private:
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace heed::sqlite
