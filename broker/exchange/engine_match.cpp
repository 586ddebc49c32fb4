// Prices meet orders: books, elections, fills, and what a fill does to its group and to the account.
#include "broker/exchange/engine.hpp"
#include "messages/mutant.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

constexpr Price any_price = Decimal::from_units(INT64_MIN);
constexpr Price price_grid = Decimal::from_units(100'000);  // 0.0001: executions are quoted to four decimals
enum Book_ : std::uint8_t { none, falling, rising };
enum IdKind : std::uint64_t { execution_ids = 3 };

bool is_stop(const Order& order) {
  return order.type == Type::stop || order.type == Type::stop_limit || order.trails();
}

// The limit in force: of a limit order, or of a stop once elected.
std::optional<Price> working_limit(const Order& order) {
  return order.type == Type::stop ? order.collar : order.limit_price;
}

}  // namespace

void Engine::set_last(Asset& asset, Price price) {
  asset.last = price;
  asset.priced_at = now_;
  for (auto& account : accounts_) {
    Position& position = account.positions[asset.index];
    if (position.qty.is_zero() && position.value.is_zero())
      continue;
    Money& side = position.value.is_negative() ? account.short_value : account.long_value;
    side -= position.value;
    position.value = position.qty * price;
    (position.qty.is_negative() ? account.short_value : account.long_value) += position.value;
  }
  if (session_open_)
    follow(asset);
  if (sink_ != nullptr)
    sink_->on_price(asset);
}

// Trailing stops go along with a price that is better than any before; they never come back.
void Engine::follow(const Asset& asset) {
  const auto trailing = books_[asset.index].trailing;  // changes below
  for (const OrderIndex index : trailing) {
    Order& order = orders_[index];
    if (order.side == Side::sell ? asset.last <= *order.hwm : asset.last >= *order.hwm)
      continue;
    take_out_of_book(order);
    order.hwm = asset.last;
    order.stop_price = order.trailing_stop_at(asset.last);
    order.updated_at = now_;
    put_in_book(order);
  }
}

void Engine::move_price(Asset& asset, Price price, bool slide) {
  if (asset.halted) {
    asset.while_halted = {price, session_open_};
    return;
  }
  const bool had_quote = asset.quoted;
  asset.quoted = session_open_;
  if (slide && had_quote)
    slide_to(asset, price);
  set_last(asset, price);
  run_triggers(asset);
}

// Crosses every level between here and there, one at a time, so that each order trades at its own level and what
// a fill sets free (the legs of a bracket) takes part in the rest of the way.
void Engine::slide_to(Asset& asset, Price target) {
  run_triggers(asset);
  while (asset.last != target) {
    const Book& book = books_[asset.index];
    Price stop_at = target;
    if (target < asset.last && !book.falling.empty())
      stop_at = std::max(target, std::min(book.falling.begin()->level, asset.last));
    else if (target > asset.last && !book.rising.empty())
      stop_at = std::min(target, std::max(book.rising.begin()->level, asset.last));
    if (stop_at == target)
      return;
    set_last(asset, stop_at);
    if (next_triggered(asset) == no_order)
      return;  // nothing at this level trades: the rest of the way is a plain move
    run_triggers(asset);
  }
}

OrderIndex Engine::next_triggered(const Asset& asset) const {
  const Book& book = books_[asset.index];
  const BookKey* down =
    !book.falling.empty() && book.falling.begin()->level >= asset.last ? &*book.falling.begin() : nullptr;
  const BookKey* up =
    !book.rising.empty() && book.rising.begin()->level <= asset.last ? &*book.rising.begin() : nullptr;
  if (down == nullptr || up == nullptr)
    return down != nullptr ? down->order : up != nullptr ? up->order : no_order;
  return up->level == any_price || up->sequence < down->sequence ? up->order : down->order;
}

void Engine::run_triggers(Asset& asset) {
  if (!can_trade(asset))
    return;
  for (OrderIndex next = next_triggered(asset); next != no_order; next = next_triggered(asset))
    trade(next);
}

