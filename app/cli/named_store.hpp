// The store that a command works on when no daemon does it.
#pragma once

#include "app/cli/session.hpp"
#include "persistence/journal.hpp"

#include <memory>
#include <optional>
#include <string>

namespace heed::cli {

/// A store that may have no daemon: a SQLite file, or a database of a PostgreSQL server.
struct NamedStore {
  std::string file;
  std::string url;
  std::string words;  // for people; without secrets

  /// A SQLite file that is not there, or is empty: opening it would make a store of it.
  bool is_missing() const;
};

/// The store that `path`, --config or the defaults name. Empty: it has said why, and `exit` is what to end with.
std::optional<NamedStore> named_store(Session& session, const std::string& path, int& exit);

/// For a store that cannot be opened: bad data when it is none of ours or not whole, else it is not available.
Exit exit_of(const Error& error);

/// Of PostgreSQL without the leave of its holder, who may be another machine's daemon.
Result<std::shared_ptr<JournalReader>> reader_of(const NamedStore& store);

}  // namespace heed::cli
