// Queries: orders by name and by id, complete listings, fills, positions, account, clock, instruments, quotes.
#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca_test;
using Reports = std::vector<OrderReport>;

namespace {

const std::string listing = "GET /v2/orders?status=all&nested=true";
const std::string fills_page = "GET /v2/account/activities/FILL";

std::string by_name(const ClientOrderId& name) {
  return "GET /v2/orders:by_client_order_id?client_order_id=" + name.str();
}
std::string by_id(const std::string& id) { return "GET /v2/orders/" + id + "?nested=true"; }

/// Orders of ours at one microsecond's distance, from number `first` on.
std::vector<std::string> many(int first, int count, const char* same_time = nullptr) {
  std::vector<std::string> orders;
  for (int i = first; i < first + count; ++i) {
    OrderJson order;
    order.id = "id-" + std::to_string(i);
    order.client_order_id = "person-" + std::to_string(i);
    order.submitted_at =
      same_time != nullptr ? same_time : to_rfc3339(at("2026-08-03T14:30:00Z") + std::chrono::microseconds{i});
    orders.push_back(order.str());
  }
  return orders;
}

std::string fill_json(const std::string& id, const std::string& order, const std::string& cum = "10") {
  return R"({"activity_type":"FILL","cum_qty":")" + cum + R"(","id":")" + id + R"(","leaves_qty":"0","order_id":")" +
         order + R"(","order_status":"filled","price":"150.01","qty":"6","side":"buy","symbol":"AAPL",)" +
         R"("transaction_time":"2026-08-03T14:31:02.5Z","type":"fill"})";
}

}  // namespace

TEST_CASE("query by name: the order with its legs") {
  Bench bench;
  auto flat = bracket("filled", "new", "held");
  flat.legs.clear();
  bench.trading->on(by_name(entry_name), answer(200, flat.str()));
  bench.trading->on(by_id(entry_id), answer(200, bracket("filled", "new", "held").str()));
  const auto result = bench.query(entry_name);
  REQUIRE(result);
  REQUIRE(result.value().size() == 3);
  CHECK(result.value()[0].client_order_id == entry_name);
  CHECK(of(result.value(), stop_name)->status == OrderStatus::held);
}

TEST_CASE("query by name: a plain order needs no second call") {
  Bench bench;
  bench.trading->on(by_name(entry_name), answer(200, OrderJson{}.str()));
  REQUIRE(bench.query(entry_name));
  CHECK(bench.trading->sent.size() == 1);
}

