// Our own New York rules against the system's zone database, hour by hour around every change of clocks.
#include "core/calendar.hpp"
#include "tests/core/support.hpp"

#include <date/tz.h>
#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

// The library does not read the rule for the years that the database leaves to it; calendar_test.cpp goes on from
// here.
static const Instant database_ends = at("2037-01-01T00:00:00Z");

TEST_CASE("New York's offset agrees with the zone database from 1970 to 2037", "[calendar][zone]") {
  const auto* zone = date::locate_zone("America/New_York");
  const auto step = std::chrono::minutes{30};
  std::size_t wrong = 0;
  Instant first_wrong{};
  for (Instant t = at("1970-01-01T00:00:00Z"); t < database_ends; t += step) {
    const auto info = zone->get_info(std::chrono::floor<std::chrono::seconds>(t));
    // One look per change and one per half hour close to it; in between one per week is enough.
    if (info.offset != -core::new_york_behind_utc(t) && wrong++ == 0)
      first_wrong = t;
    const Instant end{info.end};
    if (end - t > std::chrono::hours{24 * 9})
      t += std::chrono::hours{24 * 7};
  }
  INFO("first at " << to_rfc3339(first_wrong));
  REQUIRE(wrong == 0);
}

TEST_CASE("local times go back and forth as the zone database says", "[calendar][zone]") {
  const auto* zone = date::locate_zone("America/New_York");
  Chance chance{7};
  const auto begin = at("1970-01-02T00:00:00Z").time_since_epoch() / std::chrono::minutes{1};
  const auto end = database_ends.time_since_epoch() / std::chrono::minutes{1};
  for (int i = 0; i < 20'000; ++i) {
    const Instant t{std::chrono::minutes{chance.between(begin, end)}};
    const auto local = core::new_york(t);
    const auto theirs = zone->to_local(t);
    CHECK((local.date + local.time_of_day).time_since_epoch() == theirs.time_since_epoch());
    if (!core::is_repeated_in_new_york(local.date, local.time_of_day))
      CHECK(core::to_instant(local.date, local.time_of_day) == t);
  }
}
