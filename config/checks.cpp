// Everything that no key can be judged by alone: what follows from other keys, and what cannot go together.
#include "config/address.hpp"
#include "config/reading.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace heed::config {

namespace {

constexpr std::size_t token_length_min = 16;

std::string in_data_dir(const Config& config, std::string_view file) {
  const std::string& dir = config.daemon.data_dir;
  return dir + (dir.ends_with('/') ? "" : "/") + std::string{file};
}

void fill_in_account(Account& account, const Config& config) {
  if (account.reconcile_interval_seconds == 0)
    account.reconcile_interval_seconds = config.schedule.reconcile_interval_seconds;
  if (account.venue == VenueKind::exchange) {
    const std::string address = "http://" + config.exchange.listen;
    if (account.base_url.empty())
      account.base_url = address;
    if (account.data_url.empty())
      account.data_url = address;
    if (account.key.empty())
      account.key = config.exchange.key;
    if (account.secret.empty())
      account.secret = config.exchange.secret;
    return;
  }
  const bool default_base = account.base_url.empty();
  if (default_base)
    account.base_url =
      account.mode == TradingMode::live ? "https://api.alpaca.markets" : "https://paper-api.alpaca.markets";
  if (account.data_url.empty()) {
    const auto url = parse_url(account.base_url);
    // A stand-in for the venue serves both interfaces at one address.
    account.data_url = url && url->is_loopback() ? account.base_url : "https://data.alpaca.markets";
  }
}

void check_journal(Reading& reading) {
  const Journal& journal = reading.config.journal;
  const At url{"journal", 0, "url"};
  const At path{"journal", 0, "path"};
  if (journal.kind == JournalKind::postgres && journal.url.empty() && !reading.is_bad(url))
    reading.error({"journal", 0, "kind"}, "needs the database's address", "write url = \"${HEED_DATABASE_URL}\"");
  if (journal.kind != JournalKind::postgres && !journal.url.empty())
    reading.error(url, "is for kind = \"postgres\" only, and kind is " + quoted(to_string(journal.kind)),
                  "take it out, or change kind");
  if (journal.kind != JournalKind::sqlite && reading.is_written(path) && !journal.path.empty())
    reading.error(path, "is for kind = \"sqlite\" only, and kind is " + quoted(to_string(journal.kind)),
                  "take it out, or change kind");
  const At wait{"journal", 0, "holder_wait_seconds"};
  if (journal.kind != JournalKind::postgres && journal.holder_wait_seconds > 0)
    reading.error(wait, "is for kind = \"postgres\" only, and kind is " + quoted(to_string(journal.kind)),
                  "take it out, or change kind");
  const std::string& address = journal.url.reveal();
  if (!address.empty() && !address.starts_with("postgres://") && !address.starts_with("postgresql://"))
    reading.error(url, "is no PostgreSQL address", "write postgresql://user@host/database");
}

void check_listeners(Reading& reading) {
  const Config& config = reading.config;
  const auto loopback = [](const std::string& listen) {
    const auto address = parse_address(listen);
    return !address || address->is_loopback();
  };
  const std::size_t token_length = config.api.token.reveal().size();
  const At api{"api", 0, "listen"};
  if (!loopback(config.api.listen) && token_length == 0 && !reading.is_bad({"api", 0, "token"}))
    reading.error(api, "can be reached from other machines, and no token is set",
                  "set token = \"${HEED_TOKEN}\" under [api], or listen on 127.0.0.1");
  if (token_length > 0 && token_length < token_length_min)
    reading.error({"api", 0, "token"}, "is shorter than " + std::to_string(token_length_min) + " characters",
                  "make one: openssl rand -hex 32");
  if (config.inspect.enabled && !loopback(config.inspect.listen))
    reading.error({"inspect", 0, "listen"}, "can be reached from other machines",
                  "listen on 127.0.0.1 and forward the port with ssh");
  if (!loopback(config.exchange.listen))
    reading.error({"exchange", 0, "listen"}, "can be reached from other machines", "listen on 127.0.0.1");

  std::map<std::uint16_t, std::string_view> taken;
  const auto claim = [&](std::string_view section, const std::string& listen) {
    const auto address = parse_address(listen);
    if (!address || address->port == 0)
      return;
    const auto [other, fresh] = taken.emplace(address->port, section);
    if (!fresh)
      reading.error({section, 0, "listen"},
                    "takes the port of [" + std::string{other->second} + "], " + std::to_string(address->port),
                    "give each its own");
  };
  claim("api", config.api.listen);
  if (config.inspect.enabled)
    claim("inspect", config.inspect.listen);
  if (config.needs_exchange())
    claim("exchange", config.exchange.listen);
}

void check_exchange(Reading& reading) {
  const Config& config = reading.config;
  const Exchange& exchange = config.exchange;
  const At table{"exchange", 0};
  const bool seeded = exchange.synthetic_seed.has_value();
  // One that runs as its own process (`heed exchange`) is an alpaca account on this machine.
  const bool has_exchange = std::any_of(config.accounts.begin(), config.accounts.end(), [](const Account& account) {
    const auto url = parse_url(account.base_url);
    return account.venue == VenueKind::exchange || (url && url->is_loopback());
  });
  if (config.clock.source == ClockSource::exchange && !has_exchange)
    reading.error({"clock", 0, "source"}, "needs an account at the built-in exchange",
                  "give an account venue = \"exchange\", or the base_url of `heed exchange`, or write source = "
                  "\"system\"");
  if (seeded && !exchange.bars.empty())
    reading.error({"exchange", 0, "synthetic_seed"}, "and bars are both set, and prices come from one of them",
                  "take one out");
  if (seeded && exchange.symbols.empty())
    reading.error({"exchange", 0, "synthetic_seed"}, "needs symbols to make prices for",
                  "write symbols = [\"AAPL\", \"SPY\"]");
  if (config.needs_exchange() && !seeded && exchange.bars.empty() && !reading.is_bad({"exchange", 0, "bars"}) &&
      !reading.is_bad({"exchange", 0, "synthetic_seed"}))
    reading.error(table, "has no prices, and an account trades there", "set bars = \"FOLDER\" or synthetic_seed = 7");
  if (!config.needs_exchange() && reading.is_written(table))
    reading.warning(table, "is configured, and no account has venue = \"exchange\"; it will not run");
  // At another speed than the world's, orders and calls would be judged by the wrong time of day.
  const bool own_time = exchange.speed != Decimal{1} || exchange.start.has_value();
  if (config.needs_exchange() && own_time && config.clock.source == ClockSource::system)
    reading.error({"exchange", 0, exchange.start ? "start" : "speed"},
                  "gives the exchange a time of its own, and the daemon goes by the system's",
                  "write source = \"exchange\" under [clock]");
}

void check_source(Reading& reading, std::size_t i) {
  const Source& source = reading.config.sources[i];
  const auto at = [&](std::string_view key) { return At{"source", i, key}; };
  const std::string kind = quoted(to_string(source.kind));
  const bool tail = source.kind == SourceKind::jsonl || source.kind == SourceKind::table;
  if (tail && source.path.empty() && !reading.is_bad(at("path")))
    reading.error({"source", i}, "path is missing, and kind is " + kind,
                  source.kind == SourceKind::jsonl ? "write path = \"mentions.jsonl\""
                                                   : "write path = \"calls.db\", the SQLite file with the table");
  if (!tail && !source.path.empty())
    reading.error(at("path"), "is for kind = \"jsonl\" and \"table\" only, and kind is " + kind,
                  "take it out, or change kind");
  if (source.kind == SourceKind::http && source.url.empty() && !reading.is_bad(at("url")))
    reading.error({"source", i}, "url is missing, and kind is \"http\"", "write url = \"${FEED_URL}\"");
  if (source.kind != SourceKind::http && !source.url.empty())
    reading.error(at("url"), "is for kind = \"http\" only, and kind is " + kind, "take it out, or change kind");
  if (const auto url = parse_url(source.url.reveal()); !source.url.empty() && !url)
    reading.error(at("url"), "is no web address", "write https://host[:port][/path], without user and password");
  else if (!source.url.empty() && !url->tls && !url->is_loopback())
    reading.error(at("url"), "goes to another machine unencrypted", "write https://");
  if (source.kind == SourceKind::table && !source.path.empty() && source.path == reading.config.journal.path)
    reading.error(at("path"), "is the journal itself, which nobody else may write",
                  "let the other program write a SQLite file of its own");
  if (source.release == Release::clock && !tail)
    reading.error(at("release"), "holds calls back, which a source of kind " + kind + " cannot do",
                  "use kind = \"jsonl\" or \"table\", or release = \"arrival\"");
  if (source.release == Release::clock && source.start == SourceStart::new_only)
    reading.warning(at("release"), "skips what is there at the first start, since start is \"new_only\"",
                    "write start = \"all\" to play it");
}

/// Words that Heed gives a meaning. A source under one of them could make a call that bears the name of another.
struct ReservedId {
  const char* section;
  const char* id;
  const char* meaning;
};
constexpr ReservedId reserved_ids[] = {
  {"strategy", "external", "stands for positions that no strategy owns"},
  {"strategy", "manual", "stands for what a person closes or adopts"},
  {"source", "api", "stands for a person's own intents"},
  {"source", "schedule", "stands for what the schedule closes"},
  {"source", "broker", "stands for orders that are known from the broker alone"},
};

void check_unique(Reading& reading, std::string_view name) {
  const Section& section = *find_section(name);
  const Key& id_key = *section.find("id");
  std::map<std::string, std::size_t> seen;
  const auto items = section.items(reading.config);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string& id = *std::get<std::string*>(id_key.slot(items[i]));
    if (id.empty())
      continue;
    const auto [first, fresh] = seen.emplace(id, i);
    if (!fresh)
      reading.error({name, i, "id"},
                    "is the id of " + section.header() + " number " + std::to_string(first->second + 1) + " already",
                    "give each its own");
    for (const auto& reserved : reserved_ids)
      if (name == reserved.section && id == reserved.id)
        reading.error({name, i, "id"}, reserved.meaning, "use another id");
  }
}

