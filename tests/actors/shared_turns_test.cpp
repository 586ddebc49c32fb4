// The queue of the workers: nobody waits for one that sleeps while another is away or takes long, and nothing is
// lost.
#include "actors/shared_turns.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <vector>

namespace heed {
namespace {

struct Config : caf::actor_system_config {
  explicit Config(std::uint32_t workers) {
    load<SharedTurnsScheduler>();
    set("scheduler.max-threads", workers);
    set("scheduler.max-throughput", 4U);
    set("logger.verbosity", caf::atom("quiet"));
  }
};

using Number = caf::typed_actor<caf::replies_to<int>::with<int>>;

/// Passes a number on to the next, until it is zero.
caf::behavior relay(caf::event_based_actor* self, const caf::actor& next,
                    const std::shared_ptr<std::promise<void>>& done) {
  return {[=](int left) {
    if (left == 0)
      done->set_value();
    else
      self->send(next ? next : caf::actor{self}, left - 1);
  }};
}

/// Says that it had its turn.
caf::behavior teller(caf::event_based_actor*, std::promise<void>* told) {
  return {[=](int) { told->set_value(); }};
}

/// Goes away between two messages, and waits for the turns of both.
caf::behavior leaver(caf::event_based_actor* self, const caf::actor& first, const caf::actor& second,
                     std::promise<void>* before, std::promise<void>* after, std::promise<void>* back) {
  return {[=](int) {
    self->send(first, 1);
    const Away away;
    before->get_future().get();
    self->send(second, 1);
    after->get_future().get();
    back->set_value();
  }};
}

/// Sends, and takes long over it without a word: until the other had its turn.
caf::behavior dawdler(caf::event_based_actor* self, const caf::actor& other, std::promise<void>* told,
                      std::promise<void>* back) {
  return {[=](int) {
    self->send(other, 1);
    told->get_future().get();
    back->set_value();
  }};
}

/// Takes long over it, until somebody says go.
caf::behavior sitter(caf::event_based_actor*, std::promise<void>* began, std::promise<void>* go) {
  return {[=](int) {
    began->set_value();
    go->get_future().get();
  }};
}

Number::behavior_type multiplier(Number::pointer, int by) {
  return {[=](int n) { return by * n; }};
}

}  // namespace

TEST_CASE("Workers that share one queue do all there is to do", "[shared_turns]") {
  const auto workers = GENERATE(1U, 2U, 4U);
  Config config{workers};
  caf::actor_system system{config};
  constexpr int stations = 50;
  constexpr int rounds = 200;
  std::vector<std::future<void>> finished;
  for (int chain = 0; chain < 20; ++chain) {
    const auto done = std::make_shared<std::promise<void>>();
    finished.push_back(done->get_future());
    caf::actor next = system.spawn(relay, caf::actor{}, done);
    for (int i = 0; i < stations; ++i)
      next = system.spawn(relay, next, done);
    caf::anon_send(next, rounds);
  }
  for (auto& one : finished)
    one.get();
}

TEST_CASE("While a worker is away, another takes up what came before and after", "[shared_turns]") {
  std::promise<void> before;
  std::promise<void> after;
  std::promise<void> back;
  Config config{2U};
  caf::actor_system system{config};  // ends before the promises, which its actors use to the end
  const auto first = system.spawn(teller, &before);
  const auto second = system.spawn(teller, &after);
  const auto leaving = system.spawn(leaver, first, second, &before, &after, &back);
  caf::anon_send(leaving, 1);
  back.get_future().get();
}

TEST_CASE("A turn that takes long without a word does not hold up what it sent itself", "[shared_turns]") {
  Config config{2U};
  for (int i = 0; i < 5; ++i) {
    std::promise<void> told;
    std::promise<void> back;
    caf::actor_system system{config};
    const auto other = system.spawn(teller, &told);
    const auto slow = system.spawn(dawdler, other, &told, &back);
    caf::anon_send(slow, 1);
    back.get_future().get();
  }
}

TEST_CASE("A turn that takes long without a word does not hold up what comes from outside", "[shared_turns]") {
  std::promise<void> began;
  std::promise<void> go;
  std::promise<void> told;
  Config config{2U};
  caf::actor_system system{config};
  const auto slow = system.spawn(sitter, &began, &go);
  const auto other = system.spawn(teller, &told);
  caf::anon_send(slow, 1);
  began.get_future().get();
  caf::anon_send(other, 1);
  told.get_future().get();
  go.set_value();
}

TEST_CASE("Outside of a worker it is harmless to be away", "[shared_turns]") {
  CHECK(TurnQueue::of_this_thread() == nullptr);
  const Away away;
  CHECK(TurnQueue::of_this_thread() == nullptr);
}

TEST_CASE("A worker that sleeps is called for what comes from outside, again and again", "[shared_turns]") {
  Config config{2U};
  caf::actor_system system{config};
  const Number twice = system.spawn(multiplier, 2);
  caf::scoped_actor self{system};
  for (int i = 0; i < 2'000; ++i) {
    int answer = 0;
    self->request(twice, caf::infinite, i)
      .receive([&](int n) { answer = n; }, [](const caf::error& error) { FAIL(caf::to_string(error)); });
    REQUIRE(answer == 2 * i);
  }
}

}  // namespace heed
