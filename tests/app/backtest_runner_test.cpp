// Backtests in the daemon, over HTTP: the real API, runner and journal; what is between runner and journal can be
// held up and cut, as the journal's actor would.
#include "app/backtest_runner.hpp"
#include "backtest/store.hpp"
#include "net/gzip.hpp"
#include "persistence/json_write.hpp"
#include "tests/api/fixture.hpp"
#include "tests/backtest/files.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

using namespace heed;
using heed::api::test::Reply;
using heed::api::test::TestApi;
using Json = nlohmann::json;

namespace {

struct ClockAt final : Clock {
  Instant now() const override { return api::test::at("2026-11-20T15:00:00Z"); }
};

/// The way to the journal. Writes each batch at once, unless its run has reached a status that is held.
class Door {
public:
  explicit Door(JournalWriter& writer) : writer_{writer} {}

  void append(Batch batch, std::function<void(Status)> done) {
    std::unique_lock lock{mutex_};
    const auto run = run_of(batch);
    changed_.wait(lock, [&] { return !run || run->status != held_; });
    if (failures_ > 0) {
      --failures_;
      lock.unlock();
      return done(Error{ErrorKind::unavailable, "JOURNAL", "the disk is full"});
    }
    std::vector<Batch*> batches{&batch};
    auto status = writer_.append(batches);
    if (run)
      statuses_[run->run_id].push_back(run->status);
    changed_.notify_all();
    lock.unlock();
    done(std::move(status));
  }
  void hold(std::optional<BacktestStatus> status) {
    const std::scoped_lock lock{mutex_};
    held_ = status;
    changed_.notify_all();
  }
  void fail(int times) {
    const std::scoped_lock lock{mutex_};
    failures_ = times;
  }
  /// Blocks until the run's row says so.
  void wait_for(const std::string& run, BacktestStatus status) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] {
      const auto& all = statuses_[run];
      return std::find(all.begin(), all.end(), status) != all.end();
    });
  }
  std::vector<BacktestStatus> statuses(const std::string& run) {
    const std::scoped_lock lock{mutex_};
    return statuses_[run];
  }

private:
  static std::optional<BacktestRunRow> run_of(const Batch& batch) {
    for (const auto& row : batch.rows)
      if (const auto* run = std::get_if<BacktestRunRow>(&row))
        return *run;
    return std::nullopt;
  }

  JournalWriter& writer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<BacktestStatus> held_;
  int failures_ = 0;
  std::map<std::string, std::vector<BacktestStatus>> statuses_;
};

struct Box {
  backtest::test::Folder folder;
  TestApi api;
  Door door{*api.journal.writer};
  config::Config config;
  std::unique_ptr<BacktestRunner> runner;

  explicit Box(std::int32_t queue_max = 8) {
    std::filesystem::copy(HEED_SAMPLE, folder / "past", std::filesystem::copy_options::recursive);
    config.backtest.bars = folder / "past/bars";
    config.backtest.mentions = folder / "past";
    config.backtest.queue_max = queue_max;
    config.strategies.emplace_back().id = "mentions";
    start();
  }
  ~Box() {
    door.hold(std::nullopt);
    api.daemon.runs = nullptr;
  }

  void start() {
    auto started = BacktestRunner::start(
      {std::make_shared<ClockAt>(), api.journal.reader,
       [this](Batch batch, std::function<void(Status)> done) { door.append(std::move(batch), std::move(done)); },
       config, std::chrono::milliseconds{1}});
    REQUIRE(started);
    runner = std::move(started).value();
    api.daemon.runs = runner.get();
  }

  Reply post(const std::string& body) { return api.post("/api/v1/backtests", body); }
  std::string queued(const std::string& body = R"({"mentions":"calls.jsonl"})") {
    const auto reply = post(body);
    INFO(reply.body);
    REQUIRE(reply.status == 202);
    return reply.json()["run_id"];
  }
  Json get(const std::string& id) { return api.get("/api/v1/backtests/" + id).json(); }
  Json ended(const std::string& id, BacktestStatus how = BacktestStatus::done) {
    door.wait_for(id, how);
    return get(id);
  }
  /// The settings that the sample's expected trades were made with.
  static std::string sample(const std::string& more = {}) { return R"({"mentions":"calls.jsonl")" + more + "}"; }
};

}  // namespace

