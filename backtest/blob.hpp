// A block of bytes with aligned columns in it: what the caches are files of. It is written once, then looked into
// where it lies, in memory or in a mapped file. Only this machine's byte order; a file of another one is not taken.
#pragma once

#include "messages/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace heed::backtest {

/// A quick hash of 128 bits, to see whether bytes changed; not for keeping liars out.
using Fingerprint = std::array<std::uint64_t, 2>;
Fingerprint fingerprint(std::string_view bytes);

/// Which bytes a file holds: by its inode's data as long as those are beyond doubt, else by its content.
struct FileIdentity {
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t inode = 0;
  Fingerprint content{};
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Size, times and inode of a regular file; content stays empty. Error: kind unavailable, detail names the file.
Result<FileIdentity> look_at(const std::string& path);

/// Whether the file that `then` describes is still that one: same inode data, written well before `then` was noted
/// (`noted_ns`), or else the same content (the file is read for that).
bool is_unchanged(const std::string& path, const FileIdentity& now, const FileIdentity& then, std::int64_t noted_ns);

/// The whole file. Errors name it.
Result<std::string> read_whole(const std::string& path);
/// The same, unpacked when it is gzip data. Data cut short is an error.
Result<std::string> read_unpacked(const std::string& path);

class BlobWriter {
public:
  explicit BlobWriter(std::array<char, 8> magic);

  /// Copies `values` to the next place divisible by 8; returns that place.
  template <class T>
  std::uint64_t add(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    return add_bytes({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  template <class T>
  std::uint64_t add(const std::vector<T>& values) {
    return add(std::span<const T>{values});
  }
  std::uint64_t add_text(std::string_view text) { return add_bytes(text); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  /// What has been added so far, header included: places count from its start.
  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  /// The finished block. `directory` is what a reader starts from; it is covered by a check.
  std::shared_ptr<const std::vector<char>> finish(std::string_view directory);

private:
  std::uint64_t add_bytes(std::string_view bytes);
  std::vector<char> bytes_;
};

/// A look into a block. Copies share it.
class Blob {
public:
  Blob() = default;
  static Blob of(std::shared_ptr<const std::vector<char>> bytes);
  /// Maps a cache file. Empty (no error to tell) when it is missing, damaged, of another version or byte order.
  static Blob map(const std::string& path, std::array<char, 8> magic);

  explicit operator bool() const { return owner_ != nullptr; }
  std::string_view bytes() const { return bytes_; }
  std::string_view directory() const { return directory_; }
  /// When it was made, nanoseconds since 1970, by the file's own clock; zero for one in memory.
  std::int64_t made_ns() const { return made_ns_; }
  /// `count` values at `place`; empty when that lies outside.
  template <class T>
  std::span<const T> at(std::uint64_t place, std::uint64_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (place % alignof(T) != 0 || place > bytes_.size() || count > (bytes_.size() - place) / sizeof(T))
      return {};
    return {reinterpret_cast<const T*>(bytes_.data() + place), static_cast<std::size_t>(count)};
  }

private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
  std::string_view directory_;
  std::int64_t made_ns_ = 0;
};

/// Writes the block under a temporary name and renames it. False when that is not possible (a read-only folder).
bool save(const std::vector<char>& bytes, const std::string& path);

/// Where a cache named `name` for data in `folder` goes: into `folder` itself, or, when that cannot be written, into
/// the user's cache folder ($XDG_CACHE_HOME/heed or ~/.cache/heed) under a name made of `folder`. In order of trying.
std::vector<std::string> cache_places(const std::string& folder, const std::string& name);

/// Plain fields, one after the other, for directories.
class FieldWriter {
public:
  template <class T>
  FieldWriter& put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  FieldWriter& text(std::string_view value) {
    put(static_cast<std::uint64_t>(value.size()));
    out_.append(value);
    return *this;
  }
  const std::string& str() const { return out_; }

private:
  std::string out_;
};

class FieldReader {
public:
  explicit FieldReader(std::string_view in) : in_{in} {}
  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (in_.size() < sizeof value) {
      good_ = false;
      in_ = {};
      return value;
    }
    std::memcpy(&value, in_.data(), sizeof value);
    in_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view text() {
    const auto size = get<std::uint64_t>();
    if (size > in_.size()) {
      good_ = false;
      in_ = {};
      return {};
    }
    const auto out = in_.substr(0, static_cast<std::size_t>(size));
    in_.remove_prefix(static_cast<std::size_t>(size));
    return out;
  }
  bool good() const { return good_; }

private:
  std::string_view in_;
  bool good_ = true;
};

}  // namespace heed::backtest
