#include "app/telling.hpp"

#include "config/address.hpp"
#include "net/json_writer.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace heed {

WebAddress web_address(const config::Secret& url) {
  const auto parsed = config::parse_url(url.reveal()).value();
  return {{parsed.tls, parsed.host, parsed.port}, parsed.path.starts_with('/') ? parsed.path : "/" + parsed.path};
}

NotifierOptions notifier_options(const config::Notify& notify, net::Runtime& network) {
  NotifierOptions out;
  const auto add = [&](const char* name, NotifyTarget::Form form, const config::Secret& url) {
    if (url.empty())
      return;
    const auto address = web_address(url);
    out.targets.push_back({name, form, network.http_client(address.endpoint, 1), address.target});
  };
  add("slack", NotifyTarget::Form::slack, notify.slack_url);
  add("webhook", NotifyTarget::Form::json, notify.webhook_url);
  out.kinds = {notify.events.begin(), notify.events.end()};
  out.per_minute_max = notify.per_minute_max;
  return out;
}

JournalEvent outcome_event(const NotifyOutcome& outcome, Instant now) {
  if (!outcome.sent)
    spdlog::warn("notify: {} did not take {} notes after {} attempts: {}", outcome.target, outcome.notes.size(),
                 outcome.attempts, outcome.detail);
  JournalEvent event;
  event.at = now;
  event.type = outcome.sent ? "notification_sent" : "notification_failed";
  if (outcome.notes.size() == 1) {
    const auto& note = outcome.notes.front();
    event.account = note.account;
    event.symbol = note.symbol;
    event.signal = note.signal;
    event.order = note.order;
  }
  net::JsonWriter w;
  w.begin_object().key("target").value(outcome.target).key("attempts").value(outcome.attempts);
  w.key("answer").value(outcome.detail).key("notes").begin_array();
  for (const auto& note : outcome.notes)
    w.value(note.text);
  w.end_array().end_object();
  event.payload = std::move(w).str();
  return event;
}

}  // namespace heed
