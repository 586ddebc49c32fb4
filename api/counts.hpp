// How many requests got which kind of answer, per route: the API's own part of /metrics.
#pragma once

#include "api/route.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heed::api {

/// Thread-safe.
class RequestCounts {
public:
  explicit RequestCounts(std::size_t routes) : counts_(routes + 1) {}

  /// `route` is nullptr for what no route took.
  void add(const Route* route, int status);
  std::vector<MetricSample> samples() const;

private:
  using ByClass = std::array<std::atomic<std::uint64_t>, 6>;  // 0: odd ones, 1..5: 1xx..5xx
  std::vector<ByClass> counts_;
};

/// Samples as Prometheus text: families together, HELP and TYPE once each.
std::string prometheus_text(const std::vector<MetricSample>& samples);

}  // namespace heed::api
