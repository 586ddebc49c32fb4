// The commands as a person gives them: arguments, exit codes, what is written.
#include "command.hpp"
#include "files.hpp"
#include "net/json.hpp"

#include <catch2/catch.hpp>

#include <sstream>

namespace heed::cli::test {
namespace {

using backtest::test::Folder;

/// A small past, made up.
struct Sample {
  Folder folder;

  Sample() {
    std::filesystem::create_directory(folder / "bars");
    std::string spy = "date,open,high,low,close,volume\n";
    std::string aa = spy;
    for (int i = 0; i < 120; ++i) {
      const auto day = Date{std::chrono::days{18'267 + i / 5 * 7 + i % 5}};  // from Monday 2020-01-06 on
      const auto price = std::to_string(100 + i % 17);
      spy += to_iso_date(day) + ",300,301,299,300,1\n";
      aa += to_iso_date(day) + "," + price + "," + price + "," + price + "," + price + ",1\n";
    }
    folder.write("bars/SPY.csv", spy);
    folder.write("bars/AA.csv", aa);
    std::string calls;
    for (int i = 0; i < 20; ++i)
      calls += R"({"id":)" + std::to_string(i + 1) + R"(,"symbol":"AA","action":"buy","conviction":0.)" +
               std::to_string(60 + i) + R"(,"time_horizon":"days","created_at":"2020-0)" + std::to_string(1 + i / 5) +
               "-1" + std::to_string(i % 5 + 3) + "T23:00:00Z\"}\n";
    folder.write("calls.jsonl", calls);
  }
};

std::vector<std::string> command(const Sample& sample, const std::string& name,
                                 const std::vector<std::string>& more = {}) {
  std::vector<std::string> args{name, "--mentions", sample.folder / "calls.jsonl", "--bars", sample.folder / "bars"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST_CASE("backtest prints a summary, and the contract's JSON", "[cli]") {
  const Sample sample;
  const auto text = heed(command(sample, "backtest"));
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK(text.out.find("20 calls, 2020-01-13 to 2020-06-19") == 0);
  CHECK(text.out.find("digest ") != std::string::npos);
  const auto json = heed(command(sample, "backtest", {"--json"}));
  CHECK(json.code == 0);
  const auto parsed = net::parse_json(json.out).value();
  CHECK(text.out.find(parsed.find("digest")->text) != std::string::npos);
  CHECK(heed(command(sample, "backtest", {"--json"})).out == json.out);
  CHECK(heed(command(sample, "backtest", {"--json", "--no-cache"})).out == json.out);
}

// The sample and its expected result were made by oracle.py: a program that shares nothing with this one.
TEST_CASE("the sample gives the trades that the oracle found", "[cli]") {
  const Folder folder;
  std::filesystem::copy(HEED_SAMPLE, folder / "sample", std::filesystem::copy_options::recursive);
  const auto done = heed({"backtest", "--mentions", folder / "sample/calls.jsonl", "--bars", folder / "sample/bars",
                          "--trades", folder / "t.csv", "--dispositions", folder / "d.csv"});
  REQUIRE(done.code == 0);
  // Without what the expectation leaves out: pnl_pct in the trades; all but id and disposition of a call.
  const auto columns = [](const std::string& text, const std::vector<std::size_t>& kept) {
    std::istringstream lines{text};
    std::string out;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields{line};
      std::vector<std::string> all;
      for (std::string field; std::getline(fields, field, ',');)
        all.push_back(field);
      for (const auto i : kept)
        out += (i == kept.front() ? "" : ",") + all.at(i);
      out += '\n';
    }
    return out;
  };
  CHECK(columns(folder.read("t.csv"), {0, 1, 2, 3, 4, 5, 6, 7, 9, 10}) == folder.read("sample/expected_trades.csv"));
  CHECK(columns(folder.read("d.csv"), {0, 5}) == folder.read("sample/expected_dispositions.csv"));
}

TEST_CASE("files are written", "[cli]") {
  const Sample sample;
  const auto& f = sample.folder;
  CHECK(heed(command(sample, "backtest",
                     {"--trades", f / "t.csv", "--equity", f / "e.csv", "--dispositions", f / "d.csv", "--report",
                      f / "r.html"}))
          .code == 0);
  CHECK(f.read("t.csv").find("symbol,mention_id,") == 0);
  CHECK(f.read("e.csv").find("date,equity,") == 0);
  CHECK(f.read("d.csv").find("mention_id,created_at,") == 0);
  CHECK(f.read("r.html").find("<!doctype html>") == 0);
  const auto failed = heed(command(sample, "backtest", {"--trades", f / "no/such/folder.csv"}));
  CHECK(failed.code == 77);
  CHECK(failed.err.find("cannot write") != std::string::npos);
}

TEST_CASE("parameters from options, profile and --set", "[cli]") {
  const Sample sample;
  const auto params = [&](const std::vector<std::string>& more) {
    auto args = more;
    args.emplace_back("--json");
    const auto done = heed(command(sample, "backtest", args));
    CAPTURE(done.err);
    REQUIRE(done.code == 0);
    return *net::parse_json(done.out).value().find("params");
  };
  auto p =
    params({"--set", "min_conviction=0.7", "--set", "risk.open_positions_max=3", "--set", "aggregator.step=0.1",
            "--set", "entry=next_open", "--capital", "5000", "--from", "2020-02-01", "--default-conviction", "0.5"});
  CHECK(p.find("min_conviction")->text == "0.7");
  CHECK(p.find("risk.open_positions_max")->text == "3");
  CHECK(p.find("aggregator.step")->text == "0.1");
  CHECK(p.find("entry")->text == "next_open");
  CHECK(p.find("capital")->text == "5000");
  CHECK(p.find("from")->text == "2020-02-01");
  CHECK(p.find("default_conviction")->text == "0.5");
  p = params({"--set", "strategy.mentions.stop_pct=0.05", "--set", "account.paper.risk.cooldown_seconds=60"});
  CHECK(p.find("stop_pct")->text == "0.05");
  CHECK(p.find("risk.cooldown_seconds")->text == "60");
  p = params({"--profile", "plain", "--set", "stop_pct=0.05"});
  CHECK(p.find("stop_pct")->text == "0.05");
  CHECK(p.find("target_pct")->text == "0");
  CHECK(p.find("risk")->text == "off");
  CHECK(p.find("on_repeat_buy")->text == "roll");
}

TEST_CASE("parameters from a configuration", "[cli]") {
  const Sample sample;
  sample.folder.write("heed.toml", R"([[account]]
id = "paper"
[account.risk]
open_positions_max = 7
[[source]]
id = "inbox"
kind = "inbox"
[[strategy]]
id = "mine"
min_conviction = 0.75
[[route]]
sources = ["inbox"]
strategy = "mine"
accounts = ["paper"]
[exchange]
synthetic_seed = 1
symbols = ["AAPL"]
)");
  auto args =
    command(sample, "backtest", {"--config", sample.folder / "heed.toml", "--json", "--set", "stop_pct=0.1"});
  const auto done = heed(args);
  CAPTURE(done.err);
  REQUIRE(done.code == 0);
  const auto json = net::parse_json(done.out).value();
  CHECK(json.find("params")->find("min_conviction")->text == "0.75");
  CHECK(json.find("params")->find("risk.open_positions_max")->text == "7");
  CHECK(json.find("params")->find("stop_pct")->text == "0.1");
  args.insert(args.end(), {"--strategy", "other"});
  CHECK(heed(args).code == 64);
}

TEST_CASE("bad arguments end with 64 and say the fix", "[cli]") {
  const Sample sample;
  struct Row {
    std::vector<std::string> more;
    std::string said;
  };
  const auto row = GENERATE(values<Row>({
    {{"--set", "min_convicton=0.7"}, "did you mean \"min_conviction\"?"},
    {{"--set", "min_conviction=2"}, "out of range"},
    {{"--set", "min_conviction"}, "not of the form key=value"},
    {{"--set", "slippage=-1"}, "must be a number from 0 to 0.5"},
    {{"--set", "entry=now"}, "next_day_open, next_open"},
    {{"--set", "fractional=yes"}, "true or false"},
    {{"--set", "hold_sessions_days=1.5"}, "whole number"},
    {{"--capital", "0"}, "above 0"},
    {{"--capital", "1e6"}, "above 0"},
    {{"--from", "01/02/2020"}, "a date like 2020-01-31"},
    {{"--from", "2020-03-01", "--to", "2020-02-01"}, "is after --to"},
    {{"--default-conviction", "1.1"}, "from 0 to 1"},
    {{"--profile", "fancy"}, "there is plain"},
    {{"--benchmark", "S P"}, "it consists of letters"},
  }));
  const auto done = heed(command(sample, "backtest", row.more));
  CAPTURE(done.err);
  CHECK(done.code == 64);
  CHECK(done.err.find(row.said) != std::string::npos);
  CHECK(done.out.empty());
  CHECK(heed({"backtest", "--bars", "x"}).code == 64);
}

TEST_CASE("bad input ends with 65 or 66; with --strict also what could be gone round", "[cli]") {
  const Sample sample;
  const auto& f = sample.folder;
  CHECK(heed({"backtest", "--mentions", f / "none", "--bars", f / "bars"}).code == 66);
  CHECK(heed({"backtest", "--mentions", f / "calls.jsonl", "--bars", f / "none"}).code == 66);
  auto done = heed(command(sample, "backtest", {"--benchmark", "QQQ"}));
  CHECK(done.code == 65);
  CHECK(done.err.find("no bars of the benchmark QQQ") != std::string::npos);
  CHECK(heed(command(sample, "backtest", {"--from", "2031-01-01"})).code == 65);
  CHECK(heed(command(sample, "backtest", {"--strict"})).code == 0);

  f.write("bars/AA.csv", f.read("bars/AA.csv") + "2020-07-01,5,4,6,5,1\n2020-07-02,x,1,1,1,1\n");
  f.write("bars/UNUSED.csv", "");
  f.write("calls.jsonl", f.read("calls.jsonl") + "nonsense\n");
  done = heed(command(sample, "backtest"));
  CHECK(done.code == 0);
  CHECK(done.err.find("AA.csv:122: high: is 4, under the low 6; row kept") != std::string::npos);
  CHECK(done.err.find("AA.csv:123: open: is \"x\"") != std::string::npos);
  CHECK(done.err.find("calls.jsonl:21: byte") != std::string::npos);
  CHECK(done.err.find("UNUSED.csv:1: is empty") != std::string::npos);
  CHECK(heed(command(sample, "backtest")).err == done.err);  // from the cache too
  done = heed(command(sample, "backtest", {"--strict"}));
  CHECK(done.code == 65);
  CHECK(done.out.empty());
  CHECK(heed(command(sample, "sweep", {"--strict", "--list", "entry=next_open"})).code == 65);
}

TEST_CASE("sweep tries every combination, whatever the number of threads", "[cli][sweep]") {
  const Sample sample;
  const std::vector<std::string> axes{"--grid", "min_conviction=0.6:0.7:0.05", "--list", "on_repeat_buy=top_up,roll"};
  auto args = axes;
  args.insert(args.end(), {"--json", "--folds", "2", "--jobs", "1"});
  const auto one = heed(command(sample, "sweep", args));
  CAPTURE(one.err);
  REQUIRE(one.code == 0);
  const auto json = net::parse_json(one.out).value();
  CHECK(json.find("trials")->text == "6");
  REQUIRE(json.find("runs")->items.size() == 6);
  CHECK(json.find("walk_forward")->items.size() == 2);
  args.back() = "3";
  CHECK(heed(command(sample, "sweep", args)).out == one.out);

  // Each row is what a backtest with these parameters gives.
  const auto single =
    heed(command(sample, "backtest", {"--json", "--set", "min_conviction=0.65", "--set", "on_repeat_buy=roll"}));
  const auto result = net::parse_json(single.out).value();
  const auto& row = json.find("runs")->items[3];
  CHECK(row.find("digest")->text == result.find("digest")->text);
  CHECK(row.find("metrics")->find("total_return_pct")->text ==
        result.find("metrics")->find("total_return_pct")->text);

  args = axes;
  args.insert(args.end(), {"--report", sample.folder / "s.html"});
  const auto text = heed(command(sample, "sweep", args));
  CHECK(text.code == 0);
  CHECK(text.out.find("best by sharpe: ") != std::string::npos);
  CHECK(text.out.find("warning: 6 sets were tried") != std::string::npos);
  CHECK(sample.folder.read("s.html").find("Read this first.") != std::string::npos);
}

TEST_CASE("bad sweeps", "[cli][sweep]") {
  const Sample sample;
  const auto row = GENERATE(values<std::vector<std::string>>({
    {},
    {"--grid", "min_conviction=0.6:0.7"},
    {"--grid", "min_conviction=0.6:1.7:0.1"},
    {"--grid", "nonsense=1:2:1"},
    {"--list", "entry=next_open", "--list", "entry=next_open"},
    {"--list", "entry=next_open", "--metric", "luck"},
    {"--grid", "stop_pct=0.0001:0.9:0.0001", "--grid", "target_pct=0.0001:0.9:0.0001"},
  }));
  const auto done = heed(command(sample, "sweep", row));
  CHECK(done.code == 64);
  CHECK_FALSE(done.err.empty());
}

}  // namespace
}  // namespace heed::cli::test
