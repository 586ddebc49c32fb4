// SCHEDULER: one per process. Watches the injected clock and says what it means: the market opened or closed, a new
// trading day began, the exit scan is due. A missed exit scan is made up for as soon as the market is open.
#pragma once

#include "actors/directory.hpp"
#include "actors/support.hpp"
#include "core/calendar.hpp"
#include "core/cron.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace heed {

/// What the scheduler last did and does next; read by the edge. Thread-safe.
class ScheduleBoard {
public:
  struct View {
    std::optional<Instant> last_exit_scan, next_exit_scan, next_session_change;
    bool market_open = false;
  };
  void set(const View& view) {
    const std::scoped_lock lock{mutex_};
    view_ = view;
  }
  View get() const {
    const std::scoped_lock lock{mutex_};
    return view_;
  }

private:
  mutable std::mutex mutex_;
  View view_;
};

struct SchedulerArgs {
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const core::MarketCalendar> calendar;
  std::optional<core::CronLine> exit_scan;
  std::optional<Instant> last_exit_scan;  // stored: the occurrence that was carried out
  std::chrono::milliseconds tick{200};
  JournalActor journal;
  std::shared_ptr<const Directory> directory;  // whom to tell
  std::shared_ptr<ScheduleBoard> board;
};

struct SchedulerState {
  SchedulerState() = default;
  static constexpr const char* name = "scheduler";

  std::shared_ptr<const SchedulerArgs> args;
  std::optional<bool> market_open;  // as last said
  std::optional<Date> day;          // as last said
  Instant last_scan{};
  std::optional<Instant> next_scan;
  std::int64_t scans = 0;
  /// The last scan that was said, and which portfolios heard of it: one that starts later, or again, hears it too.
  std::optional<Date> scan_session;
  std::map<AccountId, std::pair<caf::actor_addr, Instant>> told;
};
static_assert(!std::is_aggregate_v<SchedulerState>);

using SchedulerSelf = SchedulerActor::stateful_pointer<SchedulerState>;
SchedulerActor::behavior_type scheduler_actor(SchedulerSelf self, std::shared_ptr<const SchedulerArgs> args);

/// Name of the cursor under which the last exit scan is stored.
inline const SourceId exit_scan_cursor{"schedule:exit_scan"};

}  // namespace heed
