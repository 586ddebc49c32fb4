// The command line of Heed: arguments in, exit code out.
#pragma once

#include "app/cli/hooks.hpp"
#include "config/load.hpp"
#include "messages/result.hpp"
#include "net/http.hpp"

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heed::cli {

/// Asks the daemon. Blocks. `request.target` begins with "/api/v1" or is /healthz and the like. An error says that no
/// answer came; its detail names the address.
class Transport {
public:
  virtual ~Transport() = default;
  virtual Result<net::HttpResponse> send(const net::HttpRequest& request) = 0;
  /// For messages: "var/heed.sock", "http://127.0.0.1:8420".
  virtual std::string address() const = 0;
};

/// Where to reach the daemon, as far as the arguments say.
struct Target {
  std::string url;          // given by --url or $HEED_URL; empty: not given
  std::string unix_socket;  // the socket of --config or of ./var; used when `url` is empty and the file is there
  std::string otherwise;    // the address of --config, or the default one
};

/// All that the command line touches, so that tests can stand in for it.
struct Surroundings {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  std::istream* in = nullptr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 80;  // columns of the terminal
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::vector<config::Override> config_overrides;  // from the environment
  std::function<Result<std::unique_ptr<Transport>>(const Target&)> connect;
  std::function<int(const RunOptions&)> run_daemon;
  std::function<int(const ExchangeOptions&)> run_exchange;
  std::function<int(const SimulateOptions&)> run_simulate;
  std::function<int(const InspectOptions&)> run_inspect;
};

/// `args` without the program's name. Never throws.
int run(const std::vector<std::string>& args, const Surroundings& surroundings);

/// With the process's own streams, environment and network: what main calls.
int run(int argc, const char* const* argv);

}  // namespace heed::cli
