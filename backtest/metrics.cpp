#include "backtest/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace heed::backtest {
namespace {

using Figure = Metrics::Figure;

constexpr double sessions_per_year = 252.0;
constexpr double days_per_year = 365.25;

double number(Decimal value) { return static_cast<double>(value.units()); }  // in billionths: only ratios leave here

Figure finite(double value) { return std::isfinite(value) ? Figure{value} : std::nullopt; }
Figure ratio(double a, double b) { return b != 0.0 ? finite(a / b) : std::nullopt; }

Date date_of(std::int32_t day) { return Date{std::chrono::days{day}}; }

/// x_t / x_{t-1} - 1; empty when one of them has no meaning.
std::vector<double> returns_of(const std::vector<Money>& values) {
  std::vector<double> out;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!values[i - 1].is_positive())
      return {};
    out.push_back(number(values[i]) / number(values[i - 1]) - 1.0);
  }
  return out;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values)
    sum += value;
  return sum / static_cast<double>(values.size());
}

/// Sum of products of deviations, by n - 1. Two values at least.
double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size() - 1);
}

void measure_returns(const std::vector<double>& returns, Metrics& out) {
  if (returns.size() < 2)
    return;
  const double average = mean(returns);
  const double deviation = std::sqrt(covariance(returns, returns));
  double below = 0.0;
  for (const double r : returns)
    below += r < 0.0 ? r * r : 0.0;
  const double downside = std::sqrt(below / static_cast<double>(returns.size() - 1));
  const double year = std::sqrt(sessions_per_year);
  out.volatility_pct = finite(deviation * year * 100.0);
  out.sharpe = ratio(average * year, deviation);
  out.sortino = ratio(average * year, downside);
}

void measure_against(const std::vector<double>& returns, const std::vector<double>& benchmark, Metrics& out) {
  if (returns.size() < 2 || returns.size() != benchmark.size())
    return;
  out.beta = ratio(covariance(returns, benchmark), covariance(benchmark, benchmark));
  if (out.beta)
    out.jensen_alpha_pct = finite((mean(returns) - *out.beta * mean(benchmark)) * sessions_per_year * 100.0);
  std::vector<double> active(returns.size());
  for (std::size_t i = 0; i < active.size(); ++i)
    active[i] = returns[i] - benchmark[i];
  out.information_ratio = ratio(mean(active) * std::sqrt(sessions_per_year), std::sqrt(covariance(active, active)));
}

void measure_drawdown(const Run& run, const Params& params, Metrics& out) {
  const auto depths = drawdowns(run, params);
  const auto deepest = std::max_element(depths.begin(), depths.end());
  out.max_drawdown_pct = *deepest;
  if (*deepest <= 0.0)
    return;
  const auto low = static_cast<std::size_t>(deepest - depths.begin());
  auto peak = low;
  while (peak > 0 && depths[peak] > 0.0)
    --peak;
  out.drawdown_from_start = depths[peak] > 0.0;
  out.drawdown_from = date_of(run.sessions[peak]);
  out.drawdown_to = date_of(run.sessions[low]);
  for (auto i = low + 1; i < depths.size(); ++i)
    if (depths[i] <= 0.0) {
      out.recovered = date_of(run.sessions[i]);
      break;
    }
}

/// Sums over trades, whichever they are.
struct TradeSums {
  std::size_t count = 0, winners = 0;
  double winner_pct = 0.0, loser_pct = 0.0;
  double won = 0.0, lost = 0.0;  // sums of many trades may outgrow a Decimal; the profit, a part of equity, cannot
  Money pnl;

  void add(const Trade& trade) {
    const Money one = trade.pnl();
    ++count;
    pnl += one;
    if (one.is_positive()) {
      ++winners;
      winner_pct += trade.pnl_pct();
      won += number(one);
    } else {
      loser_pct += trade.pnl_pct();
      lost -= number(one);
    }
  }
  Figure win_rate_pct() const { return ratio(100.0 * static_cast<double>(winners), static_cast<double>(count)); }
  Figure avg_pct() const { return ratio(winner_pct + loser_pct, static_cast<double>(count)); }
  Figure profit_factor() const { return ratio(won, lost); }
};

