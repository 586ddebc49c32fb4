// The quick way through JSON as programs write it. Whatever is out of the ordinary (an error, a \u escape, text that
// is not ASCII, an exponent, very many members) is left to the strict reader behind parse_json(), which alone
// refuses.
#pragma once

#include "net/json.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace heed::net {

/// The document that parse_json() reads from `text`, or nothing: then ask the strict reader.
std::optional<Json> read_plain_json(std::string_view text, std::size_t depth_max);

/// As parse_json(), by the strict reader alone.
Result<Json> read_strict_json(std::string_view text, std::size_t depth_max);

}  // namespace heed::net
