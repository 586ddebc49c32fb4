// The exchange as a client sees it: requests in, exact JSON out. No sockets.
#include "broker/exchange/exchange_core.hpp"

#include "market.hpp"
#include "net/json.hpp"

#include <algorithm>
#include <set>

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;

namespace {

struct Client {
  explicit Client(CoreOptions options = plain()) {
    auto made = ExchangeCore::make(std::move(options), make_scripted_feed({"AAPL", "MSFT"}));
    REQUIRE(made);
    core = std::move(made).value();
  }
  static CoreOptions plain() {
    CoreOptions options;
    options.engine = Market::plain();
    options.wire.requests_per_minute = 0;
    options.stepped = true;
    options.market = "test";
    return options;
  }
  Client& opened() {
    post("/sim/advance", R"({"to":"2020-03-04T14:31:00Z"})", 200);
    post("/sim/price", R"({"symbol":"AAPL","price":"100"})", 200);
    post("/sim/price", R"({"symbol":"MSFT","price":50})", 200);
    return *this;
  }
  net::HttpResponse send(const std::string& method, const std::string& target, const std::string& body = {}) {
    const net::HttpRequest request{
      method, target, {{"apca-api-key-id", "heed"}, {"Apca-Api-Secret-Key", "heed"}}, body};
    auto response = core->handle(request, real);
    core->settle();
    return response;
  }
  net::Json json(const std::string& method, const std::string& target, const std::string& body, int status) {
    const auto response = send(method, target, body);
    CAPTURE(method, target, response.body);
    CHECK(response.status == status);
    auto parsed = net::parse_json(response.body);
    REQUIRE(parsed);
    return std::move(parsed).value();
  }
  net::Json get(const std::string& target, int status = 200) { return json("GET", target, {}, status); }
  net::Json post(const std::string& target, const std::string& body, int status) {
    return json("POST", target, body, status);
  }
  net::Json order(const std::string& body) { return post("/v2/orders", body, 200); }

  std::unique_ptr<ExchangeCore> core;
  Instant real = at(0, 0);
};

std::string text(const net::Json& json, const std::string& name) {
  const net::Json* found = json.find(name);
  if (found == nullptr)
    return "(absent)";
  if (found->is_null())
    return "(null)";
  return found->is_string() ? found->text : "(not a string)";
}

std::set<std::string> keys(const net::Json& json) {
  std::set<std::string> out;
  for (const auto& [name, value] : json.members)
    out.insert(name);
  return out;
}

const std::string market_buy = R"({"symbol":"AAPL","qty":"10","side":"buy","type":"market","time_in_force":"day"})";
const std::string bracket_buy =
  R"({"symbol":"AAPL","qty":"10","side":"buy","type":"market","time_in_force":"gtc","order_class":"bracket",)"
  R"("take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"},"client_order_id":"e1"})";

}  // namespace

TEST_CASE("an order's answer, to the last byte") {
  Client c;
  c.opened();
  const auto response = c.send(
    "POST", "/v2/orders",
    R"({"symbol":"AAPL","qty":10,"side":"buy","type":"limit","limit_price":99.5,"time_in_force":"gtc","client_order_id":"a \"b\""})");
  const auto& order = c.core->engine().order(0);
  const std::string expected =
    R"({"id":")" + order.id.str() +
    R"(","client_order_id":"a \"b\"","created_at":"2020-03-04T14:31:00Z","updated_at":"2020-03-04T14:31:00Z",)"
    R"("submitted_at":"2020-03-04T14:31:00Z","filled_at":null,"expired_at":null,"expires_at":"2020-06-02T20:15:00Z",)"
    R"("canceled_at":null,"cancel_requested_at":null,"failed_at":null,"replaced_at":null,"replaced_by":null,)"
    R"("replaces":null,"asset_id":")" +
    c.core->engine().find_asset("AAPL")->id.str() +
    R"(","symbol":"AAPL","asset_class":"us_equity","notional":null,"qty":"10","filled_qty":"0",)"
    R"("filled_avg_price":null,"order_class":"","order_type":"limit","type":"limit","side":"buy",)"
    R"("position_intent":"buy_to_open","time_in_force":"gtc","limit_price":"99.5","stop_price":null,)"
    R"("status":"pending_new","extended_hours":false,"legs":null,"trail_percent":null,"trail_price":null,"hwm":null,)"
    R"("ratio_qty":null,"subtag":null,"source":null})";
  CHECK(response.status == 200);
  CHECK(response.body == expected);
  CHECK(net::header(response.headers, "content-type") == "application/json; charset=UTF-8");
  CHECK(net::header(response.headers, "x-request-id").size() == 36);
  const auto id = order.id.str();
  CHECK(id[14] == '4');
  CHECK(text(c.get("/v2/orders/" + id), "status") == "new");
  CHECK(text(c.get("/v2/orders:by_client_order_id?client_order_id=a%20%22b%22"), "id") == id);
}

