#include "core/aggregator.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace heed::core {
namespace {

constexpr auto last_id = std::numeric_limits<std::int64_t>::max();

}  // namespace

Aggregator::Key Aggregator::key_of(const Mention& mention) const {
  return {mention.symbol, config_.any_action ? MentionAction::watch : mention.action};
}

void Aggregator::forget(Timeline& timeline) {
  const Instant limit = forgotten_before();
  while (!timeline.empty() && (timeline.front().at <= limit || timeline.size() > config_.per_key_max)) {
    timeline.pop_front();
    --total_;
  }
}

// Symbols that nobody mentions any more must not stay for ever. Each sweep is paid for by the adds since the last.
void Aggregator::sweep() {
  for (auto it = timelines_.begin(); it != timelines_.end();) {
    forget(it->second);
    it = it->second.empty() ? timelines_.erase(it) : std::next(it);
  }
  added_since_sweep_ = 0;
  kept_by_sweep_ = total_;
}

void Aggregator::add(const Mention& mention) {
  newest_ = std::max(newest_, mention.created_at);
  if (mention.created_at <= forgotten_before())
    return;
  auto& timeline = timelines_[key_of(mention)];
  const Seen seen{mention.created_at, mention.id};
  if (timeline.empty() || timeline.back() < seen) {
    timeline.push_back(seen);
  } else {
    const auto place = std::lower_bound(timeline.begin(), timeline.end(), seen);
    if (*place == seen)
      return;
    timeline.insert(place, seen);
  }
  ++total_;
  forget(timeline);
  if (++added_since_sweep_ > kept_by_sweep_ + 64)
    sweep();
}

void Aggregator::drop(const std::set<std::int64_t>& ids) {
  for (auto it = timelines_.begin(); it != timelines_.end(); ++it)
    total_ -= std::erase_if(it->second, [&](const Seen& seen) { return ids.contains(seen.id); });
}

Weight Aggregator::weigh(const Mention& mention) const {
  Weight weight;
  if (const auto it = timelines_.find(key_of(mention)); it != timelines_.end()) {
    const auto& timeline = it->second;
    const Seen upper{mention.created_at, last_id};
    const Seen lower{mention.created_at - config_.window, last_id};
    // In order of time the end is the bound itself: no search.
    const auto end = timeline.empty() || timeline.back() <= upper
                       ? timeline.end()
                       : std::upper_bound(timeline.begin(), timeline.end(), upper);
    const auto begin = std::upper_bound(timeline.begin(), end, lower);
    const bool itself = std::binary_search(begin, end, Seen{mention.created_at, mention.id});
    weight.others = (end - begin) - (itself ? 1 : 0);
  }
  // The cap is reached long before the product could overflow.
  const auto counted = std::min<std::int64_t>(weight.others, 1'000'000);
  weight.boost = std::min(config_.boost_cap, config_.boost_step * Decimal{counted});
  if (mention.conviction)
    weight.effective_conviction = std::min(Decimal{1}, *mention.conviction + weight.boost);
  return weight;
}

Weight Aggregator::add_and_weigh(const Mention& mention) {
  add(mention);
  return weigh(mention);
}

std::vector<Weighed> Aggregator::add_poll(std::span<const Mention> poll) {
  std::map<Symbol, std::size_t> latest;
  for (std::size_t i = 0; i < poll.size(); ++i) {
    add(poll[i]);
    const auto [it, is_new] = latest.try_emplace(poll[i].symbol, i);
    const auto& best = poll[it->second];
    if (!is_new && std::pair{best.created_at, best.id} <= std::pair{poll[i].created_at, poll[i].id})
      it->second = i;
  }
  std::vector<Weighed> out;
  out.reserve(poll.size());
  for (std::size_t i = 0; i < poll.size(); ++i) {
    const auto decides = latest.at(poll[i].symbol);
    out.push_back({weigh(poll[i]), decides == i ? std::nullopt : std::optional{decides}});
  }
  return out;
}

}  // namespace heed::core
