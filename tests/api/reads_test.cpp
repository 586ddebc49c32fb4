// Lists, single things, paging, ETags and stories, out of a real journal in memory.
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace heed::api::test {
namespace {

OrderRow order(const std::string& id, const std::string& signal, OrderStatus status) {
  OrderRow row;
  row.client_order_id = id;
  row.account = "paper";
  row.symbol = "NVDA";
  row.signal = signal;
  row.quantity = Decimal{5};
  row.limit_price = Decimal::parse("101.25");
  row.status = status;
  row.created_at = at("2026-11-20T14:30:01Z");
  row.updated_at = row.created_at;
  return row;
}

Batch whole_story() {
  auto batch = signal_batch("s-1", "2026-11-20T14:30:00Z", {DispositionKind::filled, ""});
  Intent intent;
  intent.intent_id = "i-1";
  intent.idempotency_key = "key";
  intent.signal = "s-1";
  intent.account = "paper";
  intent.symbol = "NVDA";
  intent.size = {SizeKind::quantity, Decimal{5}, std::nullopt};
  intent.metadata = R"({"quote":"buy it"})";
  intent.protection.stop = Level{LevelKind::percent, Decimal{8}};
  intent.created_at = at("2026-11-20T14:30:00Z");
  FillRow fill;
  fill.account = "paper";
  fill.execution_id = "x-1";
  fill.client_order_id = "o-1";
  fill.symbol = "NVDA";
  fill.signal = "s-1";
  fill.quantity = Decimal{5};
  fill.price = *Decimal::parse("101.2");
  fill.at = at("2026-11-20T14:30:03Z");
  TradeRow trade;
  trade.account = "paper";
  trade.trade = "i-1";
  trade.symbol = "NVDA";
  trade.signal = "s-1";
  trade.quantity = Decimal{5};
  trade.entry_price = *Decimal::parse("101.2");
  trade.exit_price = *Decimal::parse("111.2");
  trade.pnl = Decimal{50};
  trade.reason = CloseReason::tp_hit;
  trade.opened_at = fill.at;
  trade.closed_at = at("2026-11-21T15:00:00Z");
  JournalEvent event;
  event.at = at("2026-11-20T14:30:02Z");
  event.type = "order_accepted";
  event.account = "paper";
  event.symbol = "NVDA";
  event.order = "o-1";
  event.payload = R"({"venue_order_id":"v-9","working":true})";
  batch.events.push_back(event);
  batch.rows.insert(batch.rows.end(), {intent, order("o-1", "s-1", OrderStatus::filled), fill, trade});
  return batch;
}

std::vector<std::string> whats(const nlohmann::json& story) {
  std::vector<std::string> out;
  for (const auto& step : story["steps"])
    out.push_back(step["what"]);
  return out;
}

}  // namespace

TEST_CASE("a signal is listed with its decision, intents and orders", "[api][reads]") {
  TestApi api;
  api.commit(whole_story());
  const auto page = api.get("/api/v1/signals").json();
  CHECK(page["next_cursor"].is_null());
  REQUIRE(page["items"].size() == 1);
  const auto& signal = page["items"][0];
  CHECK(signal["signal_id"] == "s-1");
  CHECK(signal["source"] == "calls");
  CHECK(signal["origin"] == "MENTION");
  CHECK(signal["status"] == "filled");
  CHECK(signal["received_at"] == "2026-11-20T14:30:00.000000Z");
  CHECK_FALSE(signal.contains("body"));
  const auto& decision = signal["decisions"][0];
  CHECK(decision["account"] == "paper");
  CHECK(decision["disposition"] == "filled");
  CHECK(decision["reason"] == "because");
  CHECK(decision["final"] == true);
  CHECK(decision["intents"] == nlohmann::json::array({"i-1"}));
  CHECK(decision["orders"] == nlohmann::json::array({"o-1"}));
  CHECK(api.get("/api/v1/signals/s-1").json()["body"]["symbol"] == "NVDA");
  CHECK(api.get("/api/v1/signals/s-2").status == 404);
  CHECK(api.get("/api/v1/signals/" + std::string(60, 'x')).status == 404);
  CHECK(api.get("/api/v1/signals?status=filled").json()["items"].size() == 1);
  CHECK(api.get("/api/v1/signals?status=expired").json()["items"].empty());
  CHECK(api.get("/api/v1/signals?status=no_op:not_held").json()["items"].empty());
  CHECK(api.get("/api/v1/signals?status=noop:not_held").status == 400);
}

TEST_CASE("rows keep their field names, money is text and ratios are numbers", "[api][reads]") {
  TestApi api;
  api.commit(whole_story());
  const auto row = api.get("/api/v1/orders").json()["items"][0];
  CHECK(row["client_order_id"] == "o-1");
  CHECK(row["limit_price"] == "101.25");
  CHECK(row["stop_price"].is_null());
  CHECK(row["quantity"] == "5");
  CHECK(api.get("/api/v1/orders/o-1").json() == row);
  CHECK(api.get("/api/v1/orders?symbol=nvda").json()["items"].size() == 1);
  CHECK(api.get("/api/v1/orders?status=live").json()["items"].empty());
  const auto intent = api.get("/api/v1/intents").json()["items"][0];
  CHECK(intent["metadata"]["quote"] == "buy it");
  CHECK(intent["protection"]["reward_risk"] == 2);
  CHECK(intent["protection"]["stop"]["value"] == "8");
  CHECK(api.get("/api/v1/fills").json()["items"][0]["price"] == "101.2");
  CHECK(api.get("/api/v1/trades").json()["items"][0]["pnl"] == "50");
  const auto event = api.get("/api/v1/events").json()["items"][0];
  CHECK(event["payload"]["working"] == true);
  CHECK(api.get("/api/v1/funnel").json()["dispositions"]["filled"] == 1);
}

TEST_CASE("every list answers, also with nothing in it", "[api][reads]") {
  TestApi api;
  const auto* name = GENERATE("signals", "mentions", "rejected-inputs", "intents", "orders", "fills", "positions",
                              "trades", "pauses", "broker-calls", "events");
  INFO(name);
  const auto reply = api.get(std::string{"/api/v1/"} + name);
  CHECK(reply.status == 200);
  CHECK(reply.json() == nlohmann::json::parse(R"({"items":[],"next_cursor":null})"));
}

TEST_CASE("a position tells what is external in it, and why it is quarantined", "[api][reads]") {
  TestApi api;
  PositionRow row;
  row.account = "paper";
  row.symbol = "NVDA";
  row.phase = "Quarantined";
  row.quantity = Quantity{12};
  row.live = true;
  row.state = R"({"lots":[{"strategy":"mentions","quantity":"5"},{"strategy":"external","quantity":"7"}],)"
              R"("quarantine":"books 5, broker 12"})";
  Batch batch;
  batch.rows = {row};
  row.symbol = "AMD";
  row.phase = "Open";
  row.state = "{}";
  batch.rows.emplace_back(row);
  api.commit(std::move(batch));
  const auto held = api.get("/api/v1/positions/paper/NVDA").json();
  CHECK(held["quarantine"] == "books 5, broker 12");
  CHECK(held["external_quantity"] == "7");
  CHECK_FALSE(held.contains("state"));
  const auto listed = api.get("/api/v1/positions").json();
  for (const auto& item : listed["items"])
    if (item["symbol"] == "AMD") {
      CHECK(item["quarantine"].is_null());
      CHECK(item["external_quantity"] == "0");
    }
}

TEST_CASE("accounts that are configured are listed before anything is stored of them", "[api][reads]") {
  TestApi api;
  const auto before = api.get("/api/v1/accounts").json()["items"];
  REQUIRE(before.size() == 1);
  CHECK(before[0]["account"] == "paper");
  CHECK(before[0]["known"] == false);
  AccountRow row;
  row.account = "paper";
  row.equity = Decimal{100'000};
  row.state = "{}";
  row.at = at("2026-11-20T15:00:00Z");
  AccountRow old = row;
  old.account = "former";
  Batch batch;
  batch.rows = {row, old};
  api.commit(std::move(batch));
  const auto after = api.get("/api/v1/accounts").json()["items"];
  REQUIRE(after.size() == 2);
  CHECK(after[0]["known"] == true);
  CHECK(after[0]["equity"] == "100000");
  CHECK_FALSE(after[0].contains("state"));
  CHECK(after[1]["configured"] == false);
}

TEST_CASE("pages follow each other without gap or repeat", "[api][reads]") {
  TestApi api;
  for (int i = 0; i < 7; ++i)
    api.commit(signal_batch("s-" + std::to_string(i), "2026-11-20T14:30:0" + std::to_string(i) + "Z",
                            {DispositionKind::no_op, "not_held"}));
  const auto* sort = GENERATE("newest", "oldest");
  std::vector<std::string> seen;
  std::string cursor;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = api.get(std::string{"/api/v1/signals?limit=3&sort="} + sort + cursor).json();
    for (const auto& item : page["items"])
      seen.push_back(item["signal_id"]);
    if (page["next_cursor"].is_null())
      break;
    cursor = "&cursor=" + page["next_cursor"].get<std::string>();
  }
  std::vector<std::string> expected{"s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6"};
  if (std::string{sort} == "newest")
    std::reverse(expected.begin(), expected.end());
  CHECK(seen == expected);
  CHECK(api.get("/api/v1/signals?cursor=nonsense").status == 400);
}

TEST_CASE("an unchanged list is not sent twice", "[api][reads]") {
  TestApi api;
  const auto first = api.get("/api/v1/orders");
  const auto tag = first.header("ETag");
  REQUIRE(tag.size() > 2);
  const auto same = api.get("/api/v1/orders", {{"If-None-Match", tag}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.header("ETag") == tag);
  CHECK(api.get("/api/v1/orders", {{"If-None-Match", "\"other\", " + tag}}).status == 304);
  CHECK(api.get("/api/v1/orders", {{"If-None-Match", "\"other\""}}).status == 200);
  api.commit(whole_story());
  CHECK(api.get("/api/v1/orders", {{"If-None-Match", tag}}).status == 200);
}

TEST_CASE("the story of a signal is in order and tells each thing once", "[api][story]") {
  TestApi api;
  api.commit(whole_story());
  const auto story = api.get("/api/v1/signals/s-1/explain").json();
  CHECK(story["kind"] == "signal");
  CHECK(whats(story) == std::vector<std::string>{"signal_received", "intent_made", "decision", "order_accepted",
                                                 "fill", "trade_closed"});
  const auto& accepted = story["steps"][3];
  CHECK(accepted["detail"] == "venue order id v-9, working yes");
  CHECK(accepted["payload"]["venue_order_id"] == "v-9");
  CHECK(accepted["at"] == "2026-11-20T14:30:02.000000Z");
  CHECK(story["steps"][4]["detail"] == "buy 5 NVDA at 101.20");
  CHECK(story["signal"] == api.get("/api/v1/signals/s-1").json());
  CHECK(story["signal"]["decisions"][0]["intents"] == nlohmann::json{"i-1"});
  CHECK(story["signal"]["decisions"][0]["orders"] == nlohmann::json{"o-1"});
  CHECK(story["orders"].size() == 1);
}

TEST_CASE("an order, a trade and a position lead to their story", "[api][story]") {
  TestApi api;
  api.commit(whole_story());
  CHECK(api.get("/api/v1/explain/s-1").json()["kind"] == "signal");
  const auto of_order = api.get("/api/v1/explain/o-1").json();
  CHECK(of_order["kind"] == "order");
  CHECK(of_order["steps"].size() == 6);
  CHECK(api.get("/api/v1/explain/i-1").json()["kind"] == "trade");
  const auto of_position = api.get("/api/v1/explain/paper/nvda").json();
  CHECK(of_position["id"] == "paper/NVDA");
  CHECK(of_position["fills"].size() == 1);
  CHECK(api.get("/api/v1/explain/none").status == 404);
  CHECK(api.get("/api/v1/explain/paper/AAPL").status == 404);
  CHECK(api.get("/api/v1/explain/other/NVDA").status == 404);
  CHECK(api.get("/api/v1/signals/none/explain").status == 404);
}

TEST_CASE("an order without a signal still has a story", "[api][story]") {
  TestApi api;
  Batch batch;
  batch.rows = {order("foreign", "", OrderStatus::accepted)};
  api.commit(std::move(batch));
  const auto story = api.get("/api/v1/explain/foreign").json();
  CHECK(story["signal"].is_null());
  CHECK(whats(story) == std::vector<std::string>{"order_made"});
}

TEST_CASE("the journal verifies itself on request", "[api][reads]") {
  TestApi api;
  api.commit_events(3, "order_planned");
  const auto checked = api.get("/api/v1/journal/verify").json();
  CHECK(checked["ok"] == true);
  CHECK(checked["events"] == 3);
}

TEST_CASE("a read that finds no room to wait is told to come back", "[api][reads]") {
  TestApi api{[](ApiOptions& options) { options.journal_queue_max = 0; }};
  const auto busy = api.get("/api/v1/orders");
  CHECK(busy.status == 503);
  CHECK(busy.json()["code"] == "BUSY");
  CHECK(api.get("/healthz").status == 200);
}

}  // namespace heed::api::test
