#include "persistence/sqlite/log_buffer.hpp"

#include "persistence/sqlite/database.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

namespace heed::sqlite {
namespace {

constexpr std::size_t gathered_max = 1024UL * 1024;
constexpr std::size_t write_max = 64UL * 1024;  // SQLite's own file systems take a page at most for granted, 64 KiB

/// The open log. The file below lies behind it, in the memory that SQLite gives.
struct LogFile {
  sqlite3_file base;
  std::vector<char> gathered;
  sqlite3_int64 from = 0;  // where `gathered` belongs

  sqlite3_int64 end() const { return from + static_cast<sqlite3_int64>(gathered.size()); }
};

constexpr std::size_t room_for_log =
  (sizeof(LogFile) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

LogFile& log_of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + room_for_log);
}
sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

// SQLite knows a full disk by ENOSPC alone; to us a quota used up or a file at its size limit is one as well.
int told_as_full(sqlite3_file* real, int code) {
  int error = 0;
  if (code != SQLITE_IOERR_WRITE || real->pMethods->xFileControl(real, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK)
    return code;
  return error == EFBIG || error == EDQUOT ? SQLITE_FULL : code;
}

int flush(sqlite3_file* file) {
  auto& log = log_of(file);
  auto* real = below(file);
  int code = SQLITE_OK;
  for (std::size_t done = 0; done < log.gathered.size() && code == SQLITE_OK; done += write_max) {
    const auto size = std::min(write_max, log.gathered.size() - done);
    code = told_as_full(real, real->pMethods->xWrite(real, log.gathered.data() + done, static_cast<int>(size),
                                                     log.from + static_cast<sqlite3_int64>(done)));
  }
  log.gathered.clear();
  return code;
}

template <class Then>
int flush_then(sqlite3_file* file, Then then) {
  const int code = flush(file);
  return code == SQLITE_OK ? then(below(file)) : code;
}

// ---- the log's methods --------------------------------------------------------------------------------------------

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  auto& log = log_of(file);
  const auto* from = static_cast<const char*>(bytes);
  if (!log.gathered.empty() && at >= log.from && at + size <= log.end()) {
    std::copy_n(from, size, log.gathered.begin() + static_cast<std::ptrdiff_t>(at - log.from));
    return SQLITE_OK;
  }
  if (at != log.end() || log.gathered.size() >= gathered_max)
    if (const int code = flush(file); code != SQLITE_OK)
      return code;
  if (log.gathered.empty())
    log.from = at;
  try {
    log.gathered.insert(log.gathered.end(), from, from + size);
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) {
  const auto& log = log_of(file);
  if (at < log.end() && at + size > log.from)
    if (const int code = flush(file); code != SQLITE_OK)
      return code;
  auto* real = below(file);
  return real->pMethods->xRead(real, bytes, size, at);
}

int sync(sqlite3_file* file, int flags) {
  return flush_then(file, [&](sqlite3_file* real) { return real->pMethods->xSync(real, flags); });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return flush_then(file, [&](sqlite3_file* real) { return real->pMethods->xTruncate(real, size); });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return flush_then(file, [&](sqlite3_file* real) { return real->pMethods->xFileSize(real, size); });
}

// What was not synced belongs to no commit.
int close(sqlite3_file* file) {
  auto* real = below(file);
  const int code = real->pMethods->xClose(real);
  log_of(file).~LogFile();
  return code;
}

int lock(sqlite3_file* file, int level) { return below(file)->pMethods->xLock(below(file), level); }
int unlock(sqlite3_file* file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }
int is_reserved(sqlite3_file* file, int* out) { return below(file)->pMethods->xCheckReservedLock(below(file), out); }
int control(sqlite3_file* file, int what, void* with) {
  return below(file)->pMethods->xFileControl(below(file), what, with);
}
int sector_size(sqlite3_file* file) {
  const auto* methods = below(file)->pMethods;
  return methods->xSectorSize != nullptr ? methods->xSectorSize(below(file)) : 4096;
}
int characteristics(sqlite3_file* file) { return below(file)->pMethods->xDeviceCharacteristics(below(file)); }

const sqlite3_io_methods log_methods = [] {
  sqlite3_io_methods out{};
  out.iVersion = 1;
  out.xClose = close;
  out.xRead = read;
  out.xWrite = write;
  out.xTruncate = truncate;
  out.xSync = sync;
  out.xFileSize = file_size;
  out.xLock = lock;
  out.xUnlock = unlock;
  out.xCheckReservedLock = is_reserved;
  out.xFileControl = control;
  out.xSectorSize = sector_size;
  out.xDeviceCharacteristics = characteristics;
  return out;
}();

// ---- the file system's methods ------------------------------------------------------------------------------------

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* real = below(vfs);
  if ((flags & SQLITE_OPEN_WAL) == 0)
    return real->xOpen(real, name, file, flags, out_flags);
  auto* log = new (file) LogFile{};
  const int code = real->xOpen(real, name, below(file), flags, out_flags);
  if (code != SQLITE_OK) {
    if (auto* opened = below(file); opened->pMethods != nullptr)
      opened->pMethods->xClose(opened);
    log->~LogFile();
    file->pMethods = nullptr;
    return code;
  }
  log->base.pMethods = &log_methods;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  return below(vfs)->xDelete(below(vfs), name, sync_folder);
}
int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return below(vfs)->xAccess(below(vfs), name, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return below(vfs)->xFullPathname(below(vfs), name, size, out);
}
int random_bytes(sqlite3_vfs* vfs, int size, char* out) { return below(vfs)->xRandomness(below(vfs), size, out); }
int wait_a_while(sqlite3_vfs* vfs, int microseconds) { return below(vfs)->xSleep(below(vfs), microseconds); }
int current_time(sqlite3_vfs* vfs, double* out) { return below(vfs)->xCurrentTime(below(vfs), out); }
int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  auto* real = below(vfs);
  if (real->iVersion >= 2 && real->xCurrentTimeInt64 != nullptr)
    return real->xCurrentTimeInt64(real, out);
  double days = 0;
  const int code = real->xCurrentTime(real, &days);
  *out = static_cast<sqlite3_int64>(days * 86'400'000.0);
  return code;
}
int last_error(sqlite3_vfs* vfs, int size, char* out) { return below(vfs)->xGetLastError(below(vfs), size, out); }

}  // namespace

LogBuffer::LogBuffer(const std::string& below_name) {
  initialize();
  auto* real = sqlite3_vfs_find(below_name.empty() ? nullptr : below_name.c_str());
  if (real == nullptr)
    throw Failure{SQLITE_CANTOPEN, "there is no file system " + below_name};
  static std::atomic<unsigned> made{0};
  name_ = "heed-log-" + std::to_string(++made);
  vfs_.iVersion = 2;
  vfs_.szOsFile = real->szOsFile + static_cast<int>(room_for_log);
  vfs_.mxPathname = real->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = real;
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  vfs_.xAccess = access;
  vfs_.xFullPathname = full_path;
  vfs_.xRandomness = random_bytes;
  vfs_.xSleep = wait_a_while;
  vfs_.xCurrentTime = current_time;
  vfs_.xGetLastError = last_error;
  vfs_.xCurrentTimeInt64 = current_time_ms;
  if (const int code = sqlite3_vfs_register(&vfs_, 0); code != SQLITE_OK)
    throw Failure{code, "the log's file system cannot be registered"};
}

LogBuffer::~LogBuffer() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace heed::sqlite
