// One TOML file in, one Config or the list of all its problems out; and a Config back to text.
#pragma once

#include "config/config.hpp"
#include "config/problem.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::config {

constexpr std::size_t file_bytes_max = 1024UL * 1024;

/// `config` is there exactly when `errors` is empty. Problems are in the order of the file.
struct LoadOutcome {
  std::optional<Config> config;
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
  std::vector<Problem> unread_secrets;  // only where they may be
};

/// A value that stands above the file: from `--set strategy.mentions.min_conviction=0.7`, or from the environment.
struct Override {
  std::string key;   // dotted; tables that come several times are named by id: "account.paper.risk.cooldown_seconds"
  std::string text;  // as it would stand in the file; quotes around text may be left out
  std::string origin;  // for messages: "--set", "HEED__DAEMON__LOG_LEVEL"
};

struct ParseOptions {
  /// For ${NAME}; empty function: the process environment.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::vector<Override> overrides;
  /// The text comes from a file that everybody on the machine can read: then no secret may stand in it.
  bool world_readable = false;
  /// For who uses a part of the file only: a secret that cannot be read is left empty and told in `unread_secrets`,
  /// by its full key, instead of being an error.
  bool may_leave_secrets_unread = false;
};

/// Reads, parses and checks. Never throws on bad input of any kind.
LoadOutcome load(const std::string& path, ParseOptions options = {});
LoadOutcome parse(std::string_view text, std::string_view file_name, const ParseOptions& options = {});

/// Overrides from variables HEED__<SECTION>__[<ID>__]<KEY>, as in HEED__DAEMON__LOG_LEVEL=debug. `environment` is a
/// null-terminated array of "NAME=value", as the process gets it.
std::vector<Override> environment_overrides(const char* const* environment);

/// The effective configuration as TOML. A secret is shown as the reference that it came from, or masked where its
/// text stood in the file; without such a one, the text parses to the same Config again.
std::string show(const Config& config);
/// The same as one JSON object: tables as objects, those that come several times as lists of them; null where a key
/// is not set.
std::string show_json(const Config& config);

/// A commented sample with every key; parses cleanly as it stands.
std::string default_text();

/// The sample that `make run` uses: everything embedded, calls of the past replayed at speed.
std::string sample_text();

/// docs/configuration.md
std::string reference_markdown();

struct Change {
  std::string key;
  std::string old_value;  // empty: it was not there
  std::string new_value;  // empty: it is gone
  bool reloadable = false;
  friend bool operator==(const Change&, const Change&) = default;
};

/// What differs, and whether SIGHUP can apply it. Values of secrets are masked. List entries are matched by id.
std::vector<Change> diff(const Config& old_config, const Config& new_config);

}  // namespace heed::config
