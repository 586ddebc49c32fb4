// What no key can be judged by alone.
#include "tests/config/support.hpp"

namespace heed::config {
namespace {

const std::string alpaca = R"([[account]]
id = "real"
venue = "alpaca"
key = "${KEY}"
secret = "${SECRET}"
)";
const std::string route_to_real = R"([[source]]
id = "feed"
[[route]]
sources = ["feed"]
strategy = "mentions"
accounts = ["real"]
)";

ParseOptions keys(const std::string& key) {
  return with_environment({{"KEY", key},
                           {"SECRET", "a-secret-not-to-be-seen"},
                           {"TOKEN", "0123456789abcdef"},
                           {"SHORT", "0123456789abcde"},
                           {"PG", "postgresql://heed:pw@db/heed"},
                           {"BAD", "nonsense"},
                           {"HTTP", "http://hooks.example.org/x"},
                           {"HTTPS", "https://hooks.example.org/x"}});
}

struct Case {
  std::string text;  // appended to the base
  int line;          // within it; 0: the base's own lines are meant, see base_line
  std::string key;
  std::string words;
  std::string alpaca_key = "PK1";
  int base_line = 0;
};

const std::vector<Case> cases = {
  // real money
  {alpaca + "mode = 'live'", 6, "account.real.mode", "nobody has confirmed", "AK1"},
  {alpaca + "mode = 'live'\nlive_confirmation = 'paper'", 7, "account.real.live_confirmation",
   "write live_confirmation = \"real\"", "AK1"},
  {alpaca + "live_confirmation = 'real'", 6, "account.real.live_confirmation", "mode is \"paper\"", "PK1"},
  {alpaca + "base_url = 'https://paper-api.alpaca.markets'\nmode = 'live'\nlive_confirmation = 'real'", 7,
   "account.real.mode", "is not the live host but paper-api.alpaca.markets", "AK1"},
  {alpaca + "base_url = 'http://127.0.0.1:8421'\nmode = 'live'\nlive_confirmation = 'real'", 7, "account.real.mode",
   "is not the live host but 127.0.0.1", "AK1"},
  {alpaca + "base_url = 'https://api.alpaca.markets.evil.org'\nmode = 'live'\nlive_confirmation = 'real'", 7,
   "account.real.mode", "is not the live host", "AK1"},
  {alpaca + "base_url = 'https://api.alpaca.markets'", 6, "account.real.base_url", "is a host of real money", "AK1"},
  {alpaca + "base_url = 'https://API.Alpaca.Markets./'", 6, "account.real.base_url", "is a host of real money",
   "AK1"},
  {alpaca + "base_url = 'https://broker-api.alpaca.markets'", 6, "account.real.base_url", "real money", "AK1"},
  {alpaca + "base_url = 'https://api.alpaca.markets'\nmode = 'live'\nlive_confirmation = 'real'", 4,
   "account.real.key", "is a paper key", "PK1"},
  {alpaca, 4, "account.real.key", "is a live key", "AK1"},
  {alpaca + "base_url = 'http://example.org'", 6, "account.real.base_url", "in clear text"},
  {alpaca + "data_url = 'http://data.example.org'", 6, "account.real.data_url", "in clear text"},
  {"[[account]]\nid = 'real'\nvenue = 'alpaca'\nkey = '${KEY}'", 1, "account.real", "secret is missing"},
  {"[[account]]\nid = 'real'\nvenue = 'alpaca'", 1, "account.real", "write key = \"${ALPACA_KEY}\""},
  // the built-in exchange
  {"[[account]]\nid = 'b'\nmode = 'live'\nlive_confirmation = 'b'", 3, "account.b.mode", "no real money"},
  {"[[account]]\nid = 'b'\nbase_url = 'http://127.0.0.1:9'", 3, "account.b.base_url", "is where [exchange] listens"},
  {"[[account]]\nid = 'b'\nkey = '${TOKEN}'", 3, "account.b.key", "differs from that of [exchange]"},
  {"[clock]\nsource = 'exchange'\n[[account]]\nid = 'b'\n[inspect]\nlisten = '127.0.0.1:8421'", 0, "exchange.listen",
   "takes the port of [inspect], 8421", "PK1", 1},
  // listeners
  {"[api]\nlisten = '0.0.0.0:8420'", 2, "api.listen", "no token is set"},
  {"[api]\nlisten = '[::]:8420'\ntoken = '${SHORT}'", 3, "api.token", "shorter than 16 characters"},
  {"[inspect]\nlisten = '0.0.0.0:8422'", 2, "inspect.listen", "can be reached from other machines"},
  {"[inspect]\nlisten = '127.0.0.1:8420'", 2, "inspect.listen", "takes the port of [api], 8420"},
  {"[daemon]\ndata_dir = '/" + std::string(110, 'd') + "'", 2, "daemon.data_dir", "longer than 107 bytes"},
  // the store
  {"[journal]\nkind = 'postgres'", 2, "journal.kind", "needs the database's address"},
  {"[journal]\nurl = '${PG}'", 2, "journal.url", "is for kind = \"postgres\" only"},
  {"[journal]\nkind = 'postgres'\nurl = '${BAD}'", 3, "journal.url", "is no PostgreSQL address"},
  {"[journal]\nholder_wait_seconds = 5", 2, "journal.holder_wait_seconds", "is for kind = \"postgres\" only"},
  {"[journal]\nkind = 'memory'\npath = 'x.db'", 3, "journal.path", "is for kind = \"sqlite\" only"},
  {"[[source]]\nid = 't'\nkind = 'table'\npath = 'var/heed.db'", 4, "source.t.path", "is the journal itself"},
  {"[[source]]\nid = 't'\nkind = 'table'", 1, "source.t", "path is missing"},
  // sources
  {"[[source]]\nid = 's'\nkind = 'jsonl'", 1, "source.s", "path is missing"},
  {"[[source]]\nid = 's'\nkind = 'http'", 1, "source.s", "url is missing"},
  {"[[source]]\nid = 's'\npath = 'x'", 3, "source.s.path",
   "is for kind = \"jsonl\" and \"table\" only, and kind is \"inbox\""},
  {"[[source]]\nid = 's'\nkind = 'table'\npath = 'x'\nurl = '${HTTPS}'", 5, "source.s.url",
   "is for kind = \"http\" only"},
  {"[[source]]\nid = 's'\nkind = 'http'\nurl = '${BAD}'", 4, "source.s.url", "is no web address"},
  {"[[source]]\nid = 's'\nrelease = 'clock'\nstart = 'all'", 3, "source.s.release", "of kind \"inbox\" cannot do"},
  // ids and routes
  {"[[account]]\nid = 'paper'", 2, "account.paper.id", "is the id of [[account]] number 1 already"},
  {"[[source]]\nid = 'inbox'", 2, "source.inbox.id", "is the id of [[source]] number 1 already"},
  {"[[strategy]]\nid = 'mentions'", 2, "strategy.mentions.id", "is the id of [[strategy]] number 1 already"},
  {"[[strategy]]\nid = 'external'", 2, "strategy.external.id", "no strategy owns"},
  {"[[strategy]]\nid = 'manual'", 2, "strategy.manual.id", "a person closes or adopts"},
  {"[[source]]\nid = 'api'", 2, "source.api.id", "a person's own intents"},
  {"[[source]]\nid = 'schedule'", 2, "source.schedule.id", "what the schedule closes"},
  {"[[source]]\nid = 'broker'", 2, "source.broker.id", "known from the broker alone"},
  {"[[route]]\nsources = ['inbxo']\nstrategy = 'mentions'\naccounts = ['paper']", 2, "route[2].sources",
   "there is no [[source]] with id \"inbxo\"; did you mean \"inbox\"?"},
  {"[[route]]\nsources = ['inbox']\nstrategy = 'mention'\naccounts = ['paper']", 3, "route[2].strategy",
   "did you mean \"mentions\"?"},
  {"[[route]]\nsources = ['inbox']\nstrategy = 'mentions'\naccounts = ['papier']", 4, "route[2].accounts",
   "did you mean \"paper\"?"},
  {"[[route]]\nsources = ['inbox']\nstrategy = 'mentions'\naccounts = ['paper']", 4, "route[2].accounts",
   "by route 1 already"},
  {"[[route]]\nsources = []\nstrategy = 'mentions'\naccounts = ['paper']", 2, "route[2].sources", "may not be empty"},
  {"[[route]]\nsources = ['inbox']\naccounts = ['paper']", 1, "route[2]", "strategy is missing"},
  // strategies
  {"[[strategy]]\nid = 't'\nmin_trade = 5001", 3, "strategy.t.min_trade", "is above max_trade, 5000"},
  {"[[strategy]]\nid = 't'\nmax_trade = 7501", 3, "strategy.t.max_trade", "is above max_per_ticker, 7500"},
  {"[[strategy]]\nid = 't'\nbase_pct = 0.08", 3, "strategy.t.base_pct", "is above max_position_pct, 0.075"},
  {"[[strategy]]\nid = 't'\nstop_pct = 0", 3, "strategy.t.stop_pct", "a bracket has both"},
  {"[[strategy]]\nid = 't'\ntarget_pct = 0", 3, "strategy.t.target_pct", "a bracket has both"},
  {"[aggregator]\nstep = 0.3", 2, "aggregator.step", "is above cap, 0.2"},
  {"[schedule]\nexit_scan = ''", 2, "schedule.exit_scan", "holds positions to a due date that nothing would close"},
  // limits: soft above hard
  {"[[account]]\nid = 'b'\n[account.risk]\ntrades_per_day_strategy = 11", 4, "account.b.risk.trades_per_day_strategy",
   "is above trades_per_day_account, 10"},
  {"[[account]]\nid = 'b'\n[account.risk]\ndollars_per_day_strategy = '20000.01'", 4,
   "account.b.risk.dollars_per_day_strategy", "\"20000.01\": is above dollars_per_day_account, 20000"},
  {"[[account]]\nid = 'b'\n[account.risk]\nopen_positions_per_symbol_max = 21", 4,
   "account.b.risk.open_positions_per_symbol_max", "is above open_positions_max, 20"},
  {"[[account]]\nid = 'b'\n[account.risk]\norders_per_second = 61", 4, "account.b.risk.orders_per_second",
   "is above orders_per_minute, 60"},
  {"[[account]]\nid = 'b'\n[account.risk]\ngross_exposure_max = 10\nnet_exposure_max = 11", 5,
   "account.b.risk.net_exposure_max", "is above gross_exposure_max, 10"},
  {"[[account]]\nid = 'b'\n[account.risk]\ndaily_loss_fraction = 0.21", 4, "account.b.risk.daily_loss_fraction",
   "is above the drawdown that halts the account, 0.2"},
  {"[[account]]\nid = 'b'\nrate_limit_per_minute = 20", 0, "account.b.rate_reserve_per_minute", "leaves nothing"},
  {"[[account]]\nid = 'b'\nbackoff_initial_ms = 2\nbackoff_max_ms = 1", 3, "account.b.backoff_initial_ms",
   "is above backoff_max_ms, 1"},
  {alpaca + "[account.risk]\nposition_dollars_max = 7000\n" + route_to_real, 0, "strategy.mentions.max_per_ticker",
   "is above account.real.risk.position_dollars_max, 7000", "PK1", 11},
  {alpaca + "[account.risk]\norder_dollars_max = 4999\n" + route_to_real, 0, "strategy.mentions.max_trade",
   "is above account.real.risk.order_dollars_max", "PK1", 11},
  {alpaca + "[account.risk]\nposition_equity_fraction_max = 0.07\n" + route_to_real, 0,
   "strategy.mentions.max_position_pct", "is above account.real.risk.position_equity_fraction_max", "PK1", 11},
  {alpaca + "[account.risk]\ndollars_per_day_strategy = 499\n" + route_to_real, 0, "strategy.mentions.min_trade",
   "is above account.real.risk.dollars_per_day_strategy", "PK1", 11},
  // notifications
  {"[notify]\nslack_url = '${HTTP}'", 2, "notify.slack_url", "is no https address"},
  {"[notify]\nwebhook_url = '${BAD}'", 2, "notify.webhook_url", "is no https address"},
};

