#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

TEST_CASE("client: a request and its answer") {
  Served served{[](HttpRequest request, const std::shared_ptr<Responder>& responder) {
    responder->respond({201, {{"X-Seen", request.method + request.target}}, request.body});
  }};
  const auto client = served.runtime.http_client({false, "127.0.0.1", served.port});
  for (int i = 0; i < 3; ++i) {
    const auto response = fetch(*client, {"POST", "/orders?a=1", {{"X-Id", "7"}}, "body"});
    REQUIRE(response);
    CHECK(response.value().status == 201);
    CHECK(response.value().body == "body");
    CHECK(header(response.value().headers, "x-seen") == "POST/orders?a=1");
  }
}

}  // namespace
}  // namespace heed::net
