// The command line against a daemon that answers from a table: what is asked, what is printed, how it ends.
#include "app/cli/cli.hpp"
#include "app/cli/table.hpp"
#include "config/load.hpp"
#include "net/json.hpp"
#include "persistence/journal.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace heed::cli::test {
namespace {

/// Answers by method and target; keeps what it was asked.
struct Daemon {
  std::map<std::string, net::HttpResponse> answers;
  std::vector<net::HttpRequest> asked;
  bool reachable = true;

  void answer(const std::string& what, int status, const std::string& body) { answers[what] = {status, {}, body}; }
};

class FakeTransport final : public Transport {
public:
  explicit FakeTransport(Daemon& daemon) : daemon_{daemon} {}
  Result<net::HttpResponse> send(const net::HttpRequest& request) override {
    daemon_.asked.push_back(request);
    if (!daemon_.reachable)
      return Error{ErrorKind::not_sent, "connect", "connection refused"};
    const auto found = daemon_.answers.find(request.method + " " + request.target);
    if (found == daemon_.answers.end())
      return net::HttpResponse{404, {}, R"({"status":404,"code":"ROUTE_UNKNOWN","detail":"nothing there"})"};
    return found->second;
  }
  std::string address() const override { return "test"; }

private:
  Daemon& daemon_;
};

/// One machine to run commands on.
struct Machine {
  Daemon daemon;
  std::map<std::string, std::string> environment;
  std::string input;
  bool terminal = false;
  std::optional<Error> no_way;  // to any daemon
  Target target;
  std::optional<RunOptions> ran;
  std::optional<ExchangeOptions> exchanged;
  std::optional<InspectOptions> inspected;
  std::string out, err;

  int operator()(const std::vector<std::string>& args) {
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    std::istringstream in_stream{input};
    Surroundings s;
    s.out = &out_stream;
    s.err = &err_stream;
    s.in = &in_stream;
    s.out_is_terminal = s.err_is_terminal = terminal;
    s.width = 60;
    s.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional{found->second};
    };
    s.connect = [this](const Target& t) -> Result<std::unique_ptr<Transport>> {
      target = t;
      if (no_way)
        return *no_way;
      return std::unique_ptr<Transport>{std::make_unique<FakeTransport>(daemon)};
    };
    s.run_daemon = [this](const RunOptions& o) { return ran = o, 0; };
    s.run_exchange = [this](const ExchangeOptions& o) { return exchanged = o, 0; };
    s.run_inspect = [this](const InspectOptions& o) { return inspected = o, 0; };
    const int code = run(args, s);
    out = out_stream.str();
    err = err_stream.str();
    return code;
  }
};

/// A folder of its own, gone afterwards.
struct Folder {
  std::filesystem::path path =
    std::filesystem::temp_directory_path() / ("heed-cli-test-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name, std::ios::binary} << text;
    return (path / name).string();
  }
};

constexpr const char* orders_page =
  R"({"items":[{"client_order_id":"heed1.m.en.a","account":"paper","symbol":"NVDA","side":"buy","leg":"entry",)"
  R"("type":"limit","quantity":"5","cum_qty":"2.5","limit_price":"101.5","stop_price":null,"avg_px":null,)"
  R"("status":"partially_filled","created_at":"2026-11-20T14:30:00.000000Z"},)"
  R"({"client_order_id":"heed1.m.sl.a","account":"paper","symbol":"NVDA","side":"sell","leg":"stop_loss",)"
  R"("type":"stop","quantity":"1000","cum_qty":"0","limit_price":null,"stop_price":"93","avg_px":null,)"
  R"("status":"held","created_at":"2026-11-20T14:30:00.000000Z"}],"next_cursor":"c-2"})";

}  // namespace

TEST_CASE("orders as a table, numbers to the right", "[cli]") {
  Machine heed;
  heed.daemon.answer("GET /api/v1/orders?symbol=NVDA&status=live", 200, orders_page);
  CHECK(heed({"orders", "--symbol", "NVDA", "--status", "live"}) == 0);
  CHECK(heed.out ==
        "CREATED               ACCOUNT  SYMBOL  SIDE  LEG        TYPE    QTY  FILLED   LIMIT   STOP  AVG  "
        "STATUS            ORDER\n"
        "2026-11-20T14:30:00Z  paper    NVDA    buy   entry      limit     5     2.5  101.50              "
        "partially_filled  heed1.m.en.a\n"
        "2026-11-20T14:30:00Z  paper    NVDA    sell  stop_loss  stop   1000       0          93.00       "
        "held              heed1.m.sl.a\n");
  CHECK(heed.err == "there is more: add --cursor c-2\n");
}

