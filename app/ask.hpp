// One question to an actor from a thread that is none of the actor system's.
#pragma once

#include "messages/result.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace heed {

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
                tell(Error{ErrorKind::unavailable, "UNAVAILABLE", "no answer: " + caf::to_string(error)});
              });
    },
    std::move(done));
}

}  // namespace heed
