// The port through which a watcher reads a source that it has to go and look at (a file, a table, a feed).
#pragma once

#include "messages/mention.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed {

/// One input, in the source's own order, and the cursor that stands behind it.
struct FeedItem {
  std::variant<Mention, RejectedInputRow> what;  // a Mention's id is not assigned yet
  std::string cursor;
  Instant arrival{};  // of a mention: when it was read, which is its time where it brings none
};

struct FeedPage {
  std::vector<FeedItem> items;
  bool more = false;               // ask again at once
  std::vector<std::string> notes;  // what an operator should know of this look; each is told once
};

/// Code of the error of a feed that has asked and not been answered yet: nothing is wrong.
constexpr std::string_view feed_pending = "pending";

/// Not thread-safe: owned by one watcher. A cursor is text that only the feed understands; empty is the beginning.
class MentionFeed {
public:
  virtual ~MentionFeed() = default;
  /// Up to `max` inputs behind `cursor`. Error unavailable when the source cannot be read now.
  virtual Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant now) = 0;
  /// The cursor behind everything that is there now, for a cold start that trades nothing old. A source that does not
  /// exist yet holds nothing old: its beginning. Error unavailable when it exists and cannot be read now.
  virtual Result<std::string> newest(Instant now) = 0;
  /// Something has come that `read` or `newest` was not given yet: worth another look before the next poll.
  virtual bool has_news() const { return false; }
};

}  // namespace heed
