#include "market.hpp"

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;
using Lines = std::vector<std::string>;

TEST_CASE("a market order is answered as pending_new, and trades at the quote after its answer") {
  Market m;
  m.opened();
  const auto o = m.accept(market(Side::buy, 10_d));
  CHECK(m.answered_status == "pending_new");
  CHECK(m.happened() == Lines{"new 0", "fill 0 10@100"});
  CHECK(m.status(o) == "filled");
  CHECK(m.order(o).filled_at == at(9, 31));
  CHECK(m.position().qty == 10_d);
  CHECK(m.account().cash == 99'000_d);
  CHECK(m.account().equity() == 100'000_d);
}

TEST_CASE("which order trades at which price of a jump and of a slide") {
  struct Row {
    const char* what;
    OrderRequest order;
    Price to;
    bool slide;
    std::string trades;  // empty: nothing
  };
  OrderRequest stop_limit = stop(Side::buy, 1_d, 110_d);
  stop_limit.type = Type::stop_limit;
  stop_limit.limit_price = 112_d;
  const Row rows[] = {
    {"buy limit, above", limit(Side::buy, 1_d, 90_d), 91_d, false, ""},
    {"buy limit, touched", limit(Side::buy, 1_d, 90_d), 90_d, false, "1@90"},
    {"buy limit, gap gives the better price", limit(Side::buy, 1_d, 90_d), 85_d, false, "1@85"},
    {"buy limit, crossed", limit(Side::buy, 1_d, 90_d), 85_d, true, "1@90"},
    {"marketable limit trades at the quote", limit(Side::buy, 1_d, 120_d), 100_d, false, "1@100"},
    {"buy stop, below", stop(Side::buy, 1_d, 110_d), 109.99_d, true, ""},
    {"buy stop, crossed", stop(Side::buy, 1_d, 110_d), 115_d, true, "1@110"},
    {"buy stop, gap within its collar", stop(Side::buy, 1_d, 110_d), 112_d, false, "1@112"},
    {"buy stop, gap beyond its collar of 2.5 %", stop(Side::buy, 1_d, 110_d), 115_d, false, ""},
    {"stop limit, crossed", stop_limit, 115_d, true, "1@110"},
    {"stop limit, gap beyond the limit", stop_limit, 115_d, false, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Market m;
    m.opened();
    const auto o = m.accept(row.order);
    m.engine.set_price("AAPL", row.to, row.slide);
    const auto& order = m.order(o);
    const std::string traded =
      order.filled_qty.is_zero() ? "" : order.filled_qty.str() + "@" + (order.filled_value / order.filled_qty).str();
    CHECK(traded == row.trades);
  }
}

TEST_CASE("sell stops are market orders once elected: a gap trades at the gap") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 10_d));
  const auto s = m.accept(stop(Side::sell, 10_d, 95_d));
  m.price("AAPL", 80_d);
  CHECK(m.order(s).filled_value == 800_d);
}

TEST_CASE("a stop limit that a gap leaves behind rests at its limit and trades when the price returns") {
  Market m;
  m.opened();
  OrderRequest r = stop(Side::buy, 1_d, 110_d);
  r.type = Type::stop_limit;
  r.limit_price = 111_d;
  const auto o = m.accept(r);
  m.price("AAPL", 120_d);
  CHECK(m.status(o) == "new");
  m.slide("AAPL", 105_d);
  CHECK(m.order(o).filled_value == 111_d);
}

TEST_CASE("orders at one level trade in order of arrival, levels in order of the path") {
  Market m;
  m.opened();
  m.accept(limit(Side::buy, 1_d, 95_d));
  m.accept(limit(Side::buy, 2_d, 97_d));
  m.accept(limit(Side::buy, 3_d, 95_d));
  m.happened();
  m.slide("AAPL", 90_d);
  CHECK(m.happened() == Lines{"fill 1 2@97", "fill 0 1@95", "fill 2 3@95"});
}

TEST_CASE("market orders and elected stops slip against the taker, limits do not; four decimals, half-even") {
  auto options = Market::plain();
  options.slippage = 0.0005_d;
  Market m{options};
  m.opened();
  m.price("AAPL", 100.03_d);
  const auto buy = m.accept(market(Side::buy, 10_d));
  CHECK(m.order(buy).filled_value == 1000.8_d);  // 100.03 x 1.0005 = 100.080015
  const auto target = m.accept(limit(Side::sell, 4_d, 101_d));
  m.slide("AAPL", 101_d);
  CHECK(m.order(target).filled_value == 404_d);
  const auto out = m.accept(stop(Side::sell, 6_d, 90_d));
  m.slide("AAPL", 89_d);
  CHECK(m.order(out).filled_value == 539.73_d);  // 6 x 89.955
}

