#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca;
using namespace heed::alpaca_test;

TEST_CASE("every status of the venue has one meaning") {
  struct Row {
    const char* word;
    const char* filled;
    OrderStatus status;
  };
  const auto row = GENERATE(
    Row{"new", "0", OrderStatus::accepted}, Row{"new", "3", OrderStatus::partially_filled},
    Row{"accepted", "0", OrderStatus::accepted}, Row{"pending_new", "0", OrderStatus::accepted},
    Row{"accepted_for_bidding", "0", OrderStatus::accepted}, Row{"pending_review", "0", OrderStatus::accepted},
    Row{"stopped", "0", OrderStatus::accepted}, Row{"suspended", "0", OrderStatus::accepted},
    Row{"done_for_day", "3", OrderStatus::partially_filled}, Row{"calculated", "0", OrderStatus::accepted},
    Row{"held", "0", OrderStatus::held}, Row{"partially_filled", "3", OrderStatus::partially_filled},
    Row{"pending_cancel", "3", OrderStatus::pending_cancel},
    Row{"pending_replace", "0", OrderStatus::pending_replace}, Row{"filled", "10", OrderStatus::filled},
    Row{"canceled", "3", OrderStatus::canceled}, Row{"expired", "0", OrderStatus::expired},
    Row{"rejected", "0", OrderStatus::rejected}, Row{"replaced", "0", OrderStatus::replaced});
  OrderJson wire;
  wire.status = row.word;
  wire.filled_qty = row.filled;
  INFO(row.word);
  const auto order = read_order(json(wire.str()));
  REQUIRE(order);
  CHECK(order.value().status == row.status);
  CHECK(order.value().filled == dec(row.filled));
}

TEST_CASE("a full order envelope is read to the last field that matters") {
  auto wire = bracket("partially_filled");
  wire.filled_qty = "4";
  wire.average = "150.0133333333333";
  wire.replaces = other_id;
  const auto read = read_order(json(wire.str()));
  REQUIRE(read);
  const auto& order = read.value();
  CHECK(order.id == VenueOrderId{entry_id});
  CHECK(order.client_order_id == entry_name.view());
  CHECK(order.symbol == Symbol{"AAPL"});
  CHECK(order.side == Side::buy);
  CHECK(order.type == OrderType::limit);
  CHECK(order.quantity == Decimal{10});
  CHECK(order.average == dec("150.013333333"));
  CHECK(order.limit_price == dec("150.25"));
  CHECK_FALSE(order.stop_price);
  CHECK(order.replaces == VenueOrderId{other_id});
  CHECK(order.replaced_by.empty());
  CHECK(order.submitted_at == at("2026-08-03T14:30:00.123456Z"));
  CHECK(order.in_group());
  REQUIRE(order.legs.size() == 2);
  CHECK(order.legs[1].type == OrderType::stop);
  CHECK(order.legs[1].stop_price == dec("145.5"));
  CHECK(order.legs[1].status == OrderStatus::held);
}

namespace {
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto place = text.find(from);
  REQUIRE(place != std::string::npos);
  return text.replace(place, from.size(), to);
}
}  // namespace

TEST_CASE("an order field that is not understood is an error that names it") {
  struct Row {
    const char* from;
    const char* to;
    const char* named;
  };
  const auto row =
    GENERATE(Row{R"("status":"new")", R"("status":"levitating")", "order.status: unknown word \"levitating\""},
             Row{R"("status":"new")", R"("status":null)", "order.status: missing"},
             Row{R"("status":"new")", R"("status":7)", "order.status: not a string"},
             Row{R"("side":"buy")", R"("side":"long")", "order.side: unknown word \"long\""},
             Row{R"("type":"limit")", R"("type":"iceberg")", "order.type: unknown word \"iceberg\""},
             Row{R"("qty":"10")", R"("qty":null)", "order.qty: missing"},
             Row{R"("qty":"10")", R"("qty":"0")", "order.qty: not above zero"},
             Row{R"("qty":"10")", R"("qty":"-1")", "order.qty: not above zero"},
             Row{R"("qty":"10")", R"("qty":"ten")", "order.qty: not a decimal number \"ten\""},
             Row{R"("filled_qty":"0")", R"("filled_qty":null)", "order.filled_qty: missing"},
             Row{R"("filled_qty":"0")", R"("filled_qty":"-2")", "order.filled_qty: below zero"},
             Row{R"("filled_qty":"0")", R"("filled_qty":1e3)", "order.filled_qty: not a decimal number"},
             Row{R"("filled_avg_price":null)", R"("filled_avg_price":"1.2.3")", "order.filled_avg_price"},
             Row{R"("filled_avg_price":null)", R"("filled_avg_price":"1.1234567890x")", "order.filled_avg_price"},
             Row{R"("limit_price":"150.25")", R"("limit_price":[])", "order.limit_price"},
             Row{R"("symbol":"AAPL")", R"("symbol":"")", "order.symbol: empty"},
             Row{R"("symbol":"AAPL")", R"("symbol":"ABCDEFGHIJKLMNOPQRSTUVWXYZ")", "order.symbol: too long"},
             Row{R"("legs":null)", R"("legs":{})", "order.legs: not an array"},
             Row{R"("legs":null)", R"("legs":[{}])", "order.legs.id: missing"});
  const auto read = read_order(json(with(OrderJson{}.str(), row.from, row.to)));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::unknown);
  CHECK(read.error().code == "unreadable");
  CHECK_THAT(read.error().detail, Catch::Contains(row.named));
}

