#include "actors/watcher_actor.hpp"

#include "support/calls.hpp"
#include "support/journals.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// A feed in memory: items with the cursor "1", "2", ...; position in it is the cursor's number.
class ListFeed final : public MentionFeed {
public:
  std::vector<std::variant<Mention, RejectedInputRow>> items;
  bool readable = true;
  std::vector<std::string> read_from;

  Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant) override {
    read_from.push_back(cursor);
    if (!readable)
      return Error{ErrorKind::unavailable, "source", "cannot read the list"};
    FeedPage page;
    for (auto i = static_cast<std::size_t>(cursor.empty() ? 0 : std::stoi(cursor)); i < items.size(); ++i) {
      if (page.items.size() == max) {
        page.more = true;
        break;
      }
      page.items.push_back({items[i], std::to_string(i + 1)});
    }
    return page;
  }
  Result<std::string> newest(Instant) override {
    if (!readable)
      return Error{ErrorKind::unavailable, "source", "cannot read the list"};
    return std::to_string(items.size());
  }
  void bad(const std::string& position) {
    items.emplace_back(RejectedInputRow{"calls", position, "line", "no", "x", friday_10});
  }
};

struct Fixture {
  TestSystem system;
  TestJournal journal;
  std::shared_ptr<AggregatorLog> aggregated = std::make_shared<AggregatorLog>();
  AggregatorActor aggregator = stub_aggregator(system, aggregated);
  std::shared_ptr<ListFeed> feed = std::make_shared<ListFeed>();
  std::shared_ptr<std::atomic<std::int64_t>> next_id = std::make_shared<std::atomic<std::int64_t>>(101);
  std::optional<std::string> cursor;
  bool start_at_newest = false;
  bool release_by_clock = false;
  WatcherActor watcher;

  ~Fixture() { system.finish(); }
  Fixture() { journal.start(system); }

  void start(bool with_feed) {
    auto args = std::make_shared<WatcherArgs>();
    args->source = "calls";
    if (with_feed)
      args->feed = feed;
    args->release_by_clock = release_by_clock;
    args->start_at_newest = start_at_newest;
    args->cursor = cursor;
    args->clock = system.clock;
    args->followers =
      std::make_shared<const Followers>(Followers{{"calls", {{"paper", "tube"}, {"second", "tube"}}}});
    args->next_mention_id = next_id;
    args->reader = journal.control->pair.reader;
    args->telemetry = journal.telemetry;
    args->journal = journal.actor;
    args->aggregator = aggregator;
    watcher = system.spawn(watcher_actor, std::shared_ptr<const WatcherArgs>{args});
  }
  void start_inbox() { start(false); }
  void start_feed() {
    start(true);
    settle();
  }
  /// Lets the announced sequel's wait pass.
  void settle() { system.advance(milliseconds{2}); }