TEST_CASE("a bracket's answer has its legs; the lists show them as the real venue does") {
  Client c;
  c.opened();
  const auto made = c.order(bracket_buy);
  CHECK(text(made, "status") == "pending_new");
  REQUIRE(made.find("legs")->items.size() == 2);
  CHECK(text(made.find("legs")->items[0], "status") == "held");
  CHECK(made.find("legs")->items[0].find("legs")->is_null());
  const auto target = text(made.find("legs")->items[0], "id");
  const auto stop = text(made.find("legs")->items[1], "id");
  const auto head = text(made, "id");

  const auto ids = [&](const std::string& query) {
    std::string out;
    for (const auto& item : c.get("/v2/orders?" + query).items) {
      const auto id = text(item, "id");
      out += id == head ? "H" : id == target ? "T" : id == stop ? "S" : "?";
      if (item.find("legs")->is_array())
        out += "(" + std::to_string(item.find("legs")->items.size()) + ")";
    }
    return out;
  };
  CHECK(ids("status=open") == "T");               // the held stop is not shown
  CHECK(ids("status=open&nested=true").empty());  // the filled parent hides its group
  CHECK(ids("status=closed") == "H");
  CHECK(ids("status=all") == "STH");
  CHECK(ids("status=all&direction=asc") == "HTS");
  CHECK(ids("status=all&nested=true") == "H(2)");
  CHECK(ids("status=all&symbols=MSFT").empty());
  CHECK(ids("status=all&symbols=MSFT,AAPL&side=sell") == "ST");
  CHECK(ids("status=all&limit=1&direction=asc") == "H");
  CHECK(ids("status=all&direction=asc&after_order_id=" + head) == "TS");
  CHECK(ids("status=all&before_order_id=" + stop) == "TH");
  CHECK(ids("status=all&after=2020-03-04T14:31:00Z").empty());  // exclusive
  CHECK(ids("status=all&until=2020-03-04T14:31:00Z").empty());  // exclusive
  CHECK(ids("status=all&after=2020-03-04T14:30:59.999Z") == "STH");
  const auto nested = c.get("/v2/orders/" + head + "?nested=true");
  CHECK(nested.find("legs")->items.size() == 2);
  CHECK(text(nested.find("legs")->items[1], "status") == "held");
  CHECK(c.get("/v2/orders/" + head).find("legs")->is_null());
}

