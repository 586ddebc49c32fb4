#include "messages/disposition.hpp"

namespace heed {

std::string Disposition::str() const {
  std::string out{to_string(kind)};
  if (!detail.empty())
    out += ':' + detail;
  return out;
}

}  // namespace heed
