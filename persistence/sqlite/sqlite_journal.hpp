// Opening the SQLite journal, with what tests and tools may want to vary.
#pragma once

#include "persistence/journal.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace heed::sqlite {

struct Options {
  std::string vfs;                           // empty: the system's; tests name one that fails on purpose
  std::int64_t checkpoint_pages = 16'000;    // WAL pages after which an append copies them into the database file
  std::int64_t idle_checkpoint_pages = 500;  // the same for an append of nothing, which is upkeep
  std::int64_t cache_kib = 65'536;           // page cache of the writer
  std::int64_t check_rows = 100'000;         // at open, tables up to this many rows are checked for damage
  int most_readers = 4;                      // connections of the reader; further callers wait for a free one
};

/// As open_sqlite_journal(path). Error codes: STORE_IN_USE, STORE_FOREIGN, STORE_NEWER, STORE_DAMAGED, STORE_OPEN,
/// STORE_READONLY, STORE_FULL, STORE_IO, STORE_BUSY.
Result<JournalPair> open_journal(const std::string& path, const Options& options);

/// A warning for the log when this SQLite has the WAL-reset bug (3.7.0 to 3.51.2), which needs more than one
/// connection that writes or checkpoints; empty when it has not. `version` as of sqlite3_libversion_number().
std::string storage_notice(int version);

/// The highest migration that this program knows.
std::int64_t schema_version();

}  // namespace heed::sqlite

namespace heed {

/// storage_notice() of the SQLite that is in use.
std::string storage_notice();

}  // namespace heed
