// The scenarios whose every step is a crash point. Each is a few minutes of trading with one thing in it; what it
// must end with is written down, so that a scenario that no longer does what it says is noticed.
#include "sim/crash_points.hpp"

#include <utility>

namespace heed::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Monday, 2 June 2025, ten o'clock in New York.
Instant monday_10() { return *parse_rfc3339("2025-06-02T14:00:00Z"); }

heed::Level percent(int value) { return {LevelKind::percent, Decimal{value}}; }
heed::Level at_price(const char* value) { return {LevelKind::price, Decimal::parse(value).value()}; }

Intent intent(const char* key, IntentAction action, const char* symbol) {
  Intent out;
  out.idempotency_key = key;
  out.source = SourceId{"api"};
  out.origin = Origin::manual;
  out.strategy = StrategyId{"tube"};
  out.action = action;
  out.symbol = Symbol{symbol};
  out.created_at = monday_10();
  out.close_reason = CloseReason::manual_close;
  return out;
}

Intent open(const char* key, const char* symbol, int quantity, Side side = Side::buy) {
  auto out = intent(key, IntentAction::open, symbol);
  out.side = side;
  out.size = Size{SizeKind::quantity, Quantity{quantity}, {}};
  out.protection.stop = percent(8);
  out.protection.target = percent(20);
  return out;
}

Intent protect(const char* key, const char* stop, const char* target) {
  auto out = intent(key, IntentAction::modify_protection, "NVDA");
  out.protection.stop = at_price(stop);
  out.protection.target = at_price(target);
  return out;
}

Intent close(const char* key, const char* symbol) { return intent(key, IntentAction::close, symbol); }

Mention mention(const char* key, MentionAction action, const char* symbol, Instant at, const char* source = "calls") {
  Mention out;
  out.source = SourceId{source};
  out.external_id = key;
  out.symbol = Symbol{symbol};
  out.action = action;
  out.conviction = Decimal{1};
  out.horizon = Horizon::days;
  out.created_at = out.published_at = at;
  return out;
}

exchange::OrderRequest persons_order(const char* name, const char* symbol, int quantity, exchange::Side side) {
  exchange::OrderRequest out;
  out.client_order_id = name;
  out.symbol = symbol;
  out.qty = Decimal{quantity};
  out.side = side;
  return out;
}

/// A scenario as it is put together.
class Making {
public:
  Making(const char* name, const char* about, Duration length) {
    out_.name = name;
    out_.about = about;
    out_.start = monday_10();
    out_.length = length;
    out_.prices = {{"NVDA", "100"}};
  }
  Making& prices(std::map<std::string, std::string> prices) { return out_.prices = std::move(prices), *this; }
  Making& start(const char* at) { return out_.start = *parse_rfc3339(at), *this; }
  Making& rules(std::function<void(Rules&)> change) { return out_.rules = std::move(change), *this; }
  Making& tunables(std::function<void(Tunables&)> change) { return out_.tunables = std::move(change), *this; }
  Making& venue(std::function<void(exchange::EngineOptions&)> change) {
    return out_.venue = std::move(change), *this;
  }
  Making& at(Duration when, const char* words, std::function<void(Stage&)> what) {
    out_.acts.push_back({when, words, std::move(what)});
    return *this;
  }
  Making& submits(Duration when, const Intent& intent) {
    return at(when, "intent", [intent](Stage& s) { s.submit(intent); });
  }
  Making& calls(Duration when, const Mention& mention) {
    return at(when, "mention", [mention](Stage& s) { s.call(mention); });
  }
  Making& price(Duration when, const char* symbol, const char* to, bool slide = true) {
    return at(when, "price", [=](Stage& s) { s.price(symbol, to, slide); });
  }
  Making& ends_with(std::vector<std::string> facts) { return out_.ends_with = std::move(facts), *this; }
  Making& may_differ(std::vector<std::string> facts) { return out_.may_differ = std::move(facts), *this; }
  Making& store_steps() { return out_.store_steps = true, *this; }
  operator Scenario() { return std::move(out_); }  // NOLINT(google-explicit-constructor)

private:
  Scenario out_;
};

// ---- entries ------------------------------------------------------------------------------------------------------

