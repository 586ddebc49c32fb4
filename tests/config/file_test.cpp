// The file itself: what it is, who may touch it, what it holds when it is read.
#include "tests/config/support.hpp"

#include "config/file.hpp"

#include <fcntl.h>

namespace heed::config {
namespace {

/// Reading as a user who is not root, to whom modes mean nothing.
class AsNobody {
public:
  AsNobody() : was_root_{::geteuid() == 0} {
    if (was_root_)
      REQUIRE(::seteuid(65534) == 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (was_root_)
      static_cast<void>(::seteuid(0) == 0);
  }

private:
  bool was_root_;
};

void check_refused(const std::string& path, const std::string& words) {
  const LoadOutcome outcome = load(path);
  INFO(path << "\n" << all_of(outcome.errors));
  REQUIRE_FALSE(outcome.config);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].file == path);
  CHECK(outcome.errors[0].line == 0);
  CHECK(outcome.errors[0].message.find(words) != std::string::npos);
}

TEST_CASE("files that cannot be a configuration") {
  const TemporaryFolder folder;
  check_refused(folder.path("missing.toml"), "there is no such file");
  check_refused(folder.path(""), "is a folder; name the file in it");
  check_refused(folder.write("a.toml", "", 0600) + "/b.toml", "part of the path is no folder");
  check_refused(folder.write("shared.toml", "", 0666), "chmod o-w " + folder.path("shared.toml"));
  check_refused(folder.write("large.toml", std::string(file_bytes_max + 1, '#')), "is larger than 1048576 bytes");
  check_refused(folder.write("ten.toml", std::string(10'000'000, '#')), "is larger than 1048576 bytes");
  check_refused("/dev/zero", "is no regular file");
  check_refused(std::string(5000, 'x'), "the path is too long");
  check_refused(std::string{"a\0b", 3}, "zero byte");
  check_refused("", "there is no such file");
}

TEST_CASE("a pipe in the file's place does not hold the start up") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo(folder.path("pipe.toml").c_str(), 0600) == 0);
  check_refused(folder.path("pipe.toml"), "is no regular file");
}

TEST_CASE("symbolic links: followed, and not in circles") {
  const TemporaryFolder folder;
  folder.write("real.toml", "[daemon]\ndrain_seconds = 7\n");
  std::filesystem::create_symlink("real.toml", folder.path("link.toml"));
  const LoadOutcome outcome = load(folder.path("link.toml"));
  REQUIRE(outcome.config);
  CHECK(outcome.config->daemon.drain_seconds == 7);
  std::filesystem::create_symlink("loop.toml", folder.path("loop.toml"));
  check_refused(folder.path("loop.toml"), "go in a circle");
  std::filesystem::create_symlink("nowhere", folder.path("dangling.toml"));
  check_refused(folder.path("dangling.toml"), "there is no such file");
}

TEST_CASE("a file that this user may not read") {
  const TemporaryFolder folder;
  const std::string path = folder.write("closed.toml", "", 0000);
  const AsNobody nobody;
  check_refused(path, "may not be read by this user");
}

TEST_CASE("a file of the largest size is read whole") {
  const TemporaryFolder folder;
  std::string text = "[daemon]\ndrain_seconds = 9\n";
  text += "#" + std::string(file_bytes_max - text.size() - 1, '-');
  const LoadOutcome outcome = load(folder.write("full.toml", text));
  REQUIRE(outcome.config);
  CHECK(outcome.config->daemon.drain_seconds == 9);
}

TEST_CASE("reading tells who else could read it") {
  const TemporaryFolder folder;
  CHECK_FALSE(read_file(folder.write("own", "x", 0600), 10).value().world_readable);
  CHECK_FALSE(read_file(folder.write("group", "x", 0660), 10).value().world_readable);
  CHECK(read_file(folder.write("all", "x", 0644), 10).value().world_readable);
  CHECK(read_file(folder.write("exact", "0123456789", 0600), 10).value().text == "0123456789");
  CHECK_FALSE(read_file(folder.write("more", "01234567890", 0600), 10).ok());
}

TEST_CASE("problems in a file name it") {
  const TemporaryFolder folder;
  const std::string path = folder.write("heed.toml", "[daemon]\ndrain_seconds = 0\n");
  const LoadOutcome outcome = load(path);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].str().starts_with(path + ":2:17: daemon.drain_seconds: 0: is out of range"));
}

}  // namespace
}  // namespace heed::config
