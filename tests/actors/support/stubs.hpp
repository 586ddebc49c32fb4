// Neighbours of the actor under test: each implements its whole interface, writes down what it is told, and answers
// as the test says.
#pragma once

#include "support/system.hpp"

#include <memory>
#include <string>
#include <vector>

namespace heed::test {

inline const std::string stub_state = "{}";

// ---- portfolio ----------------------------------------------------------------------------------------------------

struct PortfolioLog {
  std::vector<PositionNews> news;
  std::vector<MentionCall> mentions;
  std::vector<IntentCall> intents;
  std::vector<ExitScanDue> scans;
  std::vector<SessionChanged> sessions;
  std::vector<KillOrder> kills;
  std::vector<OwedDecision> owed;
  std::vector<RestartPosition> restarts;
  int ready = 0;
  int reconfigured = 0;
  int submitted = 0;
  int books_asked = 0;
  Books books;
  bool books_fail = false;

  /// Of type T, in order.
  template <class T>
  std::vector<T> inputs() const {
    std::vector<T> out;
    for (const auto& n : news)
      if (const auto* input = std::get_if<T>(&n.input))
        out.push_back(*input);
    return out;
  }
};

inline PortfolioActor stub_portfolio(TestSystem& system, std::shared_ptr<PortfolioLog> log) {
  return system.spawn(
    [](PortfolioActor::pointer, const std::shared_ptr<PortfolioLog>& l) -> PortfolioActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](const MentionCall& call) { l->mentions.push_back(call); },
        [l](const IntentCall& call) { l->intents.push_back(call); },
        [l](const SubmitIntent&) { ++l->submitted; },
        [l](const PositionNews& news) {
          l->news.push_back({news.symbol, news.input});
          for (const auto& input : news.more)
            l->news.push_back({news.symbol, input});
        },
        [l](const ExitScanDue& scan) { l->scans.push_back(scan); },
        [l](const SessionChanged& session) { l->sessions.push_back(session); },
        [l](const KillOrder& kill) { l->kills.push_back(kill); },
        [l](const Reconfigure&) { ++l->reconfigured; },
        [l](AccountReady) { ++l->ready; },
        [l](BooksQuery) -> caf::result<Books> {
          ++l->books_asked;
          if (l->books_fail)
            return caf::make_error(caf::sec::runtime_error, "no books");
          return l->books;
        },
        [](const PositionInspect& query) { return "{\"of\":\"" + query.symbol.str() + "\"}"; },
        [l](const OwedDecision& owed) { l->owed.push_back(owed); },
        [](const LookForOwed&) {},
        [l](const RestartPosition& restart) { l->restarts.push_back(restart); },
      };
    },
    log);
}

// ---- reconciler, aggregator ---------------------------------------------------------------------------------------

struct ReconcilerLog {
  int due = 0;
  std::vector<LinkChanged> links;
};

inline ReconcilerActor stub_reconciler(TestSystem& system, std::shared_ptr<ReconcilerLog> log) {
  return system.spawn(
    [](ReconcilerActor::pointer, const std::shared_ptr<ReconcilerLog>& l) -> ReconcilerActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](ReconcileDue) { ++l->due; },
        [l](const LinkChanged& link) { l->links.push_back(link); },
      };
    },
    log);
}

struct AggregatorLog {
  std::vector<MentionsSeen> seen;
  std::vector<MentionsLost> lost;
};

inline AggregatorActor stub_aggregator(TestSystem& system, std::shared_ptr<AggregatorLog> log) {
  return system.spawn(
    [](AggregatorActor::pointer, const std::shared_ptr<AggregatorLog>& l) -> AggregatorActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](const MentionsSeen& seen) { l->seen.push_back(seen); },
        [l](const MentionsLost& lost) { l->lost.push_back(lost); },
        [](const StoreAgain&) {},
      };
    },
    log);
}

// ---- governor -----------------------------------------------------------------------------------------------------

struct GovernorLog {
  std::vector<ReserveRisk> asked;
  std::vector<RiskFact> facts;
  std::vector<AccountReport> accounts;
  std::vector<DayRolled> days;
  int ready = 0;
  bool grant = true;
  AccountSnapshot snapshot;
};