void add_entries(std::vector<Scenario>& all) {
  all.push_back(Making{"entry_market", "a mention opens at market and rests protected", minutes{2}}
                  .calls(seconds{5}, mention("m1", MentionAction::buy, "NVDA", monday_10()))
                  .ends_with({"call m1 filled", "held NVDA 40", "position NVDA Open 40"}));
  all.push_back(Making{"entry_limit", "a limit entry rests and fills when the price comes", minutes{3}}
                  .submits(seconds{5},
                           [] {
                             auto o = open("k1", "NVDA", 10);
                             o.order_type = OrderType::limit;
                             o.limit_price = Decimal{98};
                             return o;
                           }())
                  .price(seconds{60}, "NVDA", "97.5")
                  .ends_with({"call k1 filled", "held NVDA 10", "position NVDA Open 10"}));
  all.push_back(Making{"entry_limit_expires", "a limit entry for the day is not reached until the close", minutes{9}}
                  .start("2025-06-02T19:55:00Z")
                  .submits(seconds{5},
                           [] {
                             auto o = open("k1", "NVDA", 10);
                             o.order_type = OrderType::limit;
                             o.limit_price = Decimal{95};
                             return o;
                           }())
                  .ends_with({"call k1 expired", "position NVDA Flat 0"}));
  all.push_back(
    Making{"partial_fill_then_cancel", "what fills in part is protected, and the rest taken back", minutes{3}}
      .venue([](exchange::EngineOptions& o) {
        o.partial_fill_percent = 100;
        o.partial_pause = minutes{10};
      })
      .submits(seconds{5}, open("k1", "NVDA", 20))
      .ends_with({"call k1 filled"}));
  all.push_back(Making{"two_calls_one_symbol", "two calls for one symbol at one moment: a lot each", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{5}, open("k2", "NVDA", 5))
                  .ends_with({"call k1 filled", "call k2 filled", "held NVDA 15", "position NVDA Open 15"}));
  all.push_back(
    Making{"averaging_in", "a second open joins the lot, and the target moves to the new average", minutes{4}}
      .rules([](Rules& r) { r.position_policy.max_adds = 3; })
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .price(seconds{60}, "NVDA", "96")
      .submits(seconds{70},
               [] {
                 auto o = open("k2", "NVDA", 10);
                 o.scale_in = ScaleIn::average;
                 return o;
               }())
      .ends_with({"call k1 filled", "call k2 filled", "held NVDA 20", "position NVDA Open 20"}));
  all.push_back(Making{"short_and_cover", "a short is opened, and bought back by a close", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10, Side::sell))
                  .submits(seconds{60}, close("k2", "NVDA"))
                  .ends_with({"call k1 filled", "call k2 closed", "trade NVDA sell 10 MANUAL_CLOSE"}));
  all.push_back(
    Making{"deferred_to_open", "a call before the open waits for it", minutes{8}}
      .start("2025-06-02T13:25:00Z")
      .calls(minutes{2}, mention("m1", MentionAction::buy, "NVDA", *parse_rfc3339("2025-06-02T13:26:00Z")))
      .ends_with({"call m1 filled", "held NVDA 40"}));
  all.push_back(Making{"reentry", "bought, sold, and bought again", minutes{4}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60}, close("k2", "NVDA"))
                  .submits(seconds{120}, open("k3", "NVDA", 7))
                  .ends_with({"call k1 filled", "call k2 closed", "call k3 filled", "held NVDA 7",
                              "trade NVDA buy 10 MANUAL_CLOSE"}));
}

// ---- exits --------------------------------------------------------------------------------------------------------

