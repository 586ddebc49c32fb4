#include "core/cron.hpp"

#include "tests/core/support.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

TEST_CASE("the next time of a cron line", "[cron]") {
  struct Row {
    const char* line;
    const char* after;
    const char* next;  // empty: never
  };
  const Row rows[]{
    {"35 9 * * 1-5", "2026-11-20T14:34:59Z", "2026-11-20T14:35:00Z"},
    {"35 9 * * 1-5", "2026-11-20T14:35:00Z", "2026-11-23T14:35:00Z"},  // strictly after, over a weekend
    {"35 9 * * 1-5", "2026-03-06T20:00:00Z", "2026-03-09T13:35:00Z"},  // into summer
    {"35 9 * * MON-FRI", "2026-11-20T14:35:00Z", "2026-11-23T14:35:00Z"},
    {"*/15 * * * *", "2026-11-20T14:35:00Z", "2026-11-20T14:45:00Z"},
    {"5/20 * * * *", "2026-11-20T14:35:00Z", "2026-11-20T14:45:00Z"},
    {"0 9-16/3 * * *", "2026-11-20T14:35:00Z", "2026-11-20T17:00:00Z"},
    {"0,30 9,16 * * *", "2026-11-20T14:35:00Z", "2026-11-20T21:00:00Z"},
    {"0 0 1 * *", "2026-11-20T00:00:00Z", "2026-12-01T05:00:00Z"},
    {"0 0 1 jan *", "2026-11-20T00:00:00Z", "2027-01-01T05:00:00Z"},
    {"0 0 29 2 *", "2026-11-20T00:00:00Z", "2028-02-29T05:00:00Z"},
    {"0 0 29 2 *", "2096-11-20T00:00:00Z", "2104-02-29T05:00:00Z"},
    {"0 0 31 2 *", "2026-11-20T00:00:00Z", ""},
    {"0 0 13 * 5", "2026-11-21T06:00:00Z", "2026-11-27T05:00:00Z"},  // either day will do
    {"0 0 * * 0", "2026-11-20T00:00:00Z", "2026-11-22T05:00:00Z"},
    {"0 0 * * 7", "2026-11-20T00:00:00Z", "2026-11-22T05:00:00Z"},
    {"0 0 * * 5-7", "2026-11-21T06:00:00Z", "2026-11-22T05:00:00Z"},
    {"30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"},  // skipped: at the jump
    {"30 2 * * *", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"},
    {"30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"},  // repeated: once
    {"30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
    {"  0\t12  *  *  * ", "2026-11-20T00:00:00Z", "2026-11-20T17:00:00Z"},
  };
  const auto calendar = MarketCalendar::nyse();
  for (const auto& row : rows) {
    INFO(row.line << " after " << row.after);
    const auto line = CronLine::parse(row.line);
    REQUIRE(line.ok());
    const auto next = line.value().next(at(row.after), calendar);
    CHECK((next ? to_rfc3339(*next) : "") == (*row.next != '\0' ? to_rfc3339(at(row.next)) : ""));
  }
}

TEST_CASE("cron lines on sessions skip holidays", "[cron]") {
  const auto line = CronLine::parse("35 9 * * 1-5");
  const auto calendar = MarketCalendar::nyse();
  CHECK(line.value().next_on_session(at("2026-11-25T15:00:00Z"), calendar) == at("2026-11-27T14:35:00Z"));
  CHECK(line.value().next(at("2026-11-25T15:00:00Z"), calendar) == at("2026-11-26T14:35:00Z"));
  const auto open = MarketCalendar::always_open();
  CHECK(line.value().next_on_session(at("2026-11-25T15:00:00Z"), open) == at("2026-11-26T09:35:00Z"));
  CHECK(line.value().text() == "35 9 * * 1-5");
}

TEST_CASE("a wrong cron line is told with its field", "[cron]") {
  struct Row {
    const char* line;
    const char* told;
  };
  const Row rows[]{
    {"", "0 fields"},
    {"35 9 * *", "4 fields"},
    {"35 9 * * 1-5 x", "6 fields"},
    {"60 9 * * *", "field 1 (minute) is \"60\""},
    {"-1 9 * * *", "field 1 (minute)"},
    {"35 24 * * *", "field 2 (hour) is \"24\""},
    {"35 9 0 * *", "field 3 (day of month)"},
    {"35 9 32 * *", "1-31"},
    {"35 9 * 13 *", "field 4 (month)"},
    {"35 9 * foo *", "field 4 (month) is \"foo\""},
    {"35 9 * * 8", "field 5 (day of week)"},
    {"35 9 * * 5-1", "field 5 (day of week) is \"5-1\""},
    {"*/0 9 * * *", "field 1"},
    {"*/ 9 * * *", "field 1"},
    {"1,,2 9 * * *", "field 1"},
    {"1- 9 * * *", "field 1"},
    {"1, 9 * * *", "field 1"},
    {"99999999999 9 * * *", "field 1"},
  };
  for (const auto& row : rows) {
    INFO(row.line);
    const auto line = CronLine::parse(row.line);
    REQUIRE_FALSE(line.ok());
    CHECK(line.error().kind == ErrorKind::invalid);
    CHECK(line.error().code == "CRON_INVALID");
    CHECK_THAT(line.error().detail, Catch::Contains(row.told));
  }
}

TEST_CASE("occurrences only go forward and match the wall clock", "[cron][property]") {
  const auto calendar = MarketCalendar::nyse();
  const auto line = CronLine::parse("7,37 1-3 * * *");
  Chance chance{3};
  for (int i = 0; i < 500; ++i) {
    Instant t = at("2020-01-01T00:00:00Z") + std::chrono::minutes{chance.below(60 * 24 * 3'000)};
    const auto next = line.value().next(t, calendar).value();
    CHECK(next > t);
    const auto wall = new_york(next);
    const auto minute = wall.time_of_day / std::chrono::minutes{1} % 60;
    const bool jump = wall.time_of_day == std::chrono::hours{3};
    CHECK((minute == 7 || minute == 37 || jump));
  }
}
