#include "api/route.hpp"

#include "messages/time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <utility>

namespace heed::api {
namespace {

bool capture(const std::string& piece) { return piece.size() > 2 && piece.front() == '{' && piece.back() == '}'; }

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (end != 0)
      out.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

/// How many segments of the pattern are literal; -1 when it does not fit.
int fit(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size())
    return -1;
  int literal = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (capture(pattern[i])) {
      if (segments[i].empty())
        return -1;
    } else if (pattern[i] == segments[i]) {
      ++literal;
    } else {
      return -1;
    }
  }
  return literal;
}

Problem bad_value(const Parameter& parameter, std::string_view value, std::string_view expected) {
  Problem problem;
  problem.status = 400;
  problem.code = "QUERY_INVALID";
  problem.field = parameter.name;
  problem.detail =
    "parameter " + parameter.name + ": \"" + std::string{value.substr(0, 64)} + "\" is not " + std::string{expected};
  return problem;
}

bool whole_number(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high;
}

bool symbol_text(std::string_view text) {
  const auto ok = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '/';
  };
  return !text.empty() && text.size() <= Symbol::capacity && std::all_of(text.begin(), text.end(), ok);
}

std::optional<Problem> check_value(const Parameter& parameter, const std::string& value) {
  switch (parameter.kind) {
    case ParamKind::text:
    case ParamKind::cursor:
      if (value.empty() || value.size() > 512)
        return bad_value(parameter, value, "1 to 512 characters");
      break;
    case ParamKind::name:
      if (value.empty() || value.size() > ClientOrderId::capacity)
        return bad_value(parameter, value, "a name of 1 to 63 characters");
      break;
    case ParamKind::symbol:
      if (!symbol_text(value))
        return bad_value(parameter, value, "a symbol: 1 to 23 of A-Z, 0-9, \".\", \"-\", \"/\"");
      break;
    case ParamKind::instant:
      if (!parse_rfc3339(value))
        return bad_value(parameter, value,
                         "an instant with zone, like 2026-11-21T14:30:00Z (encode \"+\" of an offset as %2B)");
      break;
    case ParamKind::limit:
      if (!whole_number(value, 1, 1000))
        return bad_value(parameter, value, "a whole number from 1 to 1000");
      break;
    case ParamKind::seq:
      if (!whole_number(value, 0, INT64_MAX))
        return bad_value(parameter, value, "a sequence number, 0 or more");
      break;
    case ParamKind::boolean:
      if (value != "true" && value != "false")
        return bad_value(parameter, value, "true or false");
      break;
    case ParamKind::choice:
      if (const auto name = parameter.with_reason ? value.substr(0, value.find(':')) : value;
          std::find(parameter.choices.begin(), parameter.choices.end(), name) == parameter.choices.end()) {
        auto problem =
          unknown_name("parameter " + parameter.name + ": value", "QUERY_INVALID", name, parameter.choices);
        problem.field = parameter.name;
        return problem;
      }
      break;
  }
  return std::nullopt;
}

Problem not_found(const Target& target) {
  Problem problem;
  problem.status = 404;
  problem.code = "ROUTE_UNKNOWN";
  problem.detail = "there is nothing at this path; the routes are listed at /api/v1/openapi.json";
  if (!target.segments.empty() && target.segments.back().empty())
    problem.detail = "there is nothing at this path; leave the \"/\" at its end away";
  return problem;
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

bool has_tag(std::string_view list, std::string_view tag) {
  return list == "*" || list.find(tag) != std::string_view::npos;
}

}  // namespace

std::string_view Call::query(std::string_view name) const {
  for (const auto& [key, value] : target.query)
    if (key == name)
      return value;
  return {};
}

bool Call::has_query(std::string_view name) const {
  return std::any_of(target.query.begin(), target.query.end(), [&](const auto& q) { return q.first == name; });
}

void Call::json(int status, std::string body) const { answer(json_response(status, std::move(body))); }

const std::vector<Route>& routes() {
  static const std::vector<Route> table = [] {
    std::vector<Route> all;
    add_write_routes(all);
    add_read_routes(all);
    add_story_routes(all);
    add_backtest_routes(all);
    add_operation_routes(all);
    for (auto& route : all)
      route.pieces = split_path(route.pattern);
    return all;
  }();
  return table;
}

std::variant<Match, Problem> match(const std::vector<Route>& table, std::string_view method, const Target& target) {
  const Route* best = nullptr;
  int best_fit = -1;
  std::string allow;
  for (const auto& route : table) {
    const int literal = fit(route.pieces, target.segments);
    if (literal < 0)
      continue;
    if (allow.find(route.method) == std::string::npos)
      allow += (allow.empty() ? "" : ", ") + route.method;
    if (route.method == method && literal > best_fit) {
      best = &route;
      best_fit = literal;
    }
  }
  if (best == nullptr && allow.empty())
    return not_found(target);
  if (best == nullptr) {
    Problem problem;
    problem.status = 405;
    problem.code = "METHOD_NOT_ALLOWED";
    problem.detail = "this path answers " + allow;
    problem.headers.emplace_back("Allow", allow);
    return problem;
  }
  Match found{best, {}};
  for (std::size_t i = 0; i < best->pieces.size(); ++i)
    if (capture(best->pieces[i]))
      found.captures.push_back(target.segments[i]);
  return found;
}

std::optional<Problem> check_query(const Route& route, const Target& target) {
  for (const auto& [name, value] : target.query) {
    const auto known = std::find_if(route.parameters.begin(), route.parameters.end(),
                                    [&n = name](const Parameter& p) { return p.name == n; });
    if (known == route.parameters.end()) {
      std::vector<std::string> names;
      for (const auto& p : route.parameters)
        names.push_back(p.name);
      return unknown_name("query parameter", "QUERY_UNKNOWN", name, names);
    }
    if (auto problem = check_value(*known, value))
      return problem;
  }
  return std::nullopt;
}

Handler blocking(std::function<net::HttpResponse(Context&, const Call&)> work) {
  return [work = std::move(work)](Context& context, const CallPtr& call) {
    const auto job = [&context, call, work] {
      try {
        call->answer(work(context, *call));
      } catch (const std::exception& e) {
        call->problem(
          {500, "INTERNAL", std::string{"this is a fault of the daemon: "} + e.what(), {}, {}, false, {}});
      }
    };
    if (!context.pool.run(job))
      call->problem({503, "BUSY", "too many reads wait already; try again", {}, {}, false, {{"Retry-After", "1"}}});
  };
}

net::HttpResponse json_response(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  response.body += '\n';
  return response;
}

net::HttpResponse with_etag(const Call& call, net::HttpResponse response) {
  if (response.status != 200)
    return response;
  static constexpr char hex[] = "0123456789abcdef";
  std::string tag = "\"";
  for (auto hash = fnv1a(response.body), i = std::uint64_t{0}; i < 16; ++i, hash >>= 4)
    tag += hex[hash & 15];
  tag += '"';
  if (has_tag(net::header(call.request.headers, "If-None-Match"), tag)) {
    response.status = 304;
    response.body.clear();
    response.headers.clear();
  } else {
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Cache-Control"; });
  }
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("ETag", tag);
  return response;
}

}  // namespace heed::api
