// The real daemon, started from a configuration made here: limits wide open, one inbox, one account at an
// exchange on this machine whose clock it follows.
#pragma once

#include "bench/arena.hpp"
#include "bench/child.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace heed::bench {

struct HeedProcess {
  std::unique_ptr<Child> child;
  std::uint16_t port = 0;
  double ready_ms = 0;  // from exec to the ready line
};

/// Serves `arena`'s exchange until the daemon trades. `folder` keeps its log, and its database unless `postgres` is
/// the address of one. Throws std::runtime_error with the log's end when it does not come up.
HeedProcess start_heed(const std::string& binary, const std::string& folder, Arena& arena,
                       const std::string& postgres = {});

inline const std::string mentions_path = "/api/v1/mentions";

}  // namespace heed::bench
