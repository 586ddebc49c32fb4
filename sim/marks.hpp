// "Sometimes" marks: rare situations that a range of seeds must have reached. A simulator that never gets there
// proves nothing about them.
#pragma once

#include "messages/fields.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace heed::sim {

enum class Mark : std::uint8_t {
  entry_filled,
  entry_partially_filled,
  target_hit,
  stop_hit,
  gap_through_stop,
  time_exit,
  call_closed,
  short_opened,
  reversed,
  reduced,
  protection_modified,
  topped_up,
  deferred_overnight,
  risk_denied,
  duplicate_call,
  stale_call,
  blocklisted,
  request_lost,
  answer_lost_order_executed,
  request_duplicated,
  duplicate_name_answered,
  unknown_order,
  unknown_found,
  unknown_sent_again,
  too_many_requests,
  server_error,
  garbage_answer,
  lookup_hidden,
  stream_lost,
  stream_reordered,
  stream_duplicated,
  stream_disconnected,
  outage,
  fill_while_down,
  fill_during_cancel,
  bracket_filled_while_down,
  order_expired,
  order_rejected,
  halted,
  kill_stop_opening,
  kill_cancel_open_orders,
  kill_flatten,
  paused,
  external_trade,
  external_found,
  quarantined,
  quarantine_lifted,
  process_killed,
  power_lost,
  crash_before_commit,
  crash_during_recovery,
  torn_write,
  unsynced_write_dropped,
  disk_full,
  disk_error,
  sync_error,
  commit_fate_unknown,
  append_refused,
  actor_killed,
  desk_restarted,
  clock_forward,
  clock_back,
  drained,
  resent_after_restart,
  call_refused_without_receipt,
  naked_and_covered,
  trailing_stop_hit,
  exit_taken_away,
  close_taken_away,
  liquidated
};
inline constexpr std::size_t mark_count = static_cast<std::size_t>(Mark::liquidated) + 1;

/// How often each was reached.
class Marks {
public:
  void reach(Mark mark) { ++counts_[static_cast<std::size_t>(mark)]; }
  std::int64_t count(Mark mark) const { return counts_[static_cast<std::size_t>(mark)]; }
  void add(const Marks& other) {
    for (std::size_t i = 0; i < mark_count; ++i)
      counts_[i] += other.counts_[i];
  }
  std::size_t reached() const {
    std::size_t n = 0;
    for (const auto count : counts_)
      n += count > 0 ? 1 : 0;
    return n;
  }

private:
  std::array<std::int64_t, mark_count> counts_{};
};

}  // namespace heed::sim

HEED_ENUM_NAMES(heed::sim::Mark, "entry_filled", "entry_partially_filled", "target_hit", "stop_hit",
                "gap_through_stop", "time_exit", "call_closed", "short_opened", "reversed", "reduced",
                "protection_modified", "topped_up", "deferred_overnight", "risk_denied", "duplicate_call",
                "stale_call", "blocklisted", "request_lost", "answer_lost_order_executed", "request_duplicated",
                "duplicate_name_answered", "unknown_order", "unknown_found", "unknown_sent_again",
                "too_many_requests", "server_error", "garbage_answer", "lookup_hidden", "stream_lost",
                "stream_reordered", "stream_duplicated", "stream_disconnected", "outage", "fill_while_down",
                "fill_during_cancel", "bracket_filled_while_down", "order_expired", "order_rejected", "halted",
                "kill_stop_opening", "kill_cancel_open_orders", "kill_flatten", "paused", "external_trade",
                "external_found", "quarantined", "quarantine_lifted", "process_killed", "power_lost",
                "crash_before_commit", "crash_during_recovery", "torn_write", "unsynced_write_dropped", "disk_full",
                "disk_error", "sync_error", "commit_fate_unknown", "append_refused", "actor_killed", "desk_restarted",
                "clock_forward", "clock_back", "drained", "resent_after_restart", "call_refused_without_receipt",
                "naked_and_covered", "trailing_stop_hit", "exit_taken_away", "close_taken_away", "liquidated");