TEST_CASE("query of a derived leg name goes through its parent") {
  Bench bench;
  SECTION("leg of a bracket") {
    bench.trading->on(by_name(stop_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(200, bracket("filled", "new", "held").str()));
    const auto result = bench.query(stop_name);
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == stop_name);
    CHECK(result.value().at(0).venue_order_id == VenueOrderId{stop_id});
  }
  SECTION("stop of an OCO pair") {
    OrderJson target = target_leg("new");
    target.client_order_id = target_name.str();
    target.order_class = "oco";
    target.legs = {stop_leg()};
    bench.trading->on(by_name(stop_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(404, not_found));
    bench.trading->on(by_name(target_name), answer(200, target.str()));
    const auto result = bench.query(stop_name);
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == stop_name);
  }
  SECTION("a leg that was replaced: the parent lists its successor alone") {
    auto group = bracket("filled", "filled", "canceled");
    group.legs[1].id = other_id;
    group.legs[1].client_order_id = "heed1.momo.sl.zzzzzzzzzzzzzzzz";
    group.legs[1].replaces = "33333333-55a2-4f43-b0a3-6b3a4c9d2e02";
    auto second = stop_leg("replaced");
    second.id = group.legs[1].replaces;
    second.client_order_id = "heed1.momo.sl.yyyyyyyyyyyyyyyy";
    second.replaces = stop_id;
    second.replaced_by = other_id;
    auto first = stop_leg("replaced");
    first.replaced_by = second.id;
    bench.trading->on(by_name(stop_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(200, group.str()));
    bench.trading->on(by_id(second.id), answer(200, second.str()));
    bench.trading->on(by_id(stop_id), answer(200, first.str()));
    bench.trading->on(by_id(other_id), answer(200, group.legs[1].str()));
    const auto result = bench.query(stop_name);
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == stop_name);
    CHECK(result.value().at(0).venue_order_id == VenueOrderId{stop_id});
    CHECK(result.value().at(0).status == OrderStatus::replaced);
    CHECK(result.value().at(0).replaced_by == ClientOrderId{"heed1.momo.sl.yyyyyyyyyyyyyyyy"});
  }
  SECTION("a leg that was replaced time and again") {
    const auto id_of = [](int n) {
      return "4444444" + std::to_string(n / 100) + "-55a2-4f43-b0a3-6b3a4c9d2e" + std::to_string(n / 10 % 10) +
             std::to_string(n % 10);
    };
    const auto chain = [&](int length) {
      auto group = bracket("filled", "filled", "canceled");
      group.legs[1].id = other_id;
      group.legs[1].client_order_id = "heed1.momo.sl.zzzzzzzzzzzzzzzz";
      group.legs[1].replaces = id_of(length);
      bench.trading->on(by_name(stop_name), answer(404, not_found));
      bench.trading->on(by_name(target_name), answer(404, not_found));
      bench.trading->on(by_name(entry_name), answer(200, group.str()));
      bench.trading->on(by_id(other_id), answer(200, group.legs[1].str()));
      for (int n = length; n > 0; --n) {
        auto one = stop_leg("replaced");
        one.id = id_of(n);
        one.client_order_id = "heed1.momo.sl." + std::string(14, 'y') + char('a' + n / 26) + char('a' + n % 26);
        one.replaced_by = n == length ? other_id : id_of(n + 1);
        one.replaces = n == 1 ? stop_id : id_of(n - 1);
        bench.trading->on(by_id(one.id), answer(200, one.str()));
      }
      auto first = stop_leg("replaced");
      first.replaced_by = id_of(1);
      return first;
    };
    SECTION("is found at the end of the walk") {
      bench.trading->on(by_id(stop_id), answer(200, chain(40).str()));
      const auto result = bench.query(stop_name);
      REQUIRE(result);
      CHECK(result.value().at(0).client_order_id == stop_name);
      CHECK(result.value().at(0).status == OrderStatus::replaced);
    }
    SECTION("without an end: no proof that it never was") {
      bench.trading->on(by_id(stop_id), answer(200, chain(150).str()));
      CHECK(bench.query(stop_name).error().code == "incomplete");
    }
    SECTION("with a gap: no proof either") {
      static_cast<void>(chain(3));
      bench.trading->on(by_id(stop_id), answer(404, not_found));
      CHECK(bench.query(stop_name).error().code == "incomplete");
    }
  }
  SECTION("the parent is there but has no such leg") {
    bench.trading->on(by_name(target_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(200, OrderJson{}.str()));
    const auto result = bench.query(target_name);
    REQUIRE(result);
    CHECK(result.value().empty());
  }
  SECTION("asking for the parent fails") {
    bench.trading->on(by_name(stop_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(502, ""));
    const auto result = bench.query(stop_name);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
  }
}

TEST_CASE("query: absent, refused and unknown are three things") {
  Bench bench;
  SECTION("404 is an empty value") {
    bench.trading->on(by_name(entry_name), answer(404, not_found));
    const auto result = bench.query(entry_name);
    REQUIRE(result);
    CHECK(result.value().empty());
  }
  SECTION("a proxy's 404 proves nothing") {
    bench.trading->on(by_name(entry_name), answer(404, "<html>nothing here</html>"));
    CHECK(bench.query(entry_name).error().kind == ErrorKind::unknown);
  }
  SECTION("keys revoked") {
    bench.trading->on(by_name(entry_name), answer(401, R"({"message":"unauthorized"})"));
    CHECK(bench.query(entry_name).error().code == "401");
  }
  SECTION("too many requests") {
    bench.trading->on(by_name(entry_name), answer(429, "", {{"Retry-After", "3"}}));
    CHECK(bench.query(entry_name).error().detail == "3");
  }
  SECTION("time-out") {
    bench.trading->on(by_name(entry_name), timeout());
    CHECK(bench.query(entry_name).error().code == "timeout");
  }
  SECTION("an answer about another order") {
    OrderJson other;
    other.client_order_id = close_name.str();
    bench.trading->on(by_name(entry_name), answer(200, other.str()));
    CHECK(bench.query(entry_name).error().code == "unreadable");
  }
}

TEST_CASE("query by the venue's id") {
  Bench bench;
  SECTION("of a leg: the caller's pair names it") {
    bench.trading->on(by_id(stop_id), answer(200, stop_leg("new").str()));
    const auto result = bench.query(stop_name, VenueOrderId{stop_id});
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == stop_name);
    CHECK(bench.trading->sent.size() == 1);
  }
  SECTION("an id that the venue does not know: the name decides") {
    bench.trading->on(by_id(other_id), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(200, OrderJson{}.str()));
    const auto result = bench.query(entry_name, VenueOrderId{other_id});
    REQUIRE(result);
    CHECK(result.value().size() == 1);
  }
  SECTION("another order came back") {
    bench.trading->on(by_id(other_id), answer(200, OrderJson{}.str()));
    CHECK(bench.query(entry_name, VenueOrderId{other_id}).error().code == "unreadable");
  }
}

TEST_CASE("query follows an order that was replaced behind our back") {
  Bench bench;
  OrderJson old;
  old.status = "replaced";
  old.replaced_by = other_id;
  OrderJson fresh;
  fresh.id = other_id;
  fresh.client_order_id = "aaaaaaaa-55a2-4f43-b0a3-6b3a4c9d2e02";
  fresh.replaces = entry_id;
  bench.trading->on(by_name(entry_name), answer(200, old.str()));
  SECTION("by a person: it goes on under the name") {
    bench.trading->on(by_id(other_id), answer(200, fresh.str()));
    const auto result = bench.query(entry_name);
    REQUIRE(result);
    REQUIRE(result.value().size() == 1);
    CHECK(result.value()[0].client_order_id == entry_name);
    CHECK(result.value()[0].venue_order_id == VenueOrderId{other_id});
    CHECK(result.value()[0].status == OrderStatus::accepted);
  }
  SECTION("by us, before a restart: it ended, and names its successor") {
    fresh.client_order_id = "heed1.momo.en.zzzzzzzzzzzzzzzz";
    bench.trading->on(by_id(other_id), answer(200, fresh.str()));
    const auto result = bench.query(entry_name);
    REQUIRE(result);
    REQUIRE(result.value().size() == 2);
    CHECK(result.value()[0].client_order_id == entry_name);
    CHECK(result.value()[0].status == OrderStatus::replaced);
    CHECK(result.value()[0].replaced_by == ClientOrderId{"heed1.momo.en.zzzzzzzzzzzzzzzz"});
  }
  SECTION("the successor cannot be had: no half answer") {
    bench.trading->on(by_id(other_id), timeout());
    CHECK_FALSE(bench.query(entry_name));
  }
  SECTION("a circle ends") {
    auto circle = fresh;
    circle.status = "replaced";
    circle.replaced_by = other_id;
    bench.trading->on(by_id(other_id), answer(200, circle.str()));
    bench.trading->on(listing, answer(200, "[]"));
    const auto result = bench.query(entry_name);
    REQUIRE_FALSE(result);  // an empty value would say that there is no such order
    CHECK(result.error().kind == ErrorKind::unknown);
    CHECK(bench.trading->sent.size() < 20);
  }
}

TEST_CASE("a listing walks pages to the end, overlapping and without doubles") {
  Bench bench;
  bench.config.order_page_size = 4;
  bench.make();
  bench.trading->on(listing,
                    {answer(200, array(many(0, 4))), answer(200, array(many(3, 4))), answer(200, array(many(6, 1)))});
  const auto since = at("2026-08-03T14:30:00Z");
  const auto result = bench.ask<Reports>([&](auto done) { bench.venue->query_orders(since, done); });
  REQUIRE(result);
  REQUIRE(result.value().size() == 7);
  CHECK(result.value()[6].client_order_id == ClientOrderId{"person-6"});
  const auto target = [&](std::size_t i) { return bench.trading->sent.at(i).request.target; };
  CHECK_THAT(target(0), Catch::Contains("after=2026-08-03T14%3A29%3A59.999999Z"));
  CHECK_THAT(target(0), Catch::Contains("limit=4"));
  CHECK_THAT(target(1), Catch::Contains("after=2026-08-03T14%3A30%3A00.000002Z"));
  CHECK_THAT(target(2), Catch::Contains("after=2026-08-03T14%3A30%3A00.000005Z"));
}

TEST_CASE("orders of one instant fill whole pages: the walk goes on by their ids") {
  Bench bench;
  bench.config.order_page_size = 4;
  bench.make();
  const char* same = "2026-08-03T14:30:00.5Z";
  bench.trading->on(listing + "&direction=asc&limit=4&after=", answer(200, array(many(0, 4, same))));
  bench.trading->on(listing + "&direction=asc&limit=4&after_order_id=id-3", answer(200, array(many(4, 4, same))));
  bench.trading->on(listing + "&direction=asc&limit=4&after_order_id=id-7", answer(200, array(many(8, 2, same))));
  const auto result =
    bench.ask<Reports>([&](auto done) { bench.venue->query_orders(at("2026-08-03T14:30:00Z"), done); });
  REQUIRE(result);
  CHECK(result.value().size() == 10);
  CHECK(bench.trading->count(listing) >= 4);
}

TEST_CASE("a listing that is not complete is an error, never a short value") {
  Bench bench;
  bench.config.order_page_size = 4;
  bench.make();
  const auto ask = [&] {
    return bench.ask<Reports>([&](auto done) { bench.venue->query_orders(at("2026-08-03T14:30:00Z"), done); });
  };
  SECTION("the second page fails") {
    const auto failure = GENERATE(0, 1, 2, 3);
    const std::vector<Result<net::HttpResponse>> failures{timeout(), answer(429, ""), answer(500, ""),
                                                          answer(200, array(many(3, 4)).substr(0, 300))};
    bench.trading->on(listing, {answer(200, array(many(0, 4))), failures[static_cast<std::size_t>(failure)]});
    CHECK_FALSE(ask());
  }
  SECTION("one order of the page is not understood") {
    OrderJson odd;
    odd.status = "levitating";
    bench.trading->on(listing, answer(200, array({OrderJson{}.str(), odd.str()})));
    const auto result = ask();
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
    CHECK_THAT(result.error().detail, Catch::Contains("levitating"));
  }
  SECTION("the same page again and again") {
    bench.trading->on(listing, answer(200, array(many(0, 4, "2026-08-03T14:30:00.5Z"))));
    const auto result = ask();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == "incomplete");
  }
  SECTION("pages in the wrong direction") {
    auto page = many(0, 4);
    std::reverse(page.begin(), page.end());
    bench.trading->on(listing, {answer(200, array(page)), answer(200, array(page))});
    CHECK(ask().error().code == "incomplete");
  }
}

