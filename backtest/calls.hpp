// Mentions of the past, read from JSONL by the code that reads them live, kept as columns and cached beside the file.
#pragma once

#include "backtest/blob.hpp"
#include "backtest/issue.hpp"
#include "core/naming.hpp"
#include "messages/mention.hpp"
#include "messages/result.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed::backtest {

/// One mention, as far as it decides anything. Trivially copyable: it is what the cache holds.
struct Call {
  static constexpr std::int64_t none = -1;

  std::int64_t id = 0;
  std::int64_t created_us = 0;     // since 1970, UTC
  std::int64_t conviction = none;  // billionths
  std::uint32_t symbol = 0;        // index into Calls::symbols
  std::uint32_t origin = 0;        // index into Calls::origins
  std::uint32_t line = 0;          // of the file
  MentionAction action = MentionAction::watch;
  Horizon horizon = Horizon::unspecified;
  std::uint16_t unused = 0;

  Instant created_at() const { return Instant{Duration{created_us}}; }
};
static_assert(std::is_trivially_copyable_v<Call> && sizeof(Call) == 40);

/// By (created_at, id). Immutable; copies are cheap and share.
struct Calls {
  std::span<const Call> calls;
  std::vector<Symbol> symbols;       // in alphabetical order
  std::vector<std::string> origins;  // what the input calls its source; in alphabetical order
  core::Digest digest{};             // SHA-256 of the content
  Blob owner;
};

/// A mention's origin up to the first ';': what calls are grouped by.
std::string_view source_name(std::string_view origin);

/// Makes Calls from mentions in any order. Ids must differ.
Calls make_calls(std::span<const Mention> mentions);

struct CallOptions {
  bool use_cache = true;
  std::function<void(std::size_t bytes_done, std::size_t bytes)> progress;
};

struct LoadedCalls {
  Calls calls;
  std::vector<Issue> issues;
  std::size_t lines = 0;     // that are not empty
  std::size_t rejected = 0;  // of them
  bool from_cache = false;
  std::string cache;
};

/// Reads a JSONL file, plain or gzip. A line that is no mention is an issue and left out. So is a mention whose id or
/// external_id stood on an earlier line. Mentions without id get the next free ones in the order of the file; without
/// created_at they count from published_at; without both they are rejected.
/// Error: kind unavailable for a file that cannot be read, invalid when there is no mention in it.
Result<LoadedCalls> load_calls(const std::string& path, const CallOptions& options = {});

}  // namespace heed::backtest