TEST_CASE("bad requests: status, code and words") {
  struct Row {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* code;
    const char* message;
  };
  const Row rows[] = {
    {"POST", "/v2/orders", "{", 400, "40010000", "request body format is invalid"},
    {"POST", "/v2/orders", "[]", 400, "40010000", "request body format is invalid"},
    {"POST", "/v2/orders", "", 400, "40010000", "request body format is invalid"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","symbol":"X"})", 400, "40010000", "request body format is invalid"},
    {"POST", "/v2/orders", R"({"qty":1})", 422, "40010001", "symbol is required"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":1,"type":"market","time_in_force":"day"})", 422, "40010001",
     "side is required"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":1,"side":"buy","time_in_force":"day"})", 422, "40010001",
     "type is required"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":1,"side":"buy","type":"market"})", 422, "40010001",
     "time_in_force is required"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":"1e2","side":"buy","type":"market","time_in_force":"day"})", 422,
     "42210000", "invalid qty"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":1,"side":"hold","type":"market","time_in_force":"day"})", 422,
     "42210000", "invalid side"},
    {"POST", "/v2/orders", R"({"symbol":"AAPL","qty":1,"side":"buy","type":"trailing_stop","time_in_force":"day"})",
     422, "42210000", "trailing_stop orders require exactly one of trail_price and trail_percent"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1,"side":"sell","type":"trailing_stop","trail_price":"x","time_in_force":"day"})", 422,
     "42210000", "invalid trail_price"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1,"side":"buy","type":"market","trail_percent":5,"time_in_force":"day"})", 422,
     "42210000", "market orders must not have trail_price or trail_percent"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1,"side":"buy","type":"trailing_stop","trail_percent":100,"time_in_force":"day"})",
     422, "42210000", "trail_percent must be > 0 and < 100"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1.5,"side":"buy","type":"trailing_stop","trail_percent":5,"time_in_force":"day"})",
     422, "42210000", "fractional orders must be market, limit, stop, or stop_limit orders"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1,"side":"buy","type":"market","time_in_force":"day","order_class":"mleg"})", 422,
     "42210000", "invalid order_class"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":1,"side":"buy","type":"market","time_in_force":"day","take_profit":5})", 422,
     "42210000", "invalid take_profit"},
    {"POST", "/v2/orders",
     R"({"symbol":"AAPL","qty":99999999999,"side":"buy","type":"market","time_in_force":"day"})", 422, "42210000",
     "invalid qty"},
    {"GET", "/v2/orders/nonsense", "", 422, "40010001", "order_id is missing"},
    {"GET", "/v2/orders/11111111-1111-4111-8111-111111111111", "", 404, "40410000",
     "order not found for 11111111-1111-4111-8111-111111111111"},
    {"DELETE", "/v2/orders/11111111-1111-4111-8111-111111111111", "", 404, "40410000",
     "order not found for 11111111-1111-4111-8111-111111111111"},
    {"PATCH", "/v2/orders/11111111-1111-4111-8111-111111111111", "{}", 404, "40410000",
     "order not found for 11111111-1111-4111-8111-111111111111"},
    {"GET", "/v2/orders:by_client_order_id?client_order_id=nope", "", 404, "40410000", "order not found for nope"},
    {"GET", "/v2/orders:by_client_order_id", "", 422, "40010001", "client_order_id is required"},
    {"GET", "/v2/orders?limit=501", "", 422, "42210000", "invalid limit"},
    {"GET", "/v2/orders?status=new", "", 422, "42210000", "invalid status"},
    {"GET", "/v2/orders?after=yesterday", "", 422, "42210000", "invalid after"},
    {"GET", "/v2/orders?x=%zz", "", 400, "40010000", "the query is not valid percent-encoding"},
    {"GET", "/v2/positions/AAPL", "", 404, "40410000", "position does not exist"},
    {"DELETE", "/v2/positions/AAPL", "", 404, "40410000", "position does not exist"},
    {"GET", "/v2/assets/NOPE", "", 404, "40410000", "asset not found for NOPE"},
  };
  Client c;
  c.opened();
  for (const auto& row : rows) {
    CAPTURE(row.method, row.target, row.body);
    const auto no = c.json(row.method, row.target, row.body, row.status);
    REQUIRE(no.find("code") != nullptr);
    CHECK(no.find("code")->is_number());
    CHECK(no.find("code")->text == row.code);
    CHECK(text(no, "message") == row.message);
  }
  CHECK(c.send("GET", "/v2/nowhere").status == 404);
  CHECK(c.send("PUT", "/v2/orders").status == 405);
}

TEST_CASE("the extra members of a refusal are in its body") {
  Client c;
  c.opened();
  c.order(bracket_buy);
  const auto no =
    c.post("/v2/orders", R"({"symbol":"AAPL","qty":"4","side":"sell","type":"market","time_in_force":"day"})", 403);
  CHECK(text(no, "available") == "0");
  CHECK(text(no, "existing_qty") == "10");
  CHECK(text(no, "held_for_orders") == "10");
  CHECK(no.find("related_orders")->items.size() == 1);
  const auto close = c.json("DELETE", "/v2/positions/AAPL", {}, 403);
  CHECK(text(close, "message") == "insufficient qty available for order (requested: 10, available: 0)");
  CHECK(close.find("related_orders") == nullptr);
  CHECK(c.post("/v2/orders", bracket_buy, 422).find("code")->text == "40010001");
}

