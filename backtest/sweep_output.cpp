// A sweep as JSON and as a page.
#include "backtest/chart.hpp"
#include "backtest/output.hpp"
#include "backtest/page.hpp"
#include "backtest/sweep_run.hpp"
#include "net/json_writer.hpp"

#include <algorithm>
#include <limits>

namespace heed::backtest {
namespace {

constexpr std::size_t rows_shown = 2'000;

std::string shown(const Metrics::Figure& figure) { return figure ? fixed(*figure, 2) : "-"; }

std::string set_text(const Sweep& sweep, std::size_t row) {
  std::string out;
  for (std::size_t i = 0; i < sweep.axes.size(); ++i)
    out += (i == 0 ? "" : ", ") + sweep.axes[i].key + " = " + sweep.rows[row].values[i];
  return out;
}

void write_set(net::JsonWriter& w, const Sweep& sweep, std::size_t row) {
  w.key("params").begin_object();
  for (std::size_t i = 0; i < sweep.axes.size(); ++i)
    w.key(sweep.axes[i].key).value(sweep.rows[row].values[i]);
  w.end_object();
}

void write_figures(net::JsonWriter& w, const char* name, const Metrics& metrics) {
  w.key(name).begin_object();
  for (const auto& figure : rank_figures())
    w.key(figure.name).raw(number_text(figure.of(metrics)));
  w.key("trade_count").value(metrics.trade_count).end_object();
}

void write_span(net::JsonWriter& w, const char* name, const Span& span) {
  w.key(name).begin_array().value(to_iso_date(span.from)).value(to_iso_date(span.to)).end_array();
}

/// Over all other axes, the mean of the figure.
HeatMap heat_map(const Sweep& sweep, std::size_t row_axis, std::size_t column_axis) {
  const auto& rows = sweep.axes[row_axis];
  const auto& columns = sweep.axes[column_axis];
  HeatMap map;
  map.title = std::string{sweep.figure->name} + " by " + rows.key + " and " + columns.key;
  map.row_name = rows.key;
  map.column_name = columns.key;
  map.rows = rows.values;
  map.columns = columns.values;
  std::vector<double> sums(rows.values.size() * columns.values.size(), 0.0);
  std::vector<double> counts(sums.size(), 0.0);
  const auto place = [](const Axis& axis, const std::string& value) {
    return static_cast<std::size_t>(std::find(axis.values.begin(), axis.values.end(), value) - axis.values.begin());
  };
  for (const auto& row : sweep.rows) {
    const auto figure = row.metrics ? sweep.figure->of(*row.metrics) : std::nullopt;
    if (!figure)
      continue;
    const auto cell =
      place(rows, row.values[row_axis]) * columns.values.size() + place(columns, row.values[column_axis]);
    sums[cell] += *figure;
    counts[cell] += 1.0;
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    map.cells.push_back(counts[i] > 0.0 ? sums[i] / counts[i] : std::numeric_limits<double>::quiet_NaN());
  return map;
}

std::string walk_table(const Sweep& sweep) {
  PageTable table{"In each step the best set of the first span is followed in the second, which it has not seen.",
                  {"best set", "in sample", "out of sample", std::string{sweep.figure->name} + " in sample",
                   "out of sample", "return in sample, %", "out of sample, %"},
                  3};
  for (const auto& step : sweep.walk)
    table.row({set_text(sweep, step.best), to_iso_date(step.in_sample.from) + " to " + to_iso_date(step.in_sample.to),
               to_iso_date(step.out_of_sample.from) + " to " + to_iso_date(step.out_of_sample.to),
               shown(sweep.figure->of(step.in)), shown(sweep.figure->of(step.out)), shown(step.in.total_return_pct),
               shown(step.out.total_return_pct)});
  return "<h2>Walk forward</h2>" + std::move(table).str();
}

std::string set_table(const Sweep& sweep) {
  std::vector<std::string> columns;
  for (const auto& axis : sweep.axes)
    columns.push_back(axis.key);
  for (const auto* name : {"return, %", "alpha, %", "Sharpe", "Sortino", "drawdown, %", "trades", "won, %"})
    columns.emplace_back(name);
  PageTable table{"", columns, sweep.axes.size()};
  std::size_t written = 0;
  for (const auto i : sweep.ranking()) {
    const auto& row = sweep.rows[i];
    if (written++ == rows_shown)
      break;
    auto cells = row.values;
    if (const auto& m = row.metrics)
      for (const auto& cell : {shown(m->total_return_pct), shown(m->alpha_pct), shown(m->sharpe), shown(m->sortino),
                               shown(m->max_drawdown_pct), std::to_string(m->trade_count), shown(m->win_rate_pct)})
        cells.push_back(cell);
    else
      cells.push_back(row.error);
    table.row(cells);
  }
  std::string out = "<h2>All sets, best first</h2>" + std::move(table).str();
  if (sweep.rows.size() > rows_shown)
    out += "<p class=\"dim\">" + std::to_string(sweep.rows.size() - rows_shown) + " more are in the JSON.</p>";
  return out;
}

void write_summary(net::JsonWriter& w, const Sweep& sweep) {
  w.key("metric").value(sweep.figure->name).key("trials").value(sweep.rows.size());
  w.key("sessions").value(sweep.sessions);
  w.key("lucky_sharpe").raw(number_text(lucky_sharpe(sweep.rows.size(), sweep.sessions)));
  w.key("warning").value(sweep.warning()).key("best");
  const auto ranking = sweep.ranking();
  if (ranking.empty() || !sweep.rows[ranking.front()].metrics) {
    w.null();
    return;
  }
  w.begin_object();
  write_set(w, sweep, ranking.front());
  write_figures(w, "metrics", *sweep.rows[ranking.front()].metrics);
  w.end_object();
}

}  // namespace

std::string Sweep::warning() const {
  std::string out =
    std::to_string(rows.size()) +
    " sets were tried on the same past. The best of so many looks good by luck "
    "alone: of as many strategies without any skill, the best would be expected to show a Sharpe ratio of "
    "up to " +
    fixed(lucky_sharpe(rows.size(), sessions), 2) + " over these " + std::to_string(sessions) + " sessions.";
  return out + (walk.empty() ? " See how the choice does on what it has not seen: --folds 4." : "");
}

std::string to_json(const Sweep& sweep) {
  net::JsonWriter w;
  w.begin_object().key("digest").value(digest_of(sweep));
  write_summary(w, sweep);
  w.key("runs").begin_array();
  for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
    const auto& row = sweep.rows[i];
    w.begin_object();
    write_set(w, sweep, i);
    if (row.metrics) {
      w.key("digest").value(row.digest);
      write_figures(w, "metrics", *row.metrics);
    } else {
      w.key("error").value(row.error);
    }
    w.end_object();
  }
  w.end_array();
  w.key("walk_forward").begin_array();
  for (const auto& step : sweep.walk) {
    w.begin_object();
    write_span(w, "in_sample", step.in_sample);
    write_span(w, "out_of_sample", step.out_of_sample);
    write_set(w, sweep, step.best);
    write_figures(w, "metrics_in_sample", step.in);
    write_figures(w, "metrics_out_of_sample", step.out);
    w.end_object();
  }
  w.end_array().end_object();
  return std::move(w).str();
}

std::string summary_json(const Sweep& sweep) {
  net::JsonWriter w;
  w.begin_object();
  write_summary(w, sweep);
  w.end_object();
  return std::move(w).str();
}

std::string to_html(const Sweep& sweep) {
  const auto ranking = sweep.ranking();
  std::string out = "<h1>How much the parameters matter</h1><p class=\"dim\">" + std::to_string(sweep.rows.size()) +
                    " sets, ranked by " + escaped(sweep.figure->name) + ", " + std::to_string(sweep.sessions) +
                    " sessions</p><p class=\"warn\"><b>Read this first.</b> " + escaped(sweep.warning()) + "</p>";
  if (!ranking.empty() && sweep.rows[ranking.front()].metrics)
    out += "<p>Best of this past: <b>" + escaped(set_text(sweep, ranking.front())) + "</b>, " +
           escaped(sweep.figure->name) + " " + shown(sweep.figure->of(*sweep.rows[ranking.front()].metrics)) + "</p>";
  if (!sweep.walk.empty())
    out += walk_table(sweep);
  if (sweep.axes.size() > 1)
    out +=
      "<h2>Heat maps</h2><p class=\"dim\">Each square is the mean over all other parameters. A single bright square "
      "in a "
      "dark field is luck; trust wide fields.</p>";
  for (std::size_t a = 0; a < sweep.axes.size(); ++a)
    for (std::size_t b = a + 1; b < sweep.axes.size(); ++b)
      out += to_html(heat_map(sweep, a, b));
  return page("Sweep", out + set_table(sweep));
}

}  // namespace heed::backtest
