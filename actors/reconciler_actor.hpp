// RECONCILER: one per account. Asks the venue for everything it holds, hands each order's report to its position,
// then compares quantities. It changes no one's state: it sends reports, and asks for quarantine after two looks that
// differ. Where the journal knows nothing of what the venue lists under our names, it has ownership rebuilt first.
#pragma once

#include "actors/support.hpp"
#include "actors/telemetry.hpp"
#include "core/reconciliation.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// What a journal keeps of the passes over an account.
struct ReconcileMark {
  bool rebuilt = false;  // it was filled from the venue's lists once
  Instant newest{};      // when the newest order of them came to the venue, by the venue's clock

  std::string str() const;
  static ReconcileMark parse(std::string_view text);
};

struct ReconcilerArgs {
  AccountId account;
  std::shared_ptr<const Clock> clock;
  GatewayActor gateway;
  PortfolioActor portfolio;
  GovernorActor governor;
  JournalActor journal;
  std::shared_ptr<JournalReader> reader;  // what is booked already
  std::shared_ptr<Telemetry> telemetry;
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds poll{5'000};      // instead, while the order stream is down: asking stands in for it
  std::chrono::milliseconds retry{1'000};     // after a pass that could not be completed
  Duration overlap = std::chrono::hours{24};  // how far before the last pass orders are asked for
  Instant oldest_open{};               // a day before the start, or earlier, when the first order at work was made
  std::optional<Instant> first_since;  // instead, for the first pass: what the mark leaves to be read
  std::optional<ReconcileMark> mark;   // empty: no pass was ever completed with this journal
};

struct ReconcilerState {
  /// Both, since the name of a leg may be the adapter's guess.
  using OrderKey = std::pair<ClientOrderId, VenueOrderId>;

  ReconcilerState() = default;
  static constexpr const char* name = "reconciler";

  std::shared_ptr<const ReconcilerArgs> args;
  bool running = false;
  bool again = false;  // asked for while running
  std::optional<std::chrono::steady_clock::time_point>
    due_at;  // of the next pass; a timer that fires before is stale
  std::optional<std::chrono::steady_clock::time_point> looked_at;  // when quantities were last held side by side
  bool ready_said = false;
  bool remembers = true;            // false: what the venue lists under our names may be news to the journal
  std::string forgotten;            // by the journal: as the last look saw it
  std::int32_t looks_for_calm = 0;  // at what moved between two of them
  std::int32_t rebuilds_asked = 0;
  ReconcileMark mark;      // as stored, or on its way there
  Instant newest_order{};  // of all that were listed
  bool link_up = false;
  bool link_told = false;  // the gateway said how the order stream is
  std::string link_why;
  bool answered = false;  // the venue answered the last pass in full
  std::optional<Instant> last_complete;
  std::string last_problem;
  core::DriftWatch drift;
  Instant listed_since{};            // where the list of the pass under way begins
  std::string resting_cursor;        // of the journal's list of older ones that are at work: who is asked for next
  std::set<OrderKey> settled;        // final at the venue and booked so: no news any more
  std::vector<OrderReport> foreign;  // at work at the venue and not ours: listed, never touched
  std::set<ClientOrderId> known;     // at work, and the journal has them
  std::map<OrderKey, std::pair<OrderStatus, Quantity>> strangers;  // under our names, but not the journal's: as told
  std::int64_t passes = 0;                                         // completed
  std::int64_t begun = 0;
  std::string pass_id;  // of the one under way, for the log
};
static_assert(!std::is_aggregate_v<ReconcilerState>);

/// The cursor that says that a pass over this account was completed with this journal. No source can have its name.
SourceId reconcile_mark(const AccountId& account);

using ReconcilerSelf = ReconcilerActor::stateful_pointer<ReconcilerState>;
ReconcilerActor::behavior_type reconciler_actor(ReconcilerSelf self, std::shared_ptr<const ReconcilerArgs> args);

}  // namespace heed