TEST_CASE("credentials and limits") {
  auto options = Client::plain();
  options.wire.requests_per_minute = 3;
  Client c{options};
  net::HttpRequest bare{"GET", "/v2/clock", {}, {}};
  CHECK(c.core->handle(bare, c.real).status == 403);
  bare.headers = {{"APCA-API-KEY-ID", "heed"}, {"APCA-API-SECRET-KEY", "wrong"}};
  const auto wrong = c.core->handle(bare, c.real);
  CHECK(wrong.status == 401);
  CHECK(wrong.body == R"({"message":"unauthorized"})");

  for (int left = 2; left >= 0; --left) {
    const auto ok = c.send("GET", "/v2/clock");
    CHECK(ok.status == 200);
    CHECK(net::header(ok.headers, "X-RateLimit-Limit") == "3");
    CHECK(net::header(ok.headers, "X-RateLimit-Remaining") == std::to_string(left));
    CHECK(net::header(ok.headers, "X-RateLimit-Reset") ==
          std::to_string(std::chrono::duration_cast<std::chrono::seconds>(c.real.time_since_epoch()).count() + 60));
  }
  const auto over = c.send("GET", "/v2/clock");
  CHECK(over.status == 429);
  CHECK(over.body == R"({"code":42910000,"message":"rate limit exceeded"})");
  CHECK(c.send("GET", "/v2/stocks/quotes/latest?symbols=AAPL").status == 200);  // market data counts for itself
  c.real += std::chrono::minutes{1};
  CHECK(c.send("GET", "/v2/clock").status == 200);
}

TEST_CASE("positions: signs, what is available, and closing a part") {
  Client c;
  c.opened();
  c.order(market_buy);
  c.order(R"({"symbol":"MSFT","qty":"4","side":"sell","type":"market","time_in_force":"day"})");
  c.order(R"({"symbol":"AAPL","qty":"3","side":"sell","type":"limit","limit_price":"120","time_in_force":"gtc"})");
  c.post("/sim/price", R"({"symbol":"AAPL","price":"102"})", 200);
  c.post("/sim/price", R"({"symbol":"MSFT","price":"51"})", 200);
  const auto all = c.get("/v2/positions");
  REQUIRE(all.items.size() == 2);
  const auto lng = c.get("/v2/positions/AAPL");
  CHECK(text(lng, "qty") == "10");
  CHECK(text(lng, "qty_available") == "7");
  CHECK(text(lng, "avg_entry_price") == "100");
  CHECK(text(lng, "market_value") == "1020");
  CHECK(text(lng, "unrealized_pl") == "20");
  CHECK(text(lng, "unrealized_plpc") == "0.02");
  const auto sht = c.get("/v2/positions/MSFT");
  CHECK(text(sht, "side") == "short");
  CHECK(text(sht, "qty") == "-4");
  CHECK(text(sht, "market_value") == "-204");
  CHECK(text(sht, "cost_basis") == "-200");
  CHECK(text(sht, "unrealized_pl") == "-4");
  CHECK(c.json("DELETE", "/v2/positions/AAPL?qty=1&percentage=50", {}, 422).find("code") != nullptr);
  CHECK(c.json("DELETE", "/v2/positions/AAPL?percentage=101", {}, 422).find("code") != nullptr);
  const auto half = c.json("DELETE", "/v2/positions/AAPL?percentage=55", {}, 200);
  CHECK(text(half, "qty") == "5");
  CHECK(text(half, "type") == "market");
  CHECK(text(half, "side") == "sell");
  CHECK(text(c.get("/v2/positions/AAPL"), "qty") == "5");
  const auto id = text(c.get("/v2/positions/AAPL"), "asset_id");
  CHECK(text(c.get("/v2/positions/" + id), "symbol") == "AAPL");
}

