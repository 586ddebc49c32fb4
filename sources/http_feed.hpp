// A JSON feed that is polled over HTTP: an array of mentions, or an object whose "items" are one.
//
// It is asked with the ETag and Last-Modified of its last answer, so that a feed that did not change costs nothing.
// Asking takes time and an actor must not wait: `read` starts the request and gives what the last answer brought;
// `has_news` says that another one has come. A feed that fails is asked more rarely, as long as it said, or doubling.
//
// A feed shows a window of its calls, in no order that could be relied on. The cursor is therefore JSON text with the
// signals that the last document held, and, after a cold start, the newest time of what was there then: what was made
// at or before it is old for ever.
#pragma once

#include "net/http.hpp"
#include "sources/mention_feed.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace heed {

struct HttpFeedOptions {
  std::shared_ptr<net::HttpClient> client;
  std::string target = "/";  // path and query
  SourceId source;
  std::optional<Decimal> default_conviction;
  std::chrono::milliseconds deadline{20'000};
  std::chrono::milliseconds poll_interval{60'000};  // how often it is read: what waits are counted in
  std::size_t items_max = 10'000;                   // of one document
};

std::unique_ptr<MentionFeed> make_http_feed(HttpFeedOptions options);

}  // namespace heed