inline GovernorActor stub_governor(TestSystem& system, std::shared_ptr<GovernorLog> log) {
  return system.spawn(
    [](GovernorActor::pointer, const std::shared_ptr<GovernorLog>& l) -> GovernorActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](const ReserveRisk& question) {
          l->asked.push_back(question);
          return RiskAnswer{question.order, l->grant, LimitName::max_open, l->grant ? "" : "open positions 20 >= 20"};
        },
        [l](AccountQuery) { return l->snapshot; },
        [](LimitsQuery) { return RiskLimits{}; },
        [](UsageQuery) { return RiskUsage{}; },
        [l](const RiskFact& fact) { l->facts.push_back(fact); },
        [l](const AccountReport& report) { l->accounts.push_back(report); },
        [l](const DayRolled& day) { l->days.push_back(day); },
        [](const PauseCommand&) {},
        [](const ResumeCommand&) {},
        [](const KillCommand&) {},
        [](const SetLimits&) {},
        [](const Introduce&) {},
        [l](AccountReady) { ++l->ready; },
      };
    },
    log);
}

// ---- gateway ------------------------------------------------------------------------------------------------------

struct GatewayLog {
  std::vector<SubmitOrder> submits;
  std::vector<CancelOrder> cancels;
  std::vector<ReplaceOrder> replaces;
  std::vector<QueryOrderNow> queries;
  std::vector<QueryPositionNow> position_queries;
  std::vector<VenueSnapshotQuery> snapshots_asked;
  int drained = 0;
  int quotes_asked = 0;
  bool quote_known = true;
  bool instrument_known = true;
  VenueSnapshot snapshot;
  std::vector<KillOrder> kills;
  bool answers_snapshots = true;
  std::vector<caf::typed_response_promise<VenueSnapshot>> open;  // snapshots not answered yet
  GatewayActor self;
  void answer_open(TestSystem& system) {
    system.send(self, PumpDue{});
    system.run();
  }
};

inline GatewayActor stub_gateway(TestSystem& system, std::shared_ptr<GatewayLog> log) {
  system.at_end([log] {
    log->open.clear();
    log->self = GatewayActor{};
  });
  const auto clock = system.clock;
  log->self = system.spawn(
    [clock](GatewayActor::pointer self, const std::shared_ptr<GatewayLog>& l) -> GatewayActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](const SubmitOrder& order) { l->submits.push_back(order); },
        [l](const CancelOrder& order) { l->cancels.push_back(order); },
        [l](const ReplaceOrder& order) { l->replaces.push_back(order); },
        [l](const QueryOrderNow& query) { l->queries.push_back(query); },
        [l](const QueryPositionNow& query) { l->position_queries.push_back(query); },
        [l, clock](const QuoteQuery& query) {
          ++l->quotes_asked;
          if (!l->quote_known)
            return QuoteAnswer{false, {}, "no quote"};
          return QuoteAnswer{true, Quote{query.symbol, Price{100}, Price{100}, Price{100}, clock->now()}, {}};
        },
        [l](const InstrumentQuery& query) {
          if (!l->instrument_known)
            return InstrumentAnswer{false, {}, "no instrument"};
          Instrument instrument;
          instrument.symbol = query.symbol;
          instrument.tradable = instrument.shortable = true;
          return InstrumentAnswer{true, instrument, {}};
        },
        [l, self](const VenueSnapshotQuery& query) -> caf::result<VenueSnapshot> {
          l->snapshots_asked.push_back(query);
          if (l->answers_snapshots)
            return l->snapshot;
          auto promise = self->make_response_promise<VenueSnapshot>();
          l->open.push_back(promise);
          return promise;
        },
        [](const SymbolHoldingsQuery&) { return SymbolHoldings{}; },
        [](VenueSaid&) {},
        [l](PumpDue) {
          for (auto& promise : std::exchange(l->open, {}))
            promise.deliver(l->snapshot);
        },
        [](const Introduce&) {},
        [l](const KillOrder& order) { l->kills.push_back(order); },
        [l](Drain) { ++l->drained; },
      };
    },
    log);
  return log->self;
}

// ---- watcher ------------------------------------------------------------------------------------------------------

struct WatcherLog {
  int clock_moved = 0;
  int drained = 0;
  int submitted = 0;
};

inline WatcherActor stub_watcher(TestSystem& system, std::shared_ptr<WatcherLog> log) {
  return system.spawn(
    [](WatcherActor::pointer, const std::shared_ptr<WatcherLog>& l) -> WatcherActor::behavior_type {
      return {
        [](InspectSelf) { return stub_state; },
        [l](const SubmitMentions&) { ++l->submitted; },
        [](PollDue) {},
        [l](ClockMoved) { ++l->clock_moved; },
        [l](Drain) { ++l->drained; },
      };
    },
    log);
}

}  // namespace heed::test
