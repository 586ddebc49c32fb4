#include "config/config.hpp"

#include <algorithm>

namespace heed::config {

bool Config::needs_exchange() const {
  return std::any_of(accounts.begin(), accounts.end(),
                     [](const Account& account) { return account.venue == VenueKind::exchange; });
}

}  // namespace heed::config
