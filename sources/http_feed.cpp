#include "sources/http_feed.hpp"

#include "core/naming.hpp"
#include "net/json_writer.hpp"
#include "sources/mention_json.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

namespace heed {
namespace {

constexpr std::int64_t polls_left_out_max = 60;
constexpr std::size_t rejected_key_size = 16;

/// Answers come on the network's thread.
struct Inbox {
  mutable std::mutex mutex;
  std::optional<Result<net::HttpResponse>> answer;
  bool asking = false;
};

struct Cursor {
  std::string etag, modified;
  std::optional<Instant> after;  // what is not newer was there at the cold start
  std::set<std::string> seen;    // of the last document: signals, and keys of what was no call
};

void append_json(net::JsonWriter& w, const net::Json& json) {
  switch (json.kind) {
    case net::Json::Kind::null: w.null(); break;
    case net::Json::Kind::boolean: w.value(json.boolean); break;
    case net::Json::Kind::number: w.raw(json.text); break;
    case net::Json::Kind::string: w.value(json.text); break;
    case net::Json::Kind::array:
      w.begin_array();
      for (const auto& item : json.items)
        append_json(w, item);
      w.end_array();
      break;
    case net::Json::Kind::object:
      w.begin_object();
      for (const auto& [name, value] : json.members) {
        w.key(name);
        append_json(w, value);
      }
      w.end_object();
      break;
  }
}

std::string text_of(const net::Json& json) {
  net::JsonWriter w;
  append_json(w, json);
  return std::move(w).str();
}

std::string to_text(const Cursor& cursor) {
  net::JsonWriter w;
  w.begin_object().key("etag").value(cursor.etag).key("modified").value(cursor.modified).key("after");
  if (cursor.after)
    w.value(to_rfc3339(*cursor.after));
  else
    w.null();
  w.key("seen").begin_array();
  for (const auto& key : cursor.seen)
    w.value(key);
  w.end_array().end_object();
  return std::move(w).str();
}

Result<Cursor> parse_cursor(const std::string& text) {
  Cursor cursor;
  if (text.empty())
    return cursor;
  const Error bad{ErrorKind::invalid, "cursor", "stored cursor is damaged: " + text.substr(0, 200)};
  const auto json = net::parse_json(text);
  if (!json || !json.value().is_object())
    return bad;
  const auto* etag = json.value().find("etag");
  const auto* modified = json.value().find("modified");
  const auto* after = json.value().find("after");
  const auto* seen = json.value().find("seen");
  if (etag == nullptr || modified == nullptr || after == nullptr || seen == nullptr || !seen->is_array())
    return bad;
  cursor.etag = etag->text;
  cursor.modified = modified->text;
  if (after->is_string()) {
    cursor.after = parse_rfc3339(after->text);
    if (!cursor.after)
      return bad;
  }
  for (const auto& key : seen->items)
    cursor.seen.insert(key.text);
  return cursor;
}

Error unavailable(std::string why) { return {ErrorKind::unavailable, "source", std::move(why)}; }

/// One entry of a document, understood or not.
struct Entry {
  std::variant<Mention, RejectedInputRow> what;
  std::string key;
};

class HttpFeed final : public MentionFeed {
public:
  explicit HttpFeed(HttpFeedOptions options) : options_{std::move(options)} {}

  Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant now) override {
    if (pending_.empty()) {
      auto place = parse_cursor(cursor);
      if (!place)
        return place.error();
      auto entries = look(place.value(), now);
      if (!entries)
        return entries.error();
      if (entries.value())
        select(std::move(*entries.value()), std::move(place).value(), cursor, now);
    }
    FeedPage page;
    while (!pending_.empty() && page.items.size() < max) {
      page.items.push_back(std::move(pending_.front()));
      pending_.pop_front();
    }
    page.more = !pending_.empty();
    return page;
  }

  Result<std::string> newest(Instant now) override {
    Cursor cursor;
    auto entries = look(cursor, now);
    if (!entries)
      return entries.error();
    if (!entries.value())
      return Error{ErrorKind::unavailable, std::string{feed_pending}, "its first answer is awaited"};
    for (const auto& entry : *entries.value()) {
      cursor.seen.insert(entry.key);
      if (const auto* mention = std::get_if<Mention>(&entry.what))
        cursor.after = std::max(cursor.after.value_or(Instant::min()), mention->created_at);
    }
    cursor.etag = etag_;
    cursor.modified = modified_;
    return to_text(cursor);
  }

  bool has_news() const override {
    const std::scoped_lock lock{inbox_->mutex};
    return inbox_->answer.has_value();
  }

private:
  /// What the last answer brought, if one came; else sees to it that one will come.
  Result<std::optional<std::vector<Entry>>> look(const Cursor& cursor, Instant now) {
    std::optional<Result<net::HttpResponse>> answer;
    {
      const std::scoped_lock lock{inbox_->mutex};
      answer = std::exchange(inbox_->answer, std::nullopt);
    }
    if (!answer) {
      ask(cursor);
      return std::optional<std::vector<Entry>>{};
    }
    auto entries = understand(*answer, now);
    if (entries) {
      failures_ = 0;
    } else {
      const auto doubled = std::int64_t{1} << std::min<std::int64_t>(failures_++, 10);
      polls_left_out_ = std::clamp(std::max(doubled - 1, told_wait(*answer)), std::int64_t{0}, polls_left_out_max);
    }
    return entries;
  }

