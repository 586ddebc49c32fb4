// What holds for every past: the books add up, and nothing is known before its time.
#include "past.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

namespace heed::backtest::test {
namespace {

class Random {
public:
  explicit Random(std::uint64_t seed) : engine_{seed} {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return *(list.begin() + below(static_cast<int>(list.size())));
  }

private:
  std::mt19937_64 engine_;
};

struct World {
  std::vector<std::vector<std::array<std::int64_t, 4>>> cents;  // symbol, session: open, high, low, close; 0: no bar
  int sessions = 0;
  std::vector<std::tuple<int, int, MentionAction, int, Horizon>> calls;
  Params params;

  explicit World(Random& random) : sessions{30 + random.below(60)} {
    for (int s = 0; s < 1 + random.below(8); ++s) {
      auto& bars = cents.emplace_back();
      std::int64_t price = random.pick({200, 5'000, 60'000});
      const int wild = random.pick({1, 5, 20});
      for (int i = 0; i < sessions; ++i) {
        const auto move = [&](std::int64_t from) {
          return std::max<std::int64_t>(10, from * (100 + random.below(2 * wild + 1) - wild) / 100);
        };
        const auto open = move(price);
        const auto close = move(open);
        const auto high = std::max(open, close) * (100 + random.below(wild)) / 100;
        const auto low = std::max<std::int64_t>(5, std::min(open, close) * (100 - random.below(wild)) / 100);
        bars.push_back(random.one_in(25) ? std::array<std::int64_t, 4>{} : std::array{open, high, low, close});
        price = close;
      }
    }
    for (int i = 0; i < 60; ++i)
      calls.emplace_back(random.below(sessions), random.below(static_cast<int>(cents.size())),
                         random.pick({MentionAction::buy, MentionAction::buy, MentionAction::buy, MentionAction::buy,
                                      MentionAction::sell, MentionAction::avoid}),
                         55 + random.below(46), random.pick({Horizon::days, Horizon::weeks, Horizon::unspecified}));
    std::sort(calls.begin(), calls.end());
    params.from = Past::session(0);
    params.commission_per_order = random.pick({Money{}, 1_d});
    params.commission_per_share = random.pick({Money{}, 0.005_d});
    params.fractional = random.one_in(3);
    params.risk_mode = random.one_in(2) ? RiskMode::off : RiskMode::live;
    params.capital = random.pick({5'000_d, 100'000_d});
    params.strategy.on_repeat_buy = random.pick({RepeatBuy::top_up, RepeatBuy::roll});
    params.strategy.max_position_pct = random.pick({Decimal{}, 0.075_d, 0.5_d});
  }

