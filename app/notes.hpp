// What of the journal is worth telling people: each committed batch to notes, by kind.
#pragma once

#include "config/config.hpp"
#include "messages/records.hpp"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// One thing to tell. `key` names it: the same thing told again has the same key.
struct Note {
  config::NotifyEvent kind = config::NotifyEvent::entry;
  std::string key;
  std::string text;  // one line, for people
  AccountId account;
  Symbol symbol;
  SignalId signal;
  ClientOrderId order;
  Instant at{};
  friend bool operator==(const Note&, const Note&) = default;
};

/// The notes of these kinds, in the order of the batches.
std::vector<Note> notes_of(std::span<const Batch> batches, const std::set<config::NotifyEvent>& kinds);

}  // namespace heed
