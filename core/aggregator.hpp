// How often a symbol was called lately: further mentions within the window raise the conviction of the next one.
#pragma once

#include "messages/mention.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace heed::core {

struct AggregatorConfig {
  Duration window = std::chrono::hours{48};              // > 0
  Decimal boost_step = Decimal::from_units(50'000'000);  // 0.05 for each further mention
  Decimal boost_cap = Decimal::from_units(200'000'000);  // 0.20 at most
  bool any_action = false;                               // count every action, not only the same
  Duration late_arrivals = std::chrono::hours{48};       // how far back a mention can arrive and count right
  std::size_t per_key_max = 10'000;                      // the oldest go first
};

/// A mention with what its surroundings add.
struct Weight {
  std::int64_t others = 0;  // mentions counted in its window
  Decimal boost;
  std::optional<Decimal> effective_conviction;  // empty when the mention has no conviction
  friend bool operator==(const Weight&, const Weight&) = default;
};

/// A mention of one poll: its weight, and the later mention of the same symbol in the same poll that decides instead.
struct Weighed {
  Weight weight;
  std::optional<std::size_t> superseded_by;  // index into the poll
};

/// The window over what was mentioned. For mention m it counts those of the same symbol and action with created_at in
/// (m.created_at - window, m.created_at], without m itself. Depends only on the set of mentions added, not on their
/// order (as long as they arrive within `late_arrivals`); adding one twice changes nothing, so it can be rebuilt from
/// the store. One add or weigh is O(1) amortized for mentions in order of time. Memory is bounded by what was
/// mentioned in window + late_arrivals before the newest mention.
class Aggregator {
public:
  explicit Aggregator(AggregatorConfig config = {}) : config_{config} {}

  /// Remembers a mention. Its (created_at, id) is its identity.
  void add(const Mention& mention);
  /// Forgets those with these ids. Looks at everything that is remembered.
  void drop(const std::set<std::int64_t>& ids);
  /// The weight of a mention among those added (it may be one of them, or not).
  Weight weigh(const Mention& mention) const;
  Weight add_and_weigh(const Mention& mention);
  /// Adds the mentions of one poll, then weighs each. The latest of a symbol, by (created_at, id), decides for all
  /// actions; the earlier ones are superseded by it but count.
  std::vector<Weighed> add_poll(std::span<const Mention> poll);

  const AggregatorConfig& config() const { return config_; }
  std::size_t remembered() const { return total_; }

private:
  struct Key {
    Symbol symbol;
    MentionAction action = MentionAction::watch;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::string_view>{}(key.symbol.view()) * 31 + static_cast<std::size_t>(key.action);
    }
  };
  struct Seen {
    Instant at{};
    std::int64_t id = 0;
    friend auto operator<=>(const Seen&, const Seen&) = default;
  };
  using Timeline = std::deque<Seen>;  // ascending

  Key key_of(const Mention& mention) const;
  Instant forgotten_before() const { return newest_ - config_.window - config_.late_arrivals; }
  void forget(Timeline& timeline);
  void sweep();

  AggregatorConfig config_;
  std::unordered_map<Key, Timeline, KeyHash> timelines_;  // never iterated where the order could be seen
  Instant newest_{};
  std::size_t total_ = 0;
  std::size_t added_since_sweep_ = 0;
  std::size_t kept_by_sweep_ = 0;
};

}  // namespace heed::core
