// Opening the journal in a PostgreSQL database; see journal.hpp for the port.
#pragma once

#include "persistence/journal.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace heed {

struct PostgresJournal {
  std::string url;                          // secret: it may carry a password
  std::chrono::seconds wait_for_holder{0};  // how long to wait for another process that holds it to go
};
/// Takes over the journal, migrates, and fences off whoever held it before; refuses while that one lives, a newer
/// schema, tables of another program. A writer that somebody else took over from answers STORE_FENCED for ever.
Result<JournalPair> open_postgres_journal(const PostgresJournal& where);
/// Only reads, whoever holds it, and changes nothing.
Result<std::shared_ptr<JournalReader>> read_postgres_journal(const std::string& url);

}  // namespace heed