TEST_CASE("fees are charged once per order and per share") {
  auto options = Market::plain();
  options.fee_per_order = 1_d;
  options.fee_per_share = 0.005_d;
  Market m{options};
  m.opened();
  m.accept(market(Side::buy, 100_d));
  CHECK(m.account().fees == 1.5_d);
  CHECK(m.account().cash == 89'998.5_d);
  CHECK(m.ledger.book(0).cash == m.account().cash);
}

TEST_CASE("immediate or cancel and fill or kill never rest") {
  Market m;
  m.opened();
  for (const Tif tif : {Tif::ioc, Tif::fok}) {
    const auto hit = m.accept(limit(Side::buy, 1_d, 100_d, tif));
    CHECK(m.status(hit) == "filled");
    const auto missed = m.accept(limit(Side::buy, 1_d, 99_d, tif));
    CHECK(m.status(missed) == "canceled");
  }
}

TEST_CASE("partial fills: the rest is looked at again after the pause, and the sum is exact") {
  auto options = Market::plain();
  options.partial_fill_percent = 100;
  Market m{options};
  m.opened();
  const auto o = m.accept(market(Side::buy, 50_d));
  CHECK(m.status(o) == "partially_filled");
  CHECK(m.order(o).remaining().is_positive());
  m.engine.advance_to(at(9, 45));
  CHECK(m.status(o) == "filled");
  CHECK(m.order(o).filled_qty == 50_d);
  CHECK(m.position().qty == 50_d);
  Quantity sum;
  for (const auto& e : m.engine.executions())
    sum += e.qty;
  CHECK(sum == 50_d);
  CHECK(m.engine.executions().size() > 1);
}

TEST_CASE("an ioc order takes its part and loses the rest") {
  auto options = Market::plain();
  options.partial_fill_percent = 100;
  Market m{options};
  m.opened();
  auto r = market(Side::buy, 50_d);
  r.tif = Tif::ioc;
  const auto o = m.accept(r);
  CHECK(m.status(o) == "canceled");
  CHECK(m.order(o).filled_qty.is_positive());
  CHECK(m.position().qty == m.order(o).filled_qty);
  CHECK(m.account().reserved.is_zero());
}

TEST_CASE("one in ten eligible fills is partial, by the seed and not by chance") {
  auto options = Market::plain();
  options.partial_fill_percent = 10;
  const auto run = [&](std::uint64_t seed) {
    options.seed = seed;
    Market m{options};
    m.opened();
    for (int i = 0; i < 500; ++i)
      m.accept(market(i % 2 == 0 ? Side::buy : Side::sell, 2_d)),
        m.engine.advance_to(m.engine.now() + std::chrono::seconds{5});
    return std::count_if(m.engine.executions().begin(), m.engine.executions().end(),
                         [](const Execution& e) { return !e.leaves_qty.is_zero(); });
  };
  const auto first = run(7);
  CHECK(first > 20);
  CHECK(first < 90);
  CHECK(run(7) == first);
}

TEST_CASE("out of the session an order is accepted, waits, and trades at the next open") {
  Market m;
  m.price("AAPL", 100_d);
  const auto o = m.accept(market(Side::buy, 1_d));
  CHECK(m.answered_status == "accepted");
  CHECK(m.happened() == Lines{"accepted 0"});
  m.engine.advance_to(at(9, 30));
  CHECK(m.happened() == Lines{"new 0", "fill 0 1@100"});
  CHECK(m.order(o).filled_at == at(9, 30));
}

TEST_CASE("day orders expire at their session's close, gtc orders live on, evening orders are for tomorrow") {
  Market m;
  m.opened();
  const auto day = m.accept(limit(Side::buy, 1_d, 90_d));
  const auto gtc = m.accept(limit(Side::buy, 1_d, 90_d, Tif::gtc));
  CHECK(m.order(day).expires_at == at(16, 0));
  m.engine.advance_to(at(15, 59, 59));
  CHECK(m.status(day) == "new");
  m.happened();
  m.engine.advance_to(at(16, 0));
  CHECK(m.happened() == Lines{"expired 0"});
  CHECK(m.status(gtc) == "new");
  const auto tomorrow = m.accept(limit(Side::buy, 1_d, 80_d));
  CHECK(m.status(tomorrow) == "accepted");
  m.engine.advance_to(at(16, 0, 0, 1));
  CHECK(m.status(tomorrow) == "expired");
  CHECK(m.order(tomorrow).expired_at == at(16, 0, 0, 1));
}

TEST_CASE("gtc orders end 90 days after they came, at 16:15 in New York") {
  Market m;
  m.opened();
  const auto o = m.accept(limit(Side::buy, 1_d, 50_d, Tif::gtc));
  CHECK(to_rfc3339(*m.order(o).expires_at) == "2020-06-02T20:15:00.000000Z");
  m.engine.advance_to(*m.order(o).expires_at - std::chrono::seconds{1});
  CHECK(m.status(o) == "new");
  m.engine.advance_to(*m.order(o).expires_at);
  CHECK(m.status(o) == "canceled");
}

TEST_CASE("opening and closing orders trade in their auction or end") {
  Market m;
  m.price("AAPL", 100_d);
  auto opg = market(Side::buy, 1_d);
  opg.tif = Tif::opg;
  const auto open = m.accept(opg);
  auto missed = limit(Side::buy, 1_d, 99_d, Tif::opg);
  const auto missed_open = m.accept(missed);
  auto cls = market(Side::buy, 1_d);
  cls.tif = Tif::cls;
  m.engine.advance_to(at(9, 40));
  CHECK(m.status(open) == "filled");
  CHECK(m.status(missed_open) == "canceled");
  const auto close = m.accept(cls);
  const auto missed_close = m.accept(limit(Side::buy, 1_d, 99_d, Tif::cls));
  CHECK(m.status(close) == "accepted");
  m.price("AAPL", 104_d);
  m.engine.advance_to(at(16, 0));
  CHECK(m.order(close).filled_value == 104_d);
  CHECK(m.order(close).filled_at == at(16, 0));
  CHECK(m.status(missed_close) == "expired");
}

TEST_CASE("while halted nothing trades; the price that the halt kept back comes as a jump") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 10_d));
  const auto s = m.accept(stop(Side::sell, 10_d, 95_d));
  REQUIRE(m.engine.set_halted("AAPL", true));
  m.slide("AAPL", 80_d);
  CHECK(m.status(s) == "new");
  const auto late = m.accept(market(Side::buy, 1_d, "MSFT"));
  CHECK(m.status(late) == "filled");
  REQUIRE(m.engine.set_halted("AAPL", false));
  CHECK(m.order(s).filled_value == 800_d);
  CHECK_FALSE(m.engine.set_halted("NOPE", true));
}