  using Receipts = Answers<std::vector<MentionReceipt>>;
  void submit(Receipts& receipts, std::vector<Mention> mentions, std::vector<RejectedInputRow> rejected = {},
              Instant arrival = {}) {
    system.send(watcher, SubmitMentions{std::move(mentions), std::move(rejected), receipts.reply(), arrival});
  }
  void restart_inbox() {
    system.kill(watcher);
    start_inbox();
  }
  std::vector<RejectedInputRow> rejected() { return all(journal.reader().rejected_inputs(everything())); }
  std::size_t rejections_told() {
    auto filter = everything();
    filter.type = "input_rejected";
    return all(journal.reader().events(filter)).size();
  }
  std::vector<std::string> stored() {
    std::vector<std::string> out;
    for (const auto& mention : all(journal.reader().mentions(everything())))
      out.push_back(std::to_string(mention.id) + " " + mention.symbol.str());
    return out;
  }
  std::optional<std::string> stored_cursor() {
    const auto state = journal.reader().recover(friday_10, friday_10);
    REQUIRE(state.ok());
    for (const auto& row : state.value().cursors)
      if (row.source == SourceId{"calls"})
        return row.position;
    return std::nullopt;
  }
  std::vector<std::string> passed_on() {
    std::vector<std::string> out;
    for (const auto& seen : aggregated->seen) {
      std::string poll;
      for (const auto& mention : seen.mentions)
        poll += (poll.empty() ? "" : ",") + mention.external_id;
      out.push_back(poll);
    }
    return out;
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("inbox: a receipt comes after the mention is durable, with a decision owed to each follower",
          "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts receipts;
  f.submit(receipts, {buy("a", "NVDA"), buy("b", "AAPL")});
  f.system.run();
  CHECK(receipts.got.empty());  // the commit waits for the decisions
  CHECK(f.passed_on() == Texts{"a,b"});
  f.settle();
  const auto& got = receipts.one();
  REQUIRE(got.size() == 2);
  CHECK(got[0].mention_id == 101);
  CHECK(got[1].mention_id == 102);
  CHECK(got[0].signal == signal_of("a"));
  CHECK_FALSE(got[0].duplicate);
  CHECK(f.stored() == Texts{"101 NVDA", "102 AAPL"});
  CHECK(dispositions(f.journal.reader(), signal_of("a")) == Texts{"paper=received", "second=received"});
  CHECK(f.journal.telemetry->decisions_demanded == 4);
  CHECK(f.journal.telemetry->calls_in_hand == 0);
}

TEST_CASE("inbox: a mention is taken once, wherever it stood before", "[actors][watcher]") {
  Fixture f;
  Fixture::Receipts first, second;
  f.start_inbox();
  SECTION("within one batch") {
    f.submit(first, {buy("a", "NVDA"), buy("a", "NVDA"), buy("b", "AAPL")});
    f.settle();
    const auto& got = first.one();
    REQUIRE(got.size() == 3);
    CHECK(got[1].duplicate);
    CHECK(got[1].signal == signal_of("a"));
    CHECK(got[2].mention_id == 102);
    CHECK(f.passed_on() == Texts{"a,b"});
  }
  SECTION("lately") {
    f.submit(first, {buy("a", "NVDA")});
    f.settle();
    f.submit(second, {buy("a", "NVDA")});
    f.settle();
    CHECK(second.one()[0].duplicate);
  }
  SECTION("in the store, before a restart") {
    f.submit(first, {buy("a", "NVDA")});
    f.settle();
    f.system.kill(f.watcher);
    f.start_inbox();
    f.submit(second, {buy("a", "NVDA")});
    f.settle();
    CHECK(second.one()[0].duplicate);
  }
  for (const auto* receipts : {&first, &second})
    for (const auto& answer : receipts->got)
      for (const auto& receipt : answer.value())
        CHECK((receipt.mention_id == 101) == (receipt.signal == signal_of("a")));  // a duplicate is told the first's
  CHECK(f.journal.telemetry->decisions_demanded == 2 * static_cast<std::int64_t>(f.stored().size()));
}

TEST_CASE("inbox: a known key with other content is refused and recorded", "[actors][watcher]") {
  Fixture f;
  Fixture::Receipts first, second;
  f.start_inbox();
  const auto known = buy("a", "AMD");
  auto other = sell("a", "NVDA");
  other.conviction = dec("0.9");
  const auto* refused = &second;
  SECTION("within one batch") {
    f.submit(first, {known, other});
    refused = &first;
  }
  SECTION("of what is on its way") {
    f.submit(first, {known});
    f.submit(second, {other});
  }
  SECTION("of what came lately") {
    f.submit(first, {known});
    f.settle();
    f.submit(second, {other});
  }
  SECTION("of what is in the store, before a restart") {
    f.submit(first, {known});
    f.settle();
    f.restart_inbox();
    f.submit(second, {other});
  }
  f.settle();
  const auto& receipt = refused->one().back();
  CHECK(receipt.mention_id == 101);
  CHECK(receipt.signal == signal_of("a"));
  CHECK(receipt.refused ==
        "is that of mention 101, which differs in symbol, action, conviction; another call needs an id of its own");
  CHECK(f.passed_on() == Texts{"a"});
  CHECK(f.stored() == Texts{"101 AMD"});
  const auto rows = f.rejected();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].field == "external_id");
  CHECK(rows[0].reason == receipt.refused);
  CHECK(rows[0].position.starts_with("external_id:a#"));
  CHECK(rows[0].body.find("NVDA") != std::string::npos);
  CHECK(f.rejections_told() == 1);
}