/// Routes, and what no route leads to or from.
class RouteCheck {
public:
  explicit RouteCheck(Reading& reading) : reading_{reading}, config_{reading.config} {
    for (const Account& account : config_.accounts)
      accounts_.push_back(account.id);
    for (const Source& source : config_.sources)
      sources_.push_back(source.id);
    for (const MentionStrategy& strategy : config_.strategies)
      strategies_.push_back(strategy.id);
  }

  void run() {
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const Route& route = config_.routes[i];
      for (const std::string& source : route.sources)
        must_exist(i, "sources", source, "source", sources_);
      for (const std::string& account : route.accounts)
        must_exist(i, "accounts", account, "account", accounts_);
      if (!route.strategy.empty())
        must_exist(i, "strategy", route.strategy, "strategy", strategies_);
      reached_once(i);
    }
    if (reading_.is_bad({"route", all_items}))
      return;
    unused("account", accounts_, "is followed by no route and will only be kept in step with the broker");
    unused("source", sources_, "is named by no route; its calls will be stored and not decided");
    unused("strategy", strategies_, "is named by no route and decides nothing");
  }

private:
  void must_exist(std::size_t route, std::string_view key, const std::string& id, std::string_view section,
                  const std::vector<std::string>& known) {
    used_.emplace(section, id);
    if (reading_.is_bad({section, all_items}) || std::find(known.begin(), known.end(), id) != known.end())
      return;
    for (std::size_t i = 0; i < known.size(); ++i)
      if (known[i].empty())
        return;  // one of them lost its id to an error of its own, and may be the one meant
    Problem& problem = reading_.error({"route", route, key},
                                      "there is no " + find_section(section)->header() + " with id " + quoted(id));
    problem.nearest = nearest_name(id, known);
    if (known.empty())
      problem.fix = "add a " + find_section(section)->header();
  }

  /// Two routes from one source to one account would make two decisions on one call.
  void reached_once(std::size_t i) {
    const Route& route = config_.routes[i];
    for (const std::string& source : route.sources) {
      for (const std::string& account : route.accounts) {
        const auto [first, fresh] = reached_.emplace(std::pair{source, account}, i);
        if (!fresh && first->second != i)
          reading_.error({"route", i, "accounts"},
                         "source " + quoted(source) + " reaches account " + quoted(account) + " by route " +
                           std::to_string(first->second + 1) +
                           " already, and each call makes one decision per account",
                         "take it out of one of them");
      }
    }
  }

  void unused(std::string_view section, const std::vector<std::string>& ids, const std::string& words) {
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (!ids[i].empty() && !used_.contains({std::string{section}, ids[i]}))
        reading_.warning({section, i}, words, "name it in a [[route]]");
  }

  Reading& reading_;
  const Config& config_;
  std::vector<std::string> accounts_, sources_, strategies_;
  std::set<std::pair<std::string, std::string>> used_;
  std::map<std::pair<std::string, std::string>, std::size_t> reached_;
};

