// A disk that fails on purpose: SQLite's own file layer with an error at the Nth operation that changes something.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace heed::test {

/// Registers the layer "heed-fault" when first used. One at a time; not thread-safe.
class FaultDisk {
public:
  enum class Kind { full, io, sync };  // ENOSPC on a write, EIO on a write or sync, EIO on a sync only

  FaultDisk();
  ~FaultDisk();
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;

  static std::string name() { return "heed-fault"; }
  /// The `nth` operation from now (from 1) fails; so do all later ones when `forever`.
  void fail(Kind kind, std::int64_t nth, bool forever);
  /// Works again.
  void heal();
  /// Files can be opened for reading only.
  void read_only(bool on);
  /// Whether a failure was delivered since fail().
  bool fired() const;

  /// Something that is about to be done to a file.
  struct Change {
    enum class Kind { write, truncate, sync, remove } kind;
    std::string file;
    std::int64_t at = 0;  // of a write; the size of a truncation
    std::string bytes;
  };
  /// Told of each change before it is made, until it is replaced by an empty one.
  void watch(std::function<void(const Change&)> watcher);
};

}  // namespace heed::test
