#include "actors/reconciler_actor.hpp"

#include "support/calls.hpp"
#include "support/desk.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Fixture {
  TestSystem system;
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>();
  std::shared_ptr<GatewayLog> gateway = std::make_shared<GatewayLog>();
  std::shared_ptr<PortfolioLog> portfolio = std::make_shared<PortfolioLog>();
  std::shared_ptr<GovernorLog> governor = std::make_shared<GovernorLog>();
  JournalPair journal = open_memory_journal();
  ReconcilerActor reconciler;

  ~Fixture() { system.finish(); }
  explicit Fixture(ReconcileMark mark = {}) {
    gateway->snapshot.complete = true;
    gateway->snapshot.account.equity = Money{1000};
    auto args = std::make_shared<ReconcilerArgs>();
    args->reader = journal.reader;
    args->account = "paper";
    args->clock = system.clock;
    args->gateway = stub_gateway(system, gateway);
    args->portfolio = stub_portfolio(system, portfolio);
    args->governor = stub_governor(system, governor);
    args->telemetry = telemetry;
    args->oldest_open = friday_10 - hours{30};
    args->mark = mark;
    if (mark.newest != Instant{})
      args->first_since = mark.newest;
    reconciler = system.spawn(reconciler_actor, std::shared_ptr<const ReconcilerArgs>{args});
    system.run();
  }
  void link(bool up) {
    system.send(reconciler, LinkChanged{up, "test"});
    system.run();
  }
  void books(const char* symbol, int quantity, bool busy = false, bool quarantined = false) {
    portfolio->books.entries = {{symbol, Quantity{quantity}, Quantity{quantity}, busy, quarantined}};
  }
  /// All of it somebody else's.
  void foreign_books(const char* symbol, int quantity) {
    portfolio->books.entries = {{symbol, Quantity{quantity}, Quantity{}, false, false}};
  }
  void venue_holds(const char* symbol, int quantity) {
    gateway->snapshot.positions = {{"paper", symbol, Quantity{quantity}, Price{50}, Quantity{quantity}, friday_10}};
  }
  OrderReport order(const char* symbol, bool ours = true) {
    OrderReport report;
    report.client_order_id = ours ? "heed1.s.en.aaaaaaaaaaaaaaaa" : "somebody-else";
    report.symbol = symbol;
    report.ours = ours;
    return report;
  }
  OrderReport over(const char* name, const char* venue_id, int filled) {
    auto report = order("NVDA");
    report.client_order_id = name;
    report.venue_order_id = venue_id;
    report.status = filled > 0 ? OrderStatus::filled : OrderStatus::canceled;
    report.cum_qty = Quantity{filled};
    return report;
  }
  void journal_has(const OrderReport& report) {
    OrderRow row;
    row.client_order_id = report.client_order_id;
    row.venue_order_id = report.venue_order_id;
    row.account = "paper";
    row.symbol = report.symbol;
    row.status = report.status;
    row.cum_qty = report.cum_qty;
    row.created_at = row.updated_at = report.created_at == Instant{} ? friday_10 : report.created_at;
    Batch batch;
    batch.rows.emplace_back(row);
    Batch* const one = &batch;
    REQUIRE(journal.writer->append({&one, 1}).ok());
  }
};

}  // namespace

TEST_CASE("reconciler: the first complete pass opens the account, reports before books", "[actors][reconciler]") {
  Fixture f;
  f.gateway->snapshot.orders = {f.order("NVDA"), f.order("AMD", false)};
  CHECK(f.portfolio->ready == 0);
  f.link(true);
  CHECK(f.portfolio->ready == 1);
  CHECK(f.governor->ready == 1);
  REQUIRE(f.governor->accounts.size() == 1);
  REQUIRE(f.portfolio->news.size() == 1);  // foreign orders are nobody's news
  CHECK(f.portfolio->news[0].symbol == Symbol{"NVDA"});
  CHECK(f.gateway->snapshots_asked[0].orders_since == friday_10 - hours{30});
  CHECK(f.telemetry->reconciles == 1);
  CHECK(f.telemetry->components()["reconcile:paper"].ok);
  f.system.advance(seconds{30});
  CHECK(f.telemetry->reconciles == 2);
  CHECK(f.portfolio->ready == 1);
  CHECK(f.gateway->snapshots_asked[1].orders_since == friday_10 - hours{24});  // since the last pass, and a day more
}

