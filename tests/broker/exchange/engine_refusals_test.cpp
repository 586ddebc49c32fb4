// Every no of the exchange, one row each: status, code, words, and the extra members of the body.
#include "market.hpp"

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;

namespace {

std::string extra(const Refusal& no, const std::string& name) {
  for (const auto& [key, value] : no.extras)
    if (key == name)
      return value;
  return "(absent)";
}

template <class F>
OrderRequest changed(OrderRequest r, F&& change) {
  change(r);
  return r;
}

struct Row {
  OrderRequest request;
  int http;
  std::int64_t code;
  std::string message;
};

void check_rows(Market& m, const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    CAPTURE(row.message);
    const auto no = m.refuse(row.request);
    CHECK(no.message == row.message);
    CHECK(no.http == row.http);
    CHECK(no.code == row.code);
  }
}

}  // namespace

TEST_CASE("bad form is refused before anything else") {
  Market m;
  m.opened();
  const auto buy = market(Side::buy, 1_d);
  check_rows(
    m,
    {
      {market(Side::buy, 1_d, "NOPE"), 422, 42210000, "asset \"NOPE\" not found"},
      {changed(buy, [](auto& r) { r.notional = 5_d; }), 400, 40010001, "only one of qty or notional is accepted"},
      {changed(buy, [](auto& r) { r.qty.reset(); }), 422, 40010001, "qty or notional is required"},
      {market(Side::buy, 0_d), 422, 42210000, "qty must be > 0"},
      {market(Side::buy, -1_d), 422, 42210000, "qty must be > 0"},
      {market(Side::buy, 1000000001_d), 422, 42210000, "qty must be <= 1000000000"},
      {changed(buy, [](auto& r) { r.qty.reset(), r.notional = 0.99_d; }), 422, 42210000, "notional must be >= 1.00"},
      {changed(market(Side::buy, 0.5_d), [](auto& r) { r.tif = Tif::gtc; }), 422, 42210000,
       "fractional orders must be DAY orders"},
      {with_exits(market(Side::buy, 1.5_d), Class::bracket, 110_d, 90_d), 422, 42210000,
       "fractional orders must be simple orders"},
      {changed(buy, [](auto& r) { r.client_order_id = std::string(129, 'x'); }), 422, 42210000,
       "client_order_id must be no more than 128 characters"},
      {changed(buy, [](auto& r) { r.type = Type::limit; }), 422, 42210000, "limit orders require limit_price"},
      {changed(buy, [](auto& r) { r.limit_price = 1_d; }), 422, 42210000, "market orders must not have limit_price"},
      {changed(buy, [](auto& r) { r.type = Type::stop; }), 422, 42210000, "stop orders require stop_price"},
      {changed(buy, [](auto& r) { r.stop_price = 1_d; }), 422, 42210000, "market orders must not have stop_price"},
      {changed(buy, [](auto& r) { r.type = Type::stop_limit, r.limit_price = 120_d; }), 422, 42210000,
       "stop_limit orders require stop_price"},
      {limit(Side::buy, 1_d, 0_d), 422, 42210000, "limit_price must be > 0"},
      {limit(Side::buy, 1_d, -5_d), 422, 42210000, "limit_price must be > 0"},
      {limit(Side::buy, 1_d, 290.123_d), 422, 42210000,
       "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"},
      {limit(Side::buy, 1_d, 0.12345_d), 422, 42210000,
       "invalid limit_price 0.12345. sub-penny increment does not fulfill minimum pricing criteria"},
      {stop(Side::buy, 1_d, 110.005_d), 422, 42210000,
       "invalid stop_price 110.005. sub-penny increment does not fulfill minimum pricing criteria"},
      {bracket(1_d, 110.001_d, 90_d), 422, 42210000,
       "invalid take_profit.limit_price 110.001. sub-penny increment does not fulfill minimum pricing criteria"},
      {bracket(1_d, 110_d, 90.001_d), 422, 42210000,
       "invalid stop_loss.stop_price 90.001. sub-penny increment does not fulfill minimum pricing criteria"},
      {changed(stop(Side::buy, 1_d, 110_d), [](auto& r) { r.tif = Tif::ioc; }), 422, 42210000,
       "ioc orders must be market or limit orders"},
      {changed(buy, [](auto& r) { r.tif = Tif::opg; }), 403, 40310000,
       "opg orders must be submitted after 7:00pm and before 9:28am"},
      {changed(buy, [](auto& r) { r.extended_hours = true; }), 422, 42210000,
       "extended hours orders must be DAY or GTC limit orders"},
    });
  CHECK(m.accept(limit(Side::buy, 1_d, 0.1234_d)) == 0);  // under a dollar four decimals are right
}

