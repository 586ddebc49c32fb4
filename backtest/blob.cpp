#include "backtest/blob.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <bit>
#include <cstdlib>
#include <filesystem>

namespace heed::backtest {
namespace {

constexpr std::uint32_t byte_order = 0x01020304;
constexpr std::uint32_t version = 1;  // of the layout of all caches
// A file written this shortly before it was noted may have been written once more within the same tick of its clock.
constexpr std::int64_t racy_ns = 2'000'000'000;

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t order = byte_order;
  std::uint32_t layout = version;
  std::uint64_t size = 0;
  std::uint64_t directory = 0;
  std::uint64_t directory_size = 0;
  Fingerprint check{};  // of the directory
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) % 8 == 0);

class File {
public:
  File(const std::string& path, int flags, mode_t mode = 0) : fd_{::open(path.c_str(), flags | O_CLOEXEC, mode)} {}
  ~File() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_;
};

std::int64_t nanoseconds(const timespec& at) { return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec; }

Error cannot(const std::string& what, const std::string& path) {
  return {ErrorKind::unavailable, "file", "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

std::uint64_t load(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
  x = (x ^ (x >> 29)) * 0xa0761d6478bd642f;
  return x ^ (x >> 32);
}

std::string home_cache() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder != nullptr && *folder == '/')
    return std::string{folder} + "/heed";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string{home} + "/.cache/heed";
  return {};
}

}  // namespace

// Four lanes side by side, each a chain of odd multiplications and rotations, which lose nothing of what goes in.
Fingerprint fingerprint(std::string_view bytes) {
  constexpr std::array<std::uint64_t, 4> odd{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9,
                                             0xd6e8feb86659fd93};
  std::array<std::uint64_t, 4> lane = odd;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= 32; at += 32)
    for (std::size_t i = 0; i < 4; ++i)
      lane[i] = std::rotl((lane[i] ^ load(at + 8 * i)) * odd[i], 31);
  std::array<char, 32> rest{};
  if (at != end)
    std::memcpy(rest.data(), at, static_cast<std::size_t>(end - at));
  for (std::size_t i = 0; i < 4; ++i)
    lane[i] = mixed((lane[i] ^ load(rest.data() + 8 * i)) * odd[i]);
  const auto size = static_cast<std::uint64_t>(bytes.size());
  const auto a = mixed(lane[0] ^ std::rotl(lane[1], 17) ^ size);
  const auto b = mixed(lane[2] ^ std::rotl(lane[3], 41) ^ ~size);
  return {mixed(a + std::rotl(b, 23)), mixed(b ^ std::rotl(a, 47))};
}

Result<FileIdentity> look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return cannot("read", path);
  if (!S_ISREG(info.st_mode))
    return Error{ErrorKind::unavailable, "file", path + " is no regular file"};
  FileIdentity out;
  out.size = info.st_size;
  out.modified_ns = nanoseconds(info.st_mtim);
  out.changed_ns = nanoseconds(info.st_ctim);
  out.inode = info.st_ino;
  return out;
}

bool is_unchanged(const std::string& path, const FileIdentity& now, const FileIdentity& then, std::int64_t noted_ns) {
  if (now.size != then.size)
    return false;
  const bool same_inode =
    now.modified_ns == then.modified_ns && now.changed_ns == then.changed_ns && now.inode == then.inode;
  if (same_inode && std::max(now.modified_ns, now.changed_ns) + racy_ns < noted_ns)
    return true;
  const auto text = read_whole(path);
  return text && fingerprint(text.value()) == then.content;
}

