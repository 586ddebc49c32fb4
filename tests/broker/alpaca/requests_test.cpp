#include "broker/alpaca/requests.hpp"

#include "messages/order_names.hpp"
#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca;
using namespace heed::alpaca_test;

namespace {

SubmitOrder changed(SubmitOrder order, const std::function<void(SubmitOrder&)>& change) {
  change(order);
  return order;
}

}  // namespace

TEST_CASE("orders in Alpaca's words") {
  struct Row {
    SubmitOrder order;
    const char* body;
  };
  const auto row = GENERATE(
    Row{
      plain_order(),
      R"({"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","client_order_id":"heed1.momo.en.abcdefghijklmnop","limit_price":"150.25"})"},
    Row{
      bracket_order(),
      R"({"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","client_order_id":"heed1.momo.en.abcdefghijklmnop","limit_price":"150.25","order_class":"bracket","take_profit":{"limit_price":"160"},"stop_loss":{"stop_price":"145.5"}})"},
    Row{
      changed(plain_order(),
              [](SubmitOrder& o) {
                o.client_order_id = target_name;
                o.leg = Leg::take_profit;
                o.side = Side::sell;
                o.oco = true;
                o.time_in_force = TimeInForce::gtc;
                o.limit_price = dec("160");
                o.stop_loss = AttachedExit{stop_name, dec("145.5")};
              }),
      R"({"symbol":"AAPL","qty":"10","side":"sell","type":"limit","time_in_force":"gtc","client_order_id":"heed1.momo.tp.abcdefghijklmnop","order_class":"oco","take_profit":{"limit_price":"160"},"stop_loss":{"stop_price":"145.5"}})"},
    Row{
      changed(plain_order(),
              [](SubmitOrder& o) {
                o.type = OrderType::market;
                o.limit_price.reset();
                o.stop_loss = AttachedExit{stop_name, dec("145.5")};
              }),
      R"({"symbol":"AAPL","qty":"10","side":"buy","type":"market","time_in_force":"day","client_order_id":"heed1.momo.en.abcdefghijklmnop","order_class":"oto","stop_loss":{"stop_price":"145.5"}})"},
    Row{
      changed(plain_order(),
              [](SubmitOrder& o) {
                o.client_order_id = close_name;
                o.side = Side::sell;
                o.type = OrderType::market;
                o.quantity = dec("0.5");
                o.limit_price.reset();
                o.reduce_only = true;
              }),
      R"({"symbol":"AAPL","qty":"0.5","side":"sell","type":"market","time_in_force":"day","client_order_id":"heed1.momo.cl.qrstuvwxyz234567","position_intent":"sell_to_close"})"},
    Row{
      changed(plain_order(),
              [](SubmitOrder& o) {
                o.type = OrderType::stop_limit;
                o.stop_price = dec("151");
                o.symbol = "BRK.B";
              }),
      R"({"symbol":"BRK.B","qty":"10","side":"buy","type":"stop_limit","time_in_force":"day","client_order_id":"heed1.momo.en.abcdefghijklmnop","limit_price":"150.25","stop_price":"151"})"});
  const auto body = submit_body(row.order);
  REQUIRE(body);
  CHECK(body.value() == row.body);
  CHECK(net::parse_json(body.value()));
}

TEST_CASE("an order that cannot be said is refused here and names the field") {
  struct Row {
    const char* named;
    std::function<void(SubmitOrder&)> change;
  };
  const std::vector<Row> rows{
    {"client_order_id", [](SubmitOrder& o) { o.client_order_id = {}; }},
    {"symbol", [](SubmitOrder& o) { o.symbol = {}; }},
    {"quantity", [](SubmitOrder& o) { o.quantity = {}; }},
    {"quantity", [](SubmitOrder& o) { o.quantity = Decimal{-1}; }},
    {"limit_price", [](SubmitOrder& o) { o.limit_price.reset(); }},
    {"limit_price", [](SubmitOrder& o) { o.type = OrderType::market; }},
    {"stop_price", [](SubmitOrder& o) { o.stop_price = Decimal{1}; }},
    {"stop_price", [](SubmitOrder& o) { o.type = OrderType::stop_limit; }},
    {"whole shares", [](SubmitOrder& o) { o.quantity = dec("1.5"); }},
    {"time_in_force", [](SubmitOrder& o) { o.time_in_force = TimeInForce::ioc; }},
    {"oco", [](SubmitOrder& o) { o.oco = true; }},
    {"type",
     [](SubmitOrder& o) {
       o.type = OrderType::stop;
       o.limit_price.reset();
       o.stop_price = Decimal{151};
     }},
  };
  for (const auto& row : rows) {
    const auto body = submit_body(changed(bracket_order(), row.change));
    INFO(row.named);
    REQUIRE_FALSE(body);
    CHECK(body.error().kind == ErrorKind::rejected);
    CHECK(body.error().code == "invalid_order");
    CHECK_THAT(body.error().detail, Catch::Contains(row.named));
  }
}

