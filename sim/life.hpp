// One life of the daemon's process: every production actor on CAF's test coordinator, spawned from what the disk
// holds, until it is told to end or is gone. The order in which actors get their turn is the caller's to draw.
#pragma once

#include "messages/actor_messages.hpp"
#include "persistence/journal.hpp"
#include "sim/disk.hpp"
#include "sim/network.hpp"
#include "sim/setup.hpp"
#include "sources/mention_feed.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heed::sim {

/// The daemon's idea of the time of day: the world's, and what somebody set it wrong by.
class WallClock final : public Clock {
public:
  explicit WallClock(const Agenda& agenda) : agenda_{agenda} {}
  Instant now() const override { return agenda_.now() + error_; }
  void set_error(Duration error) { error_ = error; }
  Duration error() const { return error_; }

private:
  const Agenda& agenda_;
  Duration error_{0};
};

struct LifeArgs {
  Surroundings* around = nullptr;
  ExchangeHost* host = nullptr;
  Network::Link* link = nullptr;
  const Rules* rules = nullptr;
  Tunables tunables;
  std::string database;  // path; the simulated disk holds the file
  std::shared_ptr<const WallClock> clock;
  std::function<std::unique_ptr<MentionFeed>()> tape;     // the source "tape"
  std::function<void(std::span<const Batch>)> on_commit;  // for the trace and the marks

  // What stands between the daemon and its surroundings, for whoever counts or cuts; empty: nothing.
  std::function<std::unique_ptr<JournalWriter>(std::unique_ptr<JournalWriter>)> wrap_writer;  // the store is open
  std::function<std::shared_ptr<net::HttpClient>(std::shared_ptr<net::HttpClient>)> wrap_http;
  std::function<std::shared_ptr<net::WebSocketConnector>(std::shared_ptr<net::WebSocketConnector>)> wrap_stream;
};

class Life {
public:
  /// Errors as of a start of the program: the store cannot be opened, read, migrated.
  static Result<std::unique_ptr<Life>> start(LifeArgs args);
  /// The process is gone at once: nothing more is sent or written.
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // ---- turns
  bool has_turn() const;
  /// One message of one actor, drawn.
  void take_turn(Chance& chance);
  std::optional<Instant> next_timer() const;
  /// The actors' clock follows the agenda; the timer that is due first fires.
  void fire_timer();
  void follow(Instant now);

  // ---- from outside; `done` as of the HTTP API
  void mention(Mention mention, Reply<std::vector<MentionReceipt>> done);
  void submit(Intent intent, Reply<IntentReceipt> done);
  void kill(KillLevel level, Reply<Ok> done);
  void pause(Pause pause, Reply<Pause> done);
  void resume(const Symbol& symbol, Reply<std::int32_t> done);
  void set_limits(const RiskLimits& limits);
  /// SIGTERM. ended() tells when everything that was begun is over.
  void drain();
  bool settled() const;
  /// Books and broker were compared and agree: the account trades.
  bool ready() const;
  /// Kills one actor, drawn; its name.
  std::string kill_actor(Chance& chance);

  /// The process must end by itself: why.
  const std::string& fatal() const;
  JournalReader& reader();
  std::int64_t turns() const;
  std::int64_t positions_restarted() const;

private:
  struct Impl;
  explicit Life(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace heed::sim