TEST_CASE("--json passes the answer on as it is", "[cli]") {
  Machine heed;
  heed.daemon.answer("GET /api/v1/orders", 200, orders_page);
  CHECK(heed({"--json", "orders"}) == 0);
  CHECK(heed.out == orders_page);
  CHECK(heed({"orders", "--json"}) == 0);
  CHECK(heed.out == orders_page);
  CHECK(heed.err.empty());
}

TEST_CASE("signals have a line per decision", "[cli]") {
  Machine heed;
  heed.daemon.answer(
    "GET /api/v1/signals", 200,
    R"({"items":[{"signal_id":"s-1","source":"calls","symbol":"NVDA","action":"buy","status":"mixed",)"
    R"("received_at":"2026-11-20T14:30:00.000000Z","decisions":[)"
    R"({"account":"a","disposition":"filled","reason":"","final":true},)"
    R"({"account":"b","disposition":"no_op:paused","reason":"paused \u001b[31mby eva","final":true}]},)"
    R"({"signal_id":"s-2","source":"calls","symbol":"AMD","action":"sell","status":"received",)"
    R"("received_at":"2026-11-20T14:31:00.000000Z","decisions":[]}],"next_cursor":null})");
  CHECK(heed({"signals"}) == 0);
  CHECK(heed.out ==
        "RECEIVED              SIGNAL  SOURCE  SYMBOL  ACTION  ACCOUNT  DISPOSITION   REASON\n"
        "2026-11-20T14:30:00Z  s-1     calls   NVDA    buy     a        filled\n"
        "2026-11-20T14:30:00Z  s-1     calls   NVDA    buy     b        no_op:paused  paused  [31mby eva\n"
        "2026-11-20T14:31:00Z  s-2     calls   AMD     sell             received\n");
}

TEST_CASE("colour only on a terminal that wants it", "[cli]") {
  Machine heed;
  heed.daemon.answer("GET /api/v1/orders", 200, orders_page);
  const auto colored = [&](std::vector<std::string> args) {
    heed(args);
    return heed.out.find('\x1b') != std::string::npos;
  };
  CHECK_FALSE(colored({"orders"}));
  heed.terminal = true;
  CHECK(colored({"orders"}));
  CHECK_FALSE(colored({"orders", "--no-color"}));
  heed.environment["NO_COLOR"] = "1";
  CHECK_FALSE(colored({"orders"}));
}

TEST_CASE("a client needs of the configuration what it uses, and no secret of the daemon's", "[cli]") {
  const Folder folder;
  const std::string text =
    "[api]\nlisten = \"127.0.0.1:9000\"\nunix_socket = \"/run/heed/heed.sock\"\n"
    "[exchange]\nsynthetic_seed = 1\nsymbols = [\"SPY\"]\n"
    "[[account]]\nid = \"a\"\nvenue = \"alpaca\"\nkey = \"${NO_KEY}\"\n"
    "secret = \"file:${CREDENTIALS_DIRECTORY}/alpaca-secret\"\n";
  Machine heed;
  heed.daemon.answer("GET /api/v1/orders", 200, orders_page);
  const auto config = folder.write("heed.toml", text);
  CHECK(heed({"--config", config, "orders"}) == 0);
  CHECK(heed.err.find("error") == std::string::npos);
  CHECK(heed.target.unix_socket == "/run/heed/heed.sock");
  CHECK(heed.target.otherwise == "http://127.0.0.1:9000");
  CHECK(heed({"--config", config, "config", "check", config}) == 78);
  CHECK(heed({"--config", config, "run"}) == 78);

  // The token is one that it may need.
  const auto guarded = folder.write("guarded.toml", "[api]\ntoken = \"${HEED_API_TOKEN}\"\n" + text.substr(6));
  CHECK(heed({"--config", guarded, "orders"}) == 0);
  heed.daemon.answer("GET /api/v1/orders", 401, R"({"status":401,"code":"TOKEN_MISSING","detail":"no token"})");
  CHECK(heed({"--config", guarded, "orders"}) == 78);
  CHECK(heed.err.find("HEED_API_TOKEN is not set") != std::string::npos);
  CHECK(heed.err.find("--token") != std::string::npos);
  CHECK(heed({"--config", guarded, "--token", "other", "orders"}) == 77);
  heed.environment["HEED_API_TOKEN"] = "a-token-of-enough-letters";
  CHECK(heed({"--config", guarded, "orders"}) == 77);
  CHECK(net::header(heed.daemon.asked.back().headers, "Authorization") == "Bearer a-token-of-enough-letters");

  // And a store's own address one that it does need.
  const auto stored =
    folder.write("stored.toml", text + "[journal]\nkind = \"postgres\"\nurl = \"${NO_DATABASE}\"\n");
  CHECK(heed({"--config", stored, "migrate"}) == 78);
  CHECK(heed.err.find("journal.url") != std::string::npos);
  CHECK(heed.err.find("NO_KEY") == std::string::npos);
}

TEST_CASE("answers become exit codes", "[cli]") {
  struct Case {
    int status;
    const char* body;
    int exit;
  };
  const auto c = GENERATE(values<Case>({
    {400, R"({"code":"QUERY_INVALID","detail":"no"})", 64},
    {400, R"({"code":"FIELD_INVALID","detail":"no"})", 65},
    {401, R"({"code":"TOKEN_MISSING","detail":"no"})", 77},
    {403, R"({"code":"ORIGIN_FOREIGN","detail":"no"})", 77},
    {404, R"({"code":"NOT_FOUND","detail":"no"})", 1},
    {409, R"({"code":"HALTED","detail":"no","refused":true})", 3},
    {409, R"({"code":"CONFLICT","detail":"no"})", 65},
    {500, R"({"code":"INTERNAL","detail":"no"})", 70},
    {503, R"({"code":"DRAINING","detail":"no"})", 69},
    {504, R"({"code":"UNKNOWN","detail":"no"})", 69},
    {502, "<html>bad gateway</html>", 69},
    {200, "<html>another program</html>", 70},
  }));
  Machine heed;
  heed.daemon.answer("GET /api/v1/trades", c.status, c.body);
  INFO(c.body);
  CHECK(heed({"trades"}) == c.exit);
  CHECK(heed.out.empty());
  CHECK(heed.err.starts_with("heed: "));
}

TEST_CASE("a daemon that is not there is named, with the next step", "[cli]") {
  Machine heed;
  heed.daemon.reachable = false;
  CHECK(heed({"status"}) == 69);
  CHECK(heed.err ==
        "heed: the daemon at test does not answer\n  connection refused\n"
        "  start it with: heed run --config FILE; or name another one with --url\n");
}

TEST_CASE("usage errors exit 64 and suggest", "[cli]") {
  struct Case {
    std::vector<std::string> args;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
    {{"sgnals"}, "did you mean \"signals\"?"},
    {{"orders", "--statsu", "live"}, "did you mean \"--status\"?"},
    {{"orders", "--jsn"}, "did you mean \"--json\"?"},
    {{"config", "chek"}, "did you mean \"check\"?"},
    {{"orders", "extra"}, "one argument too many for heed orders"},
    {{"close", "paper"}, "symbol is required"},
    {{"kill"}, "level is required"},
    {{"orders", "--limit"}, "--limit"},
    {{"run", "--set", "nonsense"}, "key=value"},
    {{"exchange"}, "name exactly one"},
    {{"exchange", "--synthetic", "1", "--bars", "x"}, "name exactly one"},
    {{"exchange", "--synthetic", "x"}, "whole number"},
    {{"exchange", "--synthetic", "1", "--listen", "nowhere"}, "not an address and a port"},
    {{"exchange", "--synthetic", "1", "--speed", "0"}, "above 0"},
    {{"exchange", "--synthetic", "1", "--speed", "fast"}, "above 0"},
    {{"exchange", "--synthetic", "1", "--cash", "1e5"}, "above 0"},
    {{"exchange", "--synthetic", "1", "--start", "2026-01-05"}, "instant"},
    {{"exchange", "--synthetic", "1", "--market-hours", "night"}, "neither regular nor always"},
    {{"inspect", "--connect", "nowhere"}, "HOST:PORT"},
    {{"inspect", "--connect", "h:99999"}, "HOST:PORT"},
    {{"inspect", "show"}, "actor is required"},
    {{"mentions"}, "import"},
    {{}, "Usage: heed"},
  }));
  Machine heed;
  CHECK(heed(c.args) == 64);
  INFO(heed.err);
  CHECK(heed.err.find(c.says) != std::string::npos);
  CHECK(heed.out.empty());
  CHECK(heed.daemon.asked.empty());
}