TEST_CASE("shares: average, realized, and both directions through the account") {
  struct Row {
    const char* what;
    std::vector<std::pair<int, const char*>> trades;  // signed quantity, price
    const char* qty;
    const char* average;
    const char* realized;
  };
  const Row rows[] = {
    {"add", {{10, "100"}, {10, "110"}}, "20", "105", "0"},
    {"reduce keeps the average", {{10, "100"}, {10, "110"}, {-5, "120"}}, "15", "105", "75"},
    {"close", {{10, "100"}, {-10, "90"}}, "0", "0", "-100"},
    {"short and cover", {{-10, "100"}, {10, "90"}}, "0", "0", "100"},
    {"short, add, cover some", {{-10, "100"}, {-10, "90"}, {5, "80"}}, "-15", "95", "75"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Market m;
    m.opened();
    for (const auto& [qty, price] : row.trades) {
      m.price("AAPL", *Decimal::parse(price));
      m.accept(market(qty > 0 ? Side::buy : Side::sell, Decimal{std::abs(qty)}));
    }
    CHECK(m.position().qty.str() == row.qty);
    CHECK(m.position().average().str() == row.average);
    CHECK(m.position().realized.str() == row.realized);
    const auto& books = m.ledger.book(0).positions.at("#0");
    CHECK(books.qty.str() == row.qty);
    CHECK(books.average.str() == row.average);
    CHECK(books.realized.str() == row.realized);
    CHECK(m.ledger.book(0).cash == m.account().cash);
  }
}

TEST_CASE("a split cancels orders, keeps the cost, and pays fractions out in cash") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 15_d));
  const auto s = m.accept(stop(Side::sell, 15_d, 95_d));
  REQUIRE(m.engine.split("AAPL", 1_d, 4_d));
  CHECK(m.status(s) == "canceled");
  CHECK(m.position().qty == 60_d);
  CHECK(m.position().average() == 25_d);
  CHECK(m.engine.find_asset("AAPL")->last == 25_d);
  CHECK(m.account().equity() == 100'000_d);
  REQUIRE(m.engine.split("AAPL", 8_d, 1_d));  // 7.5 shares: half a share is paid out at 200
  CHECK(m.position().qty == 7_d);
  CHECK(m.account().cash == 98'600_d);
  CHECK(m.account().equity() == 100'000_d);
  CHECK(m.ledger.book(0).cash == m.account().cash);
  CHECK(m.ledger.book(0).positions.at("#0").qty == 7_d);
  CHECK(m.ledger.book(0).positions.at("#0").realized == m.position().realized);
  CHECK_FALSE(m.engine.split("NOPE", 1_d, 2_d));
}

TEST_CASE("notional and fractional orders trade in billionths of a share") {
  Market m;
  m.opened();
  OrderRequest r = market(Side::buy, 1_d);
  r.qty.reset();
  r.notional = 250_d;
  const auto o = m.accept(r);
  CHECK(m.order(o).filled_qty == 2.5_d);
  const auto out = m.accept(market(Side::sell, 2.5_d));
  CHECK(m.status(out) == "filled");
  CHECK(m.position().qty.is_zero());
}
