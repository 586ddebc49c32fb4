#include "bench/postgres.hpp"

#include <unistd.h>
#include <pqxx/pqxx>

#include <cstdlib>

namespace heed::bench {

std::optional<std::string> new_postgres_schema() {
  const char* server = std::getenv("HEED_BENCH_POSTGRES");
  if (server == nullptr || *server == '\0')
    return std::nullopt;
  static int made = 0;
  const auto name = "bench_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
  const std::string base = server;
  pqxx::connection connection{base};
  pqxx::nontransaction work{connection};
  work.exec("CREATE SCHEMA " + name);
  return base + (base.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + name;
}

}  // namespace heed::bench
