// JSON schemas of what the API takes and gives, for the OpenAPI document. Rows get theirs from their field lists, so
// that a new field needs no second mention.
#pragma once

#include <nlohmann/json.hpp>

namespace heed::api {

/// Everything under components/schemas.
nlohmann::ordered_json component_schemas();

}  // namespace heed::api
