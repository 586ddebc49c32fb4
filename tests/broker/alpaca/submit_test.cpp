// Commands: submit, cancel, replace; what each outcome of the wire turns into.
#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca_test;

namespace {

CancelOrder cancel_of(const ClientOrderId& name, const std::string& id = {}) {
  CancelOrder order;
  order.client_order_id = name;
  order.venue_order_id = VenueOrderId{id};
  order.account = "paper";
  order.symbol = "AAPL";
  return order;
}

ReplaceOrder replace_of(const std::string& id = {}) {
  ReplaceOrder order;
  order.client_order_id = stop_name;
  order.venue_order_id = VenueOrderId{id};
  order.new_client_order_id = new_stop_name;
  order.account = "paper";
  order.symbol = "AAPL";
  order.stop_price = dec("147.1");
  return order;
}

Status cancel(Bench& bench, const CancelOrder& order) {
  return bench.ask<Ok>([&](auto done) { bench.venue->cancel(order, done); });
}

Result<std::vector<OrderReport>> replace(Bench& bench, const ReplaceOrder& order) {
  return bench.ask<std::vector<OrderReport>>([&](auto done) { bench.venue->replace(order, done); });
}

std::string by_name(const ClientOrderId& name) {
  return "GET /v2/orders:by_client_order_id?client_order_id=" + name.str();
}

}  // namespace

TEST_CASE("submit: the order and its legs under our names") {
  Bench bench;
  bench.trading->on("POST /v2/orders", answer(200, bracket("pending_new").str()));
  const auto result = bench.submit(bracket_order());
  REQUIRE(result);
  REQUIRE(result.value().size() == 3);
  CHECK(result.value()[0].client_order_id == entry_name);
  CHECK(result.value()[0].status == OrderStatus::accepted);
  CHECK(result.value()[0].venue_order_id == VenueOrderId{entry_id});
  CHECK(result.value()[0].account == AccountId{"paper"});
  CHECK(result.value()[1].client_order_id == target_name);
  CHECK(result.value()[2].client_order_id == stop_name);
  const auto& sent = bench.trading->sent.at(0);
  CHECK(net::header(sent.request.headers, "apca-api-key-id") == "PKTESTKEY");
  CHECK(net::header(sent.request.headers, "apca-api-secret-key") == "very-secret-words");
  CHECK(net::header(sent.request.headers, "content-type") == "application/json");
  CHECK(sent.deadline == std::chrono::milliseconds{10'000});
}

TEST_CASE("submit: rejected in the body of a 200 is a report") {
  Bench bench;
  OrderJson order;
  order.status = "rejected";
  order.extra = R"(,"reject_reason":"no quote")";
  bench.trading->on("POST /v2/orders", answer(200, order.str()));
  const auto result = bench.submit(plain_order());
  REQUIRE(result);
  CHECK(result.value().at(0).status == OrderStatus::rejected);
  CHECK(result.value().at(0).reject_code == "rejected");
  CHECK(result.value().at(0).text == "no quote");
}

TEST_CASE("submit: every other outcome is not_sent, rejected or unknown") {
  using K = ErrorKind;
  struct Row {
    Result<net::HttpResponse> outcome;
    ErrorKind kind;
    const char* code;
  };
  OrderJson stranger;
  stranger.client_order_id = close_name.str();
  OrderJson odd;
  odd.status = "levitating";
  const std::vector<Row> rows{
    {answer(403, R"({"code":40310000,"message":"insufficient buying power"})"), K::rejected, "40310000"},
    {answer(401, R"({"message":"unauthorized"})"), K::rejected, "401"},
    {answer(422, R"({"code":42210000,"message":"bad price"})"), K::rejected, "42210000"},
    {answer(429, ""), K::not_sent, "429"},
    {answer(500, R"({"code":50010000,"message":"internal server error"})"), K::unknown, "500"},
    {answer(504, "<html>"), K::unknown, "504"},
    {answer(200, ""), K::unknown, "unreadable"},
    {answer(200, "{}"), K::unknown, "unreadable"},
    {answer(200, "[]"), K::unknown, "unreadable"},
    {answer(200, bracket().str().substr(0, 200)), K::unknown, "unreadable"},
    {answer(200, odd.str()), K::unknown, "unreadable"},
    {answer(200, stranger.str()), K::unknown, "unreadable"},
    {timeout(), K::unknown, "timeout"},
    {Error{K::not_sent, "refused", "connection refused"}, K::not_sent, "refused"},
  };
  for (const auto& row : rows) {
    Bench bench;
    bench.trading->on("POST /v2/orders", row.outcome);
    const auto result = bench.submit(plain_order());
    INFO(row.code);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == row.kind);
    CHECK(result.error().code == row.code);
    CHECK(bench.trading->sent.size() == 1);  // never repeated from here
  }
}

TEST_CASE("submit: an order that cannot be said is answered without a byte sent") {
  Bench bench;
  auto order = bracket_order();
  order.quantity = dec("0.5");
  const auto result = bench.submit(order);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::rejected);
  CHECK(result.error().code == "invalid_order");
  CHECK(bench.trading->sent.empty());
}

