#include "backtest/output.hpp"

#include "net/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace heed::backtest {
namespace {

Date date_of(std::int32_t day) { return Date{std::chrono::days{day}}; }

std::string money_text(Money value) { return value.str_padded(2); }

/// Text of others in a CSV: quoted where needed, and never a formula to a spreadsheet.
std::string cell(std::string_view text) {
  const bool formula = !text.empty() && std::strchr("=+-@\t\r", text.front()) != nullptr;
  if (!formula && text.find_first_of(",\"\n\r") == std::string_view::npos)
    return std::string{text};
  std::string out = formula ? "\"'" : "\"";
  for (const char c : text) {
    out += c;
    if (c == '"')
      out += '"';
  }
  return out + "\"";
}

class JsonReport {
public:
  explicit JsonReport(const Report& report) : r_{report} {}

  std::string write(bool with_trades) {
    w_.begin_object().key("digest").value(r_.digest).key("params");
    params(w_, r_.params);
    input();
    summary();
    breakdown();
    curve("equity_curve", r_.run.equity);
    curve("benchmark_curve", benchmark_curve(r_.run, r_.params));
    if (with_trades)
      trades();
    w_.end_object();
    return std::move(w_).str();
  }

  std::string write_summary() {
    w_.begin_object();
    summary();
    w_.end_object();
    return std::move(w_).str();
  }

  static void params(net::JsonWriter& w, const Params& params) {
    w.begin_object();
    for (const auto& [name, value] : describe(params)) {
      w.key(name);
      if (value.empty())
        w.null();
      else
        w.value(value);
    }
    w.end_object();
  }

private:
  void figure(const char* name, const Metrics::Figure& figure) { w_.key(name).raw(number_text(figure)); }
  void date(const char* name, const std::optional<Date>& date) {
    w_.key(name);
    if (date)
      w_.value(to_iso_date(*date));
    else
      w_.null();
  }
  void money(const char* name, Money value) { w_.key(name).value(money_text(value)); }

  void summary() {
    metrics();
    w_.key("dispositions").begin_object();
    for (const auto& [name, count] : count_dispositions(r_.run.outcomes))
      w_.key(name).value(count);
    w_.end_object();
  }

  void trades() {
    w_.key("trades").begin_array();
    for (const auto& trade : r_.run.trades)
      this->trade(trade);
    w_.end_array();
  }

  void input() {
    const auto& run = r_.run;
    w_.key("input").begin_object();
    w_.key("mentions").value(r_.mentions).key("bars").value(r_.bars);
    w_.key("calls").value(run.outcomes.size()).key("rejected").value(r_.mentions_rejected);
    w_.key("sessions").value(run.sessions.size());
    w_.key("first_session").value(to_iso_date(date_of(run.sessions.front())));
    w_.key("last_session").value(to_iso_date(date_of(run.sessions.back())));
    w_.key("notes").begin_array();
    for (const auto& note : r_.notes)
      w_.value(note);
    w_.end_array().end_object();
  }

  void metrics() {
    const auto& m = r_.metrics;
    w_.key("metrics").begin_object();
    money("start_equity", r_.params.capital);
    money("end_equity", r_.run.equity.back());
    money("total_pnl", m.total_pnl);
    money("commission", m.commission);
    figure("total_return_pct", m.total_return_pct);
    figure("cagr_pct", m.cagr_pct);
    figure("volatility_pct", m.volatility_pct);
    figure("sharpe", m.sharpe);
    figure("sortino", m.sortino);
    figure("calmar", m.calmar);
    figure("max_drawdown_pct", m.max_drawdown_pct);
    date("max_drawdown_from", m.drawdown_from);
    date("max_drawdown_to", m.drawdown_to);
    date("max_drawdown_recovered", m.recovered);
    figure("win_rate_pct", m.win_rate_pct);
    figure("profit_factor", m.profit_factor);
    w_.key("trade_count").value(m.trade_count);
    figure("avg_winner_pct", m.avg_winner_pct);
    figure("avg_loser_pct", m.avg_loser_pct);
    best("best_trade", m.best_trade);
    best("worst_trade", m.worst_trade);
    figure("benchmark_return_pct", m.benchmark_return_pct);
    figure("alpha_vs_spy_pct", m.alpha_pct);
    figure("beta_vs_spy", m.beta);
    figure("jensen_alpha_pct", m.jensen_alpha_pct);
    figure("information_ratio", m.information_ratio);
    figure("exposure_pct", m.exposure_pct);
    figure("turnover_per_year", m.turnover_per_year);
    figure("avg_holding_sessions", m.avg_holding_sessions);
    w_.end_object();
  }

