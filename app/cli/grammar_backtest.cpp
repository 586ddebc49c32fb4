// Grammar of the commands on the past.
#include "app/cli/backtest.hpp"
#include "app/cli/parser.hpp"
#include "app/cli/stored_runs.hpp"

#include <array>

namespace heed::cli {
namespace {

void add_past_options(CLI::App& app, BacktestArguments& a) {
  app.add_option("--mentions", a.mentions, "Calls: one mention per line, as JSON; plain or gzip")
    ->type_name("FILE")
    ->required();
  app
    .add_option("--bars", a.bars,
                "Daily bars: a folder of SYMBOL.csv[.gz], or \"store\" for the table of --config's store")
    ->type_name("DIR")
    ->required();
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
  app
    .add_option("--fetch", a.fetch,
                "Ask the venue of --config's account for bars first, and keep them in --bars: missing, or all anew")
    ->type_name("MODE")
    ->check(CLI::IsMember({"missing", "all"}));
  app.add_option("--feed", a.feed, "With --fetch: sip, iex, otc or boats [sip]")->type_name("NAME");
  app.add_option("--adjustment", a.adjustment, "With --fetch: raw, split, dividend, spin-off, all [split]")
    ->type_name("NAME");
  app.add_flag("--strict", a.strict, "Stop when a line or file of the input is wrong");
  app.add_flag("--no-cache", a.no_cache, "Read all files anew, and keep nothing");
  app.add_flag("--no-store", a.no_store,
               "With --config the run is kept in its store, for heed backtests show; this leaves it out");
}

void add_run_filters(CLI::App& app, Query& query) {
  struct Filter {
    const char* option;
    const char* parameter;
    const char* help;
    const char* type;
  };
  constexpr std::array filters{
    Filter{"--status", "status", "queued, running, done, failed, cancelled or interrupted", "NAME"},
    Filter{"--kind", "kind", "backtest or sweep", "NAME"},
    Filter{"--from", "from", "Asked for at or after this instant", "INSTANT"},
    Filter{"--to", "to", "Asked for before this instant", "INSTANT"},
    Filter{"--sort", "sort", "newest (default) or oldest first", "ORDER"},
    Filter{"--limit", "limit", "Rows, 1 to 1000 [100]", "N"},
    Filter{"--cursor", "cursor", "Go on where the last page ended", "CURSOR"}};
  query.reserve(filters.size());  // options hold references into it
  for (const auto& filter : filters) {
    query.emplace_back(filter.parameter, "");
    app.add_option(filter.option, query.back().second, filter.help)->type_name(filter.type);
  }
}

void add_order_options(CLI::App& app, BacktestOrder& o) {
  app.add_option("--mentions", o.mentions, "A file in the daemon's folder for calls [the stored mentions]")
    ->type_name("NAME");
  app.add_option("--source", o.source, "Of the stored mentions only those of this source")->type_name("ID");
  app.add_option("--benchmark", o.benchmark, "What to compare with [SPY]")->type_name("SYMBOL");
  app.add_option("--from", o.from, "First session [the first call's day]")->type_name("DATE");
  app.add_option("--to", o.to, "Last session [180 days after the last call]")->type_name("DATE");
  app.add_option("--capital", o.capital, "Dollars to begin with [100000]")->type_name("N");
  app.add_option("--default-conviction", o.default_conviction, "Of calls that state none, 0 to 1")->type_name("C");
  app.add_option("--profile", o.profile, "plain: the rules of the historical engine")->type_name("NAME");
  app.add_option("--set", o.sets, "key=value above the daemon's configuration; may be given several times")
    ->type_name("K=V");
  app.add_option("--strategy", o.strategy, "The strategy of the daemon's configuration [the only one]")
    ->type_name("ID");
  app.add_option("--account", o.account, "Whose limits [the strategy's first]")->type_name("ID");
  app.add_option("--grid", o.grids, "key=from:to:step: a sweep; several make every combination")
    ->type_name("K=A:B:STEP");
  app.add_option("--list", o.lists, "key=value,value; the same for names")->type_name("K=V,V");
  app.add_option("--metric", o.metric, "What the sets of a sweep are ranked by [sharpe]")->type_name("NAME");
  app.add_option("--folds", o.folds, "Of a sweep: walk forward in so many steps")
    ->type_name("N")
    ->check(CLI::Range(0, 100));
}

void add_stored_runs(Parser& parser) {
  auto& runs = parser.command(parser.root(), "backtests", "Runs over the past that are kept, and those of the daemon",
                              "  heed backtests list\n  heed backtests show latest\n"
                              "  heed backtests run --set min_conviction=0.8\n");
  const auto query = std::make_shared<Query>();
  auto& list = parser.command(runs, "list", "All that are kept, newest first",
                              "  heed backtests list\n  heed backtests list --kind sweep --status done\n",
                              [query](Session& session) { return list_backtests(session, *query); });
  add_run_filters(list, *query);
  const auto shown = std::make_shared<std::string>();
  auto& show = parser.command(runs, "show", "What a run gave, or how far it is",
                              "  heed backtests show latest\n  heed backtests show b-5qmhx7jh5xd5py2u --json\n",
                              [shown](Session& session) { return show_backtest(session, *shown); });
  show.add_option("run", *shown, "Its name, or latest")->required()->type_name("RUN");
  const auto order = std::make_shared<BacktestOrder>();
  auto& run = parser.command(runs, "run", "Have the daemon do one beside trading; prints its name",
                             "  heed backtests run\n  heed backtests run --mentions calls.jsonl --set stop_pct=0.05\n"
                             "  heed backtests run --grid stop_pct=0.04:0.12:0.02 --folds 4\n",
                             [order](Session& session) { return order_backtest(session, *order); });
  add_order_options(run, *order);
  const auto cancelled = std::make_shared<std::string>();
  auto& cancel =
    parser.command(runs, "cancel", "End one that waits or runs", "  heed backtests cancel b-5qmhx7jh5xd5py2u\n",
                   [cancelled](Session& session) { return cancel_backtest(session, *cancelled); });
  cancel.add_option("run", *cancelled, "Its name")->required()->type_name("RUN");
}

}  // namespace

void add_backtest_commands(Parser& parser) {
  const auto a = std::make_shared<BacktestArguments>();
  auto& backtest = parser.command(
    parser.root(), "backtest", "What following these calls would have brought",
    "  heed backtest --mentions calls.jsonl --bars bars/\n"
    "  heed backtest --mentions calls.jsonl --bars bars/ --report report.html\n"
    "  heed backtest --mentions calls.jsonl --bars bars/ --set min_conviction=0.8 --set stop_pct=0.05 --json\n"
    "  heed backtest --mentions calls.jsonl --bars bars/ --from 2020-01-01 --to 2020-12-31 --trades trades.csv\n",
    [a](Session& session) { return run_backtest(session, *a); });
  add_past_options(backtest, *a);
  backtest.add_option("--trades", a->trades_file, "Write every trade there, as CSV")->type_name("FILE");
  backtest.add_option("--equity", a->equity_file, "Write equity by session there, as CSV")->type_name("FILE");
  backtest.add_option("--dispositions", a->dispositions_file, "Write what became of every call there, as CSV")
    ->type_name("FILE");
  backtest.add_option("--report", a->report_file, "Write a report there: one HTML file, to be read or sent")
    ->type_name("FILE");

  const auto s = std::make_shared<SweepArguments>();
  auto& sweep = parser.command(parser.root(), "sweep",
                               "The same past under many parameters: how much they matter, and how much is luck",
                               "  heed sweep --mentions calls.jsonl --bars bars/ --grid min_conviction=0.6:0.9:0.1 "
                               "--grid stop_pct=0.04:0.12:0.02\n"
                               "  heed sweep --mentions calls.jsonl --bars bars/ --list on_repeat_buy=top_up,roll "
                               "--folds 4 --report sweep.html\n",
                               [s](Session& session) { return run_sweep(session, *s); });
  add_past_options(sweep, s->past);
  sweep.add_option("--grid", s->grids, "key=from:to:step; several make every combination")->type_name("K=A:B:STEP");
  sweep.add_option("--list", s->lists, "key=value,value; the same for names")->type_name("K=V,V");
  sweep.add_option("--metric", s->metric, "What sets are ranked by [sharpe]")->type_name("NAME");
  sweep.add_option("--folds", s->folds, "Walk forward in so many steps: chosen on the past, judged on what follows")
    ->type_name("N")
    ->check(CLI::Range(0, 100));
  sweep.add_option("--jobs", s->jobs, "Runs side by side [one per processor]")
    ->type_name("N")
    ->check(CLI::Range(0, 256));
  sweep.add_option("--report", s->report_file, "Write a page with heat maps there")->type_name("FILE");
  add_stored_runs(parser);
}

}  // namespace heed::cli
