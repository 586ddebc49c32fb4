#include "core/aggregator.hpp"

#include "tests/core/support.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace heed;
using namespace heed::core;
using namespace heed::test;
using std::chrono::hours;

namespace {

const Instant start = at("2026-11-20T12:00:00Z");

Mention call(std::int64_t id, const char* symbol, MentionAction action, Instant when,
             const char* conviction = "0.5") {
  Mention m;
  m.id = id;
  m.symbol = symbol;
  m.action = action;
  m.created_at = when;
  if (conviction != nullptr)
    m.conviction = dec(conviction);
  return m;
}

constexpr auto buy = MentionAction::buy;
constexpr auto sell = MentionAction::sell;

// The definition, word for word.
std::int64_t count_slowly(const std::vector<Mention>& all, const Mention& m, const AggregatorConfig& config) {
  return std::count_if(all.begin(), all.end(), [&](const Mention& o) {
    return o.symbol == m.symbol && (config.any_action || o.action == m.action) && o.id != m.id &&
           o.created_at > m.created_at - config.window && o.created_at <= m.created_at;
  });
}

}  // namespace

TEST_CASE("each further mention in the window raises the conviction, up to the cap", "[aggregator]") {
  Aggregator aggregator;
  const char* effective[]{"0.5", "0.55", "0.6", "0.65", "0.7", "0.7", "0.7"};
  for (int i = 0; i < 7; ++i) {
    const auto weight = aggregator.add_and_weigh(call(i + 1, "NVDA", buy, start + hours{i}));
    CHECK(weight.others == i);
    CHECK(weight.effective_conviction == dec(effective[i]));
  }
  CHECK(aggregator.weigh(call(8, "NVDA", buy, start + hours{8}, "0.9")).effective_conviction == Decimal{1});
  CHECK_FALSE(aggregator.weigh(call(8, "NVDA", buy, start + hours{8}, nullptr)).effective_conviction);
}

TEST_CASE("what counts and what does not", "[aggregator]") {
  struct Row {
    const char* why;
    Mention other;
    std::int64_t counted;
    std::int64_t counted_any_action;
  };
  const auto now = start + hours{100};
  const Row rows[]{
    {"an hour before", call(1, "NVDA", buy, now - hours{1}), 1, 1},
    {"just inside", call(1, "NVDA", buy, now - hours{48} + Duration{1}), 1, 1},
    {"exactly 48 h before", call(1, "NVDA", buy, now - hours{48}), 0, 0},
    {"at the same time, lower id", call(1, "NVDA", buy, now), 1, 1},
    {"at the same time, higher id", call(9, "NVDA", buy, now), 1, 1},
    {"later", call(9, "NVDA", buy, now + Duration{1}), 0, 0},
    {"another symbol", call(1, "AMD", buy, now - hours{1}), 0, 0},
    {"another action", call(1, "NVDA", sell, now - hours{1}), 0, 1},
    {"itself", call(5, "NVDA", buy, now), 0, 0},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    const auto m = call(5, "NVDA", buy, now);
    Aggregator same;
    same.add(row.other);
    CHECK(same.add_and_weigh(m).others == row.counted);
    CHECK(same.add_and_weigh(m).others == row.counted);  // again changes nothing
    AggregatorConfig config;
    config.any_action = true;
    Aggregator any{config};
    any.add(m);
    any.add(row.other);
    CHECK(any.weigh(m).others == row.counted_any_action);
  }
}

TEST_CASE("what turns out never to have been said is forgotten", "[aggregator]") {
  Aggregator window;
  window.add(call(1, "A", buy, start));
  window.add(call(2, "A", buy, start + hours{1}));
  window.add(call(3, "B", buy, start + hours{1}));
  window.drop({2, 3, 99});
  CHECK(window.remembered() == 1);
  CHECK(window.weigh(call(4, "A", buy, start + hours{2})).others == 1);
  CHECK(window.weigh(call(5, "B", buy, start + hours{2})).others == 0);
  window.add(call(2, "A", buy, start + hours{1}));
  CHECK(window.weigh(call(4, "A", buy, start + hours{2})).others == 2);
}