TEST_CASE("reconciler: orders whose end the journal has are nobody's news", "[actors][reconciler]") {
  Fixture f;
  const auto sl = f.over("heed1.s.sl.aaaaaaaaaaaaaaaa", "v-sl", 0);
  f.journal_has(f.over("heed1.s.en.aaaaaaaaaaaaaaaa", "v-en", 5));
  f.journal_has(sl);
  f.journal_has(f.over("heed1.s.cl.cccccccccccccccc", "v-cl", 5));
  auto misnamed = sl;  // an adapter that was started anew took the leg for another's
  misnamed.client_order_id = "heed1.s.sl.bbbbbbbbbbbbbbbb";
  auto unseen = f.over("heed1.s.cl.cccccccccccccccc", "v-cl", 7);
  f.gateway->snapshot.orders = {f.over("heed1.s.en.aaaaaaaaaaaaaaaa", "v-en", 5), misnamed, unseen};
  f.link(true);
  REQUIRE(f.portfolio->news.size() == 1);  // it filled for more than is booked
  CHECK(std::get<OrderReport>(f.portfolio->news[0].input).cum_qty == Quantity{7});
  f.system.advance(seconds{120});
  CHECK(f.portfolio->news.size() == 5);  // that alone, at each of the passes
}

TEST_CASE("reconciler: a difference is no reason to ask for orders whose end the journal has",
          "[actors][reconciler]") {
  Fixture f;
  const auto ended = f.over("heed1.s.en.aaaaaaaaaaaaaaaa", "v-en", 5);
  f.journal_has(ended);
  auto working = f.order("NVDA");
  working.client_order_id = "heed1.s.en.bbbbbbbbbbbbbbbb";
  f.gateway->snapshot.orders = {ended, working};
  f.books("NVDA", 5);
  f.venue_holds("NVDA", 3);
  f.link(true);
  REQUIRE(f.gateway->queries.size() == 1);
  CHECK(f.gateway->queries[0].order == working.client_order_id);
}

TEST_CASE("reconciler: trading waits for what came since the last life's passes; then all is looked at again",
          "[actors][reconciler]") {
  Fixture f{ReconcileMark{false, friday_10 - hours{2}}};
  f.link(true);
  CHECK(f.portfolio->ready == 1);
  f.system.advance(seconds{60});
  REQUIRE(f.gateway->snapshots_asked.size() >= 3);
  CHECK(f.gateway->snapshots_asked[0].orders_since == friday_10 - hours{2});
  CHECK(f.gateway->snapshots_asked[1].orders_since == friday_10 - hours{30});
  CHECK(f.gateway->snapshots_asked[2].orders_since > friday_10 - hours{24});
  for (const bool rebuilt : {false, true}) {
    const ReconcileMark mark{rebuilt, friday_10};
    CHECK(ReconcileMark::parse(mark.str()).rebuilt == rebuilt);
    CHECK(ReconcileMark::parse(mark.str()).newest == friday_10);
  }
  CHECK(ReconcileMark::parse("").newest == Instant{});
}

TEST_CASE("reconciler: a difference is a reason to ask for what rests longer than a list reaches back",
          "[actors][reconciler]") {
  Fixture f;
  auto resting = f.over("heed1.s.sl.aaaaaaaaaaaaaaaa", "v-sl", 0);
  resting.status = OrderStatus::accepted;
  f.journal_has(resting);
  f.books("NVDA", 5);
  f.venue_holds("NVDA", 0);
  f.link(true);
  REQUIRE(f.gateway->queries.size() == 1);
  CHECK(f.gateway->queries[0].order == resting.client_order_id);
  CHECK(f.gateway->queries[0].venue_order_id == VenueOrderId{"v-sl"});
}

