// A disk for SQLite in memory, which fails, fills up, and forgets what was not synced when the power goes.
//
// It is a SQLite VFS of its own: the production schema, statements and transactions run on it unchanged. Files belong
// to the disk and outlive the processes that opened them; locks and shared memory belong to the process and go with
// it. Every operation that changes something is counted, so that a crash or an error can be put at any of them.
#pragma once

#include "sim/chance.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heed::sim {

/// One per simulated machine. While one exists it is SQLite's default file system too, so that SQLite's own random
/// numbers come from the seed. One at a time; one thread.
class Disk {
public:
  enum class Fails : std::uint8_t { none, full, io, sync };
  enum class Moment : std::uint8_t { before, half, after };

  explicit Disk(std::uint64_t seed);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  static std::string vfs_name() { return "heed-sim"; }

  /// From the `nth` operation (from 1) on, operations fail: `count` of them, or with 0 until heal().
  void fail(Fails how, std::int64_t nth, std::int64_t count);
  void heal();
  /// At the `nth` operation the process is gone: before it, in the middle of it, or after it. Nothing works from then
  /// on, and `died` is called.
  void die_at(std::int64_t nth, Moment moment);
  void never_die() { die_at_ = 0; }
  std::function<void()> died;
  /// Called for every failure that was delivered.
  std::function<void(Fails)> failed;

  /// The process is gone: handles stop working, locks and shared memory are free. What was written stays.
  void process_gone();
  /// Every file is gone, as with another disk in its place. No process may run.
  void replaced() { files_.clear(); }
  struct Lost {
    std::int64_t dropped = 0;
    std::int64_t torn = 0;
  };
  /// The machine is gone: of what was not synced, any part may be missing, in any order, or torn at a sector.
  Lost power_gone();

  std::int64_t operations() const { return operations_; }
  std::int64_t syncs() const { return syncs_; }

  // ---- for the file system's functions
  struct Change {
    std::int64_t offset = 0;
    std::string before;  // bytes that were there
    std::string after;   // bytes that came
    std::int64_t size_before = 0;
    bool truncated = false;  // `offset` is the new size, `before` the tail that went
  };
  struct File;
  struct Handle;
  File* open(const std::string& name, bool create);
  std::shared_ptr<File> share(const std::string& name);
  bool exists(const std::string& name) const { return files_.contains(name); }
  void remove(const std::string& name) { files_.erase(name); }
  /// The code to answer with; 0: go on. `half`: the process dies in the middle of it.
  int begin_change(bool is_sync, bool& half);
  void end_change();
  bool alive(std::uint64_t epoch) const { return epoch == epoch_ && !dead_; }
  std::uint64_t epoch() const { return epoch_; }
  void note_sync() { ++syncs_; }
  Chance& chance() { return chance_; }
  static Disk* current();

private:
  void die();

  Chance chance_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::uint64_t epoch_ = 1;
  bool dead_ = false;
  std::int64_t operations_ = 0;
  std::int64_t syncs_ = 0;
  Fails how_ = Fails::none;
  std::int64_t fail_from_ = 0;   // operation number
  std::int64_t fail_count_ = 0;  // left; 0 with how_ set: until healed
  bool fail_forever_ = false;
  std::int64_t die_at_ = 0;  // operation number; 0: never
  Moment moment_ = Moment::before;
};

struct Disk::File {
  std::string bytes;
  std::vector<Change> unsynced;
  std::vector<Handle*> handles;
  std::vector<std::unique_ptr<char[]>> shared;  // pages of the WAL index
  std::vector<std::unique_ptr<char[]>> gone;    // of ended processes, whose handles are still being closed

  void write(const void* from, std::int64_t size, std::int64_t offset);
  void truncate(std::int64_t size);
  /// The process that mapped them is gone; its handles may still hold on to the old pages.
  void shared_gone() {
    for (auto& page : shared)
      gone.push_back(std::move(page));
    shared.clear();
  }
  void undo(const Change& change);
  void redo(const Change& change, std::int64_t bytes_that_made_it);
};

}  // namespace heed::sim
