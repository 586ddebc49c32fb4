// One mention as JSON, from a file's line or a request's body: to a valid Mention, or the field that is wrong and
// why.
#pragma once

#include "core/mention_validation.hpp"
#include "net/json.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace heed {

/// `item` must be an object with the fields of a mention and no others; numbers may stand for id and conviction only.
std::variant<Mention, core::FieldError> read_mention(const net::Json& item, const core::MentionIntake& intake);

/// One line of a JSONL file. A line that is no JSON is an error of the field "line".
std::variant<Mention, core::FieldError> read_mention_line(std::string_view line, const core::MentionIntake& intake);

/// How much of a rejected input is kept, in bytes.
constexpr std::size_t rejected_body_max = 2048;

}  // namespace heed
