#include "net/runtime.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace heed::net {

namespace {

Error bad_url(std::string_view url, std::string_view why) {
  return {ErrorKind::invalid, "endpoint",
          "\"" + std::string{url} + "\": " + std::string{why} +
            "; write it like https://api.example.com or http://127.0.0.1:8421"};
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

bool is_ipv6_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return std::nullopt;
  return port;
}

struct Scheme {
  std::string_view prefix;
  bool tls;
  std::uint16_t port;
};
constexpr Scheme schemes[] = {
  {"http://", false, 80}, {"https://", true, 443}, {"ws://", false, 80}, {"wss://", true, 443}};

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto scheme = std::find_if(std::begin(schemes), std::end(schemes),
                                   [&](const Scheme& s) { return url.substr(0, s.prefix.size()) == s.prefix; });
  if (scheme == std::end(schemes))
    return bad_url(url, "the scheme must be http, https, ws or wss");
  std::string_view rest = url.substr(scheme->prefix.size());
  if (!rest.empty() && rest.back() == '/')
    rest.remove_suffix(1);
  if (rest.find_first_of("/?#@") != std::string_view::npos)
    return bad_url(url, "a path, query, user or fragment does not belong here");

  Endpoint endpoint{scheme->tls, {}, scheme->port};
  std::string_view after;
  if (!rest.empty() && rest.front() == '[') {
    const auto close = rest.find(']');
    if (close == std::string_view::npos)
      return bad_url(url, "the ']' is missing");
    endpoint.host = rest.substr(1, close - 1);
    after = rest.substr(close + 1);
    if (endpoint.host.empty() || !std::all_of(endpoint.host.begin(), endpoint.host.end(), is_ipv6_character))
      return bad_url(url, "the IPv6 address is not valid");
  } else {
    const auto colon = std::min(rest.find(':'), rest.size());
    endpoint.host = rest.substr(0, colon);
    after = rest.substr(colon);
    if (endpoint.host.empty() || !std::all_of(endpoint.host.begin(), endpoint.host.end(), is_host_character))
      return bad_url(url, "the host name is missing or has characters no host name has");
  }
  if (!after.empty()) {
    const auto port = after.front() == ':' ? parse_port(after.substr(1)) : std::nullopt;
    if (!port)
      return bad_url(url, "the port must be a number from 1 to 65535");
    endpoint.port = *port;
  }
  return endpoint;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1")
    return true;
  // Only a full dotted address counts: "127.0.0.1.example.com" is somebody else's host.
  int parts = 0;
  bool first = true;
  while (!host.empty()) {
    const auto dot = std::min(host.find('.'), host.size());
    unsigned value = 0;
    const auto [end, error] = std::from_chars(host.data(), host.data() + dot, value);
    if (error != std::errc{} || end != host.data() + dot || value > 255 || (first && value != 127))
      return false;
    first = false;
    ++parts;
    host.remove_prefix(std::min(dot + 1, host.size()));
  }
  return parts == 4;
}

}  // namespace heed::net