TEST_CASE("reconciler: what rests for longer than a list reaches back is asked for in turn, a few at each pass",
          "[actors][reconciler]") {
  Fixture f;
  std::set<ClientOrderId> resting;
  for (char c = 'a'; c < 'm'; ++c) {
    auto order = f.over(("heed1.s.sl.aaaaaaaaaaaaaaa" + std::string{c}).c_str(), (std::string{"v-"} + c).c_str(), 0);
    order.status = OrderStatus::accepted;
    order.created_at = friday_10 - hours{100} + seconds{c};
    f.journal_has(order);
    resting.insert(order.client_order_id);
  }
  f.journal_has(f.over("heed1.s.tp.aaaaaaaaaaaaaaaa", "v-tp", 0));  // over
  auto young = f.over("heed1.s.en.aaaaaaaaaaaaaaaa", "v-en", 0);
  young.status = OrderStatus::accepted;
  f.journal_has(young);
  const auto asked = [&](std::size_t from, std::size_t to) {
    std::set<ClientOrderId> out;
    for (std::size_t i = from; i < to; ++i)
      out.insert(f.gateway->queries.at(i).order);
    return out;
  };
  f.link(true);
  CHECK(f.gateway->queries.size() == 5);
  f.system.advance(seconds{30});
  CHECK(f.gateway->queries.size() == 10);
  f.system.advance(seconds{30});
  REQUIRE(f.gateway->queries.size() == 12);
  CHECK(asked(0, 12) == resting);
  f.system.advance(seconds{90});
  REQUIRE(f.gateway->queries.size() == 24);
  CHECK(asked(12, 24) == resting);
}

TEST_CASE("reconciler: orders of someone else are listed as long as they work", "[actors][reconciler]") {
  Fixture f;
  auto foreign = f.order("AMD", false);
  foreign.venue_order_id = "v-1";
  foreign.quantity = Quantity{7};
  f.gateway->snapshot.orders = {f.order("NVDA"), foreign};
  f.link(true);
  const auto listed = f.system.inspect(f.reconciler);
  CHECK(listed.find("\"foreign_orders\":[{") != std::string::npos);
  CHECK(listed.find("\"venue_order_id\":\"v-1\"") != std::string::npos);
  CHECK(listed.find("NVDA") == std::string::npos);
  f.gateway->snapshot.orders[1].status = OrderStatus::canceled;
  f.system.advance(seconds{31});
  CHECK(f.system.inspect(f.reconciler).find("\"foreign_orders\":[]") != std::string::npos);
}

