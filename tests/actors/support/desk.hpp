// One whole desk on a fake venue: inbox, aggregator, journal, and the four actors of the account "paper", on virtual
// time. The journal and the venue outlive a crash.
#pragma once

#include "actors/account_desk.hpp"
#include "actors/aggregator_actor.hpp"
#include "actors/watcher_actor.hpp"
#include "support/calls.hpp"
#include "support/fake_venue.hpp"
#include "support/journals.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heed::test {

class DeskWorld {
public:
  explicit DeskWorld(VenueCapabilities can = FakeVenue::bracket_capabilities(), Instant start = friday_10)
      : clock{std::make_shared<FakeClock>(start)}, venue{std::make_shared<FakeVenue>(clock, std::move(can))} {
    strategies["tube"] = strategy("tube");
    strategies["slow"] = strategy("slow");
    followers = {{"calls", {{"paper", "tube"}}}, {"other", {{"paper", "slow"}}}};
    venue->on_submit = [this](const SubmitOrder& order) { check_journaled(order); };
  }

  std::shared_ptr<FakeClock> clock;
  std::shared_ptr<FakeVenue> venue;
  std::shared_ptr<JournalControl> store = std::make_shared<JournalControl>();
  std::map<StrategyId, MentionStrategyConfig> strategies;
  Followers followers;
  RiskLimits limits;
  core::PositionPolicy policy;
  bool fifo = false;
  std::chrono::milliseconds reconcile_interval{30'000};
  bool crashed = false;                  // set by a crash in the middle: nothing runs any more
  std::vector<std::string> unjournaled;  // orders that reached the venue before their batch was durable

  static MentionStrategyConfig strategy(const char* id) {
    MentionStrategyConfig config;
    config.id = id;
    config.enable_trading = true;
    return config;
  }

  // ---- life -------------------------------------------------------------------------------------------------------
  void start() {
    crashed = false;
    system = std::make_unique<TestSystem>(clock);
    system->stopped = [this] { return crashed; };
    telemetry = std::make_shared<Telemetry>();
    directory = std::make_shared<Directory>();
    system->at_end([this] {
      venue->answer_nobody();
      directory->clear();
    });
    auto writing = std::make_shared<JournalActorArgs>();
    writing->writer = std::make_unique<ControlledWriter>(store);
    writing->telemetry = telemetry;
    journal = system->spawn(journal_actor, writing);
    const auto stored = store->reader().recover(clock->now(), clock->now() - std::chrono::hours{96});
    REQUIRE(stored.ok());
    next_id = std::make_shared<std::atomic<std::int64_t>>(stored.value().last_mention_id + 1);
    auto aggregating = std::make_shared<AggregatorArgs>();
    aggregating->recent = stored.value().recent_mentions;
    aggregating->followers = std::make_shared<const Followers>(followers);
    aggregating->clock = clock;
    aggregating->telemetry = telemetry;
    aggregating->journal = journal;
    aggregating->directory = directory;
    aggregator = system->spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{aggregating});
    for (const auto& [source, who] : followers)
      inboxes[source] = inbox(source);
    start_desk();
    settle();
  }
  void start_desk() {
    DeskArgs args;
    args.account = "paper";
    args.clock = clock;
    args.calendar = calendar;
    args.make_venue = [this] { return venue; };
    args.limits = [this] { return limits; };
    args.strategies = [this] { return strategies; };
    args.position_policy = policy;
    args.gateway_policy.requests_per_minute = 0;
    args.gateway_policy.data_requests_per_minute = 0;
    args.reconcile_interval = reconcile_interval;
    args.journal = journal;
    args.aggregator = aggregator;
    args.reader = store->pair.reader;
    args.telemetry = telemetry;
    args.directory = directory;
    auto started = spawn_desk(system->system, args);
    if (!started)
      FAIL(started.error().detail);
    desk = std::move(started).value();
    system->keep(desk.governor);
    system->keep(desk.gateway);
    system->keep(desk.portfolio);
    system->keep(desk.reconciler);
  }
  /// Ends every actor at once; what is on its way to them is lost. Journal and venue stay.
  void crash() {
    desk = {};
    inboxes.clear();
    journal = JournalActor{};
    aggregator = AggregatorActor{};
    crashed = false;
    system.reset();
  }
  void run() { system->run(); }
  void advance(Duration by) { system->advance(by); }
  /// Lets commits that wait for company pass, and answers arrive.
  void settle() { advance(std::chrono::milliseconds{5}); }

