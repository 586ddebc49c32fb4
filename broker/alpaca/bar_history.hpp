// Daily bars of the past from Alpaca's market data API: page by page, with patience for a venue that has none.
#pragma once

#include "core/bar_columns.hpp"
#include "messages/ids.hpp"
#include "messages/result.hpp"
#include "net/http.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heed {

struct BarHistoryQuery {
  std::vector<Symbol> symbols;
  Date from{}, to{};                 // both included
  std::string feed = "sip";          // sip, iex, otc, boats
  std::string adjustment = "split";  // raw, split, dividend, spin-off, all; several with commas
  std::size_t page_size = 10'000;    // bars, over all symbols: the venue's maximum
};

/// What is wrong with feed or adjustment; kind invalid, the detail has what is allowed.
Status check_bar_history_query(const BarHistoryQuery& query);

/// What it runs on.
struct BarHistoryPorts {
  std::shared_ptr<net::HttpClient> data;  // of the market data host
  std::string key, secret;
  std::shared_ptr<const Clock> clock;
  std::function<void(std::chrono::milliseconds)> wait;  // between two attempts
  std::chrono::milliseconds deadline{30'000};           // of one request
};

struct BarHistoryProgress {
  std::size_t pages = 0, bars = 0;
  std::chrono::milliseconds waiting{0};  // before it asks again; 0: it does not wait
  std::string why;                       // of waiting
};

struct BarHistory {
  std::map<Symbol, core::BarColumns> bars;  // only those that have any
  std::map<Symbol, std::vector<core::BarProblem>> problems;
  std::map<Symbol, std::string> refused;  // and what the venue said
  std::size_t pages = 0;
};

/// Asks for all of it; blocks, so not on the network's thread. A 429 is waited out as long as the venue says,
/// whatever proves nothing (time-outs, cut connections, 5xx, unreadable bodies) with growing pauses; five times in a
/// row, then it is an error. A symbol that the venue refuses is left out, and the others are asked for without it;
/// one that it does not know has no bars. Errors: rejected (key, plan: the venue's words), unavailable (no answer
/// worth the name; the detail names the request), invalid (the query).
Result<BarHistory> fetch_bar_history(const BarHistoryQuery& query, const BarHistoryPorts& ports,
                                     const std::function<void(const BarHistoryProgress&)>& progress = {});

}  // namespace heed
