// The order stream from socket to sink: log-in, losses, legs that nobody has named yet, races inside a bracket.
#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca_test;
using std::chrono::milliseconds;

namespace {

const std::string listing = "GET /v2/orders?status=all&nested=true";
const std::string group = "GET /v2/orders/" + entry_id + "?nested=true";

OrderJson filled_target() {
  auto leg = target_leg("filled", "10");
  leg.average = "160";
  return leg;
}

}  // namespace

TEST_CASE("the link is up only when the subscription is confirmed") {
  Bench bench;
  bench.start();
  REQUIRE(bench.orders_stream->attempts.size() == 1);
  CHECK(bench.orders_stream->now().target == "/stream");
  bench.orders_stream->open();
  auto& sent = bench.orders_stream->now().socket->sent;
  REQUIRE(sent.size() == 1);
  CHECK(sent[0] == R"({"action":"auth","key":"PKTESTKEY","secret":"very-secret-words"})");
  const bool binary = GENERATE(true, false);
  bench.orders_stream->say(R"({"stream":"authorization","data":{"status":"authorized","action":"authenticate"}})",
                           binary);
  REQUIRE(sent.size() == 2);
  CHECK(sent[1] == R"({"action":"listen","data":{"streams":["trade_updates"]}})");
  CHECK(bench.links.empty());
  bench.orders_stream->say(R"({"stream":"listening","data":{"streams":["trade_updates"]}})", binary);
  REQUIRE(bench.links.size() == 1);
  CHECK(bench.links[0].first);
}

TEST_CASE("whatever ends a session takes the link down and reconnects") {
  struct Row {
    const char* message;
    const char* why;
  };
  const auto row = GENERATE(
    Row{R"({"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}})", "unauthorized"},
    Row{R"({"stream":"authorization","data":{"status":"unauthorized","action":"listen"}})", "unauthorized"},
    Row{R"({"stream":"listening","data":{"streams":[]}})", "trade_updates refused"},
    Row{R"({"action":"error","data":{"error_message":"internal server error"}})", "internal server error"},
    Row{"{\"stream\":\"trade_upd", "unreadable"}, Row{"", "unreadable"},
    Row{R"({"stream":"trade_updates","data":{"event":"fill"}})", "unreadable"},
    Row{R"({"stream":"trade_updates","data":{}})", "unreadable"});
  Bench bench;
  bench.start_up();
  bench.orders_stream->say(row.message);
  REQUIRE(bench.links.size() == 2);
  CHECK_FALSE(bench.links[1].first);
  CHECK_THAT(bench.links[1].second, Catch::Contains(row.why));
  CHECK(bench.orders_stream->attempts[0].socket->closed);
  bench.timers->advance(milliseconds{250});
  REQUIRE(bench.orders_stream->attempts.size() == 2);
  bench.log_in();
  CHECK(bench.links.back().first);
}

TEST_CASE("a message that is not for us changes nothing") {
  const auto text =
    GENERATE(as<std::string>{}, R"({"stream":"account_updates","data":{"x":1}})", R"({"hello":1})", "[]",
             R"({"stream":"trade_updates","data":{"event":"new","order":{"order_class":"mleg"}}})");
  Bench bench;
  bench.start_up();
  bench.orders_stream->say(text);
  CHECK(bench.links.size() == 1);
  CHECK(bench.reports.empty());
}

TEST_CASE("an unknown status on the stream is loud: written down, and the session ends") {
  Bench bench;
  bench.start_up();
  OrderJson order;
  order.status = "levitating";
  bench.orders_stream->say(update_json("new", order));
  CHECK(bench.reports.empty());
  REQUIRE(bench.calls.size() == 1);
  CHECK(bench.calls[0].method == "STREAM");
  CHECK_THAT(bench.calls[0].error, Catch::Contains("levitating"));
  CHECK_FALSE(bench.links.back().first);
}

TEST_CASE("an update about an order of ours is told at once") {
  Bench bench;
  bench.start_up();
  OrderJson order;
  order.status = "partially_filled";
  order.filled_qty = "4";
  order.average = "150.01";
  bench.orders_stream->say(update_json("partial_fill", order, fill_members("150.01", "4", "4")), true);
  REQUIRE(bench.reports.size() == 1);
  const auto& report = bench.reports[0];
  CHECK(report.client_order_id == entry_name);
  CHECK(report.status == OrderStatus::partially_filled);
  CHECK(report.cum_qty == Decimal{4});
  REQUIRE(report.execution);
  CHECK(report.execution->last_px == dec("150.01"));
  CHECK(report.at == at("2026-08-03T14:31:02.5Z"));
  CHECK(bench.trading->sent.empty());
  // Not our business to drop what comes twice: the books know an execution by its id.
  bench.orders_stream->say(update_json("partial_fill", order, fill_members("150.01", "4", "4")));
  CHECK(bench.reports.size() == 2);
}

