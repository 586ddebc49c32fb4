// Requests taken apart: path, query, and the bodies of orders.
#pragma once

#include "broker/exchange/types.hpp"
#include "net/json.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed::exchange {

struct Target {
  std::string_view path;  // into the request's target, still percent-encoded
  std::map<std::string, std::string> query;

  const std::string* find(const std::string& name) const {
    const auto found = query.find(name);
    return found != query.end() && !found->second.empty() ? &found->second : nullptr;
  }
};
/// Empty when a percent escape is broken.
std::optional<Target> parse_target(std::string_view target);
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);
std::vector<std::string> split_list(std::string_view text);

/// POST /v2/orders. Strings and numbers both do for prices and quantities; unknown members are ignored, as the real
/// venue does.
std::variant<OrderRequest, Refusal> parse_order(std::string_view body);
/// PATCH /v2/orders/{id}
std::variant<ReplaceRequest, Refusal> parse_replace(std::string_view body);

}  // namespace heed::exchange