TEST_CASE("help is everywhere, with examples before the options", "[cli]") {
  const auto args = GENERATE(values<std::vector<std::string>>({
    {"--help"},
    {"-h"},
    {"run", "--help"},
    {"exchange", "--help"},
    {"signals", "--help"},
    {"orders", "-h"},
    {"fills", "--help"},
    {"positions", "--help"},
    {"trades", "--help"},
    {"accounts", "--help"},
    {"audit", "--help"},
    {"explain", "--help"},
    {"close", "--help"},
    {"pause", "--help"},
    {"resume", "--help"},
    {"kill", "--help"},
    {"mentions", "--help"},
    {"mentions", "import", "--help"},
    {"mentions", "add", "--help"},
    {"config", "--help"},
    {"config", "check", "--help"},
    {"journal", "verify", "--help"},
    {"inspect", "show", "--help"},
    {"migrate", "--help"},
    {"version", "--help"},
    {"status", "--help"},
  }));
  Machine heed;
  CHECK(heed(args) == 0);
  const auto examples = heed.out.find("Examples:\n  heed ");
  const auto options = heed.out.find("Options:");
  INFO(heed.out);
  REQUIRE(examples != std::string::npos);
  REQUIRE(options != std::string::npos);
  CHECK(examples < options);
  CHECK(heed.err.empty());
}

