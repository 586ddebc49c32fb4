// Who may write: one holder per journal, and the ones before it fenced off.
//
// A session lock of the server says that the holder lives; the epoch in `journal_head`, raised by each new holder and
// checked within every commit, sees to it that one who only believes to be the holder cannot write.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/postgres_journal.hpp"

#include <memory>

namespace heed::postgres {

/// What a holder knows of the journal it holds.
struct Head {
  std::int64_t epoch = 0;
  std::int64_t commits = 0;
  std::int64_t seq = 0;
  ChainHash hash{};
};

/// Throws Failure when the stored end of the chain is not the journal's last row.
Head read_head(Connection& connection);

struct Held {
  std::unique_ptr<Connection> connection;
  Head head;
};

/// Waits for the holder to go as the options say, brings the schema up to date, and takes over. Throws Failure
/// (state_held, naming the holder; state_newer; state_foreign).
Held take_over(const Options& options);

/// A new session for one who is the holder already and lost the old one, `old_process` of the server. Ends that one
/// if it still lives, so that nothing of it can come after this. Throws Failure (state_taken_over) when somebody else
/// holds the journal now.
Held come_back(const Options& options, std::int64_t epoch, int old_process);

/// Throws Failure (state_taken_over, naming the holder) unless the journal's epoch is this one. Locks nothing.
void check_epoch(Connection& connection, std::int64_t epoch);

/// Refuses, with a Failure, a database that is not ours or newer than this program.
void check_schema(Connection& connection);

}  // namespace heed::postgres
