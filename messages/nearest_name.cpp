#include "messages/nearest_name.hpp"

#include <algorithm>
#include <cctype>

namespace heed {

int edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<int> before_previous(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    previous[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    before_previous.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t length_max = 64;  // nothing of ours is longer, and a huge name must not cost
  if (name.empty() || name.size() > length_max)
    return {};
  const int distance_max = std::max(2, static_cast<int>(name.size()) / 3);
  std::string best;
  int best_score = 2 * distance_max + 2;
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(name, candidate);
    // A short name turned into another altogether is no typing error.
    if (distance > distance_max || distance >= static_cast<int>(std::max(name.size(), candidate.size())))
      continue;
    // A slip in the first letter is rare: of equally close ones the one that begins alike was meant.
    const bool same_start = edit_distance(name.substr(0, 1), std::string_view{candidate}.substr(0, 1)) == 0;
    const int score = 2 * distance + (same_start ? 0 : 1);
    if (score < best_score) {
      best = candidate;
      best_score = score;
    }
  }
  return best;
}

}  // namespace heed