TEST_CASE("backtest: a run is queued, run, stored and shown", "[app][backtest]") {
  Box box;
  CHECK(box.api.get("/api/v1/backtests/latest").status == 404);
  const auto id = box.queued(Box::sample(R"(,"capital":50000,"settings":{"stop_pct":"0.05","fractional":true})"));
  const auto run = box.ended(id);
  INFO(run.dump().substr(0, 2'000));
  CHECK(run["run_id"] == id);
  CHECK(run["kind"] == "backtest");
  CHECK(run["status"] == "done");
  CHECK(run["progress"] == 1.0);
  CHECK(run["error"].is_null());
  CHECK(run["digest"].get<std::string>().size() == 64);
  CHECK(run["params"]["capital"] == "50000");
  CHECK(run["params"]["stop_pct"] == "0.05");
  CHECK(run["metrics"]["trade_count"] == run["trades"].size());
  CHECK(run["trades"].size() > 10);
  CHECK(run["trades"][0].contains("mention_id"));
  CHECK(run["equity_curve"].size() == run["benchmark_curve"].size());
  CHECK(run["dispositions"].size() > 3);
  CHECK(box.door.statuses(id) == std::vector{BacktestStatus::queued, BacktestStatus::running, BacktestStatus::done});
  CHECK(box.api.get("/api/v1/backtests/latest").json() == run);

  const auto again =
    box.ended(box.queued(Box::sample(R"(,"settings":{"capital":50000,"fractional":true,"stop_pct":0.05})")));
  CHECK(again["digest"] == run["digest"]);
  CHECK(again["trades"] == run["trades"]);
  CHECK(again["run_id"] != id);

  const auto list = box.api.get("/api/v1/backtests?status=done").json();
  REQUIRE(list["items"].size() == 2);
  CHECK(list["items"][1]["run_id"] == id);
  CHECK(list["items"][1]["metrics"] == run["metrics"]);
  CHECK_FALSE(list["items"][1].contains("trades"));
  CHECK(list["items"][0]["created_at"] > list["items"][1]["created_at"]);
}

TEST_CASE("backtest: a sweep is a run too", "[app][backtest]") {
  Box box;
  const auto id = box.queued(
    Box::sample(R"(,"grid":{"min_conviction":"0.6:0.8:0.1"},"list":{"on_repeat_buy":["top_up","roll"]},"folds":2)"));
  const auto run = box.ended(id);
  CHECK(run["kind"] == "sweep");
  CHECK(run["trials"] == 6);
  REQUIRE(run["runs"].size() == 6);
  CHECK(run["runs"][5]["params"] == Json::parse(R"({"min_conviction":"0.8","on_repeat_buy":"roll"})"));
  CHECK(run["walk_forward"].size() == 2);
  CHECK(run["params"]["sweep"]["folds"] == 2);
  CHECK(run["params"]["sweep"]["metric"] == "sharpe");
  const auto single =
    box.ended(box.queued(Box::sample(R"(,"settings":{"min_conviction":0.8,"on_repeat_buy":"roll"})")));
  CHECK(single["digest"] == run["runs"][5]["digest"]);
  CHECK(single["metrics"]["sharpe"] == run["runs"][5]["metrics"]["sharpe"]);
  CHECK(box.api.get("/api/v1/backtests?kind=sweep").json()["items"].size() == 1);
  CHECK(box.api.get("/api/v1/backtests?kind=backtest").json()["items"][0]["run_id"] == single["run_id"]);
}

TEST_CASE("backtest: stored mentions and stored bars are the same past", "[app][backtest]") {
  Box box;
  const auto from_files = box.ended(box.queued());
  const auto calls = backtest::load_calls(box.config.backtest.mentions + "/calls.jsonl").value().calls;
  const auto bars = backtest::load_bars(box.config.backtest.bars).value().bars;
  Batch batch;
  for (const auto& call : calls.calls) {
    Mention m;
    m.id = call.id;
    m.signal = SignalId{"s-" + std::to_string(call.id)};
    m.external_id = std::to_string(call.id);
    m.source = SourceId{"calls"};
    m.origin = calls.origins[call.origin];
    m.symbol = calls.symbols[call.symbol];
    m.action = call.action;
    m.horizon = call.horizon;
    if (call.conviction != backtest::Call::none)
      m.conviction = Decimal::from_units(call.conviction);
    m.created_at = call.created_at();
    batch.rows.emplace_back(std::move(m));
  }
  for (const auto& series : bars.series()) {
    core::BarColumns columns;
    columns.days.assign(series.days.begin(), series.days.end());
    columns.open.assign(series.open.begin(), series.open.end());
    columns.high.assign(series.high.begin(), series.high.end());
    columns.low.assign(series.low.begin(), series.low.end());
    columns.close.assign(series.close.begin(), series.close.end());
    columns.volume.assign(series.days.size(), 0);
    for (auto& row : backtest::rows_of(series.symbol, columns))
      batch.rows.emplace_back(std::move(row));
  }
  box.api.commit(std::move(batch), false);
  box.config.backtest.bars.clear();
  box.runner->configure(box.config);
  const auto from_store = box.ended(box.queued("{}"));
  CHECK(from_store["trades"] == from_files["trades"]);
  CHECK(from_store["equity_curve"] == from_files["equity_curve"]);
  CHECK(from_store["input"]["mentions"] != from_files["input"]["mentions"]);
  const auto of_another = box.queued(R"({"source":"nobody"})");
  CHECK(box.ended(of_another, BacktestStatus::failed)["error"].get<std::string>().find("\"nobody\"") !=
        std::string::npos);
}

TEST_CASE("backtest: what is wrong with a request is told with its field", "[app][backtest]") {
  struct Case {
    std::string body, field, told;
  };
  Box box;
  box.folder.write("secret", "{}");
  const std::vector<Case> cases{
    {R"({"mentions":"absent.jsonl"})", "mentions", "no file absent.jsonl"},
    {R"({"mentions":"../secret"})", "mentions", "without a path"},
    {R"({"mentions":"/etc/passwd"})", "mentions", "without a path"},
    {R"({"mentions":"."})", "mentions", "without a path"},
    {R"({"mentions":"bars"})", "mentions", "no file bars"},
    {R"({"mentions":7})", "mentions", "string"},
    {R"({"mentions":"calls.jsonl","source":"calls"})", "source", "stored mentions"},
    {R"({"mention":"calls.jsonl"})", "mention", "mentions"},
    {R"({"strategy":"mentoins"})", "strategy", "did you mean \"mentions\""},
    {R"({"account":"paper"})", "account", "no account"},
    {R"({"profile":"fancy"})", "profile", "plain"},
    {R"({"capital":0})", "capital", "capital = 0"},
    {R"({"capital":[1]})", "capital", "text or a number"},
    {R"({"from":"2024-02-31"})", "from", "2024-02-31"},
    {R"({"from":"2024-03-02","to":"2024-03-01"})", "from", "after to"},
    {R"({"settings":{"stop_pkt":"0.1"}})", "settings.stop_pkt", "did you mean \"stop_pct\""},
    {R"({"settings":{"stop_pct":2}})", "settings.stop_pct", "stop_pct = 2"},
    {R"({"settings":{"stop_pct":null}})", "settings.stop_pct", "text, a number"},
    {R"({"settings":[]})", "settings", "object"},
    {R"({"grid":{"stop_pct":"0.1"}})", "grid.stop_pct", "from:to:step"},
    {R"({"grid":{"stop_pct":"0.1:3:1"}})", "grid.stop_pct", "stop_pct = 1.1"},
    {R"({"grid":{"stop_pct":"0:1:0.0000001"}})", "grid.stop_pct", "larger step"},
    {R"({"grid":{"stop_pct":"0.1:0.2:0.1"},"list":{"stop_pct":["0.3"]}})", "list.stop_pct", "twice"},
    {R"({"grid":{"stop_pct":"0:0.5:0.001","target_pct":"0.1:0.9:0.001"}})", "grid", "10000 sets"},
    {R"({"list":{"stop_pct":[]}})", "list.stop_pct", "1 to 1000"},
    {R"({"list":{"on_repeat_buy":["top_up","rol"]}})", "list.on_repeat_buy", "rol"},
    {R"({"list":{"stop_pct":["0.1"]},"metric":"luck"})", "metric", "sharpe, sortino"},
    {R"({"metric":"sharpe"})", "metric", "sweep"},
    {R"({"folds":3})", "folds", "sweep"},
    {R"({"list":{"stop_pct":["0.1"]},"folds":101})", "folds", "100"},
  };
  for (const auto& c : cases) {
    const auto reply = box.post(c.body);
    INFO(c.body << " -> " << reply.body);
    CHECK(reply.status == 400);
    CHECK(reply.json()["field"] == c.field);
    CHECK(reply.json()["detail"].get<std::string>().find(c.told) != std::string::npos);
  }
  box.config.backtest.mentions.clear();
  box.runner->configure(box.config);
  CHECK(box.post(R"({"mentions":"calls.jsonl"})").json()["detail"].get<std::string>().find("backtest.mentions") !=
        std::string::npos);
  CHECK(box.api.get("/api/v1/backtests").json()["items"].empty());
  CHECK(box.api.get("/api/v1/backtests/b-none").json()["code"] == "BACKTEST_NOT_FOUND");
  CHECK(box.api.ask("DELETE", "/api/v1/backtests/b-none").status == 404);
  CHECK(box.api.get("/api/v1/backtests?status=ended").json()["field"] == "status");
}

TEST_CASE("backtest: a run without sense fails, and says why", "[app][backtest]") {
  Box box;
  const auto id = box.queued(Box::sample(R"(,"from":"2031-01-01","to":"2031-02-01")"));
  const auto run = box.ended(id, BacktestStatus::failed);
  CHECK(run["error"].get<std::string>().find("2031-01-01") != std::string::npos);
  CHECK(run["digest"].is_null());
  CHECK_FALSE(run["finished_at"].is_null());
  CHECK_FALSE(run.contains("metrics"));
  const auto later = box.api.ask("DELETE", "/api/v1/backtests/" + id);
  CHECK(later.status == 409);
  CHECK(later.json()["code"] == "BACKTEST_FINISHED");
  CHECK(box.ended(box.queued())["status"] == "done");
}

TEST_CASE("backtest: the queue has an end, and gives way", "[app][backtest]") {
  Box box{2};
  box.door.hold(BacktestStatus::running);
  const auto first = box.queued();
  // The first has left the queue once its row says running, which is held; so the runner has it when two more fit.
  std::vector<std::string> more;
  while (more.size() < 2) {
    const auto reply = box.post("{\"mentions\":\"calls.jsonl\"}");
    if (reply.status == 202)
      more.push_back(reply.json()["run_id"]);
    else
      std::this_thread::yield();
  }
  const auto refused = box.post("{\"mentions\":\"calls.jsonl\"}");
  CHECK(refused.status == 503);
  CHECK(refused.json()["code"] == "BACKTESTS_FULL");
  CHECK(refused.json()["detail"].get<std::string>().find("backtest.queue_max") != std::string::npos);
  CHECK_FALSE(refused.header("Retry-After").empty());
  CHECK(box.get(more[1])["status"] == "queued");
  CHECK(box.get(more[1])["progress"] == 0.0);
  // A mistake is told even then.
  CHECK(box.post(R"({"capital":0})").status == 400);
  const auto cancelled = box.api.ask("DELETE", "/api/v1/backtests/" + more[0]);
  CHECK(cancelled.status == 202);
  CHECK(cancelled.json() == Json::parse(R"({"run_id":")" + more[0] + R"(","status":"cancelled"})"));
  box.door.hold(std::nullopt);
  CHECK(box.ended(first)["status"] == "done");
  CHECK(box.ended(more[1])["status"] == "done");
  CHECK(box.get(more[0])["status"] == "cancelled");
  CHECK(box.door.statuses(more[0]) == std::vector{BacktestStatus::queued, BacktestStatus::cancelled});
}

TEST_CASE("backtest: one that runs is cancelled in its middle", "[app][backtest]") {
  Box box;
  box.door.hold(BacktestStatus::running);
  const auto id = box.queued();
  CHECK(box.api.ask("DELETE", "/api/v1/backtests/" + id).status == 202);
  box.door.hold(std::nullopt);
  const auto run = box.ended(id, BacktestStatus::cancelled);
  CHECK_FALSE(run["finished_at"].is_null());
  CHECK_FALSE(run.contains("trades"));
  CHECK(box.api.ask("DELETE", "/api/v1/backtests/" + id).status == 409);
}

TEST_CASE("backtest: what a stop cuts short is told as interrupted", "[app][backtest]") {
  Box box;
  box.door.hold(BacktestStatus::running);
  const auto running = box.queued();
  const auto waiting = box.queued();
  box.runner->begin_stop();
  CHECK(box.post(Box::sample()).status == 503);
  box.door.hold(std::nullopt);
  box.runner->stop();
  for (const auto& id : {running, waiting}) {
    const auto run = box.get(id);
    CHECK(run["status"] == "interrupted");
    CHECK(run["error"].get<std::string>().find("daemon ended") != std::string::npos);
  }
}

TEST_CASE("backtest: what a dead process left is told as interrupted", "[app][backtest]") {
  Box box;
  box.runner->stop();
  const auto at = [](int second) { return api::test::at("2026-11-20T15:00:00Z") + std::chrono::seconds{second}; };
  Batch batch;
  const auto left = [&](const char* id, BacktestStatus status, int second) {
    batch.rows.emplace_back(
      BacktestRunRow{id, BacktestKind::backtest, status, "{}", "", "", "", at(second), std::nullopt});
  };
  left("b-1", BacktestStatus::running, 1);
  left("b-2", BacktestStatus::queued, 2);
  left("b-3", BacktestStatus::done, 3);
  box.api.commit(std::move(batch), false);
  box.start();
  CHECK(box.get("b-1")["status"] == "interrupted");
  CHECK(box.get("b-1")["error"] == "the daemon ended while it ran");
  CHECK(box.get("b-2")["status"] == "interrupted");
  CHECK(box.get("b-3")["status"] == "done");
  // The clock stands before the newest of them; what comes now is newer all the same.
  const auto run = box.ended(box.queued());
  CHECK(run["created_at"] > box.get("b-3")["created_at"]);
}

TEST_CASE("backtest: a store that fails for a moment is asked again, and one that fails a caller says so",
          "[app][backtest]") {
  Box box;
  box.door.fail(1);
  const auto refused = box.post(Box::sample());
  CHECK(refused.status == 503);
  CHECK(refused.json()["detail"].get<std::string>().find("disk") != std::string::npos);
  CHECK(box.api.get("/api/v1/backtests").json()["items"].empty());
  box.door.hold(BacktestStatus::running);
  const auto id = box.queued();
  box.door.fail(1);
  box.door.hold(std::nullopt);
  CHECK(box.ended(id)["status"] == "done");
}

TEST_CASE("backtest: a run that was made elsewhere is kept", "[app][backtest]") {
  Box box;
  const auto made = box.ended(box.queued());
  api::KeptRun kept;
  kept.digest = made["digest"];
  kept.params = made["params"].dump();
  kept.summary = R"({"metrics":{"trade_count":2}})";
  auto rest = made;
  for (const auto* name : {"run_id", "kind", "status", "progress", "error", "created_at", "finished_at", "trades"})
    rest.erase(name);
  kept.result = rest.dump();
  kept.trades = box.api.journal.reader->backtest_trades(made["run_id"]).value();
  REQUIRE(kept.trades.size() > 5);
  const auto post = [&](const std::string& body, net::Headers headers = {}) {
    return box.api.post("/api/v1/backtests/kept", body, std::move(headers));
  };
  for (const bool packed : {false, true}) {
    const auto reply = packed ? post(net::gzip(to_json(kept)), {{"Content-Encoding", "gzip"}}) : post(to_json(kept));
    INFO(reply.body);
    REQUIRE(reply.status == 202);
    const auto id = reply.json()["run_id"];
    auto run = box.ended(id);
    CHECK(run["run_id"] == id);
    CHECK(id != made["run_id"]);
    CHECK(run["trades"] == made["trades"]);
    CHECK(run["equity_curve"] == made["equity_curve"]);
    CHECK(run["digest"] == made["digest"]);
    CHECK(run["created_at"] > made["created_at"]);
    CHECK(box.api.get("/api/v1/backtests?limit=1").json()["items"][0]["metrics"]["trade_count"] == 2);
  }
  auto wrong = kept;
  wrong.result = "[]";
  CHECK(post(to_json(wrong)).json()["field"] == "result");
  wrong = kept;
  wrong.digest.clear();
  CHECK(post(to_json(wrong)).json()["field"] == "digest");
  CHECK(post(R"({"kind":"backtest"})").json()["field"] == "digest");
  CHECK(post("{}", {{"Content-Encoding", "gzip"}}).json()["code"] == "BODY_INVALID");
  CHECK(post("{}", {{"Content-Encoding", "br"}}).status == 415);
  CHECK(post(net::gzip(std::string(17UL * 1024 * 1024, ' ')), {{"Content-Encoding", "gzip"}}).status == 413);
  CHECK(box.api.post("/api/v1/backtests", net::gzip("{}"), {{"Content-Encoding", "gzip"}}).status == 415);
}
