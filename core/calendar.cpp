#include "core/calendar.hpp"

#include <algorithm>

namespace heed::core {
namespace {

using std::chrono::April;
using std::chrono::days;
using std::chrono::December;
using std::chrono::February;
using std::chrono::Friday;
using std::chrono::hours;
using std::chrono::January;
using std::chrono::July;
using std::chrono::June;
using std::chrono::last;
using std::chrono::March;
using std::chrono::May;
using std::chrono::Monday;
using std::chrono::November;
using std::chrono::October;
using std::chrono::Saturday;
using std::chrono::September;
using std::chrono::Sunday;
using std::chrono::Thursday;
using std::chrono::Wednesday;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr auto standard = hours{5};
constexpr auto daylight = hours{4};
constexpr auto regular_open = minutes{9 * 60 + 30};
constexpr auto regular_close = minutes{16 * 60};
constexpr auto early_close = minutes{13 * 60};

// The two Sundays on which the law of that year moves the clocks, both at 02:00 on the wall.
struct DaylightDates {
  Date begin;
  Date end;
};

DaylightDates daylight_dates(year y) {
  if (y >= year{2007})
    return {Date{y / March / Sunday[2]}, Date{y / November / Sunday[1]}};
  const Date end{y / October / Sunday[last]};
  if (y >= year{1987})
    return {Date{y / April / Sunday[1]}, end};
  if (y == year{1974})  // the oil crisis: daylight time in winter
    return {Date{y / January / 6}, end};
  if (y == year{1975})
    return {Date{y / February / 23}, end};
  return {Date{y / April / Sunday[last]}, end};
}

year year_of(Instant at) { return year_month_day{std::chrono::floor<days>(at)}.year(); }

Instant daylight_begins(year y) { return daylight_dates(y).begin + hours{2} + standard; }
Instant daylight_ends(year y) { return daylight_dates(y).end + hours{2} + daylight; }

// Saturday holidays are kept on the Friday before, Sunday holidays on the Monday after.
bool is_observed(Date date, Date holiday) {
  const weekday w{holiday};
  if (w == Saturday)
    return date == holiday - days{1};
  if (w == Sunday)
    return date == holiday + days{1};
  return date == holiday;
}

bool is_new_year(Date date, year y) {
  // On a Saturday it is not kept at all: 31 December is the end of an accounting year.
  const Date first{y / January / 1};
  return weekday{first} == Sunday ? date == first + days{1} : date == first;
}

}  // namespace

minutes new_york_behind_utc(Instant at) {
  const year y = year_of(at);
  return at >= daylight_begins(y) && at < daylight_ends(y) ? daylight : standard;
}

LocalTime new_york(Instant at) {
  const Instant wall = at - new_york_behind_utc(at);
  const Date date = std::chrono::floor<days>(wall);
  return {date, wall - date};
}

Instant to_instant(Date date, Duration local) {
  const Instant wall = Instant{date} + local;
  if (new_york_behind_utc(wall + daylight) == daylight)
    return wall + daylight;
  if (new_york_behind_utc(wall + standard) == standard)
    return wall + standard;
  return daylight_begins(year_of(wall));
}

bool is_skipped_in_new_york(Date date, Duration local) {
  const Instant wall = Instant{date} + local;
  return new_york_behind_utc(wall + daylight) != daylight && new_york_behind_utc(wall + standard) != standard;
}

bool is_repeated_in_new_york(Date date, Duration local) {
  const Instant wall = Instant{date} + local;
  return new_york_behind_utc(wall + daylight) == daylight && new_york_behind_utc(wall + standard) == standard;
}

Date easter_sunday(year when) {
  // Gauss's method in the form of Meeus, Jones and Butcher.
  const int y = static_cast<int>(when);
  const int golden = y % 19;
  const int century = y / 100;
  const int in_century = y % 100;
  const int lunar = (century - (century + 8) / 25 + 1) / 3;
  const int epact = (19 * golden + century - century / 4 - lunar + 15) % 30;
  const int to_sunday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
  const int correction = (golden + 11 * epact + 22 * to_sunday) / 451;
  const int n = epact + to_sunday - 7 * correction + 114;
  return Date{when / (n / 31) / (n % 31 + 1)};
}

bool is_nyse_holiday(Date date) {
  const weekday w{date};
  if (w == Saturday || w == Sunday)
    return false;
  const year_month_day ymd{date};
  const year y = ymd.year();
  switch (static_cast<unsigned>(ymd.month())) {
    case 1: return is_new_year(date, y) || (y >= year{1998} && date == Date{y / January / Monday[3]});
    case 2: return date == Date{y / February / Monday[3]};
    case 3:
    case 4: return w == Friday && date == easter_sunday(y) - days{2};
    case 5: return date == Date{y / May / Monday[last]};
    case 6: return y >= year{2022} && is_observed(date, y / June / 19);
    case 7: return is_observed(date, y / July / 4);
    case 9: return date == Date{y / September / Monday[1]};
    case 11: return date == Date{y / November / Thursday[4]};
    case 12: return is_observed(date, y / December / 25);
    default: return false;
  }
}

bool is_nyse_early_close(Date date) {
  const weekday w{date};
  if (w == Saturday || w == Sunday)
    return false;
  const year_month_day ymd{date};
  const year y = ymd.year();
  const unsigned day{ymd.day()};
  if (ymd.month() == July) {
    if (day == 5)  // until 2012 the Friday after a Thursday's holiday was short, not the Wednesday before it
      return w == Friday && y < year{2013};
    return day == 3 && w != Friday && (w != Wednesday || y >= year{2013});
  }
  if (ymd.month() == November)
    return date == Date{y / November / Thursday[4]} + days{1};
  return ymd.month() == December && day == 24 && w != Friday;
}

MarketCalendar MarketCalendar::nyse() {
  MarketCalendar calendar{Kind::nyse};
  for (const auto date : {
         year{1994} / April / 27,      // funeral of President Nixon
         year{2001} / September / 11,  // attacks on New York; reopened on the 17th
         year{2001} / September / 12, year{2001} / September / 13, year{2001} / September / 14,
         year{2004} / June / 11,                                // funeral of President Reagan
         year{2007} / January / 2,                              // mourning for President Ford
         year{2012} / October / 29,                             // Hurricane Sandy
         year{2012} / October / 30, year{2018} / December / 5,  // mourning for President G. H. W. Bush
         year{2025} / January / 9,                              // mourning for President Carter
       })
    calendar.add_closure(date);
  for (const auto date : {year{1997} / December / 26, year{1999} / December / 31, year{2003} / December / 26})
    calendar.add_early_close(date);
  return calendar;
}

MarketCalendar MarketCalendar::always_open() { return MarketCalendar{Kind::always_open}; }

MarketCalendar& MarketCalendar::add_closure(Date date) {
  notices_[date] = {Exception::closed, minutes{0}};
  return *this;
}

MarketCalendar& MarketCalendar::add_early_close(Date date, minutes local_close) {
  notices_[date] = {Exception::early, local_close};
  return *this;
}

MarketCalendar& MarketCalendar::add_regular_session(Date date) {
  notices_[date] = {Exception::regular, minutes{0}};
  return *this;
}

bool MarketCalendar::is_session(Date date) const {
  if (const auto it = notices_.find(date); it != notices_.end())
    return it->second.what != Exception::closed;
  if (kind_ == Kind::always_open)
    return true;
  const weekday w{date};
  return w != Saturday && w != Sunday && !is_nyse_holiday(date);
}

std::optional<Session> MarketCalendar::session(Date date) const {
  if (!is_session(date))
    return std::nullopt;
  const bool all_day = kind_ == Kind::always_open;
  const minutes opens = all_day ? minutes{0} : regular_open;
  minutes closes = all_day ? minutes{24 * 60} : is_nyse_early_close(date) ? early_close : regular_close;
  if (const auto it = notices_.find(date); it != notices_.end()) {
    if (it->second.what == Exception::early)
      closes = it->second.local_close;
    else if (!all_day)
      closes = regular_close;
  }
  return Session{date, instant(date, opens), instant(date, closes)};
}

Session MarketCalendar::next_session(Date date) const {
  do {
    date += days{1};
  } while (!is_session(date));
  return *session(date);
}

Session MarketCalendar::previous_session(Date date) const {
  do {
    date -= days{1};
  } while (!is_session(date));
  return *session(date);
}

std::optional<Session> MarketCalendar::session_at(Instant at) const {
  const auto today = session(date_at(at));
  if (today && today->open <= at && at < today->close)
    return today;
  return std::nullopt;
}

Instant MarketCalendar::next_open(Instant at) const {
  const Date date = date_at(at);
  if (const auto today = session(date); today && today->open > at)
    return today->open;
  return next_session(date).open;
}

Session MarketCalendar::session_at_or_after(Instant at) const {
  const Date date = date_at(at);
  if (const auto today = session(date); today && at < today->close)
    return *today;
  return next_session(date);
}

Date MarketCalendar::date_at(Instant at) const { return local(at).date; }

LocalTime MarketCalendar::local(Instant at) const {
  if (kind_ == Kind::nyse)
    return new_york(at);
  const Date date = std::chrono::floor<days>(at);
  return {date, at - date};
}

Instant MarketCalendar::instant(Date date, Duration local_time) const {
  return kind_ == Kind::nyse ? to_instant(date, local_time) : Instant{date} + local_time;
}

Date MarketCalendar::add_sessions(Date date, int n) const {
  const days step{n < 0 ? -1 : 1};
  if (n == 0) {
    while (!is_session(date))
      date += step;
    return date;
  }
  for (int left = n < 0 ? -n : n; left > 0;) {
    date += step;
    if (is_session(date))
      --left;
  }
  return date;
}

int MarketCalendar::sessions_between(Date from, Date to) const {
  int count = 0;
  for (Date date = from + days{1}; date <= to; date += days{1})
    count += is_session(date) ? 1 : 0;
  return count;
}

std::vector<Session> MarketCalendar::sessions(Date from, Date to) const {
  std::vector<Session> out;
  for (Date date = from; date <= to; date += days{1})
    if (const auto s = session(date))
      out.push_back(*s);
  return out;
}

}  // namespace heed::core
