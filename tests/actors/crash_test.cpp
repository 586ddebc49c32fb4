// The daemon dies at every single commit, before or after it, and is started again. Whatever the moment: the same
// orders under the same names, the same end.
#include "support/desk.hpp"

#include <set>

using namespace heed;
using namespace heed::test;
using std::chrono::seconds;

namespace {

enum class Moment { before_commit, after_commit };

/// A day's work. Each step may be repeated: senders that got no receipt send again.
class Day {
public:
  explicit Day(DeskWorld& world) : w{world} {}

  void work() {
    step([&] { w.mention(buy("b1", "NVDA")); });
    step([&] { w.mention(buy("b2", "AMD")); });
    step([&] { w.mention(sell("s1", "NVDA")); });
    step([&] { w.submit(open()); });
    step([&] { w.submit(w.intent("k2", IntentAction::reverse, "TSLA")); });
    step([&] { hit_target(); });
    step([&] { w.mention(mention_of("a1", "INTC", MentionAction::avoid)); });
    step([&] { w.mention(buy("b3", "INTC")); });
  }

private:
  template <class F>
  void step(F f) {
    if (w.crashed)
      return;
    f();
    w.settle();
    w.settle();
  }
  Intent open() {
    auto out = w.intent("k1", IntentAction::open, "TSLA");
    out.created_at = friday_10;
    out.size = Size{SizeKind::quantity, Quantity{10}, {}};
    return out;
  }
  void hit_target() {
    if (w.venue->position("AMD") == Quantity{30} && w.held("AMD") == Quantity{30})
      w.venue->fill("AMD", Leg::take_profit);
  }
  DeskWorld& w;
};

struct End {
  std::set<std::string> names;
  std::map<std::string, std::string> outcomes, positions;
  std::vector<std::string> trades;
  friend bool operator==(const End&, const End&) = default;
};

End end_of(DeskWorld& w) {
  End end;
  for (const auto& order : w.venue->submits)
    end.names.insert(order.client_order_id.str());
  for (const auto* key : {"b1", "b2", "s1", "a1", "b3"}) {
    end.outcomes[key] = w.outcome(key);
    CHECK(w.finals(signal_of(key)) == 1);
  }
  for (const auto* key : {"k1", "k2"}) {
    end.outcomes[key] = w.outcome_of(DeskWorld::signal_of_key(key));
    CHECK(w.finals(DeskWorld::signal_of_key(key)) == 1);
  }
  for (const auto* symbol : {"NVDA", "AMD", "TSLA", "INTC"}) {
    end.positions[symbol] = w.phase(symbol) + " " + w.held(symbol).str();
    CHECK(w.held(symbol) == w.venue->position(symbol));
  }
  for (const auto& trade : w.trades())
    end.trades.push_back(trade.symbol.str() + " " + std::string{to_string(trade.reason)} + " " + trade.pnl.str());
  std::sort(end.trades.begin(), end.trades.end());
  return end;
}

/// One life, death at the n-th commit, and another life. False when the day had fewer commits.
bool die_at(DeskWorld& w, int n, Moment moment) {
  w.start();
  w.settle();
  const auto nth = w.store->appends + n;
  w.store->after_append = [&w, nth] { w.crashed = w.crashed || w.store->appends == nth; };
  if (moment == Moment::before_commit)
    w.store->fail_from = nth;
  Day{w}.work();
  w.store->after_append = nullptr;
  w.store->fail_from = JournalControl::never;
  return std::exchange(w.crashed, false);
}

}  // namespace

TEST_CASE("no lost call, no doubled order: a crash at any commit ends in the same place", "[actors][crash]") {
  End whole;
  int commits = 0;
  {
    DeskWorld w;
    w.start();
    w.settle();
    const auto before = w.store->appends;
    Day{w}.work();
    commits = w.store->appends - before;
    w.advance(seconds{120});
    whole = end_of(w);
    w.check_sane();
    REQUIRE(whole.outcomes["k2"] == "filled");
    REQUIRE(whole.outcomes["s1"] == "closed");
    REQUIRE(whole.positions["TSLA"] == "Open -10");
    REQUIRE(whole.positions["AMD"] == "Flat 0");
  }
  const auto moment = GENERATE(Moment::before_commit, Moment::after_commit);
  for (int n = 1; n <= commits; ++n) {
    INFO("death at commit " << n << " of " << commits
                            << (moment == Moment::before_commit ? ", before it" : ", after it"));
    DeskWorld w;
    const bool died = die_at(w, n, moment);
    REQUIRE(died);
    w.crash();
    w.start();
    w.advance(seconds{60});
    Day{w}.work();
    w.advance(seconds{120});
    const auto end = end_of(w);
    CHECK(end.names == whole.names);
    CHECK(end.outcomes == whole.outcomes);
    CHECK(end.positions == whole.positions);
    CHECK(end.trades == whole.trades);
    w.check_sane();
  }
}