TEST_CASE("combinations that cannot be are errors with place and way out") {
  for (const Case& c : cases) {
    const LoadOutcome outcome = parse_text(base_text + c.text, keys(c.alpaca_key));
    INFO(c.text << "\n" << all_of(outcome.errors));
    REQUIRE_FALSE(outcome.config);
    const auto found = std::find_if(outcome.errors.begin(), outcome.errors.end(), [&](const Problem& p) {
      return p.key == c.key && p.str().find(c.words) != std::string::npos;
    });
    REQUIRE(found != outcome.errors.end());
    if (c.line > 0)
      CHECK(found->line == base_lines + c.line);
    if (c.base_line > 0)
      CHECK(found->line == c.base_line);
    CHECK(found->line > 0);
    CHECK(all_of(outcome.errors).find("a-secret-not-to-be-seen") == std::string::npos);
  }
}

TEST_CASE("combinations that look alike and are fine") {
  const std::vector<std::string> texts = {
    alpaca,
    alpaca + "base_url = 'http://127.0.0.1:8421'",
    alpaca + "base_url = 'http://[::1]:8421'",
    "[api]\nlisten = '0.0.0.0:8420'\ntoken = '${TOKEN}'",
    "[inspect]\nenabled = false\nlisten = '127.0.0.1:8420'",
    "[inspect]\nlisten = '127.0.0.1:0'\n[api]\nlisten = '127.0.0.1:0'",
    "[journal]\nkind = 'postgres'\nurl = '${PG}'",
    "[journal]\nkind = 'postgres'\nurl = 'postgresql:///heed'\n[[source]]\nid = 't'\nkind = 'table'\npath = "
    "'calls.db'",
    "[[source]]\nid = 's'\nkind = 'http'\nurl = '${HTTPS}'",
    "[[source]]\nid = 's'\nkind = 'jsonl'\npath = 'x'\nrelease = 'clock'\nstart = 'all'",
    "[[strategy]]\nid = 't'\nstop_pct = 0\ntarget_pct = 0",
    // Limits of an account that does not follow the strategy do not bind it.
    "[[account]]\nid = 'b'\n[account.risk]\nposition_dollars_max = 1",
    "[notify]\nslack_url = '${HTTPS}'",
  };
  for (const std::string& text : texts) {
    INFO(text);
    valid(base_text + text, keys("PK1"));
  }
}

