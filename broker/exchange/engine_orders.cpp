// Orders come, change and go: submit, cancel, replace, and what they hold of money and shares meanwhile.
#include "broker/exchange/engine.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

enum IdKind : std::uint64_t { order_ids = 4, client_order_ids };

// What a market order may cost at most, as the venue reckons: dearer shares move less in percent.
Price with_collar(Price price) {
  using namespace literals;
  return price * (price < Decimal{50} ? 1.04_d : 1.025_d);
}

}  // namespace

OrderIndex Engine::sibling(const Order& order) const {
  const OrderIndex head = order.parent == no_order ? order.index : order.parent;
  if (order.role == Role::take_profit)
    return orders_[head].stop_loss;
  if (order.role == Role::stop_loss)
    return orders_[head].role == Role::entry ? orders_[head].take_profit : head;
  return no_order;
}

std::optional<Instant> Engine::expiry(Tif tif, Instant at) const {
  if (tif != Tif::gtc)
    return session_.close;
  const Date last = options_.calendar.date_at(at) + std::chrono::days{90};
  return options_.calendar.instant(last, std::chrono::hours{16} + std::chrono::minutes{15});
}

// --- what an open order holds
// ---------------------------------------------------------------------------------------

Money Engine::reserve_for(const Order& order) const {
  using namespace literals;
  const bool leg = order.parent != no_order || order.role == Role::take_profit;
  if (!is_open(order.status) || closes(order.intent) || leg)
    return {};
  if (order.notional)
    return order.filled_qty.is_zero() ? *order.notional : Money{};
  const Price last = assets_[order.asset].last;
  Price price = order.limit_price ? *order.limit_price : order.collar ? *order.collar : with_collar(last);
  if (order.side == Side::sell)
    price = std::max(order.limit_price.value_or(Price{}), last * 1.03_d);
  return price * order.remaining();
}

Quantity Engine::holding_for(const Order& order) const {
  if (!is_open(order.status) || !closes(order.intent))
    return {};
  const bool is_leg = order.parent != no_order && order.order_class != Class::oco;
  if (is_leg && !order.armed)
    return {};
  if (order.role == Role::stop_loss)
    if (const OrderIndex other = sibling(order); other != no_order && is_open(orders_[other].status))
      return {};  // the pair holds its shares once, for the take-profit
  if (order.notional && order.qty.is_zero()) {
    const Price last = assets_[order.asset].last;
    return last.is_zero() ? Quantity{} : Decimal::div(*order.notional, last, Rounding::up);
  }
  return order.remaining();
}

// Brings the account's sums up to what the order holds now. A replacement under way holds only what it needs beyond
// the order that it replaces.
void Engine::recount(Order& order) {
  Money money = reserve_for(order);
  Quantity shares = holding_for(order);
  if (order.status == Status::pending_new && order.replaces != no_order && is_open(orders_[order.replaces].status)) {
    const Order& old = orders_[order.replaces];
    money = std::max(Money{}, money - old.reserved);
    shares = std::max(Quantity{}, shares - old.holding);
  }
  Account& account = accounts_[order.account];
  Position& position = account.positions[order.asset];
  account.reserved += money - order.reserved;
  (order.side == Side::sell ? position.selling : position.buying) += shares - order.holding;
  order.reserved = money;
  order.holding = shares;
}

Money Engine::initial_margin(const Account& account) const {
  using namespace literals;
  const Money gross = account.long_value - account.short_value;
  return account.options.multiplier == 4 ? gross * 0.25_d : account.options.multiplier == 2 ? gross * 0.5_d : gross;
}

Money Engine::buying_power(const Account& account) const {
  const Money base = account.options.multiplier == 1 ? account.cash
                                                     : std::max(Money{}, account.equity() - initial_margin(account)) *
                                                         Decimal{account.options.multiplier};
  return std::max(Money{}, base - account.reserved);
}

// --- submit
// ---------------------------------------------------------------------------------------------------------