TEST_CASE("reconciler: a pass that is not complete proves nothing and is tried again", "[actors][reconciler]") {
  Fixture f;
  f.gateway->snapshot.complete = false;
  f.gateway->snapshot.why = "orders: no answer";
  f.books("NVDA", 5);
  f.link(true);
  f.system.advance(milliseconds{2'500});
  CHECK(f.gateway->snapshots_asked.size() == 3);
  CHECK(f.portfolio->ready == 0);
  CHECK(f.portfolio->news.empty());
  CHECK_FALSE(f.telemetry->components()["reconcile:paper"].ok);
  CHECK(f.telemetry->components()["reconcile:paper"].detail == "orders: no answer");
  f.gateway->snapshot.complete = true;
  f.system.advance(seconds{1});
  CHECK(f.portfolio->ready == 1);
  CHECK(f.telemetry->components()["reconcile:paper"].ok);
}

TEST_CASE("reconciler: an account without its order stream opens by asking, and asks often", "[actors][reconciler]") {
  Fixture f;
  f.system.send(f.reconciler, ReconcileDue{});  // as a desk's start does
  f.system.run();
  CHECK(f.portfolio->ready == 1);
  CHECK(f.governor->ready == 1);
  CHECK(f.telemetry->components()["broker:paper"].ok);
  CHECK(f.telemetry->components()["broker:paper"].detail.find("without its order stream") != std::string::npos);
  CHECK(f.telemetry->components().count("stream:paper") == 0);  // nothing is known of it
  f.gateway->snapshot.orders = {f.order("NVDA")};
  f.system.advance(seconds{5});
  CHECK(f.gateway->snapshots_asked.size() == 2);
  CHECK(f.portfolio->news.size() == 1);  // the order's report came without the stream
  f.system.advance(seconds{25});
  CHECK(f.gateway->snapshots_asked.size() == 7);
  f.link(true);
  CHECK(f.gateway->snapshots_asked.size() == 8);
  f.system.advance(seconds{29});
  CHECK(f.gateway->snapshots_asked.size() == 8);  // the stream is back: asking is rare again
  CHECK(f.telemetry->components()["stream:paper"].ok);
}

TEST_CASE("reconciler: when the order stream goes down, asking takes its place at once", "[actors][reconciler]") {
  Fixture f;
  f.link(true);
  f.system.advance(seconds{1});
  f.link(false);
  CHECK(f.gateway->snapshots_asked.size() == 1);
  const auto stream = f.telemetry->components()["stream:paper"];
  CHECK_FALSE(stream.ok);
  CHECK_FALSE(stream.needed);
  CHECK(stream.detail == "test");
  CHECK(f.telemetry->components()["broker:paper"].ok);
  f.system.advance(seconds{5});
  CHECK(f.gateway->snapshots_asked.size() == 2);
  f.system.advance(seconds{120});
  CHECK(f.gateway->snapshots_asked.size() == 26);  // one timer, not two
  f.gateway->snapshot.complete = false;
  f.gateway->snapshot.why = "orders: connection refused";
  f.system.advance(seconds{6});
  const auto broker = f.telemetry->components()["broker:paper"];
  CHECK_FALSE(broker.ok);
  CHECK(broker.detail == "does not answer: orders: connection refused");
  f.system.advance(seconds{10});
  f.gateway->snapshot.complete = true;
  f.system.advance(seconds{1});
  CHECK(f.telemetry->components()["broker:paper"].ok);
}

TEST_CASE("no stream: a desk opens, trades, and books what filled by asking alone", "[actors][reconciler][failure]") {
  DeskWorld w;
  w.venue->link_at_start = false;
  w.venue->mute = true;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.advance(seconds{6});
  CHECK(w.outcome("b1") == "filled");
  REQUIRE(w.held("NVDA") == Quantity{30});
  w.venue->fill("NVDA", Leg::stop_loss);
  w.settle();
  w.advance(seconds{6});
  CHECK(w.held("NVDA").is_zero());
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].reason == CloseReason::sl_hit);
  w.check_sane();
}

TEST_CASE("reconciler: books that do not answer are asked again", "[actors][reconciler]") {
  Fixture f;
  f.portfolio->books_fail = true;
  f.link(true);
  CHECK(f.portfolio->ready == 0);
  f.portfolio->books_fail = false;
  f.system.advance(seconds{1});
  CHECK(f.portfolio->ready == 1);
}

TEST_CASE("no drift: a difference that stays for two looks is quarantined, and lifted when it is gone",
          "[actors][reconciler]") {
  Fixture f;
  f.books("NVDA", 5);
  f.venue_holds("NVDA", 3);
  f.gateway->snapshot.orders = {f.order("NVDA"), f.order("AMD")};
  f.link(true);
  CHECK(f.portfolio->inputs<Quarantine>().empty());
  REQUIRE(f.gateway->queries.size() == 1);  // its orders are asked about; others are not
  CHECK(f.gateway->queries[0].symbol == Symbol{"NVDA"});
  f.system.advance(seconds{1});  // the second look comes soon
  REQUIRE(f.portfolio->inputs<Quarantine>().size() == 1);
  CHECK(f.portfolio->inputs<Quarantine>()[0].reason.find("books 5") != std::string::npos);
  f.books("NVDA", 5, false, true);
  f.venue_holds("NVDA", 5);
  f.system.advance(seconds{31});
  CHECK(f.portfolio->inputs<LiftQuarantine>().size() == 1);
}

TEST_CASE("reconciler: an average that differs for two looks is the broker's", "[actors][reconciler]") {
  Fixture f;
  f.books("NVDA", 5);
  f.portfolio->books.entries.front().avg_px = Price{51};
  f.venue_holds("NVDA", 5);
  f.link(true);
  CHECK(f.portfolio->inputs<AverageTold>().empty());
  f.system.advance(seconds{31});
  const auto told = f.portfolio->inputs<AverageTold>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].quantity == Quantity{5});
  CHECK(told[0].avg_px == Price{50});
  CHECK(f.portfolio->inputs<Quarantine>().empty());
}

