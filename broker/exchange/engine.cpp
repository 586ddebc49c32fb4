// Time: sessions, feed, timers, expiry; and the tables of assets and accounts.
#include "broker/exchange/engine.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

enum IdKind : std::uint64_t { account_ids = 1, asset_ids };
constexpr Price price_grid = Decimal::from_units(100'000);  // 0.0001
constexpr Duration opening_length = std::chrono::milliseconds{500};

constexpr bool at_once(Tif tif) { return tif == Tif::opg || tif == Tif::ioc || tif == Tif::fok; }

}  // namespace

Engine::Engine(EngineOptions options, std::unique_ptr<PriceFeed> feed)
    : options_{std::move(options)},
      feed_{std::move(feed)},
      now_{options_.start},
      session_{options_.calendar.session_at_or_after(now_)},
      partial_chance_{mix(options_.seed)} {
  for (std::size_t i = 0; i < options_.accounts.size(); ++i) {
    Account account;
    account.options = options_.accounts[i];
    account.id = Uuid::derive(options_.seed, account_ids, i);
    account.cash = account.last_equity = account.options.cash;
    accounts_.push_back(std::move(account));
  }
  order_by_client_id_.resize(accounts_.size());
  feed_->start(now_, options_.calendar);
  for (const auto& symbol : feed_->symbols()) {
    Asset& asset = add_asset(symbol);
    if (const auto history = feed_->history(symbol); !history.empty())
      asset.last = asset.previous_close = history.back().close;
  }
  session_open_ = now_ >= session_.open;
}

void Engine::begin(EngineSink* sink) {
  sink_ = sink;
  advance_to(now_);
}

Asset& Engine::add_asset(const std::string& symbol) {
  Asset asset;
  asset.index = static_cast<AssetIndex>(assets_.size());
  asset.symbol = symbol;
  asset.id = Uuid::derive(options_.seed, asset_ids, asset.index);
  asset_by_symbol_.emplace(symbol, asset.index);
  asset_by_id_.emplace(asset.id, asset.index);
  assets_.push_back(std::move(asset));
  books_.emplace_back();
  for (auto& account : accounts_) {
    account.positions.emplace_back();
    account.plain_open[0].emplace_back();
    account.plain_open[1].emplace_back();
  }
  return assets_.back();
}

const Asset* Engine::find_asset(std::string_view symbol_or_id) const {
  if (const auto found = asset_by_symbol_.find(std::string{symbol_or_id}); found != asset_by_symbol_.end())
    return &assets_[found->second];
  if (const auto id = Uuid::parse(symbol_or_id))
    if (const auto found = asset_by_id_.find(*id); found != asset_by_id_.end())
      return &assets_[found->second];
  return nullptr;
}

OrderIndex Engine::find_order(AccountIndex account, const Uuid& id) const {
  const auto found = order_by_id_.find(id);
  return found != order_by_id_.end() && orders_[found->second].account == account ? found->second : no_order;
}

OrderIndex Engine::find_client_order(AccountIndex account, const std::string& client_order_id) const {
  const auto& ids = order_by_client_id_[account];
  const auto found = ids.find(client_order_id);
  return found != ids.end() ? found->second : no_order;
}

void Engine::emit(EventKind kind, const Order& order, const Execution* execution) {
  if (sink_ != nullptr)
    sink_->on_trade_event({kind, order.index, execution, now_});
}

// At one instant: what was promised earlier, then the session's bell, then expiry, then new prices.
void Engine::advance_to(Instant to) {
  settle();
  while (true) {
    const Instant boundary = session_open_ ? session_.close : session_.open;
    const auto expiry_at = gtc_.empty() ? Instant::max() : *orders_[gtc_.front()].expires_at;
    const auto feed_at = feed_->next_at().value_or(Instant::max());
    const auto timer_at = timers_.empty() ? Instant::max() : timers_.top().at;
    const Instant next = std::min({boundary, expiry_at, feed_at, timer_at});
    if (next > to)
      break;
    now_ = std::max(now_, next);
    if (timer_at == next) {
      run_timer();
    } else if (boundary == next) {
      session_open_ ? close_session() : open_session();
    } else if (expiry_at == next) {
      expire_gtc();
    } else {
      const PriceMove move = feed_->pop();
      Asset& asset = assets_[asset_by_symbol_.at(move.symbol)];
      asset.scripted = false;
      move_price(asset, (move.price / asset.split_factor).rounded_to(price_grid, Rounding::half_even), move.slide);
    }
  }
  now_ = std::max(now_, to);
}

void Engine::settle() {
  while (!fresh_.empty()) {
    std::vector<OrderIndex> fresh;
    fresh.swap(fresh_);
    for (const OrderIndex index : fresh)
      activate(index);
    if (fresh_.empty()) {
      fresh.clear();
      fresh_.swap(fresh);  // keeps the capacity
    }
  }
  while (!timers_.empty() && timers_.top().at <= now_)
    run_timer();
}

void Engine::start_timer(Timer::Kind kind, Instant at, OrderIndex order) {
  timers_.push({kind, at, ++sequence_, order});
}

void Engine::run_timer() {
  const Timer timer = timers_.top();
  timers_.pop();
  switch (timer.kind) {
    case Timer::Kind::finish_cancel: finish_cancel(timer.order); break;
    case Timer::Kind::finish_replace: finish_replace(timer.order); break;
    case Timer::Kind::end_of_opening: end_opening(); break;
    case Timer::Kind::retry: {
      Order& order = orders_[timer.order];
      if (!is_open(order.status) || order.book != 0)
        break;
      put_in_book(order);
      run_triggers(assets_[order.asset]);
      break;
    }
  }
}