TEST_CASE("window, step and cap are configurable", "[aggregator]") {
  AggregatorConfig config;
  config.window = hours{2};
  config.boost_step = dec("0.1");
  config.boost_cap = dec("0.15");
  Aggregator aggregator{config};
  for (int i = 0; i < 4; ++i)
    aggregator.add(call(i + 1, "NVDA", buy, start + hours{i}));
  CHECK(aggregator.weigh(call(4, "NVDA", buy, start + hours{3})).boost == dec("0.1"));
  CHECK(aggregator.weigh(call(9, "NVDA", buy, start + hours{3})).boost == dec("0.15"));
}

TEST_CASE("of one poll the latest of a symbol decides", "[aggregator]") {
  const std::vector<Mention> poll{call(3, "NVDA", buy, start + hours{1}), call(1, "NVDA", buy, start),
                                  call(2, "NVDA", sell, start + hours{1}), call(4, "AMD", buy, start)};
  Aggregator aggregator;
  const auto weighed = aggregator.add_poll(poll);
  REQUIRE(weighed.size() == 4);
  CHECK_FALSE(weighed[0].superseded_by);
  CHECK(weighed[0].weight.others == 1);
  CHECK(weighed[1].superseded_by == 0);
  CHECK(weighed[2].superseded_by == 0);  // same time, lower id
  CHECK_FALSE(weighed[3].superseded_by);
  CHECK(aggregator.add_poll({}).empty());
}

TEST_CASE("the window agrees with its definition, in whatever order mentions come", "[aggregator][property]") {
  const char* symbols[]{"A", "B", "C"};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Chance chance{seed};
    AggregatorConfig config;
    config.any_action = chance.one_in(3);
    std::vector<Mention> all;
    Instant now = start;
    for (int i = 0; i < 120; ++i) {
      now += std::chrono::minutes{chance.below(400)};
      // Late by up to a day, and often at equal times.
      const Instant when = std::chrono::floor<hours>(now - std::chrono::minutes{chance.below(1'440)});
      all.push_back(call(i + 1, symbols[chance.below(3)], chance.one_in(2) ? buy : sell, when));
    }
    Aggregator aggregator{config};
    std::vector<Mention> seen;
    for (const auto& m : all) {
      seen.push_back(m);
      REQUIRE(aggregator.add_and_weigh(m).others == count_slowly(seen, m, config));
    }
    // Rebuilt in order of time, and with everything twice: the same answers for what is recent.
    auto sorted = all;
    std::sort(sorted.begin(), sorted.end(), [](const Mention& a, const Mention& b) {
      return std::pair{a.created_at, a.id} < std::pair{b.created_at, b.id};
    });
    Aggregator rebuilt{config};
    for (const auto& m : sorted) {
      rebuilt.add(m);
      rebuilt.add(m);
    }
    const auto probe = call(1'000, "A", buy, now);
    CHECK(rebuilt.weigh(probe) == aggregator.weigh(probe));
    CHECK(rebuilt.weigh(probe).others == count_slowly(all, probe, config));
  }
}

TEST_CASE("memory is bounded by the window, not by the past", "[aggregator]") {
  Aggregator aggregator;
  for (int i = 0; i < 50'000; ++i)
    aggregator.add(call(i + 1, ("S" + std::to_string(i % 5'000)).c_str(), buy, start + std::chrono::minutes{10 * i}));
  CHECK(aggregator.remembered() < 1'300);  // 96 h of ten minutes are 576, swept when as many again have come

  AggregatorConfig config;
  config.per_key_max = 100;
  Aggregator capped{config};
  for (int i = 0; i < 1'000; ++i)
    capped.add(call(i + 1, "NVDA", buy, start + Duration{i}));
  CHECK(capped.remembered() == 100);
  CHECK(capped.weigh(call(2'000, "NVDA", buy, start + hours{1})).boost == dec("0.2"));

  Aggregator late;
  late.add(call(1, "NVDA", buy, start));
  late.add(call(2, "NVDA", buy, start - hours{97}));  // too late to matter
  CHECK(late.remembered() == 1);
}
