#include "market.hpp"

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;
using Lines = std::vector<std::string>;

namespace {

OrderRequest trailing(Side side, Quantity qty, std::optional<Price> price, std::optional<Decimal> percent) {
  OrderRequest r = market(side, qty);
  r.type = Type::trailing_stop;
  r.trail_price = price;
  r.trail_percent = percent;
  r.tif = Tif::gtc;
  return r;
}

struct Long : Market {
  Long() {
    opened();
    accept(exchange::testing::market(Side::buy, 10_d));
    happened();
  }
};

}  // namespace

TEST_CASE("trailing stop: it follows a rising price, never falls back, and sells when touched") {
  Long m;
  const auto o = m.accept(trailing(Side::sell, 10_d, 5_d, {}));
  CHECK(m.status(o) == "new");
  CHECK(m.order(o).hwm == 100_d);
  CHECK(m.order(o).stop_price == 95_d);
  CHECK(m.position().available().is_zero());
  m.engine.set_price("AAPL", 110_d, true);
  CHECK(m.order(o).hwm == 110_d);
  CHECK(m.order(o).stop_price == 105_d);
  m.engine.set_price("AAPL", 106_d, true);
  CHECK(m.order(o).stop_price == 105_d);
  m.engine.set_price("AAPL", 100_d, true);  // on the way it passes 105
  CHECK(m.status(o) == "filled");
  CHECK(m.happened().back() == "fill 1 10@105");
  CHECK(m.position().qty.is_zero());
}

TEST_CASE("trailing stop: a gap through it trades at the gap") {
  Long m;
  const auto o = m.accept(trailing(Side::sell, 10_d, 5_d, {}));
  m.engine.set_price("AAPL", 90_d, false);
  CHECK(m.happened().back() == "fill 1 10@90");
  CHECK(m.order(o).hwm == 100_d);
}

TEST_CASE("trailing stop: a percentage is of the best price, to the tick and away from the market") {
  Long m;
  const auto o = m.accept(trailing(Side::sell, 10_d, {}, 3_d));
  m.engine.set_price("AAPL", 101.51_d, false);
  CHECK(m.order(o).stop_price == 98.46_d);  // 98.4647
}

TEST_CASE("trailing stop: a buy follows the falling price") {
  Market m;
  m.opened();
  const auto o = m.accept(trailing(Side::buy, 1_d, {}, 10_d));
  CHECK(m.order(o).stop_price == 110_d);
  m.engine.set_price("AAPL", 80_d, true);
  CHECK(m.order(o).hwm == 80_d);
  CHECK(m.order(o).stop_price == 88_d);
  m.engine.set_price("AAPL", 87.99_d, true);
  CHECK(m.status(o) == "new");
  m.engine.set_price("AAPL", 90_d, true);
  CHECK(m.happened().back() == "fill 0 1@88");
}

TEST_CASE("trailing stop: its distance can be replaced, from the best price that it saw") {
  Long m;
  const auto o = m.accept(trailing(Side::sell, 10_d, 5_d, {}));
  m.engine.set_price("AAPL", 110_d, true);
  ReplaceRequest closer;
  closer.trail = 2_d;
  const auto next = m.replace(o, closer);
  CHECK(m.status(o) == "replaced");
  CHECK(m.order(next).trail_price == 2_d);
  CHECK(m.order(next).stop_price == 108_d);
  m.engine.set_price("AAPL", 111_d, true);
  CHECK(m.order(next).stop_price == 109_d);
  CHECK(m.order(o).stop_price == 105_d);  // history stays
  const auto no = m.engine.replace(next, ReplaceRequest{{}, {}, {}, 100_d, {}, {}});
  CHECK(std::get<Refusal>(no).message == "trailing_stop orders must not have stop_price");
  const auto plain = m.engine.replace(next, closer);
  CHECK(std::get<Refusal>(plain).message == "order parameters are not changed");
}

TEST_CASE("trailing stop: what it needs, and what it may not have") {
  Long m;
  CHECK(m.refuse(trailing(Side::sell, 1_d, {}, {})).message ==
        "trailing_stop orders require exactly one of trail_price and trail_percent");
  CHECK(m.refuse(trailing(Side::sell, 1_d, 5_d, 5_d)).message ==
        "trailing_stop orders require exactly one of trail_price and trail_percent");
  CHECK(m.refuse(trailing(Side::sell, 1_d, -5_d, {})).message == "trail_price must be > 0");
  CHECK(m.refuse(trailing(Side::sell, 1_d, 100_d, {})).message == "trail_price must be less than current price");
  CHECK(m.refuse(trailing(Side::sell, 1_d, {}, 0_d)).message == "trail_percent must be > 0 and < 100");
  auto group = with_exits(trailing(Side::buy, 1_d, 5_d, {}), Class::oto, 120_d, {});
  CHECK(m.refuse(group).message == "trailing_stop orders must be simple orders");
  auto ioc = trailing(Side::sell, 1_d, 5_d, {});
  ioc.tif = Tif::ioc;
  CHECK(m.refuse(ioc).message == "ioc orders must be market or limit orders");
  CHECK(m.refuse(trailing(Side::sell, 11_d, 5_d, {})).http == 403);  // more than is held
}

TEST_CASE("trailing stop: no wash trade, and cancelled like any other") {
  Long m;
  const auto o = m.accept(trailing(Side::sell, 10_d, 5_d, {}));
  m.accept(limit(Side::buy, 1_d, 90_d));  // against a plain stop this is refused
  m.cancel(o);
  CHECK(m.status(o) == "canceled");
  m.engine.set_price("AAPL", 120_d, true);
  CHECK(m.order(o).hwm == 100_d);
  CHECK(m.position().available() == 10_d);
}
