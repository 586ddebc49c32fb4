#include "api/problem.hpp"

#include "persistence/json_write.hpp"

#include <utility>

namespace heed::api {
namespace {

bool says_not_there(std::string_view code) {
  return code == "404" || code.ends_with("_UNKNOWN") || code.ends_with("NOT_FOUND");
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json(out, text);
}

}  // namespace

net::HttpResponse to_response(const Problem& problem) {
  net::HttpResponse response;
  response.status = problem.status;
  response.headers = problem.headers;
  response.headers.emplace_back("Content-Type", "application/problem+json");
  response.headers.emplace_back("Cache-Control", "no-store");
  auto& body = response.body;
  body = "{\"type\":\"about:blank\",\"title\":";
  append_json(body, net::reason_phrase(problem.status));
  body += ",\"status\":";
  append_json(body, problem.status);
  append_member(body, "code", problem.code);
  append_member(body, "detail", problem.detail);
  if (!problem.field.empty())
    append_member(body, "field", problem.field);
  if (!problem.nearest.empty())
    append_member(body, "nearest", problem.nearest);
  if (problem.refused)
    body += ",\"refused\":true";
  body += "}\n";
  return response;
}

Problem to_problem(const Error& error) {
  Problem problem;
  problem.code = error.code.empty() ? "FAILED" : error.code;
  problem.detail = error.detail;
  switch (error.kind) {
    case ErrorKind::invalid: problem.status = says_not_there(problem.code) ? 404 : 400; break;
    case ErrorKind::rejected:
      problem.status = says_not_there(problem.code) ? 404 : 409;
      problem.refused = problem.status == 409;
      if (problem.code == "409")
        problem.code = "IDEMPOTENCY_KEY_REUSED";
      break;
    case ErrorKind::not_sent:
    case ErrorKind::unavailable:
      problem.status = 503;
      problem.headers.emplace_back("Retry-After", "1");
      break;
    case ErrorKind::unknown: problem.status = 504; break;
  }
  if (problem.code == "LIST_CURSOR")
    problem.field = "cursor";
  if (problem.code == "404")
    problem.code = "NOT_FOUND";
  return problem;
}

Problem unknown_name(std::string_view what, std::string_view code, std::string_view name,
                     const std::vector<std::string>& known) {
  Problem problem;
  problem.status = 400;
  problem.code = code;
  problem.field = std::string{name.substr(0, 64)};
  problem.nearest = nearest_name(name.substr(0, 64), known);
  problem.detail = std::string{what} + " \"" + problem.field + "\" is not known here";
  if (!problem.nearest.empty())
    problem.detail += "; did you mean \"" + problem.nearest + "\"?";
  std::string names;
  for (const auto& k : known)
    names += (names.empty() ? "" : ", ") + k;
  problem.detail += names.empty() ? " (none is)" : " (known: " + names + ")";
  return problem;
}

}  // namespace heed::api
