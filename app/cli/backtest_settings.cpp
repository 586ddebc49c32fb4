#include "app/cli/backtest_settings.hpp"

#include "app/strategy_map.hpp"
#include "config/registry.hpp"
#include "config/values.hpp"
#include "core/mention_validation.hpp"
#include "messages/nearest_name.hpp"

#include <algorithm>
#include <functional>

namespace heed::cli {
namespace {

using backtest::Params;
using Wrong = std::optional<std::string>;

constexpr Decimal zero;
constexpr Decimal capital_max{100'000'000};
constexpr auto slippage_max = Decimal::from_units(500'000'000);
constexpr Decimal fee_max{1'000'000};

/// A key that only the past has.
struct PastKey {
  std::string name;
  std::function<Wrong(Params&, const std::string&)> set;
};

Wrong set_amount(Decimal& to, const std::string& text, Decimal min, bool above, Decimal max) {
  const auto value = Decimal::parse(text);
  if (!value || *value < min || (above && *value == min) || *value > max)
    return "must be a number " + std::string{above ? "above " : "from "} + min.str() + (above ? " up to " : " to ") +
           max.str();
  to = *value;
  return std::nullopt;
}

template <class E>
Wrong set_name(E& to, const std::string& text) {
  const auto value = enum_from<E>(text);
  if (!value) {
    std::string names;
    for (const auto name : EnumNames<E>::names)
      names += (names.empty() ? "" : ", ") + std::string{name};
    return "must be one of " + names;
  }
  to = *value;
  return std::nullopt;
}

Wrong set_flag(bool& to, const std::string& text) {
  if (text != "true" && text != "false")
    return "must be true or false";
  to = text == "true";
  return std::nullopt;
}

Wrong set_date(std::optional<Date>& to, const std::string& text) {
  to = parse_iso_date(text);
  return to ? std::nullopt : Wrong{"must be a date like 2020-01-31"};
}

const std::vector<PastKey>& past_keys() {
  static const std::vector<PastKey> keys{
    {"capital", [](Params& p, const std::string& t) { return set_amount(p.capital, t, zero, true, capital_max); }},
    {"benchmark",
     [](Params& p, const std::string& t) -> Wrong {
       const auto symbol = core::validate_symbol(t);
       if (const auto* wrong = std::get_if<core::FieldError>(&symbol))
         return wrong->reason;
       p.benchmark = std::get<Symbol>(symbol);
       return std::nullopt;
     }},
    {"from", [](Params& p, const std::string& t) { return set_date(p.from, t); }},
    {"to", [](Params& p, const std::string& t) { return set_date(p.to, t); }},
    {"default_conviction",
     [](Params& p, const std::string& t) -> Wrong {
       p.default_conviction = core::parse_conviction(t);
       return p.default_conviction ? std::nullopt : Wrong{"must be a number from 0 to 1"};
     }},
    {"entry", [](Params& p, const std::string& t) { return set_name(p.entry, t); }},
    {"risk", [](Params& p, const std::string& t) { return set_name(p.risk_mode, t); }},
    {"fractional", [](Params& p, const std::string& t) { return set_flag(p.fractional, t); }},
    {"slippage",
     [](Params& p, const std::string& t) { return set_amount(p.slippage, t, zero, false, slippage_max); }},
    {"commission_per_order",
     [](Params& p, const std::string& t) { return set_amount(p.commission_per_order, t, zero, false, fee_max); }},
    {"commission_per_share",
     [](Params& p, const std::string& t) { return set_amount(p.commission_per_share, t, zero, false, fee_max); }},
  };
  return keys;
}

/// Of an enumeration and a decimal the text itself; of whole numbers and flags the literal.
config::Node node_of(const config::Slot& slot, const std::string& text) {
  const bool literal = std::holds_alternative<bool*>(slot) || std::holds_alternative<std::int32_t*>(slot) ||
                       std::holds_alternative<std::int64_t*>(slot);
  if (literal)
    if (auto node = config::read_value(text))
      return *node;
  return config::Node::of_text(text);
}

Wrong assign(const config::Key& key, void* item, const std::string& text) {
  const auto slot = key.slot(item);
  auto problem = config::assign(node_of(slot, text), key, slot, {});
  if (!problem)
    return std::nullopt;
  std::string out = problem->message;
  if (!problem->allowed.empty())
    out += " (allowed: " + problem->allowed + ")";
  if (!problem->nearest.empty())
    out += "; did you mean \"" + problem->nearest + "\"?";
  return out;
}

/// Keys that mean nothing in the past are not offered.
bool is_offered(std::string_view section, std::string_view key) {
  if (section == "strategy")
    return key != "id" && key != "kind" && key != "enable_trading" && key != "max_age_hours";
  if (section != "account.risk")
    return true;
  for (const std::string_view known :
       {"trades_per_day_account", "trades_per_day_strategy", "dollars_per_day_account", "dollars_per_day_strategy",
        "open_positions_max", "cooldown_seconds", "daily_loss_fraction", "daily_loss_pause_seconds",
        "drawdown_equity_fraction", "drawdown_from_peak"})
    if (key == known)
      return true;
  return false;
}

const config::Key* find(std::string_view section, std::string_view key) {
  return is_offered(section, key) ? config::find_section(section)->find(key) : nullptr;
}

}  // namespace

std::vector<std::string> BacktestSettings::keys() {
  std::vector<std::string> out;
  for (const auto& key : past_keys())
    out.push_back(key.name);
  const auto add = [&](std::string_view section, const std::string& prefix) {
    for (const auto& key : config::find_section(section)->keys)
      if (is_offered(section, key.name))
        out.push_back(prefix + std::string{key.name});
  };
  add("strategy", "");
  add("aggregator", "aggregator.");
  add("account.risk", "risk.");
  return out;
}

std::optional<std::string> BacktestSettings::take(const config::Config& config, const std::string& strategy,
                                                  const std::string& account) {
  const auto named = [](const auto& items, const std::string& id) {
    return std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.id == id; });
  };
  aggregator_ = config.aggregator;
  if (strategy.empty() && config.strategies.size() > 1)
    return "the configuration has several strategies; name one with --strategy";
  auto chosen = config.strategies.begin();
  if (!strategy.empty())
    chosen = named(config.strategies, strategy);
  if (chosen == config.strategies.end() && !strategy.empty())
    return "the configuration has no strategy \"" + strategy + "\"";
  if (chosen != config.strategies.end())
    strategy_ = *chosen;
  std::string of_route;
  for (const auto& route : config.routes)
    if (of_route.empty() && route.strategy == strategy_.id && !route.accounts.empty())
      of_route = route.accounts.front();
  const auto& wanted = account.empty() ? of_route : account;
  auto limits = wanted.empty() ? config.accounts.begin() : named(config.accounts, wanted);
  if (limits == config.accounts.end() && !account.empty())
    return "the configuration has no account \"" + account + "\"";
  if (limits != config.accounts.end())
    risk_ = limits->risk;
  return std::nullopt;
}

