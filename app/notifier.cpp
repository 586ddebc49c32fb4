#include "app/notifier.hpp"

#include "net/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace heed {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t remembered_keys = 4'096;

std::string slack_body(const std::vector<Note>& notes) {
  std::string text;
  for (const auto& note : notes)
    text += (text.empty() ? "" : "\n") + note.text;
  return std::move(net::JsonWriter{}.begin_object().key("text").value(text).end_object()).str();
}

std::string json_body(const std::vector<Note>& notes) {
  net::JsonWriter w;
  w.begin_object().key("source").value("heed").key("notes").begin_array();
  for (const auto& note : notes) {
    w.begin_object().key("kind").value(to_string(note.kind)).key("key").value(note.key);
    w.key("at").value(to_rfc3339(note.at)).key("account").value(note.account.view());
    w.key("symbol").value(note.symbol.view()).key("signal").value(note.signal.view());
    w.key("order").value(note.order.view()).key("text").value(note.text).end_object();
  }
  w.end_array().end_object();
  return std::move(w).str();
}

/// Whether sending it again may help.
bool may_repeat(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

std::optional<milliseconds> told_wait(const net::HttpResponse& response) {
  const auto text = net::header(response.headers, "Retry-After");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return milliseconds{std::min(seconds, 300) * 1'000};
}

}  // namespace

/// The queue to one address. On the timers' thread only.
struct Notifier::Lane {
  NotifyTarget target;
  std::deque<Note> waiting;
  std::size_t left_out = 0;  // dropped since the last message
  double tokens = 0;
  steady_clock::time_point tokens_at{};
  bool busy = false;  // a message is on its way, or waits to be sent again
  bool timer = false;
};

struct Notifier::State {
  NotifierOptions options;  // `kinds` and `per_minute_max` under the mutex
  std::shared_ptr<net::Timers> timers;
  std::function<void(NotifyOutcome)> told;
  mutable std::mutex mutex;
  std::atomic<bool> stopped{false};
  std::vector<Lane> lanes;
  std::set<std::string> keys;
  std::deque<std::string> keys_in_order;
  std::atomic<std::int64_t> sent{0}, failed{0}, dropped{0}, repeated{0}, waiting{0};
  std::weak_ptr<Notifier> self;

  std::int32_t per_minute() const {
    const std::scoped_lock lock{mutex};
    return options.per_minute_max;
  }

  bool told_lately(const std::string& key) {
    if (!keys.insert(key).second)
      return true;
    keys_in_order.push_back(key);
    if (keys_in_order.size() > remembered_keys) {
      keys.erase(keys_in_order.front());
      keys_in_order.pop_front();
    }
    return false;
  }

  /// `task` runs later, unless everything has ended.
  void after(milliseconds delay, std::function<void(State&)> task) {
    timers->after(delay, [weak = self, task = std::move(task)] {
      if (const auto alive = weak.lock(); alive && !alive->state_->stopped)
        task(*alive->state_);
    });
  }

  void take(const std::vector<Note>& notes) {
    for (auto& note : notes) {
      if (told_lately(note.key)) {
        ++repeated;
        continue;
      }
      for (auto& lane : lanes) {
        lane.waiting.push_back(note);
        ++waiting;
        if (lane.waiting.size() > options.waiting_max) {
          lane.waiting.pop_front();
          ++lane.left_out;
          ++dropped;
          --waiting;
        }
      }
    }
    for (std::size_t i = 0; i < lanes.size(); ++i)
      pump(i);
  }

  /// Whether a message may leave now; if not, the pump runs again when it may.
  bool take_token(std::size_t index) {
    auto& lane = lanes[index];
    const double rate = per_minute();
    const auto now = steady_clock::now();
    const auto passed = std::chrono::duration<double>(now - lane.tokens_at).count();
    // A fifth of the minute's allowance may leave at once.
    lane.tokens = std::min(std::max(1.0, rate / 5), lane.tokens + passed * rate / 60);
    lane.tokens_at = now;
    if (lane.tokens >= 1) {
      lane.tokens -= 1;
      return true;
    }
    if (!std::exchange(lane.timer, true))
      after(milliseconds{static_cast<std::int64_t>((1 - lane.tokens) * 60'000 / rate) + 1}, [index](State& s) {
        s.lanes[index].timer = false;
        s.pump(index);
      });
    return false;
  }

  void pump(std::size_t index) {
    auto& lane = lanes[index];
    if (lane.busy || lane.timer || lane.waiting.empty() || !take_token(index))
      return;
    // As long as messages may leave one by one, each note has its own; then they share one.
    const bool room = lane.tokens >= static_cast<double>(lane.waiting.size() - 1);
    const auto count = room ? 1 : std::min(lane.waiting.size(), options.notes_per_message_max);
    std::vector<Note> notes;
    for (std::size_t i = 0; i < count; ++i) {
      notes.push_back(std::move(lane.waiting.front()));
      lane.waiting.pop_front();
    }
    if (const auto left_out = std::exchange(lane.left_out, 0); left_out > 0)
      notes.back().text += " (" + std::to_string(left_out) + " earlier notes were dropped: too many waited)";
    lane.busy = true;
    send(index, std::make_shared<const std::vector<Note>>(std::move(notes)), 1);
  }

  void send(std::size_t index, const std::shared_ptr<const std::vector<Note>>& notes, std::int32_t attempt) {
    const auto& target = lanes[index].target;
    net::HttpRequest request;
    request.method = "POST";
    request.target = target.path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = target.form == NotifyTarget::Form::slack ? slack_body(*notes) : json_body(*notes);
    target.client->send(std::move(request), options.deadline,
                        [weak = self, index, notes, attempt](const Result<net::HttpResponse>& answer) {
                          if (const auto alive = weak.lock(); alive && !alive->state_->stopped)
                            alive->state_->answered(index, notes, attempt, answer);
                        });
  }

  void answered(std::size_t index, const std::shared_ptr<const std::vector<Note>>& notes, std::int32_t attempt,
                const Result<net::HttpResponse>& answer) {
    const int status = answer ? answer.value().status : 0;
    const bool ok = status >= 200 && status < 300;
    if (!ok && attempt < options.attempts_max && (status == 0 || may_repeat(status))) {
      auto delay =
        std::min<milliseconds>(options.backoff_first * (1LL << std::min(attempt - 1, 16)), options.backoff_max);
      if (status != 0)
        delay = std::max(delay, told_wait(answer.value()).value_or(milliseconds{0}));
      after(delay, [index, notes, attempt](State& s) { s.send(index, notes, attempt + 1); });
      return;
    }
    const auto count = static_cast<std::int64_t>(notes->size());
    (ok ? sent : failed) += count;
    waiting -= count;
    // The address itself is a secret and stands in no error text of the client's but the host; the status is enough.
    NotifyOutcome outcome{lanes[index].target.name, ok, attempt,
                          status != 0 ? "HTTP " + std::to_string(status) : answer.error().code, *notes};
    told(std::move(outcome));
    lanes[index].busy = false;
    pump(index);
  }
};

Notifier::Notifier(NotifierOptions options, std::shared_ptr<net::Timers> timers,
                   std::function<void(NotifyOutcome)> told)
    : state_{std::make_unique<State>()} {
  for (auto& target : options.targets) {
    Lane lane;
    lane.target = std::move(target);
    lane.tokens = std::max(1.0, options.per_minute_max / 5.0);
    lane.tokens_at = steady_clock::now();
    state_->lanes.push_back(std::move(lane));
  }
  options.targets.clear();
  state_->options = std::move(options);
  state_->timers = std::move(timers);
  state_->told = std::move(told);
}

Notifier::~Notifier() = default;

void Notifier::publish(std::span<const Batch> batches) {
  if (state_->lanes.empty() || state_->stopped)
    return;
  std::vector<Note> notes;
  {
    const std::scoped_lock lock{state_->mutex};
    notes = notes_of(batches, state_->options.kinds);
  }
  publish(std::move(notes));
}

void Notifier::publish(std::vector<Note> notes) {
  if (notes.empty() || state_->lanes.empty() || state_->stopped)
    return;
  state_->timers->after(milliseconds{0}, [weak = weak_from_this(), notes = std::move(notes)]() mutable {
    if (const auto alive = weak.lock(); alive && !alive->state_->stopped) {
      alive->state_->self = weak;
      alive->state_->take(notes);
    }
  });
}

void Notifier::configure(std::set<config::NotifyEvent> kinds, std::int32_t per_minute_max) {
  const std::scoped_lock lock{state_->mutex};
  state_->options.kinds = std::move(kinds);
  state_->options.per_minute_max = per_minute_max;
}

void Notifier::stop() { state_->stopped = true; }

Notifier::Counts Notifier::counts() const {
  const auto& s = *state_;
  return {s.sent, s.failed, s.dropped, s.repeated, s.waiting};
}

}  // namespace heed
