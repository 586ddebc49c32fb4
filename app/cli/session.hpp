// What every command shares: the global options, the way to the daemon, and how things are said.
#pragma once

#include "app/cli/cli.hpp"
#include "app/cli/table.hpp"
#include "net/json.hpp"

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::cli {

struct Globals {
  std::string config;
  std::string url;
  std::string token;
  bool json = false;
  bool no_color = false;
  bool verbose = false;
  std::vector<std::string> sets;  // --set key=value
};

/// What the daemon answered with success, or what the command has to end with.
struct Answer {
  int status = 0;
  std::string body;
  net::Json json;
};

/// One run of the program.
class Session {
public:
  Session(const Surroundings& surroundings, Globals globals);

  const Globals& globals() const { return globals_; }
  const Surroundings& surroundings() const { return surroundings_; }
  std::ostream& out() const { return *surroundings_.out; }
  std::ostream& err() const { return *surroundings_.err; }
  bool color() const;
  bool err_color() const;
  /// Columns to fit tables into; 0: no terminal, do not cut.
  int width() const { return surroundings_.out_is_terminal ? surroundings_.width : 0; }

  /// Says on standard error what a person should know, and what to do about it.
  void note(std::string_view what, std::string_view next = {}) const;
  /// "heed: what", why, and the next step on lines of their own; returns the code.
  int fail(Exit code, std::string_view what, std::string_view why = {}, std::string_view next = {}) const;

  /// The configuration of --config, or the defaults; nullopt after the problems have been printed.
  std::optional<config::Config> load_config(const std::string& path, Exit& failed) const;
  /// The same for a command that uses a part of it: secrets that this user or this shell cannot read stay empty.
  std::optional<config::Config> load_part(const std::string& path, Exit& failed) const;
  /// Whether the secret of this full key is as the file has it, after load_part(). Where not, says why.
  bool has_secret(std::string_view key, int& exit) const;
  std::vector<config::Override> overrides(Exit& failed) const;

  /// Asks the daemon. On any failure says so and gives nothing; `exit` is then what to end with. Statuses of `also`
  /// count as success. `key`: the Idempotency-Key.
  std::optional<Answer> ask(const std::string& method, const std::string& target, const std::string& body, int& exit,
                            const std::vector<int>& also = {}, const std::string& key = {}, bool is_gzip = false);
  std::optional<Answer> get(const std::string& target, int& exit) { return ask("GET", target, {}, exit); }
  /// True when the daemon cannot be reached at all; says nothing.
  bool unreachable();
  /// A name for the journal: who gave the command.
  std::string by() const;

private:
  struct Loaded {
    std::string path;
    bool is_part = false;
    Exit failed = Exit::done;
    std::optional<config::Config> config;
    std::vector<config::Problem> unread_secrets;
  };
  std::optional<config::Config> load(const std::string& path, bool is_part, Exit& failed) const;
  std::string why_unread(std::string_view key) const;
  Loaded read_config(const std::string& path, bool is_part) const;
  bool connect(int& exit, bool is_asked_quietly = false);
  std::optional<Target> find_daemon(int& exit);
  int say_problem(const net::HttpResponse& response, const std::string& target) const;

  const Surroundings& surroundings_;
  Globals globals_;
  std::string token_;
  std::unique_ptr<Transport> transport_;
  std::string token_unread_;              // why there is no token, where the configuration has one
  mutable std::optional<Loaded> loaded_;  // the last one
};

// Members of JSON objects as text; empty when absent or null.
std::string member(const net::Json& object, std::string_view name);
/// With at least two decimals, and empty for null.
std::string money(const net::Json& object, std::string_view name);
/// "2026-11-21T14:30:05Z": without the microseconds, which only programs want.
std::string when(const net::Json& object, std::string_view name);
bool truth(const net::Json& object, std::string_view name);
const std::vector<net::Json>& items(const net::Json& page);

/// Percent-encodes for a path segment or a parameter.
std::string encode(std::string_view text);

}  // namespace heed::cli