TEST_CASE("groups that are not whole") {
  Market m;
  m.opened();
  const auto entry = market(Side::buy, 1_d);
  m.accept(market(Side::buy, 5_d));
  check_rows(
    m, {
         {with_exits(entry, Class::simple, 110_d, 90_d), 422, 42210000,
          "simple orders must not have take_profit or stop_loss; set order_class"},
         {with_exits(entry, Class::bracket, std::nullopt, 90_d), 422, 42210000,
          "bracket orders require take_profit.limit_price"},
         {with_exits(entry, Class::bracket, 110_d, std::nullopt), 422, 42210000,
          "bracket orders require stop_loss.stop_price"},
         {with_exits(stop(Side::buy, 1_d, 105_d), Class::bracket, 110_d, 90_d), 422, 42210000,
          "bracket orders must be market or limit orders"},
         {changed(bracket(1_d, 110_d, 90_d), [](auto& r) { r.tif = Tif::ioc; }), 422, 42210000,
          "bracket orders must be DAY or GTC orders"},
         {changed(with_exits(limit(Side::buy, 1_d, 99_d), Class::bracket, 110_d, 90_d),
                  [](auto& r) { r.extended_hours = true; }),
          422, 42210000, "bracket orders must not be extended_hours orders"},
         {changed(bracket(1_d, 110_d, 90_d), [](auto& r) { r.side = Side::sell; }), 422, 42210000,
          "bracket orders must be entry orders"},
         {with_exits(market(Side::sell, 1_d), Class::oco, 110_d, 90_d), 422, 42210000,
          "oco orders must be limit orders"},
         {changed(oco(1_d, 110_d, 90_d), [](auto& r) { r.take_profit_limit.reset(), r.has_take_profit = false; }),
          422, 42210000, "limit orders require limit_price"},
         {changed(oco(1_d, 110_d, 90_d), [](auto& r) { r.has_stop_loss = false, r.stop_loss_stop.reset(); }), 422,
          42210000, "oco orders require stop_loss.stop_price"},
         {changed(oco(1_d, 110_d, 90_d), [](auto& r) { r.side = Side::buy; }), 422, 42210000,
          "oco orders must be exit orders"},
         {changed(oco(1_d, 110_d, 90_d), [](auto& r) { r.symbol = "MSFT"; }), 422, 42210000,
          "oco orders must be exit orders"},
         {with_exits(entry, Class::oto, 110_d, 90_d), 422, 42210000,
          "oto orders require exactly one of take_profit and stop_loss"},
         {with_exits(entry, Class::oto, std::nullopt, std::nullopt), 422, 42210000,
          "oto orders require exactly one of take_profit and stop_loss"},
       });
}

TEST_CASE("exits must lie on their sides of the base price: the entry's limit, and the market") {
  struct Base {
    OrderRequest request;
    const char* message;
    const char* base;
  };
  const auto high = "take_profit.limit_price must be >= base_price + 0.01";
  const auto low = "stop_loss.stop_price must be <= base_price - 0.01";
  const auto at99 = limit(Side::buy, 1_d, 99_d, Tif::gtc);
  const Base rows[] = {
    {bracket(1_d, 100_d, 90_d), high, "100"},
    {bracket(1_d, 110_d, 100_d), low, "100"},
    {bracket(1_d, 90_d, 110_d), high, "100"},
    {with_exits(at99, Class::bracket, 99_d, 90_d), high, "99"},
    {with_exits(at99, Class::bracket, 99.5_d, 90_d), high, "100"},
    {with_exits(at99, Class::bracket, 110_d, 99_d), low, "99"},
    {with_exits(market(Side::buy, 1_d), Class::oto, 100_d, std::nullopt), high, "100"},
    {with_exits(market(Side::sell, 1_d, "MSFT"), Class::bracket, 50_d, 60_d),
     "take_profit.limit_price must be <= base_price - 0.01", "50"},
    {with_exits(market(Side::sell, 1_d, "MSFT"), Class::bracket, 40_d, 50_d),
     "stop_loss.stop_price must be >= base_price + 0.01", "50"},
    {oco(1_d, 110_d, 110_d), low, "110"},
    {oco(1_d, 110_d, 100_d), low, "100"},
    {oco(1_d, 99_d, 90_d), high, "100"},
  };
  Market m;
  m.opened();
  m.accept(market(Side::buy, 5_d));
  for (const auto& row : rows) {
    CAPTURE(row.message, row.base);
    const auto no = m.refuse(row.request);
    CHECK(no.http == 422);
    CHECK(no.code == 42210000);
    CHECK(no.message == row.message);
    CHECK(extra(no, "base_price") == row.base);
  }
  m.accept(bracket(1_d, 100.01_d, 99.99_d));
}

