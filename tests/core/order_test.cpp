#include "core/order.hpp"

#include "tests/core/support.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

namespace {

constexpr std::size_t count = EnumNames<OrderStatus>::names.size();

OrderStatus status(std::size_t i) { return static_cast<OrderStatus>(i); }

// One letter per pair: o ok, s stale, A alarm.
struct TableRow {
  OrderStatus from;
  const char* to;
};
const TableRow expected[]{
  //                               i s a h p c r u  f c e r r
  {OrderStatus::initialized,
   "oooooooo"
   "ooooo"},
  {OrderStatus::submitted,
   "sooooooo"
   "ooooo"},
  {OrderStatus::accepted,
   "ssosoooo"
   "ooooo"},
  {OrderStatus::held,
   "ssoooooo"
   "ooooo"},
  {OrderStatus::partially_filled,
   "ssssoooo"
   "ooooo"},
  {OrderStatus::pending_cancel,
   "ssoooooo"
   "ooooo"},
  {OrderStatus::pending_replace,
   "ssoooooo"
   "ooooo"},
  {OrderStatus::unknown,
   "sooooooo"
   "ooooo"},
  {OrderStatus::filled,
   "ssssssss"
   "oAAAA"},
  {OrderStatus::canceled,
   "ssssssss"
   "AosAA"},
  {OrderStatus::expired,
   "ssssssss"
   "AsoAA"},
  {OrderStatus::rejected,
   "ssssssss"
   "AAAoA"},
  {OrderStatus::replaced,
   "ssssssss"
   "AAAAo"},
};

OrderProgress known(OrderStatus s, const char* cum) { return {s, Quantity{10}, dec(cum)}; }

}  // namespace

TEST_CASE("every pair of statuses has its answer", "[order]") {
  REQUIRE(std::size(expected) == count);
  for (const auto& row : expected) {
    REQUIRE(std::string_view{row.to}.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      INFO(to_string(row.from) << " -> " << to_string(status(i)));
      const auto verdict = row.to[i] == 'o'   ? MoveVerdict::ok
                           : row.to[i] == 's' ? MoveVerdict::stale
                                              : MoveVerdict::alarm;
      CHECK(to_string(transition(row.from, status(i))) == to_string(verdict));
    }
  }
}

TEST_CASE("the table keeps its promises", "[order]") {
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(transition(status(i), status(i)) == MoveVerdict::ok);
    for (std::size_t k = 0; k < count; ++k) {
      INFO(to_string(status(i)) << " -> " << to_string(status(k)));
      if (is_terminal(status(i)) && i != k)
        CHECK(transition(status(i), status(k)) != MoveVerdict::ok);
      if (!is_terminal(status(i)) && is_terminal(status(k)))
        CHECK(transition(status(i), status(k)) == MoveVerdict::ok);  // whatever we think, the venue can end it
    }
    if (!is_terminal(status(i)))
      CHECK(transition(status(i), OrderStatus::unknown) == MoveVerdict::ok);
  }
}

