// The notifier against a real receiver on loopback.

#include "app/notifier.hpp"
#include "app/telling.hpp"
#include "net/json.hpp"
#include "net/runtime.hpp"
#include "tests/net/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>

using namespace heed;
using namespace std::chrono_literals;
using config::NotifyEvent;
using net::test::Inbox;

namespace {

Note note(int number) {
  Note out;
  out.kind = NotifyEvent::entry;
  out.key = "entry:" + std::to_string(number);
  out.text = "paper: note " + std::to_string(number);
  out.account = "paper";
  out.symbol = "NVDA";
  out.signal = "sig-1";
  out.at = *parse_rfc3339("2025-06-02T16:00:00Z");
  return out;
}

/// Answers with the planned statuses, then with 200.
struct Receiver {
  net::Runtime& network;
  std::mutex mutex;
  std::deque<net::HttpResponse> planned;
  bool silent = false;
  std::vector<std::shared_ptr<net::Responder>> unanswered;
  Inbox<net::HttpRequest> requests;
  std::unique_ptr<net::HttpServer> server;
  std::uint16_t port = 0;

  explicit Receiver(net::Runtime& n) : network{n} {
    server = network.server(
      [this](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
        net::HttpResponse answer;
        answer.status = 200;
        {
          const std::scoped_lock lock{mutex};
          if (silent)
            unanswered.push_back(responder);
          if (!planned.empty()) {
            answer = planned.front();
            planned.pop_front();
          }
        }
        if (!silent)
          responder->respond(std::move(answer));
        requests.put(std::move(request));
      },
      {});
    port = server->listen("127.0.0.1:0").value();
  }
  void plan(int status, net::Headers headers = {}) {
    const std::scoped_lock lock{mutex};
    planned.push_back({status, std::move(headers), ""});
  }
};

struct Fixture {
  net::Runtime network;
  Receiver receiver{network};
  Inbox<NotifyOutcome> outcomes;
  NotifierOptions options;
  std::shared_ptr<Notifier> notifier;

  Fixture() {
    options.kinds = {NotifyEvent::entry};
    options.per_minute_max = 600;
    options.backoff_first = 5ms;
    options.backoff_max = 20ms;
  }
  ~Fixture() {
    if (notifier)
      notifier->stop();
  }
  void add(NotifyTarget::Form form, std::uint16_t port, std::string name = "webhook") {
    options.targets.push_back(
      {std::move(name), form, network.http_client({false, "127.0.0.1", port}, 1), "/hook?token=secret"});
  }
  void start() {
    notifier = std::make_shared<Notifier>(std::move(options), network.timers(),
                                          [this](NotifyOutcome outcome) { outcomes.put(std::move(outcome)); });
  }
};

}  // namespace

TEST_CASE("notifier: a note arrives, and what became of it is told", "[notify]") {
  Fixture f;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  f.notifier->publish({note(1)});
  const auto request = f.receiver.requests.take();
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->target == "/hook?token=secret");
  CHECK(net::header(request->headers, "Content-Type") == "application/json");
  const auto body = net::parse_json(request->body).value();
  REQUIRE(body.find("notes")->items.size() == 1);
  const auto& sent = body.find("notes")->items[0];
  CHECK(sent.find("kind")->text == "entry");
  CHECK(sent.find("text")->text == "paper: note 1");
  CHECK(sent.find("symbol")->text == "NVDA");
  CHECK(sent.find("key")->text == "entry:1");
  const auto outcome = f.outcomes.take();
  REQUIRE(outcome);
  CHECK(outcome->sent);
  CHECK(outcome->attempts == 1);
  const auto event = outcome_event(*outcome, note(1).at);
  CHECK(event.type == "notification_sent");
  CHECK(event.signal == SignalId{"sig-1"});
  CHECK(event.payload == R"({"target":"webhook","attempts":1,"answer":"HTTP 200","notes":["paper: note 1"]})");
  CHECK(f.notifier->counts().sent == 1);
  CHECK(f.notifier->counts().waiting == 0);
}

TEST_CASE("notifier: Slack gets its own form", "[notify]") {
  Fixture f;
  f.add(NotifyTarget::Form::slack, f.receiver.port, "slack");
  f.start();
  f.notifier->publish({note(1)});
  const auto request = f.receiver.requests.take();
  REQUIRE(request);
  CHECK(request->body == R"({"text":"paper: note 1"})");
}

TEST_CASE("notifier: the same thing is told once", "[notify]") {
  Fixture f;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  f.notifier->publish({note(1), note(1)});
  f.notifier->publish({note(1)});
  f.notifier->publish({note(2)});
  REQUIRE(f.outcomes.take());
  const auto second = f.outcomes.take();
  REQUIRE(second);
  CHECK(second->notes[0].key == "entry:2");
  CHECK(f.notifier->counts().sent == 2);
  CHECK(f.notifier->counts().repeated == 2);
}

