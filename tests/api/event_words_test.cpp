#include "api/event_words.hpp"

#include <catch2/catch.hpp>

using namespace heed;

TEST_CASE("explain: each event of a call's story in words", "[api][story]") {
  struct Case {
    const char* type;
    const char* payload;
    const char* words;
  };
  const auto c = GENERATE(values<Case>({
    {"signal_received", R"({"action":"CLOSE","symbol":"SPY","side":"buy"})", "action CLOSE, symbol SPY"},
    {"signal_received", R"({"action":"OPEN","symbol":"SPY","side":"buy"})", "action OPEN, symbol SPY, side buy"},
    {"signal_received",
     R"({"symbol":"NVDA","action":"buy","conviction":"0.9","horizon":"days","source":"calls","rationale_quote":"in I go"})",
     "buy NVDA conviction 0.9 for days from calls: \"in I go\""},
    {"lot_adopted", R"({"lot":{"strategy":"mentions","quantity":"10","stop":"92","due_session":"2025-06-05"}})",
     "10 of what was external, for mentions stop 92 due 2025-06-05"},
    {"lot_opened", R"({"lot":{"strategy":"mentions","stop":"92","target":null,"due_session":"2025-06-05"}})",
     "mentions stop 92 due 2025-06-05"},
    {"order_planned",
     R"({"order":{"row":{"leg":"entry","side":"buy","quantity":"12","symbol":"NVDA","type":"market","limit_price":null,"stop_price":null,"client_order_id":"heed1.m.en.x"}}})",
     "entry: buy 12 NVDA market, heed1.m.en.x"},
    {"order_planned",
     R"({"order":{"row":{"leg":"entry","side":"buy","quantity":"12","type":"market","client_order_id":"heed1.m.en.x"}},)"
     R"("opens":{"lot":{"stop":"92.01","target":"120.03","due_session":"2025-06-05"}},)"
     R"("legs":[{"client_order_id":"heed1.m.tp.x","leg":"take_profit","side":"sell","type":"limit","limit_price":"120.03"},)"
     R"({"client_order_id":"heed1.m.sl.x","leg":"stop_loss","side":"sell","type":"stop","stop_price":"92.01"}]})",
     "entry: buy 12 market, heed1.m.en.x; take profit limit 120.03, heed1.m.tp.x; stop loss stop 92.01, heed1.m.sl.x"
     "; stop 92.01 target 120.03 due 2025-06-05"},
    {"order_changed", R"({"order":"o-1","status":"accepted","more":[{"order":"o-2","status":"held"}]})",
     "o-1 accepted; o-2 held"},
    {"order_changed", R"({"order":"o-1","status":"accepted","cum_qty":"0","avg_px":null,"reject_code":"","text":""})",
     "o-1 accepted"},
    {"order_changed", R"({"order":"o-1","status":"rejected","cum_qty":"0","reject_code":"40310000","text":"no"})",
     "o-1 rejected code 40310000 text: no"},
    {"fill_booked", R"({"order":"o-1","quantity":"5","price":"101.5","fee":"0","inferred":true})",
     "5 at 101.5 fee 0, o-1, inferred from the order's total"},
    {"decision", R"({"disposition":{"kind":"risk_denied","detail":"daily_trades"},"reason":"5 >= 5"})",
     "risk_denied:daily_trades: 5 >= 5"},
    {"close_started", R"({"plan":{"intent":{"close_reason":"TIME_EXIT"},"quantity":null}})", "TIME_EXIT"},
    {"pause_ended", R"({"by":"heed","at":"2025-06-05T00:00:00Z","pause":{"cause":"daily_loss"}})",
     "by heed, at 2025-06-05T00:00:00Z"},
    {"anything", "not json", "not json"},
    {"anything", "", ""},
  }));
  INFO(c.type << " " << c.payload);
  JournalEvent event;
  event.type = c.type;
  event.payload = c.payload;
  CHECK(api::event_words(event) == c.words);
}
