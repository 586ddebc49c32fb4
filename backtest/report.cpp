#include "backtest/report.hpp"

#include "backtest/chart.hpp"
#include "backtest/page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace heed::backtest {
namespace {

/// For a reader who has never seen the names; in the order of Outcome.
constexpr std::array<std::string_view, 24> meanings{
  "it would act before or after this run",
  "bought",
  "sold what was held",
  "no conviction given, and none assumed",
  "stop or target cannot be set at that price",
  "a remark, not a call to trade",
  "a call to sell what was not held",
  "avoid, with what is held left alone",
  "no prices of it here",
  "no price on that day",
  "buying was paused after a loss",
  "conviction too low",
  "for the day only",
  "too old when heard",
  "to be avoided, by an earlier call",
  "held already",
  "enough of it held already",
  "room for too small a purchase only",
  "one share costs more than the size",
  "not enough cash",
  "most purchases of a day reached",
  "most dollars of a day reached",
  "most open positions reached",
  "too soon after the last one",
};
static_assert(meanings.size() == EnumNames<Outcome>::names.size());

std::string_view meaning_of(std::string_view name) {
  const auto& names = EnumNames<Outcome>::names;
  const auto at = std::find(names.begin(), names.end(), name) - names.begin();
  return meanings[static_cast<std::size_t>(at)];
}

using Figure = Metrics::Figure;

std::string percent(const Figure& figure) {
  return figure ? (*figure > 0.0 ? "+" : "") + fixed(*figure, 2) + " %" : "-";
}
std::string ratio(const Figure& figure) { return figure ? fixed(*figure, 2) : "-"; }
std::string count(std::size_t value) { return grouped(static_cast<double>(value), 0); }
std::string dollars(Money value) { return grouped(value.approximate(), 2); }
std::string date_text(std::int32_t day) { return to_iso_date(Date{std::chrono::days{day}}); }

std::string card(std::string_view name, const std::string& value, int judged = 0) {
  std::string out = "<div class=\"card\"><b";
  if (judged != 0)
    out += judged > 0 ? " class=\"good\"" : " class=\"bad\"";
  return out + ">" + escaped(value) + "</b><span>" + escaped(name) + "</span></div>";
}
int judged(const Figure& figure) { return !figure || *figure == 0.0 ? 0 : *figure > 0.0 ? 1 : -1; }

constexpr std::size_t tickers_open_max = 40;

class ReportPage {
public:
  explicit ReportPage(const Report& report) : r_{report} {}

  std::string write() {
    head();
    charts();
    months();
    funnel();
    groups();
    trades();
    figures();
    return page("Backtest " + range(), out_);
  }

private:
  std::string range() const {
    return date_text(r_.run.sessions.front()) + " to " + date_text(r_.run.sessions.back());
  }
  std::string benchmark() const { return r_.params.benchmark.str(); }

  void head() {
    const auto& m = r_.metrics;
    out_ += "<h1>What following these calls would have brought</h1><p class=\"dim\">" + range() + ", " +
            count(r_.run.sessions.size()) + " sessions, " + count(r_.run.outcomes.size()) +
            " calls, beginning with $" + dollars(r_.params.capital) + "</p><div class=\"cards\">";
    out_ += card("return", percent(m.total_return_pct), judged(m.total_return_pct));
    out_ += card(benchmark() + " over the same time", percent(m.benchmark_return_pct));
    out_ += card("against " + benchmark(), percent(m.alpha_pct), judged(m.alpha_pct));
    out_ += card("a year", percent(m.cagr_pct), judged(m.cagr_pct));
    out_ += card("equity at the end", "$" + dollars(r_.run.equity.back()));
    out_ += card("deepest drawdown", m.max_drawdown_pct ? "-" + fixed(*m.max_drawdown_pct, 2) + " %" : "-");
    out_ += card("Sharpe ratio", ratio(m.sharpe));
    out_ += card("trades", count(m.trade_count));
    out_ += card("of them won", m.win_rate_pct ? fixed(*m.win_rate_pct, 1) + " %" : "-");
    out_ += card("profit factor", ratio(m.profit_factor));
    out_ += "</div>\n";
  }

