// What stands between a mistake and real money: which hosts, keys and words belong together, and limits that
// contradict each other.
#include "config/address.hpp"
#include "config/reading.hpp"
#include "config/secret_source.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace heed::config {

namespace {

constexpr std::string_view live_host = "api.alpaca.markets";
constexpr std::string_view paper_host = "paper-api.alpaca.markets";

class AccountCheck {
public:
  AccountCheck(Reading& reading, std::size_t index)
      : reading_{reading}, index_{index}, account_{reading.config.accounts[index]} {}

  void run() {
    if (account_.venue == VenueKind::exchange)
      check_built_in();
    else
      check_alpaca();
    check_confirmation();
    check_pace();
  }

private:
  At at(std::string_view key) const { return {"account", index_, key}; }

  void check_built_in() {
    if (account_.mode == TradingMode::live)
      reading_.error(at("mode"), "the built-in exchange has no real money", "write mode = \"paper\"");
    for (const std::string_view key : {"base_url", "data_url"})
      if (text_of(key) != "http://" + reading_.config.exchange.listen)
        reading_.error(at(key), "the built-in exchange is where [exchange] listens",
                       "take it out, or use venue = \"alpaca\" for one that runs elsewhere");
    for (const std::string_view key : {"key", "secret"})
      if (!(secret_of(key) == exchange_secret(key)) && !reading_.is_bad({"exchange", 0, key}))
        reading_.error(at(key), "differs from that of [exchange], which would refuse it",
                       "take it out; the account uses the exchange's");
  }

  void check_alpaca() {
    for (const std::string_view key : {"key", "secret"})
      if (secret_of(key).empty() && !reading_.is_bad(at(key)))
        reading_.error({"account", index_}, std::string{key} + " is missing, and the venue is \"alpaca\"",
                       "write " + std::string{key} + " = \"${ALPACA_" + (key == "key" ? "KEY" : "SECRET") + "}\"");
    check_host();
    for (const std::string_view key : {"base_url", "data_url"}) {
      const auto url = parse_url(text_of(key));
      if (url && !url->tls && !url->is_loopback())
        reading_.error(at(key), "would send the key in clear text to another machine", "write https://");
    }
  }

  void check_host() {
    const auto url = parse_url(account_.base_url);
    if (!url)
      return;  // told already
    const bool live = account_.mode == TradingMode::live;
    // Whatever else Alpaca serves there, it is not the paper interface.
    const bool real_money =
      url->host != paper_host && (url->host == live_host || url->host.ends_with(".alpaca.markets"));
    const std::string& key = account_.key.reveal();
    if (live && url->host != live_host)
      reading_.error(at("mode"), "is \"live\", and base_url is not the live host but " + url->host,
                     "write base_url = \"https://api.alpaca.markets\", or mode = \"paper\"");
    if (!live && real_money)
      reading_.error(at("base_url"), "is a host of real money, and mode is \"paper\"",
                     "write base_url = \"https://paper-api.alpaca.markets\"");
    if (real_money && key.starts_with("PK"))
      reading_.error(at("key"), "is a paper key (it begins with PK), and the host is " + url->host,
                     "use the live account's key");
    if (url->host == paper_host && key.starts_with("AK"))
      reading_.error(at("key"), "is a live key (it begins with AK), and the host is " + url->host,
                     "use the paper account's key");
  }

  void check_confirmation() {
    const bool live = account_.mode == TradingMode::live;
    const std::string wanted = "live_confirmation = " + quoted(account_.id);
    if (live && account_.live_confirmation.empty())
      reading_.error(at("mode"), "is \"live\", and nobody has confirmed that real money is meant", "write " + wanted);
    else if (live && account_.live_confirmation != account_.id)
      reading_.error(at("live_confirmation"), "is not the account's id", "write " + wanted);
    else if (!live && !account_.live_confirmation.empty())
      reading_.error(at("live_confirmation"), "confirms real money, and mode is \"paper\"",
                     "take it out, or write mode = \"live\"");
  }

  void check_pace() {
    if (account_.rate_reserve_per_minute >= account_.rate_limit_per_minute)
      reading_.error(at("rate_reserve_per_minute"), "leaves nothing of rate_limit_per_minute, " +
                                                      std::to_string(account_.rate_limit_per_minute) +
                                                      ", to open positions with");
    check_passes();
    if (account_.backoff_initial_ms > account_.backoff_max_ms)
      reading_.error(at("backoff_initial_ms"), "is above backoff_max_ms, " + std::to_string(account_.backoff_max_ms));
  }

