// The routes that tell a story.
#include "api/checks.hpp"
#include "api/story.hpp"

#include <utility>

namespace heed::api {
namespace {

net::HttpResponse answer(const Call& call, const Result<std::optional<Story>>& story, std::string_view what,
                         std::string_view name) {
  if (!story)
    return to_response(to_problem(story.error()));
  if (!story.value())
    return to_response(not_there(what, "NOT_FOUND", name));
  return with_etag(call, json_response(200, story_json(*story.value())));
}

net::HttpResponse explain_signal(Context& context, const Call& call) {
  return answer(call, tell_signal(*context.journal, call.captures[0]), "signal", call.captures[0]);
}

net::HttpResponse explain_any(Context& context, const Call& call) {
  return answer(call, tell_story(*context.journal, call.captures[0]), "signal, order or trade", call.captures[0]);
}

net::HttpResponse explain_position(Context& context, const Call& call) {
  if (const auto problem = check_account(context, call.captures[0]))
    return to_response(*problem);
  const auto symbol = read_symbol(call.captures[1]);
  if (const auto* problem = std::get_if<Problem>(&symbol))
    return to_response(*problem);
  return answer(call, tell_position(*context.journal, AccountId{call.captures[0]}, std::get<Symbol>(symbol)),
                "story of", call.captures[0] + "/" + call.captures[1]);
}

Route story_route(std::string path, std::string operation, std::string summary, Handler handler) {
  return {.method = "GET",
          .pattern = "/api/v1/" + std::move(path),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .response_schema = "Story",
          .statuses = {200, 304, 404},
          .handler = std::move(handler)};
}

}  // namespace

void add_story_routes(std::vector<Route>& to) {
  to.push_back(story_route("signals/{id}/explain", "explainSignal", "The whole story of a call, in order.",
                           blocking(explain_signal)));
  to.push_back(
    story_route("explain/{id}", "explain", "The story of a signal, an order or a trade.", blocking(explain_any)));
  to.push_back(story_route("explain/{account}/{symbol}", "explainPosition",
                           "Everything that happened to a symbol in an account.", blocking(explain_position)));
}

}  // namespace heed::api
