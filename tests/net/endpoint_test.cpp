#include "net/runtime.hpp"

#include <catch2/catch.hpp>

namespace heed::net {
namespace {

TEST_CASE("endpoint: accepted addresses") {
  struct Row {
    const char* url;
    bool tls;
    const char* host;
    int port;
  };
  const Row row = GENERATE(values<Row>({
    {"http://127.0.0.1:8421", false, "127.0.0.1", 8421},
    {"https://api.alpaca.markets", true, "api.alpaca.markets", 443},
    {"https://api.alpaca.markets/", true, "api.alpaca.markets", 443},
    {"ws://localhost", false, "localhost", 80},
    {"wss://stream.example.com:8443", true, "stream.example.com", 8443},
    {"http://[::1]:1", false, "::1", 1},
    {"https://[2001:db8::7]", true, "2001:db8::7", 443},
  }));
  CAPTURE(row.url);
  const auto endpoint = parse_endpoint(row.url);
  REQUIRE(endpoint);
  CHECK(endpoint.value().tls == row.tls);
  CHECK(endpoint.value().host == row.host);
  CHECK(endpoint.value().port == row.port);
}

TEST_CASE("endpoint: refused addresses name the text and show how to write it") {
  const std::string url =
    GENERATE(as<std::string>{},  //
             "", "api.example.com", "ftp://a", "http://", "http:///", "http://:80", "http://a:0", "http://a:65536",
             "http://a:", "http://a:8x", "http://a/b", "http://a?b", "http://a#b", "http://user@a", "http://a b",
             "http://[::1", "http://[]:1", "http://[::1]x", "http://a\r\nb", "HTTP://a", "http://\xC3\xA9");
  CAPTURE(url);
  const auto endpoint = parse_endpoint(url);
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().kind == ErrorKind::invalid);
  CHECK_THAT(endpoint.error().detail, Catch::Contains("\"" + url + "\"") && Catch::Contains("write it like"));
}

TEST_CASE("endpoint: what counts as this machine") {
  for (const char* host : {"localhost", "127.0.0.1", "127.255.1.2", "::1"})
    CHECK(is_loopback(host));
  for (const char* host : {"", "127", "127.0.0", "127.0.0.1.example.com", "128.0.0.1", "0.0.0.0",
                           "localhost.example.com", "127.0.0.256", "127.0.0.1x", "::2", "10.0.0.1"})
    CHECK_FALSE(is_loopback(host));
}

}  // namespace
}  // namespace heed::net
