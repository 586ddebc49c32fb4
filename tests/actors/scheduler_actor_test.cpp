#include "actors/scheduler_actor.hpp"

#include "support/calls.hpp"
#include "support/desk.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

Date day(unsigned month, unsigned of_month) {
  return Date{std::chrono::year{2026} / std::chrono::month{month} / std::chrono::day{of_month}};
}

struct Fixture {
  explicit Fixture(const char* start) : system{std::make_shared<FakeClock>(at(start))} {
    journal.start(system);
    system.at_end([d = directory] { d->clear(); });
    Desk desk;
    desk.portfolio = stub_portfolio(system, portfolio);
    desk.governor = stub_governor(system, governor);
    directory->set(AccountId{"paper"}, desk);
    directory->set(SourceId{"calls"}, stub_watcher(system, watcher));
  }
  ~Fixture() { system.finish(); }
  TestSystem system;
  TestJournal journal;
  std::shared_ptr<PortfolioLog> portfolio = std::make_shared<PortfolioLog>();
  std::shared_ptr<GovernorLog> governor = std::make_shared<GovernorLog>();
  std::shared_ptr<WatcherLog> watcher = std::make_shared<WatcherLog>();
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::shared_ptr<ScheduleBoard> board = std::make_shared<ScheduleBoard>();
  std::optional<Instant> last_scan;
  SchedulerActor scheduler;

