// What happens when the connection to the server is lost, somebody else takes the journal over, or somebody has been
// at the tables.
#include "persistence/postgres/literal.hpp"
#include "persistence/postgres/postgres_journal.hpp"
#include "tests/persistence/cutting_proxy.hpp"
#include "tests/persistence/support.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

using namespace heed;
using namespace heed::test;

namespace {

// One order and the event that planned it; the n-th append.
Batch numbered(int n) {
  const auto id = "o-" + std::to_string(n);
  return {{an_event("planned", "main", "NVDA", "s-1", id.c_str(), n)},
          {an_order(id, OrderStatus::submitted, n), a_call("main", n)}};
}

Status append_numbered(JournalWriter& writer, int n) {
  auto batch = numbered(n);
  Batch* const one[]{&batch};
  auto status = writer.append(one);
  CHECK((batch.events[0].seq != 0) == status.ok());
  CHECK((std::get<BrokerCallRow>(batch.rows[1]).id != 0) == status.ok());
  return status;
}

JournalPair opened(const std::string& url) { return must(open_postgres_journal({url, std::chrono::seconds{20}})); }

std::string open_code(const std::string& url) {
  const auto result = open_postgres_journal({url, {}});
  return result ? "opened" : result.error().code;
}

void end_sessions(const std::string& url) {
  PostgresServer::value(
    url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name='heed'");
}

std::string sessions(const std::string& url) {
  return PostgresServer::value(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name='heed'");
}

struct Cut {
  TempFolder folder;
  std::string url = PostgresServer::get().new_schema();
  std::string proxied = PostgresServer::get().through(url, folder.path());
  CuttingProxy proxy{folder.path(), PostgresServer::get().socket()};
};

using Moment = CuttingProxy::Moment;

}  // namespace

TEST_CASE("postgres: a connection lost at any moment of a commit leaves it done once", "[persistence][fault]") {
  const auto moment = GENERATE(Moment::before_request, Moment::after_request, Moment::before_reply);
  Cut cut;
  auto pair = opened(cut.proxied);
  must(append_numbered(*pair.writer, 1));
  for (int n = 2; n <= 4; ++n) {
    cut.proxy.cut_next_commit(moment);
    must(append_numbered(*pair.writer, n));
    CHECK(cut.proxy.has_cut());
  }
  must(append_numbered(*pair.writer, 5));
  const auto reader = must(read_postgres_journal(cut.url));
  for (int n = 1; n <= 5; ++n)
    CHECK(has_numbered(*reader, n));
  CHECK(must(reader->verify()) == 5);
  CHECK(must(reader->broker_calls({})).rows.size() == 5);
}

TEST_CASE("postgres: a commit whose fate cannot be found out is called unknown", "[persistence][fault]") {
  const auto moment = GENERATE(Moment::before_request, Moment::before_reply);
  Cut cut;
  postgres::Options options;
  options.url = cut.proxied;
  options.resolve_patience = std::chrono::seconds{1};
  auto pair = must(postgres::open_journal(options));
  must(append_numbered(*pair.writer, 1));
  cut.proxy.cut_next_commit(moment, true);
  const auto status = append_numbered(*pair.writer, 2);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::unknown);
  cut.proxy.mend();
  const auto after = append_numbered(*pair.writer, 3);
  REQUIRE_FALSE(after.ok());
  CHECK(after.error().code == "STORE_REOPEN");
  pair = {};
  pair = opened(cut.url);
  CHECK(has_numbered(*pair.reader, 2) == (moment == Moment::before_reply));
  CHECK_FALSE(has_numbered(*pair.reader, 3));
  must(append_numbered(*pair.writer, 4));
  CHECK(must(pair.reader->verify()) == (moment == Moment::before_reply ? 3 : 2));
}

TEST_CASE("postgres: an idle session that the server ended comes back by itself", "[persistence][fault]") {
  const auto url = PostgresServer::get().new_schema();
  auto pair = opened(url);
  must(append_numbered(*pair.writer, 1));
  CHECK(has_numbered(*pair.reader, 1));
  end_sessions(url);
  must(append_numbered(*pair.writer, 2));
  CHECK(has_numbered(*pair.reader, 2));
  CHECK(must(pair.reader->verify()) == 2);
}

TEST_CASE("postgres: what the server refuses is not written, and no reason to end", "[persistence][fault]") {
  const auto url = PostgresServer::get().new_schema();
  auto pair = opened(url);
  must(append_numbered(*pair.writer, 1));
  PostgresServer::meddle(url, "ALTER TABLE orders RENAME TO elsewhere");
  for (int n = 2; n <= 3; ++n) {
    const auto status = append_numbered(*pair.writer, n);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().kind == ErrorKind::unavailable);
    CHECK_THAT(status.error().detail, Catch::Contains("orders"));
  }
  PostgresServer::meddle(url, "ALTER TABLE elsewhere RENAME TO orders");
  must(append_numbered(*pair.writer, 4));
  CHECK_FALSE(has_numbered(*pair.reader, 2));
  CHECK(must(pair.reader->verify()) == 2);
}

