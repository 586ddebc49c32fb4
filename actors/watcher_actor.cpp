#include "actors/watcher_actor.hpp"

#include "core/mention_validation.hpp"
#include "core/naming.hpp"
#include "messages/log_scope.hpp"
#include "messages/mutant.hpp"
#include "persistence/json_read.hpp"
#include "persistence/json_sparse.hpp"
#include "sources/mention_json.hpp"

#include <algorithm>
#include <utility>

namespace heed {
namespace {

// More than can be on their way at once; older ones are in the store.
constexpr std::size_t recent_max = 65'536;
constexpr std::size_t page_max = 500;

constexpr std::string_view received_type = "signal_received";

void remember(WatcherState& st, const Mention& mention) {
  st.recent.insert(mention.signal);
  st.pending.insert_or_assign(mention.signal, mention);
  st.recent_order.push_back(mention.signal);
  if (st.recent_order.size() > recent_max) {
    st.recent.erase(st.recent_order.front());
    st.recent_order.pop_front();
  }
}

/// As the journal tells of it. Precondition: the signal is stored.
Result<Mention> stored_mention(JournalReader& reader, const SignalId& signal) {
  ListFilter filter;
  filter.signal = signal.str();
  filter.type = received_type;
  filter.limit = 1;
  filter.oldest_first = true;
  const auto events = reader.events(filter);
  if (!events)
    return events.error();
  if (events.value().rows.empty())
    return Error{ErrorKind::invalid, "JOURNAL", "the journal does not tell what signal " + signal.str() + " was"};
  return from_json<Mention>(events.value().rows.front().payload, {.missing_fields = true});
}

/// The mention that has this key already; empty: none. A store that cannot be asked is an error: then nothing is
/// taken.
Result<std::optional<Mention>> find_known(const WatcherState& st, const SignalId& signal) {
  if (const auto found = st.pending.find(signal); found != st.pending.end())
    return std::optional{found->second};
  if (!st.recent.contains(signal)) {
    const auto stored = st.args->reader->has_signal(signal);
    if (!stored)
      return stored.error();
    if (!stored.value())
      return std::optional<Mention>{};
  }
  auto mention = stored_mention(*st.args->reader, signal);
  if (!mention)
    return mention.error();
  return std::optional{std::move(mention).value()};
}

JournalEvent received_event(const Mention& mention, Instant now) {
  JournalEvent event;
  event.at = now;
  event.type = received_type;
  event.symbol = mention.symbol;
  event.signal = mention.signal;
  event.payload = to_sparse_json(mention);
  return event;
}

void add_rows(const WatcherState& st, Batch& batch, const Mention& mention, Instant now) {
  const auto& followers = followers_of(*st.args->followers, st.args->source);
  batch.events.push_back(received_event(mention, now));
  batch.rows.emplace_back(SignalRow{mention.signal,
                                    st.args->source,
                                    Origin::mention,
                                    mention.symbol,
                                    std::string{to_string(mention.action)},
                                    mention.external_id,
                                    {},
                                    static_cast<std::int32_t>(followers.size()),
                                    now});
  batch.rows.emplace_back(mention);
  for (const auto& follower : followers)
    batch.rows.emplace_back(Decision{mention.signal, follower.account, {}, {}, now});
}

void add_rejected(Batch& batch, const RejectedInputRow& rejected) {
  JournalEvent event;
  event.at = rejected.at;
  event.type = "input_rejected";
  event.payload = to_json(rejected);
  batch.events.push_back(std::move(event));
  batch.rows.emplace_back(rejected);
}

struct Taking {
  std::vector<Mention> mentions;
  std::vector<Instant> arrivals;  // of each
  std::vector<RejectedInputRow> rejected;
  std::optional<std::string> cursor;  // absent: does not move
  Reply<std::vector<MentionReceipt>> done;
};

/// It was not stored, so it was not seen: whoever sends it again is not told that it is there.
void forget(WatcherState& st, const std::vector<MentionReceipt>& receipts) {
  for (const auto& receipt : receipts)
    if (!receipt.duplicate) {
      st.recent.erase(receipt.signal);
      st.pending.erase(receipt.signal);
    }
}

/// A place in a file or a feed may hold something else the next time, and an inbox has none: what was refused is told
/// apart by what it is.
std::string place_of(const RejectedInputRow& rejected) {
  constexpr std::size_t digits = 16;
  core::Sha256 content;
  content.field(rejected.field).field(rejected.body);
  return rejected.position + "#" + core::hex(content.finish()).substr(0, digits);
}

/// A feed may bring the same again, at each look; an inbox is told by somebody each time.
void place_rejected(WatcherState& st, std::vector<RejectedInputRow>& rejected) {
  for (auto& row : rejected)
    row.position = place_of(row);
  if (!st.args->feed)
    return;
  if (st.refused.size() > recent_max)
    st.refused.clear();
  std::erase_if(rejected, [&st](const RejectedInputRow& row) { return !st.refused.insert(row.position).second; });
}

/// As it was brought, without what was filled in.
RejectedInputRow refused_row(Mention mention, std::string reason, Instant arrival, Instant now) {
  mention.signal = {};
  for (auto* at : {&mention.published_at, &mention.created_at})
    if (*at == arrival)
      *at = {};
  return {mention.source,
          "external_id:" + mention.external_id,
          "external_id",
          std::move(reason),
          to_sparse_json(mention).substr(0, rejected_body_max),
          now};
}

/// What one batch of mentions comes to.
struct Sorted {
  std::vector<MentionReceipt> receipts;
  std::vector<SignalId> leaned_on;  // duplicates of what is not durable yet
};

/// Of a call whose key is known: the same once more, or refused.
MentionReceipt known_receipt(const Mention& first, const Mention& again, Instant arrival) {
  MentionReceipt receipt{first.id, again.signal, true, {}};
  const auto others = core::differences(first, again, arrival);
  if (!others.empty())
    receipt.refused = "is that of mention " + std::to_string(first.id) + ", which differs in " + others +
                      "; another call needs an id of its own";
  return receipt;
}

/// Assigns ids to what is new, and takes out what is not. The error names the store's trouble.
Result<Sorted> sort_out(WatcherState& st, Taking& taking, Instant now) {
  Sorted out;
  auto& mentions = taking.mentions;
  out.receipts.reserve(mentions.size());
  for (std::size_t i = 0; i < mentions.size(); ++i) {
    auto& mention = mentions[i];
    const auto known = find_known(st, mention.signal);
    if (!known) {
      forget(st, out.receipts);
      return known.error();
    }
    if (known.value() && !mutant("call_again")) {
      auto receipt = known_receipt(*known.value(), mention, taking.arrivals[i]);
      if (st.pending.contains(mention.signal))
        out.leaned_on.push_back(mention.signal);
      if (receipt.refused.empty())
        ++st.duplicates;
      else
        taking.rejected.push_back(refused_row(std::move(mention), receipt.refused, taking.arrivals[i], now));
      out.receipts.push_back(std::move(receipt));
      continue;
    }
    mention.id = (*st.args->next_mention_id)++;
    mention.source = st.args->source;
    remember(st, mention);
    out.receipts.push_back({mention.id, mention.signal, false, {}});
  }
  std::erase_if(mentions, [&, i = std::size_t{0}](const Mention&) mutable { return out.receipts[i++].duplicate; });
  return out;
}

void stored(WatcherSelf self, const Sorted& sorted, const Reply<std::vector<MentionReceipt>>& done) {
  auto& st = self->state;
  for (const auto& receipt : sorted.receipts)
    if (!receipt.duplicate)
      st.pending.erase(receipt.signal);
  if (!done)
    return;
  // The journal answers in order: what came before is durable by now, or was forgotten.
  const bool all_there = std::all_of(sorted.leaned_on.begin(), sorted.leaned_on.end(),
                                     [&](const SignalId& signal) { return st.recent.contains(signal); });
  if (all_there)
    done(sorted.receipts);
  else
    done(not_stored("a mention that this one repeats could not be stored"));
}

void take_back(WatcherSelf self, const Sorted& sorted, const Reply<std::vector<MentionReceipt>>& done,
               caf::error& error) {
  forget(self->state, sorted.receipts);
  MentionsLost lost;
  for (const auto& receipt : sorted.receipts)
    if (!receipt.duplicate)
      lost.ids.push_back(receipt.mention_id);
  if (!lost.ids.empty())
    self->send(self->state.args->aggregator, std::move(lost));
  if (done) {
    done(not_stored(error));
    return;
  }
  // A feed goes back to its stored cursor: the supervisor starts this actor again.
  if (self->state.args->feed)
    self->quit(std::move(error));
}

Append append_of(const WatcherState& st, const Taking& taking, Instant now) {
  Append append;
  const auto followers = followers_of(*st.args->followers, st.args->source).size();
  append.batch.events.reserve(taking.mentions.size() + taking.rejected.size());
  append.batch.rows.reserve(taking.mentions.size() * (2 + followers) + taking.rejected.size() + 1);
  for (const auto& mention : taking.mentions)
    if (!mutant("cursor_without_call") || !taking.cursor)
      add_rows(st, append.batch, mention, now);
  for (const auto& rejected : taking.rejected)
    add_rejected(append.batch, rejected);
  if (taking.cursor)
    append.batch.rows.emplace_back(CursorRow{st.args->source, *taking.cursor, now});
  append.more_follows = !taking.mentions.empty();
  return append;
}

void take(WatcherSelf self, Taking taking) {
  auto& st = self->state;
  const auto now = st.args->clock->now();
  auto sorted = sort_out(st, taking, now);
  if (!sorted) {
    if (taking.done)
      taking.done(not_stored(sorted.error().detail));
    else if (st.args->feed)
      self->quit(store_failure(sorted.error().detail));
    return;
  }
  place_rejected(st, taking.rejected);
  if (mutant("receipt_before_commit") && taking.done)
    std::exchange(taking.done, nullptr)(sorted.value().receipts);
  auto append = append_of(st, taking, now);
  st.taken += static_cast<std::int64_t>(taking.mentions.size());
  st.rejected += static_cast<std::int64_t>(taking.rejected.size());
  if (append.batch.empty() && sorted.value().leaned_on.empty()) {
    if (taking.done)
      taking.done(std::move(sorted).value().receipts);
    return;
  }
  const auto work = std::make_shared<const Sorted>(std::move(sorted).value());
  const Unfinished unfinished{st.args->telemetry->calls_in_hand};
  self->request(st.args->journal, caf::infinite, std::move(append))
    .then([self, work, done = taking.done, unfinished](const Appended&) { stored(self, *work, done); },
          [self, work, done = taking.done, unfinished](caf::error& error) { take_back(self, *work, done, error); });
  if (taking.mentions.empty())
    return;
  auto& mentions = taking.mentions;
  std::sort(mentions.begin(), mentions.end(), [](const Mention& a, const Mention& b) {
    return std::pair{a.created_at, a.id} < std::pair{b.created_at, b.id};
  });
  self->send(st.args->aggregator, MentionsSeen{std::move(mentions), false, {}, now});
}

// ---- feeds --------------------------------------------------------------------------------------------------------

void poll_later(WatcherSelf self, std::chrono::milliseconds delay) {
  auto& st = self->state;
  if (std::exchange(st.poll_due, true))
    return;
  self->delayed_send(self, delay, PollDue{});
}

void warn(const WatcherState& st, const std::string& text) {
  const auto about = "source:" + st.args->source.str();
  const LogScope scope{about};
  spdlog::warn("source {}: {}", st.args->source.view(), text);
}

void set_problem(WatcherState& st, const std::string& problem) {
  if (!problem.empty() && st.last_problem != problem)
    warn(st, problem);
  st.last_problem = problem;
}

/// A cold start that trades nothing old begins behind what is there, and does not begin before that can be told. The
/// place is made durable at once: calls that come while the daemon is down lie behind it.
bool find_start(WatcherSelf self) {
  auto& st = self->state;
  if (st.started)
    return true;
  auto newest = st.args->feed->newest(st.args->clock->now());
  if (!newest && newest.error().code == feed_pending)
    return false;
  set_problem(st, newest ? std::string{} : newest.error().detail);
  if (!newest)
    return false;
  st.started = true;
  st.cursor = st.read_cursor = std::move(newest).value();
  Taking start;
  start.cursor = st.cursor;
  take(self, std::move(start));
  return true;
}

/// Reads until something is held or the feed has no more.
bool read_more(WatcherSelf self) {
  auto& st = self->state;
  auto page = st.args->feed->read(st.read_cursor, page_max, st.args->clock->now());
  set_problem(st, page ? std::string{} : page.error().detail);
  if (!page) {
    st.exhausted = true;
    return false;
  }
  for (const auto& note : page.value().notes)
    warn(st, note);
  for (auto& item : page.value().items)
    st.held.push_back(std::move(item));
  if (!st.held.empty())
    st.read_cursor = st.held.back().cursor;
  st.exhausted = !page.value().more;
  return !st.held.empty();
}

bool released(const WatcherState& st, const FeedItem& item, Instant now) {
  const auto* mention = std::get_if<Mention>(&item.what);
  return !st.args->release_by_clock || !mention || mention->created_at <= now;
}

/// Takes everything that the clock releases, as one poll.
void release(WatcherSelf self) {
  auto& st = self->state;
  if (st.draining)
    return;
  const auto now = st.args->clock->now();
  Taking taking;
  for (;;) {
    if (st.held.empty() && (st.exhausted || !read_more(self)))
      break;
    auto& item = st.held.front();
    if (!released(st, item, now))
      break;
    taking.cursor = item.cursor;
    if (auto* mention = std::get_if<Mention>(&item.what)) {
      taking.mentions.push_back(std::move(*mention));
      taking.arrivals.push_back(item.arrival);
    } else {
      taking.rejected.push_back(std::get<RejectedInputRow>(std::move(item.what)));
    }
    st.held.pop_front();
    if (!st.args->release_by_clock && taking.mentions.size() >= page_max)
      break;
  }
  if (!taking.cursor)
    return;
  st.cursor = *taking.cursor;
  take(self, std::move(taking));
}

void poll(WatcherSelf self) {
  auto& st = self->state;
  st.poll_due = false;
  if (!st.args->feed)
    return;
  if (!find_start(self)) {
    poll_later(self, st.args->poll_interval);
    return;
  }
  st.exhausted = false;
  release(self);
  const bool more = !st.draining && !st.args->release_by_clock && (!st.exhausted || !st.held.empty());
  poll_later(self, more ? std::chrono::milliseconds{0} : st.args->poll_interval);
}

/// A tick of the clock: it may release something, and a feed that is asked over the network may have been answered.
void look_at_clock(WatcherSelf self) {
  auto& st = self->state;
  const bool news = st.args->feed && st.args->feed->has_news();
  if (news && !find_start(self))
    return;
  if (news)
    st.exhausted = false;
  if (news || st.args->release_by_clock)
    release(self);
}

void begin(WatcherSelf self) {
  auto& st = self->state;
  if (!st.args->feed)
    return;
  st.started = st.args->cursor || !st.args->start_at_newest;
  st.cursor = st.read_cursor = st.args->cursor.value_or("");
  poll_later(self, std::chrono::milliseconds{0});
}

std::string inspect_watcher(const WatcherState& st) {
  return JsonObject{}
    .field("source", st.args->source)
    .field("kind", st.args->feed ? "feed" : "inbox")
    .field("cursor", st.cursor)
    .field("held", static_cast<std::int64_t>(st.held.size()))
    .field("taken", st.taken)
    .field("duplicates", st.duplicates)
    .field("rejected", st.rejected)
    .field("last_problem", st.last_problem)
    .field("draining", st.draining)
    .str();
}

void submitted(WatcherSelf self, SubmitMentions& submit) {
  if (self->state.draining) {
    if (submit.done)
      submit.done(Error{ErrorKind::unavailable, "DRAINING", "the daemon is stopping"});
    return;
  }
  std::vector<Instant> arrivals(submit.mentions.size(), submit.arrival);
  take(self,
       {std::move(submit.mentions), std::move(arrivals), std::move(submit.rejected), {}, std::move(submit.done)});
}

}  // namespace

WatcherActor::behavior_type watcher_actor(WatcherSelf self, std::shared_ptr<const WatcherArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  begin(self);
  return {
    [self](InspectSelf) { return inspect_watcher(self->state); },
    [self](SubmitMentions& submit) { submitted(self, submit); },
    [self](PollDue) { poll(self); },
    [self](ClockMoved) { look_at_clock(self); },
    [self](Drain) { self->state.draining = true; },
  };
}

}  // namespace heed
