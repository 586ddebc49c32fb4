// Daily bars as CSV: the one reader of `date,open,high,low,close,volume`, for the backtest and the built-in exchange.
// Every complaint names line and field.
#pragma once

#include "core/bar_columns.hpp"

#include <string_view>
#include <vector>

namespace heed::core {

/// Reads a whole file. The header is required; its columns may stand in any order, others are passed over. LF, CRLF
/// or CR, a UTF-8 byte order mark and quoted fields are accepted. Ragged rows are told of and left out; for the rest
/// see BarCollector.
BarColumns parse_bar_csv(std::string_view text, std::vector<BarProblem>& problems);

}  // namespace heed::core