TEST_CASE("reconciler: a fraction of a cent is rounding", "[actors][reconciler]") {
  Fixture f;
  f.books("NVDA", 5);
  f.portfolio->books.entries.front().avg_px = dec("50.0019");
  f.venue_holds("NVDA", 5);
  f.link(true);
  f.system.advance(seconds{120});
  CHECK(f.portfolio->inputs<AverageTold>().empty());
}

TEST_CASE("reconciler: what the broker holds and nobody opened is listed as external", "[actors][reconciler]") {
  Fixture f;
  f.venue_holds("GLD", 7);
  f.link(true);
  CHECK(f.portfolio->inputs<ExternalChange>().empty());
  f.system.advance(seconds{1});
  const auto told = f.portfolio->inputs<ExternalChange>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].quantity == Quantity{7});
  CHECK(told[0].avg_px == Price{50});
  CHECK(f.portfolio->news.back().symbol == Symbol{"GLD"});
}

TEST_CASE("reconciler: a foreign position that changes is followed, not quarantined", "[actors][reconciler]") {
  Fixture f;
  f.foreign_books("GLD", 7);
  f.venue_holds("GLD", 4);
  f.link(true);
  f.system.advance(seconds{1});
  CHECK(f.portfolio->inputs<Quarantine>().empty());
  const auto told = f.portfolio->inputs<ExternalChange>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].quantity == Quantity{4});
}

TEST_CASE("reconciler: a quarantined difference that stays is looked at in the usual time", "[actors][reconciler]") {
  Fixture f;
  f.books("NVDA", 5);
  f.venue_holds("NVDA", 3);
  f.link(true);
  f.system.advance(seconds{1});
  REQUIRE(f.portfolio->inputs<Quarantine>().size() == 1);
  f.books("NVDA", 5, false, true);
  const auto looks = f.gateway->snapshots_asked.size();
  f.system.advance(seconds{300});
  CHECK(f.gateway->snapshots_asked.size() - looks <= 12);  // every 30 s, not every second
}

TEST_CASE("reconciler: a symbol with an order on its way is not judged", "[actors][reconciler]") {
  Fixture f;
  f.books("NVDA", 0, true);
  f.venue_holds("NVDA", 10);
  f.link(true);
  f.system.advance(seconds{120});
  CHECK(f.portfolio->inputs<Quarantine>().empty());
  CHECK(f.portfolio->inputs<ExternalChange>().empty());
  CHECK(f.telemetry->reconcile_differences == 0);
}

TEST_CASE("reconciler: each reconnect is a reason to look, one look at a time", "[actors][reconciler]") {
  Fixture f;
  f.link(true);
  f.link(false);
  CHECK(f.gateway->snapshots_asked.size() == 1);
  f.gateway->answers_snapshots = false;
  f.link(true);
  f.link(true);  // while the look is under way: another one after it
  CHECK(f.gateway->snapshots_asked.size() == 2);
  f.gateway->answers_snapshots = true;
  f.gateway->answer_open(f.system);
  CHECK(f.gateway->snapshots_asked.size() == 3);
  CHECK(f.telemetry->reconciles == 3);
}

TEST_CASE("failure 05: legs that filled while nobody listened are booked by the reconciler, once, with their reason",
          "[actors][reconciler][failure]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  REQUIRE(w.held("NVDA") == Quantity{30});
  w.venue->mute = true;
  const auto leg = GENERATE(Leg::take_profit, Leg::stop_loss);
  w.venue->fill("NVDA", leg);
  w.settle();
  CHECK(w.held("NVDA") == Quantity{30});
  w.advance(seconds{31});
  CHECK(w.held("NVDA").is_zero());
  REQUIRE(w.trades().size() == 1);
  CHECK(w.trades()[0].reason == (leg == Leg::take_profit ? CloseReason::tp_hit : CloseReason::sl_hit));
  CHECK(w.trades()[0].pnl == (leg == Leg::take_profit ? Money{600} : Money{-240}));
  w.advance(seconds{120});
  CHECK(w.trades().size() == 1);
  Quantity sold;
  for (const auto& fill : w.fills())
    if (fill.side == Side::sell)
      sold += fill.quantity;
  CHECK(sold == Quantity{30});
  w.check_sane();
}

