// The daemon's log: its two formats, and what the journal's batches say there.
#pragma once

#include "config/config.hpp"
#include "messages/records.hpp"

#include <spdlog/formatter.h>

#include <memory>
#include <span>

namespace heed {

/// Instant, level, the id of what the line is about where there is one, text. As people read it, or one JSON object a
/// line with at, level, correlation and message.
std::unique_ptr<spdlog::formatter> log_formatter(config::LogFormat format);

/// At level debug: each decision, order and fill, under the id of its signal.
void log_batches(std::span<const Batch> batches);

}  // namespace heed
