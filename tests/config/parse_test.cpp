// Every kind of error that a single key can have, with its place.
#include "tests/config/support.hpp"

#include "config/values.hpp"

namespace heed::config {
namespace {

struct Case {
  std::string text;  // appended to the base
  int line;          // within it
  int column;
  std::string key;
  std::string words;  // that the message must hold
};

const std::vector<Case> cases = {
  // unknown keys and tables
  {"[daemon]\ndata_dri = 'x'", 2, 1, "daemon.data_dri", "did you mean \"data_dir\"?"},
  {"[daemon]\nlisten = 'x'", 2, 1, "daemon.listen", "it belongs under [api]"},
  {"[daemon]\nqwertyuiop = 1", 2, 1, "daemon.qwertyuiop", "unknown key"},
  {"[deamon]\nlog_level = 'info'", 1, 2, "deamon", "did you mean \"daemon\"?"},
  {"[schedule]\n\"a b\\n\" = 1", 2, 1, "schedule.\"a b\\n\"", "unknown key"},
  {"[[account]]\nid = 'b'\nvenu = 'exchange'", 3, 1, "account.b.venu", "did you mean \"venue\"?"},
  {"[[account]]\nid = 'b'\n[account.risk]\ncooldown = 1\ncooldown_secnds = 1", 5, 1, "account.b.risk.cooldown_secnds",
   "did you mean \"cooldown_seconds\"?"},
  {"[[account]]\nvenu = 'exchange'", 2, 1, "account[2].venu", "unknown key"},
  {"[[account]]\nid = 'b'\nriks = { cooldown_seconds = 1 }", 3, 1, "account.b.riks", "did you mean \"risk\"?"},
  // tables written as something else
  {"[[daemon]]\nlog_level = 'info'", 1, 3, "daemon", "a table that comes once"},
  {"aggregator = 3", 1, 1, "route[1].aggregator", "unknown key"},
  {"[[account]]\nid = 'b'\nrisk = 3", 3, 1, "account.b.risk", "must be a table"},
  // wrong types
  {"[daemon]\ndrain_seconds = '20'", 2, 17, "daemon.drain_seconds", "must be whole number, and is text"},
  {"[daemon]\ndrain_seconds = 20.0", 2, 17, "daemon.drain_seconds", "and is a number with a fraction"},
  {"[daemon]\ndrain_seconds = true", 2, 17, "daemon.drain_seconds", "and is true or false"},
  {"[daemon]\ndata_dir = 3", 2, 12, "daemon.data_dir", "must be text, and is a whole number"},
  {"[daemon]\nlog_level = 3", 2, 13, "daemon.log_level", "trace, debug, info, warn, error"},
  {"[inspect]\nenabled = 1", 2, 11, "inspect.enabled", "must be true or false"},
  {"[inspect]\nenabled = 'yes'", 2, 11, "inspect.enabled", "must be true or false"},
  {"[notify]\nevents = 'entry'", 2, 10, "notify.events", "must be list of names"},
  {"[notify]\nevents = ['entry', 3]", 2, 20, "notify.events", "the list may only hold text"},
  {"[notify]\nslack_url = 3", 2, 13, "notify.slack_url", "must be secret"},
  {"[api]\ntoken = 2020-01-01", 2, 9, "api.token", "and is a date or time"},
  // names
  {"[daemon]\nlog_level = 'inof'", 2, 13, "daemon.log_level", "did you mean \"info\"?"},
  {"[daemon]\nlog_level = 'INFO'", 2, 13, "daemon.log_level", "did you mean \"info\"?"},
  {"[notify]\nevents = ['entry', 'exits']", 2, 20, "notify.events", "did you mean \"exit\"?"},
  {"[notify]\nevents = ['entry', 'entry']", 2, 20, "notify.events", "stands twice"},
  {"[schedule]\nzone = 'America/NewYork'", 2, 8, "schedule.zone", "did you mean \"America/New_York\"?"},
  {"[schedule]\nzone = 'Mars/Olympus'", 2, 8, "schedule.zone", "(allowed: America/New_York, UTC)"},
  // ranges
  {"[daemon]\ndrain_seconds = 0", 2, 17, "daemon.drain_seconds", "(allowed: 1..600 seconds)"},
  {"[daemon]\ndrain_seconds = 601", 2, 17, "daemon.drain_seconds", "601: is out of range"},
  {"[daemon]\ndrain_seconds = 9223372036854775807", 2, 17, "daemon.drain_seconds", "out of range"},
  {"[[source]]\nid = 's'\npoll_interval_seconds = -5", 3, 25, "source.s.poll_interval_seconds", "out of range"},
  {"[aggregator]\nstep = 1.01", 2, 8, "aggregator.step", "(allowed: 0..1 of conviction)"},
  {"[aggregator]\nstep = -0.01", 2, 8, "aggregator.step", "out of range"},
  {"[[account]]\nid = 'b'\nstarting_equity = 0", 3, 19, "account.b.starting_equity", "(allowed: above 0 dollars)"},
  {"[[account]]\nid = 'b'\nstarting_equity = -1", 3, 19, "account.b.starting_equity", "out of range"},
  {"[[account]]\nid = 'b'\nstarting_equity = 9223372036854775807", 3, 19, "account.b.starting_equity", "range"},
  {"[[account]]\nid = 'b'\n[account.risk]\ntrades_per_day_account = -1", 4, 26,
   "account.b.risk.trades_per_day_account", "out of range"},
  // numbers that are none, and amounts that are floats
  {"[aggregator]\nstep = inf", 2, 8, "aggregator.step", "inf: must be a finite number"},
  {"[aggregator]\nstep = -nan", 2, 8, "aggregator.step", "-nan: must be a finite number"},
  {"[aggregator]\nstep = 0.0500000001", 2, 8, "aggregator.step", "nine decimals"},
  {"[aggregator]\nstep = '5 %'", 2, 8, "aggregator.step", "no decimal number"},
  {"[aggregator]\nstep = '0,05'", 2, 8, "aggregator.step", "no decimal number"},
  {"[[strategy]]\nid = 't'\nmax_trade = 1250.50", 3, 13, "strategy.t.max_trade", "write \"1250.5\""},
  {"[[strategy]]\nid = 't'\nmax_trade = 1e3", 3, 13, "strategy.t.max_trade", "write \"1000\""},
  {"[[strategy]]\nid = 't'\nmax_trade = inf", 3, 13, "strategy.t.max_trade", "is no amount"},
  {"[[strategy]]\nid = 't'\nmax_trade = nan", 3, 13, "strategy.t.max_trade", "is no amount"},
  {"[[strategy]]\nid = 't'\nmax_trade = ''", 3, 13, "strategy.t.max_trade", "no decimal number"},
  {"[[strategy]]\nid = 't'\nmax_trade = true", 3, 13, "strategy.t.max_trade", "must be whole number, or a decimal"},
  // texts
  {"[[source]]\nid = 'Big'", 2, 6, "source[2].id", "is no id"},
  {"[[source]]\nid = ''", 2, 6, "source", "may not be empty"},
  {"[[source]]\nid = 'a23456789012345678901234567890ab'", 2, 6, "source", "longer than 31 bytes"},
  {"[[strategy]]\nid = 'a2345678901234567890b'", 2, 6, "strategy", "longer than 20 bytes"},
  {"[[source]]\nname = 's'", 1, 1, "source", "id is missing; write id = \"inbox\""},
  {"[daemon]\ndata_dir = ''", 2, 12, "daemon.data_dir", "may not be empty"},
  {"[daemon]\ndata_dir = '${HOME}/heed'", 2, 12, "daemon.data_dir", "read in secrets only"},
  {"[daemon]\ndata_dir = \"a\\u0000b\"", 2, 12, "daemon.data_dir", "control character"},
  {"[daemon]\ndata_dir = \"a\\u001B[2J\"", 2, 12, "daemon.data_dir", "\"a\\u001B[2J\": holds a control"},
  {"[api]\nlisten = '8420'", 2, 10, "api.listen", "is no address to listen on"},
  {"[api]\nlisten = '127.0.0.1:99999'", 2, 10, "api.listen", "is no address to listen on"},
  {"[[account]]\nid = 'b'\nvenue = 'alpaca'\nbase_url = 'paper-api.alpaca.markets'", 4, 12, "account.b.base_url",
   "is no web address"},
  {"[schedule]\nexit_scan = '35 9 * *'", 2, 13, "schedule.exit_scan", "has 4 fields and not 5"},
  {"[schedule]\nexit_scan = '35 24 * * *'", 2, 13, "schedule.exit_scan", "hour may hold 0..23"},
  {"[schedule]\nexit_scan = '35 9 * * 6'", 2, 13, "schedule.exit_scan", "never comes on a Monday to Friday"},
  {"[[source]]\nid = 's'\ndefault_conviction = 2", 3, 22, "source.s.default_conviction", "(allowed: 0..1)"},
  // not TOML
  {"[daemon\n", 1, 8, "", "not valid TOML"},
  {"[daemon]\nlog_level = 'info'\nlog_level = 'info'", 3, 1, "", "not valid TOML"},
  {"[daemon]\n[daemon]", 2, 1, "", "not valid TOML"},
  {"[daemon]\ndrain_seconds = 9223372036854775808", 2, 17, "", "not valid TOML"},
  {"[daemon]\nlog_level = \"\xff\"", 2, 14, "", "not valid TOML"},
  {"[daemon]\nx = 2023-02-30", 2, 15, "", "not valid TOML"},
  {"x = 1\n[[[\n[daemon]", 2, 1, "", "expected a key"},
  {"[=]", 1, 1, "", "expected a key"},
  {"x = 1a='é", 1, 8, "", "a quote in the middle of a value"},
  {"x = [\n1'é'\n]", 2, 2, "", "a quote in the middle of a value"},
  {"x = 1é", 1, 6, "", "beyond ASCII outside of quotes"},
  {"# é\n é = 1", 2, 2, "", "beyond ASCII outside of quotes"},
  {"x = \"\"\"d\"\"\"\"é\"", 1, 13, "", "beyond ASCII outside of quotes"},
  {"x = '''d'''''é'", 1, 14, "", "beyond ASCII outside of quotes"},
  {"x = 'é' \xEF\xBB\xBF", 1, 9, "", "beyond ASCII outside of quotes"},
  {"x = \"\"\"\\é\"\"\"", 1, 9, "", "in a text of several lines"},
  {"x = \"\"\"\\\n é\"\"\"", 2, 2, "", "in a text of several lines"},
  {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r = 1", 1, 34, "", "more than 16 dots"},
};

TEST_CASE("each error names its line, its key and the way out") {
  for (const Case& c : cases) {
    const LoadOutcome outcome = parse_text(base_text + c.text);
    INFO(c.text << "\n" << all_of(outcome.errors));
    REQUIRE_FALSE(outcome.config);
    const auto at_place = [&](const Problem& p) {
      return p.line == base_lines + c.line && (c.words.find("TOML") != std::string::npos || p.column == c.column) &&
             p.str().find(c.words) != std::string::npos && (c.key.empty() || p.key.starts_with(c.key)) &&
             p.file == "heed.toml";
    };
    CHECK(std::any_of(outcome.errors.begin(), outcome.errors.end(), at_place));
  }
}

TEST_CASE("a list of tables written with one bracket is told once, without what would follow from it") {
  const LoadOutcome outcome = parse_text(R"([account]
id = "paper"
[[source]]
id = "inbox"
[[strategy]]
id = "mentions"
[[route]]
sources = ["inbox"]
strategy = "mentions"
accounts = ["paper"]
)");
  INFO(all_of(outcome.errors));
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].str().find("heed.toml:1:2: account: is a table that may come several times") == 0);
  CHECK(outcome.errors[0].fix == "write [[account]] with two brackets");
}

TEST_CASE("all problems come at once, in the order of the file") {
  const LoadOutcome outcome = parse_text(R"([schedule]
zone = "Nowhere"
[daemon]
log_level = "loud"
drain_seconds = 0
[api]
listen = "0.0.0.0:8420"
)");
  INFO(all_of(outcome.errors));
  REQUIRE(outcome.errors.size() == 4);
  CHECK(outcome.errors[0].line == 2);
  CHECK(outcome.errors[1].line == 4);
  CHECK(outcome.errors[2].line == 5);
  CHECK(outcome.errors[3].line == 7);
}

TEST_CASE("a file full of errors gives a list that ends") {
  std::string text = "[daemon]\n";
  for (int i = 0; i < 5000; ++i)
    text += "x" + std::to_string(i) + " = 1\n";
  const LoadOutcome outcome = parse_text(text);
  REQUIRE(outcome.errors.size() == 201);
  CHECK(outcome.errors.back().message == "and 4800 more like these");
}

TEST_CASE("hostile text is refused or read, and nothing else happens") {
  const std::string dots = [] {
    std::string text = "a";
    for (int i = 0; i < 200'000; ++i)
      text += ".a";
    return text + " = 1";
  }();
  const std::vector<std::string> texts = {
    dots,
    "[" + dots.substr(0, dots.size() - 4) + "]",
    "x = " + std::string(100'000, '['),
    std::string(100'000, '['),
    "x = \"" + std::string(100'000, 'y'),
    std::string("\0\0\0", 3),
    std::string("a = 1\0", 6),
    std::string(file_bytes_max + 1, '#'),
    "\xFF\xFE[\0d\0]\0",
    std::string(1000, 'k') + " = 1",
    "\"" + std::string(100'000, 'k') + "\" = 1",
  };
  for (const std::string& text : texts) {
    const LoadOutcome outcome = parse_text(text);
    INFO(text.substr(0, 40));
    CHECK_FALSE(outcome.config);
    REQUIRE_FALSE(outcome.errors.empty());
    CHECK(outcome.errors[0].str().size() < 600);
  }
}

TEST_CASE("dots within quotes and comments are not nesting") {
  CHECK(
    parse_text("# " + std::string(100, '.') + "\n[daemon]\ndata_dir = \"a" + std::string(50, '.') + "\"\n").config);
  CHECK(parse_text("[daemon]\ndata_dir = 'it\\'\nlog_level = 'info' # '....................'\n").config);
  CHECK(parse_text("[daemon]\ndata_dir = \"\"\"é'\\t'\"\"\" # é\nlog_level = 'info'\n").errors.size() ==
        1);  // the tab
  CHECK(parse_text("[daemon]\ndata_dir = \"\"\"a\\\"....................\"\"\"\n").config);
}

TEST_CASE("a byte order mark, CRLF and an empty file are fine") {
  CHECK(valid("\xEF\xBB\xBF[daemon]\r\ndrain_seconds = 7\r\n").daemon.drain_seconds == 7);
  CHECK(valid("") == valid("# nothing\n"));
  const LoadOutcome bad = parse_text("\xEF\xBB\xBF[daemon]\r\ndrain_seconds = 0.5\r\n");
  REQUIRE(bad.errors.size() == 1);
  CHECK(bad.errors[0].value == "0.5");
  CHECK(bad.errors[0].line == 2);
}

TEST_CASE("fractions come from their digits, exactly") {
  struct Row {
    std::string token;
    std::string exact;
  };
  const std::vector<Row> rows = {
    {"0.05", "0.05"},
    {"0.1", "0.1"},
    {"1e-9", "0.000000001"},
    {"0.000_000_001", "0.000000001"},
    {"1.0", "1"},
    {"10e-2", "0.1"},
    {"0.5e0", "0.5"},
    {"+0.25", "0.25"},
    {"0", "0"},
    {"1", "1"},
    {"'0.05'", "0.05"},
    {"\"0.123456789\"", "0.123456789"},
    {"-0.0", "0"},
    {"0.3000000000000", "0.3"},
    {"5E-1", "0.5"},
    {"0.00000e+5", "0"},
  };
  for (const Row& row : rows) {
    INFO(row.token);
    const Config config = valid("[aggregator]\ncap = 1\nstep = " + row.token + " # a comment\n");
    CHECK(config.aggregator.step.str() == row.exact);
  }
  for (const std::string token : {"", "e5", ".", "1e", "1e999", "1e-10", "nan", "inf", "1.2.3", "0x10", "1e+"})
    CHECK_FALSE(exact_decimal(token));
  CHECK(exact_decimal("12345.678")->str() == "12345.678");
  CHECK(exact_decimal("9223372036.854775807"));
  CHECK_FALSE(exact_decimal("9223372036.854775808"));
  CHECK(exact_decimal("-0.5")->str() == "-0.5");
}

TEST_CASE("exact fractions hold beside others on their line and behind wide characters") {
  const Config config = valid("aggregator = { \"step\" = 0.07 , cap = 0.300 }\n");
  CHECK(config.aggregator.step.str() == "0.07");
  CHECK(config.aggregator.cap.str() == "0.3");
  const LoadOutcome wide = parse_text("exchange = { bars = \"é漢😀\", slippage = 1.5 }\n");
  REQUIRE(wide.errors.size() == 1);
  CHECK(wide.errors[0].value == "1.5");
}

TEST_CASE("amounts are whole numbers or decimals in quotes") {
  const Config config = valid(base_text + "[[strategy]]\nid = 't'\nmin_trade = 1_000\nmax_trade = \"1250.55\"\n");
  CHECK(config.strategies[1].min_trade == Decimal{1000});
  CHECK(config.strategies[1].max_trade.str() == "1250.55");
}

TEST_CASE("an instant is a TOML date-time or text, and needs a zone") {
  const std::string clock = "[clock]\nsource = 'exchange'\n";
  const auto start = [&](const std::string& value) {
    std::string text = base_text;
    return text.replace(text.find("symbols"), 0, "start = " + value + "\n") + clock;
  };
  const Instant expected = *parse_rfc3339("2025-06-02T13:28:00Z");
  for (const std::string value :
       {"2025-06-02T13:28:00Z", "2025-06-02 13:28:00Z", "2025-06-02T09:28:00-04:00", "'2025-06-02T13:28:00.000Z'"}) {
    INFO(value);
    CHECK(valid(start(value)).exchange.start == expected);
  }
  for (const std::string value : {"2025-06-02T13:28:00", "2025-06-02", "13:28:00", "'yesterday'"}) {
    const LoadOutcome outcome = parse_text(start(value));
    INFO(value << "\n" << all_of(outcome.errors));
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].message == "is no instant");
    CHECK(outcome.errors[0].line == 3);
  }
}

TEST_CASE("what is not written has the documented default") {
  const Config config = valid(base_text);
  CHECK(config.accounts[0].risk == RiskLimits{});
  CHECK(config.strategies[0].min_conviction.str() == "0.6");
  CHECK_FALSE(config.strategies[0].enable_trading);
  CHECK(config.sources[0].start == SourceStart::new_only);
  CHECK(config.api.listen == "127.0.0.1:8420");
  CHECK(config.inspect.listen == "127.0.0.1:8422");
  CHECK(config.schedule.exit_scan == "35 9 * * 1-5");
}

TEST_CASE("what follows from other keys is filled in") {
  const Config config =
    valid("[daemon]\ndata_dir = '/srv/heed/'\n" + base_text + "[schedule]\nreconcile_interval_seconds = 11\n");
  CHECK(config.journal.path == "/srv/heed/heed.db");
  CHECK(config.api.unix_socket == "/srv/heed/heed.sock");
  CHECK(config.exchange.state_file == "/srv/heed/exchange.json");
  CHECK(config.accounts[0].base_url == "http://127.0.0.1:8421");
  CHECK(config.accounts[0].key.reveal() == "heed");
  CHECK(config.accounts[0].reconcile_interval_seconds == 11);
  CHECK(config.needs_exchange());
}

}  // namespace
}  // namespace heed::config
