#include "app/edge.hpp"

#include "app/ask.hpp"
#include "app/version.hpp"
#include "messages/registration.hpp"
#include "net/json.hpp"
#include "persistence/json_write.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace heed {
namespace {

Error unavailable(std::string why) { return {ErrorKind::unavailable, "UNAVAILABLE", std::move(why)}; }

/// For a command that ended with the actor it was handed to.
Error interrupted(const std::string& who) {
  return {ErrorKind::unavailable, "INTERRUPTED",
          who +
            " began anew before it had answered, as it does when the store fails; nothing is opened meanwhile. "
            "Try again: the same Idempotency-Key is done once"};
}
Error interrupted(const AccountId& account) { return interrupted("account " + account.str()); }

/// Set when the inspector's answer is that there is none of that name.
std::optional<Error> unknown_actor(const std::string& answer) {
  const auto parsed = net::parse_json(answer);
  const auto* known = parsed ? parsed.value().find("known") : nullptr;
  const auto* error = parsed ? parsed.value().find("error") : nullptr;
  if (known == nullptr || error == nullptr)
    return std::nullopt;
  std::string names;
  for (const auto& name : known->items)
    names += (names.empty() ? "" : ", ") + name.text;
  return Error{ErrorKind::invalid, "ACTOR_UNKNOWN", error->text + " (known: " + names + ")"};
}

/// The kill switch of several accounts, answered when all have; where one failed, that is the answer.
class Switching {
public:
  Switching(std::size_t accounts, api::Done<std::vector<AccountId>> done)
      : missing_{accounts}, done_{std::move(done)} {}

  void take(const AccountId& account, const Result<Ok>& result) {
    const std::scoped_lock lock{mutex_};
    if (result)
      in_force_.push_back(account);
    else
      failed_ = result.error();
    if (--missing_ == 0)
      answer();
  }

private:
  void answer() {
    if (!failed_)
      return done_(std::move(in_force_));
    for (std::size_t i = 0; i < in_force_.size(); ++i)
      failed_->detail += (i == 0 ? ". It is in force for " : ", ") + in_force_[i].str();
    done_(*failed_);
  }

  std::mutex mutex_;
  std::size_t missing_;
  api::Done<std::vector<AccountId>> done_;
  std::vector<AccountId> in_force_;
  std::optional<Error> failed_;
};

}  // namespace

Edge::Edge(EdgeArgs args) : args_{std::move(args)}, started_at_{args_.clock->now()} {}

void Edge::detach() { args_.inspector = nullptr; }

std::optional<Desk> Edge::desk(const AccountId& account, const std::function<void(Error)>& refuse) const {
  auto found = args_.directory->desk(account);
  if (found)
    return found;
  const auto known = accounts();
  if (std::find(known.begin(), known.end(), account) == known.end())
    refuse({ErrorKind::invalid, "ACCOUNT_UNKNOWN", "account \"" + account.str() + "\" is not known here"});
  else
    refuse(unavailable("account " + account.str() + " is not running"));
  return std::nullopt;
}

std::optional<Desk> Edge::open_desk(const AccountId& account, const std::function<void(Error)>& refuse) const {
  if (!draining_)
    return desk(account, refuse);
  refuse(unavailable("the daemon is stopping"));
  return std::nullopt;
}

std::string Edge::new_key() {
  return "edge:" + std::to_string(args_.clock->now().time_since_epoch().count()) + ":" +
         std::to_string(started_at_.time_since_epoch().count()) + ":" + std::to_string(++keys_made_);
}

void Edge::submit_mentions(SourceId source, std::vector<Mention> mentions, std::vector<RejectedInputRow> rejected,
                           Instant arrival, api::Done<std::vector<MentionReceipt>> done) {
  const auto watcher = args_.directory->watcher(source);
  if (draining_ || !watcher) {
    done(unavailable(draining_ ? "the daemon is stopping" : "source " + source.str() + " is not running"));
    return;
  }
  done = surely_answered(std::move(done), interrupted("source " + source.str()));
  caf::anon_send(*watcher, SubmitMentions{std::move(mentions), std::move(rejected), std::move(done), arrival});
}