TEST_CASE("real money, with all that it needs") {
  const Config config = valid(base_text + alpaca + "mode = 'live'\nlive_confirmation = 'real'", keys("AK1"));
  CHECK(config.accounts[1].base_url == "https://api.alpaca.markets");
  CHECK(config.accounts[1].data_url == "https://data.alpaca.markets");
  CHECK(config.accounts[1].key.reveal() == "AK1");
}

TEST_CASE("a paper account has the paper host") {
  const Config config = valid(base_text + alpaca, keys("PK1"));
  CHECK(config.accounts[1].base_url == "https://paper-api.alpaca.markets");
}

TEST_CASE("a stand-in serves market data where it serves orders") {
  const Config config = valid(base_text + alpaca + "base_url = 'http://127.0.0.1:8421'", keys("PK1"));
  CHECK(config.accounts[1].data_url == "http://127.0.0.1:8421");
}

TEST_CASE("the exchange needs prices, from one place, and time of its own only with the clock") {
  struct Row {
    std::string exchange;
    std::string clock;
    std::string key;
    std::string words;
  };
  const std::vector<Row> rows = {
    {"", "", "exchange", "has no prices"},
    {"bars = 'b'\nsynthetic_seed = 1\nsymbols = ['A']", "", "exchange.synthetic_seed", "are both set"},
    {"synthetic_seed = 1", "", "exchange.synthetic_seed", "needs symbols"},
    {"bars = 'b'\nspeed = 60", "", "exchange.speed", "a time of its own"},
    {"bars = 'b'\nstart = 2020-01-02T00:00:00Z", "", "exchange.start", "a time of its own"},
    {"bars = 'b'\nspeed = 0", "[clock]\nsource = 'exchange'", "exchange.speed", "out of range"},
    {"bars = 'b'\nsymbols = ['aapl']", "", "exchange.symbols", "is no symbol"},
    {"bars = 'b'\ncash = 0", "", "exchange.cash", "out of range"},
    {"bars = 'b'\nlisten = '0.0.0.0:1'", "", "exchange.listen", "other machines"},
    {"bars = 'b'\nspeed = 60\nstart = 2020-01-02T00:00:00Z", "[clock]\nsource = 'exchange'", "", ""},
    {"bars = 'b'", "", "", ""},
  };
  for (const Row& row : rows) {
    const LoadOutcome outcome =
      parse_text("[exchange]\n" + row.exchange + "\n[[account]]\nid = 'paper'\n" + row.clock + "\n");
    INFO(row.exchange << "\n" << all_of(outcome.errors));
    REQUIRE(outcome.config.has_value() == row.key.empty());
    if (row.key.empty())
      continue;
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].key == row.key);
    CHECK(outcome.errors[0].str().find(row.words) != std::string::npos);
    CHECK(outcome.errors[0].line > 0);
  }
}

