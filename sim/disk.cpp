#include "sim/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace heed::sim {
namespace {

Disk* the_disk = nullptr;
constexpr std::int64_t sector = 512;

}  // namespace

/// What SQLite holds of an open file. `base` comes first: SQLite hands it back.
struct Disk::Handle {
  sqlite3_file base;
  File* file;
  std::shared_ptr<File>* keep;
  std::uint64_t epoch;
  int lock;
  unsigned shm_shared, shm_exclusive;
};

namespace {

using Handle = Disk::Handle;

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
bool works(const Handle& h) { return the_disk != nullptr && the_disk->alive(h.epoch); }

int close_file(sqlite3_file* f) {
  auto& h = handle_of(f);
  std::erase(h.file->handles, &h);
  if (h.file->handles.empty())
    h.file->gone.clear();
  delete h.keep;
  return SQLITE_OK;
}

int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  const auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_READ;
  const auto& bytes = h.file->bytes;
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  const auto there = std::clamp<sqlite3_int64>(size - at, 0, n);
  if (there > 0)
    std::memcpy(to, bytes.data() + at, static_cast<std::size_t>(there));
  if (there == n)
    return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, static_cast<std::size_t>(n - there));
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_WRITE;
  bool half = false;
  if (const int code = the_disk->begin_change(false, half); code != SQLITE_OK)
    return code;
  h.file->write(from, half ? n / 2 : n, at);
  the_disk->end_change();
  return half ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  const auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_TRUNCATE;
  bool half = false;
  if (const int code = the_disk->begin_change(false, half); code != SQLITE_OK)
    return code;
  if (!half)
    h.file->truncate(size);
  the_disk->end_change();
  return half ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int sync_file(sqlite3_file* f, int) {
  const auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_FSYNC;
  bool half = false;
  if (const int code = the_disk->begin_change(true, half); code != SQLITE_OK)
    return code;
  if (!half) {
    h.file->unsynced.clear();
    the_disk->note_sync();
  }
  the_disk->end_change();
  return half ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

int file_size(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(handle_of(f).file->bytes.size());
  return SQLITE_OK;
}

template <class Test>
bool any_other(const Handle& h, Test test) {
  const auto& all = h.file->handles;
  return std::any_of(all.begin(), all.end(),
                     [&](const Handle* other) { return other != &h && other->epoch == h.epoch && test(*other); });
}

int lock_file(sqlite3_file* f, int level) {
  auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_LOCK;
  if (h.lock >= level)
    return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (any_other(h, [](const Handle& o) { return o.lock >= SQLITE_LOCK_PENDING; }))
      return SQLITE_BUSY;
  } else if (any_other(h, [](const Handle& o) { return o.lock >= SQLITE_LOCK_RESERVED; })) {
    return SQLITE_BUSY;
  } else if (level == SQLITE_LOCK_EXCLUSIVE &&
             any_other(h, [](const Handle& o) { return o.lock >= SQLITE_LOCK_SHARED; })) {
    h.lock = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  h.lock = level;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* f, int level) {
  handle_of(f).lock = std::min(handle_of(f).lock, level);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* f, int* out) {
  const auto& h = handle_of(f);
  *out =
    h.lock >= SQLITE_LOCK_RESERVED || any_other(h, [](const Handle& o) { return o.lock >= SQLITE_LOCK_RESERVED; });
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return static_cast<int>(sector); }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  const auto& h = handle_of(f);
  *out = nullptr;
  if (!works(h))
    return SQLITE_IOERR_SHMMAP;
  auto& pages = h.file->shared;
  while (pages.size() <= static_cast<std::size_t>(page)) {
    if (extend == 0)
      return SQLITE_OK;
    pages.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *out = pages[static_cast<std::size_t>(page)].get();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  auto& h = handle_of(f);
  if (!works(h))
    return SQLITE_IOERR_SHMLOCK;
  const unsigned mask = ((1U << n) - 1U) << offset;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    h.shm_shared &= ~mask;
    h.shm_exclusive &= ~mask;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (any_other(h,
                [&](const Handle& o) { return ((o.shm_exclusive | (exclusive ? o.shm_shared : 0U)) & mask) != 0; }))
    return SQLITE_BUSY;
  (exclusive ? h.shm_exclusive : h.shm_shared) |= mask;
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* f, int remove) {
  auto& h = handle_of(f);
  h.shm_shared = h.shm_exclusive = 0;
  if (remove != 0 && works(h))
    h.file->shared.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods methods = {
  2,         close_file,  read_file,      write_file,   truncate_file, sync_file,       file_size,
  lock_file, unlock_file, check_reserved, control_file, sector_size,   characteristics, shm_map,
  shm_lock,  shm_barrier, shm_unmap,      nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (the_disk == nullptr || !the_disk->alive(the_disk->epoch()))
    return SQLITE_CANTOPEN;
  static int temporary = 0;
  const std::string path = name != nullptr ? name : "temporary-" + std::to_string(++temporary);
  // A journal's file is made by the program before SQLite sees it.
  const bool create = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;
  auto* found = the_disk->open(path, create);
  if (found == nullptr)
    return SQLITE_CANTOPEN;
  auto& h = *reinterpret_cast<Handle*>(file);
  h = {{&methods}, found, new std::shared_ptr<Disk::File>{the_disk->share(path)}, the_disk->epoch(), 0, 0, 0};
  found->handles.push_back(&h);
  if (out_flags != nullptr)
    *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int) {
  if (the_disk == nullptr || !the_disk->alive(the_disk->epoch()))
    return SQLITE_IOERR_DELETE;
  if (!the_disk->exists(name))
    return SQLITE_IOERR_DELETE_NOENT;
  bool half = false;
  if (const int code = the_disk->begin_change(false, half); code != SQLITE_OK)
    return code == SQLITE_FULL ? SQLITE_IOERR_DELETE : code;
  if (!half)
    the_disk->remove(name);
  the_disk->end_change();
  return half ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

int access_file(sqlite3_vfs*, const char* name, int, int* out) {
  *out = the_disk != nullptr && the_disk->exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int random_bytes(sqlite3_vfs*, int n, char* out) {
  for (int i = 0; i < n; ++i)
    out[i] = static_cast<char>(the_disk != nullptr ? the_disk->chance().next() : 0);
  return n;
}

int wait_a_while(sqlite3_vfs*, int microseconds) { return microseconds; }

int current_time(sqlite3_vfs*, sqlite3_int64* out) {
  *out = 212'000'000'000'000LL;  // only stamps of migrations use it
  return SQLITE_OK;
}
int current_time_old(sqlite3_vfs*, double* out) {
  *out = 2'453'703.7;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

sqlite3_vfs* file_system() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs fresh{};
    fresh.iVersion = 2;
    fresh.szOsFile = static_cast<int>(sizeof(Handle));
    fresh.mxPathname = 512;
    fresh.zName = "heed-sim";
    fresh.xOpen = open_file;
    fresh.xDelete = delete_file;
    fresh.xAccess = access_file;
    fresh.xFullPathname = full_path;
    fresh.xRandomness = random_bytes;
    fresh.xSleep = wait_a_while;
    fresh.xCurrentTime = current_time_old;
    fresh.xGetLastError = last_error;
    fresh.xCurrentTimeInt64 = current_time;
    return fresh;
  }();
  return &vfs;
}

}  // namespace

// ---- bytes --------------------------------------------------------------------------------------------------------

void Disk::File::write(const void* from, std::int64_t size, std::int64_t offset) {
  Change change;
  change.offset = offset;
  change.size_before = static_cast<std::int64_t>(bytes.size());
  change.after.assign(static_cast<const char*>(from), static_cast<std::size_t>(size));
  const auto old = std::clamp<std::int64_t>(change.size_before - offset, 0, size);
  if (old > 0)
    change.before = bytes.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(old));
  redo(change, size);
  unsynced.push_back(std::move(change));
}

void Disk::File::truncate(std::int64_t size) {
  Change change;
  change.truncated = true;
  change.offset = size;
  change.size_before = static_cast<std::int64_t>(bytes.size());
  if (size < change.size_before)
    change.before = bytes.substr(static_cast<std::size_t>(size));
  bytes.resize(static_cast<std::size_t>(size));
  unsynced.push_back(std::move(change));
}

void Disk::File::undo(const Change& change) {
  if (change.truncated) {
    bytes.resize(static_cast<std::size_t>(change.offset));
    bytes += change.before;
    bytes.resize(static_cast<std::size_t>(change.size_before));
    return;
  }
  std::copy(change.before.begin(), change.before.end(), bytes.begin() + change.offset);
  bytes.resize(static_cast<std::size_t>(change.size_before));
}

void Disk::File::redo(const Change& change, std::int64_t made_it) {
  if (change.truncated) {
    bytes.resize(static_cast<std::size_t>(change.offset));
    return;
  }
  const auto end = static_cast<std::size_t>(change.offset + made_it);
  if (bytes.size() < end)
    bytes.resize(end);
  std::memcpy(bytes.data() + change.offset, change.after.data(), static_cast<std::size_t>(made_it));
}

// ---- the disk -----------------------------------------------------------------------------------------------------

Disk::Disk(std::uint64_t seed) : chance_{seed, "disk"} {
  the_disk = this;
  sqlite3_vfs_register(file_system(), 1);
  sqlite3_randomness(0, nullptr);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(file_system());
  sqlite3_randomness(0, nullptr);
  the_disk = nullptr;
}

Disk* Disk::current() { return the_disk; }

Disk::File* Disk::open(const std::string& name, bool create) {
  const auto found = files_.find(name);
  if (found != files_.end())
    return found->second.get();
  return create ? (files_[name] = std::make_shared<File>()).get() : nullptr;
}

std::shared_ptr<Disk::File> Disk::share(const std::string& name) { return files_.at(name); }

void Disk::fail(Fails how, std::int64_t nth, std::int64_t count) {
  how_ = how;
  fail_from_ = operations_ + nth;
  fail_count_ = count;
  fail_forever_ = count == 0;
}

void Disk::heal() { how_ = Fails::none; }

void Disk::die_at(std::int64_t nth, Moment moment) {
  die_at_ = operations_ + nth;
  moment_ = moment;
}

void Disk::die() {
  dead_ = true;
  die_at_ = 0;
  if (died)
    died();
}

int Disk::begin_change(bool is_sync, bool& half) {
  ++operations_;
  if (die_at_ > 0 && operations_ >= die_at_ && moment_ != Moment::after) {
    half = moment_ == Moment::half;
    die();
    if (!half)
      return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    return SQLITE_OK;
  }
  const bool applies = how_ == Fails::io || (how_ == Fails::sync && is_sync) || (how_ == Fails::full && !is_sync);
  if (!applies || operations_ < fail_from_)
    return SQLITE_OK;
  const auto how = how_;
  if (!fail_forever_ && --fail_count_ <= 0)
    how_ = Fails::none;
  if (failed)
    failed(how);
  if (how == Fails::full)
    return SQLITE_FULL;
  return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
}

void Disk::end_change() {
  if (die_at_ > 0 && operations_ >= die_at_ && moment_ == Moment::after)
    die();
}

void Disk::process_gone() {
  ++epoch_;
  dead_ = false;
  die_at_ = 0;
  for (auto& [name, file] : files_)
    file->shared_gone();
}

Disk::Lost Disk::power_gone() {
  process_gone();
  Lost lost;
  for (auto& [name, file] : files_) {
    auto changes = std::exchange(file->unsynced, {});
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
      file->undo(*change);
    for (const auto& change : changes) {
      const auto size = static_cast<std::int64_t>(change.after.size());
      const auto fate = chance_.below(4);
      if (fate < 2) {
        file->redo(change, size);
      } else if (fate == 2 && !change.truncated && size > sector) {
        file->redo(change, chance_.between(0, size / sector) * sector);
        ++lost.torn;
      } else {
        ++lost.dropped;
      }
    }
  }
  return lost;
}

}  // namespace heed::sim
