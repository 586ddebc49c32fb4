// From what the configuration says of a secret to the secret itself.
#pragma once

#include "config/load.hpp"
#include "messages/result.hpp"

#include <string>

namespace heed::config {

/// The built-in exchange's published default, which is no secret.
inline constexpr const char* public_key = "heed";

/// `written` is "${NAME}", "file:PATH" (PATH may hold ${NAME}, as in ${CREDENTIALS_DIRECTORY}), or the text itself.
/// Errors name the fix and never the text. `harmless`: the text may stand where everybody can read it.
Result<Secret> resolve_secret(const std::string& written, bool harmless, const ParseOptions& options);

}  // namespace heed::config