TEST_CASE("notifier: what may be tried again is, and what may not is given up with its answer", "[notify]") {
  Fixture f;
  f.options.attempts_max = 3;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  f.receiver.plan(500);
  f.receiver.plan(429, {{"Retry-After", "0"}});
  f.notifier->publish({note(1)});
  auto outcome = f.outcomes.take();
  REQUIRE(outcome);
  CHECK(outcome->sent);
  CHECK(outcome->attempts == 3);
  f.receiver.plan(404);
  f.notifier->publish({note(2)});
  outcome = f.outcomes.take();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->sent);
  CHECK(outcome->attempts == 1);
  CHECK(outcome->detail == "HTTP 404");
  CHECK(outcome_event(*outcome, note(1).at).type == "notification_failed");
  for (int i = 0; i < 3; ++i)
    f.receiver.plan(503);
  f.notifier->publish({note(3)});
  outcome = f.outcomes.take();
  REQUIRE(outcome);
  CHECK(outcome->attempts == 3);
  CHECK(outcome->detail == "HTTP 503");
  CHECK(f.notifier->counts().failed == 2);
}

TEST_CASE("notifier: an address that is down holds back nobody else, and is no secret told", "[notify]") {
  Fixture f;
  std::uint16_t closed = 0;
  {
    Receiver gone{f.network};
    closed = gone.port;
    gone.server->stop(0ms);
  }
  f.options.attempts_max = 2;
  f.add(NotifyTarget::Form::slack, closed, "slack");
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  f.notifier->publish({note(1)});
  REQUIRE(f.receiver.requests.take());
  std::map<std::string, NotifyOutcome> by_target;
  for (int i = 0; i < 2; ++i) {
    const auto outcome = f.outcomes.take();
    REQUIRE(outcome);
    by_target[outcome->target] = *outcome;
  }
  CHECK(by_target["webhook"].sent);
  CHECK_FALSE(by_target["slack"].sent);
  CHECK(by_target["slack"].attempts == 2);
  CHECK(by_target["slack"].detail.find("secret") == std::string::npos);
}

TEST_CASE("notifier: what waits is gathered into fewer messages, and bounded", "[notify]") {
  Fixture f;
  f.options.per_minute_max = 5;  // one at once, then one in twelve seconds
  f.options.waiting_max = 30;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  std::vector<Note> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(note(i));
  f.notifier->publish(std::move(many));
  const auto first = f.outcomes.take();
  REQUIRE(first);
  CHECK(first->notes.size() == 20);  // more wait than may leave one by one
  CHECK(first->notes.front().key == "entry:70");
  CHECK(first->notes.back().text.find("70 earlier notes were dropped") != std::string::npos);
  CHECK(f.notifier->counts().dropped == 70);
  CHECK(f.notifier->counts().waiting == 10);
  CHECK(f.receiver.requests.size() == 1);
}

TEST_CASE("notifier: kinds that nobody asked for are not told, and a reload changes them", "[notify]") {
  Fixture f;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  PauseRow pause;
  pause.pause.account = "paper";
  pause.pause.cause = "manual";
  pause.pause.by = "eva";
  Batch batch;
  batch.rows.emplace_back(pause);
  f.notifier->publish(std::span<const Batch>{&batch, 1});
  f.notifier->configure({NotifyEvent::pause}, 600);
  f.notifier->publish(std::span<const Batch>{&batch, 1});
  const auto outcome = f.outcomes.take();
  REQUIRE(outcome);
  CHECK(outcome->notes[0].kind == NotifyEvent::pause);
  CHECK(f.notifier->counts().sent == 1);
}

TEST_CASE("notifier: a receiver that never answers keeps nobody from ending", "[notify]") {
  Fixture f;
  f.add(NotifyTarget::Form::json, f.receiver.port);
  f.start();
  f.receiver.silent = true;
  f.notifier->publish({note(1)});
  REQUIRE(f.receiver.requests.take());
  f.notifier->stop();
  f.notifier.reset();
  f.receiver.unanswered.clear();
  CHECK(f.outcomes.size() == 0);
}

TEST_CASE("notifier: targets come from the configuration, whole", "[notify]") {
  net::Runtime network;
  config::Notify notify;
  CHECK(notifier_options(notify, network).targets.empty());
  notify.slack_url = config::Secret{"https://hooks.slack.com/services/T0/B0/x"};
  notify.webhook_url = config::Secret{"http://127.0.0.1:9?token=1"};
  const auto options = notifier_options(notify, network);
  REQUIRE(options.targets.size() == 2);
  CHECK(options.targets[0].name == "slack");
  CHECK(options.targets[0].form == NotifyTarget::Form::slack);
  CHECK(options.targets[0].path == "/services/T0/B0/x");
  CHECK(options.targets[1].path == "/?token=1");
  CHECK(options.kinds.size() == 8);
}