TEST_CASE("the exchange's clock needs an account there") {
  const LoadOutcome outcome = parse_text("\n[clock]\nsource = 'exchange'\n");
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].line == 3);
  CHECK(outcome.errors[0].message == "needs an account at the built-in exchange");
}

TEST_CASE("an exchange that runs as its own process on this machine may give the clock, a far broker may not") {
  const auto outcome_with = [](const std::string& address) {
    return parse_text("[clock]\nsource = 'exchange'\n" + alpaca + address, keys("PK1"));
  };
  CHECK(outcome_with("base_url = 'http://127.0.0.1:8421'").config.has_value());
  const LoadOutcome far = outcome_with("");
  REQUIRE(far.errors.size() == 1);
  CHECK(far.errors[0].key == "clock.source");
  CHECK(far.errors[0].line == 2);
}

TEST_CASE("an empty exit scan is fine where nothing is held to a date") {
  CHECK(valid("[schedule]\nexit_scan = ''\n").schedule.exit_scan.empty());
}

TEST_CASE("what leads nowhere is a warning") {
  struct Row {
    std::string text;
    int line;
    std::string words;
  };
  const std::vector<Row> rows = {
    {"[[account]]\nid = 'b'", 1, "account.b: is followed by no route"},
    {"[[source]]\nid = 's'", 1, "source.s: is named by no route"},
    {"[[strategy]]\nid = 't'", 1, "strategy.t: is named by no route"},
    {"[[source]]\nid = 's'\nkind = 'jsonl'\npath = 'x'\nrelease = 'clock'", 5, "skips what is there"},
    {"[[account]]\nid = 'b'\nreconcile_interval_seconds = 1", 3,
     "of 1 s takes 180 requests a minute or more of the 180 that rate_limit_per_minute leaves"},
    {"[[account]]\nid = 'b'\nrate_limit_per_minute = 40\nreconcile_interval_seconds = 16", 4, "write 18 or more"},
    {"[[strategy]]\nid = 't'\nenable_trading = true\nstop_pct = 0\ntarget_pct = 0", 4, "without protection"},
  };
  for (const Row& row : rows) {
    const LoadOutcome outcome = parse_text(base_text + row.text);
    INFO(row.text << "\n" << all_of(outcome.errors) << all_of(outcome.warnings));
    CHECK(outcome.config);
    CHECK(std::any_of(outcome.warnings.begin(), outcome.warnings.end(), [&](const Problem& p) {
      return p.line == base_lines + row.line && p.str().find(row.words) != std::string::npos;
    }));
  }
  CHECK(parse_text(base_text).warnings.empty());
  CHECK(parse_text(base_text + "[schedule]\nreconcile_interval_seconds = 3\n").warnings.empty());
  const LoadOutcome idle = parse_text("[exchange]\nbars = 'b'\n");
  REQUIRE(idle.warnings.size() == 1);
  CHECK(idle.warnings[0].message.find("it will not run") != std::string::npos);
}

}  // namespace
}  // namespace heed::config
