// The exchange's memory across restarts: the commands that changed it, with their times, one JSON line each. The
// engine is deterministic, so replaying them gives the state back, ids included. Lines that only tell the time, one a
// second, are left out when the log is next opened, but for the last: the file grows with what clients did.
#pragma once

#include "messages/result.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

namespace heed::exchange {

struct LoggedCommand {
  Instant at{};
  std::int64_t account = 0;
  std::string method;  // empty: only time went on
  std::string target;
  std::string body;
};

class StateLog {
public:
  /// What a log must agree on with the exchange that reads it.
  struct Header {
    std::string market;  // seed, feed and rules in one line
    Instant start{};
  };

  /// Reads the header of `path`; empty when there is no file or it is empty. Error: `invalid`, not a log of ours.
  static Result<std::optional<Header>> read_header(const std::string& path);
  /// Gives every command to `replay`, oldest first, cuts off a torn last line, and opens the log for appending. A new
  /// file gets `header`. Errors: `invalid` with line (damage before the last line), `unavailable`.
  heed::Status open(const std::string& path, const Header& header, const std::function<void(LoggedCommand)>& replay);
  bool is_open() const { return file_.is_open(); }
  /// Written out before it returns, not synced: it outlives the process, not the machine.
  void append(const LoggedCommand& command);
  /// The last append did not reach the file.
  bool failed() const { return file_.is_open() && !file_.good(); }

private:
  std::ofstream file_;
};

}  // namespace heed::exchange