TEST_CASE("descriptive fields may be absent, odd or new") {
  auto text = OrderJson{}.str();
  text = with(text, R"("extended_hours":false,)", R"("extended_hours":"maybe","newest_idea":{"a":[1,2]},)");
  text = with(text, R"("order_class":"",)", "");
  text = with(text, R"("replaced_by":null)", R"("replaced_by":"00000000-0000-0000-0000-000000000000")");
  text = with(text, R"("updated_at":"2026-08-03T14:30:00.2Z")", R"("updated_at":"soon")");
  const auto order = read_order(json(text));
  REQUIRE(order);
  CHECK(order.value().replaced_by.empty());
  CHECK(order.value().updated_at == order.value().submitted_at);
}

TEST_CASE("foreign kinds of orders do not spoil a listing") {
  const auto money =
    with(with(OrderJson{}.str(), R"("qty":"10")", R"("qty":null)"), R"("notional":null)", R"("notional":"500")");
  OrderJson trailing;
  trailing.type = "trailing_stop";
  const std::string multi_leg = R"({"id":"x","client_order_id":"y","symbol":"","side":"","order_class":"mleg"})";
  const auto orders = read_orders(json(array({money, trailing.str(), multi_leg})));
  REQUIRE(orders);
  REQUIRE(orders.value().size() == 2);
  CHECK(orders.value()[0].quantity.is_zero());
  CHECK(orders.value()[1].type == OrderType::stop);
  CHECK_FALSE(read_orders(json("{}")));
}

TEST_CASE("a fill on the stream carries its execution") {
  OrderJson wire;
  wire.status = "partially_filled";
  wire.filled_qty = "4";
  wire.average = "150.01";
  const auto data = json(update_json("partial_fill", wire, fill_members("150.01", "4", "4")));
  const auto read = read_trade_update(*data.find("data"));
  REQUIRE(read);
  REQUIRE(read.value());
  REQUIRE(read.value()->execution);
  const auto& execution = *read.value()->execution;
  CHECK(execution.execution_id == ExecutionId{"2f63ea93-423d-4169-b3f6-3fdafc10c418"});
  CHECK(execution.last_qty == Decimal{4});
  CHECK(execution.last_px == dec("150.01"));
  CHECK(execution.at == at("2026-08-03T14:31:02.5Z"));
}

TEST_CASE("a fill without an execution id gets one from order and cumulative quantity") {
  OrderJson wire;
  wire.status = "filled";
  wire.filled_qty = "10";
  const auto data = json(update_json("fill", wire, R"(,"price":"150","qty":"6")"));
  const auto read = read_trade_update(*data.find("data"));
  REQUIRE(read);
  CHECK(read.value()->execution->execution_id == ExecutionId{entry_id + ":10"});
}

TEST_CASE("a fill whose size or price is not understood is an error") {
  const auto more = GENERATE(std::string{}, std::string{R"(,"price":"150","qty":"0")"},
                             std::string{R"(,"price":"x","qty":"1")"}, std::string{R"(,"qty":"1")"});
  const auto data = json(update_json("fill", OrderJson{}, more));
  CHECK_FALSE(read_trade_update(*data.find("data")));
}