void Engine::open_session() {
  session_open_ = true;
  for (auto& asset : assets_) {
    asset.quoted = asset.scripted && asset.last.is_positive();
    if (asset.quoted)
      asset.priced_at = now_;
  }
  std::vector<OrderIndex> waiting;
  waiting.swap(waiting_);
  bool opening_orders = false;
  for (const OrderIndex index : waiting) {
    Order& order = orders_[index];
    if (order.status != Status::accepted)
      continue;
    if (order.tif == Tif::cls) {
      waiting_.push_back(index);
      continue;
    }
    opening_orders = opening_orders || at_once(order.tif);
    order.status = Status::live;
    order.updated_at = now_;
    emit(EventKind::live, order);
    arm_pair(order);
    put_in_book(order);
  }
  for (auto& asset : assets_)
    run_triggers(asset);
  if (opening_orders)
    start_timer(Timer::Kind::end_of_opening, now_ + opening_length, no_order);
}

// What did not trade at the opening price has missed it; so has immediate-or-cancel that waited for the open.
void Engine::end_opening() {
  for (const OrderIndex index : expiring_)
    if (Order& order = orders_[index]; at_once(order.tif) && is_open(order.status) &&
                                       order.status != Status::accepted && order.status != Status::pending_new)
      cancel_group(index, Status::canceled, EventKind::canceled);
}

void Engine::close_auction() {
  std::vector<OrderIndex> waiting;
  waiting.swap(waiting_);
  for (const OrderIndex index : waiting) {
    Order& order = orders_[index];
    if (order.status != Status::accepted)
      continue;
    order.status = Status::live;
    order.updated_at = now_;
    emit(EventKind::live, order);
    put_in_book(order);
    run_triggers(assets_[order.asset]);
  }
}

void Engine::close_session() {
  close_auction();
  std::vector<OrderIndex> expiring;
  expiring.swap(expiring_);
  for (const OrderIndex index : expiring) {
    Order& order = orders_[index];
    if (!is_open(order.status))
      continue;
    if (*order.expires_at > now_) {
      expiring_.push_back(index);
      continue;
    }
    end_order(order, Status::expired);
    emit(EventKind::expired, order);
  }
  session_open_ = false;
  for (auto& asset : assets_) {
    asset.previous_close = asset.last;
    asset.quoted = false;
  }
  for (auto& account : accounts_) {
    account.last_equity = account.equity();
    account.equity_at_close.emplace_back(now_, account.last_equity);
  }
  session_ = options_.calendar.kind() == core::MarketCalendar::Kind::always_open
               ? options_.calendar.session_at_or_after(now_)
               : options_.calendar.next_session(session_.date);
  if (sink_ != nullptr)
    sink_->on_session_close(now_);
}

void Engine::expire_gtc() {
  const OrderIndex index = gtc_.front();
  gtc_.pop_front();
  if (is_open(orders_[index].status))
    cancel_group(index, Status::canceled, EventKind::canceled);
}

bool Engine::set_halted(const std::string& symbol, bool halted) {
  settle();
  const auto found = asset_by_symbol_.find(symbol);
  if (found == asset_by_symbol_.end())
    return false;
  Asset& asset = assets_[found->second];
  asset.halted = halted;
  if (!halted && asset.while_halted) {
    const auto [price, quoted] = *asset.while_halted;
    asset.while_halted.reset();
    asset.quoted = quoted && session_open_;
    set_last(asset, price);
  }
  run_triggers(asset);
  return true;
}

bool Engine::set_tradable(const std::string& symbol, bool tradable, bool shortable, bool fractionable) {
  settle();
  const auto found = asset_by_symbol_.find(symbol);
  if (found == asset_by_symbol_.end())
    return false;
  Asset& asset = assets_[found->second];
  asset.tradable = tradable;
  asset.shortable = shortable;
  asset.fractionable = fractionable;
  return true;
}

void Engine::set_price(const std::string& symbol, Price price, bool slide) {
  settle();
  const auto found = asset_by_symbol_.find(symbol);
  Asset& asset = found != asset_by_symbol_.end() ? assets_[found->second] : add_asset(symbol);
  asset.scripted = true;
  move_price(asset, price, slide);
}

bool Engine::split(const std::string& symbol, Decimal from, Decimal to) {
  settle();
  const auto found = asset_by_symbol_.find(symbol);
  if (found == asset_by_symbol_.end())
    return false;
  cancel_all_of(found->second);
  Asset& asset = assets_[found->second];
  const Decimal ratio = to / from;
  asset.split_factor = asset.split_factor * ratio;
  const Price new_price = Decimal::mul_div(asset.last, from, to).rounded_to(price_grid, Rounding::half_even);
  asset.previous_close = Decimal::mul_div(asset.previous_close, from, to);
  if (asset.while_halted)
    asset.while_halted->first = Decimal::mul_div(asset.while_halted->first, from, to);
  for (AccountIndex i = 0; i < accounts_.size(); ++i) {
    Account& account = accounts_[i];
    Position& position = account.positions[asset.index];
    if (position.qty.is_zero())
      continue;
    const Quantity before = position.qty;
    const Quantity exact = Decimal::mul_div(before, to, from, Rounding::down);
    const Quantity after = before.is_whole() ? exact.rounded_to(Decimal{1}, Rounding::down) : exact;
    const Money in_lieu = (exact - after) * new_price;
    const Money kept = exact.is_zero() ? Money{} : Decimal::mul_div(position.cost, after, exact);
    position.realized += in_lieu - (position.cost - kept);
    position.cost = kept;
    position.qty = after;
    account.cash += in_lieu;
    if (sink_ != nullptr)
      sink_->on_split(i, asset, {before, exact, after, in_lieu});
  }
  set_last(asset, new_price);
  return true;
}

}  // namespace heed::exchange
