// Small files of the administrator, read whole and with suspicion.
#pragma once

#include "messages/result.hpp"

#include <cstddef>
#include <string>

namespace heed::config {

struct FileText {
  std::string text;
  bool world_readable = false;
};

/// Errors (kind invalid) name the file and the fix: missing, a directory or device, not readable, larger than
/// `bytes_max`, writable by everybody, or changed while it was read.
Result<FileText> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace heed::config
