// PORTFOLIO: one per account. It alone spawns positions, one per symbol, and forwards what concerns them.
//
// Until AccountReady (the reconciler's first clean pass) calls wait here; reports do not. A position that fails is
// started again from the journal, with back-off; one that keeps failing is quarantined on its next start, until a
// person lifts that. To fail for want of the store is no failure of its own: it is tried again until the store
// answers, and goes on. What all were told while one was down, the day's exit scan and a kill, it is told at its
// start.
#pragma once

#include "actors/position_env.hpp"
#include "actors/support.hpp"
#include "messages/registration.hpp"
#include "persistence/journal.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace heed {

struct PortfolioArgs {
  std::shared_ptr<const PositionEnv> env;
  std::shared_ptr<JournalReader> reader;  // to start a failed position again
  AggregatorActor aggregator;             // owed mentions go through it again
  std::vector<PositionRow> recovered;
  std::chrono::minutes forgiven_after{10};  // a position that went so long without failing counts anew
};

struct Held {
  PositionActor actor;
  std::int32_t failures = 0;        // of its own, one shortly after another
  std::int32_t store_failures = 0;  // for want of the store
  caf::actor_clock::time_point last_failure{};
  bool down = false;
  std::vector<PositionNews> missed;  // while down
};

/// A submitted intent that is not durable yet, and who waits for that: the first, then those who sent it again.
struct Submission {
  std::string body;
  std::vector<Reply<IntentReceipt>> waiting;
};

struct PortfolioState {
  PortfolioState() = default;
  /// Positions end with their portfolio, whatever ended it.
  ~PortfolioState();
  PortfolioState(const PortfolioState&) = delete;
  PortfolioState& operator=(const PortfolioState&) = delete;
  static constexpr const char* name = "portfolio";

  std::shared_ptr<const PortfolioArgs> args;
  std::shared_ptr<const PositionEnv> env;
  std::map<Symbol, Held> positions;
  std::map<caf::actor_addr, Symbol> by_address;
  std::map<SignalId, Submission> submitting;
  bool ready = false;
  std::optional<ExitScanDue> last_scan;                     // for those that were down
  std::deque<std::variant<MentionCall, IntentCall>> early;  // calls before ready
};
static_assert(!std::is_aggregate_v<PortfolioState>);

/// Signals whose decision of this account is not final and has no order at work: to be decided again.
std::vector<OwedDecision> owed_decisions(const std::vector<SignalView>& undecided, const AccountId& account,
                                         const Symbol& only = {});

using PortfolioSelf = PortfolioActor::stateful_pointer<PortfolioState>;
PortfolioActor::behavior_type portfolio_actor(PortfolioSelf self, std::shared_ptr<const PortfolioArgs> args);

}  // namespace heed