  /// The past up to and with session `last`.
  Past until(int last) const {
    Past past{last + 1};
    for (std::size_t s = 0; s < cents.size(); ++s)
      for (int i = 0; i <= last; ++i)
        if (const auto& bar = cents[s][static_cast<std::size_t>(i)]; bar[0] != 0) {
          std::array<std::string, 4> text;
          for (std::size_t k = 0; k < 4; ++k)
            text[k] = Decimal::from_units(bar[k] * 10'000'000).str();
          past.bar("S" + std::to_string(s), i, {text[0], text[1], text[2], text[3]});
        }
    for (const auto& [session, symbol, action, conviction, horizon] : calls)
      if (session < last)
        past.call(session, "S" + std::to_string(symbol), action, Decimal::from_units(conviction * 10'000'000).str(),
                  horizon);
    return past;
  }
};

void check_books(const World& world, const Run& run) {
  Money pnl;
  for (const auto& trade : run.trades) {
    pnl += trade.pnl();
    CHECK(trade.quantity.is_positive());
    CHECK(trade.exit_session >= trade.entry_session);
    CHECK(trade.quantity.is_multiple_of(world.params.fractional ? 0.0001_d : 1_d));
  }
  CHECK(run.equity.back() == world.params.capital + pnl);
  for (const Money equity : run.equity)
    CHECK(equity.is_positive());
}

// Cash is never negative, and equity is cash and what is held, worked out anew from the trades alone.
void check_equity(const World& world, const Run& run, const BarSet& bars, const Calls& calls) {
  for (std::int32_t day = 0; day + 1 < static_cast<std::int32_t>(run.sessions.size()); ++day) {
    Money cash = world.params.capital;
    Money value;
    for (const auto& trade : run.trades) {
      const auto half = world.params.commission_per_order + world.params.commission_per_share * trade.quantity;
      if (trade.entry_session > day)
        continue;
      cash -= trade.cost() + half;
      if (trade.exit_session <= day) {
        cash += trade.quantity * trade.exit_price - half;
        continue;
      }
      const auto* series = bars.find(calls.symbols[calls.calls[trade.call].symbol]);
      const auto after =
        std::upper_bound(series->days.begin(), series->days.end(), run.sessions[static_cast<std::size_t>(day)]);
      value += trade.quantity * series->close_at(static_cast<std::size_t>(after - series->days.begin()) - 1);
    }
    REQUIRE(run.equity[static_cast<std::size_t>(day)] == cash + value);
    REQUIRE_FALSE(cash.is_negative());
  }
}

TEST_CASE("money comes from trades alone, and equity is cash and positions", "[property]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Random random{seed};
    const World world{random};
    const auto past = world.until(world.sessions - 1);
    const auto run = past.run(world.params);
    check_books(world, run);
    check_equity(world, run, past.bar_set(), past.calls());
  }
}

TEST_CASE("with repeated buys rolled, lots of a symbol never overlap", "[property]") {
  for (std::uint64_t seed = 200; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random{seed};
    World world{random};
    world.params.strategy.on_repeat_buy = RepeatBuy::roll;
    const auto past = world.until(world.sessions - 1);
    const auto run = past.run(world.params);
    const auto calls = past.calls();
    std::map<std::uint32_t, std::int32_t> free_from;
    for (const auto& trade : run.trades) {
      auto& from = free_from[calls.calls[trade.call].symbol];
      CHECK(trade.entry_session >= from);
      from = trade.exit_session;
    }
  }
}

TEST_CASE("every call ends once; who is filled has a trade, or rolled one", "[property]") {
  for (std::uint64_t seed = 300; seed < 400; ++seed) {
    Random random{seed};
    World world{random};
    world.params.strategy.on_repeat_buy = RepeatBuy::top_up;
    const auto run = world.until(world.sessions - 1).run(world.params);
    std::set<std::uint32_t> traded;
    for (const auto& trade : run.trades)
      CHECK(traded.insert(trade.call).second);
    for (std::uint32_t i = 0; i < run.outcomes.size(); ++i)
      CHECK((run.outcomes[i] == Outcome::filled) == traded.contains(i));
  }
}

TEST_CASE("the future changes nothing of what was", "[property]") {
  // The same past, known further: all that happened before the shorter one's last session is the same.
  for (std::uint64_t seed = 400; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random{seed};
    const World world{random};
    const int cut = 10 + random.below(world.sessions - 10);
    const auto shorter = world.until(cut).run(world.params);
    const auto longer = world.until(world.sessions - 1).run(world.params);
    for (int i = 0; i < cut; ++i)
      REQUIRE(shorter.equity[static_cast<std::size_t>(i)] == longer.equity[static_cast<std::size_t>(i)]);
    for (std::size_t i = 0; i < shorter.trades.size(); ++i) {
      const auto& a = shorter.trades[i];
      const auto& b = longer.trades[i];
      CHECK(a.entry_session == b.entry_session);
      CHECK(a.quantity == b.quantity);
      if (a.exit_session < cut)
        CHECK(a == b);
    }
  }
}

TEST_CASE("the order in which calls are handed in does not matter", "[property]") {
  Random random{7};
  const World world{random};
  const auto past = world.until(world.sessions - 1);
  const auto calls = past.calls();
  std::vector<Mention> mentions;
  for (const auto& call : calls.calls) {
    Mention m;
    m.id = call.id;
    m.symbol = calls.symbols[call.symbol];
    m.action = call.action;
    m.conviction = Decimal::from_units(call.conviction);
    m.horizon = call.horizon;
    m.created_at = call.created_at();
    m.origin = calls.origins[call.origin];
    mentions.push_back(m);
  }
  std::mt19937_64 engine{3};
  std::shuffle(mentions.begin(), mentions.end(), engine);
  const auto shuffled = make_calls(mentions);
  CHECK(shuffled.digest == calls.digest);
  CHECK(run(shuffled, past.bar_set(), world.params).value() == past.run(world.params));
}

}  // namespace
}  // namespace heed::backtest::test
