// The OpenAPI document, out of the table of routes.
#include "api/route.hpp"
#include "api/schemas.hpp"

#include <set>

namespace heed::api {
namespace {

using Json = nlohmann::ordered_json;

/// "^(filled|no_op)(:.+)?$"
std::string with_reason(const std::vector<std::string>& choices) {
  std::string out;
  for (const auto& choice : choices)
    out += (out.empty() ? "^(" : "|") + choice;
  return out + ")(:.+)?$";
}

Json parameter_schema(const Parameter& parameter) {
  switch (parameter.kind) {
    case ParamKind::instant: return {{"type", "string"}, {"format", "date-time"}};
    case ParamKind::limit: return {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}};
    case ParamKind::seq: return {{"type", "integer"}, {"minimum", 0}};
    case ParamKind::boolean: return {{"type", "boolean"}};
    case ParamKind::choice:
      if (parameter.with_reason)
        return {{"type", "string"}, {"pattern", with_reason(parameter.choices)}};
      return {{"type", "string"}, {"enum", parameter.choices}};
    default: return {{"type", "string"}};
  }
}

Json parameters(const Route& route) {
  Json out = Json::array();
  for (const auto& piece : route.pieces)
    if (piece.front() == '{')
      out.push_back({{"name", piece.substr(1, piece.size() - 2)},
                     {"in", "path"},
                     {"required", true},
                     {"schema", {{"type", "string"}}}});
  for (const auto& parameter : route.parameters)
    out.push_back({{"name", parameter.name},
                   {"in", "query"},
                   {"description", parameter.doc},
                   {"schema", parameter_schema(parameter)}});
  if (route.operation == "postIntent" || route.operation == "closePosition")
    out.push_back({{"name", "Idempotency-Key"},
                   {"in", "header"},
                   {"required", route.operation == "postIntent"},
                   {"schema", {{"type", "string"}, {"maxLength", 200}}}});
  if (route.operation == "getStream")
    out.push_back({{"name", "Last-Event-ID"}, {"in", "header"}, {"schema", {{"type", "string"}}}});
  return out;
}

Json content(const std::string& type, const std::string& schema) {
  Json media = Json::object();
  if (!schema.empty())
    media["schema"] = {{"$ref", "#/components/schemas/" + schema}};
  return {{type, media}};
}

std::string success_type(const Route& route) {
  if (!route.response_schema.empty())
    return "application/json";
  return route.operation == "getStream"    ? "text/event-stream"
         : route.operation == "getLanding" ? "text/html"
                                           : "text/plain";
}

/// What any request of this kind may be refused with.
std::set<int> refusals(const Route& route) {
  std::set<int> out{400, 421, 500, 503};
  if (route.access == Access::token)
    out.insert(401);
  if (!route.request_schema.empty())
    out.insert({403, 413, 415});
  return out;
}

Json responses(const Route& route) {
  Json out = Json::object();
  std::set<int> statuses{route.statuses.begin(), route.statuses.end()};
  statuses.merge(refusals(route));
  for (const int status : statuses) {
    Json answer{{"description", std::string{net::reason_phrase(status)}}};
    const bool own_body = status < 300 || (status == 503 && route.operation == "getReady");
    if (own_body)
      answer["content"] = content(success_type(route), route.response_schema);
    else if (status != 304)
      answer["content"] = content("application/problem+json", "Problem");
    out[std::to_string(status)] = std::move(answer);
  }
  return out;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

Json operation(const Route& route) {
  Json out{{"operationId", route.operation}, {"summary", route.summary}};
  if (auto list = parameters(route); !list.empty())
    out["parameters"] = std::move(list);
  if (!route.request_schema.empty())
    out["requestBody"] = {{"required", route.body_required},
                          {"content", content("application/json", route.request_schema)}};
  out["responses"] = responses(route);
  if (route.access == Access::open)
    out["security"] = Json::array();
  return out;
}

}  // namespace

std::string openapi_document(std::string_view version) {
  Json document{
    {"openapi", "3.1.0"},
    {"info",
     {{"title", "Heed"},
      {"version", std::string{version}},
      {"description",
       "Instants are RFC 3339 in UTC with microseconds. Money, prices and quantities are decimal strings; "
       "ratios are numbers. Unknown fields and parameters are errors. Lists are paged by cursor."}}},
    {"security", {{{"bearer", Json::array()}}}},
    {"paths", Json::object()}};
  for (const auto& route : routes())
    document["paths"][route.pattern][lower(route.method)] = operation(route);
  document["components"] = {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
                            {"schemas", component_schemas()}};
  return document.dump(1);
}

}  // namespace heed::api
