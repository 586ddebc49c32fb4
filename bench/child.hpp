// A program under test: started with pipes on its standard input and output, ended with SIGTERM.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace heed::bench {

class Child {
public:
  /// Standard error goes to `log`. Throws std::runtime_error when it cannot be started.
  Child(std::vector<std::string> command, const std::string& log);
  /// SIGTERM, then SIGKILL after five seconds.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line of its standard output; empty at its end or when none has come within `patience`. Poll it with
  /// little patience while serving something else.
  std::string line(std::chrono::milliseconds patience);
  bool running();
  std::size_t resident_bytes() const;
  /// User and system time, so far.
  double cpu_seconds() const;
  void end();

private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string pending_;
};

}  // namespace heed::bench
