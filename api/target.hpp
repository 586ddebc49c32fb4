// The request target taken apart: decoded path segments and query parameters, strictly.
#pragma once

#include "api/problem.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace heed::api {

struct Target {
  std::vector<std::string> segments;  // "/" has none; a '/' that was encoded stays in its segment
  std::vector<std::pair<std::string, std::string>> query;  // in order of appearance, names unique
};

/// Refuses (400) what is no origin-form target, broken or forbidden percent escapes (NUL, control characters,
/// invalid UTF-8), and a parameter given twice.
std::variant<Target, Problem> parse_target(std::string_view target);

/// Percent-encodes all but unreserved characters: for one segment or one parameter.
std::string percent_encode(std::string_view text);

/// Valid UTF-8 without control characters.
bool is_plain_text(std::string_view text);

}  // namespace heed::api
