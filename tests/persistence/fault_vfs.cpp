#include "tests/persistence/fault_vfs.hpp"

#include <sqlite3.h>

#include <utility>

namespace heed::test {
namespace {

struct Control {
  FaultDisk::Kind kind = FaultDisk::Kind::io;
  std::int64_t left = 0;  // operations until the failure; 0: none
  bool forever = false;
  bool fired = false;
  bool read_only = false;
  std::function<void(const FaultDisk::Change&)> watcher;
} control;

// The code to fail with, or SQLITE_OK.
int next(bool is_sync) {
  if (control.left == 0 || (control.kind == FaultDisk::Kind::sync && !is_sync) ||
      (control.kind == FaultDisk::Kind::full && is_sync))
    return SQLITE_OK;
  if (--control.left > 0)
    return SQLITE_OK;
  control.fired = true;
  if (control.forever)
    control.left = 1;
  if (control.kind == FaultDisk::Kind::full)
    return SQLITE_FULL;
  return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
}

struct File {
  sqlite3_file base;  // first: SQLite hands us this
  sqlite3_file* real;
  const char* name;  // SQLite's, for as long as the file is open; null for temporary ones
};

using Change = FaultDisk::Change;

void tell(sqlite3_file* file, Change::Kind kind, std::int64_t at, std::string bytes) {
  const auto* name = reinterpret_cast<File*>(file)->name;
  if (control.watcher && name != nullptr)
    control.watcher({kind, name, at, std::move(bytes)});
}

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

int close_file(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return real(f)->pMethods->xRead(real(f), to, n, at);
}
int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const int code = next(false);
  if (code != SQLITE_OK)
    return code;
  tell(f, Change::Kind::write, at, {static_cast<const char*>(from), static_cast<std::size_t>(n)});
  return real(f)->pMethods->xWrite(real(f), from, n, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  const int code = next(false);
  if (code != SQLITE_OK)
    return code;
  tell(f, Change::Kind::truncate, size, {});
  return real(f)->pMethods->xTruncate(real(f), size);
}
// What was written stays written when the sync fails: that is what makes its fate unknown.
int sync_file(sqlite3_file* f, int flags) {
  const int code = next(true);
  if (code != SQLITE_OK)
    return code;
  tell(f, Change::Kind::sync, 0, {});
  return real(f)->pMethods->xSync(real(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); }
int lock_file(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int unlock_file(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int check_lock(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int control_file(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int characteristics(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

sqlite3_vfs* system_disk() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  return found;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  static const sqlite3_io_methods methods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,      nullptr};
  file->pMethods = nullptr;
  if (control.read_only && (flags & SQLITE_OPEN_READWRITE) != 0)
    return SQLITE_CANTOPEN;
  auto* ours = reinterpret_cast<File*>(file);
  ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
  ours->name = name;
  const int code = system_disk()->xOpen(system_disk(), name, ours->real, flags, out_flags);
  if (ours->real->pMethods != nullptr)
    file->pMethods = &methods;
  return code;
}

int remove_file(sqlite3_vfs*, const char* name, int sync_folder) {
  if (control.watcher)
    control.watcher({Change::Kind::remove, name, 0, {}});
  return system_disk()->xDelete(system_disk(), name, sync_folder);
}

sqlite3_vfs* fault_disk() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs copy = *system_disk();
    copy.zName = "heed-fault";
    copy.szOsFile = static_cast<int>(sizeof(File)) + system_disk()->szOsFile;
    copy.xOpen = open_file;
    copy.xDelete = remove_file;
    return copy;
  }();
  return &vfs;
}

}  // namespace

FaultDisk::FaultDisk() {
  control = {};
  sqlite3_vfs_register(fault_disk(), 0);
}
FaultDisk::~FaultDisk() {
  control = {};
  sqlite3_vfs_unregister(fault_disk());
}
void FaultDisk::fail(Kind kind, std::int64_t nth, bool forever) {
  control.kind = kind;
  control.left = nth;
  control.forever = forever;
  control.fired = false;
}
void FaultDisk::heal() { control.left = 0; }
void FaultDisk::read_only(bool on) { control.read_only = on; }
bool FaultDisk::fired() const { return control.fired; }
void FaultDisk::watch(std::function<void(const Change&)> watcher) { control.watcher = std::move(watcher); }

}  // namespace heed::test
