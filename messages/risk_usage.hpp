// How far an account is from its limits: for people and metrics, never asked by a decision.
#pragma once

#include "messages/risk.hpp"

#include <vector>

namespace heed {

/// How much of one limit is used. Counts are whole numbers, everything else dollars.
struct LimitUse {
  LimitName limit = LimitName::daily_trades;
  StrategyId strategy;  // empty: the account's
  Decimal used;         // >= 0
  Decimal most;         // > 0
  HEED_FIELDS(limit, strategy, used, most);
  friend bool operator==(const LimitUse&, const LimitUse&) = default;
};

struct RiskUsage {
  AccountId account;
  bool known = false;  // the broker has told of the account
  Money equity;
  Money gross_exposure;  // at cost, with what entries in flight may come to
  Money net_exposure;
  Money reserved;  // of entries in flight
  std::vector<LimitUse> limits;
  HEED_FIELDS(account, known, equity, gross_exposure, net_exposure, reserved, limits);
};

}  // namespace heed