TEST_CASE("an unknown kind of event still tells the order's state") {
  Bench bench;
  bench.start_up();
  bench.orders_stream->say(update_json("teleported", OrderJson{}));
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].status == OrderStatus::accepted);
}

TEST_CASE("an update about a leg waits until a listing names it, and is told then") {
  Bench bench;
  bench.start_up();
  bench.trading->holding = true;
  bench.trading->on(listing, answer(200, array({bracket("filled", "new", "held").str()})));
  bench.orders_stream->say(update_json("new", target_leg("new")));
  bench.orders_stream->say(update_json("held", stop_leg()));
  CHECK(bench.reports.empty());
  CHECK(bench.trading->count(listing) == 1);  // one look-up for both
  CHECK_THAT(bench.trading->last().target, Catch::Contains("symbols=AAPL"));
  bench.trading->release();
  REQUIRE(bench.reports.size() == 2);
  CHECK(bench.reports[0].client_order_id == target_name);
  CHECK(bench.reports[1].client_order_id == stop_name);
  CHECK(bench.reports[1].status == OrderStatus::held);
}

TEST_CASE("while the order is being submitted its answer names the legs") {
  Bench bench;
  bench.start_up();
  bench.trading->holding = true;
  bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
  int answers = 0;
  bench.venue->submit(bracket_order(), [&](auto) { ++answers; });
  bench.orders_stream->say(update_json("held", stop_leg()));
  CHECK(bench.reports.empty());
  CHECK(bench.trading->sent.size() == 1);
  bench.trading->release();
  CHECK(answers == 1);
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == stop_name);
  CHECK(bench.trading->sent.size() == 1);
}

TEST_CASE("a submit whose answer was lost does not leave its legs' updates behind") {
  Bench bench;
  bench.start_up();
  bench.trading->holding = true;
  bench.trading->on("POST /v2/orders", timeout());
  bench.trading->on(listing, answer(200, array({bracket("filled", "new", "held").str()})));
  bench.venue->submit(bracket_order(), [](auto) {});
  bench.orders_stream->say(update_json("held", stop_leg()));
  bench.trading->release();
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == stop_name);
}

