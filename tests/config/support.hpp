// What the tests of config/ share: a small valid configuration, and a folder of their own for files.
#pragma once

#include "config/load.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace heed::config {

inline std::ostream& operator<<(std::ostream& out, const Problem& problem) { return out << problem.str(); }
inline std::ostream& operator<<(std::ostream& out, const Change& change) {
  return out << change.key << ": " << change.old_value << " -> " << change.new_value
             << (change.reloadable ? " (reload)" : "");
}

/// Everything that a valid configuration needs, so that a case can append its own lines. 20 lines.
inline const std::string base_text = R"([exchange]
synthetic_seed = 7
symbols = ["SPY"]

[[account]]
id = "paper"

[[source]]
id = "inbox"

[[strategy]]
id = "mentions"

[[route]]
sources = ["inbox"]
strategy = "mentions"
accounts = ["paper"]



)";
inline constexpr int base_lines = 20;

inline ParseOptions with_environment(std::map<std::string, std::string> variables) {
  ParseOptions options;
  options.environment = [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional{it->second};
  };
  return options;
}

inline LoadOutcome parse_text(const std::string& text, const ParseOptions& options = with_environment({})) {
  return parse(text, "heed.toml", options);
}

inline std::string all_of(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems)
    out += problem.str() + "\n";
  return out;
}

/// The configuration, or a failed test with what was wrong.
inline Config valid(const std::string& text, const ParseOptions& options = with_environment({})) {
  LoadOutcome outcome = parse_text(text, options);
  INFO(all_of(outcome.errors));
  REQUIRE(outcome.config);
  return *outcome.config;
}

/// A folder that goes away with the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "heed-config-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    // Another user has to be able to enter it, for what may not be read to be about the file alone.
    ::chmod(pattern.c_str(), 0755);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string file = path(name);
    std::ofstream{file, std::ios::binary} << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return file;
  }

private:
  std::filesystem::path path_;
};

}  // namespace heed::config
