#include "api/guard.hpp"

#include "net/runtime.hpp"

#include <algorithm>
#include <cctype>

namespace heed::api {
namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

Problem refuse(int status, std::string code, std::string detail, std::string field) {
  return {status, std::move(code), std::move(detail), std::move(field), {}, false, {}};
}

bool is_json(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  if (lower(trim(content_type.substr(0, semicolon))) != "application/json")
    return false;
  if (semicolon == std::string_view::npos)
    return true;
  const auto parameter = lower(trim(content_type.substr(semicolon + 1)));
  return parameter.empty() || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

std::optional<Problem> check_body(const Route& route, const Call& call) {
  const auto& headers = call.request.headers;
  if (call.request.body.empty())
    return std::nullopt;
  if (route.request_schema.empty())
    return refuse(400, "BODY_UNEXPECTED", "this route takes no body; leave it away", {});
  const auto encoding = lower(net::header(headers, "Content-Encoding"));
  const bool is_packed = encoding == "gzip" && route.takes_gzip;
  if (!encoding.empty() && encoding != "identity" && !is_packed)
    return refuse(415, "ENCODING_UNSUPPORTED", "the body must not be compressed; send it as it is",
                  "Content-Encoding");
  if (!is_json(net::header(headers, "Content-Type")))
    return refuse(415, "CONTENT_TYPE_UNSUPPORTED", "send the body with Content-Type: application/json, in UTF-8",
                  "Content-Type");
  return std::nullopt;
}

}  // namespace

std::string host_name(std::string_view host_and_port) {
  if (!host_and_port.empty() && host_and_port.front() == '[')
    return lower(host_and_port.substr(1, host_and_port.find(']') - 1));
  return lower(host_and_port.substr(0, host_and_port.rfind(':')));
}

bool same_secret(std::string_view secret, std::string_view candidate) {
  unsigned difference = secret.size() == candidate.size() ? 0 : 1;
  for (std::size_t i = 0; i < candidate.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(expected ^ candidate[i]));
  }
  return difference == 0;
}

Guard::Guard(const ApiOptions& options) : token_{options.token} {
  const auto own = host_name(options.listen);
  loopback_ = net::is_loopback(own);
  hosts_ = {"localhost", "127.0.0.1", "::1", own};
  for (const auto& host : options.hosts)
    hosts_.push_back(lower(host));
}

std::optional<Problem> Guard::check_host(const Call& call) const {
  if (call.local || !loopback_)
    return std::nullopt;
  const auto host = host_name(net::header(call.request.headers, "Host"));
  if (std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end())
    return std::nullopt;
  return refuse(
    421, "HOST_UNKNOWN",
    "the Host header names \"" + host.substr(0, 64) + "\", which is not this daemon; ask for localhost or 127.0.0.1",
    "Host");
}

std::optional<Problem> Guard::check(const Route& route, const Call& call) const {
  if (route.method != "GET")
    if (auto problem = check_origin(call))
      return problem;
  if (route.access == Access::token)
    if (auto problem = check_token(call))
      return problem;
  return check_body(route, call);
}

std::optional<Problem> Guard::check_origin(const Call& call) const {
  const auto& headers = call.request.headers;
  const auto origin = lower(net::header(headers, "Origin"));
  const auto host = lower(net::header(headers, "Host"));
  const auto site = lower(net::header(headers, "Sec-Fetch-Site"));
  const bool own_origin = origin.empty() || origin == "http://" + host || origin == "https://" + host;
  const bool own_site = site.empty() || site == "same-origin" || site == "none";
  if (own_origin && own_site)
    return std::nullopt;
  return refuse(403, "ORIGIN_FOREIGN", "a page of another origin may not change anything here", "Origin");
}

std::optional<Problem> Guard::check_token(const Call& call) const {
  if (token_.empty() || call.local)
    return std::nullopt;
  const auto header = net::header(call.request.headers, "Authorization");
  constexpr std::size_t scheme_size = 7;
  const bool bearer = lower(header.substr(0, scheme_size)) == "bearer ";
  if (bearer && same_secret(token_, trim(header.substr(scheme_size))))
    return std::nullopt;
  auto problem = refuse(401, header.empty() ? "TOKEN_MISSING" : "TOKEN_INVALID",
                        header.empty() ? "send the token as \"Authorization: Bearer <token>\""
                                       : "the Authorization header does not carry this daemon's bearer token",
                        "Authorization");
  problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"heed\"");
  return problem;
}

}  // namespace heed::api
