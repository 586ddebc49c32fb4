#include "tests/api/fixture.hpp"

#include "core/mention_validation.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <future>
#include <stdexcept>

namespace heed::api::test {

Instant at(const std::string& text) { return parse_rfc3339(text).value(); }

template <class T>
bool FakeDaemon::fails(const Done<T>& done) {
  if (!failure)
    return false;
  done(*failure);
  return true;
}

void FakeDaemon::submit_mentions(SourceId, std::vector<Mention> fresh, std::vector<RejectedInputRow> refused,
                                 Instant arrived, Done<std::vector<MentionReceipt>> done) {
  if (fails(done))
    return;
  std::vector<MentionReceipt> receipts;
  {
    const std::lock_guard lock{mutex};
    rejected.insert(rejected.end(), refused.begin(), refused.end());
    arrival = arrived;
    for (auto& mention : fresh) {
      const auto [known, inserted] = signals_.try_emplace(mention.signal.str(), mentions.size());
      receipts.push_back({static_cast<std::int64_t>(known->second) + 1, mention.signal, !inserted, {}});
      if (inserted)
        mentions.push_back(std::move(mention));
      else if (!core::differences(mentions[known->second], mention, arrival).empty())
        receipts.back().refused = "is another's";
    }
  }
  done(std::move(receipts));
}

void FakeDaemon::submit_intent(Intent intent, Done<IntentReceipt> done) {
  if (fails(done))
    return;
  const std::lock_guard lock{mutex};
  const auto [found, fresh] = intents.try_emplace(intent.idempotency_key, intent);
  if (!fresh && found->second.symbol != intent.symbol)
    return done(Error{ErrorKind::rejected, "409", "the key belongs to another intent"});
  done(IntentReceipt{intent.signal, !fresh});
}

void FakeDaemon::close_position(CloseRequest request, Done<Decision> done) {
  if (fails(done))
    return;
  closed = request;
  done(Decision{"s-close", request.account, {DispositionKind::in_flight, ""}, "", {}});
}

void FakeDaemon::adopt_position(Intent intent, Done<Decision> done) {
  if (fails(done))
    return;
  adopted = intent;
  done(Decision{"s-adopt", intent.account, {DispositionKind::filled, ""}, "", {}});
}

void FakeDaemon::pause(PauseRequest request, Done<Pause> done) {
  if (fails(done))
    return;
  paused = request;
  Pause out;
  out.account = request.account;
  out.symbol = request.symbol;
  out.cause = "manual";
  out.detail = request.reason;
  out.by = request.by;
  done(out);
}

void FakeDaemon::resume(PauseRequest request, Done<std::int32_t> done) {
  if (fails(done))
    return;
  resumed = request;
  done(1);
}

void FakeDaemon::kill(KillRequest request, Done<std::vector<AccountId>> done) {
  if (fails(done))
    return;
  killed = request;
  done(accounts());
}

void FakeDaemon::account_snapshot(AccountId account, Done<AccountSnapshot> done) {
  if (fails(done))
    return;
  AccountSnapshot out;
  out.account = account;
  out.known = true;
  out.equity = *Decimal::parse("100000.25");
  done(out);
}

void FakeDaemon::risk_limits(AccountId, Done<RiskLimits> done) {
  if (!fails(done))
    done(RiskLimits{});
}

void FakeDaemon::risk_usage(AccountId account, Done<RiskUsage> done) {
  if (fails(done))
    return;
  RiskUsage out;
  out.account = account;
  out.known = true;
  out.limits = {{LimitName::daily_trades, {}, Decimal{3}, Decimal{10}}};
  done(out);
}

void FakeDaemon::inspect_tree(Done<std::string> done) { done(std::string{R"({"actors":["journal"]})"}); }

void FakeDaemon::inspect_actor(std::string name, Done<std::string> done) {
  if (name == "position:paper/NVDA")
    done(std::string{R"({"name":"position:paper/NVDA"})"});
  else
    done(Error{ErrorKind::invalid, "ACTOR_UNKNOWN", "there is no actor " + name});
}

DaemonStatus FakeDaemon::status() {
  DaemonStatus out;
  out.version = "1.2.3";
  out.mode = "paper";
  out.now = at("2026-11-20T15:00:00Z");
  out.started_at = at("2026-11-20T14:00:00Z");
  out.ready = ready;
  out.signals_in = 3;
  out.components = {{"journal", ready, "SQLite"}};
  return out;
}

std::vector<ScheduleEntry> FakeDaemon::schedule() {
  return {{"exit_scan", "35 9 * * 1-5 America/New_York", at("2026-11-23T14:35:00Z"), std::nullopt}};
}

std::vector<MetricSample> FakeDaemon::metrics() {
  return {{"heed_signals_total", "source=\"calls\"", 3, "Signals.", "counter"},
          {"heed_commit_seconds_bucket", "le=\"0.001\"", 2, "Commits.", "histogram"},
          {"heed_orders_unknown", "", 0, "Orders of unknown fate.", "gauge"},
          {"heed_commit_seconds_count", "", 2, "Commits.", "histogram"}};
}

TestApi::TestApi(const std::function<void(ApiOptions&)>& change, std::size_t feed_window) : feed{feed_window} {
  ApiOptions options;
  options.listen = "127.0.0.1:0";
  if (change)
    change(options);
  auto started = ApiServer::start(runtime, options, daemon, journal.reader, feed);
  INFO((started ? std::string{} : started.error().detail));
  REQUIRE(started);
  server = std::move(started).value();
  if (server->port() != 0)
    client = runtime.http_client({false, "127.0.0.1", server->port()}, 16);
}

TestApi::~TestApi() { server.reset(); }

// No assertions here nor in the daemon: both run on several threads, and Catch's are for one.
Reply TestApi::ask(const std::string& method, const std::string& target, const std::string& body,
                   net::Headers headers) {
  // Shared: the client's thread may still be inside of set_value when this one goes on.
  const auto answer = std::make_shared<std::promise<Result<net::HttpResponse>>>();
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.headers = std::move(headers);
  client->send(request, std::chrono::seconds{30},
               [answer](Result<net::HttpResponse> result) { answer->set_value(std::move(result)); });
  auto result = answer->get_future().get();
  if (!result)
    throw std::runtime_error{result.error().detail};
  return {result.value().status, result.value().headers, result.value().body};
}

Reply TestApi::post(const std::string& target, const std::string& body, net::Headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  return ask("POST", target, body, std::move(headers));
}

void TestApi::commit(Batch batch, bool publish) {
  std::vector<Batch*> batches{&batch};
  REQUIRE(journal.writer->append(batches));
  if (publish)
    feed.publish(batch.events);
}

void TestApi::commit_events(int count, const std::string& type, bool publish) {
  for (int i = 0; i < count; ++i) {
    Batch batch;
    JournalEvent event;
    event.at = at("2026-11-20T15:00:00Z");
    event.type = type;
    event.account = "paper";
    event.payload = "{\"number\":" + std::to_string(i) + "}";
    batch.events.push_back(event);
    commit(std::move(batch), publish);
  }
}

RawClient::RawClient(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket_ >= 0);
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawClient::~RawClient() { ::close(socket_); }

void RawClient::send(const std::string& bytes) {
  REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

std::string RawClient::read_until(const std::string& mark, int times) {
  const auto count = [&] {
    int found = 0;
    for (auto i = read_.find(mark); i != std::string::npos; i = read_.find(mark, i + mark.size()))
      ++found;
    return found;
  };
  char buffer[4096];
  while (count() < times) {
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0)
      break;
    read_.append(buffer, static_cast<std::size_t>(got));
  }
  return read_;
}

Batch signal_batch(const std::string& id, const std::string& received_at, Disposition disposition) {
  Batch batch;
  SignalRow signal;
  signal.signal = id;
  signal.source = "calls";
  signal.symbol = "NVDA";
  signal.action = "buy";
  signal.idempotency_key = "key-" + id;
  signal.body = R"({"symbol":"NVDA"})";
  signal.followers = 1;
  signal.received_at = at(received_at);
  Decision decision;
  decision.signal = id;
  decision.account = "paper";
  decision.disposition = std::move(disposition);
  decision.reason = "because";
  decision.at = at(received_at);
  batch.rows = {signal, decision};
  return batch;
}

}  // namespace heed::api::test
