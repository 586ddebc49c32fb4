#include "config/problem.hpp"

#include <cstddef>

namespace heed::config {

std::string Problem::str() const {
  std::string out = file;
  if (line > 0)
    out += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!out.empty())
    out += ": ";
  if (!key.empty())
    out += key + ": ";
  if (!value.empty())
    out += value + ": ";
  out += message;
  if (!allowed.empty())
    out += " (allowed: " + allowed + ")";
  if (!nearest.empty())
    out += "; did you mean \"" + nearest + "\"?";
  if (!fix.empty())
    out += "; " + fix;
  return out;
}

}  // namespace heed::config
