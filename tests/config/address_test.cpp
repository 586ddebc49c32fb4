#include "tests/config/support.hpp"

#include "config/address.hpp"
#include "config/cron_check.hpp"

namespace heed::config {
namespace {

TEST_CASE("addresses to listen on") {
  struct Row {
    std::string text;
    bool valid;
    std::string host = {};
    int port = 0;
    bool loopback = false;
  };
  const std::vector<Row> rows = {
    {"127.0.0.1:8420", true, "127.0.0.1", 8420, true},
    {"127.8.0.1:1", true, "127.8.0.1", 1, true},
    {"[::1]:8420", true, "::1", 8420, true},
    {"localhost:0", true, "localhost", 0, true},
    {"0.0.0.0:65535", true, "0.0.0.0", 65535, false},
    {"[::]:80", true, "::", 80, false},
    {"heed.example.org:443", true, "heed.example.org", 443, false},
    {"127.example.org:443", true, "127.example.org", 443, false},
    {"localhost.evil.org:1", true, "localhost.evil.org", 1, false},
    {"", false},
    {":8420", false},
    {"8420", false},
    {"127.0.0.1", false},
    {"127.0.0.1:", false},
    {"127.0.0.1:65536", false},
    {"127.0.0.1:-1", false},
    {"127.0.0.1:+1", false},
    {"127.0.0.1:1x", false},
    {"127.0.0.256:1", false},
    {"127.0.1:1", false},
    {"::1:8420", false},
    {"[::1]8420", false},
    {"[::1", false},
    {"[127.0.0.1]:1", false},
    {"*:80", false},
    {"a b:80", false},
    {"a..b:80", false},
    {"http://x:80", false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto address = parse_address(row.text);
    REQUIRE(address.has_value() == row.valid);
    if (address) {
      CHECK(address->host == row.host);
      CHECK(address->port == row.port);
      CHECK(address->is_loopback() == row.loopback);
    }
  }
}

TEST_CASE("web addresses") {
  struct Row {
    std::string text;
    bool valid;
    std::string host = {};
    int port = 0;
    std::string path = {};
  };
  const std::vector<Row> rows = {
    {"https://api.alpaca.markets", true, "api.alpaca.markets", 443, ""},
    {"HTTPS://API.Alpaca.Markets./v2", true, "api.alpaca.markets", 443, "/v2"},
    {"http://127.0.0.1:8421", true, "127.0.0.1", 8421, ""},
    {"http://[::1]:81/x", true, "::1", 81, "/x"},
    {"https://h?x=1", true, "h", 443, "?x=1"},
    {"", false},
    {"api.alpaca.markets", false},
    {"ftp://x", false},
    {"https://", false},
    {"https:///x", false},
    {"https://user:pw@host", false},
    {"https://user@host", false},
    {"https://h#f", false},
    {"https://h h", false},
    {"https://h:0", false},
    {"https://h:99999", false},
    {"https://h:", false},
    {"https://h\n", false},
    {"https:/h", false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto url = parse_url(row.text);
    REQUIRE(url.has_value() == row.valid);
    if (url) {
      CHECK(url->host == row.host);
      CHECK(url->port == row.port);
      CHECK(url->path == row.path);
    }
  }
}

TEST_CASE("passwords in database addresses are noticed") {
  CHECK(has_password("postgresql://heed:pw@db/heed"));
  CHECK(has_password("postgresql://heed:p/w@db/heed"));
  CHECK(has_password("postgresql:///heed?PASSWORD=x"));
  CHECK_FALSE(has_password("postgresql:///heed"));
  CHECK_FALSE(has_password("postgresql://heed@db:5432/heed"));
  CHECK_FALSE(has_password("postgresql://db:5432/heed"));
}

TEST_CASE("cron lines") {
  struct Row {
    std::string line;
    std::string wrong = {};  // empty: nothing
  };
  const std::vector<Row> rows = {
    {"35 9 * * 1-5"},
    {"*/5 9-16/2 * * MON-FRI"},
    {"0 0 1 jan *"},
    {"0,30 9 * * *"},
    {"0 0 29 2 *"},
    {"5/20 * * * 1"},
    {"  35  9 * * 1-5 "},
    {"0 9 13 * 5"},
    {"0 9 31 2 1"},
    {"", "has 0 fields"},
    {"35 9 * *", "has 4 fields"},
    {"35 9 * * 1-5 x", "has 6 fields"},
    {"60 9 * * *", "minute may hold 0..59"},
    {"0 24 * * *", "hour may hold"},
    {"0 0 0 * *", "day of month may hold"},
    {"0 0 * 13 *", "month may hold"},
    {"0 0 * * 8", "day of week may hold"},
    {"-1 0 * * *", "minute"},
    {"5-1 0 * * *", "minute"},
    {"*/0 0 * * *", "minute"},
    {"1, 0 * * *", "minute"},
    {"a 0 * * *", "minute"},
    {"0 0 * mai *", "month"},
    {"0 0 30 2 *", "never comes"},
    {"0 9 * * 0,6,7", "never comes"},
    {"@daily", "has 1 fields"},
    {"0 0 * * mo", "day of week"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    const auto wrong = cron_problem(row.line);
    REQUIRE(wrong.has_value() == !row.wrong.empty());
    if (wrong)
      CHECK(wrong->find(row.wrong) == 0);
  }
}

}  // namespace
}  // namespace heed::config
