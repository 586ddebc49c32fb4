#include "app/cli/named_store.hpp"

#include "persistence/open_postgres.hpp"

#include <filesystem>
#include <system_error>

namespace heed::cli {

bool NamedStore::is_missing() const {
  std::error_code ignored;
  return url.empty() &&
         (!std::filesystem::is_regular_file(file, ignored) || std::filesystem::file_size(file, ignored) == 0);
}

std::optional<NamedStore> named_store(Session& session, const std::string& path, int& exit) {
  if (!path.empty())
    return NamedStore{path, {}, path};
  Exit failed = Exit::done;
  if (session.globals().config.empty())
    return NamedStore{"var/heed.db", {}, "var/heed.db"};
  const auto config = session.load_part(session.globals().config, failed);
  exit = static_cast<int>(failed);
  if (!config)
    return std::nullopt;
  switch (config->journal.kind) {
    case config::JournalKind::sqlite: return NamedStore{config->journal.path, {}, config->journal.path};
    case config::JournalKind::postgres:
      if (!session.has_secret("journal.url", exit))
        return std::nullopt;
      return NamedStore{{}, config->journal.url.reveal(), "in PostgreSQL"};
    case config::JournalKind::memory: break;
  }
  exit = session.fail(Exit::usage, "the configured journal is kept in memory only", {},
                      "verify it through the running daemon: heed journal verify");
  return std::nullopt;
}

Exit exit_of(const Error& error) {
  const bool is_wrong = error.kind == ErrorKind::invalid || error.code == "STORE_FOREIGN" ||
                        error.code == "STORE_DAMAGED" || error.code == "STORE_NEWER";
  return is_wrong ? Exit::bad_data : Exit::unreachable;
}

Result<std::shared_ptr<JournalReader>> reader_of(const NamedStore& store) {
  if (!store.url.empty())
    return read_postgres_journal(store.url);
  auto journal = open_sqlite_journal(store.file);
  if (!journal)
    return journal.error();
  return std::move(journal).value().reader;
}

}  // namespace heed::cli
