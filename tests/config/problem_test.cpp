#include "tests/config/support.hpp"

namespace heed::config {
namespace {

TEST_CASE("edit distance counts single changes and swaps, whatever the case") {
  struct Row {
    std::string a, b;
    int distance;
  };
  const std::vector<Row> rows = {
    {"", "", 0},           {"a", "", 1},         {"paper", "paper", 0}, {"paper", "PAPER", 0},    {"lvie", "live", 1},
    {"liv", "live", 1},    {"livee", "live", 1}, {"love", "live", 1},   {"kitten", "sitting", 3}, {"ab", "ba", 1},
    {"listen", "kind", 5},
  };
  for (const Row& row : rows) {
    INFO(row.a << " " << row.b);
    CHECK(edit_distance(row.a, row.b) == row.distance);
    CHECK(edit_distance(row.b, row.a) == row.distance);
  }
}

TEST_CASE("a suggestion is close, or there is none") {
  const std::vector<std::string> names = {"listen", "token", "unix_socket"};
  CHECK(nearest_name("lisen", names) == "listen");
  CHECK(nearest_name("unixsocket", names) == "unix_socket");
  CHECK(nearest_name("LISTEN", names) == "listen");
  CHECK(nearest_name("port", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(100'000, 'l'), names).empty());
  CHECK(nearest_name("x", {}).empty());
  CHECK(nearest_name("ab", {"xy"}).empty());
}

TEST_CASE("a problem reads as one line") {
  Problem problem;
  problem.file = "heed.toml";
  problem.line = 12;
  problem.column = 8;
  problem.key = "account.paper.mode";
  problem.value = "\"lvie\"";
  problem.message = "is none of the names for it";
  problem.allowed = "paper, live";
  problem.nearest = "live";
  CHECK(problem.str() ==
        "heed.toml:12:8: account.paper.mode: \"lvie\": is none of the names for it (allowed: paper, live); did you "
        "mean \"live\"?");
  Problem plain;
  plain.message = "is a folder";
  CHECK(plain.str() == "is a folder");
}

}  // namespace
}  // namespace heed::config
