// `heed run`: the daemon in the foreground.

#include "app/cli/hooks.hpp"
#include "app/daemon.hpp"
#include "app/log_lines.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"
#include "config/load.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>

namespace heed::cli {

using std::chrono::steady_clock;

namespace {

void set_up_logging(const RunOptions& options) {
  auto logger = options.color ? spdlog::stderr_color_mt("heed") : spdlog::stderr_logger_mt("heed");
  spdlog::set_default_logger(logger);
  logger->set_formatter(log_formatter(options.config.daemon.log_format));
  auto level = static_cast<spdlog::level::level_enum>(options.config.daemon.log_level);
  if (options.verbose && level > spdlog::level::debug)
    level = spdlog::level::debug;
  logger->set_level(level);
  logger->flush_on(spdlog::level::info);
}

/// A shell or a service manager gives 1024 descriptors, and more to who asks: a crowd of connections may not take
/// what the store and the brokers need.
void use_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Exit exit_for(const Error& error) {
  if (error.kind == ErrorKind::invalid)
    return Exit::config_invalid;
  return error.kind == ErrorKind::unavailable ? Exit::unreachable : Exit::internal;
}

/// What killed the process, told from whatever thread it happened on.
class Fatal {
public:
  void set(std::string why) {
    const std::scoped_lock lock{mutex_};
    if (why_.empty())
      why_ = std::move(why);
    happened_ = true;
  }
  bool happened() const { return happened_; }
  std::string why() const {
    const std::scoped_lock lock{mutex_};
    return why_;
  }

private:
  mutable std::mutex mutex_;
  std::string why_;
  std::atomic<bool> happened_{false};
};

}  // namespace

int run_daemon(const RunOptions& options) {
  const SignalWaiter signals;
  const auto manager = ServiceManager::from_environment();
  umask(0077);  // what the daemon writes is its owner's
  use_all_descriptors();
  set_up_logging(options);
  Fatal fatal;
  auto started = Daemon::start(options, [&](std::string why) { fatal.set(std::move(why)); });
  if (!started) {
    std::cerr << "heed run: " << started.error().detail << "\n";
    return static_cast<int>(exit_for(started.error()));
  }
  auto& daemon = *started.value();
  std::cout << daemon.ready_line() << std::endl;
  manager.ready(daemon.ready_line());
  auto pinged = steady_clock::now();
  for (;;) {
    const int signal = signals.wait(200);
    const auto ping_every = manager.ping_every();
    if (ping_every && signal == 0 && steady_clock::now() - pinged >= *ping_every && daemon.responds()) {
      manager.alive();
      pinged = steady_clock::now();
    }
    if (fatal.happened()) {
      spdlog::critical("{}; the process ends, a restart recovers from the journal", fatal.why());
      return static_cast<int>(Exit::internal);
    }
    if (signal == SIGHUP) {
      manager.reloading();
      daemon.reload();
      manager.ready("reloaded");
    } else if (signal != 0) {
      manager.stopping();
      spdlog::info("stopping: no new calls are taken; what is with the broker is finished");
      const bool all = daemon.drain();
      spdlog::info(all ? "stopped, everything that was begun is finished"
                       : "stopped in the middle of things; the next start resolves them");
      return static_cast<int>(Exit::done);
    }
  }
}

}  // namespace heed::cli
