// Counters of the running process. Written by actors, read by the edge; never consulted for a decision.
#pragma once

#include "actors/token_bucket.hpp"
#include "messages/risk_usage.hpp"
#include "messages/time.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// Counts of durations in fixed buckets, in seconds. Lock-free.
class Histogram {
public:
  static constexpr std::array<double, 14> bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                 0.01,    0.025,  0.05,    0.1,    0.25,  1.0,    5.0};
  void observe(std::chrono::nanoseconds took) {
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t i = 0;
    while (i < bounds.size() && seconds > bounds[i])
      ++i;
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(took.count(), std::memory_order_relaxed);
  }
  std::int64_t count_in(std::size_t bucket) const { return buckets_[bucket].load(std::memory_order_relaxed); }
  double sum_seconds() const { return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9; }

private:
  std::array<std::atomic<std::int64_t>, bounds.size() + 1> buckets_{};
  std::atomic<std::int64_t> sum_ns_{0};
};

class Telemetry {
public:
  using Count = std::atomic<std::int64_t>;

  Count decisions_demanded{0};  // signals x followers, since ever
  Count decisions_final{0};
  Count calls_in_hand{0};     // calls that an actor holds and has not answered durably
  Count appends_waiting{0};   // batches not yet durable
  Count broker_calls_out{0};  // requests without an answer yet
  Count broker_queue{0};      // requests that wait for their turn
  Count commits{0};
  Count commit_failures{0};
  std::atomic<bool> journal_ok{true};  // the last commit succeeded
  Count events_written{0};
  Count orders_sent{0};
  Count orders_rejected{0};
  Count orders_unknown{0};  // now
  Count retries{0};
  Count rate_limited{0};
  Count reconciles{0};
  Count reconcile_differences{0};
  Count quarantined{0};  // symbols, now
  Count actor_restarts{0};
  Count alerts{0};
  Count naked_positions{0};     // now, without those that are being closed
  Count naked_microseconds{0};  // summed
  Count closing_positions{0};   // being closed, and without their exits for that, now
  Count closing_microseconds{0};
  Histogram commit_seconds;
  Histogram call_to_order_seconds;

  /// Decisions by disposition text, as they become final.
  void count_disposition(const std::string& disposition) {
    const std::scoped_lock lock{mutex_};
    ++dispositions_[bounded_label(disposition)];
  }
  std::map<std::string, std::int64_t> dispositions() const {
    const std::scoped_lock lock{mutex_};
    return dispositions_;
  }
  void set_dispositions(std::map<std::string, std::int64_t> from_store) {
    const std::scoped_lock lock{mutex_};
    dispositions_ = std::move(from_store);
  }

  /// Bounded: amounts and ids behind some kinds are left out.
  static std::string bounded_label(const std::string& disposition) {
    for (const char* open_ended : {"dry_run:", "duplicate_of:"})
      if (disposition.starts_with(open_ended))
        return disposition.substr(0, disposition.find(':'));
    return disposition;
  }

  /// A part of the system that can be well or not: "broker:paper", "reconcile:paper".
  struct Component {
    bool ok = false;
    std::string detail;
    bool needed = true;  // no trading without it
  };
  void set_component(const std::string& name, bool ok, std::string detail, bool needed = true) {
    const std::scoped_lock lock{mutex_};
    components_[name] = {ok, std::move(detail), needed};
  }
  std::map<std::string, Component> components() const {
    const std::scoped_lock lock{mutex_};
    return components_;
  }

  /// What is left of a venue's rate limit, by account ("paper", "paper:market_data"); limited ones only.
  void set_rate_left(const std::string& name, const TokenBucket& bucket) {
    const std::scoped_lock lock{mutex_};
    rates_[name] = bucket;
  }
  std::map<std::string, TokenBucket> rates() const {
    const std::scoped_lock lock{mutex_};
    return rates_;
  }

  /// When books and broker of this account were last compared, by the daemon's clock.
  void set_reconciled(const std::string& account, Instant at) {
    const std::scoped_lock lock{mutex_};
    reconciled_[account] = at;
  }
  std::map<std::string, Instant> reconciled() const {
    const std::scoped_lock lock{mutex_};
    return reconciled_;
  }

  /// What waited in an actor's mailbox when it was last looked at, by the actor's name.
  void set_mailbox_depth(const std::string& actor, std::int64_t depth) {
    const std::scoped_lock lock{mutex_};
    mailboxes_[actor] = depth;
    probed_.erase(actor);
  }
  std::map<std::string, std::int64_t> mailbox_depths() const {
    const std::scoped_lock lock{mutex_};
    return mailboxes_;
  }
  /// Whether to ask the actor of this name and id: not while it has not answered the last time.
  bool may_probe(const std::string& actor, std::uint64_t id) {
    const std::scoped_lock lock{mutex_};
    return std::exchange(probed_[actor], id) != id;
  }

  /// How far an account is from its limits, as last asked.
  void set_usage(RiskUsage usage) {
    const std::scoped_lock lock{mutex_};
    usage_[usage.account.str()] = std::move(usage);
  }
  std::map<std::string, RiskUsage> usage() const {
    const std::scoped_lock lock{mutex_};
    return usage_;
  }

  /// Nothing that was begun is unfinished.
  bool settled() const {
    return calls_in_hand == 0 && appends_waiting == 0 && broker_calls_out == 0 && broker_queue == 0;
  }
  std::int64_t unfinished() const { return calls_in_hand + appends_waiting + broker_calls_out + broker_queue; }

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> dispositions_;
  std::map<std::string, Component> components_;
  std::map<std::string, TokenBucket> rates_;
  std::map<std::string, std::int64_t> mailboxes_;
  std::map<std::string, std::uint64_t> probed_;
  std::map<std::string, RiskUsage> usage_;
  std::map<std::string, Instant> reconciled_;
};

}  // namespace heed