TEST_CASE("where the daemon is looked for", "[cli]") {
  Machine heed;
  heed({"status"});
  CHECK(heed.target.url.empty());
  CHECK(heed.target.unix_socket == "var/heed.sock");
  CHECK(heed.target.otherwise == "http://127.0.0.1:8420");
  heed.environment["HEED_URL"] = "http://127.0.0.1:1";
  heed({"status"});
  CHECK(heed.target.url == "http://127.0.0.1:1");
  heed({"status", "--url", "http://127.0.0.1:2"});
  CHECK(heed.target.url == "http://127.0.0.1:2");
  heed.environment["HEED_TOKEN"] = "t-1";
  heed({"status"});
  CHECK(net::header(heed.daemon.asked.back().headers, "Authorization") == "Bearer t-1");
  heed({"--token", "t-2", "status"});
  CHECK(net::header(heed.daemon.asked.back().headers, "Authorization") == "Bearer t-2");
}

TEST_CASE("--config tells where its daemon is", "[cli]") {
  const Folder folder;
  const auto file = folder.write("heed.toml", config::default_text() + "");
  Machine heed;
  heed({"status", "--config", file});
  CHECK(heed.target.unix_socket == "var/heed.sock");
  CHECK(heed({"status", "--config", folder.write("bad.toml", "[daemon]\nlog_lvel = \"info\"\n")}) == 78);
  CHECK(heed.err.find("log_level") != std::string::npos);
  CHECK(heed({"status", "--config", "/nonexistent.toml"}) == 66);
}

TEST_CASE("status tells ready from not ready", "[cli]") {
  Machine heed;
  heed.daemon.answer("GET /api/v1/status", 200,
                     R"({"version":"1.0","mode":"paper","ready":true,"draining":false,"orders_unknown":0,)"
                     R"("signals_in":7,"decisions_final":6,"decisions_under_way":1,)"
                     R"("started_at":"2026-11-20T14:00:00.000000Z","now":"2026-11-20T15:00:00.000000Z",)"
                     R"("components":[{"name":"journal","ok":true,"detail":"SQLite"}]})");
  CHECK(heed({"status"}) == 0);
  CHECK(heed.out ==
        "heed 1.0 (paper) is ready\n"
        "WHAT                                   VALUE\n"
        "up since                2026-11-20T14:00:00Z\n"
        "its clock               2026-11-20T15:00:00Z\n"
        "decisions wanted                           7\n"
        "decisions final                            6\n"
        "decisions under way                        1\n"
        "orders of unknown fate                     0\n"
        "\n"
        "COMPONENT  STATE  DETAIL\n"
        "journal    ok     SQLite\n");
  heed.daemon.answer("GET /api/v1/status", 200, R"({"version":"1.0","mode":"paper","ready":false})");
  CHECK(heed({"status"}) == 1);
  CHECK(heed({"status", "--json"}) == 1);
}