TEST_CASE("inbox: a refusal is not told before what it leans on is durable", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts first, second;
  f.journal.control->fail_next(2);  // both at once, then the first alone
  f.submit(first, {buy("a", "NVDA")});
  f.submit(second, {sell("a", "NVDA")});
  f.settle();
  CHECK(first.error().kind == ErrorKind::unavailable);
  CHECK(second.error().kind == ErrorKind::unavailable);  // it would be a new call now
}

TEST_CASE("inbox: a call sent again without a time of its own is the same call", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts first, second;
  f.submit(first, {buy("a", "NVDA", friday_10)}, {}, friday_10);
  f.settle();
  const auto later = friday_10 + minutes{3};
  const bool of_its_own = GENERATE(false, true);
  f.submit(second, {buy("a", "NVDA", later)}, {}, of_its_own ? later + seconds{1} : later);
  f.settle();
  CHECK(second.one()[0].duplicate);
  CHECK(second.one()[0].refused.empty() == !of_its_own);
  CHECK(f.rejected().size() == (of_its_own ? 1 : 0));
}

TEST_CASE("inbox: a duplicate of what is not durable yet is not acknowledged before it is", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts first, second;
  const bool fails = GENERATE(false, true);
  if (fails)
    f.journal.control->fail_next();
  f.submit(first, {buy("a", "NVDA")});
  f.submit(second, {buy("a", "NVDA")});
  f.system.run();
  CHECK(second.got.size() == first.got.size());
  f.settle();
  if (fails) {
    CHECK(first.error().kind == ErrorKind::unavailable);
    CHECK(second.error().kind == ErrorKind::unavailable);
  } else {
    CHECK_FALSE(first.one()[0].duplicate);
    CHECK(second.one()[0].duplicate);
  }
}

TEST_CASE("inbox: what could not be stored was never there", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  f.journal.control->fail_next();
  Fixture::Receipts first, second;
  f.submit(first, {buy("a", "NVDA")});
  f.settle();
  CHECK(first.error().kind == ErrorKind::unavailable);
  CHECK(first.error().code == "JOURNAL");
  CHECK(f.stored().empty());
  REQUIRE(f.aggregated->seen.size() == 1);
  REQUIRE(f.aggregated->lost.size() == 1);  // it must not count for later ones
  CHECK(f.aggregated->lost[0].ids == std::vector<std::int64_t>{f.aggregated->seen[0].mentions[0].id});
  // The sender tries again: it is taken as new.
  f.submit(second, {buy("a", "NVDA")});
  f.settle();
  CHECK_FALSE(second.one()[0].duplicate);
  CHECK(f.stored().size() == 1);
  CHECK(f.journal.telemetry->calls_in_hand == 0);
}

TEST_CASE("inbox: rejected inputs are kept for the record", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts receipts;
  f.submit(receipts, {}, {RejectedInputRow{"calls", "http", "symbol", "is missing", "{}", friday_10}});
  f.settle();
  CHECK(receipts.one().empty());
  const auto rows = all(f.journal.reader().rejected_inputs(everything()));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].reason == "is missing");
  CHECK(f.aggregated->seen.empty());
}

