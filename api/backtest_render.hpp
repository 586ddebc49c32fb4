// Stored runs over the past as others see them: of the daemon, and of a store that no daemon holds.
#pragma once

#include "persistence/journal.hpp"

#include <functional>
#include <optional>
#include <string>

namespace heed::api {

inline bool is_under_way(BacktestStatus status) {
  return status == BacktestStatus::queued || status == BacktestStatus::running;
}

/// A page of a list, as JSON: what is known of every run, its parameters and its figures.
std::string shown_runs(const ListPage<BacktestRunRow>& page,
                       const std::function<std::optional<double>(const BacktestRunRow&)>& progress);
/// One run. `result`, the JSON object that it gave, has its members join: its own digest, and its own parameters
/// unless it is a sweep. Empty: there is none.
std::string shown_run(const BacktestRunRow& run, std::optional<double> progress, const std::string& result);

}  // namespace heed::api
