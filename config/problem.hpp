// What is wrong with a configuration, said so that a person can mend it without reading the code.
#pragma once

#include "messages/nearest_name.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace heed::config {

/// One error or warning. Everything but `message` may be empty; a secret never stands in any of them.
struct Problem {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;
  std::string key;      // "account.paper.risk.cooldown_seconds"
  std::string value;    // the offending value as written
  std::string message;  // what is wrong
  std::string allowed;  // the range or the names allowed, with the unit
  std::string nearest;  // a valid name close to the one given
  std::string fix;      // what to write or to run

  /// "heed.toml:12:8: account.paper.mode: "lvie" is no value for it (allowed: paper, live); did you mean "live"?"
  std::string str() const;
};

}  // namespace heed::config