TEST_CASE("fills of the account's history") {
  const std::string item =
    R"({"activity_type":"FILL","cum_qty":"10","id":"20260803103102500::2f63ea93-423d-4169-b3f6-3fdafc10c418",)"
    R"("leaves_qty":"0","order_id":"61e69015-8549-4bfd-b9c3-01e75843f47d","order_status":"filled","price":"150.01",)"
    R"("qty":"6","side":"sell_short","symbol":"AAPL","transaction_time":"2026-08-03T14:31:02.5Z","type":"fill"})";
  const auto fills = read_fills(json(array({item})));
  REQUIRE(fills);
  const auto& fill = fills.value().at(0);
  CHECK(fill.side == Side::sell);
  CHECK(fill.complete);
  CHECK(fill.filled == Decimal{10});
  CHECK(fill.execution.last_qty == Decimal{6});
  CHECK(fill.execution.execution_id == ExecutionId{"2f63ea93-423d-4169-b3f6-3fdafc10c418"});

  struct Row {
    const char* from;
    const char* to;
  };
  const auto row =
    GENERATE(Row{R"("qty":"6")", R"("qty":null)"}, Row{R"("qty":"6")", R"("qty":"0")"},
             Row{R"("price":"150.01")", R"("price":"")"}, Row{R"("side":"sell_short")", R"("side":"x")"},
             Row{"2026-08-03T14:31:02.5Z", "yesterday"}, Row{R"("FILL")", R"("DIV")"}, Row{R"("cum_qty":"10",)", ""});
  const auto bad = read_fills(json(array({with(item, row.from, row.to)})));
  REQUIRE_FALSE(bad);
  CHECK(bad.error().kind == ErrorKind::unknown);
}

namespace {
std::string position_json(const char* qty, const char* side, const char* available) {
  return std::string{R"({"asset_id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","symbol":"AAPL","exchange":"NASDAQ",)"} +
         R"("asset_class":"us_equity","asset_marginable":true,"avg_entry_price":"150.0123456789123","qty":")" + qty +
         R"(","qty_available":")" + available + R"(","side":")" + side +
         R"(","market_value":null,"cost_basis":"1500.1","unrealized_pl":null,"unrealized_plpc":"0.0123456789123456",)" +
         R"("current_price":null,"lastday_price":"149","change_today":null})";
}
}  // namespace

TEST_CASE("positions keep their sign whatever way it is written") {
  struct Row {
    const char* qty;
    const char* side;
    const char* available;
    const char* quantity;
    const char* free;
  };
  const auto row = GENERATE(Row{"3", "long", "1", "3", "1"}, Row{"-5", "short", "-5", "-5", "5"},
                            Row{"5", "short", "0", "-5", "0"}, Row{"0.5", "long", "0.5", "0.5", "0.5"});
  const auto read = read_position(json(position_json(row.qty, row.side, row.available)), "paper");
  REQUIRE(read);
  CHECK(read.value().quantity == dec(row.quantity));
  CHECK(read.value().available == dec(row.free));
  CHECK(read.value().avg_px == dec("150.012345678"));
}

TEST_CASE("a position that contradicts itself is an error") {
  CHECK_FALSE(read_position(json(position_json("-3", "long", "0")), "paper"));
  CHECK_FALSE(read_position(json(position_json("3", "flat", "0")), "paper"));
  CHECK_FALSE(read_position(json(position_json("x", "long", "0")), "paper"));
  CHECK_FALSE(read_position(json(with(position_json("3", "long", "1"), R"("qty_available":"1",)", "")), "paper"));
  CHECK_FALSE(read_positions(json("{}"), "paper"));
}

namespace {
// As served before and after the day-trade keys went away.
const std::string account_old =
  R"({"id":"e6fe16f3-64a4-4921-8928-cadf02f92f98","account_number":"PA3XXXX","status":"ACTIVE","currency":"USD",)"
  R"("cash":"122086.5","equity":"130000.25","last_equity":"129000","portfolio_value":"130000.25",)"
  R"("buying_power":"262113.632","regt_buying_power":"262113.632","daytrading_buying_power":"0","daytrade_count":0,)"
  R"("pattern_day_trader":false,"multiplier":"2","shorting_enabled":true,"trading_blocked":false,)"
  R"("transfers_blocked":false,"account_blocked":false,"trade_suspended_by_user":false,)"
  R"("admin_configurations":{},"user_configurations":null,"crypto_tier":1,"bod_dtbp":0})";
const std::string account_new =
  R"({"id":"e6fe16f3-64a4-4921-8928-cadf02f92f98","status":"ACTIVE","cash":"122086.5","equity":"130000.25",)"
  R"("buying_power":"262113.632","shorting_enabled":true,"last_equity":"129000"})";
}  // namespace

