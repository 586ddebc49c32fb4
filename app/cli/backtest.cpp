// `heed backtest`
#include "app/cli/backtest.hpp"

#include "app/cli/stored_runs.hpp"
#include "backtest/output.hpp"
#include "backtest/report.hpp"
#include "backtest/store.hpp"

namespace heed::cli {
namespace {

using backtest::fixed;
using backtest::Report;

std::string percent(const backtest::Metrics::Figure& figure) {
  return figure ? (*figure > 0 ? "+" : "") + fixed(*figure, 2) + " %" : "-";
}
std::string plain(const backtest::Metrics::Figure& figure, int decimals = 2) {
  return figure ? fixed(*figure, decimals) : "-";
}

Paint paint_of(const backtest::Metrics::Figure& figure) {
  return !figure ? Paint::dim : *figure >= 0 ? Paint::green : Paint::red;
}

void print_summary(const Session& session, const Report& r) {
  const auto& m = r.metrics;
  const auto day = [&](std::size_t i) { return to_iso_date(Date{std::chrono::days{r.run.sessions[i]}}); };
  session.out() << r.run.outcomes.size() << " calls, " << day(0) << " to " << day(r.run.sessions.size() - 1) << ", "
                << r.run.sessions.size() << " sessions\n\n";
  Table figures{{{""}, {"", Align::right}}};
  figures.row({{"return"}, {percent(m.total_return_pct), paint_of(m.total_return_pct)}});
  figures.row({{r.params.benchmark.str()}, {percent(m.benchmark_return_pct)}});
  figures.row({{"alpha"}, {percent(m.alpha_pct), paint_of(m.alpha_pct)}});
  figures.row({{"a year"}, {percent(m.cagr_pct), paint_of(m.cagr_pct)}});
  figures.row({{"equity"}, {r.params.capital.str_padded(2) + " -> " + r.run.equity.back().str_padded(2)}});
  figures.row({{"deepest drawdown"},
               {m.max_drawdown_pct ? "-" + fixed(*m.max_drawdown_pct, 2) + " %" : std::string{"-"}, Paint::red}});
  figures.row({{"Sharpe, Sortino"}, {plain(m.sharpe) + ", " + plain(m.sortino)}});
  figures.row({{"beta, exposure"}, {plain(m.beta) + ", " + percent(m.exposure_pct)}});
  figures.row({{"trades, won"}, {std::to_string(m.trade_count) + ", " + percent(m.win_rate_pct)}});
  figures.row({{"winner, loser on average"}, {percent(m.avg_winner_pct) + ", " + percent(m.avg_loser_pct)}});
  figures.row({{"profit factor"}, {plain(m.profit_factor)}});
  figures.print(session.out(), session.color(), session.width());
  session.out() << '\n';
  Table funnel{{{"calls that ended as"}, {"", Align::right}}};
  for (const auto& [name, count] : backtest::count_dispositions(r.run.outcomes))
    funnel.row({{name, paint_of_state(name)}, {std::to_string(count)}});
  funnel.print(session.out(), session.color(), session.width());
  session.out() << "\ndigest " << r.digest << '\n';
}

bool write_files(Session& session, const BacktestArguments& a, const Report& report, int& exit) {
  const auto write = [&](const std::string& path, auto make) {
    return path.empty() || write_file(session, path, make(report), exit);
  };
  return write(a.trades_file, backtest::trades_csv) && write(a.equity_file, backtest::equity_csv) &&
         write(a.dispositions_file, backtest::dispositions_csv) &&
         write(a.report_file, [](const Report& r) { return backtest::to_html(r); });
}

}  // namespace

int run_backtest(Session& session, const BacktestArguments& a) try {
  int exit = 0;
  const auto settings = settings_of(session, a, exit);
  if (!settings)
    return exit;
  Report report;
  report.params = settings->params();
  auto input = read_past(session, a, report.params, exit);
  if (!input)
    return exit;
  const auto ground =
    backtest::Ground::make(input->calls.calls, input->bars.bars, report.params.benchmark, report.params.entry);
  if (!ground)
    return session.fail(Exit::bad_data, ground.error().detail);
  const auto convictions =
    backtest::weigh(input->calls.calls, report.params.aggregator, report.params.default_conviction);
  auto run = backtest::run(ground.value(), convictions, report.params);
  if (!run)
    return session.fail(Exit::bad_data, run.error().detail);
  report.ground = &ground.value();
  report.convictions = &convictions;
  report.run = std::move(run).value();
  report.metrics = backtest::measure(report.run, report.params);
  report.digest = backtest::digest_of(ground.value(), report.params, HEED_VERSION);
  report.mentions = a.mentions;
  report.bars = a.bars;
  report.notes = std::move(input->notes);
  report.mentions_rejected = input->calls.rejected;
  if (!write_files(session, a, report, exit))
    return exit;
  if (session.globals().json)
    session.out() << backtest::to_json(report) << '\n';
  else
    print_summary(session, report);
  if (!a.no_store)
    keep_run(session, {BacktestKind::backtest, backtest::params_json(report.params),
                       [&](BacktestRunRow row) { return backtest::rows_of(report, std::move(row)); }});
  return 0;
} catch (const DecimalOverflow&) {
  return session.fail(Exit::bad_data, "a sum grew beyond 9.2 billion", {}, "give less --capital");
}

}  // namespace heed::cli
