#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace heed {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

/// Of the clock that the manager compares with.
std::int64_t monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

ServiceManager::ServiceManager(std::string socket, const std::string& watchdog_usec) : socket_{std::move(socket)} {
  std::int64_t usec = 0;
  const auto* const last = watchdog_usec.data() + watchdog_usec.size();
  const auto [end, error] = std::from_chars(watchdog_usec.data(), last, usec);
  if (!socket_.empty() && error == std::errc{} && end == last && usec > 0)
    ping_every_ = std::chrono::milliseconds{std::max<std::int64_t>(usec / 2'000, 1)};
}

ServiceManager ServiceManager::from_environment() {
  return {environment("NOTIFY_SOCKET"), environment("WATCHDOG_USEC")};
}

void ServiceManager::ready(std::string_view status) const { say("READY=1\nSTATUS=" + std::string{status}); }
void ServiceManager::reloading() const { say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_usec())); }
void ServiceManager::stopping() const { say("STOPPING=1\nSTATUS=stopping: finishing what is with the broker"); }
void ServiceManager::alive() const { say("WATCHDOG=1"); }

void ServiceManager::say(const std::string& text) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path)
    return;
  address.sun_family = AF_UNIX;
  std::copy(socket_.begin(), socket_.end(), static_cast<char*>(address.sun_path));
  if (socket_.front() == '@')
    address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // Whoever does not listen misses it: the process is none the worse.
  [[maybe_unused]] const auto sent =
    ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  ::close(fd);
}

}  // namespace heed