void measure_trades(const Run& run, Metrics& out) {
  TradeSums sums;
  double holding = 0.0;
  for (std::size_t i = 0; i < run.trades.size(); ++i) {
    const auto& trade = run.trades[i];
    sums.add(trade);
    out.commission += trade.commission;
    holding += trade.holding_sessions();
    if (!out.best_trade || trade.pnl_pct() > run.trades[*out.best_trade].pnl_pct())
      out.best_trade = i;
    if (!out.worst_trade || trade.pnl_pct() < run.trades[*out.worst_trade].pnl_pct())
      out.worst_trade = i;
  }
  out.trade_count = sums.count;
  out.total_pnl = sums.pnl;
  out.win_rate_pct = sums.win_rate_pct();
  out.profit_factor = sums.profit_factor();
  out.avg_winner_pct = ratio(sums.winner_pct, static_cast<double>(sums.winners));
  out.avg_loser_pct = ratio(sums.loser_pct, static_cast<double>(sums.count - sums.winners));
  out.avg_holding_sessions = ratio(holding, static_cast<double>(sums.count));
}

void measure_use(const Run& run, double years, Metrics& out) {
  double exposure = 0.0;
  double held = 0.0;
  double bought = 0.0;
  bool sensible = true;
  for (std::size_t i = 0; i < run.sessions.size(); ++i) {
    sensible = sensible && run.equity[i].is_positive();
    exposure += number(run.invested[i]) / number(run.equity[i]);
    held += number(run.equity[i]);
    bought += number(run.bought[i]);
  }
  if (!sensible)
    return;
  const auto sessions = static_cast<double>(run.sessions.size());
  out.exposure_pct = finite(100.0 * exposure / sessions);
  out.turnover_per_year = years > 0.0 ? ratio(bought / years, held / sessions) : std::nullopt;
}

std::size_t bucket_of(std::int64_t conviction) {
  constexpr std::int64_t tenth = Decimal::scale / 10;
  return conviction == Call::none ? 0 : 1 + static_cast<std::size_t>(std::min<std::int64_t>(conviction / tenth, 9));
}

std::string bucket_name(std::size_t bucket) {
  if (bucket == 0)
    return "none";
  if (bucket == 10)
    return "0.9 to 1";
  return "0." + std::to_string(bucket - 1) + " to 0." + std::to_string(bucket);
}

/// Calls and trades by a key, in the order of keys.
template <class Key>
class Grouping {
public:
  void call(const Key& key) { ++groups_[key].calls; }
  void trade(const Key& key, const Trade& trade) { groups_[key].sums.add(trade); }
  template <class NameOf>
  std::vector<Group> finish(NameOf name_of, bool only_traded = false) const {
    std::vector<Group> out;
    for (const auto& [key, value] : groups_) {
      if (only_traded && value.sums.count == 0)
        continue;
      out.push_back({name_of(key), value.calls, value.sums.count, value.sums.winners, value.sums.pnl,
                     value.sums.win_rate_pct(), value.sums.avg_pct(), value.sums.profit_factor()});
    }
    return out;
  }

private:
  struct Value {
    std::size_t calls = 0;
    TradeSums sums;
  };
  std::map<Key, Value> groups_;
};

}  // namespace

