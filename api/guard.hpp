// Who may ask: the Host header against rebinding, the Origin against foreign pages, the bearer token, the content
// type.
#pragma once

#include "api/route.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

/// Immutable after construction.
class Guard {
public:
  explicit Guard(const ApiOptions& options);

  /// True when `listen` names the machine itself only.
  bool loopback() const { return loopback_; }
  /// 421: the Host header names another host than this one, as after DNS rebinding. Only on loopback, where nothing
  /// else would stop it.
  std::optional<Problem> check_host(const Call& call) const;
  /// 403 for a write from a page of another origin, 401 without the token, 415 and 400 for the body.
  std::optional<Problem> check(const Route& route, const Call& call) const;

private:
  std::optional<Problem> check_origin(const Call& call) const;
  std::optional<Problem> check_token(const Call& call) const;

  bool loopback_ = false;
  std::vector<std::string> hosts_;  // lower case, without port or brackets
  std::string token_;
};

/// "127.0.0.1:80" -> "127.0.0.1", "[::1]" -> "::1", in lower case.
std::string host_name(std::string_view host_and_port);

/// Takes as long for any wrong text of one length.
bool same_secret(std::string_view secret, std::string_view candidate);

}  // namespace heed::api
