// `explain`: everything that the journal knows of one call, order, trade or position, as one story in order.
#pragma once

#include "messages/ids.hpp"
#include "persistence/journal.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

struct StoryStep {
  Instant at{};
  std::int64_t seq = 0;  // of the journal's event; 0: told by a row
  std::string what;      // "signal_received", "order_accepted", "fill"
  std::string detail;    // for people
  AccountId account;
  Symbol symbol;
  ClientOrderId order;
  std::string payload;  // the event's own, JSON
};

struct Story {
  std::string kind;  // "signal", "order", "trade", "position"
  std::string id;
  std::optional<SignalView> signal;
  std::vector<Mention> mentions;
  std::vector<Intent> intents;
  std::vector<OrderRow> orders;
  std::vector<FillRow> fills;
  std::vector<TradeRow> trades;
  std::map<std::int64_t, JournalEvent> events;  // by seq
  std::vector<StoryStep> steps;                 // in order of time
};

/// Empty: there is nothing of that name. `id` is a signal, an order (client_order_id) or a trade (its intent).
Result<std::optional<Story>> tell_story(JournalReader& journal, const std::string& id);
Result<std::optional<Story>> tell_signal(JournalReader& journal, const std::string& signal);
Result<std::optional<Story>> tell_position(JournalReader& journal, const AccountId& account, const Symbol& symbol);

std::string story_json(const Story& story);

}  // namespace heed::api
