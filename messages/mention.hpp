// A mention: one call by a commentator, as stored.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace heed {

enum class MentionAction : std::uint8_t { buy, sell, avoid, hold, watch };
enum class Horizon : std::uint8_t { intraday, days, weeks, months, long_term, unspecified };

struct Mention {
  std::int64_t id = 0;      // assigned by the store, increasing
  SignalId signal;          // derived from source and natural key; see core/naming.hpp
  std::string external_id;  // natural key within the source; derived (sha256) where the input has none
  SourceId source;          // the configured source that brought it
  std::string origin;       // free text of the input's own `source` field
  Symbol symbol;
  MentionAction action = MentionAction::watch;
  std::optional<Decimal> conviction;  // 0..1
  Horizon horizon = Horizon::unspecified;
  std::string rationale_quote, title, url;
  Instant published_at{};
  Instant created_at{};
  HEED_FIELDS(id, signal, external_id, source, origin, symbol, action, conviction, horizon, rationale_quote, title,
              url, published_at, created_at);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::MentionAction, "buy", "sell", "avoid", "hold", "watch");
HEED_ENUM_NAMES(heed::Horizon, "intraday", "days", "weeks", "months", "long_term", "unspecified");
