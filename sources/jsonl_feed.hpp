// A JSONL file that is followed as it grows, or a folder of them in the order of their names.
//
// The cursor is JSON text: {"file name": [bytes read, lines read, mark of the bytes before], ...}. Where other bytes
// stand before it than those that were read, the file is another one, of whatever length, and is read from its
// beginning; what was taken before is recognized by the watcher. A file that was copied or moved elsewhere stays the
// same.
//
// A line counts once it is ended by a newline, or, at the end of a file, when it is a whole JSON object that has
// stood there unchanged since the last look (writers that end without one).
#pragma once

#include "core/mention_validation.hpp"
#include "sources/mention_feed.hpp"

#include <memory>
#include <string>

namespace heed {

struct JsonlFeedOptions {
  std::string path;  // a file, or a folder whose *.jsonl files are read
  SourceId source;
  std::optional<Decimal> default_conviction;
};

std::unique_ptr<MentionFeed> make_jsonl_feed(JsonlFeedOptions options);

}  // namespace heed
