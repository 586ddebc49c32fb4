// The DaemonPort over the actor system: turns the edge's questions into messages, and answers with what came back.
#pragma once

#include "actors/directory.hpp"
#include "actors/scheduler_actor.hpp"
#include "actors/telemetry.hpp"
#include "api/backtest_port.hpp"
#include "api/daemon_port.hpp"
#include "app/notifier.hpp"
#include "config/config.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace heed {

struct EdgeArgs {
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Directory> directory;
  std::shared_ptr<Telemetry> telemetry;
  std::shared_ptr<ScheduleBoard> schedule;
  InspectorActor inspector;
  std::shared_ptr<const Notifier> notifier;
  config::Config config;
  api::BacktestPort* backtests = nullptr;  // outlives the edge
};

/// Thread-safe. Lives as long as the API server that asks it.
class Edge final : public api::DaemonPort {
public:
  explicit Edge(EdgeArgs args);

  void submit_mentions(SourceId source, std::vector<Mention> mentions, std::vector<RejectedInputRow> rejected,
                       Instant arrival, api::Done<std::vector<MentionReceipt>> done) override;
  void submit_intent(Intent intent, api::Done<IntentReceipt> done) override;
  void close_position(api::CloseRequest request, api::Done<Decision> done) override;
  void adopt_position(Intent intent, api::Done<Decision> done) override;
  void pause(api::PauseRequest request, api::Done<Pause> done) override;
  void resume(api::PauseRequest request, api::Done<std::int32_t> done) override;
  void kill(api::KillRequest request, api::Done<std::vector<AccountId>> done) override;
  void account_snapshot(AccountId account, api::Done<AccountSnapshot> done) override;
  void risk_limits(AccountId account, api::Done<RiskLimits> done) override;
  void risk_usage(AccountId account, api::Done<RiskUsage> done) override;
  void inspect_tree(api::Done<std::string> done) override;
  void inspect_actor(std::string name, api::Done<std::string> done) override;

  std::vector<SourceId> inboxes() const override;
  std::vector<AccountId> accounts() const override;
  api::DaemonStatus status() override;
  std::vector<api::ScheduleEntry> schedule() override;
  std::vector<api::MetricSample> metrics() override;
  api::BacktestPort* backtests() override;

  void set_draining() { draining_ = true; }
  /// Lets go of actors before the system ends.
  void detach();

private:
  /// The desk, or an answer that says why not.
  std::optional<Desk> desk(const AccountId& account, const std::function<void(Error)>& refuse) const;
  /// The same for what is new: while draining, nothing.
  std::optional<Desk> open_desk(const AccountId& account, const std::function<void(Error)>& refuse) const;
  std::string new_key();
  /// As a signal of its own, answered when it is decided.
  void submit_for_decision(const Desk& desk, Intent intent, api::Done<Decision> done);

  EdgeArgs args_;
  Instant started_at_{};
  std::atomic<bool> draining_{false};
  std::atomic<std::int64_t> keys_made_{0};
};

/// Prometheus samples of what the telemetry and the notifier count.
std::vector<api::MetricSample> samples_of(const Telemetry& telemetry, const Notifier::Counts& notes, Instant now);

}  // namespace heed
