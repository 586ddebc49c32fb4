// What every journal must do, run on each of them.
#include "tests/persistence/support.hpp"

#include <set>

using namespace heed;
using namespace heed::test;

namespace {

std::vector<std::string> order_ids(const std::vector<OrderRow>& rows) {
  std::vector<std::string> out;
  for (const auto& row : rows)
    out.push_back(row.client_order_id.str());
  return out;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("journal: every row comes back whole, and a second write replaces it", "[persistence][contract]") {
  auto store = any_store();
  auto& reader = store.reader();
  const auto intent = an_intent("i-1", 3);
  const auto fill = a_fill("e-1", 4);
  const auto trade = a_trade("i-1", 5);
  const auto pause = a_pause("main", "daily_loss", false);
  const RejectedInputRow rejected{"calls", "calls.jsonl:17", "symbol", "empty", "{\"symbol\":\"\"}", minute(1)};
  append(store.writer(),
         {a_signal("s-1", 1), a_mention(7, 1), rejected, a_decision("s-1", "main", DispositionKind::in_flight),
          intent, an_order("o-1", OrderStatus::submitted, 2), fill, a_position("main", "NVDA", "Open", true, 2),
          trade, CursorRow{"calls", "17", minute(1)}, pause, BlockRow{"main", "TSLA", minute(90), "s-1"},
          an_account("main", 1), a_call("main", 2)});

  CHECK(to_json(must(reader.signal("s-1"))->signal) == to_json(a_signal("s-1", 1)));
  CHECK(texts(must(reader.mentions({})).rows) == texts(std::vector{a_mention(7, 1)}));
  CHECK(texts(must(reader.rejected_inputs({})).rows) == texts(std::vector{rejected}));
  CHECK(texts(must(reader.intents({})).rows) == texts(std::vector{intent}));
  CHECK(to_json(must(reader.order("o-1"))) == to_json(an_order("o-1", OrderStatus::submitted, 2)));
  CHECK(texts(must(reader.fills({})).rows) == texts(std::vector{fill}));
  CHECK(texts(must(reader.positions({})).rows) == texts(std::vector{a_position("main", "NVDA", "Open", true, 2)}));
  CHECK(texts(must(reader.trades({})).rows) == texts(std::vector{trade}));
  CHECK(texts(must(reader.pauses({})).rows) == texts(std::vector{pause}));
  CHECK(texts(must(reader.accounts())) == texts(std::vector{an_account("main", 1)}));
  auto call = a_call("main", 2);
  call.id = 1;
  CHECK(texts(must(reader.broker_calls({})).rows) == texts(std::vector{call}));

  auto filled = an_order("o-1", OrderStatus::filled, 2);
  filled.limit_price.reset();
  filled.avg_px = dec("0.000000001");
  auto flat = a_position("main", "NVDA", "Flat", false, 9);
  flat.due_session.reset();
  append(store.writer(), {filled, flat, a_decision("s-1", "main", DispositionKind::filled)});
  CHECK(texts(must(reader.orders({})).rows) == texts(std::vector{filled}));
  CHECK(must(reader.positions({})).rows.empty());
  ListFilter all;
  all.status = "all";
  CHECK(texts(must(reader.positions(all)).rows) == texts(std::vector{flat}));
  CHECK(must(reader.signal("s-1"))->decisions.at(0).disposition.kind == DispositionKind::filled);
}

TEST_CASE("journal: of what one append says of a row the last word is stored", "[persistence][contract]") {
  auto store = any_store();
  auto& reader = store.reader();
  Batch first{{an_event("planned", "main", "NVDA", "s-1", "o-1", 1)},
              {a_signal("s-1", 1), a_decision("s-1", "main", DispositionKind::received),
               an_order("o-1", OrderStatus::initialized, 1), an_order("o-2", OrderStatus::initialized, 1),
               CursorRow{"calls", "1", minute(1)}, a_call("main", 1)}};
  Batch second{{an_event("sent", "main", "NVDA", "s-1", "o-1", 2)},
               {an_order("o-1", OrderStatus::filled, 1), a_decision("s-1", "main", DispositionKind::filled),
                CursorRow{"calls", "2", minute(2)}, a_call("main", 1)}};
  Batch* const both[]{&first, &second};
  must(store.writer().append(both));
  ListFilter oldest;
  oldest.oldest_first = true;
  const auto orders = must(reader.orders(oldest)).rows;
  CHECK(order_ids(orders) == Ids{"o-1", "o-2"});
  CHECK(orders.at(0).status == OrderStatus::filled);
  const auto state = must(reader.recover(minute(0), minute(0)));
  CHECK(order_ids(state.working_orders) == Ids{"o-2"});
  CHECK(state.undecided.empty());
  REQUIRE(state.cursors.size() == 1);
  CHECK(state.cursors[0].position == "2");
  CHECK(must(reader.broker_calls({})).rows.size() == 2);
  CHECK(must(reader.verify()) == 2);
}

TEST_CASE("journal: an order may change in any field", "[persistence][contract]") {
  auto store = any_store();
  const auto working = [&] { return order_ids(must(store.reader().recover(minute(0), minute(0))).working_orders); };
  auto order = an_order("o-1", OrderStatus::submitted, 1);
  const auto stored = [&] {
    append(store.writer(), {order});
    CHECK(to_json(must(store.reader().order("o-1"))) == to_json(order));
    CHECK(working() == (is_terminal(order.status) ? Ids{} : Ids{"o-1"}));
  };
  stored();
  order.status = OrderStatus::filled;
  order.limit_price.reset();
  stored();
  order.status = OrderStatus::unknown;  // a correction
  stored();
  order.created_at = minute(5);
  order.status = OrderStatus::canceled;
  stored();
  order.signal = "s-2";
  order.leg = Leg::close;
  order.status = OrderStatus::accepted;
  stored();
  ListFilter by_signal;
  by_signal.signal = "s-2";
  CHECK(order_ids(must(store.reader().orders(by_signal)).rows) == Ids{"o-1"});
  by_signal.signal = "s-1";
  CHECK(must(store.reader().orders(by_signal)).rows.empty());
}

TEST_CASE("journal: text of any kind comes back as it was", "[persistence][contract]") {
  auto store = any_store();
  for (const auto& text :
       {std::string{}, std::string{"a\0b", 3}, std::string{"'; DROP TABLE orders; --"}, std::string{"\xff\xfe"},
        std::string{"\xe2\x82\xac\n\x1b[31m"}, std::string(100'000, 'x')}) {
    auto order = an_order("o-1", OrderStatus::rejected, 1);
    order.text = text;
    append(store.writer(), {order}, {JournalEvent{0, minute(1), "t", "main", "NVDA", "s", "o", text}});
    CHECK(must(store.reader().order("o-1"))->text == text);
    CHECK(must(store.reader().events({})).rows.front().payload == text);
  }
  CHECK(must(store.reader().verify()) == 6);
}

TEST_CASE("journal: what is not there is said so, not an error", "[persistence][contract]") {
  auto store = any_store();
  auto& reader = store.reader();
  CHECK_FALSE(must(reader.has_signal("s-1")));
  CHECK_FALSE(must(reader.signal("s-1")).has_value());
  CHECK_FALSE(must(reader.order("o-1")).has_value());
  CHECK(must(reader.orders({})).rows.empty());
  CHECK(must(reader.orders({})).next_cursor.empty());
  CHECK(must(reader.events({})).rows.empty());
  CHECK(must(reader.funnel({})).empty());
  CHECK(must(reader.verify()) == 0);
  const auto state = must(reader.recover(minute(0), minute(0)));
  CHECK(state.last_seq == 0);
  CHECK(state.last_mention_id == 0);
  must(store.writer().append({}));
}

TEST_CASE("journal: events get their order over all batches, in place", "[persistence][contract]") {
  auto store = any_store();
  Batch a{{an_event("one", "main", "NVDA", "s-1", "o-1", 1), an_event("two", "main", "NVDA", "s-1", "", 2)}, {}};
  Batch b{{an_event("three", "other", "TSLA", "s-2", "o-2", 3)}, {a_call("main", 1)}};
  Batch none;
  Batch* const both[]{&a, &none, &b};
  must(store.writer().append(both));
  CHECK(a.events[0].seq == 1);
  CHECK(a.events[1].seq == 2);
  CHECK(b.events[0].seq == 3);
  CHECK(std::get<BrokerCallRow>(b.rows[0]).id == 1);
  append(store.writer(), b);
  CHECK(b.events[0].seq == 4);
  CHECK(std::get<BrokerCallRow>(b.rows[0]).id == 2);

  ListFilter oldest;
  oldest.oldest_first = true;
  const auto page = must(store.reader().events(oldest));
  REQUIRE(page.rows.size() == 4);
  CHECK(page.rows[0].type == "one");
  CHECK(to_json(page.rows[2].payload) == to_json(an_event("", "", "", "", "", 3).payload));
  CHECK(must(store.reader().verify()) == 4);
}

TEST_CASE("journal: the story can be gathered by any id", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(), {},
         {an_event("signal_received", "", "NVDA", "s-1", "", 1),
          an_event("order_planned", "main", "NVDA", "s-1", "o-1", 2),
          an_event("order_planned", "other", "NVDA", "s-1", "o-2", 3),
          an_event("pause_started", "main", "", "", "", 4), an_event("fill_booked", "main", "NVDA", "", "o-1", 5)});
  struct Case {
    const char* name;
    ListFilter filter;
    std::vector<std::int64_t> seqs;
  };
  ListFilter by_account, by_place, by_signal, by_order, by_type, first_of_signal, late, early;
  by_account.account = "main";
  by_place.account = "main";
  by_place.symbol = "NVDA";
  by_signal.signal = "s-1";
  by_order.order = "o-1";
  by_order.oldest_first = true;
  by_type.type = "order_planned";
  first_of_signal.signal = "s-1";
  first_of_signal.type = "signal_received";
  first_of_signal.limit = 1;
  first_of_signal.oldest_first = true;
  late.from = minute(4);
  early.to = minute(2);
  const auto c = std::vector<Case>{{"account", by_account, {5, 4, 2}},  {"account and symbol", by_place, {5, 2}},
                                   {"signal", by_signal, {3, 2, 1}},    {"order, oldest first", by_order, {2, 5}},
                                   {"type", by_type, {3, 2}},           {"signal and type", first_of_signal, {1}},
                                   {"from is inclusive", late, {5, 4}}, {"to is exclusive", early, {1}}};
  for (const auto& one : c) {
    INFO(one.name);
    std::vector<std::int64_t> seqs;
    for (const auto& event : must(store.reader().events(one.filter)).rows)
      seqs.push_back(event.seq);
    CHECK(seqs == one.seqs);
  }
}

TEST_CASE("journal: what the decisions of many signals made, in the order that was asked",
          "[persistence][contract]") {
  auto store = any_store();
  auto& reader = store.reader();
  CHECK(must(reader.links({})).empty());
  std::vector<SignalId> asked;
  std::vector<Row> rows;
  for (int i = 0; i < 250; ++i) {  // more than one question's worth
    const auto n = std::to_string(i);
    asked.push_back("s-" + n);
    rows.emplace_back(a_signal("s-" + n, 1));
    auto intent = an_intent("i-" + n, 1);
    intent.signal = "s-" + n;
    rows.emplace_back(intent);
    for (const char* leg : {"b", "a"}) {
      auto order = an_order(("o-" + n + leg).c_str(), OrderStatus::filled, 1);
      order.signal = "s-" + n;
      rows.emplace_back(order);
    }
  }
  append(store.writer(), rows);
  asked.insert(asked.begin() + 120, "s-nobody");
  asked.push_back("s-7");  // once more
  const auto links = must(reader.links(asked));
  REQUIRE(links.size() == 252);
  for (std::size_t i = 0; i < links.size(); ++i) {
    INFO(asked[i].view());
    if (i == 120) {
      CHECK(links[i].intents.empty());
      CHECK(links[i].orders.empty());
      continue;
    }
    const auto n = asked[i].str().substr(2);
    REQUIRE(links[i].intents.size() == 1);
    CHECK(links[i].intents[0].second == IntentId{"i-" + n});
    REQUIRE(links[i].orders.size() == 2);  // by first write
    CHECK(links[i].orders[0].second == ClientOrderId{"o-" + n + "b"});
    CHECK(links[i].orders[1].second == ClientOrderId{"o-" + n + "a"});
    CHECK(links[i].orders[0].first == AccountId{"main"});
  }
}

TEST_CASE("journal: orders by status", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(), {an_order("new", OrderStatus::initialized, 1), an_order("lost", OrderStatus::unknown, 2),
                          an_order("done", OrderStatus::filled, 3), an_order("no", OrderStatus::rejected, 4),
                          an_order("wait", OrderStatus::held, 5, Leg::stop_loss)});
  const auto ids = [&](const char* status) {
    ListFilter filter;
    filter.status = status;
    return order_ids(must(store.reader().orders(filter)).rows);
  };
  CHECK(ids("") == Ids{"wait", "no", "done", "lost", "new"});
  CHECK(ids("live") == Ids{"wait", "lost", "new"});
  CHECK(ids("done") == Ids{"no", "done"});
  CHECK(ids("unknown") == Ids{"lost"});
}

TEST_CASE("journal: pages meet without gap or repeat, and rewriting a row does not move it",
          "[persistence][contract]") {
  auto store = any_store();
  Ids expected;
  for (int i = 0; i < 23; ++i) {
    append(store.writer(), {an_order("o-" + std::to_string(i), OrderStatus::accepted, i)});
    expected.push_back("o-" + std::to_string(i));
  }
  append(store.writer(), {an_order("o-5", OrderStatus::filled, 5)});
  const bool oldest_first = GENERATE(true, false);
  const int limit = GENERATE(1, 7, 22, 23, 24, 1000);
  if (!oldest_first)
    std::reverse(expected.begin(), expected.end());
  ListFilter filter;
  filter.limit = limit;
  filter.oldest_first = oldest_first;
  Ids got;
  int pages = 0;
  do {
    const auto page = must(store.reader().orders(filter));
    const auto ids = order_ids(page.rows);
    got.insert(got.end(), ids.begin(), ids.end());
    filter.cursor = page.next_cursor;
    ++pages;
  } while (!filter.cursor.empty());
  CHECK(got == expected);
  CHECK(pages == (23 + limit - 1) / limit);
}

TEST_CASE("journal: a page stays where it is while rows are added", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(), {an_order("a", OrderStatus::accepted, 1), an_order("b", OrderStatus::accepted, 2)});
  ListFilter filter;
  filter.limit = 1;
  auto page = must(store.reader().orders(filter));
  append(store.writer(), {an_order("c", OrderStatus::accepted, 3)});
  filter.cursor = page.next_cursor;
  CHECK(order_ids(must(store.reader().orders(filter)).rows) == Ids{"a"});
}

TEST_CASE("journal: a list that cannot be answered is refused by name", "[persistence][contract]") {
  auto store = any_store();
  auto& reader = store.reader();
  ListFilter filter;
  SECTION("limit") {
    filter.limit = GENERATE(0, -1, 1001);
    CHECK_THAT(reader.orders(filter).error().detail, Catch::StartsWith("limit: 1 to 1000, not "));
    CHECK(reader.events(filter).error().code == "LIST_LIMIT");
  }
  SECTION("cursor") {
    filter.cursor = GENERATE("x", "1x", "-1", " 1", "99999999999999999999");
    CHECK(reader.orders(filter).error().code == "LIST_CURSOR");
    CHECK(reader.signals(filter).error().code == "LIST_CURSOR");
  }
  SECTION("no such column") {
    filter.strategy = "x";
    CHECK(reader.broker_calls(filter).error().detail == "strategy: broker_calls cannot be filtered by it");
    CHECK(reader.events(filter).error().code == "LIST_FILTER");
    CHECK(reader.funnel(filter).error().code == "LIST_FILTER");
  }
  SECTION("status") {
    filter.status = "nonsense";
    CHECK(reader.orders(filter).error().code == "LIST_STATUS");
    CHECK(reader.positions(filter).error().code == "LIST_STATUS");
    CHECK(reader.pauses(filter).error().code == "LIST_STATUS");
    CHECK(reader.signals(filter).error().code == "LIST_STATUS");
    CHECK(reader.fills(filter).error().code == "LIST_FILTER");
    CHECK(reader.funnel(filter).error().code == "LIST_FILTER");
    CHECK(reader.fills(filter).error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("journal: signals by what became of them", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(),
         {a_signal("s-1", 1, "NVDA", "calls", 2), a_signal("s-2", 2, "TSLA", "tv"), a_signal("s-3", 3, "NVDA", "tv"),
          a_signal("s-4", 4), a_decision("s-1", "main", DispositionKind::filled),
          a_decision("s-1", "other", DispositionKind::no_op, "not_held"),
          a_decision("s-2", "main", DispositionKind::no_op, "too_old"),
          a_decision("s-3", "main", DispositionKind::deferred, "2026-11-23T14:30:00.000000Z")});
  struct Case {
    const char *account, *status, *symbol, *source;
    Ids signals;
  };
  const auto c = std::vector<Case>{{"", "", "", "", {"s-4", "s-3", "s-2", "s-1"}},
                                   {"", "no_op", "", "", {"s-2", "s-1"}},
                                   {"main", "no_op", "", "", {"s-2"}},
                                   {"", "no_op:not_held", "", "", {"s-1"}},
                                   {"", "no_op:", "", "", {}},
                                   {"other", "", "", "", {"s-1"}},
                                   {"other", "filled", "", "", {}},
                                   {"", "", "NVDA", "tv", {"s-3"}},
                                   {"", "expired", "", "", {}}};
  for (const auto& one : c) {
    INFO(one.account << '|' << one.status << '|' << one.symbol << '|' << one.source);
    ListFilter filter;
    filter.account = one.account;
    filter.status = one.status;
    filter.symbol = one.symbol;
    filter.source = one.source;
    Ids ids;
    for (const auto& view : must(store.reader().signals(filter)).rows)
      ids.push_back(view.signal.signal.str());
    CHECK(ids == one.signals);
  }
  const auto view = must(store.reader().signal("s-1"));
  REQUIRE(view->decisions.size() == 2);
  CHECK(view->decisions[0].account == "main");
  CHECK(view->decisions[1].account == "other");
  CHECK(must(store.reader().has_signal("s-4")));
  CHECK_FALSE(must(store.reader().has_signal("s-5")));
}

TEST_CASE("journal: the funnel counts decisions", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(), {a_signal("s-1", 1, "NVDA", "calls"), a_signal("s-2", 1, "TSLA", "tv"),
                          a_decision("s-1", "main", DispositionKind::no_op, "not_held", 1),
                          a_decision("s-1", "other", DispositionKind::no_op, "not_held", 2),
                          a_decision("s-2", "main", DispositionKind::no_op, "too_old", 3),
                          a_decision("s-2", "other", DispositionKind::deferred, "2026-11-23T14:30:00Z", 4),
                          a_decision("s-9", "other", DispositionKind::deferred, "2026-11-24T14:30:00Z", 5),
                          a_decision("s-9", "main", DispositionKind::failed, "words: many", 6)});
  using Counts = std::vector<std::pair<std::string, std::int64_t>>;
  CHECK(must(store.reader().funnel({})) ==
        Counts{{"deferred", 2}, {"failed", 1}, {"no_op:not_held", 2}, {"no_op:too_old", 1}});
  ListFilter filter;
  filter.account = "main";
  CHECK(must(store.reader().funnel(filter)) == Counts{{"failed", 1}, {"no_op:not_held", 1}, {"no_op:too_old", 1}});
  filter.source = "tv";
  CHECK(must(store.reader().funnel(filter)) == Counts{{"no_op:too_old", 1}});
  filter = {};
  filter.symbol = "NVDA";
  CHECK(must(store.reader().funnel(filter)) == Counts{{"no_op:not_held", 2}});
  filter = {};
  filter.from = minute(2);
  filter.to = minute(5);
  CHECK(must(store.reader().funnel(filter)) == Counts{{"deferred", 1}, {"no_op:not_held", 1}, {"no_op:too_old", 1}});
}

TEST_CASE("journal: a start gets what is open and what is of today", "[persistence][contract]") {
  auto store = any_store();
  append(store.writer(),
         {a_position("main", "NVDA", "Open", true, 1),
          a_position("main", "TSLA", "Flat", false, 1),
          a_position("main", "AMD", "Flat", true, 1),
          an_order("old", OrderStatus::filled, 1),
          an_order("old-working", OrderStatus::accepted, 1),
          an_order("today", OrderStatus::filled, 10),
          an_order("today-exit", OrderStatus::held, 11, Leg::stop_loss),
          a_trade("i-1", 9),
          a_trade("i-2", 10),
          a_fill("e-1", 9),
          a_fill("e-2", 10),
          a_pause("main", "daily_loss", false),
          a_pause("main", "manual", true),
          BlockRow{"main", "OLD", minute(10), "s"},
          BlockRow{"main", "NEW", minute(11), "s"},
          an_account("main", 1),
          an_account("alpha", 1),
          CursorRow{"tv", "9", minute(1)},
          CursorRow{"calls", "17", minute(1)},
          a_mention(3, 10),
          a_mention(5, 9),
          a_mention(4, 10),
          a_mention(2, 8)},
         {an_event("x", "", "", "", "", 1), an_event("y", "", "", "", "", 1)});
  const auto state = must(store.reader().recover(minute(10), minute(8)));
  REQUIRE(state.positions.size() == 2);
  CHECK(state.positions[0].symbol == "NVDA");
  CHECK(state.positions[1].symbol == "AMD");
  CHECK(order_ids(state.working_orders) == Ids{"old-working", "today-exit"});
  CHECK(order_ids(state.todays_entries) == Ids{"today"});
  REQUIRE(state.todays_trades.size() == 1);
  CHECK(state.todays_trades[0].trade == "i-2");
  REQUIRE(state.todays_fills.size() == 1);
  CHECK(state.todays_fills[0].execution_id == "e-2");
  REQUIRE(state.pauses.size() == 1);
  CHECK(state.pauses[0].pause.cause == "daily_loss");
  REQUIRE(state.blocks.size() == 1);
  CHECK(state.blocks[0].symbol == "NEW");
  REQUIRE(state.accounts.size() == 2);
  CHECK(state.accounts[0].account == "alpha");
  REQUIRE(state.cursors.size() == 2);
  CHECK(state.cursors[0].source == "calls");
  std::vector<std::int64_t> mentions;
  for (const auto& m : state.recent_mentions)
    mentions.push_back(m.id);
  CHECK(mentions == std::vector<std::int64_t>{5, 3, 4});
  CHECK(state.last_seq == 2);
  CHECK(state.last_mention_id == 5);
}

TEST_CASE("journal: a signal is undecided until each follower's decision is final", "[persistence][contract]") {
  auto store = any_store();
  const auto undecided = [&] {
    Ids ids;
    const auto views = must(store.reader().undecided());
    for (const auto& view : views)
      ids.push_back(view.signal.signal.str());
    Ids at_start;
    for (const auto& view : must(store.reader().recover(minute(0), minute(0))).undecided)
      at_start.push_back(view.signal.signal.str());
    CHECK(ids == at_start);
    return ids;
  };
  append(store.writer(), {a_signal("s-1", 1, "NVDA", "calls", 2), a_signal("s-0", 1, "NVDA", "calls", 0)});
  CHECK(undecided() == Ids{"s-1"});
  append(store.writer(), {a_decision("s-1", "main", DispositionKind::filled)});
  CHECK(undecided() == Ids{"s-1"});
  append(store.writer(), {a_decision("s-1", "other", DispositionKind::unknown)});
  CHECK(undecided() == Ids{"s-1"});
  append(store.writer(), {a_decision("s-1", "other", DispositionKind::no_op, "x")});
  CHECK(undecided().empty());
  // A decision may come back to life, and come before its signal.
  append(store.writer(), {a_decision("s-1", "main", DispositionKind::in_flight)});
  CHECK(undecided() == Ids{"s-1"});
  append(store.writer(), {a_decision("s-1", "main", DispositionKind::closed),
                          a_decision("s-2", "main", DispositionKind::expired), a_signal("s-2", 1)});
  CHECK(undecided().empty());
  // More followers than before.
  append(store.writer(), {a_signal("s-2", 1, "NVDA", "calls", 2)});
  CHECK(undecided() == Ids{"s-2"});
  append(store.writer(), {a_decision("s-2", "third", DispositionKind::received)});
  append(store.writer(), {a_decision("s-2", "other", DispositionKind::expired)});
  CHECK(undecided() == Ids{"s-2"});
}