  void ask(const Cursor& cursor) {
    {
      const std::scoped_lock lock{inbox_->mutex};
      if (inbox_->asking)
        return;
      if (polls_left_out_ > 0) {
        --polls_left_out_;
        return;
      }
      inbox_->asking = true;
    }
    net::HttpRequest request;
    request.target = options_.target;
    request.headers = {{"Accept", "application/json"}};
    const auto& etag = etag_.empty() ? cursor.etag : etag_;
    const auto& modified = modified_.empty() ? cursor.modified : modified_;
    if (!etag.empty())
      request.headers.emplace_back("If-None-Match", etag);
    if (!modified.empty())
      request.headers.emplace_back("If-Modified-Since", modified);
    options_.client->send(std::move(request), options_.deadline, [inbox = inbox_](Result<net::HttpResponse> answer) {
      const std::scoped_lock lock{inbox->mutex};
      inbox->answer = std::move(answer);
      inbox->asking = false;
    });
  }

  /// In polls. As the feed asked for, with Retry-After in seconds.
  std::int64_t told_wait(const Result<net::HttpResponse>& answer) const {
    if (!answer)
      return 0;
    const auto text = net::header(answer.value().headers, "Retry-After");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || seconds <= 0)
      return 0;
    const auto poll = std::max<std::int64_t>(options_.poll_interval.count(), 1);
    return (std::min<std::int64_t>(seconds, 86'400) * 1'000 + poll - 1) / poll;
  }

  Result<std::optional<std::vector<Entry>>> understand(const Result<net::HttpResponse>& answer, Instant now) {
    if (!answer)
      return unavailable("the feed does not answer: " + answer.error().code + " " + answer.error().detail);
    const auto& response = answer.value();
    if (response.status == 304)
      return std::optional<std::vector<Entry>>{};
    if (response.status >= 300 && response.status < 400)
      return unavailable("the feed answers HTTP " + std::to_string(response.status) +
                         ": it has moved; write its new address as the source's url");
    if (response.status == 401 || response.status == 403)
      return unavailable("the feed answers HTTP " + std::to_string(response.status) +
                         ": check the token in the source's url");
    if (response.status != 200)
      return unavailable("the feed answers HTTP " + std::to_string(response.status));
    const auto json = net::parse_json(response.body);
    if (!json)
      return unavailable("the feed's document is no JSON: " + json.error().detail);
    const auto* items = json.value().is_array() ? &json.value() : json.value().find("items");
    if (items == nullptr || !items->is_array())
      return unavailable("the feed's document must be an array of mentions, or an object whose \"items\" are one");
    if (items->items.size() > options_.items_max)
      return unavailable("the feed's document has " + std::to_string(items->items.size()) + " items; at most " +
                         std::to_string(options_.items_max) + " are taken");
    std::vector<Entry> entries;
    entries.reserve(items->items.size());
    for (const auto& item : items->items)
      entries.push_back(entry_of(item, now));
    etag_ = net::header(response.headers, "ETag");
    modified_ = net::header(response.headers, "Last-Modified");
    return std::optional{std::move(entries)};
  }

  Entry entry_of(const net::Json& item, Instant now) const {
    core::MentionIntake intake;
    intake.source = options_.source;
    intake.default_conviction = options_.default_conviction;
    intake.arrival = now;
    auto answer = read_mention(item, intake);
    if (auto* mention = std::get_if<Mention>(&answer)) {
      mention->id = 0;
      auto key = mention->signal.str();
      return {std::move(*mention), std::move(key)};
    }
    auto& error = std::get<core::FieldError>(answer);
    auto body = text_of(item);
    // The place in the document changes with the next call, the content does not.
    auto key = "rejected:" + core::sha256_hex(body).substr(0, rejected_key_size);
    return {RejectedInputRow{options_.source, "items", std::move(error.field), std::move(error.reason),
                             body.substr(0, rejected_body_max), now},
            key};
  }

  /// Puts aside what is new. All but the last carry the old cursor: a crash between them reads the document again,
  /// and what was taken of it is recognized.
  void select(std::vector<Entry> entries, Cursor place, const std::string& old_cursor, Instant now) {
    Cursor next;
    next.after = place.after;
    next.etag = etag_;
    next.modified = modified_;
    for (auto& entry : entries) {
      const bool fresh = next.seen.insert(entry.key).second && !place.seen.contains(entry.key);
      const auto* mention = std::get_if<Mention>(&entry.what);
      if (!fresh || (mention != nullptr && place.after && mention->created_at <= *place.after))
        continue;
      FeedItem item;
      item.what = std::move(entry.what);
      item.cursor = old_cursor;
      item.arrival = now;
      pending_.push_back(std::move(item));
    }
    if (!pending_.empty())
      pending_.back().cursor = to_text(next);
  }

  HttpFeedOptions options_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::deque<FeedItem> pending_;
  std::string etag_, modified_;  // of the last document that was understood
  std::int64_t failures_ = 0;
  std::int64_t polls_left_out_ = 0;
};

}  // namespace

std::unique_ptr<MentionFeed> make_http_feed(HttpFeedOptions options) {
  return std::make_unique<HttpFeed>(std::move(options));
}

}  // namespace heed