  void charts() {
    Chart equity;
    equity.title = "Equity";
    equity.days = r_.run.sessions;
    equity.unit = "$";
    ChartLine mine{"these calls", "one", {}};
    for (const Money value : r_.run.equity)
      mine.values.push_back(value.approximate());
    ChartLine other{benchmark(), "two", {}};
    for (const Money value : benchmark_curve(r_.run, r_.params))
      other.values.push_back(value.approximate());
    equity.lines = {std::move(mine), std::move(other)};
    equity.summary = "From $" + dollars(r_.params.capital) + " to $" + dollars(r_.run.equity.back()) +
                     "; the same in " + benchmark() + ": $" + dollars(benchmark_curve(r_.run, r_.params).back()) +
                     ".";
    out_ += "<h2>Equity and drawdown</h2>" + to_svg(equity);

    Chart depth;
    depth.title = "Under the highest equity so far";
    depth.days = r_.run.sessions;
    depth.unit = "%";
    depth.height = 180;
    depth.fill_to_zero = true;
    ChartLine line{"drawdown", "three", drawdowns(r_.run, r_.params)};
    for (double& value : line.values)
      value = -value;
    depth.lines = {std::move(line)};
    depth.summary = drawdown_words();
    out_ += to_svg(depth);
  }

  std::string drawdown_words() const {
    const auto& m = r_.metrics;
    if (!m.drawdown_to)
      return "Never under it.";
    return "Deepest: " + fixed(*m.max_drawdown_pct, 2) + " % from " +
           (m.drawdown_from_start ? std::string{"the start"} : to_iso_date(*m.drawdown_from)) + " to " +
           to_iso_date(*m.drawdown_to) + ", " +
           (m.recovered ? "made up by " + to_iso_date(*m.recovered) : std::string{"not made up by the end"}) + ".";
  }