  // ---- calls ------------------------------------------------------------------------------------------------------
  void mention(Mention mention) {
    if (crashed)
      return;
    system->send(inboxes.at(mention.source), SubmitMentions{{mention}, {}, nullptr});
  }
  void call(Mention m) {
    mention(std::move(m));
    settle();
  }
  Intent intent(const std::string& key, IntentAction action, const Symbol& symbol) const {
    Intent out;
    out.idempotency_key = key;
    out.source = "api";
    out.origin = Origin::manual;
    out.strategy = "tube";
    out.action = action;
    out.symbol = symbol;
    out.close_reason = CloseReason::manual_close;
    out.created_at = clock->now();
    return out;
  }
  void submit(const Intent& intent, Reply<IntentReceipt> done = nullptr, Reply<Decision> decided = nullptr) {
    if (crashed)
      return;
    system->send(desk.portfolio, SubmitIntent{intent, to_json(intent), std::move(done), std::move(decided)});
  }
  static SignalId signal_of_key(const std::string& key) { return core::signal_id("api", "paper:" + key); }

  // ---- what came of it --------------------------------------------------------------------------------------------
  JournalReader& reader() { return store->reader(); }
  /// "filled", "no_op:not_held"; "-" when there is no decision.
  std::string outcome_of(const SignalId& signal) {
    const auto view = reader().signal(signal);
    REQUIRE(view.ok());
    if (!view.value() || view.value()->decisions.empty())
      return "-";
    CHECK(view.value()->decisions.size() == static_cast<std::size_t>(view.value()->signal.followers));
    return view.value()->decisions.front().disposition.str();
  }
  std::string outcome(const std::string& key) { return outcome_of(signal_of(key)); }
  std::string reason(const std::string& key) {
    const auto view = reader().signal(signal_of(key));
    REQUIRE(view.ok());
    REQUIRE(view.value().has_value());
    return view.value()->decisions.front().reason;
  }
  /// How often decisions of a signal became final, by the story: must be one.
  int finals(const SignalId& signal) {
    ListFilter filter = everything();
    filter.signal = signal.str();
    filter.type = "decision";
    int count = 0;
    for (const auto& event : all(reader().events(filter)))
      for (const auto* word : {"filled", "closed", "no_op", "risk_denied", "dry_run", "broker_rejected", "expired",
                               "cancelled", "superseded", "invalid", "failed"})
        count += event.payload.find("\"kind\":\"" + std::string{word} + "\"") != std::string::npos ? 1 : 0;
    return count;
  }
  std::vector<OrderRow> orders() { return all(reader().orders(everything())); }
  std::vector<TradeRow> trades() { return all(reader().trades(everything())); }
  std::vector<FillRow> fills() { return all(reader().fills(everything())); }
  std::optional<PositionRow> position(const Symbol& symbol) {
    ListFilter filter = everything();
    filter.status = "all";
    filter.symbol = symbol.str();
    const auto rows = all(reader().positions(filter));
    return rows.empty() ? std::nullopt : std::optional{rows.front()};
  }
  Quantity held(const Symbol& symbol) {
    const auto row = position(symbol);
    return row ? row->quantity : Quantity{};
  }
  std::string phase(const Symbol& symbol) {
    const auto row = position(symbol);
    return row ? row->phase : "-";
  }
  /// What must be true at any quiet moment.
  void check_sane() {
    CHECK(unjournaled.empty());
    CHECK(venue->breaches().empty());
    CHECK(telemetry->calls_in_hand == 0);
    CHECK(telemetry->appends_waiting == 0);
    CHECK(reader().verify().ok());
  }

  std::shared_ptr<core::MarketCalendar> calendar =
    std::make_shared<core::MarketCalendar>(core::MarketCalendar::nyse());
  std::shared_ptr<Telemetry> telemetry;
  std::shared_ptr<Directory> directory;
  std::shared_ptr<std::atomic<std::int64_t>> next_id;
  std::unique_ptr<TestSystem> system;
  JournalActor journal;
  AggregatorActor aggregator;
  std::map<SourceId, WatcherActor> inboxes;
  Desk desk;

private:
  WatcherActor inbox(const SourceId& source) {
    auto args = std::make_shared<WatcherArgs>();
    args->source = source;
    args->clock = clock;
    args->followers = std::make_shared<const Followers>(followers);
    args->next_mention_id = next_id;
    args->reader = store->pair.reader;
    args->telemetry = telemetry;
    args->journal = journal;
    args->aggregator = aggregator;
    return system->spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{args});
  }
  /// Journal first: the order, its intent and its signal are durable when the order reaches the venue.
  void check_journaled(const SubmitOrder& order) {
    const auto row = store->reader().order(order.client_order_id);
    if (!row.ok() || !row.value()) {
      unjournaled.push_back(order.client_order_id.str());
      return;
    }
    const auto& signal = row.value()->signal;
    if (!signal.empty() && !store->reader().has_signal(signal).value())
      unjournaled.push_back(order.client_order_id.str() + " without its signal");
  }
};

}  // namespace heed::test