TEST_CASE("legs count for the length of a page") {
  Bench bench;
  bench.config.order_page_size = 3;
  bench.make();
  // The venue may count legs before it nests them: such a page could have been cut, and is not taken as the last.
  bench.trading->on(listing + "&direction=asc&limit=3&after=", answer(200, array({bracket().str()})));
  bench.trading->on(listing + "&direction=asc&limit=3&after_order_id=" + entry_id, answer(200, "[]"));
  const auto result =
    bench.ask<Reports>([&](auto done) { bench.venue->query_orders(at("2026-08-03T14:30:00Z"), done); });
  REQUIRE(result);
  CHECK(result.value().size() == 3);
  CHECK(bench.trading->count(listing) == 3);
}

TEST_CASE("a leg whose parent is older than the listing is looked up, not given away as foreign") {
  Bench bench;
  bench.trading->on(listing, {answer(200, array({stop_leg("filled").str()})),
                              answer(200, array({bracket("filled", "canceled", "filled").str()}))});
  const auto result =
    bench.ask<Reports>([&](auto done) { bench.venue->query_orders(at("2026-08-03T14:30:00Z"), done); });
  REQUIRE(result);
  REQUIRE(result.value().size() == 1);
  CHECK(result.value()[0].client_order_id == stop_name);
  CHECK_THAT(bench.trading->last().target, Catch::Contains("symbols=AAPL"));
}

