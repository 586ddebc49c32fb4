#include "actors/inspector_actor.hpp"

#include <utility>
#include <vector>

namespace heed {
namespace {

using Promise = caf::typed_response_promise<std::string>;

struct Tree {
  Promise promise;
  std::map<std::string, RawJson> states;
  std::size_t missing = 0;
  void part(const std::string& name, std::string state) {
    states[name] = RawJson{std::move(state)};
    if (--missing == 0)
      promise.deliver(JsonObject{}.field("actors", states).str());
  }
};

Promise tree(InspectorSelf self) {
  auto work = std::make_shared<Tree>();
  work->promise = self->make_response_promise<std::string>();
  const auto actors = self->state.args->directory->by_name();
  work->missing = actors.size();
  auto promise = work->promise;
  if (work->missing == 0)
    promise.deliver(std::string{"{\"actors\":{}}"});
  for (const auto& [name, actor] : actors)
    self->request(actor, std::chrono::seconds{2}, InspectSelf{})
      .then([work, n = name](std::string& state) { work->part(n, std::move(state)); },
            [work, n = name](const caf::error& error) {
              work->part(n, JsonObject{}.field("error", describe(error)).str());
            });
  return promise;
}

void answer(InspectorSelf self, Promise promise, const std::string& name, std::string state) {
  JsonObject out;
  out.field("name", name);
  if (const auto& telemetry = self->state.args->telemetry) {
    const auto depths = telemetry->mailbox_depths();
    if (const auto found = depths.find(name); found != depths.end())
      out.field("mailbox", found->second);
  }
  out.field("state", RawJson{std::move(state)});
  promise.deliver(out.str());
}

template <class Actor, class Question>
Promise show(InspectorSelf self, const Actor& actor, Question question, const std::string& name) {
  auto promise = self->make_response_promise<std::string>();
  self->request(actor, std::chrono::seconds{2}, std::move(question))
    .then([self, promise, name](std::string& state) { answer(self, promise, name, std::move(state)); },
          [self, promise, name](const caf::error& error) {
            answer(self, promise, name, JsonObject{}.field("error", describe(error)).str());
          });
  return promise;
}

caf::result<std::string> query(InspectorSelf self, const std::string& name) {
  const auto& directory = *self->state.args->directory;
  if (name.empty())
    return tree(self);
  const auto actors = directory.by_name();
  if (const auto found = actors.find(name); found != actors.end())
    return show(self, found->second, InspectSelf{}, name);
  constexpr std::string_view prefix = "position:";
  const auto slash = name.find('/');
  if (name.starts_with(prefix) && slash != std::string::npos && name.size() - slash - 1 <= Symbol::capacity) {
    const auto account = name.substr(prefix.size(), slash - prefix.size());
    const auto desk = account.size() <= AccountId::capacity ? directory.desk(AccountId{account}) : std::nullopt;
    if (desk)
      return show(self, desk->portfolio, PositionInspect{Symbol{name.substr(slash + 1)}}, name);
  }
  std::vector<std::string> known;
  known.reserve(actors.size() + 1);
  for (const auto& [actor_name, actor] : actors)
    known.push_back(actor_name);
  known.emplace_back("position:<account>/<symbol>");
  return JsonObject{}.field("error", "no actor is called '" + name + "'").field("known", known).str();
}

}  // namespace

InspectorActor::behavior_type inspector_actor(InspectorSelf self, std::shared_ptr<const InspectorArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  return {[self](const InspectQuery& q) { return query(self, q.actor); }};
}

}  // namespace heed