TEST_CASE("controls send what was said and print what came of it", "[cli]") {
  Machine heed;
  heed.environment["USER"] = "eva";
  auto& daemon = heed.daemon;
  daemon.answer("POST /api/v1/positions/paper/NVDA/close", 202,
                R"({"signal_id":"s-9","decision":{"disposition":"in_flight","reason":""}})");
  CHECK(heed({"close", "paper", "NVDA", "--quantity", "5"}) == 0);
  CHECK(daemon.asked.back().body == R"({"quantity":"5","by":"cli:eva"})");
  CHECK(heed.out == "paper/NVDA: in_flight\n");
  CHECK(heed.err == "follow it with: heed explain s-9\n");
  daemon.answer("POST /api/v1/positions/paper/NVDA/close", 202,
                R"({"signal_id":"s-9","decision":{"disposition":"failed:broker","reason":"gone"}})");
  CHECK(heed({"close", "paper", "NVDA"}) == 1);
  daemon.answer("POST /api/v1/accounts/paper/pause", 200, R"({"account":"paper","until":null})");
  CHECK(heed({"pause", "paper", "--symbol", "NVDA", "--reason", "a \"quoted\" reason"}) == 0);
  CHECK(daemon.asked.back().body == R"({"symbol":"NVDA","reason":"a \"quoted\" reason","by":"cli:eva"})");
  CHECK(heed.out == "paper, symbol NVDA is paused until it is resumed; closing goes on\n");
  daemon.answer("POST /api/v1/accounts/paper/resume", 200, R"({"resumed":0})");
  CHECK(heed({"resume", "paper"}) == 0);
  CHECK(heed.out == "paper was not paused\n");
  daemon.answer("POST /api/v1/kill", 200, R"({"level":"stop_opening","accounts":["a","b"]})");
  CHECK(heed({"kill", "stop-opening"}) == 0);
  CHECK(daemon.asked.back().body == R"({"level":"stop_opening","by":"cli:eva"})");
  CHECK(heed.out == "kill switch stop-opening: a, b\n");
  CHECK(heed({"kill", "stop_opening"}) == 0);
  const auto asked = daemon.asked.size();
  CHECK(heed({"kill", "flaten"}) == 64);
  CHECK(heed.err.find("\"flaten\" is no level of the kill switch\n  did you mean flatten?") != std::string::npos);
  CHECK(daemon.asked.size() == asked);
  daemon.answer("POST /api/v1/kill", 409, R"({"code":"X","detail":"the broker is gone","refused":true})");
  CHECK(heed({"kill", "flatten"}) == 3);
}

TEST_CASE("explain finds its way by the kind of id", "[cli]") {
  Machine heed;
  heed.daemon.answer("GET /api/v1/explain/paper/BRK.B", 200,
                     R"({"kind":"position","id":"paper/BRK.B","steps":[{"at":"2026-11-20T14:30:00.000001Z",)"
                     R"("what":"fill","detail":"buy 5","account":"paper","symbol":"BRK.B"}]})");
  CHECK(heed({"explain", "paper/BRK.B"}) == 0);
  CHECK(heed.out ==
        "position paper/BRK.B\n"
        "AT                           WHAT  ACCOUNT  SYMBOL  DETAIL\n"
        "2026-11-20T14:30:00.000001Z  fill  paper    BRK.B   buy 5\n");
  heed({"explain", "s-1 x"});
  CHECK(heed.daemon.asked.back().target == "/api/v1/explain/s-1%20x");
  CHECK(heed({"explain", "s-2"}) == 1);
}

