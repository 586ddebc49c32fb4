#include "app/notes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace heed;
using config::NotifyEvent;

namespace {

const Instant noon = *parse_rfc3339("2025-06-02T16:00:00Z");

std::set<NotifyEvent> all_kinds() {
  const config::Notify defaults;
  return {defaults.events.begin(), defaults.events.end()};
}

OrderRow entry() {
  OrderRow row;
  row.client_order_id = "heed1.mentions.en.aaaaaaaaaaaaaaaa";
  row.account = "paper";
  row.symbol = "NVDA";
  row.strategy = "mentions";
  row.signal = "sig-1";
  row.leg = Leg::entry;
  row.quantity = Quantity{30};
  row.status = OrderStatus::filled;
  row.cum_qty = Quantity{30};
  row.avg_px = Price{100};
  row.updated_at = noon;
  return row;
}

JournalEvent event(std::string type, std::string payload) {
  JournalEvent out;
  out.seq = 7;
  out.at = noon;
  out.type = std::move(type);
  out.account = "paper";
  out.symbol = "NVDA";
  out.payload = std::move(payload);
  return out;
}

std::vector<Note> notes(Row row, const std::set<NotifyEvent>& kinds = all_kinds()) {
  Batch batch;
  batch.rows.push_back(std::move(row));
  return notes_of({&batch, 1}, kinds);
}
std::vector<Note> notes(JournalEvent of) {
  Batch batch;
  batch.events.push_back(std::move(of));
  return notes_of({&batch, 1}, all_kinds());
}

}  // namespace

TEST_CASE("notes: an entry is told when it has ended with something held, once by its name", "[notify]") {
  auto row = entry();
  const auto told = notes(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::entry);
  CHECK(told[0].text == "paper: bought 30 NVDA at 100, for mentions");
  CHECK(told[0].signal == SignalId{"sig-1"});
  CHECK(told[0].order == row.client_order_id);
  CHECK(notes(row)[0].key == told[0].key);
  row.status = OrderStatus::partially_filled;
  CHECK(notes(row).empty());
  row.status = OrderStatus::canceled;
  row.cum_qty = Quantity{12};
  CHECK(notes(row)[0].text == "paper: bought 12 of 30 NVDA at 100, for mentions");
  row.cum_qty = Quantity{};
  CHECK(notes(row).empty());
  row = entry();
  row.leg = Leg::take_profit;
  CHECK(notes(row).empty());  // its trade tells
}

TEST_CASE("notes: refusals and orders of unknown fate name the order", "[notify]") {
  auto row = entry();
  row.cum_qty = Quantity{};
  row.status = OrderStatus::rejected;
  row.reject_code = "40310000";
  row.text = "insufficient buying power";
  auto told = notes(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::rejection);
  CHECK(told[0].text == "paper: the broker refused to buy 30 NVDA (entry): 40310000 insufficient buying power");
  row.status = OrderStatus::unknown;
  told = notes(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::unknown);
  CHECK(told[0].text.find(row.client_order_id.str()) != std::string::npos);
  CHECK(notes(row, {NotifyEvent::entry}).empty());
}

TEST_CASE("notes: a trade tells its reason and what it brought", "[notify]") {
  TradeRow row;
  row.account = "paper";
  row.trade = "lot-1";
  row.symbol = "NVDA";
  row.signal = "sig-1";
  row.quantity = Quantity{30};
  row.entry_price = Price{100};
  row.exit_price = Price{92};
  row.pnl = Money{-240};
  row.reason = CloseReason::sl_hit;
  auto told = notes(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::exit);
  CHECK(told[0].text == "paper: closed 30 NVDA at 92, opened at 100: SL_HIT, P&L -240");
  row.pnl = Money{240};
  CHECK(notes(row)[0].text.ends_with("P&L +240"));
}

TEST_CASE("notes: a pause has an end, a halt waits for a person", "[notify]") {
  PauseRow row;
  row.pause.account = "paper";
  row.pause.cause = "daily_loss";
  row.pause.detail = "-3.2 % of the day's opening equity";
  row.pause.by = "heed";
  row.pause.since = noon;
  row.pause.until = noon + std::chrono::hours{24};
  auto told = notes(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::pause);
  CHECK(told[0].text.find("daily_loss") != std::string::npos);
  CHECK(told[0].text.find("until 2025-06-03T16:00:00") != std::string::npos);
  const auto begun = told[0].key;
  row.ended_at = noon + std::chrono::hours{1};
  row.ended_by = "eva";
  told = notes(row);
  CHECK(told[0].text == "paper: opening is allowed again (daily_loss), by eva");
  CHECK(told[0].key != begun);
  row.ended_at.reset();
  row.pause.until.reset();
  row.pause.cause = "drawdown";
  CHECK(notes(row)[0].kind == NotifyEvent::halt);
  CHECK(notes(row)[0].text.ends_with("until a person resumes it"));
  row.pause.by = "eva";
  row.pause.symbol = "NVDA";
  CHECK(notes(row)[0].kind == NotifyEvent::pause);
  CHECK(notes(row)[0].text.find("in NVDA") != std::string::npos);
}

TEST_CASE("notes: kill, quarantine and drift come from the events", "[notify]") {
  auto told = notes(event("kill_changed", R"({"from":"none","to":"flatten","by":"eva"})"));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == NotifyEvent::halt);
  CHECK(told[0].text == "paper: kill switch: flatten, was none, by eva");
  told = notes(event("quarantine_started", R"({"reason":"books 5, broker 3"})"));
  CHECK(told[0].kind == NotifyEvent::quarantine);
  CHECK(told[0].text == "paper: NVDA is quarantined and opens nothing: books 5, broker 3");
  CHECK(notes(event("quarantine_lifted", R"({"by":"reconciler"})"))[0].kind == NotifyEvent::quarantine);
  told = notes(event("external_changed", R"({"lot":"x","quantity":"7","cost":"350","at":"2025-06-02T16:00:00Z"})"));
  CHECK(told[0].kind == NotifyEvent::drift);
  CHECK(told[0].text.find("holds 7 NVDA") != std::string::npos);
  told = notes(event("lot_adopted", R"({"lot":{"strategy":"mentions","quantity":"7"},"from":"x"})"));
  CHECK(told[0].kind == NotifyEvent::entry);
  CHECK(told[0].text == "paper: took over 7 NVDA that was external, for mentions");
  CHECK(notes(event("mismatch_seen", R"({"books":"5","broker":"3"})"))[0].kind == NotifyEvent::drift);
  CHECK(notes(event("quarantine_started", "{"))[0].text.ends_with("?"));  // a damaged payload still tells
  CHECK(notes(event("order_planned", "{}")).empty());
}
