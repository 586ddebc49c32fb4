// A run as the rows that a journal keeps, and back again.
#pragma once

#include "backtest/output.hpp"
#include "backtest/sweep.hpp"
#include "messages/records.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// Rows that say that the run of `report` is done: its trades, what else it gave, and `run` itself, whose digest,
/// summary and status are filled in; the run comes last, so that whoever finds it done finds the rest.
std::vector<Row> rows_of(const Report& report, BacktestRunRow run);

/// The same of a sweep, which has no trades.
std::vector<Row> rows_of(const Sweep& sweep, BacktestRunRow run);
/// The parameters of a sweep: those that every set has, and under `sweep` what was varied and how it was judged.
std::string params_json(const Params& params, const std::vector<Axis>& axes, const RankFigure& figure, int folds);

/// A run asked for at `now`. It is created later than `last`, the newest that is stored, even when the clock
/// stands still: its id follows from that, and lists are in its order.
BacktestRunRow new_run(BacktestKind kind, std::string params, Instant now, const std::optional<Instant>& last);
/// The rows in their order, in commits of about a millisecond.
std::vector<std::vector<Row>> commits_of(std::vector<Row> rows);

/// A result is stored in pieces of this size.
constexpr std::size_t result_piece_bytes = 64 * 1024;
/// The rows of a result; it is valid UTF-8.
void append_result(std::vector<Row>& to, const std::string& run_id, std::string_view result);

/// The JSON of a stored run that is no sweep, the very text of to_json(report) it was made from. A sweep's is its
/// result.
std::string stored_json(const std::string& result, const std::vector<BacktestTradeRow>& trades);

/// One symbol's bars as rows.
std::vector<BarRow> rows_of(const Symbol& symbol, const core::BarColumns& bars);

}  // namespace heed::backtest
