// Connections of one database file: how they are opened, checked and migrated, and the pool of those that only read.
#pragma once

#include "persistence/chain.hpp"
#include "persistence/sqlite/database.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace heed::sqlite {

/// Where the journal's chain ends.
struct ChainHead {
  std::int64_t seq = 0;
  ChainHash hash{};
};

/// Refuses a file that exists, is not empty and is not ours; touches nothing. Creates the file, readable for its
/// owner only, when it is absent.
Status prepare_file(const std::string& path);

/// The connection that writes: opened, ours, migrated, checked. Throws Failure. Precondition: the lock is held.
Database open_for_writing(const std::string& path, const Options& options);

/// Throws Failure (SQLITE_CORRUPT) when the last row of the journal does not fit the stored end of the chain.
ChainHead read_head(const Database& db);

/// A connection that cannot write, with the statements it has prepared.
class ReadConnection {
public:
  ReadConnection(const std::string& path, const Options& options);
  /// Prepared once per text; statements live as long as the connection.
  Statement& prepare(const std::string& sql);
  Database& database() { return db_; }

private:
  Database db_;
  std::map<std::string, Statement> statements_;
};

/// Thread-safe. Opens connections when they are first needed.
class ReadPool {
public:
  ReadPool(std::string path, Options options) : path_{std::move(path)}, options_{std::move(options)} {}

  /// One connection for one caller, given back at its end.
  class Lease {
  public:
    explicit Lease(ReadPool& pool) : pool_{pool}, connection_{pool.take()} {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ReadConnection* operator->() const { return connection_.get(); }
    ReadConnection& operator*() const { return *connection_; }

  private:
    ReadPool& pool_;
    std::unique_ptr<ReadConnection> connection_;
  };

  const std::string& path() const { return path_; }

private:
  std::unique_ptr<ReadConnection> take();
  void give_back(std::unique_ptr<ReadConnection> connection);

  const std::string path_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<ReadConnection>> idle_;
  int open_ = 0;
};

}  // namespace heed::sqlite
