// Grammar of the commands on the past.
#include "app/cli/backtest.hpp"
#include "app/cli/parser.hpp"

namespace heed::cli {
namespace {

void add_past_options(CLI::App& app, BacktestArguments& a) {
  app.add_option("--mentions", a.mentions, "Calls: one mention per line, as JSON; plain or gzip")
    ->type_name("FILE")
    ->required();
  app.add_option("--bars", a.bars, "Daily bars: a folder of SYMBOL.csv[.gz]")->type_name("DIR")->required();
  app.add_option("--benchmark", a.benchmark, "What to compare with; its dates are the sessions [SPY]")
    ->type_name("SYMBOL");
  app.add_option("--from", a.from, "First session [the first call's day]")->type_name("DATE");
  app.add_option("--to", a.to, "Last session [180 days after the last call]")->type_name("DATE");
  app.add_option("--capital", a.capital, "Dollars to begin with [100000]")->type_name("N");
  app.add_option("--default-conviction", a.default_conviction, "Of calls that state none, 0 to 1")->type_name("C");
  app.add_option("--profile", a.profile, "plain: the rules of the historical engine")->type_name("NAME");
  app.add_option("--set", a.sets, "key=value above configuration and profile; may be given several times")
    ->type_name("K=V");
  app.add_option("--strategy", a.strategy, "The strategy of --config [the only one]")->type_name("ID");
  app.add_option("--account", a.account, "Whose limits of --config [the strategy's first]")->type_name("ID");
  app.add_flag("--strict", a.strict, "Stop when a line or file of the input is wrong");
  app.add_flag("--no-cache", a.no_cache, "Read all files anew, and keep nothing");
}

}  // namespace

void add_backtest_commands(Parser& parser) {
  const auto a = std::make_shared<BacktestArguments>();
  auto& backtest = parser.command(
    parser.root(), "backtest", "What following these calls would have brought",
    "  heed backtest --mentions calls.jsonl --bars bars/\n"
    "  heed backtest --mentions calls.jsonl --bars bars/ --set min_conviction=0.8 --set stop_pct=0.05 --json\n"
    "  heed backtest --mentions calls.jsonl --bars bars/ --from 2020-01-01 --to 2020-12-31 --trades trades.csv\n",
    [a](Session& session) { return run_backtest(session, *a); });
  add_past_options(backtest, *a);
  backtest.add_option("--trades", a->trades_file, "Write every trade there, as CSV")->type_name("FILE");
  backtest.add_option("--equity", a->equity_file, "Write equity by session there, as CSV")->type_name("FILE");
  backtest.add_option("--dispositions", a->dispositions_file, "Write what became of every call there, as CSV")
    ->type_name("FILE");
}

}  // namespace heed::cli