TEST_CASE("open orders of a symbol include the held stop of a filled entry, and nothing that is over") {
  Bench bench;
  OrderJson over;
  over.id = other_id;
  over.client_order_id = close_name.str();
  over.status = "canceled";
  bench.trading->on(listing, answer(200, array({bracket("filled", "new", "held").str(), over.str()})));
  const auto result = bench.ask<Reports>([&](auto done) { bench.venue->query_open_orders("AAPL", done); });
  REQUIRE(result);
  REQUIRE(result.value().size() == 2);
  CHECK(of(result.value(), target_name)->status == OrderStatus::accepted);
  CHECK(of(result.value(), stop_name)->status == OrderStatus::held);
  CHECK_THAT(bench.trading->last().target, Catch::Contains("&symbols=AAPL"));
  CHECK_THAT(bench.trading->last().target, Catch::Contains("after=2026-04-25T"));  // a GTC order's life
  bench.trading->on(listing, timeout());
  CHECK_FALSE(bench.ask<Reports>([&](auto done) { bench.venue->query_open_orders("AAPL", done); }));
}

TEST_CASE("fills come under our names, page by page") {
  Bench bench;
  bench.config.activity_page_size = 2;
  bench.make();
  bench.trading->on(
    fills_page, {answer(200, array({fill_json("20260803::e1", entry_id, "4"), fill_json("20260803::e2", entry_id)})),
                 answer(200, array({fill_json("20260803::e3", stop_id)}))});
  bench.trading->on(listing, answer(200, array({bracket("filled", "canceled", "filled").str()})));
  const auto since = at("2026-08-03T14:30:00Z");
  const auto ask = [&] { return bench.ask<Reports>([&](auto done) { bench.venue->query_fills(since, done); }); };
  const auto result = ask();
  REQUIRE(result);
  REQUIRE(result.value().size() == 3);
  CHECK(result.value()[0].client_order_id == entry_name);
  CHECK(result.value()[0].cum_qty == Decimal{4});
  REQUIRE(result.value()[0].execution);
  CHECK(result.value()[0].execution->execution_id == ExecutionId{"e1"});
  CHECK(result.value()[2].client_order_id == stop_name);
  CHECK(result.value()[2].leg == Leg::stop_loss);
  CHECK_THAT(bench.trading->sent.at(1).request.target, Catch::Contains("page_token=20260803%3A%3Ae2"));
  CHECK(bench.trading->count(listing) == 1);
}

