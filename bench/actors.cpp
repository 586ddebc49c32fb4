// How many calls a second go through the actors, and what does a position cost while nothing happens? The real
// actors on CAF's scheduler as the daemon runs it, two workers; the journal is in memory and the venue answers in the
// same breath, so that nothing but the actors is measured.
//
//   call -> watcher -> aggregator -> portfolio -> position -> governor -> journal -> gateway -> venue -> position
//
// "mix": of twenty calls five trade and the others end with a reason, as in a year of real calls (see kind_of).
// "trades": each is the first call of its symbol, becomes a bracket, fills and is booked, with both exits resting. A
// call is one message to the inbox, made beforehand; it is over when its last decision is durable.
#include "actors/account_desk.hpp"
#include "actors/aggregator_actor.hpp"
#include "actors/journal_actor.hpp"
#include "actors/position_actor.hpp"
#include "actors/shared_turns.hpp"
#include "actors/watcher_actor.hpp"
#include "bench/bracket.hpp"
#include "bench/measure.hpp"
#include "core/naming.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace heed;
using std::chrono::steady_clock;

struct CafConfig : caf::actor_system_config {
  CafConfig() {
    add_message_types<caf::id_block::heed>();
    load<SharedTurnsScheduler>();
    set("scheduler.max-threads", 2U);
    set("scheduler.max-throughput", 64U);
  }
};

/// Begins in an open session and runs with the world.
class SessionClock final : public Clock {
public:
  Instant now() const override { return begin_ + std::chrono::duration_cast<Duration>(steady_clock::now() - begun_); }

private:
  Instant begin_ = parse_rfc3339("2026-03-03T15:00:00Z").value();
  steady_clock::time_point begun_ = steady_clock::now();
};

/// Fills every entry and says so at once, with both exits of the bracket resting. Does not trade symbols with N.
class EasyVenue final : public Venue {
public:
  explicit EasyVenue(std::shared_ptr<const Clock> clock) : clock_{std::move(clock)} {}

  std::atomic<std::size_t> orders{0};

