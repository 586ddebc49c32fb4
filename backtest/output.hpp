// A run as JSON (the contract's form) and as CSV.
#pragma once

#include "backtest/bars.hpp"
#include "backtest/engine.hpp"
#include "backtest/metrics.hpp"
#include "messages/records.hpp"
#include "net/json_writer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// A run with all that is said of it.
struct Report {
  const Ground* ground = nullptr;
  const Convictions* convictions = nullptr;
  Params params;
  Run run;
  Metrics metrics;
  std::string digest;              // see digest_of
  std::string mentions, bars;      // files, as given
  std::vector<std::string> notes;  // what was wrong with the input, in words
  std::size_t mentions_rejected = 0;
};

/// Changes with every change of the engine that changes a result.
constexpr int rules_version = 2;

/// SHA-256 in hex of the program's and rules' version, the parameters, the calls, and the bars of the benchmark and
/// of every symbol that is called: what a result follows from. The same for a file and its gzip form.
std::string digest_of(const Ground& ground, const Params& params, std::string_view program_version);

/// One JSON object: digest, params, input, metrics, dispositions, breakdown, equity_curve, benchmark_curve, trades.
std::string to_json(const Report& report);
/// The same without trades, which may be many.
std::string to_json_without_trades(const Report& report);
/// Its parameters alone, as an object; its figures and how many calls ended how, as one.
std::string params_json(const Params& params);
std::string summary_json(const Report& report);
/// A trade as others see it, without run and number; and as an object of the JSON.
BacktestTradeRow row_of(const Report& report, const Trade& trade);
void write_trade(net::JsonWriter& to, const BacktestTradeRow& trade);
/// One line per trade; the columns are the fields of the JSON.
std::string trades_csv(const Report& report);
/// date,equity,benchmark,drawdown_pct,invested
std::string equity_csv(const Report& report);
/// mention_id,created_at,symbol,action,effective_conviction,disposition: what became of every call.
std::string dispositions_csv(const Report& report);

/// The shortest digits that give the same double again; "null" when there is none.
std::string number_text(const Metrics::Figure& figure);
/// For people: fixed decimals.
std::string fixed(double value, int decimals);

}  // namespace heed::backtest