TEST_CASE("fills: strangers' are told as such, older ones left out, trouble is an error") {
  Bench bench;
  bench.config.activity_page_size = 2;
  bench.make();
  auto since = at("2026-08-03T14:30:00Z");
  const auto ask = [&] { return bench.ask<Reports>([&](auto done) { bench.venue->query_fills(since, done); }); };
  SECTION("a stranger's") {
    OrderJson foreign;
    foreign.id = other_id;
    foreign.client_order_id = "person-1";
    bench.trading->on(fills_page, answer(200, array({fill_json("20260803::e1", other_id)})));
    bench.trading->on(listing, answer(200, array({foreign.str()})));
    REQUIRE(ask());
    const auto result = ask();
    REQUIRE(result);
    CHECK_FALSE(result.value().at(0).ours);
    CHECK(result.value().at(0).client_order_id == ClientOrderId{"person-1"});
    CHECK(bench.trading->count(listing) == 1);  // asked once
  }
  SECTION("older than asked for") {
    since = at("2026-08-03T14:40:00Z");
    bench.trading->on(fills_page, answer(200, array({fill_json("20260803::e1", entry_id)})));
    REQUIRE(ask());
    CHECK(ask().value().empty());
  }
  SECTION("the same page again") {
    bench.trading->on(fills_page, answer(200, array({fill_json("a::e1", entry_id), fill_json("a::e2", entry_id)})));
    CHECK(ask().error().code == "incomplete");
  }
  SECTION("the owner cannot be found out") {
    bench.trading->on(fills_page, answer(200, array({fill_json("20260803::e1", other_id)})));
    bench.trading->on(listing, timeout());
    CHECK_FALSE(ask());
  }
  SECTION("a page fails") {
    bench.trading->on(fills_page, answer(500, ""));
    CHECK(ask().error().kind == ErrorKind::unknown);
  }
}

