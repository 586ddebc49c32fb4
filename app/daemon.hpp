// The wiring: builds the real ports from the configuration, spawns the actors, serves the edge, and ends it all
// again.
#pragma once

#include "app/cli/hooks.hpp"
#include "messages/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace heed {

class Daemon {
public:
  /// Opens the journal, starts the built-in exchange if an account needs it, recovers, listens. `fatal` is called
  /// from any thread when the process must end.
  static Result<std::unique_ptr<Daemon>> start(const cli::RunOptions& options,
                                               std::function<void(std::string)> fatal);
  /// Ends at once: whatever is durable stays, the rest was never acknowledged.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// The line that says what runs where.
  std::string ready_line() const;
  /// Whether every actor that has a name answers within a few seconds. Waits for them.
  bool responds();
  /// Stops taking calls and waits until what is under way has ended, at most the configured time. True: all ended.
  bool drain();
  /// Reads the configuration again: applied as a whole or not at all.
  void reload();

private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace heed
