// The event stream: live, resumed, across the two, and when too much lies between.
#include "api/stream.hpp"
#include "tests/api/fixture.hpp"

#include <catch2/catch.hpp>

namespace heed::api::test {
namespace {

std::string request(const std::string& query = {}, const std::string& last_event_id = {}) {
  return "GET /api/v1/stream" + query + " HTTP/1.1\r\nHost: localhost\r\n" +
         (last_event_id.empty() ? "" : "Last-Event-ID: " + last_event_id + "\r\n") + "\r\n";
}

/// The ids of the messages, in order of arrival.
std::vector<int> ids(const std::string& text) {
  std::vector<int> out;
  for (auto at = text.find("id: "); at != std::string::npos; at = text.find("id: ", at + 4))
    out.push_back(std::stoi(text.substr(at + 4)));
  return out;
}

std::vector<int> range(int first, int last) {
  std::vector<int> out;
  for (int i = first; i <= last; ++i)
    out.push_back(i);
  return out;
}

JournalEvent numbered(std::int64_t seq) {
  JournalEvent event;
  event.seq = seq;
  event.type = "order_planned";
  return event;
}

}  // namespace

TEST_CASE("events arrive live, as messages with id, class and data", "[api][stream]") {
  TestApi api;
  RawClient client{api.server->port()};
  client.send(request());
  CHECK(client.read_until(": heed\n\n").find("text/event-stream") != std::string::npos);
  api.commit_events(2, "fill_booked");
  const auto text = client.read_until("\"number\":1");
  CHECK(ids(text) == range(1, 2));
  CHECK(text.find("event: fill\ndata: {\"seq\":1,\"at\":\"2026-11-20T15:00:00.000000Z\",\"type\":\"fill_booked\"") !=
        std::string::npos);
}

TEST_CASE("a stream opened later begins with what comes next", "[api][stream]") {
  TestApi api;
  api.commit_events(5, "order_planned");
  RawClient client{api.server->port()};
  client.send(request());
  client.read_until(": heed\n\n");
  api.commit_events(2, "order_planned");
  CHECK(ids(client.read_until("id: 7\n")) == range(6, 7));
}

TEST_CASE("Last-Event-ID resumes without gap or repeat", "[api][stream]") {
  struct Case {
    const char* name;
    int stored;     // in the journal before this process
    int published;  // by this process, before the client comes
    std::size_t window;
    int last_id;
  };
  const auto c = GENERATE(values<Case>({
    {"from the window", 0, 10, 4096, 4},
    {"from the journal, then the window", 10, 10, 4096, 4},
    {"from the journal, since the window is short", 0, 40, 8, 4},
    {"from the journal alone, nothing published yet", 10, 0, 4096, 4},
    {"from the beginning", 10, 10, 4, 0},
    {"nothing missed", 10, 10, 4096, 20},
    {"nothing missed, nothing published yet", 10, 0, 4096, 10},
  }));
  INFO(c.name);
  TestApi api{{}, c.window};
  api.commit_events(c.stored, "order_planned", false);
  api.commit_events(c.published, "order_planned");
  RawClient client{api.server->port()};
  client.send(request({}, std::to_string(c.last_id)));
  client.read_until(": heed\n\n");
  const int last = c.stored + c.published;
  if (last > c.last_id)
    client.read_until("id: " + std::to_string(last) + "\n");
  api.commit_events(3, "order_planned");
  CHECK(ids(client.read_until("id: " + std::to_string(last + 3) + "\n")) == range(c.last_id + 1, last + 3));
}

TEST_CASE("who lies too far back, or in the future, is told to begin again", "[api][stream]") {
  TestApi api{[](ApiOptions& options) { options.stream_backlog_max = 100; }, 8};
  api.commit_events(700, "order_planned");
  const auto* id = GENERATE("1", "100000");
  RawClient client{api.server->port()};
  client.send(request({}, id));
  const auto text = client.read_until("event: resync");
  CHECK(text.find("id: 700\nevent: resync\n") != std::string::npos);
  api.commit_events(1, "order_planned");
  CHECK(client.read_until("id: 701\n").find("id: 701\nevent: order") != std::string::npos);
}

TEST_CASE("only the classes asked for are sent", "[api][stream]") {
  TestApi api;
  RawClient client{api.server->port()};
  client.send(request("?types=trade,risk"));
  client.read_until(": heed\n\n");
  api.commit_events(1, "order_planned");
  api.commit_events(1, "pause_started");
  api.commit_events(1, "fill_booked");
  api.commit_events(1, "trade_closed");
  const auto text = client.read_until("id: 4\n");
  CHECK(ids(text) == std::vector<int>{2, 4});
}

TEST_CASE("bad ids and too many streams are refused", "[api][stream]") {
  TestApi api{[](ApiOptions& options) { options.streams_max = 1; }};
  for (const auto* id : {"x", "-1", "1.5", "99999999999999999999"})
    CHECK(api.get("/api/v1/stream", {{"Last-Event-ID", id}}).json()["code"] == "LAST_EVENT_ID_INVALID");
  RawClient client{api.server->port()};
  client.send(request());
  client.read_until(": heed\n\n");
  CHECK(api.get("/api/v1/stream").json()["code"] == "STREAMS_FULL");
}

TEST_CASE("stopping ends the streams", "[api][stream]") {
  TestApi api;
  RawClient client{api.server->port()};
  client.send(request());
  client.read_until(": heed\n\n");
  api.server->stop(std::chrono::seconds{5});
  // The server closes, so this returns with what there was instead of waiting.
  CHECK(client.read_until("never").find("event:") == std::string::npos);
  api.commit_events(1, "order_planned");
}

TEST_CASE("idle streams hear that the daemon is there", "[api][stream]") {
  TestApi api{[](ApiOptions& options) { options.heartbeat = std::chrono::milliseconds{1}; }};
  RawClient client{api.server->port()};
  client.send(request());
  CHECK(client.read_until(": still here\n\n", 2).find(": still here") != std::string::npos);
}

TEST_CASE("types of the journal fall into the stream's classes", "[api][stream]") {
  struct Case {
    const char* type;
    const char* name;
  };
  const auto c = GENERATE(values<Case>({{"signal_received", "signal"},
                                        {"decision_made", "signal"},
                                        {"order_accepted", "order"},
                                        {"fill_booked", "fill"},
                                        {"position_opened", "position"},
                                        {"trade_closed", "trade"},
                                        {"pause_started", "risk"},
                                        {"kill_switch", "risk"},
                                        {"daemon_started", "system"},
                                        {"", "system"}}));
  CHECK(stream_classes[stream_class(c.type)] == c.name);
}

TEST_CASE("the feed keeps a window and says when it does not reach", "[api][feed]") {
  EventFeed feed{3};
  CHECK_FALSE(feed.after(0, 10).complete);
  CHECK(feed.after(EventFeed::from_first, 10).complete);
  feed.publish({numbered(5), numbered(6)});
  CHECK(feed.last_seq() == 6);
  CHECK(feed.after(4, 10).events.size() == 2);
  CHECK(feed.after(4, 1).events.size() == 1);
  CHECK_FALSE(feed.after(3, 10).complete);
  CHECK(feed.after(EventFeed::from_first, 10).events.size() == 2);
  feed.publish({numbered(6), numbered(7), numbered(8)});
  CHECK_FALSE(feed.after(4, 10).complete);
  CHECK_FALSE(feed.after(EventFeed::from_first, 10).complete);
  const auto tail = feed.after(5, 10);
  CHECK(tail.complete);
  REQUIRE(tail.events.size() == 3);
  CHECK(tail.events.front()->seq == 6);
  CHECK(feed.after(8, 10).complete);
}

}  // namespace heed::api::test
