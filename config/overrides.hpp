// Values that stand above the file.
#pragma once

#include "config/reading.hpp"

namespace heed::config {

/// Sets the keys that `options.overrides` name. An unknown key is an error as it is in the file.
void apply_overrides(Reading& reading, const ParseOptions& options);

}  // namespace heed::config
