// POST /mentions: a JSON object or an array of them, to validated mentions and to reasons why not. On the fast path:
// one pass, no document beyond the parser's own.
#pragma once

#include "api/problem.hpp"
#include "core/mention_validation.hpp"
#include "messages/mention.hpp"
#include "messages/records.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed::api {

struct RejectedMention {
  std::size_t index = 0;  // in the array; 0 for a single object
  std::string field;
  std::string reason;
};

struct MentionBatch {
  std::vector<Mention> mentions;
  std::vector<std::size_t> indexes;  // of each mention in the array
  std::vector<RejectedMention> rejected;
  std::vector<RejectedInputRow> rows;  // the same, as the journal keeps them
};

/// A problem only when the whole body cannot be read: no JSON, or neither an object nor an array.
std::variant<MentionBatch, Problem> read_mentions(std::string_view body, const core::MentionIntake& intake);

}  // namespace heed::api
