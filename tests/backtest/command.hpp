// The program's command line in this process: what it is told, and what it answers.
#pragma once

#include "app/cli/cli.hpp"

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace heed::cli::test {

struct Outcome {
  int code = 0;
  std::string out, err;
};

/// With an empty environment and nothing to read.
inline Outcome heed(const std::vector<std::string>& args) {
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in;
  Surroundings s;
  s.out = &out;
  s.err = &err;
  s.in = &in;
  s.environment = [](const std::string&) { return std::optional<std::string>{}; };
  const int code = run(args, s);
  return {code, out.str(), err.str()};
}

}  // namespace heed::cli::test
