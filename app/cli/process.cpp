// The command line in a real process: its streams, its environment, the network.
#include "app/cli/cli.hpp"
#include "net/runtime.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>

namespace heed::cli {
namespace {

constexpr std::chrono::seconds answer_deadline{30};
constexpr std::chrono::minutes verify_deadline{10};  // reads the whole journal

class NetTransport final : public Transport {
public:
  explicit NetTransport(std::string address) : address_{std::move(address)} {}

  void use(net::Endpoint endpoint) { client_ = runtime_.http_client(std::move(endpoint), 1); }
  void use_unix(const std::string& path) { client_ = runtime_.unix_http_client(path); }

  Result<net::HttpResponse> send(const net::HttpRequest& request) override {
    const bool long_one = request.target.starts_with("/api/v1/journal/verify");
    const auto answer = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    client_->send(request, long_one ? std::chrono::milliseconds{verify_deadline} : answer_deadline,
                  [answer](Result<net::HttpResponse> result) { answer->set_value(std::move(result)); });
    return answer->get_future().get();
  }
  std::string address() const override { return address_; }

private:
  std::string address_;
  net::Runtime runtime_;
  std::shared_ptr<net::HttpClient> client_;
};

bool is_socket(const std::string& path) {
  struct stat info {};
  return !path.empty() && ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

Result<std::unique_ptr<Transport>> connect(const Target& target) {
  if (target.url.empty() && is_socket(target.unix_socket)) {
    auto transport = std::make_unique<NetTransport>(target.unix_socket);
    transport->use_unix(target.unix_socket);
    return std::unique_ptr<Transport>{std::move(transport)};
  }
  auto url = target.url.empty() ? target.otherwise : target.url;
  while (url.ends_with('/'))
    url.pop_back();
  auto endpoint = net::parse_endpoint(url);
  if (!endpoint)
    return Error{ErrorKind::invalid, "URL", "the address " + url + " cannot be used: " + endpoint.error().detail};
  auto transport = std::make_unique<NetTransport>(url);
  transport->use(std::move(endpoint).value());
  return std::unique_ptr<Transport>{std::move(transport)};
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    return std::nullopt;
  return std::string{value};
}

}  // namespace

int run(int argc, const char* const* argv) {
  // A reader that went away (`heed orders | head`) is no failure, and must not kill a daemon either.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor a file at its size limit (`ulimit -f`): the write fails, as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  Surroundings surroundings;
  surroundings.out = &std::cout;
  surroundings.err = &std::cerr;
  surroundings.in = &std::cin;
  surroundings.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  surroundings.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  surroundings.width = terminal_width();
  surroundings.environment = environment;
  surroundings.config_overrides = config::environment_overrides(environ);
  surroundings.connect = connect;
  surroundings.run_daemon = run_daemon;
  surroundings.run_exchange = run_exchange;
  surroundings.run_inspect = run_inspect;
  surroundings.run_simulate = run_simulate;
  const int code = run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), surroundings);
  errno = 0;
  std::cout.flush();
  if (!std::cout && errno != EPIPE && errno != 0) {
    std::cerr << "heed: the output cannot be written: " << std::generic_category().message(errno) << '\n';
    return static_cast<int>(Exit::internal);
  }
  return code;
}

}  // namespace heed::cli
