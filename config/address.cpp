#include "config/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>

namespace heed::config {
namespace {

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  };
  const auto numeric = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.'; };
  // A name of digits and dots only is a mistyped address.
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), allowed) &&
         !std::all_of(host.begin(), host.end(), numeric) && host.front() != '.' && host.front() != '-' &&
         host.find("..") == std::string_view::npos;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return port;
}

/// "host", "host:port", "[v6]:port"; without a port, `port` is left alone.
std::optional<Address> split_host(std::string_view text, bool port_required, std::uint16_t default_port) {
  Address address{.host = {}, .port = default_port};
  std::string_view port_text;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos)
      return std::nullopt;
    address.host = std::string{text.substr(1, close - 1)};
    if (!is_ipv6(address.host))
      return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return std::nullopt;
    has_port = !rest.empty();
    port_text = has_port ? rest.substr(1) : rest;
  } else {
    const std::size_t colon = text.rfind(':');
    has_port = colon != std::string_view::npos;
    address.host = std::string{text.substr(0, colon)};
    port_text = has_port ? text.substr(colon + 1) : std::string_view{};
    if (!is_ipv4(address.host) && !is_host_name(address.host))
      return std::nullopt;
  }
  if (!has_port)
    return port_required ? std::nullopt : std::optional{address};
  const auto port = parse_port(port_text);
  if (!port)
    return std::nullopt;
  address.port = *port;
  return address;
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || (is_ipv4(host) && host.starts_with("127."));
}

std::optional<Address> parse_address(std::string_view text) { return split_host(text, true, 0); }

bool Url::is_loopback() const { return Address{.host = host, .port = port}.is_loopback(); }

std::optional<Url> parse_url(std::string_view text) {
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7F; });
  if (!clean || text.find('#') != std::string_view::npos)
    return std::nullopt;
  Url url;
  const std::string scheme = lower(text.substr(0, text.find("://")));
  if (scheme != "http" && scheme != "https")
    return std::nullopt;
  url.tls = scheme == "https";
  text.remove_prefix(std::min(text.size(), scheme.size() + 3));
  const std::size_t path = text.find_first_of("/?");
  const std::string_view authority = text.substr(0, path);
  url.path = path == std::string_view::npos ? std::string{} : std::string{text.substr(path)};
  const auto address = split_host(authority, false, url.tls ? 443 : 80);
  if (!address || address->port == 0)
    return std::nullopt;
  url.host = lower(address->host);
  if (url.host.ends_with('.'))
    url.host.pop_back();
  url.port = address->port;
  return url;
}

bool has_password(std::string_view url) {
  if (lower(url).find("password") != std::string::npos)
    return true;
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos)
    return false;
  // Up to the last @, since a password may hold a slash that someone forgot to encode.
  const std::string_view rest = url.substr(begin + 3);
  const std::size_t at = rest.rfind('@');
  return at != std::string_view::npos && rest.substr(0, at).find(':') != std::string_view::npos;
}

}  // namespace heed::config