TEST_CASE("a look-up that fails is repeated until it succeeds; nothing is lost") {
  Bench bench;
  bench.start_up();
  bench.trading->on(listing, {timeout(), answer(500, ""), answer(429, ""), answer(200, "garbage"),
                              answer(200, array({bracket("filled", "new", "held").str()}))});
  bench.orders_stream->say(update_json("held", stop_leg()));
  CHECK(bench.reports.empty());
  bench.timers->advance(milliseconds{60'000});
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == stop_name);
  CHECK(bench.trading->count(listing) == 5);
}

TEST_CASE("a stranger's order is told as foreign, once a listing has nothing to say about it") {
  Bench bench;
  bench.start_up();
  OrderJson order;
  order.client_order_id = "8a4b1f0e-1111-2222-3333-444455556666";
  bench.trading->on(listing, answer(200, array({order.str()})));
  bench.orders_stream->say(update_json("new", order));
  REQUIRE(bench.reports.size() == 1);
  CHECK_FALSE(bench.reports[0].ours);
  CHECK(bench.reports[0].client_order_id.view() == order.client_order_id);
  bench.orders_stream->say(update_json("canceled", order));
  CHECK(bench.reports.size() == 2);
  CHECK(bench.trading->count(listing) == 1);
}

TEST_CASE("a grouped order is a stranger's only after two looks: a listing may lag behind the stream") {
  Bench bench;
  bench.start_up();
  SECTION("the second look explains it") {
    bench.trading->on(listing, {answer(200, "[]"), answer(200, array({bracket("filled", "new", "held").str()}))});
    bench.orders_stream->say(update_json("held", stop_leg()));
    CHECK(bench.reports.empty());
    bench.timers->advance(milliseconds{1000});
    REQUIRE(bench.reports.size() == 1);
    CHECK(bench.reports[0].client_order_id == stop_name);
  }
  SECTION("nothing explains it") {
    bench.trading->on(listing, answer(200, "[]"));
    bench.orders_stream->say(update_json("held", stop_leg()));
    CHECK(bench.reports.empty());
    bench.timers->advance(milliseconds{1000});
    REQUIRE(bench.reports.size() == 1);
    CHECK_FALSE(bench.reports[0].ours);
    bench.timers->advance(milliseconds{60'000});
    CHECK(bench.trading->count(listing) == 2);
  }
}

TEST_CASE("an update that comes during a look-up is not judged by it") {
  Bench bench;
  bench.start_up();
  bench.trading->holding = true;
  bench.trading->on(listing, {answer(200, "[]"), answer(200, array({bracket("filled", "new", "held").str()}))});
  OrderJson stranger;
  stranger.client_order_id = "8a4b1f0e-1111-2222-3333-444455556666";
  stranger.id = other_id;
  bench.orders_stream->say(update_json("new", stranger));
  auto leg = stop_leg();
  leg.order_class = "";
  bench.orders_stream->say(update_json("held", leg));
  bench.trading->release();
  CHECK(bench.reports.size() == 1);
  bench.timers->advance(milliseconds{1000});
  REQUIRE(bench.reports.size() == 2);
  CHECK(bench.reports[1].client_order_id == stop_name);
}

TEST_CASE("the target fills: the stop's end, of which the stream says nothing, is asked for") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
  REQUIRE(bench.submit(bracket_order()));
  // The venue needs a moment to take the stop away.
  bench.trading->on(group, {answer(200, bracket("filled", "filled", "held").str()), timeout(),
                            answer(200, bracket("filled", "filled", "canceled").str())});
  bench.orders_stream->say(update_json("fill", filled_target(), fill_members("160", "10", "0")));
  REQUIRE_FALSE(bench.reports.empty());
  CHECK(bench.reports[0].client_order_id == target_name);
  CHECK(bench.reports[0].execution);
  CHECK(of(bench.reports, stop_name)->status == OrderStatus::held);
  bench.timers->advance(milliseconds{1000});
  CHECK(of(bench.reports, stop_name)->status == OrderStatus::canceled);
  CHECK(bench.trading->count(group) == 3);
  bench.timers->advance(milliseconds{60'000});
  CHECK(bench.trading->count(group) == 3);
}

TEST_CASE("the stop fills: the target is `replaced` at the venue and canceled in our words") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
  REQUIRE(bench.submit(bracket_order()));
  bench.trading->on(group, answer(200, bracket("filled", "replaced", "filled").str()));
  bench.orders_stream->say(update_json("replaced", target_leg("replaced")));
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == target_name);
  CHECK(bench.reports[0].status == OrderStatus::canceled);
  auto stop = stop_leg("filled");
  stop.filled_qty = "10";
  stop.average = "145.4";
  bench.orders_stream->say(update_json("fill", stop, fill_members("145.4", "10", "0")));
  CHECK(bench.reports[1].client_order_id == stop_name);
  CHECK(bench.reports[1].status == OrderStatus::filled);
  CHECK(bench.trading->count(group) == 1);
  for (const auto& report : bench.reports)
    CHECK(report.status != OrderStatus::replaced);
}

TEST_CASE("fills of a leg in quick succession are confirmed after the last") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
  REQUIRE(bench.submit(bracket_order()));
  bench.trading->on(group, {answer(200, bracket("filled", "partially_filled", "held").str()),
                            answer(200, bracket("filled", "filled", "canceled").str())});
  bench.trading->holding = true;
  auto part = target_leg("partially_filled", "4");
  bench.orders_stream->say(update_json("partial_fill", part, fill_members("160", "4", "6")));
  bench.orders_stream->say(update_json("fill", filled_target(), fill_members("160", "6", "0")));
  CHECK(bench.trading->count(group) == 1);
  bench.trading->release();
  CHECK(bench.trading->count(group) == 2);
  CHECK(of(bench.reports, stop_name)->status == OrderStatus::canceled);
}

TEST_CASE("a group that never settles is given up after a while, and written down") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
  REQUIRE(bench.submit(bracket_order()));
  bench.trading->on(group, timeout());
  bench.orders_stream->say(update_json("fill", filled_target(), fill_members("160", "10", "0")));
  bench.timers->advance(milliseconds{600'000});
  CHECK(bench.trading->count(group) == 9);
  CHECK_THAT(bench.calls.back().error, Catch::Contains("could not be confirmed"));
}

TEST_CASE("a leg replaced by the venue goes on under its name") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket("filled", "new", "new").str()));
  REQUIRE(bench.submit(bracket_order()));
  auto old = stop_leg("replaced");
  old.replaced_by = other_id;
  auto fresh = stop_leg("new");
  fresh.id = other_id;
  fresh.client_order_id = "aaaaaaaa-55a2-4f43-b0a3-6b3a4c9d2e02";
  fresh.replaces = stop_id;
  fresh.qty = "6";
  auto now = bracket("filled", "new", "new");
  now.legs[1] = fresh;
  bench.trading->on(listing, answer(200, array({now.str()})));
  const bool old_first = GENERATE(true, false);
  bench.orders_stream->say(old_first ? update_json("replaced", old) : update_json("new", fresh));
  bench.orders_stream->say(old_first ? update_json("new", fresh) : update_json("replaced", old));
  bench.timers->advance(milliseconds{5000});
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == stop_name);
  CHECK(bench.reports[0].venue_order_id == VenueOrderId{other_id});
  CHECK(bench.reports[0].quantity == Decimal{6});
}

