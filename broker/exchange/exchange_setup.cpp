#include "broker/exchange/exchange_setup.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace heed::exchange {
namespace {

const std::vector<std::string>& usual_symbols() {
  static const std::vector<std::string> symbols{"AAPL", "AMD",  "AMZN", "GOOGL", "JPM",  "META",
                                                "MSFT", "NFLX", "NVDA", "SPY",   "TSLA", "XOM"};
  return symbols;
}

struct Market {
  std::unique_ptr<PriceFeed> feed;
  std::optional<Instant> first;  // when its prices begin
  std::string name;              // what a state file must agree on
};

Result<Market> make_market(const ExchangeOptions& options) {
  Market out;
  const auto symbols = options.symbols.empty() ? usual_symbols() : options.symbols;
  std::string list;
  for (const auto& symbol : symbols)
    list += " " + symbol;
  if (!options.bars_directory.empty()) {
    auto bars = load_bars(options.bars_directory);
    if (!bars)
      return bars.error();
    for (const auto& [symbol, series] : bars.value())
      for (const auto& bar : series)
        out.first = std::min(out.first.value_or(Instant::max()), core::to_instant(bar.date, std::chrono::hours{9}));
    out.name = "bars " + options.bars_directory;
    out.feed = make_bar_feed(std::move(bars).value());
  } else if (options.synthetic_seed) {
    SyntheticOptions walk;
    walk.seed = *options.synthetic_seed;
    walk.symbols = symbols;
    out.feed = make_synthetic_feed(std::move(walk));
    out.name = "walk " + std::to_string(*options.synthetic_seed) + list;
  } else {
    out.feed = make_scripted_feed(symbols);
    out.name = "script" + list;
  }
  return out;
}

int request_limit(const ExchangeOptions& options) {
  if (options.requests_per_minute)
    return *options.requests_per_minute;
  return options.speed && *options.speed <= Decimal{1} ? 200 : 0;
}

// Everything that decides what a command leads to.
std::string rules(const ExchangeOptions& o) {
  std::string out = " seed " + std::to_string(o.seed) + " partial " + std::to_string(o.partial_fill_percent) +
                    " slippage " + o.slippage.str() + " fees " + o.fee_per_order.str() + "/" + o.fee_per_share.str() +
                    " delay " + std::to_string(o.venue_delay.count()) + (o.always_open ? " always open" : " nyse");
  for (const auto& a : o.accounts)
    out += " account " + a.key + " " + a.options.cash.str() + " x" + std::to_string(a.options.multiplier) +
           (a.options.shorting ? "" : " long only");
  return out;
}

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return Error{ErrorKind::unavailable, "file", "cannot read " + path};
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

heed::Status write_text_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const auto refused = [&](const std::string& why) {
    return Error{ErrorKind::unavailable, "file", "cannot write " + path + ": " + why};
  };
  errno = 0;
  {
    std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
    out << text << '\n';
    if (!out.flush())
      return refused(errno != 0 ? std::generic_category().message(errno) : "the file system does not say why");
  }
  std::error_code failed;
  std::filesystem::rename(fresh, path, failed);
  if (failed)
    return refused(failed.message());
  return Ok{};
}

Result<std::unique_ptr<ExchangeCore>> make_core(const ExchangeOptions& options, Instant real_now) {
  auto market = make_market(options);
  if (!market)
    return market.error();
  CoreOptions core;
  core.market = market.value().name + rules(options);
  core.stepped = !options.speed;
  core.state_file = options.state_file;
  core.sim_needs_credentials = !options.listen.starts_with("127.") && !options.listen.starts_with("[::1]") &&
                               !options.listen.starts_with("localhost");
  core.wire.requests_per_minute = request_limit(options);
  core.wire.day_trade_keys = options.day_trade_keys;
  core.wire.credentials.clear();
  core.engine.accounts.clear();
  for (const auto& account : options.accounts) {
    core.wire.credentials.push_back({account.key, account.secret});
    core.engine.accounts.push_back(account.options);
  }
  if (options.accounts.empty())
    return Error{ErrorKind::invalid, "exchange_option", "accounts: at least one is needed"};
  core.engine.seed = options.seed;
  core.engine.start = options.start.value_or(market.value().first.value_or(real_now));
  core.engine.calendar = options.always_open ? core::MarketCalendar::always_open() : core::MarketCalendar::nyse();
  core.engine.partial_fill_percent = options.partial_fill_percent;
  core.engine.slippage = options.slippage;
  core.engine.fee_per_order = options.fee_per_order;
  core.engine.fee_per_share = options.fee_per_share;
  core.engine.venue_delay = options.venue_delay;
  if (!options.state_file.empty()) {
    const auto header = StateLog::read_header(options.state_file);
    if (!header)
      return header.error();
    if (header.value() && header.value()->market != core.market)
      return Error{ErrorKind::invalid, "exchange_state",
                   options.state_file + ": made with other settings (\"" + header.value()->market + "\", now \"" +
                     core.market + "\"); restore them, or move the file away to start the exchange anew"};
    if (header.value())
      core.engine.start = header.value()->start;
  }
  return ExchangeCore::make(std::move(core), std::move(market.value().feed));
}

}  // namespace heed::exchange
