// The reading half of the SQLite journal: connections that cannot write.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sqlite/signal_sketch.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

#include <memory>
#include <string>

namespace heed::sqlite {

/// Opens connections when they are first needed. Precondition: the file is there and migrated. `sketch` is the
/// writer's.
std::shared_ptr<JournalReader> make_reader(const std::string& path, const Options& options,
                                           std::shared_ptr<const SignalSketch> sketch);

}  // namespace heed::sqlite