TEST_CASE("the venue's 404 on a position is flat; nothing else is") {
  Bench bench;
  const std::string position = "GET /v2/positions/AAPL";
  const auto ask = [&] {
    return bench.ask<PositionReport>([&](auto done) { bench.venue->query_position("AAPL", done); });
  };
  bench.trading->on(position, answer(404, R"({"code":40410000,"message":"position does not exist"})"));
  auto result = ask();
  REQUIRE(result);
  CHECK(result.value().quantity.is_zero());
  CHECK(result.value().symbol == Symbol{"AAPL"});
  CHECK(result.value().at == bench.clock->time);
  for (const auto& bad : std::vector<Result<net::HttpResponse>>{
         timeout(), answer(500, ""), answer(200, "{}"), answer(200, ""), answer(404, "<html>"), answer(404, "{}")}) {
    bench.trading->on(position, bad);
    result = ask();
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
  }
  const std::string held =
    R"({"symbol":"AAPL","qty":"3","qty_available":"1","avg_entry_price":"150","side":"long","market_value":null})";
  bench.trading->on(position, answer(200, held));
  result = ask();
  REQUIRE(result);
  CHECK(result.value().quantity == Decimal{3});
  CHECK(result.value().available == Decimal{1});
  bench.trading->on("GET /v2/positions", answer(200, "[" + held + "]"));
  const auto all = bench.ask<std::vector<PositionReport>>([&](auto done) { bench.venue->query_positions(done); });
  REQUIRE(all);
  CHECK(all.value().at(0).at == bench.clock->time);
}