TEST_CASE("a stop that the market has passed") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 5_d));
  const auto sell = m.refuse(stop(Side::sell, 5_d, 100_d));
  CHECK(sell.message == "stop price must be less than current price");
  CHECK(extra(sell, "market_price") == "100");
  CHECK(m.refuse(stop(Side::buy, 5_d, 99_d)).message == "stop price must be greater than current price");
}

TEST_CASE("a name is used up for ever: filled, cancelled, of a leg, and by a replacement") {
  Market m;
  m.opened();
  auto r = limit(Side::buy, 1_d, 90_d);
  r.client_order_id = "mine";
  const auto first = m.accept(r);
  const auto check_used = [&](const std::string& name) {
    auto again = market(Side::buy, 1_d);
    again.client_order_id = name;
    const auto no = m.refuse(again);
    CHECK(no.http == 422);
    CHECK(no.code == 40010001);
    CHECK(no.message == "client_order_id must be unique");
  };
  check_used("mine");
  m.cancel(first);
  check_used("mine");
  const auto entry = m.accept(bracket(1_d, 110_d, 90_d));
  check_used(m.order(m.order(entry).stop_loss).client_order_id);
  ReplaceRequest change;
  change.stop_price = 91_d;
  change.client_order_id = "mine";
  auto answer = m.engine.replace(m.order(entry).stop_loss, change);
  CHECK(std::get<Refusal>(answer).message == "client_order_id must be unique");
}

TEST_CASE("shares held for orders cannot be sold twice, and no order goes through zero") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 10_d));
  const auto resting = m.accept(limit(Side::sell, 7_d, 120_d));
  const auto no = m.refuse(market(Side::sell, 4_d));
  CHECK(no.http == 403);
  CHECK(no.code == 40310000);
  CHECK(no.message == "insufficient qty available for order (requested: 4, available: 3)");
  CHECK(extra(no, "available") == "3");
  CHECK(extra(no, "existing_qty") == "10");
  CHECK(extra(no, "held_for_orders") == "7");
  CHECK(extra(no, "symbol") == "AAPL");
  CHECK(no.related_orders == std::vector<std::string>{m.order(resting).id.str()});
  m.cancel(resting);
  CHECK(m.refuse(market(Side::sell, 11_d)).message ==
        "insufficient qty available for order (requested: 11, available: 10)");
  m.accept(market(Side::sell, 10_d));
  m.accept(market(Side::sell, 10_d));
  CHECK(m.position().qty == -10_d);
  CHECK(m.refuse(market(Side::buy, 11_d)).message ==
        "insufficient qty available for order (requested: 11, available: 10)");
}

TEST_CASE("closing a position does not cancel what holds its shares") {
  Market m;
  m.opened();
  const auto asset = m.engine.find_asset("AAPL")->index;
  const auto flat = std::get<Refusal>(m.engine.close_position(0, asset, 1_d));
  CHECK(flat.http == 404);
  CHECK(flat.message == "position does not exist");
  m.accept(bracket(10_d, 110_d, 90_d));
  const auto no = std::get<Refusal>(m.engine.close_position(0, asset, 10_d));
  CHECK(no.message == "insufficient qty available for order (requested: 10, available: 0)");
  CHECK(no.related_orders.empty());
  m.cancel(1);
  const auto closed = m.engine.close_position(0, asset, 10_d);
  m.engine.settle();
  CHECK(m.status(std::get<OrderIndex>(closed)) == "filled");
  CHECK(m.position().qty.is_zero());
}