TEST_CASE("import counts, and names the lines that are wrong", "[cli][mentions]") {
  const Folder folder;
  const auto file =
    folder.write("calls.jsonl", "{\"symbol\":\"A\"}\r\n\n{broken\n{\"symbol\":\"B\"}\n{\"symbol\":\"C\"}");
  Machine heed;
  heed.daemon.answer(
    "POST /api/v1/mentions", 202,
    R"({"accepted":[{"mention_id":1,"signal_id":"s-1","index":0}],"duplicates":[{"mention_id":1,)"
    R"("signal_id":"s-1","index":2}],"rejected":[{"index":1,"field":"action","reason":"is missing"}]})");
  CHECK(heed({"mentions", "import", file}) == 65);
  REQUIRE(heed.daemon.asked.size() == 1);
  CHECK(heed.daemon.asked[0].body == R"([{"symbol":"A"},{"symbol":"B"},{"symbol":"C"}])");
  CHECK(heed.out == "accepted 1, duplicates 1, rejected 2\n");
  CHECK(heed.err.find(file + ":3: mention is no JSON") != std::string::npos);
  CHECK(heed.err.find(file + ":4: action is missing\n") != std::string::npos);
  CHECK(heed({"mentions", "import", file, "--json"}) == 65);
  CHECK(heed.out.find(R"("rejected":[{"line":3,"field":"mention","reason":"is no JSON)") != std::string::npos);
  CHECK(heed({"mentions", "import", (folder.path / "none").string()}) == 66);
  CHECK(heed({"mentions", "import", folder.path.string()}) == 66);
}

TEST_CASE("import names the wrong lines in their order, whoever found them wrong", "[cli][mentions]") {
  const Folder folder;
  const auto file = folder.write("calls.jsonl", "{\"symbol\":\"A\"}\n{broken\n{\"symbol\":\"C\"}\n");
  Machine heed;
  heed.daemon.answer(
    "POST /api/v1/mentions", 202,
    R"({"accepted":[],"duplicates":[],"rejected":[{"index":0,"field":"action","reason":"is missing"},)"
    R"({"index":1,"field":"action","reason":"is missing"}]})");
  CHECK(heed({"mentions", "import", file}) == 65);
  const auto first = heed.err.find(file + ":1:");
  const auto second = heed.err.find(file + ":2:");
  const auto third = heed.err.find(file + ":3:");
  REQUIRE(third != std::string::npos);
  CHECK(first < second);
  CHECK(second < third);
}

TEST_CASE("import sends batches, reads standard input and names the inbox", "[cli][mentions]") {
  Machine heed;
  for (int i = 0; i < 450; ++i)
    heed.input += "{\"symbol\":\"A\"}\n";
  heed.daemon.answer("POST /api/v1/mentions?source=my%20calls", 202,
                     R"({"accepted":[{}],"duplicates":[],"rejected":[]})");
  CHECK(heed({"mentions", "import", "-", "--inbox", "my calls"}) == 0);
  CHECK(heed.daemon.asked.size() == 3);
  CHECK(heed.out == "accepted 3, duplicates 0, rejected 0\n");
}

TEST_CASE("add sends one mention", "[cli][mentions]") {
  Machine heed;
  heed.daemon.answer("POST /api/v1/mentions", 202,
                     R"({"accepted":[{"mention_id":1,"signal_id":"s-1"}],"duplicates":[],"rejected":[]})");
  CHECK(heed({"mentions", "add", "NVDA", "buy", "--conviction", "0.8", "--horizon", "weeks", "--quote", "a\"b"}) ==
        0);
  CHECK(heed.daemon.asked[0].body ==
        R"({"symbol":"NVDA","action":"buy","conviction":"0.8","time_horizon":"weeks","rationale_quote":"a\"b"})");
  CHECK(heed.out == "accepted s-1\n");
  heed.daemon.answer(
    "POST /api/v1/mentions", 202,
    R"({"accepted":[],"duplicates":[],"rejected":[{"index":0,"field":"action","reason":"is bad"}]})");
  CHECK(heed({"mentions", "add", "NVDA", "hodl"}) == 65);
  CHECK(heed.err.find("action is bad") != std::string::npos);
  CHECK(heed({"mentions", "add", "NVDA", "buy", "--conviction", "high"}) == 64);
}

