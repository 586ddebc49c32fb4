// --fetch: bars from the venue of an account, kept where --bars says.
#include "app/cli/bar_shelf.hpp"
#include "broker/alpaca/bar_history.hpp"
#include "core/calendar.hpp"
#include "net/runtime.hpp"

#include <algorithm>
#include <set>
#include <thread>

namespace heed::cli {
namespace {

using backtest::BarsBySymbol;
using backtest::BarsWanted;
using backtest::Issue;
using backtest::IssueLevel;

// A call's lot is valued at the close before its entry, and the longest pause between two sessions was in 2001.
constexpr std::chrono::days before_first_session{14};
constexpr std::chrono::days after_last_call{180};

struct MachineClock : Clock {
  Instant now() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
};

/// The account whose venue is asked; says why there is none.
const config::Account* account_of(Session& session, const BacktestArguments& a, const config::Config& config,
                                  int& exit) {
  const auto& accounts = config.accounts;
  const auto found = std::find_if(accounts.begin(), accounts.end(), [&](const config::Account& account) {
    return a.account.empty() ? account.venue == config::VenueKind::alpaca : account.id == a.account;
  });
  if (found != accounts.end())
    return &*found;
  exit = a.account.empty()
           ? session.fail(Exit::usage, "--fetch: the configuration has no account with venue \"alpaca\"", {},
                          "name one of another venue with --account")
           : session.fail(Exit::usage, "the configuration has no account \"" + a.account + "\"");
  return nullptr;
}

int fail_fetch(Session& session, const std::string& url, const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid: return session.fail(Exit::usage, "--fetch: " + error.detail);
    case ErrorKind::rejected:
      return session.fail(Exit::not_allowed, url + " refuses to give bars: " + error.detail, {},
                          "check key and secret of the account; a free plan may need --feed iex");
    default:
      return session.fail(Exit::unreachable, url + " gives no bars: " + error.detail, {},
                          "try again later, or leave --fetch out to go on with what is kept");
  }
}

/// One fetching, from what is lacking to what is kept.
class Fetching {
public:
  Fetching(Session& session, const BacktestArguments& arguments, const config::Account& account, BarShelf& shelf,
           Progress& progress, std::vector<Issue>& issues)
      : session_{session}, a_{arguments}, account_{account}, shelf_{shelf}, progress_{progress}, issues_{issues} {}

  bool run(const backtest::Params& params, const backtest::Calls& calls, int& exit);

private:
  bool ask(const std::vector<BarsWanted>& all, int& exit);
  Result<BarHistory> ask(const BarsWanted& wanted);
  void take(const BarHistory& history);
  bool keep(int& exit);