TEST_CASE("every refused input is kept, and the same one once", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts receipts;
  const auto bad = [](const char* field, const char* body, Instant at = friday_10) {
    return RejectedInputRow{"calls", "http", field, "is missing", body, at};
  };
  f.submit(receipts, {}, {bad("symbol", "{}"), bad("symbol", "{\"action\":\"buy\"}"), bad("action", "{}")});
  f.submit(receipts, {}, {bad("symbol", "{}", friday_10 + minutes{1})});
  f.settle();
  const auto rows = f.rejected();
  CHECK(rows.size() == 3);
  for (const auto& row : rows)
    CHECK(row.position.starts_with("http#"));
  CHECK(f.rejections_told() == 4);  // each attempt has its line in the journal
}

TEST_CASE("feed: what is read again and refused again is recorded once", "[actors][watcher]") {
  Fixture f;
  f.feed->items = {buy("a", "A"), sell("a", "A")};
  f.feed->bad("calls.jsonl:3");
  f.start_feed();
  for (std::size_t i = 0; i < 3; ++i)
    f.feed->items.push_back(f.feed->items[i]);
  f.system.advance(minutes{1});
  CHECK(f.passed_on() == Texts{"a"});
  CHECK(f.stored_cursor() == "6");
  CHECK(f.rejected().size() == 2);
  CHECK(f.rejections_told() == 2);
}

TEST_CASE("inbox: nothing is taken while the daemon stops", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts receipts;
  f.system.send(f.watcher, Drain{});
  f.submit(receipts, {buy("a", "NVDA")});
  f.settle();
  CHECK(receipts.error().code == "DRAINING");
  CHECK(f.stored().empty());
}

TEST_CASE("mentions of one poll travel on by the time they were made", "[actors][watcher]") {
  Fixture f;
  f.start_inbox();
  Fixture::Receipts receipts;
  f.submit(receipts,
           {buy("late", "A", friday_10), buy("early", "B", friday_10 - seconds{5}), buy("late2", "C", friday_10)});
  f.settle();
  CHECK(f.passed_on() == Texts{"early,late,late2"});
}

TEST_CASE("feed: the cursor moves in the commit that stores what it passed", "[actors][watcher]") {
  Fixture f;
  f.feed->items = {buy("a", "A"), buy("b", "B")};
  f.feed->bad("calls.jsonl:3");
  f.start_feed();
  REQUIRE(f.journal.commits.size() == 1);
  CHECK(f.stored() == Texts{"101 A", "102 B"});
  CHECK(f.stored_cursor() == "3");
  CHECK(f.passed_on() == Texts{"a,b"});
  f.feed->items.emplace_back(sell("c", "C"));
  f.system.advance(minutes{1});
  CHECK(f.stored_cursor() == "4");
  CHECK(f.passed_on() == Texts{"a,b", "c"});
  CHECK(all(f.journal.reader().rejected_inputs(everything())).size() == 1);
}

TEST_CASE("feed: what was stored before is passed over, and the cursor goes on", "[actors][watcher]") {
  Fixture f;
  f.feed->items = {buy("a", "A"), buy("a", "A"), buy("b", "B")};
  f.start_feed();
  CHECK(f.passed_on() == Texts{"a,b"});
  f.system.kill(f.watcher);
  f.cursor = "";  // the file got shorter: read from its beginning
  f.feed->items.emplace_back(buy("c", "C"));
  f.start_feed();
  CHECK(f.passed_on() == Texts{"a,b", "c"});
  CHECK(f.stored_cursor() == "4");
}

TEST_CASE("feed: a journal that fails ends the watcher, and nothing was skipped", "[actors][watcher]") {
  Fixture f;
  f.feed->items = {buy("a", "A")};
  f.journal.control->fail_next();
  f.start(true);
  const auto ended = f.system.watch(f.watcher);
  f.settle();
  REQUIRE(ended->has_value());
  CHECK(f.stored().empty());
  CHECK_FALSE(f.stored_cursor().has_value());
  f.start_feed();
  CHECK(f.stored() == Texts{"102 A"});
  CHECK(f.stored_cursor() == "1");
}