TEST_CASE("one more report", "[order]") {
  using S = OrderStatus;
  struct Row {
    const char* why;
    S from;
    const char* cum;
    S said;
    const char* said_cum;
    S next;
    const char* next_cum;
    MoveVerdict verdict;
    OrderAlarm alarm;
  };
  const auto ok = MoveVerdict::ok;
  const auto stale = MoveVerdict::stale;
  const auto bad = MoveVerdict::alarm;
  const auto none = OrderAlarm::none;
  const Row rows[]{
    {"accepted", S::submitted, "0", S::accepted, "0", S::accepted, "0", ok, none},
    {"again", S::accepted, "0", S::accepted, "0", S::accepted, "0", ok, none},
    {"first fill", S::accepted, "0", S::partially_filled, "4", S::partially_filled, "4", ok, none},
    {"fill told as accepted", S::accepted, "0", S::accepted, "4", S::partially_filled, "4", ok, none},
    {"the last share told as partial", S::partially_filled, "4", S::partially_filled, "10", S::filled, "10", ok,
     none},
    {"fill before the answer", S::submitted, "0", S::filled, "10", S::filled, "10", ok, none},
    {"the answer after the fill", S::filled, "10", S::accepted, "0", S::filled, "10", stale, none},
    {"older partial", S::partially_filled, "6", S::partially_filled, "4", S::partially_filled, "6", stale, none},
    {"older accepted", S::partially_filled, "6", S::accepted, "0", S::partially_filled, "6", stale, none},
    {"accepted with what is known", S::partially_filled, "6", S::accepted, "6", S::partially_filled, "6", stale,
     none},
    {"cancel with an older quantity", S::partially_filled, "6", S::canceled, "4", S::canceled, "6", ok, none},
    {"partly filled, then cancelled", S::partially_filled, "6", S::canceled, "6", S::canceled, "6", ok, none},
    {"cancel that brings a fill", S::pending_cancel, "0", S::canceled, "3", S::canceled, "3", ok, none},
    {"cancel refused", S::pending_cancel, "0", S::accepted, "0", S::accepted, "0", ok, none},
    {"fill while cancelling", S::pending_cancel, "0", S::pending_cancel, "3", S::pending_cancel, "3", ok, none},
    {"fill while cancelling, told late", S::pending_cancel, "0", S::partially_filled, "3", S::partially_filled, "3",
     ok, none},
    {"full while cancelling", S::pending_cancel, "4", S::pending_cancel, "10", S::filled, "10", ok, none},
    {"fill after cancel", S::canceled, "0", S::filled, "10", S::canceled, "10", bad, OrderAlarm::fill_after_end},
    {"part fill after cancel", S::canceled, "0", S::partially_filled, "2", S::canceled, "2", stale,
     OrderAlarm::fill_after_end},
    {"fill of a rejected order", S::rejected, "0", S::filled, "10", S::rejected, "10", bad,
     OrderAlarm::fill_after_end},
    {"cancel of a filled order", S::filled, "10", S::canceled, "10", S::filled, "10", bad,
     OrderAlarm::illegal_transition},
    {"over-fill", S::partially_filled, "6", S::filled, "12", S::filled, "12", ok, OrderAlarm::overfill},
    {"over-fill after the end", S::filled, "10", S::filled, "11", S::filled, "11", ok, OrderAlarm::overfill},
    {"over-fill told again", S::filled, "11", S::filled, "11", S::filled, "11", ok, none},
    {"rejected with fills", S::partially_filled, "6", S::rejected, "6", S::rejected, "6", ok,
     OrderAlarm::rejected_with_fills},
    {"filled with less", S::partially_filled, "6", S::filled, "6", S::filled, "6", ok, OrderAlarm::filled_short},
    {"unknown", S::submitted, "0", S::unknown, "0", S::unknown, "0", ok, none},
    {"unknown keeps what is filled", S::partially_filled, "6", S::unknown, "6", S::unknown, "6", ok, none},
    {"found", S::unknown, "0", S::accepted, "0", S::accepted, "0", ok, none},
    {"sent again", S::unknown, "0", S::submitted, "0", S::submitted, "0", ok, none},
    {"expired after cancelled", S::canceled, "0", S::expired, "0", S::canceled, "0", stale, none},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    const auto step = apply(known(row.from, row.cum), row.said, dec(row.said_cum));
    CHECK(to_string(step.next.status) == to_string(row.next));
    CHECK(step.next.cum_qty == dec(row.next_cum));
    CHECK(step.newly_filled == dec(row.next_cum) - dec(row.cum));
    CHECK(to_string(step.verdict) == to_string(row.verdict));
    CHECK(to_string(step.alarm) == to_string(row.alarm));
  }
}

TEST_CASE("reports in any order, any number of times, end alike", "[order][property]") {
  // What one order lived through at the venue; its last line is its end.
  const std::vector<std::pair<OrderStatus, const char*>> stories[]{
    {{OrderStatus::accepted, "0"},
     {OrderStatus::partially_filled, "3"},
     {OrderStatus::partially_filled, "7"},
     {OrderStatus::filled, "10"}},
    {{OrderStatus::accepted, "0"},
     {OrderStatus::partially_filled, "3"},
     {OrderStatus::pending_cancel, "3"},
     {OrderStatus::canceled, "3"}},
    {{OrderStatus::held, "0"}, {OrderStatus::accepted, "0"}, {OrderStatus::expired, "0"}},
    {{OrderStatus::rejected, "0"}},
  };
  Chance chance{51};
  for (const auto& story : stories) {
    for (int round = 0; round < 500; ++round) {
      OrderProgress progress{OrderStatus::submitted, Quantity{10}, Quantity{}};
      bool ended = false;
      Quantity filled;
      for (int i = 0; i < 12 || !ended; ++i) {
        const auto pick =
          i < 12 ? static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(story.size()))) : story.size() - 1;
        const auto step = apply(progress, story[pick].first, dec(story[pick].second));
        REQUIRE(step.next.cum_qty >= progress.cum_qty);
        REQUIRE(step.alarm == OrderAlarm::none);
        if (is_terminal(progress.status))
          REQUIRE(step.next.status == progress.status);
        filled += step.newly_filled;
        progress = step.next;
        ended = ended || pick + 1 == story.size();
      }
      CHECK(progress.status == story.back().first);
      CHECK(progress.cum_qty == dec(story.back().second));
      CHECK(filled == progress.cum_qty);
      CHECK(apply(progress, story.back().first, dec(story.back().second)).next == progress);
    }
  }
}
