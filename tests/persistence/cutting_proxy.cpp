#include "tests/persistence/cutting_proxy.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace heed::test {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool pass_on(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

// The texts of our commits end so, and no other message does.
bool ends_commit(std::string_view bytes) { return bytes.ends_with(std::string_view{";COMMIT\0", 8}); }

// ReadyForQuery, outside of a transaction.
bool ends_reply(std::string_view bytes) { return bytes.ends_with(std::string_view{"Z\0\0\0\x05I", 6}); }

}  // namespace

CuttingProxy::CuttingProxy(const std::string& folder, std::string server) : server_{std::move(server)} {
  const auto address = address_of(folder + "/.s.PGSQL.5432");
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener_, 16) == 0);
  thread_ = std::thread{[this] { serve(); }};
}

CuttingProxy::~CuttingProxy() {
  stop_ = true;
  thread_.join();
  for (const auto& line : lines_) {
    close(line.client);
    close(line.server);
  }
  close(listener_);
}

void CuttingProxy::cut_next_commit(Moment moment, bool for_good) {
  for_good_ = for_good;
  moment_ = moment;
}

void CuttingProxy::serve() {
  while (!stop_) {
    std::vector<pollfd> ends{{listener_, POLLIN, 0}};
    for (const auto& line : lines_) {
      ends.push_back({line.client, POLLIN, 0});
      ends.push_back({line.server, POLLIN, 0});
    }
    if (poll(ends.data(), ends.size(), 10) <= 0)
      continue;
    std::vector<Line> kept;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      auto& line = lines_[i];
      const bool open =
        (ends[2 * i + 2].revents == 0 || from_server(line)) && (ends[2 * i + 1].revents == 0 || from_client(line));
      if (open) {
        kept.push_back(line);
      } else {
        close(line.client);
        close(line.server);
      }
    }
    lines_ = std::move(kept);
    if (ends[0].revents != 0)
      accept_one();
  }
}

void CuttingProxy::accept_one() {
  Line line{accept(listener_, nullptr, nullptr), -1, false};
  const auto address = address_of(server_);
  line.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (closed_ || connect(line.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(line.client);
    close(line.server);
    return;
  }
  lines_.push_back(line);
}

// False: the line is over.
bool CuttingProxy::from_client(Line& line) {
  std::array<char, 65536> buffer{};
  const auto size = recv(line.client, buffer.data(), buffer.size(), 0);
  if (size <= 0)
    return false;
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(size)};
  const auto moment = moment_.load();
  if (moment == Moment::never || !ends_commit(bytes))
    return pass_on(line.server, bytes);
  closed_ = for_good_.load();
  if (moment != Moment::before_request && !pass_on(line.server, bytes))
    return false;
  line.swallow = moment == Moment::before_reply;
  if (!line.swallow)
    moment_ = Moment::never;
  return line.swallow;
}

bool CuttingProxy::from_server(Line& line) {
  std::array<char, 65536> buffer{};
  const auto size = recv(line.server, buffer.data(), buffer.size(), 0);
  if (size <= 0)
    return false;
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(size)};
  if (!line.swallow)
    return pass_on(line.client, bytes);
  if (!ends_reply(bytes))
    return true;
  moment_ = Moment::never;
  return false;
}

}  // namespace heed::test