TEST_CASE("buying power: what is reserved, what is refused") {
  Market m;
  m.opened();
  CHECK(m.engine.buying_power(m.account()) == 200'000_d);
  m.accept(limit(Side::buy, 1000_d, 90_d));
  CHECK(m.account().reserved == 90'000_d);
  const auto no = m.refuse(limit(Side::buy, 1223_d, 90_d));
  CHECK(no.http == 403);
  CHECK(no.message == "insufficient buying power");
  CHECK(extra(no, "buying_power") == "110000");
  CHECK(extra(no, "cost_basis") == "110070");
  CHECK(m.refuse(market(Side::buy, 1074_d)).message == "insufficient buying power");  // 100 x 1.025 each
  m.accept(market(Side::buy, 1073_d));
  CHECK(m.account().reserved == 90'000_d);
  CHECK(m.refuse(market(Side::buy, 999'999'999_d)).message == "insufficient buying power");

  auto cash_account = Market::plain();
  cash_account.accounts[0].multiplier = 1;
  Market c{cash_account};
  c.opened();
  CHECK(c.engine.buying_power(c.account()) == 100'000_d);
  CHECK(c.refuse(market(Side::sell, 1_d)).message == "account is not allowed to short");
}

TEST_CASE("short selling has its own conditions") {
  auto poor = Market::plain();
  poor.accounts[0].cash = 1999_d;
  Market p{poor};
  p.opened();
  CHECK(p.refuse(market(Side::sell, 1_d)).message == "account is not allowed to short");
  auto barred = Market::plain();
  barred.accounts[0].shorting = false;
  Market b{barred};
  b.opened();
  CHECK(b.refuse(market(Side::sell, 1_d)).http == 403);
  Market m;
  m.opened();
  m.engine.set_tradable("AAPL", true, false, false);
  CHECK(m.refuse(market(Side::sell, 1_d)).message == "asset \"AAPL\" cannot be sold short");
  CHECK(m.refuse(market(Side::buy, 0.5_d)).message == "asset \"AAPL\" is not fractionable");
  CHECK(m.refuse(market(Side::sell, 0.5_d, "MSFT")).message == "fractional orders cannot be sold short");
  m.accept(changed(limit(Side::sell, 100_d, 60_d), [](auto& r) { r.symbol = "MSFT"; }));
  CHECK(m.account().reserved == 6000_d);  // the limit is dearer than 1.03 x the market
}

TEST_CASE("an asset that is not tradable can still be closed") {
  Market m;
  m.opened();
  m.accept(market(Side::buy, 2_d));
  m.engine.set_tradable("AAPL", false, true, true);
  CHECK(m.refuse(market(Side::buy, 1_d)).message == "asset \"AAPL\" is not tradable");
  m.accept(market(Side::sell, 2_d));
}

TEST_CASE("a market order needs a quote") {
  Market m;
  m.engine.advance_to(at(9, 31));
  const auto no = m.refuse(market(Side::buy, 1_d));
  CHECK(no.http == 403);
  CHECK(no.message == "order has been rejected due to no available quote for symbol. please reenter with a limit");
  const auto waits = m.accept(limit(Side::buy, 1_d, 50_d));
  CHECK(m.status(waits) == "new");
  m.price("AAPL", 49_d);
  CHECK(m.order(waits).filled_value == 49_d);
}

TEST_CASE("wash trades: which opposite pairs are refused, and which groups are exempt") {
  struct Wash {
    const char* what;
    OrderRequest resting;
    OrderRequest incoming;
    bool refused;
  };
  const auto sell_stop = stop(Side::sell, 5_d, 90_d);
  OrderRequest sell_stop_limit = sell_stop;
  sell_stop_limit.type = Type::stop_limit;
  sell_stop_limit.limit_price = 89_d;
  const Wash rows[] = {
    {"plain stop, market buy", sell_stop, market(Side::buy, 1_d), true},
    {"plain stop, limit buy", sell_stop, limit(Side::buy, 1_d, 80_d), true},
    {"stop limit, lower limit buy", sell_stop_limit, limit(Side::buy, 1_d, 88_d), false},
    {"stop limit, crossing limit buy", sell_stop_limit, limit(Side::buy, 1_d, 89_d), true},
    {"limit sell, market buy", limit(Side::sell, 5_d, 120_d), market(Side::buy, 1_d), true},
    {"limit sell, lower limit buy", limit(Side::sell, 5_d, 120_d), limit(Side::buy, 1_d, 119_d), false},
    {"limit sell, equal limit buy", limit(Side::sell, 5_d, 120_d), limit(Side::buy, 1_d, 120_d), true},
    {"limit buy, stop sell", limit(Side::buy, 1_d, 80_d), sell_stop, true},
    {"limit buy, market sell", limit(Side::buy, 1_d, 80_d), market(Side::sell, 1_d), true},
    {"plain stop, bracket entry", sell_stop, bracket(1_d, 110_d, 80_d), false},
    {"OCO exits, market buy", oco(5_d, 120_d, 90_d), market(Side::buy, 1_d), false},
    {"limit buy, OCO exits", limit(Side::buy, 1_d, 80_d), oco(5_d, 120_d, 90_d), false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Market m;
    m.opened();
    m.accept(market(Side::buy, 10_d));
    const auto resting = m.accept(row.resting);
    if (!row.refused) {
      m.accept(row.incoming);
      continue;
    }
    const auto no = m.refuse(row.incoming);
    CHECK(no.http == 403);
    CHECK(no.code == 40310000);
    CHECK(no.message == "potential wash trade detected. use complex orders");
    CHECK(extra(no, "existing_order_id") == m.order(resting).id.str());
    CHECK(extra(no, "reject_reason").find("opposite side") == 0);
  }
}

TEST_CASE("the intent must be what the position makes it") {
  Market m;
  m.opened();
  auto r = market(Side::sell, 1_d);
  r.intent = Intent::sell_to_close;
  CHECK(m.refuse(r).message == "position intent mismatch, inferred: sell_to_open, specified: sell_to_close");
}

TEST_CASE("what cannot be cancelled") {
  Market m;
  m.opened();
  const auto done = m.accept(market(Side::buy, 1_d));
  const auto no = m.engine.cancel(done);
  REQUIRE(no);
  CHECK(no->http == 422);
  CHECK(no->code == 42210000);
  CHECK(no->message == "order is already in \"filled\" state");
}

TEST_CASE("what cannot be replaced") {
  struct Replace {
    const char* what;
    OrderRequest order;
    ReplaceRequest change;
    const char* message;
  };
  OrderRequest notional = limit(Side::buy, 1_d, 90_d);
  notional.qty.reset();
  notional.notional = 100_d;
  const auto price = [](Price p) {
    ReplaceRequest r;
    r.limit_price = p;
    return r;
  };
  const auto qty = [](Quantity q) {
    ReplaceRequest r;
    r.qty = q;
    return r;
  };
  const auto rest = limit(Side::buy, 10_d, 90_d);
  const Replace rows[] = {
    {"filled", market(Side::buy, 1_d), qty(2_d), "order is already in \"filled\" state"},
    {"notional", notional, price(91_d), "notional orders cannot be replaced"},
    {"oto", with_exits(rest, Class::oto, std::nullopt, 80_d), price(91_d), "oto orders cannot be replaced"},
    {"nothing", rest, {}, "order parameters are not changed"},
    {"the same", rest, price(90_d), "order parameters are not changed"},
    {"limit on a stop", stop(Side::buy, 1_d, 120_d), price(91_d), "stop orders must not have limit_price"},
    {"fraction", rest, qty(2.5_d), "qty of fractional and complex orders cannot be replaced; qty must be whole"},
    {"group", with_exits(rest, Class::bracket, 120_d, 80_d), qty(5_d),
     "qty of fractional and complex orders cannot be replaced; qty must be whole"},
    {"zero", rest, qty(0_d), "qty must be greater than filled_qty 0"},
    {"sub-penny", rest, price(91.001_d),
     "invalid limit_price 91.001. sub-penny increment does not fulfill minimum pricing criteria"},
    {"too dear", rest, qty(5000_d), "insufficient buying power"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Market m;
    m.opened();
    const auto order = m.accept(row.order);
    const auto count = m.engine.order_count();
    const auto answer = m.engine.replace(order, row.change);
    REQUIRE(std::holds_alternative<Refusal>(answer));
    CHECK(std::get<Refusal>(answer).message == row.message);
    CHECK(m.engine.order_count() == count);
  }
  Market waits;
  waits.price("AAPL", 100_d);
  const auto order = waits.accept(rest);
  CHECK(std::get<Refusal>(waits.engine.replace(order, price(91_d))).message ==
        "unable to replace order, order isn't sent to exchange yet");
}

TEST_CASE("a replaced leg must stay on its side of the market and of its sibling") {
  Market m;
  m.opened();
  const auto entry = m.accept(bracket(10_d, 110_d, 90_d));
  ReplaceRequest change;
  change.stop_price = 100_d;
  auto no = std::get<Refusal>(m.engine.replace(m.order(entry).stop_loss, change));
  CHECK(no.message == "stop_loss.stop_price must be <= base_price - 0.01");
  change.stop_price.reset();
  change.limit_price = 100_d;
  no = std::get<Refusal>(m.engine.replace(m.order(entry).take_profit, change));
  CHECK(no.message == "take_profit.limit_price must be >= base_price + 0.01");
}
