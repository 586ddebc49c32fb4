// Rows that another program writes into the table `mentions` of a SQLite file.
//
// The cursor is the last id that was read, as digits. The file is opened read-only for each look, so that it may be
// replaced, and need not exist yet. A table whose highest id fell below the cursor was begun anew: it is read from
// its beginning, and what was taken before is recognized by the watcher.
#pragma once

#include "messages/decimal.hpp"
#include "sources/mention_feed.hpp"

#include <memory>
#include <optional>
#include <string>

namespace heed {

/// Columns: id (INTEGER, increasing), symbol, action; optional: external_id, source, conviction, time_horizon,
/// rationale_quote, title, url, published_at, created_at. Others are ignored. An instant is RFC 3339 text, text as
/// SQLite's datetime() writes it (UTC), or whole seconds since 1970. A row that is no mention becomes a
/// RejectedInputRow at position "mentions:<id>".
struct TableFeedOptions {
  std::string path;  // of the SQLite file
  SourceId source;
  std::optional<Decimal> default_conviction;
};

std::unique_ptr<MentionFeed> make_table_feed(TableFeedOptions options);

}  // namespace heed
