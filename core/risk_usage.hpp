// How much of each limit is used: for people and metrics, never asked by a decision.
#pragma once

#include "core/risk.hpp"
#include "messages/risk_usage.hpp"

namespace heed::core {

/// Limits that are off are left out.
RiskUsage risk_usage(const RiskLedger& ledger, Instant now);

}  // namespace heed::core