TEST_CASE("submit: a taken name means that the order is there, and it is adopted") {
  Bench bench;
  bench.trading->on("POST /v2/orders",
                    answer(422, R"({"code":40010001,"message":"client_order_id must be unique"})"));
  SECTION("found, with its legs") {
    auto flat = bracket("filled", "new", "held");
    flat.legs.clear();
    bench.trading->on(by_name(entry_name), answer(200, flat.str()));
    bench.trading->on("GET /v2/orders/" + entry_id + "?nested=true",
                      answer(200, bracket("filled", "new", "held").str()));
    const auto result = bench.submit(bracket_order());
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == entry_name);
    CHECK(result.value().at(0).status == OrderStatus::filled);
    CHECK(of(result.value(), stop_name) != nullptr);
  }
  SECTION("not to be seen yet") {
    bench.trading->on(by_name(entry_name), answer(404, not_found));
    const auto result = bench.submit(bracket_order());
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
    CHECK(result.error().code == "duplicate_not_visible");
  }
  SECTION("the question itself fails") {
    bench.trading->on(by_name(entry_name), timeout());
    const auto result = bench.submit(bracket_order());
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
  }
}

TEST_CASE("cancel: taken, refused, unknown") {
  struct Row {
    Result<net::HttpResponse> outcome;
    std::optional<ErrorKind> kind;
    const char* code;
  };
  const std::vector<Row> rows{
    {answer(204, ""), std::nullopt, ""},
    {answer(422, R"({"code":42210000,"message":"order is already in \"filled\" state"})"), ErrorKind::rejected,
     "42210000"},
    {answer(404, not_found), ErrorKind::rejected, "40410000"},
    {answer(429, ""), ErrorKind::not_sent, "429"},
    {answer(500, ""), ErrorKind::unknown, "500"},
    {timeout(), ErrorKind::unknown, "timeout"},
  };
  for (const auto& row : rows) {
    Bench bench;
    bench.trading->on("DELETE /v2/orders/" + entry_id, row.outcome);
    const auto result = cancel(bench, cancel_of(entry_name, entry_id));
    INFO(row.code);
    REQUIRE(result.ok() == !row.kind.has_value());
    if (row.kind) {
      CHECK(result.error().kind == *row.kind);
      CHECK(result.error().code == row.code);
    }
  }
}

TEST_CASE("cancel without the venue's id finds it first") {
  Bench bench;
  bench.trading->on("DELETE /v2/orders/" + stop_id, answer(204, ""));
  SECTION("learned from the submit answer") {
    bench.trading->on("POST /v2/orders", answer(200, bracket().str()));
    REQUIRE(bench.submit(bracket_order()));
    CHECK(cancel(bench, cancel_of(stop_name)));
    CHECK(bench.trading->sent.size() == 2);
  }
  SECTION("after a restart, through the entry") {
    bench.trading->on(by_name(stop_name), answer(404, not_found));
    bench.trading->on(by_name(entry_name), answer(200, bracket("filled", "new", "held").str()));
    CHECK(cancel(bench, cancel_of(stop_name)));
    CHECK(bench.trading->count("DELETE /v2/orders/" + stop_id) == 1);
  }
  SECTION("not to be seen proves nothing") {
    bench.trading->on("GET /v2/orders:by_client_order_id", answer(404, not_found));
    const auto result = cancel(bench, cancel_of(stop_name));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unknown);
    CHECK(result.error().code == "not_visible");
    CHECK(bench.trading->count("DELETE") == 0);
  }
}

TEST_CASE("replace: the new order under the new name, the old one told as replaced by it") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, bracket("filled", "new", "new").str()));
  REQUIRE(bench.submit(bracket_order()));
  auto fresh = stop_leg("new");
  fresh.id = other_id;
  fresh.client_order_id = new_stop_name.str();
  fresh.replaces = stop_id;
  fresh.stop_price = "147.1";
  bench.trading->on("PATCH /v2/orders/" + stop_id, answer(200, fresh.str()));
  const auto result = replace(bench, replace_of());
  REQUIRE(result);
  CHECK(result.value().at(0).client_order_id == new_stop_name);
  CHECK(result.value().at(0).venue_order_id == VenueOrderId{other_id});
  CHECK(result.value().at(0).stop_price == dec("147.1"));
  auto old = stop_leg("replaced");
  old.replaced_by = other_id;
  bench.orders_stream->say(update_json("replaced", old));
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].client_order_id == stop_name);
  CHECK(bench.reports[0].status == OrderStatus::replaced);
  CHECK(bench.reports[0].replaced_by == new_stop_name);
}