void check_strategy(Reading& reading, std::size_t i) {
  const MentionStrategy& strategy = reading.config.strategies[i];
  const auto at = [&](std::string_view key) { return At{"strategy", i, key}; };
  if (strategy.min_trade > strategy.max_trade)
    reading.error(at("min_trade"), "is above max_trade, " + strategy.max_trade.str() + "; no trade could be made");
  if (strategy.max_trade > strategy.max_per_ticker)
    reading.error(at("max_trade"), "is above max_per_ticker, " + strategy.max_per_ticker.str());
  if (strategy.max_position_pct.is_positive() && strategy.base_pct > strategy.max_position_pct)
    reading.error(at("base_pct"), "is above max_position_pct, " + strategy.max_position_pct.str());
  if (strategy.stop_pct.is_zero() != strategy.target_pct.is_zero())
    reading.error(at(strategy.stop_pct.is_zero() ? "stop_pct" : "target_pct"),
                  "is off and its other half is not; a bracket has both", "set both, or both to 0");
  else if (strategy.stop_pct.is_zero() && strategy.enable_trading)
    reading.warning(at("stop_pct"), "and target_pct are off; positions will be held without protection");
}

void check_schedule(Reading& reading) {
  const Config& config = reading.config;
  // Every mention strategy holds to a due session, and only the scan closes what is due.
  if (config.schedule.exit_scan.empty() && !config.strategies.empty())
    reading.error({"schedule", 0, "exit_scan"},
                  "is empty, and strategy " + quoted(config.strategies.front().id) +
                    " holds positions to a due date that nothing would close",
                  "write exit_scan = \"35 9 * * 1-5\"");
}

