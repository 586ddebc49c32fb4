#include "support/gateway.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Fixture = GatewayFixture;
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("gateway: an order goes out once and its reports come back to the portfolio", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.send(entry("NVDA", 1));
  CHECK(f.venue->calls == Texts{"submit " + entry("NVDA", 1).client_order_id.str()});
  const auto reports = f.told->inputs<OrderReport>();
  REQUIRE(reports.size() == 2);  // the answer, and the stream
  CHECK(reports[0].client_order_id == entry("NVDA", 1).client_order_id);
  CHECK(f.told->news[0].symbol == Symbol{"NVDA"});
  CHECK(f.journal.telemetry->orders_sent == 1);
  CHECK(f.unfinished() == 0);
  f.system.advance(seconds{600});
  CHECK(f.venue->calls.size() == 1);
}

TEST_CASE("gateway: exits and cancels before questions before entries", "[actors][gateway]") {
  Fixture f;
  f.policy.in_flight_max = 1;
  f.venue->fates["submit"] = {Fate::later()};
  f.start();
  f.send(entry("AAA", 1));  // occupies the line
  f.send_together(entry("BBB", 2), QueryOrderNow{"heed1.s.en.cccccccccccccccc", {}, "CCC"}, stop_order("DDD", 4),
                  cancel("EEE", 5), QueryPositionNow{"FFF"}, stop_order("GGG", 6));
  CHECK(f.venue->calls.size() == 1);
  CHECK(f.journal.telemetry->broker_queue == 6);
  f.venue->answer_held();
  f.system.run();
  CHECK(f.venue->calls == Texts{"submit " + entry("AAA", 1).client_order_id.str(),
                                "submit " + stop_order("DDD", 4).client_order_id.str(),
                                "cancel " + cancel("EEE", 5).client_order_id.str(),
                                "submit " + stop_order("GGG", 6).client_order_id.str(),
                                "query_order heed1.s.en.cccccccccccccccc", "query_position FFF",
                                "submit " + entry("BBB", 2).client_order_id.str()});
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: who asks faster than the venue may be asked gets answers all the same", "[actors][gateway]") {
  Fixture f;
  f.policy.requests_per_minute = 60;
  f.policy.reserve_per_minute = 0;
  f.start();
  const QueryOrderNow question{"heed1.s.cl.cccccccccccccccc", {}, "AAA"};
  for (int i = 0; i < 500; ++i) {
    f.send(question);
    if (i == 400)
      f.send_together(QueryPositionNow{"AAA"}, QueryPositionNow{"AAA"});
    f.system.advance(milliseconds{100});
  }
  CHECK(f.venue->count("query_order") > 20);
  CHECK(f.venue->count("query_position") == 1);
  f.system.advance(seconds{2});
  CHECK(f.journal.telemetry->broker_queue == 0);
  f.send(question);  // asked anew, since the last one has left
  f.system.advance(seconds{2});
  CHECK(f.venue->calls.back() == "query_order heed1.s.cl.cccccccccccccccc");
  CHECK(f.unfinished() == 0);
}

TEST_CASE("gateway: the rate limit keeps a reserve for exits", "[actors][gateway]") {
  Fixture f;
  f.policy.requests_per_minute = 60;
  f.policy.reserve_per_minute = 20;
  f.start();
  f.system.advance(seconds{60});  // full
  for (int i = 0; i < 50; ++i)
    f.system.send(f.gateway, entry("E" + std::to_string(i), i));
  f.system.run();
  CHECK(f.venue->submits.size() == 40);  // 60 less the reserve
  for (int i = 0; i < 15; ++i)
    f.system.send(f.gateway, QueryPositionNow{Symbol{"Q" + std::to_string(i)}});
  f.system.run();
  CHECK(f.venue->count("query_position") == 10);  // half of the reserve
  for (int i = 0; i < 15; ++i)
    f.system.send(f.gateway, stop_order("X" + std::to_string(i), i));
  f.system.run();
  CHECK(f.venue->submits.size() == 50);  // the other half; five wait
  CHECK(f.journal.telemetry->broker_queue == 20);

  // A token a second: exits first, then questions, then entries.
  f.system.advance(seconds{6});
  CHECK(f.venue->submits.size() == 55);
  f.system.advance(seconds{60});
  CHECK(f.venue->count("query_position") == 15);
  f.system.advance(seconds{60});
  CHECK(f.venue->submits.size() == 65);
  CHECK(f.journal.telemetry->broker_queue == 0);
}

