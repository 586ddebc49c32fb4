#include "backtest/engine.hpp"

#include "core/calendar.hpp"
#include "core/instruments.hpp"
#include "core/risk_rules.hpp"

#include <algorithm>
#include <chrono>

namespace heed::backtest {
namespace {

using std::chrono::days;

constexpr auto market_opens = std::chrono::minutes{9 * 60 + 30};
constexpr auto market_closes = std::chrono::hours{16};
constexpr days after_the_last_call{180};

Date date_of(std::int32_t day) { return Date{days{day}}; }
std::int32_t day_of(Date date) { return static_cast<std::int32_t>(date.time_since_epoch().count()); }

Outcome outcome_of(core::MentionGate gate, bool has_bars) {
  using Gate = core::MentionGate;
  switch (gate) {
    case Gate::ui_only: return Outcome::ui_only;
    case Gate::not_held:
    case Gate::already_closing: return Outcome::not_held;
    case Gate::avoid_keeps_longs: return Outcome::avoid_keeps_longs;
    case Gate::no_conviction: return Outcome::invalid_conviction;
    case Gate::not_tradable: return has_bars ? Outcome::no_price : Outcome::no_data;
    case Gate::not_ready:
    case Gate::paused: return Outcome::paused;
    case Gate::low_conviction: return Outcome::low_conviction;
    case Gate::intraday_horizon: return Outcome::intraday_horizon;
    case Gate::too_old: return Outcome::too_old;
    case Gate::blocklisted: return Outcome::blocklisted;
    case Gate::already_held: return Outcome::already_held;
    case Gate::at_ticker_cap: return Outcome::at_ticker_cap;
    case Gate::below_min_trade: return Outcome::below_min_trade;
  }
  return Outcome::ui_only;
}

Outcome outcome_of(LimitName limit) {
  switch (limit) {
    case LimitName::daily_trades: return Outcome::daily_trades;
    case LimitName::daily_alloc: return Outcome::daily_alloc;
    case LimitName::max_open: return Outcome::max_open;
    default: return Outcome::cooldown;
  }
}

/// One symbol in the course of a run.
struct Position {
  struct Lot {
    std::uint32_t trade = 0;
    std::optional<Price> stop, target;
  };

  const Series* bars = nullptr;
  std::size_t at = 0;         // the first bar on or after today
  bool trades_today = false;  // that bar is today's
  bool listed = false;        // among the held ones
  std::int32_t due = 0;       // session at whose open the time is over
  Quantity held;
  Money cost;
  Price mark;  // the last close before today; after the close, today's
  std::vector<Lot> lots;
  std::optional<Instant> blocked_until;
  std::optional<Instant> closed_at;

  void go_to(std::int32_t day) {
    constexpr int steps = 8;
    const auto& dates = bars->days;
    for (int i = 0; i < steps && at < dates.size() && dates[at] < day; ++i)
      ++at;
    if (at < dates.size() && dates[at] < day)
      at = static_cast<std::size_t>(
        std::lower_bound(dates.begin() + static_cast<std::ptrdiff_t>(at), dates.end(), day) - dates.begin());
    trades_today = at < dates.size() && dates[at] == day;
  }
  Price open() const { return bars->open_at(at); }
};

/// The governor's limits, as far as the past knows of them.
class Limits {
public:
  explicit Limits(const Params& params)
      : on_{params.risk_mode == RiskMode::live},
        limits_{params.risk},
        capital_{params.capital},
        peak_{params.capital} {}

  void begin_day(Money opening_equity) {
    today_ = {};
    opening_equity_ = opening_equity;
  }

  /// What forbids to open for `dollars`, if anything does.
  std::optional<LimitName> forbids(const Position& position, std::int32_t open_positions, Money dollars,
                                   Instant now) const {
    if (!on_)
      return std::nullopt;
    if (core::in_cooldown(position.closed_at, now, limits_))
      return LimitName::cooldown;
    // There is one strategy: its day is the account's.
    if (const auto breach = core::day_breach(today_, today_, dollars, limits_))
      return breach->limit;
    if (position.held.is_zero() && core::is_max_open(open_positions, limits_))
      return LimitName::max_open;
    return std::nullopt;
  }
  void count(Money dollars) {
    ++today_.trades;
    today_.dollars += dollars;
  }