TEST_CASE("failure 10: at a restart a difference nobody can explain quarantines its symbol, and only that",
          "[actors][reconciler][failure]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.call(buy("b2", "AMD"));
  w.crash();
  w.venue->move_position("NVDA", Quantity{-4});  // somebody sold by hand
  w.start();
  w.advance(seconds{5});
  CHECK(w.phase("NVDA") == "Quarantined");
  CHECK(w.phase("AMD") == "Open");
  CHECK(w.telemetry->quarantined == 1);
  CHECK(w.held("NVDA") == Quantity{30});  // never guessed
  w.call(buy("b3", "NVDA"));
  w.advance(seconds{2});
  CHECK(w.outcome("b3") != "filled");
  w.call(sell("s2", "AMD"));
  CHECK(w.outcome("s2") == "closed");
  w.venue->move_position("NVDA", Quantity{4});
  w.advance(seconds{35});
  CHECK(w.phase("NVDA") == "Open");
  CHECK(w.telemetry->quarantined == 0);
}

TEST_CASE("position: an end that is told again after the position let go of it is no news", "[actors][reconciler]") {
  DeskWorld w;
  w.start();
  w.call(buy("b1", "NVDA"));
  w.venue->fill("NVDA", Leg::stop_loss);
  w.settle();
  REQUIRE(w.held("NVDA").is_zero());
  std::vector<PositionInput> ends;
  ListFilter all;
  all.status = "done";
  const auto page = w.reader().orders(all).value();
  for (const auto& row : page.rows) {
    OrderReport report;
    report.client_order_id = row.client_order_id;
    report.venue_order_id = row.venue_order_id;
    report.account = row.account;
    report.symbol = row.symbol;
    report.side = row.side;
    report.leg = row.leg;
    report.status = row.status;
    report.quantity = row.quantity;
    report.cum_qty = row.cum_qty;
    report.avg_px = row.avg_px;
    ends.emplace_back(report);
  }
  REQUIRE(ends.size() == 3);
  const auto alerts = w.telemetry->alerts.load();
  const auto seq = w.reader().recover(friday_10, friday_10).value().last_seq;
  for (const auto& end : ends)
    w.system->send(w.desk.portfolio, PositionNews{"NVDA", end});
  w.system->send(w.desk.portfolio, PositionNews{"NVDA", ends[0], {ends[1], ends[2]}});  // as one answer
  w.settle();
  CHECK(w.telemetry->alerts.load() == alerts);
  CHECK(w.reader().recover(friday_10, friday_10).value().last_seq == seq);
  // More than is booked is news.
  std::get<OrderReport>(ends[0]).cum_qty += Quantity{1};
  w.system->send(w.desk.portfolio, PositionNews{"NVDA", ends[0], {ends[1], ends[2]}});
  w.settle();
  CHECK(w.telemetry->alerts.load() > alerts);
}

TEST_CASE("reconciler: what is not ours is listed and left alone", "[actors][reconciler]") {
  DeskWorld w;
  w.venue->move_position("GLD", Quantity{7});
  w.start();
  w.advance(seconds{5});
  REQUIRE(w.position("GLD").has_value());
  CHECK(w.position("GLD")->strategies == "external");
  CHECK(w.held("GLD") == Quantity{7});
  w.call(sell("s1", "GLD"));
  CHECK(w.outcome("s1") != "closed");
  CHECK(w.venue->submits.empty());
  CHECK(w.venue->position("GLD") == Quantity{7});
}

TEST_CASE("no drift: what somebody else buys is seen while an entry of ours rests", "[actors][reconciler]") {
  DeskWorld w;
  w.start();
  auto open = w.intent("k1", IntentAction::open, "NVDA");
  open.size = Size{SizeKind::quantity, Quantity{6}, {}};
  open.order_type = OrderType::limit;
  open.limit_price = Price{90};
  w.submit(open);
  w.settle();
  REQUIRE(w.phase("NVDA") == "Opening");
  w.venue->move_position("NVDA", Quantity{3});
  w.advance(seconds{90});
  CHECK(w.held("NVDA") == Quantity{3});
  CHECK(w.venue->working("NVDA") == 1);
}
