// A past made by hand: bars and calls in a few words.
#pragma once

#include "backtest/engine.hpp"

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest::test {

using namespace heed::literals;

inline Date date(std::string_view text) { return parse_iso_date(text).value(); }
inline Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
inline Decimal dec(std::string_view text) { return Decimal::parse(text).value(); }

/// open, high, low, close
using Ohlc = std::array<std::string_view, 4>;

class Past {
public:
  /// Sessions are the weekdays from Monday 2024-01-08 on; the benchmark has a bar on each, at 100.
  static Date session(int i) { return date("2024-01-08") + std::chrono::days{i / 5 * 7 + i % 5}; }

  explicit Past(int sessions = 20) {
    core::BarColumns benchmark;
    for (int i = 0; i < sessions; ++i)
      append(benchmark, session(i), {"100", "100", "100", "100"});
    bars_["SPY"] = benchmark;
  }

  Past& bar(const std::string& symbol, int session_index, const Ohlc& ohlc) {
    append(bars_[symbol], session(session_index), ohlc);
    return *this;
  }
  /// From session `first` on, one bar each; flat ones are written as one price.
  Past& bars(const std::string& symbol, int first, const std::vector<Ohlc>& list) {
    for (const auto& ohlc : list)
      bar(symbol, first++, ohlc);
    return *this;
  }
  Past& flat(const std::string& symbol, int first, int last, std::string_view price) {
    for (int i = first; i <= last; ++i)
      bar(symbol, i, {price, price, price, price});
    return *this;
  }

  /// Called at 18:00 New York on the day of `session_index`, so that it acts at the next session's open.
  Past& call(int session_index, const std::string& symbol, MentionAction action, std::string_view conviction = "0.8",
             Horizon horizon = Horizon::days) {
    return call_at(Instant{session(session_index)} + std::chrono::hours{23}, symbol, action, conviction, horizon);
  }
  Past& call_at(Instant created, const std::string& symbol, MentionAction action, std::string_view conviction = "0.8",
                Horizon horizon = Horizon::days) {
    Mention m;
    m.id = static_cast<std::int64_t>(mentions_.size()) + 1;
    m.symbol = Symbol{symbol};
    m.action = action;
    if (!conviction.empty())
      m.conviction = dec(conviction);
    m.horizon = horizon;
    m.created_at = m.published_at = created;
    m.origin = "test; made up";
    mentions_.push_back(m);
    return *this;
  }

  Calls calls() const { return make_calls(mentions_); }
  BarSet bar_set() const {
    BarSetBuilder builder;
    for (const auto& [symbol, columns] : bars_)
      builder.add(Symbol{symbol}, columns);
    return builder.finish();
  }
  Run run(const Params& params) const {
    auto out = backtest::run(calls(), bar_set(), params);
    if (!out)
      throw std::runtime_error{out.error().detail};
    return std::move(out).value();
  }

private:
  static void append(core::BarColumns& to, Date day, const Ohlc& ohlc) {
    to.days.push_back(static_cast<std::int32_t>(day.time_since_epoch().count()));
    to.open.push_back(dec(ohlc[0]).units());
    to.high.push_back(dec(ohlc[1]).units());
    to.low.push_back(dec(ohlc[2]).units());
    to.close.push_back(dec(ohlc[3]).units());
    to.volume.push_back(1'000);
  }

  std::map<std::string, core::BarColumns> bars_;
  std::vector<Mention> mentions_;
};

/// The defaults without slippage, so that arithmetic can be followed, and with the whole calendar of the test.
inline Params plain_prices() {
  Params p;
  p.slippage = Decimal{};
  p.from = Past::session(0);
  return p;
}

inline std::string_view name(Outcome outcome) { return to_string(outcome); }

}  // namespace heed::backtest::test