  /// Passes leave before entries do, and use up the budget that entries wait for.
  void check_passes() {
    constexpr std::int64_t requests_each = 3;  // orders, positions, account; more where a list has several pages
    const std::int64_t interval = std::max(1, account_.reconcile_interval_seconds);
    const std::int64_t used = requests_each * 60 / interval;
    const std::int64_t all = account_.rate_limit_per_minute - account_.rate_reserve_per_minute;
    if (all > 0 && 2 * used > all)
      reading_.warning(at("reconcile_interval_seconds"),
                       "of " + std::to_string(interval) + " s takes " + std::to_string(used) +
                         " requests a minute or more of the " + std::to_string(all) +
                         " that rate_limit_per_minute leaves beside the reserve: entries may wait long",
                       "write " + std::to_string((2 * requests_each * 60 + all - 1) / all) +
                         " or more, or raise rate_limit_per_minute to what the venue allows");
  }

  const std::string& text_of(std::string_view key) const {
    return key == "base_url" ? account_.base_url : account_.data_url;
  }
  const Secret& secret_of(std::string_view key) const { return key == "key" ? account_.key : account_.secret; }
  const Secret& exchange_secret(std::string_view key) const {
    return key == "key" ? reading_.config.exchange.key : reading_.config.exchange.secret;
  }

  Reading& reading_;
  std::size_t index_;
  const Account& account_;
};

/// "limit `soft` may not be above limit `hard`": a soft limit that never speaks hides behind the hard one.
struct Pair {
  std::string_view soft;
  std::string_view hard;
};

Decimal number_at(const Section& section, void* item, std::string_view key) {
  const Slot slot = section.find(key)->slot(item);
  if (const auto* whole = std::get_if<std::int32_t*>(&slot))
    return Decimal{**whole};
  return *std::get<Decimal*>(slot);
}

void check_risk(Reading& reading, std::size_t i) {
  constexpr Pair pairs[] = {
    {"trades_per_day_strategy", "trades_per_day_account"},
    {"dollars_per_day_strategy", "dollars_per_day_account"},
    {"open_positions_per_symbol_max", "open_positions_max"},
    {"orders_per_second", "orders_per_minute"},
  };
  const Section& section = *find_section("account.risk");
  RiskLimits& risk = reading.config.accounts[i].risk;
  for (const Pair& pair : pairs) {
    const Decimal hard = number_at(section, &risk, pair.hard);
    if (number_at(section, &risk, pair.soft) > hard)
      reading.error({"account.risk", i, pair.soft},
                    "is above " + std::string{pair.hard} + ", " + hard.str() + ", and would never be reached");
  }
  if (risk.gross_exposure_max && risk.net_exposure_max && *risk.net_exposure_max > *risk.gross_exposure_max)
    reading.error({"account.risk", i, "net_exposure_max"},
                  "is above gross_exposure_max, " + risk.gross_exposure_max->str() + ", and would never be reached");
  const Decimal drawdown = Decimal{1} - risk.drawdown_equity_fraction;
  if (risk.daily_loss_fraction > drawdown)
    reading.error({"account.risk", i, "daily_loss_fraction"},
                  "is above the drawdown that halts the account, " + drawdown.str() + " of equity",
                  "lower it, or lower drawdown_equity_fraction");
}

/// A strategy's own caps lie within the limits of each account that follows it, or its trades would be made to be
/// denied.
void check_within(Reading& reading, std::size_t strategy_index, const Account& account) {
  const MentionStrategy& strategy = reading.config.strategies[strategy_index];
  const RiskLimits& risk = account.risk;
  const auto within = [&](std::string_view key, Decimal soft, std::string_view limit, Decimal hard) {
    if (soft > hard)
      reading.error({"strategy", strategy_index, key},
                    "is above account." + account.id + ".risk." + std::string{limit} + ", " + hard.str() +
                      ", which would deny what the strategy decides",
                    "lower it, or raise the limit");
  };
  within("max_trade", strategy.max_trade, "order_dollars_max", risk.order_dollars_max);
  within("max_per_ticker", strategy.max_per_ticker, "position_dollars_max", risk.position_dollars_max);
  within("min_trade", strategy.min_trade, "dollars_per_day_strategy", risk.dollars_per_day_strategy);
  if (risk.position_equity_fraction_max.is_positive())
    within("max_position_pct", strategy.max_position_pct.is_zero() ? Decimal{1} : strategy.max_position_pct,
           "position_equity_fraction_max", risk.position_equity_fraction_max);
}

}  // namespace

void check_accounts(Reading& reading) {
  for (std::size_t i = 0; i < reading.config.accounts.size(); ++i)
    AccountCheck{reading, i}.run();
}

void check_limits(Reading& reading) {
  const Config& config = reading.config;
  for (std::size_t i = 0; i < config.accounts.size(); ++i)
    check_risk(reading, i);
  for (std::size_t s = 0; s < config.strategies.size(); ++s) {
    for (const Account& account : config.accounts) {
      const bool follows = std::any_of(config.routes.begin(), config.routes.end(), [&](const Route& route) {
        return route.strategy == config.strategies[s].id &&
               std::find(route.accounts.begin(), route.accounts.end(), account.id) != route.accounts.end();
      });
      if (follows)
        check_within(reading, s, account);
    }
  }
}

}  // namespace heed::config