TEST_CASE("postgres: a second process is told who holds the journal", "[persistence][fault]") {
  const auto url = PostgresServer::get().new_schema();
  postgres::Options options;
  options.url = url;
  options.holder = "process 17 on rome";
  auto first = must(postgres::open_journal(options));
  const auto refused = open_postgres_journal({url, {}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(refused.error().code == "STORE_IN_USE");
  CHECK_THAT(refused.error().detail, Catch::Contains("in use by process 17 on rome since 20"));
  // Reading needs no leave.
  must(append_numbered(*first.writer, 1));
  CHECK(has_numbered(*must(read_postgres_journal(url)), 1));
  // One who waits takes over when the first one goes; it has come when the server has one more session of ours.
  const auto before = sessions(url);
  auto waiting = std::async(std::launch::async, [&] {
    return open_postgres_journal({url, std::chrono::seconds{20}});
  });
  while (sessions(url) == before && waiting.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
  }
  first = {};
  auto second = must(waiting.get());
  must(append_numbered(*second.writer, 2));
  CHECK(must(second.reader->verify()) == 2);
}

TEST_CASE("postgres: whom another process took over from can write no more", "[persistence][fault]") {
  const auto url = PostgresServer::get().new_schema();
  auto first = opened(url);
  must(append_numbered(*first.writer, 1));
  end_sessions(url);  // as if the network between the first and the server had gone
  auto second = opened(url);
  must(append_numbered(*second.writer, 2));
  for (int n = 3; n <= 4; ++n) {
    const auto status = append_numbered(*first.writer, n);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == "STORE_FENCED");
    CHECK_THAT(status.error().detail, Catch::Contains("taken over by process " + std::to_string(getpid()) + " on "));
  }
  const auto idle = first.writer->append({});
  REQUIRE_FALSE(idle.ok());
  CHECK(idle.error().code == "STORE_FENCED");
  must(append_numbered(*second.writer, 5));
  must(second.writer->append({}));
  CHECK_FALSE(has_numbered(*second.reader, 3));
  CHECK(must(second.reader->verify()) == 3);
}

TEST_CASE("postgres: an old epoch is refused by the commit itself", "[persistence][fault]") {
  // The session lives, so that nothing but the epoch stands in the way.
  const auto url = PostgresServer::get().new_schema();
  auto pair = opened(url);
  must(append_numbered(*pair.writer, 1));
  PostgresServer::meddle(url, "UPDATE journal_head SET epoch=epoch+1, holder='process 9 on oslo', taken_at='noon'");
  const auto status = append_numbered(*pair.writer, 2);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == "STORE_FENCED");
  CHECK_THAT(status.error().detail, Catch::Contains("taken over by process 9 on oslo at noon"));
  CHECK_FALSE(has_numbered(*pair.reader, 2));
}

TEST_CASE("postgres: two that open a new journal at once do not both get it", "[persistence][fault]") {
  for (int round = 0; round < 8; ++round) {  // who is how far when is chance
    const auto url = PostgresServer::get().new_schema();
    std::vector<Result<JournalPair>> both;
    both.emplace_back(Error{});
    both.emplace_back(Error{});
    std::thread other{[&] { both[0] = open_postgres_journal({url, {}}); }};
    both[1] = open_postgres_journal({url, {}});
    other.join();
    REQUIRE(both[0].ok() + both[1].ok() == 1);
    REQUIRE(both[both[0].ok() ? 1 : 0].error().code == "STORE_IN_USE");
  }
}

TEST_CASE("postgres: what was acknowledged survives a kill of the writer", "[persistence][fault]") {
  const auto url = PostgresServer::get().new_schema();
  int acknowledged = 0;
  for (int round = 0; round < 4; ++round) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      auto pair = open_postgres_journal({url, std::chrono::seconds{20}});
      for (int n = acknowledged + 1; pair.ok(); ++n) {
        auto batch = numbered(n);
        Batch* const one[]{&batch};
        if (!pair.value().writer->append(one) || write(ends[1], &n, sizeof n) != sizeof n)
          break;
      }
      _exit(1);
    }
    close(ends[1]);
    const int wanted = acknowledged + 1 + round * 7;
    while (acknowledged < wanted)
      REQUIRE(read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    close(ends[0]);
    auto pair = opened(url);
    const auto last = must(pair.reader->recover(minute(0), minute(0))).last_seq;
    CHECK(last >= acknowledged);
    CHECK(last <= acknowledged + 1);  // committed, and killed before it could say so
    CHECK(must(pair.reader->verify()) == last);
    for (int n = 1; n <= last; ++n)
      REQUIRE(has_numbered(*pair.reader, n));
    acknowledged = static_cast<int>(last);
  }
}

