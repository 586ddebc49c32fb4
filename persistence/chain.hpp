// The hash chain over the journal: each row's hash covers the hash before it and all that the row says, so that a
// changed, dropped or inserted row no longer fits.
#pragma once

#include "messages/records.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace heed {

using ChainHash = std::array<std::uint8_t, 32>;

/// Computes links. Not thread-safe; keeps its context between links, since making one costs more than a link.
class ChainHasher {
public:
  ChainHasher();
  ~ChainHasher();
  ChainHasher(const ChainHasher&) = delete;
  ChainHasher& operator=(const ChainHasher&) = delete;

  /// SHA-256 of the hash before, then each field of the event with its length before it. The first row's
  /// predecessor is all zeros.
  ChainHash link(const ChainHash& before, const JournalEvent& event);

private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string scratch_;
};

}  // namespace heed
