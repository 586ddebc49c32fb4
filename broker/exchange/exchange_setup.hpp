// Builds the core out of the server's options: feed, accounts, start, limits.
#pragma once

#include "broker/exchange/exchange_server.hpp"

namespace heed::exchange {

/// `real_now` is the start when nothing else says when time begins.
Result<std::unique_ptr<ExchangeCore>> make_core(const ExchangeOptions& options, Instant real_now);

Result<std::string> read_text_file(const std::string& path);
/// Through a new file that takes the old one's name, so that a reader never sees half of it.
heed::Status write_text_file(const std::string& path, const std::string& text);

}  // namespace heed::exchange
