// A folder of its own for each test, and files in it.
#pragma once

#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace heed::backtest::test {

class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "heed-backtest-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no temporary folder"};
    path_ = name;
    ::setenv("XDG_CACHE_HOME", (path_ + "/user-cache").c_str(), 1);  // a cache never leaves the folder
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ + "/" + name, std::ios::binary} << text;
  }
  void write_gz(const std::string& name, const std::string& text) const {
    gzFile file = gzopen((path_ + "/" + name).c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
  }
  std::string read(const std::string& name) const {
    std::ifstream file{path_ + "/" + name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

private:
  std::string path_;
};

}  // namespace heed::backtest::test
