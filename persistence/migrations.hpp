// The steps that bring a database from nothing to what this program knows. A step once released never changes; SQLite
// and PostgreSQL have the same numbers, each dialect in its own file.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace heed {

struct Migration {
  std::int64_t number = 0;  // from 1, without gaps
  std::string_view name;
  std::string_view sql;
};

/// In order of their numbers.
std::span<const Migration> sqlite_migrations();
std::span<const Migration> postgres_migrations();

}  // namespace heed
