// The notifier as the configuration describes it, and what it did as events of the journal.
#pragma once

#include "app/notifier.hpp"
#include "net/runtime.hpp"

#include <string>

namespace heed {

struct WebAddress {
  net::Endpoint endpoint;
  std::string target;  // path and query
};

/// Of an address that the configuration's check has passed.
WebAddress web_address(const config::Secret& url);

NotifierOptions notifier_options(const config::Notify& notify, net::Runtime& network);

/// What became of a message, as a line of the journal. One that told of a single thing belongs to that thing's story.
JournalEvent outcome_event(const NotifyOutcome& outcome, Instant now);

}  // namespace heed