Result<std::string> read_whole(const std::string& path) {
  const File file{path, O_RDONLY};
  struct stat info {};
  if (!file || ::fstat(file.fd(), &info) != 0)
    return cannot("read", path);
  if (!S_ISREG(info.st_mode))
    return Error{ErrorKind::unavailable, "file", path + " is no regular file"};
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const auto n = ::read(file.fd(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return cannot("read", path);
    if (n == 0)
      break;
    done += static_cast<std::size_t>(n);
  }
  text.resize(done);
  return text;
}

Result<std::string> read_unpacked(const std::string& path) {
  constexpr std::size_t unpacked_max = std::size_t{2} << 30;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
  if (!file)
    return cannot("open", path);
  std::string text;
  std::array<char, std::size_t{1} << 16> buffer;
  for (;;) {
    const int n = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (n > 0)
      text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > unpacked_max)
      return Error{ErrorKind::invalid, "file", "holds more than 2 GB"};
    if (n >= 0 && static_cast<std::size_t>(n) == buffer.size())
      continue;
    int state = Z_OK;
    gzerror(file.get(), &state);
    if (n < 0 || state == Z_BUF_ERROR)
      return Error{ErrorKind::invalid, "file",
                   state == Z_BUF_ERROR ? "the gzip data is cut short; fetch or pack the file again"
                                        : "the gzip data is damaged; fetch or pack the file again"};
    if (n == 0)
      return text;
  }
}

BlobWriter::BlobWriter(std::array<char, 8> magic) {
  Header header;
  header.magic = magic;
  bytes_.assign(reinterpret_cast<const char*>(&header), reinterpret_cast<const char*>(&header) + sizeof header);
}

std::uint64_t BlobWriter::add_bytes(std::string_view bytes) {
  bytes_.resize((bytes_.size() + 7) / 8 * 8);
  const auto place = bytes_.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return place;
}

std::shared_ptr<const std::vector<char>> BlobWriter::finish(std::string_view directory) {
  Header header;
  std::memcpy(&header, bytes_.data(), sizeof header);
  header.directory = add_bytes(directory);
  header.directory_size = directory.size();
  header.check = fingerprint(directory);
  header.size = bytes_.size();
  std::memcpy(bytes_.data(), &header, sizeof header);
  return std::make_shared<const std::vector<char>>(std::move(bytes_));
}

Blob Blob::of(std::shared_ptr<const std::vector<char>> bytes) {
  Header header;
  std::memcpy(&header, bytes->data(), sizeof header);
  Blob out;
  out.bytes_ = {bytes->data(), bytes->size()};
  out.directory_ = out.bytes_.substr(header.directory, header.directory_size);
  out.owner_ = std::move(bytes);
  return out;
}

Blob Blob::map(const std::string& path, std::array<char, 8> magic) {
  const File file{path, O_RDONLY};
  struct stat info {};
  if (!file || ::fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_size < static_cast<off_t>(sizeof(Header)))
    return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (memory == MAP_FAILED)
    return {};
  Blob out;
  out.owner_ = std::shared_ptr<const void>{memory, [size](void* at) { ::munmap(at, size); }};
  out.bytes_ = {static_cast<const char*>(memory), size};
  Header header;
  std::memcpy(&header, memory, sizeof header);
  if (header.magic != magic || header.order != byte_order || header.layout != version || header.size != size ||
      header.directory > size || header.directory_size > size - header.directory)
    return {};
  out.directory_ = out.bytes_.substr(header.directory, header.directory_size);
  if (fingerprint(out.directory_) != header.check)
    return {};
  out.made_ns_ = nanoseconds(info.st_mtim);
  return out;
}

bool save(const std::vector<char>& bytes, const std::string& path) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), ignored);
  const auto temporary = path + "." + std::to_string(::getpid());
  bool good = false;
  {
    const File file{temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644};
    if (!file)
      return false;
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto n = ::write(file.fd(), bytes.data() + done, bytes.size() - done);
      if (n <= 0 && errno != EINTR)
        break;
      done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    good = done == bytes.size();
  }
  if (good && ::rename(temporary.c_str(), path.c_str()) == 0)
    return true;
  ::unlink(temporary.c_str());
  return false;
}

std::vector<std::string> cache_places(const std::string& folder, const std::string& name) {
  std::vector<std::string> out{(folder.empty() ? "." : folder) + "/" + name};
  std::error_code failed;
  const auto whole = std::filesystem::weakly_canonical(folder.empty() ? "." : folder, failed).string();
  if (const auto home = home_cache(); !home.empty() && !failed) {
    const auto hash = fingerprint(whole);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto part : hash)
      for (int shift = 60; shift >= 0; shift -= 4)
        text += digits[part >> shift & 0xf];
    out.push_back(home + "/" + text + "-" + name.substr(name.find_first_not_of('.')));
  }
  return out;
}

}  // namespace heed::backtest
