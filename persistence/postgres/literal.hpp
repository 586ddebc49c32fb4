// Any bytes as PostgreSQL text, and back.
//
// TEXT holds valid UTF-8 without zero bytes; calls and brokers' answers may be anything. A byte that cannot be stored
// becomes one of the 256 last characters of the last private plane, U+10FF00 + byte. Those characters themselves are
// stored byte by byte in the same way, so that no two texts become the same.
#pragma once

#include "persistence/chain.hpp"

#include <string>
#include <string_view>

namespace heed::postgres {

/// As text that PostgreSQL can hold.
void append_storable(std::string& out, std::string_view text);
/// What append_storable was given.
std::string from_storable(std::string_view stored);
/// `text` as a literal, in quotes. Precondition of its use: standard_conforming_strings is on, the client's encoding
/// UTF8.
void append_literal(std::string& out, std::string_view text);
/// '\x...': a literal for BYTEA.
void append_literal(std::string& out, const ChainHash& hash);

}  // namespace heed::postgres
