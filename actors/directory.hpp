// Who is running now: the handles of all actors, kept by the supervisor, which replaces them when it starts one
// again. Read by whoever must reach an actor that may have been replaced (the edge, the inspector, the scheduler, the
// aggregator). Thread-safe.
#pragma once

#include "messages/interfaces.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// The actors of one account.
struct Desk {
  GovernorActor governor;
  GatewayActor gateway;
  PortfolioActor portfolio;
  ReconcilerActor reconciler;
};

class Directory {
public:
  void set(const AccountId& account, Desk desk) {
    const std::scoped_lock lock{mutex_};
    desks_[account] = std::move(desk);
  }
  void set(const SourceId& source, WatcherActor watcher) {
    const std::scoped_lock lock{mutex_};
    watchers_[source] = std::move(watcher);
  }
  /// A further actor, for the inspector, under its name.
  void set_other(const std::string& name, Inspectable actor) {
    const std::scoped_lock lock{mutex_};
    others_[name] = std::move(actor);
  }
  /// Lets go of all handles, so that the actor system can end.
  void clear() {
    const std::scoped_lock lock{mutex_};
    desks_.clear();
    watchers_.clear();
    others_.clear();
  }

  std::optional<Desk> desk(const AccountId& account) const {
    const std::scoped_lock lock{mutex_};
    const auto found = desks_.find(account);
    return found == desks_.end() ? std::nullopt : std::optional{found->second};
  }
  /// Null when the account has no desk.
  PortfolioActor portfolio(const AccountId& account) const {
    const std::scoped_lock lock{mutex_};
    const auto found = desks_.find(account);
    return found == desks_.end() ? PortfolioActor{} : found->second.portfolio;
  }
  std::optional<WatcherActor> watcher(const SourceId& source) const {
    const std::scoped_lock lock{mutex_};
    const auto found = watchers_.find(source);
    return found == watchers_.end() ? std::nullopt : std::optional{found->second};
  }
  std::vector<std::pair<AccountId, Desk>> desks() const {
    const std::scoped_lock lock{mutex_};
    return {desks_.begin(), desks_.end()};
  }
  std::vector<std::pair<SourceId, WatcherActor>> watchers() const {
    const std::scoped_lock lock{mutex_};
    return {watchers_.begin(), watchers_.end()};
  }
  /// All, by the name people use: "journal", "gateway:paper", "watcher:calls".
  std::map<std::string, Inspectable> by_name() const {
    const std::scoped_lock lock{mutex_};
    std::map<std::string, Inspectable> all = others_;
    for (const auto& [account, desk] : desks_) {
      all["governor:" + account.str()] = desk.governor;
      all["gateway:" + account.str()] = desk.gateway;
      all["portfolio:" + account.str()] = desk.portfolio;
      all["reconciler:" + account.str()] = desk.reconciler;
    }
    for (const auto& [source, watcher] : watchers_)
      all["watcher:" + source.str()] = watcher;
    return all;
  }

private:
  mutable std::mutex mutex_;
  std::map<AccountId, Desk> desks_;
  std::map<SourceId, WatcherActor> watchers_;
  std::map<std::string, Inspectable> others_;
};

}  // namespace heed
