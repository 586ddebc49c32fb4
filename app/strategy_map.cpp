#include "app/strategy_map.hpp"

#include <chrono>

namespace heed {

MentionStrategyConfig strategy_of(const config::MentionStrategy& from) {
  MentionStrategyConfig to;
  to.id = StrategyId{from.id};
  to.enable_trading = from.enable_trading;
  to.min_conviction = from.min_conviction;
  to.max_age_hours = from.max_age_hours;
  to.blocklist_days = from.blocklist_days;
  to.avoid_closes_longs = from.avoid_closes_longs;
  to.buy_clears_blocklist = from.buy_clears_blocklist;
  to.base_pct = from.base_pct;
  to.min_trade = from.min_trade;
  to.max_trade = from.max_trade;
  to.max_per_ticker = from.max_per_ticker;
  to.max_position_pct = from.max_position_pct;
  switch (from.on_repeat_buy) {
    case config::RepeatBuy::top_up: to.on_repeat_buy = RepeatBuy::top_up; break;
    case config::RepeatBuy::roll: to.on_repeat_buy = RepeatBuy::roll; break;
    case config::RepeatBuy::ignore: to.on_repeat_buy = RepeatBuy::ignore; break;
  }
  to.hold_sessions_days = from.hold_sessions_days;
  to.hold_sessions_weeks = from.hold_sessions_weeks;
  to.hold_sessions_months = from.hold_sessions_months;
  to.hold_sessions_long_term = from.hold_sessions_long_term;
  to.hold_sessions_unspecified = from.hold_sessions_unspecified;
  to.stop_pct = from.stop_pct;
  to.target_pct = from.target_pct;
  return to;
}

core::AggregatorConfig aggregator_of(const config::Aggregator& from) {
  core::AggregatorConfig out;
  out.window = std::chrono::hours{from.window_hours};
  out.boost_step = from.step;
  out.boost_cap = from.cap;
  out.any_action = from.boost_counts == config::BoostCounts::any_action;
  return out;
}

}  // namespace heed