TEST_CASE("cancel-all and close-all answer 207, item by item") {
  Client c;
  c.opened();
  c.order(bracket_buy);
  const auto refused = c.json("DELETE", "/v2/positions", {}, 207);
  REQUIRE(refused.items.size() == 1);
  CHECK(refused.items[0].find("status")->text == "403");
  CHECK(text(*refused.items[0].find("body"), "held_for_orders") == "10");
  const auto canceled = c.json("DELETE", "/v2/orders", {}, 207);
  REQUIRE(canceled.items.size() == 1);
  CHECK(canceled.items[0].find("status")->text == "200");
  CHECK(c.get("/v2/orders?status=open").items.empty());
  c.order(R"({"symbol":"AAPL","qty":"10","side":"sell","type":"limit","limit_price":"120","time_in_force":"gtc"})");
  const auto closed = c.json("DELETE", "/v2/positions?cancel_orders=true", {}, 207);
  REQUIRE(closed.items.size() == 1);
  CHECK(closed.items[0].find("status")->text == "200");
  CHECK(text(*closed.items[0].find("body"), "side") == "sell");
  CHECK(c.get("/v2/positions").items.empty());
  const auto id = text(c.get("/v2/orders?status=all&limit=1").items[0], "id");
  const auto late = c.json("DELETE", "/v2/orders/" + id, {}, 422);
  CHECK(text(late, "message") == "order is already in \"filled\" state");
}

TEST_CASE("DELETE of an order is 204 and empty; PATCH gives the new order") {
  Client c;
  c.opened();
  const auto made =
    c.order(R"({"symbol":"AAPL","qty":"10","side":"buy","type":"limit","limit_price":"90","time_in_force":"day"})");
  const auto id = text(made, "id");
  const auto next = c.json("PATCH", "/v2/orders/" + id, R"({"limit_price":"91","client_order_id":"two"})", 200);
  CHECK(text(next, "replaces") == id);
  CHECK(text(next, "status") == "pending_new");
  CHECK(text(next, "client_order_id") == "two");
  const auto old = c.get("/v2/orders/" + id);
  CHECK(text(old, "status") == "replaced");
  CHECK(text(old, "replaced_by") == text(next, "id"));
  const auto gone = c.send("DELETE", "/v2/orders/" + text(next, "id"));
  CHECK(gone.status == 204);
  CHECK(gone.body.empty());
  CHECK(text(c.get("/v2/orders/" + text(next, "id")), "status") == "canceled");
}

TEST_CASE("the account, with and without the keys of the old day-trade rule") {
  Client c;
  c.opened();
  c.order(market_buy);
  const auto account = c.get("/v2/account");
  CHECK(text(account, "status") == "ACTIVE");
  CHECK(text(account, "cash") == "99000");
  CHECK(text(account, "equity") == "100000");
  CHECK(text(account, "buying_power") == "199000");
  CHECK(text(account, "multiplier") == "2");
  CHECK(account.find("trading_blocked")->kind == net::Json::Kind::boolean);
  CHECK(account.find("shorting_enabled")->boolean);
  CHECK_FALSE(keys(account).contains("pattern_day_trader"));
  auto options = Client::plain();
  options.wire.day_trade_keys = true;
  Client old{options};
  const auto before = old.get("/v2/account");
  for (const char* key : {"pattern_day_trader", "daytrade_count", "daytrading_buying_power"})
    CHECK(keys(before).contains(key));
}

