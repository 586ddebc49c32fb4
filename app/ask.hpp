// One question to an actor from a thread that is none of the actor system's.
#pragma once

#include "actors/support.hpp"
#include "messages/result.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace heed {

/// A callback to send along with a command. An actor that ends takes what it was handed with it: then, or when it
/// forgets to answer, `otherwise` is told. Copies are one: it is called once.
template <class Answer>
std::function<void(Result<Answer>)> surely_answered(std::function<void(Result<Answer>)> tell, Error otherwise) {
  struct Asked {
    Asked(std::function<void(Result<Answer>)> t, Error e) : tell{std::move(t)}, otherwise{std::move(e)} {}
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    ~Asked() {
      if (!answered)
        tell(std::move(otherwise));
    }
    std::function<void(Result<Answer>)> tell;
    Error otherwise;
    std::atomic<bool> answered{false};
  };
  auto asked = std::make_shared<Asked>(std::move(tell), std::move(otherwise));
  return [asked = std::move(asked)](Result<Answer> answer) {
    if (!asked->answered.exchange(true))
      asked->tell(std::move(answer));
  };
}

/// Asks an actor from outside of the system: a short-lived actor carries the question and the answer. The callback is
/// an argument, not a capture: of a function without arguments CAF 0.17 looks into a tuple that is not there.
template <class Answer, class Actor, class Question>
void ask(caf::actor_system& system, const Actor& actor, Question question, std::function<void(Result<Answer>)> done) {
  system.spawn(
    [actor, question = std::move(question)](caf::event_based_actor* self,
                                            const std::function<void(Result<Answer>)>& tell) mutable {
      self->request(actor, std::chrono::seconds{10}, std::move(question))
        .then([tell](Answer& answer) { tell(std::move(answer)); },
              [tell](const caf::error& error) {
                tell(is_store_failure(error) ? not_stored(error)
                                             : Error{ErrorKind::unavailable, "UNAVAILABLE",
                                                     "what was asked of the daemon's inside got no answer (" +
                                                       describe(error) + "); try again"});
              });
    },
    std::move(done));
}

}  // namespace heed