  void start() {
    auto args = std::make_shared<SchedulerArgs>();
    args->clock = system.clock;
    args->calendar = std::make_shared<const core::MarketCalendar>(core::MarketCalendar::nyse());
    args->exit_scan = core::CronLine::parse("35 9 * * 1-5").value();
    args->last_exit_scan = last_scan;
    args->tick = seconds{10};
    args->journal = journal.actor;
    args->directory = directory;
    args->board = board;
    scheduler = system.spawn(scheduler_actor, std::shared_ptr<const SchedulerArgs>{args});
    system.run();
  }
  std::vector<std::string> sessions() const {
    std::vector<std::string> out;
    for (const auto& said : portfolio->sessions)
      out.push_back((said.open ? "open " : "closed, next ") + to_iso_date(said.session));
    return out;
  }
  std::vector<std::string> scans() const {
    std::vector<std::string> out;
    for (const auto& scan : portfolio->scans)
      out.push_back(to_iso_date(scan.session));
    return out;
  }
  std::optional<std::string> stored_scan() {
    const auto state = journal.reader().recover(friday_10, friday_10);
    REQUIRE(state.ok());
    for (const auto& row : state.value().cursors)
      if (row.source == exit_scan_cursor)
        return row.position;
    return std::nullopt;
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("scheduler: the session opens and closes, each said once", "[actors][scheduler]") {
  Fixture f{"2026-11-20T14:00:00Z"};  // Friday, 09:00 in New York
  f.start();
  CHECK(f.sessions() == Texts{"closed, next 2026-11-20"});
  f.system.advance(minutes{30});
  CHECK(f.sessions() == Texts{"closed, next 2026-11-20", "open 2026-11-20"});
  f.system.advance(hours{6} + minutes{30});
  CHECK(f.sessions().back() == "closed, next 2026-11-23");
  f.system.advance(hours{60});
  CHECK(f.sessions().size() == 3);
  CHECK(f.watcher->clock_moved > 100);
}

TEST_CASE("scheduler: a half day closes at one, a holiday is no session", "[actors][scheduler]") {
  Fixture f{"2026-11-25T20:59:00Z"};  // the eve of Thanksgiving
  f.start();
  f.system.advance(minutes{2});
  CHECK(f.sessions().back() == "closed, next 2026-11-27");
  f.system.advance(hours{42});
  CHECK(f.sessions().back() == "open 2026-11-27");
  f.system.clock->set(at("2026-11-27T18:00:00Z"));
  f.system.send(f.scheduler, ClockMoved{});
  f.system.run();
  CHECK(f.sessions().back() == "closed, next 2026-11-30");
  CHECK(f.scans() == Texts{"2026-11-27"});  // none on Thursday
}

TEST_CASE("scheduler: a new day begins at midnight in New York", "[actors][scheduler]") {
  Fixture f{"2026-11-20T15:00:00Z"};
  f.start();
  REQUIRE(f.governor->days.size() == 1);
  CHECK(f.governor->days[0].day == day(11, 20));
  f.system.advance(hours{13});  // 23:00
  CHECK(f.governor->days.size() == 1);
  f.system.advance(hours{1});
  REQUIRE(f.governor->days.size() == 2);
  CHECK(f.governor->days[1].day == day(11, 21));
}

TEST_CASE("scheduler: the exit scan runs at 09:35 on sessions, and is on the record", "[actors][scheduler]") {
  Fixture f{"2026-11-20T14:30:00Z"};
  f.start();
  CHECK(f.scans().empty());
  CHECK(f.board->get().next_exit_scan == at("2026-11-20T14:35:00Z"));
  f.system.advance(minutes{5});
  CHECK(f.scans() == Texts{"2026-11-20"});
  CHECK(f.stored_scan() == "2026-11-20T14:35:00.000000Z");
  CHECK(f.board->get().last_exit_scan == at("2026-11-20T14:35:00Z"));
  CHECK(f.board->get().next_exit_scan == at("2026-11-23T14:35:00Z"));
  f.system.advance(hours{72});
  CHECK(f.scans() == Texts{"2026-11-20", "2026-11-23"});
}

TEST_CASE("failure 07: an exit scan that was missed runs as soon as the market is open",
          "[actors][scheduler][failure]") {
  struct Case {
    const char* name;
    const char* start;
    const char* last;
    Texts at_start, after_a_day;
  };
  const auto c = GENERATE(values<Case>({
    {"down at 09:35, the market is open",
     "2026-11-20T16:00:00Z",
     "2026-11-19T14:35:00Z",
     {"2026-11-20"},
     {"2026-11-20"}},
    {"down on Friday, started on Saturday", "2026-11-21T16:00:00Z", "2026-11-19T14:35:00Z", {}, {}},
    {"down for a week: one scan is enough",
     "2026-11-23T16:00:00Z",
     "2026-11-13T14:35:00Z",
     {"2026-11-23"},
     {"2026-11-23", "2026-11-24"}},
    {"it had run: said again, since its closes may not have been stored",
     "2026-11-23T16:00:00Z",
     "2026-11-23T14:35:00Z",
     {"2026-11-23"},
     {"2026-11-23", "2026-11-24"}},
    {"started before the open: at the open, and at 09:35 as always",
     "2026-11-23T14:00:00Z",
     "2026-11-19T14:35:00Z",
     {},
     {"2026-11-23", "2026-11-23"}},
  }));
  INFO(c.name);
  Fixture f{c.start};
  f.last_scan = at(c.last);
  f.start();
  CHECK(f.scans() == c.at_start);
  f.system.advance(hours{23});
  CHECK(f.scans() == c.after_a_day);
}

TEST_CASE("scheduler: a first start owes no scan of the past", "[actors][scheduler]") {
  Fixture f{"2026-11-20T16:00:00Z"};
  f.start();
  f.system.advance(hours{1});
  CHECK(f.scans().empty());
  CHECK_FALSE(f.board->get().last_exit_scan.has_value());
  CHECK(f.stored_scan() == "2026-11-20T16:00:00.000000Z");  // the next one may be missed, and is owed then
}

TEST_CASE("scheduler: a scan that cannot be stored runs again after a restart", "[actors][scheduler]") {
  Fixture f{"2026-11-20T14:30:00Z"};
  f.start();
  const auto ended = f.system.watch(f.scheduler);
  f.journal.control->fail_next();
  f.system.advance(minutes{6});
  CHECK(f.scans().size() == 1);
  CHECK_FALSE(ended->has_value());
  CHECK(f.stored_scan() == "2026-11-20T14:30:00.000000Z");  // from when on scans are owed
}

TEST_CASE("exit scan: each position whose day has come is closed, each strategy's lots on their own",
          "[actors][scheduler]") {
  DeskWorld w;
  w.limits.open_positions_per_symbol_max = 5;
  w.start();
  w.call(buy("b1", "NVDA"));
  auto from_other = buy("o1", "NVDA");
  from_other.source = "other";
  from_other.signal = core::signal_id("other", "o1");
  w.call(from_other);
  auto weeks = buy("b2", "AMD");
  weeks.horizon = Horizon::weeks;
  w.call(weeks);
  REQUIRE(w.outcome_of(from_other.signal) == "filled");
  const auto held = w.held("NVDA");
  CHECK(held > Quantity{30});
  w.system->send(w.desk.portfolio, ExitScanDue{day(11, 24)});
  w.settle();
  CHECK(w.held("NVDA") == held);  // due on the 25th
  w.clock->set(at("2026-11-25T14:35:00Z"));
  w.system->send(w.desk.portfolio, ExitScanDue{day(11, 25)});
  w.system->send(w.desk.portfolio, ExitScanDue{day(11, 25)});  // said twice: closed once
  w.settle();
  w.settle();
  CHECK(w.held("NVDA").is_zero());
  CHECK(w.held("AMD") == Quantity{30});
  REQUIRE(w.trades().size() == 2);
  for (const auto& trade : w.trades())
    CHECK(trade.reason == CloseReason::time_exit);
  w.check_sane();
}
