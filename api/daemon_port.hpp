// What the edge (HTTP, and through it the CLI) asks of the running daemon. Reads of stored things go to the
// JournalReader; what needs an actor comes through here. Implemented in app/ over the actor system.
//
// Every call returns at once; `done` runs exactly once, on any thread. Error kinds: invalid (bad request, detail
// names the field), rejected (a rule says no; code names it), unavailable (draining, journal down: 503).
#pragma once

#include "messages/intent.hpp"
#include "messages/mention.hpp"
#include "messages/receipts.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"
#include "messages/risk_usage.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace heed::api {

class BacktestPort;

template <class T>
using Done = std::function<void(Result<T>)>;

using heed::IntentReceipt;
using heed::MentionReceipt;

/// A sub-system as /healthz, /readyz and `heed status` tell it.
struct ComponentHealth {
  std::string name;  // "journal", "broker:paper", "reconcile:paper", "source:calls"
  bool ok = false;
  std::string detail;
};

struct ScheduleEntry {
  std::string name;  // "exit_scan", "day_roll", "reconcile:paper", "source:calls"
  std::string rule;  // "35 9 * * 1-5 America/New_York", "every 30 s"
  std::optional<Instant> next_at;
  std::optional<Instant> last_at;
};

struct DaemonStatus {
  std::string version;
  std::string mode;  // "paper", "live", "mixed"
  Instant now{};     // the daemon's clock, which may be the exchange's
  Instant started_at{};
  bool ready = false;
  bool draining = false;
  std::int64_t signals_in = 0;  // decisions demanded since ever (signals x followers)
  std::int64_t decisions_final = 0;
  std::int64_t decisions_under_way = 0;
  std::int64_t orders_unknown = 0;
  std::int64_t in_flight = 0;  // messages, commits and broker calls not finished; 0 and no timer near: settled
  std::vector<ComponentHealth> components;
};

/// A gauge or counter of the running process, in Prometheus terms; histogram parts are written as samples.
struct MetricSample {
  std::string name;    // "heed_signals_total"
  std::string labels;  // "source=\"calls\"" or empty
  double value = 0;
  std::string help;
  std::string type;  // "counter", "gauge", "histogram"
};

struct CloseRequest {
  AccountId account;
  Symbol symbol;
  std::optional<Quantity> quantity;
  std::string by;
  std::string idempotency_key;  // empty: a new one is made
};

struct PauseRequest {
  AccountId account;
  StrategyId strategy;
  Symbol symbol;
  std::string reason;
  std::string by;
};

struct KillRequest {
  std::optional<AccountId> account;  // absent: all
  KillLevel level = KillLevel::stop_opening;
  std::string by;
};

class DaemonPort {
public:
  virtual ~DaemonPort() = default;
  /// `source` names a configured inbox. Mentions are validated already (core/mention_validation.hpp) except for ids,
  /// which the daemon assigns. `arrival` is the time of those that brought none. One receipt per mention, in order.
  virtual void submit_mentions(SourceId source, std::vector<Mention> mentions, std::vector<RejectedInputRow> rejected,
                               Instant arrival, Done<std::vector<MentionReceipt>> done) = 0;
  virtual void submit_intent(Intent intent, Done<IntentReceipt> done) = 0;
  virtual void close_position(CloseRequest request, Done<Decision> done) = 0;
  /// An ADOPT as read_adoption() makes it, with account and symbol; without an idempotency key one is made.
  virtual void adopt_position(Intent intent, Done<Decision> done) = 0;
  virtual void pause(PauseRequest request, Done<Pause> done) = 0;
  virtual void resume(PauseRequest request, Done<std::int32_t> done) = 0;  // how many pauses ended
  virtual void kill(KillRequest request, Done<std::vector<AccountId>> done) = 0;
  virtual void account_snapshot(AccountId account, Done<AccountSnapshot> done) = 0;
  virtual void risk_limits(AccountId account, Done<RiskLimits> done) = 0;
  virtual void risk_usage(AccountId account, Done<RiskUsage> done) = 0;
  /// JSON texts: the actor tree, one actor's state.
  virtual void inspect_tree(Done<std::string> done) = 0;
  virtual void inspect_actor(std::string name, Done<std::string> done) = 0;

  virtual std::vector<SourceId> inboxes() const = 0;
  virtual std::vector<AccountId> accounts() const = 0;
  virtual DaemonStatus status() = 0;
  virtual std::vector<ScheduleEntry> schedule() = 0;
  virtual std::vector<MetricSample> metrics() = 0;
  /// Null: no backtests are run here.
  virtual BacktestPort* backtests() { return nullptr; }
};

}  // namespace heed::api
