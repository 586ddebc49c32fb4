// The cron lines of the scheduler: "35 9 * * 1-5" is 09:35 on Mondays to Fridays, on the market's wall clock.
//
// Five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-7, 0 and 7 are Sunday).
// Each is `*`, a number, a range `a-b`, a list `a,b-c`, any of these with a step `/n` (`*/5`, `9-16/2`; `a/n` counts
// from a to the field's end). Month and day names of three letters are understood (`MON-FRI`, `jan`).
// When both days are restricted, either suffices, as in every cron.
//
// Clock changes: a time in the hour that spring skips runs at the instant of the jump; a time in the hour that autumn
// repeats runs once, at its first pass.
#pragma once

#include "core/calendar.hpp"
#include "messages/result.hpp"
#include "messages/time.hpp"

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

namespace heed::core {

class CronLine {
public:
  /// Error `CRON_INVALID`, kind invalid; the detail names the field and what it may hold.
  static Result<CronLine> parse(std::string_view text);

  /// The first occurrence strictly after `after`, on New York's wall clock (or UTC, for the calendar always_open).
  /// Empty when the line never comes true within the next eight years (31 February).
  std::optional<Instant> next(Instant after, const MarketCalendar& zone) const;
  /// As next(), but on days that are sessions of the calendar only.
  std::optional<Instant> next_on_session(Instant after, const MarketCalendar& calendar) const;

  /// The line as it was written.
  const std::string& text() const { return text_; }

private:
  CronLine() = default;
  bool matches(Date date) const;
  std::optional<Instant> find(Instant after, const MarketCalendar& calendar, bool sessions_only) const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;  // 0 = Sunday
  bool any_day_ = true;
  bool any_weekday_ = true;
};

}  // namespace heed::core
