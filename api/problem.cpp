#include "api/problem.hpp"

#include "persistence/json_write.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace heed::api {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Insertions, deletions, replacements, whatever the case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

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
  if (problem.code == "404")
    problem.code = "NOT_FOUND";
  return problem;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  // Twice the distance, and one more where the first letter differs: a slip there is rare.
  std::string best;
  std::size_t best_score = 2 * std::max<std::size_t>(1, (name.size() + 2) / 3) + 2;
  for (const auto& candidate : candidates) {
    const bool same_start = !name.empty() && !candidate.empty() && lower(name[0]) == lower(candidate[0]);
    const auto score = 2 * distance(name, candidate) + (same_start ? 0 : 1);
    if (score < best_score) {
      best_score = score;
      best = candidate;
    }
  }
  return best;
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