TEST_CASE("replace: refused, unknown, taken before, wrong order") {
  Bench bench;
  const auto patch = "PATCH /v2/orders/" + stop_id;
  SECTION("refused: the old order is not expected to be replaced any more") {
    bench.start_up();
    bench.trading->on("POST /v2/orders", answer(200, bracket("filled", "new", "new").str()));
    REQUIRE(bench.submit(bracket_order()));
    bench.trading->on(patch, answer(422, R"({"code":42210000,"message":"order is not open"})"));
    const auto result = replace(bench, replace_of(stop_id));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::rejected);
    bench.orders_stream->say(update_json("replaced", stop_leg("replaced")));
    REQUIRE(bench.reports.size() == 1);
    CHECK(bench.reports[0].status == OrderStatus::canceled);
  }
  SECTION("unknown") {
    bench.trading->on(patch, timeout());
    CHECK(replace(bench, replace_of(stop_id)).error().kind == ErrorKind::unknown);
  }
  SECTION("the new name is taken: it went through before") {
    bench.trading->on(patch, answer(422, R"({"code":40010001,"message":"client_order_id must be unique"})"));
    auto fresh = stop_leg("new");
    fresh.client_order_id = new_stop_name.str();
    fresh.order_class = "";
    bench.trading->on(by_name(new_stop_name), answer(200, fresh.str()));
    const auto result = replace(bench, replace_of(stop_id));
    REQUIRE(result);
    CHECK(result.value().at(0).client_order_id == new_stop_name);
  }
  SECTION("an answer about another order") {
    bench.trading->on(patch, answer(200, OrderJson{}.str()));
    CHECK(replace(bench, replace_of(stop_id)).error().code == "unreadable");
  }
  SECTION("nothing to change is never sent") {
    auto order = replace_of(stop_id);
    order.stop_price.reset();
    CHECK(replace(bench, order).error().code == "invalid_order");
    CHECK(bench.trading->sent.empty());
  }
}

TEST_CASE("every call is written down, without the secret") {
  Bench bench;
  bench.start();
  bench.trading->on("POST /v2/orders", answer(403, R"({"code":40310000,"message":"no very-secret-words here)" +
                                                     std::string(5000, 'x') + "\"}"));
  CHECK_FALSE(bench.submit(plain_order()));
  bench.trading->on("GET /v2/clock", timeout());
  CHECK_FALSE(bench.ask<VenueClock>([&](auto done) { bench.venue->query_clock(done); }));
  REQUIRE(bench.calls.size() == 2);
  const auto& submit = bench.calls[0];
  CHECK(submit.account == AccountId{"paper"});
  CHECK(submit.order == entry_name);
  CHECK(submit.method == "POST");
  CHECK(submit.target == "/v2/orders");
  CHECK_THAT(submit.request, Catch::Contains(entry_name.str()));
  CHECK(submit.status == 403);
  CHECK(submit.response.size() <= 4096);
  CHECK_THAT(submit.response, Catch::Contains("no *** here"));
  CHECK(submit.latency_us >= 0);
  CHECK(submit.at == bench.clock->time);
  CHECK(bench.calls[1].status == 0);
  CHECK_THAT(bench.calls[1].error, Catch::Contains("timeout"));
  for (const auto& row : bench.calls) {
    CHECK_THAT(row.request + row.response + row.error + row.target, !Catch::Contains("very-secret-words"));
    CHECK_THAT(row.request + row.response + row.error + row.target, !Catch::Contains("PKTESTKEY"));
  }
}

