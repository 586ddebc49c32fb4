#include "config/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace heed::config {
namespace {

class Descriptor {
public:
  // Non-blocking, so that a pipe put in the file's place cannot hold the start up.
  explicit Descriptor(const std::string& path) : fd_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

Error invalid(std::string code, std::string detail) {
  return {.kind = ErrorKind::invalid, .code = std::move(code), .detail = std::move(detail)};
}

Error cannot_open(const std::string& path, int error) {
  switch (error) {
    case ENOENT: return invalid("CONFIG_FILE_MISSING", "there is no such file: " + path);
    case ENOTDIR: return invalid("CONFIG_FILE_MISSING", "part of the path is no folder: " + path);
    case EACCES:
      return invalid("CONFIG_FILE_UNREADABLE",
                     "may not be read by this user; chown it to the user that runs heed, or: chmod u+r " + path);
    case ELOOP: return invalid("CONFIG_FILE_LOOP", "its symbolic links go in a circle: " + path);
    case ENAMETOOLONG: return invalid("CONFIG_FILE_MISSING", "the path is too long");
    default: return invalid("CONFIG_FILE_UNREADABLE", "cannot be opened (" + std::string{std::strerror(error)} + ")");
  }
}

std::optional<Error> refuse(const struct stat& info, const std::string& path, std::size_t bytes_max) {
  if (S_ISDIR(info.st_mode))
    return invalid("CONFIG_FILE_KIND", "is a folder; name the file in it");
  if (!S_ISREG(info.st_mode))
    return invalid("CONFIG_FILE_KIND", "is no regular file");
  if ((info.st_mode & S_IWOTH) != 0)
    return invalid("CONFIG_FILE_WRITABLE", "can be written by everybody on this machine; chmod o-w " + path);
  if (static_cast<std::size_t>(info.st_size) > bytes_max)
    return invalid("CONFIG_FILE_SIZE",
                   "is larger than " + std::to_string(bytes_max) + " bytes; is it the right file?");
  return std::nullopt;
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/// Up to one byte more than allowed, so that a file that grows meanwhile is noticed.
Result<std::string> read_all(int fd, std::size_t bytes_max) {
  std::string text;
  std::array<char, 16UL * 1024> buffer{};
  while (text.size() <= bytes_max) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return invalid("CONFIG_FILE_UNREADABLE", "cannot be read (" + std::string{std::strerror(errno)} + ")");
    if (got == 0)
      break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Result<FileText> read_file(const std::string& path, std::size_t bytes_max) {
  if (path.find('\0') != std::string::npos)
    return invalid("CONFIG_FILE_MISSING", "the path holds a zero byte");
  constexpr int attempts = 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const Descriptor file{path};
    struct stat before {};
    struct stat after {};
    if (file.get() < 0 || ::fstat(file.get(), &before) != 0)
      return cannot_open(path, errno);
    if (const auto error = refuse(before, path, bytes_max))
      return *error;
    auto text = read_all(file.get(), bytes_max);
    if (!text)
      return text.error();
    if (::fstat(file.get(), &after) == 0 && same(before, after) &&
        text.value().size() == static_cast<std::size_t>(after.st_size))
      return FileText{std::move(text).value(), (after.st_mode & S_IROTH) != 0};
  }
  return invalid("CONFIG_FILE_CHANGING", "changes while it is being read; put a finished file in its place by mv");
}

}  // namespace heed::config
