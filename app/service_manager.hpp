// Tells the service manager how the process is: systemd's notify protocol, one datagram each. Without $NOTIFY_SOCKET,
// as on a terminal, nothing is said.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace heed {

class ServiceManager {
public:
  /// `socket`: $NOTIFY_SOCKET, a path or an abstract name that begins with @; empty: nobody listens. `watchdog_usec`:
  /// $WATCHDOG_USEC, empty or no number: nobody waits for pings.
  ServiceManager(std::string socket, const std::string& watchdog_usec);
  static ServiceManager from_environment();

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping() const;
  void alive() const;
  /// How often to say `alive`: half of what the manager waits.
  std::optional<std::chrono::milliseconds> ping_every() const { return ping_every_; }

private:
  void say(const std::string& text) const;

  std::string socket_;
  std::optional<std::chrono::milliseconds> ping_every_;
};

}  // namespace heed
