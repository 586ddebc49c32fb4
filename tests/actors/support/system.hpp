// An actor system in the test's hands: one thread, virtual time, and an end that never hangs.
#pragma once

#include "actors/support.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heed::test {

class FakeClock final : public Clock {
public:
  explicit FakeClock(Instant start) : now_{start} {}
  Instant now() const override { return now_; }
  void set(Instant now) { now_ = now; }

private:
  Instant now_;
};

inline Instant at(const char* text) {
  const auto instant = parse_rfc3339(text);
  if (!instant)
    throw std::invalid_argument{text};
  return *instant;
}
inline Decimal dec(const char* text) {
  const auto decimal = Decimal::parse(text);
  if (!decimal)
    throw std::invalid_argument{text};
  return *decimal;
}

/// A Friday, 10:00 in New York.
inline const Instant friday_10 = at("2026-11-20T15:00:00Z");

/// Silences the log while tests provoke what it would tell.
struct Quiet {
  Quiet() { spdlog::set_level(std::getenv("HEED_TEST_LOG") != nullptr ? spdlog::level::debug : spdlog::level::off); }
};

class TestSystem {
public:
  explicit TestSystem(std::shared_ptr<FakeClock> time = std::make_shared<FakeClock>(friday_10))
      : clock{std::move(time)},
        system{config_},
        scheduler_{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())} {}
  ~TestSystem() { finish(); }
  TestSystem(const TestSystem&) = delete;
  TestSystem& operator=(const TestSystem&) = delete;

  std::shared_ptr<FakeClock> clock;

private:
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("testing"));
      set("logger.verbosity", caf::atom("quiet"));
      add_message_types<caf::id_block::heed>();
    }
  };
  Quiet quiet_;
  Config config_;

public:
  caf::actor_system system;
  /// Asked before each message: true stops the world (a crash).
  std::function<bool()> stopped = [] { return false; };

  /// Remembered, so that it ends with the test.
  template <class F, class... Args>
  auto spawn(F behavior, Args&&... args) {
    auto actor = system.spawn(behavior, std::forward<Args>(args)...);
    keep(actor);
    return actor;
  }
  template <class Actor>
  void keep(const Actor& actor) {
    actors_.push_back(caf::actor_cast<caf::actor>(actor));
  }
  /// Called at the end, before the system goes: lets go of callbacks that hold actors.
  void at_end(std::function<void()> then) { at_end_.push_back(std::move(then)); }

  /// All messages that are on their way, and those they cause. No time passes.
  void run() {
    while (!stopped() && scheduler_.try_run_once()) {
    }
  }

  /// Time passes, timer by timer.
  void advance(Duration by) {
    run();
    auto& steady = scheduler_.clock();
    const auto target = steady.current_time + by;
    const auto wall_target = clock->now() + by;
    while (!stopped() && !steady.schedule().empty() && steady.schedule().begin()->first <= target) {
      const auto due = std::max(steady.schedule().begin()->first, steady.current_time);
      clock->set(wall_target - std::chrono::floor<Duration>(target - due));
      steady.trigger_timeout();
      run();
    }
    if (stopped())
      return;
    steady.current_time = std::max(steady.current_time, target);
    clock->set(wall_target);
  }

  /// When the next timer is due, from now.
  std::optional<Duration> next_timer() {
    auto& steady = scheduler_.clock();
    if (steady.schedule().empty())
      return std::nullopt;
    return std::chrono::floor<Duration>(steady.schedule().begin()->first - steady.current_time);
  }

  template <class Actor, class Message>
  void send(const Actor& actor, Message message) {
    caf::anon_send(actor, std::move(message));
  }

  template <class Answer>
  struct Asked {
    std::optional<Answer> answer;
    std::optional<std::string> error;
  };
  /// The answer arrives as messages run.
  template <class Answer, class Actor, class Message>
  std::shared_ptr<Asked<Answer>> ask(const Actor& actor, Message message) {
    auto asked = std::make_shared<Asked<Answer>>();
    // The argument is passed for CAF, which dereferences a null pointer when there is none.
    keep(system.spawn(
      [asked, actor](caf::event_based_actor* self, const Message& question) {
        self->request(actor, caf::infinite, question)
          .then([asked](const Answer& answer) { asked->answer = answer; },
                [asked](const caf::error& error) { asked->error = describe(error); });
      },
      std::move(message)));
    return asked;
  }
  /// Asks and runs; fails the test when there is no answer.
  template <class Answer, class Actor, class Message>
  Answer answer(const Actor& actor, Message message) {
    auto asked = ask<Answer>(actor, std::move(message));
    run();
    if (asked->error)
      FAIL(*asked->error);
    REQUIRE(asked->answer.has_value());
    return std::move(*asked->answer);
  }
  template <class Actor>
  std::string inspect(const Actor& actor) {
    return answer<std::string>(caf::actor_cast<Inspectable>(actor), InspectSelf{});
  }

  /// Why an actor ended, once it has.
  template <class Actor>
  std::shared_ptr<std::optional<std::string>> watch(const Actor& actor) {
    auto ended = std::make_shared<std::optional<std::string>>();
    actor->attach_functor([ended](const caf::error& reason) { *ended = describe(reason); });
    return ended;
  }
  template <class Actor>
  void kill(const Actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    run();
  }
  template <class Actor>
  void end(const Actor& actor, caf::error reason) {
    caf::anon_send(caf::actor_cast<caf::actor>(actor), caf::exit_msg{actor->address(), std::move(reason)});
    run();
  }

  /// Ends every actor. For owners of what actors hold on to: call it before that goes.
  void finish() {
    if (std::exchange(finished_, true))
      return;
    stopped = [] { return false; };
    for (const auto& then : at_end_)
      then();
    for (int i = 0; i < 100; ++i) {
      for (const auto& actor : actors_)
        caf::anon_send_exit(actor, caf::exit_reason::kill);
      run();
      while (scheduler_.has_pending_timeout()) {
        scheduler_.trigger_timeouts();
        run();
      }
      if (system.registry().running() == 0)
        break;
    }
    if (const auto running = system.registry().running(); running > 0) {
      std::fprintf(stderr, "%zu actors do not end\n", running);
      std::abort();
    }
    actors_.clear();
    at_end_.clear();
  }

private:
  bool finished_ = false;
  caf::scheduler::test_coordinator& scheduler_;
  std::vector<caf::actor> actors_;
  std::vector<std::function<void()>> at_end_;
};

}  // namespace heed::test