TEST_CASE("the account is read with and without the keys that went away") {
  const auto text = GENERATE(account_old, account_new);
  const auto read = read_account(json(text), "paper");
  REQUIRE(read);
  CHECK(read.value().equity == dec("130000.25"));
  CHECK(read.value().cash == dec("122086.5"));
  CHECK(read.value().buying_power == dec("262113.632"));
  CHECK(read.value().last_equity == Decimal{129000});
  CHECK(read.value().shorting_enabled);
  CHECK_FALSE(read.value().trading_blocked);
}

TEST_CASE("any reason not to trade blocks the account") {
  struct Row {
    const char* from;
    const char* to;
  };
  const auto row = GENERATE(Row{R"("status":"ACTIVE")", R"("status":"ACCOUNT_CLOSED")"},
                            Row{R"("trading_blocked":false)", R"("trading_blocked":true)"},
                            Row{R"("account_blocked":false)", R"("account_blocked":true)"},
                            Row{R"("trade_suspended_by_user":false)", R"("trade_suspended_by_user":true)"});
  const auto read = read_account(json(with(account_old, row.from, row.to)), "paper");
  REQUIRE(read);
  CHECK(read.value().trading_blocked);
}

TEST_CASE("money that a limit hangs on may not be missing from the account") {
  CHECK_FALSE(read_account(json(R"({"id":"a","status":"ACTIVE","cash":"1","buying_power":"1"})"), "paper"));
  CHECK_FALSE(read_account(json(R"({"id":"a","status":"ACTIVE","equity":"1","buying_power":"1"})"), "paper"));
  CHECK_FALSE(read_account(json(R"({"id":"a","status":"ACTIVE","equity":"1","cash":"1"})"), "paper"));
  const auto least = read_account(json(R"({"portfolio_value":"7","cash":"-1","buying_power":"0"})"), "paper");
  REQUIRE(least);
  CHECK(least.value().equity == Decimal{7});
  CHECK(least.value().last_equity == Decimal{7});
  CHECK_FALSE(least.value().shorting_enabled);
}

TEST_CASE("the venue's clock") {
  const auto read =
    read_clock(json(R"({"timestamp":"2026-08-03T10:31:00.123456789-04:00","is_open":true,)"
                    R"("next_open":"2026-08-04T09:30:00-04:00","next_close":"2026-08-03T16:00:00-04:00"})"));
  REQUIRE(read);
  CHECK(read.value().is_open);
  CHECK(read.value().at == at("2026-08-03T14:31:00.123456Z"));
  CHECK(read.value().next_open == at("2026-08-04T13:30:00Z"));
  CHECK(read.value().next_close == at("2026-08-03T20:00:00Z"));
  CHECK_FALSE(read_clock(json(R"({"timestamp":"2026-08-03T10:31:00Z","is_open":"yes"})")));
  CHECK_FALSE(read_clock(json("{}")));
}

TEST_CASE("assets") {
  const auto stock = read_asset(json(R"({"id":"b","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL",)"
                                     R"("name":"Apple","status":"active","tradable":true,"marginable":true,)"
                                     R"("shortable":true,"easy_to_borrow":true,"fractionable":true,)"
                                     R"("maintenance_margin_requirement":30})"));
  REQUIRE(stock);
  CHECK(stock.value().tradable);
  CHECK(stock.value().shortable);
  CHECK(stock.value().lot_size == Decimal{1});
  const auto gone = read_asset(json(R"({"class":"us_equity","symbol":"OLD","status":"inactive","tradable":true})"));
  REQUIRE(gone);
  CHECK_FALSE(gone.value().tradable);
  const auto coin = read_asset(json(R"({"class":"crypto","symbol":"BTC/USD","status":"active","tradable":true,)"
                                    R"("price_increment":"0.5","min_trade_increment":"0.0001"})"));
  REQUIRE(coin);
  CHECK(coin.value().asset_class == AssetClass::crypto);
  CHECK(coin.value().tick_size == dec("0.5"));
  CHECK_FALSE(read_asset(json(R"({"status":"active"})")));
}