void Edge::submit_intent(Intent intent, api::Done<IntentReceipt> done) {
  const auto found = open_desk(intent.account, done);
  if (!found)
    return;
  if (intent.source.empty())
    intent.source = SourceId{"api"};
  intent.created_at = args_.clock->now();
  // The same key with another body must be noticed: what the caller decides is compared, not what is filled in.
  auto compared = intent;
  compared.created_at = {};
  if (intent.strategy.empty())
    intent.strategy = StrategyId{"manual"};
  done = surely_answered(std::move(done), interrupted(intent.account));
  caf::anon_send(found->portfolio, SubmitIntent{intent, to_json(compared), std::move(done), nullptr});
}

void Edge::close_position(api::CloseRequest request, api::Done<Decision> done) {
  const auto found = desk(request.account, done);
  if (!found)
    return;
  Intent intent;
  intent.idempotency_key = request.idempotency_key.empty() ? new_key() : request.idempotency_key;
  intent.account = request.account;
  intent.strategy = StrategyId{"manual"};
  intent.source = SourceId{"api"};
  intent.origin = Origin::manual;
  intent.action = request.quantity ? IntentAction::reduce : IntentAction::close;
  intent.symbol = request.symbol;
  intent.size =
    request.quantity ? Size{SizeKind::quantity, *request.quantity, {}} : Size{SizeKind::all, Decimal{}, {}};
  intent.close_reason = CloseReason::manual_close;
  intent.subreason = request.by;
  submit_for_decision(*found, std::move(intent), std::move(done));
}

void Edge::adopt_position(Intent intent, api::Done<Decision> done) {
  const auto found = open_desk(intent.account, done);
  if (!found)
    return;
  if (intent.idempotency_key.empty())
    intent.idempotency_key = new_key();
  intent.source = SourceId{"api"};
  submit_for_decision(*found, std::move(intent), std::move(done));
}

void Edge::submit_for_decision(const Desk& desk, Intent intent, api::Done<Decision> done) {
  auto body = to_json(intent);
  intent.created_at = args_.clock->now();
  done = surely_answered(std::move(done), interrupted(intent.account));
  caf::anon_send(desk.portfolio, SubmitIntent{std::move(intent), std::move(body),
                                              [done](const Result<IntentReceipt>& receipt) {
                                                if (!receipt)
                                                  done(receipt.error());
                                              },
                                              std::move(done)});
}

void Edge::pause(api::PauseRequest request, api::Done<Pause> done) {
  const auto found = desk(request.account, done);
  if (!found)
    return;
  Pause pause;
  pause.account = request.account;
  pause.strategy = request.strategy;
  pause.symbol = request.symbol;
  pause.cause = "manual";
  pause.detail = request.reason;
  pause.by = request.by;
  done = surely_answered(std::move(done), interrupted(pause.account));
  caf::anon_send(found->governor, PauseCommand{std::move(pause), std::move(done)});
}

void Edge::resume(api::PauseRequest request, api::Done<std::int32_t> done) {
  const auto found = desk(request.account, done);
  if (!found)
    return;
  // A person's word ends a quarantine too; if books and broker still differ, the reconciler puts it back.
  if (!request.symbol.empty())
    caf::anon_send(found->portfolio, PositionNews{request.symbol, LiftQuarantine{request.by}});
  done = surely_answered(std::move(done), interrupted(request.account));
  caf::anon_send(found->governor, ResumeCommand{request.strategy, request.symbol, request.by, std::move(done)});
}

void Edge::kill(api::KillRequest request, api::Done<std::vector<AccountId>> done) {
  const auto targets = request.account ? std::vector{*request.account} : accounts();
  if (targets.empty()) {
    done(targets);
    return;
  }
  const auto work = std::make_shared<Switching>(targets.size(), std::move(done));
  for (const auto& account : targets) {
    const api::Done<Ok> taken = [work, account](const Result<Ok>& result) { work->take(account, result); };
    if (const auto found = desk(account, taken))
      caf::anon_send(found->governor,
                     KillCommand{request.level, request.by, surely_answered(taken, interrupted(account))});
  }
}

void Edge::account_snapshot(AccountId account, api::Done<AccountSnapshot> done) {
  if (const auto found = desk(account, done))
    ask<AccountSnapshot>(found->governor->home_system(), found->governor, AccountQuery{}, std::move(done));
}

void Edge::risk_limits(AccountId account, api::Done<RiskLimits> done) {
  if (const auto found = desk(account, done))
    ask<RiskLimits>(found->governor->home_system(), found->governor, LimitsQuery{}, std::move(done));
}

