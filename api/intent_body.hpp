// POST /intents: the canonical intent as JSON, checked as a whole.
#pragma once

#include "api/problem.hpp"
#include "messages/intent.hpp"
#include "net/json.hpp"

#include <string_view>
#include <variant>

namespace heed::api {

/// Fields are named as in Intent; those that the daemon assigns (intent_id, signal, source, origin, created_at) are
/// refused with that reason. Names of enumerations in any case. `account_id` is taken for `account`. A size is
/// {"kind","value"}, or {"dollars": "1000"}, {"quantity": "5"}, {"risk_percent": "1", "stop_distance": "2.5"},
/// {"signed_target": "-2"}, "ALL"; a level is {"kind","value"}, {"price": "95"}, {"percent": "8"} or {"ticks": "20"}.
/// Not checked here: whether account, strategy and symbol exist.
std::variant<Intent, Problem> read_intent(const net::Json& body);

/// POST /positions/{account}/{symbol}/adopt: what of it (strategy, side, quantity; absent: all), and how it is
/// protected (stop, target: a level as above, or a price alone; hold_sessions). Account, symbol and ids are the
/// caller's to fill in.
std::variant<Intent, Problem> read_adoption(const net::Json& body);

}  // namespace heed::api
