#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

using namespace heed;
using std::chrono::milliseconds;

namespace {

/// The manager's end: a datagram socket under an abstract name of its own.
class Listener {
public:
  Listener() : name_{"@heed-test-" + std::to_string(::getpid())}, fd_{::socket(AF_UNIX, SOCK_DGRAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name_.begin(), name_.end(), static_cast<char*>(address.sun_path));
    address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Listener() { ::close(fd_); }
  const std::string& name() const { return name_; }
  std::string heard() const {
    std::array<char, 512> text{};
    const auto size = ::recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string{} : std::string{text.data(), static_cast<std::size_t>(size)};
  }

private:
  std::string name_;
  int fd_;
};

}  // namespace

TEST_CASE("service manager: it hears how the process is", "[service]") {
  const Listener listener;
  const ServiceManager manager{listener.name(), "10000000"};
  manager.ready("ready in 40 ms");
  CHECK(listener.heard() == "READY=1\nSTATUS=ready in 40 ms");
  manager.alive();
  CHECK(listener.heard() == "WATCHDOG=1");
  manager.reloading();
  CHECK(listener.heard().find("RELOADING=1\nMONOTONIC_USEC=") == 0);
  manager.stopping();
  CHECK(listener.heard().find("STOPPING=1\n") == 0);
  CHECK(manager.ping_every() == milliseconds{5'000});
}

TEST_CASE("service manager: where nobody listens, nothing is said and nothing fails", "[service]") {
  for (const char* name : {"", "/nonexistent/socket", "@nobody-listens-here"}) {
    const ServiceManager manager{name, ""};
    manager.ready("x");
    manager.stopping();
    CHECK_FALSE(manager.ping_every());
  }
  const ServiceManager too_long{std::string(200, 'x'), "1"};
  too_long.alive();
  CHECK_FALSE(ServiceManager("", "5000000").ping_every());
  CHECK_FALSE(ServiceManager("@x", "soon").ping_every());
  CHECK_FALSE(ServiceManager("@x", "-5").ping_every());
}
