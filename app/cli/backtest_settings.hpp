// What --config, --profile and --set make of a backtest's parameters: the configuration's own keys and ranges, under
// short names, and those that only the past has.
#pragma once

#include "backtest/params.hpp"
#include "config/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace heed::cli {

class BacktestSettings {
public:
  /// The numbers of one strategy of the configuration, and the limits of one account. Empty names: the only one there
  /// is, or of several accounts the first that the strategy trades on. Gives what is wrong, if anything is.
  std::optional<std::string> take(const config::Config& config, const std::string& strategy,
                                  const std::string& account);
  /// Sets one key: "min_conviction", "risk.open_positions_max", "aggregator.step", "slippage", or under the name it
  /// has in a configuration, "strategy.mentions.min_conviction". Gives what is wrong, with what is allowed.
  std::optional<std::string> set(const std::string& key, const std::string& text);
  /// "plain"; gives what is wrong.
  std::optional<std::string> set_profile(const std::string& name);

  backtest::Params params() const;

  /// Every key that set() knows, by its short name.
  static std::vector<std::string> keys();

private:
  std::optional<std::string> set_past(const std::string& key, const std::string& text, bool& known);

  config::MentionStrategy strategy_;
  config::Aggregator aggregator_;
  RiskLimits risk_;
  backtest::Params past_;
};

}  // namespace heed::cli
