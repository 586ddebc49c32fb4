#include "backtest/store.hpp"

#include "backtest/sweep_run.hpp"
#include "core/naming.hpp"
#include "net/json_writer.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace heed::backtest {
namespace {

/// The size of the next piece of `text`, which ends before a character and not within one.
std::size_t piece_of(std::string_view text) {
  auto size = std::min(text.size(), result_piece_bytes);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
    --size;
  return size;
}

constexpr std::size_t rows_per_commit = 200;

}  // namespace

BacktestRunRow new_run(BacktestKind kind, std::string params, Instant now, const std::optional<Instant>& last) {
  BacktestRunRow run;
  run.kind = kind;
  run.params = std::move(params);
  run.created_at = last ? std::max(now, *last + Duration{1}) : now;
  const auto digest = core::sha256("backtest " + std::to_string(run.created_at.time_since_epoch().count()));
  run.run_id = "b-" + core::base32({reinterpret_cast<const char*>(digest.data()), 10});
  return run;
}

std::vector<std::vector<Row>> commits_of(std::vector<Row> rows) {
  std::vector<std::vector<Row>> out;
  bool is_full = true;
  for (auto& row : rows) {
    if (is_full)
      out.emplace_back();
    is_full = std::holds_alternative<BacktestResultRow>(row);
    out.back().push_back(std::move(row));
    is_full = is_full || out.back().size() == rows_per_commit;
  }
  return out;
}

void append_result(std::vector<Row>& to, const std::string& run_id, std::string_view result) {
  std::int32_t part = 0;
  while (!result.empty()) {
    const auto size = piece_of(result);
    to.emplace_back(BacktestResultRow{run_id, part++, std::string{result.substr(0, size)}});
    result.remove_prefix(size);
  }
}

std::vector<Row> rows_of(const Report& report, BacktestRunRow run) {
  std::vector<Row> out;
  out.reserve(report.run.trades.size() + 2);
  std::int32_t number = 0;
  for (const auto& trade : report.run.trades) {
    auto row = row_of(report, trade);
    row.run_id = run.run_id;
    row.number = number++;
    out.emplace_back(std::move(row));
  }
  append_result(out, run.run_id, to_json_without_trades(report));
  run.status = BacktestStatus::done;
  run.digest = report.digest;
  run.summary = summary_json(report);
  out.emplace_back(std::move(run));
  return out;
}

std::vector<Row> rows_of(const Sweep& sweep, BacktestRunRow run) {
  std::vector<Row> out;
  append_result(out, run.run_id, to_json(sweep));
  run.status = BacktestStatus::done;
  run.digest = digest_of(sweep);
  run.summary = summary_json(sweep);
  out.emplace_back(std::move(run));
  return out;
}

std::string params_json(const Params& params, const std::vector<Axis>& axes, const RankFigure& figure, int folds) {
  net::JsonWriter w;
  w.begin_object();
  for (const auto& axis : axes) {
    w.key(axis.key).begin_array();
    for (const auto& value : axis.values)
      w.value(value);
    w.end_array();
  }
  w.key("metric").value(figure.name).key("folds").value(folds).end_object();
  auto out = params_json(params);
  out.pop_back();
  return out + ",\"sweep\":" + std::move(w).str() + '}';
}

std::string stored_json(const std::string& result, const std::vector<BacktestTradeRow>& trades) {
  if (result.empty() || result.back() != '}')
    return result;
  net::JsonWriter w;
  w.begin_array();
  for (const auto& trade : trades)
    write_trade(w, trade);
  w.end_array();
  return result.substr(0, result.size() - 1) + ",\"trades\":" + std::move(w).str() + '}';
}

std::vector<BarRow> rows_of(const Symbol& symbol, const core::BarColumns& bars) {
  std::vector<BarRow> out;
  out.reserve(bars.days.size());
  for (std::size_t i = 0; i < bars.days.size(); ++i)
    out.push_back({symbol, "1d", Date{std::chrono::days{bars.days[i]}}, Price::from_units(bars.open[i]),
                   Price::from_units(bars.high[i]), Price::from_units(bars.low[i]), Price::from_units(bars.close[i]),
                   bars.volume[i]});
  return out;
}

}  // namespace heed::backtest