TEST_CASE("feed: a long backlog is taken in polls without waiting between them", "[actors][watcher]") {
  Fixture f;
  for (int i = 0; i < 1200; ++i)
    if (i % 50 == 7)
      f.feed->bad("calls.jsonl:" + std::to_string(i));
    else
      f.feed->items.emplace_back(buy("k" + std::to_string(i), "A"));
  f.start(true);
  f.system.advance(milliseconds{50});
  CHECK(f.journal.reader().recover(friday_10, friday_10).value().last_mention_id == 100 + 1200 - 24);
  CHECK(f.stored_cursor() == "1200");
}

TEST_CASE("feed: a cold start at the newest trades nothing old, today or after a restart", "[actors][watcher]") {
  Fixture f;
  f.start_at_newest = true;
  f.feed->items = {buy("old", "A")};
  SECTION("readable") {
    f.start_feed();
    CHECK(f.passed_on().empty());
    CHECK(f.stored_cursor() == "1");  // durable, so that calls made while the daemon is down are not skipped
    f.system.kill(f.watcher);
    f.feed->items.emplace_back(buy("new", "B"));
    f.cursor = f.stored_cursor();
    f.start_feed();
    CHECK(f.passed_on() == Texts{"new"});
  }
  SECTION("not readable yet: it is asked again, and nothing old slips through") {
    f.feed->readable = false;
    f.start_feed();
    f.system.advance(minutes{2});
    CHECK_FALSE(f.stored_cursor().has_value());
    f.feed->readable = true;
    f.system.advance(minutes{1});
    CHECK(f.passed_on().empty());
    CHECK(f.stored_cursor() == "1");
    f.feed->items.emplace_back(buy("new", "B"));
    f.system.advance(minutes{1});
    CHECK(f.passed_on() == Texts{"new"});
  }
}

TEST_CASE("feed: a source that cannot be read is asked again", "[actors][watcher]") {
  Fixture f;
  f.feed->items = {buy("a", "A")};
  f.feed->readable = false;
  f.start_feed();
  f.system.advance(minutes{3});
  CHECK(f.feed->read_from.size() == 4);
  CHECK(f.system.inspect(f.watcher).find("cannot read the list") != std::string::npos);
  f.feed->readable = true;
  f.system.advance(minutes{1});
  CHECK(f.passed_on() == Texts{"a"});
  CHECK(f.system.inspect(f.watcher).find("\"last_problem\":\"\"") != std::string::npos);
}

TEST_CASE("feed: released by the clock, in order, and held before", "[actors][watcher]") {
  Fixture f;
  f.release_by_clock = true;
  f.feed->items = {buy("a", "A", friday_10 - minutes{1}), buy("b", "B", friday_10 + minutes{5}),
                   buy("c", "C", friday_10 + minutes{5}), buy("d", "D", friday_10 + minutes{4})};
  f.start_feed();
  CHECK(f.passed_on() == Texts{"a"});
  CHECK(f.stored_cursor() == "1");
  f.system.clock->set(friday_10 + minutes{4});
  f.system.send(f.watcher, ClockMoved{});
  f.settle();
  CHECK(f.passed_on() == Texts{"a"});  // d stands behind b and c
  f.system.clock->set(friday_10 + minutes{5});
  f.system.send(f.watcher, ClockMoved{});
  f.settle();
  CHECK(f.passed_on() == Texts{"a", "d,b,c"});
  CHECK(f.stored_cursor() == "4");
}

TEST_CASE("feed: a clock's tick means nothing to a source that is released on arrival", "[actors][watcher]") {
  Fixture f;
  f.start_feed();
  f.feed->items = {buy("a", "A")};
  f.system.send(f.watcher, ClockMoved{});
  f.settle();
  CHECK(f.passed_on().empty());
}

TEST_CASE("feed: a stop leaves what is not taken for the next start", "[actors][watcher]") {
  Fixture f;
  f.start_feed();
  f.system.send(f.watcher, Drain{});
  f.feed->items = {buy("a", "A")};
  f.system.advance(minutes{5});
  CHECK(f.passed_on().empty());
  CHECK(f.stored().empty());
}
