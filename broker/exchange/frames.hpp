// The two forms in which a stream speaks: JSON text, and MessagePack for clients that ask for it in the handshake.
// All the rest of the exchange knows JSON only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heed::exchange {

/// Whether this Content-Type of a handshake asks for MessagePack.
bool wants_msgpack(std::string_view content_type);

/// `json` (valid) as MessagePack. Instants under the key "t" become the format's timestamps, as the venue's are.
std::string to_msgpack(std::string_view json);

/// The JSON text of a MessagePack document; empty when it is none.
std::optional<std::string> from_msgpack(std::string_view bytes);

}  // namespace heed::exchange