void Edge::risk_usage(AccountId account, api::Done<RiskUsage> done) {
  if (const auto found = desk(account, done))
    ask<RiskUsage>(found->governor->home_system(), found->governor, UsageQuery{}, std::move(done));
}

void Edge::inspect_tree(api::Done<std::string> done) { inspect_actor({}, std::move(done)); }

void Edge::inspect_actor(std::string name, api::Done<std::string> done) {
  if (!args_.inspector) {
    done(unavailable("the daemon is stopping"));
    return;
  }
  ask<std::string>(args_.inspector->home_system(), args_.inspector, InspectQuery{std::move(name)},
                   [done = std::move(done)](Result<std::string> answer) {
                     if (auto unknown = answer ? unknown_actor(answer.value()) : std::nullopt)
                       done(std::move(*unknown));
                     else
                       done(std::move(answer));
                   });
}

api::BacktestPort* Edge::backtests() { return args_.backtests; }

std::vector<SourceId> Edge::inboxes() const {
  std::vector<SourceId> out;
  for (const auto& source : args_.config.sources)
    if (source.kind == config::SourceKind::inbox)
      out.emplace_back(source.id);
  return out;
}

std::vector<AccountId> Edge::accounts() const {
  std::vector<AccountId> out;
  for (const auto& account : args_.config.accounts)
    out.emplace_back(account.id);
  return out;
}

api::DaemonStatus Edge::status() {
  const auto& telemetry = *args_.telemetry;
  api::DaemonStatus out;
  out.version = version;
  bool paper = false;
  bool live = false;
  for (const auto& account : args_.config.accounts)
    (account.mode == config::TradingMode::live ? live : paper) = true;
  out.mode = live && paper ? "mixed" : live ? "live" : "paper";
  out.now = args_.clock->now();
  out.started_at = started_at_;
  out.draining = draining_;
  out.signals_in = telemetry.decisions_demanded;
  out.decisions_final = telemetry.decisions_final;
  out.decisions_under_way = out.signals_in - out.decisions_final;
  out.orders_unknown = telemetry.orders_unknown;
  out.in_flight = telemetry.unfinished();
  bool ready = !draining_;
  const bool journal_ok = telemetry.journal_ok;
  out.components.push_back({"journal", journal_ok,
                            std::to_string(telemetry.commits) + " commits, " +
                              std::to_string(telemetry.commit_failures) + " failed" +
                              (journal_ok ? "" : "; the last one failed")});
  ready = ready && journal_ok;
  auto parts = telemetry.components();
  for (const auto& account : args_.config.accounts)
    for (const char* what : {"broker:", "reconcile:"})
      parts.try_emplace(what + account.id, Telemetry::Component{false, "not yet"});
  for (const auto& [name, part] : parts) {
    out.components.push_back({name, part.ok, part.detail});
    ready = ready && (part.ok || !part.needed);
  }
  out.ready = ready;
  return out;
}

std::vector<api::ScheduleEntry> Edge::schedule() {
  const auto view = args_.schedule->get();
  std::vector<api::ScheduleEntry> out;
  out.push_back({"exit_scan", args_.config.schedule.exit_scan + " " + args_.config.schedule.zone, view.next_exit_scan,
                 view.last_exit_scan});
  out.push_back({view.market_open ? "market_close" : "market_open", "the market's calendar", view.next_session_change,
                 std::nullopt});
  const auto reconciled = args_.telemetry->reconciled();
  for (const auto& account : args_.config.accounts) {
    const auto every = account.reconcile_interval_seconds;
    std::optional<Instant> last;
    if (const auto found = reconciled.find(account.id); found != reconciled.end())
      last = found->second;
    out.push_back({"reconcile:" + account.id, "every " + std::to_string(every) + " s",
                   last ? std::optional{*last + std::chrono::seconds{every}} : std::nullopt, last});
  }
  for (const auto& source : args_.config.sources)
    if (source.kind != config::SourceKind::inbox)
      out.push_back({"source:" + source.id, "every " + std::to_string(source.poll_interval_seconds) + " s",
                     std::nullopt, std::nullopt});
  return out;
}

std::vector<api::MetricSample> Edge::metrics() {
  auto out =
    samples_of(*args_.telemetry, args_.notifier ? args_.notifier->counts() : Notifier::Counts{}, args_.clock->now());
  out.push_back({"heed_build_info", "version=\"" + std::string{version} + "\"", 1, "What is running", "gauge"});
  return out;
}

}  // namespace heed