TEST_CASE("gateway: a start begins with the reserve, since the last process may have used the rest up",
          "[actors][gateway]") {
  Fixture f;
  f.policy.requests_per_minute = 60;
  f.policy.reserve_per_minute = 10;
  f.start();
  for (int i = 0; i < 12; ++i)
    f.system.send(f.gateway, stop_order("X" + std::to_string(i), i));
  f.system.send(f.gateway, entry("NVDA", 1));
  f.system.run();
  CHECK(f.venue->submits.size() == 10);
  f.system.advance(seconds{3});
  CHECK(f.venue->submits.size() == 12);
  f.system.advance(seconds{11});
  CHECK(f.venue->submits.back() == entry("NVDA", 1));  // the reserve is there again, and one more
}

TEST_CASE("gateway: every question counts against the limit, market data against its own", "[actors][gateway]") {
  Fixture f;
  f.policy.requests_per_minute = 60;
  f.policy.reserve_per_minute = 6;
  f.policy.data_requests_per_minute = 60;
  f.start();
  std::vector<std::string> answers;
  const auto ask = [&](auto question) {
    f.system.send(f.gateway, std::move(question));
    f.system.run();
  };
  ask(VenueSnapshotQuery{friday_10});  // three of the six, and three stay for exits
  CHECK(f.venue->count("query_orders") == 1);
  ask(InstrumentQuery{"NVDA"});
  CHECK(f.venue->count("query_instrument") == 0);
  ask(stop_order("AAPL", 1));  // an exit need not wait for it
  CHECK(f.venue->submits.size() == 1);
  for (const char* symbol : {"A", "B", "C", "D", "E", "F", "G"})
    ask(QuoteQuery{symbol});
  CHECK(f.venue->count("query_quote") == 6);
  f.system.advance(milliseconds{1'500});
  CHECK(f.venue->count("query_quote") == 7);
  f.system.advance(seconds{2});
  CHECK(f.venue->count("query_instrument") == 1);
  CHECK(f.unfinished() == 0);
  CHECK(f.journal.telemetry->rates().count("paper") == 1);
  CHECK(f.journal.telemetry->rates().count("paper:market_data") == 1);
}

TEST_CASE("gateway: what the venue says is left counts for more than what was counted here", "[actors][gateway]") {
  Fixture f;
  f.policy.requests_per_minute = 60;
  f.policy.reserve_per_minute = 0;
  f.start();
  f.system.advance(seconds{60});
  f.venue->tell_usage({false, 3});  // someone else uses the same key
  f.system.run();
  for (int i = 0; i < 5; ++i)
    f.system.send(f.gateway, stop_order("X" + std::to_string(i), i));
  f.system.run();
  CHECK(f.venue->submits.size() == 3);
  f.system.advance(seconds{3});
  CHECK(f.venue->submits.size() == 5);
  // Requests that the venue port made beyond those let out (further pages of a list) are charged as well.
  f.system.advance(seconds{9});
  for (int i = 0; i < 10; ++i)
    f.venue->tell_usage({false, {}});
  f.system.run();
  f.send(stop_order("Y", 9));
  CHECK(f.venue->submits.size() == 5);
  f.system.advance(seconds{2});
  CHECK(f.venue->submits.size() == 6);
}

TEST_CASE("gateway: a question that the venue turned away closes the gate, and is answered in words",
          "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["query_quote"] = {Fate::too_many(7)};
  const auto told = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK_FALSE(told.known);
  CHECK(told.why == "the venue says: too many requests; it is asked again in 7 s");
  CHECK(f.journal.telemetry->rate_limited == 1);
  f.system.send(f.gateway, QuoteQuery{"AAPL"});
  f.send(stop_order("AAPL", 2));  // another limit
  CHECK(f.venue->count("query_quote") == 1);
  CHECK(f.venue->submits.size() == 1);
  f.system.advance(seconds{8});
  CHECK(f.venue->count("query_quote") == 2);
  f.venue->fates["query_account"] = {Fate::too_many(3)};
  CHECK(f.system.answer<VenueSnapshot>(f.gateway, VenueSnapshotQuery{friday_10}).why ==
        "account: the venue says: too many requests; it is asked again in 3 s");
  f.send(stop_order("MSFT", 3));
  CHECK(f.venue->submits.size() == 1);
  f.system.advance(seconds{4});
  CHECK(f.venue->submits.size() == 2);
}

TEST_CASE("gateway: questions are answered with what is, what is not, and what could not be told",
          "[actors][gateway]") {
  Fixture f;
  f.start();
  f.send(entry("NVDA", 1));
  f.told->news.clear();
  f.send(QueryOrderNow{entry("NVDA", 1).client_order_id, {}, "NVDA"});
  CHECK(f.told->inputs<OrderReport>().size() == 1);
  f.send(QueryOrderNow{entry("NVDA", 2).client_order_id, {}, "NVDA"});
  REQUIRE(f.told->inputs<OrderNotFound>().size() == 1);
  CHECK(f.told->inputs<OrderNotFound>()[0].order == entry("NVDA", 2).client_order_id);
  f.venue->fates["query_order"] = {Fate::lost()};
  f.send(QueryOrderNow{entry("NVDA", 1).client_order_id, {}, "NVDA"});
  REQUIRE(f.told->inputs<AskAgain>().size() == 1);
  f.send(QueryPositionNow{"NVDA"});
  REQUIRE(f.told->inputs<PositionReport>().size() == 1);
  CHECK(f.told->inputs<PositionReport>()[0].quantity == Quantity{});
  f.venue->fates["query_position"] = {Fate::lost()};
  f.send(QueryPositionNow{"NVDA"});
  CHECK(f.told->inputs<AskAgain>().back().order.empty());
}

TEST_CASE("gateway: a snapshot is complete, or says what is missing", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.send(entry("NVDA", 1));
  f.venue->move_position("AAPL", Quantity{5});
  const auto since = friday_10 - std::chrono::hours{24};
  const auto whole = f.system.answer<VenueSnapshot>(f.gateway, VenueSnapshotQuery{since});
  CHECK(whole.complete);
  CHECK(whole.orders.size() == 1);
  REQUIRE(whole.positions.size() == 1);
  CHECK(whole.positions[0].quantity == Quantity{5});
  CHECK(whole.account.equity == Money{100'000});
  CHECK(f.venue->asked_since == since);

  const auto* missing = GENERATE("query_orders", "query_positions", "query_account");
  f.venue->fates[missing] = {Fate::lost()};
  const auto part = f.system.answer<VenueSnapshot>(f.gateway, VenueSnapshotQuery{since});
  CHECK_FALSE(part.complete);
  CHECK(part.why == std::string{missing}.substr(6) + ": no answer");
}

TEST_CASE("gateway: quotes are asked for, then taken from the stream while they are young", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->set_price("NVDA", "120");
  auto got = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK(got.known);
  CHECK(got.quote.ask == Price{120});
  CHECK(f.venue->watched == std::set<Symbol>{"NVDA"});
  f.venue->tell_quote(Quote{"NVDA", Price{121}, Price{122}, Price{121}, f.system.clock->now()});
  got = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK(got.quote.ask == Price{122});
  CHECK(f.venue->count("query_quote") == 1);
  f.venue->tell_quote(Quote{"NVDA", Price{1}, Price{1}, Price{1}, f.system.clock->now() - seconds{9}});  // older
  got = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK(got.quote.ask == Price{122});
  f.system.advance(seconds{2});
  got = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK(got.quote.ask == Price{120});
  CHECK(f.venue->count("query_quote") == 2);
  f.venue->fates["query_quote"] = {Fate::lost()};
  f.system.advance(seconds{2});
  got = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"NVDA"});
  CHECK_FALSE(got.known);
  CHECK(got.why == "no answer");
}

TEST_CASE("gateway: prices that are asked for while others are on their way go together", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->always["query_quote"] = Fate::later();
  f.venue->one_sided = {"E"};
  std::vector<std::shared_ptr<TestSystem::Asked<QuoteAnswer>>> asked;
  for (const auto* symbol : {"A", "B", "C", "D", "E", "C", "A"})
    asked.push_back(f.system.ask<QuoteAnswer>(f.gateway, QuoteQuery{symbol}));
  f.system.run();
  const auto quotes_asked = [&] {
    std::vector<std::string> out;
    for (const auto& call : f.venue->calls)
      if (call.starts_with("query_quote"))
        out.push_back(call);
    return out;
  };
  CHECK(quotes_asked() == std::vector<std::string>{"query_quote A", "query_quote B"});
  const auto answered = [&] {
    std::string out;
    for (const auto& question : asked)
      out += !question->answer ? '.' : question->answer->known ? 'y' : 'n';
    return out;
  };
  CHECK(answered() == ".......");

  SECTION("answered: the rest in one question, and what it did not tell alone") {
    f.venue->answer_held();
    f.system.run();
    CHECK(quotes_asked() ==
          std::vector<std::string>{"query_quote A", "query_quote B", "query_quotes C,D,E", "query_quote E"});
    CHECK(answered() == "yyyy.yy");
    f.venue->answer_held();
    f.system.run();
    CHECK(answered() == "yyyyyyy");
  }
  SECTION("not answered: told to each") {
    f.venue->fates["query_quotes"] = {Fate::lost()};
    f.venue->answer_held();
    f.system.run();
    CHECK(answered() == "yynnnny");
    CHECK(asked[4]->answer->why == "no answer");
  }
  f.venue->always.clear();
  const auto again = f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{"Z"});
  CHECK(again.known);
}

TEST_CASE("gateway: a watched symbol makes room when it has not been asked about for a minute", "[actors][gateway]") {
  Fixture f;
  f.policy.watched_symbols_max = 2;
  f.start();
  const auto ask = [&](const char* symbol) { f.system.answer<QuoteAnswer>(f.gateway, QuoteQuery{symbol}); };
  for (const auto* symbol : {"A", "B", "C"})
    ask(symbol);
  CHECK(f.venue->watched == std::set<Symbol>{"A", "B"});
  f.system.advance(seconds{40});
  ask("A");
  f.system.advance(seconds{40});
  ask("C");
  CHECK(f.venue->watched == std::set<Symbol>{"A", "C"});
  ask("B");
  CHECK(f.venue->watched == std::set<Symbol>{"A", "C"});
}

TEST_CASE("gateway: instruments are remembered for half a day", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["query_instrument"] = {Fate::lost()};
  CHECK_FALSE(f.system.answer<InstrumentAnswer>(f.gateway, InstrumentQuery{"NVDA"}).known);
  CHECK(f.system.answer<InstrumentAnswer>(f.gateway, InstrumentQuery{"NVDA"}).known);
  CHECK(f.system.answer<InstrumentAnswer>(f.gateway, InstrumentQuery{"NVDA"}).instrument.tradable);
  CHECK(f.venue->count("query_instrument") == 2);
  f.system.clock->set(friday_10 + std::chrono::hours{13});
  f.system.answer<InstrumentAnswer>(f.gateway, InstrumentQuery{"NVDA"});
  CHECK(f.venue->count("query_instrument") == 3);
}

TEST_CASE("gateway: the stream's news go to the portfolio, the link's to the reconciler", "[actors][gateway]") {
  Fixture f;
  f.start();
  REQUIRE(f.reconciler->links.size() == 1);
  CHECK(f.reconciler->links[0].up);
  f.venue->link(false, "connection lost");
  f.system.run();
  CHECK_FALSE(f.reconciler->links.back().up);
  CHECK(f.reconciler->links.back().why == "connection lost");
  OrderReport report;
  report.client_order_id = "heed1.s.en.aaaaaaaaaaaaaaaa";
  report.symbol = "NVDA";
  f.venue->tell_order(report);
  f.system.run();
  CHECK(f.told->inputs<OrderReport>().size() == 1);
}

TEST_CASE("gateway: every call to the broker is kept", "[actors][gateway]") {
  Fixture f;
  f.start();
  BrokerCallRow row;
  row.account = "paper";
  row.method = "POST";
  row.target = "/v2/orders";
  row.status = 200;
  row.at = friday_10;
  f.venue->tell_call(row);
  f.system.advance(milliseconds{2});
  const auto rows = all(f.journal.reader().broker_calls(everything()));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].target == "/v2/orders");
}