  Session& session_;
  const BacktestArguments& a_;
  const config::Account& account_;
  BarShelf& shelf_;
  Progress& progress_;
  std::vector<Issue>& issues_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<MachineClock>();
  net::Runtime network_;
  std::shared_ptr<net::HttpClient> client_;
  BarsBySymbol kept_;
  BarsBySymbol fresh_;        // as they are to be kept
  std::set<Symbol> misfits_;  // told of once
};

Result<BarHistory> Fetching::ask(const BarsWanted& wanted) {
  BarHistoryQuery query;
  query.symbols = wanted.symbols;
  query.from = wanted.from;
  query.to = wanted.to;
  if (!a_.feed.empty())
    query.feed = a_.feed;
  if (!a_.adjustment.empty())
    query.adjustment = a_.adjustment;
  BarHistoryPorts ports;
  ports.data = client_;
  ports.key = account_.key.reveal();
  ports.secret = account_.secret.reveal();
  ports.clock = clock_;
  ports.wait = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  ports.deadline = std::chrono::milliseconds{account_.request_timeout_ms};
  return fetch_bar_history(query, ports, [&](const BarHistoryProgress& at) {
    auto text = "fetching bars: " + std::to_string(at.bars) + " on " + std::to_string(at.pages) + " pages";
    if (at.waiting.count() > 0)
      text += "; next attempt in " + std::to_string(at.waiting.count() / 1000) + " s: " + printable(at.why);
    progress_.say(text);
  });
}

void Fetching::take(const BarHistory& history) {
  const auto venue = std::string{"the venue's "};
  for (const auto& [symbol, problems] : history.problems)
    for (const auto& problem : problems)
      if (problem.flaw == core::BarFlaw::row)  // what is kept is told of when it is read
        issues_.push_back({IssueLevel::error, venue + symbol.str(), 0, problem.field, problem.reason});
  for (const auto& [symbol, words] : history.refused)
    issues_.push_back({IssueLevel::error, venue + symbol.str(), 0, "", "refused: " + words});
  for (auto& [symbol, bars] : history.bars) {
    if (misfits_.contains(symbol))
      continue;
    auto& mine = fresh_.contains(symbol) || a_.fetch == "all" ? fresh_[symbol] : fresh_[symbol] = kept_[symbol];
    auto merged = backtest::merge(mine, bars);
    if (merged) {
      mine = std::move(merged).value();
      continue;
    }
    misfits_.insert(symbol);
    fresh_.erase(symbol);
    issues_.push_back({IssueLevel::error, shelf_.name_of(symbol), 0, "", merged.error().detail});
  }
}

bool Fetching::ask(const std::vector<BarsWanted>& all, int& exit) {
  for (const auto& wanted : all) {
    auto history = ask(wanted);
    if (!history) {
      progress_.clear();
      exit = fail_fetch(session_, account_.data_url, history.error());
      return false;
    }
    take(history.value());
  }
  return true;
}

bool Fetching::keep(int& exit) {
  for (const auto& [symbol, bars] : fresh_)
    if (bars == kept_[symbol])
      continue;  // what is not written again is not read again
    else if (const auto written = shelf_.keep(symbol, bars); !written) {
      progress_.clear();
      exit = session_.fail(Exit::not_allowed, written.error().detail);
      return false;
    }
  return true;
}

bool Fetching::run(const backtest::Params& params, const backtest::Calls& calls, int& exit) {
  const auto endpoint = net::parse_endpoint(account_.data_url);
  if (!endpoint) {
    exit = session_.fail(Exit::usage, "data_url of account " + account_.id + ": " + endpoint.error().detail);
    return false;
  }
  client_ = network_.http_client(endpoint.value(), 1);
  auto symbols = calls.symbols;
  symbols.push_back(params.benchmark);
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  std::vector<Symbol> untouchable;
  auto kept = shelf_.kept(symbols, untouchable, issues_);
  if (!kept) {
    exit = session_.fail(Exit::unreachable, "what is kept cannot be read", kept.error().detail);
    return false;
  }
  kept_ = std::move(kept).value();
  std::erase_if(symbols, [&](const Symbol& symbol) {
    return std::find(untouchable.begin(), untouchable.end(), symbol) != untouchable.end();
  });
  // The day under way has no bar that could be kept.
  const auto yesterday = core::new_york_date(clock_->now()) - std::chrono::days{1};
  const auto from =
    (params.from ? *params.from : core::new_york_date(calls.calls.front().created_at())) - before_first_session;
  const auto to = std::min(
    yesterday, params.to ? *params.to : core::new_york_date(calls.calls.back().created_at()) + after_last_call);
  const auto wanted = a_.fetch == "all" ? backtest::find_all(kept_, symbols, from, to)
                                        : backtest::find_lacking(kept_, symbols, from, to);
  return ask(wanted, exit) && keep(exit);
}

}  // namespace

bool fetch_bars(Session& session, const BacktestArguments& a, const backtest::Params& params,
                const backtest::Calls& calls, BarShelf& shelf, Progress& progress, std::vector<Issue>& issues,
                int& exit) {
  if (a.fetch.empty()) {
    if (a.feed.empty() && a.adjustment.empty())
      return true;
    exit = session.fail(Exit::usage, "--feed and --adjustment say how bars are fetched, and nothing is fetched", {},
                        "add --fetch missing");
    return false;
  }
  if (session.globals().config.empty()) {
    exit = session.fail(Exit::usage, "--fetch needs --config, whose account has the address and the key", {},
                        "like: heed backtest --config heed.toml --fetch missing --mentions calls.jsonl --bars bars/");
    return false;
  }
  Exit failed = Exit::done;
  const auto config = session.load_part(session.globals().config, failed);
  if (!config) {
    exit = static_cast<int>(failed);
    return false;
  }
  const auto* account = account_of(session, a, *config, exit);
  if (account == nullptr)
    return false;
  for (const char* secret : {".key", ".secret"})
    if (!session.has_secret("account." + account->id + secret, exit))
      return false;
  return Fetching{session, a, *account, shelf, progress, issues}.run(params, calls, exit);
}

}  // namespace heed::cli
