// One journal event in words for people: what `heed explain` shows behind its name.
#pragma once

#include "messages/records.hpp"

#include <string>

namespace heed::api {

/// The gist of the types that tell a call's story; of all others the plain members of the payload.
std::string event_words(const JournalEvent& event);

}  // namespace heed::api
