#include "net/request_head.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

namespace heed::net {
namespace {

const ServerLimits limits;

// Status of the refusal, 0 for a head that passes, -1 when more bytes are wanted.
int verdict(std::string_view bytes, const ServerLimits& with = limits) {
  HeadScanner scanner{with};
  const auto scanned = scanner.scan(bytes);
  if (const auto* refusal = std::get_if<Refusal>(&scanned))
    return refusal->status;
  const auto* complete = std::get_if<HeadScanner::Complete>(&scanned);
  if (complete == nullptr)
    return -1;
  const auto parsed = parse_request_head(bytes.substr(0, complete->bytes), with);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal != nullptr ? refusal->status : 0;
}

RequestHead parsed(std::string_view bytes) {
  auto result = parse_request_head(bytes, limits);
  REQUIRE(std::holds_alternative<RequestHead>(result));
  return std::get<RequestHead>(std::move(result));
}

std::string with_headers(const std::string& lines) { return "POST /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; }

TEST_CASE("request head: verdicts") {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string nul{"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29};
  const Row row = GENERATE_COPY(values<Row>({
    {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"port and query", "GET /a?b=c&d=%20 HTTP/1.1\r\nHost: localhost:8420\r\n\r\n", 0},
    {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8420\r\n\r\n", 0},
    {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0},
    {"own method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"content length", with_headers("Content-Length: 10\r\n"), 0},
    {"length at the limit", with_headers("Content-Length: 1048576\r\n"), 0},
    {"header value with bytes above ASCII", with_headers("X-Name: \xC3\xA9\r\n"), 0},
    {"encoded dots are the router's business", "GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},

    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 400},
    {"two Hosts", with_headers("Host: b\r\n"), 400},
    {"two equal Hosts", with_headers("hOST: a\r\n"), 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},

    {"chunked", with_headers("Transfer-Encoding: chunked\r\n"), 411},
    {"gzip", with_headers("Transfer-Encoding: gzip\r\n"), 411},
    {"chunked, gzip", with_headers("Transfer-Encoding: chunked, gzip\r\n"), 411},
    {"identity", with_headers("Transfer-Encoding: identity\r\n"), 411},
    {"empty transfer encoding", with_headers("Transfer-Encoding:\r\n"), 411},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
    {"TE then CL", with_headers("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 411},
    {"CL then TE", with_headers("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 411},
    {"TE with tab", with_headers("Transfer-Encoding:\tchunked\r\n"), 411},
    {"TE with space before colon", with_headers("Transfer-Encoding : chunked\r\n"), 400},

    {"CL repeated, equal", with_headers("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
    {"CL repeated, different", with_headers("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
    {"CL list", with_headers("Content-Length: 3, 3\r\n"), 400},
    {"CL signed", with_headers("Content-Length: +3\r\n"), 400},
    {"CL negative", with_headers("Content-Length: -3\r\n"), 400},
    {"CL hexadecimal", with_headers("Content-Length: 0x3\r\n"), 400},
    {"CL fraction", with_headers("Content-Length: 3.0\r\n"), 400},
    {"CL empty", with_headers("Content-Length:\r\n"), 400},
    {"CL overflow", with_headers("Content-Length: 18446744073709551616\r\n"), 400},
    {"CL huge", with_headers("Content-Length: 18446744073709551615\r\n"), 413},
    {"CL over the limit", with_headers("Content-Length: 1048577\r\n"), 413},

    {"folded with space", with_headers("X-A: b\r\n c\r\n"), 400},
    {"folded with tab", with_headers("X-A: b\r\n\tc\r\n"), 400},
    {"folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"folded Content-Length", with_headers("Content-Length:\r\n 3\r\n"), 400},
    {"space before colon", with_headers("X-A : b\r\n"), 400},
    {"no colon", with_headers("X-A\r\n"), 400},
    {"empty name", with_headers(": b\r\n"), 400},
    {"name with space", with_headers("X A: b\r\n"), 400},
    {"bare LF lines", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"one bare LF", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
    {"bare LF as end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    {"bare CR in value", with_headers("X-A: b\rc\r\n"), 400},
    {"CR CR LF", with_headers("X-A: b\r\r\n"), 400},
    {"NUL in value", with_headers(std::string("X-A: b\0c\r\n", 10)), 400},
    {"NUL in target", nul, 400},
    {"control byte in value", with_headers("X-A: \x01\r\n"), 400},

    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 505},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"TLS hello", "\x16\x03\x01\x02\x00", 400},
    {"leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"method with control byte", "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"endless method", std::string(5000, 'A'), 414},
    {"long method", std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},

    {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"raw UTF-8 target", "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"overlong UTF-8 target", "GET /\xC0\xAE HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"control byte in target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"broken escape", "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"escape of no digits", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"other expectation", with_headers("Expect: 200-maybe\r\n"), 417},

    {"unfinished", "GET / HTTP/1.1\r\nHost: a\r\n", -1},
    {"nothing", "", -1},
  }));
  CAPTURE(row.name);
  CHECK(verdict(row.bytes) == row.status);
}

TEST_CASE("request head: the limits, one byte below and above") {
  const auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(verdict(with_target(2048)) == 0);
  CHECK(verdict(with_target(2049)) == 414);
  CHECK(verdict(with_target(60'000)) == 414);

  const auto with_size = [](std::size_t size) {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  CHECK(verdict(with_size(8192)) == 0);
  CHECK(verdict(with_size(8193)) == 431);
  CHECK(verdict(with_size(100'000)) == 431);

  const auto with_count = [](int count) {
    std::string lines;
    for (int i = 1; i < count; ++i)
      lines += "X-" + std::to_string(i) + ": a\r\n";
    return with_headers(lines);
  };
  CHECK(verdict(with_count(64)) == 0);
  CHECK(verdict(with_count(65)) == 431);
}

TEST_CASE("request head: lines without end are refused before they end") {
  CHECK(verdict("GET /" + std::string(3000, 'a')) == 414);
  CHECK(verdict("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a')) == 431);
}

TEST_CASE("request head: the verdict does not depend on how the bytes arrive") {
  const std::string bytes = GENERATE(
    as<std::string>{},  //
    "GET /a HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\nleftover", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "GET /" + std::string(2100, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nX: " + std::string(8200, 'a') + "\r\n\r\n");
  HeadScanner whole{limits};
  const auto expected = whole.scan(bytes);
  HeadScanner piecewise{limits};
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto result = piecewise.scan(std::string_view{bytes}.substr(0, size));
    if (std::holds_alternative<HeadScanner::More>(result))
      continue;
    REQUIRE(result.index() == expected.index());
    if (const auto* complete = std::get_if<HeadScanner::Complete>(&result))
      CHECK(complete->bytes == std::get<HeadScanner::Complete>(expected).bytes);
    else
      CHECK(std::get<Refusal>(result).status == std::get<Refusal>(expected).status);
    return;
  }
  FAIL("the whole input was not enough for a verdict");
}

TEST_CASE("request head: damaged heads are refused or understood, and never read past their end") {
  const std::string sound =
    "POST /api/v1/orders?x=%41 HTTP/1.1\r\nHost: localhost:8420\r\nContent-Length: 12\r\nConnection: keep-alive\r\n"
    "Expect: 100-continue\r\nX-Id: abc\r\n\r\n";
  std::mt19937 random{7};  // NOLINT(cert-msc51-cpp): the same damage every time
  const std::string spice{
    "\r\n\0 \t:,;%/\x80\xFF"
    "A9",
    15};
  int passed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = sound;
    for (auto left = 1 + random() % 3; left > 0; --left) {
      const auto at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = spice[random() % spice.size()]; break;
        case 1: bytes.erase(at, 1 + random() % 4); break;
        default: bytes.insert(at, 1, spice[random() % spice.size()]);
      }
    }
    HeadScanner scanner{limits};
    const auto scanned = scanner.scan(bytes);
    const auto* complete = std::get_if<HeadScanner::Complete>(&scanned);
    if (complete == nullptr)
      continue;
    REQUIRE(complete->bytes <= bytes.size());
    // A copy of exactly that size, so that a sanitizer sees any step beyond it.
    const std::string head = bytes.substr(0, complete->bytes);
    const auto result = parse_request_head(head, limits);
    if (const auto* understood = std::get_if<RequestHead>(&result)) {
      ++passed;
      CHECK(understood->request.target.front() == '/');
      CHECK(header(understood->request.headers, "Transfer-Encoding").empty());
      CHECK_FALSE(header(understood->request.headers, "Host").empty());
      CHECK(understood->content_length <= limits.body_bytes_max);
    }
  }
  CHECK(passed > 100);
}

TEST_CASE("request head: values") {
  const auto head = parsed(
    "PUT /a?b HTTP/1.1\r\nHost: a\r\nX-Spaces:   padded \t\r\nContent-Length: 7\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(head.request.method == "PUT");
  CHECK(head.request.target == "/a?b");
  CHECK(header(head.request.headers, "x-spaces") == "padded");
  CHECK(head.content_length == 7);
  CHECK(head.expects_continue);
  CHECK(head.keep_alive);
  CHECK_FALSE(head.websocket);
}

TEST_CASE("request head: keeping the connection") {
  CHECK(parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, CLOSE\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\nHost: a\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST_CASE("request head: what is a WebSocket upgrade") {
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string upgrade = "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n";
  const auto is_upgrade = [](const std::string& start, const std::string& lines) {
    return parsed(start + "\r\nHost: a\r\n" + lines + "\r\n").websocket;
  };
  const std::string get = "GET /s HTTP/1.1";
  CHECK(is_upgrade(get, upgrade + key + version));
  CHECK_FALSE(is_upgrade("POST /s HTTP/1.1", upgrade + key + version));
  CHECK_FALSE(is_upgrade("GET /s HTTP/1.0", upgrade + key + version));
  CHECK_FALSE(is_upgrade(get, upgrade + version));
  CHECK_FALSE(is_upgrade(get, upgrade + key));
  CHECK_FALSE(is_upgrade(get, upgrade + key + "Sec-WebSocket-Version: 8\r\n"));
  CHECK_FALSE(is_upgrade(get, upgrade + "Sec-WebSocket-Key: short\r\n" + version));
  CHECK_FALSE(is_upgrade(get, "Upgrade: h2c\r\nConnection: Upgrade\r\n" + key + version));
  CHECK_FALSE(is_upgrade(get, "Upgrade: websocket\r\n" + key + version));
  CHECK_FALSE(is_upgrade(get, upgrade + key + version + "Content-Length: 1\r\n"));
}

}  // namespace
}  // namespace heed::net
