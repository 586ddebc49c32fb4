#include "persistence/sqlite/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace heed::sqlite {
namespace {

std::string words(int error) { return std::generic_category().message(error); }

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const auto size = pread(fd, text.data(), text.size() - 1, 0);
  std::string pid{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  while (!pid.empty() && pid.back() == '\n')
    pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<LockFile> LockFile::take(const std::string& database) {
  const auto path = database + ".lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{ErrorKind::unavailable, "STORE_OPEN",
                 "lock file " + path + ": " + words(errno) + "; the folder must exist and be writable for this user"};
  LockFile lock{fd};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error{ErrorKind::unavailable, "STORE_IN_USE",
                   "database " + database + " is in use by " + holder_of(fd) + "; stop it first"};
    return Error{ErrorKind::unavailable, "STORE_OPEN", "lock file " + path + ": " + words(errno)};
  }
  // The id is only for people; the lock does not depend on it.
  const auto pid = std::to_string(getpid()) + '\n';
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return Error{ErrorKind::unavailable, "STORE_OPEN", "lock file " + path + ": " + words(errno)};
  return lock;
}

LockFile::~LockFile() {
  if (fd_ >= 0)
    close(fd_);
}

}  // namespace heed::sqlite
