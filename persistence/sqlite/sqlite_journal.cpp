#include "persistence/sqlite/sqlite_journal.hpp"

#include "persistence/sqlite/reader.hpp"
#include "persistence/sqlite/writer.hpp"

namespace heed {
namespace sqlite {

Result<JournalPair> open_journal(const std::string& path, const Options& options) {
  auto lock = LockFile::take(path);
  if (!lock)
    return lock.error();
  if (const auto ok = prepare_file(path); !ok)
    return ok.error();
  try {
    auto log = std::make_unique<LogBuffer>(options.vfs);
    auto through_log = options;
    through_log.vfs = log->name();
    auto db = open_for_writing(path, through_log);
    auto writer = std::make_unique<Writer>(path, options, std::move(lock).value(), std::move(log), std::move(db));
    auto reader = make_reader(path, options, writer->sketch());
    return JournalPair{std::move(writer), std::move(reader)};
  } catch (const Failure& failure) {
    auto error = to_error(failure, path);
    if (failure.code == SQLITE_SCHEMA)
      error.code = "STORE_NEWER";
    return error;
  }
}

}  // namespace sqlite

Result<JournalPair> open_sqlite_journal(const std::string& path) { return sqlite::open_journal(path, {}); }

}  // namespace heed
