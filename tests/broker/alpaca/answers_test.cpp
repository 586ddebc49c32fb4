#include "broker/alpaca/answers.hpp"

#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca;
using namespace heed::alpaca_test;

namespace {
using K = ErrorKind;

struct Case {
  int status;
  const char* body;
  ErrorKind kind;
  const char* code;
  const char* detail;
};
}  // namespace

TEST_CASE("what an answer proves") {
  const auto row = GENERATE(
    // The venue's documented refusals.
    Case{400, R"({"code":40010000,"message":"request body format is invalid"})", K::rejected, "40010000",
         "request body"},
    Case{401, R"({"message":"unauthorized"})", K::rejected, "401", "unauthorized"},
    Case{401, R"({"message":"request is not authorized"})", K::rejected, "401", "not authorized"},
    Case{403, R"({"message":"forbidden."})", K::rejected, "403", "forbidden."},
    Case{403, R"({"code":40310000,"message":"insufficient buying power","buying_power":"1","cost_basis":"1500"})",
         K::rejected, "40310000", "insufficient buying power buying_power=1 cost_basis=1500"},
    Case{
      403,
      R"J({"available":"0","code":40310000,"existing_qty":"1000","held_for_orders":"1000","message":"insufficient qty available for order (requested: 1000, available: 0)","related_orders":["a"],"symbol":"SQQQ"})J",
      K::rejected, "40310000", "held_for_orders=1000"},
    Case{
      403,
      R"({"code":40310000,"existing_order_id":"x","message":"potential wash trade detected. use complex orders","reject_reason":"opposite side limit order exists"})",
      K::rejected, "40310000", "opposite side limit order exists"},
    Case{403, R"({"code":40310000,"message":"account is not allowed to short"})", K::rejected, "40310000", "short"},
    Case{403, R"({"code":40310000,"message":"asset \"TNON\" is not fractionable"})", K::rejected, "40310000", "TNON"},
    Case{403, R"({"code":42210000,"message":"subscription does not permit querying recent SIP data"})", K::rejected,
         "42210000", "SIP"},
    Case{404, R"({"code":40410000,"message":"order not found"})", K::rejected, "40410000", "order not found"},
    Case{404, R"({"code":40410000,"message":"position does not exist"})", K::rejected, "40410000", "position"},
    Case{422, R"({"code":40010001,"message":"client_order_id must be unique"})", K::rejected, "40010001", "unique"},
    Case{422, R"({"code":42210000,"message":"order is already in \"filled\" state"})", K::rejected, "42210000",
         "filled"},
    Case{
      422,
      R"({"base_price":"29.805","code":42210000,"message":"take_profit.limit_price must be >= base_price + 0.01"})",
      K::rejected, "42210000", "base_price=29.805"},
    Case{422, R"({"code":"42210000","message":"invalid limit_price 290.123. sub-penny increment"})", K::rejected,
         "42210000", "sub-penny"},
    // Nothing of this proves anything.
    Case{500, R"({"code":50010000,"message":"internal server error"})", K::unknown, "500", "HTTP 500"},
    Case{502, "<html>bad gateway</html>", K::unknown, "502", "HTTP 502"},
    Case{504, "", K::unknown, "504", "HTTP 504"},
    Case{403, "<html>forbidden</html>", K::unknown, "403", "without a readable"},
    Case{403, "", K::unknown, "403", "without a readable"},
    Case{403, "{}", K::unknown, "403", "without code and message"},
    Case{403, R"({"code":40310000})", K::unknown, "403", "without code and message"},
    Case{404, R"({"message":"Not Found"})", K::unknown, "404", "without code and message"},
    Case{422, R"({"message":"no code"})", K::unknown, "422", "without code and message"},
    Case{422, R"(["code",1])", K::unknown, "422", "without a readable"},
    Case{422, R"({"code":42210000,"message":"cut)", K::unknown, "422", "without a readable"},
    Case{409, R"({"code":40910000,"message":"conflict"})", K::unknown, "409", "HTTP 409"},
    Case{301, "", K::unknown, "301", "HTTP 301"}, Case{200, "", K::unknown, "unreadable", "not JSON"},
    Case{200, "garbage", K::unknown, "unreadable", "not JSON"}, Case{0, "", K::unknown, "0", "HTTP 0"});
  INFO(row.status << " " << row.body);
  const auto read = read_answer(answer(row.status, row.body), at("2026-08-03T14:31:00Z"));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == row.kind);
  CHECK(read.error().code == row.code);
  CHECK_THAT(read.error().detail, Catch::Contains(row.detail));
}

TEST_CASE("too many requests was never looked at, and says how long to wait") {
  struct Wait {
    net::Headers headers;
    const char* seconds;
  };
  const auto row =
    GENERATE(Wait{{}, "5"}, Wait{{{"Retry-After", "17"}}, "17"}, Wait{{{"retry-after", "0"}}, "1"},
             Wait{{{"Retry-After", "99999"}}, "300"}, Wait{{{"Retry-After", "Mon, 03 Aug 2026 14:31:30 GMT"}}, "5"},
             Wait{{{"X-RateLimit-Reset", "1785767490"}}, "30"}, Wait{{{"X-RateLimit-Reset", "1"}}, "1"},
             Wait{{{"X-RateLimit-Reset", "soon"}}, "5"});
  const auto body = GENERATE(as<std::string>{}, "", R"({"code":42910000,"message":"rate limit exceeded"})", "<html>");
  const auto read = read_answer(answer(429, body, row.headers), at("2026-08-03T14:31:00Z"));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::not_sent);
  CHECK(read.error().code == "429");
  CHECK(read.error().detail == row.seconds);
}

TEST_CASE("a transport's error is unknown unless nothing left") {
  const Instant now{};
  CHECK(read_answer(Error{ErrorKind::not_sent, "refused", ""}, now).error().kind == ErrorKind::not_sent);
  CHECK(read_answer(Error{ErrorKind::unknown, "timeout", ""}, now).error().kind == ErrorKind::unknown);
  CHECK(read_answer(Error{ErrorKind::rejected, "odd", ""}, now).error().kind == ErrorKind::unknown);
  CHECK(read_bodiless(answer(204, ""), now).ok());
  CHECK(read_bodiless(answer(500, ""), now).error().kind == ErrorKind::unknown);
  CHECK(read_bodiless(timeout(), now).error().code == "timeout");
}

TEST_CASE("absence and a taken name are told apart from other refusals") {
  const Error absent{ErrorKind::rejected, "40410000", "order not found"};
  const Error taken{ErrorKind::rejected, "42210000", "client_order_id must be unique"};
  const Error short_sale{ErrorKind::rejected, "40310000", "account is not allowed to short"};
  CHECK(is_absent(absent));
  CHECK_FALSE(is_absent(taken));
  CHECK_FALSE(is_absent(Error{ErrorKind::unknown, "404", "HTTP 404 without a readable error body"}));
  CHECK(is_duplicate_name(taken));
  CHECK_FALSE(is_duplicate_name(short_sale));
  CHECK_FALSE(is_duplicate_name(Error{ErrorKind::unknown, "422", "client_order_id must be unique"}));
}
