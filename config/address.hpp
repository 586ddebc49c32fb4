// Addresses as the configuration writes them: host:port to listen on, and http(s) URLs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heed::config {

struct Address {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  /// 127.0.0.0/8, ::1, localhost.
  bool is_loopback() const;
};

/// "127.0.0.1:8420", "[::1]:8420", "localhost:0". Port 0 lets the system choose. Empty on anything else.
std::optional<Address> parse_address(std::string_view text);

struct Url {
  bool tls = false;
  std::string host;  // lower case, without brackets and closing dot
  std::uint16_t port = 0;
  std::string path;
  bool is_loopback() const;
};

/// http:// or https:// with a host; no user, and no fragment. Empty on anything else.
std::optional<Url> parse_url(std::string_view text);

/// A database address that carries a password.
bool has_password(std::string_view url);

}  // namespace heed::config