TEST_CASE("postgres: what is not ours, newer or not there is refused", "[persistence][fault]") {
  const auto foreign = PostgresServer::get().new_schema();
  PostgresServer::meddle(foreign, "CREATE TABLE photos (a int)");
  CHECK(open_code(foreign) == "STORE_FOREIGN");
  const auto newer = PostgresServer::get().new_schema();
  CHECK(open_code(newer) == "opened");
  PostgresServer::meddle(newer, "INSERT INTO schema_migrations (number, name) VALUES (99, 'later')");
  const auto refused = open_postgres_journal({newer, {}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == "STORE_NEWER");
  CHECK_THAT(refused.error().detail, Catch::Contains("version 99"));
  CHECK(read_postgres_journal(newer).error().code == "STORE_NEWER");
  const auto nowhere = open_postgres_journal({"postgresql://ann:secret@localhost:1/heed?connect_timeout=2", {}});
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.error().code == "STORE_UNREACHABLE");
  CHECK_THAT(nowhere.error().detail, Catch::Contains("postgresql://localhost:1/heed"));
  CHECK_THAT(nowhere.error().detail, !Catch::Contains("secret"));
}

TEST_CASE("postgres: a changed, dropped or added journal row is found and named", "[persistence][fault]") {
  struct Case {
    const char* name;
    const char* sql;
    const char* says;
    bool opens;  // the end of the chain is looked at when opening, the rest by verify
  };
  const auto c = GENERATE(values<Case>({
    {"payload", "UPDATE journal SET payload='{}' WHERE seq=5", "journal row 5 does not fit", true},
    {"text moved between columns", "UPDATE journal SET account='', symbol='mainNVDA' WHERE seq=3",
     "journal row 3 does not fit", true},
    {"no instant", "UPDATE journal SET at='yesterday' WHERE seq=4", "yesterday", true},
    {"hash", "UPDATE journal SET hash=decode(repeat('00',32),'hex') WHERE seq=7", "journal row 7 does not fit", true},
    {"short hash", "UPDATE journal SET hash='' WHERE seq=7", "journal row 7 does not fit", true},
    {"first dropped", "DELETE FROM journal WHERE seq=1", "journal row 1 is missing", true},
    {"middle dropped", "DELETE FROM journal WHERE seq=6", "journal row 6 is missing", true},
    {"two swapped",
     "UPDATE journal SET seq=-1 WHERE seq=4; UPDATE journal SET seq=4 WHERE seq=5; UPDATE journal SET seq=5 WHERE "
     "seq=-1",
     "journal row 4 does not fit", true},
    {"last dropped", "DELETE FROM journal WHERE seq=10", "the journal ends at row 9", false},
    {"all dropped", "DELETE FROM journal", "the journal ends at row 0", false},
    {"added before",
     "INSERT INTO journal SELECT 0,at,type,account,symbol,signal,\"order\",payload,hash FROM journal WHERE seq=1",
     "journal row 1 is missing", true},
    {"added behind",
     "INSERT INTO journal SELECT 11,at,type,account,symbol,signal,\"order\",payload,hash FROM journal WHERE seq=10",
     "journal row 11 does not fit", false},
    {"end forgotten", "DELETE FROM journal_head", "its chain at row 0", false},
  }));
  INFO(c.name);
  const auto url = PostgresServer::get().new_schema();
  {
    auto pair = opened(url);
    for (int n = 1; n <= 10; ++n)
      must(append_numbered(*pair.writer, n));
    CHECK(must(pair.reader->verify()) == 10);
  }
  PostgresServer::meddle(url, c.sql);
  const auto checked = must(read_postgres_journal(url))->verify();
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == "STORE_DAMAGED");
  CHECK_THAT(checked.error().detail, Catch::Contains(c.says));
  const auto result = open_postgres_journal({url, std::chrono::seconds{20}});
  CHECK(result.ok() == c.opens);
  if (!result)
    CHECK(result.error().code == "STORE_DAMAGED");
}

TEST_CASE("postgres: any bytes become text that it can hold, and come back", "[persistence]") {
  const auto there = [](const std::string& text) {
    std::string out;
    postgres::append_storable(out, text);
    return out;
  };
  for (const auto& text :
       {std::string{}, std::string{"plain"}, std::string{"a\0b", 3}, std::string{"\xff\xfe\xc0\x80"},
        std::string{"\xe2\x82\xac \xf0\x9f\x98\x80"}, std::string{"\xF4\x8F\xBC\x80"},
        std::string{"\xF4\x8F\xBF\xBF\xF4\x8F\xBF"}, std::string{"\xF4\x8F\xBB\xBF"}}) {
    INFO(to_json(text));
    CHECK(postgres::from_storable(there(text)) == text);
    CHECK(there(text).find('\0') == std::string::npos);
  }
  CHECK(there("plain") == "plain");
  CHECK(there("\xe2\x82\xac") == "\xe2\x82\xac");
  CHECK(there("\xF4\x8F\xBC\x80") != there(std::string{"\0", 1}));
  std::string literal;
  postgres::append_literal(literal, "it's '' \\");
  CHECK(literal == "'it''s '''' \\'");
}