TEST_CASE("a stopped adapter says nothing more and can be started again") {
  Bench bench;
  bench.start_up();
  bench.venue->stop();
  bench.orders_stream->say(update_json("new", OrderJson{}));
  bench.timers->advance(milliseconds{120'000});
  CHECK(bench.reports.empty());
  CHECK(bench.orders_stream->attempts.size() == 1);
  bench.start();
  REQUIRE(bench.orders_stream->attempts.size() == 2);
  bench.log_in();
  bench.orders_stream->say(update_json("new", OrderJson{}));
  CHECK(bench.reports.size() == 1);
}

TEST_CASE("watched quotes: log in, subscribe, fold, change, subscribe again after a loss") {
  Bench bench;
  bench.start();
  CHECK(bench.data_stream->attempts.empty());  // nothing watched
  bench.venue->watch_quotes({"AAPL", "MSFT"});
  REQUIRE(bench.data_stream->attempts.size() == 1);
  CHECK(bench.data_stream->now().target == "/v2/iex");
  const auto log_in = [&] {
    bench.data_stream->open();
    bench.data_stream->say(R"([{"T":"success","msg":"connected"}])");
    bench.data_stream->say(R"([{"T":"success","msg":"authenticated"}])");
  };
  log_in();
  auto& sent = bench.data_stream->now().socket->sent;
  REQUIRE(sent.size() == 2);
  CHECK(sent[0] == R"({"action":"auth","key":"PKTESTKEY","secret":"very-secret-words"})");
  CHECK(sent[1] == R"({"action":"subscribe","quotes":["AAPL","MSFT"],"trades":["AAPL","MSFT"]})");
  bench.data_stream->say(R"([{"T":"subscription","trades":["AAPL"],"quotes":["AAPL"]}])");
  bench.data_stream->say(
    R"([{"T":"q","S":"AAPL","bx":"V","bp":150.01,"bs":1,"ax":"V","ap":150.03,"as":2,"t":"2026-08-03T14:31:00.5Z"},)"
    R"({"T":"t","S":"AAPL","p":150.02,"s":5,"t":"2026-08-03T14:31:00.4Z"},)"
    R"({"T":"q","S":"TSLA","bp":1,"ap":2,"t":"2026-08-03T14:31:00Z"}])");
  REQUIRE(bench.quotes.size() == 2);
  CHECK(bench.quotes[1].bid == dec("150.01"));
  CHECK(bench.quotes[1].ask == dec("150.03"));
  CHECK(bench.quotes[1].last == dec("150.02"));
  CHECK(bench.quotes[1].at == at("2026-08-03T14:31:00.5Z"));

  bench.venue->watch_quotes({"MSFT", "NVDA"});
  REQUIRE(sent.size() == 4);
  CHECK(sent[2] == R"({"action":"unsubscribe","quotes":["AAPL"],"trades":["AAPL"]})");
  CHECK(sent[3] == R"({"action":"subscribe","quotes":["NVDA"],"trades":["NVDA"]})");
  bench.data_stream->say(R"([{"T":"error","code":405,"msg":"symbol limit exceeded"}])");
  CHECK(bench.data_stream->attempts.size() == 1);
  bench.data_stream->say(R"([{"T":"error","code":407,"msg":"slow client"}])");
  CHECK(bench.data_stream->attempts[0].socket->closed);
  bench.timers->advance(milliseconds{250});
  REQUIRE(bench.data_stream->attempts.size() == 2);
  log_in();
  CHECK(bench.data_stream->now().socket->sent.back() ==
        R"({"action":"subscribe","quotes":["MSFT","NVDA"],"trades":["MSFT","NVDA"]})");
  CHECK(bench.links.empty());  // the order stream's affair only
}

TEST_CASE("a market message that cannot be read is written down and changes no quote") {
  const auto text = GENERATE(as<std::string>{}, "garbage", "{}",
                             R"([{"T":"q","S":"AAPL","bp":"x","ap":1,"t":"2026-08-03T14:31:00Z"}])",
                             R"([{"T":"q","S":"AAPL","bp":1,"ap":2,"t":"never"}])", R"([{"T":"q","bp":1,"ap":2}])");
  Bench bench;
  bench.start();
  bench.venue->watch_quotes({"AAPL"});
  bench.data_stream->open();
  bench.data_stream->say(text);
  CHECK(bench.quotes.empty());
  CHECK(bench.calls.size() == 1);
}

TEST_CASE("symbols watched before the start are subscribed after it") {
  Bench bench;
  bench.venue->watch_quotes({"AAPL"});
  CHECK(bench.data_stream->attempts.empty());
  bench.start();
  CHECK(bench.data_stream->attempts.size() == 1);
}