  /// Judges the day at its close; pauses go into `pauses`.
  void end_day(Money equity, Instant now, std::vector<Pause>& pauses) {
    peak_ = std::max(peak_, equity);
    if (!on_)
      return;
    std::erase_if(pauses, [&](const Pause& pause) { return pause.until && *pause.until <= now; });
    if (core::is_daily_loss(opening_equity_, equity, limits_))
      pause(LimitName::daily_loss, now, core::daily_loss_until(now, limits_), pauses);
    if (core::is_drawdown(limits_.drawdown_from_peak ? peak_ : capital_, equity, limits_))
      pause(LimitName::drawdown, now, std::nullopt, pauses);
  }

private:
  static void pause(LimitName cause, Instant since, std::optional<Instant> until, std::vector<Pause>& pauses) {
    for (const auto& pause : pauses)
      if (pause.cause == to_string(cause))
        return;
    Pause pause;
    pause.cause = std::string{to_string(cause)};
    pause.by = "heed";
    pause.since = since;
    pause.until = until;
    pauses.push_back(std::move(pause));
  }

  bool on_;
  const RiskLimits& limits_;
  core::DayCounter today_;
  Money opening_equity_;
  Money capital_, peak_;
};

class Engine {
public:
  Engine(const Ground& ground, const Convictions& convictions, const Params& params)
      : ground_{ground}, convictions_{convictions}, p_{params}, limits_{params}, cash_{params.capital} {
    account_.known = true;
    positions_.resize(ground.calls().symbols.size());
    for (std::uint32_t i = 0; i < positions_.size(); ++i)
      positions_[i].bars = ground.bars_of(i);
  }

  Status prepare();
  Result<Run> run(const Watch& watch);

private:
  void begin_session(std::size_t session);
  void act_on_calls(std::size_t session);
  Outcome act(std::size_t call);
  Outcome buy(std::size_t call, Position& position, const core::BuyCall& buy);
  void close_due();
  void check_exits();
  void check_exits(Position& position);
  void mark(bool last);
  void close_all();
  void exit(Position& position, Position::Lot& lot, Price price, CloseReason reason);
  void exit_all(Position& position, Price price, CloseReason reason);
  void list(Position& position, std::uint32_t symbol);
  Money commission(Quantity quantity) const { return p_.commission_per_order + p_.commission_per_share * quantity; }
  Price sold_at(Price price) const { return core::slipped(price, Side::sell, p_.slippage); }
  /// A limit order fills at its price.
  static Price at_limit(Price price) { return core::slipped(price, Side::sell, Decimal{}); }
  Money value_of(const Position& position) const { return position.held * position.mark; }

