#include "backtest/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heed::backtest {
namespace {

Error wrong(std::string what) { return {ErrorKind::invalid, "sweep", std::move(what)}; }

/// The quantile of the standard normal distribution, by halving; p in (0, 1).
double normal_quantile(double p) {
  double low = -40.0;
  double high = 40.0;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2.0;
    (std::erfc(-middle / std::sqrt(2.0)) / 2.0 < p ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

}  // namespace

Result<Axis> parse_grid(std::string_view text) {
  const std::string shown{text};
  const auto equals = text.find('=');
  const auto first = text.find(':');
  const auto second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (equals == std::string_view::npos || equals == 0 || second == std::string_view::npos || first < equals)
    return wrong("--grid " + shown + " is not of the form key=from:to:step");
  const auto from = Decimal::parse(text.substr(equals + 1, first - equals - 1));
  const auto to = Decimal::parse(text.substr(first + 1, second - first - 1));
  const auto step = Decimal::parse(text.substr(second + 1));
  if (!from || !to || !step)
    return wrong("--grid " + shown + ": from, to and step must be numbers, like 0.6:0.9:0.05");
  if (!step->is_positive() || *to < *from)
    return wrong("--grid " + shown + ": the step must be above 0, and to not under from");
  Axis axis{std::string{text.substr(0, equals)}, {}};
  for (auto units = static_cast<Int128>(from->units()); units <= to->units(); units += step->units()) {
    axis.values.push_back(Decimal::from_units(static_cast<std::int64_t>(units)).str());
    if (axis.values.size() > sweep_sets_max)
      return wrong("--grid " + shown + " has more than " + std::to_string(sweep_sets_max) +
                   " values; take a larger step");
  }
  return axis;
}

Result<Axis> parse_list(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    return wrong("--list " + std::string{text} + " is not of the form key=value,value");
  Axis axis{std::string{text.substr(0, equals)}, {}};
  for (auto rest = text.substr(equals + 1);;) {
    const auto comma = rest.find(',');
    axis.values.emplace_back(rest.substr(0, comma));
    if (axis.values.back().empty())
      return wrong("--list " + std::string{text} + " has an empty value");
    if (comma == std::string_view::npos)
      return axis;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<std::vector<std::string>> combinations(const std::vector<Axis>& axes) {
  std::vector<std::vector<std::string>> out{{}};
  for (const auto& axis : axes) {
    std::vector<std::vector<std::string>> longer;
    longer.reserve(out.size() * axis.values.size());
    for (const auto& set : out)
      for (const auto& value : axis.values) {
        longer.push_back(set);
        longer.back().push_back(value);
      }
    out = std::move(longer);
  }
  return out;
}

bool RankFigure::better(const Metrics::Figure& a, const Metrics::Figure& b) const {
  if (!a || !b)
    return a.has_value() && !b.has_value();
  return smaller_is_better ? *a < *b : *a > *b;
}

const std::vector<RankFigure>& rank_figures() {
  static const std::vector<RankFigure> figures{
    {"sharpe", [](const Metrics& m) { return m.sharpe; }},
    {"sortino", [](const Metrics& m) { return m.sortino; }},
    {"calmar", [](const Metrics& m) { return m.calmar; }},
    {"total_return_pct", [](const Metrics& m) { return m.total_return_pct; }},
    {"cagr_pct", [](const Metrics& m) { return m.cagr_pct; }},
    {"alpha_vs_spy_pct", [](const Metrics& m) { return m.alpha_pct; }},
    {"jensen_alpha_pct", [](const Metrics& m) { return m.jensen_alpha_pct; }},
    {"information_ratio", [](const Metrics& m) { return m.information_ratio; }},
    {"profit_factor", [](const Metrics& m) { return m.profit_factor; }},
    {"win_rate_pct", [](const Metrics& m) { return m.win_rate_pct; }},
    {"max_drawdown_pct", [](const Metrics& m) { return m.max_drawdown_pct; }, true},
    {"volatility_pct", [](const Metrics& m) { return m.volatility_pct; }, true},
  };
  return figures;
}

const RankFigure* find_rank_figure(std::string_view name) {
  for (const auto& figure : rank_figures())
    if (figure.name == name)
      return &figure;
  return nullptr;
}

std::string SharedGround::ground_key(const Params& params) {
  return params.benchmark.str() + " " + std::string{to_string(params.entry)};
}

std::string SharedGround::convictions_key(const Params& params) {
  const auto& a = params.aggregator;
  return std::to_string(a.window.count()) + " " + a.boost_step.str() + " " + a.boost_cap.str() +
         (a.any_action ? " any " : " same ") + (params.default_conviction ? params.default_conviction->str() : "");
}

Status SharedGround::prepare(const Params& params) {
  auto& ground = grounds_[ground_key(params)];
  if (!ground) {
    auto made = Ground::make(calls_, bars_, params.benchmark, params.entry);
    if (!made)
      return made.error();
    ground = std::make_unique<Ground>(std::move(made).value());
  }
  const auto key = convictions_key(params);
  if (!convictions_.contains(key))
    convictions_.emplace(key, weigh(calls_, params.aggregator, params.default_conviction));
  return Ok{};
}

std::vector<Span> split(const std::vector<std::int32_t>& sessions, int parts) {
  const auto date = [&](std::size_t i) { return Date{std::chrono::days{sessions[i]}}; };
  std::vector<Span> out;
  const auto count = static_cast<std::size_t>(parts);
  for (std::size_t part = 0; part < count; ++part) {
    const auto begin = sessions.size() * part / count;
    const auto end = sessions.size() * (part + 1) / count;
    if (end > begin)
      out.push_back({date(begin), date(end - 1)});
  }
  return out;
}

double lucky_sharpe(std::size_t trials, std::size_t sessions) {
  constexpr double euler_gamma = 0.5772156649015329;
  constexpr double e = 2.718281828459045;
  if (trials < 2 || sessions < 2)
    return 0.0;
  const auto n = static_cast<double>(trials);
  const double best =
    (1.0 - euler_gamma) * normal_quantile(1.0 - 1.0 / n) + euler_gamma * normal_quantile(1.0 - 1.0 / (n * e));
  return best * std::sqrt(252.0 / static_cast<double>(sessions));
}

std::vector<std::size_t> Sweep::ranking() const {
  std::vector<std::size_t> out(rows.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  const auto of = [&](std::size_t i) { return rows[i].metrics ? figure->of(*rows[i].metrics) : std::nullopt; };
  std::stable_sort(out.begin(), out.end(), [&](auto a, auto b) { return figure->better(of(a), of(b)); });
  return out;
}

}  // namespace heed::backtest
