// What the journal's tests share: a folder of their own, rows with every field set, the implementations to run on.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/json_write.hpp"
#include "persistence/open_postgres.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"
#include "tests/persistence/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace heed::test {

/// A folder that goes with its owner.
class TempFolder {
public:
  TempFolder() {
    // In memory where the system offers it: what these tests end is processes, not the machine's power.
    const std::filesystem::path shared{"/dev/shm"};
    const auto root = std::filesystem::is_directory(shared) ? shared : std::filesystem::temp_directory_path();
    auto pattern = (root / "heed-journal-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path() const { return path_.string(); }
  std::string file(const std::string& name = "heed.db") const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

/// An opened journal and what it stands on.
struct Store {
  std::unique_ptr<TempFolder> folder;
  JournalPair pair;
  JournalWriter& writer() { return *pair.writer; }
  JournalReader& reader() { return *pair.reader; }
};

/// Fails the test with the error's words.
template <class T>
T must(Result<T> result) {
  if (!result)
    FAIL(result.error().code << ": " << result.error().detail);
  return std::move(result).value();
}

inline Store open_store(const std::string& kind) {
  Store store;
  if (kind == "memory") {
    store.pair = open_memory_journal();
    return store;
  }
  if (kind == "postgres") {
    store.pair = must(open_postgres_journal({PostgresServer::get().new_schema(), {}}));
    return store;
  }
  store.folder = std::make_unique<TempFolder>();
  auto pair = open_sqlite_journal(store.folder->file());
  if (!pair)
    FAIL(pair.error().detail);
  store.pair = std::move(pair).value();
  return store;
}

inline void append(JournalWriter& writer, Batch& batch) {
  Batch* const one[]{&batch};
  must(writer.append(one));
}
inline void append(JournalWriter& writer, std::vector<Row> rows, std::vector<JournalEvent> events = {}) {
  Batch batch{std::move(events), std::move(rows)};
  append(writer, batch);
}

/// Minutes after a fixed morning.
inline Instant minute(int n) { return *parse_rfc3339("2026-11-20T09:00:00.000001Z") + std::chrono::minutes{n}; }

inline Decimal dec(const char* text) { return *Decimal::parse(text); }

inline JournalEvent an_event(const char* type, const char* account, const char* symbol, const char* signal,
                             const char* order, int at) {
  return {0, minute(at), type, account, symbol, signal, order, "{\"n\":" + std::to_string(at) + "}"};
}

inline SignalRow a_signal(const std::string& id, int at, const char* symbol = "NVDA", const char* source = "calls",
                          std::int32_t followers = 1) {
  return {id, source, Origin::webhook, symbol, "buy", "key-" + id, "{\"a\": \"\xc3\xa9\"}", followers, minute(at)};
}

inline Decision a_decision(const std::string& signal, const char* account, DispositionKind kind,
                           const char* detail = "", int at = 1) {
  return {signal, account, {kind, detail}, "because " + std::string{detail}, minute(at)};
}

inline Mention a_mention(std::int64_t id, int at, const char* symbol = "NVDA") {
  Mention m;
  m.id = id;
  m.signal = "s-" + std::to_string(id);
  m.external_id = "x" + std::to_string(id);
  m.source = "calls";
  m.origin = "show";
  m.symbol = symbol;
  m.action = MentionAction::buy;
  m.conviction = dec("0.75");
  m.horizon = Horizon::weeks;
  m.rationale_quote = "it's \"cheap\"";
  m.title = "t";
  m.url = "u";
  m.published_at = minute(at - 1);
  m.created_at = minute(at);
  return m;
}

inline Intent an_intent(const std::string& id, int at, const char* account = "main", const char* symbol = "NVDA") {
  Intent i;
  i.intent_id = id;
  i.idempotency_key = "k-" + id;
  i.signal = "s-1";
  i.account = account;
  i.strategy = "mentions";
  i.source = "calls";
  i.origin = Origin::manual;
  i.correlation_id = "c-1";
  i.action = IntentAction::reduce;
  i.symbol = symbol;
  i.side = Side::sell;
  i.size = {SizeKind::risk_percent, dec("1.5"), dec("2.25")};
  i.order_type = OrderType::stop_limit;
  i.limit_price = dec("10.01");
  i.stop_price = dec("10.02");
  i.time_in_force = TimeInForce::gtc;
  i.protection = {Level{LevelKind::percent, dec("8")}, std::nullopt, true, dec("3")};
  i.scale_in = ScaleIn::average;
  i.hold_sessions = 10;
  i.replaces_due = true;
  i.close_reason = CloseReason::time_exit;
  i.subreason = "due";
  i.metadata = "{}";
  i.created_at = minute(at);
  return i;
}

inline OrderRow an_order(const std::string& id, OrderStatus status, int at, Leg leg = Leg::entry,
                         const char* account = "main", const char* symbol = "NVDA") {
  OrderRow o;
  o.client_order_id = id;
  o.venue_order_id = "v-" + id;
  o.account = account;
  o.symbol = symbol;
  o.strategy = "mentions";
  o.source = "calls";
  o.signal = "s-1";
  o.intent = "i-1";
  o.correlation_id = "c-1";
  o.side = Side::sell;
  o.leg = leg;
  o.type = OrderType::limit;
  o.time_in_force = TimeInForce::gtc;
  o.quantity = dec("10.000000001");
  o.limit_price = dec("123.45");
  o.status = status;
  o.cum_qty = dec("3");
  o.avg_px = dec("123.4");
  o.parent = "p";
  o.revision = 2;
  o.close_reason = "TP_HIT";
  o.reject_code = "40310000";
  o.text = "no";
  o.created_at = minute(at);
  o.updated_at = minute(at + 1);
  return o;
}

inline FillRow a_fill(const std::string& id, int at, const char* account = "main", const char* symbol = "NVDA") {
  return {account,   id,         "i-1",      "o-1",     "v-1",       symbol,      "mentions", "calls",   "s-1",
          Side::buy, Leg::entry, dec("1.5"), dec("10"), dec("0.01"), dec("-3.5"), true,       minute(at)};
}

inline PositionRow a_position(const char* account, const char* symbol, const char* phase, bool live, int at) {
  PositionRow p;
  p.account = account;
  p.symbol = symbol;
  p.phase = phase;
  p.quantity = dec("-5");
  p.avg_price = dec("10.5");
  p.cost = dec("52.5");
  p.realized = dec("1");
  p.strategies = "a,b";
  p.stop_price = dec("9");
  p.protected_quantity = dec("5");
  p.due_session = parse_iso_date("2026-12-04");
  p.opened_at = minute(at);
  p.state = "{\"lots\":[]}";
  p.live = live;
  p.updated_at = minute(at);
  return p;
}

inline TradeRow a_trade(const std::string& id, int at, const char* account = "main") {
  TradeRow t;
  t.account = account;
  t.trade = id;
  t.symbol = "NVDA";
  t.strategy = "mentions";
  t.source = "calls";
  t.signal = "s-1";
  t.quantity = dec("5");
  t.entry_price = dec("10");
  t.exit_price = dec("11");
  t.pnl = dec("4.98");
  t.fees = dec("0.02");
  t.reason = CloseReason::tp_hit;
  t.subreason = "x";
  t.entry_session = *parse_iso_date("2026-11-02");
  t.exit_session = *parse_iso_date("2026-11-20");
  t.holding_sessions = 14;
  t.opened_at = minute(0);
  t.closed_at = minute(at);
  return t;
}

inline PauseRow a_pause(const char* account, const char* cause, bool ended) {
  PauseRow p;
  p.pause = {account, "mentions", "NVDA", cause, "why", "heed", minute(0), minute(60)};
  if (ended) {
    p.ended_at = minute(30);
    p.ended_by = "ann";
  }
  return p;
}

inline AccountRow an_account(const char* account, int at) {
  return {account,   *parse_iso_date("2026-11-20"), dec("100"),       dec("90"), dec("110"), dec("105"), dec("50"),
          dec("60"), KillLevel::stop_opening,       "{\"trades\":1}", minute(at)};
}

inline BrokerCallRow a_call(const char* account, int at) {
  return {0, account, "o-1", "POST", "/v2/orders", "{}", 403, "{\"code\":1}", "", 1234, 2, minute(at)};
}

/// All parts of the n-th append of a fault test, an order "o-<n>" and the event that planned it, are there; or none.
inline bool has_numbered(JournalReader& reader, int n) {
  const auto id = "o-" + std::to_string(n);
  ListFilter by_order;
  by_order.order = id;
  const bool order = must(reader.order(id)).has_value();
  CHECK(must(reader.events(by_order)).rows.size() == (order ? 1U : 0U));
  return order;
}

/// Of each kind in turn: the test is run once for each.
inline Store any_store() {
  const auto kind = GENERATE(as<std::string>{}, "memory", "sqlite", "postgres");
  INFO("journal: " << kind);
  return open_store(kind);
}

/// A list's rows as text, to compare whole rows.
template <class T>
std::vector<std::string> texts(const std::vector<T>& rows) {
  std::vector<std::string> out;
  for (const auto& row : rows)
    out.push_back(to_json(row));
  return out;
}

/// Another program at the same file.
inline void meddle(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  char* words = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &words);
  const std::string said = words != nullptr ? words : "";
  sqlite3_free(words);
  sqlite3_close(db);
  INFO(sql << ": " << said);
  REQUIRE(code == SQLITE_OK);
}

}  // namespace heed::test