void Engine::put_in_book(Order& order) {
  Book& book = books_[order.asset];
  const bool waits_for_stop = is_stop(order) && !order.elected;
  const auto limit = working_limit(order);
  if (!waits_for_stop && !limit) {
    order.book = rising;
    order.level = any_price;
  } else {
    order.level = waits_for_stop ? *order.stop_price : *limit;
    order.book = (order.side == Side::buy) == waits_for_stop ? rising : falling;
  }
  if (order.trails() && waits_for_stop)
    book.trailing.insert(order.index);
  order.book_sequence = ++sequence_;
  const BookKey key{order.level, order.book_sequence, order.index};
  if (order.book == rising)
    book.rising.insert(key);
  else
    book.falling.insert(key);
}

void Engine::take_out_of_book(Order& order) {
  if (order.book == none)
    return;
  Book& book = books_[order.asset];
  book.trailing.erase(order.index);
  const BookKey key{order.level, order.book_sequence, order.index};
  if (order.book == rising)
    book.rising.erase(key);
  else
    book.falling.erase(key);
  order.book = none;
}

bool Engine::is_marketable(const Order& order, const Asset& asset) const {
  if (is_stop(order) && !order.elected)
    return order.side == Side::buy ? asset.last >= *order.stop_price : asset.last <= *order.stop_price;
  const auto limit = working_limit(order);
  return !limit || (order.side == Side::buy ? asset.last <= *limit : asset.last >= *limit);
}

// A stop whose level is touched comes to the market; its sibling has lost the race.
void Engine::elect(Order& order) {
  order.elected = true;
  if (const OrderIndex other = sibling(order); other != no_order && is_open(orders_[other].status)) {
    Order& lost = orders_[other];
    end_order(lost, Status::replaced);
    emit(EventKind::replaced, lost);
  }
  if (order.status == Status::held) {
    order.status = Status::live;
    order.updated_at = now_;
    emit(EventKind::live, order);
  }
  recount(order);
}

Price Engine::taker_price(const Order& order, Price price) const {
  if (options_.slippage.is_zero())
    return price;
  const Decimal factor = order.side == Side::buy ? Decimal{1} + options_.slippage : Decimal{1} - options_.slippage;
  return (price * factor).rounded_to(price_grid, Rounding::half_even);
}

// One look at an order that its book (or its arrival) says can trade now.
void Engine::trade(OrderIndex index) {
  Order& order = orders_[index];
  const Asset& asset = assets_[order.asset];
  take_out_of_book(order);
  if (is_stop(order) && !order.elected)
    elect(order);
  if (!is_marketable(order, asset)) {
    put_in_book(order);
    return;
  }
  const auto limit = working_limit(order);
  const bool takes = order.type == Type::market || order.type == Type::stop || order.trails();
  Price price = takes ? taker_price(order, asset.last) : asset.last;
  if (limit)
    price = order.side == Side::buy ? std::min(price, *limit) : std::max(price, *limit);
  if (order.notional && order.filled_qty.is_zero()) {
    order.qty = Decimal::div(*order.notional, price, Rounding::down);
    if (closes(order.intent))
      order.qty = std::min(order.qty, accounts_[order.account].positions[order.asset].qty.abs());
  }
  Quantity qty = order.remaining();
  if (qty.is_zero()) {  // a notional close whose position has gone meanwhile
    cancel_group(index, Status::canceled, EventKind::canceled);
    return;
  }
  const bool may_be_partial = options_.partial_fill_percent > 0 && qty.is_whole() && qty >= Decimal{2} &&
                              order.tif != Tif::fok && order.tif != Tif::opg && order.tif != Tif::cls;
  if (may_be_partial && partial_chance_.below(100) < static_cast<std::uint64_t>(options_.partial_fill_percent)) {
    const auto whole = static_cast<std::uint64_t>(qty.units() / Decimal::scale);
    qty = Decimal{static_cast<std::int64_t>(1 + partial_chance_.below(whole - 1))};
  }
  fill(order, qty, price);
  if (!is_open(order.status))
    return;
  if (order.tif == Tif::ioc)
    cancel_group(index, Status::canceled, EventKind::canceled);
  else
    start_timer(Timer::Kind::retry, now_ + options_.partial_pause, index);
}

