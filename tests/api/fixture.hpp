// An API server on a real loopback socket over a daemon that answers from memory, and clients for it.
#pragma once

#include "api/server.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace heed::api::test {

/// A daemon with one account "paper" and one inbox "calls". Remembers what it was asked.
class FakeDaemon final : public DaemonPort {
public:
  void submit_mentions(SourceId source, std::vector<Mention> mentions, std::vector<RejectedInputRow> rejected,
                       Instant arrival, Done<std::vector<MentionReceipt>> done) override;
  void submit_intent(Intent intent, Done<IntentReceipt> done) override;
  void close_position(CloseRequest request, Done<Decision> done) override;
  void adopt_position(Intent intent, Done<Decision> done) override;
  void pause(PauseRequest request, Done<Pause> done) override;
  void resume(PauseRequest request, Done<std::int32_t> done) override;
  void kill(KillRequest request, Done<std::vector<AccountId>> done) override;
  void account_snapshot(AccountId account, Done<AccountSnapshot> done) override;
  void risk_usage(AccountId account, Done<RiskUsage> done) override;
  void risk_limits(AccountId account, Done<RiskLimits> done) override;
  void inspect_tree(Done<std::string> done) override;
  void inspect_actor(std::string name, Done<std::string> done) override;
  std::vector<SourceId> inboxes() const override { return inbox_names; }
  std::vector<AccountId> accounts() const override { return {"paper"}; }
  DaemonStatus status() override;
  std::vector<ScheduleEntry> schedule() override;
  std::vector<MetricSample> metrics() override;
  BacktestPort* backtests() override { return runs; }

  std::vector<SourceId> inbox_names{"calls"};
  bool ready = true;
  BacktestPort* runs = nullptr;
  std::optional<Error> failure;  // answered to every request

  std::mutex mutex;
  std::vector<Mention> mentions;
  std::vector<RejectedInputRow> rejected;
  Instant arrival{};                      // of the last mentions
  std::map<std::string, Intent> intents;  // by idempotency key
  std::optional<CloseRequest> closed;
  std::optional<Intent> adopted;
  std::optional<PauseRequest> paused, resumed;
  std::optional<KillRequest> killed;

private:
  template <class T>
  bool fails(const Done<T>& done);
  std::map<std::string, std::size_t> signals_;  // where in `mentions`
};

struct Reply {
  int status = 0;
  net::Headers headers;
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
  std::string header(std::string_view name) const { return std::string{net::header(headers, name)}; }
};

class TestApi {
public:
  explicit TestApi(const std::function<void(ApiOptions&)>& change = {}, std::size_t feed_window = 4096);
  ~TestApi();

  Reply ask(const std::string& method, const std::string& target, const std::string& body = {},
            net::Headers headers = {});
  Reply get(const std::string& target, net::Headers headers = {}) {
    return ask("GET", target, {}, std::move(headers));
  }
  /// With Content-Type: application/json.
  Reply post(const std::string& target, const std::string& body, net::Headers headers = {});
  /// Writes one batch, and publishes its events.
  void commit(Batch batch, bool publish = true);
  /// `count` events of `type`, in one batch each.
  void commit_events(int count, const std::string& type, bool publish = true);

  FakeDaemon daemon;
  JournalPair journal = open_memory_journal();
  EventFeed feed;
  net::Runtime runtime;
  std::unique_ptr<ApiServer> server;
  std::shared_ptr<net::HttpClient> client;
};

/// A raw connection: for what an honest client would not send, and for streams.
class RawClient {
public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  void send(const std::string& bytes);
  /// Reads until `mark` has come `times` times; everything read so far. Gives up when the peer closes or is silent
  /// for ten seconds.
  std::string read_until(const std::string& mark, int times = 1);

private:
  int socket_ = -1;
  std::string read_;
};

Instant at(const std::string& text);
/// A signal of source "calls" for NVDA with one decision of "paper".
Batch signal_batch(const std::string& id, const std::string& received_at, Disposition disposition);

}  // namespace heed::api::test