  void best(const char* name, const std::optional<std::size_t>& index) {
    w_.key(name);
    if (index)
      trade(r_.run.trades[*index]);
    else
      w_.null();
  }

  void breakdown() {
    const auto all = break_down(r_.run, *r_.ground, *r_.convictions);
    w_.key("breakdown").begin_object();
    groups("ticker", all.ticker);
    groups("horizon", all.horizon);
    groups("action", all.action);
    groups("conviction", all.conviction);
    groups("source", all.source);
    w_.end_object();
  }

  void groups(const char* name, const std::vector<Group>& groups) {
    w_.key(name).begin_array();
    for (const auto& group : groups) {
      w_.begin_object().key("name").value(group.name).key("calls").value(group.calls);
      w_.key("trades").value(group.trades);
      money("pnl", group.pnl);
      figure("win_rate_pct", group.win_rate_pct);
      figure("avg_pct", group.avg_pct);
      figure("profit_factor", group.profit_factor);
      w_.end_object();
    }
    w_.end_array();
  }

  void trade(const Trade& trade) { write_trade(w_, row_of(r_, trade)); }

  void curve(const char* name, const std::vector<Money>& values) {
    w_.key(name).begin_array();
    for (std::size_t i = 0; i < values.size(); ++i)
      w_.begin_array().value(to_iso_date(date_of(r_.run.sessions[i]))).value(money_text(values[i])).end_array();
    w_.end_array();
  }

  const Report& r_;
  net::JsonWriter w_;
};

}  // namespace

std::string number_text(const Metrics::Figure& figure) {
  if (!figure)
    return "null";
  std::array<char, 32> buffer;
  const auto [end, failed] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *figure);
  return failed == std::errc{} ? std::string{buffer.data(), end} : "null";
}

std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer;
  const auto [end, failed] =
    std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  if (failed != std::errc{})
    return "-";
  std::string out{buffer.data(), end};
  return out.find_first_not_of("-0.") == std::string::npos && out.front() == '-' ? out.substr(1) : out;
}

std::string digest_of(const Ground& ground, const Params& params, std::string_view program_version) {
  core::Sha256 hash;
  hash.field(program_version).field(std::to_string(rules_version));
  for (const auto& [name, value] : describe(params))
    hash.field(name).field(value);
  const auto add = [&](const core::Digest& digest) {
    hash.field({reinterpret_cast<const char*>(digest.data()), digest.size()});
  };
  add(ground.calls().digest);
  add(ground.benchmark().digest);
  for (std::uint32_t i = 0; i < ground.calls().symbols.size(); ++i)
    if (const auto* bars = ground.bars_of(i))
      add(bars->digest);
  return core::hex(hash.finish());
}

BacktestTradeRow row_of(const Report& report, const Trade& trade) {
  const auto& calls = report.ground->calls();
  const auto& call = calls.calls[trade.call];
  const auto session = [&](std::int32_t i) { return date_of(report.run.sessions[static_cast<std::size_t>(i)]); };
  BacktestTradeRow row;
  row.symbol = calls.symbols[call.symbol];
  row.mention_id = call.id;
  row.entry_date = session(trade.entry_session);
  row.entry_price = trade.entry_price;
  row.exit_date = session(trade.exit_session);
  row.exit_price = trade.exit_price;
  row.quantity = trade.quantity;
  row.pnl = trade.pnl();
  row.pnl_pct = number_text(trade.pnl_pct());
  row.holding_sessions = trade.holding_sessions();
  row.reason = trade.reason;
  return row;
}