TEST_CASE("clock, calendar and assets") {
  Client c;
  const auto closed = c.get("/v2/clock");
  CHECK(text(closed, "timestamp") == "2020-03-04T09:00:00-05:00");
  CHECK_FALSE(closed.find("is_open")->boolean);
  CHECK(text(closed, "next_open") == "2020-03-04T09:30:00-05:00");
  CHECK(text(closed, "next_close") == "2020-03-04T16:00:00-05:00");
  c.opened();
  const auto open = c.get("/v2/clock");
  CHECK(open.find("is_open")->boolean);
  CHECK(text(open, "next_open") == "2020-03-05T09:30:00-05:00");
  const auto days = c.get("/v2/calendar?start=2020-11-25&end=2020-11-28");
  REQUIRE(days.items.size() == 2);
  CHECK(c.get("/v2/calendar?start=2020-11-25T00:00:00.000Z&end=2020-11-28T00:00:00.000Z").items.size() == 2);
  CHECK(text(days.items[0], "close") == "16:00");
  CHECK(text(days.items[1], "date") == "2020-11-27");
  CHECK(text(days.items[1], "open") == "09:30");
  CHECK(text(days.items[1], "close") == "13:00");
  CHECK(text(days.items[1], "session_open") == "0400");
  CHECK(text(days.items[1], "session_close") == "1700");
  const auto asset = c.get("/v2/assets/AAPL");
  CHECK(text(asset, "class") == "us_equity");
  CHECK(asset.find("tradable")->boolean);
  CHECK(c.get("/v2/assets?status=active&asset_class=us_equity").items.size() == 2);
  CHECK(c.get("/v2/assets?asset_class=crypto").items.empty());
}

TEST_CASE("activities come a page at a time, newest first, each once") {
  Client c;
  c.opened();
  for (int i = 0; i < 5; ++i)
    c.order(R"({"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"day"})");
  std::set<std::string> seen;
  std::string token;
  for (int page = 0; page < 4; ++page) {
    const auto items =
      c.get("/v2/account/activities/FILL?page_size=2" + (token.empty() ? "" : "&page_token=" + token)).items;
    CHECK(items.size() == (page < 2 ? 2U : page == 2 ? 1U : 0U));
    for (const auto& item : items) {
      CHECK(text(item, "activity_type") == "FILL");
      CHECK(text(item, "type") == "fill");
      CHECK(text(item, "price") == "100");
      token = text(item, "id");
      CHECK(token.substr(0, 19) == "20200304143100000::");
      CHECK(seen.insert(token).second);
    }
  }
  CHECK(seen.size() == 5);
  CHECK(c.get("/v2/account/activities?activity_types=DIV").items.empty());
  c.get("/v2/account/activities?page_size=101", 422);
}

TEST_CASE("market data: numbers, zero without a quote, pages over symbols") {
  Client c;
  const auto none = c.get("/v2/stocks/quotes/latest?symbols=AAPL");
  CHECK(none.find("quotes")->find("AAPL")->find("ap")->text == "0");
  c.opened();
  const auto quote = *c.get("/v2/stocks/quotes/latest?symbols=AAPL,NOPE").find("quotes");
  CHECK(quote.members.size() == 1);
  CHECK(quote.find("AAPL")->find("ap")->is_number());
  CHECK(quote.find("AAPL")->find("ap")->text == "100");
  c.post("/sim/advance", R"({"to":"2020-03-04T14:33:30Z"})", 200);
  CHECK(text(*c.get("/v2/stocks/AAPL/quotes/latest").find("quote"), "t") == "2020-03-04T14:33:30Z");
  c.post("/sim/price", R"({"symbol":"AAPL","price":"101.5"})", 200);
  CHECK(c.get("/v2/stocks/AAPL/trades/latest").find("trade")->find("p")->text == "101.5");
  const auto bars = c.get("/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=1Min&limit=2&start=2020-03-04");
  CHECK(bars.find("bars")->find("AAPL")->items.size() == 2);
  CHECK(bars.find("bars")->find("MSFT") == nullptr);
  const auto token = text(bars, "next_page_token");
  const auto rest =
    c.get("/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=1Min&limit=2&start=2020-03-04&page_token=" + token);
  CHECK(rest.find("bars")->find("MSFT")->items.size() == 1);
  CHECK(rest.find("next_page_token")->is_null());
  const auto day = c.get("/v2/stocks/AAPL/bars?timeframe=1Day");
  REQUIRE(day.find("bars")->items.size() == 1);
  CHECK(text(day.find("bars")->items[0], "t") == "2020-03-04T05:00:00Z");
  CHECK(day.find("bars")->items[0].find("h")->text == "101.5");
  const auto snapshot = c.get("/v2/stocks/snapshots?symbols=AAPL").find("AAPL");
  REQUIRE(snapshot != nullptr);
  c.get("/v2/stocks/AAPL/bars?timeframe=7Day", 400);
  c.get("/v2/stocks/bars?timeframe=1Day", 400);
}

