// What was wrong with an input, and what was done about it.
#pragma once

#include <cstdint>
#include <string>

namespace heed::backtest {

enum class IssueLevel : std::uint8_t {
  warning,  // kept as it is, worth a look
  error     // left out
};

struct Issue {
  IssueLevel level = IssueLevel::error;
  std::string file;
  std::uint32_t line = 0;  // from 1; 0: the file as a whole
  std::string field;       // may be empty
  std::string reason;
  /// "bars/AA.csv:12: high: is 10, under the low 11; row left out"
  std::string str() const {
    auto out = file;
    if (line > 0)
      out += ":" + std::to_string(line);
    out += ": ";
    if (!field.empty())
      out += field + ": ";
    return out + reason;
  }
  friend bool operator==(const Issue&, const Issue&) = default;
};

}  // namespace heed::backtest
