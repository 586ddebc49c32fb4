// Values from the command line and the environment, above the file.
#include "tests/config/support.hpp"

namespace heed::config {
namespace {

ParseOptions overriding(const std::string& key, const std::string& text, const std::string& origin = "--set") {
  ParseOptions options = with_environment({{"TOKEN", "0123456789abcdef"}});
  options.overrides.push_back({key, text, origin});
  return options;
}

TEST_CASE("an override of each type of value") {
  struct Row {
    std::string key;
    std::string text;
    bool (*holds)(const Config&);
  };
  const std::vector<Row> rows = {
    {"daemon.drain_seconds", "7", [](const Config& c) { return c.daemon.drain_seconds == 7; }},
    {"daemon.log_level", "debug", [](const Config& c) { return c.daemon.log_level == LogLevel::debug; }},
    {"daemon.log_level", "\"debug\"", [](const Config& c) { return c.daemon.log_level == LogLevel::debug; }},
    {"daemon.data_dir", "123", [](const Config& c) { return c.daemon.data_dir == "123"; }},
    {"daemon.data_dir", "a b", [](const Config& c) { return c.journal.path == "a b/heed.db"; }},
    {"inspect.enabled", "false", [](const Config& c) { return !c.inspect.enabled; }},
    {"strategy.mentions.min_conviction", "0.7",
     [](const Config& c) { return c.strategies[0].min_conviction.str() == "0.7"; }},
    {"strategy.mentions.max_trade", "1250.50",
     [](const Config& c) { return c.strategies[0].max_trade.str() == "1250.5"; }},
    {"account.paper.risk.cooldown_seconds", "60",
     [](const Config& c) { return c.accounts[0].risk.cooldown_seconds == 60; }},
    {"account.paper.starting_equity", "5000",
     [](const Config& c) { return c.accounts[0].starting_equity == Decimal{5000}; }},
    {"exchange.symbols", "SPY,QQQ", [](const Config& c) { return c.exchange.symbols.size() == 2; }},
    {"exchange.symbols", "[\"QQQ\"]", [](const Config& c) { return c.exchange.symbols[0] == "QQQ"; }},
    {"exchange.synthetic_seed", "9", [](const Config& c) { return c.exchange.synthetic_seed == 9; }},
    {"notify.events", "entry,exit", [](const Config& c) { return c.notify.events.size() == 2; }},
    {"api.token", "${TOKEN}", [](const Config& c) { return c.api.token.reveal() == "0123456789abcdef"; }},
    {"route[1].accounts", "paper", [](const Config& c) { return c.routes[0].accounts[0] == "paper"; }},
  };
  for (const Row& row : rows) {
    INFO(row.key << "=" << row.text);
    CHECK(row.holds(valid(base_text, overriding(row.key, row.text))));
  }
}

TEST_CASE("an override that is wrong says where it came from") {
  struct Row {
    std::string key;
    std::string text;
    std::string words;
  };
  const std::vector<Row> rows = {
    {"daemon.log_levle", "debug", "did you mean \"daemon.log_level\"?"},
    {"strategy.mention.min_conviction", "0.7", "did you mean \"strategy.mentions.min_conviction\"?"},
    {"strategy.nobody.id", "x", "unknown key"},
    {"account.paper.id", "x", "unknown key"},
    {"", "x", "unknown key"},
    {"daemon.drain_seconds", "0", "(allowed: 1..600 seconds)"},
    {"daemon.drain_seconds", "soon", "must be whole number, and is text"},
    {"aggregator.step", "nan", "is no decimal number"},
    {"api.listen", "0.0.0.0:8420", "no token is set"},
    {"api.token", "${MISSING}", "MISSING is not set"},
    {"exchange.symbols", "", "needs symbols"},
  };
  for (const Row& row : rows) {
    const LoadOutcome outcome = parse_text(base_text, overriding(row.key, row.text, "--set here"));
    INFO(row.key << "=" << row.text << "\n" << all_of(outcome.errors));
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].str().find(row.words) != std::string::npos);
    if (row.key != "exchange.symbols") {
      CHECK(outcome.errors[0].file == "--set here");
      CHECK(outcome.errors[0].line == 0);
    }
  }
}

TEST_CASE("the environment names keys without lower case and hyphens") {
  const std::string text = base_text + "[[account]]\nid = 'my-paper'\n";
  const char* const environment[] = {"PATH=/bin",
                                     "HEED_URL=http://127.0.0.1:1",
                                     "HEED__DAEMON__LOG_LEVEL=debug",
                                     "HEED__ACCOUNT__MY_PAPER__RISK__COOLDOWN_SECONDS=60",
                                     "HEED__API__UNIX_SOCKET=/run/a=b.sock",
                                     nullptr};
  ParseOptions options = with_environment({});
  options.overrides = environment_overrides(environment);
  REQUIRE(options.overrides.size() == 3);
  const Config config = valid(text, options);
  CHECK(config.daemon.log_level == LogLevel::debug);
  CHECK(config.accounts[1].risk.cooldown_seconds == 60);
  CHECK(config.api.unix_socket == "/run/a=b.sock");
  CHECK(environment_overrides(nullptr).empty());
}

TEST_CASE("an override of an unknown key in the environment is an error that names the variable") {
  const char* const environment[] = {"HEED__DAEMON__LOGLEVEL=debug", nullptr};
  ParseOptions options = with_environment({});
  options.overrides = environment_overrides(environment);
  const LoadOutcome outcome = parse_text(base_text, options);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].file == "HEED__DAEMON__LOGLEVEL");
  CHECK(outcome.errors[0].nearest == "daemon.log_level");
}

TEST_CASE("the later override wins") {
  ParseOptions options = overriding("daemon.drain_seconds", "7");
  options.overrides.push_back({"daemon.drain_seconds", "8", "--set"});
  CHECK(valid(base_text, options).daemon.drain_seconds == 8);
}

}  // namespace
}  // namespace heed::config
