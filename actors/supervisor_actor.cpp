#include "actors/supervisor_actor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace heed {
namespace {

template <class Actor, class Who>
void watch(SupervisorSelf self, const Actor& actor, Who who) {
  self->monitor(actor);
  self->state.watched[caf::actor_cast<caf::actor_addr>(actor)] = std::move(who);
}

void watch_desk(SupervisorSelf self, const AccountId& account, const Desk& desk) {
  watch(self, desk.governor, account);
  watch(self, desk.gateway, account);
  watch(self, desk.portfolio, account);
  watch(self, desk.reconciler, account);
}

enum class Cause : std::uint8_t { own, store };

Cause cause_of(const caf::error& reason) { return is_store_failure(reason) ? Cause::store : Cause::own; }
/// What is not there may come back: the store, or a file that is read.
Cause cause_of(const Error& error) { return error.kind == ErrorKind::unavailable ? Cause::store : Cause::own; }

/// How long to wait, or nothing: it stays down.
std::optional<std::chrono::milliseconds> next_try(SupervisorState& st, const std::string& what, Cause cause,
                                                  std::chrono::steady_clock::time_point now) {
  auto& failures = st.failures[what];
  if (now - std::exchange(failures.last, now) > st.args->forgiven_after)
    failures.own = failures.store = 0;
  if (cause == Cause::store) {
    constexpr std::int32_t doublings_max = 5;
    if (++failures.store == st.args->failures_max)
      spdlog::critical("{} cannot go on, the store has failed it {} times; it is tried again until that is over",
                       what, failures.store);
    return st.args->backoff_first * (1 << std::min(failures.store, doublings_max));
  }
  if (++failures.own > st.args->failures_max) {
    spdlog::critical("{} failed {} times and stays down; restart the daemon once the cause is mended", what,
                     failures.own);
    return std::nullopt;
  }
  return st.args->backoff_first * (1 << std::min(failures.own, 7));
}

void again_later(SupervisorSelf self, const std::string& what, Cause cause, const AccountId& account,
                 const SourceId& source) {
  auto& st = self->state;
  const auto delay = next_try(st, what, cause, self->clock().now());
  if (!delay)
    return;
  ++st.args->telemetry->actor_restarts;
  self->delayed_send(self, *delay, RestartDue{account, source});
}

void start_desk(SupervisorSelf self, const AccountId& account) {
  auto& st = self->state;
  auto desk = st.args->desks.at(account)();
  if (!desk) {
    spdlog::error("account {}: cannot start: {}", account.view(), desk.error().detail);
    again_later(self, "account " + account.str(), cause_of(desk.error()), account, {});
    return;
  }
  watch_desk(self, account, desk.value());
}

void start_watcher(SupervisorSelf self, const SourceId& source) {
  auto& st = self->state;
  auto watcher = st.args->watchers.at(source)();
  if (!watcher) {
    spdlog::error("source {}: cannot start: {}", source.view(), watcher.error().detail);
    again_later(self, "source " + source.str(), cause_of(watcher.error()), {}, source);
    return;
  }
  watch(self, watcher.value(), source);
  st.args->directory->set(source, std::move(watcher).value());
}

/// One actor of a desk fell: the others go too, and all come back together.
void end_desk(SupervisorSelf self, const AccountId& account) {
  auto& st = self->state;
  std::erase_if(st.watched, [&](const auto& entry) {
    const auto* of = std::get_if<AccountId>(&entry.second);
    return of && *of == account;
  });
  if (const auto desk = st.args->directory->desk(account)) {
    for (const auto& actor :
         {caf::actor_cast<caf::actor>(desk->reconciler), caf::actor_cast<caf::actor>(desk->gateway),
          caf::actor_cast<caf::actor>(desk->portfolio), caf::actor_cast<caf::actor>(desk->governor)})
      self->send_exit(actor, caf::exit_reason::kill);
  }
}

void fell(SupervisorSelf self, const caf::down_msg& down) {
  auto& st = self->state;
  const auto found = st.watched.find(down.source);
  if (found == st.watched.end())
    return;
  const auto who = found->second;
  st.watched.erase(found);
  if (st.draining)
    return;
  if (const auto* account = std::get_if<AccountId>(&who)) {
    spdlog::error("account {}: one of its actors ended: {}", account->view(), describe(down.reason));
    end_desk(self, *account);
    again_later(self, "account " + account->str(), cause_of(down.reason), *account, {});
  } else if (const auto* source = std::get_if<SourceId>(&who)) {
    spdlog::error("source {}: its watcher ended: {}", source->view(), describe(down.reason));
    again_later(self, "source " + source->str(), cause_of(down.reason), {}, *source);
  } else {
    st.args->fatal(std::get<std::string>(who) + " ended: " + describe(down.reason));
  }
}

void start_all(SupervisorSelf self) {
  const auto& args = *self->state.args;
  watch(self, args.journal, std::string{"the journal"});
  watch(self, args.aggregator, std::string{"the aggregator"});
  watch(self, args.scheduler, std::string{"the scheduler"});
  for (const auto& [account, spawn] : args.desks)
    start_desk(self, account);
  for (const auto& [source, spawn] : args.watchers)
    start_watcher(self, source);
}

void drain(SupervisorSelf self) {
  auto& st = self->state;
  st.draining = true;
  for (const auto& [source, watcher] : st.args->directory->watchers())
    self->send(watcher, Drain{});
  for (const auto& [account, desk] : st.args->directory->desks())
    self->send(desk.gateway, Drain{});
}

std::map<std::string, std::int32_t> own_failures(const SupervisorState& st) {
  std::map<std::string, std::int32_t> out;
  for (const auto& [what, failures] : st.failures)
    out[what] = failures.own;
  return out;
}

}  // namespace

SupervisorActor::behavior_type supervisor_actor(SupervisorSelf self, std::shared_ptr<const SupervisorArgs> args) {
  set_handlers(self);
  self->set_down_handler([self](const caf::down_msg& down) { fell(self, down); });
  self->state.args = std::move(args);
  start_all(self);
  return {
    [self](InspectSelf) {
      const auto& st = self->state;
      return JsonObject{}
        .field("watched", static_cast<std::int64_t>(st.watched.size()))
        .field("failures", own_failures(st))
        .field("draining", st.draining)
        .str();
    },
    [self](const RestartDue& due) {
      if (self->state.draining)
        return;
      if (!due.account.empty())
        start_desk(self, due.account);
      else
        start_watcher(self, due.source);
    },
    [self](Drain) { drain(self); },
  };
}

}  // namespace heed
