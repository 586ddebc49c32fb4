// A run as one HTML page that needs nothing else: to be read in any browser, kept, or sent to a friend.
#pragma once

#include "backtest/output.hpp"

#include <string>

namespace heed::backtest {

/// Equity against the benchmark, drawdown, monthly returns, tables by ticker, horizon, action, conviction and source,
/// the funnel of dispositions, and every trade. Inline SVG, light and dark, no script that is needed, no request to
/// anywhere.
std::string to_html(const Report& report);

}  // namespace heed::backtest
