// Instants, dates and the clock that is passed in everywhere. Nothing in core/ or actors/ asks the machine
// for the time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace heed {

/// UTC, microseconds: the resolution of the journal and of the API.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// A calendar date; in this project nearly always a trading date in the market's zone.
using Date = std::chrono::sys_days;
using Duration = std::chrono::microseconds;

/// "2026-11-21T14:30:00.000000Z"
std::string to_rfc3339(Instant at);
/// RFC 3339 with zone (Z or offset) and 0 to 9 decimals (digits past microseconds are cut).
/// Empty on anything else: no zone, impossible date, year outside 1970..2261.
std::optional<Instant> parse_rfc3339(std::string_view text);
/// "2026-11-21"
std::string to_iso_date(Date date);
std::optional<Date> parse_iso_date(std::string_view text);

/// Wall time. One per process, injected; simulated and exchange-driven clocks implement it too.
/// Thread-safe.
class Clock {
public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

}  // namespace heed
