// The exchange's values as Alpaca's JSON: every price and quantity a string, what is absent null.
#pragma once

#include "broker/exchange/engine.hpp"
#include "net/http.hpp"

#include <string>
#include <string_view>

namespace heed::exchange {

/// "2020-03-04T14:30:00.5Z": no more fractional digits than there are.
void append_time(std::string& out, Instant at);
/// The same instant with New York's offset: "2020-03-04T09:30:00-05:00".
std::string new_york_time(Instant at);
/// "123.45" with its quotes.
void append_decimal(std::string& out, Decimal value);

/// The Order object. `with_legs`: legs as an array where there are any; else null.
void append_order(std::string& out, const Engine& engine, const Order& order, bool with_legs);
std::string order_json(const Engine& engine, const Order& order, bool with_legs);

/// The Position object.
std::string position_json(const Asset& asset, const Position& position);

/// {"stream":"trade_updates","data":{...}}
std::string trade_update_json(const Engine& engine, const TradeEvent& event);

std::string refusal_json(const Refusal& refusal);
net::HttpResponse refuse(const Refusal& refusal);
net::HttpResponse answer(std::string body, int status = 200);

}  // namespace heed::exchange