void write_trade(net::JsonWriter& w, const BacktestTradeRow& t) {
  w.begin_object().key("symbol").value(t.symbol.view()).key("mention_id").value(t.mention_id);
  w.key("entry_date").value(to_iso_date(t.entry_date)).key("entry_price").value(t.entry_price.str());
  w.key("exit_date").value(to_iso_date(t.exit_date)).key("exit_price").value(t.exit_price.str());
  w.key("quantity").value(t.quantity.str()).key("pnl").value(money_text(t.pnl)).key("pnl_pct").raw(t.pnl_pct);
  w.key("holding_sessions").value(t.holding_sessions).key("reason").value(to_string(t.reason)).end_object();
}

std::string to_json(const Report& report) { return JsonReport{report}.write(true); }

std::string to_json_without_trades(const Report& report) { return JsonReport{report}.write(false); }

std::string summary_json(const Report& report) { return JsonReport{report}.write_summary(); }

std::string params_json(const Params& params) {
  net::JsonWriter w;
  JsonReport::params(w, params);
  return std::move(w).str();
}

std::string trades_csv(const Report& report) {
  const auto& calls = report.ground->calls();
  std::string out =
    "symbol,mention_id,entry_date,entry_price,exit_date,exit_price,quantity,pnl,pnl_pct,holding_sessions,reason\n";
  for (const auto& trade : report.run.trades) {
    const auto& call = calls.calls[trade.call];
    const auto day = [&](std::int32_t session) {
      return to_iso_date(date_of(report.run.sessions[static_cast<std::size_t>(session)]));
    };
    out += calls.symbols[call.symbol].view();
    out += ',' + std::to_string(call.id) + ',' + day(trade.entry_session) + ',' + trade.entry_price.str() + ',' +
           day(trade.exit_session) + ',' + trade.exit_price.str() + ',' + trade.quantity.str() + ',' +
           money_text(trade.pnl()) + ',' + number_text(trade.pnl_pct()) + ',' +
           std::to_string(trade.holding_sessions()) + ',';
    out += to_string(trade.reason);
    out += '\n';
  }
  return out;
}

std::string equity_csv(const Report& report) {
  const auto& run = report.run;
  const auto benchmark = benchmark_curve(run, report.params);
  const auto depth = drawdowns(run, report.params);
  std::string out = "date,equity,benchmark,drawdown_pct,invested\n";
  for (std::size_t i = 0; i < run.sessions.size(); ++i)
    out += to_iso_date(date_of(run.sessions[i])) + ',' + money_text(run.equity[i]) + ',' + money_text(benchmark[i]) +
           ',' + fixed(depth[i], 4) + ',' + money_text(run.invested[i]) + '\n';
  return out;
}

std::string dispositions_csv(const Report& report) {
  const auto& calls = report.ground->calls();
  std::string out = "mention_id,created_at,symbol,action,effective_conviction,disposition,source\n";
  for (std::size_t i = 0; i < calls.calls.size(); ++i) {
    const auto& call = calls.calls[i];
    const auto conviction = (*report.convictions)[i];
    out +=
      std::to_string(call.id) + ',' + to_rfc3339(call.created_at()) + ',' + calls.symbols[call.symbol].str() + ',';
    out += to_string(call.action);
    out += ',' + (conviction == Call::none ? std::string{} : Decimal::from_units(conviction).str()) + ',';
    out += to_string(report.run.outcomes[i]);
    out += ',' + cell(calls.origins[call.origin]) + '\n';
  }
  return out;
}

}  // namespace heed::backtest
