// Grammar of the commands that run: the daemon, the exchange, the inspector.
#include "app/cli/parser.hpp"
#include "config/address.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace heed::cli {
namespace {

/// The defaults in few words: where the data goes, and that without accounts and sources nothing happens.
std::string what_defaults_do(const config::Config& config) {
  return "data in " + config.daemon.data_dir + ", the API on " + config.api.listen + ", " +
         (config.accounts.empty() ? "no account: nothing will trade"
                                  : std::to_string(config.accounts.size()) + " accounts");
}

int start_daemon(Session& session) {
  Exit failed = Exit::done;
  RunOptions options;
  options.config_path = session.globals().config;
  auto config = session.load_config(options.config_path, failed);
  if (!config)
    return static_cast<int>(failed);
  options.config = std::move(*config);
  if (options.config_path.empty())
    session.note("no --config was given: the defaults apply, with " + what_defaults_do(options.config),
                 "write a file with: heed config default > heed.toml");
  for (const auto& set : session.overrides(failed))
    options.overrides.emplace_back(set.key, set.text);
  options.verbose = session.globals().verbose;
  options.color = session.err_color();
  return session.surroundings().run_daemon(options);
}

/// As the arguments give it, before it is checked.
struct ExchangeArguments {
  ExchangeOptions options;
  std::string synthetic, speed, start, cash, slippage, fee, hours = "regular", symbols;
};

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

bool read_amount(Session& session, const std::string& text, std::string_view option, bool zero_allowed, Decimal& to,
                 int& exit) {
  if (text.empty())
    return true;
  const auto value = Decimal::parse(text);
  if (value && (value->is_positive() || (zero_allowed && value->is_zero()))) {
    to = *value;
    return true;
  }
  exit = session.fail(Exit::usage, std::string{option} + " " + text + " is not a number " +
                                     (zero_allowed ? "of 0 or more" : "above 0"));
  return false;
}

bool read_prices(Session& session, ExchangeArguments& a, int& exit) {
  auto& o = a.options;
  if (o.bars.empty() == a.synthetic.empty()) {
    exit = session.fail(Exit::usage, "prices come from --bars DIR or from --synthetic SEED: name exactly one", {},
                        "see: heed exchange --help");
    return false;
  }
  if (!a.synthetic.empty()) {
    std::int64_t seed = 0;
    const auto [end, error] = std::from_chars(a.synthetic.data(), a.synthetic.data() + a.synthetic.size(), seed);
    if (error != std::errc{} || end != a.synthetic.data() + a.synthetic.size() || seed < 0) {
      exit = session.fail(Exit::usage, "--synthetic " + a.synthetic + " is not a whole number of 0 or more");
      return false;
    }
    o.synthetic_seed = seed;
  }
  std::error_code ignored;
  if (!o.bars.empty() && !std::filesystem::is_directory(o.bars, ignored)) {
    exit = session.fail(Exit::missing_input, "there is no folder " + o.bars, {},
                        "--bars names a folder of SYMBOL.csv or SYMBOL.csv.gz");
    return false;
  }
  if (!o.faults_file.empty() && !std::filesystem::exists(o.faults_file, ignored)) {
    exit = session.fail(Exit::missing_input, "there is no file " + o.faults_file);
    return false;
  }
  return true;
}

bool read_time(Session& session, ExchangeArguments& a, int& exit) {
  auto& o = a.options;
  if (a.speed == "step")
    o.time = MarketTime::step;
  else if (!read_amount(session, a.speed, "--speed", false, o.speed, exit))
    return false;
  if (a.hours != "regular" && a.hours != "always") {
    exit = session.fail(Exit::usage, "--market-hours " + a.hours + " is neither regular nor always");
    return false;
  }
  o.hours = a.hours == "always" ? MarketHours::always : MarketHours::regular;
  if (a.start.empty())
    return true;
  o.start = parse_rfc3339(a.start);
  if (!o.start)
    exit = session.fail(Exit::usage, "--start " + a.start + " is not an instant with a zone", {},
                        "like: --start 2026-01-05T14:30:00Z");
  return o.start.has_value();
}

int start_exchange(Session& session, ExchangeArguments& a) {
  auto& o = a.options;
  int exit = 0;
  if (!read_prices(session, a, exit) || !read_time(session, a, exit) ||
      !read_amount(session, a.cash, "--cash", false, o.cash, exit) ||
      !read_amount(session, a.slippage, "--slippage", true, o.slippage, exit) ||
      !read_amount(session, a.fee, "--fee", true, o.fee_per_order, exit))
    return exit;
  if (!config::parse_address(o.listen))
    return session.fail(Exit::usage, "--listen " + o.listen + " is not an address and a port", {},
                        "like: --listen 127.0.0.1:8421");
  o.symbols = split_list(a.symbols);
  o.verbose = session.globals().verbose;
  o.color = session.err_color();
  return session.surroundings().run_exchange(o);
}

void add_exchange(Parser& parser) {
  const auto a = std::make_shared<ExchangeArguments>();
  auto& app = parser.command(parser.root(), "exchange", "The built-in exchange alone, with Alpaca's API",
                             "  heed exchange --synthetic 7\n"
                             "  heed exchange --bars bars/ --speed 600 --start 2026-01-05T14:30:00Z\n"
                             "  heed exchange --synthetic 7 --speed step --ledger ledger.jsonl\n",
                             [a](Session& session) { return start_exchange(session, *a); });
  auto& o = a->options;
  app.add_option("--bars", o.bars, "Daily bars: a folder of SYMBOL.csv[.gz]")->type_name("DIR");
  app.add_option("--synthetic", a->synthetic, "Prices from a seeded random walk")->type_name("SEED");
  app.add_option("--listen", o.listen, "Address [127.0.0.1:8421]")->type_name("HOST:PORT");
  app.add_option("--tradovate-listen", o.tradovate_listen, "Tradovate's API too, there")->type_name("HOST:PORT");
  app.add_option("--speed", a->speed, "Market seconds per second [1], or step: only POST /sim/advance moves time")
    ->type_name("N|step");
  app.add_option("--start", a->start, "Where its time begins [now, or the first bar]")->type_name("INSTANT");
  app.add_option("--symbols", a->symbols, "Comma list [every file, or a built-in set]")->type_name("LIST");
  app.add_option("--market-hours", a->hours, "regular or always [regular]")->type_name("HOURS");
  app.add_option("--cash", a->cash, "What the account begins with [100000]")->type_name("MONEY");
  app.add_option("--slippage", a->slippage, "Fraction of the price [0.0005]")->type_name("F");
  app.add_option("--fee", a->fee, "Per order [0]")->type_name("MONEY");
  app.add_option("--partial-fills", o.partial_fill_percent, "Percent of fills that come in parts [10]")
    ->type_name("PERCENT")
    ->check(CLI::Range(0, 100));
  app.add_option("--faults", o.faults_file, "Scripted faults, JSON")->type_name("FILE");
  app.add_option("--ledger", o.ledger_file, "Write every order and execution there")->type_name("FILE");
  app.add_option("--state", o.state_file, "Keep accounts and orders there over restarts")->type_name("FILE");
  app.add_option("--key", o.key, "Key that clients must present [heed]")->type_name("KEY");
  app.add_option("--secret", o.secret, "Secret that clients must present [heed]")->type_name("SECRET");
}

int start_inspect(Session& session, const std::string& connect, InspectOptions options) {
  if (!connect.empty()) {
    const auto colon = connect.rfind(':');
    const auto port = colon == std::string::npos ? std::string{} : connect.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (colon == std::string::npos || colon == 0 || error != std::errc{} || end != port.data() + port.size())
      return session.fail(Exit::usage, "--connect " + connect + " is not HOST:PORT", {}, "like: 127.0.0.1:8422");
    options.host = connect.substr(0, colon);
  }
  options.json = session.globals().json;
  options.color = session.color();
  return session.surroundings().run_inspect(options);
}

void add_inspect(Parser& parser) {
  struct Arguments {
    std::string connect, shown, followed;
  };
  const auto a = std::make_shared<Arguments>();
  auto& app = parser.command(parser.root(), "inspect", "Look into the actors of a running daemon; read only",
                             "  heed inspect\n  heed inspect show position:paper/NVDA\n"
                             "  heed inspect follow governor:paper --connect 10.0.0.5:8422\n",
                             [a](Session& session) { return start_inspect(session, a->connect, {}); });
  app.add_option("--connect", a->connect, "The daemon's inspector [127.0.0.1:8422]")->type_name("HOST:PORT");
  parser.command(app, "tree", "The actors", "  heed inspect tree\n",
                 [a](Session& session) { return start_inspect(session, a->connect, {}); });
  const auto one = [&](const std::string& name, const std::string& line, std::string& actor,
                       InspectOptions::What what) {
    auto& sub = parser.command(app, name, line, "  heed inspect " + name + " position:paper/NVDA\n",
                               [a, &actor, what](Session& session) {
                                 InspectOptions options;
                                 options.what = what;
                                 options.actor = actor;
                                 return start_inspect(session, a->connect, options);
                               });
    sub.add_option("actor", actor, "Its name, as the tree has it")->required()->type_name("ACTOR");
  };
  one("show", "One actor's state", a->shown, InspectOptions::What::show);
  one("follow", "One actor's state, again and again", a->followed, InspectOptions::What::follow);
}

}  // namespace

void add_daemon_commands(Parser& parser) {
  auto& app = parser.command(parser.root(), "run", "The daemon, until SIGTERM or Ctrl-C",
                             "  heed run --config heed.toml\n"
                             "  heed run --config heed.toml --set daemon.log_level=debug\n",
                             start_daemon);
  app.add_option("--set", parser.globals.sets, "key=value above the file; may be given several times")
    ->type_name("K=V");
  add_exchange(parser);
  add_inspect(parser);
}

}  // namespace heed::cli