TEST_CASE("replacements in Alpaca's words") {
  ReplaceOrder order;
  order.client_order_id = stop_name;
  order.new_client_order_id = new_stop_name;
  CHECK_THAT(replace_body(order).error().detail, Catch::Contains("nothing to replace"));
  order.stop_price = dec("147.1");
  CHECK(replace_body(order).value() ==
        R"({"stop_price":"147.1","client_order_id":"heed1.momo.sl.zzzzzzzzzzzzzzzz"})");
  order.quantity = dec("6");
  order.limit_price = dec("161");
  CHECK(replace_body(order).value() ==
        R"({"qty":"6","limit_price":"161","stop_price":"147.1","client_order_id":"heed1.momo.sl.zzzzzzzzzzzzzzzz"})");
  order.quantity = dec("1.5");
  CHECK_THAT(replace_body(order).error().detail, Catch::Contains("whole shares"));
  order.new_client_order_id = {};
  CHECK_THAT(replace_body(order).error().detail, Catch::Contains("new_client_order_id"));
}

TEST_CASE("targets are encoded") {
  CHECK(percent_encoded("a.B-9_~") == "a.B-9_~");
  CHECK(percent_encoded("BTC/USD x&y\xff") == "BTC%2FUSD%20x%26y%FF");
  CHECK(order_target(VenueOrderId{entry_id}, true) == "/v2/orders/" + entry_id + "?nested=true");
  CHECK(order_by_name_target(entry_name) ==
        "/v2/orders:by_client_order_id?client_order_id=heed1.momo.en.abcdefghijklmnop");
  CHECK(
    orders_target({at("2026-08-03T14:31:00Z"), {}, "BRK.B", 500}) ==
    "/v2/orders?status=all&nested=true&direction=asc&limit=500&after=2026-08-03T14%3A31%3A00.000000Z&symbols=BRK.B");
  CHECK(fills_target(at("2026-08-03T14:31:00Z"), 100, "20260803::a") ==
        "/v2/account/activities/FILL?direction=asc&page_size=100&after=2026-08-03T14%3A31%3A00.000000Z"
        "&page_token=20260803%3A%3Aa");
}

TEST_CASE("order names are read strictly, and legs name each other") {
  const auto parts = read_order_name(entry_name);
  REQUIRE(parts);
  CHECK(parts->strategy == "momo");
  CHECK(parts->leg == Leg::entry);
  CHECK(parts->hash == "abcdefghijklmnop");
  CHECK(sibling_name(entry_name, Leg::stop_loss) == stop_name);
  CHECK(sibling_name(stop_name, Leg::entry) == entry_name);
  for (const char* text :
       {"", "heed1", "heed1.", "heed1.momo.en", "heed1.momo.en.", "heed2.momo.en.abcdefghijklmnop",
        "heed1..en.abcdefghijklmnop", "heed1.momo.xx.abcdefghijklmnop", "heed1.momo.en.abcdefghijklmno",
        "heed1.momo.en.abcdefghijklmnopq", "heed1.momo.en.ABCDEFGHIJKLMNOP", "heed1.momo.en.abcdefghijklmno1",
        "heed1.mo mo.en.abcdefghijklmnop", "heed1.a.b.en.abcdefghijklmnop",
        "heed1.aaaaaaaaaaaaaaaaaaaaa.en.abcdefghijklmnop", "61e69015-8549-4bfd-b9c3-01e75843f47d"}) {
    INFO(text);
    CHECK_FALSE(read_order_name(text));
    CHECK_FALSE(sibling_name(text, Leg::entry));
  }
}
