// What this binary calls itself.
#pragma once

#include <string_view>

namespace heed {

inline constexpr std::string_view version = HEED_VERSION;

}  // namespace heed
