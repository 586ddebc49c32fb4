// What whoever brought a call is told, once it is durable.
#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <string>

namespace heed {

/// One validated mention's fate.
struct MentionReceipt {
  std::int64_t mention_id = 0;
  SignalId signal;
  bool duplicate = false;  // then both are the first one's
  std::string refused;     // why a duplicate is none: its key is the first one's, what it says is not
};

struct IntentReceipt {
  SignalId signal;
  bool duplicate = false;  // same key, same body: the first answer again. Same key, other body: Error rejected "409"
};

}  // namespace heed
