// Who follows which source, by which strategy: the configuration's routes, turned round.
#pragma once

#include "messages/ids.hpp"

#include <map>
#include <memory>
#include <vector>

namespace heed {

struct Follower {
  AccountId account;
  StrategyId strategy;
};

using Followers = std::map<SourceId, std::vector<Follower>>;

inline const std::vector<Follower>& followers_of(const Followers& followers, const SourceId& source) {
  static const std::vector<Follower> none;
  const auto found = followers.find(source);
  return found == followers.end() ? none : found->second;
}

}  // namespace heed
