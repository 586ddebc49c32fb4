// One value of the file into the field it is for, or what is wrong with it.
#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/registry.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace heed::config {

/// The exact value of a TOML number as written: "0.05", "1_000.5", "1e-3". The double that the number would be never
/// comes into it. Empty for inf, nan, more than nine decimals, and what does not fit.
std::optional<Decimal> exact_decimal(std::string_view token);

/// Sets the field. On a problem the field keeps its value; key, file and place are the caller's to fill in.
std::optional<Problem> assign(const Node& node, const Key& key, Slot slot, const ParseOptions& options);

}  // namespace heed::config
