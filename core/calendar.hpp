// The market's calendar: the New York zone, and the days and hours on which US equities trade.
//
// Own rules, no zone database: daylight saving is the United States' law since 1967, holidays are the exchange's
// rules plus the closures nobody could foresee, which are data. All functions are pure and hold no state that
// changes, so a MarketCalendar can be shared between threads.
#pragma once

#include "messages/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace heed::core {

using std::chrono::minutes;

/// The clock on a wall in New York.
struct LocalTime {
  Date date{};
  Duration time_of_day{};  // since local midnight, 0 <= t < 24 h
  friend auto operator<=>(const LocalTime&, const LocalTime&) = default;
};

/// How far New York's clocks are behind UTC at an instant: 4 h in summer, 5 h in winter. Exact from 1967 on, for as
/// long as the present law lasts.
minutes new_york_behind_utc(Instant at);
/// UTC -> New York.
LocalTime new_york(Instant at);
/// The trading date's calendar day in New York at an instant.
inline Date new_york_date(Instant at) { return new_york(at).date; }

/// New York -> UTC, for `local` after that date's midnight. Two local times are no single instant:
///   the hour that spring skips (02:00-03:00) means the instant at which the clocks jump (03:00 local);
///   the hour that autumn repeats (01:00-02:00) means its first pass (daylight time).
/// `local` may be 24 h or more, and negative: it counts on from midnight on the wall clock.
Instant to_instant(Date date, Duration local);
/// Whether no clock in New York ever shows this time (spring), or shows it twice (autumn).
bool is_skipped_in_new_york(Date date, Duration local);
bool is_repeated_in_new_york(Date date, Duration local);

/// One regular trading session, from opening to closing auction.
struct Session {
  Date date{};  // the trading date
  Instant open{};
  Instant close{};  // the first instant that no longer trades
  friend bool operator==(const Session&, const Session&) = default;
};

/// Western Easter Sunday (Gregorian).
Date easter_sunday(std::chrono::year year);
/// A weekday on which the NYSE is closed all day by rule. False for weekends and for unscheduled closures.
bool is_nyse_holiday(Date date);
/// A day whose regular session ends at 13:00, by rule. Ad hoc early closes of the past are not in it.
bool is_nyse_early_close(Date date);

/// Which days and hours trade. Copyable; the rules are code, the exceptions are data.
class MarketCalendar {
public:
  enum class Kind : std::uint8_t { nyse, always_open };

  /// New York Stock Exchange and Nasdaq: 09:30-16:00, early closes at 13:00, holidays, and every unscheduled closure
  /// and ad hoc early close from 1994 on. Exact from 1999 on, for as long as the present rules last.
  static MarketCalendar nyse();
  /// Every day from midnight to midnight, in UTC: for synthetic runs, tests and markets without a close.
  static MarketCalendar always_open();

  Kind kind() const { return kind_; }

  /// Exceptions by notice. The later call wins over the earlier, and each over the rules.
  MarketCalendar& add_closure(Date date);
  MarketCalendar& add_early_close(Date date, minutes local_close = minutes{13 * 60});
  /// The exchange trades although the rules say that it does not (a holiday moved by notice).
  MarketCalendar& add_regular_session(Date date);

  bool is_session(Date date) const;
  std::optional<Session> session(Date date) const;
  /// The first session strictly after / last strictly before `date`.
  Session next_session(Date date) const;
  Session previous_session(Date date) const;
  /// The session that trades at this instant (open <= at < close).
  std::optional<Session> session_at(Instant at) const;
  bool is_open(Instant at) const { return session_at(at).has_value(); }
  /// The first opening strictly after `at`.
  Instant next_open(Instant at) const;
  /// The session that trades at `at`, or else the next one to open.
  Session session_at_or_after(Instant at) const;
  /// The date on which an instant falls in this calendar's zone (New York; UTC for always_open).
  Date date_at(Instant at) const;
  /// Local wall time in this calendar's zone, and back (see to_instant).
  LocalTime local(Instant at) const;
  Instant instant(Date date, Duration local_time) const;

  /// The session `n` sessions after (before, when negative) `date`. From a date that is no session, the first step
  /// forward goes to the next session, the first step back to the previous one; n = 0 gives `date` itself if it is a
  /// session, else the next one.
  Date add_sessions(Date date, int n) const;
  /// Sessions with from < date <= to: how many sessions have passed since `from`. Zero when to <= from.
  int sessions_between(Date from, Date to) const;
  /// Sessions with from <= date <= to, in order.
  std::vector<Session> sessions(Date from, Date to) const;

private:
  explicit MarketCalendar(Kind kind) : kind_{kind} {}

  enum class Exception : std::uint8_t { closed, early, regular };
  struct ByNotice {
    Exception what = Exception::closed;
    minutes local_close{0};
  };

  Kind kind_;
  std::map<Date, ByNotice> notices_;
};

}  // namespace heed::core