  void months() {
    constexpr double full_colour_at = 12.0;  // percent in a month
    std::map<int, std::map<unsigned, Figure>> years;
    std::map<int, double> year_factor;
    for (const auto& month : monthly(r_.run, r_.params)) {
      years[month.year][month.month] = month.return_pct;
      auto& factor = year_factor.try_emplace(month.year, 1.0).first->second;
      factor *= 1.0 + month.return_pct.value_or(0.0) / 100.0;
    }
    out_ += "<h2>Months, in percent</h2><div class=\"wide\"><table class=\"months\"><thead><tr><th class=\"t\"></th>";
    for (const auto* name : {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"})
      out_ += std::string{"<th>"} + name + "</th>";
    out_ += "<th>year</th></tr></thead><tbody>";
    for (const auto& [year, list] : years) {
      out_ += "<tr><th class=\"t\">" + std::to_string(year) + "</th>";
      for (unsigned month = 1; month <= 12; ++month) {
        const auto found = list.find(month);
        if (found == list.end() || !found->second) {
          out_ += "<td></td>";
          continue;
        }
        const double value = *found->second;
        const double strength = std::min(1.0, std::abs(value) / full_colour_at) * 0.6;
        out_ += std::string{"<td class=\""} + (value >= 0.0 ? "warm" : "cold") +
                "\" style=\"--s:" + fixed(strength, 2) + "\">" + (value > 0.0 ? "+" : "") + fixed(value, 1) + "</td>";
      }
      out_ += "<td><b>" + percent((year_factor[year] - 1.0) * 100.0) + "</b></td></tr>";
    }
    out_ += "</tbody></table></div>\n";
  }

  void funnel() {
    const auto counts = count_dispositions(r_.run.outcomes);
    std::vector<std::pair<std::string, std::size_t>> order{counts.begin(), counts.end()};
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    const auto all = static_cast<double>(r_.run.outcomes.size());
    out_ +=
      "<h2>What became of the calls</h2><div class=\"wide\"><table><thead><tr><th class=\"t\">ended as</th>"
      "<th>calls</th><th>share</th><th class=\"t\"></th><th class=\"t\"></th></tr></thead><tbody>";
    for (const auto& [name, calls] : order) {
      const double share = 100.0 * static_cast<double>(calls) / all;
      out_ += "<tr><td class=\"t\">" + escaped(name) + "</td><td>" + count(calls) + "</td><td>" + fixed(share, 1) +
              " %</td><td class=\"t\"><span class=\"bar\" style=\"width:" + fixed(std::max(1.0, share * 2.0), 0) +
              "px\"></span></td><td class=\"t dim\">" + std::string{meaning_of(name)} + "</td></tr>";
    }
    out_ += "</tbody></table></div>\n";
    if (r_.mentions_rejected > 0)
      out_ += "<p class=\"dim\">" + std::to_string(r_.mentions_rejected) + " lines of the file were no mentions.</p>";
  }

  void groups() {
    const auto all = break_down(r_.run, *r_.ground, *r_.convictions);
    out_ += "<h2>By horizon, conviction, source and action</h2>";
    group_table("horizon", all.horizon);
    group_table("effective conviction", all.conviction);
    group_table("source", all.source);
    group_table("action", all.action);
    out_ += "<h2>By ticker</h2>";
    auto tickers = all.ticker;
    std::stable_sort(tickers.begin(), tickers.end(), [](const Group& a, const Group& b) { return a.pnl > b.pnl; });
    const auto idle = std::erase_if(tickers, [](const Group& group) { return group.trades == 0; });
    out_ += "<details" + std::string{tickers.size() <= tickers_open_max ? " open" : ""} + "><summary>" +
            count(tickers.size()) + " tickers that were traded, by profit</summary>";
    group_table("ticker", tickers);
    out_ += "</details>";
    if (idle > 0)
      out_ += "<p class=\"dim\">" + count(idle) + " more were called and never traded.</p>\n";
  }

  void group_table(const std::string& name, const std::vector<Group>& groups) {
    out_ += "<div class=\"even\">";
    PageTable table{"", {name, "calls", "trades", "won", "profit, $", "on average", "profit factor"}};
    for (const auto& group : groups)
      table.row({group.name, count(group.calls), count(group.trades),
                 group.win_rate_pct ? fixed(*group.win_rate_pct, 1) + " %" : "-", dollars(group.pnl),
                 percent(group.avg_pct), ratio(group.profit_factor)});
    out_ += std::move(table).str() + "</div>";
  }

  void trades() {
    const auto& calls = r_.ground->calls();
    out_ += "<h2>Trades</h2><details" + std::string{r_.run.trades.size() <= 200 ? " open" : ""} + "><summary>" +
            count(r_.run.trades.size()) + " trades, in the order of entry</summary>";
    PageTable table{"",
                    {"ticker", "entry", "exit", "reason", "call", "shares", "entry at", "exit at", "sessions",
                     "profit, $", "percent"},
                    4};
    for (const auto& trade : r_.run.trades) {
      const auto& call = calls.calls[trade.call];
      const auto day = [&](std::int32_t session) {
        return date_text(r_.run.sessions[static_cast<std::size_t>(session)]);
      };
      table.row({calls.symbols[call.symbol].str(), day(trade.entry_session), day(trade.exit_session),
                 std::string{to_string(trade.reason)}, std::to_string(call.id), trade.quantity.str(),
                 trade.entry_price.str_padded(4), trade.exit_price.str_padded(4),
                 std::to_string(trade.holding_sessions()), dollars(trade.pnl()), percent(trade.pnl_pct())});
    }
    out_ += std::move(table).str() + "</details>\n";
  }

  void figures() {
    const auto& m = r_.metrics;
    out_ += "<h2>All figures</h2>";
    PageTable table{"", {"", ""}};
    table.row({"volatility a year", percent(m.volatility_pct)});
    table.row({"Sortino ratio", ratio(m.sortino)});
    table.row({"Calmar ratio", ratio(m.calmar)});
    table.row({"beta to " + benchmark(), ratio(m.beta)});
    table.row({"Jensen's alpha a year", percent(m.jensen_alpha_pct)});
    table.row({"information ratio", ratio(m.information_ratio)});
    table.row({"invested on average", percent(m.exposure_pct)});
    table.row({"turnover a year", ratio(m.turnover_per_year)});
    table.row({"sessions held on average", ratio(m.avg_holding_sessions)});
    table.row({"winner, loser on average", percent(m.avg_winner_pct) + ", " + percent(m.avg_loser_pct)});
    table.row({"profit, commissions", "$" + dollars(m.total_pnl) + ", $" + dollars(m.commission)});
    out_ += std::move(table).str();
    out_ += "<details><summary>Parameters and input</summary>";
    PageTable params{"", {"parameter", "value"}, 2};
    for (const auto& [name, value] : describe(r_.params))
      params.row({name, value.empty() ? "-" : value});
    out_ += std::move(params).str();
    for (const auto& note : r_.notes)
      out_ += "<p class=\"dim\">" + escaped(note) + "</p>";
    out_ +=
      "</details><p class=\"dim\">Prices are the daily bars given; entries and exits fill at them with the slippage "
      "above. The past says little about the future. Digest <code>" +
      r_.digest + "</code></p>\n";
  }

  const Report& r_;
  std::string out_;
};

}  // namespace

std::string to_html(const Report& report) { return ReportPage{report}.write(); }

}  // namespace heed::backtest
