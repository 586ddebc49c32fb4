// Opening the PostgreSQL journal, with what tests may want to vary.
#pragma once

#include "persistence/journal.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace heed::postgres {

struct Options {
  std::string url;     // postgresql://user:password@host:port/database?...
  std::string holder;  // who we are, for the one who finds the journal taken: "process 17 on rome"
  std::chrono::seconds wait_for_holder{0};  // how long to wait for another holder to go
  std::chrono::seconds connect_patience{5};
  std::chrono::seconds resolve_patience{20};  // how long to look for the outcome of a commit whose reply was lost
  int most_readers = 4;                       // connections of the reader; further callers wait for a free one
};

/// As open_postgres_journal.
Result<JournalPair> open_journal(Options options);

}  // namespace heed::postgres