TEST_CASE("latest quotes and trades are numbers; a missing symbol has none") {
  const auto quote = read_latest_quote(
    json(
      R"({"quotes":{"AAPL":{"t":"2026-08-03T14:31:00.1Z","ax":"V","ap":150.03,"as":200,"bx":"V","bp":150.01,"bs":100,"c":["R"],"z":"C"}}})"),
    "AAPL");
  REQUIRE(quote);
  CHECK(quote.value().bid == dec("150.01"));
  CHECK(quote.value().ask == dec("150.03"));
  const auto none = read_latest_quote(json(R"({"quotes":{}})"), "AAPL");
  REQUIRE(none);
  CHECK(none.value().bid.is_zero());
  CHECK(none.value().at == Instant{});
  const auto trade =
    read_latest_trade(json(R"({"trades":{"AAPL":{"t":"2026-08-03T14:31:00Z","p":150.02,"s":5}}})"), "AAPL");
  REQUIRE(trade);
  CHECK(trade.value().last == dec("150.02"));
  CHECK_FALSE(read_latest_quote(json(R"({"message":"no"})"), "AAPL"));
  CHECK_FALSE(
    read_latest_quote(json(R"({"quotes":{"AAPL":{"t":"2026-08-03T14:31:00Z","ap":1.5e2,"bp":1}}})"), "AAPL"));
  CHECK_FALSE(read_latest_quote(json(R"({"quotes":{"AAPL":{"t":"2026-08-03T14:31:00Z","ap":-1,"bp":1}}})"), "AAPL"));
}

TEST_CASE("a trade makes bid and ask no younger: an entry is sized by them") {
  std::map<Symbol, Quote> quotes{{Symbol{"AAPL"}, Quote{}}};
  const auto hear = [&](const char* text) {
    REQUIRE(apply_market_message(json(text), quotes).ok());
    return quotes.at(Symbol{"AAPL"});
  };
  auto quote = hear(R"({"T":"t","S":"AAPL","p":99,"t":"2026-08-03T19:00:00Z"})");
  CHECK(quote.at == at("2026-08-03T19:00:00Z"));
  hear(R"({"T":"q","S":"AAPL","bp":100,"ap":100,"t":"2026-08-03T19:59:59Z"})");
  quote = hear(R"({"T":"t","S":"AAPL","p":110,"t":"2026-08-04T13:30:00Z"})");
  CHECK(quote.last == dec("110"));
  CHECK(quote.ask == dec("100"));
  CHECK(quote.at == at("2026-08-03T19:59:59Z"));
  quote = hear(R"({"T":"q","S":"AAPL","bp":110,"ap":110.02,"t":"2026-08-04T13:30:00Z"})");
  CHECK(quote.ask == dec("110.02"));
  CHECK(quote.at == at("2026-08-04T13:30:00Z"));
}

// The property behind it: whatever arrives, reading ends in a value or an error.
TEST_CASE("every prefix and every changed byte of a payload reads to a value or an error") {
  const auto order = bracket("filled", "new", "held").str();
  const auto update = update_json("fill", bracket("filled", "new", "held"), fill_members("150.01", "10", "10"));
  const auto read_all = [](std::string_view text) {
    const auto parsed = net::parse_json(text);
    if (!parsed)
      return false;
    const auto& value = parsed.value();
    std::map<Symbol, Quote> quotes{{Symbol{"AAPL"}, Quote{}}};
    int read = 0;
    read += read_order(value).ok() + read_orders(value).ok() + read_trade_update(value).ok() + read_fills(value).ok();
    read += read_position(value, "a").ok() + read_account(value, "a").ok() + read_clock(value).ok();
    read += read_asset(value).ok() + read_latest_quote(value, "AAPL").ok() + apply_market_message(value, quotes).ok();
    if (const auto* data = value.find("data"))
      read += read_trade_update(*data).ok();
    return read > 0;
  };
  for (const auto& text : {order, update, position_json("3", "long", "1"), account_old}) {
    for (std::size_t size = 0; size < text.size(); ++size)
      CHECK_FALSE(read_all(std::string_view{text}.substr(0, size)));
    CHECK(read_all(text));
    for (std::size_t place = 0; place < text.size(); ++place)
      for (const char c : {'"', '{', '9', '\0', '-'}) {
        auto changed = text;
        changed[place] = c;
        read_all(changed);
      }
  }
}
