// Trades, quotes and bars as Alpaca's market data JSON, for REST and for the stream.
#pragma once

#include "broker/exchange/market_history.hpp"

#include <string>

namespace heed::exchange {

/// When the newest quote is from: now while the session is open and there is a quote, else when the price last moved.
Instant quoted_at(const Engine& engine, const Asset& asset);

std::string bar_json(const TimedBar& bar);
std::string trade_json(const Engine& engine, const Asset& asset);
/// Zero prices where there is no quote, as the real feed has it.
std::string quote_json(const Engine& engine, const Asset& asset);

/// The members of the above without braces, for the stream's {"T":...,"S":...} messages.
std::string bar_members(const TimedBar& bar);
std::string trade_members(const Engine& engine, const Asset& asset);
std::string quote_members(const Engine& engine, const Asset& asset);

}  // namespace heed::exchange
