// A stage for scripted scenarios: the same exchange, network, disk and production actors as in the simulator's world,
// without its chance. The process dies where it is told to, and is started again.
#pragma once

#include "sim/auditor.hpp"
#include "sim/disk.hpp"
#include "sim/life.hpp"
#include "sim/network.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heed::sim {

class Stage;

/// Where a process can die.
enum class StepKind : std::uint8_t {
  open,     // an operation on the disk while the store is opened: migrations, recovery of the log
  journal,  // a commit
  request,  // a request to the broker
  stream,   // a message of the broker's order stream
  close     // an operation on the disk while the store is closed
};

enum class CrashMoment : std::uint8_t {
  before,     // nothing of the step has happened
  torn,       // a write is half done; a request has left, and nobody hears the answer
  power,      // of a commit: all is written and nothing synced, and the power goes
  late,       // of a request: it arrives when the next life has looked for it once
  very_late,  // ... when the next life has long given it up
  after       // the step is done, and nobody was told; of a commit, the power goes too
};

struct CrashPoint {
  int life = 1;  // from 1
  StepKind kind = StepKind::journal;
  std::int64_t number = 0;  // of the step in its life, from 1
  CrashMoment moment = CrashMoment::before;
  std::int64_t operation = 0;  // of the disk, within the step, from 1: torn and power
  std::string str() const;     // "1.journal.7.torn.5"
  /// Joined by '+'. Error invalid.
  static Result<std::vector<CrashPoint>> parse(const std::string& text);
};

/// A step that was taken.
struct Step {
  int life = 1;
  StepKind kind = StepKind::journal;
  std::int64_t number = 0;
  std::int64_t operations = 0;  // on the disk
  bool changes = false;         // a request that is not a mere question
  bool recovering = false;      // before this life was ready, with nothing in hand
  std::string what;             // without ids: "POST /v2/orders", "order_planned decision"
};

/// Something that happens, at a time after the start.
struct Act {
  Duration at{};
  std::string words;
  std::function<void(Stage&)> what;
};

struct Scenario {
  std::string name;   // stable
  std::string about;  // in a sentence
  Instant start{};
  Duration length{};
  std::map<std::string, std::string> prices;  // by symbol, at the start
  std::function<void(Rules&)> rules;
  std::function<void(Tunables&)> tunables;
  std::function<void(exchange::EngineOptions&)> venue;
  std::vector<Act> acts;
  /// What the undisturbed run must end with, among other things: lines of StageReport::facts.
  std::vector<std::string> ends_with;
  /// Beginnings of facts that a crash may change, each for a reason said where it is listed.
  std::vector<std::string> may_differ;
  bool store_steps = false;  // opening and closing the store are steps too
};

struct StageReport {
  std::optional<Violation> violation;
  std::set<std::string> facts;  // how it ended, for people and for comparing
  std::vector<Step> steps;
  std::vector<std::string> newest;  // last lines of the trace
  bool all_reached = false;         // every point of the plan was met
  int lives = 0;
};

/// What becomes of the next order that is sent.
enum class OrderFate : std::uint8_t {
  lost,         // it never arrives, and nobody says so
  answer_lost,  // it is carried out, and nobody says so
  too_many,     // 429, before anybody looked
  empty_body    // it is carried out, and answered with {}
};

class Stage {
public:
  Stage(const Scenario& scenario, std::vector<CrashPoint> plan, const std::string& folder, bool echo);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  StageReport play();

  // ---- for acts. Whoever gets no answer asks again, under the same key.
  void call(Mention mention);
  void submit(Intent intent);
  void price(const std::string& symbol, const std::string& to, bool slide = true);
  void kill(KillLevel level);
  void lift();
  void pause(const Symbol& symbol);
  void resume(const Symbol& symbol);
  void limits(const RiskLimits& limits);
  void person(const exchange::OrderRequest& request);
  void persons_go();  // what other people have resting is cancelled
  void next_order(OrderFate fate) { fates_.push_back(fate); }
  void silence(bool silent) { silent_ = silent; }  // of the order stream
  void halt(const std::string& symbol, bool halted);
  void split(const std::string& symbol, int from, int to);
  void untradable(const std::string& symbol, bool untradable);
  void stop_daemon();  // SIGTERM; it is started again by start_daemon()
  void kill_daemon();  // it stays down until start_daemon()
  void start_daemon();
  void lose_journal();  // the process is killed, and starts on an empty disk
  Instant now() const { return around_.now(); }
  Instant start() const { return scenario_.start; }

private:
  friend class CountedWriter;
  friend class CountedHttp;
  friend class CountedStream;

  // ---- lives
  void start_life();
  void end_life(bool power);
  void exit_life();
  void go_down();
  void run_until(Instant until);
  void pass_to(Instant at);
  void settle_after();
  bool stopped() const { return auditor_.violation().has_value() || turns_ > turns_max; }

  // ---- steps
  struct Begun {
    std::size_t place = 0;  // in steps
    std::optional<CrashPoint> crash;
  };
  Begun begin(StepKind kind, std::string what, bool changes);
  const CrashPoint* planned(StepKind kind, std::int64_t number) const;
  void note_operations(StepKind kind, std::int64_t first);
  void die(bool power);
  void deliver_late(const net::HttpRequest& request, Duration delay);

  // ---- people
  struct Caller;
  void send(const std::shared_ptr<Caller>& caller);
  void answered(const std::shared_ptr<Caller>& caller, const SignalId& signal);
  template <class Send>
  void until_answered(Send send);
  void keep_quoting();
  MadeCall& made(const Caller& caller);

  // ---- verdict
  std::set<std::string> gather_facts();
  void gather_exchange(std::set<std::string>& facts);
  void gather_journal(std::set<std::string>& facts);

  static constexpr std::int64_t turns_max = 2'000'000;

  const Scenario& scenario_;
  std::vector<CrashPoint> plan_;
  Surroundings around_;
  Rules rules_;
  Disk disk_;
  ExchangeHost host_;
  Network::Link link_;
  Auditor auditor_;
  std::shared_ptr<WallClock> wall_;
  std::string folder_;
  Chance turns_chance_;
  std::map<std::string, std::string> prices_;
  std::deque<OrderFate> fates_;
  std::vector<std::shared_ptr<net::HttpClient::Done>> unanswered_;  // requests of this life that met their fate
  bool silent_ = false;

  std::unique_ptr<Life> life_;
  int life_number_ = 0;
  bool recovered_ = false;  // this life was ready once, with nothing in hand
  bool wanted_ = true;      // a process that is gone is started again
  bool draining_ = false;
  bool dying_ = false;
  bool power_ = false;
  std::map<StepKind, std::int64_t> counts_;  // of this life
  std::size_t reached_ = 0;                  // points of the plan
  std::int64_t turns_ = 0;
  StageReport report_;
};

}  // namespace heed::sim

HEED_ENUM_NAMES(heed::sim::StepKind, "open", "journal", "request", "stream", "close");
HEED_ENUM_NAMES(heed::sim::CrashMoment, "before", "torn", "power", "late", "very_late", "after");
HEED_ENUM_NAMES(heed::sim::OrderFate, "lost", "answer_lost", "too_many", "empty_body");
