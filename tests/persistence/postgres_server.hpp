// A PostgreSQL server of the tests' own: a cluster in a temporary folder, on a Unix socket there, as a user who is
// not root. It starts with the first test that asks for it and goes with the process.
#pragma once

#include <string>

namespace heed::test {

class PostgresServer {
public:
  /// The only one. Fails the test when it cannot be started.
  static PostgresServer& get();

  /// The address of a schema that no other test uses, empty.
  std::string new_schema();
  /// The same place seen through another socket folder, behind which somebody stands in between.
  std::string through(const std::string& url, const std::string& folder) const;
  /// Where the server's socket is.
  std::string socket() const;
  /// Runs statements at `url`, as another program would.
  static void meddle(const std::string& url, const std::string& sql);
  /// The first column of the first row.
  static std::string value(const std::string& url, const std::string& sql);

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

private:
  PostgresServer();
  ~PostgresServer();

  std::string folder_;
  int process_ = 0;
  int schemas_ = 0;
};

}  // namespace heed::test