void add_exits(std::vector<Scenario>& all) {
  all.push_back(Making{"target_fills", "the target of a bracket fills", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .price(seconds{60}, "NVDA", "121")
                  .ends_with({"call k1 filled", "trade NVDA buy 10 TP_HIT", "position NVDA Flat 0"}));
  all.push_back(Making{"stop_fires", "the stop of a bracket fires", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .price(seconds{60}, "NVDA", "91")
                  .ends_with({"call k1 filled", "trade NVDA buy 10 SL_HIT", "position NVDA Flat 0"}));
  all.push_back(Making{"stop_gaps", "the price jumps over the stop", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .price(seconds{60}, "NVDA", "80", false)
                  .ends_with({"call k1 filled", "trade NVDA buy 10 SL_HIT", "position NVDA Flat 0"}));
  all.push_back(Making{"stop_moved_up", "the stop is moved up twice, and fires on the way down", minutes{5}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .price(seconds{50}, "NVDA", "108")
                  .submits(seconds{60}, protect("k2", "100", "130"))
                  .price(seconds{110}, "NVDA", "115")
                  .submits(seconds{120}, protect("k3", "107", "130"))
                  .price(seconds{180}, "NVDA", "106")
                  .ends_with({"call k1 filled", "trade NVDA buy 10 SL_HIT", "position NVDA Flat 0"}));
  all.push_back(
    Making{"trailing_stop", "a stop follows the price up, and fires on the way down", minutes{5}}
      .submits(seconds{5},
               [] {
                 auto o = open("k1", "NVDA", 10);
                 o.protection.trailing = true;
                 return o;
               }())
      .price(seconds{60}, "NVDA", "110")
      .price(seconds{130}, "NVDA", "118")
      .price(seconds{200}, "NVDA", "107")
      .ends_with({"call k1 filled", "trade NVDA buy 10 SL_HIT TRAILING_STOP_HIT", "position NVDA Flat 0"}));
  all.push_back(
    Making{"time_exit", "the hold is over, and the exit scan of the next morning closes", hours{17} + minutes{40}}
      .start("2025-06-02T19:57:00Z")
      .tunables([](Tunables& t) {
        t.tick = seconds{60};
        t.reconcile = hours{2};  // the night is long, and nothing happens in it
      })
      .submits(seconds{5},
               [] {
                 auto o = open("k1", "NVDA", 10);
                 o.hold_sessions = 1;
                 return o;
               }())
      .ends_with({"call k1 filled", "trade NVDA buy 10 TIME_EXIT", "position NVDA Flat 0"}));
  all.push_back(
    Making{"close_while_exits_rest", "a call to sell takes the exits away, and then closes", minutes{3}}
      .calls(seconds{5}, mention("m1", MentionAction::buy, "NVDA", monday_10()))
      .calls(seconds{60}, mention("m2", MentionAction::sell, "NVDA", monday_10() + seconds{59}))
      .ends_with({"call m1 filled", "call m2 closed", "trade NVDA buy 40 STRATEGY_EXIT", "position NVDA Flat 0"}));
  all.push_back(Making{"redundant_close", "two closes at one moment, and one more when all is over", minutes{4}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60}, close("k2", "NVDA"))
                  .submits(seconds{60}, close("k3", "NVDA"))
                  .submits(seconds{120}, close("k4", "NVDA"))
                  .ends_with({"call k1 filled", "call k4 no_op:flat", "trade NVDA buy 10 MANUAL_CLOSE"})
                  // Which of the two is first may turn round when their senders have to ask again.
                  .may_differ({"call k2", "call k3"}));
  all.push_back(
    Making{"target_while_closing", "the target fills while a slow venue cancels it for a close", minutes{4}}
      .venue([](exchange::EngineOptions& o) { o.venue_delay = seconds{2}; })
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .submits(seconds{60}, close("k2", "NVDA"))
      .price(seconds{61}, "NVDA", "121")
      .ends_with({"call k1 filled", "position NVDA Flat 0"})
      // Who wins this race is the venue's business.
      .may_differ({"call k2", "trade NVDA"}));
  all.push_back(Making{"reduce", "a part is closed, and the exits are made smaller", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60},
                           [] {
                             auto i = intent("k2", IntentAction::reduce, "NVDA");
                             i.size = Size{SizeKind::quantity, Quantity{4}, {}};
                             return i;
                           }())
                  .ends_with({"call k1 filled", "call k2 closed", "held NVDA 6", "position NVDA Open 6"}));
  all.push_back(Making{"reverse", "long becomes short, by way of flat", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60},
                           [] {
                             auto i = open("k2", "NVDA", 6, Side::sell);
                             i.action = IntentAction::reverse;
                             return i;
                           }())
                  .ends_with({"call k1 filled", "call k2 filled", "held NVDA -6", "position NVDA Open -6"}));
  all.push_back(Making{"protection_replaced", "stop and target are moved", minutes{3}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60}, protect("k2", "95", "130"))
                  .ends_with({"call k1 filled", "held NVDA 10", "working NVDA sell stop 10 at 95",
                              "working NVDA sell limit 10 at 130"}));
}

// ---- the broker's answers -----------------------------------------------------------------------------------------