  const Ground& ground_;
  const Convictions& convictions_;
  const Params& p_;
  Limits limits_;
  Money cash_;
  Money held_value_;  // of what is held, at the last closes before today
  std::int32_t open_positions_ = 0;
  std::vector<Position> positions_;  // by symbol of the calls
  std::vector<std::uint32_t> held_;  // symbols, in the order of opening; cleared of the flat ones once a session
  AccountSnapshot account_;
  Mention mention_;  // the call at hand, in the form that core knows
  core::SymbolView view_;
  Instrument share_;
  Run out_;
  std::size_t first_ = 0;  // benchmark bars of the run
  std::size_t last_ = 0;
  std::size_t session_ = 0;  // of the run, from 0
  std::int32_t today_ = 0;
  Instant open_at_{};
  std::size_t next_call_ = 0;
};

Status Engine::prepare() {
  const auto& calls = ground_.calls().calls;
  const auto& dates = ground_.benchmark().days;
  const auto first_day = p_.from ? *p_.from : core::new_york_date(calls.front().created_at());
  const auto last_day = p_.to ? *p_.to : core::new_york_date(calls.back().created_at()) + after_the_last_call;
  const auto begin = std::lower_bound(dates.begin(), dates.end(), day_of(first_day));
  const auto end = std::upper_bound(dates.begin(), dates.end(), day_of(last_day));
  if (begin >= end)
    return Error{ErrorKind::invalid, "sessions",
                 p_.benchmark.str() + " has no bar from " + to_iso_date(first_day) + " to " + to_iso_date(last_day) +
                   "; it has them from " + to_iso_date(date_of(dates.front())) + " to " +
                   to_iso_date(date_of(dates.back()))};
  first_ = static_cast<std::size_t>(begin - dates.begin());
  last_ = static_cast<std::size_t>(end - dates.begin()) - 1;
  out_.outcomes.assign(calls.size(), Outcome::outside);
  const auto sessions = last_ - first_ + 1;
  out_.sessions.assign(begin, end);
  out_.equity.reserve(sessions);
  out_.invested.reserve(sessions);
  out_.bought.assign(sessions, Money{});
  out_.benchmark.reserve(sessions);
  for (auto i = first_; i <= last_; ++i)
    out_.benchmark.push_back(ground_.benchmark().close_at(i));
  return Ok{};
}

Result<Run> Engine::run(const Watch& watch) {
  Money equity = p_.capital;
  for (auto bar = first_; bar <= last_; ++bar) {
    session_ = bar - first_;
    if (watch && !watch(session_, last_ - first_ + 1))
      return Error{ErrorKind::rejected, "CANCELLED", "cancelled"};
    limits_.begin_day(equity);
    begin_session(bar);
    act_on_calls(bar);
    close_due();
    check_exits();
    mark(bar == last_);
    equity = out_.equity.back();
    limits_.end_day(equity, core::to_instant(date_of(today_), market_closes), account_.pauses);
  }
  return std::move(out_);
}

void Engine::begin_session(std::size_t bar) {
  today_ = ground_.benchmark().days[bar];
  open_at_ = core::to_instant(date_of(today_), market_opens);
  held_value_ = Money{};
  for (const auto symbol : held_) {
    auto& position = positions_[symbol];
    position.go_to(today_);
    position.mark = position.bars->close_at(position.at - 1);  // it was bought on an earlier bar
    held_value_ += value_of(position);
  }
}

void Engine::act_on_calls(std::size_t bar) {
  const auto now = static_cast<std::int32_t>(bar);
  const auto count = ground_.calls().calls.size();
  while (next_call_ < count && ground_.acts_at(next_call_) < now)
    ++next_call_;
  for (; next_call_ < count && ground_.acts_at(next_call_) == now; ++next_call_)
    out_.outcomes[next_call_] = act(next_call_);
}

Outcome Engine::act(std::size_t index) {
  const Call& call = ground_.calls().calls[index];
  auto& position = positions_[call.symbol];
  if (position.bars != nullptr && !position.listed)
    position.go_to(today_);
  mention_.id = call.id;
  mention_.symbol = ground_.calls().symbols[call.symbol];
  mention_.action = call.action;
  mention_.horizon = call.horizon;
  mention_.created_at = call.created_at();
  view_.tradable = position.trades_today;
  view_.held = position.held;
  view_.cost_held = position.cost;
  view_.blocklisted_until = position.blocked_until;
  account_.equity = cash_ + held_value_;
  const auto conviction = convictions_[index];
  const auto decision = core::decide_mention(
    mention_, conviction == Call::none ? std::nullopt : std::optional{Decimal::from_units(conviction)}, view_,
    account_, p_.strategy, {open_at_, mention_.created_at});
  if (decision.blocklist_until)
    position.blocked_until = position.blocked_until ? std::max(*position.blocked_until, *decision.blocklist_until)
                                                    : *decision.blocklist_until;
  if (const auto* refusal = std::get_if<core::NoTrade>(&decision.call))
    return outcome_of(refusal->gate, position.bars != nullptr);
  if (!position.trades_today)
    return Outcome::no_price;
  if (const auto* roll = std::get_if<core::RollCall>(&decision.call)) {
    position.due = std::max(position.due, static_cast<std::int32_t>(session_) + roll->hold_sessions);
    return Outcome::filled;
  }
  if (const auto* wanted = std::get_if<core::BuyCall>(&decision.call)) {
    const auto outcome = buy(index, position, *wanted);
    if (outcome == Outcome::filled && decision.clears_blocklist)
      position.blocked_until.reset();
    return outcome;
  }
  held_value_ -= value_of(position);
  exit_all(position, sold_at(position.open()), CloseReason::strategy_exit);
  position.closed_at = open_at_;
  return Outcome::closed;
}

Outcome Engine::buy(std::size_t call, Position& position, const core::BuyCall& wanted) {
  const Price price = core::slipped(position.open(), Side::buy, p_.slippage);
  const Quantity quantity = core::quantity_for(wanted.dollars, price, share_, p_.fractional);
  if (quantity.is_zero())
    return Outcome::price_above_size;
  const auto exits = core::exit_prices(p_.strategy.stop_pct, p_.strategy.target_pct, Side::buy, price, share_);
  if (!exits)
    return Outcome::invalid_protection;
  const Money dollars = quantity * price;
  const Money fee = commission(quantity);
  if (dollars + fee > cash_)
    return Outcome::insufficient_cash;
  if (const auto limit = limits_.forbids(position, open_positions_, dollars, open_at_))
    return outcome_of(*limit);
  limits_.count(dollars);
  cash_ -= dollars + fee;
  const auto due = static_cast<std::int32_t>(session_) + wanted.hold_sessions;
  if (position.held.is_zero()) {
    position.due = due;
    position.mark = position.at > 0 ? position.bars->close_at(position.at - 1) : price;
    ++open_positions_;
    list(position, ground_.calls().calls[call].symbol);
  } else {
    position.due = std::max(position.due, due);
  }
  position.held += quantity;
  position.cost += dollars;
  position.lots.push_back({static_cast<std::uint32_t>(out_.trades.size()), exits.value().stop, exits.value().target});
  held_value_ += quantity * position.mark;
  Trade trade;
  trade.call = static_cast<std::uint32_t>(call);
  trade.entry_session = static_cast<std::int32_t>(session_);
  trade.quantity = quantity;
  trade.entry_price = price;
  trade.commission = fee;
  out_.trades.push_back(trade);
  out_.bought[session_] += dollars;
  return Outcome::filled;
}

void Engine::list(Position& position, std::uint32_t symbol) {
  if (position.listed)
    return;
  position.listed = true;
  held_.push_back(symbol);
}

void Engine::exit(Position& position, Position::Lot& lot, Price price, CloseReason reason) {
  auto& trade = out_.trades[lot.trade];
  const Money fee = commission(trade.quantity);
  cash_ += trade.quantity * price - fee;
  position.held -= trade.quantity;
  position.cost -= trade.cost();
  if (position.held.is_zero())
    --open_positions_;
  trade.exit_session = static_cast<std::int32_t>(session_);
  trade.exit_price = price;
  trade.commission += fee;
  trade.reason = reason;
}

void Engine::exit_all(Position& position, Price price, CloseReason reason) {
  for (auto& lot : position.lots)
    exit(position, lot, price, reason);
  position.lots.clear();
}

// Also takes off the list what calls have closed.
void Engine::close_due() {
  std::erase_if(held_, [&](std::uint32_t symbol) {
    auto& position = positions_[symbol];
    if (position.held.is_positive() && position.trades_today && position.due <= static_cast<std::int32_t>(session_)) {
      exit_all(position, sold_at(position.open()), CloseReason::time_exit);
      position.closed_at = open_at_;
    }
    position.listed = position.held.is_positive();
    return !position.listed;
  });
}

void Engine::check_exits() {
  std::erase_if(held_, [&](std::uint32_t symbol) {
    auto& position = positions_[symbol];
    if (position.trades_today)
      check_exits(position);
    position.listed = position.held.is_positive();
    return !position.listed;
  });
}

// An order that rests meets the open first; what happened when within the bar nobody knows, so the stop comes first.
void Engine::check_exits(Position& position) {
  ++out_.bars_seen;
  const Price open = position.open();
  const Price low = position.bars->low_at(position.at);
  const Price high = position.bars->high_at(position.at);
  std::erase_if(position.lots, [&](Position::Lot& lot) {
    if (lot.stop && open <= *lot.stop)
      exit(position, lot, sold_at(open), CloseReason::sl_hit);
    else if (lot.target && open >= *lot.target)
      exit(position, lot, at_limit(open), CloseReason::tp_hit);
    else if (lot.stop && low <= *lot.stop)
      exit(position, lot, sold_at(*lot.stop), CloseReason::sl_hit);
    else if (lot.target && high >= *lot.target)
      exit(position, lot, at_limit(*lot.target), CloseReason::tp_hit);
    else
      return false;
    return true;
  });
  if (position.held.is_zero())
    position.closed_at = core::to_instant(date_of(today_), market_closes);
}

void Engine::mark(bool last) {
  Money value;
  for (const auto symbol : held_) {
    auto& position = positions_[symbol];
    if (position.trades_today)
      position.mark = position.bars->close_at(position.at);
    value += value_of(position);
  }
  out_.invested.push_back(value);
  if (last) {
    for (const auto symbol : held_)
      exit_all(positions_[symbol], sold_at(positions_[symbol].mark), CloseReason::end_of_data);
    value = Money{};
  }
  out_.equity.push_back(cash_ + value);
}

}  // namespace

// Calls are in the order of time, and so are the opens: one walk along both.
void Ground::place_calls() {
  const auto& dates = benchmark_->days;
  acts_at_.assign(calls_.calls.size(), -1);
  std::size_t at = 0;
  for (std::size_t i = 0; i < calls_.calls.size(); ++i) {
    const auto created = calls_.calls[i].created_at();
    const auto day = day_of(core::new_york_date(created));
    if (day < dates.front())
      continue;
    const auto too_early = [&](std::int32_t session) {
      if (session != day || entry_ == Entry::next_day_open)
        return session <= day;
      return core::to_instant(date_of(session), market_opens) <= created;
    };
    while (at < dates.size() && too_early(dates[at]))
      ++at;
    if (at == dates.size())
      return;
    acts_at_[i] = static_cast<std::int32_t>(at);
  }
}

Result<Ground> Ground::make(const Calls& calls, const BarSet& bars, const Symbol& benchmark, Entry entry) {
  Ground out;
  out.bars_ = bars;
  out.calls_ = calls;
  out.entry_ = entry;
  out.benchmark_ = out.bars_.find(benchmark);
  if (out.benchmark_ == nullptr)
    return Error{ErrorKind::invalid, "benchmark",
                 "there are no bars of the benchmark " + benchmark.str() +
                   "; add its file, or name another one with --benchmark"};
  if (calls.calls.empty())
    return Error{ErrorKind::invalid, "mentions", "there are no calls"};
  out.bars_of_.reserve(calls.symbols.size());
  for (const auto& symbol : calls.symbols)
    out.bars_of_.push_back(out.bars_.find(symbol));
  out.place_calls();
  return out;
}

Convictions weigh(const Calls& calls, const core::AggregatorConfig& config,
                  const std::optional<Decimal>& default_conviction) {
  core::Aggregator aggregator{config};
  Convictions out;
  out.reserve(calls.calls.size());
  Mention mention;
  const auto take = [&](const Call& call) {
    mention.id = call.id;
    mention.symbol = calls.symbols[call.symbol];
    mention.action = call.action;
    mention.created_at = call.created_at();
    mention.conviction =
      call.conviction == Call::none ? default_conviction : std::optional{Decimal::from_units(call.conviction)};
  };
  for (std::size_t i = 0; i < calls.calls.size();) {
    auto end = i;
    // Those of one moment count for each other.
    for (; end < calls.calls.size() && calls.calls[end].created_us == calls.calls[i].created_us; ++end) {
      take(calls.calls[end]);
      aggregator.add(mention);
    }
    for (; i < end; ++i) {
      take(calls.calls[i]);
      const auto effective = aggregator.weigh(mention).effective_conviction;
      out.push_back(effective ? effective->units() : Call::none);
    }
  }
  return out;
}

Result<Run> run(const Ground& ground, const Convictions& convictions, const Params& params, const Watch& watch) {
  try {
    Engine engine{ground, convictions, params};
    if (const auto status = engine.prepare(); !status)
      return status.error();
    return engine.run(watch);
  } catch (const DecimalOverflow&) {
    return Error{ErrorKind::invalid, "numbers",
                 "a sum grew beyond 9.2 billion, which is more than can be reckoned with; give less --capital"};
  }
}

Result<Run> run(const Calls& calls, const BarSet& bars, const Params& params) {
  const auto ground = Ground::make(calls, bars, params.benchmark, params.entry);
  if (!ground)
    return ground.error();
  return run(ground.value(), weigh(calls, params.aggregator, params.default_conviction), params);
}

std::map<std::string, std::size_t> count_dispositions(const std::vector<Outcome>& outcomes) {
  std::array<std::size_t, EnumNames<Outcome>::names.size()> counts{};
  for (const auto outcome : outcomes)
    ++counts[static_cast<std::size_t>(outcome)];
  std::map<std::string, std::size_t> out;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      out.emplace(EnumNames<Outcome>::names[i], counts[i]);
  return out;
}

}  // namespace heed::backtest
