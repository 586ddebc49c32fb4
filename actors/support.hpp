// What every actor does the same way: error handling, logging of its end, JSON for the inspector.
#pragma once

#include "actors/telemetry.hpp"
#include "messages/result.hpp"
#include "persistence/json_write.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>

#include <memory>
#include <string>
#include <utility>

namespace heed {

/// Why an actor ends, or a request to the journal fails: the store did not take or give what was needed. Whoever ends
/// by it did nothing wrong: it is started again for as long as it takes, and nothing is concluded from how often.
inline caf::error store_failure(const std::string& what) {
  return {std::uint8_t{1}, caf::atom("store"), caf::make_message("journal: " + what)};
}
/// As well a store failure, but for good: what the batch builds on was never durable.
inline caf::error lost_before(const std::string& what) {
  return {std::uint8_t{2}, caf::atom("store"), caf::make_message("journal: " + what)};
}
inline bool is_store_failure(const caf::error& error) { return error.category() == caf::atom("store"); }
inline bool is_lost_before(const caf::error& error) { return is_store_failure(error) && error.code() == 2; }

/// Renders a CAF error for people.
inline std::string describe(const caf::error& error) {
  if (is_store_failure(error) && error.context().match_elements<std::string>())
    return error.context().get_as<std::string>(0);
  return caf::to_string(error);
}

/// What hears who handed something in that the store did not take.
inline Error not_stored(const std::string& why) {
  return {ErrorKind::unavailable, "JOURNAL", why + ". Nothing is opened while the store fails; try again"};
}
inline Error not_stored(const caf::error& error) { return not_stored(describe(error)); }

/// To any actor, outside of its interface: note what waits in your mailbox, under this name.
struct MailboxProbe {
  std::shared_ptr<Telemetry> to;
  std::string name;
};

/// Answers a MailboxProbe; says so and drops anything else that no handler takes.
inline caf::result<caf::message> take_unexpected(caf::scheduled_actor* self, caf::message_view& view) {
  const auto& content = view.content();
  if (!content.match_elements<MailboxProbe>())
    return caf::print_and_drop(self, view);
  const auto& probe = content.get_as<MailboxProbe>(0);
  probe.to->set_mailbox_depth(probe.name, static_cast<std::int64_t>(self->mailbox().size()));
  return caf::message{};
}

/// Installs handlers that log through spdlog and end the actor: an error nobody handles is a broken promise, and the
/// supervisor restarts from the journal rather than going on with a state that may be wrong.
template <class Self>
void set_handlers(Self self) {
  self->set_error_handler([self](caf::error& error) {
    spdlog::error("actor {} ends: {}", self->name(), describe(error));
    self->quit(std::move(error));
  });
  self->set_default_handler(take_unexpected);
  self->set_exception_handler([self](std::exception_ptr& thrown) -> caf::error {
    std::string what = "unknown exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
      what = "not a std::exception";
    }
    spdlog::critical("actor {} threw: {}", self->name(), what);
    return caf::make_error(caf::sec::runtime_error, what);
  });
}

/// Adds one to a counter for as long as it lives; copies share it. Travels inside callbacks, so that a counter cannot
/// be left behind by any way out.
class Unfinished {
public:
  Unfinished() = default;
  explicit Unfinished(std::atomic<std::int64_t>& counter)
      : held_{(++counter, &counter), [](std::atomic<std::int64_t>* c) { --*c; }} {}
  void done() { held_.reset(); }

private:
  std::shared_ptr<std::atomic<std::int64_t>> held_;
};

/// Builds one JSON object for the inspector, field by field.
class JsonObject {
public:
  template <class T>
  JsonObject& field(std::string_view name, const T& value) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_ += name;
    text_ += "\":";
    text_ += to_json(value);
    return *this;
  }
  std::string str() const { return text_ + "}"; }

private:
  std::string text_ = "{";
};

}  // namespace heed

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heed::MailboxProbe)