Order& Engine::add_order(AccountIndex account, AssetIndex asset, const std::string& client_order_id) {
  Order& order = orders_.emplace_back();
  order.index = static_cast<OrderIndex>(orders_.size() - 1);
  order.account = account;
  order.asset = asset;
  order.id = Uuid::derive(options_.seed, order_ids, order.index);
  order.client_order_id =
    client_order_id.empty() ? Uuid::derive(options_.seed, client_order_ids, order.index).str() : client_order_id;
  order.created_at = order.updated_at = now_;
  order_by_id_.emplace(order.id, order.index);
  order_by_client_id_[account].emplace(order.client_order_id, order.index);
  accounts_[account].orders.push_back(order.index);
  return order;
}

// The order as it would stand, not yet in any table.
Order Engine::draft(AccountIndex account, const Asset& asset, const OrderRequest& r, Intent intent) const {
  Order order;
  order.account = account;
  order.asset = asset.index;
  order.side = r.side;
  order.type = r.type;
  order.tif = r.tif;
  order.order_class = r.order_class;
  order.role = r.order_class == Class::simple ? Role::plain
               : r.order_class == Class::oco  ? Role::take_profit
                                              : Role::entry;
  order.intent = intent;
  order.extended_hours = r.extended_hours;
  order.qty = r.qty.value_or(Quantity{});
  order.notional = r.notional;
  order.limit_price = r.order_class == Class::oco ? r.take_profit_limit : r.limit_price;
  order.stop_price = r.stop_price;
  order.trail_price = r.trail_price;
  order.trail_percent = r.trail_percent;
  if (order.trails()) {
    order.hwm = asset.last;
    order.stop_price = order.trailing_stop_at(asset.last);
  }
  if (r.type == Type::stop && r.side == Side::buy)
    order.collar = with_collar(*r.stop_price).rounded_to(Decimal::from_units(10'000'000), Rounding::half_even);
  const bool for_auction = r.tif == Tif::opg || r.tif == Tif::cls;
  order.status = session_open_ && !for_auction ? Status::pending_new : Status::accepted;
  return order;
}

Engine::Submitted Engine::submit(AccountIndex account, const OrderRequest& r) {
  settle();
  const Asset* asset = find_asset(r.symbol);
  if (asset == nullptr)
    return Refusal{422, 42210000, "asset \"" + r.symbol + "\" not found", {}, {}};
  if (auto no = check_form(r))
    return std::move(*no);
  if (find_client_order(account, r.client_order_id) != no_order)
    return Refusal{422, 40010001, "client_order_id must be unique", {}, {}};
  Intent intent{};
  if (auto no = decide_intent(account, *asset, r, intent))
    return std::move(*no);
  if (auto no = check_market(*asset, r, intent))
    return std::move(*no);
  Order wanted = draft(account, *asset, r, intent);
  if (auto no = check_wash(account, *asset, wanted, no_order))
    return std::move(*no);
  if (auto no = check_funds(accounts_[account], wanted, Money{}))
    return std::move(*no);

  Order& order = add_order(account, asset->index, r.client_order_id);
  wanted.index = order.index;
  wanted.id = order.id;
  wanted.client_order_id = std::move(order.client_order_id);
  wanted.created_at = wanted.updated_at = now_;
  wanted.expires_at = expiry(r.tif, now_);
  order = std::move(wanted);
  const OrderIndex index = order.index;
  (order.tif == Tif::gtc ? static_cast<void>(gtc_.push_back(index)) : expiring_.push_back(index));
  if (!order.in_group()) {
    auto& plain = accounts_[account].plain_open[static_cast<int>(order.side)][order.asset];
    order.plain_slot = static_cast<std::uint32_t>(plain.size());
    plain.push_back(index);
  }
  recount(order);
  if (order.in_group())
    add_legs(index, r);
  fresh_.push_back(index);
  return index;
}

void Engine::add_legs(OrderIndex head, const OrderRequest& r) {
  if (r.order_class != Class::oco && r.take_profit_limit)
    orders_[head].take_profit = add_leg(head, Role::take_profit, *r.take_profit_limit, std::nullopt);
  if (r.stop_loss_stop)
    orders_[head].stop_loss = add_leg(head, Role::stop_loss, *r.stop_loss_stop, r.stop_loss_limit);
}

