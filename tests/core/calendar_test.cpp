#include "core/calendar.hpp"

#include "tests/core/support.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <string>

using namespace heed;
using namespace heed::core;
using namespace heed::test;
using std::chrono::days;
using std::chrono::hours;

namespace {

Duration clock_time(int hour, int minute) { return hours{hour} + minutes{minute}; }

// The exchange's published table: full-day closures and early closes, month and day.
struct Year {
  int year;
  const char* closed;
  const char* early;
};

const Year published[]{
  {2018, "01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25", "07-03 11-23 12-24"},
  {2019, "01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25", "07-03 11-29 12-24"},
  {2020, "01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25", "11-27 12-24"},
  {2021, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24", "11-26"},
  {2022, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26", "11-25"},
  {2023, "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25", "07-03 11-24"},
  {2024, "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25", "07-03 11-29 12-24"},
  {2025, "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25", "07-03 11-28 12-24"},
  {2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25", "11-27 12-24"},
  {2027, "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24", "11-26"},
  {2028, "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25", "07-03 11-24"},
};

std::string month_day(Date date) { return to_iso_date(date).substr(5); }

void append(std::string& list, const std::string& word) { list += (list.empty() ? "" : " ") + word; }

}  // namespace

TEST_CASE("New York's wall clock", "[calendar]") {
  struct Row {
    const char* utc;
    const char* date;
    int hour, minute;
  };
  const Row rows[]{
    {"2026-11-20T14:30:00Z", "2026-11-20", 9, 30},  // winter
    {"2026-07-01T13:30:00Z", "2026-07-01", 9, 30},  // summer
    {"2026-01-01T04:59:00Z", "2025-12-31", 23, 59},
    {"2026-03-08T06:59:00Z", "2026-03-08", 1, 59},  // spring: 02:00 becomes 03:00
    {"2026-03-08T07:00:00Z", "2026-03-08", 3, 0},
    {"2026-11-01T05:59:00Z", "2026-11-01", 1, 59},  // autumn: 02:00 becomes 01:00
    {"2026-11-01T06:00:00Z", "2026-11-01", 1, 0},
    {"2006-04-02T06:59:00Z", "2006-04-02", 1, 59},  // the law of 1987
    {"2006-10-29T06:00:00Z", "2006-10-29", 1, 0},
    {"2007-03-11T07:00:00Z", "2007-03-11", 3, 0},  // the law of 2007
    {"1986-04-27T07:00:00Z", "1986-04-27", 3, 0},  // the law of 1967
    {"1974-01-06T07:00:00Z", "1974-01-06", 3, 0},  // the oil crisis
    {"1975-02-23T07:00:00Z", "1975-02-23", 3, 0},
    {"1975-01-15T12:00:00Z", "1975-01-15", 7, 0},
  };
  for (const auto& row : rows) {
    INFO(row.utc);
    const auto local = new_york(at(row.utc));
    CHECK(to_iso_date(local.date) == row.date);
    CHECK(local.time_of_day == clock_time(row.hour, row.minute));
  }
}

TEST_CASE("a local time becomes one instant, also where the clocks jump", "[calendar]") {
  struct Row {
    const char* date;
    int hour, minute;
    const char* utc;
    bool skipped, repeated;
  };
  const Row rows[]{
    {"2026-11-20", 9, 30, "2026-11-20T14:30:00Z", false, false},
    {"2026-07-01", 16, 0, "2026-07-01T20:00:00Z", false, false},
    {"2026-03-08", 1, 59, "2026-03-08T06:59:00Z", false, false},
    {"2026-03-08", 2, 0, "2026-03-08T07:00:00Z", true, false},  // the jump itself
    {"2026-03-08", 2, 30, "2026-03-08T07:00:00Z", true, false},
    {"2026-03-08", 3, 0, "2026-03-08T07:00:00Z", false, false},
    {"2026-11-01", 0, 59, "2026-11-01T04:59:00Z", false, false},
    {"2026-11-01", 1, 0, "2026-11-01T05:00:00Z", false, true},  // the first pass
    {"2026-11-01", 1, 30, "2026-11-01T05:30:00Z", false, true},
    {"2026-11-01", 2, 0, "2026-11-01T07:00:00Z", false, false},
    {"2026-03-07", 24 + 4, 0, "2026-03-08T08:00:00Z", false, false},  // counted on from the day before
    {"2026-01-02", -1, 0, "2026-01-02T04:00:00Z", false, false},
  };
  for (const auto& row : rows) {
    INFO(row.date << " " << row.hour << ":" << row.minute);
    CHECK(to_rfc3339(to_instant(day(row.date), clock_time(row.hour, row.minute))) == to_rfc3339(at(row.utc)));
    CHECK(is_skipped_in_new_york(day(row.date), clock_time(row.hour, row.minute)) == row.skipped);
    CHECK(is_repeated_in_new_york(day(row.date), clock_time(row.hour, row.minute)) == row.repeated);
  }
}

TEST_CASE("the present law agrees with the C library's reading of it until 2100", "[calendar][zone]") {
  ::setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
  ::tzset();
  std::size_t wrong = 0;
  for (Instant t = at("2007-01-01T00:30:00Z"); t < at("2101-01-01T00:00:00Z"); t += hours{1}) {
    const std::time_t seconds = t.time_since_epoch() / std::chrono::seconds{1};
    std::tm theirs{};
    ::localtime_r(&seconds, &theirs);
    wrong += minutes{-theirs.tm_gmtoff / 60} == new_york_behind_utc(t) ? 0 : 1;
  }
  ::unsetenv("TZ");
  ::tzset();
  CHECK(wrong == 0);
}

TEST_CASE("Easter Sundays", "[calendar]") {
  for (const auto* text : {"1970-03-29", "1999-04-04", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31",
                           "2025-04-20", "2026-04-05", "2038-04-25", "2076-04-19", "2100-03-28"}) {
    const std::chrono::year_month_day ymd{day(text)};
    CHECK(to_iso_date(easter_sunday(ymd.year())) == text);
  }
}

TEST_CASE("closures and early closes are the published ones", "[calendar]") {
  const auto calendar = MarketCalendar::nyse();
  for (const auto& row : published) {
    INFO(row.year);
    std::string closed, early;
    const Date first{std::chrono::year{row.year} / 1 / 1};
    const Date end{std::chrono::year{row.year + 1} / 1 / 1};
    for (Date date = first; date < end; date += days{1}) {
      const auto iso_weekday = std::chrono::weekday{date}.iso_encoding();
      const auto session = calendar.session(date);
      CHECK(session.has_value() == calendar.is_session(date));
      if (iso_weekday > 5) {
        CHECK_FALSE(session);
        continue;
      }
      if (!session) {
        append(closed, month_day(date));
        continue;
      }
      CHECK(new_york(session->open).time_of_day == clock_time(9, 30));
      if (new_york(session->close).time_of_day == clock_time(13, 0))
        append(early, month_day(date));
      else
        CHECK(new_york(session->close).time_of_day == clock_time(16, 0));
    }
    CHECK(closed == row.closed);
    CHECK(early == row.early);
  }
}

TEST_CASE("single days of the calendar", "[calendar]") {
  enum What { closed, early, normal };
  struct Row {
    const char* date;
    What what;
    const char* why;
  };
  const Row rows[]{
    {"1994-04-27", closed, "Nixon"},
    {"1997-01-20", normal, "no holiday for M. L. King before 1998"},
    {"1998-01-19", closed, "M. L. King"},
    {"1996-07-03", normal, "before 2013 the Friday was short"},
    {"1996-07-05", early, "Friday after a Thursday's 4 July"},
    {"1997-12-26", early, "ad hoc"},
    {"1999-12-31", early, "ad hoc"},
    {"2000-01-03", normal, "1 January was a Saturday"},
    {"1999-12-24", closed, "Christmas on Saturday"},
    {"2001-09-10", normal, "the day before"},
    {"2001-09-11", closed, "attacks"},
    {"2001-09-14", closed, "attacks"},
    {"2001-09-17", normal, "reopened"},
    {"2002-07-03", normal, "5 July instead"},
    {"2002-07-05", early, "instead of 3 July"},
    {"2003-12-26", early, "ad hoc"},
    {"2004-06-11", closed, "Reagan"},
    {"2007-01-02", closed, "Ford"},
    {"2012-10-29", closed, "Sandy"},
    {"2012-10-30", closed, "Sandy"},
    {"2013-07-03", early, "Wednesday from 2013 on"},
    {"2013-07-05", normal, "no more"},
    {"2015-07-02", normal, "4 July on Saturday: no early close"},
    {"2015-07-03", closed, "4 July on Saturday"},
    {"2016-07-01", normal, "4 July on Monday"},
    {"2021-06-18", normal, "Juneteenth from 2022 on"},
    {"2021-12-31", normal, "1 January on Saturday"},
    {"2022-01-03", normal, "1 January on Saturday"},
    {"2022-12-23", normal, "Christmas on Sunday: no early close"},
    {"2023-12-22", normal, "Christmas on Monday: no early close"},
    {"2024-10-14", normal, "Columbus Day"},
    {"2024-11-05", normal, "Election Day"},
    {"2024-11-11", normal, "Veterans Day"},
    {"2026-07-02", normal, "3 July is the holiday"},
    {"2027-12-31", normal, "1 January on Saturday"},
    {"2028-01-03", normal, "1 January on Saturday"},
  };
  const auto calendar = MarketCalendar::nyse();
  for (const auto& row : rows) {
    INFO(row.date << ": " << row.why);
    const auto session = calendar.session(day(row.date));
    CHECK(session.has_value() == (row.what != closed));
    if (session)
      CHECK(new_york(session->close).time_of_day == clock_time(row.what == early ? 13 : 16, 0));
  }
}

TEST_CASE("sessions at an instant and next openings", "[calendar]") {
  struct Row {
    const char* utc;
    bool open;
    const char* next_open;
    const char* session_at_or_after;
  };
  const Row rows[]{
    {"2026-11-25T14:29:59Z", false, "2026-11-25T14:30:00Z", "2026-11-25"},
    {"2026-11-25T14:30:00Z", true, "2026-11-27T14:30:00Z", "2026-11-25"},  // Thanksgiving between
    {"2026-11-25T20:59:59Z", true, "2026-11-27T14:30:00Z", "2026-11-25"},
    {"2026-11-25T21:00:00Z", false, "2026-11-27T14:30:00Z", "2026-11-27"},
    {"2026-11-27T17:59:59Z", true, "2026-11-30T14:30:00Z", "2026-11-27"},  // 13:00 close
    {"2026-11-27T18:00:00Z", false, "2026-11-30T14:30:00Z", "2026-11-30"},
    {"2026-03-07T12:00:00Z", false, "2026-03-09T13:30:00Z", "2026-03-09"},  // over the change of clocks
    {"2026-10-31T12:00:00Z", false, "2026-11-02T14:30:00Z", "2026-11-02"},
    {"2026-12-05T03:00:00Z", false, "2026-12-07T14:30:00Z", "2026-12-07"},  // Friday evening in New York
  };
  const auto calendar = MarketCalendar::nyse();
  for (const auto& row : rows) {
    INFO(row.utc);
    CHECK(calendar.is_open(at(row.utc)) == row.open);
    CHECK(to_rfc3339(calendar.next_open(at(row.utc))) == to_rfc3339(at(row.next_open)));
    CHECK(to_iso_date(calendar.session_at_or_after(at(row.utc)).date) == row.session_at_or_after);
  }
}

TEST_CASE("counting sessions", "[calendar]") {
  struct Row {
    const char* from;
    int n;
    const char* to;
  };
  const Row rows[]{
    {"2026-11-20", 0, "2026-11-20"},  {"2026-11-20", 1, "2026-11-23"},  {"2026-11-20", 3, "2026-11-25"},
    {"2026-11-20", 4, "2026-11-27"},  {"2026-11-20", 10, "2026-12-07"}, {"2026-11-21", 0, "2026-11-23"},
    {"2026-11-21", 1, "2026-11-23"},  {"2026-11-21", -1, "2026-11-20"}, {"2026-11-23", -1, "2026-11-20"},
    {"2026-11-30", -2, "2026-11-25"}, {"2026-01-02", 90, "2026-05-13"},
  };
  const auto calendar = MarketCalendar::nyse();
  for (const auto& row : rows) {
    INFO(row.from << " " << row.n);
    CHECK(to_iso_date(calendar.add_sessions(day(row.from), row.n)) == row.to);
  }
  CHECK(calendar.sessions_between(day("2026-11-20"), day("2026-11-27")) == 4);
  CHECK(calendar.sessions_between(day("2026-11-20"), day("2026-11-20")) == 0);
  CHECK(calendar.sessions_between(day("2026-11-27"), day("2026-11-20")) == 0);
  CHECK(calendar.sessions(day("2026-11-21"), day("2026-11-27")).size() == 4);
  CHECK(to_iso_date(calendar.next_session(day("2026-11-25")).date) == "2026-11-27");
  CHECK(to_iso_date(calendar.previous_session(day("2026-11-30")).date) == "2026-11-27");
}

TEST_CASE("adding sessions and counting them agree", "[calendar][property]") {
  const auto calendar = MarketCalendar::nyse();
  Chance chance{11};
  for (int i = 0; i < 2'000; ++i) {
    const Date from = day("1999-01-04") + days{chance.below(36'000)};
    const int n = static_cast<int>(chance.between(1, 120));
    const Date to = calendar.add_sessions(from, n);
    CHECK(calendar.is_session(to));
    CHECK(calendar.sessions_between(from, to) == n);
    if (calendar.is_session(from))
      CHECK(calendar.add_sessions(to, -n) == from);
  }
}

TEST_CASE("what is told by notice wins over the rules", "[calendar]") {
  auto calendar = MarketCalendar::nyse();
  calendar.add_closure(day("2026-12-01")).add_early_close(day("2026-12-02")).add_regular_session(day("2026-12-25"));
  calendar.add_early_close(day("2026-12-03"), minutes{14 * 60 + 30}).add_regular_session(day("2026-12-24"));
  CHECK_FALSE(calendar.is_session(day("2026-12-01")));
  CHECK(calendar.session(day("2026-12-02"))->close == at("2026-12-02T18:00:00Z"));
  CHECK(calendar.session(day("2026-12-03"))->close == at("2026-12-03T19:30:00Z"));
  CHECK(calendar.session(day("2026-12-24"))->close == at("2026-12-24T21:00:00Z"));
  CHECK(calendar.session(day("2026-12-25"))->close == at("2026-12-25T21:00:00Z"));
  CHECK(calendar.next_open(at("2026-11-30T21:00:00Z")) == at("2026-12-02T14:30:00Z"));
  CHECK(MarketCalendar::nyse().is_session(day("2026-12-01")));
}

TEST_CASE("a market that never closes", "[calendar]") {
  const auto calendar = MarketCalendar::always_open();
  CHECK(calendar.is_open(at("2026-12-25T03:00:00Z")));
  CHECK(calendar.date_at(at("2026-12-25T03:00:00Z")) == day("2026-12-25"));
  CHECK(calendar.next_open(at("2026-12-25T03:00:00Z")) == at("2026-12-26T00:00:00Z"));
  CHECK(calendar.add_sessions(day("2026-12-25"), 3) == day("2026-12-28"));
  const auto session = calendar.session(day("2026-12-26")).value();
  CHECK(session.open == at("2026-12-26T00:00:00Z"));
  CHECK(session.close == at("2026-12-27T00:00:00Z"));
}
