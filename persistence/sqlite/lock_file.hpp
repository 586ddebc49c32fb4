// One process per database file: a lock that the kernel takes away when the process ends, however it ends.
#pragma once

#include "messages/result.hpp"

#include <string>

namespace heed::sqlite {

/// Holds an exclusive lock on "<database>.lock", whose content is the holder's process id. Movable; unlocks at its
/// end.
class LockFile {
public:
  /// Refuses at once when another holder exists; the error names the file and the holder's process id.
  static Result<LockFile> take(const std::string& database);

  LockFile(LockFile&& other) noexcept : fd_{other.fd_} { other.fd_ = -1; }
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

private:
  explicit LockFile(int fd) : fd_{fd} {}
  int fd_;
};

}  // namespace heed::sqlite