void Engine::fill(Order& order, Quantity qty, Price price) {
  Execution execution;
  execution.id = Uuid::derive(options_.seed, execution_ids, executions_.size());
  execution.account = order.account;
  execution.asset = order.asset;
  execution.order = order.index;
  execution.side = order.side;
  execution.qty = qty;
  execution.price = price;
  execution.fee = options_.fee_per_share * qty + (order.filled_qty.is_zero() ? options_.fee_per_order : Money{});
  execution.at = now_;
  order.filled_qty += qty;
  order.filled_value += price * qty;
  order.updated_at = now_;
  execution.cum_qty = order.filled_qty;
  execution.leaves_qty = order.remaining();
  const bool complete = order.remaining().is_zero();
  book_to_account(execution);
  if (complete) {
    order.filled_at = now_;
    end_order(order, Status::filled);
  } else {
    if (order.status == Status::live)
      order.status = Status::partially_filled;
    recount(order);
  }
  accounts_[order.account].executions.push_back(static_cast<std::uint32_t>(executions_.size()));
  executions_.push_back(execution);
  emit(complete ? EventKind::fill : EventKind::partial_fill, order, &execution);
  after_fill(order.index);
}

void Engine::book_to_account(Execution& execution) {
  Account& account = accounts_[execution.account];
  Position& position = account.positions[execution.asset];
  const Quantity signed_qty = execution.side == Side::buy ? execution.qty : -execution.qty;
  const Money value = signed_qty * execution.price;
  account.cash -= value + execution.fee;
  account.fees += execution.fee;
  (position.value.is_negative() ? account.short_value : account.long_value) -= position.value;

  const bool adds = position.qty.is_zero() || position.qty.sign() == signed_qty.sign();
  execution.opens_short = execution.side == Side::sell && !position.qty.is_positive();
  if (adds) {
    position.qty += signed_qty;
    position.cost += value;
  } else {
    const Quantity closed = std::min(position.qty.abs(), execution.qty);
    const Money released = Decimal::mul_div(position.cost, closed, position.qty.abs());
    const Money closing_value = (signed_qty.is_negative() ? -closed : closed) * execution.price;
    position.realized -= closing_value + released;
    position.cost = position.cost - released + (value - closing_value);
    position.qty += signed_qty;
  }
  position.value = position.qty * assets_[execution.asset].last;
  (position.value.is_negative() ? account.short_value : account.long_value) += position.value;
  execution.position_qty = position.qty;
}

void Engine::after_fill(OrderIndex index) {
  Order& order = orders_[index];
  const bool complete = order.status == Status::filled;
  if (order.role == Role::entry && order.parent == no_order) {
    if (complete)
      arm_legs(index);
    return;
  }
  const OrderIndex other = sibling(order);
  if (order.role != Role::take_profit || other == no_order || !is_open(orders_[other].status))
    return;
  Order& stop = orders_[other];
  if (complete) {
    if (mutant("venue_keeps_sibling"))
      return;
    end_order(stop, Status::canceled);  // on purpose without an event: clients must look by REST
  } else {
    stop.qty = order.remaining();
    stop.updated_at = now_;
    recount(stop);
  }
}

// The exits come to life when the entry is wholly filled: the take-profit works, the stop is held beside it.
void Engine::arm_legs(OrderIndex head) {
  const OrderIndex legs[] = {orders_[head].take_profit, orders_[head].stop_loss};
  for (const OrderIndex index : legs) {
    if (index == no_order || !is_open(orders_[index].status))
      continue;
    Order& leg = orders_[index];
    leg.armed = true;
    leg.updated_at = now_;
    const OrderIndex other = sibling(leg);
    if (leg.role == Role::take_profit || other == no_order || !is_open(orders_[other].status)) {
      if (leg.status == Status::held)
        leg.status = Status::live;
      emit(EventKind::live, leg);
    }
    recount(leg);
    put_in_book(leg);
  }
}

// An OCO's stop watches from the moment its take-profit works.
void Engine::arm_pair(const Order& head) {
  if (head.order_class != Class::oco || head.parent != no_order || head.stop_loss == no_order)
    return;
  Order& stop = orders_[head.stop_loss];
  if (!is_open(stop.status) || stop.armed)
    return;
  stop.armed = true;
  put_in_book(stop);
}

}  // namespace heed::exchange