Metrics measure(const Run& run, const Params& params) {
  Metrics out;
  const double capital = number(params.capital);
  const double last = number(run.equity.back());
  const double days = run.sessions.back() - run.sessions.front();
  const double years = days / days_per_year;
  out.total_return_pct = finite((last / capital - 1.0) * 100.0);
  out.benchmark_return_pct = finite((number(run.benchmark.back()) / number(run.benchmark.front()) - 1.0) * 100.0);
  if (out.total_return_pct && out.benchmark_return_pct)
    out.alpha_pct = *out.total_return_pct - *out.benchmark_return_pct;
  if (years > 0.0 && last > 0.0)
    out.cagr_pct = finite((std::pow(last / capital, 1.0 / years) - 1.0) * 100.0);
  const auto returns = returns_of(run.equity);
  measure_returns(returns, out);
  measure_against(returns, returns_of(run.benchmark), out);
  measure_drawdown(run, params, out);
  if (out.cagr_pct && out.max_drawdown_pct)
    out.calmar = ratio(*out.cagr_pct, *out.max_drawdown_pct);
  measure_trades(run, out);
  measure_use(run, years, out);
  return out;
}

Breakdown break_down(const Run& run, const Ground& ground, const Convictions& convictions) {
  const auto& calls = ground.calls();
  Grouping<std::uint32_t> ticker;
  Grouping<Horizon> horizon;
  Grouping<MentionAction> action;
  Grouping<std::size_t> conviction;
  Grouping<std::string_view> source;
  std::vector<std::string_view> names;
  for (const auto& origin : calls.origins)
    names.push_back(source_name(origin));
  for (std::size_t i = 0; i < calls.calls.size(); ++i) {
    const auto& call = calls.calls[i];
    ticker.call(call.symbol);
    horizon.call(call.horizon);
    action.call(call.action);
    conviction.call(bucket_of(convictions[i]));
    source.call(names[call.origin]);
  }
  for (const auto& trade : run.trades) {
    const auto& call = calls.calls[trade.call];
    ticker.trade(call.symbol, trade);
    horizon.trade(call.horizon, trade);
    action.trade(call.action, trade);
    conviction.trade(bucket_of(convictions[trade.call]), trade);
    source.trade(names[call.origin], trade);
  }
  const auto enum_name = [](auto value) { return std::string{to_string(value)}; };
  Breakdown out;
  out.ticker = ticker.finish([&](std::uint32_t symbol) { return calls.symbols[symbol].str(); }, true);
  out.horizon = horizon.finish(enum_name);
  out.action = action.finish(enum_name);
  out.conviction = conviction.finish(bucket_name);
  out.source = source.finish([](std::string_view name) { return std::string{name.empty() ? "(none)" : name}; });
  return out;
}

std::vector<Month> monthly(const Run& run, const Params& params) {
  std::vector<Month> out;
  Money before = params.capital;
  for (std::size_t i = 0; i < run.sessions.size(); ++i) {
    const std::chrono::year_month_day today{date_of(run.sessions[i])};
    const bool last_of_month = i + 1 == run.sessions.size() ||
                               std::chrono::year_month_day{date_of(run.sessions[i + 1])}.month() != today.month() ||
                               std::chrono::year_month_day{date_of(run.sessions[i + 1])}.year() != today.year();
    if (!last_of_month)
      continue;
    const auto change =
      before.is_positive() ? finite((number(run.equity[i]) / number(before) - 1.0) * 100.0) : std::nullopt;
    out.push_back({static_cast<int>(today.year()), static_cast<unsigned>(today.month()), change});
    before = run.equity[i];
  }
  return out;
}

std::vector<double> drawdowns(const Run& run, const Params& params) {
  std::vector<double> out;
  out.reserve(run.equity.size());
  Money peak = params.capital;
  for (const Money equity : run.equity) {
    peak = std::max(peak, equity);
    out.push_back(equity == peak ? 0.0 : (1.0 - number(equity) / number(peak)) * 100.0);
  }
  return out;
}

std::vector<Money> benchmark_curve(const Run& run, const Params& params) {
  const auto cent = Decimal::from_units(10'000'000);
  std::vector<Money> out;
  out.reserve(run.benchmark.size());
  for (const Price close : run.benchmark)
    out.push_back(
      Decimal::mul_div(params.capital, close, run.benchmark.front()).rounded_to(cent, Rounding::half_even));
  return out;
}

}  // namespace heed::backtest