void check_notify(Reading& reading) {
  const Notify& notify = reading.config.notify;
  const auto check_url = [&](std::string_view key, const Secret& secret) {
    if (secret.empty())
      return;
    const auto url = parse_url(secret.reveal());
    if (!url || (!url->tls && !url->is_loopback()))
      reading.error({"notify", 0, key}, "is no https address", "copy it whole, from https:// on");
  };
  check_url("slack_url", notify.slack_url);
  check_url("webhook_url", notify.webhook_url);
}

}  // namespace

void fill_in(Config& config) {
  if (config.journal.path.empty() && config.journal.kind == JournalKind::sqlite)
    config.journal.path = in_data_dir(config, "heed.db");
  if (config.api.unix_socket.empty())
    config.api.unix_socket = in_data_dir(config, "heed.sock");
  if (config.exchange.state_file.empty())
    config.exchange.state_file = in_data_dir(config, "exchange.json");
  if (config.exchange.key.empty())
    config.exchange.key = Secret{"heed"};
  if (config.exchange.secret.empty())
    config.exchange.secret = Secret{"heed"};
  for (Account& account : config.accounts)
    fill_in_account(account, config);
}

void check(Reading& reading) {
  check_journal(reading);
  check_listeners(reading);
  for (const std::string_view section : {"account", "source", "strategy"})
    check_unique(reading, section);
  check_accounts(reading);
  check_exchange(reading);
  for (std::size_t i = 0; i < reading.config.sources.size(); ++i)
    check_source(reading, i);
  for (std::size_t i = 0; i < reading.config.strategies.size(); ++i)
    check_strategy(reading, i);
  check_limits(reading);
  RouteCheck{reading}.run();
  check_schedule(reading);
  check_notify(reading);
  if (reading.config.aggregator.step > reading.config.aggregator.cap)
    reading.error({"aggregator", 0, "step"}, "is above cap, " + reading.config.aggregator.cap.str());
  // The socket's address has its limit whether it was written or follows from data_dir.
  constexpr std::size_t socket_path_max = 107;
  if (reading.config.api.unix_socket.size() > socket_path_max)
    reading.error({"daemon", 0, "data_dir"}, "makes the path of heed.sock longer than 107 bytes",
                  "set unix_socket under [api], or a shorter data_dir");
}

}  // namespace heed::config