OrderIndex Engine::add_leg(OrderIndex head, Role role, Price price, std::optional<Price> stop_limit) {
  const bool pair_only = orders_[head].order_class == Class::oco;
  Order& leg = add_order(orders_[head].account, orders_[head].asset, {});
  const Order& parent = orders_[head];
  leg.side = pair_only ? parent.side : opposite(parent.side);
  leg.tif = parent.tif;
  leg.order_class = parent.order_class;
  leg.role = role;
  leg.intent = leg.side == Side::sell ? Intent::sell_to_close : Intent::buy_to_close;
  leg.status = Status::held;
  leg.qty = parent.qty;
  leg.parent = head;
  leg.expires_at = parent.expires_at;
  if (role == Role::take_profit) {
    leg.type = Type::limit;
    leg.limit_price = price;
  } else {
    leg.type = stop_limit ? Type::stop_limit : Type::stop;
    leg.stop_price = price;
    leg.limit_price = stop_limit;
    if (leg.type == Type::stop && leg.side == Side::buy)
      leg.collar = with_collar(price).rounded_to(Decimal::from_units(10'000'000), Rounding::half_even);
  }
  if (leg.tif == Tif::gtc)
    gtc_.push_back(leg.index);
  else
    expiring_.push_back(leg.index);
  return leg.index;
}

// The order reaches the market, or the queue for its session.
void Engine::activate(OrderIndex index) {
  Order& order = orders_[index];
  if (order.status == Status::accepted) {
    waiting_.push_back(index);
    emit(EventKind::accepted, order);
    return;
  }
  if (order.status != Status::pending_new)
    return;
  order.status = Status::live;
  order.updated_at = now_;
  emit(EventKind::live, order);
  arm_pair(order);
  Asset& asset = assets_[order.asset];
  const bool now_or_never = order.tif == Tif::ioc || order.tif == Tif::fok;
  if (can_trade(asset) && is_marketable(order, asset)) {
    trade(index);
    run_triggers(asset);
  } else if (now_or_never) {
    cancel_group(index, Status::canceled, EventKind::canceled);
  } else {
    put_in_book(order);
  }
}

// --- the end of an order
// --------------------------------------------------------------------------------------------

void Engine::end_order(Order& order, Status end) {
  take_out_of_book(order);
  order.status = end;
  order.updated_at = now_;
  switch (end) {
    case Status::canceled: order.canceled_at = now_; break;
    case Status::expired: order.expired_at = now_; break;
    case Status::replaced: order.replaced_at = now_; break;
    case Status::rejected: order.failed_at = now_; break;
    default: break;
  }
  if (order.plain_slot != no_order) {
    auto& plain = accounts_[order.account].plain_open[static_cast<int>(order.side)][order.asset];
    const OrderIndex last = plain.back();
    plain[order.plain_slot] = last;
    orders_[last].plain_slot = order.plain_slot;
    plain.pop_back();
    order.plain_slot = no_order;
  }
  recount(order);
  // The stop leg held nothing while its sibling lived; now it is the one that does.
  if (const OrderIndex other = sibling(order); other != no_order && is_open(orders_[other].status))
    recount(orders_[other]);
}

void Engine::cancel_group(OrderIndex index, Status end, EventKind event) {
  const OrderIndex head = orders_[index].parent == no_order ? index : orders_[index].parent;
  const OrderIndex members[] = {head, orders_[head].take_profit, orders_[head].stop_loss};
  for (const OrderIndex member : members) {
    if (member == no_order || !is_open(orders_[member].status))
      continue;
    end_order(orders_[member], end);
    emit(event, orders_[member]);
  }
}

void Engine::cancel_all_of(AssetIndex asset) {
  for (OrderIndex i = 0; i < orders_.size(); ++i)
    if (orders_[i].asset == asset && is_open(orders_[i].status))
      cancel_group(i, Status::canceled, EventKind::canceled);
}

std::optional<Refusal> Engine::cancel(OrderIndex index) {
  settle();
  Order& order = orders_[index];
  const bool pending = order.status == Status::pending_cancel || order.status == Status::pending_replace ||
                       order.status == Status::pending_new;
  if (!is_open(order.status) || pending)
    return Refusal{
      422, 42210000, "order is already in \"" + std::string{to_string(order.status)} + "\" state", {}, {}};
  order.cancel_requested_at = now_;
  if (options_.venue_delay > Duration{0} && order.status != Status::accepted) {
    order.status = Status::pending_cancel;
    order.updated_at = now_;
    emit(EventKind::pending_cancel, order);
    start_timer(Timer::Kind::finish_cancel, now_ + options_.venue_delay, index);
  } else {
    start_timer(Timer::Kind::finish_cancel, now_, index);
  }
  return std::nullopt;
}