TEST_CASE("the ledger: everything since the start, in its own arithmetic") {
  Client c;
  c.opened();
  c.order(bracket_buy);
  const auto working = c.get("/sim/ledger?orders=working");
  REQUIRE(working.find("orders")->items.size() == 2);  // the stop too, which waits for its sibling
  CHECK(text(working.find("orders")->items[1], "status") == "held");
  CHECK(working.find("executions") == nullptr);
  CHECK(text(working.find("positions")->items[0], "qty") == "10");
  c.post("/sim/price", R"({"symbol":"AAPL","price":"112"})", 200);
  CHECK(c.get("/sim/ledger?orders=working").find("orders")->items.empty());
  const auto ledger = c.get("/sim/ledger");
  CHECK(text(ledger, "opening_cash") == "100000");
  CHECK(text(ledger, "cash") == "100120");
  CHECK(text(ledger, "realized_pl") == "120");
  CHECK(ledger.find("orders")->items.size() == 3);
  REQUIRE(ledger.find("executions")->items.size() == 2);
  CHECK(text(ledger.find("executions")->items[1], "price") == "112");
  CHECK(text(ledger.find("positions")->items[0], "qty") == "0");
}

TEST_CASE("the sim's control refuses what it cannot do, and says which field") {
  Client c;
  const std::pair<const char*, const char*> rows[] = {
    {"/sim/advance {}", "to: must be an RFC 3339 instant, not before 2020-03-04T14:00:00.000000Z"},
    {"/sim/advance {\"to\":\"2020-03-04T13:00:00Z\"}",
     "to: must be an RFC 3339 instant, not before 2020-03-04T14:00:00.000000Z"},
    {"/sim/price {\"symbol\":\"aapl\",\"price\":1}",
     "symbol: must be A-Z, 0-9, '.', '-', '/', at most 23 characters"},
    {"/sim/price {\"symbol\":\"AAPL\",\"price\":0}", "price: must be a positive decimal"},
    {"/sim/halt {\"symbol\":\"AAPL\"}", "halted: must be true or false"},
    {"/sim/split {\"symbol\":\"AAPL\",\"to\":-1}",
     "to: new shares (to) for old ones (from, 1 when absent) must be positive decimals"},
    {"/sim/faults {\"rules\":[{\"kind\":\"x\"}]}", ""},
    {"/sim/faults {\"rules\":[{\"kind\":\"drop\",\"pathh\":\"x\"}]}", "rules[0]: unknown key pathh"},
    {"/sim/faults {\"rules\":[{\"kind\":\"drop\",\"path\":\"(\"}]}", ""},
    {"/sim/faults {\"rules\":[{\"kind\":\"server_error\",\"status\":200}]}", "rules[0]: status must be 500 to 599"},
  };
  for (const auto& [row, message] : rows) {
    const std::string line = row;
    const auto space = line.find(' ');
    const auto no = c.post(line.substr(0, space), line.substr(space + 1), 422);
    if (*message != '\0')
      CHECK(text(no, "message") == message);
  }
  CHECK(c.post("/sim/halt", R"({"symbol":"NOPE","halted":true})", 404).find("message") != nullptr);
  auto running = Client::plain();
  running.stepped = false;
  Client r{running};
  r.post("/sim/advance", R"({"to":"2020-03-04T15:00:00Z"})", 409);
}

TEST_CASE("several keys are several accounts in one market") {
  auto options = Client::plain();
  options.engine.accounts = {AccountOptions{}, AccountOptions{5000_d, 1, false}};
  options.wire.credentials = {{"heed", "heed"}, {"two", "secret"}};
  Client c{options};
  c.opened();
  const auto made = c.order(market_buy);
  const net::HttpRequest other{
    "GET", "/v2/orders/" + text(made, "id"), {{"APCA-API-KEY-ID", "two"}, {"APCA-API-SECRET-KEY", "secret"}}, {}};
  CHECK(c.core->handle(other, c.real).status == 404);
  CHECK(c.get("/sim/ledger").find("accounts")->items.size() == 2);
  CHECK(text(c.get("/sim/ledger").find("accounts")->items[1], "cash") == "5000");
}