std::optional<std::string> BacktestSettings::set_past(const std::string& key, const std::string& text, bool& known) {
  for (const auto& one : past_keys())
    if (one.name == key) {
      known = true;
      return one.set(past_, text);
    }
  known = false;
  return std::nullopt;
}

std::optional<std::string> BacktestSettings::set(const std::string& key, const std::string& text) {
  const auto said = [&](Wrong wrong) -> Wrong {
    return wrong ? Wrong{key + " = " + text + ": " + *wrong} : std::nullopt;
  };
  const auto last = key.substr(key.rfind('.') + 1);
  const auto before = key.substr(0, key.size() - last.size());
  if (before.empty() || before == "backtest.") {
    bool known = false;
    auto wrong = set_past(last, text, known);
    if (known)
      return said(std::move(wrong));
  }
  if (before.empty() || before.starts_with("strategy."))
    if (const auto* found = find("strategy", last))
      return said(assign(*found, &strategy_, text));
  if (before.empty() || before == "aggregator.")
    if (const auto* found = find("aggregator", last))
      return said(assign(*found, &aggregator_, text));
  if (before.empty() || before == "risk." || (before.starts_with("account.") && before.ends_with("risk.")))
    if (const auto* found = find("account.risk", last))
      return said(assign(*found, &risk_, text));
  std::string out = "there is no parameter \"" + key + "\"";
  if (const auto nearest = nearest_name(key, keys()); !nearest.empty())
    out += "; did you mean \"" + nearest + "\"?";
  return out;
}

std::optional<std::string> BacktestSettings::set_profile(const std::string& name) {
  if (name != "plain")
    return "there is no profile \"" + name + "\"; there is plain";
  Params plain;
  backtest::apply_plain_profile(plain);
  strategy_.stop_pct = plain.strategy.stop_pct;
  strategy_.target_pct = plain.strategy.target_pct;
  strategy_.on_repeat_buy = RepeatBuy::roll;
  strategy_.max_position_pct = plain.strategy.max_position_pct;
  aggregator_.step = plain.aggregator.boost_step;
  aggregator_.cap = plain.aggregator.boost_cap;
  past_.risk_mode = plain.risk_mode;
  past_.fractional = plain.fractional;
  return std::nullopt;
}

backtest::Params BacktestSettings::params() const {
  auto out = past_;
  out.strategy = strategy_of(strategy_);
  out.strategy.id = StrategyId{"backtest"};
  out.strategy.enable_trading = true;
  out.aggregator = aggregator_of(aggregator_);
  out.risk = risk_;
  return out;
}

}  // namespace heed::cli