  VenueCapabilities capabilities() const override {
    VenueCapabilities can;
    can.native_bracket = can.bracket_needs_full_fill = can.native_oco = can.replace = true;
    can.name = "easy";
    return can;
  }
  void start(VenueSink sink) override { sink.on_link(true, "here"); }
  void stop() override {}
  void submit(const SubmitOrder& order, Done<std::vector<OrderReport>> done) override {
    const auto number = std::to_string(++orders);
    std::vector<OrderReport> reports;
    auto entry = report(order, order.client_order_id, order.side, Leg::entry, "e" + number);
    entry.status = OrderStatus::filled;
    entry.cum_qty = order.quantity;
    entry.avg_px = Price{100};
    entry.execution = Execution{"x" + number, order.quantity, Price{100}, Money{}, entry.at};
    reports.push_back(std::move(entry));
    for (const auto& [exit, leg] :
         {std::pair{&order.take_profit, Leg::take_profit}, std::pair{&order.stop_loss, Leg::stop_loss}})
      if (*exit) {
        auto told = report(order, (*exit)->client_order_id, opposite(order.side), leg,
                           (leg == Leg::stop_loss ? "s" : "t") + number);
        told.status = leg == Leg::stop_loss ? OrderStatus::held : OrderStatus::accepted;
        reports.push_back(std::move(told));
      }
    done(std::move(reports));
  }
  void cancel(const CancelOrder&, Done<Ok> done) override { done(Ok{}); }
  void replace(const ReplaceOrder&, Done<std::vector<OrderReport>> done) override { done(nothing()); }
  void query_order(const ClientOrderId&, const VenueOrderId&, Done<std::vector<OrderReport>> done) override {
    done(nothing());
  }
  void query_orders(Instant, Done<std::vector<OrderReport>> done) override { done(nothing()); }
  void query_open_orders(const Symbol&, Done<std::vector<OrderReport>> done) override { done(nothing()); }
  void query_fills(Instant, Done<std::vector<OrderReport>> done) override { done(nothing()); }
  void query_position(const Symbol& symbol, Done<PositionReport> done) override {
    PositionReport flat;
    flat.account = "bench";
    flat.symbol = symbol;
    flat.at = clock_->now();
    done(flat);
  }
  void query_positions(Done<std::vector<PositionReport>> done) override { done(std::vector<PositionReport>{}); }
  void query_account(Done<AccountReport> done) override {
    AccountReport account;
    account.account = "bench";
    account.equity = account.cash = account.last_equity = account.buying_power = Money{1'000'000'000};
    account.at = clock_->now();
    done(account);
  }
  void query_clock(Done<VenueClock> done) override { done(VenueClock{clock_->now(), true, {}, {}}); }
  void query_instrument(const Symbol& symbol, Done<Instrument> done) override {
    Instrument instrument;
    instrument.symbol = symbol;
    instrument.tradable = symbol.view().front() != 'N';
    done(instrument);
  }
  void query_quote(const Symbol& symbol, Done<Quote> done) override {
    done(Quote{symbol, Price{100}, Price{100}, Price{100}, clock_->now()});
  }
  void query_quotes(const std::vector<Symbol>& symbols, Done<std::vector<Quote>> done) override {
    std::vector<Quote> quotes;
    quotes.reserve(symbols.size());
    for (const auto& symbol : symbols)
      quotes.push_back(Quote{symbol, Price{100}, Price{100}, Price{100}, clock_->now()});
    done(std::move(quotes));
  }
  void watch_quotes(const std::vector<Symbol>&) override {}

private:
  static std::vector<OrderReport> nothing() { return {}; }
  OrderReport report(const SubmitOrder& order, const ClientOrderId& name, Side side, Leg leg,
                     const std::string& id) const {
    OrderReport out;
    out.client_order_id = name;
    out.venue_order_id = id;
    out.account = order.account;
    out.symbol = order.symbol;
    out.side = side;
    out.leg = leg;
    out.status = OrderStatus::accepted;
    out.quantity = order.quantity;
    out.at = clock_->now();
    return out;
  }

  std::shared_ptr<const Clock> clock_;
};

Symbol symbol(std::size_t number, char first = 'Q') {
  std::string name = first + std::string{"AAAA"};
  for (std::size_t i = 4; i > 0; --i, number /= 26)
    name[i] = static_cast<char>('A' + number % 26);
  return name;
}

RiskLimits wide_open() {
  RiskLimits limits;
  limits.trades_per_day_account = limits.trades_per_day_strategy = 10'000'000;
  limits.dollars_per_day_account = limits.dollars_per_day_strategy = Money{4'000'000'000};
  limits.position_dollars_max = Money{1'000'000};
  limits.position_equity_fraction_max = Decimal{};
  limits.open_positions_max = 10'000'000;
  limits.orders_per_second = limits.orders_per_minute = 10'000'000;
  return limits;
}

MentionStrategyConfig strategy() {
  MentionStrategyConfig config;
  config.id = "mentions";
  config.enable_trading = true;
  return config;
}

/// What becomes of a call, and how many of twenty: 2020's calls of one source ended as not_tradable (31 %), filled
/// (26 %), not_held (23 %), ui_only (12 %), at a cap or under the minimum (5 %), and with a stale price (2 %).
enum class Kind { not_tradable, trade, not_held, ui_only, at_cap, too_old };

Kind kind_of(std::size_t number) {
  using enum Kind;
  constexpr Kind of_twenty[] = {not_tradable, trade, not_held, not_tradable, ui_only, trade, not_held, not_tradable,
                                at_cap,       trade, not_held, not_tradable, ui_only, trade, not_held, not_tradable,
                                too_old,      trade, not_held, not_tradable};
  static_assert(std::size(of_twenty) == 20);
  return of_twenty[number % std::size(of_twenty)];
}

Mention mention(std::size_t number, MentionAction action, const Symbol& of, Instant now) {
  Mention made;
  made.external_id = "bench-" + std::to_string(number);
  made.source = "inbox";
  made.signal = core::signal_id(made.source, made.external_id);
  made.symbol = of;
  made.action = action;
  made.conviction = Decimal::from_units(900'000'000);
  made.horizon = Horizon::weeks;
  made.rationale_quote = "Orders are up for the third quarter in a row and nobody talks about it yet.";
  made.created_at = made.published_at = now;
  return made;
}

/// One of the mix. Each symbol that trades is bought twice, which fills its cap; what comes for it then is refused.
Mention of_mix(std::size_t number, Instant now) {
  constexpr std::size_t others = 200;  // symbols that do not trade, or are not held
  const auto bought = number / 20 * 5 + number % 20 / 4;
  switch (kind_of(number)) {
    case Kind::not_tradable: return mention(number, MentionAction::buy, symbol(number % others, 'N'), now);
    case Kind::not_held: return mention(number, MentionAction::sell, symbol(number % others, 'H'), now);
    case Kind::ui_only: return mention(number, MentionAction::watch, symbol(number % others, 'H'), now);
    case Kind::at_cap: return mention(number, MentionAction::buy, symbol(number / 20 % 1'000), now);
    case Kind::too_old:
      return mention(number, MentionAction::buy, symbol(bought / 2), now - std::chrono::hours{24 * 30});
    case Kind::trade: break;
  }
  return mention(number, MentionAction::buy, symbol(bought / 2), now);
}

Mention of_trades(std::size_t number, Instant now) {
  return mention(number, MentionAction::buy, symbol(number), now);
}

/// Counts what the store is given.
class CountingWriter final : public JournalWriter {
public:
  CountingWriter(std::unique_ptr<JournalWriter> writer, std::shared_ptr<std::atomic<std::size_t>> rows)
      : writer_{std::move(writer)}, rows_{std::move(rows)} {}
  Status append(std::span<Batch* const> batches) override {
    for (const auto* batch : batches)
      *rows_ += batch->rows.size() + batch->events.size();
    return writer_->append(batches);
  }

private:
  std::unique_ptr<JournalWriter> writer_;
  std::shared_ptr<std::atomic<std::size_t>> rows_;
};

/// Everything of a daemon but its edges.
struct World {
  std::shared_ptr<SessionClock> clock = std::make_shared<SessionClock>();
  std::shared_ptr<const core::MarketCalendar> calendar =
    std::make_shared<core::MarketCalendar>(core::MarketCalendar::nyse());
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>();
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::shared_ptr<EasyVenue> venue = std::make_shared<EasyVenue>(clock);
  JournalPair pair = open_memory_journal();
  std::shared_ptr<std::atomic<std::size_t>> rows = std::make_shared<std::atomic<std::size_t>>(0);
  CafConfig config;
  caf::actor_system system{config};
  JournalActor journal;
  AggregatorActor aggregator;
  WatcherActor watcher;
  Desk desk;

  World() {
    auto journal_args = std::make_shared<JournalActorArgs>();
    journal_args->writer = std::make_unique<CountingWriter>(std::move(pair.writer), rows);
    journal_args->telemetry = telemetry;
    journal = system.spawn(journal_actor, journal_args);

    Followers following;
    following["inbox"].push_back({"bench", "mentions"});
    const auto followers = std::make_shared<const Followers>(std::move(following));
    auto aggregator_args = std::make_shared<AggregatorArgs>();
    aggregator_args->followers = followers;
    aggregator_args->clock = clock;
    aggregator_args->telemetry = telemetry;
    aggregator_args->journal = journal;
    aggregator_args->directory = directory;
    aggregator = system.spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{aggregator_args});

    DeskArgs args;
    args.account = "bench";
    args.clock = clock;
    args.calendar = calendar;
    args.make_venue = [this] { return venue; };
    args.limits = [] { return wide_open(); };
    args.strategies = [] { return std::map<StrategyId, MentionStrategyConfig>{{"mentions", strategy()}}; };
    args.gateway_policy.requests_per_minute = 0;
    args.gateway_policy.data_requests_per_minute = 0;
    args.reconcile_interval = std::chrono::hours{1};
    args.journal = journal;
    args.aggregator = aggregator;
    args.reader = pair.reader;
    args.telemetry = telemetry;
    args.directory = directory;
    auto spawned = spawn_desk(system, args);
    if (!spawned)
      throw std::runtime_error{spawned.error().detail};
    desk = std::move(spawned).value();

    auto watcher_args = std::make_shared<WatcherArgs>();
    watcher_args->source = "inbox";
    watcher_args->clock = clock;
    watcher_args->followers = followers;
    watcher_args->next_mention_id = std::make_shared<std::atomic<std::int64_t>>(1);
    watcher_args->reader = pair.reader;
    watcher_args->telemetry = telemetry;
    watcher_args->journal = journal;
    watcher_args->aggregator = aggregator;
    watcher = system.spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{watcher_args});
  }
  ~World() {
    directory->clear();
    for (const auto& actor : {caf::actor_cast<caf::actor>(watcher), caf::actor_cast<caf::actor>(aggregator),
                              caf::actor_cast<caf::actor>(desk.reconciler), caf::actor_cast<caf::actor>(desk.gateway),
                              caf::actor_cast<caf::actor>(desk.portfolio), caf::actor_cast<caf::actor>(desk.governor),
                              caf::actor_cast<caf::actor>(journal)})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void call(Mention what) {
    SubmitMentions submit;
    submit.mentions.push_back(std::move(what));
    submit.done = [this](const Result<std::vector<MentionReceipt>>& receipts) {
      if (!receipts)
        ++refused;
    };
    caf::anon_send(watcher, std::move(submit));
  }
  void wait_for_decisions(std::size_t count) const {
    const auto until = steady_clock::now() + std::chrono::seconds{60};
    while (telemetry->decisions_final < static_cast<std::int64_t>(count)) {
      if (steady_clock::now() > until)
        throw std::runtime_error{"decisions stopped at " + std::to_string(telemetry->decisions_final) + " of " +
                                 std::to_string(count)};
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
  }

  std::atomic<std::size_t> refused{0};
};

double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

void measure_calls(const std::string& name, std::size_t calls, Mention (*make)(std::size_t, Instant)) {
  const auto warm_up = calls / 10;
  constexpr std::size_t under_way_max = 2'000;
  World world;
  std::vector<Mention> made;
  made.reserve(warm_up + calls);
  for (std::size_t i = 0; i < warm_up + calls; ++i)
    made.push_back(make(i, world.clock->now()));
  const auto send = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      world.call(std::move(made[i]));
      if (i % 64 == 0 && i >= under_way_max)
        world.wait_for_decisions(i - under_way_max);
    }
    world.wait_for_decisions(to);
  };
  send(0, warm_up);
  const std::size_t rows_before = *world.rows;
  const std::size_t orders_before = world.venue->orders;
  const auto begun = steady_clock::now();
  const auto cpu_before = cpu_seconds();
  send(warm_up, warm_up + calls);
  const auto seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
  const auto cpu = cpu_seconds() - cpu_before;
  if (world.refused != 0)
    throw std::runtime_error{"calls were refused"};
  const auto of_a_call = [&](double sum) { return sum / static_cast<double>(calls); };
  bench::result("calls through the actors, " + name, static_cast<double>(calls) / seconds, "calls/s");
  bench::result("processor time of a call, " + name, of_a_call(cpu * 1e6), "us");
  bench::result("stored rows of a call, " + name, of_a_call(static_cast<double>(*world.rows - rows_before)), "rows");
  bench::result("orders of a call, " + name, of_a_call(static_cast<double>(world.venue->orders - orders_before)),
                "orders");
}

/// One lot, its entry and its two exits.
core::PositionState open_state(const Symbol& of) {
  auto state = bench::flat_state(of);
  core::Step step;
  const auto context = bench::bracket_context(of);
  auto life = bench::life_of_a_bracket(of);
  life.resize(bench::open_after);
  for (const auto& input : life)
    core::step(state, input, context, step);
  return state;
}

void measure_bytes(const std::string& name, std::size_t count, bool open) {
  World world;
  auto env = std::make_shared<PositionEnv>();
  env->account = "bench";
  env->clock = world.clock;
  env->calendar = world.calendar;
  env->journal = world.journal;
  env->reader = world.pair.reader;
  env->governor = world.desk.governor;
  env->gateway = world.desk.gateway;
  env->telemetry = world.telemetry;
  const std::shared_ptr<const PositionEnv> shared = env;
  std::vector<PositionActor> actors;
  actors.reserve(count);
  const auto spawn = [&](std::size_t i) {
    actors.push_back(
      world.system.spawn(position_actor, shared, open ? open_state(symbol(i)) : bench::flat_state(symbol(i)), false));
  };
  const auto before = bench::resident_bytes();
  for (std::size_t i = 0; i < count; ++i)
    spawn(i);
  caf::scoped_actor self{world.system};
  self->request(actors.back(), caf::infinite, BooksQuery{})
    .receive([](const BookEntry&) {}, [](const caf::error&) { throw std::runtime_error{"no answer"}; });
  const auto after = bench::resident_bytes();
  bench::result(name, static_cast<double>(after - before) / static_cast<double>(count), "bytes");
  for (const auto& actor : actors)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

/// In a process of its own: memory that one gave back would hide what the next one takes.
int alone(const std::function<void()>& measure) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      measure();
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "bench_actors: %s\n", failure.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child ? status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::err);
  const std::string_view only = argc > 1 ? argv[1] : "";
  int failed = 0;
  const auto part = [&](std::string_view name, const std::function<void()>& measure) {
    if (only.empty() || only == name)
      failed |= alone(measure);
  };
  part("mix", [] { measure_calls("mix", 40'000, of_mix); });
  part("trades", [] { measure_calls("trades", 10'000, of_trades); });
  part("bytes", [] { measure_bytes("idle position actor, flat", 100'000, false); });
  part("bytes", [] { measure_bytes("idle position actor, one lot under a bracket", 20'000, true); });
  return failed == 0 ? 0 : 1;
}