TEST_CASE("gateway: while the daemon stops, exits go on and entries stay in the journal", "[actors][gateway]") {
  Fixture f;
  f.policy.in_flight_max = 1;
  f.venue->fates["submit"] = {Fate::later()};
  f.start();
  f.send(stop_order("AAA", 1));
  f.send(entry("BBB", 2));  // waits its turn
  f.send(Drain{});
  f.send_together(entry("CCC", 3), stop_order("DDD", 4), cancel("EEE", 5));
  f.venue->answer_held();
  f.system.run();
  CHECK(f.venue->submits == std::vector<SubmitOrder>{stop_order("AAA", 1), stop_order("DDD", 4)});
  CHECK(f.venue->cancels.size() == 1);
  CHECK(f.told->inputs<OrderRefused>().empty());
  CHECK(f.unfinished() == 0);  // nothing keeps the daemon from ending
}

TEST_CASE("gateway: an answer that never comes leaves the others alone", "[actors][gateway]") {
  Fixture f;
  f.start();
  f.venue->fates["submit"] = {Fate::never()};
  f.send(entry("NVDA", 1));
  f.send(entry("AAPL", 2));
  CHECK(f.venue->submits.size() == 2);
  CHECK(f.journal.telemetry->broker_calls_out == 1);
  CHECK(f.system.inspect(f.gateway).find("\"in_flight\":1") != std::string::npos);
}

TEST_CASE("every actor tells what waits in its mailbox, outside of its interface", "[actors][gateway]") {
  Fixture f;
  f.start();
  const auto outside = caf::actor_cast<caf::actor>(f.gateway);
  f.system.send(outside, MailboxProbe{f.journal.telemetry, "gateway:paper"});
  f.system.send(f.gateway, QueryPositionNow{"AAA"});
  f.system.send(f.gateway, QueryPositionNow{"BBB"});
  CHECK(f.journal.telemetry->may_probe("gateway:paper", f.gateway->id()));
  CHECK_FALSE(f.journal.telemetry->may_probe("gateway:paper", f.gateway->id()));  // not answered yet
  f.system.run();
  CHECK(f.journal.telemetry->mailbox_depths().at("gateway:paper") == 2);
  CHECK(f.journal.telemetry->may_probe("gateway:paper", f.gateway->id()));
  CHECK(f.venue->count("query_position") == 2);
}