void add_answers(std::vector<Scenario>& all) {
  const auto fate = [](const char* name, const char* about, OrderFate what) {
    return Making{name, about, minutes{3}}
      .at(seconds{1}, "the next order", [what](Stage& s) { s.next_order(what); })
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .ends_with({"call k1 filled", "held NVDA 10", "position NVDA Open 10"});
  };
  all.push_back(
    fate("timeout_executed", "an order is carried out, and its answer never comes", OrderFate::answer_lost));
  all.push_back(fate("timeout_lost", "an order never arrives, and nobody says so", OrderFate::lost));
  all.push_back(fate("empty_answer", "an order is carried out, and answered with {}", OrderFate::empty_body));
  all.push_back(fate("too_many_requests", "an order meets 429, and is sent again", OrderFate::too_many));
  all.push_back(Making{"reject", "the broker refuses an entry: the account may not sell short", minutes{2}}
                  .venue([](exchange::EngineOptions& o) { o.accounts.front().shorting = false; })
                  .submits(seconds{5}, open("k1", "NVDA", 10, Side::sell))
                  .ends_with({"call k1 broker_rejected:40310000", "position NVDA Flat 0"}));
  all.push_back(
    Making{"close_refused", "a foreign order on the other side keeps a close out, until it is gone", minutes{11}}
      .rules([](Rules& r) { r.position_policy.close_retry = seconds{2}; })
      .tunables([](Tunables& t) { t.reconcile = minutes{2}; })
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .at(seconds{50}, "a foreign order on the other side",
          [](Stage& s) {
            auto order = persons_order("person-1", "NVDA", 5, exchange::Side::buy);
            order.type = exchange::Type::limit;
            order.limit_price = Decimal{50};
            order.tif = exchange::Tif::gtc;
            s.person(order);
          })
      .submits(seconds{60}, close("k2", "NVDA"))
      .at(seconds{200}, "it goes", [](Stage& s) { s.persons_go(); })
      .ends_with({"call k1 filled", "call k2 closed", "position NVDA Flat 0", "pause  rejects"}));
  all.push_back(Making{"stream_gap", "the order stream is silent while an order fills and its target too", minutes{5}}
                  .at(seconds{1}, "the stream is silent", [](Stage& s) { s.silence(true); })
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .price(seconds{120}, "NVDA", "121")
                  .at(seconds{220}, "the stream speaks again", [](Stage& s) { s.silence(false); })
                  .ends_with({"call k1 filled", "trade NVDA buy 10 TP_HIT", "position NVDA Flat 0"}));
  all.push_back(Making{"halted", "trading in the symbol stops between the order and its fill", minutes{4}}
                  .at(seconds{1}, "halt", [](Stage& s) { s.halt("NVDA", true); })
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .at(seconds{90}, "it trades again", [](Stage& s) { s.halt("NVDA", false); })
                  .ends_with({"call k1 filled", "held NVDA 10", "position NVDA Open 10"}));
}

// ---- limits and the kill switch -----------------------------------------------------------------------------------

void add_limits(std::vector<Scenario>& all) {
  all.push_back(Making{"limits_denied", "the day's trades are used up", minutes{3}}
                  .prices({{"NVDA", "100"}, {"AMD", "50"}})
                  .rules([](Rules& r) { r.limits.trades_per_day_account = 1; })
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{60}, open("k2", "AMD", 10))
                  .ends_with({"call k1 filled", "call k2 risk_denied:daily_trades", "held NVDA 10"}));
  all.push_back(Making{"kill_stop_opening", "the kill switch keeps what is held, and lets nothing in", minutes{3}}
                  .prices({{"NVDA", "100"}, {"AMD", "50"}})
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .at(seconds{60}, "kill", [](Stage& s) { s.kill(KillLevel::stop_opening); })
                  .submits(seconds{90}, open("k2", "AMD", 10))
                  .ends_with({"call k1 filled", "held NVDA 10", "kill stop_opening"}));
  all.push_back(Making{"kill_cancel_open_orders", "the kill switch takes a resting entry back", minutes{3}}
                  .submits(seconds{5},
                           [] {
                             auto o = open("k1", "NVDA", 10);
                             o.order_type = OrderType::limit;
                             o.limit_price = Decimal{95};
                             return o;
                           }())
                  .at(seconds{60}, "kill", [](Stage& s) { s.kill(KillLevel::cancel_open_orders); })
                  .ends_with({"call k1 cancelled", "kill cancel_open_orders", "position NVDA Flat 0"}));
  all.push_back(Making{"kill_flatten", "the kill switch closes what is held", minutes{4}}
                  .prices({{"NVDA", "100"}, {"AMD", "50"}})
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .submits(seconds{10}, open("k2", "AMD", 10))
                  .at(seconds{70}, "kill", [](Stage& s) { s.kill(KillLevel::flatten); })
                  .ends_with({"call k1 filled", "call k2 filled", "kill flatten", "position NVDA Flat 0",
                              "position AMD Flat 0"}));
  all.push_back(Making{"kill_and_lift", "trading goes on when the kill switch is lifted", minutes{4}}
                  .at(seconds{5}, "kill", [](Stage& s) { s.kill(KillLevel::stop_opening); })
                  .submits(seconds{30}, open("k1", "NVDA", 10))
                  .at(seconds{60}, "lift", [](Stage& s) { s.lift(); })
                  .submits(seconds{90}, open("k2", "NVDA", 10))
                  .ends_with({"call k2 filled", "held NVDA 10", "position NVDA Open 10"}));
}

