#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

namespace heed::net {
namespace {

using namespace test;
using namespace std::chrono_literals;

void echo(HttpRequest request, const std::shared_ptr<Responder>& responder) {
  responder->respond(
    {200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + " " + request.body});
}

TEST_CASE("server: keep-alive answers several requests on one connection") {
  Served served{echo};
  RawSocket client{served.port};
  for (int i = 0; i < 5; ++i) {
    client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string response = client.receive_response();
    CHECK(status_of(response) == 200);
    CHECK(body_of(response) == "GET /" + std::to_string(i) + " ");
    CHECK(response.find("Connection: close") == std::string::npos);
  }
}

}  // namespace
}  // namespace heed::net