void Engine::finish_cancel(OrderIndex index) {
  if (is_open(orders_[index].status))
    cancel_group(index, Status::canceled, EventKind::canceled);
}

// --- replace
// --------------------------------------------------------------------------------------------------------

Engine::Submitted Engine::replace(OrderIndex index, const ReplaceRequest& request) {
  settle();
  Order next;
  if (auto no = check_replace(orders_[index], request, next))
    return std::move(*no);
  const AccountIndex account = next.account;
  Order& added = add_order(account, next.asset, request.client_order_id);
  next.index = added.index;
  next.id = added.id;
  next.client_order_id = std::move(added.client_order_id);
  next.created_at = next.updated_at = now_;
  next.expires_at = expiry(next.tif, now_);
  next.status = Status::pending_new;
  next.replaces = index;
  added = std::move(next);
  Order& old = orders_[index];
  old.replaced_by = added.index;
  old.before_pending = old.status;
  old.status = Status::pending_replace;
  old.updated_at = now_;
  recount(added);
  if (added.tif == Tif::gtc)
    gtc_.push_back(added.index);
  else
    expiring_.push_back(added.index);
  if (options_.venue_delay > Duration{0})
    emit(EventKind::pending_replace, old);
  start_timer(Timer::Kind::finish_replace, now_ + options_.venue_delay, added.index);
  return added.index;
}

void Engine::finish_replace(OrderIndex index) {
  Order& next = orders_[index];
  Order& old = orders_[next.replaces];
  const bool too_late = !is_open(old.status) || next.qty <= old.filled_qty - next.replaced_filled;
  if (too_late) {
    if (is_open(old.status))
      old.status = old.filled_qty.is_zero() ? old.before_pending : Status::partially_filled;
    old.replaced_by = no_order;
    end_order(next, Status::rejected);
    emit(EventKind::order_replace_rejected, old);
    emit(EventKind::rejected, next);
    return;
  }
  next.qty -= old.filled_qty - next.replaced_filled;
  take_over_group(old, next);
  end_order(old, Status::replaced);
  emit(EventKind::replaced, old);
  next.status = old.before_pending == Status::held ? Status::held : Status::live;
  if (!next.in_group()) {
    auto& plain = accounts_[next.account].plain_open[static_cast<int>(next.side)][next.asset];
    next.plain_slot = static_cast<std::uint32_t>(plain.size());
    plain.push_back(index);
  }
  next.updated_at = now_;
  recount(next);
  if (next.status != Status::held)
    emit(EventKind::live, next);
  const bool waits_for_parent = next.parent != no_order && orders_[next.parent].role == Role::entry && !next.armed;
  if (waits_for_parent)
    return;
  put_in_book(next);
  run_triggers(assets_[next.asset]);
}

// The new order takes the old one's place among parent and siblings.
void Engine::take_over_group(const Order& old, Order& next) {
  next.armed = old.armed;
  if (old.parent != no_order) {
    Order& head = orders_[old.parent];
    (head.take_profit == old.index ? head.take_profit : head.stop_loss) = next.index;
    return;
  }
  for (const OrderIndex leg : {next.take_profit, next.stop_loss})
    if (leg != no_order)
      orders_[leg].parent = next.index;
}

Engine::Submitted Engine::close_position(AccountIndex account, AssetIndex asset, Quantity qty) {
  settle();
  const Position& position = accounts_[account].positions[asset];
  if (position.qty.is_zero())
    return Refusal{404, 40410000, "position does not exist", {}, {}};
  if (qty > position.available())
    return insufficient_quantity(account, assets_[asset], qty, position.available(), false);
  OrderRequest request;
  request.symbol = assets_[asset].symbol;
  request.qty = qty;
  request.side = position.qty.is_positive() ? Side::sell : Side::buy;
  return submit(account, request);
}

}  // namespace heed::exchange