TEST_CASE("account, clock and instruments") {
  Bench bench;
  bench.trading->on("GET /v2/account",
                    answer(200, R"({"status":"ACTIVE","equity":"5","cash":"4","buying_power":"8"})"));
  const auto account = bench.ask<AccountReport>([&](auto done) { bench.venue->query_account(done); });
  REQUIRE(account);
  CHECK(account.value().at == bench.clock->time);
  CHECK(account.value().account == AccountId{"paper"});
  bench.trading->on("GET /v2/clock", answer(200, R"({"timestamp":"2026-08-03T10:31:00-04:00","is_open":true,)"
                                                 R"("next_open":"2026-08-04T09:30:00-04:00",)"
                                                 R"("next_close":"2026-08-03T16:00:00-04:00"})"));
  CHECK(bench.ask<VenueClock>([&](auto done) { bench.venue->query_clock(done); }).value().is_open);
  bench.trading->on("GET /v2/assets/BTC%2FUSD", answer(404, R"({"code":40410000,"message":"asset not found"})"));
  const auto none = bench.ask<Instrument>([&](auto done) { bench.venue->query_instrument("BTC/USD", done); });
  REQUIRE(none);
  CHECK_FALSE(none.value().tradable);
  CHECK(none.value().symbol == Symbol{"BTC/USD"});
  bench.trading->on("GET /v2/assets/AAPL", answer(200, R"({"symbol":"AAPL","status":"active","tradable":true})"));
  CHECK(bench.ask<Instrument>([&](auto done) { bench.venue->query_instrument("AAPL", done); }).value().tradable);
  bench.trading->on("GET /v2/assets/AAPL", answer(503, ""));
  CHECK_FALSE(bench.ask<Instrument>([&](auto done) { bench.venue->query_instrument("AAPL", done); }));
}

TEST_CASE("quotes of several symbols are one question; those that are not full are left out") {
  Bench bench;
  const std::vector<Symbol> symbols{"AAPL", "BRK.B", "MSFT", "ZZZ"};
  const auto ask = [&] {
    return bench.ask<std::vector<Quote>>([&](auto done) { bench.venue->query_quotes(symbols, done); });
  };
  bench.data->on("GET /v2/stocks/quotes/latest?symbols=AAPL,BRK.B,MSFT,ZZZ&feed=iex",
                 {answer(200, R"({"quotes":{"AAPL":{"t":"2026-08-03T14:31:00Z","ap":150.03,"bp":150.01},
                                            "BRK.B":{"t":"2026-08-03T14:31:00Z","ap":0,"bp":480.5},
                                            "MSFT":{"t":"2026-08-03T14:30:00Z","ap":500.2,"bp":500.1}}})"),
                  answer(429, "")});
  const auto quotes = ask();
  REQUIRE(quotes);
  REQUIRE(quotes.value().size() == 2);
  CHECK(quotes.value()[0].symbol == "AAPL");
  CHECK(quotes.value()[0].ask == dec("150.03"));
  CHECK(quotes.value()[1].symbol == "MSFT");
  CHECK(quotes.value()[1].bid == dec("500.1"));
  const auto refused = ask();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::not_sent);
}

TEST_CASE("quotes come from the data host; a missing side brings the last trade") {
  Bench bench;
  const auto ask = [&] { return bench.ask<Quote>([&](auto done) { bench.venue->query_quote("AAPL", done); }); };
  bench.data->on(
    "GET /v2/stocks/quotes/latest?symbols=AAPL&feed=iex",
    {answer(200, R"({"quotes":{"AAPL":{"t":"2026-08-03T14:31:00Z","ap":150.03,"bp":150.01}}})"),
     answer(200, R"({"quotes":{"AAPL":{"t":"2026-08-03T14:30:00Z","ap":0,"bp":150.01}}})"), answer(429, "")});
  bench.data->on("GET /v2/stocks/trades/latest?symbols=AAPL&feed=iex",
                 answer(200, R"({"trades":{"AAPL":{"t":"2026-08-03T14:31:00Z","p":150.02}}})"));
  auto quote = ask();
  REQUIRE(quote);
  CHECK(quote.value().ask == dec("150.03"));
  CHECK(bench.data->sent.size() == 1);
  quote = ask();
  REQUIRE(quote);
  CHECK(quote.value().ask.is_zero());
  CHECK(quote.value().bid == dec("150.01"));
  CHECK(quote.value().last == dec("150.02"));
  CHECK(quote.value().at == at("2026-08-03T14:31:00Z"));
  quote = ask();
  REQUIRE_FALSE(quote);
  CHECK(quote.error().kind == ErrorKind::not_sent);
  CHECK(bench.trading->sent.empty());
}