TEST_CASE("run without a file says that the defaults apply, and what they are", "[cli]") {
  Machine heed;
  CHECK(heed({"run"}) == 0);
  REQUIRE(heed.ran);
  CHECK(heed.ran->config_path.empty());
  CHECK(heed.err ==
        "heed: no --config was given: the defaults apply, with data in var, the API on 127.0.0.1:8420, no account: "
        "nothing will trade\n  write a file with: heed config default > heed.toml\n");
  CHECK(heed({"run", "--set", "daemon.data_dir=/tmp/x"}) == 0);
  CHECK(heed.err.find("data in /tmp/x") != std::string::npos);
}

TEST_CASE("run hands over a checked configuration", "[cli]") {
  const Folder folder;
  const auto file = folder.write("heed.toml", config::default_text());
  Machine heed;
  CHECK(heed({"run", "--config", file, "--set", "daemon.log_level=debug", "-v"}) == 0);
  REQUIRE(heed.ran);
  CHECK(heed.ran->config_path == file);
  CHECK(heed.ran->config.daemon.log_level == config::LogLevel::debug);
  CHECK(heed.ran->verbose);
  CHECK(heed.ran->overrides.size() == 1);
  heed.ran.reset();
  CHECK(heed({"run", "--config", folder.write("bad.toml", "nonsense")}) == 78);
  CHECK(heed({"run", "--config", file, "--set", "daemon.log_lvel=debug"}) == 78);
  CHECK_FALSE(heed.ran);
}

TEST_CASE("exchange and inspect are parsed whole", "[cli]") {
  Machine heed;
  CHECK(heed({"exchange", "--synthetic", "7", "--speed", "step", "--listen", "127.0.0.1:0", "--cash", "5000.50",
              "--symbols", "NVDA,AMD", "--start", "2026-01-05T14:30:00Z", "--market-hours", "always", "--ledger", "l",
              "--fee", "1"}) == 0);
  REQUIRE(heed.exchanged);
  const auto& o = *heed.exchanged;
  CHECK(o.synthetic_seed == 7);
  CHECK(o.time == MarketTime::step);
  CHECK(o.listen == "127.0.0.1:0");
  CHECK(o.cash.str() == "5000.5");
  CHECK(o.symbols == std::vector<std::string>{"NVDA", "AMD"});
  CHECK(to_rfc3339(*o.start) == "2026-01-05T14:30:00.000000Z");
  CHECK(o.hours == MarketHours::always);
  CHECK(o.ledger_file == "l");
  CHECK(o.key == "heed");
  CHECK(heed({"inspect", "--connect", "10.0.0.5:9000", "follow", "risk:paper"}) == 0);
  REQUIRE(heed.inspected);
  CHECK(heed.inspected->host == "10.0.0.5");
  CHECK(heed.inspected->port == 9000);
  CHECK(heed.inspected->what == InspectOptions::What::follow);
  CHECK(heed.inspected->actor == "risk:paper");
  CHECK(heed({"inspect"}) == 0);
  CHECK(heed.inspected->what == InspectOptions::What::tree);
  CHECK(heed({"exchange", "--bars", "/nonexistent"}) == 66);
}

TEST_CASE("config check, show and default", "[cli]") {
  const Folder folder;
  Machine heed;
  CHECK(heed({"config", "default"}) == 0);
  const auto file = folder.write("heed.toml", heed.out);
  CHECK(heed({"config", "check", file}) == 0);
  CHECK(heed.out == file + ": ok\n");
  CHECK(heed({"config", "check", file, "--json"}) == 0);
  CHECK(heed.out.starts_with(R"({"ok":true,"errors":[],)"));
  CHECK(heed({"config", "show", file}) == 0);
  CHECK(heed.out.find("log_level = \"info\"") != std::string::npos);
  CHECK(heed({"config", "show", file, "--json"}) == 0);
  const auto shown = net::parse_json(heed.out);
  REQUIRE(shown);
  CHECK(shown.value().find("daemon")->find("log_level")->text == "info");
  const auto& accounts = *shown.value().find("account");
  REQUIRE(accounts.is_array());
  CHECK(accounts.items.at(0).find("risk")->find("trades_per_day_account") != nullptr);
  const auto bad = folder.write("bad.toml", "[daemon]\nlog_lvel = \"info\"\n");
  CHECK(heed({"config", "check", bad}) == 78);
  CHECK(heed({"config", "check", bad, "--json"}) == 78);
  CHECK(heed.out.find("\"line\":2") != std::string::npos);
  CHECK(heed({"config", "check"}) == 64);
  CHECK(heed({"config", "check", "/nonexistent"}) == 66);
}

