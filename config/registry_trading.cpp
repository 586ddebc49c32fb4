// The keys of trading: accounts and their limits, the built-in exchange, sources, strategies, routes.
#include "config/registry.hpp"

#include <utility>

namespace heed::config {
namespace {

template <auto Member>
std::vector<void*> each(Config& config) {
  std::vector<void*> items;
  for (auto& item : config.*Member)
    items.push_back(&item);
  return items;
}

template <auto Member>
void* append_to(Config& config) {
  return &(config.*Member).emplace_back();
}

template <auto Member>
Section list(std::string_view name, std::string_view doc, const std::vector<Key>& keys) {
  using Item = typename MemberOf<decltype(Member)>::Field::value_type;
  return {.name = name,
          .list = true,
          .doc = doc,
          .keys = std::move(keys),
          .items = each<Member>,
          .append = append_to<Member>,
          .default_slot = default_slot_of<Item>};
}

template <auto Member>
std::vector<void*> one(Config& config) {
  return {&(config.*Member)};
}

Range between(std::int64_t min, std::int64_t max) { return {.min = Decimal{min}, .max = Decimal{max}}; }
Range at_least(std::int64_t min) { return {.min = Decimal{min}}; }
Range above(std::int64_t min) { return {.min = Decimal{min}, .above_min = true}; }
Range over_zero_to_one() { return {.min = Decimal{0}, .max = Decimal{1}, .above_min = true}; }

constexpr std::int64_t million = 1'000'000;

Section account() {
  return list<&Config::accounts>(
    "account", "An account at a broker, or at the built-in exchange.",
    {{.name = "id",
      .slot = slot_of<&Account::id>,
      .role = Role::id,
      .range = {.empty_ok = false, .length_max = 31},
      .required = true,
      .example = "\"paper\"",
      .doc = "Name of the account, on every order, fill and trade. Never rename one that has traded."},
     {.name = "venue", .slot = slot_of<&Account::venue>, .doc = "`exchange` is the built-in one, in this process."},
     {.name = "mode",
      .slot = slot_of<&Account::mode>,
      .doc = "`live` also needs the live host in `base_url`, a live key, and `live_confirmation`."},
     {.name = "live_confirmation",
      .slot = slot_of<&Account::live_confirmation>,
      .range = {.length_max = 31},
      .doc = "The account's id once more, to say that real money is meant."},
     {.name = "base_url",
      .slot = slot_of<&Account::base_url>,
      .role = Role::url,
      .filled_in = "the venue's address for the mode",
      .doc = "Trading API."},
     {.name = "data_url",
      .slot = slot_of<&Account::data_url>,
      .role = Role::url,
      .filled_in = "the venue's address for market data",
      .doc = "Market data API."},
     {.name = "key",
      .slot = slot_of<&Account::key>,
      .filled_in = "for the built-in exchange: its own",
      .doc = "API key id."},
     {.name = "secret",
      .slot = slot_of<&Account::secret>,
      .filled_in = "for the built-in exchange: its own",
      .doc = "API secret."},
     {.name = "starting_equity",
      .slot = slot_of<&Account::starting_equity>,
      .role = Role::money,
      .range = above(0),
      .unit = "dollars",
      .filled_in = "what the first reconcile finds",
      .doc = "What the drawdown limit is a fraction of."},
     {.name = "poll_interval_seconds",
      .slot = slot_of<&Account::poll_interval_seconds>,
      .range = between(1, 300),
      .unit = "seconds",
      .doc = "While the order stream is down, orders are asked for this often: asking stands in for it."},
     {.name = "reconcile_interval_seconds",
      .slot = slot_of<&Account::reconcile_interval_seconds>,
      .range = between(0, 3'600),
      .unit = "seconds",
      .filled_in = "that of [schedule]",
      .doc = "Books are compared with the broker this often."},
     {.name = "rate_limit_per_minute",
      .slot = slot_of<&Account::rate_limit_per_minute>,
      .range = between(10, 10'000'000),
      .unit = "requests a minute",
      .doc = "The venue's limit. Every request counts but those for market data."},
     {.name = "rate_reserve_per_minute",
      .slot = slot_of<&Account::rate_reserve_per_minute>,
      .range = between(0, 10'000'000),
      .unit = "requests a minute",
      .doc = "Part of the limit that only closes and cancels may use, half of it questions too. A start begins with "
             "this much."},
     {.name = "data_rate_limit_per_minute",
      .slot = slot_of<&Account::data_rate_limit_per_minute>,
      .range = between(10, 10'000'000),
      .unit = "requests a minute",
      .doc = "The venue's limit for market data."},
     {.name = "request_timeout_ms",
      .slot = slot_of<&Account::request_timeout_ms>,
      .range = between(100, 120'000),
      .unit = "milliseconds",
      .doc = "After this, the fate of a request is unknown and gets asked for."},
     {.name = "partial_grace_ms",
      .slot = slot_of<&Account::partial_grace_ms>,
      .range = between(0, 600'000),
      .unit = "milliseconds",
      .doc = "An entry partly filled for longer has its rest cancelled, and what is held gets protected."},
     {.name = "resolve_grace_ms",
      .slot = slot_of<&Account::resolve_grace_ms>,
      .range = between(1, 600'000),
      .unit = "milliseconds",
      .doc = "Between two looks for an order whose fate is unknown, before it counts as never arrived."},
     {.name = "retries_max",
      .slot = slot_of<&Account::retries_max>,
      .range = between(0, 100),
      .unit = "attempts",
      .doc = "Further attempts at a request that surely did not happen."},
     {.name = "backoff_initial_ms",
      .slot = slot_of<&Account::backoff_initial_ms>,
      .range = between(1, 600'000),
      .unit = "milliseconds",
      .doc = "Before the first further attempt; doubled each time."},
     {.name = "backoff_max_ms",
      .slot = slot_of<&Account::backoff_max_ms>,
      .range = between(1, 3'600'000),
      .unit = "milliseconds",
      .doc = "The longest wait between attempts."}});
}

/// A key that SIGHUP applies: limits and the numbers of strategies.
template <auto Member, class Item = typename MemberOf<decltype(Member)>::Struct>
Key reloadable(std::string_view name, Range range, std::string_view unit, std::string_view doc,
               Role role = Role::plain) {
  return {.name = name,
          .slot = slot_of<Member, Item>,
          .role = role,
          .range = range,
          .unit = unit,
          .reloadable = true,
          .doc = doc};
}

/// A key that takes effect at the next start.
template <auto Member>
Key at_start(std::string_view name, Range range, std::string_view unit, std::string_view doc,
             Role role = Role::plain) {
  auto key = reloadable<Member>(name, range, unit, doc, role);
  key.reloadable = false;
  return key;
}

std::vector<Key> daily_limits() {
  return {
    reloadable<&RiskLimits::trades_per_day_account>("trades_per_day_account", between(0, 100'000), "entries a day",
                                                    "Over all strategies; beyond, `daily_trades`."),
    reloadable<&RiskLimits::trades_per_day_strategy>("trades_per_day_strategy", between(0, 100'000), "entries a day",
                                                     "Of one strategy; beyond, `daily_trades`."),
    reloadable<&RiskLimits::dollars_per_day_account>("dollars_per_day_account", at_least(0), "dollars a day",
                                                     "Opened over all strategies; beyond, `daily_alloc`.",
                                                     Role::money),
    reloadable<&RiskLimits::dollars_per_day_strategy>("dollars_per_day_strategy", at_least(0), "dollars a day",
                                                      "Opened by one strategy; beyond, `daily_alloc`.", Role::money),
    reloadable<&RiskLimits::daily_loss_fraction>(
      "daily_loss_fraction", over_zero_to_one(), "of the day's opening equity",
      "Realized, unrealized and fees; beyond, a pause named `daily_loss`.", Role::fraction),
    reloadable<&RiskLimits::daily_loss_pause_seconds>("daily_loss_pause_seconds", between(1, 31L * 86'400), "seconds",
                                                      "How long that pause lasts."),
  };
}

std::vector<Key> standing_limits() {
  return {
    reloadable<&RiskLimits::position_dollars_max>(
      "position_dollars_max", above(0), "dollars",
      "Cost of one symbol, what is in flight included; beyond, `max_position`.", Role::money),
    reloadable<&RiskLimits::position_equity_fraction_max>("position_equity_fraction_max", between(0, 1), "of equity",
                                                          "The same as a share of equity; 0 is off.", Role::fraction),
    reloadable<&RiskLimits::open_positions_max>("open_positions_max", between(1, 100'000), "symbols",
                                                "Held or pending; beyond, `max_open`."),
    reloadable<&RiskLimits::open_positions_per_symbol_max>("open_positions_per_symbol_max", between(1, 1'000),
                                                           "strategies", "That hold one symbol at the same time."),
    reloadable<&RiskLimits::cooldown_seconds>("cooldown_seconds", between(0, 30L * 86'400), "seconds",
                                              "After a close the symbol may not be opened again; 0 is off."),
    reloadable<&RiskLimits::drawdown_equity_fraction>(
      "drawdown_equity_fraction", between(0, 1), "of starting equity",
      "Equity under it halts the account until a person resumes (`drawdown`).", Role::fraction),
    reloadable<&RiskLimits::drawdown_from_peak>("drawdown_from_peak", {}, "",
                                                "Measure the drawdown from the highest equity seen instead."),
    reloadable<&RiskLimits::gross_exposure_max>("gross_exposure_max", above(0), "dollars",
                                                "Longs plus shorts; unset leaves it to the broker.", Role::money),
    reloadable<&RiskLimits::net_exposure_max>("net_exposure_max", above(0), "dollars",
                                              "Longs less shorts; unset leaves it to the broker.", Role::money),
  };
}

std::vector<Key> order_limits() {
  return {
    reloadable<&RiskLimits::order_dollars_max>("order_dollars_max", above(0), "dollars",
                                               "Value of one order; beyond, `order_limits`.", Role::money),
    reloadable<&RiskLimits::order_quantity_max>("order_quantity_max", above(0), "shares or contracts",
                                                "Quantity of one order; unset is off.", Role::money),
    reloadable<&RiskLimits::price_deviation_fraction_max>(
      "price_deviation_fraction_max", over_zero_to_one(), "of the last price",
      "An order's price may not be farther away.", Role::fraction),
    reloadable<&RiskLimits::orders_per_second>("orders_per_second", between(1, 10'000), "orders a second",
                                               "Beyond, a pause named `order_rate`."),
    reloadable<&RiskLimits::orders_per_minute>("orders_per_minute", between(1, 600'000), "orders a minute",
                                               "Beyond, a pause named `order_rate`."),
    reloadable<&RiskLimits::rejects_in_row>("rejects_in_row", between(0, 1'000), "orders",
                                            "Rejected one after another pause the account (`rejects`); 0 is off."),
    reloadable<&RiskLimits::losses_in_row>("losses_in_row", between(0, 1'000), "trades",
                                           "Lost one after another pause the account (`losses`); 0 is off."),
    reloadable<&RiskLimits::quote_age_seconds_max>("quote_age_seconds_max", between(1, 86'400), "seconds",
                                                   "Older quotes are not traded on in the session (`stale_price`)."),
  };
}

Section risk() {
  Section section;
  section.name = "account.risk";
  section.doc = "Limits of the account above it. What is in flight counts as if it had filled.";
  for (auto keys : {daily_limits(), standing_limits(), order_limits()})
    section.keys.insert(section.keys.end(), keys.begin(), keys.end());
  section.items = [](Config& config) {
    std::vector<void*> items;
    for (Account& account : config.accounts)
      items.push_back(&account.risk);
    return items;
  };
  section.default_slot = default_slot_of<RiskLimits>;
  return section;
}

Section exchange() {
  return {
    .name = "exchange",
    .doc =
      "The built-in exchange; runs when an account has venue = \"exchange\". Exactly one of `bars` and "
      "`synthetic_seed` says where its prices come from.",
    .keys = {{.name = "listen",
              .slot = slot_of<&Exchange::listen>,
              .role = Role::address,
              .range = {.empty_ok = false},
              .doc = "Address and port of its API; loopback only."},
             {.name = "bars",
              .slot = slot_of<&Exchange::bars>,
              .role = Role::path,
              .doc = "Folder of daily bars, one SYMBOL.csv or SYMBOL.csv.gz each."},
             {.name = "synthetic_seed",
              .slot = slot_of<&Exchange::synthetic_seed>,
              .range = at_least(0),
              .in_sample = true,
              .example = "7",
              .doc = "Prices by a random walk; the same seed gives the same prices."},
             {.name = "symbols",
              .slot = slot_of<&Exchange::symbols>,
              .role = Role::symbols,
              .in_sample = true,
              .example = "[\"AAPL\", \"MSFT\", \"NVDA\", \"SPY\"]",
              .doc = "What trades there. With bars, empty means every file; with a seed, at least one."},
             {.name = "speed",
              .slot = slot_of<&Exchange::speed>,
              .role = Role::fraction,
              .range = {.min = Decimal{0}, .max = Decimal{million}, .above_min = true},
              .unit = "market seconds a second",
              .doc = "1 is real time."},
             {.name = "start",
              .slot = slot_of<&Exchange::start>,
              .filled_in = "now, or with bars the first of them",
              .doc = "The instant at which the market's clock begins: a date and time with zone."},
             {.name = "cash",
              .slot = slot_of<&Exchange::cash>,
              .role = Role::money,
              .range = above(0),
              .unit = "dollars",
              .doc = "What an account there begins with."},
             {.name = "slippage",
              .slot = slot_of<&Exchange::slippage>,
              .role = Role::fraction,
              .range = between(0, 1),
              .unit = "of the price",
              .doc = "Market orders fill this much worse."},
             {.name = "state_file",
              .slot = slot_of<&Exchange::state_file>,
              .role = Role::path,
              .filled_in = "`<data_dir>/exchange.json`",
              .doc = "Its ledger, so that it survives a restart as a broker would."},
             {.name = "key",
              .slot = slot_of<&Exchange::key>,
              .filled_in = "heed",
              .doc = "Key id that clients must present."},
             {.name = "secret", .slot = slot_of<&Exchange::secret>, .filled_in = "heed", .doc = "And its secret."}},
    .items = one<&Config::exchange>,
    .default_slot = default_slot_of<Exchange>};
}

Section source() {
  return list<&Config::sources>(
    "source", "Where calls come from.",
    {{.name = "id",
      .slot = slot_of<&Source::id>,
      .role = Role::id,
      .range = {.empty_ok = false, .length_max = 31},
      .required = true,
      .example = "\"inbox\"",
      .doc = "Name of the source; part of each call's identity, so never rename one."},
     {.name = "kind",
      .slot = slot_of<&Source::kind>,
      .doc = "`inbox`: the HTTP interface. `jsonl`: a file followed as it grows, or a folder of files. `table`: rows "
             "that another program writes into the `mentions` table of a SQLite file. `http`: a JSON document that "
             "is polled: an array of mentions, or an object whose `items` are one."},
     {.name = "path",
      .slot = slot_of<&Source::path>,
      .role = Role::path,
      .doc = "File or folder for kind = \"jsonl\", SQLite file for \"table\"; required there, and only there."},
     {.name = "url",
      .slot = slot_of<&Source::url>,
      .example = "\"${FEED_URL}\"",
      .doc = "Address of the feed; required with kind = \"http\", and only there."},
     {.name = "poll_interval_seconds",
      .slot = slot_of<&Source::poll_interval_seconds>,
      .range = between(1, 86'400),
      .unit = "seconds",
      .doc = "How often to look for new calls."},
     {.name = "start",
      .slot = slot_of<&Source::start>,
      .doc = "At the very first start: `new_only` lets nothing trade that was there before."},
     {.name = "default_conviction",
      .slot = slot_of<&Source::default_conviction>,
      .role = Role::fraction,
      .range = between(0, 1),
      .doc = "For calls that state none; unset makes a buy without one invalid."},
     {.name = "release",
      .slot = slot_of<&Source::release>,
      .doc = "`clock` holds a call back until the clock passes its created_at, to play the past; for jsonl and "
             "table."}});
}

std::vector<Key> strategy_gates() {
  return {
    {.name = "id",
     .slot = slot_of<&MentionStrategy::id>,
     .role = Role::id,
     .range = {.empty_ok = false, .length_max = 20},
     .required = true,
     .example = "\"mentions\"",
     .doc = "Name of the strategy; part of every order's name at the broker, so never rename one."},
    {.name = "kind", .slot = slot_of<&MentionStrategy::kind>, .doc = "The rules; one kind so far."},
    reloadable<&MentionStrategy::enable_trading, MentionStrategy>(
      "enable_trading", {}, "", "false records every decision as dry_run and sends nothing."),
    reloadable<&MentionStrategy::min_conviction, MentionStrategy>(
      "min_conviction", between(0, 1), "", "Buys under it are not made (`low_conviction`).", Role::fraction),
    reloadable<&MentionStrategy::max_age_hours, MentionStrategy>("max_age_hours", between(1, 8'760), "hours",
                                                                 "Older calls are not bought (`too_old`)."),
    reloadable<&MentionStrategy::blocklist_days, MentionStrategy>(
      "blocklist_days", between(0, 3'650), "days", "How long an `avoid` keeps a symbol from being bought."),
    reloadable<&MentionStrategy::avoid_closes_longs, MentionStrategy>(
      "avoid_closes_longs", {}, "", "An `avoid` closes what is held of the symbol."),
    reloadable<&MentionStrategy::buy_clears_blocklist, MentionStrategy>(
      "buy_clears_blocklist", {}, "", "A later buy lifts the blocklist instead of being refused by it."),
    reloadable<&MentionStrategy::on_repeat_buy, MentionStrategy>(
      "on_repeat_buy", {}, "",
      "A buy of what is held: `top_up` buys up to the cap and moves the exit date, `roll` moves only the date."),
  };
}

std::vector<Key> strategy_sizes() {
  const Range sessions = between(1, 2'520);
  return {
    reloadable<&MentionStrategy::base_pct, MentionStrategy>("base_pct", over_zero_to_one(), "of equity",
                                                            "Size of a full-conviction buy.", Role::fraction),
    reloadable<&MentionStrategy::min_trade, MentionStrategy>("min_trade", above(0), "dollars",
                                                             "Smaller buys are not made.", Role::money),
    reloadable<&MentionStrategy::max_trade, MentionStrategy>("max_trade", above(0), "dollars",
                                                             "Larger buys are cut to it.", Role::money),
    reloadable<&MentionStrategy::max_per_ticker, MentionStrategy>(
      "max_per_ticker", above(0), "dollars", "Cost held and in flight of one symbol.", Role::money),
    reloadable<&MentionStrategy::max_position_pct, MentionStrategy>(
      "max_position_pct", between(0, 1), "of equity", "The same as a share of equity; 0 is off.", Role::fraction),
    reloadable<&MentionStrategy::hold_sessions_days, MentionStrategy>(
      "hold_sessions_days", sessions, "sessions", "From entry to the due exit, for the horizon `days`."),
    reloadable<&MentionStrategy::hold_sessions_weeks, MentionStrategy>("hold_sessions_weeks", sessions, "sessions",
                                                                       "For `weeks`."),
    reloadable<&MentionStrategy::hold_sessions_months, MentionStrategy>("hold_sessions_months", sessions, "sessions",
                                                                        "For `months`."),
    reloadable<&MentionStrategy::hold_sessions_long_term, MentionStrategy>("hold_sessions_long_term", sessions,
                                                                           "sessions", "For `long_term`."),
    reloadable<&MentionStrategy::hold_sessions_unspecified, MentionStrategy>(
      "hold_sessions_unspecified", sessions, "sessions", "For calls that state no horizon."),
    reloadable<&MentionStrategy::stop_pct, MentionStrategy>(
      "stop_pct", {.min = Decimal{0}, .max = Decimal::from_units(990'000'000)}, "of the entry price",
      "The stop lies this far under the entry; 0 is none.", Role::fraction),
    reloadable<&MentionStrategy::target_pct, MentionStrategy>("target_pct", between(0, 10), "of the entry price",
                                                              "The target lies this far over the entry; 0 is none.",
                                                              Role::fraction),
  };
}

Section strategy() {
  std::vector<Key> keys = strategy_gates();
  for (const Key& key : strategy_sizes())
    keys.push_back(key);
  return list<&Config::strategies>("strategy", "How calls become trades.", std::move(keys));
}

Section route() {
  return list<&Config::routes>("route", "Which calls go by which strategy to which accounts.",
                               {{.name = "sources",
                                 .slot = slot_of<&Route::sources>,
                                 .role = Role::name,
                                 .range = {.empty_ok = false},
                                 .required = true,
                                 .example = "[\"inbox\"]",
                                 .doc = "Ids of sources."},
                                {.name = "strategy",
                                 .slot = slot_of<&Route::strategy>,
                                 .role = Role::name,
                                 .range = {.empty_ok = false},
                                 .required = true,
                                 .example = "\"mentions\"",
                                 .doc = "Id of the strategy that decides."},
                                {.name = "accounts",
                                 .slot = slot_of<&Route::accounts>,
                                 .role = Role::name,
                                 .range = {.empty_ok = false},
                                 .required = true,
                                 .example = "[\"paper\"]",
                                 .doc = "Ids of the accounts that follow; each makes one decision per call."}});
}

Section aggregator() {
  return {
    .name = "aggregator",
    .doc = "Mentions of one symbol in short order raise conviction.",
    .keys = {at_start<&Aggregator::window_hours>("window_hours", between(1, 8'760), "hours",
                                                 "How far back mentions count."),
             at_start<&Aggregator::step>("step", between(0, 1), "of conviction", "Added per earlier mention.",
                                         Role::fraction),
             at_start<&Aggregator::cap>("cap", between(0, 1), "of conviction", "Added at most.", Role::fraction),
             at_start<&Aggregator::boost_counts>("boost_counts", {}, "",
                                                 "Which mentions of the symbol count: those with the same action, "
                                                 "or all.")},
    .items = one<&Config::aggregator>,
    .default_slot = default_slot_of<Aggregator>};
}

}  // namespace

std::vector<Section> trading_sections() {
  return {account(), risk(), exchange(), source(), strategy(), route(), aggregator()};
}

}  // namespace heed::config
