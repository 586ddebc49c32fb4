// Whether a cron line is one, in the grammar of core/cron.hpp, which this folder may not know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heed::config {

/// What is wrong with the line, naming the field; empty if nothing is. A line that no Monday to Friday ever meets is
/// wrong too: nothing that the market schedules by it would happen.
std::optional<std::string> cron_problem(std::string_view line);

}  // namespace heed::config
