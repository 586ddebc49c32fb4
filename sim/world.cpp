#include "sim/world.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace heed::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

std::unique_ptr<exchange::ExchangeCore> make_exchange(const RunOptions& options, const Workload& work) {
  Chance chance{options.seed, "exchange"};
  exchange::CoreOptions core;
  core.engine.seed = chance.next();
  core.engine.start = work.start;
  core.engine.calendar = core::MarketCalendar::nyse();
  core.engine.partial_fill_percent = static_cast<int>(chance.spread(1, 70)) - 1;
  core.engine.slippage = Decimal::from_units(chance.between(0, 1'000'000));
  if (options.profile.rate(Fault::venue_slow) > 0)
    core.engine.venue_delay = milliseconds{chance.spread(1, 2'000)};
  core.stepped = true;
  auto symbols = work.market.symbols;
  symbols.push_back(work.market.foreign);
  std::sort(symbols.begin(), symbols.end());
  auto made = exchange::ExchangeCore::make(std::move(core), exchange::make_scripted_feed(std::move(symbols)));
  return std::move(made).value();
}

Tunables draw_tunables(std::uint64_t seed) {
  Chance chance{seed, "tunables"};
  Tunables out;
  out.tick = milliseconds{chance.spread(2'000, 60'000)};
  out.reconcile = milliseconds{chance.spread(30'000, 600'000)};
  out.company_wait = std::chrono::microseconds{chance.spread(1, 5'000)};
  out.commit_delay = std::chrono::microseconds{chance.below(3) == 0 ? chance.spread(1, 20'000) : 0};
  out.commit_batch_max = static_cast<std::size_t>(chance.spread(1, 512));
  out.checkpoint_pages = chance.spread(8, 1'000);
  return out;
}

/// Half of the runs have wide limits, so that much happens; the others the usual ones.
Rules draw_rules(const RunOptions& options) {
  if (options.rules)
    return *options.rules;
  auto rules = Rules::usual();
  Chance chance{options.seed, "rules"};
  if (chance.below(2) == 0) {
    rules.limits.trades_per_day_account = 60;
    rules.limits.trades_per_day_strategy = 40;
    rules.limits.dollars_per_day_account = rules.limits.dollars_per_day_strategy = Decimal{200'000};
    rules.limits.daily_loss_fraction = Decimal::from_units(300'000'000);
  }
  rules.limits.open_positions_per_symbol_max = static_cast<std::int32_t>(chance.between(1, 3));
  if (chance.below(4) == 0)
    rules.limits.cooldown_seconds = chance.spread(1, 3'600);
  for (auto& [id, strategy] : rules.strategies) {
    strategy.stop_pct = Decimal::from_units(chance.between(5, 40) * 1'000'000);
    strategy.target_pct = Decimal::from_units(chance.between(5, 60) * 1'000'000);
    strategy.on_repeat_buy = static_cast<RepeatBuy>(chance.below(3));
    strategy.hold_sessions_days = static_cast<std::int32_t>(chance.between(1, 3));
    strategy.hold_sessions_weeks = static_cast<std::int32_t>(chance.between(1, 3));
    strategy.buy_clears_blocklist = chance.below(4) == 0;
  }
  return rules;
}

/// The tape is there for whoever reads it, up to what has been recorded so far.
class TapeFeed final : public MentionFeed {
public:
  explicit TapeFeed(std::shared_ptr<const std::vector<FeedItem>> items) : items_{std::move(items)} {}
  Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant) override {
    FeedPage page;
    auto at = cursor.empty() ? std::size_t{0} : static_cast<std::size_t>(std::stoul(cursor));
    for (; at < items_->size() && page.items.size() < max; ++at)
      page.items.push_back((*items_)[at]);
    page.more = at < items_->size();
    return page;
  }
  Result<std::string> newest(Instant) override { return std::to_string(items_->size()); }

private:
  std::shared_ptr<const std::vector<FeedItem>> items_;
};

}  // namespace

World::World(const RunOptions& options, const core::MarketCalendar& calendar, Workload work)
    : options_{options},
      calendar_{calendar},
      work_{std::move(work)},
      around_{options.seed, options.profile, work_.start},
      rules_{draw_rules(options)},
      tunables_{draw_tunables(options.seed)},
      disk_{options.seed},
      host_{around_, make_exchange(options, work_)},
      auditor_{around_, rules_, host_},
      wall_{std::make_shared<WallClock>(around_.agenda)},
      turns_chance_{options.seed, "turns"},
      life_chance_{options.seed, "lives"},
      price_chance_{options.seed, "prices"},
      people_chance_{options.seed, "people"} {
  around_.budget = options.budget;
  if (options.echo)
    around_.trace.echo(stderr);
  host_.core().set_listening(true, false);
  host_.listener.sent = [this](const net::HttpRequest& request) {
    ++report_.requests;
    auditor_.request_sent(request);
  };
  host_.listener.served = [this](const net::HttpRequest& request, const net::HttpResponse& response) {
    auditor_.request_served(request, response);
    if (request.method == "POST" && request.target == "/v2/orders" && response.status == 200 &&
        around_.strikes(Fault::venue_cancels))
      venue_cancels(response.body);
  };
  host_.listener.happened = [this] { auditor_.look(); };
  auditor_.daemon_runs = [this] { return life_ != nullptr; };
  disk_.died = [this] { dying_ = true; };
  disk_.failed = [this](Disk::Fails how) {
    around_.tell("disk: an operation failed");
    around_.reach(how == Disk::Fails::full   ? Mark::disk_full
                  : how == Disk::Fails::sync ? Mark::sync_error
                                             : Mark::disk_error);
  };
}

World::~World() {
  disk_.process_gone();
  life_.reset();
}

// ---- lives --------------------------------------------------------------------------------------------------------

void World::start_life() {
  if (life_)
    return;
  LifeArgs args;
  args.around = &around_;
  args.host = &host_;
  args.link = &link_;
  args.rules = &rules_;
  args.tunables = tunables_;
  args.database = options_.folder + "/heed.db";
  args.clock = wall_;
  args.tape = [this] { return std::make_unique<TapeFeed>(tape_); };
  args.on_commit = [this](std::span<const Batch> batches) { committed(batches); };
  const bool recovering = life_number_ > 0;
  ++life_number_;
  ++report_.lives;
  die_in_ = -1;
  if (recovering && around_.strikes(Fault::crash_in_recovery)) {
    auto& chance = around_.chance(Fault::crash_in_recovery);
    if (chance.below(2) == 0)
      die_in_ = chance.spread(1, 200);
    else
      disk_.die_at(chance.spread(1, 40), static_cast<Disk::Moment>(chance.below(3)));
  }
  auto started = Life::start(std::move(args));
  if (started)
    life_ = std::move(started.value());
  if (dying_) {
    around_.reach(Mark::crash_during_recovery);
    return go_down(End::killed);
  }
  if (!started) {
    around_.tell("life " + std::to_string(life_number_) + " cannot start: " + started.error().code + " " +
                 started.error().detail);
    ++start_failures_;
    if (around_.healed && start_failures_ > 20)
      return auditor_.violate("does not start", started.error().detail);
    disk_.process_gone();
    around_.agenda.after(seconds{std::min(2 * start_failures_, 30)}, [this] { start_life(); });
    return;
  }
  start_failures_ = 0;
  life_->follow(around_.now());
  around_.tell("life " + std::to_string(life_number_) + " starts");
  auditor_.after_start(life_->reader());
}

/// The process ends; another one starts after a while.
void World::end_life(End how) {
  if (life_) {
    report_.turns += life_->turns();
    if (life_->positions_restarted() > 0)
      around_.reach(Mark::desk_restarted);
  }
  dying_ = false;
  draining_ = false;
  if (how == End::power) {
    const auto lost = disk_.power_gone();
    if (lost.dropped > 0)
      around_.reach(Mark::unsynced_write_dropped);
    if (lost.torn > 0)
      around_.reach(Mark::torn_write);
    around_.tell("power lost: " + std::to_string(lost.dropped) + " writes dropped, " + std::to_string(lost.torn) +
                 " torn");
  } else if (how != End::exited) {
    disk_.process_gone();
  }
  life_.reset();
  if (how == End::exited)
    disk_.process_gone();
}

void World::go_down(End how) {
  constexpr std::array words{"killed", "power lost", "exits", "falls"};
  around_.tell("life " + std::to_string(life_number_) + " " + words[static_cast<std::size_t>(how)]);
  if (how == End::killed && around_.strikes(Fault::power))
    how = End::power;
  around_.reach(how == End::power ? Mark::power_lost : how == End::exited ? Mark::drained : Mark::process_killed);
  end_life(how);
  if (around_.strikes(Fault::journal_gone))
    lose_journal();
  const auto down = how == End::fell ? milliseconds{2'000} : milliseconds{life_chance_.spread(50, 1'800'000)};
  around_.agenda.after(around_.healed ? std::min(down, milliseconds{2'000}) : down, [this] { start_life(); });
}

/// All that was written is gone; people, the tape and the broker go on.
void World::lose_journal() {
  around_.tell("the journal is lost");
  disk_.replaced();
  auditor_.journal_lost();
  order_status_.clear();
  held_.clear();
  tape_followed_ = false;
}

void World::after_turn() {
  ++turns_;
  if (dying_) {
    around_.reach(Mark::crash_before_commit);
    return go_down(End::killed);
  }
  if (!life_->fatal().empty()) {
    around_.tell("fatal: " + life_->fatal());
    if (life_->fatal().find("fate of a commit") != std::string::npos)
      around_.reach(Mark::commit_fate_unknown);
    return go_down(End::fell);
  }
  if (die_in_ > 0 && --die_in_ == 0 && !around_.healed) {
    around_.reach(Mark::crash_during_recovery);
    return go_down(End::killed);
  }
  if (around_.strikes(Fault::crash))
    go_down(End::killed);
}

// ---- the loop -----------------------------------------------------------------------------------------------------

bool World::able() const {
  return life_ != nullptr && !draining_ && link_.down == Network::Link::Down::no && calendar_.is_open(around_.now());
}

void World::pass_to(Instant at) {
  if (at <= around_.now())
    return;
  auditor_.pass(at - around_.now(), able());
  if (calendar_.is_open(around_.now()))
    report_.trading += at - around_.now();
  around_.agenda.move_to(at);
  if (life_)
    life_->follow(at);
}

void World::run_until(Instant until) {
  while (!stopped()) {
    if (life_ && life_->has_turn()) {
      const auto soon = around_.agenda.next();
      const bool stalls =
        soon && *soon <= std::min(until, around_.now() + milliseconds{500}) && around_.strikes(Fault::stall);
      if (!stalls) {
        life_->take_turn(turns_chance_);
        after_turn();
        continue;
      }
    }
    const auto task = around_.agenda.next();
    const auto timer = life_ && !life_->has_turn() ? life_->next_timer() : std::nullopt;
    if (!task && !timer)
      break;
    const auto at = std::min(task.value_or(Instant::max()), timer.value_or(Instant::max()));
    if (at > until)
      break;
    pass_to(at);
    if (timer && *timer <= at && (!task || *timer <= *task))
      life_->fire_timer();
    else
      around_.agenda.run_next();
  }
  if (!stopped())
    pass_to(until);
}

// ---- what was committed -------------------------------------------------------------------------------------------

void World::committed(std::span<const Batch> batches) {
  ++report_.commits;
  for (const auto& batch : batches) {
    for (const auto& event : batch.events) {
      around_.trace.mix(event.type);
      around_.trace.mix(event.payload);
      if (event.type == "quarantine_lifted")
        around_.reach(Mark::quarantine_lifted);
      if (event.type == "exit_taken_away")
        around_.reach(Mark::exit_taken_away);
      if (options_.echo)
        around_.show("journal: " + event.type + " " + event.symbol.str() + " " + event.order.str() + " " +
                     event.payload.substr(0, 300));
    }
    note_rows(batch);
  }
}

void World::note_rows(const Batch& batch) {
  for (const auto& row : batch.rows)
    if (const auto* cursor = std::get_if<CursorRow>(&row)) {
      tape_followed_ = tape_followed_ || cursor->source == SourceId{"tape"};
      if (cursor->source.view().starts_with("reconcile"))
        auditor_.account_known();
    }
  for (const auto& row : batch.rows) {
    if (const auto* order = std::get_if<OrderRow>(&row))
      note(*order);
    else if (const auto* trade = std::get_if<TradeRow>(&row)) {
      if (trade->subreason == "TRAILING_STOP_HIT")
        around_.reach(Mark::trailing_stop_hit);
      around_.reach(trade->reason == CloseReason::tp_hit      ? Mark::target_hit
                    : trade->reason == CloseReason::sl_hit    ? Mark::stop_hit
                    : trade->reason == CloseReason::time_exit ? Mark::time_exit
                                                              : Mark::call_closed);
    } else if (const auto* decision = std::get_if<Decision>(&row))
      note(*decision);
  }
  for (const auto& row : batch.rows)
    if (const auto* position = std::get_if<PositionRow>(&row)) {
      held_[position->symbol] = position->quantity;
      if (position->phase == "Quarantined")
        around_.reach(Mark::quarantined);
      if (position->strategies.find("external") != std::string::npos)
        around_.reach(Mark::external_found);
    }
}

void World::note(const OrderRow& order) {
  auditor_.row_written(order);
  auto& known = order_status_[order.client_order_id];
  if (order.status == OrderStatus::unknown)
    around_.reach(Mark::unknown_order);
  else if (known == OrderStatus::unknown)
    around_.reach(order.status <= OrderStatus::submitted ? Mark::unknown_sent_again : Mark::unknown_found);
  if (order.status == OrderStatus::expired)
    around_.reach(Mark::order_expired);
  if (order.leg == Leg::entry && order.status == OrderStatus::filled && known != OrderStatus::filled) {
    around_.reach(order.side == Side::sell ? Mark::short_opened : Mark::entry_filled);
    if (held_[order.symbol].sign() == sign(order.side))
      around_.reach(Mark::topped_up);
  }
  if (order.leg == Leg::entry && order.status == OrderStatus::partially_filled)
    around_.reach(Mark::entry_partially_filled);
  if (known == OrderStatus::pending_cancel && order.status == OrderStatus::filled)
    around_.reach(Mark::fill_during_cancel);
  known = order.status;
}

void World::note(const Decision& decision) {
  const auto& d = decision.disposition;
  if (d.kind == DispositionKind::deferred)
    around_.reach(Mark::deferred_overnight);
  if (d.kind == DispositionKind::risk_denied)
    around_.reach(Mark::risk_denied);
  if (d.detail == "too_old")
    around_.reach(Mark::stale_call);
  if (d.detail == "blocklisted")
    around_.reach(Mark::blocklisted);
  if (d.kind != DispositionKind::filled && d.kind != DispositionKind::closed)
    return;
  const auto& action = auditor_.call(decision.signal).action;
  if (action == "REVERSE")
    around_.reach(Mark::reversed);
  else if (action == "REDUCE")
    around_.reach(Mark::reduced);
  else if (action == "MODIFY_PROTECTION")
    around_.reach(Mark::protection_modified);
}

// ---- one run ------------------------------------------------------------------------------------------------------

RunReport World::run() {
  around_.tell("seed " + std::to_string(options_.seed) + " faults " + around_.profile.str());
  open_market();
  start_life();
  schedule_ops();
  minute();
  run_until(work_.end);
  if (!stopped()) {
    heal();
    run_until(liveness_end());
  }
  if (!stopped() && !life_)
    auditor_.violate("does not start", "no process at the end");
  if (!stopped())
    auditor_.at_end(life_->reader());
  if (!stopped())
    start_again_and_compare();
  if (turns_ > turns_max_)
    auditor_.violate("no end", "more than " + std::to_string(turns_max_) + " messages");
  if (life_)
    report_.turns += life_->turns();
  report_.seed = options_.seed;
  report_.violation = auditor_.violation();
  report_.hash = around_.trace.hash();
  report_.marks = around_.marks;
  report_.struck = around_.struck;
  report_.newest.assign(around_.trace.newest().begin(), around_.trace.newest().end());
  report_.lines = around_.trace.count();
  report_.calls = static_cast<std::int64_t>(auditor_.calls().size());
  report_.entries = auditor_.entries_taken();
  report_.executions = static_cast<std::int64_t>(host_.engine().executions().size());
  report_.simulated = around_.now() - work_.start;
  report_.naked_worst = auditor_.naked_worst();
  for (const auto& op : work_.ops)
    report_.ops.push_back(to_rfc3339(op.at).substr(5, 14) + " " + op.str());
  return std::move(report_);
}

std::int64_t RunReport::faults() const { return std::accumulate(struck.begin(), struck.end(), std::int64_t{0}); }

std::array<std::int64_t, fault_count> RunOptions::unlimited_budget() {
  std::array<std::int64_t, fault_count> all{};
  all.fill(std::numeric_limits<std::int64_t>::max());
  return all;
}

RunReport run(const RunOptions& options) {
  static const auto calendar = core::MarketCalendar::nyse();
  auto work = Workload::draw(options.seed, options.days, calendar,
                             options.rules ? options.rules->limits : Rules::usual().limits, options.edition);
  World world{options, calendar, std::move(work)};
  return world.run();
}

}  // namespace heed::sim