// ---- starts, and others in the account ----------------------------------------------------------------------------

void add_starts(std::vector<Scenario>& all) {
  all.push_back(Making{"first_start", "the store is made, and closed in order, and opened again", minutes{4}}
                  .submits(seconds{5}, open("k1", "NVDA", 10))
                  .at(seconds{60}, "SIGTERM", [](Stage& s) { s.stop_daemon(); })
                  .at(seconds{120}, "start", [](Stage& s) { s.start_daemon(); })
                  .ends_with({"call k1 filled", "held NVDA 10", "position NVDA Open 10"})
                  .store_steps());
  all.push_back(
    Making{"start_with_positions", "a start finds a position held, and one whose target filled meanwhile", minutes{5}}
      .prices({{"NVDA", "100"}, {"AMD", "50"}})
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .submits(seconds{10}, open("k2", "AMD", 10))
      .at(seconds{60}, "kill -9", [](Stage& s) { s.kill_daemon(); })
      .price(seconds{70}, "AMD", "61")
      .at(seconds{120}, "start", [](Stage& s) { s.start_daemon(); })
      .submits(seconds{180}, close("k3", "NVDA"))
      .ends_with({"call k1 filled", "call k2 filled", "call k3 closed", "trade AMD buy 10 TP_HIT",
                  "trade NVDA buy 10 MANUAL_CLOSE"}));
  all.push_back(
    Making{"journal_lost", "a start with an empty journal finds positions and an entry under its own names",
           minutes{5}}
      .prices({{"NVDA", "100"}, {"AMD", "50"}, {"MSFT", "100"}})
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .submits(seconds{10}, open("k2", "AMD", 10))
      .submits(seconds{15},
               [] {
                 auto o = open("k3", "MSFT", 10);
                 o.order_type = OrderType::limit;
                 o.limit_price = Decimal{90};
                 o.time_in_force = TimeInForce::gtc;
                 return o;
               }())
      .at(seconds{70}, "the journal is lost", [](Stage& s) { s.lose_journal(); })
      .submits(seconds{100}, open("k1", "NVDA", 10))
      .price(seconds{120}, "AMD", "61")
      .price(seconds{130}, "MSFT", "89.5")
      .submits(seconds{160}, open("k2", "AMD", 10))
      .submits(seconds{200}, close("k4", "NVDA"))
      .ends_with({"call k1 filled", "call k2 filled", "call k4 closed", "trade NVDA buy 10 MANUAL_CLOSE",
                  "trade AMD buy 10 TP_HIT", "position NVDA Flat 0", "position AMD Flat 0", "held MSFT 10",
                  "working MSFT sell stop 10 at 82.8", "working MSFT sell limit 10 at 108"}));
  all.push_back(
    Making{"external_beside_ours", "somebody else buys in our symbol, and in one that is not ours", minutes{5}}
      .prices({{"NVDA", "100"}, {"EXTN", "20"}})
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .at(seconds{60}, "somebody buys",
          [](Stage& s) {
            s.person(persons_order("person-1", "EXTN", 7, exchange::Side::buy));
            s.person(persons_order("person-2", "NVDA", 3, exchange::Side::buy));
          })
      .ends_with({"call k1 filled", "held NVDA 13", "held EXTN 7"}));
  all.push_back(
    Making{"quarantine", "somebody buys in our symbol, which is set apart until the shares are gone again",
           minutes{6}}
      .submits(seconds{5}, open("k1", "NVDA", 10))
      .at(seconds{60}, "somebody buys",
          [](Stage& s) { s.person(persons_order("person-1", "NVDA", 3, exchange::Side::buy)); })
      .at(seconds{160}, "and sells",
          [](Stage& s) { s.person(persons_order("person-2", "NVDA", 3, exchange::Side::sell)); })
      .submits(seconds{260}, close("k2", "NVDA"))
      .ends_with({"call k1 filled", "call k2 closed", "trade NVDA buy 10 MANUAL_CLOSE", "position NVDA Flat 0"}));
}

}  // namespace

std::vector<Scenario> crash_scenarios() {
  std::vector<Scenario> all;
  add_entries(all);
  add_exits(all);
  add_answers(all);
  add_limits(all);
  add_starts(all);
  return all;
}

}  // namespace heed::sim
