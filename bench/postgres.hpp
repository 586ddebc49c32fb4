// Where PostgreSQL is measured: a schema of its own for each measurement, on the server of bench/postgres.sh.
#pragma once

#include <optional>
#include <string>

namespace heed::bench {

/// The address of a new, empty schema on the server that HEED_BENCH_POSTGRES names; none: it is not set. Throws what
/// libpqxx throws.
std::optional<std::string> new_postgres_schema();

}  // namespace heed::bench
