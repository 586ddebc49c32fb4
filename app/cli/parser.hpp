// The grammar of the command line: commands, options, help, and what to say about a typo.
#pragma once

#include "app/cli/session.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heed::cli {

using Action = std::function<int(Session&)>;

/// One parse. Commands write into `globals` and into memory that their actions share.
class Parser {
public:
  Parser();

  /// Parses; prints help, version or the error and gives the exit code, or leaves the command to run().
  std::optional<int> parse(std::vector<std::string> args, const Surroundings& surroundings);
  int run(const Surroundings& surroundings);

  Globals globals;

  /// A command with its one line, its examples (shown first in its help) and what it does.
  CLI::App& command(CLI::App& parent, const std::string& name, const std::string& line, const std::string& examples,
                    Action action = {});
  CLI::App& root() { return *root_; }

private:
  class Help;
  std::optional<int> check_leftovers(const Surroundings& surroundings);
  CLI::App* chosen() const;
  int usage_error(const Surroundings& surroundings, const std::string& what, const std::string& next) const;
  std::string path_of(const CLI::App* app) const;

  std::unique_ptr<CLI::App> root_;
  std::map<const CLI::App*, Action> actions_;
  std::shared_ptr<std::map<const CLI::App*, std::string>> examples_;
};

// Each file of grammar adds its part.
void add_daemon_commands(Parser& parser);
void add_list_commands(Parser& parser);
void add_control_commands(Parser& parser);
void add_local_commands(Parser& parser);
void add_backtest_commands(Parser& parser);
void add_simulate_command(Parser& parser);

}  // namespace heed::cli
