#include "api/stream.hpp"

#include "api/render.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace heed::api {
namespace {

constexpr std::size_t events_per_turn = 512;
constexpr std::uint8_t all_classes = (1U << stream_classes.size()) - 1;

struct Prefix {
  std::string_view text;
  std::size_t stream_class;
};
constexpr std::array prefixes{
  Prefix{"signal", 0}, Prefix{"mention", 0}, Prefix{"decision", 0}, Prefix{"disposition", 0}, Prefix{"intent", 0},
  Prefix{"call", 0},   Prefix{"order", 1},   Prefix{"fill", 2},     Prefix{"execution", 2},   Prefix{"position", 3},
  Prefix{"lot", 3},    Prefix{"trade", 4},   Prefix{"risk", 5},     Prefix{"pause", 5},       Prefix{"kill", 5},
  Prefix{"limit", 5},  Prefix{"block", 5},   Prefix{"halt", 5},     Prefix{"quarantine", 5},
};

net::Headers stream_headers() {
  return {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
}

std::optional<std::int64_t> parse_seq(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

std::variant<std::uint8_t, Problem> parse_types(std::string_view list) {
  if (list.empty())
    return all_classes;
  unsigned mask = 0;
  while (true) {
    const auto comma = list.find(',');
    const auto name = list.substr(0, comma);
    const auto* const found = std::find(stream_classes.begin(), stream_classes.end(), name);
    if (found == stream_classes.end()) {
      auto problem =
        unknown_name("parameter types: value", "QUERY_INVALID", name, {stream_classes.begin(), stream_classes.end()});
      problem.field = "types";
      return problem;
    }
    mask |= 1U << static_cast<unsigned>(found - stream_classes.begin());
    if (comma == std::string_view::npos)
      return static_cast<std::uint8_t>(mask);
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::size_t stream_class(std::string_view type) {
  for (const auto& prefix : prefixes)
    if (type.starts_with(prefix.text))
      return prefix.stream_class;
  return stream_classes.size() - 1;
}

std::string stream_message(const JournalEvent& event) {
  std::string out = "id: " + std::to_string(event.seq) + "\nevent: ";
  out += stream_classes[stream_class(event.type)];
  out += "\ndata: ";
  append_shown(out, event);
  out += "\n\n";
  return out;
}

struct StreamHub::Subscriber {
  std::shared_ptr<net::Responder::Stream> stream;
  std::uint8_t classes = all_classes;
  // Owned by whoever serves it: the pool's job, or the network thread.
  std::int64_t last = 0;     // newest seq passed or skipped
  bool from_first = false;   // the feed had not begun: whatever it gets first follows `last`
  std::int64_t backlog = 0;  // events read from the journal so far
  std::atomic<bool> live{false};
  std::atomic<bool> gone{false};

  std::int64_t place() const { return from_first ? EventFeed::from_first : last; }
  void send(std::string text) {
    if (!stream->write(std::move(text)))
      gone = true;
  }
  void pass(const JournalEvent& event) {
    if (event.seq <= last)
      return;
    last = event.seq;
    if ((classes >> stream_class(event.type) & 1U) != 0)
      send(stream_message(event));
  }
};

StreamHub::StreamHub(net::Runtime& runtime, EventFeed& feed, std::shared_ptr<JournalReader> journal, WorkerPool& pool,
                     const ApiOptions& options)
    : runtime_{runtime},
      feed_{feed},
      journal_{std::move(journal)},
      pool_{pool},
      options_{options},
      timers_{runtime.timers()} {}

void StreamHub::start() {
  feed_.listen([weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->wake();
  });
  start_heartbeat();
}

void StreamHub::stop() {
  stopped_ = true;
  feed_.listen({});
  const std::lock_guard lock{mutex_};
  for (const auto& subscriber : subscribers_)
    subscriber->stream->close();
  subscribers_.clear();
}

std::size_t StreamHub::open_count() const {
  const std::lock_guard lock{mutex_};
  return subscribers_.size();
}

void StreamHub::open(const CallPtr& call) {
  const auto classes = parse_types(call->query("types"));
  if (const auto* problem = std::get_if<Problem>(&classes))
    return call->problem(*problem);
  auto resume = net::header(call->request.headers, "Last-Event-ID");
  if (resume.empty())
    resume = call->query("last_event_id");
  const auto seq = resume.empty() ? std::nullopt : parse_seq(resume);
  if (!resume.empty() && !seq)
    return call->problem({400,
                          "LAST_EVENT_ID_INVALID",
                          "Last-Event-ID must be the id of a message of this stream",
                          "Last-Event-ID",
                          {},
                          false,
                          {}});
  if (call->request.method == "HEAD")
    return call->answer({200, stream_headers(), {}});
  remove_gone();
  if (stopped_ || open_count() >= options_.streams_max)
    return call->problem({503,
                          "STREAMS_FULL",
                          "all " + std::to_string(options_.streams_max) + " streams are in use",
                          {},
                          {},
                          false,
                          {{"Retry-After", "5"}}});
  const auto subscriber = std::make_shared<Subscriber>();
  subscriber->classes = std::get<std::uint8_t>(classes);
  const auto last = feed_.last_seq();
  subscriber->last = seq.value_or(last);
  subscriber->from_first = !seq && last == 0;
  subscriber->live = !seq;
  subscriber->stream = call->responder->stream({200, stream_headers(), {}});
  if (subscriber->stream == nullptr)
    return;
  subscriber->send("retry: 2000\n: heed\n\n");
  {
    const std::lock_guard lock{mutex_};
    subscribers_.push_back(subscriber);
  }
  if (seq)
    catch_up(subscriber);
  else
    wake();
}

void StreamHub::wake() {
  if (pump_posted_.exchange(true))
    return;
  runtime_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->pump();
  });
}

void StreamHub::pump() {
  pump_posted_ = false;
  if (stopped_)
    return;
  std::vector<SubscriberPtr> all;
  {
    const std::lock_guard lock{mutex_};
    all = subscribers_;
  }
  for (const auto& subscriber : all)
    if (subscriber->live && !subscriber->gone)
      pump_one(subscriber);
  remove_gone();
}

void StreamHub::pump_one(const SubscriberPtr& subscriber) {
  const auto tail = feed_.after(subscriber->place(), events_per_turn);
  if (!tail.complete) {
    // More came at once than the window holds; the journal has it all.
    if (subscriber->from_first)
      return resync(*subscriber, "more events came at once than are kept; load what you show again");
    subscriber->live = false;
    return catch_up(subscriber);
  }
  for (const auto& event : tail.events)
    subscriber->pass(*event);
  subscriber->from_first = subscriber->from_first && tail.events.empty();
  if (tail.events.size() == events_per_turn)
    wake();
}

void StreamHub::catch_up(const SubscriberPtr& subscriber) {
  const bool accepted = pool_.run([weak = weak_from_this(), subscriber] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_)
      return;
    self->read_journal(*subscriber);
    subscriber->live = true;
    self->wake();
  });
  if (accepted)
    return;
  // Too busy to read for it: it comes back with its Last-Event-ID.
  subscriber->stream->close();
  subscriber->gone = true;
}

void StreamHub::read_journal(Subscriber& subscriber) {
  if (from_the_future(subscriber.last))
    return resync(subscriber, "the id is newer than anything here; load what you show again");
  while (!subscriber.gone && !stopped_ && !feed_.after(subscriber.last, 1).complete) {
    ListFilter filter;
    filter.oldest_first = true;
    filter.limit = 500;
    if (subscriber.last > 0)
      filter.cursor = std::to_string(subscriber.last);
    const auto page = journal_->events(filter);
    if (!page)
      return resync(subscriber, "the journal cannot be read now: " + page.error().detail);
    const auto before = subscriber.last;
    for (const auto& event : page.value().rows)
      subscriber.pass(event);
    subscriber.backlog += static_cast<std::int64_t>(page.value().rows.size());
    if (subscriber.backlog > options_.stream_backlog_max)
      return resync(subscriber, "the id lies too far back; load what you show again");
    if (subscriber.last != before)
      continue;
    if (feed_.last_seq() == 0) {
      // The journal has nothing further, and what comes next is the feed's first.
      subscriber.from_first = true;
      return;
    }
    if (!feed_.after(subscriber.last, 1).complete)
      return resync(subscriber, "what lies between is not kept any more; load what you show again");
  }
}

bool StreamHub::from_the_future(std::int64_t seq) {
  if (seq <= feed_.last_seq())
    return false;
  ListFilter newest;
  newest.limit = 1;
  const auto page = journal_->events(newest);
  return page && (page.value().rows.empty() ? seq > 0 : seq > page.value().rows.front().seq);
}

void StreamHub::resync(Subscriber& subscriber, std::string_view reason) {
  const auto last = feed_.last_seq();
  subscriber.last = last;
  subscriber.from_first = last == 0;
  subscriber.backlog = 0;
  std::string out = last == 0 ? "event: resync\ndata: {\"reason\":"
                              : "id: " + std::to_string(last) + "\nevent: resync\ndata: {\"reason\":";
  append_json(out, reason);
  subscriber.send(out + "}\n\n");
}

void StreamHub::start_heartbeat() {
  timers_->after(options_.heartbeat, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_)
      return;
    {
      const std::lock_guard lock{self->mutex_};
      for (const auto& subscriber : self->subscribers_)
        subscriber->send(": still here\n\n");
    }
    self->remove_gone();
    self->start_heartbeat();
  });
}

void StreamHub::remove_gone() {
  const std::lock_guard lock{mutex_};
  std::erase_if(subscribers_, [](const SubscriberPtr& s) { return s->gone.load(); });
}

}  // namespace heed::api