TEST_CASE("the journal is verified through the daemon, or from its file", "[cli]") {
  const Folder folder;
  const auto file = (folder.path / "heed.db").string();
  Machine heed;
  heed.daemon.answer("GET /api/v1/journal/verify", 200, R"({"ok":true,"events":12})");
  CHECK(heed({"journal", "verify"}) == 0);
  CHECK(heed.out == "verified 12 events: nothing was changed or dropped\n");
  heed.daemon.answer("GET /api/v1/journal/verify", 200, R"({"ok":false,"code":"CHAIN","detail":"row 7"})");
  CHECK(heed({"journal", "verify"}) == 1);
  CHECK(heed.err.find("row 7") != std::string::npos);
  CHECK(heed({"migrate", "--path", file}) == 0);
  CHECK(heed({"journal", "verify", "--path", file}) == 0);
  CHECK(heed.out == "verified 0 events: nothing was changed or dropped\n");
  CHECK(heed({"journal", "verify", "--path", folder.write("other", "not a database, but long enough to look at")}) ==
        65);
  CHECK(heed({"migrate", "--path", (folder.path / "other").string()}) == 65);
  {
    const auto held = open_sqlite_journal(file);
    REQUIRE(held);
    CHECK(heed({"journal", "verify", "--path", file}) == 69);
    CHECK(heed.err.find("is in use by process") != std::string::npos);
    CHECK(heed({"migrate", "--path", file}) == 69);
  }
  CHECK(heed({"journal", "verify", "--path", (folder.path / "none.db").string()}) == 66);
  CHECK_FALSE(std::filesystem::exists(folder.path / "none.db"));
  const auto empty = folder.write("empty.db", "");
  CHECK(heed({"journal", "verify", "--path", empty}) == 65);
  CHECK(heed.err.find(empty + " is an empty file") != std::string::npos);
  CHECK(std::filesystem::file_size(empty) == 0);
  for (const auto* beside : {"-wal", "-shm", "-lock", ".lock", "-journal"})
    CHECK_FALSE(std::filesystem::exists(empty + beside));
}

TEST_CASE("version", "[cli]") {
  Machine heed;
  CHECK(heed({"version"}) == 0);
  CHECK(heed.out.starts_with("heed "));
  CHECK(heed({"version", "--json"}) == 0);
  CHECK(heed.out.starts_with(R"({"version":")"));
  CHECK(heed({"--version"}) == 0);
}

TEST_CASE("what others wrote cannot steer the terminal", "[cli][table]") {
  CHECK(printable("a\x1b[31mb\nc\x7f") == "a [31mb c ");
  CHECK(printable("\xC0\xAEx") == "??x");
  CHECK(printable("\xC2\x9B"
                  "31m") == "?31m");
  CHECK(printable("é€") == "é€");
  CHECK(display_width("é€x") == 3);
}

TEST_CASE("looking for a daemon says nothing", "[cli]") {
  Machine heed;
  const Folder folder;
  heed.no_way = Error{ErrorKind::invalid, "url", "port 0 cannot be used"};
  const auto config = folder.write("h.toml", "[daemon]\ndata_dir = \"" + (folder.path / "var").string() + "\"\n");
  CHECK(heed({"backtests", "list", "--config", config}) == 66);
  CHECK(heed.err.find("port 0") == std::string::npos);
  CHECK(heed.err.find("there is no store") != std::string::npos);
  CHECK(heed({"backtests", "cancel", "b-1", "--config", config}) == 64);
  CHECK(heed.err.find("port 0") != std::string::npos);
}

TEST_CASE("a table fits the terminal by cutting its last column", "[cli][table]") {
  Table table{{{"A"}, {"N", Align::right}, {"LAST"}}};
  table.row({{"é"}, {"5"}, {"a long text that does not fit"}});
  std::ostringstream out;
  table.print(out, false, 20);
  CHECK(out.str() == "A  N  LAST\né  5  a long text t…\n");
  std::ostringstream narrow;
  table.print(narrow, false, 1);
  CHECK(narrow.str() == "A  N  LAST\né  5  a long …\n");
}

}  // namespace heed::cli::test
