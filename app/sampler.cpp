#include "app/sampler.hpp"

#include "actors/support.hpp"
#include "messages/registration.hpp"

#include <caf/all.hpp>

#include <set>

namespace heed {
namespace {

/// Who has been asked and has not answered.
struct Asked {
  std::set<std::string> open;
};

void probe_mailboxes(const SamplerArgs& args) {
  for (const auto& [name, actor] : args.directory->by_name())
    if (args.telemetry->may_probe(name, actor->id()))
      caf::anon_send(caf::actor_cast<caf::actor>(actor), MailboxProbe{args.telemetry, name});
}

void ask_usage(caf::event_based_actor* self, const SamplerArgs& args, const std::shared_ptr<Asked>& asked) {
  for (const auto& [account, desk] : args.directory->desks()) {
    const auto name = account.str();
    if (!asked->open.insert(name).second)
      continue;
    self->request(desk.governor, std::chrono::seconds{10}, UsageQuery{})
      .then(
        [asked, name, telemetry = args.telemetry](const RiskUsage& usage) {
          telemetry->set_usage(usage);
          asked->open.erase(name);
        },
        [asked, name](const caf::error&) { asked->open.erase(name); });
  }
}

}  // namespace

caf::behavior sampler_actor(caf::event_based_actor* self, const std::shared_ptr<const SamplerArgs>& args) {
  self->send(self, TickDue{});
  return {[self, args, asked = std::make_shared<Asked>()](TickDue) {
    ask_usage(self, *args, asked);  // first, so that the probe does not find it waiting
    probe_mailboxes(*args);
    self->delayed_send(self, args->every, TickDue{});
  }};
}

}  // namespace heed
