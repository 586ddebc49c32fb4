// Bodies made small (RFC 1952), and back.
#pragma once

#include "messages/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace heed::net {

std::string gzip(std::string_view text);

/// Error: kind invalid; code "gzip" when it is not one whole gzip stream, "gzip_size" when more than `size_max` bytes
/// would come out, of which no more than those are ever held.
Result<std::string> gunzip(std::string_view bytes, std::size_t size_max);

}  // namespace heed::net