TEST_CASE("a secret is struck out of the audit wherever it stands, a short one where it is a word of its own") {
  const std::string real = "q3Zk8vPw1LxT7cRn5YbHs9DfGj2MaEu6VoKiQt4W";
  struct Case {
    std::string secret, told, kept;
  };
  const auto filled = std::string(4090, 'x');
  const auto c = GENERATE_COPY(values<Case>({
    {real, "secret " + real + ".", "secret ***."},
    {real, "prefix" + real + "1, " + real + real, "prefix***1, ******"},
    {real, filled + real, filled + "***"},
    {real, filled + "xxxx" + real, filled + "xxxx**"},  // never its first part
    {real, real + real + real + filled + real, "*********" + filled.substr(0, 4087)},
    {"heed", R"({"key":"heed","secret":"heed"})", R"({"key":"***","secret":"***"})"},
    {"heed", "heed heed", "*** ***"},
    {"heed", R"({"client_order_id":"heed1.mentions.en.yed6i4h2zfg753gp"})",
     R"({"client_order_id":"heed1.mentions.en.yed6i4h2zfg753gp"})"},
    {"heed", "theed heedheed 1heed", "theed heedheed 1heed"},
    {"fifteen-letters", "xfifteen-letters, fifteen-letters", "xfifteen-letters, ***"},
    {"sixteen-letters!", "xsixteen-letters!x", "x***x"},
  }));
  INFO(c.secret << " in " << c.told);
  Bench bench;
  bench.config.secret = c.secret;
  bench.make();
  bench.start();
  bench.trading->on("GET /v2/clock", answer(403, c.told));
  CHECK_FALSE(bench.ask<VenueClock>([&](auto done) { bench.venue->query_clock(done); }));
  REQUIRE(bench.calls.size() == 1);
  CHECK(bench.calls[0].response == c.kept);
}

TEST_CASE("answers still come after stop, and after the adapter is gone") {
  Bench bench;
  bench.start_up();
  bench.trading->on("POST /v2/orders", answer(200, OrderJson{}.str()));
  bench.trading->holding = true;
  int answers = 0;
  bench.venue->submit(plain_order(), [&](auto) { ++answers; });
  bench.venue->stop();
  SECTION("stopped") {}
  SECTION("gone") { bench.venue.reset(); }
  bench.trading->release();
  CHECK(answers == 1);
  CHECK(bench.reports.empty());
  CHECK(bench.calls.empty());
}

TEST_CASE("keys go over https only, and live is told from paper") {
  CHECK(is_alpaca_live("https://api.alpaca.markets"));
  CHECK(is_alpaca_live("https://api.alpaca.markets:443/v2"));
  CHECK_FALSE(is_alpaca_live("https://paper-api.alpaca.markets"));
  CHECK_FALSE(is_alpaca_live("http://127.0.0.1:8421"));
  struct Row {
    const char* url;
    bool good;
  };
  const auto row = GENERATE(Row{"https://api.alpaca.markets", true}, Row{"http://127.0.0.1:8421", true},
                            Row{"http://localhost:8421", true}, Row{"http://[::1]:8421", true},
                            Row{"http://api.alpaca.markets", false}, Row{"http://127.0.0.1.evil.example", false},
                            Row{"ftp://x", false}, Row{"https://", false}, Row{"", false});
  INFO(row.url);
  auto config = Bench::make_config();
  config.trading_url = row.url;
  CHECK(check_alpaca_config(config).ok() == row.good);
  config = Bench::make_config();
  config.data_url = row.url;
  CHECK(check_alpaca_config(config).ok() == row.good);
}

TEST_CASE("a configuration that cannot work is refused in words") {
  const std::vector<std::pair<const char*, std::function<void(AlpacaConfig&)>>> rows{
    {"account", [](AlpacaConfig& c) { c.account = {}; }},
    {"secret", [](AlpacaConfig& c) { c.secret.clear(); }},
    {"key", [](AlpacaConfig& c) { c.key.clear(); }},
    {"stream_path", [](AlpacaConfig& c) { c.orders_stream_path = "stream"; }},
    {"http_deadline", [](AlpacaConfig& c) { c.http_deadline = {}; }},
    {"reconnect_first", [](AlpacaConfig& c) { c.reconnect_max = std::chrono::milliseconds{1}; }},
    {"order_page_size", [](AlpacaConfig& c) { c.order_page_size = 501; }},
    {"activity_page_size", [](AlpacaConfig& c) { c.activity_page_size = 0; }},
  };
  for (const auto& [named, change] : rows) {
    auto config = Bench::make_config();
    change(config);
    const auto checked = check_alpaca_config(config);
    INFO(named);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind == ErrorKind::invalid);
    CHECK_THAT(checked.error().detail, Catch::Contains(named));
    CHECK_THROWS_AS(make_alpaca_venue(config, {}), std::invalid_argument);
  }
  CHECK_THROWS_AS(make_alpaca_venue(Bench::make_config(), {}), std::invalid_argument);
}

TEST_CASE("capabilities say what the position machine must know") {
  const Bench bench;
  const auto can = bench.venue->capabilities();
  CHECK(can.native_bracket);
  CHECK(can.bracket_needs_full_fill);
  CHECK(can.native_oco);
  CHECK(can.replace);
  CHECK(can.holds_quantity);
  CHECK(can.opposite_orders_refused);
  CHECK_FALSE(can.fractional);
  CHECK(can.shorting);
  CHECK(can.name == "alpaca");
}
