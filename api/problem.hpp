// What the API answers when it cannot do what was asked: RFC 9457 problem documents with a stable `code`.
#pragma once

#include "messages/nearest_name.hpp"
#include "messages/result.hpp"
#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

struct Problem {
  int status = 500;
  std::string code;      // stable, upper case: "QUERY_UNKNOWN"
  std::string detail;    // for people; names the thing and the fix
  std::string field;     // the offending field, parameter or header; may be empty
  std::string nearest;   // a valid name close to the one given
  bool refused = false;  // a rule said no, so that trying again changes nothing
  net::Headers headers;  // Allow, WWW-Authenticate, Retry-After
};

net::HttpResponse to_response(const Problem& problem);

/// 400 invalid, 409 rejected (404 where the code says that something does not exist), 503 unavailable and not_sent,
/// 504 unknown.
Problem to_problem(const Error& error);

/// 400 for a thing by name that is not one of `known`.
Problem unknown_name(std::string_view what, std::string_view code, std::string_view name,
                     const std::vector<std::string>& known);

}  // namespace heed::api
